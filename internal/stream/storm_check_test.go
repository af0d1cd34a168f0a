package stream_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// check looks at what became of everything, when the storm is over.
func (s *storm) check() {
	active, waiting := int64(0), int64(0)
	streamed := s.streamed()
	for _, c := range s.chats {
		c.mu.Lock()
		state, err := stored(s.Context(), s.store, c.id)
		if err != nil {
			s.Fatalf("chat %s: %v", c.id, err)
		}
		if !state.Ended {
			active++
		}
		if state.Queue != nil && state.Queue.Queue == "sales" {
			waiting++
		}
		s.checkState(c, state)
		s.checkTranscript(c, streamed)
		s.checkRecords(c, state)
		s.checkSockets(c, state)
		c.mu.Unlock()
	}
	s.checkCounter(store.ActiveChats(instance), active)
	s.checkCounter(store.QueuedChats(instance, "sales"), waiting)
}

// checkTimers looks for timers that nobody fires, while nodes die and hang.
func (s *storm) checkTimers() {
	const longest = 45 * time.Second // a hang, what leases last, and some beats
	late, _, err := s.store.Due(s.Context(), store.AllShards, time.Now().Add(-longest), 10)
	if err != nil || len(late) > 0 {
		s.Errorf("timers of the chats %v have not been fired (%v)", late, err)
	}
}

// checkCounter compares what is counted by rows, and the counter by which a limit is kept, with n.
func (s *storm) checkCounter(c store.Counter, n int64) {
	if got, err := s.store.Count(s.Context(), c); err != nil || got != n {
		s.Errorf("the store counts %d for %s, %v; want %d", got, c, err, n)
	}
	for _, q := range []struct {
		delta, limit int64
		want         error
	}{{1, n, store.ErrQuota}, {1, n + 1, nil}, {-1, -1, nil}} {
		done := make(chan error, 1)
		s.store.Submit(&store.Change{Quotas: []store.Quota{{Counter: c, Delta: q.delta, Limit: q.limit}}}, func(err error) { done <- err })
		if err := <-done; !errors.Is(err, q.want) {
			s.Errorf("moving %s by %d with the limit %d: %v; want %v", c, q.delta, q.limit, err, q.want)
		}
	}
}

// checkState compares what nodes have in memory, and what was acknowledged, with what is stored.
func (s *storm) checkState(c *talk, state *contact.Chat) {
	for _, m := range s.members {
		if got, err := m.engine.State(s.Context(), c.id); err != nil || !bytes.Equal(got.Encode(), state.Encode()) {
			s.Errorf("%s has a state of chat %s that is not the store's (%v)", m.name, c.id, err)
		}
	}
	if len(state.Effects) > 0 || len(state.Pending) > 0 {
		s.Errorf("chat %s is stuck: effects %v, messages in the queue of the processor: %d", c.id, state.Effects, len(state.Pending))
	}
	for key, value := range c.attributes {
		if state.Attributes[key] != value {
			s.Errorf("the attribute %s is %q", key, state.Attributes[key])
		}
	}
	const firing = time.Second // reading takes virtual time too, so a timer may be due by now and its change be on its way
	if head, err := s.store.Chat(s.Context(), c.id); err != nil || len(head.Workers) > 0 || !head.Due.IsZero() && head.Due.Before(time.Now().Add(-firing)) {
		s.Errorf("the head of chat %s has the workers %q, due %s, %v", c.id, head.Workers, head.Due, err)
	}
}

// checkTranscript looks for each message once, in order, and for no gap.
func (s *storm) checkTranscript(c *talk, streamed map[string]string) {
	items, err := s.store.Items(s.Context(), store.ItemQuery{Chat: c.id})
	if err != nil {
		s.Fatal(err)
	}
	at := map[string]int{}
	said := 0
	for i, it := range items {
		if it.Seq != int64(i+1) || i > 0 && !it.Time.After(items[i-1].Time) {
			s.Errorf("item %d of chat %s has the number %d, %s", i+1, c.id, it.Seq, it.Time)
		}
		if it.Role == center.RoleSystem && strings.HasPrefix(it.Content, "It ") {
			said++
		}
		text := strings.TrimSuffix(it.Content, "!")
		if m := c.messages[text]; m != nil {
			if _, twice := at[text]; twice {
				s.Errorf("the message %s is there twice", text)
			}
			if at[text] = i; m.item != "" && m.item != it.ID {
				s.Errorf("the message %s is the item %s; the client knows it as %s", text, it.ID, m.item)
			}
		}
	}
	if said > 1 {
		s.Errorf("the flow went on %d times from its function in chat %s", said, c.id)
	}
	for text, m := range c.messages {
		i, ok := at[text]
		if m.item == "" {
			continue
		}
		if !ok {
			s.Errorf("the message %s was acknowledged and is not there", text)
			continue
		}
		for _, stream := range m.streams {
			if n := strings.Count(streamed[stream], string(items[i].ID)); n != 1 {
				s.Errorf("the message %s is %d times in the stream %s, which began before", text, n, stream)
			}
		}
	}
	for _, order := range c.order {
		if !slices.IsSortedFunc(order, func(a, b string) int { return at[a] - at[b] }) {
			s.Errorf("a client said %q in another order", order)
		}
	}
}

