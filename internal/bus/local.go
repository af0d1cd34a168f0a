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
	mu    sync.RWMutex              // guards what follows
	first map[Subject]*Subscription // the one that subscribed first: mostly there is no other
	more  map[Subject][]*Subscription
	// The slices are replaced, never changed, so that Publish calls without the lock.
}

var seed = maphash.MakeSeed()

func (l *Local) shard(s Subject) *shard {
	return &l.shards[maphash.String(seed, string(s))%shards]
}

// Publish implements [Bus].
func (l *Local) Publish(m Message) {
	sh := l.shard(m.Subject)
	sh.mu.RLock()
	first, more := sh.first[m.Subject], sh.more[m.Subject]
	sh.mu.RUnlock()
	if first == nil {
		return
	}
	first.Receive(m)
	for _, s := range more {
		s.Receive(m)
	}
}

// Subscribe implements [Bus].
func (l *Local) Subscribe(s *Subscription) {
	sh := l.shard(s.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.first[s.Subject] != nil {
		sh.follow(s.Subject, append(slices.Clip(sh.more[s.Subject]), s))
		return
	}
	if sh.first == nil {
		sh.first = make(map[Subject]*Subscription)
	}
	sh.first[s.Subject] = s
}

// Unsubscribe implements [Bus].
func (l *Local) Unsubscribe(s *Subscription) {
	sh := l.shard(s.Subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	more := sh.more[s.Subject]
	switch i := slices.Index(more, s); {
	case i >= 0:
		sh.follow(s.Subject, slices.Concat(more[:i], more[i+1:]))
	case sh.first[s.Subject] != s: // not subscribed
	case len(more) == 0:
		delete(sh.first, s.Subject)
	default:
		sh.first[s.Subject] = more[0]
		sh.follow(s.Subject, slices.Clone(more[1:]))
	}
}

// Heard reports whether a subject has a subscriber.
func (l *Local) Heard(s Subject) bool {
	sh := l.shard(s)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.first[s] != nil
}

// follow sets who follows the first subscriber of a subject. The caller holds mu.
func (sh *shard) follow(s Subject, more []*Subscription) {
	if len(more) == 0 {
		delete(sh.more, s)
		return
	}
	if sh.more == nil {
		sh.more = make(map[Subject][]*Subscription)
	}
	sh.more[s] = more
}

var _ Bus = (*Local)(nil)
