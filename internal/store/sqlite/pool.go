package sqlite

import (
	"context"
	"errors"
	"sync"

	"parley.example/parley/internal/store"
)

// readers is how many connections may read a database file at once. Reads
// take microseconds; more of them would only hold memory.
const readers = 4

// pool lends connections to readers, the one used last first, and opens them
// when they are first needed.
type pool struct {
	open   func() (*conn, error)
	turns  chan struct{} // holds a token for each connection that is lent
	closed chan struct{}

	mu   sync.Mutex // guards idle
	idle []*conn
}

func newPool(size int, open func() (*conn, error)) *pool {
	return &pool{open: open, turns: make(chan struct{}, size), closed: make(chan struct{})}
}

// get waits for a connection.
func (p *pool) get(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.turns <- struct{}{}:
	case <-p.closed:
		return nil, store.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-p.closed:
		<-p.turns
		return nil, store.ErrClosed
	default:
	}
	if c := p.pop(); c != nil {
		return c, nil
	}
	c, err := p.open()
	if err != nil {
		<-p.turns
	}
	return c, err
}

// share waits for the one connection of a pool that lends it to the writer too.
func (p *pool) share() *conn {
	p.turns <- struct{}{}
	return p.pop()
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

func (p *pool) put(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.turns
}

// close refuses further readers, waits for those that read, and closes the connections.
func (p *pool) close() error {
	close(p.closed)
	for range cap(p.turns) {
		p.turns <- struct{}{}
	}
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// read runs f with a connection that sees every change whose done was called.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	c, err := s.pool.get(ctx)
	if err != nil {
		return err
	}
	defer s.pool.put(c)
	return f(c)
}
