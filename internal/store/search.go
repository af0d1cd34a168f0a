package store

import (
	"context"
	"time"

	"parley.example/parley/internal/center"
)

// ContactSearcher is the part of a [Store] that finds contacts by what they have in common.
type ContactSearcher interface {
	// SearchContacts returns at most q.Limit of the contacts that match, in the order of q, behind q.After.
	// It looks at no more contacts than are in q.Range, and when that is of TimeInitiated at no more than are
	// in it and have the attributes (unless they must not), or else the agents, or the queues.
	SearchContacts(ctx context.Context, q ContactSearch) ([]FoundContact, error)
	// CountContacts returns how many match, and counts no further than to most; After and Limit do not matter.
	CountContacts(ctx context.Context, q ContactSearch, most int64) (int64, error)

	// IndexTranscripts takes what was said in at most limit contacts that are over into the index by which
	// [ContactSearch.Said] finds them, the newest first, and returns how many there were: none when the index is up to
	// date. Which are left to be taken is durable, as is the index, so it goes on where it was. Many nodes may call it: each contact is
	// taken once. What is erased, or will be by the time at which it would be taken, is not in the index.
	IndexTranscripts(ctx context.Context, limit int) (taken int, err error)
	// Unindexed counts the contacts that are over and not yet in the index.
	Unindexed(ctx context.Context) (int64, error)
}

// ContactTime is one of the times of a contact.
type ContactTime string

// The times of a contact. Nothing is ever scheduled.
const (
	TimeInitiated    ContactTime = "initiated"
	TimeDisconnected ContactTime = "disconnected"
	TimeEnqueued     ContactTime = "enqueued"
	TimeConnected    ContactTime = "agent_connected" // to the agent
	TimeScheduled    ContactTime = "scheduled"
)

// TimeRange is when a time of a contact has to be, both ends included. A contact that does not have the time is not in it.
type TimeRange struct {
	Of       ContactTime
	From, To time.Time
	Absent   bool // instead, the contact must not have the time
}

// Match says how many of some conditions have to be met.
type Match string

// How many of some conditions have to be met. The zero value is MatchAll.
const (
	MatchAll   Match = ""
	MatchAny   Match = "any"
	MatchNone  Match = "none"
	MatchExact Match = "exact" // of texts: one is the whole name
)

// KeyValues is a condition on an attribute: its value is one of these. Letters of ASCII are the same in either case.
type KeyValues struct {
	Key    string   `json:"k"`
	Values []string `json:"v"` // of a tag none are any value
}

// CustomerKey is the name of an attribute by which contacts that are over are found, besides those of the chat: the CustomerId, of at most 100
// characters. A chat may have an attribute of that name, so whoever finds a contact by it looks at its CustomerID. Contacts that were over before
// stores knew of it are not found.
const CustomerKey = "parley:CustomerId"

// Conditions are conditions on attributes; none of them are met by everything.
type Conditions struct {
	All   []KeyValues
	Match Match
}

// SoughtAgents is a condition on the agents whom a contact's routing criteria name: MatchAny of them, and so on.
type SoughtAgents struct {
	Agents []center.UserID
	Match  Match
}

// Said is a condition on what participants of a role said in a contact: in messages that were delivered, as plain
// text, Markdown or in the strings of interactive messages. Package words says what a word is, and a term.
//
// A text is found when all of its terms are, anywhere in the contact; with MatchExact, when its words follow each other in one
// message. MatchExact needs all texts, as MatchAll does. A text without words is found nowhere. No texts are met by everything.
// Of a contact the first [MaxIndexed] bytes of each role's words are known.
type Said struct {
	Role  center.Role
	Texts []string
	Match Match
}

// MaxIndexed is how many bytes of words of each role are indexed of a contact.
const MaxIndexed = 256 << 10

// ContactSearch is what SearchContacts looks for. All conditions have to be met.
type ContactSearch struct {
	Instance center.InstanceID
	Range    TimeRange
	Also     []TimeRange
	AlsoAs   Match

	Agents  []center.UserID // one of these; nil for whoever, or nobody
	Queues  []center.QueueID
	Methods []string // InitiationMethod

	Name       []string // texts that the name has in it; letters of ASCII are the same in either case
	NameAs     Match
	Attributes Conditions // as they were when the record was written last; values of at most 100 characters
	Segment    Conditions
	Sought     []SoughtAgents
	Tags       Conditions
	TagsAny    []Conditions // one of these; none for any
	Said       []Said       // of contacts that are over: see IndexTranscripts
	SaidAs     Match

	Sort       ContactSort
	Descending bool
	After      *ContactKey
	Limit      int
}

// ContactSort is what contacts are sorted by, and by their ids then. Contacts without it come before all others.
type ContactSort struct {
	Time   ContactTime // "" for Method
	Method bool
}

// ContactKey is the place of a contact in the order of a search.
type ContactKey struct {
	Time int64  `json:"t,omitempty"` // milliseconds since 1970; -1 for none
	Text string `json:"m,omitempty"`
	ID   string `json:"i"`
}

// FoundContact is a contact that was found.
type FoundContact struct {
	center.Contact
	Key ContactKey
}
