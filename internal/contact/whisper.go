package contact

import (
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
)

// Whisper is a text for the agents and supervisors of a chat alone ([center.Item.Whispered]): of a supervisor who watches, also silently, or of
// an agent. It is in the transcript, and nothing that the customer, a flow, a bot, a processor or a streaming endpoint is told of. It goes
// through no processor, and does not count as an answer. With a ClientToken that was used before it is the same again.
//
// Errors: Conflict for who is not connected, and when nobody else is there whom he knows of: of a silent supervisor an agent knows once that one has whispered.
type Whisper struct {
	User    center.UserID
	Content string // plain text
	Token   string // ClientToken
}

func (s Whisper) decide(d *decision) error {
	w := d.chat.WorkOf(s.User)
	if w == nil || w.State != WorkConnected || d.chat.Ended || w.Participant == d.chat.Joining {
		return center.Errorf(center.Conflict, "contact %s is not connected to you", d.chat.Latest.ID)
	}
	before, ok, err := d.sentBefore(transcript.Token{Participant: w.Participant, Text: s.Token})
	if ok || err != nil {
		d.change.Reply = before
		return err
	}
	others := slices.ContainsFunc(d.chat.Participants, func(p Participant) bool {
		return p.ID != w.Participant && (p.Role == center.RoleAgent || p.Role == center.RoleSupervisor) && p.Present()
	}) || slices.ContainsFunc(watches(d.chat), func(o *Work) bool { return o.User != s.User && o.Watch.Whispered })
	if !others {
		return center.Errorf(center.Conflict, "no other agent takes part in contact %s, and no supervisor: nobody would see it", d.chat.Latest.ID)
	}
	it := message(*d.chat.Participant(w.Participant), center.PlainText, s.Content, s.Token)
	it.Visibility = center.VisibleAgent
	if err := d.checkPending(s.Content); err != nil {
		return err
	}
	if err := d.checkRoom(&it); err != nil {
		return err
	}
	if w.Watch != nil && !w.Watch.Whispered {
		w = d.edit().WorkOf(s.User)
		w.Watch = new(*w.Watch)
		w.Watch.Whispered = true
	}
	said := PendingItem{Item: it}
	d.put(&said)
	d.change.Reply = Reply{Item: said.Item.ID, Time: said.Item.Time}
	return nil
}
