package recorder_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/store"
)

const instance = center.InstanceID("11111111-1111-4111-8111-111111111111")

// Heartbeats come two minutes after whatever was told last, and for an hour after the agent has gone.
func TestBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, clock := enginetest.Memory(t), &engine.Clock{}
		b := &recorder.Beats{Clock: clock, Store: s, Log: enginetest.NoLog}
		e := enginetest.Start(t, enginetest.Options{
			Store: s, Clock: clock, Records: record.Kinds(0).With(record.AgentEvents), Observers: []engine.Observer{b}, Agents: []engine.AgentObserver{b},
		})
		defer e.Close()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { b.Run(ctx, e.Engine, e.Catalog) })
		defer running.Wait()
		defer stop()

		began := time.Now()
		tell := func(cmd agent.Command) {
			t.Helper()
			if _, err := e.Agents.Do(ctx, instance, "bo", cmd); err != nil {
				t.Fatal(err)
			}
		}
		tell(agent.Arrive{Client: agent.Client{ID: "tab", Node: e.Node}})
		tell(agent.SetStatus{Status: enginetest.Available})
		time.Sleep(3 * time.Minute)
		tell(agent.SetStatus{Status: enginetest.Lunch})
		time.Sleep(5 * time.Minute)
		tell(agent.SignOut{Offline: enginetest.Offline})
		time.Sleep(3 * time.Hour)
		synctest.Wait()

		var got []string
		page, err := s.Outbox(ctx, store.AllShards, time.Now(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(page, func(a, b store.Delivery) int { return int(a.ID - b.ID) })
		for i := range page {
			f, err := record.Read(&page[i])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Type+" "+f.At.Sub(began).Truncate(time.Minute).String())
		}
		// Of the hour after the sign-out, at 8 minutes, every second one.
		want := []string{"LOGIN 0s", "STATE_CHANGE 0s", "HEART_BEAT 2m0s", "STATE_CHANGE 3m0s", "HEART_BEAT 5m0s", "HEART_BEAT 7m0s", "STATE_CHANGE 8m0s", "LOGOUT 8m0s", "HEART_BEAT 10m0s"}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("events:\n%s\nwant first\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if beats, last := len(got)-len(want)+1, got[len(got)-1]; beats < 27 || beats > 30 || last < "HEART_BEAT 1h4m0s" || last > "HEART_BEAT 1h8m0s" {
			t.Errorf("%d heartbeats after the sign-out, the last is %s", beats, last)
		}
	})
}

// After a restart the agents who are signed in have heartbeats.
func TestBeatsAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, clock := enginetest.Memory(t), &engine.Clock{}
		first := enginetest.Start(t, enginetest.Options{Store: s, Clock: clock})
		if err := setup.SeedDemo(t.Context(), first.Catalog); err != nil {
			t.Fatal(err)
		}
		const made = center.InstanceID(catalog.DemoInstance)
		if _, err := first.Agents.Do(t.Context(), made, "bo", agent.Arrive{Client: agent.Client{ID: "tab", Node: first.Node}}); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Agents.Do(t.Context(), made, "bo", agent.SetStatus{Status: enginetest.Lunch}); err != nil {
			t.Fatal(err)
		}
		first.Close()
		b := &recorder.Beats{Clock: clock, Store: s, Log: enginetest.NoLog}
		e := enginetest.Start(t, enginetest.Options{Store: s, Clock: clock, Records: record.Kinds(0).With(record.AgentEvents), Agents: []engine.AgentObserver{b}})
		defer e.Close()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { b.Run(ctx, e.Engine, e.Catalog) })
		time.Sleep(130 * time.Second)
		synctest.Wait()
		stop()
		running.Wait()
		page, err := s.Outbox(t.Context(), store.AllShards, time.Now(), 10)
		if err != nil || len(page) != 1 {
			t.Fatalf("%d facts, %v; want a heartbeat", len(page), err)
		}
		if f, err := record.Read(&page[0]); err != nil || f.Type != string(record.Heartbeat) || f.User != "bo" {
			t.Errorf("the fact is %+v, %v", f, err)
		}
	})
}

// An agent whose instance has been deleted, or who has been signed out for long, has no heartbeats, and nothing is remembered of him.
func TestBeatsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, clock := enginetest.Memory(t), &engine.Clock{}
		b := &recorder.Beats{Clock: clock, Store: s, Log: enginetest.NoLog}
		var gone atomic.Bool
		e := enginetest.Start(t, enginetest.Options{
			Store: s, Clock: clock, Records: record.Kinds(0).With(record.AgentEvents), Agents: []engine.AgentObserver{b},
			Employs: func(_ context.Context, i center.InstanceID, _ center.UserID) (bool, error) {
				if gone.Load() {
					return false, center.Missing(center.KindInstance, string(i))
				}
				return true, nil
			},
		})
		defer e.Close()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { b.Run(ctx, e.Engine, e.Catalog) })
		defer running.Wait()
		defer stop()
		for i := range 3 {
			user := center.UserID(fmt.Sprint("agent", i))
			for _, cmd := range []agent.Command{agent.Arrive{Client: agent.Client{ID: "tab", Node: e.Node}}, agent.SetStatus{Status: enginetest.Lunch}} {
				if _, err := e.Agents.Do(ctx, instance, user, cmd); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := e.Agents.Do(ctx, instance, "agent2", agent.SignOut{Offline: enginetest.Offline}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(record.BeatAfter + time.Minute)
		if n := recorder.Known(b); n != 2 {
			t.Errorf("%d agents are known an hour after one of three has signed out; want 2", n)
		}
		gone.Store(true)
		told := func() int {
			n, err := s.Outbox(ctx, store.AllShards, time.Now(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			return len(n)
		}
		before := told()
		time.Sleep(record.BeatEvery + time.Minute)
		if n, after := recorder.Known(b), told(); n != 0 || after != before {
			t.Errorf("%d agents of an instance that is gone are known, with %d heartbeats; want none", n, after-before)
		}
	})
}
