package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/bench/gauge"
)

// write has a room's message taken, and returns when it is acknowledged.
type write func(room int, content string) error

// place is a system that runs, with those who write to its rooms and those who listen there.
type place struct {
	pids      []int // of the processes whose time counts
	writers   []write
	listeners []*listener
	beat      func(*wire) error // says that a listener is alive; nil where nobody wants to know

	close   []func() error // what undoes the start, in order
	now     atomic.Pointer[hearing]
	wg      sync.WaitGroup // listeners, and who beats
	leaving chan struct{}
	fault   atomic.Pointer[error] // the first
}

// listener is one end of a room.
type listener struct {
	*wire
	room, end int
	next      func() ([]byte, error) // what comes next, which may have several messages
}

// hearing is what is listened to: a load, and the message behind it in each room. A system keeps the order of a room for each who
// listens, so that whoever has heard the last message has heard all that he will.
type hearing struct{ load, last *gauge.Deliveries }

// ends has f called when the place closes, before what was said earlier.
func (p *place) ends(f func() error) { p.close = append(p.close, f) }

// runs takes note of a process of the system.
func (p *place) runs(s *gauge.Process) {
	p.pids = append(p.pids, s.PID())
	p.ends(func() error {
		s.Kill()
		return nil
	})
}

func (p *place) listens(w *wire, room, end int, next func() ([]byte, error)) {
	p.listeners = append(p.listeners, &listener{w, room, end, next})
}

// writes opens connections for workers who write.
func (p *place) writes(workers int, open func(worker int) (*wire, write, error)) error {
	for worker := range workers {
		w, f, err := open(worker)
		if err != nil {
			return err
		}
		p.ends(func() error {
			w.close()
			return nil
		})
		p.writers = append(p.writers, f)
	}
	return nil
}

// beatEvery is how often a listener says that it is alive.
const beatEvery = 10 * time.Second

// listen begins to listen.
func (p *place) listen() {
	p.leaving = make(chan struct{})
	for _, l := range p.listeners {
		p.wg.Go(func() {
			for {
				text, err := l.next()
				if err != nil {
					p.fail(fmt.Errorf("room %d, listener %d: %w", l.room, l.end, err))
					return
				}
				if h := p.now.Load(); h != nil {
					h.hear(text, l.room, l.end, len(p.listeners)/gauge.Ends)
				}
			}
		})
	}
	if p.beat != nil {
		p.wg.Go(func() {
			tick := time.NewTicker(beatEvery)
			defer tick.Stop()
			for {
				select {
				case <-p.leaving:
					return
				case <-tick.C:
				}
				for _, l := range p.listeners {
					if err := p.beat(l.wire); err != nil {
						p.fail(err)
					}
				}
			}
		})
	}
}

func (p *place) fail(err error) { p.fault.CompareAndSwap(nil, &err) }

// trouble is what has gone wrong with who listens.
func (p *place) trouble() error {
	if err := p.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// leave ends everything.
func (p *place) leave() error {
	if p.leaving != nil {
		close(p.leaving)
	}
	for _, l := range p.listeners {
		l.wire.close()
	}
	p.wg.Wait()
	var errs []error
	for i := len(p.close) - 1; i >= 0; i-- {
		errs = append(errs, p.close[i]())
	}
	return errors.Join(errs...)
}

// markerLength is what the marker and the number of a message have room in.
const markerLength = 48

// hear takes note of the messages in what an end of a room was sent. The i-th message of a load belongs into the room i modulo their number.
func (h *hearing) hear(text []byte, room, end, rooms int) {
	for {
		at := bytes.Index(text, []byte(gauge.Marker))
		if at < 0 {
			return
		}
		load, i, ok := gauge.ReadMarker(string(text[at:min(len(text), at+markerLength)]))
		text = text[at+len(gauge.Marker):]
		d := h.load
		if load == h.last.Load {
			d = h.last
		}
		if !ok || load != d.Load || i%rooms != room {
			d.Astray()
			continue
		}
		d.Arrive(i, end)
	}
}

// task has each worker write as its own writer.
func (p *place) task(d *gauge.Deliveries, rooms int, aimed bool) gauge.Task {
	return func(_ context.Context, worker, i int) error {
		if !aimed {
			if err := d.Send(i); err != nil {
				return err
			}
		}
		return p.writers[worker](i%rooms, gauge.Content(d.Load, i))
	}
}

// lastTime is how long the last message of each room may take.
const lastTime = time.Minute

// settle writes a last message into each room, waits until both ends of all rooms have heard it, and then holds what they heard
// against the n messages that were acknowledged.
func (p *place) settle(ctx context.Context, h *hearing, rooms int, n int64) error {
	for room := range rooms {
		if err := h.last.Send(room); err != nil {
			return err
		}
		if err := p.writers[0](room, gauge.Content(h.last.Load, room)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lastTime, errors.New("the last message of a room did not reach both ends"))
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for h.last.Both.Count() < int64(rooms) {
		if err := p.trouble(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), h.load.Check(n))
		case <-tick.C:
		}
	}
	return errors.Join(h.load.Check(n), h.last.Check(int64(rooms)), p.trouble())
}
