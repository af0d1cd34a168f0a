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
// until the items before it were read from the source. On a bus that is shared
// with other nodes messages may be lost without another that would reveal it, so
// the hub asks for the last sequence numbers of all its subjects every
// checkEvery. An item that was lost in any way is thus sent within five seconds
// of its commit, as long as the source answers within one.

const (
	checkEvery   = 2 * time.Second
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
	sh := h.shard(a.subject)
	for {
		sh.mu.Lock()
		from := a.seq + 1
		sh.mu.Unlock()
		events, err := h.missing(a.subject, from)
		if h.fill(a, events, err) {
			return
		}
	}
}

// missing asks the source for the items of a subject.
func (h *Hub) missing(subject bus.Subject, from int64) ([]bus.Event, error) {
	ctx, cancel := context.WithTimeout(h.ctx, sourceTime)
	defer cancel()
	select {
	case h.repairs <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.repairs }()
	return h.Source.Repair(ctx, subject, from)
}

// fill sends items that were missing, and what waits for them. It reports
// whether the repair is over.
func (h *Hub) fill(a *audience, events []bus.Event, err error) (over bool) {
	sh := h.shard(a.subject)
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
	h.Log.Warn("sockets closed for a gap", "chat", a.id(), "after", a.seq, "error", err)
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

// background runs what must have ended when Shutdown returns, unless that waits already.
func (h *Hub) background(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stopped {
		h.done.Go(f)
	}
}

// anchor sets where the audience of a new session begins. Items that the source
// has by then the client finds in the transcript.
func (h *Hub) anchor(ctx context.Context, s *session) error {
	if !h.Shared {
		return nil // the first item that is published says it
	}
	a := s.of
	positions, err := h.Source.Positions(ctx, []bus.Subject{a.subject})
	if err != nil {
		return err
	}
	sh := h.shard(a.subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if seq, ok := positions[a.subject]; ok {
		if a.subscribed() {
			h.notice(a, seq)
		} else {
			a.seq = max(a.seq, seq)
		}
	}
	return nil
}

// notice compares an audience with its source, and has a gap repaired. The caller holds the shard.
func (h *Hub) notice(a *audience, seq int64) {
	if a.gap == nil && a.first != nil {
		if h.compare(a, seq); a.gap != nil {
			h.background(func() { h.repair(a) })
		}
	}
}

// watch has all audiences compared with the source from time to time, as long
// as there are sockets.
func (h *Hub) watch() {
	if !h.Shared {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.watching {
		h.watching = true
		h.checkLater()
	}
}

func (h *Hub) checkLater() { time.AfterFunc(checkEvery, func() { h.background(h.check) }) }

// check compares all audiences with the source, once.
func (h *Hub) check() {
	if all := h.anchored(); len(all) > 0 {
		ctx, cancel := context.WithTimeout(h.ctx, sourceTime)
		positions, err := h.Source.Positions(ctx, all)
		cancel()
		if err != nil {
			h.Log.Warn("sockets not compared with the store", "error", err)
		}
		for subject, seq := range positions {
			sh := h.shard(subject)
			sh.mu.Lock()
			if a := sh.audiences[subject]; a != nil {
				h.notice(a, seq)
			}
			sh.mu.Unlock()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watching = h.Sockets() > 0; h.watching {
		h.checkLater()
	}
}

// anchored returns the subjects of which it is known what their sockets were sent.
func (h *Hub) anchored() (all []bus.Subject) {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for _, a := range sh.audiences {
			if a.seq >= 0 {
				all = append(all, a.subject)
			}
		}
		sh.mu.Unlock()
	}
	return all
}
