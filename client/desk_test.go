package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// watcher keeps what an agent is told, in short.
type watcher struct {
	mu    sync.Mutex // guards what follows
	told  []string
	texts map[string][]string // by contact
	seqs  map[string][]int64
	then  func(*client.AgentEvent) // called behind each event; may be nil
}

func (w *watcher) event(e *client.AgentEvent) {
	w.mu.Lock()
	if w.texts == nil {
		w.texts, w.seqs = map[string][]string{}, map[string][]int64{}
	}
	switch {
	case e.Kind == client.ItemReceived && e.Item.IsMessage():
		w.texts[e.Contact.ContactId] = append(w.texts[e.Contact.ContactId], e.Item.Text())
		w.seqs[e.Contact.ContactId] = append(w.seqs[e.Contact.ContactId], e.Sequence)
	case e.Kind == client.ItemReceived:
		w.told = append(w.told, "item "+e.Item.Event())
	case e.Kind == client.StatusChanged:
		w.told = append(w.told, "status "+e.Snapshot.Status.Name)
	case e.Kind == client.NextStatusSet:
		w.told = append(w.told, "next "+e.Snapshot.NextStatus.Name)
	case e.Kind == client.BroadcastReceived:
		w.told = append(w.told, "broadcast "+e.Text)
	case e.Kind != client.ContactChanged:
		w.told = append(w.told, string(e.Kind))
	}
	then := w.then
	w.mu.Unlock()
	if then != nil {
		then(e)
	}
}

// since returns what was told since the last time, in one line.
func (w *watcher) since() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := strings.Join(w.told, ", ")
	w.told = nil
	return line
}

func (w *watcher) said(contact string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts[contact])
}

// signIn signs the demo agent in.
func (s *stage) signIn(w *watcher, change ...func(*client.AgentConfig)) *client.Agent {
	s.t.Helper()
	cfg := client.AgentConfig{InstanceID: catalog.DemoAlias, UserName: catalog.DemoUserName, Password: catalog.DemoPassword, OnEvent: w.event}
	for _, f := range change {
		f(&cfg)
	}
	a, err := s.c.SignIn(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// caller starts a chat that waits for an agent, and joins it as its customer.
func (s *stage) caller() (*client.Session, string) {
	s.t.Helper()
	session, out, err := s.c.Start(s.t.Context(), s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(catalog.DemoWaiting).
		Attribute("tier", "gold").ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}), client.SessionConfig{OnItem: func(*client.Item) {}})
	if err != nil {
		s.t.Fatal(err)
	}
	return session, *out.ContactId
}

func (s *stage) available(a *client.Agent) {
	s.t.Helper()
	if _, err := a.SetStatus(s.t.Context(), "available"); err != nil {
		s.t.Fatal(err)
	}
}

// wantTold fails the test unless an agent was told that since the last time.
func wantTold(t *testing.T, w *watcher, want string) {
	t.Helper()
	if got := w.since(); got != want {
		t.Errorf("the agent was told %q; want %q", got, want)
	}
}

