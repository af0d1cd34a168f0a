package sqlite

import "iter"

// cache keeps at least the last size entries that were used and at most twice
// as many: when the young half is full it becomes the old half, and what was
// old and was not used since is evicted.
type cache[K comparable, V any] struct {
	size       int
	young, old map[K]V
}

func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{size: size, young: map[K]V{}}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	v, ok := c.young[k]
	if ok {
		return v, true
	}
	if v, ok = c.old[k]; ok {
		c.put(k, v)
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[K]V, c.size)
	}
	c.young[k] = v
}

func (c *cache[K, V]) drop(k K) {
	delete(c.young, k)
	delete(c.old, k)
}

// all yields what is cached; a value may come twice.
func (c *cache[K, V]) all() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, half := range []map[K]V{c.young, c.old} {
			for _, v := range half {
				if !yield(v) {
					return
				}
			}
		}
	}
}

func (c *cache[K, V]) clear() {
	c.old, c.young = nil, map[K]V{}
}
