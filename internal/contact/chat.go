package contact

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Chat is the state of one chat: everything that the rules need and that is
// not in the transcript. A Chat is immutable once [Decide] has returned it;
// readers may keep it.
type Chat struct {
	ID       center.ContactID  `json:"id"` // InitialContactId
	Instance center.InstanceID `json:"instance"`

	Started   time.Time   `json:"started"`
	Expires   time.Time   `json:"expires"`            // the end of ChatDurationInMinutes
	ConnectBy time.Time   `json:"connectBy,omitzero"` // until the customer has connected
	Ended     bool        `json:"ended,omitempty"`
	Erase     bool        `json:"erase,omitempty"` // the customer's endpoint is not kept beyond the end: see [EraseEndpoint]
	Gone      center.Part `json:"gone,omitempty"`  // what has been erased since the end: see [Forget]

	Latest       center.Contact       `json:"contact"`            // the current contact of the chain, or the last one
	Segments     []Segment            `json:"segments,omitempty"` // the contacts before it, first one first
	Aside        []Segment            `json:"aside,omitempty"`    // of the chat, but not of the chain: of supervisors, and of transfers that failed
	Participants []Participant        `json:"participants"`
	System       center.ParticipantID `json:"system"` // the speaker of prompts

	Attributes     map[string]string `json:"attributes,omitempty"`
	ContentTypes   []string          `json:"contentTypes"` // SupportedMessagingContentTypes
	ResponseMode   string            `json:"responseMode,omitempty"`
	InitialMessage *Message          `json:"initialMessage,omitempty"`
	ExitAgent      bool              `json:"exitAgent,omitempty"` // DisconnectOnCustomerExit lists AGENT
	Past           []Past            `json:"past,omitempty"`      // what a persistent chat continues, newest first

	Flow     center.FlowRef            `json:"flow"`           // the flow of the current contact; as it was named, until it begins
	Run      *machine.Run              `json:"run,omitempty"`  // the contact's flow, or its customer queue or disconnect flow
	Data     *machine.Data             `json:"data,omitempty"` // what the contact's flows have gathered, while none runs
	Hooks    map[string]center.FlowRef `json:"hooks,omitempty"`
	Language string                    `json:"language,omitempty"`
	Logging  bool                      `json:"logging,omitempty"`
	Effects  []Effect                  `json:"effects,omitempty"` // under way

	Target   machine.Queue    `json:"target,omitzero"` // the target queue
	Criteria []flow.Criterion `json:"criteria,omitempty"`
	Queue    *QueueEntry      `json:"queue,omitempty"` // where the contact waits for an agent

	Work      []Work               `json:"work,omitempty"`    // in agents' hands, in the order in which it was offered
	Joining   center.ParticipantID `json:"joining,omitempty"` // the agent to whom the agent whisper is shown
	Whisper   *machine.Run         `json:"whisper,omitempty"`
	WhisperBy time.Time            `json:"whisperBy,omitzero"` // the deadline of a whisper
	Agent     machine.Agent        `json:"agent,omitzero"`     // the last agent who accepted the chat

	Transfer *Transferring `json:"transfer,omitempty"` // by an agent, while it is under way

	Processor *flow.Processor `json:"processor,omitempty"` // of messages
	Pending   []PendingItem   `json:"line,omitempty"`      // items that are being processed, and those behind them
	Scans     []Scan          `json:"scans,omitempty"`     // files that a scanner looks at

	RoleTimers  []RoleTimer         `json:"roleTimers,omitempty"` // as configured
	Idle        *Idle               `json:"idle,omitempty"`       // running timers
	Attachments []center.Attachment `json:"attachments,omitempty"`
	Streams     []Stream            `json:"streams,omitempty"`
	Replies     []KeptReply         `json:"replies,omitempty"` // answers by ClientToken
}

// Segment is what the state keeps of a contact of the chain that has ended. Its
// record is in the store, and is not carried along by every change of the chat.
type Segment struct {
	ID      center.ContactID `json:"id"`
	Method  string           `json:"method"` // InitiationMethod
	Queue   center.QueueID   `json:"queue,omitempty"`
	Related center.ContactID `json:"related,omitempty"`
}

