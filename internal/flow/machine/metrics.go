package machine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/flow"
)

// runCheckHours is CheckHoursOfOperation: the hours that are named, or those of
// the target queue, decide. An override that has a branch of its own takes that.
func runCheckHours(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.HoursArgs)
	ref, given := m.optional(&s.Hours)
	m.note("Hours", ref)
	if !given {
		q, err := m.findQueue(&flow.QueueRef{})
		if err != nil {
			return fail("%s", err)
		}
		ref = q.Hours
	}
	if ref == "" {
		return fail("no hours of operation are specified, and the target queue has none")
	}
	if m.w.Facts == nil {
		return fail("%s", errNoFacts)
	}
	o, err := m.w.Facts.Hours(ref)
	if err != nil {
		return fail("%s", err)
	}
	if o.Override != "" && m.hasCondition(a, o.Override) {
		return choose(o.Override)
	}
	if o.Open {
		return choose("True")
	}
	return choose("False")
}

// metricOf returns a value of a queue's status by its MetricType.
func metricOf(typ string, of *QueueStatus) *int64 {
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

// runCheckMetricData is CheckMetricData: staffing, or the state of a queue,
// compared with numbers. The age of the oldest contact is in milliseconds,
// whatever the metric's name says, as in exports.
func runCheckMetricData(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.MetricArgs)
	m.note("Status", s.Metric)
	q, err := m.findQueue(&s.Of)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	metrics, err := m.w.Facts.Metrics(q)
	if err != nil {
		return fail("%s", err)
	}
	return choose(strconv.FormatInt(*metricOf(s.Metric, &metrics), 10))
}

// runGetMetricData is GetMetricData: it fills $.Metrics.
func runGetMetricData(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.MetricsArgs)
	q, err := m.findQueue(&s.Of)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	channel, given := m.optional(&s.Channel)
	other := given && !strings.EqualFold(channel, flow.ChatChannel)
	if other && !slices.ContainsFunc(flow.QueueChannels, func(s string) bool { return strings.EqualFold(s, channel) }) {
		return fail("QueueChannel is %q, not one of %s", flow.Clip(channel), strings.Join(flow.QueueChannels, ", "))
	}
	metrics, err := m.w.Facts.Metrics(q)
	if err != nil {
		return fail("%s", err)
	}
	if other { // the contacts are all chats; the agents are the same
		metrics.Contacts, metrics.Oldest, metrics.Position, metrics.Wait, metrics.OwnWait = 0, 0, 0, nil, nil
	}
	m.keep(docMetrics, flow.Encode(metricsDocument(q, &metrics)))
	return done
}

// metricsDocument is $.Metrics. Where nothing goes on, values are null, as the
// service's documentation says. The age is in milliseconds, the wait in seconds.
func metricsDocument(q Queue, of *QueueStatus) map[string]any {
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
	wait := func(into map[string]any, d *time.Duration) {
		if d != nil {
			into["EstimatedWaitTime"] = int64(d.Seconds())
		}
	}
	wait(queue, of.Wait)
	if of.Position > 0 {
		contact := map[string]any{"PositionInQueue": of.Position}
		wait(contact, of.OwnWait)
		doc["Contact"] = contact
	}
	return doc
}
