package flowtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// Begun is when every test begins, unless it says otherwise: a Monday morning.
var Begun = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Bounds of what a chat may do without time passing, and while time passes.
const (
	maxReplies = 2000   // of functions and bots, at one moment
	maxTicks   = 100000 // timers, in one span of time
	maxStory   = 100000 // happenings
)

// Chat is one chat in virtual time. Its methods must not be called at the same
// time by several goroutines. An error means that what was asked for was
// refused, as the API would refuse it, or that the chat cannot go on.
type Chat struct {
	Now time.Time

	in      *Instance
	began   time.Time
	rand    *rand.Rand
	state   *contact.Chat
	tail    contact.Tail
	effects []effect // effects under way
	story   []Happening
	calls   []Call
	seen    Coverage
	lack    error // the first thing that the test would have had to say and did not
	steps   []step
}

// Happening is one thing that happened in a chat.
type Happening struct {
	At   time.Duration // since the chat began
	Kind Kind
	// Of KindStep.
	Visit    machine.Visit
	Document *Document // nil when the flow is none of the instance's
	// Of KindItem: a message, an event, a file.
	Item center.Item
	// Of the others, and of a step that calls a function: what there is to say.
	Text string
}

// Kind is a kind of [Happening].
type Kind string

// The kinds of happening.
const (
	KindStep   Kind = "step"   // an action of a flow ran
	KindItem   Kind = "item"   // somebody said or did something that the transcript or a socket shows
	KindCall   Kind = "call"   // a function or a bot was asked
	KindAnswer Kind = "answer" // it answered
	KindNote   Kind = "note"   // the contact moved: into a queue, into a new segment, to its end
)

// Call is one call of a function or a bot.
type Call struct {
	Name     string // as people call it
	Names    []string
	Bot      bool
	Text     string         // what a bot was told
	Event    map[string]any // what a function was called with: the Lambda event; of a bot, its session attributes
	consumed bool
}

// step is a visit of an action that is not in the story yet.
type step struct {
	visit machine.Visit
	at    int // how many pushes of the change come before it
}

// NewChat returns a chat that has not begun.
func NewChat(in *Instance, now time.Time) *Chat {
	c := &Chat{Now: now, in: in, began: now, seen: Coverage{}}
	c.chance(1)
	return c
}

// chance chooses how chance falls from now on.
func (c *Chat) chance(seed uint64) { c.rand = rand.New(rand.NewPCG(seed, 2)) }

// State returns the state of the chat; nil before it has begun.
func (c *Chat) State() *contact.Chat { return c.state }

// Story returns what has happened so far, in order.
func (c *Chat) Story() []Happening { return c.story }

// Ended reports whether the chat has ended, and why.
func (c *Chat) Ended() (reason string, ended bool) {
	if c.state == nil || !c.state.Ended {
		return "", false
	}
	return c.state.Current().DisconnectReason, true
}

// Start begins the chat and connects the customer.
func (c *Chat) Start(s contact.Start) error {
	s.Instance = instanceID
	s.Contact = center.NewContactID(c.Now)
	reply, err := c.Do(s)
	if err != nil {
		return err
	}
	_, err = c.Do(contact.Connect{Participant: reply.Participant})
	return err
}

// maxAttempts bounds how often a command is decided anew, because it has to
// know a queue's length or because a queue was full.
const maxAttempts = 16

// Do gives the chat a command, and lets follow what follows at once.
func (c *Chat) Do(cmd contact.Command) (contact.Reply, error) {
	reply, err := c.decide(cmd)
	if err != nil {
		return reply, err
	}
	return reply, c.settle()
}

// decide gives the chat a command as the engine would.
func (c *Chat) decide(cmd contact.Command) (contact.Reply, error) {
	env := &contact.Env{
		Now: c.Now, Rand: c.rand, Partition: partition, Limits: contact.Limits{}.Defaults(), Catalog: c.in, Trace: c.trace,
		Lines: map[center.QueueID]contact.Line{}, ViewToken: viewToken,
	}
	for range maxAttempts {
		c.steps = c.steps[:0]
		change, err := contact.Decide(c.state, &c.tail, cmd, env)
		if need, ok := errors.AsType[*contact.Need](err); ok {
			q := c.in.queue(string(need.Queue))
			line := contact.Line{Others: q.others, Ahead: q.others}
			if q.others > 0 {
				line.Oldest = c.began.Add(-q.oldest)
			}
			env.Lines[need.Queue] = line
			continue
		}
		if err != nil {
			return contact.Reply{}, err
		}
		if full := c.full(&change); full != "" {
			env.Full = append(env.Full, full)
			continue
		}
		c.apply(&change)
		return change.Reply, nil
	}
	return contact.Reply{}, errors.New("the chat cannot decide what to do")
}

