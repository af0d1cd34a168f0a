package stream

import (
	"context"
	"errors"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/socket"
)

// The items of a subject are numbered without gaps, and an audience is sent them
// in that order: what comes again is dropped, and what comes too early waits
// until the items before it were read from the source.

const (
	sourceTime   = 5 * time.Second // how long the source may take to answer
	maxRepairs   = 32              // calls of Source.Repair at once
	maxHeld      = 512             // messages that may wait for a gap of one subject
	maxHeldBytes = 1 << 20         // of their events
)

// Behind closes sockets whose subject has a gap that could not be repaired.
var Behind = socket.NewCause("behind", 1013, "something was missed, connect again")

// gap is what an audience waits for. While there is one, repair runs.
type gap struct {
	upTo  int64 // the last sequence number that is known to be missing
	held  []bus.Message
	bytes int
}

// receive sends the sockets of the message's subject what they have not been
// sent and may see. It is the hub's one subscriber on the bus and does not block.
func (h *Hub) receive(m bus.Message) {
	sh := h.shard(m.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.audiences[m.Subject]
	if a == nil {
		return
	}
	repairing := a.gap != nil
	if h.take(a, m); a.gap != nil && !repairing {
		h.background.Go(func() { h.repair(a) })
	}
	a.flush()
}

// take sends what is new of a message, or lets it wait for the gap that there
// is. From the first event on that comes too early it waits for a new gap, which
// the caller then has to have repaired. The caller holds the shard.
func (h *Hub) take(a *audience, m bus.Message) {
	if a.knows(&m) {
		return
	}
	if a.gap != nil {
		h.hold(a, m)
		return
	}
	for i := range m.Events {
		e := &m.Events[i]
		switch {
		case e.Seq == 0: // not stored
		case a.seq >= 0 && e.Seq <= a.seq:
			continue
		case a.seq >= 0 && e.Seq > a.seq+1:
			m.Events = m.Events[i:]
			a.gap = &gap{upTo: e.Seq - 1}
			h.hold(a, m)
			return
		default:
			a.seq = e.Seq
		}
		h.send(a, e)
	}
	h.compare(a, m.Seq)
}

// knows reports whether a message is one that was taken before, as far as that shows.
func (a *audience) knows(m *bus.Message) bool {
	last := int64(0)
	for i := range m.Events {
		last = max(last, m.Events[i].Seq)
	}
	return last > 0 && last <= a.seq
}

// compare takes note that the subject has items up to a sequence number: if the
// audience was not sent them there is a gap. The caller holds the shard.
func (h *Hub) compare(a *audience, seq int64) {
	switch {
	case a.seq < 0 || seq <= a.seq:
	case a.gap != nil:
		a.gap.upTo = max(a.gap.upTo, seq)
	default:
		a.gap = &gap{upTo: seq}
	}
}

// hold lets a message wait for the gap of its audience, whose sockets are closed
// when too much waits. The caller holds the shard.
func (h *Hub) hold(a *audience, m bus.Message) {
	g := a.gap
	if len(m.Events) == 0 {
		h.compare(a, m.Seq)
		return
	}
	g.held = append(g.held, m)
	for i := range m.Events {
		g.bytes += len(m.Events[i].Payload)
	}
	if len(g.held) > maxHeld || g.bytes > maxHeldBytes {
		h.abandon(a, errors.New("too much is published meanwhile"))
	}
}

// repair reads what is missing and sends it, then what waits for it, until the
// audience has no gap, or no socket.
func (h *Hub) repair(a *audience) {
	sh := h.shard(a.Subject)
	for {
		sh.mu.Lock()
		from := a.seq + 1
		sh.mu.Unlock()
		events, err := h.missing(a.Subject, from)
		if h.fill(a, events, err) {
			return
		}
	}
}

// missing asks the source for the items of a subject.
func (h *Hub) missing(subject bus.Subject, from int64) ([]bus.Event, error) {
	select {
	case h.repairs <- struct{}{}:
	case <-h.ctx.Done():
		return nil, h.ctx.Err()
	}
	defer func() { <-h.repairs }()
	ctx, cancel := context.WithTimeout(h.ctx, sourceTime)
	defer cancel()
	return h.Source.Repair(ctx, subject, from)
}

// fill sends items that were missing, and what waits for them. It reports
// whether the repair is over.
func (h *Hub) fill(a *audience, events []bus.Event, err error) (over bool) {
	sh := h.shard(a.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	g, before := a.gap, a.seq
	if g == nil || a.first == nil {
		return true
	}
	for i := range events {
		if e := &events[i]; e.Seq == a.seq+1 {
			a.seq = e.Seq
			h.send(a, e)
		}
	}
	if err == nil && a.seq == before && a.seq < g.upTo {
		err = errors.New("the items are not there")
	}
	if err != nil {
		h.abandon(a, err)
		return true
	}
	if a.seq >= g.upTo {
		a.gap = nil
		for _, m := range g.held {
			h.take(a, m)
		}
	}
	a.flush()
	return a.gap == nil
}

// abandon closes the sockets of an audience that cannot be sent what it missed:
// their clients reconnect, to another audience, and read the transcript. The
// caller holds the shard.
func (h *Hub) abandon(a *audience, err error) {
	h.Log.Warn("sockets closed for a gap", "chat", a.id(), "after", a.seq, "err", err)
	a.gap = nil
	h.dissolve(a)
	for s := a.first; s != nil; s = s.next {
		if s.subscribed {
			s.conn.Close(Behind)
		} else {
			s.conn.CloseAfter(0, Behind) // it may not be at work yet
		}
		s.subscribed, s.over = false, true
	}
}
