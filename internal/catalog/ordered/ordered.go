// Package ordered has lists that are kept in an order and never change: what
// adds or removes an item returns another list, which shares nearly everything
// with the one before. Both stay good, so whoever reads an old one needs no lock.
//
// A list lies in chunks. A change copies one of them and the list of chunks: for
// 10,000 items some 5 kB, whatever an item holds. Finding one takes two
// bisections. All functions are pure; start reading at [List].
package ordered

import (
	"iter"
	"slices"
)

// How many items a chunk has: one that grows beyond most is cut in two, one that
// shrinks below least joins its neighbour, if the two fit.
const (
	most  = 128
	least = most / 4
)

// List is a list in an order that its callers give: by a function that says how an
// item compares with what is looked for, negative for one before it. The same order
// has to be given each time, and no two items may be equal in it. The zero List is empty.
type List[T any] struct {
	chunks [][]T // none of them empty or changed
	size   int
}

// Of returns the list of items, which are in order. It keeps the slice.
func Of[T any](items []T) List[T] {
	return List[T]{slices.Collect(slices.Chunk(items, most*3/4)), len(items)}
}

// Len returns how many items there are.
func (l List[T]) Len() int { return l.size }

// find returns the chunk and the place in it of the first item that is not before
// what is looked for, and whether that is it. At the end it is behind the last chunk.
func (l List[T]) find(compare func(T) int) (chunk, at int, found bool) {
	chunk, _ = slices.BinarySearchFunc(l.chunks, 0, func(c []T, _ int) int {
		if compare(c[len(c)-1]) < 0 {
			return -1
		}
		return 1
	})
	if chunk == len(l.chunks) {
		return chunk, 0, false
	}
	at, found = slices.BinarySearchFunc(l.chunks[chunk], 0, func(item T, _ int) int { return compare(item) })
	return chunk, at, found
}

// Get returns the item that compares as equal.
func (l List[T]) Get(compare func(T) int) (item T, ok bool) {
	chunk, at, ok := l.find(compare)
	if ok {
		item = l.chunks[chunk][at]
	}
	return item, ok
}

// Before returns how many items are before what is looked for.
func (l List[T]) Before(compare func(T) int) int {
	chunk, n, _ := l.find(compare)
	for _, c := range l.chunks[:chunk] {
		n += len(c)
	}
	return n
}

// From yields the items that are not before what is looked for.
func (l List[T]) From(compare func(T) int) iter.Seq[T] {
	return func(yield func(T) bool) {
		chunk, at, _ := l.find(compare)
		for _, c := range l.chunks[chunk:] {
			for _, item := range c[at:] {
				if !yield(item) {
					return
				}
			}
			at = 0
		}
	}
}

// All yields all items.
func (l List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, c := range l.chunks {
			for _, item := range c {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// With returns the list with an item more, or in place of the one that compares as equal.
func (l List[T]) With(item T, compare func(T) int) List[T] {
	chunk, at, found := l.find(compare)
	switch {
	case found:
		c := slices.Clone(l.chunks[chunk])
		c[at] = item
		return List[T]{l.replaced(chunk, 1, c), l.size}
	case len(l.chunks) == 0:
		return List[T]{[][]T{{item}}, 1}
	case chunk == len(l.chunks):
		chunk--
		at = len(l.chunks[chunk])
	}
	c := slices.Insert(slices.Clip(l.chunks[chunk]), at, item)
	if len(c) <= most {
		return List[T]{l.replaced(chunk, 1, c), l.size + 1}
	}
	half := len(c) / 2
	return List[T]{l.replaced(chunk, 1, slices.Clip(c[:half]), slices.Clone(c[half:])), l.size + 1}
}

// Without returns the list without the item that compares as equal; the same list when there is none.
func (l List[T]) Without(compare func(T) int) List[T] {
	chunk, at, found := l.find(compare)
	if !found {
		return l
	}
	c := slices.Concat(l.chunks[chunk][:at], l.chunks[chunk][at+1:])
	switch next := chunk + 1; {
	case len(c) == 0:
		return List[T]{l.replaced(chunk, 1), l.size - 1}
	case len(c) < least && next < len(l.chunks) && len(c)+len(l.chunks[next]) <= most:
		return List[T]{l.replaced(chunk, 2, slices.Concat(c, l.chunks[next])), l.size - 1}
	case len(c) < least && chunk > 0 && len(c)+len(l.chunks[chunk-1]) <= most:
		return List[T]{l.replaced(chunk-1, 2, slices.Concat(l.chunks[chunk-1], c)), l.size - 1}
	}
	return List[T]{l.replaced(chunk, 1, c), l.size - 1}
}

// replaced returns the chunks with others in place of n of them.
func (l List[T]) replaced(from, n int, by ...[]T) [][]T {
	return slices.Concat(l.chunks[:from], by, l.chunks[from+n:])
}
