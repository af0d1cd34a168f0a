package contact

import (
	"errors"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// What a chat may grow by. Amazon documents a duration of seven days, 32 KB of
// attributes and 35 files; the other bounds are our own, so that nobody who has a token,
// and no flow that goes round for ever, can fill a disk, or make a chat so large
// that handling it holds up others.
const (
	// maxParticipants is how many a chat may have had, the customer included. It bounds the contacts of the
	// chain too, of which each but a few begins with the leaving of an agent.
	maxParticipants = 200
	// flowReserve is which part of Limits.ChatBytes flows may add to it, so that they can
	// say goodbye in a transcript that participants have filled.
	flowReserve = 16
	// Calls of functions and bots that are under way, with their events.
	maxEffects     = 256
	maxEffectBytes = 1 << 20
	// What flows say while messages are being processed, twice as much as participants and flows alike
	// may have processed: see maxPending.
	maxHeld      = 4 * maxPending
	maxHeldBytes = 1 << 20
)

// MaxState is how large the state of a chat may get, in bytes, as [Chat.Encode] returns it. The
// bounds of its parts let none come near; it is there for what they do not foresee.
const MaxState = 4 << 20

// size is that of the transcript, with what this decision and pending items add to it.
func (d *decision) size() int64 {
	n := d.tail.Size
	for i := range d.change.Items {
		n += transcript.ItemSize(&d.change.Items[i])
	}
	for i := range d.chat.Pending {
		n += transcript.ItemSize(&d.chat.Pending[i].Item)
	}
	return n
}

// checkRoom returns an error if the transcript has no room for another item of a participant.
func (d *decision) checkRoom(it *center.Item) error {
	if most := d.env.Limits.ChatBytes; d.size()+transcript.ItemSize(it) > most {
		return center.Errorf(center.QuotaExceeded, "the transcript of this chat has reached %d MiB, and takes no more messages or files; the setting is --max-chat-mb", most>>20)
	}
	return nil
}

// checkParticipants returns an error if the chat has had as many participants as it may.
func (c *Chat) checkParticipants() error {
	if len(c.Participants) >= maxParticipants {
		return center.Errorf(center.QuotaExceeded, "the chat has had %d participants, and takes no more", maxParticipants)
	}
	return nil
}

// overgrown says what a flow has let grow too large, nil when nothing is: its chat then ends.
func (d *decision) overgrown(out *machine.Outcome) error {
	size, held, heldBytes := d.size(), len(d.chat.Pending), 0
	for i := range d.chat.Pending {
		heldBytes += len(d.chat.Pending[i].Item.Content)
	}
	for i := range out.Messages {
		size += transcript.Overhead + int64(len(out.Messages[i].Text))
		if held > 0 {
			held++
			heldBytes += len(out.Messages[i].Text)
		}
	}
	effects, effectBytes := len(d.chat.Effects)+len(out.Effects), 0
	for i := range d.chat.Effects {
		effectBytes += len(d.chat.Effects[i].Event)
	}
	most := d.env.Limits.ChatBytes
	switch {
	case len(out.Messages) > 0 && size > most+most/flowReserve:
		return errors.New("the transcript is full, and the flow goes on sending messages; the setting is --max-chat-mb")
	case len(out.Messages) > 0 && (held > maxHeld || heldBytes > maxHeldBytes):
		return errors.New("the flow sends messages faster than the message processor handles them")
	case len(out.Effects) > 0 && (effects > maxEffects || effectBytes > maxEffectBytes):
		return errors.New("the flow starts calls faster than they are answered")
	}
	return nil
}
