package stream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/socket"
	"parley.example/parley/internal/socket/sockettest"
	"parley.example/parley/internal/websocket"
)

// Cases 2, 16, 28 and 29 of the protocol: the first frames of ChatJS, their
// replies, and an item, byte for byte.
func TestFirstFrames(t *testing.T) {
	h, chats := newHub(t, Limits{})
	c := dial(t, serve(t, h), customerToken)
	c.Send(subscribe, ping, heartbeat)
	c.Expect(subscribed, pong, heartbeat)

	publish(h, []center.Push{push("chat-1", "Hello \"you\"\n")})
	c.Expect(`{"topic":"aws/chat","contentType":"application/json","content":"{\"AbsoluteTime\":\"2026-01-05T09:15:02.117Z\",` +
		`\"Content\":\"Hello \\\"you\\\"\\n\",\"ContentType\":\"text/plain\",\"Id\":\"id-Hello \\\"you\\\"\\n\",\"Type\":\"MESSAGE\",` +
		`\"ParticipantId\":\"p\",\"DisplayName\":\"Ana\",\"ParticipantRole\":\"AGENT\",\"InitialContactId\":\"chat-1\",\"ContactId\":\"chat-1\"}"}`)

	c.Send(subscribe)
	c.Expect(subscribed)
	eventually(t, "Connected", func() bool {
		chats.mu.Lock()
		defer chats.mu.Unlock()
		return slices.Equal(chats.told, []string{"chat-1/CUSTOMER"})
	})
	counts := h.Counts()
	if counts.Sockets != 1 || counts.Opened != 1 || counts.Events != 1 || counts.Received != 4 {
		t.Errorf("Counts() = %+v", counts)
	}
}

