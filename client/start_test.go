package client_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/client/connectcall"
	"parley.example/parley/internal/catalog"
)

// ledger notes each request that passes, and may change it or refuse it.
type ledger struct {
	http.RoundTripper
	change func(*http.Request) error // may be nil

	mu   sync.Mutex // guards what follows
	seen []string
}

func (l *ledger) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.seen = append(l.seen, r.Method+" "+r.URL.Path)
	l.mu.Unlock()
	if l.change != nil {
		if err := l.change(r); err != nil {
			return nil, err
		}
	}
	return l.RoundTripper.RoundTrip(r)
}

// taken returns what has passed since it was last called.
func (l *ledger) taken() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := strings.Join(l.seen, ", ")
	l.seen = nil
	return seen
}

// unaware has a service that does not know ConnectionTypes: it ignores what it does not know.
func unaware(r *http.Request) error {
	if r.URL.Path != "/contact/chat" {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	delete(members, "ConnectionTypes")
	if body, err = json.Marshal(members); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// ledgered returns a client whose requests are noted.
func (s *stage) ledgered(change func(*http.Request) error) (*client.Client, *ledger) {
	l := &ledger{RoundTripper: &http.Transport{DialContext: s.net.dial, DisableKeepAlives: true}, change: change}
	return s.client(l, nil), l
}

// ana is a StartChatContact for Ana.
func (s *stage) ana(c *client.Client) connectcall.StartChatContact {
	return c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.flow).ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"})
}

const (
	putChat    = "PUT /contact/chat"
	getSocket  = "GET /ws"
	connection = "POST /participant/connection"
)

// TestStart: how many requests it takes until the first message is there, with a service that
// gives the connection with StartChatContact and with one that does not.
func TestStart(t *testing.T) {
	for _, c := range []struct {
		name    string
		service func(*http.Request) error
		cfg     client.SessionConfig
		want    []string
	}{
		{"one call", nil, client.SessionConfig{}, []string{putChat, getSocket}},
		{"an older service", unaware, client.SessionConfig{}, []string{putChat, connection, getSocket}},
		{"without a socket", nil, client.SessionConfig{SendOnly: true}, []string{putChat}},
		{"without a socket, an older service", unaware, client.SessionConfig{SendOnly: true}, []string{putChat, connection}},
		{"connected by a call", nil, client.SessionConfig{ConnectParticipant: true}, []string{putChat, connection, getSocket}},
		{"polling", nil, client.SessionConfig{Poll: time.Second}, []string{putChat}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				api, requests := s.ledgered(c.service)
				var seen collector
				cfg := c.cfg
				cfg.OnItem, cfg.OnState = seen.item, seen.state
				session, out, err := api.Start(t.Context(), s.ana(api), cfg)
				if err != nil || out.ContactId == nil {
					t.Fatalf("Start = %+v, %v", out, err)
				}
				defer session.Close()
				if got, want := requests.taken(), strings.Join(c.want, ", "); !strings.HasPrefix(got, want) {
					t.Errorf("it took %s; want %s", got, want)
				}
				synctest.Wait()
				if got := requests.taken(); strings.Contains(got, connection) {
					t.Errorf("later: %s", got)
				}
				if _, err := session.Send(t.Context(), "Hi"); err != nil {
					t.Fatalf("Send: %v", err)
				}
				if c.cfg.SendOnly {
					return
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if got := seen.said(); got != "[joined] Hello Hi" {
					t.Errorf("seen: %s", got)
				}
			})
		})
	}
}

