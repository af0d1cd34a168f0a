package desk

import (
	"context"
	"slices"

	api "parley.example/parley/api/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/store"
)

// position is how far a stream is in a chat: it has been sent all items up to seq that the agent may see.
type position struct {
	chat        center.ContactID
	participant center.ParticipantID // the agent's
	seq         int64
	behind      bool     // items after seq are being read, or will be
	over        bool     // nothing more is for the agent
	late        [][]byte // what is not stored and came meanwhile, as typing and receipts do
}

// maxLate bounds what waits for a gap and is not stored. The oldest gives way.
const maxLate = 16

// A gap is read in pages, which are sent in parts, each when the one before has been written.
const (
	pageItems  = 200
	partFrames = 64
	partBytes  = 64 << 10
)

// position returns the stream's position in a chat, nil when it does not follow it. The caller holds the shard.
func (s *session) position(chat center.ContactID) *position {
	i := slices.IndexFunc(s.positions, func(p position) bool { return p.chat == chat })
	if i < 0 {
		return nil
	}
	return &s.positions[i]
}

// follow has a stream that has been sent a view follow the chats that the agent has accepted in it, and no others. Where the
// client has said what it has seen the stream goes on behind that, in the other chats of its first view behind what that view has, and in later ones it
// begins with the acceptance. The caller holds the shard.
func (h *Hub) follow(s *session, v View) {
	s.positions = slices.DeleteFunc(s.positions, func(p position) bool {
		return !slices.ContainsFunc(v.Chats, func(c Chat) bool { return c.State.ID == p.chat && c.State.WorkOf(v.User).Participant == p.participant })
	})
	for _, c := range v.Chats {
		w, k := c.State.WorkOf(v.User), s.desk.held[c.State.ID]
		if w.Accepted.IsZero() || k == nil || s.position(c.State.ID) != nil {
			continue
		}
		p := position{chat: c.State.ID, participant: w.Participant, seq: c.Last}
		if i := slices.IndexFunc(s.seen, func(of api.Seen) bool { return of.InitialContactId == string(p.chat) }); i >= 0 {
			p.seq = max(0, min(s.seen[i].Sequence, k.last))
			s.seen = slices.Delete(s.seen, i, i+1)
		} else if s.follows && k.from >= 0 {
			p.seq = k.from
		}
		p.behind = p.seq < k.last
		p.over = !p.behind && k.left(p.participant)
		s.positions = append(s.positions, p)
		if p.behind {
			h.repairLater(s)
		}
	}
	s.follows = true
}

// left reports whether a participant has left the chat, and it goes on, or went on, without him.
func (k *held) left(id center.ParticipantID) bool { return k.state != nil && hasLeft(k.state, id) }

func hasLeft(c *contact.Chat, id center.ParticipantID) bool {
	p := c.Participant(id)
	return p != nil && !p.Left.IsZero() && !(c.Ended && c.Stayed(p))
}

