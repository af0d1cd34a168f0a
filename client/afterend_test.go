package client_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestHostileEnd ends chats at random moments in the midst of talk, on a network that breaks,
// refuses and delays: whoever was there sees each item once and in order to the chat's end.
func TestHostileEnd(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		transport := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		enemy := s.client(newHostile(transport), func(c *client.Config) { c.AttemptTimeout = 20 * time.Second })
		calm := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
		defer calm.CloseIdleConnections()
		chance := rand.New(rand.NewPCG(5, 6))
		var chats, cutting sync.WaitGroup
		stop := make(chan struct{})
		cutting.Go(func() {
			for {
				select {
				case <-time.After(7 * time.Second):
					s.net.cut()
				case <-stop:
					return
				}
			}
		})
		const talks = 24
		for n := range talks {
			poll := time.Duration(n%3/2) * 3 * time.Second // one in three polls
			length := time.Duration(5+chance.IntN(40)) * time.Second
			chats.Go(func() { talkToTheEnd(t, s, enemy, fmt.Sprint("chat ", n), poll, length) })
		}
		chats.Wait()
		close(stop)
		cutting.Wait()
	})
}

// talkToTheEnd holds one chat and compares what its customer saw with what is in the transcript.
func talkToTheEnd(t *testing.T, s *stage, enemy *client.Client, name string, poll, length time.Duration) {
	retry := func(what func() error) {
		for range 100 {
			if what() == nil {
				return
			}
		}
		t.Errorf("%s: a hundred tries were not enough", name)
	}
	var chat *connect.StartChatContactResponse
	var keys *participant.CreateParticipantConnectionResponse
	retry(func() (err error) {
		chat, err = s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.flow).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(t.Context())
		return err
	})
	retry(func() (err error) {
		keys, err = s.c.Participant.CreateParticipantConnection().ParticipantToken(*chat.ParticipantToken).
			Type(participant.ConnectionTypeCONNECTION_CREDENTIALS).ConnectParticipant(true).Send(t.Context())
		return err
	})
	var seen record
	var session *client.Session
	retry(func() (err error) {
		session, err = enemy.Join(t.Context(), client.SessionConfig{Token: *chat.ParticipantToken, Poll: poll, OnItem: seen.item, OnState: seen.state})
		return err
	})
	ended := time.Now().Add(length)
	for n := 0; time.Now().Before(ended); n++ {
		retry(func() error {
			_, err := s.c.Participant.SendMessage().ConnectionToken(*keys.ConnectionCredentials.ConnectionToken).
				ContentType(client.PlainText).Content(fmt.Sprint(n)).Send(t.Context())
			return err
		})
		pass(200 * time.Millisecond)
	}
	retry(func() error {
		_, err := s.c.StopContact().InstanceID(catalog.DemoInstance).ContactID(*chat.ContactId).Send(t.Context())
		if e, ok := err.(*client.Error); ok && e.Code() == "ContactNotFoundException" { // stopped, and the answer was lost
			return nil
		}
		return err
	})
	<-session.Done()
	if err := session.Close(); err != nil || session.Err() != nil || session.State() != client.Ended {
		t.Errorf("%s: over with %v, %v, %v", name, session.State(), session.Err(), err)
	}
	want := afterEnd(t, s.c, *keys.ConnectionCredentials.ConnectionToken)
	seen.compare(t, name, want)
	if last := want[len(want)-1]; *last.ContentType != "application/vnd.amazonaws.connect.event.chat.ended" || seen.ids[len(seen.ids)-1] != *last.Id {
		t.Errorf("%s: the last item is %s of type %s; want the chat's end", name, *last.Id, *last.ContentType)
	}
}

