package server

import (
	"context"
	"log/slog"
	"time"

	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/store"
)

// Bounds of indexing what was said.
const (
	indexBatch   = 20 // contacts that share a commit
	indexRest    = 3  // how many times as long as a step took the next one waits
	indexRetry   = time.Minute
	indexBacklog = 1000             // contacts: more are said to be indexed
	indexSayEach = 10 * time.Second // how often that is said
)

// indexing takes what was said in contacts into the store's index once they are over: at once when it is idle, with pauses
// when there are many, so that commits of chats are not held up. What is left after a kill is taken at the next start.
type indexing struct {
	store store.ContactSearcher
	log   *slog.Logger
	wake  chan struct{} // has room for one
}

func newIndexing(s store.ContactSearcher, log *slog.Logger) *indexing {
	return &indexing{store: s, log: log, wake: make(chan struct{}, 1)}
}

// Committed implements engine.Observer.
func (x *indexing) Committed(c *engine.Commit) {
	for i := range c.Change.Contacts {
		if c.Change.Contacts[i].Ended() {
			select {
			case x.wake <- struct{}{}:
			default:
			}
			return
		}
	}
}

// run works until ctx ends.
func (x *indexing) run(ctx context.Context) {
	var said time.Time // when the backlog was told; zero while there is none
	for {
		began := time.Now()
		taken, err := x.store.IndexTranscripts(ctx, indexBatch)
		wait := max(indexRest*time.Since(began), time.Millisecond)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			x.log.Error("what was said in contacts could not be indexed; it will be retried", "err", err)
			wait = indexRetry
		case taken < indexBatch:
			if !said.IsZero() {
				x.log.Info("what was said in contacts is indexed")
				said = time.Time{}
			}
			wait = 0
		case time.Since(said) > indexSayEach:
			if left, err := x.store.Unindexed(ctx); err == nil && (left > indexBacklog || !said.IsZero()) {
				x.log.Info("what was said in contacts is being indexed; it can be searched for as far as that is", "left", left)
				said = time.Now()
			}
		}
		if !x.pause(ctx, wait) {
			return
		}
	}
}

// pause waits: for as long as is said, or else until a contact is over. It reports whether ctx goes on.
func (x *indexing) pause(ctx context.Context, d time.Duration) bool {
	wake, over := x.wake, (<-chan time.Time)(nil)
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		wake, over = nil, t.C
	}
	select {
	case <-wake:
	case <-over:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
