package server_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// BenchmarkSnapshot measures how long it takes until an agent is sent what he is now: from his request, so with the commit, which is
// on disk, to the snapshot on his stream. In the second case 40 other agents have streams and eight customers send 400 messages a second.
//
//	go test ./internal/server -run xxx -bench Snapshot -benchtime 500x
func BenchmarkSnapshot(b *testing.B) {
	for _, busy := range []bool{false, true} {
		b.Run(fmt.Sprintf("busy=%t", busy), func(b *testing.B) {
			s := servertest.Start(b, servertest.Quietly(b), func(c *server.Config) { c.Data = b.TempDir() })
			d, stream := atWork(b, s)
			statuses := d.Agent().Configuration.Statuses
			ctx, stop := context.WithCancel(b.Context())
			var others sync.WaitGroup
			defer others.Wait()
			defer stop()
			if busy {
				for i := range 40 {
					name := fmt.Sprintf("agent%c%c", 'a'+i/26, 'a'+i%26)
					hire(b, s, name, "")
					s.SignIn(b, name, password).Stream().Snapshot(empty)
				}
				for range 8 {
					c := s.Chat(b)
					others.Go(func() {
						t := time.NewTicker(20 * time.Millisecond)
						defer t.Stop()
						for {
							select {
							case <-t.C:
							case <-ctx.Done():
								return
							}
							if _, err := c.TrySend(ctx, "a message in the meantime"); err != nil && ctx.Err() == nil {
								b.Error(err)
							}
						}
					})
				}
			}
			choose := func(name string) (took time.Duration) {
				i := slices.IndexFunc(statuses, func(s agent.AgentStatusSummary) bool { return s.Name == name })
				began := time.Now()
				if _, err := s.Agent.PutAgentStatus(b.Context(), &agent.PutAgentStatusRequest{SessionToken: d.Token, AgentStatusId: statuses[i].Id}); err != nil {
					b.Fatal(err)
				}
				stream.Snapshot(has(name, ""))
				return time.Since(began)
			}
			var took []time.Duration
			for b.Loop() {
				took = append(took, choose("Offline"), choose("Available"))
				time.Sleep(time.Millisecond)
			}
			slices.Sort(took)
			for of, name := range map[int]string{50: "p50-ms", 99: "p99-ms"} {
				b.ReportMetric(float64(took[len(took)*of/100].Microseconds())/1000, name)
			}
		})
	}
}
