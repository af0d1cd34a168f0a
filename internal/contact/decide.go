package contact

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Command is something that is asked of a chat, or that happened to it. The
// commands are the exported types of this package with a decide method:
// [Connect], [Send], [Tick] and so on.
type Command interface {
	decide(d *decision) error
}

// Env is what a decision needs to know of the world: the time, chance, and
// what an administrator has set up.
type Env struct {
	Now       time.Time
	Rand      *rand.Rand
	Partition center.Partition
	Limits    Limits
	Catalog   Catalog
	Node      string // that starts the effects of the decision
	// Full are the queues that were at capacity when an earlier attempt at this
	// command was committed: the flow takes its QueueAtCapacity branch.
	Full []center.QueueID
	// Lines tells how queues stand, as far as somebody has looked: see [Need].
	Lines map[center.QueueID]Line
	// Records are contacts of the chain that have ended, as the store has them: see [Need].
	Records map[center.ContactID]center.Contact
	// ViewToken makes what a participant shows to DescribeView. It may be nil
	// where no view is ever shown.
	ViewToken func(chat center.ContactID, view machine.View) string
	Trace     func(machine.Visit) // see machine.World; may be nil
}

// Line is how a queue stands, leaving aside the chat that asks.
type Line struct {
	Others int64     // contacts that wait
	Oldest time.Time // when the one that has waited longest came; zero when none waits
	Ahead  int64     // those that are taken before the one that the [Need] describes
}

// Need is the error of a decision that has to know something that the state
// does not hold: the end of the transcript (Tail, for [Tail.Backfill]), the
// record of a contact that has ended (Record, for Env.Records), or how a queue
// stands (Queue, for Env.Lines). Provide it and decide again.
type Need struct {
	Tail   bool
	Record center.ContactID

	Queue       center.QueueID
	Priority    int64     // of the chat that asks, when it waits there: see [Chat.Priority]
	Rank, Since time.Time // see [Place]
}

func (n *Need) Error() string {
	switch {
	case n.Tail:
		return "the end of the transcript has to be known"
	case n.Record != "":
		return "the record of contact " + string(n.Record) + " has to be known"
	}
	return "the length of queue " + string(n.Queue) + " has to be known"
}

// Limits are the bounds that an operator may set. The zero value of a member
// means its default.
type Limits struct {
	TextBytes   int   // the longest text message, in bytes; 16,384
	StrictText  bool  // hold text messages to 1,024 characters, as the operation's documentation says
	Attachments int   // files in one chat; 35
	FileBytes   int64 // the largest file; 20 MiB
}

// Defaults fills in what is not set.
func (l Limits) Defaults() Limits {
	if l.TextBytes == 0 {
		l.TextBytes = 16384
	}
	if l.Attachments == 0 {
		l.Attachments = 35
	}
	if l.FileBytes == 0 {
		l.FileBytes = 20 << 20
	}
	return l
}

