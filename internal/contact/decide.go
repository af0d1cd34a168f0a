package contact

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/limits"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// Command is a request to a chat, or something that happened to it. The
// commands are the exported types of this package with a decide method:
// [Connect], [Send], [Tick] and so on.
type Command interface {
	decide(d *decision) error
}

// Env is a decision's environment: the time, randomness, and what an
// administrator has set up.
type Env struct {
	Now       time.Time
	Rand      *rand.Rand
	Partition center.Partition
	Limits    Limits
	Catalog   Catalog
	Node      string // which starts the effects of the decision
	// Full are the queues that were at capacity when an earlier attempt at this
	// command was committed: the flow takes its QueueAtCapacity branch.
	Full []center.QueueID
	// QueueStatus is the status of queues, as far as it has been fetched: see [Need].
	QueueStatus map[center.QueueID]QueueStatus
	// Records are stored records of ended contacts of the chain: see [Need].
	Records map[center.ContactID]center.Contact
	// Sent are the answers to requests that had these tokens, zero for a token that nobody has used: see [Need].
	Sent map[transcript.Token]transcript.Sent
	// Kept are answers that the state keeps no more, by their keys, nil for a key that none was kept under: see [Need].
	Kept map[string]*Reply
	// Contents are those that were read for the decision: see [Need]. The error, nil
	// for one that is in memory now, is why there is none.
	Contents map[ContentKey]error
	// ViewToken makes the token that a participant passes to DescribeView. It may
	// be nil where no view is ever shown.
	ViewToken func(chat center.ContactID, view machine.View) string
	Trace     func(machine.Visit) // see machine.World; may be nil
}

// QueueStatus is the status of a queue, not counting the chat that asks.
type QueueStatus struct {
	Others int64     // contacts that wait
	Oldest time.Time // when the one that has waited longest was enqueued; zero when none waits
	Ahead  int64     // those ahead of the one that the [Need] describes

	Agents        Staffing
	Wait, OwnWait *time.Duration // how long one more would wait, and the one that the Need describes; nil when that is not known
}

// Staffing counts the agents of a queue.
type Staffing struct {
	Online    int64 // with a status other than Offline
	Staffed   int64 // of these, those whose status is Available
	Available int64 // of these, those with nothing in hand, and no next status

	NonProductive int64 // in a custom status
	Busy          int64 // with a chat that is connected, or in after-contact work
	Missed        int64 // with a chat that they missed or rejected
	AfterWork     int64 // chats in after-contact work
}

// Need is the error of a decision that depends on something that the state does
// not hold: the end of the transcript (Tail, for [transcript.Tail.Backfill]), which item was
// sent with a ClientToken before those that the tail knows (Token, for Env.Sent), an older
// answer than those in the state (Kept, for Env.Kept), the record of
// a contact that has ended (Record, for Env.Records), or the status of a queue
// (Queue, for Env.QueueStatus), or a content that is not in memory (Content, for
// [Catalog], and Env.Contents when it cannot be had). Provide it and decide again.
type Need struct {
	Tail   bool
	Token  transcript.Token
	Kept   string
	Record center.ContactID

	Content ContentKey

	Queue       center.QueueID
	Priority    int64     // of the chat that asks, when it waits there: see [Chat.Priority]
	Rank, Since time.Time // see [QueueEntry]
}

func (n *Need) Error() string {
	switch {
	case n.Tail:
		return "the decision needs the end of the transcript"
	case n.Token != transcript.Token{}:
		return "the decision needs the item that was sent with a ClientToken"
	case n.Kept != "":
		return "the decision needs the answer to an earlier request"
	case n.Record != "":
		return "the decision needs the record of contact " + string(n.Record)
	case n.Content.Hash != "":
		return "the decision needs the content " + n.Content.Hash + " of flow " + string(n.Content.Flow)
	}
	return "the decision needs the status of queue " + string(n.Queue)
}

// Limits are the bounds that an operator may set: see package limits.
type Limits = limits.Limits

// Change is the result of a command. It is complete: committing its parts and
// then sending its pushes is all there is to do.
type Change struct {
	Chat     *Chat     // the new state; nil when it stays as it is
	Due      time.Time // with Chat: when its next timer falls due, zero for never. It may be early: a message moves an idle timer without a change of the state, and [Tick] then finds nothing to do
	Items    []center.Item
	Receipts []center.Receipt
	Contacts []center.Contact // records that changed
	Before   []center.Contact // what those of them were that had ended before, for whoever compares
	Pushes   []center.Push    // to send after the commit, in order
	Effects  []Effect         // to start after the commit; they are in Chat.Effects too
	Streamed []Streamed       // for the outbox
	Kept     *KeptReply       // an answer that the state keeps no more, and that a [Need] may ask for
	Active   int              // +1 when a chat began, -1 when it ended
	Queues   []QueueMove      // how many contacts wait in queues
	Work     []WorkMove       // what became of contacts in agents' hands
	Ask      *Ask             // what the offer of the change asks of the agent; nil when there is none
	Log      []machine.LogEntry
	Reply    Reply

	Forgotten *Forgotten // what is to be deleted beside the state; nil for nothing
}

