package machine

import (
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/flow"
)

// runSetRouting is UpdateContactRoutingBehavior: the contact's priority in queues,
// or how long it counts as having waited beyond what it has.
func runSetRouting(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.RoutingArgs)
	if why := s.Impossible(); why != "" {
		return fail("%s", why)
	}
	if text, ok := m.optional(&s.Priority); ok {
		m.note("AbsolutePosition", text)
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 1 {
			return fail("QueuePriority is %q, not a number of at least 1", flow.Clip(text))
		}
		m.c.Priority = n
		return done
	}
	text, ok := m.optional(&s.Seconds)
	m.note("QueueTimeAdjustmentSeconds", text)
	n, number := flow.Number(text)
	if !ok || !number || n < -flow.MaxAdjustment || n > flow.MaxAdjustment {
		return fail("QueueTimeAdjustmentSeconds is %q, not a number of seconds", flow.Clip(text))
	}
	m.c.TimeAdjustment = time.Duration(n) * time.Second
	return done
}

// runSetCriteria is UpdateContactRoutingCriteria: which proficiencies an agent
// must have, step by step, as time goes by.
func runSetCriteria(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.CriteriaArgs)
	if m.c.Queued || m.c.Connected {
		return fail("routing criteria can only be set before the contact is queued")
	}
	v, ok := m.tree(&s.Criteria)
	if !ok {
		return fail("the criteria are too long")
	}
	document := v.Any()
	if text, is := document.(string); is {
		parsed, err := flow.Decode([]byte(text))
		if err != nil {
			return fail("RoutingCriteria is not valid JSON")
		}
		document = parsed
	}
	criteria, problem := flow.CriteriaOf(document)
	if problem != "" {
		return fail("%s", problem)
	}
	m.c.Criteria = criteria
	return done
}
