package simulator

import (
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/flowtest/wording"
)

// Entry is one thing that happened in a chat.
type Entry struct {
	At   time.Duration // since the chat began
	Type EntryType
	// Of EntryStep.
	Visit    machine.Visit
	Document *Document // nil when the flow is none of the instance's
	// Of EntryItem: a message, an event, a file.
	Item center.Item
	// Of the others, and of a step that calls a function: what there is to say.
	Text string
}

// EntryType is what an [Entry] is about.
type EntryType string

// The types of entry.
const (
	EntryStep   EntryType = "step"   // an action of a flow ran
	EntryItem   EntryType = "item"   // somebody said or did something that the transcript or a socket shows
	EntryCall   EntryType = "call"   // a function or a bot was asked
	EntryAnswer EntryType = "answer" // it answered
	EntryNote   EntryType = "note"   // the contact moved: into a queue, into a new segment, to its end
)

// step is a visit of an action that is not in the story yet.
type step struct {
	visit machine.Visit
	at    int // how many pushes of the change come before it
}

// trace is called with each action while a command is being decided.
func (c *Chat) trace(v machine.Visit) {
	said := 0 // before this action
	if n := len(c.steps); n > 0 && v.Step > 1 {
		said = c.steps[n-1].visit.Said
	}
	c.steps = append(c.steps, step{v, v.Told + said})
}

// record writes the steps of a command and what was said into the story, each
// message behind the action that said it, and where the contact went before
// the flow that runs there.
func (c *Chat) record(change *contact.Change, before *contact.Chat) {
	moves, next := movesOf(before, c.state), 0
	step := func() {
		v := c.steps[next].visit
		if v.Step == 1 && !v.Again { // a flow begins
			here := func(m move) bool { return m.to == v.Kind }
			moves = c.moved(moves, slices.IndexFunc(moves, here)+1)
		}
		c.step(v)
		next++
	}
	for i, p := range change.Pushes {
		for next < len(c.steps) && c.steps[next].at <= i {
			step()
		}
		if p.Item.ContentType == center.EventEnded {
			moves = c.moved(moves, len(moves))
		}
		c.add(Entry{Type: EntryItem, Item: p.Item})
	}
	for next < len(c.steps) {
		step()
	}
	c.moved(moves, len(moves))
	if before == nil || before.Joining == "" || c.state.Ended {
		return
	}
	if p := c.state.Participant(before.Joining); !p.Left.IsZero() && p.Joined.IsZero() {
		c.Note("%s does not join: the agent whisper has been broken off", p.DisplayName)
	}
}

func (c *Chat) step(v machine.Visit) {
	document := c.in.DocumentByID(v.Flow)
	if document != nil && !document.staged {
		c.seen.count(document, v)
	}
	c.add(Entry{Type: EntryStep, Visit: v, Document: document, Text: c.waiting(v)})
}

// waiting says what an action waits for.
func (c *Chat) waiting(v machine.Visit) string {
	text := "waits"
	if !v.Waits || c.state == nil {
		return text
	}
	run := c.Run(v.Action)
	if run == nil {
		return text
	}
	switch run.Wait.Kind {
	case machine.WaitEffect, machine.WaitBot:
		return text
	case machine.WaitInput:
		text += " for the customer"
	case machine.WaitView:
		text += " for the response"
	case machine.WaitAuth:
		text += " for the customer to sign in"
	}
	if until := run.Wait.Until; !until.IsZero() {
		text += " until " + wording.Clock(until.Sub(c.began))
	}
	return text
}

func (c *Chat) add(h Entry) {
	h.At = c.Now.Sub(c.began)
	if len(c.story) < maxStory {
		c.story = append(c.story, h)
	}
}

// Note writes a remark into the story.
func (c *Chat) Note(format string, args ...any) {
	c.add(Entry{Type: EntryNote, Text: fmt.Sprintf(format, args...)})
}

// move is where the contact went, with the type of flow that runs there.
type move struct {
	to    machine.Kind
	notes []string
}

// movesOf returns where the contact went between two states, in order.
func movesOf(before, now *contact.Chat) (moves []move) {
	if now == nil || now == before {
		return nil
	}
	var was []contact.Segment
	if before != nil {
		was = before.Chain()
	}
	chain, known := now.Chain(), len(was)
	for i := max(known-1, 0); i < len(chain); i++ {
		k := &chain[i]
		var m move
		if i >= known && i > 0 {
			m = move{machine.KindDisconnect, []string{fmt.Sprintf("the contact goes on as a new one (%s)", k.Method)}}
		}
		if k.Method != center.MethodQueueTransfer && m.notes != nil {
			moves, m = append(moves, m), move{}
		}
		if k.Queue != "" && (i >= known || was[i].Queue == "") {
			m.to, m.notes = machine.KindCustomerQueue, append(m.notes, "the contact waits in the queue "+string(k.Queue))
			moves = append(moves, m)
		}
	}
	return moves
}

// moved notes the first n moves, and returns the others.
func (c *Chat) moved(moves []move, n int) (rest []move) {
	for _, m := range moves[:n] {
		for _, note := range m.notes {
			c.Note("%s", note)
		}
	}
	return moves[n:]
}
