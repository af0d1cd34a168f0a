package engine

import (
	"slices"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
)

// Commit is a change of a chat that is durable.
type Commit struct {
	Chat     center.ContactID
	Instance center.InstanceID
	Contact  *center.Contact // the current contact, or the last one, after the change
	Version  int64           // of the chat after the change; 0 when it did not change
	Seq      int64           // of the chat's last item after the change
	Due      time.Time       // with Version: when the chat's next timer falls due, zero for never
	Change   *contact.Change
	Erased   bool // the chat does not exist any more; of its change there is Work alone
}

// Hands returns the users who have the chat in hand after a change of its state, or had it before.
func (c *Commit) Hands() (users []center.UserID) {
	for _, m := range c.Change.Work {
		users = append(users, m.User())
	}
	if after := c.Change.Chat; after != nil {
		for i := range after.Work {
			if user := after.Work[i].User; !slices.Contains(users, user) {
				users = append(users, user)
			}
		}
	}
	return users
}

// Observer is notified of each commit, in the order of the commits of a chat,
// before the command that led to it is answered. It must be quick and must not
// wait for anybody: it runs on the path of all commits. What it is given
// belongs to all observers and is never changed.
type Observer interface {
	Committed(c *Commit)
}

// ObserverFunc is a function as an [Observer].
type ObserverFunc func(c *Commit)

// Committed implements [Observer].
func (f ObserverFunc) Committed(c *Commit) { f(c) }

// observersInOrder returns who is notified of a commit, in order: what the engine
// itself does comes first, what others asked for after it. It is published last: who
// hears of it over a socket, and asks, finds that all observers know.
func (e *Engine) observersInOrder() []Observer {
	list := []Observer{ObserverFunc(e.wakeSweeper), ObserverFunc(e.effects.committed), ObserverFunc(e.Agents.committed)}
	return append(append(list, e.Observers...), ObserverFunc(e.publish))
}

// notify tells the observers of a commit.
func (e *Engine) notify(c *Commit) {
	for _, o := range e.observers {
		o.Committed(c)
	}
}

// wakeSweeper makes the sweeper look in time.
func (e *Engine) wakeSweeper(c *Commit) {
	if c.Version != 0 {
		e.chatTimers.at(c.Due)
	}
}

// publish sends the change to sockets, and notices to other nodes: of the chat, and of what is in agents' hands.
func (e *Engine) publish(c *Commit) {
	if e.Shared {
		for _, user := range c.Hands() {
			e.Bus.Publish(bus.Message{Subject: bus.Agent(user), Origin: e.Node, Version: max(c.Version, 1)})
		}
	}
	e.Bus.Publish(bus.Message{
		Subject: bus.Chat(c.Chat), Origin: e.Node, Version: c.Version, Seq: c.Seq, Events: frames.Of(c.Change.Pushes),
	})
}
