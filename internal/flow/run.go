package flow

import (
	"encoding/json"
	"time"

	"parley/internal/center"
)

// Run is where one execution of a flow stands: all that is needed to go on
// after a restart. It is a value: Advance returns a new one and leaves the old
// one as it was.
type Run struct {
	Flow center.FlowID `json:"flow"`
	Hash string        `json:"hash"` // of the content it began with; publishing anew does not change a run
	Data Data          `json:"data"`
	Wait Wait          `json:"wait"`
}

// Wait says what a suspended run waits for.
type Wait struct {
	Action string    `json:"action"`           // the identifier of the waiting action
	Kind   WaitKind  `json:"kind"`             // what may wake it
	Until  time.Time `json:"until,omitzero"`   // when time runs out; zero for never
	Effect string    `json:"effect,omitempty"` // the id of the effect whose outcome is awaited
	Events []string  `json:"events,omitempty"` // the events that Wait listens to
}

// WaitKind is what a suspended action waits for.
type WaitKind string

// The kinds of waiting. More come with further suspending actions.
const (
	WaitTime   WaitKind = "time"   // Wait: until a time, or one of Events
	WaitEffect WaitKind = "effect" // InvokeLambdaFunction: until the outcome of Effect
)

// Data is what a run has gathered: the roots of references that live with the run.
type Data struct {
	Attributes map[string]string `json:"attributes,omitempty"` // $.FlowAttributes
	Loops      map[string]int    `json:"loops,omitempty"`      // visits by action identifier
	External   json.RawMessage   `json:"external,omitempty"`   // $.External: the last answer of a function
	Invocation string            `json:"invocation,omitempty"` // $.LambdaInvocation.InvocationId: the last asynchronous call
}

// Contact is what a flow sees of the chat it runs in, and what it may change.
// Advance works on the value it is given: the caller passes a copy of its own
// and reads the changes from it.
type Contact struct {
	ID, Chat, Previous, Related center.ContactID // Chat is InitialContactId
	InstanceARN, Region         string
	InitiationMethod            string
	CustomerName                string // DisplayName of the customer: $.CustomerEndpoint.DisplayName
	InitialMessage              string // $.Media.InitialMessage
	BotPresent                  bool   // a custom participant is attached: for Wait's BotParticipantDisconnected
	QueueName, QueueARN         string // the target queue
	AgentARN                    string

	// What actions may change. Maps may be nil and are replaced, never written to.
	Name, Description, CustomerID string
	LanguageCode                  string
	Attributes                    map[string]string
	SegmentAttributes             map[string]center.SegmentAttribute
	References                    map[string]center.Reference
	Tags                          map[string]string
	Hooks                         map[string]center.FlowID // UpdateContactEventHooks: CustomerQueue, CustomerRemaining …
	Logging                       bool                     // UpdateFlowLoggingBehavior
}

// World is what Advance needs to know besides the run: the time, the contact,
// the flows that may be called, and chance.
type World struct {
	Now     time.Time
	Contact *Contact
	// Flow returns the published content of an active flow by its id or ARN.
	Flow func(ref string) (*Flow, center.FlowID, error)
	// Content returns the content a run began with.
	Content func(id center.FlowID, hash string) (*Flow, error)
	// Random returns a number in [0, n).
	Random func(n int) int
	// NewID returns a fresh id for an effect.
	NewID func() string
	// Trace is told of each action as it runs, whatever the contact's logging
	// says: for tools that show or count what a flow does. It may be nil.
	Trace func(Visit)
}

// Event is why a run goes on.
type Event struct {
	Kind EventKind
	// Of EffectDone: which effect, and what came of it.
	Effect string
	Answer json.RawMessage // nil when Err is set
	Err    string          // why the effect failed
}

// EventKind is the kind of an event.
type EventKind string

// The events.
const (
	EventTime            EventKind = "time"            // Wait.Until has come
	EventCustomerMessage EventKind = "customerMessage" // the customer sent a message
	EventBotLeft         EventKind = "botLeft"         // the custom participant left
	EventEffectDone      EventKind = "effectDone"
)

// Outcome is what a step of a run leads to.
type Outcome struct {
	Run      *Run     // where the run waits now; nil when it has ended
	End      End      // how it ended, when Run is nil
	Messages []string // what the participant is told, in order: text/plain from SYSTEM_MESSAGE
	Invoke   []Invoke // functions to call
	Log      []LogEntry
}

// End is how a run ended.
type End string

// The ends. A flow whose next action is missing ends as EndFlowExecution would.
const (
	EndFlow       End = "end"        // EndFlowExecution, or nowhere to go
	EndDisconnect End = "disconnect" // DisconnectParticipant
	EndRunaway    End = "runaway"    // the guard stopped it: too many actions without waiting
)

// Invoke is one call of a Lambda function to start: an effect. Its outcome
// comes back as an EventEffectDone with the same ID, unless it is asynchronous.
type Invoke struct {
	ID         string         `json:"id"`
	Function   string         `json:"function"` // ARN or name, resolved
	Async      bool           `json:"async,omitempty"`
	TimeLimit  time.Duration  `json:"limit"`
	Parameters map[string]any `json:"parameters,omitempty"` // Details.Parameters: strings, or any JSON with ResponseType JSON
	JSON       bool           `json:"json,omitempty"`       // ResponseType JSON instead of STRING_MAP
}

// LogEntry is one entry of a flow log: the action that ran and how it went.
type LogEntry struct {
	Flow       center.FlowID
	Action     string // identifier
	Type       string // action type
	Parameters map[string]any
	Result     string // the condition or error type that decided, "" for plain success
	Problem    string // why the error branch was taken
	Always     bool   // to be logged even when the contact's logging is off: an unsupported action, a runaway
}
