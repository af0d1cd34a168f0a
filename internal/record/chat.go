package record

import (
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// The event types of contact events that chats have.
const (
	Initiated        = "INITIATED"
	ConnectedSystem  = "CONNECTED_TO_SYSTEM"
	Updated          = "CONTACT_DATA_UPDATED"
	Queued           = "QUEUED"
	ConnectedToAgent = "CONNECTED_TO_AGENT"
	Disconnected     = "DISCONNECTED"
	Completed        = "COMPLETED"
)

// What updatedProperties of CONTACT_DATA_UPDATED names.
const (
	propertyAttributes = "UserDefinedAttributes"
	propertySegment    = "Segment Attributes"
	propertyTags       = "Tags"
	propertySteps      = "RoutingCriteria.Step.Status"
)

// Moment is when a change was decided, and what it is known by: no two changes have the same version.
type Moment struct {
	At      time.Time
	Version int64
}

// OfChat returns the facts of a change of a chat, those of agents apart, in the order in
// which they are to be told. was is nil for a chat that begins. A contact has, as far as it gets there:
// INITIATED, CONNECTED_TO_SYSTEM, QUEUED, CONNECTED_TO_AGENT, DISCONNECTED and COMPLETED, with
// CONTACT_DATA_UPDATED between them. It is complete when it has ended, no agent has it in hand or
// after-contact work to do, and none of its messages is still being processed; then it has its record,
// again whenever that changes, and its transcript, once.
//
// A change without a new state tells nothing: messages cost nothing.
func OfChat(kinds Kinds, was *contact.Chat, change *contact.Change, m Moment) []Fact {
	is := change.Chat
	if is == nil || kinds&^AgentEvents.bit() == 0 {
		return nil
	}
	c := comparison{kinds: kinds, was: was, is: is, moment: m}
	for i := range change.Contacts {
		if r := &change.Contacts[i]; !slices.ContainsFunc(change.Contacts[i+1:], func(later center.Contact) bool { return later.ID == r.ID }) {
			c.contact(change, r)
		}
	}
	// What was being processed may have been the last thing that a contact waited for.
	if was != nil {
		for _, p := range was.Pending {
			if id := p.Item.Contact; !slices.ContainsFunc(c.seen, func(seen center.ContactID) bool { return seen == id }) {
				c.seen = append(c.seen, id)
				c.settled(id)
			}
		}
	}
	return c.facts
}

type comparison struct {
	kinds   Kinds
	was, is *contact.Chat
	moment  Moment
	seen    []center.ContactID
	facts   []Fact
}

// add adds a fact of a contact, if it is wanted.
func (c *comparison) add(kind Kind, f Fact) {
	if !c.kinds.Has(kind) {
		return
	}
	f.Kind, f.Instance, f.Chat, f.At = kind, c.is.Instance, c.is.ID, c.moment.At
	f.ID = id(c.moment, kind, len(c.facts))
	if kind == ContactRecords {
		f.Attributes = c.is.Attributes
	}
	c.facts = append(c.facts, f)
}

// space is the name space of the ids of facts (UUID version 5).
var space = uuid.MustParse("5f6f4f0e-3b0d-4d5b-9a54-6f2f3a7c1b20")

func id(m Moment, kind Kind, n int) string {
	name := string(kind) + "/" + strconv.FormatInt(m.Version, 10) + "/" + strconv.FormatInt(m.At.UnixNano(), 10) + "/" + strconv.Itoa(n)
	return uuid.NewSHA1(space, []byte(name)).String()
}

// contact compares the record of a contact that has changed.
func (c *comparison) contact(change *contact.Change, is *center.Contact) {
	c.seen = append(c.seen, is.ID)
	was, new := c.before(change, is.ID)
	tell := func(typ string, updated ...string) {
		c.add(ContactEvents, Fact{Type: typ, Of: is.ID, Contact: is, Updated: updated, Criteria: c.criteria(is)})
	}
	if new {
		tell(Initiated)
	}
	if was.ConnectedSystem.IsZero() && !is.ConnectedSystem.IsZero() {
		tell(ConnectedSystem)
	}
	if !new {
		if updated := c.updated(&was, is); len(updated) > 0 {
			tell(Updated, updated...)
		}
	}
	if !is.Enqueued.IsZero() && !is.Enqueued.Equal(was.Enqueued) {
		tell(Queued)
	}
	if !is.AgentConnected.IsZero() && !is.AgentConnected.Equal(was.AgentConnected) {
		tell(ConnectedToAgent)
	}
	if was.Disconnected.IsZero() && is.Ended() {
		tell(Disconnected)
	}
	complete := is.Ended() && settled(c.is, is.ID)
	if !complete {
		return
	}
	if was.Ended() && c.was != nil && settled(c.was, is.ID) {
		c.add(ContactRecords, Fact{Of: is.ID, Contact: is}) // it has changed since
		return
	}
	c.completed(is.ID, is)
}

// settled tells of a contact whose record has not changed and that may be complete by now.
func (c *comparison) settled(id center.ContactID) {
	ended := id != c.is.Latest.ID || c.is.Latest.Ended()
	if !ended || !settled(c.is, id) || settled(c.was, id) {
		return
	}
	var record *center.Contact
	if id == c.is.Latest.ID {
		record = &c.is.Latest
	}
	c.completed(id, record)
}

// completed tells that a contact is complete.
func (c *comparison) completed(id center.ContactID, record *center.Contact) {
	c.add(ContactEvents, Fact{Type: Completed, Of: id, Contact: record})
	c.add(Transcripts, Fact{Of: id, Contact: record})
	c.add(ContactRecords, Fact{Of: id, Contact: record})
}

// before returns what the record of a contact was, and whether there was none.
func (c *comparison) before(change *contact.Change, id center.ContactID) (was center.Contact, new bool) {
	if c.was == nil {
		return was, true
	}
	if r := contact.Live(c.was, id); r != nil {
		return *r, false
	}
	for i := range change.Before {
		if change.Before[i].ID == id {
			return change.Before[i], false
		}
	}
	return was, true
}

// criteria are the routing criteria of a contact that are in force.
func (c *comparison) criteria(of *center.Contact) *center.RoutingCriteria {
	if of.ID == c.is.Latest.ID && c.is.Queue != nil {
		return c.is.Queue.Criteria()
	}
	if n := len(of.Criteria); n > 0 {
		return &of.Criteria[n-1]
	}
	return nil
}

// updated returns which properties of a contact have changed.
func (c *comparison) updated(was, is *center.Contact) (names []string) {
	if is.ID == c.is.Latest.ID && !reflect.DeepEqual(c.was.Attributes, c.is.Attributes) && len(c.was.Attributes)+len(c.is.Attributes) > 0 {
		names = append(names, propertyAttributes)
	}
	if !reflect.DeepEqual(was.SegmentAttrs, is.SegmentAttrs) {
		names = append(names, propertySegment)
	}
	if !reflect.DeepEqual(was.Tags, is.Tags) {
		names = append(names, propertyTags)
	}
	if stepped(c.was.Queue.Criteria(), c.criteria(is)) && c.was.Latest.ID == is.ID {
		names = append(names, propertySteps)
	}
	return names
}

// stepped reports whether the steps of routing criteria that were in force have other statuses, or others are in force.
func stepped(was, is *center.RoutingCriteria) bool {
	if was == nil || is == nil {
		return false
	}
	return !slices.EqualFunc(was.Steps, is.Steps, func(a, b center.RoutingStep) bool { return a.Status == b.Status }) || !was.Active.Equal(is.Active)
}

// settled reports whether a contact that has ended waits for nothing any more: for no agent to end his
// after-contact work, and for no message to be processed.
func settled(chat *contact.Chat, id center.ContactID) bool {
	return !slices.ContainsFunc(chat.Work, func(w contact.Work) bool {
		return w.Contact == id && (w.State == contact.WorkConnected || w.State == contact.WorkEnded)
	}) && !slices.ContainsFunc(chat.Pending, func(p contact.PendingItem) bool { return p.Item.Contact == id })
}
