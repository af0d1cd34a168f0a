package flow

import (
	"errors"
	"strings"
)

// QueueRef is QueueId or AgentId of an action. As arguments they are those of
// UpdateContactTargetQueue and DequeueContactAndTransferToQueue.
type QueueRef struct{ Queue, Agent Template }

// None reports whether no queue is named.
func (r *QueueRef) None() bool { return r.Queue.Empty() && r.Agent.Empty() }

func (p Params) queueRef() (r QueueRef, err error) {
	if r.Queue, err = p.Template("QueueId"); err != nil {
		return r, err
	}
	r.Agent, err = p.Template("AgentId")
	return r, err
}

func readQueueRef(p Params) (any, error) {
	r, err := p.queueRef()
	return &r, err
}

// MaxAdjustment bounds QueueTimeAdjustmentSeconds: longer than any chat lasts.
const MaxAdjustment = 10 * 365 * 24 * 3600

// RoutingArgs are those of UpdateContactRoutingBehavior.
type RoutingArgs struct {
	Priority, Seconds Template
	Proficiencies     bool // there are RoutingProficiencies
}

func readRouting(p Params) (any, error) {
	s := &RoutingArgs{Proficiencies: p.Has("RoutingProficiencies")}
	var err error
	if s.Priority, err = p.Template("QueuePriority"); err != nil {
		return nil, err
	}
	s.Seconds, err = p.Template("QueueTimeAdjustmentSeconds")
	return s, err
}

// Impossible says why the routing cannot be set in a chat.
func (s *RoutingArgs) Impossible() string {
	if s.Proficiencies {
		return "RoutingProficiencies are not supported; use UpdateContactRoutingCriteria"
	}
	return ""
}

// CriteriaArgs are those of UpdateContactRoutingCriteria.
type CriteriaArgs struct{ Criteria Tree }

func readCriteriaArgs(p Params) (any, error) {
	if !p.Has("RoutingCriteria") {
		return &CriteriaArgs{}, nil
	}
	v, err := Decode(p["RoutingCriteria"])
	return &CriteriaArgs{CompileTree(v)}, err
}

// AssistantArgs are those of CreateWisdomSession.
type AssistantArgs struct{ Assistant Template }

func readAssistant(p Params) (any, error) {
	t, err := p.Template("WisdomAssistantArn")
	return &AssistantArgs{t}, err
}

// Bounds of InvocationTimeLimitSeconds of InvokeLambdaFunction.
const (
	MaxSync  = 8
	MaxAsync = 60
)

// InvokeArgs are those of InvokeLambdaFunction.
type InvokeArgs struct {
	Function   Template
	Limit      Template
	Async      bool
	JSON       bool // ResponseType
	Parameters []Parameter
}

func readInvoke(p Params) (any, error) {
	s := &InvokeArgs{}
	var err error
	if s.Function, err = p.Template("LambdaFunctionARN"); err != nil {
		return nil, err
	}
	if s.Limit, err = p.Template("InvocationTimeLimitSeconds"); err != nil {
		return nil, err
	}
	invocation, err := p.Literal("InvocationType")
	if err != nil {
		return nil, err
	}
	s.Async = strings.EqualFold(invocation, "ASYNCHRONOUS")
	if p.Has("ResponseValidation") {
		inner, err := Object(p["ResponseValidation"])
		if err != nil {
			return nil, errors.New("ResponseValidation is not an object")
		}
		form, err := inner.Literal("ResponseType")
		if err != nil {
			return nil, err
		}
		s.JSON = strings.EqualFold(form, "JSON")
	}
	s.Parameters, err = p.Parameters("LambdaInvocationAttributes")
	return s, err
}
