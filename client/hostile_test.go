package client_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client"
)

// hostile is a Connector that does to requests and sockets what bad networks, proxies and busy
// services do.
type hostile struct {
	next http.RoundTripper
	calm atomic.Bool // lets everything through

	mu   sync.Mutex // guards what follows
	rand *rand.Rand
	done map[string]int // what was done, how often
}

func newHostile(next http.RoundTripper) *hostile {
	return &hostile{next: next, rand: rand.New(rand.NewPCG(1, 2)), done: map[string]int{}}
}

// strikes reports whether something of a probability in a thousand happens now.
func (h *hostile) strikes(what string, perMille int) bool {
	if h.calm.Load() {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rand.IntN(1000) >= perMille {
		return false
	}
	h.done[what]++
	return true
}

func (h *hostile) delay(most time.Duration) {
	h.mu.Lock()
	d := time.Duration(h.rand.Int64N(int64(most)))
	h.mu.Unlock()
	t := time.NewTimer(d)
	<-t.C
}

func (h *hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.strikes("delayed request", 100) {
		h.delay(500 * time.Millisecond)
	}
	switch {
	case h.strikes("broken request", 15):
		return nil, io.ErrUnexpectedEOF
	case h.strikes("403", 10):
		return canned(r, 403, "AccessDeniedException"), nil
	case h.strikes("403 of a proxy", 5):
		return canned(r, 403, ""), nil
	case h.strikes("429", 15):
		return canned(r, 429, "ThrottlingException"), nil
	case h.strikes("503", 10):
		return canned(r, 503, ""), nil
	case r.GetBody != nil && h.strikes("doubled request", 20):
		again := r.Clone(r.Context())
		again.Body, _ = r.GetBody()
		if res, err := h.next.RoundTrip(again); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
	res, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if rw, ok := res.Body.(io.ReadWriteCloser); ok && res.StatusCode == http.StatusSwitchingProtocols {
		res.Body = &hostileSocket{ReadWriteCloser: rw, h: h, br: bufio.NewReader(rw)}
		return res, nil
	}
	if h.strikes("lost response", 15) {
		_ = res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return res, nil
}

func canned(r *http.Request, status int, code string) *http.Response {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	res := &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader("<html>"))}
	if code != "" {
		res.Header.Set("X-Amzn-Errortype", code)
		res.Body = io.NopCloser(strings.NewReader(`{"Message":"no"}`))
	}
	return res
}

// hostileSocket repeats frames, holds them up and breaks.
type hostileSocket struct {
	io.ReadWriteCloser
	h     *hostile
	br    *bufio.Reader
	ready bytes.Buffer // frames on their way to the client
}

func (s *hostileSocket) Read(p []byte) (int, error) {
	if s.ready.Len() == 0 {
		frame, err := s.frame()
		if err != nil {
			return 0, err
		}
		switch {
		case s.h.strikes("cut socket", 8):
			_ = s.Close()
			half := frame[:len(frame)/2]
			return copy(p, half), io.ErrUnexpectedEOF
		case s.h.strikes("delayed frame", 50):
			s.h.delay(2 * time.Second)
		}
		s.ready.Write(frame)
		if frame[0]&0x0f == 1 && s.h.strikes("doubled frame", 50) {
			s.ready.Write(frame)
		}
	}
	return s.ready.Read(p)
}

// frame reads one frame of the server.
func (s *hostileSocket) frame() ([]byte, error) {
	head := make([]byte, 2, 1024)
	if _, err := io.ReadFull(s.br, head); err != nil {
		return nil, err
	}
	more, length := 0, int(head[1]&0x7f)
	switch length {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	head = append(head, make([]byte, more)...)
	if _, err := io.ReadFull(s.br, head[2:]); err != nil {
		return nil, err
	}
	switch more {
	case 2:
		length = int(binary.BigEndian.Uint16(head[2:]))
	case 8:
		length = int(binary.BigEndian.Uint64(head[2:]))
	}
	frame := append(head, make([]byte, length)...)
	_, err := io.ReadFull(s.br, frame[len(head):])
	return frame, err
}

// messages is how many the hostile network has to carry.
const messages = 10_000

// TestHostileNetwork sends ten thousand messages from both sides of a chat over a network that
// breaks, repeats and delays, past refusals and through restarts of the server. Both sides see each
// of them once and in the order of the transcript.
func TestHostileNetwork(t *testing.T) {
	onStageIn(t, t.TempDir(), func(t *testing.T, s *stage) {
		transport := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		evil := newHostile(transport)
		enemy := s.client(evil, func(c *client.Config) { c.AttemptTimeout = 20 * time.Second })

		token, contact := s.chat()
		robot := s.bot(contact)
		join := func(cfg client.SessionConfig) *client.Session {
			for {
				session, err := enemy.Join(t.Context(), cfg)
				if err == nil {
					return session
				}
			}
		}
		var seen [2]record
		customer := join(client.SessionConfig{Token: token, OnItem: seen[0].item, OnState: seen[0].state, SendTimeout: time.Hour, GiveUp: 24 * time.Hour})
		bot := join(client.SessionConfig{Token: robot, ConnectParticipant: true, Poll: 2 * time.Second, OnItem: seen[1].item, OnState: seen[1].state, SendTimeout: time.Hour, GiveUp: 24 * time.Hour})

		const senders = 50
		var sending sync.WaitGroup
		for n := range senders {
			who := []*client.Session{customer, bot}[n%2]
			sending.Go(func() {
				for m := range messages / senders {
					if _, err := who.Send(t.Context(), fmt.Sprintf("%d:%d", n, m)); err != nil {
						t.Errorf("sender %d: %v", n, err)
						return
					}
					pass(time.Duration(1+rand.IntN(5)) * 500 * time.Millisecond) // together: the disk is the slow part
				}
			})
		}
		stop := make(chan struct{})
		var trouble sync.WaitGroup
		trouble.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-time.After(25 * time.Second):
				case <-stop:
					return
				}
				s.net.cut() // everything at once
				if n%3 == 0 {
					s.net.plug(false)
					s.server.Stop()
					pass(5 * time.Second)
					s.start()
					s.net.plug(true)
				}
			}
		})
		sending.Wait()
		close(stop)
		trouble.Wait()
		evil.calm.Store(true)
		for range 100 { // with the flow's greeting it is one more
			if seen[0].messages() > messages && seen[1].messages() > messages {
				break
			}
			pass(10 * time.Second)
		}
		want := transcript(t, s, token)
		for i, who := range []string{"the customer", "the bot"} {
			seen[i].compare(t, who, want)
		}
		for n := range senders {
			inOrder(t, want, fmt.Sprint(n)+":")
		}
		if err := customer.Close(); err != nil {
			t.Error(err)
		}
		if err := bot.Close(); err != nil {
			t.Error(err)
		}
		evil.mu.Lock()
		defer evil.mu.Unlock()
		t.Logf("%v; the customer came back %d times, the bot %d times", evil.done, seen[0].returns, seen[1].returns)
		for _, what := range []string{"broken request", "403", "403 of a proxy", "429", "503", "doubled request", "lost response", "cut socket", "doubled frame", "delayed frame"} {
			if evil.done[what] == 0 {
				t.Errorf("there was no %s", what)
			}
		}
	})
}

