package erasure_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/store"
)

// TestFollowedErasures: up to which receipt a node has followed is noted when no earlier one can be finished any more.
func TestFollowedErasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, clock, dir := enginetest.Memory(t), &engine.Clock{}, t.TempDir()
		ask := func(chats ...center.ContactID) string {
			t.Helper()
			id := store.NewErasureID(clock.Now())
			if err := s.PutErasure(t.Context(), store.Erasure{ID: id, Instance: "i", By: store.ByContact, Asked: clock.Now()}, chats); err != nil {
				t.Fatal(err)
			}
			if _, err := s.FinishErasures(t.Context(), clock.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return id
		}
		first := ask()
		waits := ask("a chat")
		last := ask()

		log := &flowlog.Log{Dir: dir}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { log.Run(ctx) })
		f := erasure.NewFollower(erasure.Follower{Store: s, Clock: clock, FlowLog: log, Dir: dir, Log: enginetest.NoLog})
		running.Go(func() { f.Run(ctx) })
		want := func(when, id string) {
			t.Helper()
			synctest.Wait()
			got, err := os.ReadFile(filepath.Join(dir, "erasures.followed"))
			if err != nil && !os.IsNotExist(err) || string(got) != id {
				t.Errorf("%s, all are followed up to %q, %v; want %q", when, got, err, id)
			}
		}
		want("at once", "")
		time.Sleep(11 * time.Minute)
		want("while one waits", first)
		if err := s.Unlist(t.Context(), []store.Doomed{{Erasure: waits, Chat: "a chat"}}); err != nil {
			t.Fatal(err)
		}
		if n, err := s.FinishErasures(t.Context(), clock.Now()); n != 1 || err != nil {
			t.Fatalf("FinishErasures = %d, %v", n, err)
		}
		time.Sleep(time.Minute)
		want("when all are finished", last)
		stop()
		running.Wait()
	})
}

// TestLeft: what a node has taken out of its flow logs arrives as it was, and what is nothing of the kind is refused.
func TestLeft(t *testing.T) {
	for _, l := range []erasure.Left{{Instance: "i", Contacts: []center.ContactID{"a", "b"}}, {Instance: "i"}} {
		text, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := erasure.DecodeLeft(text)
		if err != nil || got.Instance != l.Instance || len(got.Contacts) != len(l.Contacts) {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "{}", "[]"} {
		if got, err := erasure.DecodeLeft([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
