package client

import (
	"hash/maphash"
	"strconv"
	"time"
)

// window remembers the latest items, so that none is delivered twice. It keeps a hash of each id, and
// the time of the latest one that it dropped: older items were delivered before, because items come in
// the order of their times.
type window struct {
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
	windowSize = 256
	windowWide = 16 << 10
)

// first reports whether the item is new, and remembers it. Items without an id always are.
func (w *window) first(i *Item) bool {
	id := i.ID()
	if id == "" {
		return true
	}
	if w.seen == nil {
		w.seed = maphash.MakeSeed()
	}
	whole := maphash.String(w.seed, id)
	s := sighting{hash: whole}
	if i.Chunk > 0 {
		s.hash = maphash.String(w.seed, id+"#"+strconv.Itoa(i.Chunk))
	}
	for n := range w.seen {
		if h := w.seen[n].hash; h == s.hash || h == whole { // a piece of a message that is complete adds nothing
			return false
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, deref(i.AbsoluteTime)); err == nil {
		s.at = at.UnixMilli()
	}
	if s.at != 0 && s.at < w.before {
		return false
	}
	w.seen = append(w.seen, s)
	limit := windowSize
	if w.wide {
		limit = windowWide
	}
	if len(w.seen) > limit {
		w.before = max(w.before, w.seen[0].at)
		w.seen = w.seen[1:]
	}
	return true
}

// widen is called before a transcript is read.
func (w *window) widen() { w.wide = true }

// narrow is called when no item from before the reading of the transcript can arrive any more.
func (w *window) narrow() {
	w.wide = false
	if n := len(w.seen) - windowSize; n > 0 {
		for _, s := range w.seen[:n] {
			w.before = max(w.before, s.at)
		}
		w.seen = append([]sighting(nil), w.seen[n:]...)
	}
}
