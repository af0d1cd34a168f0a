package catalog

import (
	"container/list"
	"sync"
)

// lru keeps the values used latest, bounded in number and in weight. The one
// added last is always kept. Its zero value with the bounds set is ready.
type lru[K comparable, V any] struct {
	max, maxWeight int
	removed        func(V) // is called of values that are kept no longer; nil for nobody

	mu     sync.Mutex // guards what follows
	byKey  map[K]*list.Element
	order  list.List // of *kept[K, V], used latest first
	weight int
}

type kept[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

// get returns the value of a key and notes that it was used.
func (l *lru[K, V]) get(key K) (v V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.byKey[key]
	if !ok {
		return v, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*kept[K, V]).value, true
}

// has reports whether a value is kept, and notes that it was used.
func (l *lru[K, V]) has(key K) bool {
	_, ok := l.get(key)
	return ok
}

// put adds or replaces a value.
func (l *lru[K, V]) put(key K, v V, weight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(key)
	if l.byKey == nil {
		l.byKey = make(map[K]*list.Element)
	}
	l.byKey[key] = l.order.PushFront(&kept[K, V]{key, v, weight})
	l.weight += weight
	for l.order.Len() > 1 && (l.order.Len() > l.max || l.weight > l.maxWeight) {
		l.remove(l.order.Back().Value.(*kept[K, V]).key)
	}
}

// drop removes a value.
func (l *lru[K, V]) drop(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(key)
}

func (l *lru[K, V]) remove(key K) {
	if e, ok := l.byKey[key]; ok {
		delete(l.byKey, key)
		l.order.Remove(e)
		gone := e.Value.(*kept[K, V])
		l.weight -= gone.weight
		if l.removed != nil {
			l.removed(gone.value)
		}
	}
}
