// Package bus carries what was committed to everybody who has to hear of it:
// in one process by a call ([Local]); between processes later by NATS.
//
// Publish is called after the commit, for each chat in the order of its
// commits, and must not block: whoever listens takes a push, puts it into a
// bounded queue of its own and returns.
package bus

import "parley.example/parley/internal/center"

// Bus tells pushes to all who listen.
type Bus interface {
	Publish(pushes []center.Push)
}

// Listener hears of pushes. It must be quick and keep no reference to the slice.
type Listener func(pushes []center.Push)

// Local is the bus within one process: it calls its listeners one after the
// other. The listeners are fixed before the first Publish.
type Local struct {
	Listeners []Listener
}

// Publish implements [Bus].
func (l *Local) Publish(pushes []center.Push) {
	for _, f := range l.Listeners {
		f(pushes)
	}
}

var _ Bus = (*Local)(nil)
