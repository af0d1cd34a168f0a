package routingsim

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/routing"
)

// Desk is where the commands on offers and chats are carried out, and where the
// facts are kept that a router has to be told. A command that the state of things
// does not allow, since something else came first, is refused with an error and changes nothing.
type Desk interface {
	// Enqueue puts a new chat into a queue.
	Enqueue(now time.Time, c routing.Contact)
	// Leave is the customer leaving. It returns the agent who has the chat, or with whom
	// it rings, and who is left with something to clear; "" when there is none.
	Leave(now time.Time, chat center.ContactID) (center.UserID, error)

	// Offer makes the offer of an assignment: the chat rings.
	Offer(now time.Time, a routing.Assignment) error
	// Accept, Reject and Miss end the ringing. After the last two the chat waits as before.
	Accept(now time.Time, user center.UserID, chat center.ContactID) error
	Reject(now time.Time, user center.UserID, chat center.ContactID) error
	Miss(now time.Time, user center.UserID, chat center.ContactID) error
	// Readmit lets an agent who rejected a chat have it again.
	Readmit(now time.Time, user center.UserID, chat center.ContactID)
	// End ends an accepted chat; its agent has after-contact work.
	End(now time.Time, user center.UserID, chat center.ContactID) error
	// Transfer ends the agent's part in a chat, which waits in another queue with the rank it had.
	Transfer(now time.Time, user center.UserID, chat center.ContactID, to center.QueueID) error
	// Clear ends after-contact work, or dismisses what was missed or rejected.
	Clear(now time.Time, user center.UserID, chat center.ContactID) error
	// Status chooses a status: at once, or as the next status when there are contacts in hand.
	Status(now time.Time, user center.UserID, status Status)

	// Changed returns the agents and chats that have changed since it was last called.
	Changed() ([]center.UserID, []center.ContactID)
	// Agent returns what there is to know of an agent.
	Agent(user center.UserID) routing.Agent
	// Contact returns what there is to know of a chat that waits or rings. ok is false for others.
	Contact(chat center.ContactID) (c routing.Contact, ok bool)
	// All returns all agents and all chats that wait or ring, each by id.
	All() ([]routing.Agent, []routing.Contact)
}

// Status is an agent's status.
type Status struct {
	Name     string
	Routable bool
	SignedIn bool
}

// The statuses of the simulation.
var (
	Available = Status{"Available", true, true}
	OnBreak   = Status{"Break", false, true}
	Offline   = Status{"Offline", false, false}
)
