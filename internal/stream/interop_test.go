package stream

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lxzan/gws"

	"parley.example/parley/internal/center"
)

// listener keeps what a client of another make receives.
type listener struct {
	gws.BuiltinEventHandler
	heard  chan string
	closed chan error
}

func (l *listener) OnMessage(_ *gws.Conn, m *gws.Message) {
	l.heard <- string(m.Bytes())
	m.Close()
}

func (l *listener) OnPong(_ *gws.Conn, payload []byte) { l.heard <- "pong " + string(payload) }

func (l *listener) OnClose(_ *gws.Conn, err error) { l.closed <- err }

// next returns what was heard next.
func (l *listener) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-l.heard:
		return text
	case err := <-l.closed:
		t.Fatalf("closed: %v", err)
	}
	return ""
}

// A client by other hands, which comes from a page of an allowed origin, offers
// compression and sends protocol pings of its own, holds a session.
func TestAnotherClient(t *testing.T) {
	h, _ := newHub(t, Limits{})
	h.AllowOrigin = func(origin string) bool { return origin == "https://shop.example" }
	addr := serve(t, h)
	l := &listener{heard: make(chan string, 10), closed: make(chan error, 1)}
	conn, _, err := gws.NewClient(l, &gws.ClientOption{
		Addr:              "ws://" + addr + "/ws?token=" + customerToken,
		RequestHeader:     http.Header{"Origin": {"https://shop.example"}},
		PermessageDeflate: gws.PermessageDeflate{Enabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	go conn.ReadLoop()
	long := strings.Repeat("long ", 30_000)
	conn.WriteString(subscribe)
	conn.WritePing([]byte("okhttp"))
	for _, want := range []string{subscribed, "pong okhttp"} {
		if got := l.next(t); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
	publish(h, []center.Push{push("chat-1", "short"), push("chat-1", long)})
	for _, want := range []string{"short", long} {
		if got := content(t, l.next(t)); got != want {
			t.Errorf("got %d bytes; want %d", len(got), len(want))
		}
	}
	conn.WriteString("not JSON")
	if err := <-l.closed; !strings.Contains(err.Error(), "1007") {
		t.Errorf("closed with %v; want 1007", err)
	}
}
