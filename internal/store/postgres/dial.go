package postgres

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

const (
	// connectTime bounds an attempt to connect, where the URL does not say: a machine that is gone is silent.
	connectTime = 5 * time.Second
	// partTime is how long a connection that failed may take to end: the pool counts it until then.
	partTime = time.Second
)

// dial connects to a server. A connection ends within bounds, and soon, whatever has become of the server's machine.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: connectTime}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	// Also of a request to cancel a statement, for whose end nothing else is waited.
	if err := conn.SetReadDeadline(time.Now().Add(connectTime)); err != nil {
		conn.Close()
		return nil, err
	}
	return &parting{Conn: conn}, nil
}

// parting is a connection whose deadlines are near. Its user sets one only to end it.
type parting struct {
	net.Conn
	heard atomic.Bool // the server has said something, or the user has set a deadline
}

func (p *parting) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if n > 0 && p.heard.CompareAndSwap(false, true) {
		_ = p.Conn.SetReadDeadline(time.Time{}) // it fails if the connection has ended, which the next read says
	}
	return n, err
}

func (p *parting) SetDeadline(t time.Time) error {
	p.heard.Store(true)
	return p.Conn.SetDeadline(near(t))
}

func (p *parting) SetReadDeadline(t time.Time) error {
	p.heard.Store(true)
	return p.Conn.SetReadDeadline(near(t))
}

// near is a deadline that is no further away than a connection may take to end.
func near(t time.Time) time.Time {
	if latest := time.Now().Add(partTime); t.After(latest) {
		return latest
	}
	return t
}
