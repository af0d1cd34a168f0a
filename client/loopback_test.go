package client_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// dialReal returns a client of a server, whose connections end with the test.
func dialReal(t testing.TB, endpoint string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// quietChat starts a chat in which only the participants speak.
func quietChat(t testing.TB, c *client.Client) (token, contact string) {
	t.Helper()
	flows, err := c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name("Quiet " + fmt.Sprint(rand.Uint64())).
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(enginetest.Greet).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(*flows.ContactFlowId).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return *out.ParticipantToken, *out.ContactId
}

// proxy passes bytes on between its address and a server, and breaks each connection after a random
// number of them.
type proxy struct {
	net.Listener
	to   string
	cuts atomic.Int64
	calm atomic.Bool
	work sync.WaitGroup
	hold sync.RWMutex // whoever has it lets no connection begin

	mu   sync.Mutex // guards open
	open map[net.Conn]bool
}

func newProxy(t *testing.T) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &proxy{Listener: l, open: map[net.Conn]bool{}}
}

func (p *proxy) serve() {
	for {
		near, err := p.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() {
			defer near.Close()
			p.hold.RLock()
			p.keep(near, true)
			p.hold.RUnlock()
			defer p.keep(near, false)
			far, err := net.Dial("tcp", p.to)
			if err != nil {
				return
			}
			defer far.Close()
			p.work.Go(func() { p.pass(far, near) })
			p.pass(near, far)
		})
	}
}

func (p *proxy) keep(c net.Conn, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[c] = true; !open {
		delete(p.open, c)
	}
}

// cut breaks every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close() // what waits on it sees it
	}
}

// pass copies until a connection breaks or is broken.
func (p *proxy) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4096)
	for left := 4_000 + rand.IntN(60_000); left > 0 || p.calm.Load(); {
		n, err := from.Read(buf)
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
		left -= n
	}
	p.cuts.Add(1)
}

// TestThroughABadProxy holds a chat through a real proxy that breaks its connections.
func TestThroughABadProxy(t *testing.T) {
	bad := newProxy(t)
	public := "http://" + bad.Addr().String()
	srv := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) { c.PublicURL = public })
	direct := "http://" + srv.Addr
	bad.to = srv.Addr
	bad.work.Go(bad.serve)
	t.Cleanup(func() {
		_ = bad.Close()
		bad.work.Wait()
	})
	token, contact := quietChat(t, dialReal(t, direct))
	c := dialReal(t, public)
	var seen record
	all := make(chan struct{})
	const count, senders = 2000, 20
	customer, err := c.Join(t.Context(), client.SessionConfig{Token: token, OnState: seen.state, OnItem: func(i *client.Item) {
		seen.item(i)
		if seen.messages() == count+1 {
			close(all)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := dialReal(t, direct).CreateParticipant().InstanceID(catalog.DemoInstance).ContactID(contact).
		ParticipantDetails(connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT}).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bot, err := c.Join(t.Context(), client.SessionConfig{Token: *out.ParticipantCredentials.ParticipantToken, ConnectParticipant: true, SendOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	for n := range senders {
		who := []*client.Session{customer, bot}[n%2]
		sending.Go(func() {
			for m := range count / senders {
				if _, err := who.Send(t.Context(), fmt.Sprintf("%d:%d", n, m)); err != nil {
					t.Errorf("sender %d: %v", n, err)
					return
				}
			}
		})
	}
	sending.Wait()
	bad.calm.Store(true)
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Errorf("%d messages came; want %d", seen.messages(), count+1)
	}
	seen.compare(t, "the customer", transcript(t, &stage{t: t, c: dialReal(t, direct)}, token))
	for _, s := range []*client.Session{customer, bot} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d cuts, the session came back %d times", bad.cuts.Load(), seen.returns)
	if bad.cuts.Load() < 10 {
		t.Errorf("the proxy cut %d connections only", bad.cuts.Load())
	}
}
