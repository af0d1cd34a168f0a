// Package reports answers the operations on historical metrics: GetMetricDataV2 and GetMetricData.
//
// A method turns a request into a question of package measure, and the rows of the answer into what the API calls them. What a metric
// means is in the one table there; what is refused here is what the service refuses, and what could only be wrong. Start reading at [Reports].
package reports

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/measure"
)

// Reports answers the operations on historical metrics. All members are needed.
type Reports struct {
	Catalog *catalog.Catalog
	History History
	Now     func() time.Time
}

// History answers questions about what has happened.
type History interface {
	// Answer returns the rows of an answer, by intervals that follow each other.
	Answer(ctx context.Context, snap *catalog.Snapshot, q *measure.Query, intervals []measure.Interval) ([]measure.Row, error)
}

// Bounds of GetMetricDataV2 that its model does not have.
const (
	maxMetrics   = 100
	maxValues    = 100 // of all filters, those of CHANNEL not counted
	maxThreshold = 604_800
	monthsBack   = 3
	// ahead is how far in the future the end may be: clocks differ.
	ahead = time.Minute
)

func invalid(format string, args ...any) error { return center.Errorf(center.Invalid, format, args...) }

// GetMetricDataV2 tells metrics of up to 35 days, at most three months back, of what was committed before the call.
//
// # Requests
//
// ResourceArn is the instance, by ARN or id. EndTime is later than StartTime and not in the future; between them are less than 3
// days for the IntervalPeriod FIFTEEN_MIN, THIRTY_MIN and HOUR, and less than 35 for DAY, WEEK and TOTAL, which is the default. Intervals
// follow the wall clock of Interval.TimeZone, UTC by default; a week begins on Monday; the first and the last are as long as the times leave them.
// Times need not be those of a quarter of an hour.
//
// One of the Filters is by QUEUE, ROUTING_PROFILE, AGENT or AGENT_HIERARCHY_LEVEL_ONE … FIVE, by ids or ARNs; others may be by CHANNEL,
// contact/segmentAttributes/connect:Subtype, DISCONNECT_REASON, INITIATION_METHOD and ROUTING_STEP_EXPRESSION, each at most once, with 100
// values in all. Filters by FEATURE and Q_CONNECT_ENABLED make no difference. Groupings are of the same keys. A metric that does not go with a filter or a
// grouping of the request is refused, as is one that Parley does not have: zero would be a lie.
//
// Metrics whose name ends in IN_X, and SERVICE_LEVEL, need one Threshold, LT or LTE, of 1 to 604,800 seconds. MetricFilters
// are by INITIATION_METHOD or DISCONNECT_REASON where the metric takes them.
//
// # Answers
//
// A row is what rows are grouped by, as in {"QUEUE": id, "QUEUE_ARN": arn}, an interval, and the metrics in the order of the request. Rows where nothing
// has happened are left out; what cannot be told, such as a mean of nothing, has no Value. Rows are in order of their intervals;
// a NextToken goes on behind the last row whenever it is used, with the same request. Errors are InvalidParameterException, and
// ResourceNotFoundException for a queue, profile, user or group that does not exist.
func (s *Reports) GetMetricDataV2(ctx context.Context, in *connect.GetMetricDataV2Request) (*connect.GetMetricDataV2Response, error) {
	snap, err := s.Catalog.SnapshotWith(ctx, center.KindUser, in.ResourceArn)
	if err != nil {
		return nil, wire.InMember("ResourceArn", err)
	}
	q, err := asked(snap, in)
	if err != nil {
		return nil, err
	}
	period, intervals, err := s.intervals(in)
	if err != nil {
		return nil, err
	}
	request := *in
	request.NextToken, request.MaxResults, request.ResourceArn = nil, nil, string(snap.ID())
	page, next, err := s.answer(ctx, snap, q, intervals, query.Page{List: "GetMetricDataV2", Token: in.NextToken, Max: in.MaxResults, Request: []any{request}})
	if err != nil {
		return nil, err
	}
	out := &connect.GetMetricDataV2Response{MetricResults: make([]connect.MetricResultV2, len(page)), NextToken: next}
	for i := range page {
		r := &page[i]
		out.MetricResults[i] = connect.MetricResultV2{
			Dimensions: dimensions(snap, q.Groupings, r.Of), Collections: make([]connect.MetricDataV2, len(r.Values)),
			MetricInterval: &connect.MetricInterval{Interval: connect.IntervalPeriod(period), StartTime: &intervals[r.Interval].Start, EndTime: &intervals[r.Interval].End},
		}
		for j, v := range r.Values {
			m := in.Metrics[j]
			m.Name, m.MetricId = &q.Metrics[j].Name, nil
			out.MetricResults[i].Collections[j] = connect.MetricDataV2{Metric: &m, Value: v}
		}
	}
	return out, nil
}