// Frames that are odd but harmless: the socket stays open and answers.
func TestTolerance(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	for name, text := range map[string]string{
		"unknown topic":      `{"topic":"aws/unsubscribe","content":{"topics":["aws/chat"]}}`,
		"no topic":           `{"message":"Forbidden","connectionId":"x","requestId":"y"}`,
		"topic no string":    `{"topic":["aws/heartbeat"]}`,
		"no object":          `["aws/heartbeat"]`,
		"a number":           `1`,
		"empty":              ``,
		"spaces":             "\r\n ",
		"nested as allowed":  strings.Repeat(`[`, 30) + strings.Repeat(`]`, 30),
		"longest that fits":  `{"topic":"x","pad":"` + strings.Repeat("a", socket.MaxMessage-22) + `"}`,
		"unknown and binary": `{"topic":"aws/other","content":"\u0000\ud83d\ude00"}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, addr, customerToken)
			c.Send(text, ping)
			c.Expect(pong)
		})
	}
}

func TestSubscribeReplies(t *testing.T) {
	h, _ := newHub(t, Limits{})
	c := dial(t, serve(t, h), customerToken)
	for _, test := range []struct{ sent, want string }{
		{`{"topic": "aws/subscribe", "content": {"topics": ["aws/chat"]}})`, subscribed}, // the iOS SDK's
		{`{"topic":"aws\/subscribe","content":{"topics":["aws\/chat"]}}`, `{"topic":"aws/subscribe","content":{"status":"success","topics":["aws\/chat"]}}`},
		{`{"content":{"x":1,"topics":[ "a" , "aws/chat","b" ],"y":{}},"topic":"aws/subscribe"}`, `{"topic":"aws/subscribe","content":{"status":"success","topics":["a","aws/chat","b"]}}`},
		{`{"topic":"aws/subscribe","content":{"topics":[]}}`, `{"topic":"aws/subscribe","content":{"status":"success","topics":[]}}`},
		{`{"topic":"aws/subscribe"}`, `{"topic":"aws/subscribe","content":{"status":"failure","topics":[]}}`},
		{`{"topic":"aws/subscribe","content":{"topics":"aws/chat"}}`, `{"topic":"aws/subscribe","content":{"status":"failure","topics":[]}}`},
		{`{"topic":"aws/subscribe","content":{"topics":["aws/chat",1]}}`, `{"topic":"aws/subscribe","content":{"status":"failure","topics":[]}}`},
	} {
		c.Send(test.sent)
		if got := c.Text(); got != test.want {
			t.Errorf("to %s\ngot  %s\nwant %s", test.sent, got, test.want)
		}
	}
}

// What closes a socket closes that socket only, with a code that says why.
func TestBadFrames(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	other := subscriber(t, addr, agentToken)
	long := func(n int) []byte { return []byte(`"` + strings.Repeat("a", n-2) + `"`) }
	for _, test := range []struct {
		name  string
		bytes []byte
		code  uint16
		cause *socket.Cause
	}{
		{"binary", sockettest.Frame(websocket.Binary, []byte(heartbeat)), 1003, socket.Binary},
		{"binary fragments", append(sockettest.Fragment(websocket.Binary, []byte("a")), sockettest.Frame(websocket.Continuation, []byte("b"))...), 1003, socket.Binary},
		{"not JSON", sockettest.Texts(`hello`), 1007, NotJSON},
		{"half JSON", sockettest.Texts(`{"topic":"aws/ping"`), 1007, NotJSON},
		{"broken inside", sockettest.Texts(`{"content":{"a":,"topic":"aws/ping"}`), 1007, NotJSON},
		{"too deep", sockettest.Texts(strings.Repeat(`[`, 5000)), 1007, NotJSON},
		{"no UTF-8", sockettest.Texts("{\"topic\":\"\xff\"}"), 1007, NotJSON},
		{"too big", sockettest.Frame(websocket.Text, long(socket.MaxMessage+1)), 1009, socket.TooBig},
		{"far too big", sockettest.Frame(websocket.Text, long(200<<10)), 1009, socket.TooBig},
		{"a size that is none", []byte{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4}, 1009, socket.TooBig},
		{"too big in fragments", append(sockettest.Fragment(websocket.Text, long(socket.MaxMessage)), sockettest.Frame(websocket.Continuation, []byte("b"))...), 1009, socket.TooBig},
		{"no mask", append([]byte{0x81, byte(len(ping))}, ping...), 1002, socket.Malformed},
		{"reserved bit", sockettest.First(0xc1, []byte(ping)), 1002, socket.Malformed},
		{"unknown opcode", sockettest.First(0x83, []byte(ping)), 1002, socket.Malformed},
		{"unknown control", sockettest.First(0x8b, nil), 1002, socket.Malformed},
		{"ping in fragments", sockettest.Fragment(websocket.Ping, nil), 1002, socket.Malformed},
		{"long ping", sockettest.Frame(websocket.Ping, make([]byte, 126)), 1002, socket.Malformed},
		{"continuation of nothing", sockettest.Frame(websocket.Continuation, []byte(ping)), 1002, socket.Malformed},
		{"text amid fragments", append(sockettest.Fragment(websocket.Text, []byte("{")), sockettest.Texts(ping)...), 1002, socket.Malformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := h.Counts().Closed[test.cause]
			c := dial(t, addr, customerToken)
			c.Conn.Write(test.bytes) // the server may end it before all is sent
			c.ExpectClose(test.code)
			c.Conn.Close()
			eventually(t, "the end is counted", func() bool { return h.Counts().Closed[test.cause] == before+1 })
			other.Send(ping)
			other.Expect(pong)
		})
	}
}

func TestFraming(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	t.Run("byte by byte", func(t *testing.T) {
		c := dial(t, addr, customerToken)
		for _, b := range sockettest.Texts(subscribe, heartbeat) {
			c.Write([]byte{b})
		}
		c.Expect(subscribed, heartbeat)
	})
	t.Run("many in one", func(t *testing.T) {
		c := dial(t, addr, customerToken)
		big := `{"topic":"aws/ping","pad":"` + strings.Repeat("b", 3000) + `"}`
		var b []byte
		for range 50 {
			b = append(b, sockettest.Texts(ping, big, heartbeat)...)
		}
		c.Write(b)
		for range 50 {
			c.Expect(pong, pong, heartbeat)
		}
	})
	t.Run("fragments with a ping between", func(t *testing.T) {
		c := dial(t, addr, customerToken)
		c.Write(slices.Concat(sockettest.Fragment(websocket.Text, []byte(subscribe[:20])), sockettest.Frame(websocket.Ping, []byte("okhttp")),
			sockettest.Fragment(websocket.Continuation, nil), sockettest.Frame(websocket.Pong, nil), sockettest.Frame(websocket.Continuation, []byte(subscribe[20:]))))
		if op, payload, err := c.Next(); op != websocket.Pong || string(payload) != "okhttp" {
			t.Fatalf("next = %x %q, %v; want the pong", op, payload, err)
		}
		c.Expect(subscribed)
	})
	t.Run("long item", func(t *testing.T) {
		c := subscriber(t, addr, customerToken)
		text := strings.Repeat("\x01é\\", 20_000)
		publish(h, []center.Push{push("chat-1", text)})
		if got := content(t, c.Text()); got != text {
			t.Fatalf("content has %d bytes; want %d", len(got), len(text))
		}
	})
}

func TestClientCloses(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	for _, test := range []struct{ sent, want string }{
		{"\x03\xe8[Primary WebSocket] Closing WebSocket", "\x03\xe8"},
		{"\x03\xe9", "\x03\xe9"}, // 1001, iOS
		{"\x0f\xa0", "\x0f\xa0"}, // 4000, Android
		{"", ""},
		{"\x03", "\x03\xeaprotocol error"},
		{"\x03\xed", "\x03\xeaprotocol error"},
		{"\x03\xe8\xff", "\x03\xeaprotocol error"},
	} {
		c := subscriber(t, addr, customerToken)
		c.Write(sockettest.Frame(websocket.Close, []byte(test.sent)))
		op, payload, err := c.Next()
		if op != websocket.Close || string(payload) != test.want {
			t.Errorf("to close %q: opcode %x %q, %v; want %q", test.sent, op, payload, err, test.want)
		}
		if _, err := c.Reader.ReadByte(); err != io.EOF {
			t.Errorf("behind the close: %v; want the end", err)
		}
		eventually(t, "the socket has ended", func() bool { return h.Sockets() == 0 })
	}
	eventually(t, "the seven have left", func() bool { return h.Counts().Closed[socket.Left] == 7 })
}

// A participant may have five sockets, opened with one URL or several.
func TestSocketsPerParticipant(t *testing.T) {
	h, _ := newHub(t, Limits{Brake: time.Millisecond})
	addr := serve(t, h)
	var tabs []*sockettest.Client
	for range 5 {
		tabs = append(tabs, subscriber(t, addr, customerToken))
	}
	sixth := func() int {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/ws?token="+customerToken, nil)
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {sockettest.Key}}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := sixth(); status != http.StatusTooManyRequests {
		t.Errorf("the sixth handshake is answered %d; want 429", status)
	}
	subscriber(t, addr, agentToken)
	subscriber(t, addr, "chat-2/CUSTOMER")
	publish(h, []center.Push{push("chat-1", "to all")})
	for _, c := range tabs {
		if got := content(t, c.Text()); got != "to all" {
			t.Errorf("a tab got %q", got)
		}
	}
	tabs[2].Write(sockettest.Frame(websocket.Close, nil))
	tabs[2].Next()
	subscriber(t, addr, customerToken)
}

func TestWhoSeesWhat(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	customer, agent := subscriber(t, addr, customerToken), subscriber(t, addr, agentToken)
	supervisor, elsewhere := subscriber(t, addr, "chat-1/SUPERVISOR"), subscriber(t, addr, "chat-2/AGENT")
	mute := dial(t, addr, "chat-1/CUSTOMER-mute")

	with := func(text string, change func(*center.Push)) center.Push {
		p := push("chat-1", text)
		change(&p)
		return p
	}
	publish(h, []center.Push{
		push("chat-1", "all"),
		with("customer", func(p *center.Push) { p.Item.Visibility = center.VisibleCustomer }),
		with("agents", func(p *center.Push) { p.Item.Visibility = center.VisibleAgent }),
		push("chat-2", "elsewhere"),
		push("chat-3", "nowhere"),
		with("only", func(p *center.Push) { p.Only = "AGENT" }),
		with("except", func(p *center.Push) { p.Except = "AGENT" }),
		{Chat: "chat-1"}, // tells nothing
		with("", func(p *center.Push) {
			p.Item.Type, p.Item.ContentType = center.TypeMetadata, center.EventMetadata
			p.Receipt = &center.Receipt{Item: "id-all", Recipient: "CUSTOMER", Read: time.UnixMilli(1)}
		}),
	})
	for _, test := range []struct {
		name string
		c    *sockettest.Client
		want []string
	}{
		{"customer", customer, []string{"all", "customer", "except", ""}},
		{"agent", agent, []string{"all", "agents", "only", ""}},
		{"supervisor", supervisor, []string{"all", "agents", "except", ""}},
		{"elsewhere", elsewhere, []string{"elsewhere"}},
		{"mute", mute, nil},
	} {
		for _, want := range test.want {
			if got := content(t, test.c.Text()); got != want {
				t.Errorf("%s got %q; want %q", test.name, got, want)
			}
		}
		test.c.Send(heartbeat)
		test.c.Expect(heartbeat)
	}
	if n := h.Counts().Events; n != 7 {
		t.Errorf("%d pushes encoded; want 7", n)
	}
}

func TestRefusals(t *testing.T) {
	good := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"WebSocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {sockettest.Key}}
	without := func(name, instead string) http.Header {
		h := good.Clone()
		if h.Del(name); instead != "" {
			h.Set(name, instead)
		}
		return h
	}
	const denied = `{"message":"Access denied"}` + "\n"
	for _, test := range []struct {
		name, method, token string
		header              http.Header
		attend              error
		limit               int
		status              int
		body                string // "" for any
	}{
		{"POST", "POST", customerToken, good, nil, 0, 405, ""},
		{"a browser's visit", "GET", customerToken, http.Header{}, nil, 0, 426, ""},
		{"no upgrade", "GET", customerToken, without("Upgrade", "h2c"), nil, 0, 426, ""},
		{"old version", "GET", customerToken, without("Sec-WebSocket-Version", "8"), nil, 0, 426, ""},
		{"no key", "GET", customerToken, without("Sec-WebSocket-Key", ""), nil, 0, 400, ""},
		{"short key", "GET", customerToken, without("Sec-WebSocket-Key", "YWJj"), nil, 0, 400, ""},
		{"forged token", "GET", "x", good, nil, 0, 403, denied},
		{"foreign origin", "GET", customerToken, without("Origin", "https://evil.example"), nil, 0, 403, denied},
		{"ended chat", "GET", customerToken, good, center.Errorf(center.Denied, "the chat has ended"), 0, 403, denied},
		{"no such chat", "GET", customerToken, good, center.Errorf(center.NotFound, "no chat"), 0, 403, denied},
		{"store away", "GET", customerToken, good, errors.New("disk on fire"), 0, 503, ""},
		{"full", "GET", customerToken, good, nil, -1, 503, ""},
		{"a connection that cannot be taken over", "GET", customerToken, good, nil, 0, 500, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, chats := newHub(t, Limits{Brake: time.Millisecond, Limits: socket.Limits{Sockets: test.limit}})
			h.AllowOrigin = func(origin string) bool { return origin == "https://shop.example" }
			chats.attend = test.attend
			r := httptest.NewRequestWithContext(t.Context(), test.method, "/ws?token="+test.token, nil)
			r.Header = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || test.body != "" && w.Body.String() != test.body {
				t.Errorf("answer %d %s; want %d %s", w.Code, w.Body, test.status, test.body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type = %q", got)
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Errorf("the client is told the inner error: %s", w.Body)
			}
			if c := h.Counts(); c.Refused[test.status] != 1 || c.Sockets != 0 {
				t.Errorf("Counts() = %+v", c)
			}
		})
	}
}

func TestOverTLS(t *testing.T) {
	h, _ := newHub(t, Limits{Limits: socket.Limits{Span: time.Millisecond}})
	srv := httptest.NewTLSServer(h)
	defer srv.Close()
	config := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := sockettest.NewClient(t, conn)
	c.Write([]byte(sockettest.Handshake(url(customerToken))))
	c.Upgraded()
	c.Send(subscribe, ping)
	c.Expect(subscribed, pong)
	publish(h, []center.Push{push("chat-1", "a"), push("chat-1", "b")})
	for _, want := range []string{"a", "b"} {
		if got := content(t, c.Text()); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
	ended := make(chan error)
	go func() { ended <- h.Shutdown(t.Context()) }()
	c.ExpectClose(1001)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// 1,000 connections that begin and do not go on harm nobody.
func TestHalfOpen(t *testing.T) {
	h, _ := newHub(t, Limits{})
	addr := serve(t, h)
	for i := range 1000 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		text := sockettest.Handshake(url(customerToken))
		if _, err := io.WriteString(conn, text[:i*len(text)/1001]); err != nil {
			t.Fatal(err)
		}
	}
	c := subscriber(t, addr, customerToken)
	publish(h, []center.Push{push("chat-1", "still here")})
	if got := content(t, c.Text()); got != "still here" {
		t.Errorf("got %q", got)
	}
	if n := h.Sockets(); n != 1 {
		t.Errorf("%d sockets; want 1", n)
	}
}