// receive takes what is published about a chat in hand. It does not block.
func (h *Hub) receive(d *desk, chat center.ContactID, m bus.Message) {
	sh := h.shard(d.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	k := d.held[chat]
	if k == nil {
		return
	}
	k.last = max(k.last, m.Seq)
	for i := range m.Events {
		k.last = max(k.last, m.Events[i].Seq)
	}
	frames := make([][]byte, len(m.Events)) // made once for all streams
	for s := d.first; s != nil; s = s.next {
		p := s.position(chat)
		if p == nil || p.over || s.closed {
			continue
		}
		for i := range m.Events {
			e := &m.Events[i]
			if frames[i] == nil && e.Payload != nil {
				frames[i] = itemFrame(chat, e)
			}
			s.take(p, e, frames[i])
		}
		if !p.over && p.seq < k.last {
			p.behind = true
			h.repairLater(s)
		}
		s.conn.Flush()
	}
}

// take sends the stream an event that has been published, if it comes next. The caller holds the shard.
func (s *session) take(p *position, e *bus.Event, frame []byte) {
	switch {
	case p.over:
	case e.Seq == 0 && p.behind:
		if p.sees(e) {
			p.late = append(p.late[max(0, len(p.late)+1-maxLate):], frame)
		}
	case e.Seq == 0 || e.Seq == p.seq+1 && !p.behind:
		s.deliver(p, e, frame)
	}
}

// deliver sends the stream an event. The caller holds the shard.
func (s *session) deliver(p *position, e *bus.Event, frame []byte) {
	if p.sees(e) {
		s.conn.Send(frame)
	}
	p.seq = max(p.seq, e.Seq)
	p.over = e.Last || e.Left == p.participant
}

// sees reports whether an event is for the agent.
func (p *position) sees(e *bus.Event) bool {
	return e.Payload != nil && e.Visibility.To(center.RoleAgent) && (e.Only == "" || e.Only == p.participant) && (e.Except == "" || e.Except != p.participant)
}

// repairLater has the gaps of a stream read, unless they are. The caller holds the shard.
func (h *Hub) repairLater(s *session) {
	if !s.repairing {
		s.repairing = true
		h.background.Go(func() { h.repair(s) })
	}
}

// repair sends a stream what is missing in its chats, until nothing is.
func (h *Hub) repair(s *session) {
	sh := h.shard(s.of.User)
	for {
		sh.mu.Lock()
		i := slices.IndexFunc(s.positions, func(p position) bool { return p.behind && !p.over })
		if i < 0 || s.closed {
			s.repairing = false
			sh.mu.Unlock()
			return
		}
		p := s.positions[i]
		sh.mu.Unlock()
		events, err := h.missing(p)
		if err != nil {
			sh.mu.Lock()
			h.Log.Warn("stream closed for a gap", "user", s.of.User, "chat", p.chat, "after", p.seq, "err", err)
			s.repairing = false
			s.close(Behind)
			sh.mu.Unlock()
			return
		}
		h.fill(s, p, events)
	}
}

// missing reads a page of what comes next for a position. Of a chat that goes on without the agent there is nothing after
// he has left.
func (h *Hub) missing(p position) (events []bus.Event, err error) {
	err = h.read(func(ctx context.Context) error {
		items, err := h.engine.Store.Items(ctx, store.ItemQuery{Chat: p.chat, From: p.seq + 1, Limit: pageItems})
		if err != nil {
			return err
		}
		head, err := h.engine.Store.Chat(ctx, p.chat) // after the items, so that it covers them all
		if err != nil {
			if center.ReasonOf(err) == center.NotFound {
				return nil // erased since
			}
			return err
		}
		chat, err := contact.DecodeChat(head.State)
		if err != nil {
			return err
		}
		events = frames.Again(chat, items)
		if !hasLeft(chat, p.participant) || slices.ContainsFunc(events, func(e bus.Event) bool { return e.Left == p.participant }) {
			return nil
		}
		at := chat.Participant(p.participant).Left
		gone := slices.IndexFunc(items, func(it center.Item) bool { return it.Time.After(at) })
		if gone >= 0 {
			events = events[:gone]
		}
		return nil
	})
	return events, err
}

// fill sends a page of missing items in parts. When there are none the stream goes on with what comes.
func (h *Hub) fill(s *session, at position, events []bus.Event) {
	sh := h.shard(s.of.User)
	for {
		sh.mu.Lock()
		p, k := s.position(at.chat), s.desk.held[at.chat]
		if p == nil || k == nil || p.participant != at.participant || s.closed {
			if p != nil && k == nil {
				p.over = true // it has been cleared
			}
			sh.mu.Unlock()
			return
		}
		frames, bytes := 0, 0
		for len(events) > 0 && !p.over && frames < partFrames && bytes < partBytes {
			if e := &events[0]; e.Seq > p.seq {
				frame := itemFrame(at.chat, e)
				s.deliver(p, e, frame)
				frames, bytes = frames+1, bytes+len(frame)
			}
			events = events[1:]
		}
		none := frames == 0
		if none && p.seq < k.last && !p.over {
			p.seq = k.last // they have been erased, or are not for the agent any more
			p.over = k.left(p.participant)
		}
		if p.seq >= k.last || p.over {
			p.behind = false
			for _, frame := range p.late {
				s.conn.Send(frame)
			}
			p.late = nil
		}
		s.conn.Flush()
		rest := s.conn.Rest()
		over := len(events) == 0 || p.over
		sh.mu.Unlock()
		<-rest
		if over {
			return
		}
	}
}

// itemFrame is the frame of an event; nil for one that nobody is sent.
func itemFrame(chat center.ContactID, e *bus.Event) []byte {
	if e.Payload == nil {
		return nil
	}
	f := api.Frame{Type: api.FrameItem, InitialContactId: string(chat), Sequence: e.Seq, Frame: e.Payload}
	if e.Visibility == center.VisibleAgent {
		f.Visibility = api.ItemVisibilityAGENT
	}
	return f.AppendJSON(make([]byte, 0, len(e.Payload)+128))
}

// broadcastFrame is the frame of a text that a client sends to all clients of the user.
func broadcastFrame(content string) []byte {
	return (&api.Frame{Type: api.FrameBroadcast, Content: content}).AppendJSON(nil)
}

// broadcast sends all streams of a desk what one of them said.
func (h *Hub) broadcast(d *desk, m bus.Message) {
	sh := h.shard(d.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for s := d.first; s != nil; s = s.next {
		if !s.ready() {
			continue
		}
		for i := range m.Events {
			s.conn.Send(m.Events[i].Payload)
		}
		s.conn.Flush()
	}
}
