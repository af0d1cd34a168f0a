// Package bus carries what was committed to everybody who asked for it, by
// subject: within one process by a call ([Local]); package nats does so between nodes.
//
// Order: messages of one subject reach a subscriber in the order of Publish,
// and a publisher calls Publish for a subject in the order of its commits,
// after each. Nothing is said of the order between subjects.
//
// Blocking: no method waits for anybody. A subscriber puts what it takes from a
// message into a bounded queue of its own and returns. It may publish, subscribe
// and unsubscribe from within the call.
//
// Failure: Local loses nothing. A bus between processes may lose, repeat and
// reorder messages, so a subscriber that must miss nothing compares
// [Message.Version] and the sequence numbers with what it knows, and reads the
// store. Package bustest has a bus that does all of that on purpose.
//
// Start reading at [Bus], [Subscription] and [Message].
package bus

import (
	"strings"

	"parley.example/parley/internal/center"
)

// Bus delivers messages to the subscribers of their subjects.
type Bus interface {
	// Publish delivers a message. The message and all it refers to belong to
	// the subscribers from then on and are never changed.
	Publish(Message)
	// Subscribe has Receive called for each message of the subject that is
	// published from now on. A subscription is subscribed on one bus, once at a time.
	Subscribe(*Subscription)
	// Unsubscribe ends that. A call that is under way when it returns may still
	// go on. What is not subscribed is ignored.
	Unsubscribe(*Subscription)
}

// Subscription is one subscriber of a subject. The subscriber keeps it in memory
// of its own, since there is one for each chat with sockets; neither member
// changes while it is subscribed.
type Subscription struct {
	Subject Subject
	Receive func(Message)
}

// Subject names what a message is about: a type and an id. Make one with [Chat], [Instance] or [Agent].
type Subject string

const (
	chatPrefix     = "chat/"
	instancePrefix = "instance/"
	agentPrefix    = "agent/"
)

// Chat returns the subject of a chat.
func Chat(id center.ContactID) Subject { return Subject(chatPrefix + id) }

// Instance returns the subject of what is set up in an instance.
func Instance(id center.InstanceID) Subject { return Subject(instancePrefix + id) }

// Work is the subject of what is told to all who make offers: of which chats and agents they are to look at, [Message.About] has one.
const Work Subject = "work"

// Told is the subject of what has been told of agents in records, for those who make heartbeats of agents: see recorder.Beats.
const Told Subject = "told"

// Nodes is the subject of what nodes tell each other of themselves, in [Message.About].
const Nodes Subject = "nodes"

// Agent returns the subject of what the clients of a user tell each other, and of what changes for him: of the agent
// himself, and of chats in his hands. A message with a Version says the latter, and no more.
func Agent(id center.UserID) Subject { return Subject(agentPrefix + id) }

// Chat returns the chat that the subject is about; ok is false when it is about something else.
func (s Subject) Chat() (id center.ContactID, ok bool) {
	rest, ok := strings.CutPrefix(string(s), chatPrefix)
	return center.ContactID(rest), ok
}

// Message is what one commit did to its subject, or, without a Version, an
// event that nothing was stored for.
type Message struct {
	Subject Subject
	// Version is that of the chat, or the revision of the instance, after the
	// change; 0 when it did not change.
	Version int64
	// Origin is the node that published the message: a node knows what it changed itself.
	Origin string
	// Seq is the sequence number of the chat's last item after the change. 0 leaves it open.
	Seq int64
	// About says, of a subject of many things, which of them it is, as the publishers and subscribers of it agree.
	About string
	// Events are what sockets are sent, in order.
	Events []Event
}

// Event is one thing that the sockets of a subject are sent.
type Event struct {
	// Seq is the item's sequence number: one more than that of the item
	// before. It is 0 for what is sent and not stored, such as typing.
	Seq int64
	// Payload is the text for sockets, encoded once. Nil sends nothing.
	Payload []byte
	// Visibility, Only and Except say to whom: to the roles that may see it,
	// then to the one participant Only, if set, and not to Except.
	Visibility   center.Visibility
	Only, Except center.ParticipantID
	// Left is a participant who is sent nothing after this event.
	Left center.ParticipantID
	// Last says that nothing follows.
	Last bool
}
