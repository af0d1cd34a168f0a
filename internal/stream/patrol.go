package stream

import (
	"context"
	"slices"
	"time"
)

// patrol is one turn over all sockets. It comes again as long as there are any.
func (h *Hub) patrol() {
	now := h.turn.Add(1)
	h.each(func(s *socket) { s.check(now, &h.clocks) })

	h.mu.Lock()
	defer h.mu.Unlock()
	h.patrolling = h.sockets.Load() > 0
	if h.patrolling {
		time.AfterFunc(turn, h.patrol)
	}
}

// each calls f for each working socket, holding the lock of its shard.
func (h *Hub) each(f func(*socket)) {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for _, a := range sh.audiences {
			for s := a.first; s != nil; s = s.next {
				if s.live {
					f(s)
				}
			}
		}
		sh.mu.Unlock()
	}
}

// check does what is due for the socket at a turn. The caller holds the shard.
// A turn says only that something happened in the second behind it, hence the
// comparisons: more turns than the limit, so that nothing comes too early.
func (s *socket) check(now int32, c *clocks) {
	s.out.mu.Lock()
	writing, since, cause, closed := s.out.writing, s.out.since, s.out.cause, s.out.closed
	s.out.mu.Unlock()
	switch {
	case writing && now-since > c.write:
		s.cut(Slow)
	case cause != open:
		if now-closed > c.linger {
			s.cut(cause)
		}
	case s.closeAt != 0 && now > s.closeAt:
		s.close(s.closeFor)
	case now-s.opened > c.age:
		s.close(Expired)
	case now-s.heard.Load() > c.silence:
		s.close(Silent)
	}
}

// Shutdown refuses new sockets from now on and closes all there are, spread
// over Limits.Span so that their clients do not come back in one instant, and
// waits until they have ended and no call to Chats is under way. When ctx ends
// before, the rest is cut off at once and ctx's error returned: give it more
// than Span and Linger together. It may be called twice. Requests that wait to be
// refused are the HTTP server's to wait for.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.init()
	h.mu.Lock() // from here on, nothing is added to done but by one that counts
	h.stopping.Store(true)
	h.mu.Unlock()

	var all []*socket
	h.each(func(s *socket) { all = append(all, s) })
	batch, pause := stagger(len(all), h.limits.Span)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for some := range slices.Chunk(all, batch) {
		for _, s := range some {
			s.close(Stopping)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done(): // the rest at once
		}
	}

	ended := make(chan struct{})
	go func() {
		h.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		h.cancel()
		h.retire()
		return nil
	case <-ctx.Done():
	}
	h.cancel()
	h.each(func(s *socket) { s.cut(Stopping) })
	<-ended
	h.retire()
	return ctx.Err()
}

// retire ends the poller, if there is one: there are no sockets any more.
func (h *Hub) retire() {
	h.pollOnce.Do(func() {}) // none is made any more
	if h.poller != nil {
		h.poller.close()
	}
}

// stagger returns how many of n sockets to close at a time, and the pause in
// between, so that it takes about span, or less when they are few.
func stagger(n int, span time.Duration) (batch int, pause time.Duration) {
	const shortest, longest = 20 * time.Millisecond, 50 * time.Millisecond
	steps := max(1, int(span/shortest))
	batch = max(1, (n+steps-1)/steps)
	rounds := max(1, (n+batch-1)/batch)
	return batch, min(max(span/time.Duration(rounds), time.Millisecond), longest)
}
