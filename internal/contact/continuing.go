package contact

import (
	"slices"

	"parley.example/parley/internal/center"
)

// Continued is what a persistent chat continues.
type Continued struct {
	Related center.ContactID `json:"related"` // the contact it continues from
	Past    []Past           `json:"past"`    // the contacts it shows, newest first
}

// maxPast is how many past contacts a persistent chat shows.
const maxPast = 100

// Continue returns what a chat continues whose source is a contact of c: the
// source and the contacts before it, or, with entire, the last contact of its
// chain and those before that (RehydrationType FROM_SEGMENT and
// ENTIRE_PAST_SESSION). BadRequest if c has not ended, NotFound if it has no
// such contact.
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
	result := Continued{Related: chain[last].ID}
	for i := last; i >= 0; i-- {
		result.Past = append(result.Past, Past{Chat: c.ID, Contact: chain[i].ID})
	}
	result.Past = append(result.Past, c.Past...)
	if len(result.Past) > maxPast {
		result.Past = result.Past[:maxPast]
	}
	return result, nil
}

// Associate makes a running chat a persistent one (CreatePersistentContactAssociation):
// its participants are notified that they can read the past contacts. Conflict
// if it continues a chat already or has ended. The reply's Contact is Related.
type Associate struct {
	Continued
	Key string // of the request, when it carries a ClientToken; repeated it gets the same answer
}

func (a Associate) decide(d *decision) error {
	if a.Key != "" {
		if r, ok := d.kept(a.Key); ok {
			d.change.Reply = r
			return nil
		}
	}
	switch {
	case d.chat.Ended:
		return center.Errorf(center.Conflict, "contact %s has ended", d.chat.Current().ID)
	case len(d.chat.Past) > 0:
		return center.Errorf(center.Conflict, "the chat already continues an earlier one")
	case len(a.Past) == 0:
		return center.Errorf(center.Invalid, "there is nothing to continue")
	}
	d.edit().Past = a.Past
	d.current().Related = a.Related
	d.change.Reply = Reply{Contact: a.Related}
	if a.Key != "" {
		d.keep(a.Key, d.change.Reply)
	}
	d.pushTransient(center.Push{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventRehydrated}})
	return nil
}
