package agents

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/router"
)

// metric is one of the current metrics.
type metric struct {
	unit connect.Unit
	// of returns the value for a row, nil when it cannot be told.
	of func(q *question, r *row) *float64
	// agents says that it counts agents, or their slots: it is not known by routing step or subtype.
	agents bool
}

func counted(read func(c *router.Counts) int64) metric {
	return metric{unit: connect.UnitCOUNT, agents: true, of: func(_ *question, r *row) *float64 { return new(float64(read(&r.agents))) }}
}

// metrics are those that there are, with their definitions.
var metrics = map[connect.CurrentMetricName]metric{
	connect.CurrentMetricNameAGENTS_ONLINE:             counted(func(c *router.Counts) int64 { return c.Online }),
	connect.CurrentMetricNameAGENTS_STAFFED:            counted(func(c *router.Counts) int64 { return c.Staffed }),
	connect.CurrentMetricNameAGENTS_NON_PRODUCTIVE:     counted(func(c *router.Counts) int64 { return c.NonProductive }),
	connect.CurrentMetricNameAGENTS_AVAILABLE:          counted(func(c *router.Counts) int64 { return c.Available }),
	connect.CurrentMetricNameAGENTS_ON_CONTACT:         counted(func(c *router.Counts) int64 { return c.OnContact }),
	connect.CurrentMetricNameAGENTS_ON_CALL:            counted(func(c *router.Counts) int64 { return c.OnContact }),
	connect.CurrentMetricNameAGENTS_AFTER_CONTACT_WORK: counted(func(c *router.Counts) int64 { return c.AfterWork }),
	connect.CurrentMetricNameAGENTS_ERROR:              counted(func(c *router.Counts) int64 { return c.Barred }),
	connect.CurrentMetricNameSLOTS_ACTIVE:              counted(func(c *router.Counts) int64 { return c.Active }),
	connect.CurrentMetricNameSLOTS_AVAILABLE:           counted(func(c *router.Counts) int64 { return c.Free }),

	connect.CurrentMetricNameCONTACTS_IN_QUEUE:   {unit: connect.UnitCOUNT, of: func(_ *question, r *row) *float64 { return new(float64(r.line.Waiting)) }},
	connect.CurrentMetricNameCONTACTS_SCHEDULED:  {unit: connect.UnitCOUNT, of: func(*question, *row) *float64 { return new(0.0) }},
	connect.CurrentMetricNameOLDEST_CONTACT_AGE:  {unit: connect.UnitSECONDS, of: (*question).oldest},
	connect.CurrentMetricNameESTIMATED_WAIT_TIME: {unit: connect.UnitSECONDS, of: (*question).wait},
}

// oldest is the age of the contact that has waited longest, 0 when none waits: in seconds,
// but in milliseconds when there is no grouping, as the service's documentation says.
func (q *question) oldest(r *row) *float64 {
	if r.line.Waiting == 0 {
		return new(0.0)
	}
	unit := time.Second
	if len(q.groupings) == 0 {
		unit = time.Millisecond
	}
	return new(float64(max(0, q.now.At.Sub(r.line.Oldest)) / unit))
}

// wait estimates how long a contact waits that comes now: see [router.Counts.Wait]. It is known of one queue, and
// of chats.
func (q *question) wait(r *row) *float64 {
	queue := r.key.queue
	if queue == "" && len(q.queues) == 1 {
		queue = q.queues[0]
	}
	if queue == "" || q.parted() || r.key.status != "" || !q.chats(r.key.channel) {
		return nil
	}
	d, ok := r.agents.Wait(r.line.Waiting, q.now.Handled[queue])
	if !ok {
		return nil
	}
	return new(d.Seconds())
}

