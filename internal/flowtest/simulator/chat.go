package simulator

import (
	"errors"
	"math/rand/v2"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// Begin is when a chat begins, unless its test says otherwise: a Monday morning.
var Begin = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Bounds of what a chat may do without time passing, and while time passes.
const (
	maxReplies = 2000   // of functions and bots, at one moment
	maxTicks   = 100000 // timers, in one span of time
	maxStory   = 100000 // entries of the story
)

// Chat is one chat in virtual time. Its methods must not be called at the same
// time by several goroutines. An error means that what was asked for was
// refused, as the API would refuse it, or that the chat cannot go on.
type Chat struct {
	Now time.Time // may be set until the chat has begun; Advance moves it from then on

	in      *Instance
	began   time.Time
	rand    *rand.Rand
	state   *contact.Chat
	ended   map[center.ContactID]center.Contact // records of contacts
	tail    transcript.Tail
	effects []effect // effects under way
	story   []Entry
	calls   []Call
	seen    Coverage
	lack    error // the first call for which there is no stub
	steps   []step
}

// NewChat returns a chat that has not begun.
func NewChat(in *Instance, now time.Time) *Chat {
	c := &Chat{Now: now, in: in, seen: Coverage{}}
	c.Seed(1)
	return c
}

// Seed chooses another sequence of random choices from now on; the first one is 1.
func (c *Chat) Seed(seed uint64) { c.rand = rand.New(rand.NewPCG(seed, 2)) }

// State returns the state of the chat; nil before it has begun.
func (c *Chat) State() *contact.Chat { return c.state }

// Story returns what has happened so far, in order.
func (c *Chat) Story() []Entry { return c.story }

// Ended reports whether the chat has ended, and why.
func (c *Chat) Ended() (reason string, ended bool) {
	if c.state == nil || !c.state.Ended {
		return "", false
	}
	return c.state.Current().DisconnectReason, true
}

// Calls returns the calls of functions and bots so far, in order.
func (c *Chat) Calls() []Call { return c.calls }

// Unanswered names the first call for which there is no stub, and says how to
// write one; nil when there is none.
func (c *Chat) Unanswered() error { return c.lack }

// Calling reports whether an effect is under way, as a call of a function or a bot.
func (c *Chat) Calling() bool { return len(c.effects) > 0 }

// Run returns the run that waits at an action, of the chat's flow or of a
// whisper; with "" the one that waits at all. It may be nil.
func (c *Chat) Run(action string) *machine.Run {
	if c.state == nil {
		return nil
	}
	for _, run := range []*machine.Run{c.state.Whisper, c.state.Run} {
		if run != nil && (action == "" || run.Wait.Action == action) {
			return run
		}
	}
	return nil
}

// Coverage returns what the chat has seen of the flows and modules of its
// instance; those of which it has seen nothing are in it.
func (c *Chat) Coverage() Coverage {
	for _, d := range c.in.docs {
		if !d.staged {
			c.seen.Of(d)
		}
	}
	return c.seen
}

// Start begins the chat and connects the customer.
func (c *Chat) Start(s contact.Start) error {
	c.began = c.Now
	s.Instance = instanceID
	s.Contact = center.NewContactID(c.Now)
	reply, err := c.Do(s)
	if err != nil {
		return err
	}
	_, err = c.Do(contact.Connect{Participant: reply.Participant})
	return err
}

// maxAttempts bounds how often a command is decided, because it needs a queue's
// length or because a queue was full.
const maxAttempts = 16

// Do gives the chat a command, and runs what follows from it without time passing.
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
		QueueStatus: map[center.QueueID]contact.QueueStatus{}, ViewToken: viewToken,
	}
	for range maxAttempts {
		c.steps = c.steps[:0]
		change, err := contact.Decide(c.state, &c.tail, cmd, env)
		if need, ok := errors.AsType[*contact.Need](err); ok {
			if need.Record != "" {
				env.Records = c.ended
				continue
			}
			q := c.in.QueueNamed(string(need.Queue))
			line := contact.QueueStatus{Others: q.Others, Ahead: q.Others, Agents: contact.Staffing{Online: q.online, Staffed: q.staffed, Available: q.available}}
			if q.Others > 0 {
				line.Oldest = c.began.Add(-q.Oldest)
			}
			env.QueueStatus[need.Queue] = line
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
		if q := c.in.QueueNamed(string(m.Queue)); m.Delta > 0 && m.Limit >= 0 && q.Others+q.own+m.Delta > m.Limit {
			return m.Queue
		}
	}
	return ""
}

// apply takes what a command leads to.
func (c *Chat) apply(change *contact.Change) {
	for _, m := range change.Queues {
		c.in.QueueNamed(string(m.Queue)).own += m.Delta
	}
	before := c.state
	if change.Chat != nil {
		c.state = change.Chat
	}
	c.tail.Observe(change.Items)
	if c.ended == nil {
		c.ended = map[center.ContactID]center.Contact{}
	}
	for _, r := range change.Contacts {
		c.ended[r.ID] = r
	}
	c.record(change, before)
	if c.state != nil && c.state.Ended && (before == nil || !before.Ended) {
		c.Note("the chat has ended: %s", c.state.Current().DisconnectReason)
	}
	for i := range change.Effects {
		c.start(&change.Effects[i].Effect, change.Effects[i].Event)
	}
}
