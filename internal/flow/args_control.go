package flow

import (
	"errors"
	"slices"
	"strconv"
)

// noArgs reads the parameters of a type that has none that matter in a chat.
func noArgs(Params) (any, error) { return nil, nil }

// CompareArgs are those of Compare: the one reference over which conditions decide.
type CompareArgs struct{ Of *Reference }

func readCompare(p Params) (any, error) {
	t, err := p.Template("ComparisonValue")
	if err != nil {
		return nil, err
	}
	of := t.Whole()
	if of == nil {
		return nil, errors.New("ComparisonValue is not exactly one reference")
	}
	return &CompareArgs{of}, nil
}

// The events that Wait can listen to, and the results it has.
const (
	CustomerReturned = "CustomerReturned"
	BotDisconnected  = "BotParticipantDisconnected"
	WaitCompleted    = "WaitCompleted"
	Continue         = "Continue" // of ContinueExecution: what the flow does meanwhile
)

// MaxWait is the largest TimeLimitSeconds and MinimumWaitTimeSeconds of Wait.
const MaxWait = 604800

// WaitArgs are those of Wait.
type WaitArgs struct {
	Limit  Template
	Events []string
	Bot    bool // Events has BotDisconnected

	Continue bool     // ContinueExecution: the flow goes on by the branch Continue meanwhile
	Least    Template // MinimumWaitTimeSeconds
}

func readWait(p Params) (any, error) {
	w := &WaitArgs{}
	var err error
	if w.Limit, err = p.Template("TimeLimitSeconds"); err != nil {
		return nil, err
	}
	if w.Least, err = p.Template("MinimumWaitTimeSeconds"); err != nil {
		return nil, err
	}
	goesOn, err := p.Literal("ContinueExecution")
	if err != nil {
		return nil, err
	}
	w.Continue = IsTrue(goesOn)
	if w.Events, err = p.List("Events"); err != nil {
		return nil, err
	}
	for _, e := range w.Events {
		switch e {
		case BotDisconnected:
			w.Bot = true
		case CustomerReturned:
		default:
			return nil, errors.New("Events holds the unknown event " + Clip(e))
		}
	}
	return w, nil
}

// MaxLoop is the largest LoopCount.
const MaxLoop = 100

// The results of Loop.
const (
	ContinueLooping = "ContinueLooping"
	DoneLooping     = "DoneLooping"
)

// LoopArgs are those of Loop. A Count that is exactly one reference to a list
// goes through that list.
type LoopArgs struct {
	Count Template
	Name  string
}

func readLoop(p Params) (any, error) {
	count, err := p.Template("LoopCount")
	if err != nil {
		return nil, err
	}
	name, err := p.Literal("LoopName")
	return &LoopArgs{count, name}, err
}

// TransferArgs are those of TransferToFlow.
type TransferArgs struct{ Flow Template }

func readTransfer(p Params) (any, error) {
	t, err := p.Template("ContactFlowId")
	return &TransferArgs{t}, err
}

// HoursArgs are those of CheckHoursOfOperation.
type HoursArgs struct{ Hours Template }

func readHours(p Params) (any, error) {
	t, err := p.Template("HoursOfOperationId")
	return &HoursArgs{t}, err
}

// metricTypes are the values of MetricType.
var metricTypes = []string{"NumberOfAgentsAvailable", "NumberOfAgentsStaffed", "NumberOfAgentsOnline",
	"OldestContactInQueueAgeSeconds", "NumberOfContactsInQueue"}

// MetricArgs are those of CheckMetricData.
type MetricArgs struct {
	Metric string // one of the values of MetricType
	Of     QueueRef
}

func readMetric(p Params) (any, error) {
	s := &MetricArgs{}
	var err error
	if s.Metric, err = p.Literal("MetricType"); err != nil {
		return nil, err
	}
	if s.Of, err = p.queueRef(); err != nil {
		return nil, err
	}
	if !slices.Contains(metricTypes, s.Metric) {
		return nil, errors.New("MetricType is " + strconv.Quote(Clip(s.Metric)) + ", which is not a metric")
	}
	return s, nil
}

// QueueChannels are the values of QueueChannel. The reference of the language has
// the first two; a queue has contacts of every Channel of the API's model.
var QueueChannels = []string{"Chat", "Voice", "Task", "Email"}

// MetricsArgs are those of GetMetricData.
type MetricsArgs struct {
	Of      QueueRef
	Channel Template
}

func readMetrics(p Params) (any, error) {
	s := &MetricsArgs{}
	var err error
	if s.Of, err = p.queueRef(); err != nil {
		return nil, err
	}
	s.Channel, err = p.Template("QueueChannel")
	return s, err
}

// ModuleArgs are those of InvokeFlowModule.
type ModuleArgs struct {
	Module Template
	Inputs []Parameter
}

// InputNames are the parameters of InvokeFlowModule that may hold what is passed
// to a module. The designer writes Input (exports and publishing, 2026-08); the
// others are older guesses.
var InputNames = []string{"Input", "InputParameters", "Inputs"}

func readModule(p Params) (any, error) {
	s := &ModuleArgs{}
	var err error
	if s.Module, err = p.Template("FlowModuleId"); err != nil {
		return nil, err
	}
	for _, name := range InputNames {
		inputs, err := p.Parameters(name)
		if err != nil {
			return nil, err
		}
		s.Inputs = append(s.Inputs, inputs...)
	}
	return s, nil
}

// EndModuleArgs are those of EndFlowModuleExecution.
type EndModuleArgs struct {
	Result Template
	Data   Tree
}

func readEndModule(p Params) (any, error) {
	s := &EndModuleArgs{}
	var err error
	if s.Result, err = p.Template("Result"); err != nil {
		return nil, err
	}
	if p.Has("ResultData") {
		v, err := Decode(p["ResultData"])
		if err != nil {
			return nil, errors.New("ResultData is not JSON")
		}
		s.Data = CompileTree(v)
	}
	return s, nil
}