// Change is what a command leads to. It is complete: committing its parts and
// then telling its pushes is all there is to do.
type Change struct {
	Chat     *Chat     // the new state; nil when it stays as it is
	Due      time.Time // with Chat: when its next timer falls due, zero for never. It may be early: a message moves an idle timer without a change of the state, and [Tick] then finds nothing to do
	Items    []center.Item
	Receipts []center.Receipt
	Contacts []center.Contact // records that changed
	Pushes   []center.Push    // to tell after the commit, in order
	Effects  []Effect         // to start after the commit; they are in Chat.Effects too
	Streamed []Streamed       // for the outbox
	Active   int              // +1 when a chat began, -1 when it ended
	Queues   []QueueMove      // how many contacts wait in queues
	Log      []machine.LogEntry
	Reply    Reply
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

// Reply is what the caller of a command is answered.
type Reply struct {
	Contact     center.ContactID     `json:"contact,omitempty"`
	Participant center.ParticipantID `json:"participant,omitempty"`
	Item        center.ItemID        `json:"item,omitempty"`
	Time        time.Time            `json:"time,omitzero"`
	ID          string               `json:"id,omitempty"` // of an attachment or a stream
	Processing  bool                 `json:"-"`            // the message goes through the message processor first
}

// decision collects what a command leads to.
type decision struct {
	chat   *Chat // as it is, or the copy being changed
	tail   *Tail
	env    *Env
	change Change

	seq  int64     // of the last item, those of this change and of the line included
	time time.Time // of the last item
	need *Need     // what was asked for and is not known
}

// Decide says what a command leads to. It changes nothing it is given, does no
// I/O and takes time and chance from env. An error is a *center.Error and
// means that nothing happened.
//
// chat and tail are the state that the command meets; for [Start] they are nil
// and empty.
func Decide(chat *Chat, tail *Tail, cmd Command, env *Env) (Change, error) {
	d := decision{chat: chat, tail: tail, env: env, seq: tail.Seq, time: tail.Time}
	d.takeLine()
	err := cmd.decide(&d)
	if err == nil {
		d.settle()
	}
	if d.need != nil { // what was decided, or refused, without knowing it does not count
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

// current returns the current contact to change, and sees to its record being written.
func (d *decision) current() *center.Contact {
	c := &d.edit().Latest
	c.Updated = d.env.Now
	if !slices.ContainsFunc(d.change.Contacts, func(r center.Contact) bool { return r.ID == c.ID }) {
		// The record itself is taken when the decision, or the contact, is over: see record.
		d.change.Contacts = append(d.change.Contacts, center.Contact{ID: c.ID})
	}
	return c
}

// record takes the record of the current contact as it stands, if it has changed.
func (d *decision) record() {
	for i := range d.change.Contacts {
		if d.change.Contacts[i].ID == d.chat.Latest.ID {
			d.change.Contacts[i] = d.chat.Latest
		}
	}
}

// settle takes the record of the current contact, and sums up what happened to
// queues: a contact that came and went in one decision never waited.
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
	if d.change.Chat != nil {
		d.change.Due, _ = d.nextTimer()
	}
}

// newID returns a random UUID from the decision's chance.
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

// add appends an item to the transcript and tells everybody who may see it.
// Id, Seq, times and contact are filled in. While a message is being processed
// all of that comes to pass behind it: see [Waiting].
func (d *decision) add(it center.Item) { d.put(&Waiting{Item: it}) }

// put is add for an item that something follows from. It reports whether the
// item has to wait.
func (d *decision) put(w *Waiting) (waits bool) {
	it := &w.Item
	d.stamp(it)
	d.seq++
	it.Seq = d.seq
	it.ID = center.NewItemID(it.Time, it.Seq, d.env.Rand.Uint64())
	d.time = it.Time
	if len(d.chat.Line) > 0 || d.processed(it) {
		d.wait(w)
		return true
	}
	d.publish(w)
	return false
}

// publish puts an item into the transcript.
func (d *decision) publish(w *Waiting) {
	d.change.Items = append(d.change.Items, w.Item)
	d.tell(center.Push{Item: w.Item, Last: w.Last})
}

// notify tells an event that the transcript does not keep.
func (d *decision) notify(p center.Push) {
	d.stamp(&p.Item)
	if p.Item.ID == "" {
		p.Item.ID = center.NewItemID(p.Item.Time, 0, d.env.Rand.Uint64())
	}
	d.tell(p)
}

// stamp gives an item its chat, contact and time. Times within a chat rise
// strictly, so that sorting by time is sorting by sequence.
func (d *decision) stamp(it *center.Item) {
	it.Chat, it.Contact = d.chat.ID, d.chat.Current().ID
	it.Time = d.env.Now.Truncate(time.Millisecond)
	if !it.Time.After(d.time) {
		it.Time = d.time.Add(time.Millisecond)
	}
}

func (d *decision) tell(p center.Push) {
	p.Chat = d.chat.ID
	d.change.Pushes = append(d.change.Pushes, p)
	if p.Item.Processing != "" {
		return // withheld: what streams the chat is not its sender's side alone
	}
	for _, s := range d.chat.Streams {
		d.change.Streamed = append(d.change.Streamed, Streamed{Stream: s, Item: p.Item, Rcpt: p.Receipt})
	}
}

// participant returns the participant that a command speaks for. One that has
// left, or whose chat has ended, is refused as any bad credential is.
func (d *decision) participant(id center.ParticipantID) (*Participant, error) {
	if d.chat.Ended {
		return nil, d.chat.over()
	}
	p := d.chat.Participant(id)
	switch {
	case p == nil:
		return nil, d.chat.stranger(id)
	case !p.Left.IsZero():
		return nil, d.chat.left(id)
	}
	return p, nil
}

// kept returns the answer given before to the same request.
func (d *decision) kept(key string) (Reply, bool) {
	for _, k := range d.chat.Replies {
		if k.Key == key {
			return k.Reply, true
		}
	}
	return Reply{}, false
}

// keep remembers the answer to a request with a ClientToken.
func (d *decision) keep(key string, r Reply) {
	c := d.edit()
	if len(c.Replies) >= maxReplies {
		c.Replies = c.Replies[1:]
	}
	c.Replies = append(c.Replies, KeptReply{key, r})
}
