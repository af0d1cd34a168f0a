package store

import (
	"context"
	"iter"
	"time"

	"parley.example/parley/internal/center"
)

// Eraser is the part of a [Store] that deletes what chats have left, in three steps.
//
// A [Change] with Erase takes a chat, or parts of it, away: from then on a chat that goes as a
// whole does not exist. It leaves [Remains]. EraseRows deletes their rows, a few at a time.
// Then Remains names what is kept outside of the store, and Cleared ends it. Each
// step is durable, so whoever starts again after a crash completes what was begun, and
// several may work at the same time.
type Eraser interface {
	// Expired returns at most limit chats of an instance with the part in Head.Kept
	// that ended at or before a time, longest ended first.
	Expired(ctx context.Context, instance center.InstanceID, part center.Part, ended time.Time, limit int) ([]center.ContactID, error)
	// Expiring returns at most limit chats whose Head.Expires is not after now, longest
	// expired first.
	Expiring(ctx context.Context, now time.Time, limit int) ([]center.ContactID, error)
	// Matching yields the chats that a selection names, each once. It reads all chats of
	// the instance, a few at a time.
	Matching(ctx context.Context, s Selection) iter.Seq2[center.ContactID, error]

	// EraseRows deletes at most limit rows of what chats have left, then of the agents of deleted
	// instances and their deliveries, and reports whether there are more.
	EraseRows(ctx context.Context, limit int) (more bool, err error)
	// Remains returns at most limit chats, or parts of chats, that have no rows any
	// more, oldest first.
	Remains(ctx context.Context, limit int) ([]Remains, error)
	// Cleared says that the files and log lines of remains are gone.
	Cleared(ctx context.Context, r []Remains) error

	// PutErasure records an erasure, with the chats that are to be erased by it.
	PutErasure(ctx context.Context, e Erasure, chats []center.ContactID) error
	// Listed returns at most limit chats that erasures are still to take: those listed
	// for them, and those of instances that were deleted. by is the erasure's id.
	Listed(ctx context.Context, limit int) (chats []Doomed, err error)
	// Unlist takes chats off the lists of erasures: they are gone already.
	Unlist(ctx context.Context, chats []Doomed) error
	// Ready returns the erasures that are not finished and have nothing left to take, to delete or to clear.
	Ready(ctx context.Context) ([]Erasure, error)
	// FinishErasures marks those that are ready as finished at now, and returns how many
	// there were. What deleted instances have left besides, their counters among it, goes with it.
	FinishErasures(ctx context.Context, now time.Time) (int, error)
	// Erasure returns an erasure with all that is known of it.
	Erasure(ctx context.Context, id string) (Erasure, error)
	// Erasures returns at most limit erasures that were asked for before an id, newest first, all
	// for "". Their Contacts are left out.
	Erasures(ctx context.Context, before string, limit int) ([]Erasure, error)

	// Shrink gives back some of the space that is free, in a step that holds up commits for
	// a few milliseconds at most, and reports whether there is more to give.
	Shrink(ctx context.Context) (more bool, err error)
	// Traces reports whether chats were erased without an erasure, by retention, since
	// Spotless was last called.
	Traces(ctx context.Context) (bool, error)
	// Scrub overwrites what was deleted and is still in the files, one section of them at a time:
	// the first is 0, and next is 0 after the last.
	Scrub(ctx context.Context, section int64) (next int64, err error)
	// Spotless says that nothing of what has been erased is left, for Traces.
	Spotless(ctx context.Context) error
	// EmptyLog empties the log in which what was deleted may still be. It is refused with
	// ErrBusy while somebody reads an old state.
	EmptyLog(ctx context.Context) error
	// DropCopies deletes copies of the data that upgrades have made, in which what was deleted still is.
	DropCopies(ctx context.Context) error
}

// Selection selects chats of an instance by what is known of them. One member besides
// Instance is set.
type Selection struct {
	Instance         center.InstanceID
	Customer         string // CustomerId of one of the contacts
	Attribute, Value string // a user-defined attribute of the chat
}

// Remove is the part of a change that erases a chat or parts of it.
type Remove struct {
	Parts    center.Part
	Files    []string           // the ids of the attachments that go
	Contacts []center.ContactID // the chain, whose lines in logs go
	Erasure  string             // by which; "" for none
}

// Remains is what a chat has left outside of the store.
type Remains struct {
	N        int64 // given by the store
	Chat     center.ContactID
	Instance center.InstanceID
	Remove
	Lines int64 // for Cleared: how many lines of logs were deleted
}

// Doomed is a chat that an erasure takes.
type Doomed struct {
	Erasure string
	Chat    center.ContactID
}

// Erasure is an erasure that was asked for, and its receipt. It holds no personal data.
type Erasure struct {
	ID       string // sorts by Asked
	Instance center.InstanceID
	By       ErasedBy
	Key      string // the id of the access key with which it was asked for
	Asked    time.Time
	Finished time.Time // zero while something is left

	Waiting  int64            // chats that are still to be taken
	Counts   map[string]int64 // what was deleted, by kind
	Contacts []center.ContactID
}

// ErasedBy says how what is erased was selected.
type ErasedBy string

// The ways.
const (
	ByContact   ErasedBy = "contact"
	ByCustomer  ErasedBy = "customer"
	ByAttribute ErasedBy = "attribute"
	ByInstance  ErasedBy = "instance" // DeleteInstance: contacts are counted, not listed
)

// NewErasureID returns the id of an erasure that is asked for at a time.
func NewErasureID(now time.Time) string { return string(center.NewContactID(now)) }