// GetCurrentMetricData tells how things stand with queues and agents, as the last commit left
// them: nothing is polled, and nothing lags.
//
// # Metrics
//
// Agents count for every queue of their routing profile; in a row that is of several queues, or not of any,
// each counts once. AGENTS_ONLINE are those whose status is not Offline, AGENTS_STAFFED of these those
// not in a custom status, AGENTS_NON_PRODUCTIVE the others. AGENTS_AVAILABLE are Available with nothing at all in hand, and
// no next status. AGENTS_ON_CONTACT (AGENTS_ON_CALL) have a contact that is connected or in after-contact work.
// AGENTS_AFTER_CONTACT_WORK counts contacts in after-contact work, whatever its name says. AGENTS_ERROR have a contact
// that they missed or rejected and have not cleared.
//
// Slots are those for chats, which Parley's contacts all are: a row of another channel has none, and neither contacts.
// SLOTS_ACTIVE are taken by contacts that are connected or in after-contact work. SLOTS_AVAILABLE are
// empty, of agents who are Available without a next status, a missed or a rejected contact; what rings takes one.
//
// CONTACTS_IN_QUEUE are those that wait, including those that ring. CONTACTS_SCHEDULED is 0. OLDEST_CONTACT_AGE
// is in seconds when grouped, and in milliseconds otherwise. ESTIMATED_WAIT_TIME is known of one queue by itself, in seconds: see
// [router.Counts.Wait]. By routing step or subtype only the contacts are known. What is not known has no Value. A routing step is named as
// [routing.Expression] is in words, such as "language fr of at least 3": how the service writes it is not documented.
//
// # Requests
//
// Filters have queues or routing profiles, not both; with neither the numbers are of the whole instance. By routing
// profile, contacts are those in the profile's queues. Groupings are at most two different ones: CHANNEL needs a filter of
// channels, ROUTING_PROFILE one of queues or routing profiles, ROUTING_STEP_EXPRESSION one of exactly one queue. AGENT_STATUS comes
// after QUEUE, with AGENTS_ONLINE and no other metric. Filters by step and by status need the grouping. A row where nothing
// goes on is left out, so the list may be empty. Rows are sorted by one metric, AGENTS_ONLINE, most first, unless
// SortCriteria has another; not by slots. Further pages are of the same moment (DataSnapshotTime): a
// NextToken is good for five minutes, and on the server that gave it out. Whatever is not so is an
// InvalidParameterException, a queue or profile that does not exist ResourceNotFoundException.
func (s *Agents) GetCurrentMetricData(ctx context.Context, in *connect.GetCurrentMetricDataRequest) (*connect.GetCurrentMetricDataResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	q, err := asked(snap, in)
	if err != nil {
		return nil, err
	}
	now := s.Router.Clock.Now()
	if token := wire.Text(in.NextToken); token != "" {
		return s.pages.next(token, q.fingerprint(in), now, in.MaxResults)
	}
	var parts func(center.QueueID) bool
	if q.parted() {
		parts = q.includes
	}
	if q.now, err = s.Router.Numbers(ctx, snap.ID(), parts); err != nil {
		return nil, err
	}
	return s.pages.first(&answer{
		rows: q.answer(), at: q.now.At, expires: now.Add(tokenLife), request: q.fingerprint(in),
	}, in.MaxResults), nil
}

// question is a request for metrics that makes sense.
type question struct {
	snap      *catalog.Snapshot
	groupings []connect.Grouping
	queues    []center.QueueID          // those of the filter; none for no filter
	profiles  []*catalog.RoutingProfile // those of the filter, or all
	filtered  bool                      // by routing profile
	channels  []connect.Channel         // none for no filter
	statuses  []center.AgentStatusID
	steps     []string
	subtypes  []string
	metrics   []connect.CurrentMetric
	names     []connect.CurrentMetricName // of metrics
	sortBy    connect.CurrentMetricName
	ascending bool

	now *router.Numbers
}

func (q *question) by(g connect.Grouping) bool { return slices.Contains(q.groupings, g) }

// parted reports whether it matters which step is in force for contacts, or of which subtype they are.
func (q *question) parted() bool {
	return q.by(connect.GroupingROUTING_STEP_EXPRESSION) || q.by(connect.GroupingSUBTYPE) || len(q.steps) > 0 || len(q.subtypes) > 0
}

// chats reports whether the filter, and a row of a channel, or of none, include chats.
func (q *question) chats(channel connect.Channel) bool {
	if channel != "" {
		return channel == connect.ChannelCHAT
	}
	return len(q.channels) == 0 || slices.Contains(q.channels, connect.ChannelCHAT)
}

// bounds of a request that the model does not have.
const (
	maxMetrics  = 100
	maxStatuses = 50
)

func invalid(format string, args ...any) error { return center.Errorf(center.Invalid, format, args...) }

// asked translates a request.
func asked(snap *catalog.Snapshot, in *connect.GetCurrentMetricDataRequest) (*question, error) {
	f := in.Filters
	q := &question{
		snap: snap, groupings: in.Groupings, channels: f.Channels, steps: f.RoutingStepExpressions, subtypes: f.Subtypes,
		sortBy: connect.CurrentMetricNameAGENTS_ONLINE, filtered: len(f.RoutingProfiles) > 0,
	}
	if len(f.Queues) > 0 && q.filtered {
		return nil, invalid("Filters: give Queues or RoutingProfiles, not both")
	}
	for _, ref := range f.Queues {
		queue, err := catalog.Find[*catalog.Queue](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.Queues", err)
		}
		if !slices.Contains(q.queues, queue.ID) {
			q.queues = append(q.queues, queue.ID)
		}
	}
	for _, ref := range f.RoutingProfiles {
		p, err := catalog.Find[*catalog.RoutingProfile](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.RoutingProfiles", err)
		}
		if !slices.Contains(q.profiles, p) {
			q.profiles = append(q.profiles, p)
		}
	}
	if !q.filtered {
		q.profiles = catalog.All[*catalog.RoutingProfile](snap)
	}
	if len(f.AgentStatuses) > maxStatuses {
		return nil, invalid("Filters.AgentStatuses has %d elements; the most are %d", len(f.AgentStatuses), maxStatuses)
	}
	for _, ref := range f.AgentStatuses {
		status, err := catalog.Find[*catalog.AgentStatus](snap, ref)
		if err != nil {
			return nil, wire.InMember("Filters.AgentStatuses", err)
		}
		q.statuses = append(q.statuses, status.ID)
	}
	if len(f.ValidationTestTypes) > 0 || q.by(connect.GroupingVALIDATION_TEST_TYPE) {
		return nil, invalid("VALIDATION_TEST_TYPE: there are no validation tests here; leave the filter and the grouping out")
	}
	for _, read := range []error{q.readMetrics(in), q.checkGroupings(), q.readSort(in)} {
		if read != nil {
			return nil, read
		}
	}
	return q, nil
}

