package sqlite

import (
	"sync"

	"parley.example/parley/internal/store"
)

const (
	maxQueue = 4096 // entries that may wait; Submit blocks beyond
	maxBatch = 1024 // entries that share one flush
)

// entry is one thing the writer is asked to do: a change of a chat or of an agent, or a job that
// needs more than a change can say. Entries without any were submitted to a
// closed queue and only travel to be answered in their turn.
type entry struct {
	change *store.Change
	agent  *store.AgentChange
	job    func(*writer) error // may run twice; all of its writes are undone when it fails
	// between is run after the batch, outside of its transaction.
	between func(*writer) error
	done    func(error)
	err     error
}

// of returns what a change is of, and its id, for the log.
func (e *entry) of() (kind, id string) {
	if e.agent != nil {
		return "agent", string(e.agent.User)
	}
	return "chat", string(e.change.Chat)
}

// queue holds what is submitted until the writer takes it.
type queue struct {
	mu      sync.Mutex // guards what follows
	ready   *sync.Cond // something waits, or the queue is closing
	space   *sync.Cond // something was taken
	waiting []entry
	closing bool // nothing more is accepted
	stopped bool // the writer has taken the last entry

	late     []entry // submitted after stopped
	lateBusy bool    // a goroutine answers late
}

func newQueue() *queue {
	q := &queue{}
	q.ready, q.space = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	return q
}

// put adds an entry and waits while the queue is full. It reports false when the
// writer is gone and nobody will come for the entry.
func (q *queue) put(e entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) >= maxQueue && !q.stopped {
		q.space.Wait()
	}
	if q.stopped {
		return false
	}
	if q.closing {
		e = entry{done: e.done, err: store.ErrClosed}
	}
	q.waiting = append(q.waiting, e)
	q.ready.Signal()
	return true
}

// take waits for entries and moves at most maxBatch of them behind buf. It
// returns nothing when the queue is closed and empty.
func (q *queue) take(buf []entry) []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closing {
		q.ready.Wait()
	}
	n := min(len(q.waiting), maxBatch)
	buf = append(buf, q.waiting[:n]...)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	q.stopped = n == 0
	q.space.Broadcast()
	return buf
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing = true
	q.ready.Signal()
}

// refuse answers an entry that put did not accept: in order, one at a time,
// and never before before is closed or on the caller's goroutine, which may
// hold locks that done wants.
func (q *queue) refuse(e entry, before <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.late = append(q.late, e)
	if q.lateBusy {
		return
	}
	q.lateBusy = true
	go func() {
		<-before
		for {
			q.mu.Lock()
			late := q.late
			q.late = nil
			q.lateBusy = len(late) > 0
			q.mu.Unlock()
			if len(late) == 0 {
				return
			}
			for _, e := range late {
				e.done(store.ErrClosed)
			}
		}
	}()
}