// afterEnd reads the transcript of a chat that has ended, oldest first.
func afterEnd(t *testing.T, c *client.Client, token string) (items []participant.Item) {
	t.Helper()
	asking, err := c.With(func(cfg *client.Config) { cfg.Connector = askingAfterEnd{cfg.Connector} })
	if err != nil {
		t.Fatal(err)
	}
	call := asking.Participant.GetTranscript().ConnectionToken(token).MaxResults(100).
		ScanDirection(participant.ScanDirectionBACKWARD).SortOrder(participant.SortKeyDESCENDING)
	for range 20 { // the network is cut from time to time
		items = items[:0]
		for item, failed := range call.Items(t.Context()) {
			if err = failed; err == nil {
				items = append(items, item)
			}
		}
		if err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(items)
	return items
}

// askingAfterEnd is a Connector that asks for transcripts after the end.
type askingAfterEnd struct{ next http.RoundTripper }

func (a askingAfterEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Parley-After-End", "read")
	return a.next.RoundTrip(r)
}

// TestEndBeforeARestart: the chat ends while the line is down, and the server is another when it is back.
func TestEndBeforeARestart(t *testing.T) {
	onStageIn(t, t.TempDir(), func(t *testing.T, s *stage) {
		transport := &http.Transport{DialContext: s.net.dial, IdleConnTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		token, contact := s.chat()
		var seen collector
		session, err := s.client(transport, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item, OnState: seen.state})
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		s.net.cut() // and before the session can be back:
		here := s.join(client.SessionConfig{Token: token, SendOnly: true})
		if _, err := here.Send(t.Context(), "Goodbye"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.StopContact().InstanceID(catalog.DemoInstance).ContactID(contact).Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.net.plug(false)
		s.server.Stop()
		pass(10 * time.Minute)
		s.start()
		s.net.plug(true)
		<-session.Done()
		if got := seen.said(); got != "[joined] Hello Goodbye [left] [chat.ended]" || len(seen.ids) != 5 {
			t.Errorf("heard %s, %d of it with ids", got, len(seen.ids))
		}
		if session.Err() != nil || session.State() != client.Ended {
			t.Errorf("over with %v, %v", session.State(), session.Err())
		}
		_ = session.Close()
		_ = here.Close()
	})
}

// TestEndDuringABrokenConnection is the same over a real network: the proxy is gone while the rest of the
// chat is said, and comes back after its end.
func TestEndDuringABrokenConnection(t *testing.T) {
	bad := newProxy(t)
	public := "http://" + bad.Addr().String()
	srv := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) { c.PublicURL = public })
	direct := "http://" + srv.Addr
	bad.to = srv.Addr
	bad.calm.Store(true)
	bad.work.Go(bad.serve)
	t.Cleanup(func() {
		_ = bad.Close()
		bad.work.Wait()
	})
	here := dialReal(t, direct)
	token, contact := quietChat(t, here)
	var seen record
	began := make(chan struct{})
	session, err := dialReal(t, public).Join(t.Context(), client.SessionConfig{Token: token, OnState: seen.state, OnItem: func(i *client.Item) {
		if seen.item(i); i.Text() == "Hello" {
			close(began)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-began
	keys, err := here.Participant.CreateParticipantConnection().ParticipantToken(token).Type(participant.ConnectionTypeCONNECTION_CREDENTIALS).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bearer := *keys.ConnectionCredentials.ConnectionToken
	bad.hold.Lock() // nobody gets through
	bad.cut()
	for n := range 300 {
		if _, err := here.Participant.SendMessage().ConnectionToken(bearer).ContentType(client.PlainText).Content(fmt.Sprint(n)).Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := here.StopContact().InstanceID(catalog.DemoInstance).ContactID(contact).Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad.hold.Unlock()
	select {
	case <-session.Done():
	case <-time.After(time.Minute):
		t.Fatal("the session did not find the end")
	}
	if err := session.Close(); err != nil || session.Err() != nil {
		t.Errorf("over with %v, %v", err, session.Err())
	}
	want := afterEnd(t, here, bearer)
	seen.compare(t, "the customer", want)
	if seen.returns != 1 || len(want) != 304 { // joined, Hello, 300, left, chat.ended
		t.Errorf("lost its line %d times, the transcript has %d items; want 1 and 304", seen.returns, len(want))
	}
}
