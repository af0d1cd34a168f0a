package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/lifecycle"
)

// part notes what is done to it.
type part struct {
	name  string
	notes *[]string
	start error
	stop  func(ctx context.Context) error
}

func (p part) Start(context.Context) error {
	*p.notes = append(*p.notes, "start "+p.name)
	return p.start
}

func (p part) Stop(ctx context.Context) error {
	*p.notes = append(*p.notes, "stop "+p.name)
	if p.stop != nil {
		return p.stop(ctx)
	}
	return nil
}

func group(log *strings.Builder) *lifecycle.Group {
	return &lifecycle.Group{Log: slog.New(slog.NewTextHandler(log, nil))}
}

func TestStopsInReverseOrder(t *testing.T) {
	var notes []string
	g := group(&strings.Builder{})
	for _, name := range []string{"store", "engine"} {
		g.Add(name, 0, part{name: name, notes: &notes})
	}
	for range 2 {
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	g.Add("listener", 0, part{name: "listener", notes: &notes})
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
	want := []string{"start store", "start engine", "start listener", "stop listener", "stop engine", "stop store"}
	if !slices.Equal(notes, want) {
		t.Errorf("the parts saw %q; want %q", notes, want)
	}
	if err := g.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start of a stopped group = %v", err)
	}
}

// TestFailedStartStopsEverything also stops the parts that were never started:
// what was made with them, an open file say, has to be closed.
func TestFailedStartStopsEverything(t *testing.T) {
	var notes []string
	broken := errors.New("broken")
	g := group(&strings.Builder{})
	g.Add("store", 0, part{name: "store", notes: &notes})
	g.Add("engine", 0, part{name: "engine", notes: &notes, start: broken})
	g.Add("hub", 0, part{name: "hub", notes: &notes})
	err := g.Start(t.Context())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "start engine") {
		t.Errorf("Start = %v; want what failed, and where", err)
	}
	want := []string{"start store", "start engine", "stop hub", "stop engine", "stop store"}
	if !slices.Equal(notes, want) {
		t.Errorf("the parts saw %q; want %q", notes, want)
	}
}

// TestStopIsBounded goes on behind a part that does not stop, and names it.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notes []string
		var log strings.Builder
		release := make(chan struct{})
		defer close(release)
		g := group(&log)
		g.Add("store", 0, part{name: "store", notes: &notes})
		g.Add("engine", 5*time.Second, part{name: "engine", notes: &notes, stop: func(context.Context) error { <-release; return nil }})
		g.Add("sockets", time.Minute, part{name: "sockets", notes: &notes, stop: func(ctx context.Context) error { <-ctx.Done(); return nil }})
		began := time.Now()
		err := g.Stop(t.Context())
		if took := time.Since(began); took < 65*time.Second || took > 70*time.Second {
			t.Errorf("stopping took %s; want a minute, 5 s and a little", took)
		}
		if err == nil || err.Error() != "stop engine: did not stop within 5s" {
			t.Errorf("Stop = %v", err)
		}
		if text := log.String(); !strings.Contains(text, "part=engine") || strings.Contains(text, "part=sockets") {
			t.Errorf("the log has %s; want the engine named, not the sockets, which dropped their work in time", text)
		}
		if notes[len(notes)-1] != "stop store" {
			t.Errorf("the parts saw %q; want the store stopped in the end", notes)
		}
	})
}

func TestLoop(t *testing.T) {
	runs := 0
	l := lifecycle.Loop(func(ctx context.Context) { runs++; <-ctx.Done() })
	ctx, cancel := context.WithCancel(t.Context())
	for range 2 {
		if err := l.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancel() // bounds the starting only
	for range 2 {
		if err := l.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
	if runs != 1 {
		t.Errorf("the function ran %d times", runs)
	}
	if err := l.Start(t.Context()); !errors.Is(err, lifecycle.ErrStopped) {
		t.Errorf("Start of a stopped loop = %v", err)
	}
	never := lifecycle.Loop(func(context.Context) { t.Error("it runs without a start") })
	if err := never.Stop(t.Context()); err != nil {
		t.Errorf("Stop of a loop that was never started: %v", err)
	}
}

func TestLoopThatDoesNotEnd(t *testing.T) {
	release := make(chan struct{})
	l := lifecycle.Loop(func(context.Context) { <-release })
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop = %v; want the context's error", err)
	}
	close(release)
	if err := l.Stop(t.Context()); err != nil {
		t.Errorf("Stop once it has ended: %v", err)
	}
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := lifecycle.Every(time.Hour, func(context.Context) { calls++ })
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Minute)
		if err := p.Stop(t.Context()); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if calls != 3 {
			t.Errorf("it was called %d times in two and a half hours; want at the start and twice more", calls)
		}
	})
}
