package machine

import (
	"encoding/json"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Run is where one execution of a flow stands: all that is needed to go on
// after a restart. It is a value: Advance returns a new one and leaves the old
// one as it was.
type Run struct {
	Flow  center.FlowID `json:"flow"`
	Hash  string        `json:"hash"` // of the content it began with; publishing anew does not change a run
	Kind  Kind          `json:"kind,omitempty"`
	Data  Data          `json:"data"`
	Wait  Wait          `json:"wait"`
	Stack []Frame       `json:"stack,omitempty"` // the callers of the module that runs, outermost first
	Steps int           `json:"steps,omitempty"` // actions since a person or the time moved the run: see flow.MaxSteps
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
)

// flows is the kind as the designer's types of flow. A disconnect flow is of
// the inbound type.
func (k Kind) flows() flow.FlowTypes {
	switch k {
	case KindCustomerQueue:
		return flow.Queued
	case KindAgentWhisper:
		return flow.AgentWhisper
	case KindCustomerWhisper:
		return flow.CustomerWhisper
	}
	return flow.Inbound
}

// whisper reports whether only one side hears the run.
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
		return (w.Kind == WaitEffect || w.Kind == WaitBot) && w.Effect == ev.Effect
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

// Event is why a run goes on.
type Event struct {
	Kind EventKind
	// Of EventEffectDone: which effect, and what came of it.
	Effect string
	Answer json.RawMessage // nil when Err is set
	Err    string          // why the effect failed
	// Of EventCustomerMessage.
	ContentType, Content string
	// Of EventSignedIn and EventSignInCancelled.
	Session string
	SignIn  SignIn
}

// EventKind is the kind of an event.
type EventKind string

// The events.
const (
	EventTime            EventKind = "time"            // Wait.Until has come
	EventCustomerMessage EventKind = "customerMessage" // the customer sent a message or a file
	EventCustomerBack    EventKind = "customerBack"    // the customer, who had fallen idle, connected again
	EventBotLeft         EventKind = "botLeft"         // the custom participant left
	EventEffectDone      EventKind = "effectDone"
	EventSignedIn        EventKind = "signedIn"        // UpdateParticipantAuthentication, for good or ill
	EventSignInCancelled EventKind = "signInCancelled" // CancelParticipantAuthentication
)

// SignIn is how a customer's authentication ended: what becomes of the segment
// attribute connect:CustomerAuthentication.
type SignIn struct {
	Err        string // why it failed, "" for success
	CustomerID string // AssociatedCustomerId
	Provider   string // IdentityProvider
	Method     string // AuthenticationMethod
}

// Outcome is what a step of a run leads to.
type Outcome struct {
	Run      *Run      // where the run waits now; nil when it has ended
	End      End       // how it ended, when Run is nil
	Queue    Queue     // of EndQueued: where the contact is to wait
	Data     Data      // what the run had gathered when it ended
	Messages []Message // what is said, in order
	Effects  []Effect  // what to do in the world
	BotJoins bool      // a bot takes part from now on: custom participants have to leave
	Log      []LogEntry
}

// Message is one thing that a flow says in the chat.
type Message struct {
	ContentType string // of a message, or an event's
	Text        string
	Speaker     string // DisplayName: SYSTEM_MESSAGE or BOT; "" for an event
	Visibility  center.Visibility
}

// End is how a run ended.
type End string

// The ends. A flow whose next action is missing ends as EndFlowExecution would.
const (
	EndFlow       End = "end"        // EndFlowExecution, or nowhere to go
	EndDisconnect End = "disconnect" // DisconnectParticipant
	EndQueued     End = "queued"     // TransferContactToQueue, DequeueContactAndTransferToQueue
	EndRunaway    End = "runaway"    // the guard stopped it: too many actions without waiting for anybody
)

// EffectKind is what an effect does.
type EffectKind string

// The kinds of effect.
const (
	EffectInvoke   EffectKind = ""         // calls a Lambda function; the answer is its answer
	EffectAsk      EffectKind = "ask"      // asks a bot; the answer is an [Answer]
	EffectUpdate   EffectKind = "update"   // changes the related contact; the answer is empty
	EffectContinue EffectKind = "continue" // finds what a persistent chat continues; the answer is the caller's own matter
	EffectProcess  EffectKind = "process"  // calls a message processor, for no flow: see [flow.Processor]
)

// Effect is one thing to do in the world. It is done at least once, always
// under the same ID, and its outcome comes back as an EventEffectDone with that
// ID; nobody waits for the outcome of an asynchronous call.
type Effect struct {
	ID       string     `json:"id"`
	Kind     EffectKind `json:"kind,omitempty"`
	Invoke   *Invoke    `json:"invoke,omitempty"`
	Ask      *Ask       `json:"ask,omitempty"`
	Update   *Update    `json:"update,omitempty"`
	Continue *Continue  `json:"continue,omitempty"`
}

// Async reports whether nobody waits for the outcome.
func (e *Effect) Async() bool { return e.Invoke != nil && e.Invoke.Async }

// Limit is how long the effect may take.
func (e *Effect) Limit() time.Duration {
	switch {
	case e.Invoke != nil:
		return e.Invoke.TimeLimit
	case e.Ask != nil:
		return e.Ask.TimeLimit
	}
	return flow.MaxSync * time.Second
}

// Invoke is one call of a Lambda function.
type Invoke struct {
	ID         string         `json:"id"`       // that of the effect
	Function   string         `json:"function"` // ARN or name, resolved
	Async      bool           `json:"async,omitempty"`
	TimeLimit  time.Duration  `json:"limit"`
	Parameters map[string]any `json:"parameters,omitempty"` // Details.Parameters: strings, or any JSON with ResponseType JSON
	JSON       bool           `json:"json,omitempty"`       // ResponseType JSON instead of STRING_MAP
}

// Update changes the contact to which this one is related: TargetContact
// Related of UpdateContactAttributes and UpdateContactData. Nil members stay.
type Update struct {
	Contact      center.ContactID                   `json:"contact"`
	Attributes   map[string]string                  `json:"attributes,omitempty"` // merged
	Name         *string                            `json:"name,omitempty"`
	Description  *string                            `json:"description,omitempty"`
	References   map[string]center.Reference        `json:"references,omitempty"` // merged
	SegmentAttrs map[string]center.SegmentAttribute `json:"segment,omitempty"`    // merged
}

// Continue asks for what a persistent chat continues (CreatePersistentContactAssociation).
type Continue struct {
	Source center.ContactID `json:"source"` // SourceContactId
	Entire bool             `json:"entire"` // RehydrationType ENTIRE_PAST_SESSION instead of FROM_SEGMENT
}
