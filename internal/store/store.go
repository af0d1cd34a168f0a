// Package store defines what Parley needs of a database: one conditional commit
// per change, and the reads that rules and reports need, all in terms of the
// domain. SQLite (package sqlite) and, later, PostgreSQL implement [Store];
// package storetest is the contract both must pass.
//
// # Order and durability
//
// A [Change] is applied whole or not at all. The changes of one chat are judged
// one by one in the order of their Submit calls, and their done functions are
// called in that order, one at a time. Nothing is promised about changes of
// different chats: they may be judged, and their done functions called, in any
// order and concurrently. Many changes share one disk flush. When done is called
// with nil the change is durable: it survives the death of the process and of
// the machine. A refused change never harms its neighbours in the same flush.
// All of this holds for agents and their changes ([AgentChange]) as well.
//
// # Many nodes
//
// Several nodes may work on the same data, each with a Store of its own. What
// one has committed the others read. The order of done functions holds within
// one Store; between Stores the version of a chat decides which change is first.
//
// # Time
//
// Stores take times and read no clock but to say what it shows ([Store.Time]). Times have millisecond precision.
package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"parley.example/parley/internal/center"
)

// Errors by which a change is refused. They are compared with errors.Is.
var (
	// ErrConflict: the chat, or the agent, is not at the version, or the transcript not at
	// the sequence number, that the change was decided on, or the chat that a
	// change names does not exist and the change does not create it. Load and
	// decide again.
	ErrConflict = errors.New("the chat or the agent changed meanwhile")
	// ErrQuota: a counter of Change.Quotas would pass its limit, or is above that of a
	// condition. The error is a *QuotaError, which names it.
	ErrQuota = errors.New("the quota is used up")
	// ErrReplay: the key of Change.Once has been used. Replayed returns the
	// first answer. It takes precedence over the other two: a repeated request gets
	// its answer even if the chat has moved on or the quota is used up.
	ErrReplay = errors.New("the request was made before")
	// ErrNoInstance: the instance of Change.Within does not exist. It takes precedence over all others.
	ErrNoInstance = errors.New("the instance does not exist")
	// ErrFenced: a lease of Chores.Fences is not held any more. Another node does
	// this work now.
	ErrFenced = errors.New("the lease is held by another node")
	// ErrBusy: somebody reads what is to be changed. Try again later.
	ErrBusy = errors.New("the database is being read")
	// ErrClosed: the store is closed; nothing was applied.
	ErrClosed = errors.New("the store is closed")
	// ErrAway: the database does not answer, or takes no writes. Reads may succeed later, and a change may have happened.
	ErrAway = errors.New("the database is away")
)

// QuotaError is an [ErrQuota] that names the counter: the first of
// Change.Quotas that would pass its limit.
type QuotaError struct{ Counter Counter }

func (e *QuotaError) Error() string { return ErrQuota.Error() + ": " + e.Counter.String() }

// Is reports whether target is [ErrQuota].
func (e *QuotaError) Is(target error) bool { return target == ErrQuota }