// Stored reports whether there is anything to commit.
func (c *Change) Stored() bool {
	return c.Chat != nil || len(c.Items) > 0 || len(c.Receipts) > 0 || len(c.Streamed) > 0
}

// QueueMove changes how many contacts wait in a queue.
type QueueMove struct {
	Queue center.QueueID
	Delta int64 // +1 or -1
	Limit int64 // of +1: how many there may be with this one; -1 for any number
}

// Streamed is one push on its way to a streaming endpoint.
type Streamed struct {
	Stream Stream
	Item   center.Item
	Rcpt   *center.Receipt
}

// Reply is the answer to the caller of a command.
type Reply struct {
	Contact     center.ContactID     `json:"contact,omitempty"`
	Participant center.ParticipantID `json:"participant,omitempty"`
	Item        center.ItemID        `json:"item,omitempty"`
	Time        time.Time            `json:"time,omitzero"`
	ID          string               `json:"id,omitempty"` // of an attachment or a stream
	Processing  bool                 `json:"-"`            // the message goes through the message processor first
}

// decision collects the result of a command.
type decision struct {
	before *Chat // the state that it began with
	chat   *Chat // the current state, or the copy being changed
	tail   *transcript.Tail
	env    *Env
	change Change

	seq  int64     // of the last item, including those of this change and pending ones
	time time.Time // of the last item
	need *Need     // what the decision depends on and was not given
}

// Decide returns the result of a command. It changes nothing it is given, does
// no I/O and takes time and randomness from env. An error is a *center.Error or
// a [Need], and means that nothing happened.
//
// chat and tail are the current state; for [Start] they are nil and empty.
func Decide(chat *Chat, tail *transcript.Tail, cmd Command, env *Env) (Change, error) {
	d := decision{before: chat, chat: chat, tail: tail, env: env, seq: tail.Seq, time: tail.Time}
	d.numberAfterPending()
	err := cmd.decide(&d)
	if err == nil {
		d.settle()
	}
	if d.need != nil { // a result or refusal that was reached without it does not count
		return Change{}, d.need
	}
	if err != nil {
		return Change{}, err
	}
	return d.change, nil
}

// edit returns the copy of the chat that this decision may change.
func (d *decision) edit() *Chat {
	if d.change.Chat == nil {
		d.chat = d.chat.clone()
		d.change.Chat = d.chat
	}
	return d.chat
}

// current returns the current contact for changes, and makes sure that its record is written.
func (d *decision) current() *center.Contact { return d.touch(d.chat.Latest.ID) }

// touch is current for any contact whose record the state has.
func (d *decision) touch(id center.ContactID) *center.Contact {
	c := d.edit()
	for i := range c.Work {
		if w := &c.Work[i]; w.Watch != nil && w.Watch.Record.ID == id {
			w.Watch = new(*w.Watch) // the state before has the other
		}
	}
	r := Live(c, id)
	r.Updated = d.env.Now
	if !slices.ContainsFunc(d.change.Contacts, func(r center.Contact) bool { return r.ID == id }) {
		// The record itself is taken when the decision, or the contact, is over: see record.
		d.change.Contacts = append(d.change.Contacts, center.Contact{ID: id})
	}
	return r
}

// Live returns the record of a contact that the state has, nil for one of which only the store has it:
// that of the current contact, of one that is being transferred to, and of supervisors.
func Live(c *Chat, id center.ContactID) *center.Contact {
	switch {
	case c.Latest.ID == id:
		return &c.Latest
	case c.Transfer != nil && c.Transfer.Contact.ID == id:
		return &c.Transfer.Contact
	}
	for i := range c.Work {
		if w := c.Work[i].Watch; w != nil && w.Record.ID == id {
			return &w.Record
		}
	}
	return nil
}

// record puts the contacts whose records the state has into the change, if they have changed.
func (d *decision) record() {
	for i := range d.change.Contacts {
		if r := Live(d.chat, d.change.Contacts[i].ID); r != nil {
			d.change.Contacts[i] = *r
		}
	}
}

