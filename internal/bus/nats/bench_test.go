package nats

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/nats/natstest"
	"parley.example/parley/internal/bus/nats/wire"
	"parley.example/parley/internal/center"
)

// message is what a message of a chat is on the bus.
func message() bus.Message {
	return bus.Message{
		Subject: bus.Chat("11111111-1111-4111-8111-111111111111"), Origin: "22222222-2222-4222-8222-222222222222", Version: 1 << 62, Seq: 100,
		Events: []bus.Event{{Seq: 100, Payload: make([]byte, 500)}},
	}
}

// between are two nodes at one server. The second sends what it receives of the benchmark's subject.
func between(b *testing.B) (from *Bus, got chan bus.Message) {
	s := natstest.Start(b)
	got = make(chan bus.Message, 1<<16)
	var nodes [2]*Bus
	for i := range nodes {
		n, err := Open(b.Context(), Options{URL: s.URL()})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(n.Close)
		nodes[i] = n
	}
	nodes[1].Subscribe(&bus.Subscription{Subject: message().Subject, Receive: func(m bus.Message) { got <- m }})
	if err := nodes[1].Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return nodes[0], got
}

// BenchmarkPublish is what the publisher pays: somebody listens on another node, or nobody. Batches are
// small enough that nothing is dropped; the time that NATS takes for them does not count, but passes: -benchtime 200000x is enough.
func BenchmarkPublish(b *testing.B) {
	const batch = 5000
	for name, subject := range map[string]bus.Subject{"heard": message().Subject, "unheard": bus.Chat("33333333-3333-4333-8333-333333333333")} {
		b.Run(name, func(b *testing.B) {
			from, got := between(b)
			m := message()
			m.Subject = subject
			b.ReportAllocs()
			for n := 1; b.Loop(); n++ {
				if from.Publish(m); n%batch != 0 {
					continue
				}
				b.StopTimer()
				if err := from.Flush(b.Context()); err != nil {
					b.Fatal(err)
				}
				for len(got) > 0 {
					<-got
				}
				b.StartTimer()
			}
			if st := from.Stats(); st.DroppedOut > 0 {
				b.Errorf("%d messages were dropped", st.DroppedOut)
			}
		})
	}
}

// BenchmarkDeliver is what a message costs from one node to the subscriber at another, the server and both nodes in one process.
func BenchmarkDeliver(b *testing.B) {
	from, got := between(b)
	m := message()
	const ahead = 2000
	b.ReportAllocs()
	sent, received := 0, 0
	for b.Loop() {
		from.Publish(m)
		if sent++; sent-received >= ahead {
			<-got
			received++
		}
	}
	for ; received < sent; received++ {
		<-got
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkWire is encoding and decoding.
func BenchmarkWire(b *testing.B) {
	m := message()
	data := wire.Append(nil, &m)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			data = wire.Append(data[:0], &m)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			wire.Decode(data)
		}
	})
	b.ReportMetric(float64(len(data)), "bytes/message")
}

// TestASubscriptionTakesLittleMemory: there is one for each chat with sockets. The server here is one that remembers nothing.
func TestASubscriptionTakesLittleMemory(t *testing.T) {
	const n, limit = 20_000, 480
	b := open(t, Options{URL: "nats://" + forgetful(t)})
	all := make([]bus.Subscription, n)
	for i := range all {
		all[i] = bus.Subscription{Subject: bus.Chat(center.ContactID(fmt.Sprintf("11111111-1111-4111-8111-%012d", i))), Receive: func(bus.Message) {}}
	}
	before, routines := held(), runtime.NumGoroutine()
	for i := range all {
		b.Subscribe(&all[i])
	}
	settle(t, b)
	each := (held() - before) / n
	t.Logf("%d bytes for a subject with one subscriber", each)
	if each > limit {
		t.Errorf("a subject takes %d bytes; want at most %d", each, limit)
	}
	if more := runtime.NumGoroutine() - routines; more > 10 {
		t.Errorf("%d goroutines for %d subjects", more, n)
	}
	if st := b.Stats(); st.Subjects != n {
		t.Errorf("%d are subscribed; want %d", st.Subjects, n)
	}
	for i := range all {
		b.Unsubscribe(&all[i])
	}
	settle(t, b)
	if st := b.Stats(); st.Subjects != 0 || len(b.subs) != 0 {
		t.Errorf("%d are left", st.Subjects)
	}
}

// forgetful is a server that takes one client and answers its pings.
func forgetful(t *testing.T) (address string) {
	l := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(c, "INFO {\"max_payload\":1048576,\"headers\":true,\"proto\":1}\r\n")
		for lines := bufio.NewScanner(c); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "PING") {
				fmt.Fprint(c, "PONG\r\n")
			}
		}
	}()
	return l.Addr().String()
}

// held is what the heap holds after a collection.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
