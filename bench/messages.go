package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
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
	sent    []atomic.Int64  // when each was, or was meant to be, since began
	arrived []atomic.Uint32 // at how many sockets
	both    histogram       // from sent to the second arrival
	excess  atomic.Int64    // arrivals that should not be
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
		d.both.add(time.Since(d.began) - time.Duration(d.sent[i].Load()))
	default:
		d.excess.Add(1)
	}
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

// maxClosed bounds the messages of a closed loop.
const maxClosed = 3_000_000

// messages measures SendMessage, each on disk before its answer and delivered
// to two sockets: as fast as it goes, and at set rates.
func (b *bench) messages(ctx context.Context) error {
	b.report.scenario = "messages"
	s, err := b.startServer(ctx, filepath.Join(b.dir, "messages"))
	if err != nil {
		return err
	}
	defer func() { s.kill() }() // the last one
	c, err := open(ctx, s)
	if err != nil {
		return err
	}
	list, err := c.startMany(ctx, b.chats, b.starter)
	if err != nil {
		return err
	}
	a, err := assemble(ctx, s.addr, list)
	if err != nil {
		return err
	}
	a.leave()
	if s, err = b.restart(ctx, s); err != nil { // all that is not a message is in the database file
		return err
	}
	before, err := diskUse(s.data)
	if err != nil {
		return err
	}
	if a, err = assemble(ctx, s.addr, list); err != nil {
		return err
	}
	defer a.leave()
	sent, err := b.closedMessages(ctx, s, a)
	if err != nil {
		return err
	}
	for load, text := range strings.Split(b.rates, ",") {
		rate, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || rate < 1 || rate > 100_000 {
			return fmt.Errorf("-rates: %q is no rate from 1 to 100000", text)
		}
		n, err := b.openMessages(ctx, s, a, load+2, rate)
		if err != nil {
			return err
		}
		sent += n
	}
	a.leave()
	if err := s.stop(); err != nil {
		return err
	}
	after, err := diskUse(s.data)
	if err != nil {
		return err
	}
	b.report.add("bytes on disk of a message of 200 bytes", float64(after-before)/float64(sent), "B")
	var took time.Duration
	if took, s, err = b.firstAnswer(ctx, s.data); err != nil {
		return err
	}
	b.report.add(fmt.Sprintf("cold start to first answer, %d messages", sent), milliseconds(took), "ms").atMost(200)
	return s.stop()
}

// restart stops a server and starts it on the same data, at another address.
func (b *bench) restart(ctx context.Context, s *server) (*server, error) {
	if err := s.stop(); err != nil {
		return s, err
	}
	next, err := b.startServer(ctx, s.data)
	if err != nil {
		return s, err
	}
	return next, nil
}

func (b *bench) closedMessages(ctx context.Context, s *server, a *audience) (int64, error) {
	p, err := b.probe(ctx, b.sender)
	if err != nil {
		return 0, err
	}
	d := newDeliveries(1, maxClosed)
	a.current.Store(d)
	m, err := s.meter()
	if err != nil {
		return 0, err
	}
	profiled := b.profile(s, "messages", b.lasts)
	r, err := closedLoop(ctx, s.addr, b.sender, b.lasts, a.send(d, true))
	if err != nil {
		return 0, err
	}
	if err := a.arrivals(d, r.count); err != nil {
		return 0, err
	}
	u, err := s.used(m)
	if err != nil {
		return 0, err
	}
	profiled()
	rate := float64(r.count) / u.elapsed.Seconds() // the last delivery included
	b.report.add("SendMessage, durable, to two sockets", rate, "/s").atLeast(10000).beside("HTTP echo /s", p.http.rate())
	b.report.add("  answer p50", milliseconds(r.answers.p50()), "ms").beside("fdatasync p50 ms", milliseconds(p.disk.answers.p50()))
	b.report.add("  answer p99", milliseconds(r.answers.p99()), "ms").beside("fdatasync p99 ms", milliseconds(p.disk.answers.p99()))
	b.report.add("  both sockets p50", milliseconds(d.both.p50()), "ms")
	b.report.add("  both sockets p99", milliseconds(d.both.p99()), "ms")
	u.show(&b.report, "  ", r.count, p)
	p.show(&b.report)
	return r.count, nil
}

func (b *bench) openMessages(ctx context.Context, s *server, a *audience, load, rate int) (int64, error) {
	bare, err := b.probeRate(ctx, b.sender, rate)
	if err != nil {
		return 0, err
	}
	d := newDeliveries(load, int(float64(rate)*b.lasts.Seconds()))
	m, err := s.meter()
	if err != nil {
		return 0, err
	}
	profiled := b.profile(s, fmt.Sprintf("rate-%d", rate), b.lasts)
	watched := watchDisk(b.dir)
	r, err := openLoop(ctx, s.addr, b.sender, rate, b.lasts, func(began time.Time) {
		d.began = began
		for i := range d.sent {
			d.sent[i].Store(int64(i) * int64(time.Second/time.Duration(rate)))
		}
		a.current.Store(d)
	}, a.send(d, false))
	beside, diskErr := watched()
	if err := errors.Join(err, diskErr); err != nil {
		return 0, err
	}
	if err := a.arrivals(d, r.count); err != nil {
		return 0, err
	}
	u, err := s.used(m)
	if err != nil {
		return 0, err
	}
	profiled()
	name := fmt.Sprintf("at %d/s: ", rate)
	bound := func(f *figure, aim float64) *figure {
		if rate == 2000 {
			f.atMost(aim)
		}
		return f
	}
	reference := func(q float64) float64 {
		return milliseconds(beside.quantile(q)) + milliseconds(bare.answers.quantile(q))
	}
	bound(b.report.add(name+"both sockets p50", milliseconds(d.both.p50()), "ms"), 2).beside("fdatasync + echo p50 ms", reference(.5))
	bound(b.report.add(name+"both sockets p99", milliseconds(d.both.p99()), "ms"), 15).beside("fdatasync + echo p99 ms", reference(.99))
	b.report.add(name+"answer p50", milliseconds(r.answers.p50()), "ms").beside("HTTP echo p50 ms", milliseconds(bare.answers.p50()))
	b.report.add(name+"answer p99", milliseconds(r.answers.p99()), "ms").beside("HTTP echo p99 ms", milliseconds(bare.answers.p99()))
	u.show(&b.report, name, r.count, nil)
	return r.count, nil
}
