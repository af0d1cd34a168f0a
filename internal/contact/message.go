package contact

import (
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// messageLimit is how long a message of each type may be, in characters
// (SendMessage.Content). Text has a rule of its own, and so has InitialMessage.
var messageLimit = map[string]int{
	center.PlainText:           1024,
	center.Markdown:            1024,
	center.JSON:                12000,
	center.InteractiveResponse: 12288,
}

// initialLimit is how long an InitialMessage may be, in bytes, whatever its type
// (ChatMessage.Content in the API of October 2026), and so what a function makes of one.
const initialLimit = 16384

// origin is where a message comes from. Its value names the member that holds the
// message, for refusals.
type origin string

const (
	fromSend      origin = "" // SendMessage
	fromStart     origin = "InitialMessage."
	fromProcessor origin = "result.processedChatContent." // of a message processor
)

// checkMessage applies the rules of a message that a participant sends, and of
// what a message processor makes of one.
//
// types are the chat's SupportedMessagingContentTypes. They are what a chat's
// text may be, whoever sends it (SendMessage.ContentType), and whether the
// customer may answer with interactive responses: paging through a list
// (SHOW_MORE) is such a response, so it needs the type, while a choice is
// plain text and does not. They do not hold back interactive messages: only
// ShowView asks for these (StartChatContact.SupportedMessagingContentTypes).
func checkMessage(in origin, contentType, content string, types []string, l Limits) error {
	limit, ok := messageLimit[contentType]
	switch {
	case !ok:
		return center.Errorf(center.Invalid, "%sContentType: %q cannot be sent; the types are text/plain, text/markdown, application/json and %s", in, contentType, center.InteractiveResponse)
	case !slices.Contains(types, contentType):
		return center.Errorf(center.Invalid, "%sContentType: this chat does not support %s; add it to SupportedMessagingContentTypes of StartChatContact", in, contentType)
	case content == "":
		return center.Errorf(center.Invalid, "%sContent must not be empty", in)
	}
	text := contentType == center.PlainText || contentType == center.Markdown
	bytes := 0 // counted instead of characters
	switch {
	case text && (in != fromSend || !l.StrictText):
		bytes = l.TextBytes
	case !text && in != fromSend:
		bytes = initialLimit
	}
	if n := len(content); bytes > 0 && n > bytes {
		return center.Errorf(center.Invalid, "%sContent has %d bytes; %s may have %d", in, n, contentType, bytes)
	}
	if n := utf8.RuneCountInString(content); bytes == 0 && n > limit {
		return center.Errorf(center.Invalid, "%sContent has %d characters; %s may have %d", in, n, contentType, limit)
	}
	if !text && !json.Valid([]byte(content)) {
		return center.Errorf(center.Invalid, "%sContent must be JSON text for %s", in, contentType)
	}
	return nil
}

// interactiveLimit is how long an interactive message may be, in characters
// (SendMessage.Content).
const interactiveLimit = 16384

// checkInteractive applies the rules of an interactive message: something for
// the customer to choose from. Flows and their bots show them; here agents and
// custom participants may as well. Connect's table of content types has it as
// the agent's too, while SendMessage's page does not list it. The chat's
// SupportedMessagingContentTypes need not have it, see [checkMessage].
func checkInteractive(r center.Role, content string) error {
	var message struct {
		TemplateType string          `json:"templateType"`
		Data         json.RawMessage `json:"data"`
	}
	switch {
	case r == center.RoleCustomer:
		return center.Errorf(center.Invalid, "ContentType: a customer cannot send interactive messages, only answer them by text or %s", center.InteractiveResponse)
	case utf8.RuneCountInString(content) > interactiveLimit:
		return center.Errorf(center.Invalid, "Content has %d characters; %s may have %d", utf8.RuneCountInString(content), center.Interactive, interactiveLimit)
	case json.Unmarshal([]byte(content), &message) != nil || message.TemplateType == "" || message.Data == nil:
		return center.Errorf(center.Invalid, `Content must be JSON text like {"templateType":"ListPicker","version":"1.0","data":{…}} for %s`, center.Interactive)
	}
	return nil
}

// Send is a message of a participant (SendMessage).
type Send struct {
	Participant center.ParticipantID
	ContentType string
	Content     string
	ClientToken string
}

func (s Send) decide(d *decision) error {
	p, err := d.participant(s.Participant)
	if err != nil {
		return err
	}
	before, ok, err := d.sentBefore(Token{s.Participant, s.ClientToken, false})
	if ok || err != nil {
		d.change.Reply = before
		return err
	}
	if s.ContentType == center.Interactive {
		err = checkInteractive(p.Role, s.Content)
	} else {
		err = checkMessage(fromSend, s.ContentType, s.Content, d.chat.ContentTypes, d.env.Limits)
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
func (d *decision) shown(r center.Role, contentType, content string) string {
	run := d.chat.Run
	if r != center.RoleCustomer || contentType != center.InteractiveResponse || run == nil ||
		run.Wait.Kind != machine.WaitView || !run.Wait.Hidden {
		return content
	}
	var response struct {
		Action string `json:"action"`
	}
	if json.Unmarshal([]byte(content), &response) != nil {
		response.Action = ""
	}
	return `{"action":` + string(restjson.Quote(nil, response.Action)) + `,"data":{},"templateType":"ViewResource","version":"1.0"}`
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