// Store keeps chats and resources. All methods may be called by many goroutines.
// Reads see every change whose done was called, also by another Store on the same
// data. What does not exist is a *center.Error with reason NotFound.
type Store interface {
	Eraser
	AgentKeeper
	ContactSearcher
	FactKeeper

	// Submit queues a change and returns at once. The store keeps the change
	// until done is called; the caller must not alter it. Submit blocks only
	// while the queue (bounded) is full. done must be quick and must not call
	// Submit: it runs on a goroutine that serves all changes. It may run
	// concurrently with the done of another chat's change.
	Submit(c *Change, done func(error))

	// Keep applies chores, all or none, and returns when they are durable. It is
	// refused with ErrFenced. When ctx ends first the chores may still be applied.
	Keep(ctx context.Context, c *Chores) error

	// Chat loads a chat's head.
	Chat(ctx context.Context, id center.ContactID) (Head, error)
	// ChatOf returns the chat that a contact belongs to.
	ChatOf(ctx context.Context, contact center.ContactID) (center.ContactID, error)
	// Versions returns the versions of chats, in any order and in one query. Chats
	// that do not exist are left out.
	Versions(ctx context.Context, chats []center.ContactID) ([]ChatVersion, error)
	// Items reads a run of a transcript.
	Items(ctx context.Context, q ItemQuery) ([]center.Item, error)
	// Sent returns the first item of a chat that a participant sent with a ClientToken.
	// It may miss one of the last RecentItems. What it costs hardly depends
	// on the length of the transcript.
	Sent(ctx context.Context, chat center.ContactID, q SentQuery) (SentItem, error)
	// Receipts returns the receipts of the chat's items with ids in items, in any order.
	Receipts(ctx context.Context, chat center.ContactID, items []center.ItemID) ([]center.Receipt, error)
	// Contacts yields the contacts that match, in the order of q.
	Contacts(ctx context.Context, q ContactQuery) iter.Seq2[center.Contact, error]

	// Due returns at most limit chats of the shards whose Head.Due is not after
	// now, longest due first, and the time at which the next one of the shards
	// after those falls due (zero when none is).
	Due(ctx context.Context, shards Shards, now time.Time, limit int) (chats []center.ContactID, next time.Time, err error)
	// Orphans yields the chats of the shards that have pending effects on a node
	// (Head.Workers) that is not in alive: they have to be started again.
	Orphans(ctx context.Context, shards Shards, alive []string) iter.Seq2[center.ContactID, error]

	// Waiting yields the chats that wait in a queue of an instance, in the order
	// in which they are to be taken; with an empty queue those of all its queues,
	// queue by queue.
	Waiting(ctx context.Context, instance center.InstanceID, queue center.QueueID) iter.Seq2[Waiting, error]
	// QueueStatus returns the status of a queue, seen from one chat.
	QueueStatus(ctx context.Context, q QueueQuery) (QueueStatus, error)

	// Replayed returns the answer kept under the key of a Change.Once.
	Replayed(ctx context.Context, key string) ([]byte, error)
	// Count returns the value of a counter, whether or not it has a limit.
	Count(ctx context.Context, c Counter) (int64, error)

	// Outbox returns at most limit waiting deliveries of the shards that are due at
	// now: for each Stream only the oldest ones without a gap, so that taking them
	// in order keeps the order of the stream. A limit that is too small for all is
	// shared fairly: no stream with a due delivery is left out while another has two.
	Outbox(ctx context.Context, shards Shards, now time.Time, limit int) ([]Delivery, error)
	// Overflow returns at most limit excess deliveries of the shards, due or not: of each
	// Stream with more than keep waiting ones, all but the newest keep, oldest first.
	Overflow(ctx context.Context, shards Shards, keep, limit int) ([]Delivery, error)

	// DeadLetters returns the dead letters that match, by ID: in the order in which they were put into the outbox. Their Due is zero.
	DeadLetters(ctx context.Context, q DeadQuery) ([]Delivery, error)

	// Backlog counts what waits, in all instances. It takes longer the more that is.
	Backlog(ctx context.Context) (Backlog, error)

	// Uploads returns at most limit uploads of the shards whose Expires is not
	// after now, longest expired first.
	Uploads(ctx context.Context, shards Shards, now time.Time, limit int) ([]Upload, error)

	// Resource loads one resource.
	Resource(ctx context.Context, kind center.Kind, id string) (center.Resource, error)
	// Resources yields the resources of a kind in an instance ("" for those
	// that belong to none; for KindInstance all of them), by name, then id.
	Resources(ctx context.Context, instance center.InstanceID, kind center.Kind) iter.Seq2[center.Resource, error]
	// WriteResources writes resources: all of it, or nothing when a part fails.
	// It returns the new revisions of the instances that it touched.
	WriteResources(ctx context.Context, w ResourceWrite) (map[center.InstanceID]int64, error)
	// Overwrite is WriteResources for what must not be kept: once it returns, no file of the
	// store has any of gone, texts that are in no row any more. It is for the start: other writes
	// wait, as long as copying all data takes at worst. Repeated, it does what is left to do. Instances are not dropped by it.
	Overwrite(ctx context.Context, w ResourceWrite, gone ...string) error
	// Revision returns how many writes have touched resources of an instance
	// ("" for those that belong to none). It is incremented in the transaction of
	// the write: resources that are read after a revision are at least as new.
	Revision(ctx context.Context, instance center.InstanceID) (int64, error)

	// Time returns what the clock shows that all nodes on the data have in common: that of
	// the database's server. Without a server it is the process's own.
	Time(ctx context.Context) (time.Time, error)

	// Claim gives a node those of the named leases that are free or expired at now
	// and renews those that it holds, expired or not, until now+ttl. It returns
	// what the node holds then, in the order of names. The node must have a name.
	// A lease that lasts longer than FarAhead ttl from now counts as expired: nobody
	// has granted that, but the clock has been set back since.
	Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]Lease, error)
	// Release frees those of the named leases that the node holds.
	Release(ctx context.Context, node string, names ...string) error
	// Leases returns the leases whose names begin with prefix, by name: those that
	// are held, expired ones included, since the caller has the time.
	Leases(ctx context.Context, prefix string) ([]Lease, error)

	// Purge deletes what no longer matters: replay keys of the shards that are
	// older than before, of their dead letters all but the newest dead, and leases
	// that expired earlier than before. It works in small steps, so that it never
	// holds up commits for long.
	Purge(ctx context.Context, shards Shards, before time.Time, dead int) error
	// Close waits until every submitted change is done and releases the files. It may be called twice.
	Close() error
}

