package center

import (
	"encoding/json"
	"time"
)

// Contact is the record of one contact: one segment of a chat, from the way it
// began to the reason it ended (DescribeContact, Contact members). A chat is a
// chain of contacts that share InitialContactId, participants and transcript.
// Attributes belong to the chain and are kept with the chat.
type Contact struct {
	ID               ContactID                   `json:"id"`
	Chat             ContactID                   `json:"chat"` // InitialContactId; its own id for the first
	Instance         InstanceID                  `json:"instance"`
	Previous         ContactID                   `json:"previous,omitempty"`
	Next             ContactID                   `json:"next,omitempty"`
	Related          ContactID                   `json:"related,omitempty"`
	InitiationMethod string                      `json:"method"`
	Name             string                      `json:"name,omitempty"`
	Description      string                      `json:"description,omitempty"`
	CustomerID       string                      `json:"customer,omitempty"`
	Initiated        time.Time                   `json:"initiated"`
	ConnectedSystem  time.Time                   `json:"connected,omitzero"` // ConnectedToSystemTimestamp
	Disconnected     time.Time                   `json:"disconnected,omitzero"`
	DisconnectReason string                      `json:"reason,omitempty"`
	Updated          time.Time                   `json:"updated,omitzero"`
	Flow             FlowID                      `json:"flow,omitempty"`      // the flow it began with
	AIAgent          AIAgentID                   `json:"aiAgent,omitempty"`   // who talks to the customer in place of a flow (StartAssistantContact)
	Escalated        bool                        `json:"escalated,omitempty"` // the AI agent wanted a human to take over (AiAgentEscalated)
	Queue            QueueID                     `json:"queue,omitempty"`
	Enqueued         time.Time                   `json:"enqueued,omitzero"`
	Ranked           time.Time                   `json:"ranked,omitzero"` // what counted in place of Enqueued for its rank; zero for Enqueued
	Agent            UserID                      `json:"agent,omitempty"`
	AgentConnected   time.Time                   `json:"agentConnected,omitzero"`
	AfterWork        time.Time                   `json:"afterWork,omitzero"`    // AfterContactWorkStartTimestamp: when that agent left
	AfterWorkEnd     time.Time                   `json:"afterWorkEnd,omitzero"` // AfterContactWorkEndTimestamp
	Rings            int                         `json:"rings,omitempty"`       // AgentConnectionAttempts: how often it was offered to an agent
	Transferred      time.Time                   `json:"transferred,omitzero"`  // TransferCompletedTimestamp: when it went on as another contact that nobody was in yet, or an agent's transfer of it reached its target
	Criteria         []RoutingCriteria           `json:"criteria,omitempty"`    // those by which it was routed and is not any more: the last [MaxCriteria]
	QueuePriority    int64                       `json:"priority,omitempty"`
	QueueTimeAdjust  int64                       `json:"timeAdjust,omitempty"` // seconds
	References       map[string]Reference        `json:"references,omitempty"`
	SegmentAttrs     map[string]SegmentAttribute `json:"segment,omitempty"`
	Tags             map[string]string           `json:"tags,omitempty"`
	// Attributes are those of the chat, and Sought the agents whom its routing criteria name, as they were when the
	// record was written. Only records in the store have them, to be found by: what counts is the chat's.
	Attributes map[string]string `json:"attributes,omitempty"`
	Sought     []UserID          `json:"sought,omitempty"`
}

// Ended reports whether the contact is over.
func (c *Contact) Ended() bool { return !c.Disconnected.IsZero() }

// MaxCriteria is how many routing criteria the record of a contact keeps.
const MaxCriteria = 3

// RoutingCriteria are the routing criteria of a contact, as they were last in force.
type RoutingCriteria struct {
	Active time.Time     `json:"active"` // ActivationTimestamp
	Index  int           `json:"index"`  // of the step that was active; len(Steps) when anybody could take the contact
	Steps  []RoutingStep `json:"steps"`
}

// RoutingStep is one step of routing criteria (RoutingCriteria.Steps).
type RoutingStep struct {
	Expression json.RawMessage `json:"expression"`       // as it was given, with Amazon's names
	Expiry     time.Duration   `json:"expiry,omitempty"` // 0 for never
	ExpiresAt  time.Time       `json:"by,omitzero"`      // of the active step, and of one that has expired
	Status     string          `json:"status"`           // RoutingCriteriaStepStatus
}

// Reference is a link or value an agent sees beside a contact (Reference).
type Reference struct {
	Type  string `json:"type"`
	Value string `json:"value,omitempty"`
}

// SegmentAttribute is the value of a segment attribute
// (SegmentAttributeValue): exactly one member is set.
type SegmentAttribute struct {
	String  *string                     `json:"s,omitempty"`
	Integer *int64                      `json:"i,omitempty"`
	Map     map[string]SegmentAttribute `json:"m,omitempty"`
	List    []SegmentAttribute          `json:"l,omitempty"`
	ARN     *string                     `json:"a,omitempty"`
}

// Initiation methods (ContactInitiationMethod) that a chat can have.
const (
	MethodAPI           = "API"
	MethodTransfer      = "TRANSFER"
	MethodQueueTransfer = "QUEUE_TRANSFER"
	MethodDisconnect    = "DISCONNECT"
	MethodMonitor       = "MONITOR"
)

// Disconnect reasons (DisconnectReason) of a chat.
const (
	ReasonCustomer     = "CUSTOMER_DISCONNECT"
	ReasonAgent        = "AGENT_DISCONNECT"
	ReasonAgentLost    = "AGENT_NETWORK_DISCONNECT"
	ReasonNotConnected = "CUSTOMER_CONNECTION_NOT_ESTABLISHED"
	ReasonExpired      = "EXPIRED"
	ReasonFlow         = "CONTACT_FLOW_DISCONNECT"
	ReasonAPI          = "API"
	ReasonIdle         = "IDLE_DISCONNECT"
	ReasonSystemError  = "SYSTEM_ERROR"
	ReasonThirdParty   = "THIRD_PARTY_DISCONNECT" // of an agent whom another one removed
	ReasonBarged       = "BARGED"                 // of an agent whom a supervisor removed
)
