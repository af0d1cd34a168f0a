package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// dial connects to one of the servers. When ctx ends first, so does dial.
func (b *Bus) dial(ctx context.Context) error {
	addresses, hosts, err := servers(b.opts.URL)
	if err != nil {
		return err
	}
	type result struct {
		conn *natsgo.Conn
		err  error
	}
	d := &dialer{timing: &b.opts.timing}
	options := append([]natsgo.Option{natsgo.SetCustomDialer(d)}, b.client...)
	done := make(chan result)
	b.link.set(true) // before there is a connection that can be lost
	go func() {
		conn, err := natsgo.Connect(strings.Join(addresses, ","), options...)
		select {
		case done <- result{conn, err}:
		case <-ctx.Done():
			if conn != nil {
				conn.Close()
			}
		}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if r.err != nil {
		b.link.set(false)
		return explain(r.err, d.last(), strings.Join(hosts, ", "))
	}
	b.conn.Store(r.conn)
	b.log.Info("connected to the bus", "server", host(r.conn))
	return nil
}

// explain says why there is no connection.
func explain(err, dialing error, hosts string) error {
	switch {
	case refuses(err):
		return fmt.Errorf("NATS at %s refuses the credentials: %w", hosts, err)
	case errors.Is(err, natsgo.ErrNoServers) && dialing != nil:
		err = dialing
	}
	return fmt.Errorf("connect to NATS at %s: %w", hosts, err)
}

// refuses reports whether an error is about who the node says it is.
func refuses(err error) bool {
	for _, e := range []error{natsgo.ErrAuthorization, natsgo.ErrAuthExpired, natsgo.ErrAuthRevoked, natsgo.ErrAccountAuthExpired} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dialer remembers why it failed last, which the client does not say.
type dialer struct {
	*timing
	mu  sync.Mutex // guards err
	err error
}

func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, d.dial)
	if err == nil && d.wrap != nil {
		conn = d.wrap(conn)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
	return conn, err
}

func (d *dialer) last() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// host is the server that a connection has, as the log may have it: the client's own
// redacted form hides passwords, and shows tokens.
func host(conn *natsgo.Conn) string {
	u, err := url.Parse(conn.ConnectedUrl())
	if err != nil {
		return ""
	}
	return u.Host
}

// The functions that follow are called by the client, one after another.

func (b *Bus) onDisconnect(_ *natsgo.Conn, err error) {
	if b.link.set(false); b.ctx.Err() == nil {
		b.log.Warn("the connection to the bus is lost, and will be made again; other nodes hear of what happens here late", "error", err)
	}
}

func (b *Bus) onReconnect(conn *natsgo.Conn) {
	b.link.set(true)
	b.counts.reconnects.Add(1)
	b.log.Info("connected to the bus again", "server", host(conn))
	// The subscriptions were sent already: with the answer the server has them.
	_ = conn.FlushTimeout(b.opts.timing.dial)
	if b.opts.Reconnected != nil {
		b.opts.Reconnected()
	}
}

// onRefused is called for each attempt to connect again that fails before the server has spoken.
func (b *Bus) onRefused(_ *natsgo.Conn, err error) {
	if b.link.mention(unreachable) {
		b.log.Warn("the bus does not answer yet", "error", err)
	}
}

func (b *Bus) onError(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
	switch {
	case errors.Is(err, natsgo.ErrSlowConsumer):
		b.lost(b.counts.droppedIn.Add(1))
	case refuses(err):
		if b.link.mention(refused) {
			b.log.Error("the bus refuses the credentials of this node, which tries again; until then it hears nothing of other nodes, nor they of it", "error", err)
		}
	case b.link.mention(other):
		b.log.Error("the bus has reported an error", "error", err)
	}
}

// onClosed is called when the client has given up for good, as it does when the
// server says that it did something wrong.
func (b *Bus) onClosed(conn *natsgo.Conn) {
	if b.link.set(false); b.ctx.Err() == nil {
		b.log.Error("the bus has closed the connection, which is made anew", "error", conn.LastError())
		b.broken.Store(true)
		b.out.nudge()
	}
}

// link is whether there is a connection, for those who wait for an answer by it.
type link struct {
	mu        sync.Mutex // guards what follows
	connected bool
	lost      chan struct{} // closed while there is no connection
	errors    [kindsOfErrors]uint64
	said      [kindsOfErrors]periodic
}

// What errors are about: the log is told of one of a kind in a period, and of the first after a connection.
const (
	unreachable = iota
	refused
	other
	kindsOfErrors
)

func (l *link) set(connected bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connected == connected {
		return
	}
	if l.connected = connected; !connected {
		close(l.lost)
		return
	}
	l.lost = make(chan struct{})
	l.errors, l.said = [kindsOfErrors]uint64{}, [kindsOfErrors]periodic{}
}

// state returns whether there is a connection, and what is closed when it is lost.
func (l *link) state() (connected bool, lost <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connected, l.lost
}

// mention counts an error, and reports whether it is to be logged.
func (l *link) mention(kind int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors[kind]++
	_, due := l.said[kind].due(time.Now(), l.errors[kind])
	return due
}

// period is how long the log hears nothing more of what it was told of.
const period = 10 * time.Second

// periodic lets the log be told of something that is counted, once in a period.
type periodic struct {
	mu   sync.Mutex // guards what follows
	at   time.Time
	said uint64
}

// due returns how many there were since the log was told last, if it is time to tell it. count is of all.
func (p *periodic) due(now time.Time, count uint64) (since uint64, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if count <= p.said || !p.at.IsZero() && now.Sub(p.at) < period {
		return 0, false
	}
	since, p.said, p.at = count-p.said, count, now
	return since, true
}
