package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley.example/parley/api/connect"
	"parley.example/parley/bench/durable"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/websocket"
)

const (
	honestChats = 20                     // customers who behave
	honestPause = 500 * time.Millisecond // between two messages of one
	connections = 16                     // of an attacker

	// What the server allows without settings: see docs/running.md.
	participantRate, participantBurst = 20, 100
	addressRate, addressBurst         = 200, 1000
	frameRate, frameBurst             = 20, 200
)

func participant(seconds float64) float64 { return participantBurst + participantRate*seconds }

// Of a large transcript: as many messages as one may send at once, nearly as long as they may be.
const (
	largeMessages = participantBurst - 10
	largeMessage  = 16_000 // characters
)

// act is what somebody does, and whether it was served.
type act = func(ctx context.Context, c customer) (bool, error)

// fair floods with what one participant, or one address, can do: messages, transcripts, guessed tokens and
// frames on a socket. Customers who behave chat meanwhile, or read what was said.
func fair(ctx context.Context, t *target, out io.Writer) error {
	chats, err := t.chats(ctx, honestChats+4)
	if err != nil {
		return err
	}
	honest, flooder, reader, pinger, large := chats[:honestChats], chats[honestChats], chats[honestChats+1], chats[honestChats+2], chats[honestChats+3]
	elsewhere := attacker(2)
	for n := range largeMessages {
		if ok, err := here.post(ctx, t, "/participant/message", large.bearer, `{"ContentType":"text/plain","Content":"`+strings.Repeat("x", largeMessage)+`"}`); err != nil || !ok {
			return fmt.Errorf("message %d of a large transcript was not taken: %w", n+1, err)
		}
	}
	send := func(ctx context.Context, c customer) (bool, error) { return here.send(ctx, t, c.bearer) }
	read := func(ctx context.Context, c customer) (bool, error) {
		return here.post(ctx, t, "/participant/transcript", c.bearer, `{"MaxResults":15}`)
	}
	fmt.Fprintf(out, "%d customers send a message, or read, every %s; each attack has %d connections for %s\n", honestChats, honestPause, connections, t.lasts)
	fmt.Fprintf(out, "%-22s %9s %8s %9s   %9s %7s %9s %9s\n", "attack", "tried", "passed", "may pass", "honest", "failed", "p50", "p99")
	for _, a := range []struct {
		name string
		most func(seconds float64) float64 // how many attempts may be served
		// try makes one attempt and reports whether it was served.
		try    func(ctx context.Context) (bool, error)
		behave act
	}{
		{"none", func(float64) float64 { return 0 }, nil, send},
		{"none, all read", func(float64) float64 { return 0 }, nil, read},
		{"messages", participant, func(ctx context.Context) (bool, error) { return elsewhere.send(ctx, t, flooder.bearer) }, send},
		{"transcripts", func(s float64) float64 { return participant(s) / 2 }, func(ctx context.Context) (bool, error) {
			return elsewhere.post(ctx, t, "/participant/transcript", reader.bearer, `{"MaxResults":100}`)
		}, send},
		{"large transcripts", func(s float64) float64 { return participant(s) / 2 }, func(ctx context.Context) (bool, error) {
			return elsewhere.post(ctx, t, "/participant/transcript", large.bearer, `{"MaxResults":100}`)
		}, read},
		{"guessed tokens", func(s float64) float64 { return (addressBurst + addressRate*s) / 10 }, func(ctx context.Context) (bool, error) {
			_, status, err := elsewhere.status(ctx, t, "/participant/message", center.NewUUID(), text)
			return status == http.StatusForbidden, err
		}, send},
		{"frames on a socket", func(s float64) float64 { return frameBurst + frameRate*s }, pinger.pings(t), send},
	} {
		f := t.while(ctx, honest, a.behave, a.try)
		most := a.most(f.took.Seconds())
		fmt.Fprintf(out, "%-22s %9d %8d %9.0f   %9d %7d %9s %9s\n", a.name, f.tried, f.passed, most, len(f.honest), f.failed, f.at(50), f.at(99))
		switch {
		case f.err != nil:
			return fmt.Errorf("%s: %w", a.name, f.err)
		case f.failed > 0:
			return fmt.Errorf("%s: %d calls of customers who behave failed", a.name, f.failed)
		case float64(f.passed) > most*1.1+connections: // the clocks are two
			return fmt.Errorf("%s: %d attempts passed; at most %.0f may", a.name, f.passed, most)
		}
	}
	return nil
}

// figures are what one attack leads to.
type figures struct {
	took          time.Duration
	tried, passed int64
	honest        []time.Duration
	failed        int
	err           error
}

// at returns a percentile of what the honest wait for.
func (f *figures) at(percent int) time.Duration {
	if len(f.honest) == 0 {
		return 0
	}
	return f.honest[(len(f.honest)-1)*percent/100].Round(10 * time.Microsecond)
}

// while lets customers behave as long as an attack lasts.
func (t *target) while(ctx context.Context, honest []customer, behave act, try func(context.Context) (bool, error)) *figures {
	ctx, cancel := context.WithTimeout(ctx, t.lasts)
	defer cancel()
	f, began := &figures{}, time.Now()
	var tried, passed atomic.Int64
	var mu sync.Mutex // guards f
	var wg sync.WaitGroup
	for n := 0; try != nil && n < connections; n++ {
		wg.Go(func() {
			for ctx.Err() == nil {
				ok, err := try(ctx)
				if tried.Add(1); ok {
					passed.Add(1)
				}
				if err != nil && ctx.Err() == nil {
					mu.Lock()
					f.err = err
					mu.Unlock()
					return
				}
			}
		})
	}
	for i := range honest {
		wg.Go(func() {
			pause := time.NewTimer(honestPause * time.Duration(i) / time.Duration(len(honest)))
			defer pause.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-pause.C:
				}
				began := time.Now()
				ok, err := behave(context.WithoutCancel(ctx), honest[i])
				mu.Lock()
				if f.honest = append(f.honest, time.Since(began)); !ok || err != nil {
					f.failed++
				}
				mu.Unlock()
				pause.Reset(honestPause)
			}
		})
	}
	wg.Wait()
	slices.Sort(f.honest)
	f.took = time.Since(began)
	f.tried, f.passed = tried.Load(), passed.Load()
	return f
}

