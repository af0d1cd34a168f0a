package sockettest

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Pipes is a listener whose connections never leave the process, for tests inside a synctest bubble. They
// have no buffers.
type Pipes struct {
	addr     net.Addr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// NewPipes returns a listener that says it has an address, such as 127.0.0.1:80.
func NewPipes(addr string) *Pipes {
	return &Pipes{addr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)), incoming: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener, when it accepts.
func (p *Pipes) Dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.incoming <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. It may be called twice.
func (p *Pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements [net.Listener].
func (p *Pipes) Addr() net.Addr { return p.addr }

// Eventually waits for what other goroutines, or a server, are about to do, a minute at most.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("did not happen in time: %s", what)
		}
	}
}