// settle completes the change: the record of the current contact, what is to be
// erased, the next timer, and the net moves of queues. A contact that entered and left a queue
// in one decision never waited.
func (d *decision) settle() {
	var moves []QueueMove
	for _, m := range d.change.Queues {
		i := slices.IndexFunc(moves, func(other QueueMove) bool { return other.Queue == m.Queue })
		if i < 0 {
			moves = append(moves, m)
			continue
		}
		if moves[i].Delta += m.Delta; m.Delta > 0 {
			moves[i].Limit = m.Limit
		}
	}
	d.change.Queues = slices.DeleteFunc(moves, func(m QueueMove) bool { return m.Delta == 0 })
	d.record()
	d.erase()
	d.change.Work = workMoves(d.before, d.change.Chat)
	if d.change.Chat != nil {
		d.change.Due, _ = d.nextTimer()
	}
}

// newID returns a UUID from the decision's random source.
func (d *decision) newID() string {
	var u uuid.UUID
	for i := 0; i < 16; i += 8 {
		v := d.env.Rand.Uint64()
		for j := range 8 {
			u[i+j] = byte(v >> (8 * j))
		}
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// add appends an item to the transcript and pushes it to everybody who may see
// it. Id, Seq, times and contact are filled in. While a message is being
// processed the item is held behind it: see [PendingItem].
func (d *decision) add(it center.Item) { d.put(&PendingItem{Item: it}) }

// put is add for an item that has consequences. It reports whether the item is held.
func (d *decision) put(w *PendingItem) (held bool) {
	it := &w.Item
	d.stamp(it)
	d.seq++
	it.Seq = d.seq
	it.ID = center.NewItemID(it.Time, it.Seq, d.env.Rand.Uint64())
	d.time = it.Time
	if len(d.chat.Pending) > 0 || w.Effect != "" || d.processed(it) {
		d.hold(w)
		return true
	}
	d.publish(w)
	return false
}

// publish puts an item into the transcript.
func (d *decision) publish(w *PendingItem) {
	d.change.Items = append(d.change.Items, w.Item)
	d.push(center.Push{Item: w.Item, Last: w.Last})
}

// pushTransient pushes an event that is not stored in the transcript.
func (d *decision) pushTransient(p center.Push) {
	d.stamp(&p.Item)
	if p.Item.ID == "" {
		p.Item.ID = center.NewItemID(p.Item.Time, 0, d.env.Rand.Uint64())
	}
	d.push(p)
}

// stamp gives an item its chat, contact and time. Times within a chat increase
// strictly, so sorting by time is sorting by sequence.
func (d *decision) stamp(it *center.Item) {
	it.Chat, it.Contact = d.chat.ID, d.chat.Current().ID
	it.Time = d.env.Now.Truncate(time.Millisecond)
	if !it.Time.After(d.time) {
		it.Time = d.time.Add(time.Millisecond)
	}
}

func (d *decision) push(p center.Push) {
	p.Chat = d.chat.ID
	d.change.Pushes = append(d.change.Pushes, p)
	if withheld(&p.Item) || p.Item.Whispered() || p.Only != "" && p.Only != d.chat.Customer().ID {
		return // not everybody may see it, and streaming endpoints see both sides
	}
	for _, s := range d.chat.Streams {
		d.change.Streamed = append(d.change.Streamed, Streamed{Stream: s, Item: p.Item, Rcpt: p.Receipt})
	}
}

// participant returns the participant who gives a command. One that has left,
// or whose chat has ended, is refused like any bad credential.
func (d *decision) participant(id center.ParticipantID) (*Participant, error) {
	if d.chat.Ended {
		return nil, d.chat.over()
	}
	p := d.chat.Participant(id)
	switch {
	case p == nil:
		return nil, d.chat.notInChat(id)
	case !p.Left.IsZero():
		return nil, d.chat.hasLeft(id)
	}
	return p, nil
}

// kept returns the earlier answer to the same request.
func (d *decision) kept(key string) (Reply, bool) {
	for _, k := range d.chat.Replies {
		if k.Key == key {
			return k.Reply, true
		}
	}
	if len(d.chat.Replies) < maxReplies {
		return Reply{}, false // there are no older ones
	}
	r, known := d.env.Kept[key]
	if !known {
		d.need = &Need{Kept: key}
	}
	if r == nil {
		return Reply{}, false
	}
	return *r, true
}

// keep remembers the answer to a request with a ClientToken.
func (d *decision) keep(key string, r Reply) {
	c := d.edit()
	if len(c.Replies) >= maxReplies {
		d.change.Kept = &c.Replies[0]
		c.Replies = c.Replies[1:]
	}
	c.Replies = append(c.Replies, KeptReply{key, r})
}
