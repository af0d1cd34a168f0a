package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/client"
)

// counting is a Connector that counts what passes, by path.
type counting struct {
	next   http.RoundTripper
	before func(*http.Request) (*http.Response, error) // answers in place of next when it returns something

	mu    sync.Mutex // guards paths
	paths map[string]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if c.paths == nil {
		c.paths = map[string]int{}
	}
	c.paths[r.URL.Path]++
	c.mu.Unlock()
	if c.before != nil {
		if res, err := c.before(r); res != nil || err != nil {
			return res, err
		}
	}
	return c.next.RoundTrip(r)
}

func (c *counting) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paths[path]
}

// newCounting is a counting Connector on the stage's network.
func newCounting(t *testing.T, s *stage) *counting {
	transport := &http.Transport{DialContext: s.net.dial, IdleConnTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return &counting{next: transport}
}

// TestRotation stays for half a day: connections are changed every 59 minutes, before the server ends
// them, and nobody notices.
func TestRotation(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		count := newCounting(t, s)
		var seen collector
		session, err := s.client(count, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item, OnState: seen.state})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the customer first, then the bot
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
		want := []string{"[joined]", "Hello", "[joined]"}
		for n := range 72 {
			pass(10*time.Minute - 7*time.Second)
			text := fmt.Sprint("m", n)
			if _, err := robo.Send(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		pass(time.Second)
		if got := seen.said(); got != strings.Join(want, " ") {
			t.Errorf("seen: %s", got)
		}
		if n := count.count("/participant/connection"); n != 13 {
			t.Errorf("%d connections in 12 hours; want 13", n)
		}
		if !slices.Equal(seen.states, []client.State{client.Connected}) {
			t.Errorf("states %v; want connected all the time", seen.states)
		}
		for _, x := range []*client.Session{session, robo, session} {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
		if session.State() != client.Closed || !errors.Is(session.Err(), client.ErrClosed) || !errors.Is(robo.Err(), client.ErrClosed) {
			t.Errorf("closed as %v with %v, %v", session.State(), session.Err(), robo.Err())
		}
		if _, err := session.Send(t.Context(), "x"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("Send after Close = %v", err)
		}
	})
}

// deaf is a socket on which nothing comes any more, as when a router forgets a connection.
type deaf struct {
	io.ReadWriteCloser
	dead   *atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (d *deaf) Read(p []byte) (int, error) {
	n, err := d.ReadWriteCloser.Read(p)
	if d.dead.Load() {
		<-d.closed
		return 0, io.ErrClosedPipe
	}
	return n, err
}

func (d *deaf) Write(p []byte) (int, error) {
	if d.dead.Load() {
		return len(p), nil
	}
	return d.ReadWriteCloser.Write(p)
}

func (d *deaf) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.ReadWriteCloser.Close()
}

// TestDeadLine notices a connection on which nothing comes any more by its heartbeats.
func TestDeadLine(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		count := newCounting(t, s)
		var dead atomic.Bool
		next := count.next
		count.before = func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Upgrade") == "" || dead.Load() {
				return nil, nil
			}
			res, err := next.RoundTrip(r)
			if err == nil {
				res.Body = &deaf{ReadWriteCloser: res.Body.(io.ReadWriteCloser), dead: &dead, closed: make(chan struct{})}
			}
			return res, err
		}
		var seen collector
		session, err := s.client(count, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item, OnState: seen.state})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the customer first, then the bot
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
		pass(time.Minute)
		dead.Store(true)
		if _, err := robo.Send(t.Context(), "anybody there?"); err != nil {
			t.Fatal(err)
		}
		pass(40 * time.Second)
		if got := seen.said(); got != "[joined] Hello [joined] anybody there?" {
			t.Errorf("seen: %s", got)
		}
		if !slices.Equal(seen.states, []client.State{client.Connected, client.Reconnecting, client.Connected}) {
			t.Errorf("states %v", seen.states)
		}
		for _, x := range []*client.Session{session, robo} {
			_ = x.Close()
		}
	})
}

