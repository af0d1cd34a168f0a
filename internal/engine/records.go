package engine

import (
	"context"
	"slices"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Agents are told of what chats put into their hands, and take out of them, in the commits of
// those chats. What an agent has in hand besides is with other chats: it is read from the
// store when a change is decided, so that a snapshot may lack what was committed a few milliseconds before, of
// another chat of the same agent. What the change itself does is always exact.

// desksOf returns what is known of the agents of a change besides the chat, nil when nobody wants to know.
func desksOf(ctx context.Context, e *Engine, chat center.ContactID, instance center.InstanceID, moves []contact.WorkMove) (map[center.UserID]record.Desk, error) {
	if len(moves) == 0 || !e.Records.Has(record.AgentEvents) {
		return nil, nil
	}
	desks := map[center.UserID]record.Desk{}
	for _, m := range moves {
		user := m.User()
		if _, known := desks[user]; known {
			continue
		}
		state, err := e.Agents.runner.glance(ctx, user)
		if err != nil {
			return nil, err
		}
		hands, err := handsIn(ctx, e, instance, user, chat)
		if err != nil {
			return nil, err
		}
		desks[user] = record.Desk{Agent: state, Others: hands}
	}
	return desks, nil
}

// handsIn returns what an agent has in hand, but for a chat, as it is stored. No chat is locked for it.
func handsIn(ctx context.Context, e *Engine, instance center.InstanceID, user center.UserID, except center.ContactID) (hands []record.Hand, err error) {
	var chats []center.ContactID
	for h, err := range e.Store.Held(ctx, instance, user) {
		if err != nil {
			return nil, err
		}
		if h.Chat != except {
			chats = append(chats, h.Chat)
		}
	}
	for _, id := range chats {
		s, _, err := e.loadChat(ctx, id, nil)
		if err != nil {
			if center.ReasonOf(err) == center.NotFound {
				continue // it has been erased meanwhile
			}
			return nil, err
		}
		if w := s.chat.WorkOf(user); w != nil {
			hands = append(hands, record.HandOf(s.chat, w))
		}
	}
	return hands, nil
}

// told is what is told of a change besides what it says itself.
type told struct {
	at    time.Time                     // when it was decided
	desks map[center.UserID]record.Desk // its agents; nil when nobody wants to know of them
}

// addRecords adds to a change what is to be told of it, and what is to be counted. was is the chat before it, nil when it begins.
func addRecords(e *Engine, sc *store.Change, was *contact.Chat, change *contact.Change, of told) {
	if change.Chat == nil {
		return
	}
	m := record.Moment{At: of.at, Version: sc.Next}
	kinds := e.Records
	if mayComplete(was, change) {
		kinds = kinds.With(record.ContactRecords)
	}
	facts := record.OfChat(kinds, was, change, m)
	for i := range facts {
		if f := &facts[i]; f.Kind == record.ContactRecords {
			sc.Tallies = append(sc.Tallies, tallyOf(change.Chat.Instance, measure.OfComplete(f.Of, change.Chat.ID, f.Contact)))
		}
	}
	for _, t := range measure.OfWork(change.Chat, change.Work, of.at.UnixMilli()) {
		sc.Tallies = append(sc.Tallies, tallyOf(change.Chat.Instance, t))
	}
	if !e.Records.Has(record.ContactRecords) {
		facts = slices.DeleteFunc(facts, func(f record.Fact) bool { return f.Kind == record.ContactRecords })
	}
	facts = append(facts, record.OfWork(e.Records, was, change, of.desks, m)...)
	sc.Deliveries = append(sc.Deliveries, deliveries(facts, m)...)
}

// mayComplete reports whether a change may be the last thing that a contact waited for.
func mayComplete(was *contact.Chat, change *contact.Change) bool {
	return was != nil && len(was.Pending) > 0 || slices.ContainsFunc(change.Contacts, func(c center.Contact) bool { return c.Ended() })
}

// tallyOf is what historical metrics count of a change.
func tallyOf(instance center.InstanceID, t measure.Tally) store.Tally {
	return store.Tally{Instance: instance, Body: t.Encode()}
}

func deliveries(facts []record.Fact, m record.Moment) []store.Delivery {
	list := make([]store.Delivery, len(facts))
	for i := range facts {
		list[i] = facts[i].Delivery(m.At)
	}
	return list
}

// record adds to a change of an agent what is to be told of it, and what is to be counted.
func (a *Agents) record(c *store.AgentChange, was *agent.Agent, made *agent.Change, hands []record.Hand, at time.Time) {
	m := record.Moment{At: at, Version: c.Next}
	c.Deliveries = deliveries(record.OfAgent(a.e.Records, was, made, hands, m), m)
	if t, ok := measure.OfStatus(was, made.Agent, at.UnixMilli()); ok {
		c.Tallies = []store.Tally{tallyOf(made.Agent.Instance, t)}
	}
}

// handsFor returns what an agent has in hand if somebody wants to know.
func (a *Agents) handsFor(ctx context.Context, instance center.InstanceID, user center.UserID) ([]record.Hand, error) {
	if !a.e.Records.Has(record.AgentEvents) {
		return nil, nil
	}
	return handsIn(ctx, a.e, instance, user, "")
}

// Beat tells that an agent has not changed (HEART_BEAT), durably. One who does not exist, or whose instance does not, and
// one of whom nothing is known is NotFound.
func (a *Agents) Beat(ctx context.Context, user center.UserID) error {
	return a.runner.run(ctx, user, func(h *entry[center.UserID, *agent.Agent]) (write, error) {
		if h.state == nil {
			return nil, center.Missing(center.KindUser, string(user))
		}
		if err := a.employed(ctx, h.state.Instance, user); err != nil {
			return nil, err
		}
		hands, err := a.handsFor(ctx, h.state.Instance, user)
		if err != nil {
			return nil, err
		}
		m := record.Moment{At: a.e.Clock.Now(), Version: h.version}
		fact := record.OfHeartbeat(h.state, hands, m)
		c := &store.AgentChange{User: user, Version: h.version, Deliveries: []store.Delivery{fact.Delivery(m.At)}}
		return func(report func(error)) { a.e.Store.SubmitAgent(c, a.e.waking(len(c.Deliveries), report)) }, nil
	})
}

// waking is a done function that also wakes the outbox, if something has been put there.
func (e *Engine) waking(deliveries int, done func(error)) func(error) {
	if deliveries == 0 || e.Streams == nil {
		return done
	}
	return func(err error) {
		if err == nil {
			e.Streams.Wake()
		}
		done(err)
	}
}