// Backlog is what waits, for whoever watches a server. Times are zero when nothing waits.
type Backlog struct {
	Queued      int64     // chats in queues
	QueuedSince time.Time // when the one that has waited longest came into its queue
	Deliveries  int64     // in the outbox
	Oldest      time.Time // when the oldest of them was put there
	Dead        int64     // dead letters
}

// Change is what one command does to one chat.
type Change struct {
	Chat center.ContactID

	// State, when set, replaces the chat's head. Version is the version the
	// change was decided on, 0 for a new chat; another is refused with
	// ErrConflict. The chat then has the version Next, or Version+1 when that
	// is 0. When State is nil the head stays unchanged, Next is ignored, and a
	// Version of 0 matches any.
	//
	// A caller that decides changes on the result of pending ones gives each a
	// unique Next: a change whose predecessor was refused must not happen to match
	// a version of another writer.
	Version, Next int64
	State         *Head

	// Within, when set, is an instance that has to exist, else the change is refused with
	// ErrNoInstance. A change that begins a chat names the chat's, so that no chat outlives its instance.
	Within center.InstanceID

	// Items are appended to the transcript. Their Seq follow each other, and
	// the first one must follow the last that is stored, whose ID must be After
	// unless that is empty; otherwise the whole change is refused with ErrConflict.
	//
	// Their order is more than their Seq, and the caller answers for that: no
	// item's Time is before that of the item in front of it, and the items of a contact follow each
	// other, in the order of the contacts' Initiated, which differ within a chat. The record of
	// a contact is written with its first item or earlier. Items are found by that order.
	Items []center.Item
	After center.ItemID
	// Size, of a change with Items, is kept with the last of them: see Head.Size.
	Size int64
	// Receipts are merged: times that are stored already are kept.
	Receipts []center.Receipt
	// Contacts replace the records of these contacts.
	Contacts []center.Contact
	// Quotas change counters, one after another.
	Quotas []Quota
	// Once, when set, makes the change happen once for its key.
	Once *Once
	// Answers are kept like that of Once, in place of what their keys have; the change does not depend on them.
	Answers []Once
	// Deliveries are put into the outbox, in this order.
	Deliveries []Delivery
	// Tallies are left to be counted, in this order: see [FactKeeper].
	Tallies []Tally
	// Uploads records uploads; one that is recorded already gets the new Expires.
	// Settled removes the records of uploads, by ID.
	Uploads []Upload
	Settled []string
	// Erase, when set, takes parts of the chat away for good, or the chat as a whole: see
	// [Eraser]. Version must be set. With [center.AllParts] nothing else is, but for Quotas and Tallies. Counters are moved
	// by those alone: an active chat is ended first, and the slots of those who hold it are
	// freed, unless its whole instance goes.
	Erase *Remove
}

// Head is a chat's state as the store sees it: opaque, with a few facts that are
// indexed.
type Head struct {
	Instance center.InstanceID
	Version  int64       // as loaded; ignored in Change.State
	State    []byte      // as encoded by package contact
	Due      time.Time   // when the next timer of the chat falls due; zero for never
	Workers  []string    // the nodes that run the chat's effects, none of whose names has a space; nil when none is pending
	Active   bool        // the chat has not ended
	Queued   *QueueEntry // where the chat waits for an agent; nil when it does not
	Kept     center.Part // what there is of a chat that is over and is kept for as long as its instance says
	Ended    time.Time   // when a chat that is over ended; zero before
	Expires  time.Time   // when what is kept by a rule of the chat's own falls due; zero for never

	// Held says who has the chat on their hands, in any order: at most MaxHeld, no two alike. It is
	// replaced as a whole, may outlast the chat's end, and goes when the chat is erased. Chat does
	// not load it; see Store.Held.
	Held []Holding

	// As loaded: Seq, Time and ID of the last item, zero when there is none, and
	// Change.Size of the change that it came with. They are ignored in Change.State.
	LastSeq  int64
	LastTime time.Time
	LastID   center.ItemID
	Size     int64
}

