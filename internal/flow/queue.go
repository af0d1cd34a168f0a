package flow

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// The error type of a queue that takes no more.
const queueAtCapacity = "QueueAtCapacity"

// maxTransfers is how many queue-to-queue transfers a chain of contacts may have.
const maxTransfers = 11

// queueRef is QueueId or AgentId of an action.
type queueRef struct{ queue, agent template }

func newQueueRef(p params) (r queueRef, err error) {
	if r.queue, err = p.template("QueueId"); err != nil {
		return r, err
	}
	r.agent, err = p.template("AgentId")
	return r, err
}

// none reports whether the action names no queue.
func (r *queueRef) none() bool {
	return r.queue.constant() && r.queue.literal == "" && r.agent.constant() && r.agent.literal == ""
}

// targetQueue is UpdateContactTargetQueue: it says where
// TransferContactToQueue will queue the contact, and fills $.Queue.
type targetQueue struct{ to queueRef }

func newTargetQueue(p params) (step, error) {
	to, err := newQueueRef(p)
	return &targetQueue{to}, err
}

func (s *targetQueue) run(m *machine, _ *action) result {
	if s.to.none() {
		return fail("no queue is named")
	}
	q, err := m.findQueue(&s.to.queue, &s.to.agent)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	m.c.Queue = Queue{ID: q.ID, ARN: q.ARN, Name: q.Name}
	return done
}

// toQueue is TransferContactToQueue: the flow ends and the contact waits in its
// target queue.
type toQueue struct{}

func newToQueue(params) (step, error) { return toQueue{}, nil }

func (toQueue) run(m *machine, _ *action) result {
	switch {
	case m.c.Queued:
		return fail("the contact waits in a queue already")
	case m.c.Connected:
		return fail("an agent is on the contact already")
	}
	return m.enqueue(&queueRef{})
}

// enqueue ends the run with the contact in a queue.
func (m *machine) enqueue(to *queueRef) result {
	q, err := m.findQueue(&to.queue, &to.agent)
	if err != nil {
		return fail("%s", err)
	}
	m.note("Queue", q.ARN)
	switch {
	case q.Disabled:
		return fail("queue %s is disabled", clip(q.Name))
	case q.Full || q.Max == 0:
		return failWith(queueAtCapacity, "queue %s is at capacity", clip(q.Name))
	}
	m.c.Queue = Queue{ID: q.ID, ARN: q.ARN, Name: q.Name}
	m.out.Queue = q
	return finish(EndQueued)
}

// requeue is DequeueContactAndTransferToQueue: from a customer queue flow the
// contact goes to another queue, as a new contact of the chain.
type requeue struct{ to queueRef }

func newRequeue(p params) (step, error) {
	to, err := newQueueRef(p)
	return &requeue{to}, err
}

func (s *requeue) run(m *machine, _ *action) result {
	switch {
	case m.run.Kind != KindCustomerQueue || !m.c.Queued:
		return fail("the contact does not wait in a queue")
	case m.c.Connected:
		return fail("an agent is being joined")
	case m.c.Transfers >= maxTransfers:
		return fail("the contact was passed on from queue to queue %d times already", maxTransfers)
	case s.to.none():
		return fail("no queue is named")
	}
	return m.enqueue(&s.to)
}

// toAgent is TransferContactToAgent. A chat reaches an agent through that
// agent's own queue: where the target queue is one, it is used.
type toAgent struct{}

func newToAgent(params) (step, error) { return toAgent{}, nil }

func (toAgent) run(m *machine, a *action) result {
	if !strings.HasPrefix(string(m.c.Queue.ID), AgentQueue) {
		return unsupported{problem: a.typ + ": a chat goes to an agent through that agent's queue"}.run(m, a)
	}
	return toQueue{}.run(m, a)
}

// setRouting is UpdateContactRoutingBehavior: the contact's priority in queues,
// or how long it counts as having waited beyond what it has.
type setRouting struct {
	priority, seconds template
	proficiencies     bool
}

func newSetRouting(p params) (step, error) {
	s := &setRouting{proficiencies: p.has("RoutingProficiencies")}
	var err error
	if s.priority, err = p.template("QueuePriority"); err != nil {
		return nil, err
	}
	s.seconds, err = p.template("QueueTimeAdjustmentSeconds")
	return s, err
}

// noProficiencies is why RoutingProficiencies fail.
const noProficiencies = "RoutingProficiencies are not supported; use UpdateContactRoutingCriteria"

// maxAdjustment bounds QueueTimeAdjustmentSeconds: longer than any chat lasts.
const maxAdjustment = 10 * 365 * 24 * 3600

func (s *setRouting) run(m *machine, _ *action) result {
	if s.proficiencies {
		return fail(noProficiencies)
	}
	if text, ok := m.optional(&s.priority); ok {
		m.note("AbsolutePosition", text)
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 1 {
			return fail("QueuePriority is %q, not a number from 1 on", clip(text))
		}
		m.c.Priority = n
		return done
	}
	text, ok := m.optional(&s.seconds)
	m.note("QueueTimeAdjustmentSeconds", text)
	n, number := number(text)
	if !ok || !number || n < -maxAdjustment || n > maxAdjustment {
		return fail("QueueTimeAdjustmentSeconds is %q, not a number of seconds", clip(text))
	}
	m.c.TimeAdjustment = time.Duration(n) * time.Second
	return done
}

