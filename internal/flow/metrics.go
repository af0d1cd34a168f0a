package flow

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// errNoFacts is the answer of a world that knows nothing of its instance.
var errNoFacts = errors.New("nothing is known of the instance here")

// findQueue looks a queue up: the one that a parameter names, the own queue of
// an agent, or with neither the target queue.
func (m *machine) findQueue(queue, agent *template) (Queue, error) {
	id, given := m.c.Queue.ID, false
	if text, ok := m.optional(agent); ok {
		id, given = agentQueueID(text), true
		if text == "" {
			return Queue{}, errors.New("no agent is named")
		}
	}
	if text, ok := m.optional(queue); ok {
		id, given = center.QueueID(text), true
	}
	switch {
	case id == "" && given:
		return Queue{}, errors.New("no queue is named")
	case id == "":
		return Queue{}, errors.New("no target queue was set")
	case m.w.Facts == nil:
		return Queue{}, errNoFacts
	}
	return m.w.Facts.Queue(string(id))
}

// optional resolves a parameter that may be missing, or empty as some exports
// have it: ok is false when the document gives nothing.
func (m *machine) optional(t *template) (text string, ok bool) {
	if t.constant() && t.literal == "" {
		return "", false
	}
	text, _ = t.text(m)
	return text, true
}

// checkHours is CheckHoursOfOperation: the hours that are named, or those of
// the target queue, decide. An override that has a branch of its own takes that.
type checkHours struct{ hours template }

func newCheckHours(p params) (step, error) {
	t, err := p.template("HoursOfOperationId")
	return &checkHours{t}, err
}

func (s *checkHours) run(m *machine, a *action) result {
	ref, given := m.optional(&s.hours)
	m.note("Hours", ref)
	if !given {
		q, err := m.findQueue(&template{}, &template{})
		if err != nil {
			return fail("%s", err)
		}
		ref = q.Hours
	}
	if ref == "" {
		return fail("no hours of operation are named, and the target queue has none")
	}
	if m.w.Facts == nil {
		return fail("%s", errNoFacts)
	}
	o, err := m.w.Facts.Hours(ref)
	if err != nil {
		return fail("%s", err)
	}
	if o.Override != "" && a.hasCondition(m, o.Override) {
		return choose(o.Override)
	}
	if o.Open {
		return choose("True")
	}
	return choose("False")
}

// hasCondition reports whether some condition has an operand.
func (a *action) hasCondition(m *machine, operand string) bool {
	for i := range a.conditions {
		if text, ok := a.conditions[i].operand.text(m); ok && text == operand {
			return true
		}
	}
	return false
}

// checkMetricData is CheckMetricData: staffing, or the state of a queue,
// compared with numbers. The age of the oldest contact is in milliseconds,
// whatever the metric's name says, as in exports.
type checkMetricData struct {
	metric       string
	queue, agent template
	staffing     bool
}

func newCheckMetricData(p params) (step, error) {
	s := &checkMetricData{}
	var err error
	if s.metric, err = p.literal("MetricType"); err != nil {
		return nil, err
	}
	if s.queue, err = p.template("QueueId"); err != nil {
		return nil, err
	}
	if s.agent, err = p.template("AgentId"); err != nil {
		return nil, err
	}
	s.staffing = strings.HasPrefix(s.metric, "NumberOfAgents")
	if metricOf(s.metric, &Metrics{}) == nil {
		return nil, errors.New("MetricType is " + strconv.Quote(clip(s.metric)) + ", which is no metric")
	}
	return s, nil
}

// metricOf returns a value of the metrics by its MetricType.
func metricOf(typ string, of *Metrics) *int64 {
	switch typ {
	case "NumberOfAgentsAvailable":
		return &of.Available
	case "NumberOfAgentsStaffed":
		return &of.Staffed
	case "NumberOfAgentsOnline":
		return &of.Online
	case "NumberOfContactsInQueue":
		return &of.Contacts
	case "OldestContactInQueueAgeSeconds":
		return new(of.Oldest.Milliseconds())
	}
	return nil
}

func (s *checkMetricData) run(m *machine, _ *action) result {
	m.note("Status", s.metric)
	q, err := m.findQueue(&s.queue, &s.agent)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	metrics, err := m.w.Facts.Metrics(q)
	if err != nil {
		return fail("%s", err)
	}
	return choose(strconv.FormatInt(*metricOf(s.metric, &metrics), 10))
}

// getMetricData is GetMetricData: it fills $.Metrics.
type getMetricData struct{ queue, agent, channel template }

func newGetMetricData(p params) (step, error) {
	s := &getMetricData{}
	var err error
	if s.queue, err = p.template("QueueId"); err != nil {
		return nil, err
	}
	if s.agent, err = p.template("AgentId"); err != nil {
		return nil, err
	}
	s.channel, err = p.template("QueueChannel")
	return s, err
}

func (s *getMetricData) run(m *machine, _ *action) result {
	q, err := m.findQueue(&s.queue, &s.agent)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	channel, given := m.optional(&s.channel)
	voice := strings.EqualFold(channel, "Voice")
	if given && !voice && !strings.EqualFold(channel, "Chat") {
		return fail("QueueChannel is %q, neither Voice nor Chat", clip(channel))
	}
	metrics, err := m.w.Facts.Metrics(q)
	if err != nil {
		return fail("%s", err)
	}
	if voice { // the contacts are all chats; the agents are the same
		metrics.Contacts, metrics.Oldest, metrics.Position, metrics.Wait = 0, 0, 0, 0
	}
	m.keep(docMetrics, encode(metricsDocument(q, &metrics)))
	return done
}

// metricsDocument is $.Metrics. Where nothing goes on, values are null, as the
// service's documentation says. The age is in milliseconds, the wait in seconds.
func metricsDocument(q Queue, of *Metrics) map[string]any {
	count := func(n int64) map[string]any { return map[string]any{"Count": n} }
	queue := map[string]any{"Name": q.Name, "ARN": q.ARN}
	doc := map[string]any{"Queue": queue}
	if of.Contacts > 0 || of.Online > 0 {
		queue["Size"] = of.Contacts
		queue["OldestContactAge"] = of.Oldest.Milliseconds()
		doc["Agents"] = map[string]any{
			"Online": count(of.Online), "Available": count(of.Available), "Staffed": count(of.Staffed),
			"AfterContactWork": count(of.AfterContactWork), "Busy": count(of.Busy), "Missed": count(of.Missed),
			"NonProductive": count(of.NonProductive),
		}
	}
	wait := func(into map[string]any, d time.Duration) {
		if d > 0 {
			into["EstimatedWaitTime"] = int64(d.Seconds())
		}
	}
	wait(queue, of.Wait)
	if of.Position > 0 {
		contact := map[string]any{"PositionInQueue": of.Position}
		wait(contact, of.Wait)
		doc["Contact"] = contact
	}
	return doc
}
