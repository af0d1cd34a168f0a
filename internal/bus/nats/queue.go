package nats

import (
	"sync"

	"parley.example/parley/internal/bus"
)

// queue is what waits for one goroutine: as much as its limit says, and no more.
type queue[T any] struct {
	limit int           // of the weights
	wake  chan struct{} // receives when there may be something to take

	mu           sync.Mutex // guards what follows
	items, taken []T
	weight       int
}

func newQueue[T any](limit int) *queue[T] {
	return &queue[T]{limit: limit, wake: make(chan struct{}, 1)}
}

// put appends an item, and reports whether there was room. It waits for nobody.
func (q *queue[T]) put(item T, weight int) bool {
	q.mu.Lock()
	if q.weight+weight > q.limit {
		q.mu.Unlock()
		return false
	}
	q.items = append(q.items, item)
	q.weight += weight
	first := len(q.items) == 1
	q.mu.Unlock()
	if first {
		q.nudge()
	}
	return true
}

// nudge has the goroutine look.
func (q *queue[T]) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns all that waits. The slice is good until the next call, by the same goroutine.
func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.taken)
	q.items, q.taken, q.weight = q.taken[:0], q.items, 0
	return q.taken
}

// weight is what a message counts for while it waits, in bytes: no less than what it takes.
func weight(m *bus.Message) int {
	const each = 128
	n := each + len(m.Subject) + len(m.About)
	for i := range m.Events {
		n += each + len(m.Events[i].Payload)
	}
	return n
}