// TestAgentsDay is a chat at a desk, from the offer to the clearing, told as what it means.
func TestAgentsDay(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		var w watcher
		a := s.signIn(&w)
		if a.State() != client.Connected || a.User().UserName != catalog.DemoUserName || a.Snapshot() == nil || a.Expiry().IsZero() {
			t.Errorf("signed in: %v, %+v", a.State(), a.User())
		}
		_, unknown := a.SetStatus(t.Context(), "Asleep")
		if unknown == nil || !strings.Contains(unknown.Error(), "Available, Offline") {
			t.Errorf("an unknown status: %v", unknown)
		}
		s.available(a)
		synctest.Wait()
		wantTold(t, &w, "status Offline, status Available")

		ana, contact := s.caller()
		pass(time.Second)
		wantTold(t, &w, "contact offered")
		c := a.Contact(contact)
		if left, ok := a.Remaining(c); !ok || left <= 0 || left > 30*time.Second || c.Attributes["tier"] != "gold" {
			t.Errorf("it rings for %v, %+v", left, c)
		}
		if err := a.Accept(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		wantTold(t, &w, "contact accepted, item participant.joined")
		_, sent := a.Send(t.Context(), contact, "good day")
		hello, err := ana.Send(t.Context(), "hello")
		if err := errors.Join(err, sent, a.Typing(t.Context(), contact), a.Read(t.Context(), contact, hello.ID), ana.Typing(t.Context())); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := w.said(contact); !slices.Equal(got, []string{"good day", "hello"}) {
			t.Errorf("the agent hears %q", got)
		}
		if got := w.since(); !strings.HasSuffix(got, "item typing") {
			t.Errorf("of the customer's typing the agent was told %q", got)
		}
		said, err := a.Transcript(t.Context(), contact)
		if err != nil || len(said) < 5 || said[0].Event() != client.EventJoined || said[len(said)-1].Text() != "hello" {
			t.Errorf("the transcript has %d items, %v", len(said), err)
		}
		if err := errors.Join(a.SetAttributes(t.Context(), contact, map[string]string{"tier": "iron"}), a.Broadcast(t.Context(), "look here")); err != nil {
			t.Error(err)
		}
		pass(time.Second)
		if c := a.Contact(contact); c == nil || c.Attributes["tier"] != "iron" {
			t.Errorf("with the attribute set the contact is %+v", c)
		}
		if err := a.Leave(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := w.since(); strings.Count(got, "broadcast look here") != 1 || strings.Count(got, "contact ended") != 1 || strings.Count(got, "item chat.ended") != 1 {
			t.Errorf("at the end the agent was told %q", got)
		}
		if said, err = a.Transcript(t.Context(), contact); err != nil || said[len(said)-1].Event() != client.EventEnded {
			t.Errorf("the transcript after the end has %d items, %v", len(said), err)
		}
		if err := errors.Join(a.Clear(t.Context(), contact), a.Clear(t.Context(), contact)); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		wantTold(t, &w, "contact cleared")
		if err := a.SignOut(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if a.State() != client.Closed || a.Err() == nil {
			t.Errorf("signed out: %v, %v", a.State(), a.Err())
		}
		if _, err := a.Chat(t.Context(), contact); err == nil {
			t.Error("a chat is opened by who is signed out")
		}
		_ = ana.Close()
	})
}

// TestAgentRejectsAndMisses: what is refused, or left to ring, has to be cleared before another is offered.
func TestAgentRejectsAndMisses(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		var w watcher
		a := s.signIn(&w)
		s.available(a)
		ana, contact := s.caller()
		pass(time.Second)
		if err := a.Reject(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		wantTold(t, &w, "status Offline, status Available, contact offered, contact rejected")
		if err := a.Accept(t.Context(), contact); asError(t, err).Code() != "InvalidStateException" {
			t.Errorf("accepting what was rejected: %v", err)
		}
		if err := a.Clear(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Minute)
		if got := w.since(); !strings.HasPrefix(got, "contact cleared, contact offered, contact missed") {
			t.Errorf("behind the clearing the agent was told %q", got)
		}
		_, err := a.SetStatus(t.Context(), "Offline")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		wantTold(t, &w, "next Offline")
		if err := a.Clear(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		wantTold(t, &w, "contact cleared, status Offline, next status cleared")
		_ = ana.Close()
		_ = a.Close()
	})
}

// TestAgentOnABadNetwork cuts the stream again and again while a hundred messages are sent: each comes once, in order.
func TestAgentOnABadNetwork(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		var w watcher
		a := s.signIn(&w)
		s.available(a)
		ana, contact := s.caller()
		pass(time.Second)
		if err := a.Accept(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range 100 {
			want = append(want, fmt.Sprint(i))
			if _, err := ana.Send(t.Context(), want[i]); err != nil {
				t.Fatal(err)
			}
			if i%9 == 0 {
				s.net.cut()
			}
			if i%30 == 0 {
				pass(3 * time.Second)
			}
		}
		pass(2 * time.Minute)
		if got := w.said(contact); !slices.Equal(got, want) {
			t.Errorf("the agent has %q", got)
		}
		if told := w.since(); !strings.Contains(told, "stream lost, stream restored") || strings.Count(told, "contact accepted") != 1 {
			t.Errorf("the agent was told %q", told)
		}
		if a.State() != client.Connected {
			t.Errorf("the agent is %v", a.State())
		}
		seen := a.Seen()
		_ = a.Close()

		// Another run goes on behind what this one has received; one that knows nothing gets all since the acceptance.
		if _, err := ana.Send(t.Context(), "later"); err != nil {
			t.Fatal(err)
		}
		var next, whole watcher
		b := s.signIn(&next, func(c *client.AgentConfig) { c.Seen = seen })
		d := s.signIn(&whole, func(c *client.AgentConfig) { c.Token = b.Token() })
		pass(time.Second)
		if got := next.said(contact); !slices.Equal(got, []string{"later"}) {
			t.Errorf("the next run has %q", got)
		}
		if got := whole.said(contact); !slices.Equal(got, append(want, "later")) {
			t.Errorf("the run without a position has %q", got)
		}
		_, _, _ = ana.Close(), b.Close(), d.Close()
	})
}

