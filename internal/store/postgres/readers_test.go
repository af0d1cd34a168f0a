package postgres_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/storetest/kit"
)

// TestReadersDoNotHoldUpCommits: while as much is read as can be, and as much waits to be read, changes and leases go on.
func TestReadersDoNotHoldUpCommits(t *testing.T) {
	kept := open(t, postgres.Options{URL: server.URL(server.Database(t, template)), Connections: 1})
	s := &kit.Env{Store: kept}
	hold, reading := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if err := s.ReadHistory(t.Context(), kit.Instance, func(store.History) error {
				select {
				case reading <- struct{}{}:
				case <-hold:
				}
				<-hold
				return nil
			}); err != nil {
				t.Errorf("ReadHistory: %v", err)
			}
		})
	}
	<-reading
	<-reading
	s.Must(t, kit.ChatChange(kit.NewID(), "x"))
	if held, err := s.Claim(t.Context(), "node", kit.Epoch, 1e9, "work"); err != nil || len(held) != 1 {
		t.Errorf("Claim = %v, %v", held, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := s.Chat(ctx, "a reader who waits")
		waiting <- err
	}()
	for kept.Pools().Waits == 0 {
		runtime.Gosched()
	}
	if p := kept.Pools(); p.Used != 2 || p.Max != 10 || p.Idle+p.Used > p.Max {
		t.Errorf("while two read, the connections are %+v; want two of ten at work", p)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("Chat = %v; want that its context ended", err)
	}
	close(hold)
	wg.Wait()
	if p := kept.Pools(); p.Used != 0 || p.Waits == 0 || p.Waited <= 0 {
		t.Errorf("afterwards the connections are %+v; want none at work, and that some have waited", p)
	}
}
