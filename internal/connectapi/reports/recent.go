package reports

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/measure"
)

// recent is a metric of GetMetricData: which one of GetMetricDataV2 it is, of which contacts.
type recent struct {
	unit    connect.Unit
	stat    connect.Statistic
	name    string
	methods []string // InitiationMethod; none for any
	reason  string   // DisconnectReason
}

// recents are the metrics of GetMetricData that there are. Those of calls on hold and of consultations are not among them.
var recents = map[connect.HistoricalMetricName]recent{
	connect.HistoricalMetricNameCONTACTS_QUEUED:                     counted("CONTACTS_QUEUED"),
	connect.HistoricalMetricNameCONTACTS_HANDLED:                    counted("CONTACTS_HANDLED"),
	connect.HistoricalMetricNameCONTACTS_ABANDONED:                  counted("CONTACTS_ABANDONED"),
	connect.HistoricalMetricNameCONTACTS_AGENT_HUNG_UP_FIRST:        {connect.UnitCOUNT, connect.StatisticSUM, "CONTACTS_HANDLED", nil, center.ReasonAgent},
	connect.HistoricalMetricNameCONTACTS_HANDLED_INCOMING:           counted("CONTACTS_HANDLED", "INBOUND", center.MethodTransfer, center.MethodQueueTransfer),
	connect.HistoricalMetricNameCONTACTS_HANDLED_OUTBOUND:           counted("CONTACTS_HANDLED", "OUTBOUND", "EXTERNAL_OUTBOUND"),
	connect.HistoricalMetricNameCALLBACK_CONTACTS_HANDLED:           counted("CONTACTS_HANDLED", "CALLBACK"),
	connect.HistoricalMetricNameAPI_CONTACTS_HANDLED:                counted("CONTACTS_HANDLED", center.MethodAPI),
	connect.HistoricalMetricNameCONTACTS_TRANSFERRED_IN:             counted("CONTACTS_CREATED", center.MethodTransfer, center.MethodQueueTransfer),
	connect.HistoricalMetricNameCONTACTS_TRANSFERRED_IN_FROM_QUEUE:  counted("CONTACTS_CREATED", center.MethodQueueTransfer),
	connect.HistoricalMetricNameCONTACTS_TRANSFERRED_OUT:            counted("CONTACTS_TRANSFERRED_OUT"),
	connect.HistoricalMetricNameCONTACTS_TRANSFERRED_OUT_FROM_QUEUE: counted("CONTACTS_TRANSFERRED_OUT_FROM_QUEUE"),
	connect.HistoricalMetricNameCONTACTS_MISSED:                     counted("AGENT_NON_RESPONSE"),
	connect.HistoricalMetricNameOCCUPANCY:                           {unit: connect.UnitPERCENT, stat: connect.StatisticAVG, name: "AGENT_OCCUPANCY"},
	connect.HistoricalMetricNameSERVICE_LEVEL:                       {unit: connect.UnitPERCENT, stat: connect.StatisticAVG, name: "SERVICE_LEVEL"},
	connect.HistoricalMetricNameHANDLE_TIME:                         lasting("AVG_HANDLE_TIME"),
	connect.HistoricalMetricNameAFTER_CONTACT_WORK_TIME:             lasting("AVG_AFTER_CONTACT_WORK_TIME"),
	connect.HistoricalMetricNameABANDON_TIME:                        lasting("AVG_ABANDON_TIME"),
	connect.HistoricalMetricNameQUEUE_ANSWER_TIME:                   lasting("AVG_QUEUE_ANSWER_TIME"),
	connect.HistoricalMetricNameINTERACTION_TIME:                    lasting("AVG_INTERACTION_TIME"),
	connect.HistoricalMetricNameINTERACTION_AND_HOLD_TIME:           lasting("AVG_INTERACTION_TIME"),
	connect.HistoricalMetricNameQUEUED_TIME:                         {unit: connect.UnitSECONDS, stat: connect.StatisticMAX, name: "MAX_QUEUED_TIME"},
}

func counted(name string, methods ...string) recent {
	return recent{connect.UnitCOUNT, connect.StatisticSUM, name, methods, ""}
}

func lasting(name string) recent {
	return recent{unit: connect.UnitSECONDS, stat: connect.StatisticAVG, name: name}
}

// Bounds of GetMetricData.
const (
	step   = 5 * time.Minute
	window = 24 * time.Hour
)