// TestAgentClosedBeforeItIsRead: what Events yields behind Close counts as received, and nothing else does, so that the next
// run misses nothing.
func TestAgentClosedBeforeItIsRead(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		a := s.signIn(nil, func(c *client.AgentConfig) { c.OnEvent = nil })
		s.available(a)
		ana, contact := s.caller()
		pass(time.Second)
		if err := a.Accept(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for i := range 200 {
			want = append(want, fmt.Sprint(i))
			if _, err := ana.Send(t.Context(), want[i]); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Second)
		_ = a.Close()
		for e, err := range a.Events(t.Context()) {
			if err == nil && e.Kind == client.ItemReceived && e.Item.IsMessage() {
				got = append(got, e.Item.Text())
			}
		}
		if len(got) == 0 || len(got) >= len(want) {
			t.Fatalf("%d of %d messages were waiting; that shows nothing", len(got), len(want))
		}
		var next watcher
		b := s.signIn(&next, func(c *client.AgentConfig) { c.Seen = a.Seen() })
		pass(time.Second)
		if got = append(got, next.said(contact)...); !slices.Equal(got, want) {
			t.Errorf("the two runs have %q", got)
		}
		_, _ = ana.Close(), b.Close()
	})
}

// TestAgentThroughARestart: the server is stopped in the midst of a chat and started again, which costs nothing.
func TestAgentThroughARestart(t *testing.T) {
	onStageIn(t, t.TempDir(), func(t *testing.T, s *stage) {
		var w watcher
		a := s.signIn(&w)
		s.available(a)
		ana, contact := s.caller()
		pass(time.Second)
		if err := a.Accept(t.Context(), contact); err != nil {
			t.Fatal(err)
		}
		_, before := ana.Send(t.Context(), "before")
		_, mine := a.Send(t.Context(), contact, "mine")
		s.server.Stop()
		s.start()
		_, after := ana.Send(t.Context(), "after")
		_, again := a.Send(t.Context(), contact, "mine again")
		if err := errors.Join(before, mine, after, again); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := w.said(contact); len(got) != 4 || !slices.Equal(got[:2], []string{"before", "mine"}) {
			t.Errorf("the agent hears %q", got)
		}
		if c := a.Contact(contact); c == nil || c.State != agent.AgentContactStateCONNECTED {
			t.Errorf("behind the restart the contact is %+v", c)
		}
		_, _ = ana.Close(), a.Close()
	})
}

// TestAgentIsRefused: what ends an agent has an error of its own, and what does not begin one has the service's.
func TestAgentIsRefused(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		cfg := client.AgentConfig{InstanceID: catalog.DemoInstance, UserName: catalog.DemoUserName, Password: "open sesame"}
		_, err := s.c.SignIn(t.Context(), cfg)
		if _, ok := errors.AsType[*agent.UnauthorizedException](err); !ok || strings.Contains(err.Error(), "sesame") {
			t.Errorf("a wrong password: %v", err)
		}
		amazon, err := client.New(client.Config{Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := amazon.SignIn(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "Endpoint") {
			t.Errorf("at Amazon's: %v", err)
		}
		var w watcher
		a, elsewhere := s.signIn(&w), s.signIn(new(watcher))
		if err := elsewhere.SignOut(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		<-a.Done()
		if !errors.Is(a.Err(), client.ErrSignedOut) || a.State() != client.Closed {
			t.Errorf("signed out elsewhere: %v, %v", a.State(), a.Err())
		}
		var last error
		b := s.signIn(&w, func(c *client.AgentConfig) { c.OnEvent = nil })
		s.net.plug(false)
		pass(2 * time.Hour)
		for _, err := range b.Events(t.Context()) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), "could not reconnect within 1h") {
			t.Errorf("without a network: %v", last)
		}
		s.net.plug(true)
		var old []*client.Agent
		old = append(old, s.signIn(new(watcher)))
		for range 20 {
			old = append(old, s.signIn(new(watcher), func(c *client.AgentConfig) { c.Token = old[0].Token() }))
		}
		pass(time.Second)
		if !errors.Is(old[0].Err(), client.ErrReplaced) {
			t.Errorf("the oldest of many streams: %v", old[0].Err())
		}
		for _, x := range old {
			_ = x.Close()
		}
	})
}

// TestIdleAgent sends a heartbeat every ten seconds and calls nothing.
func TestIdleAgent(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		line := newCounting(t, s)
		a, err := s.client(line, nil).SignIn(t.Context(), client.AgentConfig{InstanceID: catalog.DemoInstance, UserName: catalog.DemoUserName, Password: catalog.DemoPassword, OnEvent: func(*client.AgentEvent) {}})
		if err != nil {
			t.Fatal(err)
		}
		pass(6 * time.Hour)
		calls := 0
		line.mu.Lock()
		for path, n := range line.paths {
			if strings.HasPrefix(path, "/agent") {
				calls += n
			}
		}
		line.mu.Unlock()
		if a.State() != client.Connected || calls > 3 {
			t.Errorf("after six hours %v, with %d calls: %v", a.State(), calls, line.paths)
		}
		pass(7 * time.Hour)
		if !errors.Is(a.Err(), client.ErrSignedOut) {
			t.Errorf("the session is over after twelve hours; the agent has %v", a.Err())
		}
		_ = a.Close()
		line.next.(*http.Transport).CloseIdleConnections()
	})
}