// customer is somebody in a chat, or an agent.
type customer struct {
	bearer, socket string
	name           string // of an agent
}

// chats starts chats of an instance of their own, as a site's back end does.
func (t *target) chats(ctx context.Context, n int) ([]customer, error) {
	c, instance, err := t.instance(ctx)
	if err != nil {
		return nil, err
	}
	flow, err := c.CreateContactFlow().InstanceID(instance).Name("Quiet").Type(connect.ContactFlowTypeCONTACT_FLOW).Content(quiet).Send(ctx)
	if err != nil {
		return nil, err
	}
	chats := make([]customer, n)
	for i := range chats {
		out, err := c.StartChatContact().InstanceID(instance).ContactFlowID(*flow.ContactFlowId).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: fmt.Sprint("Customer ", i)}).
			SetConnectionTypes([]connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}).Send(ctx)
		if err != nil {
			return nil, err
		}
		chats[i] = customer{bearer: *out.ConnectionCredentials.ConnectionToken, socket: *out.Websocket.Url}
	}
	return chats, nil
}

// client returns a client of the server, with a key that may do everything.
func (t *target) client() (*client.Client, error) {
	key, err := durable.FirstKey(t.data)
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{Region: "us-east-1", Endpoint: t.url, UserAgent: "attack",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return key, nil })})
}

// quiet waits for an hour.
const quiet = `{"Version":"2019-10-30","StartAction":"wait","Metadata":{},"Actions":[
{"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"3600"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

const text = `{"ContentType":"text/plain","Content":"What is my balance?"}`

// caller makes requests from an address.
type caller struct {
	http   *http.Client
	dialer *net.Dialer
}

func newCaller(from net.IP) *caller {
	d := &net.Dialer{}
	if from != nil {
		d.LocalAddr = &net.TCPAddr{IP: from}
	}
	return &caller{&http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64}}, d}
}

var here = newCaller(nil)

// attacker returns a caller from another address, 127.0.0.n, where loopback has more than one.
func attacker(n byte) *caller {
	other := net.IPv4(127, 0, 0, n)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: other})
	if err != nil {
		return here
	}
	_ = l.Close() // nothing was accepted
	return newCaller(other)
}

func (c *caller) send(ctx context.Context, t *target, bearer string) (bool, error) {
	return c.post(ctx, t, "/participant/message", bearer, text)
}

// post reports whether a request was served; one that is over a rate is not, and no error.
func (c *caller) post(ctx context.Context, t *target, path, bearer, body string) (bool, error) {
	said, status, err := c.status(ctx, t, path, bearer, body)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusOK || status == http.StatusTooManyRequests:
		return status == http.StatusOK, nil
	}
	return false, fmt.Errorf("%s: %d %s", path, status, said)
}

func (c *caller) status(ctx context.Context, t *target, path, bearer, body string) (said string, status int, err error) {
	return c.request(ctx, t, http.MethodPost, path, bearer, body)
}

func (c *caller) request(ctx context.Context, t *target, method, path, bearer, body string) (said string, status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, t.url+path, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("X-Amz-Bearer", bearer)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return "", 0, err
	}
	status, said, err = answer(res)
	return said, status, err
}

// answer reads an answer to its end.
func answer(res *http.Response) (status int, said string, err error) {
	defer res.Body.Close() // read to its end
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	return res.StatusCode, string(b), err
}

// pings returns what opens one socket and then sends pings over it until the server closes it. An attempt is a
// ping; one that is answered was served.
func (c customer) pings(t *target) func(context.Context) (bool, error) {
	var once sync.Once
	var conn net.Conn
	var pongs, claimed atomic.Int64
	return func(ctx context.Context) (bool, error) {
		var err error
		once.Do(func() { conn, err = c.dial(ctx, &pongs) })
		if err != nil {
			return false, err
		}
		if conn == nil { // it was not opened, as another attempt has said
			<-ctx.Done()
			return false, nil
		}
		_, err = conn.Write(websocket.AppendMasked(nil, websocket.Ping, []byte(flood), [4]byte{1, 2, 3, 4}))
		if claimed.Add(1) <= pongs.Load() {
			return true, nil
		}
		claimed.Add(-1)
		if err != nil { // closed, as it should be
			<-ctx.Done()
		}
		return false, nil
	}
}

const flood = "flood"

// dial opens the socket of a customer, and counts the pongs that come back.
func (c customer) dial(ctx context.Context, pongs *atomic.Int64) (net.Conn, error) {
	u, err := url.Parse(c.socket)
	if err != nil {
		return nil, err
	}
	conn, err := here.dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() }) // the server may have closed it
	in, err := handshake(conn, u)
	if err != nil {
		return nil, err
	}
	go func() {
		for { // other frames may come between pongs
			text, err := in.ReadSlice(flood[len(flood)-1])
			if bytes.HasSuffix(text, []byte(flood)) {
				pongs.Add(1)
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	}()
	return conn, nil
}

// handshake makes a connection the socket of a URL, and returns what comes over it.
func handshake(c net.Conn, u *url.URL) (*bufio.Reader, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", u.RequestURI(), u.Host); err != nil {
		return nil, err
	}
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the socket was not opened: %v, %w", res, err)
	}
	return in, nil
}
