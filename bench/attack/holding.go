package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"parley.example/parley/bench/durable"
)

// memory is what they may cost the server in all, in bytes.
var memory int64 = 200 << 20

const (
	held       = 2000 // connections that withhold something
	ownSockets = 5    // that a participant may have at once
	headerTime = time.Minute
)

// hold is a connection that withholds something.
type hold struct {
	head string
	body int  // bytes that are sent behind it
	slow bool // one of them each dripEvery
}

const dripEvery = 200 * time.Millisecond

// holding opens connections that withhold the end of a body or a header, or whose bodies come slowly, and floods with handshakes, headers
// and signatures that are not good. The server may use some memory for them, and closes what stays incomplete.
func holding(ctx context.Context, t *target, out io.Writer) error {
	chats, err := t.chats(ctx, honestChats+2)
	if err != nil {
		return err
	}
	honest, holder, opener := chats[:honestChats], chats[honestChats], chats[honestChats+1]
	send := func(ctx context.Context, c customer) (bool, error) { return here.send(ctx, t, c.bearer) }
	fmt.Fprintf(out, "%-22s %9s %8s   %9s %7s %9s %9s\n", "attack", "tried", "passed", "honest", "failed", "p50", "p99")
	var errs []error
	for _, a := range []struct {
		name string
		most int64 // connections that may still be open when what they withhold is overdue; those of bodies last longer
		kind func(i int) (hold, error)
	}{
		{"withheld bodies", held, func(i int) (hold, error) { return t.withheldBody(ctx, i, holder.bearer) }},
		{"slow bodies", 0, func(i int) (hold, error) {
			h, err := t.withheldBody(ctx, i, holder.bearer)
			h.slow = true
			return h, err
		}},
		{"withheld headers", 0, func(int) (hold, error) {
			return hold{head: "POST /participant/message HTTP/1.1\r\nHost: parley\r\nX-Slow: "}, nil
		}},
	} {
		f, opened, verdict := t.held(ctx, out, a.name, a.most, a.kind, honest, send)
		errs = append(errs, line(out, a.name, held, opened, f, verdict))
	}

	f := t.while(ctx, honest, send, func(ctx context.Context) (bool, error) {
		status, err := once(ctx, t.url, "GET / HTTP/1.1\r\nHost: parley\r\nX-Large: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
		return err == nil && status != http.StatusRequestHeaderFieldsTooLarge && status < 500, nil // cut off is refused too
	})
	errs = append(errs, line(out, "headers of 1 MiB", f.tried, f.passed, f, over("headers of 1 MiB", f.passed, 0)))

	f = t.while(ctx, honest, send, func(ctx context.Context) (bool, error) {
		head, err := t.signed(ctx, strings.Repeat("x", 40), 2)
		if err != nil {
			return false, err
		}
		status, err := once(ctx, t.url, head+"{}")
		return status/100 == 2, err
	})
	errs = append(errs, line(out, "wrong signatures", f.tried, f.passed, f, over("wrong signatures", f.passed, 0)))

	var sockets sockets
	f = t.while(ctx, honest, send, func(ctx context.Context) (bool, error) { return sockets.open(ctx, opener.socket) })
	errs = append(errs, line(out, "handshakes", f.tried, f.passed, f, over("handshakes", sockets.left(), ownSockets)))
	sockets.close()
	return errors.Join(errs...)
}

// line prints what one attack led to, and returns what is wrong about it.
func line(out io.Writer, name string, tried, passed int64, f *figures, verdict error) error {
	fmt.Fprintf(out, "%-22s %9d %8d   %9d %7d %9s %9s\n", name, tried, passed, len(f.honest), f.failed, f.at(50), f.at(99))
	switch {
	case f.err != nil:
		return fmt.Errorf("%s: %w", name, f.err)
	case f.failed > 0:
		return fmt.Errorf("%s: %d calls of those who behave failed", name, f.failed)
	}
	return verdict
}

// held opens connections that withhold something while others behave, watches the server's memory, and waits for the
// server to close what is overdue: most may stay open.
func (t *target) held(ctx context.Context, out io.Writer, name string, most int64, kind func(int) (hold, error), honest []customer, behave act) (f *figures, opened int64, verdict error) {
	h := &holders{url: t.url, kind: kind}
	before, measured := t.resident()
	go h.open(ctx)
	highest, sampled := before, make(chan struct{})
	sampling, stop := context.WithCancel(ctx)
	go func() {
		defer close(sampled)
		for sampling.Err() == nil {
			if now, ok := t.resident(); ok {
				highest = max(highest, now)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	f = t.while(ctx, honest, behave, nil)
	opened = h.settle(ctx)
	stop()
	<-sampled
	if measured {
		fmt.Fprintf(out, "%d connections: the server went from %d to %d MiB\n", held, before>>20, highest>>20)
		if highest > before+memory {
			verdict = fmt.Errorf("%s: %d MiB for %d connections", name, (highest-before)>>20, held)
		}
	}
	for late := time.Now().Add(headerTime); h.left() > most && time.Now().Before(late) && ctx.Err() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	if n := h.left(); n > most {
		verdict = errors.Join(verdict, fmt.Errorf("%s: %d connections are still open after %s", name, n, headerTime))
	}
	h.close()
	return f, opened, verdict
}

func over(what string, got, most int64) error {
	if got <= most {
		return nil
	}
	return fmt.Errorf("%s: %d passed or stay; at most %d may", what, got, most)
}

// resident returns the memory of the server's process, where the system tells.
func (t *target) resident() (bytes int64, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err == nil
		}
	}
	return 0, false
}

// withheldBody is the i-th of requests by strangers and by a participant, each but for the last byte of a large body.
func (t *target) withheldBody(ctx context.Context, i int, bearer string) (hold, error) {
	const message, start = 1 << 20, 4 << 20
	head := func(method, path, more string, size int) hold {
		return hold{head: fmt.Sprintf("%s %s HTTP/1.1\r\nHost: parley\r\nContent-Length: %d\r\n%s\r\n", method, path, size, more), body: size - 1}
	}
	switch i % 4 {
	case 0:
		return head("PUT", "/contact/chat", "", start), nil
	case 1:
		return head("POST", "/participant/message", "X-Amz-Bearer: AAAA"+bearer[4:]+"\r\n", message), nil
	case 2:
		return head("POST", "/participant/message", "X-Amz-Bearer: "+bearer+"\r\n", message), nil
	}
	text, err := t.signed(ctx, strings.Repeat("x", 40), start)
	return hold{head: text, body: start - 1}, err
}

// signed is the head of a StartChatContact that is signed with the server's key and some secret.
func (t *target) signed(ctx context.Context, secret string, size int) (string, error) {
	key, err := durable.FirstKey(t.data)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, t.url+"/contact/chat", http.NoBody)
	if err != nil {
		return "", err
	}
	key.SecretAccessKey = secret
	err = v4.NewSigner().SignHTTP(ctx, key, r, strings.Repeat("ab", 32), "connect", "us-east-1", time.Now())
	return fmt.Sprintf("PUT /contact/chat HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nX-Amz-Date: %s\r\nAuthorization: %s\r\n\r\n",
		r.Host, size, r.Header.Get("X-Amz-Date"), r.Header.Get("Authorization")), err
}

// holders are the connections of one attack.
type holders struct {
	url  string
	kind func(i int) (hold, error)

	conns   sync.WaitGroup
	settled atomic.Int64 // that have sent all they send, or were cut off
	alive   atomic.Int64 // that the server has not closed or answered
	mu      sync.Mutex   // guards all
	all     []net.Conn
}

// open opens the connections, from 200 addresses where loopback has more than one.
func (h *holders) open(ctx context.Context) {
	h.alive.Add(held)
	var openers sync.WaitGroup
	for w := range 32 {
		openers.Go(func() {
			for i := w; i < held; i += 32 {
				h.hold(ctx, i)
			}
		})
	}
	openers.Wait()
}

func (h *holders) hold(ctx context.Context, i int) {
	k, err := h.kind(i)
	var c net.Conn
	if err == nil {
		c, err = dial(ctx, h.url, net.IPv4(127, 0, 1, byte(1+i%200)))
	}
	if err != nil {
		h.alive.Add(-1)
		h.settled.Add(1)
		return
	}
	h.mu.Lock()
	h.all = append(h.all, c)
	h.mu.Unlock()
	h.conns.Go(func() {
		_, _ = c.Read(make([]byte, 1)) // an answer, or the end
		h.alive.Add(-1)
	})
	h.conns.Go(func() {
		defer h.settled.Add(1)
		if _, err := io.WriteString(c, k.head); err != nil {
			return // it was cut off
		}
		for left := k.body; left > 0; {
			n := min(left, len(filler))
			if k.slow {
				n = 1
				select {
				case <-time.After(dripEvery):
				case <-ctx.Done():
					return
				}
			}
			if _, err := c.Write(filler[:n]); err != nil {
				return // likewise
			}
			left -= n
		}
	})
}

var filler = make([]byte, 16<<10)

// settle waits until all connections have sent what they send, or have got stuck for a while, and
// returns how many the server neither answered nor closed.
func (h *holders) settle(ctx context.Context) int64 {
	for late := time.Now().Add(5 * time.Second); h.settled.Load() < held && time.Now().Before(late) && ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
	}
	return h.left()
}