// TestEndedWhileAway: the chat ends while the network is down. The session finds out, and reads what
// was said meanwhile; where the service does not let it, as Amazon does not, it is told of the end alone.
func TestEndedWhileAway(t *testing.T) {
	for name, c := range map[string]struct {
		session client.SessionConfig
		header  string // what becomes of the wish to read after the end
		refuse  int    // so many reads are refused first
		want    string
		ids     int // of items without an id
	}{
		"read":                  {want: "[joined] Hello"},
		"polled":                {session: client.SessionConfig{Poll: 5 * time.Second}, want: "[joined] Hello"},
		"without history":       {session: client.SessionConfig{History: -1}},
		"read at the third try": {refuse: 2, want: "[joined] Hello"},
		"refused":               {header: "Amazon", want: "[joined] Hello [chat.ended]", ids: 1},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				token, contact := s.chat()
				var down atomic.Bool
				asked := 0
				count := newCounting(t, s)
				count.before = func(r *http.Request) (*http.Response, error) {
					if down.Load() {
						return nil, errDown
					}
					if r.Header.Get("X-Parley-After-End") == "" {
						return nil, nil
					}
					if asked++; asked <= c.refuse {
						return canned(r, 403, "AccessDeniedException"), nil
					}
					if c.header != "" {
						r.Header.Del("X-Parley-After-End")
					}
					return nil, nil
				}
				var seen collector
				first := s.join(client.SessionConfig{Token: token, SendOnly: true})
				robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
				_ = first.Close()
				c.session.Token, c.session.OnItem, c.session.OnState = token, seen.item, seen.state
				away, err := s.client(count, nil).Join(t.Context(), c.session)
				if err != nil {
					t.Fatal(err)
				}
				here := s.join(client.SessionConfig{Token: token, History: -1})
				pass(10 * time.Second)
				want := strings.Fields(seen.said())
				down.Store(true)
				s.net.cut()
				pass(time.Minute)
				if away.State() != client.Reconnecting {
					t.Errorf("without a network it is %v", away.State())
				}
				for n := range 250 {
					if _, err := robo.Send(t.Context(), fmt.Sprint(n)); err != nil {
						t.Fatal(err)
					}
					if c.header == "" {
						want = append(want, fmt.Sprint(n))
					}
				}
				if err := here.End(t.Context()); err != nil {
					t.Fatal(err)
				}
				if c.header == "" {
					want = append(want, "[left]", "[left]")
				}
				want = append(want, "[chat.ended]")
				began := time.Now()
				down.Store(false)
				<-away.Done()
				if took := time.Since(began); took > 3*time.Minute {
					t.Errorf("the end was found after %v", took)
				}
				if got := seen.said(); away.Err() != nil || away.State() != client.Ended || got != strings.Join(want, " ") {
					t.Errorf("over with %v, %v; seen %s\nwant %s", away.Err(), away.State(), got, strings.Join(want, " "))
				}
				if without := len(seen.texts) - len(seen.ids); without != c.ids {
					t.Errorf("%d items had no id, or one that was there before; want %d", without, c.ids)
				}
				var all strings.Builder
				for item, err := range here.Items(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					all.WriteString(item.Event() + item.Text() + " ")
				}
				heard := all.String()
				if !strings.Contains(heard, "0 1 2 ") || !strings.HasSuffix(heard, " 249 participant.left participant.left chat.ended ") {
					t.Errorf("a session without history heard %s", heard)
				}
				for _, x := range []*client.Session{away, here, robo} {
					_ = x.Close()
				}
			})
		})
	}
}

// TestSlowReader takes items so slowly that the server gives up on the socket, and misses nothing.
func TestSlowReader(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		session := s.join(client.SessionConfig{Token: token})
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
		const n = 1500
		for i := range n {
			if _, err := robo.Send(t.Context(), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		pass(5 * time.Minute)
		next := 0
		for item, err := range session.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if item.Text() == "Hello" || !item.IsMessage() {
				continue
			}
			if item.Text() != fmt.Sprint(next) {
				t.Fatalf("got %q; want %d", item.Text(), next)
			}
			if next++; next == n {
				break
			}
		}
		for _, x := range []*client.Session{session, robo} {
			_ = x.Close()
		}
		for _, err := range session.Items(t.Context()) {
			if err != nil && !errors.Is(err, client.ErrClosed) {
				t.Errorf("Items after Close: %v", err)
			}
		}
	})
}

// TestResume goes on where another session was, in pages, and reads no more history than wanted.
func TestResume(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		first := s.join(client.SessionConfig{Token: token})
		synctest.Wait() // the flow has begun
		_ = first.Close()
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
		var ids []string
		for i := range 250 {
			sent, err := robo.Send(t.Context(), fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, sent.ID)
		}
		for name, c := range map[string]struct {
			config      client.SessionConfig
			first, last string
			items       int
		}{
			"all":            {client.SessionConfig{}, "[joined]", "249", 253}, // twice joined, and Hello
			"some":           {client.SessionConfig{History: 120}, "130", "249", 120},
			"behind one":     {client.SessionConfig{After: ids[99]}, "100", "249", 150},
			"behind the end": {client.SessionConfig{After: ids[249]}, "", "", 0},
			"none":           {client.SessionConfig{History: -1}, "", "", 0},
			"polled":         {client.SessionConfig{Poll: time.Second}, "[joined]", "249", 253},
		} {
			c.config.Token = token
			var seen collector
			c.config.OnItem = seen.item
			session := s.join(c.config)
			pass(3 * time.Second)
			_ = session.Close()
			if len(seen.texts) != c.items || c.items > 0 && (seen.texts[0] != c.first || seen.texts[c.items-1] != c.last) {
				t.Errorf("%s: %d items, %v", name, len(seen.texts), seen.texts)
			}
		}
		_ = robo.Close()
	})
}

