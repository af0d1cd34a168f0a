// Package natstest has servers of NATS for tests: they run in the process of the
// test, listen on loopback, and end with it. A [Server] can be stopped and started
// again at the same address, a [Proxy] before it can freeze. Starting returns when
// the server takes connections; what fails is the test's failure.
// Start reading at [Start].
package natstest

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a server of NATS.
type Server struct {
	t       testing.TB
	options server.Options
	running *server.Server
}

// Start starts a server. With changes its options are others than usual: no log, no JetStream.
func Start(t testing.TB, changes ...func(*server.Options)) *Server {
	t.Helper()
	s := &Server{t: t, options: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}}
	s.Change(changes...)
	t.Cleanup(s.Stop)
	s.Again()
	return s
}

// Change changes the options with which the server starts again.
func (s *Server) Change(changes ...func(*server.Options)) {
	for _, change := range changes {
		change(&s.options)
	}
}

// Again starts the server that was stopped, at the same address.
func (s *Server) Again() {
	s.t.Helper()
	options := s.options
	running, err := server.NewServer(&options)
	if err != nil {
		s.t.Fatalf("NATS: %v", err)
	}
	running.Start()
	if !running.ReadyForConnections(time.Minute) {
		s.t.Fatal("NATS has not started")
	}
	s.running = running
	s.options.Port = running.Addr().(*net.TCPAddr).Port
}

// Stop ends the server and all connections to it.
func (s *Server) Stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

// Addr is the address of the server, URL the same for clients.
func (s *Server) Addr() string { return s.running.Addr().String() }
func (s *Server) URL() string  { return "nats://" + s.Addr() }

// Cluster is the address of a server for the servers of its cluster.
func (s *Server) Cluster() string { return "nats://" + s.running.ClusterAddr().String() }

// Subscriptions returns how many clients have subscribed to a subject, as the server tells those who monitor it.
func (s *Server) Subscriptions(subject string) (n int) {
	s.t.Helper()
	clients, err := s.running.Connz(&server.ConnzOptions{Subscriptions: true})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range clients.Conns {
		for _, sub := range c.Subs {
			if sub == subject {
				n++
			}
		}
	}
	return n
}

// Connections returns how many connections were made since the server was started, those that were refused among them.
func (s *Server) Connections() int {
	s.t.Helper()
	v, err := s.running.Varz(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return int(v.TotalConnections)
}

// Proxy stands between clients and a server.
type Proxy struct {
	listen net.Listener
	done   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	thawed *sync.Cond
	frozen bool
	closed bool
	conns  []net.Conn // two for each that was made
}

// NewProxy starts a proxy before the server, which ends with the test.
func (s *Server) NewProxy() *Proxy {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	p := &Proxy{listen: l}
	p.thawed = sync.NewCond(&p.mu)
	server := s.Addr()
	p.done.Go(func() { p.accept(server) })
	s.t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		p.closed = true
		for _, c := range p.conns {
			c.Close()
		}
		p.thawed.Broadcast()
		p.mu.Unlock()
		p.done.Wait()
	})
	return p
}

// URL is the address of the proxy for clients.
func (p *Proxy) URL() string { return "nats://" + p.listen.Addr().String() }

// Connections returns how many connections clients have made.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) / 2
}

// Freeze lets nothing pass any more, in either direction; connections stay, and are made. Thaw ends that.
func (p *Proxy) Freeze() { p.set(true) }
func (p *Proxy) Thaw()   { p.set(false) }

func (p *Proxy) set(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
	p.thawed.Broadcast()
}

func (p *Proxy) accept(server string) {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		behind, err := net.Dial("tcp", server)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			client.Close()
			behind.Close()
		}
		p.conns = append(p.conns, client, behind)
		p.mu.Unlock()
		p.done.Go(func() { p.pass(client, behind) })
		p.done.Go(func() { p.pass(behind, client) })
	}
}

// pass passes on what one side says, and reads no more of it while it is frozen.
func (p *Proxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		for p.frozen && !p.closed {
			p.thawed.Wait()
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
