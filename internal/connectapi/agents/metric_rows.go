package agents

import (
	"cmp"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/router"
)

// rowKey is what a row is of: a member is empty when the rows are not grouped by it.
type rowKey struct {
	queue   center.QueueID
	profile center.RoutingProfileID
	channel connect.Channel
	status  center.AgentStatusID
	router.Part
}

// row is what one row counts.
type row struct {
	key    rowKey
	agents router.Counts
	line   router.Line
}

// rows are the rows of an answer that there is something in.
type rows map[rowKey]*row

func (r rows) of(key rowKey) *row {
	at := r[key]
	if at == nil {
		at = &row{key: key}
		r[key] = at
	}
	return at
}

// answer evaluates the question.
func (q *question) answer() []connect.CurrentMetricResult {
	all := rows{}
	q.countAgents(all)
	if q.chats("") {
		q.countContacts(all)
	}
	var list []*row
	for _, r := range all {
		if r.agents != (router.Counts{}) || r.line.Waiting > 0 {
			list = append(list, r)
		}
	}
	by := metrics[q.sortBy]
	slices.SortFunc(list, func(a, b *row) int {
		x, y := by.of(q, a), by.of(q, b)
		order := 0
		switch {
		case x == nil || y == nil: // what is not known comes last
			order = cmp.Compare(flag(x == nil), flag(y == nil))
		case q.ascending:
			order = cmp.Compare(*x, *y)
		default:
			order = cmp.Compare(*y, *x)
		}
		return cmp.Or(order, a.key.compare(b.key))
	})
	out := make([]connect.CurrentMetricResult, len(list))
	for i, r := range list {
		out[i] = connect.CurrentMetricResult{Dimensions: q.dimensions(r.key)}
		for j, name := range q.names {
			data := connect.CurrentMetricData{Metric: &q.metrics[j]}
			if m := metrics[name]; !m.agents || !q.parted() {
				data.Value = m.of(q, r)
			}
			out[i].Collections = append(out[i].Collections, data)
		}
	}
	return out
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (k rowKey) compare(o rowKey) int {
	return cmp.Or(cmp.Compare(k.queue, o.queue), cmp.Compare(k.profile, o.profile), cmp.Compare(k.channel, o.channel),
		cmp.Compare(k.status, o.status), cmp.Compare(k.Step, o.Step), cmp.Compare(k.Subtype, o.Subtype))
}

// includes reports whether a queue is among those of the filter.
func (q *question) includes(queue center.QueueID) bool {
	return len(q.queues) == 0 || slices.Contains(q.queues, queue)
}

// countAgents adds each crew to every row that it belongs to, once.
func (q *question) countAgents(all rows) {
	if q.parted() {
		return // nobody knows in which step, or of which subtype, agents are
	}
	keys := map[center.RoutingProfileID][]rowKey{}
	for _, p := range q.profiles {
		keys[p.ID] = q.keysOf(p)
	}
	for crew, counts := range q.now.Crews {
		if len(q.statuses) > 0 && !slices.Contains(q.statuses, crew.Status) {
			continue
		}
		for _, key := range keys[crew.Profile] {
			if q.by(connect.GroupingAGENT_STATUS) {
				key.status = crew.Status
			}
			some := counts
			if !q.chats(key.channel) { // all that agents have in hand are chats
				some = router.Counts{Online: counts.Online, Staffed: counts.Staffed, NonProductive: counts.NonProductive, Available: counts.Available}
			}
			all.of(key).agents.Add(some, 1)
		}
	}
}

// keysOf returns the rows that agents with a routing profile belong to, each once.
func (q *question) keysOf(p *catalog.RoutingProfile) (keys []rowKey) {
	var of rowKey
	if q.by(connect.GroupingROUTING_PROFILE) {
		of.profile = p.ID
	}
	byQueue, byChannel := q.by(connect.GroupingQUEUE), q.by(connect.GroupingCHANNEL)
	if !byQueue && !byChannel && len(q.queues) == 0 && len(q.channels) == 0 {
		return []rowKey{of} // also agents without any queue
	}
	seen := map[rowKey]bool{}
	for _, e := range p.Queues {
		channel := connect.Channel(e.Channel)
		if !q.includes(e.Queue) || len(q.channels) > 0 && !slices.Contains(q.channels, channel) {
			continue
		}
		key := of
		if byQueue {
			key.queue = e.Queue
		}
		if byChannel {
			key.channel = channel
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// countContacts adds what waits in each queue to every row that it belongs to, once.
func (q *question) countContacts(all rows) {
	byProfile := q.by(connect.GroupingROUTING_PROFILE)
	for queue, line := range q.now.Lines {
		if !q.includes(queue) {
			continue
		}
		var key rowKey
		if q.by(connect.GroupingQUEUE) {
			key.queue = queue
		}
		if q.by(connect.GroupingCHANNEL) {
			key.channel = connect.ChannelCHAT
		}
		keys := []rowKey{key}
		if byProfile || q.filtered {
			keys = nil
			for _, p := range q.profiles {
				if !router.Serves(p, queue, string(connect.ChannelCHAT)) {
					continue
				}
				if byProfile {
					key.profile = p.ID
				}
				if !slices.Contains(keys, key) {
					keys = append(keys, key)
				}
			}
		}
		for _, key := range keys {
			if !q.parted() {
				all.of(key).add(line)
				continue
			}
			for part, some := range q.now.Parts[queue] {
				q.addPart(all, key, part, some)
			}
		}
	}
}

// addPart adds contacts that have a step and a subtype in common.
func (q *question) addPart(all rows, key rowKey, part router.Part, line router.Line) {
	byStep := q.by(connect.GroupingROUTING_STEP_EXPRESSION)
	if len(q.steps) > 0 && !slices.Contains(q.steps, part.Step) || len(q.subtypes) > 0 && !slices.Contains(q.subtypes, part.Subtype) {
		return
	}
	if byStep {
		if part.Step == "" {
			return // anybody may take them
		}
		key.Step = part.Step
	}
	if q.by(connect.GroupingSUBTYPE) {
		key.Subtype = part.Subtype
	}
	all.of(key).add(line)
}

func (r *row) add(line router.Line) {
	r.line.Waiting += line.Waiting
	if r.line.Oldest.IsZero() || line.Oldest.Before(r.line.Oldest) {
		r.line.Oldest = line.Oldest
	}
}

// dimensions says what a row is of, nil when nothing was asked to be told apart.
func (q *question) dimensions(k rowKey) *connect.Dimensions {
	if len(q.groupings) == 0 {
		return nil
	}
	d := &connect.Dimensions{Channel: k.channel}
	if k.queue != "" {
		d.Queue = &connect.QueueReference{Id: new(string(k.queue)), Arn: new(q.snap.ARN(center.KindQueue, string(k.queue)))}
	}
	if k.profile != "" {
		d.RoutingProfile = &connect.RoutingProfileReference{Id: new(string(k.profile)), Arn: new(q.snap.ARN(center.KindRoutingProfile, string(k.profile)))}
	}
	if k.status != "" {
		d.AgentStatus = &connect.AgentStatusIdentifier{Id: new(string(k.status)), Arn: new(q.snap.ARN(center.KindAgentStatus, string(k.status)))}
	}
	if k.Step != "" {
		d.RoutingStepExpression = &k.Step
	}
	if k.Subtype != "" {
		d.Subtype = &k.Subtype
	}
	return d
}
