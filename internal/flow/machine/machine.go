package machine

import (
	"encoding/json"
	"fmt"
	"maps"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Bounds of what a run may do between two waits, besides flow.MaxSteps.
const (
	maxBudget = 8 << 20  // bytes of text made and references looked up, for documents that abuse the guard
	maxText   = 64 << 10 // bytes of one text; every limit of the language lies below
	maxLog    = 2000     // entries of the flow log
	maxAnswer = 32 << 10 // bytes that an answer of a function or a module must stay below
)

// machine is one Start or Advance under way.
type machine struct {
	w        World
	c        *Contact
	flow     *flow.Flow
	run      Run
	out      Outcome
	budget   int
	docs     [docs]any      // the documents of run.Data that a reference has asked for, decoded
	lists    map[string]any // the lists of run.Data.Lists, likewise
	owned    bool           // run.Data's maps are this machine's own and may be written
	target   *flow.Flow     // of a jump, with its id
	to       center.FlowID
	waited   Wait            // what the run that goes on has waited for
	passed   json.RawMessage // what is passed to a module, or back from it
	noted    map[string]any  // parameters for the flow log
	logged   bool            // the action wrote its entries itself
	external json.RawMessage // ExternalResults of the action's entry
	visits   int             // actions that World.Trace was called for
	again    bool            // the action goes on, see Visit
	scratch  [512]byte
}

// result is how an action went.
type result struct {
	kind    resultKind
	text    string     // of choice: the result; of failure: the error type; of finish: the End
	null    bool       // of choice: the result is an undefined value of the system
	value   flow.Value // of choice: what text renders, when it is more than that
	problem string     // of failure: why
	always  bool       // of failure: log it even when logging is off
	quiet   bool       // of suspend: the action goes on waiting, there is nothing to log
}

type resultKind uint8

const (
	kindDone    resultKind = iota // go on with NextAction
	kindChoice                    // the conditions decide over text
	kindFailure                   // the error branches decide
	kindSuspend                   // run.Wait says for what
	kindFinish
	kindJump   // go on at the start of the flow in target
	kindCall   // the same, and return
	kindReturn // the module that runs has ended; text is its result
)

var (
	done    = result{kind: kindDone}
	suspend = result{kind: kindSuspend}
	jump    = result{kind: kindJump}
)

// quietly makes no entry in the log of a wait that goes on.
func quietly(r result) result {
	if r.kind == kindSuspend {
		r.quiet = true
	}
	return r
}

// stay goes on waiting as before.
func (m *machine) stay() result {
	m.run.Wait = m.waited
	return quietly(suspend)
}

func choose(text string) result { return result{kind: kindChoice, text: text} }

func finish(e End) result { return result{kind: kindFinish, text: string(e)} }

// fail ends an action with NoMatchingError.
func fail(format string, args ...any) result { return failWith(flow.NoMatchingError, format, args...) }

func failWith(errorType, format string, args ...any) result {
	return result{kind: kindFailure, text: errorType, problem: fmt.Sprintf(format, args...)}
}

// own makes the maps of the run's data this machine's, so that the run it
// began with stays as it was.
func (m *machine) own() *Data {
	if !m.owned {
		m.run.Data.Attributes = maps.Clone(m.run.Data.Attributes)
		m.run.Data.Loops = maps.Clone(m.run.Data.Loops)
		m.run.Data.Lists = maps.Clone(m.run.Data.Lists)
		m.owned = true
	}
	return &m.run.Data
}

// spend takes the cost of n bytes from the budget and reports whether there
// was enough.
func (m *machine) spend(n int) bool {
	const each = 16 // for looking up and comparing
	m.budget += n + each
	return m.budget <= maxBudget
}

func (m *machine) spent() bool { return m.budget > maxBudget }

// note keeps a resolved parameter for the action's entry in the flow log. The
// names are those of the service's logs.
func (m *machine) note(name, text string) {
	if m.noting() {
		m.noteAny(name, text)
	}
}

// noting reports whether anybody will see what is noted.
func (m *machine) noting() bool { return m.c.Logging || m.w.Trace != nil }

func (m *machine) noteAny(name string, v any) {
	if m.noted == nil {
		m.noted = map[string]any{}
	}
	m.noted[name] = v
}

// entry is an entry of the flow log for an action.
func (m *machine) entry(a *flow.Action) LogEntry {
	return LogEntry{
		Time: m.w.Now, Flow: m.run.Flow, Module: m.flow.Module, Action: a.ID, Type: a.Type, Block: a.Block, Logging: m.c.Logging,
	}
}

// say sends the participant a message in the name of the service.
func (m *machine) say(text string) {
	m.out.Messages = append(m.out.Messages, Message{
		ContentType: center.PlainText, Text: text, Speaker: center.DisplayNameSystemMessage, Visibility: m.run.Kind.audience(),
	})
}

// notify sends the customer an event.
func (m *machine) notify(event, content string) {
	m.out.Messages = append(m.out.Messages, Message{ContentType: event, Text: content, Visibility: center.VisibleCustomer})
}
