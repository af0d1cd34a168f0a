package machine

import (
	"strings"

	"parley.example/parley/internal/flow"
)

// maxTransfers is how many queue-to-queue transfers a chain of contacts may have.
const maxTransfers = 11

// runTargetQueue is UpdateContactTargetQueue: it says where
// TransferContactToQueue will queue the contact, and fills $.Queue.
func runTargetQueue(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.QueueRef)
	if s.None() {
		return fail("no queue is specified")
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
		return fail("the contact is already in a queue")
	case m.c.Connected:
		return fail("an agent is already on the contact")
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
		return fail("the contact is not in a queue")
	case m.c.Connected:
		return fail("an agent is joining")
	case m.c.Transfers >= maxTransfers:
		return fail("the contact has already been transferred between queues %d times", maxTransfers)
	case s.None():
		return fail("no queue is specified")
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
