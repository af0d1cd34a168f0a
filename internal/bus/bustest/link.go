package bustest

import (
	"sync"

	"parley.example/parley/internal/bus"
)

// Link is a bus as one node sees it: what it publishes arrives at the bus behind
// it, and what its subscribers receive has passed a [Fault]. Other links of the
// same bus have faults of their own.
type Link struct {
	bus.Bus

	mu     sync.Mutex // guards what follows
	fault  Fault
	behind map[*bus.Subscription]*bus.Subscription // what is subscribed on the bus, by the node's own
}

// Fault returns what arrives of a message: nothing, the message twice, one that
// was held back before.
type Fault func(bus.Message) []bus.Message

// Subscribe implements [bus.Bus].
func (l *Link) Subscribe(s *bus.Subscription) {
	behind := &bus.Subscription{Subject: s.Subject, Receive: func(m bus.Message) {
		for _, m := range l.arriving(m) {
			s.Receive(m)
		}
	}}
	l.mu.Lock()
	if l.behind == nil {
		l.behind = map[*bus.Subscription]*bus.Subscription{}
	}
	l.behind[s] = behind
	l.mu.Unlock()
	l.Bus.Subscribe(behind)
}

// Unsubscribe implements [bus.Bus].
func (l *Link) Unsubscribe(s *bus.Subscription) {
	l.mu.Lock()
	behind := l.behind[s]
	delete(l.behind, s)
	l.mu.Unlock()
	if behind != nil {
		l.Bus.Unsubscribe(behind)
	}
}

func (l *Link) arriving(m bus.Message) []bus.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		return []bus.Message{m}
	}
	return l.fault(m)
}

// Break lets the link have a fault from now on; nil mends it.
func (l *Link) Break(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = f
}

// Lose is the [Fault] of a link that is down.
func Lose(bus.Message) []bus.Message { return nil }

// Double is the [Fault] by which everything arrives twice.
func Double(m bus.Message) []bus.Message { return []bus.Message{m, m} }

// LoseEvery returns the [Fault] by which each n-th message is lost.
func LoseEvery(n int) Fault {
	i := 0
	return func(m bus.Message) []bus.Message {
		if i++; i%n == 0 {
			return nil
		}
		return []bus.Message{m}
	}
}

// Reorder returns the [Fault] by which messages arrive n at once, the last one first.
func Reorder(n int) Fault {
	var held []bus.Message
	return func(m bus.Message) []bus.Message {
		held = append([]bus.Message{m}, held...)
		if len(held) < n {
			return nil
		}
		all := held
		held = nil
		return all
	}
}

var _ bus.Bus = (*Link)(nil)
