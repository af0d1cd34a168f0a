package machine

import (
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// maxTransfers is how many queue-to-queue transfers a chain of contacts may have.
const maxTransfers = 11

// runTargetQueue is UpdateContactTargetQueue: it says where
// TransferContactToQueue will queue the contact, and fills $.Queue.
func runTargetQueue(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.QueueRef)
	if s.None() {
		return fail("no queue is named")
	}
	q, err := m.findQueue(s)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	m.c.Queue = Queue{ID: q.ID, ARN: q.ARN, Name: q.Name}
	return done
}

// runToQueue is TransferContactToQueue: the flow ends and the contact waits in
// its target queue.
func runToQueue(m *machine, _ *flow.Action) result {
	switch {
	case m.c.Queued:
		return fail("the contact waits in a queue already")
	case m.c.Connected:
		return fail("an agent is on the contact already")
	}
	return m.enqueue(&flow.QueueRef{})
}

// enqueue ends the run with the contact in a queue.
func (m *machine) enqueue(to *flow.QueueRef) result {
	q, err := m.findQueue(to)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	switch {
	case q.Disabled:
		return fail("queue %s is disabled", flow.Clip(q.Name))
	case q.Full || q.Max == 0:
		return failWith(flow.QueueAtCapacity, "queue %s is at capacity", flow.Clip(q.Name))
	}
	m.c.Queue = Queue{ID: q.ID, ARN: q.ARN, Name: q.Name}
	m.out.Queue = q
	return finish(EndQueued)
}

// runRequeue is DequeueContactAndTransferToQueue: from a customer queue flow the
// contact goes to another queue, as a new contact of the chain.
func runRequeue(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.QueueRef)
	switch {
	case m.run.Kind != KindCustomerQueue || !m.c.Queued:
		return fail("the contact does not wait in a queue")
	case m.c.Connected:
		return fail("an agent is being joined")
	case m.c.Transfers >= maxTransfers:
		return fail("the contact was passed on from queue to queue %d times already", maxTransfers)
	case s.None():
		return fail("no queue is named")
	}
	return m.enqueue(s)
}

// runToAgent is TransferContactToAgent. A chat reaches an agent through that
// agent's own queue: where the target queue is one, it is used.
func runToAgent(m *machine, a *flow.Action) result {
	if !strings.HasPrefix(string(m.c.Queue.ID), AgentQueue) {
		return m.refuse(a, &flow.Refusal{
			ErrorType: flow.NoMatchingError, Why: a.Type + ": a chat goes to an agent through that agent's queue"})
	}
	return runToQueue(m, a)
}

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
			return fail("QueuePriority is %q, not a number from 1 on", flow.Clip(text))
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
		return fail("routing criteria are set before a contact is queued")
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

// agentQueueID is the id of an agent's own queue.
func agentQueueID(user string) center.QueueID { return center.QueueID(AgentQueue + center.IDOf(user)) }
