package server_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/bus/nats/natstest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
	"parley.example/parley/internal/store/postgres/pgtest"
)

// onItsOwn starts PostgreSQL for one test, which may stop it.
func onItsOwn(t *testing.T) *pgtest.Server {
	t.Helper()
	kept, err := pgtest.New(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return kept
}

// TestDatabaseIsAway takes a node's database away, so that connections are refused, or silent as when its machine is gone. All three APIs answer 503, with
// the time to try again, within the 30 s that the clients of tests wait; and the node can be stopped, within ten seconds, while sockets are open.
func TestDatabaseIsAway(t *testing.T) {
	for name, away := range map[string]func(*testing.T, *pgtest.Server, *pgtest.Proxy){
		"refuses": func(t *testing.T, kept *pgtest.Server, _ *pgtest.Proxy) {
			if err := kept.Stop(pgtest.Immediate); err != nil {
				t.Fatal(err)
			}
		},
		"is silent": func(_ *testing.T, _ *pgtest.Server, proxy *pgtest.Proxy) { proxy.Silence() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept, dir, bus := onItsOwn(t), t.TempDir(), natstest.Start(t).URL()
			proxy := kept.NewProxy(t)
			s := servertest.Start(t, func(c *server.Config) { c.Data, c.Store, c.Bus = dir, proxy.URL("postgres"), bus })
			c, d := s.Chat(t), s.Desk(t)
			c.Socket()
			d.Stream()
			start := s.Request(t)
			away(t, kept, proxy)
			var wg sync.WaitGroup
			for name, request := range map[string]func(ctx context.Context) error{
				"connect reads": func(ctx context.Context) error {
					_, err := s.Connect.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: start.InstanceId, ContactId: c.Contact})
					return err
				},
				"connect writes": func(ctx context.Context) error {
					_, err := s.Connect.StartChatContact(ctx, start)
					return err
				},
				"participant reads": func(ctx context.Context) error {
					_, err := s.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: c.Bearer})
					return err
				},
				"participant writes": func(ctx context.Context) error {
					_, err := c.TrySend(ctx, "is anybody there")
					return err
				},
				"agent reads": func(ctx context.Context) error {
					_, err := s.Agent.GetAgent(ctx, &agent.GetAgentRequest{SessionToken: d.Token})
					return err
				},
				"agent writes": func(ctx context.Context) error {
					_, err := s.Agent.SignOut(ctx, &agent.SignOutRequest{SessionToken: d.Token})
					return err
				},
			} {
				wg.Go(func() {
					began := time.Now()
					err := request(t.Context())
					t.Logf("%s: after %s, %v", name, time.Since(began), err)
					if err == nil {
						t.Errorf("%s succeeds", name)
						return
					}
					servertest.Refused(t, name, err, "ServiceUnavailable", http.StatusServiceUnavailable)
				})
			}
			wg.Wait()
			began := time.Now()
			s.Stop()
			took := time.Since(began)
			t.Logf("stopped within %s", took)
			if took > 10*time.Second {
				t.Errorf("the node has stopped after %s", took)
			}
		})
	}
}