// GetMetricData tells metrics of at most 24 hours, not longer ago than that, from and to a multiple of five minutes. They are those of
// GetMetricDataV2 by older names: CONTACTS_MISSED is AGENT_NON_RESPONSE, CONTACTS_HANDLED_INCOMING leaves new chats (API) out, CONTACTS_AGENT_HUNG_UP_FIRST are
// those that an agent ended, and transfers in are contacts that began as TRANSFER or QUEUE_TRANSFER. OCCUPANCY has no Value by queue: agents' time is not of one.
// CONTACTS_CONSULTED, CONTACTS_HOLD_ABANDONS and HOLD_TIME are of calls, and refused.
//
// Filters have Queues or RoutingProfiles, and Channels; Groupings are QUEUE, CHANNEL and ROUTING_PROFILE. A metric may name its Unit and Statistic, which have to be its own;
// SERVICE_LEVEL needs a Threshold, LT, of 1 to 604,800 seconds. Rows where nothing has happened are left out. Errors are as those of GetMetricDataV2.
func (s *Reports) GetMetricData(ctx context.Context, in *connect.GetMetricDataRequest) (*connect.GetMetricDataResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	q := &measure.Query{}
	if err := recentFilters(snap, q, in.Filters); err != nil {
		return nil, err
	}
	for _, g := range in.Groupings {
		key, err := keyOf(string(g), []measure.Key{measure.KeyQueue, measure.KeyChannel, measure.KeyProfile})
		if err != nil {
			return nil, invalid("Groupings: %s", err)
		}
		if slices.Contains(q.Groupings, key) {
			return nil, invalid("Groupings names %s twice", key)
		}
		q.Groupings = append(q.Groupings, key)
	}
	if n := len(in.HistoricalMetrics); n == 0 || n > maxMetrics {
		return nil, invalid("HistoricalMetrics has %d elements, not 1 to %d", n, maxMetrics)
	}
	metrics := slices.Clone(in.HistoricalMetrics)
	for i := range metrics {
		m, err := recentMetric(&metrics[i])
		if err != nil {
			return nil, invalid("HistoricalMetrics[%d]: %s", i, err)
		}
		q.Metrics = append(q.Metrics, m)
	}
	start, end, now := in.StartTime.UTC(), in.EndTime.UTC(), s.Now()
	switch {
	case !start.Equal(start.Truncate(step)) || !end.Equal(end.Truncate(step)):
		return nil, invalid("StartTime and EndTime have to be multiples of 5 minutes, such as 11:00 or 11:05")
	case end.Sub(start) > window || start.Before(now.Add(-window)):
		return nil, invalid("StartTime is more than 24 hours before EndTime or now; GetMetricDataV2 goes back further")
	}
	if err := inOrder(start, end, now); err != nil {
		return nil, err
	}
	request := *in
	request.NextToken, request.MaxResults, request.InstanceId = nil, nil, string(snap.ID())
	page, next, err := s.answer(ctx, snap, q, []measure.Interval{{Start: start, End: end}}, query.Page{List: "GetMetricData", Token: in.NextToken, Max: in.MaxResults, Request: []any{request}})
	if err != nil {
		return nil, err
	}
	out := &connect.GetMetricDataResponse{MetricResults: make([]connect.HistoricalMetricResult, len(page)), NextToken: next}
	for i := range page {
		out.MetricResults[i] = connect.HistoricalMetricResult{Dimensions: recentDimensions(snap, q.Groupings, page[i].Of), Collections: make([]connect.HistoricalMetricData, len(metrics))}
		for j, v := range page[i].Values {
			out.MetricResults[i].Collections[j] = connect.HistoricalMetricData{Metric: &metrics[j], Value: v}
		}
	}
	return out, nil
}

// recentFilters reads the filters of GetMetricData.
func recentFilters(snap *catalog.Snapshot, q *measure.Query, f *connect.Filters) error {
	switch {
	case len(f.RoutingStepExpressions)+len(f.AgentStatuses)+len(f.Subtypes)+len(f.ValidationTestTypes) > 0:
		return invalid("Filters: GetMetricData filters by Queues, RoutingProfiles and Channels; GetMetricDataV2 has others")
	case len(f.Queues) == 0 && len(f.RoutingProfiles) == 0:
		return invalid("Filters: give Queues or RoutingProfiles")
	}
	for _, from := range []struct {
		key    measure.Key
		values []string
	}{{measure.KeyQueue, f.Queues}, {measure.KeyProfile, f.RoutingProfiles}, {measure.KeyChannel, texts(f.Channels)}} {
		if len(from.values) == 0 {
			continue
		}
		read := measure.Filter{Key: from.key}
		for _, text := range from.values {
			value, err := valueOf(snap, from.key, text)
			if err != nil {
				return wire.InMember("Filters", err)
			}
			read.Values = append(read.Values, value)
		}
		q.Filters = append(q.Filters, read)
	}
	return nil
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// recentMetric reads which metric is asked for, and completes it.
func recentMetric(in *connect.HistoricalMetric) (m measure.Asked, err error) {
	r, ok := recents[in.Name]
	switch {
	case !ok:
		return m, invalid("not available in Parley: %q", in.Name)
	case in.Unit != "" && in.Unit != r.unit:
		return m, invalid("the Unit of %s is %s, not %s", in.Name, r.unit, in.Unit)
	case in.Statistic != "" && in.Statistic != r.stat:
		return m, invalid("the Statistic of %s is %s, not %s", in.Name, r.stat, in.Statistic)
	}
	in.Unit, in.Statistic = r.unit, r.stat
	m.Metric = measure.Metrics[r.name]
	var threshold []connect.ThresholdV2
	if t := in.Threshold; t != nil {
		threshold = []connect.ThresholdV2{{Comparison: new(string(t.Comparison)), ThresholdValue: t.ThresholdValue}}
	}
	if m.Threshold, err = readThreshold(m.Metric, threshold); err != nil {
		return m, err
	}
	if r.methods != nil {
		m.Filters = append(m.Filters, measure.Filter{Key: measure.KeyMethod, Values: r.methods})
	}
	if r.reason != "" {
		m.Filters = append(m.Filters, measure.Filter{Key: measure.KeyReason, Values: []string{r.reason}})
	}
	return m, nil
}

// recentDimensions is what a row of GetMetricData is of; nil when rows are not grouped.
func recentDimensions(snap *catalog.Snapshot, by []measure.Key, of []string) *connect.Dimensions {
	if len(by) == 0 {
		return nil
	}
	out := &connect.Dimensions{}
	for i, key := range by {
		switch key {
		case measure.KeyQueue:
			out.Queue = &connect.QueueReference{Id: &of[i], Arn: new(snap.ARN(center.KindQueue, of[i]))}
		case measure.KeyProfile:
			out.RoutingProfile = &connect.RoutingProfileReference{Id: &of[i], Arn: new(snap.ARN(center.KindRoutingProfile, of[i]))}
		case measure.KeyChannel:
			out.Channel = connect.Channel(of[i])
		}
	}
	return out
}
