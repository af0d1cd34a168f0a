package nats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/bus/nats/natstest"
)

// open connects a node, until the test ends.
func open(t *testing.T, o Options) *Bus {
	t.Helper()
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// settle returns when the server knows what all have published and subscribed.
func settle(t *testing.T, all ...*Bus) {
	t.Helper()
	for _, b := range all {
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// listen subscribes, and returns the versions that are received.
func listen(b *Bus, s bus.Subject) (chan int64, *bus.Subscription) {
	got := make(chan int64, 1<<16)
	sub := &bus.Subscription{Subject: s, Receive: func(m bus.Message) { got <- m.Version }}
	b.Subscribe(sub)
	return got, sub
}

// publish sends versions, from one to another.
func publish(b *Bus, s bus.Subject, from, to int64) {
	for v := from; v <= to; v++ {
		b.Publish(bus.Message{Subject: s, Version: v})
	}
}

// until returns what came, up to a version for which it waits.
func until(got chan int64, version int64) (all []int64) {
	for v := range got {
		if all = append(all, v); v == version {
			return all
		}
	}
	return all
}

// events counts what a test waits for: calls of Reconnected, lines of a log.
type events struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
	told chan string
}

func newEvents() *events { return &events{told: make(chan string, 1<<10)} }

// Write implements io.Writer, for a log.
func (e *events) Write(line []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text.Write(line)
	e.told <- string(line)
	return len(line), nil
}

func (e *events) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(e, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wait returns the first line from now on that has a text in it.
func (e *events) wait(text string) string {
	for line := range e.told {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func (e *events) all() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.String()
}

func TestBusKeepsTheContract(t *testing.T) {
	s := natstest.Start(t)
	n := 0
	two := func(t *testing.T) (a, b *Bus, done func()) {
		n++ // each case has subjects of its own
		o := Options{URL: s.URL(), Prefix: fmt.Sprint("case", n)}
		a, b = open(t, o), open(t, o)
		return a, b, func() { settle(t, a, b) }
	}
	bustest.Run(t, func(t *testing.T) bustest.Nodes {
		a, b, done := two(t)
		return bustest.Nodes{A: a, B: b, Settle: done}
	})
	t.Run("behind links", func(t *testing.T) {
		bustest.Run(t, func(t *testing.T) bustest.Nodes {
			a, b, done := two(t)
			return bustest.Nodes{A: &bustest.Link{Bus: a}, B: &bustest.Link{Bus: b}, Settle: done}
		})
	})
}

// TestNodesOfAClusterHearEachOther: three nodes at two servers; installations of other prefixes hear nothing.
func TestNodesOfAClusterHearEachOther(t *testing.T) {
	inCluster := func(o *server.Options) {
		o.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: server.RANDOM_PORT}
	}
	first := natstest.Start(t, inCluster)
	second := natstest.Start(t, inCluster, func(o *server.Options) { o.Routes = server.RoutesFromStr(first.Cluster()) })
	a, b, c := open(t, Options{URL: first.URL()}), open(t, Options{URL: first.URL()}), open(t, Options{URL: second.URL()})
	other := open(t, Options{URL: first.URL(), Prefix: "other"})
	subject := bus.Chat("c")
	var in []chan int64
	for _, n := range []*Bus{a, b, c} {
		got, _ := listen(n, subject)
		in = append(in, got)
	}
	apart, _ := listen(other, subject)
	settle(t, a, b, c, other)
	// A server learns of subscriptions at another a little later: the first that arrives there says that it has.
	next := int64(1)
	for ; len(in[2]) == 0; next++ {
		publish(a, subject, next, next)
		settle(t, a, c)
	}
	publish(a, subject, next, next+100)
	publish(c, bus.Chat("nobody listens"), 1, 3)
	for i, got := range in {
		if all := until(got, next+100); !slices.IsSorted(all) || len(slices.Compact(all)) != len(all) {
			t.Errorf("node %d has received %d", i, all)
		}
	}
	settle(t, other)
	if len(apart) != 0 {
		t.Errorf("another installation has received %d messages", len(apart))
	}
}

// TestInterestIsOneSubscription looks at the server: one subscription for a subject however many subscribe here, and none after the last has gone.
func TestInterestIsOneSubscription(t *testing.T) {
	s := natstest.Start(t)
	a := open(t, Options{URL: s.URL()})
	want := func(n int, when string) {
		t.Helper()
		settle(t, a)
		if got := s.Subscriptions("parley.chat.c"); got != n || a.Stats().Subjects != int64(n) {
			t.Errorf("%s: %d subscriptions at the server, %d counted; want %d", when, got, a.Stats().Subjects, n)
		}
	}
	want(0, "before")
	_, one := listen(a, bus.Chat("c"))
	_, two := listen(a, bus.Chat("c"))
	want(1, "two subscribers")
	a.Unsubscribe(one)
	want(1, "one has gone")
	a.Unsubscribe(two)
	a.Unsubscribe(two)
	want(0, "both have gone")
	a.Subscribe(one)
	want(1, "one is back")
	a.Unsubscribe(one)
	a.Subscribe(one)
	want(1, "gone and back at once")
}

// TestAServerComesBack: subscriptions and messages go on, those who want to know are told, and what was published meanwhile arrives late.
func TestAServerComesBack(t *testing.T) {
	s := natstest.Start(t)
	log, back := newEvents(), make(chan bool, 8)
	retry := timing{retry: 1e6}
	a := open(t, Options{URL: s.URL(), timing: retry, Log: log.log(), Reconnected: func() { back <- true }})
	b := open(t, Options{URL: s.URL(), timing: retry, Reconnected: func() { back <- true }})
	got, _ := listen(b, bus.Chat("c"))
	gone, leaves := listen(b, bus.Chat("gone"))
	settle(t, a, b)
	publish(a, bus.Chat("c"), 1, 3)
	until(got, 3)
	s.Stop()
	log.wait("is lost")
	if a.Connected() {
		t.Error("connected to a server that has stopped")
	}
	publish(a, bus.Chat("c"), 4, 6) // arrives if this node is back later than the other
	b.Unsubscribe(leaves)
	late, _ := listen(b, bus.Chat("late"))
	s.Again()
	<-back
	<-back
	if n := s.Subscriptions("parley.chat.c"); n != 1 {
		t.Errorf("%d subscriptions when the node is told that it is back; want 1", n)
	}
	settle(t, a, b)
	publish(a, bus.Chat("gone"), 1, 1)
	publish(a, bus.Chat("late"), 1, 1)
	publish(a, bus.Chat("c"), 7, 9)
	if all := until(got, 9); !slices.Equal(all[len(all)-3:], []int64{7, 8, 9}) || !slices.IsSorted(all) {
		t.Errorf("received %d", all)
	}
	until(late, 1)
	if len(gone) != 0 {
		t.Errorf("%d messages of what is not subscribed any more", len(gone))
	}
	settle(t, a)
	if st := a.Stats(); st.Reconnects != 1 || st.Published != 11 || st.DroppedOut != 0 {
		t.Errorf("counted %+v; want 11 published and 1 connection more", st)
	}
	address := strings.TrimPrefix(s.URL(), "nats://")
	if text := log.all(); !strings.Contains(text, "connected to the bus again") || strings.Count(text, address) < 2 {
		t.Errorf("the log does not say that %s is back: %s", address, text)
	}
}

// TestAnOutageBlocksNobody publishes more than is kept while the server is away, and while it is frozen.
func TestAnOutageBlocksNobody(t *testing.T) {
	for _, how := range []string{"away", "frozen"} {
		t.Run(how, func(t *testing.T) {
			s := natstest.Start(t)
			p := s.NewProxy()
			log := newEvents()
			a := open(t, Options{URL: p.URL(), Log: log.log(), limits: limits{out: 64 << 10, offline: 64 << 10}, timing: timing{retry: 1e6}})
			own, _ := listen(a, bus.Chat("c"))
			settle(t, a)
			if how == "away" {
				s.Stop()
				log.wait("is lost")
			} else {
				p.Freeze()
			}
			payload := make([]byte, 16<<10)
			sent := 0
			for a.Stats().DroppedOut < 100 { // the sockets' own buffers take some megabytes before
				sent++
				a.Publish(bus.Message{Subject: bus.Chat("c"), Version: int64(sent), Events: []bus.Event{{Payload: payload}}})
				if <-own != int64(sent) {
					t.Fatal("the node's own subscriber does not hear at once")
				}
				for st := a.Stats(); how == "away" && st.Published+st.DroppedOut < uint64(sent); st = a.Stats() {
					runtime.Gosched() // what is dropped is dropped by the client
				}
			}
			_, gone := listen(a, bus.Chat("other"))
			a.Unsubscribe(gone)
			log.wait("cannot send as much")
			if how == "away" {
				s.Again()
				log.wait("connected to the bus again")
			} else {
				p.Thaw()
			}
			settle(t, a)
			st := a.Stats()
			if total := st.Published + st.DroppedOut; total != uint64(sent) {
				t.Errorf("%d published and %d dropped of %d", st.Published, st.DroppedOut, sent)
			}
			if how == "away" && st.Published > 5 { // of 16 KiB, where 64 KiB may wait
				t.Errorf("%d messages were kept while the server was away", st.Published)
			}
		})
	}
}

// TestAFrozenServerIsNoticed by the pings that are not answered.
func TestAFrozenServerIsNoticed(t *testing.T) {
	s := natstest.Start(t)
	p := s.NewProxy()
	log := newEvents()
	a := open(t, Options{URL: p.URL(), Log: log.log(), timing: timing{ping: 20e6, retry: 1e6}})
	p.Freeze()
	if line := log.wait("is lost"); !strings.Contains(line, "stale") {
		t.Errorf("the log says %q; want a stale connection", line)
	}
	p.Thaw()
	log.wait("connected to the bus again")
	settle(t, a)
}

// TestNobodyWaitsForAnAttemptToConnect: the client keeps its lock while the server, which it reaches, does not speak.
func TestNobodyWaitsForAnAttemptToConnect(t *testing.T) {
	s := natstest.Start(t)
	p := s.NewProxy()
	log := newEvents()
	a := open(t, Options{URL: p.URL(), Log: log.log(), timing: timing{ping: 10e6, retry: 1e6, dial: time.Hour}})
	p.Freeze()
	log.wait("is lost")
	for p.Connections() < 2 {
		runtime.Gosched()
	}
	got, _ := listen(a, bus.Chat("c"))
	publish(a, bus.Chat("c"), 1, 1000)
	if all := until(got, 1000); len(all) != 1000 || a.Connected() {
		t.Errorf("%d messages, connected: %t; want 1,000 without a connection", len(all), a.Connected())
	}
	if _, err := a.Ask(t.Context(), "b", nil); !errors.Is(err, ErrDisconnected) {
		t.Errorf("asked meanwhile: %v; want %v", err, ErrDisconnected)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Flush(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("flushed when the time is over: %v", err)
	}
	p.Thaw()
	log.wait("connected to the bus again")
	settle(t, a)
	if st := a.Stats(); st.Published != 1000 {
		t.Errorf("%d published late; want 1,000", st.Published)
	}
}

// TestAServerThatTakesNothingIsNoticed by a write that does not end, though no ping is due.
func TestAServerThatTakesNothingIsNoticed(t *testing.T) {
	s := natstest.Start(t)
	p := s.NewProxy()
	log := newEvents()
	a := open(t, Options{URL: p.URL(), Log: log.log(), timing: timing{ping: time.Hour, write: 20e6, retry: 1e6}})
	p.Freeze()
	for payload, sent := make([]byte, 200), uint64(0); a.Connected(); { // of which one is cut
		a.Publish(bus.Message{Subject: bus.Chat("c"), Events: []bus.Event{{Payload: payload}}})
		for sent++; a.Stats().Published+a.Stats().DroppedOut < sent; {
			runtime.Gosched()
		}
	}
	p.Thaw()
	log.wait("connected to the bus again")
	settle(t, a)
}

// stuck is a connection on which no byte can be written any more, once it is told so.
type stuck struct {
	net.Conn
	*atomic.Bool
}

func (s stuck) Write(b []byte) (int, error) {
	if s.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return s.Conn.Write(b)
}

func TestAWriteThatWritesNothingEndsTheConnection(t *testing.T) {
	s := natstest.Start(t)
	log := newEvents()
	var first atomic.Pointer[stuck]
	wrap := func(c net.Conn) net.Conn {
		broken := stuck{c, new(atomic.Bool)}
		first.CompareAndSwap(nil, &broken)
		return broken
	}
	a := open(t, Options{URL: s.URL(), Log: log.log(), timing: timing{ping: time.Hour, retry: 1e6, wrap: wrap}})
	settle(t, a)
	first.Load().Store(true)
	publish(a, bus.Chat("c"), 1, 1)
	log.wait("connected to the bus again")
	settle(t, a)
}

// TestASlowSubscriberDelaysItsLaneOnly: what is too much is dropped and counted, and the other subjects go on.
func TestASlowSubscriberDelaysItsLaneOnly(t *testing.T) {
	s := natstest.Start(t)
	log := newEvents()
	a := open(t, Options{URL: s.URL()})
	b := open(t, Options{URL: s.URL(), Log: log.log(), limits: limits{in: lanes * 100 * (overhead + 20)}})
	wait, entered := make(chan bool), make(chan bool, 1)
	slow := make(chan int64, 1<<12)
	b.Subscribe(&bus.Subscription{Subject: bus.Chat("slow"), Receive: func(m bus.Message) {
		if slow <- m.Version; m.Version == 1 {
			entered <- true
			<-wait
		}
	}})
	// A subject of another lane.
	other := bus.Chat("quick")
	for i := 0; lane(b, other) == lane(b, bus.Chat("slow")); i++ {
		other = bus.Chat("quick") + bus.Subject(fmt.Sprint(i))
	}
	quick, _ := listen(b, other)
	settle(t, b)
	publish(a, bus.Chat("slow"), 1, 1)
	<-entered
	publish(a, bus.Chat("slow"), 2, 500)
	publish(a, other, 1, 1)
	until(quick, 1)
	log.wait("more than this node can take")
	st := b.Stats()
	if st.Received != 501 || st.DroppedIn < 350 || st.DroppedIn > 450 {
		t.Errorf("%d received and %d dropped; want 501 and about 400", st.Received, st.DroppedIn)
	}
	close(wait)
	var all []int64
	for range 500 - st.DroppedIn { // the lane is empty then, and takes more
		all = append(all, <-slow)
	}
	publish(a, bus.Chat("slow"), 501, 501)
	if next := until(slow, 501); len(next) != 1 || !slices.IsSorted(all) {
		t.Errorf("received %d, then %d", all, next)
	}
}

func lane(b *Bus, s bus.Subject) *queue[parcel] {
	wire, _ := b.names.Wire(s)
	return b.lane(wire)
}

// TestAMessageTooLargeIsShortened to what has the others read the store.
func TestAMessageTooLargeIsShortened(t *testing.T) {
	s := natstest.Start(t, func(o *server.Options) { o.MaxPayload = 4096 })
	a, b := open(t, Options{URL: s.URL()}), open(t, Options{URL: s.URL()})
	got := make(chan bus.Message, 8)
	b.Subscribe(&bus.Subscription{Subject: bus.Chat("c"), Receive: func(m bus.Message) { got <- m }})
	settle(t, b)
	large := bus.Message{Subject: bus.Chat("c"), Version: 5, Origin: "n", About: "x", Seq: 9, Events: []bus.Event{{Seq: 9, Payload: make([]byte, 5000)}}}
	a.Publish(large)
	if m := <-got; m.Version != 5 || m.Seq != 9 || m.Origin != "n" || m.About != "x" || m.Events != nil {
		t.Errorf("received %+v; want all but the events", m)
	}
	large.Seq = 0
	a.Publish(large)
	if m := <-got; m.Seq != 9 {
		t.Errorf("the message goes to %d; want the last of its events, 9", m.Seq)
	}
	settle(t, a)
	if n := a.Stats().Shortened; n != 2 {
		t.Errorf("%d are counted; want 2", n)
	}
}

// TestWhatIsNotUnderstoodIsCounted and delivered to nobody.
func TestWhatIsNotUnderstoodIsCounted(t *testing.T) {
	s := natstest.Start(t)
	a, b := open(t, Options{URL: s.URL()}), open(t, Options{URL: s.URL()})
	got, _ := listen(b, bus.Chat("c"))
	settle(t, b)
	for _, data := range []string{"", "garbage", "\x02", "\x01\x03"} {
		if err := a.conn.Load().Publish("parley.chat.c", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	publish(a, bus.Chat("c"), 1, 1)
	if all := until(got, 1); len(all) != 1 || b.Stats().Malformed != 4 {
		t.Errorf("%d delivered, %d malformed; want 1 and 4", len(all), b.Stats().Malformed)
	}
}

// TestAConnectionThatIsClosedForGoodIsMadeAnew: the server comes back and takes less than what waits for it.
func TestAConnectionThatIsClosedForGoodIsMadeAnew(t *testing.T) {
	s := natstest.Start(t)
	log, logB := newEvents(), newEvents()
	a := open(t, Options{URL: s.URL(), Log: log.log(), timing: timing{retry: 1e6}})
	b := open(t, Options{URL: s.URL(), Log: logB.log(), timing: timing{retry: 1e6}})
	own, _ := listen(a, bus.Chat("c"))
	settle(t, a)
	if err := a.Serve("a", echo); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	log.wait("is lost")
	a.Publish(bus.Message{Subject: bus.Chat("large"), Events: []bus.Event{{Payload: make([]byte, 8192)}}})
	for a.Stats().Published == 0 {
		a.out.nudge()
	}
	s.Change(func(o *server.Options) { o.MaxPayload = 4096 })
	s.Again()
	log.wait("made anew")
	log.wait("connected to the bus")
	logB.wait("connected to the bus again")
	settle(t, a, b)
	publish(b, bus.Chat("c"), 1, 1)
	until(own, 1)
	if answer, err := b.Ask(t.Context(), "a", []byte("?")); err != nil || string(answer) != "?" {
		t.Errorf("asked on the new connection: %q, %v", answer, err)
	}
}

// TestCloseSendsWhatWaits: it is given to the client, whoever comes first, the writer or Close.
func TestCloseSendsWhatWaits(t *testing.T) {
	for range 6 {
		s := natstest.Start(t)
		p := s.NewProxy()
		a := open(t, Options{URL: p.URL(), limits: limits{out: 256 << 10}, timing: timing{write: time.Hour}})
		p.Freeze()
		sent := uint64(0)
		for payload := make([]byte, 16<<10); a.Stats().DroppedOut == 0; sent++ {
			a.Publish(bus.Message{Subject: bus.Chat("c"), Events: []bus.Event{{Payload: payload}}})
		}
		closed := make(chan bool)
		go func() {
			a.Close()
			close(closed)
		}()
		<-a.ctx.Done()
		p.Thaw()
		<-closed
		if st := a.Stats(); st.Published+st.DroppedOut != sent || st.DroppedOut != 1 {
			t.Errorf("%d published and %d dropped of %d; want all but one", st.Published, st.DroppedOut, sent)
		}
	}
}

// TestAClosedBusIsLocal, and sends what was published before.
func TestAClosedBusIsLocal(t *testing.T) {
	s := natstest.Start(t)
	a, b := open(t, Options{URL: s.URL()}), open(t, Options{URL: s.URL()})
	got, _ := listen(b, bus.Chat("c"))
	settle(t, b)
	publish(a, bus.Chat("c"), 1, 1000)
	a.Close()
	a.Close()
	if all := until(got, 1000); len(all) != 1000 {
		t.Errorf("%d of 1,000 were sent before the end", len(all))
	}
	own, _ := listen(a, bus.Chat("c"))
	publish(a, bus.Chat("c"), 1001, 1001)
	if until(own, 1001); len(a.out.take()) > 0 || len(a.stale) > 0 {
		t.Error("a closed bus keeps what nobody will send")
	}
	if a.Connected() || a.Flush(t.Context()) == nil {
		t.Error("a closed bus is connected")
	}
	if _, err := a.Ask(t.Context(), "b", nil); err == nil {
		t.Error("a closed bus asks")
	}
}
