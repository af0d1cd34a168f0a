package client_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
)

// TestIdle lets a customer fall silent: both sides are told, and told of the return; at last the agent
// is taken out, which its session sees as its end.
func TestIdle(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		d := s.queued("Are you still there?")
		var heard, seen collector
		customer := s.join(client.SessionConfig{Token: d.customer, OnItem: heard.item})
		synctest.Wait()
		timer := func(kind connect.ParticipantTimerType, minutes int32) connect.ParticipantTimerConfiguration {
			return connect.ParticipantTimerConfiguration{ParticipantRole: connect.TimerEligibleParticipantRolesCUSTOMER, TimerType: kind,
				TimerValue: &connect.ParticipantTimerValue{ParticipantTimerDurationInMinutes: &minutes}}
		}
		_, err := s.c.UpdateParticipantRoleConfig().InstanceID(catalog.DemoInstance).ContactID(string(d.chat)).
			ChannelConfiguration(connect.UpdateParticipantRoleConfigChannelInfo{Chat: &connect.ChatParticipantRoleConfig{
				ParticipantTimerConfigList: []connect.ParticipantTimerConfiguration{
					timer(connect.ParticipantTimerTypeIDLE, 2), timer(connect.ParticipantTimerTypeDISCONNECT_NONCUSTOMER, 3),
				},
			}}).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		agent := s.join(client.SessionConfig{Token: d.accept(), ConnectParticipant: true, OnItem: seen.item})
		pass(2*time.Minute + 5*time.Second)
		if _, err := customer.Send(t.Context(), "One moment"); err != nil {
			t.Fatal(err)
		}
		pass(5*time.Minute + 5*time.Second)
		<-agent.Done()
		told := "[joined] Hello [joined] [idle] One moment [returned] [idle] [autodisconnection] [left]"
		if got := heard.said(); got != told+" Are you still there?" {
			t.Errorf("the customer heard %s", got)
		}
		if got := seen.said(); strings.Contains(got, "Are you") || !strings.HasSuffix(got, "[idle] [autodisconnection] [left] [chat.ended]") {
			t.Errorf("the agent saw %s", got)
		}
		if agent.State() != client.Ended || agent.Err() != nil || customer.State() != client.Connected {
			t.Errorf("the agent is %v with %v, the customer %v", agent.State(), agent.Err(), customer.State())
		}
		_ = customer.Close()
		_ = agent.Close()
	})
}

// TestTokensThatEnd stays for longer than connection tokens last, without sockets, with which fresh ones come.
func TestTokensThatEnd(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		out, err := s.c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(s.flow).ChatDurationInMinutes(7 * 24 * 60).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		customer := s.join(client.SessionConfig{Token: *out.ParticipantToken, ConnectParticipant: true, SendOnly: true})
		var polled collector
		poller := s.join(client.SessionConfig{Token: s.bot(*out.ContactId), ConnectParticipant: true, Poll: time.Hour, OnItem: polled.item, OnState: polled.state})
		want := []string{"[joined] Hello [joined]"}
		for _, d := range []time.Duration{12 * time.Hour, 13 * time.Hour} {
			pass(d)
			text := fmt.Sprint("after ", d)
			if _, err := customer.Send(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		pass(time.Hour + time.Minute)
		if got := polled.said(); got != strings.Join(want, " ") || len(polled.states) != 1 {
			t.Errorf("the poller heard %s, was %v; want %s, and connected all the time", got, polled.states, want)
		}
		_ = customer.Close()
		_ = poller.Close()
	})
}

// TestCloseAtAnyTime closes sessions in the midst of whatever they do, on a network that breaks: Close
// returns at once, and nothing is left running, or the bubble would not end.
func TestCloseAtAnyTime(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		transport := &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		enemy := s.client(newHostile(transport), func(c *client.Config) { c.AttemptTimeout = 20 * time.Second })
		chance := rand.New(rand.NewPCG(9, 10))
		var chats sync.WaitGroup
		for n := range 40 {
			token, _ := s.chat()
			cfg := client.SessionConfig{Token: token, Poll: time.Duration(n%4/3) * time.Second}
			if n%2 == 0 {
				cfg.OnItem = func(*client.Item) { pass(time.Millisecond) }
			}
			stay := time.Duration(chance.Float64() * float64(time.Minute))
			chats.Go(func() {
				session, err := enemy.Join(t.Context(), cfg)
				if err != nil {
					return // the network was worse than the retries
				}
				stop := time.After(stay)
				for {
					select {
					case <-stop:
					default:
						_, _ = session.Send(t.Context(), "x") // whether it comes through is another test's
						pass(400 * time.Millisecond)
						continue
					}
					break
				}
				began := time.Now()
				if err := session.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 5*time.Second || session.State() != client.Closed || !errors.Is(session.Err(), client.ErrClosed) {
					t.Errorf("%v with %v, after %v", session.State(), session.Err(), took)
				}
			})
		}
		for range 6 {
			pass(10 * time.Second)
			s.net.cut()
		}
		chats.Wait()
	})
}

// TestConnectorLimits: the limits of the connector that comes with the package are time-outs of the
// way, which are tried again.
func TestConnectorLimits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer l.Close()
	var conns []net.Conn
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, conn) // and never a word
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	connector := client.NewConnector(client.ConnectorConfig{ReadTimeout: 10 * time.Millisecond})
	defer connector.CloseIdleConnections()
	for scheme, what := range map[string]string{"http": "the first byte", "https": "the handshake"} {
		connector.TLSHandshakeTimeout = 10 * time.Millisecond
		c, err := client.New(client.Config{
			Endpoint: scheme + "://" + l.Addr().String(), Connector: connector,
			RetryConfig: client.RetryConfig{InitialBackoff: time.Millisecond, MaxAttempts: 2},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.StartChatContact().Send(t.Context())
		if e := asError(t, err); e.Kind != client.DispatchFailure || e.Dispatch != client.DispatchTimeout || e.Attempts != 2 || !e.Timeout() {
			t.Errorf("without %s: %v", what, err)
		}
	}
}