// TestGivingUp: a network that stays away ends a session, and errors of joining are those of the call.
func TestGivingUp(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		if _, err := s.c.Join(t.Context(), client.SessionConfig{Token: "nonsense"}); asError(t, err).Status() != 403 {
			t.Errorf("Join = %v", err)
		}
		token, _ := s.chat()
		session := s.join(client.SessionConfig{Token: token, GiveUp: 5 * time.Minute})
		pass(time.Second)
		s.net.plug(false)
		began := time.Now()
		if _, err := session.Send(t.Context(), "lost?"); asError(t, err).Kind == client.ServiceError {
			t.Errorf("Send = %v", err)
		}
		if took := time.Since(began); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("Send gave up after %v; want 2 minutes", took)
		}
		<-session.Done()
		if took := time.Since(began); took < 5*time.Minute || took > 6*time.Minute || session.State() != client.Closed {
			t.Errorf("the session is %v after %v", session.State(), took)
		}
		e := asError(t, session.Err())
		if e.Kind != client.DispatchFailure || !strings.HasPrefix(session.Err().Error(), "could not reconnect to the chat within 5m0s") {
			t.Errorf("Err = %v", session.Err())
		}
		var last error
		for _, err := range session.Items(t.Context()) {
			last = err
		}
		if !errors.Is(last, session.Err()) {
			t.Errorf("Items ended with %v", last)
		}
		_ = session.Close()
		s.net.plug(true)
	})
}

// TestAttachments sends a file over a connection that breaks, and fetches it.
func TestAttachments(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		count := newCounting(t, s)
		broken := 0
		count.before = func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut && broken < 2 {
				broken++
				_, _ = io.CopyN(io.Discard, r.Body, 10_000)
				_ = r.Body.Close()
				if broken == 1 {
					return nil, io.ErrUnexpectedEOF
				}
				return canned(r, 503, ""), nil
			}
			return nil, nil
		}
		session, err := s.client(count, nil).Join(t.Context(), client.SessionConfig{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		file := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
		var sent []int64
		id, err := session.Attach(t.Context(), client.Upload{
			Name: "report.txt", ContentType: "text/plain", Size: int64(len(file)), Body: bytes.NewReader(file),
			Progress: func(n, total int64) {
				if total != int64(len(file)) {
					t.Errorf("progress of %d", total)
				}
				sent = append(sent, n)
			},
		})
		if err != nil || id == "" {
			t.Fatalf("Attach = %q, %v", id, err)
		}
		if broken != 2 || len(sent) < 4 || sent[len(sent)-1] != int64(len(file)) {
			t.Errorf("broken %d times, progress %v", broken, sent)
		}
		for item, err := range session.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if len(item.Attachments) == 1 {
				if *item.Attachments[0].AttachmentId != id {
					t.Errorf("the attachment is %s; want %s", *item.Attachments[0].AttachmentId, id)
				}
				break
			}
		}
		var got bytes.Buffer
		var last int64
		n, err := session.Download(t.Context(), id, &got, func(n, total int64) { last = n })
		if err != nil || n != int64(len(file)) || !bytes.Equal(got.Bytes(), file) || last != n {
			t.Errorf("Download = %d, %v; progress to %d", n, err, last)
		}
		if _, err := session.Attach(t.Context(), client.Upload{Name: "x.exe", ContentType: "application/x-msdownload", Size: 1, Body: strings.NewReader("x")}); asError(t, err).Status() != 400 {
			t.Errorf("Attach of a program = %v", err)
		}
		if _, err := session.Attach(t.Context(), client.Upload{Name: "x.txt", ContentType: "text/plain", Size: 5, Body: strings.NewReader("x")}); err == nil {
			t.Error("a file that is shorter than it says was sent")
		}
		if _, err := session.Download(t.Context(), "nothing", &got, nil); asError(t, err).Status() != 400 && asError(t, err).Status() != 404 {
			t.Errorf("Download of nothing = %v", err)
		}
		_ = session.Close()
		synctest.Wait()
	})
}