// streamed returns what waits in the outbox, by stream.
func (s *storm) streamed() map[string]string {
	all, err := s.store.Outbox(s.Context(), store.AllShards, time.Now().Add(time.Hour), 100_000)
	if err != nil {
		s.Fatal(err)
	}
	bodies := map[string]string{}
	for _, d := range all {
		bodies[d.Stream] += string(d.Body)
	}
	return bodies
}

// checkRecords compares the records of a chain with its state and with what was acknowledged.
func (s *storm) checkRecords(c *talk, state *contact.Chat) {
	n := 0
	for record, err := range s.store.Contacts(s.Context(), store.ContactQuery{Chat: c.id}) {
		if err != nil {
			s.Fatal(err)
		}
		n++
		if last := record.ID == state.Latest.ID; last == (record.Next != "") || !last && record.Disconnected.IsZero() {
			s.Errorf("the record of %s, %s, has the next contact %q, disconnected %s", record.ID, record.InitiationMethod, record.Next, record.Disconnected)
		}
		for _, key := range c.tags[record.ID] {
			if record.Tags[key] != "v" {
				s.Errorf("the tag %s of %s is lost", key, record.ID)
			}
		}
	}
	if n != len(state.Chain()) {
		s.Errorf("chat %s has %d records of %d contacts", c.id, n, len(state.Chain()))
	}
}

// checkSockets looks for each item once and in order on every socket, and for the last
// one on those that are open.
func (s *storm) checkSockets(c *talk, state *contact.Chat) {
	last := int64(0)
	if v, err := s.store.Versions(s.Context(), []center.ContactID{c.id}); err == nil {
		last = v[0].LastSeq
	}
	for _, l := range c.sockets {
		for i, seq := range l.seqs {
			if i > 0 && seq != l.seqs[i-1]+1 {
				s.Errorf("a socket on %s received the items %v of chat %s", l.by, l.seqs, c.id)
				break
			}
		}
		if open := !l.ended; open && len(l.seqs) > 0 && l.seqs[len(l.seqs)-1] != last {
			s.Errorf("a socket on %s received %v of %d items of chat %s", l.by, l.seqs, last, c.id)
		} else if open && state.Ended {
			s.Errorf("a socket of the ended chat %s is open", c.id)
		}
	}
}

// finish ends all chats: those to which nobody connected by their timers, the others by the API.
func (s *storm) finish() {
	time.Sleep(6 * time.Minute) // who never connected
	synctest.Wait()
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	for _, c := range s.chats {
		if _, err := s.someone().engine.Do(s.Context(), c.id, contact.Stop{}); err != nil && center.ReasonOf(err) != center.Gone {
			s.Errorf("Stop: %v", err)
		}
	}
	enginetest.Pass(time.Minute)
	for _, c := range s.chats {
		head, err := s.store.Chat(s.Context(), c.id)
		if err != nil || head.Active || !head.Due.IsZero() || head.Queued != nil || len(head.Workers) > 0 {
			s.Errorf("the head of an ended chat is %+v, %v", head, err)
		}
		c.mu.Lock()
		for _, l := range c.sockets {
			if !l.ended {
				s.Errorf("a socket on %s outlives its chat %s", l.by, c.id)
			}
		}
		c.mu.Unlock()
	}
	if n, err := s.store.Count(s.Context(), store.ActiveChats(instance)); err != nil || n != 0 {
		s.Errorf("%d chats are active at the end, %v", n, err)
	}
	for _, m := range s.members {
		m.leave(false)
	}
}
