package integration

import (
	"slices"
	"time"

	"parley.example/parley/internal/store"
)

const (
	pageSize = 512         // deliveries read from the store at a time
	maxLine  = 64          // deliveries of one stream held at a time
	maxAhead = 8           // outcomes of one stream that wait for the disk: as many may be sent again after a crash
	tripsAt  = 3           // failures in a row by which a destination counts as failing
	slowFrom = time.Second // a success that took longer makes its destination a slow one
)

// board is what the outbox's dispatcher knows of streams and destinations:
// which attempt may start next. It does no I/O.
type board struct {
	workers int
	running int
	lines   map[string]*line // by stream
	ready   []*line          // those with something to send and nothing on its way, in the order of their turns
	places  map[string]*place
}

// line is the front part of a stream, from when it was read until everything
// of it is settled in the store.
type line struct {
	stream    string
	to        *place
	items     []store.Delivery // what is still to be sent; the first may be on its way
	sending   bool
	queued    bool // on the ready list
	unsettled int  // outcomes that are not durable yet
}

// place is a destination and how it has been doing lately.
type place struct {
	url     string
	running int
	slow    bool
	failed  int       // failures in a row
	trips   int       // how many times in a row it was left alone
	tripped time.Time // when it was last left alone
	retry   time.Time // until when
}

func (p *place) failing() bool { return p.failed >= tripsAt }

// resting reports whether the place is left alone at now.
func (p *place) resting(now time.Time) bool { return p.failing() && now.Before(p.retry) }

// admits reports whether one more attempt may start.
func (p *place) admits(now time.Time, workers int) bool {
	switch {
	case p.failing():
		return p.running == 0 && !now.Before(p.retry)
	case p.slow:
		return p.running < max(workers/2, 1)
	}
	return true
}

// succeeded takes note of a delivery. It reports whether the place has recovered.
func (p *place) succeeded(took time.Duration) bool {
	recovered := p.failing()
	p.slow, p.failed, p.trips = took > slowFrom, 0, 0
	return recovered
}

// missed takes note of a failure of an attempt that began at started. It
// reports whether the place is failing from now on. Failures of attempts that
// began before the place was last left alone tell nothing new.
func (p *place) missed(started, now time.Time) bool {
	p.failed++
	if !p.failing() || (p.trips > 0 && started.Before(p.tripped)) {
		return false
	}
	p.trips++
	p.tripped, p.retry = now, now.Add(backoff(p.trips, lastAlone))
	return p.trips == 1
}

func newBoard(workers int) *board {
	return &board{workers: workers, lines: make(map[string]*line), places: make(map[string]*place)}
}

// load takes a page of the outbox. Lines that had not begun are read anew;
// the page's part of lines that have is left alone, because it may be out of
// date. load returns how many streams the page shows.
func (b *board) load(page []store.Delivery, destination func(string) string) int {
	b.ready = slices.DeleteFunc(b.ready, func(l *line) bool {
		if l.unsettled == 0 {
			delete(b.lines, l.stream)
		}
		return l.unsettled == 0
	})
	fresh := make(map[string]*line)
	for _, d := range page {
		l, seen := fresh[d.Stream]
		if !seen {
			if b.lines[d.Stream] == nil {
				l = &line{stream: d.Stream, to: b.place(destination(d.Endpoint)), queued: true}
				b.lines[d.Stream] = l
				b.ready = append(b.ready, l)
			}
			fresh[d.Stream] = l
		}
		if l != nil && len(l.items) < maxLine {
			l.items = append(l.items, d)
		}
	}
	return len(fresh)
}

func (b *board) place(url string) *place {
	p := b.places[url]
	if p == nil {
		p = &place{url: url}
		b.places[url] = p
	}
	return p
}

// next takes the line whose turn it is, or returns nil when nothing can start.
func (b *board) next(now time.Time) *line {
	if b.running >= b.workers {
		return nil
	}
	for i, l := range b.ready {
		if l.to.admits(now, b.workers) {
			b.ready = slices.Delete(b.ready, i, i+1)
			l.sending, l.queued = true, false
			l.to.running++
			b.running++
			return l
		}
	}
	return nil
}

// returned ends an attempt.
func (b *board) returned(l *line) {
	l.sending = false
	l.to.running--
	b.running--
}

// again gives a line its next turn, when there is more of it and not too much
// of it waits for the disk.
func (b *board) again(l *line) {
	if len(l.items) > 0 && l.unsettled < maxAhead && !l.sending && !l.queued {
		l.queued = true
		b.ready = append(b.ready, l)
	}
}

// settled takes note that one outcome of a line is durable. A line with
// nothing left is forgotten: what has come since is read from the store.
func (b *board) settled(l *line) {
	l.unsettled--
	if len(l.items) == 0 {
		b.drop(l)
	}
	b.again(l)
}

// drop forgets what a line was still to send; the store has it.
func (b *board) drop(l *line) {
	l.items = nil
	if l.unsettled == 0 && !l.sending {
		delete(b.lines, l.stream)
	}
}

// startable reports whether next would return a line.
func (b *board) startable(now time.Time) bool {
	return b.running < b.workers && slices.ContainsFunc(b.ready, func(l *line) bool { return l.to.admits(now, b.workers) })
}

// resting takes the waiting lines of places that are left alone off the ready list.
func (b *board) resting(now time.Time) []*line {
	var rest []*line
	b.ready = slices.DeleteFunc(b.ready, func(l *line) bool {
		if l.to.resting(now) {
			l.queued = false
			rest = append(rest, l)
			return true
		}
		return false
	})
	return rest
}

// crowd takes all but the first lines, as many as there are workers, off the ready list.
func (b *board) crowd() []*line {
	if len(b.ready) <= b.workers {
		return nil
	}
	rest := slices.Clone(b.ready[b.workers:])
	clear(b.ready[b.workers:])
	b.ready = b.ready[:b.workers]
	for _, l := range rest {
		l.queued = false
	}
	return rest
}

// aside returns the line of a stream that must not be read until an outcome of
// it is settled. It returns nil when the line holds the delivery itself.
func (b *board) aside(d *store.Delivery) *line {
	l := b.lines[d.Stream]
	if l == nil {
		l = &line{stream: d.Stream}
		b.lines[d.Stream] = l
	}
	if slices.ContainsFunc(l.items, func(held store.Delivery) bool { return held.ID == d.ID }) {
		return nil
	}
	return l
}
