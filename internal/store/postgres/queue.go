package postgres

import (
	"hash/maphash"
	"sync"
	"time"

	"parley.example/parley/internal/store"
)

const (
	maxQueue = 4096    // entries that may wait; Submit blocks beyond
	maxGroup = 1024    // entries that share one transaction
	maxBytes = 8 << 20 // in them, about: more is a group of its own
)

// entry is a change of a chat or of an agent. Those without either were submitted to a closed queue and only travel to be answered in their turn.
type entry struct {
	change *store.Change
	agent  *store.AgentChange
	done   func(error)
	at     time.Time // of submission
	err    error
}

// erases reports whether a change takes something away. It is the last of its group: what comes after finds the rows gone.
func (e *entry) erases() bool {
	return e.change != nil && e.change.Erase != nil || e.agent != nil && e.agent.Gone
}

// bytes is about how much an entry writes.
func (e *entry) bytes() (n int) {
	var deliveries []store.Delivery
	switch {
	case e.change != nil:
		if e.change.State != nil {
			n += len(e.change.State.State)
		}
		for i := range e.change.Items {
			n += len(e.change.Items[i].Content)
		}
		deliveries = e.change.Deliveries
	case e.agent != nil:
		if e.agent.State != nil {
			n += len(e.agent.State.State)
		}
		deliveries = e.agent.Deliveries
	}
	for i := range deliveries {
		n += len(deliveries[i].Body)
	}
	return n
}

// queue holds what is submitted until the committers take it, each from its own lane. What is of one chat or agent is in one lane.
type queue struct {
	seed  maphash.Seed
	mu    sync.Mutex // guards what follows
	ready *sync.Cond // something waits, or the queue is closing
	space *sync.Cond // something was taken
	lanes []lane
	total int
	// closing: nothing more is accepted.
	closing bool
}

type lane struct {
	waiting []*entry
	stopped bool // its committer is gone, and has answered all that it took
	late    bool // somebody answers what is submitted since
}

func newQueue(lanes int) *queue {
	q := &queue{seed: maphash.MakeSeed(), lanes: make([]lane, lanes)}
	q.ready, q.space = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	return q
}

// put adds an entry and waits while the queue is full.
func (q *queue) put(id string, e *entry) {
	l := &q.lanes[maphash.String(q.seed, id)%uint64(len(q.lanes))]
	e.at = time.Now() // of a duration: how long it may wait
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.total >= maxQueue && !q.closing {
		q.space.Wait()
	}
	if q.closing {
		e = &entry{done: e.done, err: store.ErrClosed}
	}
	l.waiting = append(l.waiting, e)
	q.total++
	if l.stopped && !l.late {
		l.late = true
		go q.refuse(l)
	}
	q.ready.Broadcast()
}

// take waits for entries of a lane and returns those of the next group: none when the queue is closed and the lane is empty.
func (q *queue) take(n int) []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := &q.lanes[n]
	for len(l.waiting) == 0 && !q.closing {
		q.ready.Wait()
	}
	end, size := 0, 0
	for end < min(len(l.waiting), maxGroup) {
		e := l.waiting[end]
		if size += e.bytes(); end > 0 && size > maxBytes {
			break
		}
		if end++; e.erases() {
			break
		}
	}
	return q.remove(l, end)
}

func (q *queue) remove(l *lane, n int) []*entry {
	group := append([]*entry(nil), l.waiting[:n]...)
	rest := copy(l.waiting, l.waiting[n:])
	clear(l.waiting[rest:])
	l.waiting = l.waiting[:rest]
	q.total -= n
	q.space.Broadcast()
	return group
}

// stop is the last that a lane's committer does, when all that it took is answered. It answers what was submitted meanwhile, and
// what comes later is answered as it comes.
func (q *queue) stop(n int) {
	l := &q.lanes[n]
	q.mu.Lock()
	l.stopped, l.late = true, true
	q.mu.Unlock()
	q.refuse(l)
}

// refuse answers what was submitted to a lane that nobody takes from any more: in order, and never on the caller's goroutine,
// which may hold locks that done wants.
func (q *queue) refuse(l *lane) {
	for {
		q.mu.Lock()
		group := q.remove(l, len(l.waiting))
		l.late = len(group) > 0
		q.mu.Unlock()
		if len(group) == 0 {
			return
		}
		for _, e := range group {
			e.done(e.err)
		}
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing = true
	q.ready.Broadcast()
	q.space.Broadcast()
}
