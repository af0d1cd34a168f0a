package servertest

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"parley.example/parley/api/participant"
)

// patience is how long a helper waits for something that is to come.
const patience = time.Minute

// Socket is a participant's WebSocket.
type Socket struct {
	gws.BuiltinEventHandler
	t      testing.TB
	conn   *gws.Conn
	frames chan string
	once   sync.Once
	closed chan struct{}
	code   uint16    // of the close frame, 0 for none; set when closed is
	at     time.Time // likewise
}

// Subscribe is the frame that subscribes a socket to its chat.
const Subscribe = `{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}`

// Socket opens a socket of the chat's participant and subscribes.
func (c *Chat) Socket() *Socket {
	c.t.Helper()
	s := c.Open()
	s.Subscribe()
	return s
}

// Open opens a socket of the chat's participant that subscribes to nothing.
// What it receives is kept: up to 4,096 frames, then it reads no more.
func (c *Chat) Open() *Socket {
	c.t.Helper()
	conn, err := c.dialSocket()
	if err != nil {
		c.t.Fatalf("dial the socket: %v", err)
	}
	return open(c.t, conn, c.SocketURL)
}

// Open opens a socket like [Chat.Open] at the URL of a server that is none of the test's own process.
func Open(t testing.TB, at string) *Socket {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatalf("dial the socket: %v", err)
	}
	return open(t, conn, at)
}

func open(t testing.TB, conn net.Conn, at string) *Socket {
	t.Helper()
	s := &Socket{t: t, frames: make(chan string, 4096), closed: make(chan struct{})}
	var err error
	s.conn, _, err = gws.NewClientFromConn(s, &gws.ClientOption{Addr: at, ReadMaxPayloadSize: 1 << 20}, conn)
	if err != nil {
		t.Fatalf("open the socket: %v", err)
	}
	var reading sync.WaitGroup
	reading.Go(s.conn.ReadLoop)
	t.Cleanup(func() {
		conn.Close()
		s.end(0)
		reading.Wait()
	})
	return s
}

// Subscribe subscribes the socket to its chat.
func (s *Socket) Subscribe() {
	s.t.Helper()
	s.Write(Subscribe)
	if f := s.frame(); !strings.Contains(f, `"status":"success"`) {
		s.t.Fatalf("the subscribe was answered %s", f)
	}
}

func (c *Chat) dialSocket() (net.Conn, error) {
	conn, err := c.s.dial(c.t.Context())
	if err == nil && strings.HasPrefix(c.SocketURL, "wss:") {
		config := c.s.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
		config.ServerName, config.NextProtos = "127.0.0.1", nil
		conn = tls.Client(conn, config)
	}
	return conn, err
}

// OnMessage implements gws.Event.
func (s *Socket) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	select {
	case s.frames <- m.Data.String():
	case <-s.closed:
	}
}

// OnClose implements gws.Event.
func (s *Socket) OnClose(_ *gws.Conn, err error) {
	code := uint16(0)
	if e, ok := err.(*gws.CloseError); ok {
		code = e.Code
	}
	s.end(code)
}

func (s *Socket) end(code uint16) {
	s.once.Do(func() {
		s.code, s.at = code, time.Now()
		close(s.closed)
	})
}

// Write sends a text frame.
func (s *Socket) Write(text string) {
	s.t.Helper()
	if err := s.conn.WriteString(text); err != nil {
		s.t.Fatalf("write to the socket: %v", err)
	}
}

// Try sends a text frame to a socket that may be closed.
func (s *Socket) Try(text string) error { return s.conn.WriteString(text) }

func (s *Socket) frame() string {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case f := <-s.frames:
		return f
	default:
	}
	select {
	case f := <-s.frames:
		return f
	case <-s.closed:
		s.t.Fatalf("the socket was closed with %d; want a frame", s.code)
	case <-timer.C:
		s.t.Fatalf("no frame within %s", patience)
	}
	return ""
}

// Received returns the frames that have come and that nothing has returned yet.
func (s *Socket) Received() (frames []string) {
	for {
		select {
		case f := <-s.frames:
			frames = append(frames, f)
		default:
			return frames
		}
	}
}

// Next returns the next item that the socket receives.
func (s *Socket) Next() (it participant.Item) {
	s.t.Helper()
	for {
		var f struct{ Topic, Content string }
		if err := json.Unmarshal([]byte(s.frame()), &f); err != nil || f.Topic != "aws/chat" {
			continue // a reply whose content is no string
		}
		if err := json.Unmarshal([]byte(f.Content), &it); err != nil {
			s.t.Fatalf("the item %s: %v", f.Content, err)
		}
		return it
	}
}

// Until returns when the socket has received a message with a text.
func (s *Socket) Until(text string) {
	s.t.Helper()
	for {
		if it := s.Next(); it.Content != nil && *it.Content == text {
			return
		}
	}
}

// Closed waits until the socket has been closed and returns the code of the
// close frame, 0 when there was none.
func (s *Socket) Closed() uint16 {
	s.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.closed:
	case <-timer.C:
		s.t.Fatalf("the socket is open after %s", patience)
	}
	return s.code
}

// ClosedAt waits like Closed and returns when it was.
func (s *Socket) ClosedAt() time.Time {
	s.t.Helper()
	s.Closed()
	return s.at
}

// Close closes the connection without ado.
func (s *Socket) Close() { s.conn.NetConn().Close() }
