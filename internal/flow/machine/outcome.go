package machine

import (
	"encoding/json"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

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
// under the same ID, and its outcome is reported as an EventEffectDone with that
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

// LogEntry is one entry of a flow log: the action that ran and how it went.
// Actions that call out write one entry when they begin and one when they end.
type LogEntry struct {
	Time       time.Time
	Contact    center.ContactID // whose flow it is; "" for the chat's current one. Package contact fills it in
	Flow       center.FlowID
	Module     bool   // Flow is a module
	Action     string // identifier
	Type       string // action type
	Block      string // ContactFlowModuleType: the name that the service's logs use for the type
	Parameters map[string]any
	Result     string          // the condition or error type that decided, "" for plain success
	External   json.RawMessage // ExternalResults: the answer of a function, on its second entry
	Problem    string          // why the error branch was taken
	Logging    bool            // the contact's logging was on: the entry is for the flow log
	Always     bool            // to be reported even when it was off: an unsupported action, a runaway
}
