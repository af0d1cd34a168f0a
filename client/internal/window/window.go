// Package window remembers the latest items of a chat, so that none is delivered twice.
package window

import (
	"hash/maphash"
	"strconv"
	"time"
)

// Window remembers the latest items, so that none is delivered twice. It keeps a hash of each id, and
// the time of the latest one that it dropped: older items were delivered before, because items come in
// the order of their times.
type Window struct {
	seed   maphash.Seed
	seen   []sighting // in the order of arrival
	wide   bool       // a transcript is being read: items that the socket has meanwhile follow again
	before int64      // the time of the latest item dropped
}

// sighting is an item that was delivered.
type sighting struct {
	hash uint64
	at   int64 // AbsoluteTime in milliseconds, 0 for none
}

// How many items are remembered, and how many while the window is wide.
const (
	size = 256
	wide = 16 << 10
)

// First reports whether an item is new, by its id, the number of its piece (0 for a whole one) and its AbsoluteTime, and remembers
// it. Items without an id always are.
func (w *Window) First(id string, piece int, at string) bool {
	if id == "" {
		return true
	}
	if w.seen == nil {
		w.seed = maphash.MakeSeed()
	}
	whole := maphash.String(w.seed, id)
	s := sighting{hash: whole}
	if piece > 0 {
		s.hash = maphash.String(w.seed, id+"#"+strconv.Itoa(piece))
	}
	for n := range w.seen {
		if h := w.seen[n].hash; h == s.hash || h == whole { // a piece of a message that is complete adds nothing
			return false
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		s.at = t.UnixMilli()
	}
	if s.at != 0 && s.at < w.before {
		return false
	}
	w.seen = append(w.seen, s)
	limit := size
	if w.wide {
		limit = wide
	}
	if len(w.seen) > limit {
		w.before = max(w.before, w.seen[0].at)
		w.seen = w.seen[1:]
	}
	return true
}

// Widen is called before a transcript is read.
func (w *Window) Widen() { w.wide = true }

// Narrow is called when no item from before the reading of the transcript can arrive any more.
func (w *Window) Narrow() {
	w.wide = false
	if n := len(w.seen) - size; n > 0 {
		for _, s := range w.seen[:n] {
			w.before = max(w.before, s.at)
		}
		w.seen = append([]sighting(nil), w.seen[n:]...)
	}
}
