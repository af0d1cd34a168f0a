package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/client"
)

// TestSlowCallbacks: whoever is told of items may take long, and Close waits for the call under way alone.
func TestSlowCallbacks(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		token, _ := s.chat()
		teller := s.join(client.SessionConfig{Token: token, SendOnly: true})
		for i := range 300 {
			if _, err := teller.Send(t.Context(), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		_ = teller.Close()
		var items atomic.Int32
		slow := s.join(client.SessionConfig{Token: token, OnItem: func(*client.Item) {
			items.Add(1)
			pass(time.Second)
		}})
		if got := slow.State(); got != client.Connected {
			t.Errorf("behind Join the session is %v", got)
		}
		pass(3500 * time.Millisecond)
		began := time.Now()
		_ = slow.Close()
		if took := time.Since(began); took > time.Second || items.Load() != 4 {
			t.Errorf("Close took %v, and the session was told %d items; want the fourth to be the last", took, items.Load())
		}
	})
}

// TestSlowRotation: a service that does not give another connection costs nobody the one that is there.
func TestSlowRotation(t *testing.T) {
	onStage(t, func(t *testing.T, s *stage) {
		line := newCounting(t, s)
		var hold atomic.Bool
		line.before = func(r *http.Request) (*http.Response, error) {
			if hold.Load() && strings.HasSuffix(r.URL.Path, "/participant/connection") {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return nil, nil
		}
		token, _ := s.chat()
		var seen collector
		session, err := s.client(line, nil).Join(t.Context(), client.SessionConfig{Token: token, OnItem: seen.item, OnState: seen.state})
		if err != nil {
			t.Fatal(err)
		}
		hold.Store(true)
		pass(59*time.Minute + 50*time.Second)
		hold.Store(false)
		pass(5 * time.Minute)
		if line.count("/participant/connection") < 3 || len(seen.states) != 1 {
			t.Errorf("%d connections were asked for, states %v; want one that was not given, and connected all the time",
				line.count("/participant/connection"), seen.states)
		}
		_ = session.Close()
	})
}

// TestNegativeTimes are refused.
func TestNegativeTimes(t *testing.T) {
	c := newClient(t, &script{answers: []answer{started}}, nil)
	for _, cfg := range []client.SessionConfig{{Poll: -1}, {GiveUp: -1}, {SendTimeout: -1}} {
		cfg.Token = "t"
		if _, err := c.Join(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "negative") {
			t.Errorf("%+v: %v; want it refused", cfg, err)
		}
	}
}
