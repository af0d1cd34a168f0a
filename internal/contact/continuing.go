package contact

import (
	"slices"

	"parley.example/parley/internal/center"
)

// Continued is what a persistent chat continues.
type Continued struct {
	Related center.ContactID `json:"related"` // the contact it continues from
	Past    []Past           `json:"past"`    // what it shows, newest first
}

// maxPast is how many contacts a persistent chat reaches back.
const maxPast = 100

// Continue returns what a chat continues whose source is a contact of c: the
// source and what was before it, or, with entire, the last contact of its
// chain and what was before that (RehydrationType FROM_SEGMENT and
// ENTIRE_PAST_SESSION). BadRequest when c has not ended, NotFound when it has
// no such contact.
func (c *Chat) Continue(source center.ContactID, entire bool) (Continued, error) {
	if !c.Ended {
		return Continued{}, center.Errorf(center.BadRequest, "the chat of contact %s has not ended", source)
	}
	chain := c.Chain()
	last := len(chain) - 1
	if !entire {
		last = slices.IndexFunc(chain, func(s Segment) bool { return s.ID == source })
	}
	if last < 0 || entire && !c.Has(source) {
		return Continued{}, center.Errorf(center.NotFound, "contact %s does not exist", source)
	}
	found := Continued{Related: chain[last].ID}
	for i := last; i >= 0; i-- {
		found.Past = append(found.Past, Past{Chat: c.ID, Contact: chain[i].ID})
	}
	found.Past = append(found.Past, c.Past...)
	if len(found.Past) > maxPast {
		found.Past = found.Past[:maxPast]
	}
	return found, nil
}

// Associate makes a running chat a persistent one (CreatePersistentContactAssociation):
// its participants are told that they can read what was before. Conflict when
// it continues a chat already or has ended. The reply's Contact is Related.
type Associate struct {
	Continued
	Key string // of the request, when it carries a ClientToken; repeated it gets the same answer
}

func (a Associate) decide(d *decision) error {
	if r, ok := d.kept(a.Key); ok && a.Key != "" {
		d.change.Reply = r
		return nil
	}
	switch {
	case d.chat.Ended:
		return center.Errorf(center.Conflict, "contact %s has ended", d.chat.Current().ID)
	case len(d.chat.Past) > 0:
		return center.Errorf(center.Conflict, "the chat continues an earlier one already")
	case len(a.Past) == 0:
		return center.Errorf(center.Invalid, "there is nothing to continue")
	}
	d.edit().Past = a.Past
	d.current().Related = a.Related
	d.change.Reply = Reply{Contact: a.Related}
	if a.Key != "" {
		d.keep(a.Key, d.change.Reply)
	}
	d.notify(center.Push{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventRehydrated}})
	return nil
}
