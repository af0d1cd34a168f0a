package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/internal/center"
)

// room is one chat whose customer has two sockets: two tabs of a browser.
type room struct {
	head    []byte // of a SendMessage
	sockets [2]*socket
}

// messageHead is the head of a SendMessage but for what is new in each.
func messageHead(addr, bearer string) []byte {
	return []byte("POST /participant/message HTTP/1.1\r\nHost: " + addr + "\r\n" + agent + sdkHeaders() +
		"Content-Type: application/json\r\nX-Amz-Bearer: " + bearer + "\r\n")
}

// marker stands before the number of a message in its content.
const marker = "#message "

// padding makes each content 200 bytes long.
var padding = strings.Repeat(" the quick brown fox jumps over the lazy dog,", 5)

// messageBody appends the body of the i-th SendMessage of a load.
func messageBody(b []byte, load, i int) []byte {
	b = append(b, `{"ClientToken":"`...)
	b = append(b, center.NewUUID()...)
	b = append(b, `","Content":"`...)
	from := len(b)
	b = append(b, marker...)
	b = strconv.AppendInt(b, int64(load), 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, padding...)
	return append(b[:from+200], `","ContentType":"text/plain"}`...)
}

// readMarker finds the load and the number of a message in a frame.
func readMarker(frame []byte) (load, i int, ok bool) {
	_, rest, ok := bytes.Cut(frame, []byte(marker))
	if !ok {
		return 0, 0, false
	}
	number := func() (n int) {
		for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			n, rest = n*10+int(rest[0]-'0'), rest[1:]
		}
		return n
	}
	load = number()
	if len(rest) == 0 || rest[0] != '.' {
		return 0, 0, false
	}
	rest = rest[1:]
	return load, number(), true
}

// deliveries follows the messages of one load to both sockets of their chats.
type deliveries struct {
	load    int
	began   time.Time
	sent    []atomic.Int64                    // when each was, or was meant to be, since began
	arrived []atomic.Uint32                   // at how many sockets
	both    histogram                         // from sent to the second arrival
	seconds [maxLasts / time.Second]histogram // the same, by the second of sending
	excess  atomic.Int64                      // arrivals that should not be
}

func newDeliveries(load, n int) *deliveries {
	return &deliveries{load: load, began: time.Now(), sent: make([]atomic.Int64, n), arrived: make([]atomic.Uint32, n)}
}

func (d *deliveries) arrive(i int) {
	if i >= len(d.arrived) {
		d.excess.Add(1)
		return
	}
	switch d.arrived[i].Add(1) {
	case 1:
	case 2:
		sent := time.Duration(d.sent[i].Load())
		took := time.Since(d.began) - sent
		d.both.add(took)
		if s := int(sent / time.Second); s < len(d.seconds) {
			d.seconds[s].add(took)
		}
	default:
		d.excess.Add(1)
	}
}

// median returns a quantile of the median second: what it is while nobody
// else stalls the disk or takes the processors.
func (d *deliveries) median(q float64) time.Duration {
	var all []time.Duration
	for i := range d.seconds {
		if d.seconds[i].count.Load() > 0 {
			all = append(all, d.seconds[i].quantile(q))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// audience is all rooms and who listens in them.
type audience struct {
	addr    string
	rooms   []*room
	current atomic.Pointer[deliveries]
	lost    atomic.Pointer[error] // a socket that ended too early
	closing atomic.Bool
	done    sync.WaitGroup
}

// assemble connects the customers of the chats, each with two sockets.
func assemble(ctx context.Context, addr string, list []started) (*audience, error) {
	a := &audience{addr: addr, rooms: make([]*room, len(list))}
	err := each(ctx, len(list), 32, func(call *caller, i int) error {
		r := &room{}
		for tab := range r.sockets {
			c, err := connectCustomer(call, list[i])
			if err != nil {
				return err
			}
			if r.sockets[tab], err = subscribe(addr, c); err != nil {
				return err
			}
			a.done.Go(func() { a.listen(r.sockets[tab]) })
			r.head = messageHead(addr, c.bearer)
		}
		a.rooms[i] = r
		return nil
	}, addr)
	if err != nil {
		a.leave()
	}
	return a, err
}

// listen reads what a socket is told.
func (a *audience) listen(s *socket) {
	for {
		frame, err := s.read()
		if err != nil {
			if !a.closing.Load() {
				a.lost.Store(&err)
			}
			return
		}
		if load, i, ok := readMarker(frame); ok {
			if d := a.current.Load(); d != nil && d.load == load {
				d.arrive(i)
			}
		}
	}
}

func (a *audience) leave() {
	a.closing.Store(true)
	for _, r := range a.rooms {
		if r != nil {
			r.sockets[0].close()
			r.sockets[1].close()
		}
	}
	a.done.Wait()
}

// send is the task of sending the messages that d follows, to the rooms in turn.
func (a *audience) send(d *deliveries, stamp bool) task {
	bodies := sync.Pool{New: func() any { return new([]byte) }}
	return func(call *caller, i int) error {
		if i >= len(d.sent) {
			return fmt.Errorf("more than %d messages in one load", len(d.sent))
		}
		if stamp {
			d.sent[i].Store(int64(time.Since(d.began)))
		}
		b := bodies.Get().(*[]byte)
		defer bodies.Put(b)
		*b = messageBody((*b)[:0], d.load, i)
		return expect(call.call(a.rooms[i%len(a.rooms)].head, *b))
	}
}

// arriveTime is how long the last deliveries may take.
const arriveTime = 5 * time.Second

// arrivals waits for n messages to be with both sockets.
func (a *audience) arrivals(d *deliveries, n int64) error {
	for until := time.Now().Add(arriveTime); d.both.count.Load() < n; time.Sleep(time.Millisecond) {
		if lost := a.lost.Load(); lost != nil {
			return fmt.Errorf("a socket ended: %w", *lost)
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d messages did not reach both sockets", n-d.both.count.Load(), n)
		}
	}
	if e := d.excess.Load(); e > 0 {
		return fmt.Errorf("%d deliveries too many", e)
	}
	return nil
}
