package socket

import (
	"context"
	"slices"
	"time"
)

// patrol is one turn over all sockets. It is repeated as long as there are any.
func (s *Server) patrol() {
	now := s.turn.Add(1)
	s.each(func(c *Conn) { c.check(now, &s.clocks) })

	s.mu.Lock()
	defer s.mu.Unlock()
	s.patrolling = s.reserved.Load() > 0
	if s.patrolling {
		time.AfterFunc(turn, s.patrol)
	}
}

// check does what is due for the socket at a turn. The caller holds the shard.
// A turn says only that something happened in the second behind it, hence the
// comparisons: more turns than the limit, so that nothing comes too early.
func (c *Conn) check(now int32, limits *clocks) {
	c.out.mu.Lock()
	writing, since, cause, closed := c.out.writing, c.out.since, c.out.cause, c.out.closed
	later, closeAt := c.out.later, c.out.closeAt
	c.out.mu.Unlock()
	switch {
	case writing && now-since > limits.write:
		c.abort(Slow)
	case cause != nil:
		if now-closed > limits.linger {
			c.abort(cause)
		}
	case later != nil && now > closeAt:
		c.Close(later)
	case now-c.opened > limits.age:
		c.Close(Expired)
	case now-c.received.Load() > limits.silence:
		c.Close(Silent)
	}
}

// Shutdown refuses new sockets from now on and closes all there are, spread
// over Limits.Span so that their clients do not reconnect in one instant, and
// waits until they have ended. When ctx ends before, the rest is aborted and
// ctx's error returned: give it more than Span and Linger together. It may be
// called twice.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	s.mu.Lock() // from here on, nothing is added to done
	s.stopping.Store(true)
	s.mu.Unlock()

	var all []*Conn
	s.each(func(c *Conn) { all = append(all, c) })
	batch, pause := stagger(len(all), s.limits.Span)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for some := range slices.Chunk(all, batch) {
		for _, c := range some {
			c.Close(Stopping)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done(): // the rest at once
		}
	}

	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		s.each(func(c *Conn) { c.abort(Stopping) })
		<-ended
	}
	s.pollOnce.Do(func() {}) // no poller is made any more
	if s.poller != nil {
		s.poller.close()
	}
	return err
}

// stagger returns how many of n sockets to close at once, and the pause in
// between, so that it takes about span, or less when they are few.
func stagger(n int, span time.Duration) (batch int, pause time.Duration) {
	const shortest, longest = 20 * time.Millisecond, 50 * time.Millisecond
	steps := max(1, int(span/shortest))
	batch = max(1, (n+steps-1)/steps)
	rounds := max(1, (n+batch-1)/batch)
	return batch, min(max(span/time.Duration(rounds), time.Millisecond), longest)
}
