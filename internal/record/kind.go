package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Kind is a kind of what others are told. Its value is the name by which an operator sets where it goes.
type Kind string

// The kinds.
const (
	ContactEvents  Kind = "contact-events"   // Amazon Connect Contact Event
	ContactRecords Kind = "contact-records"  // InstanceStorageResourceType CONTACT_TRACE_RECORDS
	AgentEvents    Kind = "agent-events"     // InstanceStorageResourceType AGENT_EVENTS
	Transcripts    Kind = "chat-transcripts" // InstanceStorageResourceType CHAT_TRANSCRIPTS
)

// AllKinds are the kinds.
var AllKinds = []Kind{ContactEvents, ContactRecords, AgentEvents, Transcripts}

// Kinds is a set of kinds. The zero value is empty.
type Kinds uint8

// Has reports whether a kind is in the set.
func (s Kinds) Has(k Kind) bool { return s&k.bit() != 0 }

// With returns the set with a kind.
func (s Kinds) With(k Kind) Kinds { return s | k.bit() }

func (k Kind) bit() Kinds {
	for i, known := range AllKinds {
		if k == known {
			return 1 << i
		}
	}
	return 0
}

// endpointPrefix distinguishes the endpoints of facts in the outbox from the ARNs of streaming endpoints.
const endpointPrefix = "parley:"

// Endpoint is what the deliveries of a kind have as their Endpoint.
func (k Kind) Endpoint() string { return endpointPrefix + string(k) }

// KindOf is the reverse of [Kind.Endpoint]. ok is false for any other endpoint.
func KindOf(endpoint string) (k Kind, ok bool) {
	name, ok := strings.CutPrefix(endpoint, endpointPrefix)
	return Kind(name), ok && Kind(name).bit() != 0
}

// Delivery returns the fact as the outbox keeps it.
func (f *Fact) Delivery(now time.Time) store.Delivery {
	body, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("record: a fact does not encode: %v", err)) // only strings, numbers, times and raw JSON that was checked
	}
	return store.Delivery{
		Stream: string(f.Kind) + "/" + f.Subject(), Chat: f.Chat, Instance: f.Instance, Endpoint: f.Kind.Endpoint(),
		Body: body, Created: now, Due: now,
	}
}

// Subject is whose fact it is: the id of a contact, or of an agent.
func (f *Fact) Subject() string {
	if f.Kind == AgentEvents {
		return string(f.User)
	}
	return string(f.Of)
}

// Read is the reverse of [Fact.Delivery].
func Read(d *store.Delivery) (*Fact, error) {
	kind, ok := KindOf(d.Endpoint)
	if !ok {
		return nil, fmt.Errorf("%q is no kind of record", d.Endpoint)
	}
	f := &Fact{Kind: kind, Instance: d.Instance, Chat: d.Chat}
	if err := json.Unmarshal(d.Body, f); err != nil {
		return nil, fmt.Errorf("decode a fact: %w", err)
	}
	return f, nil
}

// Fact is something that has happened, with what is to be told of it. Members that do not
// belong to its kind are empty.
type Fact struct {
	Kind     Kind              `json:"-"`
	Instance center.InstanceID `json:"-"`
	Chat     center.ContactID  `json:"-"` // "" of an agent's: it is nothing that goes when the chat is erased

	ID   string    `json:"id"`             // the same whenever it is told
	Type string    `json:"type,omitempty"` // eventType of a contact event, EventType of an agent event
	At   time.Time `json:"at"`

	Of      center.ContactID `json:"of,omitempty"`      // the contact
	Contact *center.Contact  `json:"contact,omitempty"` // its record; nil for one that is in the store alone
	// Criteria are the routing criteria in force.
	Criteria   *center.RoutingCriteria `json:"criteria,omitempty"`
	Updated    []string                `json:"updated,omitempty"`    // updatedProperties of CONTACT_DATA_UPDATED
	Attributes map[string]string       `json:"attributes,omitempty"` // of a contact record

	User center.UserID `json:"user,omitempty"` // the agent
	Was  *Snapshot     `json:"was,omitempty"`  // PreviousAgentSnapshot
	Is   *Snapshot     `json:"is,omitempty"`   // CurrentAgentSnapshot
}
