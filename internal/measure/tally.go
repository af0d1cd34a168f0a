package measure

import (
	"encoding/json"
	"fmt"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Tally is what a commit leaves to be counted. One member is set.
type Tally struct {
	Contact *Contact `json:"c,omitempty"`
	Move    *Move    `json:"m,omitempty"`
}

// Move is a change of an agent: of his status, or of one contact in his hands.
type Move struct {
	User    center.UserID    `json:"u"`
	At      int64            `json:"t"`           // in milliseconds since 1970
	Status  string           `json:"s,omitempty"` // the type of his status now (AgentStatusType)
	Contact center.ContactID `json:"c,omitempty"`
	Is      *Hand            `json:"h,omitempty"` // the contact in his hands now; nil when it is there no more
	Gone    bool             `json:"g,omitempty"` // the user does not exist any more
}

// Hand is a contact in an agent's hands.
type Hand struct {
	Queue  center.QueueID    `json:"q,omitempty"` // "" for none, and for the agent's own
	Method string            `json:"m"`           // InitiationMethod
	State  contact.WorkState `json:"s"`
	Since  int64             `json:"t,omitempty"` // of the state, in milliseconds since 1970
}

// OfComplete returns the tally of a contact that is complete. record is nil where it is in the store alone: then the
// fact has nothing but its id, and [Contact.Bare] says so.
func OfComplete(id, chat center.ContactID, record *center.Contact) Tally {
	if record == nil {
		return Tally{Contact: &Contact{ID: id, Chat: chat}}
	}
	return Tally{Contact: new(OfRecord(record))}
}

// OfGone returns the tally of a user who does not exist any more, at a time in milliseconds since 1970.
func OfGone(user center.UserID, at int64) Tally {
	return Tally{Move: &Move{User: user, At: at, Gone: true}}
}

// OfStatus returns the tally of a change of an agent; ok is false when his status is of the type that it was. was is nil for one of whom nothing was
// known. at is in milliseconds since 1970.
func OfStatus(was, is *agent.Agent, at int64) (t Tally, ok bool) {
	if was != nil && was.Status.Type == is.Status.Type {
		return t, false
	}
	return Tally{Move: &Move{User: is.User, At: at, Status: is.Status.Type}}, true
}

// OfWork returns the tallies of what a change of a chat, at a time in milliseconds since 1970, did to contacts in agents' hands.
func OfWork(chat *contact.Chat, moves []contact.WorkMove, at int64) []Tally {
	var all []Tally
	for _, move := range moves {
		if was := move.Was; was != nil && (move.Is == nil || move.Is.Contact != was.Contact) {
			all = append(all, Tally{Move: &Move{User: was.User, At: at, Contact: was.Contact}})
		}
		is := move.Is
		if is == nil || move.Was != nil && move.Was.State == is.State && move.Was.Contact == is.Contact {
			continue
		}
		h := Hand{State: is.State}
		for _, s := range append(chat.Chain(), chat.Aside...) { // a supervisor's contact is aside
			if s.ID == is.Contact {
				h.Method, h.Queue = s.Method, queueOf(s.Queue)
			}
		}
		all = append(all, Tally{Move: &Move{User: is.User, At: at, Contact: is.Contact, Is: &h}})
	}
	return all
}

// Encode returns the form in which a tally is stored.
func (t *Tally) Encode() []byte { return encode("tally", t) }

// DecodeTally is the reverse of [Tally.Encode].
func DecodeTally(b []byte) (t Tally, err error) {
	if err := json.Unmarshal(b, &t); err != nil {
		return t, fmt.Errorf("decode a tally: %w", err)
	}
	if (t.Contact == nil) == (t.Move == nil) {
		return t, fmt.Errorf("decode a tally: it is of a contact or of an agent, and of one of them")
	}
	return t, nil
}

func encode(what string, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("measure: a " + what + " does not encode: " + err.Error()) // only strings and numbers
	}
	return b
}
