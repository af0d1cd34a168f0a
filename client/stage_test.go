package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
)

// pipes is a network of net.Pipe connections, so that servers and clients work in a synctest bubble.
type pipes struct {
	mu     sync.Mutex // guards what follows
	accept chan net.Conn
	down   bool
	conns  map[net.Conn]bool
}

func newPipes() *pipes {
	return &pipes{accept: make(chan net.Conn), conns: map[net.Conn]bool{}}
}

var errDown = &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, errDown
	}
	near, far := net.Pipe()
	select {
	case p.accept <- far:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	p.conns[near] = true
	p.mu.Unlock()
	return near, nil
}

// cut breaks every connection.
func (p *pipes) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// plug takes the network down or up.
func (p *pipes) plug(in bool) {
	p.mu.Lock()
	p.down = !in
	p.mu.Unlock()
	if !in {
		p.cut()
	}
}

// listener is the network's end at one server.
type listener struct {
	*pipes
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// stage is a Parley and a client of it, on a network of pipes.
type stage struct {
	t    *testing.T
	net  *pipes
	data string // its directory; "" for memory
	c    *client.Client
	flow string
	srv  *server.Server

	stop context.CancelFunc
	up   sync.WaitGroup
}

// quietFlow greets and waits.
const quietFlow = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"b","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// onStage runs a test in virtual time, with a server that keeps its data in memory.
func onStage(t *testing.T, f func(t *testing.T, s *stage)) { onStageIn(t, "", f) }

func onStageIn(t *testing.T, data string, f func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, net: newPipes(), data: data}
		s.start()
		transport := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}
		s.c = s.client(transport, nil)
		out, err := s.c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name("Quiet").
			Type(connect.ContactFlowTypeCONTACT_FLOW).Content(quietFlow).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.flow = *out.ContactFlowId
		f(t, s)
		transport.CloseIdleConnections()
		s.end()
	})
}

// start puts a server on the network.
func (s *stage) start() {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	srv, err := server.New(s.t.Context(), server.Config{Dev: true, Data: s.data, PublicURL: "http://chat.test", MaxActiveChats: 1 << 20, CloseSpan: time.Second, Log: log})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(s.t.Context())
	s.stop, s.srv = stop, srv
	up := make(chan struct{})
	s.up.Go(func() {
		if err := srv.ServeOn(ctx, &listener{pipes: s.net, closed: make(chan struct{})}, func(string) { close(up) }); err != nil {
			s.t.Errorf("Serve = %v", err)
		}
	})
	<-up
}

// end takes the server away.
func (s *stage) end() {
	s.stop()
	s.up.Wait()
}

func (s *stage) client(connector client.Connector, change func(*client.Config)) *client.Client {
	s.t.Helper()
	cfg := client.Config{Region: "us-east-1", Endpoint: "http://chat.test", Connector: connector}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// chat starts a chat and returns its customer's token and its contact.
func (s *stage) chat() (token, contact string) {
	s.t.Helper()
	out, err := s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.flow).
		ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.ParticipantToken, *out.ContactId
}

// bot adds a custom participant to a chat and returns its token.
func (s *stage) bot(contact string) string {
	s.t.Helper()
	out, err := s.c.CreateParticipant().InstanceID(catalog.DemoInstance).ContactID(contact).
		ParticipantDetails(connect.ParticipantDetailsToAdd{DisplayName: new("Robo"), ParticipantRole: connect.ParticipantRoleCUSTOM_BOT}).Send(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.ParticipantCredentials.ParticipantToken
}

func (s *stage) join(cfg client.SessionConfig) *client.Session {
	s.t.Helper()
	session, err := s.c.Join(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// collector keeps what a session hands on, in short.
type collector struct {
	mu     sync.Mutex // guards what follows
	ids    map[string]int
	texts  []string
	states []client.State
}

func (c *collector) item(i *client.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[string]int{}
	}
	if id := i.ID(); id != "" {
		c.ids[id]++
	}
	text := i.Text()
	if e := i.Event(); e != "" {
		text = "[" + strings.TrimPrefix(e, "participant.") + "]"
	}
	c.texts = append(c.texts, text)
}

func (c *collector) state(s client.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states = append(c.states, s)
}

func (c *collector) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.texts, " ")
}
