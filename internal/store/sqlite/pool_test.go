package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"parley.example/parley/internal/store"
)

// A reader that waits for a connection gives up when its context ends.
func TestPoolWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c, err := s.pool.get(t.Context(), ourselves) // the only one there is in memory
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := s.Count(ctx, tally("x"))
			result <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("Count = %v; want context.Canceled", err)
		}
		s.pool.put(c, ourselves)
		if _, err := s.Count(t.Context(), tally("x")); err != nil {
			t.Errorf("Count = %v when the connection is back", err)
		}
	})
}

// testPool is a pool of databases in memory, and whose turn came, in order.
type testPool struct {
	*pool
	t *testing.T

	mu     sync.Mutex // guards served
	served []string
}

func newTestPool(t *testing.T, size int) *testPool {
	return &testPool{t: t, pool: newPool(size, func() (*conn, error) { return connect(t.Context(), ":memory:") })}
}

// read takes a connection when its turn comes, and gives it back when done is closed.
func (p *testPool) read(of string, done chan struct{}) {
	go func() {
		c, err := p.get(p.t.Context(), of)
		if err != nil {
			p.t.Errorf("get for %q: %v", of, err)
			return
		}
		p.mu.Lock()
		p.served = append(p.served, of)
		p.mu.Unlock()
		<-done
		p.put(c, of)
	}()
	synctest.Wait()
}

// wantServed fails unless the turns came in this order.
func (p *testPool) wantServed(want ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.served, want) {
		p.t.Errorf("served %q; want %q", p.served, want)
	}
}

// end closes the pool, which is not used any more.
func (p *testPool) end() {
	p.t.Helper()
	if err := p.close(); err != nil || p.lent != 0 || len(p.lines) != 0 || len(p.next) != 0 {
		p.t.Errorf("close = %v; %d connections are lent, %d lines and %d turns left", err, p.lent, len(p.lines), len(p.next))
	}
}

// However many readers one chat has, it has half of the connections, and a
// reader of another gets one at once.
func TestPoolKeepsConnectionsForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, done := newTestPool(t, 4), make(chan struct{})
		for range 100 {
			p.read("busy", done)
		}
		p.wantServed("busy", "busy")
		p.read("stranger", done)
		p.read(ourselves, done)
		p.wantServed("busy", "busy", "stranger", ourselves)
		close(done)
		synctest.Wait()
		p.end()
	})
}

// Where all connections are taken, chats take turns, not requests.
func TestPoolTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, first, done := newTestPool(t, 1), make(chan struct{}), make(chan struct{})
		p.read("busy", first)
		for range 3 {
			p.read("busy", done)
		}
		p.read("stranger", done)
		p.read("stranger", done)
		p.read("other", done)
		close(done)
		p.wantServed("busy")
		close(first)
		synctest.Wait()
		p.wantServed("busy", "stranger", "other", "busy", "stranger", "busy", "busy")
		p.end()
	})
}

// The server's own reads may use what is free.
func TestPoolLendsAllToTheServerItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, done := newTestPool(t, 4), make(chan struct{})
		for range 5 {
			p.read(ourselves, done)
		}
		p.wantServed(ourselves, ourselves, ourselves, ourselves)
		close(done)
		synctest.Wait()
		p.end()
	})
}

// Readers that give up leave no gap: a turn that would be theirs is the next one's.
func TestPoolPassesOverWhoGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, first, done := newTestPool(t, 1), make(chan struct{}), make(chan struct{})
		p.read("busy", first)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := p.get(ctx, "impatient")
				gone <- err
			}()
		}
		synctest.Wait()
		p.read("patient", done)
		cancel()
		for range 2 {
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Errorf("get = %v; want context.Canceled", err)
			}
		}
		close(done)
		close(first)
		synctest.Wait()
		p.wantServed("busy", "patient")
		p.end()
	})
}

// A closed pool refuses those that wait, and waits for those that read.
func TestPoolCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, done := newTestPool(t, 1), make(chan struct{})
		p.read("a", done)
		refused := make(chan error, 1)
		go func() {
			_, err := p.get(t.Context(), "b")
			refused <- err
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			p.end()
			close(closed)
		}()
		if err := <-refused; !errors.Is(err, store.ErrClosed) {
			t.Errorf("get = %v; want ErrClosed", err)
		}
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed under a reader")
		default:
		}
		close(done)
		<-closed
	})
}

// No mixture of readers, some of whom give up, loses a connection or exceeds a share.
func TestPoolUnderLoad(t *testing.T) {
	p := newTestPool(t, 4)
	var mu sync.Mutex
	held := map[string]int{}
	hold := func(of string, d int) {
		mu.Lock()
		defer mu.Unlock()
		if held[of] += d; held[of] > 2 && of != ourselves {
			t.Errorf("%q has %d of 4 connections", of, held[of])
		}
	}
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range 300 {
				of := []string{ourselves, "busy", "busy", "busy", fmt.Sprint(n)}[random.IntN(5)]
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(3) == 0 {
					go cancel()
				}
				if c, err := p.get(ctx, of); err == nil {
					hold(of, 1)
					if _, err := c.First("SELECT 1"); err != nil {
						t.Error(err)
					}
					hold(of, -1)
					p.put(c, of)
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	p.end()
}
