package recorder_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/store"
)

// holder has all shards, or none.
type holder struct {
	*atomic.Pointer[string] // the node that has them
	node                    string
}

func (h holder) Shards() store.Shards {
	if *h.Load() == h.node {
		return store.AllShards
	}
	return 0
}

func (h holder) Alive() []string { return []string{"one", "two"} }

// TestBeatsOfNodes: an agent who is at work by way of two nodes has one heartbeat in each interval, whichever of them has the lease of his shard, and when
// that passes to the other; also when all notices between them are lost, but then it may come early.
func TestBeatsOfNodes(t *testing.T) {
	for name, fault := range map[string]bustest.Fault{
		"all arrive": nil,
		"all lost":   func(bus.Message) []bus.Message { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const made = center.InstanceID(catalog.DemoInstance)
				s, clock, between := enginetest.Memory(t), &engine.Clock{}, &bus.Local{}
				has := &atomic.Pointer[string]{}
				pass := func(node string) { has.Store(&node) }
				pass("one")
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				nodes := map[string]*enginetest.Engine{}
				for i, name := range []string{"one", "two"} {
					link, leases := &bustest.Link{Bus: between}, holder{has, name}
					link.Break(fault)
					b := &recorder.Beats{Clock: clock, Store: s, Log: enginetest.NoLog, Leases: leases, Bus: link, Node: name}
					e := enginetest.Start(t, enginetest.Options{
						Store: s, Clock: clock, Link: link, Node: name, Shared: true, Leases: leases,
						Records: record.Kinds(0).With(record.AgentEvents), Observers: []engine.Observer{b}, Agents: []engine.AgentObserver{b},
					})
					if i == 0 {
						if err := setup.SeedDemo(ctx, e.Catalog); err != nil {
							t.Fatal(err)
						}
					}
					nodes[name] = e
					running.Go(func() { b.Run(ctx, e.Engine, e.Catalog) })
				}
				tell := func(node string, cmd agent.Command) {
					t.Helper()
					if _, err := nodes[node].Agents.Do(ctx, made, "bo", cmd); err != nil {
						t.Fatal(err)
					}
				}
				tell("one", agent.Arrive{Client: agent.Client{ID: "tab", Node: "one"}})
				tell("one", agent.SetStatus{Status: enginetest.Available})
				tell("two", agent.SetStatus{Status: enginetest.Lunch})
				for range 4 { // the lease passes to and fro
					time.Sleep(9 * time.Minute)
					pass("two")
					tell("one", agent.SetStatus{Status: enginetest.Available})
					time.Sleep(9 * time.Minute)
					pass("one")
					tell("two", agent.SetStatus{Status: enginetest.Lunch})
				}
				stop()
				running.Wait()
				for _, e := range nodes {
					e.Close()
				}
				page, err := s.Outbox(t.Context(), store.AllShards, time.Now(), 1000)
				if err != nil {
					t.Fatal(err)
				}
				beats, last := 0, time.Time{}
				for i := range page {
					f, err := record.Read(&page[i])
					if err != nil {
						t.Fatal(err)
					}
					since := f.At.Sub(last)
					if beat := f.Type == string(record.Heartbeat); beat {
						beats++
						if fault == nil && since < record.BeatEvery {
							t.Errorf("event %d is a heartbeat %s after the last event", i, since)
						}
					}
					if most := record.BeatEvery + 10*time.Second; fault == nil && !last.IsZero() && since > most {
						t.Errorf("event %d comes %s after the last; want %s at most", i, since, most)
					}
					last = f.At
				}
				if want := 8 * 4; fault == nil && beats != want || beats < want || beats > want+8 {
					t.Errorf("%d heartbeats; want %s", beats, fmt.Sprint(want, ", or one more for each time that nobody has told"))
				}
			})
		})
	}
}