func (h *holders) left() int64 { return h.alive.Load() }

func (h *holders) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.all {
		_ = c.Close() // the server may have
	}
	h.conns.Wait()
}

// dial connects to a server from an address, if it can be had.
func dial(ctx context.Context, to string, from net.IP) (net.Conn, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 30 * time.Second}
	c, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		d.LocalAddr = nil
		c, err = d.DialContext(ctx, "tcp", u.Host)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(32 << 10) // or they fill the kernel instead
	}
	return c, err
}

// once sends a request on a connection of its own and returns the status of the answer.
func once(ctx context.Context, to, request string) (int, error) {
	c, err := dial(context.WithoutCancel(ctx), to, net.IPv4(127, 0, 0, 2)) // or the end of the attack would look like a fault
	if err != nil {
		return 0, err
	}
	defer c.Close()                                     // the answer has been read
	_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // of a socket: it does not fail
	go io.WriteString(c, request)                       // the answer may come before all is sent
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// sockets are those that an attacker opens and leaves.
type sockets struct {
	mu  sync.Mutex // guards all
	all []net.Conn
	n   atomic.Int64 // still open
}

// open makes a handshake and reports whether the server took it.
func (s *sockets) open(ctx context.Context, to string) (bool, error) {
	u, err := url.Parse(to)
	if err != nil {
		return false, err
	}
	c, err := dial(context.WithoutCancel(ctx), "http://"+u.Host, net.IPv4(127, 0, 0, 2))
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.all = append(s.all, c)
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) }) // of a socket: it does not fail
	defer stop()
	in, err := handshake(c, u)
	if err != nil { // refused, or cut off
		_ = c.Close() // it is no socket
		return false, nil
	}
	s.n.Add(1)
	go func() {
		_, _ = io.Copy(io.Discard, in) // ends with the socket
		s.n.Add(-1)
	}()
	return true, nil
}

func (s *sockets) left() int64 { return s.n.Load() }

func (s *sockets) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		_ = c.Close() // the server may have
	}
}
