package routing

// item is what a heap orders. An item that may have to leave a heap from its
// middle keeps account of where it is; -1 is nowhere.
type item[T any] interface {
	before(T) bool
	moved(to int)
}

// heap is a binary heap: the first item is before all others.
type heap[T item[T]] []T

func (h *heap[T]) push(x T) {
	*h = append(*h, x)
	h.up(len(*h)-1, x)
}

// set replaces item i, or pushes x when i is -1.
func (h *heap[T]) set(i int, x T) {
	if i < 0 {
		h.push(x)
		return
	}
	if (*h)[i].before(x) {
		h.down(i, x)
	} else {
		h.up(i, x)
	}
}

// remove takes item i out.
func (h *heap[T]) remove(i int) T {
	old := *h
	n, x := len(old)-1, old[i]
	last := old[n]
	var none T
	old[n] = none
	*h = old[:n]
	if i < n {
		h.set(i, last)
	}
	x.moved(-1)
	return x
}

// up puts x in place i or further up.
func (h heap[T]) up(i int, x T) {
	for i > 0 {
		parent := (i - 1) / 2
		if !x.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		h[i].moved(i)
		i = parent
	}
	h[i] = x
	x.moved(i)
}

// down puts x in place i or further down.
func (h heap[T]) down(i int, x T) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if next := child + 1; next < len(h) && h[next].before(h[child]) {
			child = next
		}
		if !h[child].before(x) {
			break
		}
		h[i] = h[child]
		h[i].moved(i)
		i = child
	}
	h[i] = x
	x.moved(i)
}

// glance is how many items first looks at in their order before it looks at all of them as they lie.
const glance = 24

// first returns the first item, of those that stop does not rule out, that
// matches. stop is given items in order, and what it rules out rules out all behind it.
func (h heap[T]) first(stop, match func(T) bool) (found T, ok bool) {
	if len(h) == 0 {
		return found, false
	}
	var places [glance + 1]int // whose parents have been looked at
	fringe := places[:1]
	for range glance {
		least := 0
		for i, p := range fringe {
			if h[p].before(h[fringe[least]]) {
				least = i
			}
		}
		at := fringe[least]
		switch x := h[at]; {
		case stop(x):
			return found, false
		case match(x):
			return x, true
		}
		fringe[least] = fringe[len(fringe)-1]
		fringe = fringe[:len(fringe)-1]
		for child := 2*at + 1; child <= 2*at+2 && child < len(h); child++ {
			fringe = append(fringe, child)
		}
		if len(fringe) == 0 {
			return found, false
		}
	}
	for _, x := range h {
		if (!ok || x.before(found)) && !stop(x) && match(x) {
			found, ok = x, true
		}
	}
	return found, ok
}

// below counts the items that are before x, as far as limit.
func (h heap[T]) below(x T, limit int) (n int) {
	var visit func(i int)
	visit = func(i int) {
		if i < len(h) && n < limit && h[i].before(x) {
			n++
			visit(2*i + 1)
			visit(2*i + 2)
		}
	}
	visit(0)
	return n
}
