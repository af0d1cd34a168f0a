package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// Send is a message of a participant (SendMessage).
type Send struct {
	Participant center.ParticipantID
	ContentType string
	Content     string
	ClientToken string
}

func (s Send) decide(d *decision) error {
	// What was sent before is answered as it was, also when its sender could not send it any more.
	before, ok, err := d.sentBefore(transcript.Token{Participant: s.Participant, Text: s.ClientToken})
	if ok || err != nil {
		d.change.Reply = before
		return err
	}
	p, err := d.participant(s.Participant)
	if err != nil {
		return err
	}
	if s.ContentType == center.Interactive {
		err = content.Interactive(p.Role, s.Content)
	} else {
		err = content.Message(content.Sent, s.ContentType, s.Content, d.chat.ContentTypes, d.env.Limits.Text())
	}
	if err != nil {
		return err
	}
	if err := d.arrive(s.Participant); err != nil {
		return err
	}
	speaker := *d.chat.Participant(s.Participant)
	w := PendingItem{Item: message(speaker, s.ContentType, d.shown(speaker.Role, s.ContentType, s.Content), s.ClientToken)}
	if w.Item.Content != s.Content {
		w.FlowText = s.Content
	}
	return d.speak(w)
}

// speak appends a message or attachment of a participant, and replies with it.
// Flows are notified when it is in the transcript.
func (d *decision) speak(w PendingItem) error {
	if err := d.checkPending(w.Item.Content); err != nil {
		return err
	}
	if err := d.checkRoom(&w.Item); err != nil {
		return err
	}
	w.Wakes = true
	held := d.put(&w)
	d.change.Reply = Reply{Item: w.Item.ID, Time: w.Item.Time, Processing: w.Effect != ""}
	if held {
		return nil
	}
	return d.arrived(&w)
}

// shown returns the content that the transcript stores: all of it, except that
// of a response that a flow wants hidden (SensitiveDataConfiguration of
// ShowView) only the chosen action is stored.
func (d *decision) shown(r center.Role, contentType, text string) string {
	run := d.chat.Run
	if r != center.RoleCustomer || contentType != center.InteractiveResponse || run == nil ||
		run.Wait.Kind != machine.WaitView || !run.Wait.Hidden {
		return text
	}
	return content.Chosen(text)
}

// arrive connects a participant that sends something before it has connected, so
// that its joined event precedes its first message and a flow receives that. It
// is an error if the flow ends the chat right away.
func (d *decision) arrive(id center.ParticipantID) error {
	if !d.chat.Participant(id).Joined.IsZero() {
		return nil
	}
	if p := d.chat.Participant(id); p.Role == center.RoleSupervisor {
		return silent(p)
	}
	if id == d.chat.Joining {
		return center.Errorf(center.Conflict, "the agent whisper is still running; try again")
	}
	if err := (Connect{Participant: id}).decide(d); err != nil {
		return err
	}
	_, err := d.participant(id)
	return err
}

// message returns a message of a participant.
func message(p Participant, contentType, content, token string) center.Item {
	return center.Item{
		Type: center.TypeMessage, ContentType: contentType, Content: content, ClientToken: token,
		Participant: p.ID, DisplayName: p.DisplayName, Role: p.Role,
	}
}

// spoken handles the consequences of a message or file of a participant: one
// that was idle has returned, and a flow that waits for the customer continues.
func (d *decision) spoken(r center.Role, contentType, content string) error {
	if d.chat.Idle != nil && !d.chat.Idle.Fired[timerRole(r)].IsZero() {
		d.returned(r)
	}
	if r == center.RoleCustomer {
		return d.wake(machine.Event{Kind: machine.EventCustomerMessage, ContentType: contentType, Content: content})
	}
	return nil
}

// Signal is an event that is pushed and not stored: typing (SendEvent).
type Signal struct {
	Participant center.ParticipantID
	ContentType string
}

func (s Signal) decide(d *decision) error {
	p, err := d.participant(s.Participant)
	if err != nil {
		return err
	}
	if err := silent(p); err != nil {
		return err
	}
	item := d.event(s.ContentType, *p)
	d.pushTransient(center.Push{Item: item, Except: p.ID})
	pushed := d.change.Pushes[0].Item
	d.change.Reply = Reply{Item: pushed.ID, Time: pushed.Time}
	return nil
}

// event returns an event item that p caused.
func (d *decision) event(contentType string, p Participant) center.Item {
	return center.Item{
		Type: center.TypeEvent, ContentType: contentType,
		Participant: p.ID, DisplayName: p.DisplayName, Role: p.Role,
	}
}

// Acknowledge is a delivered or read receipt (SendEvent with message.delivered
// or message.read). The caller has looked up the message and its receipt so far:
// Known is zero when this is the first.
type Acknowledge struct {
	Participant center.ParticipantID
	Message     center.Item
	Read        bool
	Known       center.Receipt
}

func (a Acknowledge) decide(d *decision) error {
	p, err := d.participant(a.Participant)
	if err != nil {
		return err
	}
	unseen := silent(p) != nil // whose receipts would tell others that he is there
	if !unseen && d.present() > 2 {
		return center.Errorf(center.Conflict, "Operation can not be performed due to the state of the contact.")
	}
	now := d.env.Now.Truncate(time.Millisecond)
	d.change.Reply = Reply{Item: center.NewItemID(now, 0, d.env.Rand.Uint64()), Time: now}
	r := a.Known
	r.Chat, r.Item, r.Recipient = d.chat.ID, a.Message.ID, p.ID
	known := r
	if r.Delivered.IsZero() {
		r.Delivered = now
	}
	if a.Read && r.Read.IsZero() {
		r.Read = now
	}
	if r == known || a.Message.Participant == p.ID || unseen {
		return nil // nothing new, or the author's own message
	}
	d.change.Receipts = append(d.change.Receipts, r)
	d.pushTransient(center.Push{Receipt: &r, Item: center.Item{
		ID: d.change.Reply.Item, Type: center.TypeMetadata, ContentType: center.EventMetadata,
	}})
	return nil
}

// present counts the participants who are connected.
func (d *decision) present() int {
	n := 0
	for i := range d.chat.Participants {
		if d.chat.Participants[i].Present() {
			n++
		}
	}
	return n
}
