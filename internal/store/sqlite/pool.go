package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"

	"parley.example/parley/internal/store"
)

// readers is how many connections may read a database file at once. Reads
// take microseconds; more of them would only hold memory.
const readers = 4

// pool lends connections to readers, the one used last first, and opens them
// when they are first needed.
//
// It is fair to those for whom it is read, however many requests each of them makes: readers for
// one chat or instance wait in a line of their own, the lines take turns, and no line
// has more than half of the connections. So a reader waits for one read of each
// other line at most, and, while a single chat is read in excess, for none.
type pool struct {
	open   func() (*conn, error)
	size   int
	closed chan struct{}

	mu    sync.Mutex // guards what follows
	back  sync.Cond  // a connection came back
	lent  int
	idle  []*conn
	lines map[string]*line // those that have or wait for connections
	next  []*line          // whose turns come, in this order: those that wait and may have more; empty while a connection is free
}

// line is what is read for one party.
type line struct {
	of      string
	lent    int
	waiting []chan struct{} // each is closed when its reader may take a connection
	queued  bool            // it is in pool.next
}

// ourselves is whose reads are the server's own: timers, the outbox, what nobody asked
// for. They may use all connections, in their turn.
const ourselves = ""

func newPool(size int, open func() (*conn, error)) *pool {
	p := &pool{open: open, size: size, closed: make(chan struct{}), lines: map[string]*line{}}
	p.back.L = &p.mu
	return p
}

// get waits for a connection to read for a chat or instance, or [ourselves].
func (p *pool) get(ctx context.Context, of string) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, turn := p.enter(of)
	select {
	case <-turn:
	case <-p.closed:
		return nil, p.leave(l, turn, store.ErrClosed)
	case <-ctx.Done():
		return nil, p.leave(l, turn, ctx.Err())
	}
	select {
	case <-p.closed:
		return nil, p.leave(l, turn, store.ErrClosed)
	default:
	}
	if c := p.pop(); c != nil {
		return c, nil
	}
	c, err := p.open()
	if err != nil {
		return nil, p.leave(l, turn, err)
	}
	return c, nil
}

// share waits for the one connection of a pool that lends it to the writer too.
func (p *pool) share() *conn {
	_, turn := p.enter(ourselves)
	<-turn
	return p.pop()
}

// enter puts a reader into its line. turn is closed when it may take a connection.
func (p *pool) enter(of string) (l *line, turn chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l = p.lines[of]
	if l == nil {
		l = &line{of: of}
		p.lines[of] = l
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	p.serve(l)
	return l, turn
}

// leave takes a reader who has no connection out of its line, whether or not its
// turn has come meanwhile, and returns why it leaves.
func (p *pool) leave(l *line, turn chan struct{}, why error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(l.waiting, turn); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	} else {
		p.returned(l)
	}
	p.serve(l)
	return why
}

// put gives back a connection that get or share has lent.
func (p *pool) put(c *conn, of string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	l := p.lines[of]
	p.returned(l)
	p.serve(l)
}

func (p *pool) returned(l *line) {
	l.lent--
	p.lent--
	p.back.Signal()
}

// serve gives free connections to those whose turn it is, after something changed in a line.
func (p *pool) serve(l *line) {
	p.queue(l)
	for p.lent < p.size && len(p.next) > 0 {
		l := p.next[0]
		p.next = p.next[1:]
		l.queued = false
		if len(l.waiting) == 0 { // they gave up
			p.queue(l)
			continue
		}
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.lent++
		p.lent++
		p.queue(l)
	}
}

// queue gives a line a turn if it can use one, and forgets a line that is not used.
func (p *pool) queue(l *line) {
	share := p.size
	if l.of != ourselves {
		share = (p.size + 1) / 2
	}
	switch {
	case l.queued:
	case len(l.waiting) > 0 && l.lent < share:
		l.queued = true
		p.next = append(p.next, l)
	case len(l.waiting) == 0 && l.lent == 0:
		delete(p.lines, l.of)
	}
}

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// close refuses further readers, waits for those that read, and closes the connections.
func (p *pool) close() error {
	close(p.closed)
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.lent > 0 {
		p.back.Wait()
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// read runs f with a connection that sees every change whose done was called.
// of is for whom: see [pool].
func (s *Store) read(ctx context.Context, of string, f func(*conn) error) error {
	c, err := s.pool.get(ctx, of)
	if err != nil {
		return err
	}
	defer s.pool.put(c, of)
	return f(c)
}