// answer returns a page of the rows of an answer.
func (s *Reports) answer(ctx context.Context, snap *catalog.Snapshot, q *measure.Query, intervals []measure.Interval, p query.Page) ([]measure.Row, *string, error) {
	rows, err := s.History.Answer(ctx, snap, q, intervals)
	if err != nil {
		return nil, nil, err
	}
	positions := make(map[*measure.Row]string, len(rows))
	order := make([]*measure.Row, len(rows))
	for i := range rows {
		order[i], positions[&rows[i]] = &rows[i], position(&rows[i])
	}
	slices.SortFunc(order, func(a, b *measure.Row) int { return cmp.Compare(positions[a], positions[b]) })
	page, next, err := query.Cut(p, order, func(r **measure.Row) string { return positions[*r] })
	out := make([]measure.Row, len(page))
	for i, r := range page {
		out[i] = *r
	}
	return out, next, err
}

// position is the place of a row in the order of an answer. A long one is cut, since tokens have a bound, and ends in a hash.
func position(r *measure.Row) string {
	const most = 500
	text := fmt.Sprintf("%06d", r.Interval)
	for _, v := range r.Of {
		text += "\x00" + v
	}
	if len(text) > most {
		sum := sha256.Sum256([]byte(text))
		text = strings.ToValidUTF8(text[:most], "") + hex.EncodeToString(sum[:])
	}
	return text
}

// dimensions is what a row is of: ids, and ARNs of what has one.
func dimensions(snap *catalog.Snapshot, by []measure.Key, of []string) map[string]string {
	out := make(map[string]string, 2*len(by))
	for i, key := range by {
		out[string(key)] = of[i]
		if kind := kindOf(key); kind != "" {
			out[string(key)+"_ARN"] = snap.ARN(kind, of[i])
		}
	}
	return out
}

// kindOf is the kind of resource that a key is about; "" for none.
func kindOf(k measure.Key) center.Kind {
	switch k {
	case measure.KeyQueue:
		return center.KindQueue
	case measure.KeyProfile:
		return center.KindRoutingProfile
	case measure.KeyAgent:
		return center.KindUser
	}
	if slices.Contains(measure.Levels, k) {
		return center.KindHierarchyGroup
	}
	return ""
}

// intervals checks the times of a request, and divides them.
func (s *Reports) intervals(in *connect.GetMetricDataV2Request) (measure.Period, []measure.Interval, error) {
	period, zone := measure.Whole, time.UTC
	if i := in.Interval; i != nil {
		if i.IntervalPeriod != "" {
			period = measure.Period(i.IntervalPeriod)
		}
		if name := wire.Text(i.TimeZone); name != "" {
			var err error
			if zone, err = time.LoadLocation(name); err != nil || name == "Local" {
				return "", nil, invalid("Interval.TimeZone: there is no time zone %q; use a name such as Europe/Berlin", name)
			}
		}
	}
	start, end, now := in.StartTime.UTC().Truncate(time.Millisecond), in.EndTime.UTC().Truncate(time.Millisecond), s.Now()
	if err := inOrder(start, end, now); err != nil {
		return "", nil, err
	}
	switch {
	case start.Before(now.AddDate(0, -monthsBack, 0)):
		return "", nil, invalid("StartTime is more than %d months ago, which is how long metrics are kept", monthsBack)
	case end.Sub(start) >= period.Longest():
		return "", nil, invalid("between StartTime and EndTime have to be less than %d days for the IntervalPeriod %s", period.Longest()/(24*time.Hour), period)
	}
	return period, measure.Intervals(start, end, period, zone), nil
}

// inOrder checks what is so of the times of every request.
func inOrder(start, end, now time.Time) error {
	switch {
	case !end.After(start):
		return invalid("EndTime is not later than StartTime")
	case end.After(now.Add(ahead)):
		return invalid("EndTime is in the future: it is %s now", now.Format(time.RFC3339))
	}
	return nil
}