func viewToken(_ center.ContactID, v machine.View) string { return "view-token-of-" + v.ID }

// full returns a queue that a change would fill beyond its capacity; "" for none.
func (c *Chat) full(change *contact.Change) center.QueueID {
	for _, m := range change.Queues {
		if q := c.in.queue(string(m.Queue)); m.Delta > 0 && m.Limit >= 0 && q.others+q.own+m.Delta > m.Limit {
			return m.Queue
		}
	}
	return ""
}

// apply takes over what a command leads to.
func (c *Chat) apply(change *contact.Change) {
	for _, m := range change.Queues {
		c.in.queue(string(m.Queue)).own += m.Delta
	}
	before := c.state
	if change.Chat != nil {
		c.state = change.Chat
	}
	c.tail.Observe(change.Items)
	c.tell(change, before)
	if c.state != nil && c.state.Ended && (before == nil || !before.Ended) {
		c.note("the chat has ended: %s", c.state.Current().DisconnectReason)
	}
	for i := range change.Effects {
		c.start(&change.Effects[i].Effect, change.Effects[i].Event)
	}
}

// trace is told of each action while a command is being decided.
func (c *Chat) trace(v machine.Visit) {
	said := 0 // before this action
	if n := len(c.steps); n > 0 && v.Step > 1 {
		said = c.steps[n-1].visit.Said
	}
	c.steps = append(c.steps, step{v, v.Told + said})
}

// tell writes the steps of a command and what was said into the story, each
// message behind the action that said it, and where the contact went before
// the flow that runs there.
func (c *Chat) tell(change *contact.Change, before *contact.Chat) {
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
		c.add(Happening{Kind: KindItem, Item: p.Item})
	}
	for next < len(c.steps) {
		step()
	}
	c.moved(moves, len(moves))
	if before == nil || before.Joining == "" || c.state.Ended {
		return
	}
	if p := c.state.Participant(before.Joining); !p.Left.IsZero() && p.Joined.IsZero() {
		c.note("%s does not join: the agent whisper has been broken off", p.DisplayName)
	}
}

func (c *Chat) step(v machine.Visit) {
	document := c.documentOf(v.Flow)
	if document != nil && !document.staged {
		c.seen.count(document, v)
	}
	c.add(Happening{Kind: KindStep, Visit: v, Document: document, Text: c.waiting(v)})
}

// run returns the run that waits at an action, of the chat's flow or of a
// whisper; with "" the one that waits at all. It may be nil.
func (c *Chat) run(action string) *machine.Run {
	for _, run := range []*machine.Run{c.state.Whisper, c.state.Run} {
		if run != nil && (action == "" || run.Wait.Action == action) {
			return run
		}
	}
	return nil
}

// waiting says what an action waits for.
func (c *Chat) waiting(v machine.Visit) string {
	text := "waits"
	if !v.Waits || c.state == nil {
		return text
	}
	run := c.run(v.Action)
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
		text += " until " + clock(until.Sub(c.began))
	}
	return text
}

func (c *Chat) documentOf(id center.FlowID) *Document {
	for _, d := range c.in.docs {
		if d.ID == id {
			return d
		}
	}
	return nil
}

func (c *Chat) add(h Happening) {
	h.At = c.Now.Sub(c.began)
	if len(c.story) < maxStory {
		c.story = append(c.story, h)
	}
}

func (c *Chat) note(format string, args ...any) {
	c.add(Happening{Kind: KindNote, Text: fmt.Sprintf(format, args...)})
}

// move is where the contact went, with the kind of flow that runs there.
type move struct {
	to    machine.Kind
	notes []string
}

// movesOf tells where the contact went between two states, in order.
func movesOf(before, now *contact.Chat) (moves []move) {
	if now == nil || now == before {
		return nil
	}
	known := 0
	if before != nil {
		known = len(before.Contacts)
	}
	for i := max(known-1, 0); i < len(now.Contacts); i++ {
		k := &now.Contacts[i]
		var m move
		if i >= known && i > 0 {
			m = move{machine.KindDisconnect, []string{fmt.Sprintf("the contact goes on as a new one (%s)", k.InitiationMethod)}}
		}
		if k.InitiationMethod != center.MethodQueueTransfer && m.notes != nil {
			moves, m = append(moves, m), move{}
		}
		if k.Queue != "" && (i >= known || before.Contacts[i].Queue == "") {
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
			c.note("%s", note)
		}
	}
	return moves[n:]
}

// queueOf returns the queue that a chat waits in, "" for none.
func queueOf(c *contact.Chat) center.QueueID {
	if c.Queue == nil {
		return ""
	}
	return c.Queue.Queue
}
