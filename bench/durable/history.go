// Package durable chats with a Parley server that is killed again and again, keeps what
// it was told, and checks that nothing of it was lost.
//
// A [Load] plays customers, bots and agents: it starts chats, sends messages, receipts and files,
// changes attributes, receives webhooks and sockets, and ends chats; chats of a queue ring at agents, who accept, refuse
// or miss them, answer, leave and clear. It repeats a call whose
// answer was lost, under the same ClientToken, until there is an answer, or it gives up and
// does not know. What happened in a chat is its [Chat]; what is found of it afterwards, in the
// transcript, at the webhook and at the socket, is [Seen]. [Chat.Check] compares the two, [Hold.Check] looks at
// what an agent was told, and [Load.Look] at who has which chat at one moment. They
// know nothing of the server but what its APIs promise.
//
// Whoever kills the server restarts it at the same address. Start reading at [Load.Under].
package durable

// Item is what is known of an item of a chat, wherever it was seen.
type Item struct {
	ID          string
	Role        string // of its participant, as in ParticipantRole
	Participant string // its id
	Text        string // of a message; the id of an attachment; the name of an event
	Event       bool
	At          string // AbsoluteTime
	Read        bool   // it has a receipt that says so
}

// Fate is what its author knows of a deed.
type Fate int

const (
	Acknowledged Fate = iota // it was answered
	Refused                  // it was refused, whenever it was tried
	Unknown                  // an answer was lost, and none came after it
)

// Deed is a message or an attachment of a customer, a bot or an agent.
type Deed struct {
	Role, Text string // as in [Item]
	ID         string // of the item, if the answer had it
	Fate       Fate
	Read       bool // its receipt was acknowledged
}

// Chat is what the participants of a chat did, and were told: customer and bots one after another, each agent beside them.
type Chat struct {
	Contact   string
	Says      []string // what the flow says, in order, once it has run
	Deeds     []Deed
	Joined    []string          // roles of those who have connected
	Set       map[string]string // attributes that were acknowledged
	Unsure    map[string]string // attributes whose answer was lost
	Files     map[string]string // content of attachments, by id
	Streamed  int               // deeds before the webhook was acknowledged; -1 without a webhook
	MayStream bool              // the answer that would have acknowledged it was lost
	Listened  bool              // a session has received the chat from its beginning
	Ended     bool              // somebody was told that it has
	Holds     []*Hold           // the times that agents had it in hand
}

// Note is a delivery to a webhook. One that is repeated has the same ID.
type Note struct {
	ID   string
	Item Item
}

// Seen is what is found of a chat.
type Seen struct {
	Transcript []Item
	Heard      []Item // what a session received
	Notes      []Note // in the order of their arrival, repeated ones included
	Attributes map[string]string
	Files      map[string]string // content of attachments, by id
}
