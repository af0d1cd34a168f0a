package machine

import (
	"encoding/json"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Run is where one execution of a flow stands: all that is needed to go on
// after a restart. It is a value: Advance returns a new one and leaves the old
// one as it was.
type Run struct {
	Flow   center.FlowID `json:"flow"`
	Hash   string        `json:"hash"` // of the content it began with; publishing anew does not change a run
	Kind   Kind          `json:"kind,omitempty"`
	Data   Data          `json:"data"`
	Wait   Wait          `json:"wait"`
	Stack  []Frame       `json:"stack,omitempty"`  // the callers of the module that runs, outermost first
	Return *Return       `json:"return,omitempty"` // the Wait that the run has left by its branch Continue
	Steps  int           `json:"steps,omitempty"`  // actions since a person or the time moved the run: see flow.MaxSteps
}

// Kind is why a flow runs: what its end means and whom it speaks to.
type Kind string

// The kinds of run.
const (
	KindInbound         Kind = "" // the flow of StartChatContact, and what it transfers to
	KindCustomerQueue   Kind = "customerQueue"
	KindAgentWhisper    Kind = "agentWhisper"
	KindCustomerWhisper Kind = "customerWhisper"
	KindDisconnect      Kind = "disconnect"
	KindTransfer        Kind = "transfer" // of a quick connect
)

// flows is the kind as the designer's types of flow. A disconnect flow is of
// the inbound type.
func (k Kind) flows() flow.FlowTypes {
	switch k {
	case KindCustomerQueue:
		return flow.Queued
	case KindTransfer:
		return flow.Transfers
	case KindAgentWhisper:
		return flow.AgentWhisper
	case KindCustomerWhisper:
		return flow.CustomerWhisper
	}
	return flow.Inbound
}

// whisper reports whether only one side receives what the run says.
func (k Kind) whisper() bool { return k == KindAgentWhisper || k == KindCustomerWhisper }

// audience is who sees what a run of the kind says.
func (k Kind) audience() center.Visibility {
	switch k {
	case KindAgentWhisper:
		return center.VisibleAgent
	case KindCustomerWhisper:
		return center.VisibleCustomer
	}
	return center.VisibleAll
}

// Frame is a flow that waits for a module it has invoked.
type Frame struct {
	Flow   center.FlowID `json:"flow"`
	Hash   string        `json:"hash"`
	Action string        `json:"action"` // the identifier of its InvokeFlowModule
	Data   Data          `json:"data"`
}

// Return is where a run comes back to that has left a Wait by its branch
// Continue (ContinueExecution).
type Return struct {
	Action string    `json:"action"`          // the identifier of the Wait
	Depth  int       `json:"depth,omitempty"` // how many callers the run had there
	From   time.Time `json:"from"`            // when the wait ends if the branch has ended
	Until  time.Time `json:"until"`           // when it ends in any case; not before From
}

// MaxStack is how deep modules may be nested.
const MaxStack = 5

// Wait says what a suspended run waits for.
type Wait struct {
	Action  string    `json:"action"`            // the identifier of the waiting action
	Kind    WaitKind  `json:"kind"`              // what may wake it
	Until   time.Time `json:"until,omitzero"`    // when time runs out; zero for never
	Effect  string    `json:"effect,omitempty"`  // the id of the effect whose outcome is awaited
	Events  []string  `json:"events,omitempty"`  // the events that Wait listens to
	Session string    `json:"session,omitempty"` // of WaitAuth: the SessionId that the customer was sent
	Since   time.Time `json:"since,omitzero"`    // of WaitAuth: when the customer was sent it
	// Provider is, of WaitAuth, where the customer signs in.
	Provider *Provider `json:"provider,omitempty"`
	Hidden   bool      `json:"hidden,omitempty"` // of WaitView: the response is kept out of the transcript
}

// Provider is where a customer signs in: CognitoConfiguration.
type Provider struct {
	UserPool string `json:"pool"`               // UserPoolArn
	Client   string `json:"client"`             // AppClientId
	Redirect string `json:"redirect,omitempty"` // where the customer returns to: RedirectUri of GetAuthenticationUrl
}

// WaitKind is what a suspended action waits for.
type WaitKind string

// The kinds of waiting.
const (
	WaitTime   WaitKind = "time"   // Wait: until a time, or one of Events
	WaitEffect WaitKind = "effect" // until the outcome of Effect: InvokeLambdaFunction and others
	WaitInput  WaitKind = "input"  // ConnectParticipantWithLexBot: the customer's next message
	WaitBot    WaitKind = "bot"    // ConnectParticipantWithLexBot: the bot's answer to Effect; messages that come meanwhile are put by
	WaitView   WaitKind = "view"   // ShowView: the interactive response
	WaitAuth   WaitKind = "auth"   // AuthenticateParticipant: the end of Session
)

// calls reports whether the outcome of an effect is awaited.
func (w *Wait) calls() bool { return w.Kind == WaitEffect || w.Kind == WaitBot }

// Gathered is what the run has gathered as far as another flow of the contact
// may see it: where a module runs, that of the flow which called it, and in any
// case without a talk with a bot.
func (r *Run) Gathered() Data {
	data := r.Data
	if len(r.Stack) > 0 {
		data = r.Stack[0].Data
	}
	data.Talk = nil
	return data
}

// Wants reports whether an event may wake the run. It is cheap and reads no
// clock: a time event may still come early, which Advance sees.
func (r *Run) Wants(ev Event) bool { return r != nil && r.Wait.Wants(ev) }

// Wants reports whether an event is one that is waited for, leaving aside
// whether its time has come.
func (w *Wait) Wants(ev Event) bool {
	switch ev.Kind {
	case EventTime:
		return !w.Until.IsZero()
	case EventEffectDone:
		return w.calls() && w.Effect == ev.Effect
	case EventCustomerMessage:
		switch w.Kind {
		case WaitInput, WaitBot:
			return ev.ContentType != "" && ev.ContentType != center.AttachmentMessage
		case WaitView:
			return ev.ContentType == center.InteractiveResponse
		}
		return w.listens(flow.CustomerReturned)
	case EventCustomerBack:
		return w.listens(flow.CustomerReturned)
	case EventBotLeft:
		return w.listens(flow.BotDisconnected)
	case EventSignedIn, EventSignInCancelled:
		return w.Kind == WaitAuth && w.Session == ev.Session
	}
	return false
}

// Data is what a run has gathered: the roots of references that live with the
// run. The JSON values are objects.
type Data struct {
	Attributes map[string]string   `json:"attributes,omitempty"` // $.FlowAttributes
	Loops      map[string]int      `json:"loops,omitempty"`      // visits by action identifier
	Lists      map[string]ListLoop `json:"lists,omitempty"`      // $.Loop: by LoopName
	External   json.RawMessage     `json:"external,omitempty"`   // $.External: the last answer of a function
	Invocation string              `json:"invocation,omitempty"` // $.LambdaInvocation.InvocationId: the last asynchronous call
	Lex        json.RawMessage     `json:"lex,omitempty"`        // $.Lex: the last interaction with a bot
	Views      json.RawMessage     `json:"views,omitempty"`      // $.Views: Action and ViewResultData of the last view
	Metrics    json.RawMessage     `json:"metrics,omitempty"`    // $.Metrics: what GetMetricData found
	Wisdom     json.RawMessage     `json:"wisdom,omitempty"`     // $.Wisdom: SessionArn
	Input      json.RawMessage     `json:"input,omitempty"`      // $.Modules.Input: of the module that runs
	Module     json.RawMessage     `json:"module,omitempty"`     // $.Modules: Result and ResultData of the last module
	Talk       *Talk               `json:"talk,omitempty"`       // the interaction with a bot that is under way
}

// ListLoop is where a Loop with a name, or over a list, stands.
type ListLoop struct {
	Index    int             `json:"index"`
	Length   int             `json:"length"`
	Elements json.RawMessage `json:"elements,omitempty"` // nil for a loop that only counts
}

// Talk is a customer's interaction with a bot while it lasts.
type Talk struct {
	State   json.RawMessage `json:"state,omitempty"`   // the bot's session state, for its next call
	Pending []string        `json:"pending,omitempty"` // what the customer wrote while the bot was thinking
}

func (w *Wait) listens(event string) bool {
	return slices.Contains(w.Events, event)
}

// The documents of a run's data.
const (
	docExternal = iota
	docLex
	docViews
	docMetrics
	docWisdom
	docInput
	docModule
	docs
)

// raw returns where the run keeps a document.
func (d *Data) raw(doc int) *json.RawMessage {
	switch doc {
	case docExternal:
		return &d.External
	case docLex:
		return &d.Lex
	case docViews:
		return &d.Views
	case docMetrics:
		return &d.Metrics
	case docWisdom:
		return &d.Wisdom
	case docInput:
		return &d.Input
	}
	return &d.Module
}
