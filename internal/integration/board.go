package integration

import (
	"slices"
	"time"

	"parley.example/parley/internal/store"
)

const (
	pageSize   = 512         // deliveries read from the store at once
	maxBacklog = 64          // deliveries of one stream held in memory
	maxAhead   = 8           // outcomes of one stream that are not durable yet: as many may be sent again after a crash
	tripsAt    = 3           // consecutive failures after which a destination counts as failing
	slowFrom   = time.Second // a destination counts as slow when a success took longer
)

// board is the dispatcher's state of streams and destinations, from which it
// decides which attempt may start next. It does no I/O.
type board struct {
	workers      int
	running      int
	backlogs     map[string]*backlog // by stream
	ready        []*backlog          // those with something to send and nothing in flight, in the order of their turns
	destinations map[string]*destination
}

// backlog is the front part of a stream, from reading it until all of it is
// settled in the store.
type backlog struct {
	stream    string
	to        *destination
	items     []store.Delivery // what is still to be sent; the first may be in flight
	sending   bool
	queued    bool // on the ready list
	unsettled int  // outcomes that are not durable yet
}

// destination is where deliveries go, and how it has been doing lately.
type destination struct {
	url     string
	running int
	slow    bool
	failed  int       // failures in a row
	trips   int       // how many times in a row it was paused
	tripped time.Time // when it was last paused
	retry   time.Time // when the pause ends
}

func (d *destination) failing() bool { return d.failed >= tripsAt }

// resting reports whether the destination is paused at now.
func (d *destination) resting(now time.Time) bool { return d.failing() && now.Before(d.retry) }

// admits reports whether one more attempt may start.
func (d *destination) admits(now time.Time, workers int) bool {
	switch {
	case d.failing():
		return d.running == 0 && !now.Before(d.retry)
	case d.slow:
		return d.running < max(workers/2, 1)
	}
	return true
}

// succeeded records a success. It reports whether the destination has recovered.
func (d *destination) succeeded(took time.Duration) bool {
	recovered := d.failing()
	d.slow, d.failed, d.trips = took > slowFrom, 0, 0
	return recovered
}

// missed records the failure of an attempt that began at started. It reports
// whether the destination is failing from now on. Attempts that began before the
// destination was last paused do not count.
func (d *destination) missed(started, now time.Time) bool {
	d.failed++
	if !d.failing() || (d.trips > 0 && started.Before(d.tripped)) {
		return false
	}
	d.trips++
	d.tripped, d.retry = now, now.Add(backoff(d.trips, lastAlone))
	return d.trips == 1
}

func newBoard(workers int) *board {
	return &board{workers: workers, backlogs: make(map[string]*backlog), destinations: make(map[string]*destination)}
}

// load adds a page of the outbox. Backlogs that have not started are replaced;
// for those that have, the page is ignored, because it may be out of date. load
// returns the number of streams in the page.
func (b *board) load(page []store.Delivery, resolve func(string) string) int {
	b.ready = slices.DeleteFunc(b.ready, func(l *backlog) bool {
		if l.unsettled == 0 {
			delete(b.backlogs, l.stream)
		}
		return l.unsettled == 0
	})
	fresh := make(map[string]*backlog)
	for _, d := range page {
		l, seen := fresh[d.Stream]
		if !seen {
			if b.backlogs[d.Stream] == nil {
				l = &backlog{stream: d.Stream, to: b.destination(resolve(d.Endpoint)), queued: true}
				b.backlogs[d.Stream] = l
				b.ready = append(b.ready, l)
			}
			fresh[d.Stream] = l
		}
		if l != nil && len(l.items) < maxBacklog {
			l.items = append(l.items, d)
		}
	}
	return len(fresh)
}

func (b *board) destination(url string) *destination {
	p := b.destinations[url]
	if p == nil {
		p = &destination{url: url}
		b.destinations[url] = p
	}
	return p
}

// next takes the backlog whose turn it is, or returns nil when nothing can start.
func (b *board) next(now time.Time) *backlog {
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
func (b *board) returned(l *backlog) {
	l.sending = false
	l.to.running--
	b.running--
}

// again queues a backlog for its next turn, if there is more of it and not too
// many of its outcomes are pending.
func (b *board) again(l *backlog) {
	if len(l.items) > 0 && l.unsettled < maxAhead && !l.sending && !l.queued {
		l.queued = true
		b.ready = append(b.ready, l)
	}
}

// settled records that one outcome of a backlog is durable. An empty backlog is
// dropped: what was added since is read from the store.
func (b *board) settled(l *backlog) {
	l.unsettled--
	if len(l.items) == 0 {
		b.drop(l)
	}
	b.again(l)
}

// drop drops the unsent rest of a backlog; the store has it.
func (b *board) drop(l *backlog) {
	l.items = nil
	if l.unsettled == 0 && !l.sending {
		delete(b.backlogs, l.stream)
	}
}

// startable reports whether next would return a backlog.
func (b *board) startable(now time.Time) bool {
	return b.running < b.workers && slices.ContainsFunc(b.ready, func(l *backlog) bool { return l.to.admits(now, b.workers) })
}

// resting removes the backlogs of paused destinations from the ready list.
func (b *board) resting(now time.Time) []*backlog {
	var rest []*backlog
	b.ready = slices.DeleteFunc(b.ready, func(l *backlog) bool {
		if l.to.resting(now) {
			l.queued = false
			rest = append(rest, l)
			return true
		}
		return false
	})
	return rest
}

// crowd removes all but the first backlogs, as many as there are workers, from the ready list.
func (b *board) crowd() []*backlog {
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

// aside returns the backlog of a stream that must not be read until an outcome of
// it is settled. It returns nil when the backlog holds the delivery itself.
func (b *board) aside(d *store.Delivery) *backlog {
	l := b.backlogs[d.Stream]
	if l == nil {
		l = &backlog{stream: d.Stream}
		b.backlogs[d.Stream] = l
	}
	if slices.ContainsFunc(l.items, func(held store.Delivery) bool { return held.ID == d.ID }) {
		return nil
	}
	return l
}