// readMetrics reads which metrics are asked for.
func (q *question) readMetrics(in *connect.GetCurrentMetricDataRequest) error {
	if n := len(in.CurrentMetrics); n == 0 || n > maxMetrics {
		return invalid("CurrentMetrics has %d elements, not 1 to %d", n, maxMetrics)
	}
	q.metrics = slices.Clone(in.CurrentMetrics)
	for i, m := range q.metrics {
		name := m.Name
		if m.MetricId != nil {
			_, own, ok := strings.Cut(*m.MetricId, ":aws:metric/")
			if name != "" || !ok {
				return invalid("CurrentMetrics[%d]: there are no metrics besides those of the service: give a Name or, as MetricId, an ARN that ends in aws:metric/NAME, not %q", i, *m.MetricId)
			}
			name = connect.CurrentMetricName(own)
		}
		known, ok := metrics[name]
		switch {
		case name == "":
			return invalid("CurrentMetrics[%d] has neither Name nor MetricId", i)
		case !ok:
			return invalid("CurrentMetrics[%d]: there is no metric %s; those there are: %s", i, name, list(connect.CurrentMetricName("").Values()))
		case m.Unit != "" && m.Unit != known.unit:
			return invalid("CurrentMetrics[%d]: the Unit of %s is %s, not %s", i, name, known.unit, m.Unit)
		}
		q.metrics[i].Unit = known.unit
		q.names = append(q.names, name)
	}
	return nil
}

func list[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// checkGroupings checks what goes together.
func (q *question) checkGroupings() error {
	if len(q.groupings) == 2 && q.groupings[0] == q.groupings[1] {
		return invalid("Groupings names %s twice", q.groupings[0])
	}
	byStatus, byStep := q.by(connect.GroupingAGENT_STATUS), q.by(connect.GroupingROUTING_STEP_EXPRESSION)
	switch {
	case q.by(connect.GroupingCHANNEL) && len(q.channels) == 0:
		return invalid("Groupings: CHANNEL needs Filters.Channels")
	case q.by(connect.GroupingROUTING_PROFILE) && len(q.queues) == 0 && !q.filtered:
		return invalid("Groupings: ROUTING_PROFILE needs Filters.Queues or Filters.RoutingProfiles")
	case byStatus && (len(q.groupings) != 2 || q.groupings[0] != connect.GroupingQUEUE):
		return invalid("Groupings: AGENT_STATUS is the second one, after QUEUE")
	case len(q.statuses) > 0 && !byStatus:
		return invalid("Filters.AgentStatuses needs the Groupings QUEUE and AGENT_STATUS")
	case len(q.steps) > 0 && !byStep:
		return invalid("Filters.RoutingStepExpressions needs the grouping ROUTING_STEP_EXPRESSION")
	case byStep && len(q.queues) != 1:
		return invalid("Groupings: ROUTING_STEP_EXPRESSION needs exactly one queue in Filters.Queues")
	}
	if byStatus {
		for _, name := range q.names {
			if name != connect.CurrentMetricNameAGENTS_ONLINE {
				return invalid("Groupings: AGENT_STATUS goes with AGENTS_ONLINE alone, not with %s", name)
			}
		}
	}
	return nil
}

// readSort reads the order.
func (q *question) readSort(in *connect.GetCurrentMetricDataRequest) error {
	for _, c := range in.SortCriteria {
		switch c.SortByMetric {
		case "":
		case connect.CurrentMetricNameSLOTS_ACTIVE, connect.CurrentMetricNameSLOTS_AVAILABLE:
			return invalid("SortCriteria: rows cannot be sorted by %s", c.SortByMetric)
		default:
			q.sortBy = c.SortByMetric
		}
		q.ascending = c.SortOrder == connect.SortOrderASCENDING
	}
	return nil
}

// fingerprint distinguishes requests.
func (q *question) fingerprint(in *connect.GetCurrentMetricDataRequest) string {
	asked := *in
	asked.NextToken, asked.MaxResults, asked.InstanceId = nil, nil, string(q.snap.ID())
	return query.Page{List: "GetCurrentMetricData", Request: []any{asked}}.Fingerprint()
}

// pages keeps answers that were longer than a page. The zero value is ready for use.
type pages struct {
	mu      sync.Mutex // guards answers
	answers []*answer  // oldest first
}

const (
	tokenLife  = 5 * time.Minute
	maxAnswers = 64      // that are kept
	maxRows    = 200_000 // in all of them; the oldest go first
	metricPage = 100
)

// answer is a whole answer.
type answer struct {
	rows    []connect.CurrentMetricResult
	at      time.Time
	expires time.Time
	request string
	id      string
}