func segmentOf(c *center.Contact) Segment {
	return Segment{ID: c.ID, Method: c.InitiationMethod, Queue: c.Queue, Related: c.Related}
}

// Participant is somebody in a chat.
type Participant struct {
	ID          center.ParticipantID `json:"id"`
	Role        center.Role          `json:"role"`
	DisplayName string               `json:"name"`
	Joined      time.Time            `json:"joined,omitzero"`    // when it connected
	Left        time.Time            `json:"left,omitzero"`      // when it left
	ConnectBy   time.Time            `json:"connectBy,omitzero"` // a custom participant's deadline
	User        center.UserID        `json:"user,omitempty"`     // of an agent or a supervisor
	Removed     string               `json:"removed,omitempty"`  // of an agent whom somebody else removed: THIRD_PARTY_DISCONNECT or BARGED
	// Owed is the sequence number of the joined event of a customer who was connected
	// by a message or a call, until a socket of it has subscribed; otherwise 0, as in older states.
	Owed int64 `json:"owed,omitempty"`
}

// Present reports whether the participant has connected and not left.
func (p *Participant) Present() bool { return !p.Joined.IsZero() && p.Left.IsZero() }

// Message is a message to send: InitialMessage.
type Message struct {
	ContentType string `json:"type"`
	Content     string `json:"content"`
}

// Past names one contact of an earlier chat whose items a persistent chat shows.
type Past struct {
	Chat    center.ContactID `json:"chat"`
	Contact center.ContactID `json:"contact"`
}

// Effect is an external call that a flow asks for. It stays in the chat's state
// until its outcome is committed, so that another process can start it again
// when the one that runs it has died: at least once, always under the same ID.
type Effect struct {
	machine.Effect
	Worker string          `json:"worker,omitempty"` // the node that runs it
	Event  json.RawMessage `json:"event,omitempty"`  // of a call: the Lambda event

	Scan     *center.Attachment `json:"scan,omitempty"` // of EffectScan: the file
	ScanTime time.Duration      `json:"scanTime,omitempty"`
}

// Limit is how long the effect may take.
func (e *Effect) Limit() time.Duration {
	if e.Scan != nil {
		return e.ScanTime
	}
	return e.Effect.Limit()
}

// Stream is one StartContactStreaming.
type Stream struct {
	ID       string `json:"id"`
	Endpoint string `json:"endpoint"`
}

// KeptReply is the answer to a request that carried a ClientToken and whose
// effect is in the state rather than in the transcript.
type KeptReply struct {
	Key   string `json:"key"` // operation, participant and token
	Reply Reply  `json:"reply"`
}

// maxReplies bounds the kept answers in the state; a retry comes within seconds. Older ones
// are kept apart: see [Change.Kept].
const maxReplies = 64

// Current returns the contact that is current, or was last.
func (c *Chat) Current() *center.Contact { return &c.Latest }

// Chain returns the contacts of the chat, the current one last.
func (c *Chat) Chain() []Segment { return append(slices.Clone(c.Segments), segmentOf(&c.Latest)) }

// Has reports whether a contact belongs to the chat.
func (c *Chat) Has(id center.ContactID) bool {
	is := func(s Segment) bool { return s.ID == id }
	return Live(c, id) != nil || slices.ContainsFunc(c.Segments, is) || slices.ContainsFunc(c.Aside, is)
}

// Related returns the contact that the chat is related to: that of the first
// contact of the chain that has one. It is not always the first:
// CreatePersistentContactAssociation relates the current one.
func (c *Chat) Related() center.ContactID {
	for i := range c.Segments {
		if c.Segments[i].Related != "" {
			return c.Segments[i].Related
		}
	}
	return c.Latest.Related
}

// Participant returns the participant with an id, or nil.
func (c *Chat) Participant(id center.ParticipantID) *Participant {
	for i := range c.Participants {
		if c.Participants[i].ID == id {
			return &c.Participants[i]
		}
	}
	return nil
}

