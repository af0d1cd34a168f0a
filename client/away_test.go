package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/client"
)

// TestUnreadableTranscript: a transcript that is refused ends the session with the refusal, however often
// connections are given.
func TestUnreadableTranscript(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		for name, poll := range map[string]time.Duration{"socket": 0, "poll": time.Second} {
			session := s.join(client.SessionConfig{Token: token, After: "unknown", Poll: poll})
			began := time.Now()
			<-session.Done()
			if e := asError(t, session.Err()); e.Status() != 400 || session.State() != client.Closed || time.Since(began) > time.Minute {
				t.Errorf("%s: %v after %v, with %v; want it refused", name, session.State(), time.Since(began), session.Err())
			}
			_ = session.Close()
		}
	})
}

// TestAfterAnyItem: what is stored can be gone on behind, and nothing else.
func TestAfterAnyItem(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, contact := s.chat()
		var seen []*client.Item
		ana := s.join(client.SessionConfig{Token: token, OnItem: func(item *client.Item) { seen = append(seen, item) }})
		robo := s.join(client.SessionConfig{Token: s.bot(contact), ConnectParticipant: true, SendOnly: true})
		pass(time.Second)
		sent, err := ana.Send(t.Context(), "Hi")
		if err := errors.Join(err, robo.Typing(t.Context()), robo.Read(t.Context(), sent.ID)); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		_ = ana.Close()
		stored := 0
		for _, item := range seen {
			again := s.join(client.SessionConfig{Token: token, After: item.ID()})
			pass(time.Minute)
			if item.Stored() {
				stored++
			}
			if found := again.State() == client.Connected; found != item.Stored() {
				t.Errorf("behind %s %s: %v, %v; stored: %t", item.Type, item.Event(), again.State(), again.Err(), item.Stored())
			}
			_ = again.Close()
		}
		if stored != 4 || len(seen) != 6 { // twice joined, Hello and Hi; typing and the receipt
			t.Errorf("%d of %d items are stored", stored, len(seen))
		}
		_ = robo.Close()
	})
}

// TestFastClock: to a computer that is days ahead each token has ended already. It asks for no more of
// them than others do.
func TestFastClock(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		line := newCounting(t, s)
		expiry := regexp.MustCompile(`"Expiry":"[^"]*"`)
		ahead := roundTrip(func(r *http.Request) (*http.Response, error) {
			res, err := line.RoundTrip(r)
			if err != nil || r.URL.Path != "/participant/connection" {
				return res, err
			}
			body, err := io.ReadAll(res.Body)
			err = errors.Join(err, res.Body.Close())
			past := time.Now().Add(-48 * time.Hour).UTC().Format(`"Expiry":"` + time.RFC3339 + `"`)
			text := expiry.ReplaceAllString(string(body), past)
			res.Body, res.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			return res, err
		})
		session, err := s.client(ahead, nil).Join(t.Context(), client.SessionConfig{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Hour)
		if n := line.count("/participant/connection"); n != 4 || session.State() != client.Connected {
			t.Errorf("%d connections in three hours, the session is %v; want 4, connected", n, session.State())
		}
		_ = session.Close()
	})
}

// TestProxyRefuses: what refuses without naming an error is no service, and says nothing about the chat,
// which goes on once it lets the session through again.
func TestProxyRefuses(t *testing.T) {
	for _, status := range []int{403, 404, 429} {
		onStage(t, func(t *testing.T, s *stage) {
			token, _ := s.chat()
			line := newCounting(t, s)
			var refuse atomic.Bool
			line.before = func(r *http.Request) (*http.Response, error) {
				if refuse.Load() {
					return canned(r, status, ""), nil
				}
				return nil, nil
			}
			var seen collector
			session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item})
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
			refuse.Store(true)
			s.net.cut()
			time.AfterFunc(time.Minute, func() { refuse.Store(false) })
			_, err = session.Send(t.Context(), "Hi")
			pass(time.Minute)
			if err != nil || seen.said() != "[joined] Hello Hi" || session.State() != client.Connected {
				t.Errorf("%d: Send = %v, heard %s, %v", status, err, seen.said(), session.State())
			}
			refuse.Store(true)
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := session.End(short); err == nil {
				t.Errorf("%d: End did nothing and says nothing", status)
			}
			cancel()
			refuse.Store(false)
			_ = session.Close()
		})
	}
}

// fleeting breaks each socket as soon as it is subscribed.
type fleeting struct{ io.ReadWriteCloser }

func (f *fleeting) Read(p []byte) (int, error) {
	n, err := f.ReadWriteCloser.Read(p)
	if strings.Contains(string(p[:n]), "success") {
		_ = f.Close()
	}
	return n, err
}

// TestShortLivedSockets: sockets that open and break are opened less and less often, and the chat goes on
// by its transcript.
func TestShortLivedSockets(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		transport := &http.Transport{DialContext: s.net.dial, IdleConnTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		var sockets atomic.Int32
		line := &counting{next: transport, before: func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Upgrade") == "" {
				return nil, nil
			}
			sockets.Add(1)
			res, err := transport.RoundTrip(r)
			if err == nil {
				res.Body = &fleeting{res.Body.(io.ReadWriteCloser)}
			}
			return res, err
		}}
		var seen collector
		session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item, GiveUp: 10 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		pass(50 * time.Minute)
		if _, err := session.Send(t.Context(), "Still there?"); err != nil {
			t.Error(err)
		}
		pass(time.Minute)
		if n := sockets.Load(); n > 600 || seen.said() != "[joined] Hello Still there?" {
			t.Errorf("%d sockets in 51 minutes, heard %s", n, seen.said())
		}
		_ = session.Close()
	})
}

// TestHungRequests: a request without an answer holds up neither the session nor a message for good.
func TestHungRequests(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		line := newCounting(t, s)
		var hung atomic.Int32
		line.before = func(r *http.Request) (*http.Response, error) {
			for i, path := range []string{"/participant/transcript", "/participant/message"} {
				if strings.HasSuffix(r.URL.Path, path) && hung.CompareAndSwap(int32(i), int32(i+1)) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
			}
			return nil, nil
		}
		token, _ := s.chat()
		var seen collector
		session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item})
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		began := time.Now()
		_, err = session.Send(t.Context(), "Hi")
		pass(time.Second)
		if took := time.Since(began); err != nil || took > time.Minute || hung.Load() != 2 || seen.said() != "[joined] Hello Hi" {
			t.Errorf("Send = %v after %v, heard %s; %d requests hung", err, took, seen.said(), hung.Load())
		}
		_ = session.Close()
	})
}

// TestEndWithHungRequests: the reading after the end of the chat is not given up for one request without an answer.
func TestEndWithHungRequests(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		line := newCounting(t, s)
		var hang atomic.Bool
		line.before = func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("X-Parley-After-End") != "" && hang.CompareAndSwap(true, false) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return nil, nil
		}
		hang.Store(true)
		token, _ := s.chat()
		var seen collector
		away, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item})
		if err != nil {
			t.Fatal(err)
		}
		here := s.join(client.SessionConfig{Token: token, SendOnly: true})
		pass(time.Minute)
		s.net.cut()
		if err := errors.Join(second(here.Send(t.Context(), "bye")), here.End(t.Context())); err != nil {
			t.Fatal(err)
		}
		<-away.Done()
		if hang.Load() || seen.said() != "[joined] Hello bye [left] [chat.ended]" {
			t.Errorf("heard %s; a request hung: %t", seen.said(), !hang.Load())
		}
		_ = away.Close()
		_ = here.Close()
	})
}

func second(_ client.Sent, err error) error { return err }
