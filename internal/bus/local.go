package bus

import (
	"hash/maphash"
	"slices"
	"sync"
)

// Local is the bus within one process: Publish calls the subscribers of the
// subject in the order in which they subscribed. The zero value is ready.
type Local struct {
	shards [shards]shard
}

// shards is how many locks the subjects share.
const shards = 64

type shard struct {
	mu       sync.RWMutex // guards subjects
	subjects map[Subject][]*subscription
}

// subscription is one subscriber of a subject. The slices that hold it are
// replaced, never changed, so that Publish calls without the lock.
type subscription struct {
	bus     *Local
	subject Subject
	f       func(Message)
}

var seed = maphash.MakeSeed()

func (l *Local) shard(s Subject) *shard {
	return &l.shards[maphash.String(seed, string(s))%shards]
}

// Publish implements [Bus].
func (l *Local) Publish(m Message) {
	sh := l.shard(m.Subject)
	sh.mu.RLock()
	subscribers := sh.subjects[m.Subject]
	sh.mu.RUnlock()
	for _, s := range subscribers {
		s.f(m)
	}
}

// Subscribe implements [Bus].
func (l *Local) Subscribe(subject Subject, f func(Message)) (stop func()) {
	s := &subscription{bus: l, subject: subject, f: f}
	sh := l.shard(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.subjects == nil {
		sh.subjects = make(map[Subject][]*subscription)
	}
	sh.subjects[subject] = append(slices.Clip(sh.subjects[subject]), s)
	return s.stop
}

func (s *subscription) stop() {
	sh := s.bus.shard(s.subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	subscribers := sh.subjects[s.subject]
	i := slices.Index(subscribers, s)
	switch {
	case i < 0: // stopped before
	case len(subscribers) == 1:
		delete(sh.subjects, s.subject)
	default:
		sh.subjects[s.subject] = slices.Concat(subscribers[:i], subscribers[i+1:])
	}
}

var _ Bus = (*Local)(nil)