func pass(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
}

// record keeps what a session hands on, by id.
type record struct {
	mu      sync.Mutex // guards what follows
	ids     []string   // of what is kept in transcripts, in the order of their coming
	said    int
	returns int
}

func (r *record) item(i *client.Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i.IsMessage() {
		r.said++
	}
	switch i.Event() {
	case "", client.EventJoined, client.EventLeft, client.EventEnded:
		r.ids = append(r.ids, i.ID())
	}
}

func (r *record) state(s client.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s == client.Reconnecting {
		r.returns++
	}
}

func (r *record) messages() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said
}

// compare holds the record to a transcript.
func (r *record) compare(t *testing.T, who string, want []participant.Item) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) != len(want) {
		t.Errorf("%s saw %d items; the transcript has %d", who, len(r.ids), len(want))
	}
	for n := range min(len(r.ids), len(want)) {
		if r.ids[n] != *want[n].Id {
			t.Errorf("item %d that %s saw is %s; the transcript has %s", n, who, r.ids[n], *want[n].Id)
			return
		}
	}
}

// inOrder checks that one sender's messages are all there, in their order.
func inOrder(t *testing.T, items []participant.Item, prefix string) {
	t.Helper()
	n := 0
	for i := range items {
		if items[i].Content != nil && strings.HasPrefix(*items[i].Content, prefix) {
			if want := fmt.Sprint(prefix, n); *items[i].Content != want {
				t.Errorf("found %s; want %s", *items[i].Content, want)
				return
			}
			n++
		}
	}
	if n != messages/50 {
		t.Errorf("%d messages of sender %s", n, prefix)
	}
}

// transcript reads a whole chat with a client that is left in peace.
func transcript(t *testing.T, s *stage, token string) []participant.Item {
	t.Helper()
	conn, err := s.c.Participant.CreateParticipantConnection().ParticipantToken(token).Type(participant.ConnectionTypeCONNECTION_CREDENTIALS).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var items []participant.Item
	for item, err := range s.c.Participant.GetTranscript().ConnectionToken(*conn.ConnectionCredentials.ConnectionToken).MaxResults(100).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING).Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items
}