// ChatVersion is the version of a chat: it shows whether a copy in memory, or a
// reader of the transcript, is up to date.
type ChatVersion struct {
	Chat    center.ContactID
	Version int64 // as in Head
	LastSeq int64
	Active  bool
}

// QueueEntry is where a chat waits. In a queue contacts are taken by Priority, lower
// first, then by Rank and by Since, earlier first, then by id.
type QueueEntry struct {
	Queue    center.QueueID
	Priority int64
	Rank     time.Time // Since, less the contact's time adjustment
	Since    time.Time
}

// Waiting is a chat that waits.
type Waiting struct {
	Chat center.ContactID
	QueueEntry
}

// QueueQuery asks for the status of a queue without the chat Except. Priority,
// Rank and Since are those of that chat, for QueueStatus.Ahead.
type QueueQuery struct {
	Instance center.InstanceID
	Except   center.ContactID
	QueueEntry
}

// QueueStatus is the status of a queue.
type QueueStatus struct {
	Others int64     // chats that wait
	Oldest time.Time // the earliest Since of them; zero when there is none
	Ahead  int64     // those that are taken before the chat of the query
}

// Once makes a request happen once: Key identifies it (operation, caller and
// token), Answer is the answer to repeated requests, until it is purged.
type Once struct {
	Key    string
	Answer []byte
	At     time.Time
}

// ResourceWrite changes resources together. Drop is done first, so that Put may
// use a name which it frees.
type ResourceWrite struct {
	// Put writes resources. Version 0 creates: the id and, in (instance, kind),
	// the name must be free, else reason Duplicate. Another version replaces
	// exactly that version, else reason Conflict.
	Put []center.Resource
	// Drop removes resources, by kind and id; those that are not there are ignored.
	Drop []center.Resource
	// Erase, when set, records an erasure of all chats that its instance has. While one of them has
	// not ended, reason BadRequest.
	Erase *Erasure
}

// ItemQuery asks for items of one chat. Seq bounds are inclusive; the zero
// value of To means the end. Descending begins at To. What an answer costs depends
// on its items and those that Hidden leaves out between them, and hardly on the length of the
// transcript: Before, After and Contact are found by the order of Change.Items.
type ItemQuery struct {
	Chat       center.ContactID
	From, To   int64
	Descending bool
	Limit      int                 // at most 1,000; 0 means 1,000
	Contact    center.ContactID    // when set, only items of this contact
	Before     time.Time           // when set, only items not after it (for AbsoluteTime with a backward scan)
	After      time.Time           // when set, only items not before it
	Hidden     []center.Visibility // items with one of these visibilities are left out
}

// RecentItems is how many of a chat's last items [Store.Sent] may miss. So a chat
// that has no more costs nothing for it.
const RecentItems = 1024

// SentQuery asks for the item that a participant sent with a ClientToken: a file
// with Attachment, else a message.
type SentQuery struct {
	Participant center.ParticipantID
	ClientToken string
	Attachment  bool
}

// SentItem is an item that was sent.
type SentItem struct {
	ID   center.ItemID
	Time time.Time
}

// ContactQuery asks for contacts. Zero members do not restrict.
type ContactQuery struct {
	Instance      center.InstanceID
	Chat          center.ContactID   // of one chain
	IDs           []center.ContactID // these
	Related       center.ContactID   // whose Related is this
	InitiatedFrom time.Time
	InitiatedTo   time.Time // exclusive
	Descending    bool      // by Initiated, then ID
	Limit         int       // 0 means no limit
}

// askedKey is the key under which a context has the time of [Asked].
type askedKey struct{}

// Asked returns a context for a request that was made at a time: a store waits for a database that is away no longer than it would have then, whatever
// the request has waited for before.
func Asked(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, askedKey{}, at)
}

// AskedAt returns the time of [Asked].
func AskedAt(ctx context.Context) (at time.Time, ok bool) {
	at, ok = ctx.Value(askedKey{}).(time.Time)
	return at, ok
}
