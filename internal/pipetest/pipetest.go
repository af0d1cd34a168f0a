// Package pipetest has a listener for tests whose servers and clients are in one synctest bubble: see [Listener].
package pipetest

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// Listener is a listener whose connections never leave the process, for tests inside a synctest bubble. They
// have no buffers.
type Listener struct {
	addr     net.Addr
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

// New returns a listener that says it has an address, such as 127.0.0.1:80.
func New(addr string) *Listener {
	return &Listener{addr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr)), incoming: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener, when it accepts.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.incoming <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. It may be called twice.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
func (l *Listener) Addr() net.Addr { return l.addr }
