package client_test

import (
	"context"
	"errors"
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
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// network is the way to a server: it can be taken down, and its connections be broken.
type network struct {
	mu     sync.Mutex // guards what follows
	server *servertest.Server
	down   bool
	conns  map[net.Conn]bool
}

var errDown = &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}

func (n *network) dial(ctx context.Context, protocol, address string) (net.Conn, error) {
	n.mu.Lock()
	down, server := n.down, n.server
	n.mu.Unlock()
	if down {
		return nil, errDown
	}
	c, err := server.DialContext(ctx, protocol, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[c] = true
	return c, nil
}

// lead sets the server to which the network leads.
func (n *network) lead(to *servertest.Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = to
}

// cut breaks every connection.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.Close()
	}
	clear(n.conns)
}

// plug takes the network down or up.
func (n *network) plug(in bool) {
	n.mu.Lock()
	n.down = !in
	n.mu.Unlock()
	if !in {
		n.cut()
	}
}

// stage is a Parley and a client of it, in virtual time.
type stage struct {
	t      *testing.T
	net    *network
	data   string // its directory; "" for memory
	c      *client.Client
	flow   string
	server *servertest.Server
}

// onStage runs a test in virtual time, with a server that keeps its data in memory.
func onStage(t *testing.T, f func(t *testing.T, s *stage)) { onStageIn(t, "", f) }

func onStageIn(t *testing.T, data string, f func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, net: &network{conns: map[net.Conn]bool{}}, data: data}
		s.start()
		transport := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}
		s.c = s.client(transport, nil)
		out, err := s.c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name("Quiet").
			Type(connect.ContactFlowTypeCONTACT_FLOW).Content(enginetest.Greet).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.flow = *out.ContactFlowId
		f(t, s)
		transport.CloseIdleConnections()
		s.server.Stop()
	})
}

// start puts a server on the network.
func (s *stage) start() {
	s.t.Helper()
	s.server = servertest.Inside(s.t, servertest.Quietly(s.t), func(c *server.Config) {
		c.Data, c.PublicURL, c.MaxActiveChats, c.CloseSpan = s.data, "http://chat.test", 1<<20, time.Second
	})
	s.net.lead(s.server)
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
