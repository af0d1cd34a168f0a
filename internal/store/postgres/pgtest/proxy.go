package pgtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Cut is where a connection is cut while a transaction is committed.
type Cut int

// The places.
const (
	BeforeCommit Cut = iota // the server does not hear of it
	DuringCommit            // the server hears of it, the client is gone at once
	AfterCommit             // the server has committed, the client is not told
	cuts
)

// Freeze lets the next transaction wait between two round trips, as if the client had stopped there, until thaw is called. frozen is closed when it does.
func (p *Proxy) Freeze() (frozen <-chan struct{}, thaw func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &freezer{make(chan struct{}), make(chan struct{})}
	p.freeze = f
	return f.frozen, sync.OnceFunc(func() { close(f.thawed) })
}

type freezer struct{ frozen, thawed chan struct{} }

// hold waits if a transaction is to be frozen.
func (p *Proxy) hold() {
	p.mu.Lock()
	f := p.freeze
	p.freeze = nil
	p.mu.Unlock()
	if f != nil {
		close(f.frozen)
		<-f.thawed
	}
}

// Proxy stands between a client and a server, and cuts connections in the middle of commits. It reads the protocol as far as that needs.
type Proxy struct {
	server *Server
	listen net.Listener
	done   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	freeze  *freezer
	every   int // a commit of so many is cut; 0 for none
	commits int
	made    [cuts]int
	gone    chan struct{} // closed when the machine of the server is back; nil while it is there
	conns   map[net.Conn]bool
	closed  bool
}

// NewProxy starts a proxy, which ends with the test.
func (s *Server) NewProxy(t *testing.T) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{server: s, listen: l, conns: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		if p.gone != nil {
			close(p.gone)
			p.gone = nil
		}
		p.closed = true
		for c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.done.Wait()
	})
	return p
}

// URL is that of a database, through the proxy.
func (p *Proxy) URL(database string) string {
	return fmt.Sprintf("postgres://parley@%s/%s?sslmode=disable", p.listen.Addr(), database)
}

// CutEvery cuts a connection at one commit of n, at another place each time; 0 lets all pass.
func (p *Proxy) CutEvery(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = n
}

// Silence has the server seem to be on a machine that is gone: connections stay, and are made, and nothing passes any more, until back is called or the test ends.
func (p *Proxy) Silence() (back func()) {
	gone := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = gone
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.gone == gone {
			p.gone = nil
			close(gone)
		}
	}
}

// pass waits while the machine of the server is gone.
func (p *Proxy) pass() {
	p.mu.Lock()
	gone := p.gone
	p.mu.Unlock()
	if gone != nil {
		<-gone
	}
}

// Made returns how many connections were cut at a place.
func (p *Proxy) Made(at Cut) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made[at]
}

// commit decides about one commit: whether it is cut, and where.
func (p *Proxy) commit() (at Cut, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commits++
	if p.every == 0 || p.commits%p.every != 0 {
		return 0, false
	}
	at = Cut(p.commits / p.every % int(cuts))
	p.made[at]++
	return at, true
}

func (p *Proxy) accept() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server.Addr())
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			client.Close()
			server.Close()
		}
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		l := &link{Proxy: p, client: client, server: server, commits: map[string]bool{}}
		p.done.Go(l.forth)
		p.done.Go(l.back)
	}
}

// link is one connection.
type link struct {
	*Proxy
	client, server net.Conn
	commits        map[string]bool // prepared statements that commit
	idle           atomic.Bool     // the server waits for more of a transaction
	still          sync.Mutex      // held while the client is frozen: it hears nothing either

	mu   sync.Mutex // guards what follows
	mute bool       // the answer to a commit does not reach the client
}

func (l *link) end() {
	l.client.Close()
	l.server.Close()
	l.Proxy.mu.Lock()
	defer l.Proxy.mu.Unlock()
	delete(l.conns, l.client)
	delete(l.conns, l.server)
}

// forth passes on what the client says.
func (l *link) forth() {
	first := true // the message that begins a connection has no type
	for {
		message, err := read(l.client, first)
		if err != nil {
			if !l.muted() { // else the server is heard to the end
				l.end()
			}
			return
		}
		first = false
		l.pass()
		if l.idle.Swap(false) {
			l.still.Lock()
			l.hold()
			l.still.Unlock()
		}
		if l.isCommit(message) {
			if at, cut := l.commit(); cut {
				switch at {
				case BeforeCommit:
					l.end()
					return
				case DuringCommit:
					l.silence()
					rest, _ := read(l.client, false) // Execute, or the end of a simple query
					for len(rest) > 0 && rest[0] != 'S' && message[0] != 'Q' {
						message = append(message, rest...)
						rest, _ = read(l.client, false)
					}
					_, _ = l.server.Write(append(message, rest...))
					l.client.Close()
					return
				case AfterCommit:
					l.silence()
				}
			}
		}
		if _, err := l.server.Write(message); err != nil {
			l.end()
			return
		}
	}
}

func (l *link) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = true
}

func (l *link) muted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mute
}

// back passes on what the server says, up to the answer of a commit that is to be lost.
func (l *link) back() {
	defer l.end()
	for {
		message, err := read(l.server, false)
		if err != nil {
			return
		}
		l.pass()
		if l.muted() {
			if message[0] == 'C' && bytes.HasPrefix(message[5:], []byte("COMMIT\x00")) {
				return
			}
			if message[0] == 'E' { // the transaction had failed before
				return
			}
			continue
		}
		l.idle.Store(message[0] == 'Z' && message[5] == 'T')
		l.still.Lock()
		_, err = l.client.Write(message)
		l.still.Unlock()
		if err != nil {
			return
		}
	}
}

// isCommit reports whether a message of the client has the server commit, and learns which prepared statements do.
func (l *link) isCommit(message []byte) bool {
	body := message[min(5, len(message)):]
	name, rest, _ := bytes.Cut(body, []byte{0})
	text, _, _ := bytes.Cut(rest, []byte{0})
	switch message[0] {
	case 'Q':
		return string(name) == "COMMIT"
	case 'P':
		l.commits[string(name)] = string(text) == "COMMIT"
	case 'B': // its first name is that of a portal
		return l.commits[string(text)]
	}
	return false
}

// read reads a message.
func read(from io.Reader, first bool) ([]byte, error) {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[len(head)-4:])
	if length < 4 || length > 1<<28 {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	message := append(head, make([]byte, length-4)...)
	_, err := io.ReadFull(from, message[len(head):])
	return message, err
}