// Over reports whether the chat has ended and its transcript is closed. Between
// the two the last messages are still being processed: nobody may send more,
// but those who were present still receive them.
func (c *Chat) Over() bool { return c.Ended && len(c.Pending) == 0 }

// Recipient returns the participant with an id if it may receive what happens
// in the chat. An error is the reason why not, for the log.
func (c *Chat) Recipient(id center.ParticipantID) (*Participant, error) {
	p := c.Participant(id)
	switch {
	case c.Over():
		return nil, c.over()
	case p == nil:
		return nil, c.notInChat(id)
	case !p.Left.IsZero() && !(c.Ended && c.Stayed(p)):
		return nil, c.hasLeft(id)
	}
	return p, nil
}

// The refusals of those who may not send or receive any more. Clients never see
// these messages; for the log they name the contact and say how it ended.

func (c *Chat) over() error {
	return center.Errorf(center.Denied, "the chat has ended: %s, contact %s", c.Current().DisconnectReason, c.Current().ID)
}

func (c *Chat) notInChat(id center.ParticipantID) error {
	return center.Errorf(center.Denied, "the participant %s is not in the chat of contact %s", id, c.Current().ID)
}

func (c *Chat) hasLeft(id center.ParticipantID) error {
	return center.Errorf(center.Denied, "the participant %s has left the chat of contact %s", id, c.Current().ID)
}

// Stayed reports whether a participant was present until the chat ended: those
// who still are leave at the time of the end.
func (c *Chat) Stayed(p *Participant) bool { return !p.Left.Before(c.Current().Disconnected) }

// Customer returns the customer.
func (c *Chat) Customer() *Participant { return &c.Participants[0] }

// Attachment returns the attachment with an id, or nil.
func (c *Chat) Attachment(id string) *center.Attachment {
	for i := range c.Attachments {
		if c.Attachments[i].ID == id {
			return &c.Attachments[i]
		}
	}
	return nil
}

// clone returns a copy that a decision may change: slices are copied, maps are
// shared and must be replaced, never written to.
func (c *Chat) clone() *Chat {
	n := *c
	n.Segments = slices.Clone(c.Segments)
	n.Aside = slices.Clone(c.Aside)
	n.Participants = slices.Clone(c.Participants)
	n.Work = slices.Clone(c.Work)
	n.Effects = slices.Clone(c.Effects)
	n.Pending = slices.Clone(c.Pending)
	n.Scans = slices.Clone(c.Scans)
	n.Attachments = slices.Clone(c.Attachments)
	n.Streams = slices.Clone(c.Streams)
	n.Replies = slices.Clone(c.Replies)
	if c.Queue != nil {
		entry := *c.Queue
		entry.Steps = slices.Clone(c.Queue.Steps)
		n.Queue = &entry
	}
	if c.Transfer != nil {
		n.Transfer = new(*c.Transfer)
	}
	if c.Idle != nil {
		idle := *c.Idle
		idle.Fired = maps.Clone(c.Idle.Fired)
		n.Idle = &idle
	}
	return &n
}

// Encode returns the form in which the store keeps a chat.
func (c *Chat) Encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("contact: a chat does not encode: %v", err)) // only strings, numbers, times and raw JSON that was checked
	}
	return b
}

// DecodeChat is the reverse of [Chat.Encode].
func DecodeChat(b []byte) (*Chat, error) {
	var stored struct {
		Chat
		Contacts []center.Contact `json:"contacts"` // of older states, which kept the records of the whole chain
	}
	if err := json.Unmarshal(b, &stored); err != nil {
		return nil, fmt.Errorf("decode chat: %w", err)
	}
	c := &stored.Chat
	for i := range stored.Contacts {
		if i > 0 {
			c.Segments = append(c.Segments, segmentOf(&c.Latest))
		}
		c.Latest = stored.Contacts[i]
	}
	for i := range c.Effects {
		// Older states do not say who runs an effect: a process that is gone.
		c.Effects[i].Worker = cmp.Or(c.Effects[i].Worker, "unknown")
	}
	if c.Latest.ID == "" || len(c.Participants) == 0 {
		return nil, fmt.Errorf("decode chat %s: no contact or no participant", c.ID)
	}
	return c, nil
}
