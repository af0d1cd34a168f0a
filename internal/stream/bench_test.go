package stream

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/socket/sockettest"
)

// devour reads what comes until the connection ends.
func devour(c *sockettest.Client) { go io.Copy(io.Discard, c.Conn) }

// BenchmarkPublish tells a message to the two sockets of a chat, one after
// another: what one send costs the hub, and what the kernel adds behind it.
func BenchmarkPublish(b *testing.B) {
	h, _ := newHub(b, Limits{Limits: socket.Limits{QueueFrames: 1 << 20, QueueBytes: 64 << 20}})
	addr := serve(b, h)
	for _, token := range []string{customerToken, agentToken} {
		devour(subscriber(b, addr, token))
	}
	pushes := []center.Push{push("chat-1", "What a message usually says: some forty words or fewer, one or two sentences, and a thank you.")}
	before := h.Counts()
	b.ReportAllocs()
	for b.Loop() {
		publish(h, pushes)
	}
	after := h.Counts()
	b.ReportMetric(float64(after.Frames-before.Frames)/float64(max(1, after.Writes-before.Writes)), "frames/write")
}

// BenchmarkPublishMany does the same in many chats at a time.
func BenchmarkPublishMany(b *testing.B) {
	const n = 256
	h, _ := newHub(b, Limits{Limits: socket.Limits{QueueFrames: 1 << 20, QueueBytes: 64 << 20}})
	addr := serve(b, h)
	pushes := make([][]center.Push, n)
	for i := range n {
		chat := center.ContactID("chat-" + strconv.Itoa(i))
		pushes[i] = []center.Push{push(chat, "What a message usually says: some forty words or fewer, one or two sentences, and a thank you.")}
		for _, role := range []string{"/CUSTOMER", "/AGENT"} {
			devour(subscriber(b, addr, string(chat)+role))
		}
	}
	before := h.Counts()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		publish(h, pushes[i%n])
	}
	after := h.Counts()
	b.ReportMetric(float64(after.Frames-before.Frames)/float64(max(1, after.Writes-before.Writes)), "frames/write")
}

// BenchmarkPublishToNobody is what a chat without sockets costs.
func BenchmarkPublishToNobody(b *testing.B) {
	h, _ := newHub(b, Limits{})
	pushes := []center.Push{push("chat-1", "unheard")}
	b.ReportAllocs()
	for b.Loop() {
		publish(h, pushes)
	}
}

// BenchmarkHeartbeat is a ping and a heartbeat, as ChatJS sends them every 10 s, and their answers.
func BenchmarkHeartbeat(b *testing.B) {
	h, _ := newHub(b, Limits{})
	c := dial(b, serve(b, h), customerToken)
	frames := sockettest.Texts(ping, heartbeat)
	answers := make([]byte, len(pong)+len(heartbeat)+4)
	b.ReportAllocs()
	for b.Loop() {
		c.Conn.Write(frames)
		if _, err := io.ReadFull(c.Reader, answers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadMessage(b *testing.B) {
	text := []byte(heartbeat)
	b.ReportAllocs()
	for b.Loop() {
		if m, ok := readMessage(text); !ok || m.topic != topicHeartbeat {
			b.Fatal("not read")
		}
	}
}

// What a socket costs that beats and is not told anything: one goroutine, and
// memory that fits the aim of 9 kB for all of a connection.
func TestIdleCost(t *testing.T) {
	const n = 1000
	h, _ := newHub(t, Limits{})
	held, addr := hold(t, h)
	clients := make([]net.Conn, n)
	for i := range clients {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		clients[i] = conn
	}
	// The clients' own ends are there; the server has not accepted them yet.
	before, routines := memory(), runtime.NumGoroutine()
	close(held)
	one := make([]byte, 512)
	exchange := func(c net.Conn, sent string, answer int) {
		io.WriteString(c, sent)
		if _, err := io.ReadFull(c, one[:answer]); err != nil {
			t.Fatal(err)
		}
	}
	accepted := len("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	for i, c := range clients {
		exchange(c, sockettest.Handshake(url("chat-"+strconv.Itoa(i)+"/CUSTOMER")), accepted)
		exchange(c, string(sockettest.Texts(subscribe)), len(subscribed)+2)
	}
	for range 3 {
		for _, c := range clients {
			exchange(c, string(sockettest.Texts(ping, heartbeat)), len(pong)+len(heartbeat)+4)
		}
	}
	eventually(t, "the handlers have let go", func() bool { return runtime.NumGoroutine()-routines <= n+2 })
	after := memory()
	each := (after - before) / n
	t.Logf("%d bytes for a socket", each)
	if limit := 7_500 * raceFactor; each > limit {
		t.Errorf("an idle socket costs %d bytes; want at most %d", each, limit)
	}
}

// memory returns what heap and stacks take after a collection.
func memory() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

// hold serves a hub once held is closed; connections wait in the kernel until then.
func hold(t *testing.T, h *Hub) (held chan struct{}, addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	held = make(chan struct{})
	srv := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-held
		srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Close()
		<-ended
		h.Shutdown(t.Context()) // which has ended: all sockets are cut off
	})
	return held, l.Addr().String()
}
