package contact

import (
	"time"

	"parley.example/parley/internal/center"
)

// Kept is what the store is told of a chat that is over, so that it finds what has
// been kept long enough.
type Kept struct {
	Ended   time.Time   // zero while the chat is not over
	Parts   center.Part // what there is and is kept for as long as the instance says
	Expires time.Time   // when the next part falls due of those of which the chat itself says how long; zero for never
}

// Retention returns what the chat says itself, by the attribute
// [center.RetentionKey]. Where a flow or an older release has set what cannot be
// read it says nothing.
func (c *Chat) Retention() center.Retention {
	own, err := center.ParseRetention(c.Attributes[center.RetentionKey])
	if err != nil {
		return nil
	}
	return own
}

// Kept returns what is kept of the chat.
func (c *Chat) Kept() (k Kept) {
	if !c.Over() {
		return k
	}
	k.Ended = c.Latest.Disconnected
	own := c.Retention()
	for _, part := range center.Parts {
		if c.left()&part == 0 {
			continue
		}
		if _, said := own[part]; !said {
			k.Parts |= part
		} else if due := own.Until(part, k.Ended); !due.IsZero() && (k.Expires.IsZero() || due.Before(k.Expires)) {
			k.Expires = due
		}
	}
	return k
}

// Expired returns the parts of the chat that have been kept long enough at now, given what
// its instance says. The chat itself is over when it has expired as a whole: [center.PartContacts].
func (c *Chat) Expired(instance center.Retention, now time.Time) (due center.Part) {
	if !c.Over() {
		return 0
	}
	keep := c.Retention().Over(instance)
	for _, part := range center.Parts {
		if until := keep.Until(part, c.Latest.Disconnected); !until.IsZero() && !until.After(now) {
			due |= part
		}
	}
	if due&center.PartContacts != 0 {
		return center.AllParts
	}
	if due&center.PartTranscript != 0 {
		due |= center.PartAttachments
	}
	return due & c.left()
}

// left returns the parts that there still are.
func (c *Chat) left() center.Part {
	left := center.AllParts &^ c.Gone
	if len(c.Attachments) == 0 {
		left &^= center.PartAttachments
	}
	return left
}

// Files returns the ids of the chat's attachments, those that are not complete included.
func (c *Chat) Files() []string {
	files := make([]string, len(c.Attachments))
	for i := range c.Attachments {
		files[i] = c.Attachments[i].ID
	}
	return files
}

// Forget erases the transcript or the attachments of a chat that is over; its contacts
// stay. What is kept outside the state is erased by whoever commits the change:
// [Change.Forgotten] says what. NotEnded if the chat is not over. Repeated it changes
// nothing.
type Forget struct{ Parts center.Part }

func (f Forget) decide(d *decision) error {
	if !d.chat.Over() {
		return center.Errorf(center.NotEnded, "contact %s has not ended; what it holds cannot be erased yet", d.chat.Latest.ID)
	}
	parts := f.Parts & d.chat.left() &^ center.PartContacts
	if parts == 0 {
		return nil
	}
	d.change.Forgotten = &Forgotten{Parts: parts}
	c := d.edit()
	c.Gone |= parts
	if parts&center.PartTranscript != 0 {
		c.InitialMessage, c.Run, c.Whisper, c.Data = nil, nil, nil, nil
	}
	if parts&center.PartAttachments != 0 {
		d.change.Forgotten.Files = c.Files()
		c.Attachments = nil
	}
	return nil
}

// Forgotten is what a change leaves to be deleted.
type Forgotten struct {
	Parts center.Part
	Files []string // the ids of attachments
}