// Bounds of routing criteria.
const (
	maxCriteria        = 5
	maxCriteriaDepth   = 5
	maxCriteriaMembers = 50
	maxCriteriaBytes   = 32 << 10 // of all expressions: they stand in the state of the chat
	maxExpiry          = 604800   // seconds
)

// setCriteria is UpdateContactRoutingCriteria: which proficiencies an agent
// must have, step by step, as time goes by.
type setCriteria struct{ criteria tree }

func newSetCriteria(p params) (step, error) {
	if !p.has("RoutingCriteria") {
		return &setCriteria{}, nil
	}
	v, err := decode(p["RoutingCriteria"])
	return &setCriteria{compileTree(v)}, err
}

func (s *setCriteria) run(m *machine, _ *action) result {
	if m.c.Queued || m.c.Connected {
		return fail("routing criteria are set before a contact is queued")
	}
	v, ok := s.criteria.value(m)
	if !ok {
		return fail("the criteria are too long")
	}
	document := v.any()
	if text, is := document.(string); is {
		parsed, err := decode([]byte(text))
		if err != nil {
			return fail("RoutingCriteria is no JSON")
		}
		document = parsed
	}
	criteria, problem := readCriteria(document)
	if problem != "" {
		return fail("%s", problem)
	}
	m.c.Criteria = criteria
	return done
}

// ReadCriteria takes routing criteria apart that are not a flow's: the JSON
// text of RoutingCriteriaInput. The rules are those of UpdateContactRoutingCriteria.
func ReadCriteria(text []byte) ([]Criterion, error) {
	document, err := decode(text)
	if err != nil {
		return nil, err
	}
	steps, problem := readCriteria(document)
	if problem != "" {
		return nil, errors.New(problem)
	}
	return steps, nil
}

// readCriteria checks criteria and takes them apart.
func readCriteria(document any) (steps []Criterion, problem string) {
	object, _ := document.(map[string]any)
	list, _ := object["Steps"].([]any)
	if len(list) == 0 || len(list) > maxCriteria {
		return nil, "RoutingCriteria has " + strconv.Itoa(len(list)) + " Steps, not 1 to " + strconv.Itoa(maxCriteria)
	}
	members, size := 0, 0
	for i, e := range list {
		given, _ := e.(map[string]any)
		at := "Steps[" + strconv.Itoa(i) + "]"
		if problem := checkExpression(given["Expression"], at+".Expression", 0, &members); problem != "" {
			return nil, problem
		}
		step := Criterion{Expression: encode(given["Expression"])}
		if size += len(step.Expression); size > maxCriteriaBytes {
			return nil, "the Expressions weigh more than " + strconv.Itoa(maxCriteriaBytes) + " bytes"
		}
		if expiry, ok := given["Expiry"].(map[string]any); ok && expiry["DurationInSeconds"] != nil {
			seconds, ok := number(dataValue(expiry["DurationInSeconds"]).text())
			if !ok || seconds < 1 || seconds > maxExpiry {
				return nil, at + ".Expiry.DurationInSeconds is not a number from 1 to " + strconv.Itoa(maxExpiry)
			}
			step.Expiry = time.Duration(seconds) * time.Second
		}
		steps = append(steps, step)
	}
	return steps, ""
}

// checkExpression checks one expression: exactly one member, whose parts hold.
func checkExpression(v any, at string, depth int, members *int) (problem string) {
	object, ok := v.(map[string]any)
	if *members++; !ok || len(object) != 1 || depth >= maxCriteriaDepth || *members > maxCriteriaMembers {
		return at + " is not one expression"
	}
	for name, inner := range object {
		switch name {
		case "AttributeCondition", "NotAttributeCondition":
			return checkProficiency(inner, at+"."+name)
		case "AndExpression", "OrExpression":
			list, ok := inner.([]any)
			if !ok || len(list) == 0 {
				return at + "." + name + " is not a list of expressions"
			}
			for i, e := range list {
				if problem := checkExpression(e, at+"."+name+"["+strconv.Itoa(i)+"]", depth+1, members); problem != "" {
					return problem
				}
			}
		default:
			return at + " has the unknown member " + clip(name)
		}
	}
	return ""
}

func checkProficiency(v any, at string) (problem string) {
	c, ok := v.(map[string]any)
	if !ok {
		return at + " is not an object"
	}
	text := func(name string) string { return dataValue(c[name]).text() }
	level := func(name string) bool {
		f, err := strconv.ParseFloat(text(name), 64)
		return err == nil && f >= 1 && f <= 5
	}
	switch op := text("ComparisonOperator"); op {
	case "Match":
		if c["MatchCriteria"] == nil {
			return at + " has no MatchCriteria"
		}
	case "Range":
		bounds, _ := c["Range"].(map[string]any)
		if bounds == nil {
			return at + " has no Range"
		}
	case "", "NumberGreaterOrEqualTo":
		if text("Name") == "" || text("Value") == "" || !level("ProficiencyLevel") {
			return at + " needs Name, Value and a ProficiencyLevel from 1 to 5"
		}
	default:
		return at + " has the unknown ComparisonOperator " + clip(op)
	}
	return ""
}

// agentQueueID is the id of an agent's own queue.
func agentQueueID(user string) center.QueueID { return center.QueueID(AgentQueue + center.IDOf(user)) }
