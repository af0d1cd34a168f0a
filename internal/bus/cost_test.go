package bus

import (
	"fmt"
	"runtime"
	"testing"

	"parley.example/parley/internal/center"
)

// TestASubscriptionTakesLittleMemory: every chat with a socket has one.
func TestASubscriptionTakesLittleMemory(t *testing.T) {
	const n, limit = 100_000, 72
	var l Local
	f := func(Message) {}
	subjects, subscriptions := make([]Subject, n), make([]*Subscription, n)
	for i := range subjects {
		subjects[i] = Chat(center.ContactID(fmt.Sprintf("11111111-1111-4111-8111-%012d", i)))
	}
	before := held()
	for i, s := range subjects {
		subscriptions[i] = &Subscription{s, f}
		l.Subscribe(subscriptions[i])
	}
	each := (held() - before) / n
	t.Logf("%d bytes for a subject with one subscriber", each)
	if each > limit {
		t.Errorf("a subject with one subscriber takes %d bytes; want at most %d", each, limit)
	}
	for _, kept := range []any{&l, subjects, subscriptions} {
		runtime.KeepAlive(kept)
	}
}

// held is what the heap holds after a collection.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
