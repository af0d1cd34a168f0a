// Package fluent is what the generated builders share: copying setters for lists and maps, and
// iteration over pages. Nothing here keeps state; everything may be used by many goroutines at once.
package fluent

import (
	"errors"
	"iter"
	"maps"
)

// Add returns list with v behind it, in memory of its own, so that builders which share list stay
// as they are. Adding nothing makes an empty list of an absent one.
func Add[T any](list, v []T) []T {
	return append(append(make([]T, 0, len(list)+len(v)), list...), v...)
}

// Put returns a copy of m with one more entry.
func Put[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	if m == nil {
		return map[K]V{key: value}
	}
	m = maps.Clone(m)
	m[key] = value
	return m
}

// errLoop ends pages that would not end.
var errLoop = errors.New("the page's token leads back to the page itself")

// Pages calls send with token, then with the token of each answer, until one has none. O is a pointer
// to an output: all pointers share one body of Pages, however many operations have pages.
func Pages[O any](token *string, send func(token *string) (O, *string, error)) iter.Seq2[O, error] {
	return func(yield func(O, error) bool) {
		var none O
		token := token
		for {
			out, next, err := send(token)
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(out, nil) || next == nil || *next == "" {
				return
			}
			if token != nil && *next == *token {
				yield(none, errLoop)
				return
			}
			token = next
		}
	}
}

// Items iterates over the elements of every page, see Pages. An error comes with a zero element.
// There is a body of it for each type of elements, so it is as plain as can be.
func Items[O, T any](pages iter.Seq2[O, error], items func(O) []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		pages(func(out O, err error) bool {
			if err != nil {
				var none T
				return yield(none, err)
			}
			for _, item := range items(out) {
				if !yield(item, nil) {
					return false
				}
			}
			return true
		})
	}
}