// TestStartThatIsInterrupted: the chat has begun, and is joined later.
func TestStartThatIsInterrupted(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		down := false
		api, requests := s.ledgered(func(r *http.Request) error {
			if down && r.URL.Path != "/contact/chat" {
				return errDown
			}
			return nil
		})
		start := s.ana(api).ClientToken("k")
		down = true
		session, out, err := api.Start(t.Context(), start, client.SessionConfig{})
		if session != nil || err == nil || out == nil || out.ParticipantToken == nil {
			t.Fatalf("Start = %v, %+v, %v; want the answer and an error", session, out, err)
		}
		down = false
		requests.taken()
		joined, err := api.Join(t.Context(), client.SessionConfig{Token: *out.ParticipantToken})
		if err != nil {
			t.Fatalf("Join: %v", err)
		}
		defer joined.Close()
		again, repeated, err := api.Start(t.Context(), start, client.SessionConfig{})
		if err != nil || *repeated.ContactId != *out.ContactId {
			t.Fatalf("Start with the same ClientToken = %+v, %v; want contact %s", repeated, err, *out.ContactId)
		}
		defer again.Close()
		if err := joined.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-again.Done()
		if session, ended, err := api.Start(t.Context(), start, client.SessionConfig{}); session != nil || err == nil || *ended.ContactId != *out.ContactId {
			t.Errorf("Start after the end = %v, %+v, %v; want the refusal of a connection", session, ended, err)
		}
	})
}

// TestJoinByTheAnswer: whatever of a connection the answer has, the session works; a connection
// that does not open is replaced by another.
func TestJoinByTheAnswer(t *testing.T) {
	both := []connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}
	for _, c := range []struct {
		name  string
		types []connect.ConnectionType
		spoil func(*connect.StartChatContactResponse)
		want  string
	}{
		{"both", both, nil, getSocket},
		{"none", nil, nil, connection + ", " + getSocket},
		{"a URL alone", both[:1], nil, connection + ", " + getSocket},
		{"credentials alone", both[1:], nil, connection + ", " + getSocket},
		{"a URL of two minutes ago", both, func(*connect.StartChatContactResponse) { time.Sleep(2 * time.Minute) }, getSocket + ", " + connection + ", " + getSocket},
		{"a URL that is none", both, func(out *connect.StartChatContactResponse) { out.Websocket.Url = new("http://\x00") }, connection + ", " + getSocket},
		{"an empty structure", both, func(out *connect.StartChatContactResponse) { out.Websocket = &connect.Websocket{} }, connection + ", " + getSocket},
		{"an empty token", both, func(out *connect.StartChatContactResponse) {
			out.ConnectionCredentials = &connect.ConnectionCredentials{}
		}, connection + ", " + getSocket},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, func(t *testing.T, s *stage) {
				api, requests := s.ledgered(nil)
				out, err := s.ana(api).SetConnectionTypes(c.types).Send(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if c.spoil != nil {
					c.spoil(out)
				}
				requests.taken()
				var seen collector
				session, err := api.Join(t.Context(), client.SessionConfig{Chat: out, OnItem: seen.item})
				if err != nil {
					t.Fatalf("Join: %v", err)
				}
				defer session.Close()
				if got := requests.taken(); !strings.HasPrefix(got, c.want) {
					t.Errorf("it took %s; want %s", got, c.want)
				}
				if _, err := session.Send(t.Context(), "Hi"); err != nil {
					t.Fatalf("Send: %v", err)
				}
				synctest.Wait()
				s.net.cut() // what the answer had is used once
				time.Sleep(30 * time.Second)
				if _, err := session.Send(t.Context(), "again"); err != nil {
					t.Fatalf("Send: %v", err)
				}
				synctest.Wait()
				if got := seen.said(); got != "[joined] Hello Hi again" {
					t.Errorf("seen: %s", got)
				}
			})
		})
	}
}

func TestSessionConfigHasOneToken(t *testing.T) {
	c, err := client.New(client.Config{Region: "us-east-1", Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	chat := &connect.StartChatContactResponse{ParticipantToken: new("pt")}
	if _, err := c.Join(t.Context(), client.SessionConfig{Token: "pt", Chat: chat}); err == nil || !strings.Contains(err.Error(), "either Token or Chat") {
		t.Errorf("Join with both = %v", err)
	}
	for _, cfg := range []client.SessionConfig{{Token: "pt"}, {Chat: chat}} {
		if _, _, err := c.Start(t.Context(), c.StartChatContact(), cfg); err == nil || !strings.Contains(err.Error(), "neither Token nor Chat") {
			t.Errorf("Start with %+v = %v", cfg, err)
		}
	}
}
