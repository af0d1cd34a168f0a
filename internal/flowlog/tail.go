package flowlog

import (
	"sync"
	"sync/atomic"

	"parley.example/parley/internal/center"
)

// Bounds of tails.
const (
	tailBuffer = 256     // records that wait for a tail
	keptLines  = 1000    // records that are kept for tails that start later
	keptBytes  = 1 << 20 // of their texts
	maxTails   = 64
)

// Line is a record for tails.
type Line struct {
	Instance center.InstanceID
	Contact  center.ContactID
	Flow     center.FlowID
	Text     []byte // the record's JSON, without a line end; not to be changed
}

// Filter selects the records of a tail; empty members match all.
type Filter struct {
	Instance center.InstanceID
	Contact  center.ContactID
	Flow     center.FlowID
}

func (f *Filter) admits(l *Line) bool {
	return (f.Instance == "" || f.Instance == l.Instance) && (f.Contact == "" || f.Contact == l.Contact) && (f.Flow == "" || f.Flow == l.Flow)
}

// Tail follows the records of a log live. Close ends it.
type Tail struct {
	// C has the records. It is closed when the log ends.
	C <-chan *Line

	filter Filter
	lines  chan *Line
	lost   atomic.Uint64
	of     *tails
}

// Lost returns how many records the tail has missed since Lost was last called,
// because it was too slow.
func (t *Tail) Lost() uint64 { return t.lost.Swap(0) }

// Close ends the tail; its channel is not closed by it. It may be called twice.
func (t *Tail) Close() { t.of.remove(t) }

// Follow returns a tail. It starts with at most recent of the latest records. ok
// is false when there are too many tails, or the log has ended.
func (l *Log) Follow(f Filter, recent int) (t *Tail, ok bool) { return l.tails.add(f, recent) }

// EndTails ends all tails, as the end of the log does, so that they do not delay a
// stopping server.
func (l *Log) EndTails() { l.tails.end() }

// tails are the tails of a log.
type tails struct {
	mu    sync.Mutex // guards what follows
	set   map[*Tail]bool
	kept  []*Line // the latest, oldest first
	bytes int
	ended bool
}

func (s *tails) add(f Filter, recent int) (*Tail, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.set) >= maxTails {
		return nil, false
	}
	t := &Tail{filter: f, lines: make(chan *Line, tailBuffer), of: s}
	t.C = t.lines
	var first []*Line
	for i := len(s.kept) - 1; i >= 0 && len(first) < min(recent, tailBuffer); i-- {
		if f.admits(s.kept[i]) {
			first = append(first, s.kept[i])
		}
	}
	for i := len(first) - 1; i >= 0; i-- {
		t.lines <- first[i] // never blocks: the buffer is larger
	}
	if s.set == nil {
		s.set = map[*Tail]bool{}
	}
	s.set[t] = true
	return t, true
}

func (s *tails) remove(t *Tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, t)
}

// send sends a record to all tails whose filter it matches, and keeps it.
func (s *tails) send(l *Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.kept = append(s.kept, l)
	s.bytes += len(l.Text)
	drop := 0
	for len(s.kept)-drop > keptLines || s.bytes > keptBytes {
		s.bytes -= len(s.kept[drop].Text)
		drop++
	}
	if drop > 0 {
		clear(s.kept[:drop])
		s.kept = s.kept[drop:]
	}
	for t := range s.set {
		if !t.filter.admits(l) {
			continue
		}
		select {
		case t.lines <- l:
		default:
			t.lost.Add(1)
		}
	}
}

// forget drops the kept records that goes names.
func (s *tails) forget(goes func(*Line) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.kept[:0]
	s.bytes = 0
	for _, l := range s.kept {
		if !goes(l) {
			kept = append(kept, l)
			s.bytes += len(l.Text)
		}
	}
	clear(s.kept[len(kept):])
	s.kept = kept
}

// end closes the channels of all tails.
func (s *tails) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for t := range s.set {
		close(t.lines)
	}
	s.set = nil
}
