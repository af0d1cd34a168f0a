package machine

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Contact is what a flow sees of the chat it runs in, and what it may change.
// Advance works on the value it is given: the caller passes a copy of its own
// and reads the changes from it.
type Contact struct {
	ID, Chat, Previous center.ContactID // Chat is InitialContactId
	Related            center.ContactID
	InstanceARN        string
	Region             string
	InitiationMethod   string
	CustomerName       string // DisplayName of the customer: $.CustomerEndpoint.DisplayName
	InitialMessage     string // $.Media.InitialMessage
	BotPresent         bool   // a custom participant is attached: for Wait's BotParticipantDisconnected
	Interactive        bool   // the client shows views and answers them: for ShowView and AuthenticateParticipant
	Queued             bool   // the contact waits in a queue
	Connected          bool   // an agent is on the contact, or about to be
	Transfers          int    // queue-to-queue transfers of the chain so far
	Continues          bool   // a persistent chat: it continues an earlier one already
	Agent              Agent

	AIAgent center.AIAgentID // whom ConnectParticipantWithLexBot asks instead of what it says; "" for that

	// What actions may change. Maps may be nil and are replaced, never written to.
	Queue                         Queue // the target queue
	Name, Description, CustomerID string
	LanguageCode                  string
	Attributes                    map[string]string
	SegmentAttributes             map[string]center.SegmentAttribute
	References                    map[string]center.Reference
	Tags                          map[string]string
	Hooks                         map[string]center.FlowRef // UpdateContactEventHooks: CustomerQueue, CustomerRemaining …
	Logging                       bool                      // UpdateFlowLoggingBehavior
	Priority                      int64                     // QueuePriority; 0 for the default, 5
	TimeAdjustment                time.Duration             // QueueTimeAdjustmentSeconds
	Criteria                      []flow.Criterion          // UpdateContactRoutingCriteria; replaced, never written to
	Processor                     *flow.Processor           // UpdateContactMediaProcessing; nil for none; replaced, never written to
}

// Agent is who $.Agent is: in whispers, and in a disconnect flow the one who left.
type Agent struct {
	ARN       string `json:"arn,omitempty"`
	UserName  string `json:"userName,omitempty"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
}

// Queue is a queue as flows see it. Only what identifies it is kept; the rest
// is looked up anew each time.
type Queue struct {
	ID   center.QueueID `json:"id,omitempty"` // "agent/" and the user's id for the queue of an agent
	ARN  string         `json:"arn,omitempty"`
	Name string         `json:"name,omitempty"`

	Hours    string `json:"-"` // id of its hours of operation; "" for the queue of an agent, which has none
	Disabled bool   `json:"-"` // takes no more contacts
	Max      int64  `json:"-"` // how many contacts may wait; -1 for no limit
	Full     bool   `json:"-"` // it is known to be at capacity
}

// AgentQueue is what the id of an agent's own queue begins with.
const AgentQueue = "agent/"

// Opening is what hours of operation say of a moment.
type Opening struct {
	Open     bool
	Override string // the name of the override that decides, "" for the weekly hours
}

// QueueStatus is how a queue stands: what CheckMetricData and GetMetricData read.
type QueueStatus struct {
	Contacts int64         // that wait
	Oldest   time.Duration // age of the one that has waited longest
	Position int64         // of this contact, from 1; 0 when it does not wait there
	// Wait and OwnWait are estimates for a contact that comes now, and for this one; nil when they are not known.
	Wait, OwnWait *time.Duration

	Online, Available, Staffed, AfterContactWork, Busy, Missed, NonProductive int64 // agents
}

// View is a view that ShowView may show.
type View struct {
	ID      string // as the customer's client is shown it
	ARN     string
	Name    string
	Version int    // 0 for a content that no version has
	Hash    string // of the content: who is shown it can read it after the view has changed
	Actions []string
}

// World is what Advance needs to know besides the run: the time, the contact,
// the flows that may be called, facts, and randomness.
type World struct {
	Now     time.Time
	Contact *Contact
	// Flow returns the content of an active flow by its id or ARN, which an alias
	// or a version may follow behind a colon; without one it is the published one.
	Flow func(ref string) (*flow.Flow, center.FlowID, error)
	// Content returns the content that a run of a flow or a module began with.
	Content func(id center.FlowID, hash string) (*flow.Flow, error)
	// Facts answers for the instance. Without it there is nothing that it would find.
	Facts Facts
	// Random returns a number in [0, n).
	Random func(n int) int
	// NewID returns a fresh id for an effect or a session.
	NewID func() string
	// Trace is called for each action as it runs, whatever the contact's logging
	// says: for tools that show or count what a flow does. It may be nil.
	Trace func(Visit)
}

// Facts is what a flow may ask of the instance it runs in. Answers come from
// memory. Errors say, for the flow's author, why there is no answer:
// the action takes its error branch and the flow log keeps the words.
type Facts interface {
	// Queue finds a queue by id or ARN; "agent/" and a user's id is that agent's own.
	Queue(ref string) (Queue, error)
	// Hours reports whether hours of operation, by id or ARN, are open now.
	Hours(ref string) (Opening, error)
	// Metrics returns the status of a queue.
	Metrics(q Queue) (QueueStatus, error)
	// Module returns the content of a flow module by its id or ARN, which an
	// alias or a version may follow behind a colon.
	Module(ref string) (*flow.Flow, center.FlowID, error)
	// View finds a view by id or ARN, which a version may follow behind a colon.
	View(ref string) (View, error)
	// ViewToken returns what a participant shows to DescribeView for a view.
	ViewToken(v View) string
	// LambdaAllowed is nil when flows of the instance may call a function.
	LambdaAllowed(function string) error
	// BotAllowed is nil when flows of the instance may ask a bot, by the ARN of its alias or, for Lex V1, its name.
	BotAllowed(bot string) error
	// Assistant is nil when flows of the instance may create sessions of an assistant,
	// which are made up: nobody answers in them.
	Assistant(assistant string) error
}

// Visit is one action that ran: see World.Trace. An action that waits is
// visited twice, before and after.
type Visit struct {
	Kind       Kind // of the run
	Flow       center.FlowID
	Action     string // identifier
	Type       string
	Parameters map[string]any // resolved, as in [LogEntry]; the receiver must not change it
	Result     string         // the condition or error type that decided
	Problem    string         // why it failed
	Way        flow.Way
	Next       string // identifier of the next action of the same flow; "" if none
	Waits      bool   // the run is suspended here
	Again      bool   // it was visited before, when it began to wait or called a module, and goes on now
	Step       int    // counts the actions of one Start or Advance, from 1
	Said       int    // how much that Start or Advance has said, this action included
	Told       int    // how many messages the chat had before it; package contact fills it in
	Depth      int    // how many flows have called modules to come here
}
