package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/store"
)

var (
	errDown    = errors.New("connection refused")
	errRefused = &statusError{400, "no"}
)

func TestOutboxOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		p := &post{t: t, answer: func(ctx context.Context, d *store.Delivery) error {
			return after(ctx, time.Duration(d.ID%7)*time.Millisecond)
		}}
		o := &Outbox{Store: s, Sender: p, Workers: 8}
		o.Wake() // before Run
		for i := range 600 {
			s.put(fmt.Sprint("stream ", i%30), "e", 1, time.Now())
		}
		s.put("long", "e", 300, time.Now())
		running(t, o)
		wait(t, 10*time.Second)
		for i := range 10 { // what comes later is heard of at once
			s.put("late", "e", 1, time.Now())
			o.Wake()
			o.Wake()
			wait(t, 20*time.Millisecond)
			if got := len(p.of("late")); got != i+1 {
				t.Errorf("%d late deliveries; want %d", got, i+1)
			}
		}
		if s.left() > 0 || len(s.dead) > 0 || len(p.tried) != 910 {
			t.Errorf("%d wait, %d dead, %d attempts; want 0, 0, 910", s.left(), len(s.dead), len(p.tried))
		}
		for stream, ids := range p.taken {
			if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
				t.Errorf("%s was delivered as %v", stream, ids)
			}
		}
		if p.most != 8 {
			t.Errorf("%d attempts at one time; want 8", p.most)
		}
	})
}

func TestOutboxPollsWithoutWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := &memoryOutbox{}, &post{t: t}
		running(t, &Outbox{Store: s, Sender: p})
		wait(t, time.Minute)
		s.put("a", "e", 1, time.Now())
		wait(t, 1100*time.Millisecond)
		if got := p.of("a"); len(got) != 1 {
			t.Errorf("delivered %v; want one", got)
		}
	})
}

func TestOutboxBackoffAndDeadLetter(t *testing.T) {
	for _, err := range []error{errRefused, errDown} {
		synctest.Test(t, func(t *testing.T) {
			s := &memoryOutbox{}
			p := &post{t: t, answer: func(_ context.Context, d *store.Delivery) error {
				if d.ID == 1 {
					return err
				}
				return nil
			}}
			var outcomes = map[Outcome]int{}
			running(t, &Outbox{Store: s, Sender: p, MaxAge: 24 * time.Hour, Observe: func(o Outcome, _ time.Duration) { outcomes[o]++ }})
			s.put("a", "e", 3, time.Now())
			wait(t, 30*time.Minute)
			if got := p.of("a"); len(got) != 0 {
				t.Errorf("%v passed the delivery that failed", got)
			}
			wait(t, 60*time.Minute)
			tries := p.attempts(1)
			if len(tries) != 20 {
				t.Fatalf("%d attempts; want 20", len(tries))
			}
			for i := range tries[1:] {
				want := min(time.Second<<i, 5*time.Minute)
				if got := tries[i+1].at.Sub(tries[i].at); got < want*4/5-ahead || got > want*6/5+time.Second {
					t.Errorf("attempt %d came after %v; want about %v", i+2, got, want)
				}
			}
			if got := p.of("a"); !slices.Equal(got, []int64{2, 3}) {
				t.Errorf("delivered %v; want the stream to go on with [2 3]", got)
			}
			if len(s.dead) != 1 || s.dead[0].Attempts != 20 || s.dead[0].Error != err.Error() {
				t.Errorf("dead letters %+v; want one with 20 attempts and %q", s.dead, err)
			}
			if outcomes[OutcomeDelivered] != 2 || outcomes[OutcomeFailed] != 19 || outcomes[OutcomeDead] != 1 {
				t.Errorf("observed %v; want 2 delivered, 19 failed, 1 dead", outcomes)
			}
		})
	}
}

func TestOutboxDeadEndpointDelaysNobody(t *testing.T) {
	for _, n := range []int{100, 1500} { // streams; fewer and more than a page shows
		synctest.Test(t, func(t *testing.T) {
			s := &memoryOutbox{}
			p := &post{t: t, answer: func(ctx context.Context, d *store.Delivery) error {
				if d.Endpoint == "dead" {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}}
			o := &Outbox{Store: s, Sender: p}
			for i := range n {
				s.put(fmt.Sprint("dead ", i), "dead", 2, time.Now())
			}
			running(t, o)
			wait(t, 20*time.Second) // all workers have hung once
			for round := range 30 {
				s.put(fmt.Sprint("well ", round), "well", 5, time.Now())
				o.Wake()
				wait(t, 2*time.Second)
				if got := p.of(fmt.Sprint("well ", round)); len(got) != 5 {
					t.Fatalf("%d dead streams, round %d: %d delivered within 2s; want 5", n, round, len(got))
				}
			}
			if tried := len(p.tried) - 150; tried > 80 {
				t.Errorf("%d attempts at the dead endpoint in 80s; want the first 64 and a few probes", tried)
			}
		})
	}
}

func TestOutboxSlowEndpointDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		p := &post{t: t, answer: func(ctx context.Context, d *store.Delivery) error {
			if d.Endpoint == "slow" {
				return after(ctx, 5*time.Second)
			}
			return nil
		}}
		o := &Outbox{Store: s, Sender: p}
		for i := range 2000 {
			s.put(fmt.Sprint("slow ", i), "slow", 1, time.Now())
		}
		running(t, o)
		wait(t, 6*time.Second)
		for round := range 10 {
			s.put(fmt.Sprint("well ", round), "well", 5, time.Now())
			o.Wake()
			wait(t, 2*time.Second)
			if got := p.of(fmt.Sprint("well ", round)); len(got) != 5 {
				t.Fatalf("round %d: %d delivered within 2s; want 5", round, len(got))
			}
		}
		wait(t, 10*time.Minute)
		if s.left() != 0 || len(s.dead) != 0 {
			t.Errorf("%d wait, %d dead after ten minutes; want the slow endpoint served at half of the workers", s.left(), len(s.dead))
		}
	})
}

func TestOutboxRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		var down atomic.Bool
		down.Store(true)
		p := &post{t: t, answer: func(ctx context.Context, d *store.Delivery) error {
			if down.Load() {
				return errDown
			}
			return nil
		}}
		o := &Outbox{Store: s, Sender: p}
		for i := range 200 {
			s.put(fmt.Sprint("stream ", i), "e", 3, time.Now())
		}
		running(t, o)
		wait(t, 10*time.Minute)
		if len(s.dead) != 0 || s.left() != 600 {
			t.Errorf("%d dead, %d wait; want all to wait", len(s.dead), s.left())
		}
		down.Store(false)
		wait(t, 2*time.Minute)
		if s.left() != 0 {
			t.Errorf("%d still wait two minutes after the endpoint came back", s.left())
		}
		for stream, ids := range p.taken {
			if !slices.IsSorted(ids) || len(ids) != 3 {
				t.Errorf("%s was delivered as %v", stream, ids)
			}
		}
	})
}

func TestOutboxOldDeliveriesBecomeDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		p := &post{t: t, answer: func(context.Context, *store.Delivery) error { return errDown }}
		for i := range 100 {
			s.put(fmt.Sprint("stream ", i), "e", 3, time.Now().Add(-48*time.Hour))
		}
		running(t, &Outbox{Store: s, Sender: p})
		wait(t, 55*time.Minute)
		if len(s.dead) != 0 {
			t.Errorf("%d dead letters; want none before an hour of this process has passed", len(s.dead))
		}
		wait(t, 20*time.Minute) // streams of an endpoint that is left alone come back late, each at a time of its own
		if s.left() != 0 || len(s.dead) != 300 {
			t.Errorf("%d wait, %d dead after an hour; want 0, 300", s.left(), len(s.dead))
		}
		for _, d := range s.dead {
			if d.Error == "" {
				t.Errorf("dead letter %d does not say why", d.ID)
			}
		}
	})
}

func TestOutboxOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		p := &post{t: t, answer: func(_ context.Context, d *store.Delivery) error {
			if d.Stream == "stuck" {
				return errRefused
			}
			return nil
		}}
		s.put("stuck", "e", 5000, time.Now())
		s.put("well", "e", 500, time.Now())
		running(t, &Outbox{Store: s, Sender: p, MaxWaiting: 1500})
		wait(t, 2*time.Minute)
		if s.left() != 1500 || len(s.dead) != 3500 {
			t.Fatalf("%d wait, %d dead; want 1500, 3500", s.left(), len(s.dead))
		}
		if s.waiting[0].ID != 3501 || !strings.Contains(s.dead[0].Error, "more than 1500") {
			t.Errorf("the oldest is %d, the reason %q; want the oldest given up because there were too many", s.waiting[0].ID, s.dead[0].Error)
		}
		if got := p.of("well"); len(got) != 500 || !slices.IsSorted(got) {
			t.Errorf("%d of the other stream; want 500", len(got))
		}
	})
}

// What was delivered is not given up as too much while its commit is on its way.
func TestOutboxOverflowLeavesTheDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{takes: 2500 * time.Millisecond}
		p := &post{t: t}
		s.put("fast", "e", 300, time.Now())
		dead := 0
		running(t, &Outbox{Store: s, Sender: p, MaxWaiting: 100, Observe: func(o Outcome, _ time.Duration) {
			if o == OutcomeDead {
				dead++
			}
		}})
		wait(t, 10*time.Minute)
		taken := p.of("fast")
		for _, d := range s.dead {
			if slices.Contains(taken, d.ID) {
				t.Errorf("delivery %d was taken, and is a dead letter", d.ID)
			}
		}
		if len(taken)+len(s.dead) != 300 || s.left() != 0 || dead != len(s.dead) || dead == 0 {
			t.Errorf("%d taken, %d dead (%d counted), %d wait; want 300 in all, none waiting", len(taken), len(s.dead), dead, s.left())
		}
	})
}

// TestOutboxCrashesBeforeItsCommit: the endpoint has taken a delivery, and the
// process is gone before that is written down.
func TestOutboxCrashesBeforeItsCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := &memoryOutbox{fail: store.ErrClosed}, &post{t: t}
		s.put("a", "e", 5, time.Now())
		stop := running(t, &Outbox{Store: s, Sender: p})
		synctest.Wait()
		if err := stop(); !errors.Is(err, store.ErrClosed) {
			t.Fatalf("Run = %v; want that the store is closed", err)
		}
		first := len(p.of("a"))
		if first == 0 || s.left() != 5 {
			t.Fatalf("%d delivered, %d wait; want some and 5", first, s.left())
		}
		s.fail = nil
		running(t, &Outbox{Store: s, Sender: p})
		wait(t, time.Second)
		if s.left() != 0 {
			t.Errorf("%d wait after the restart; want 0", s.left())
		}
		for id := range int64(5) {
			tries := p.attempts(id + 1)
			if len(tries) == 0 || len(tries) > 2 {
				t.Errorf("delivery %d was sent %d times; want once or twice", id+1, len(tries))
			}
			for _, a := range tries {
				if a.message != tries[0].message {
					t.Errorf("delivery %d had the message ids %s and %s", id+1, tries[0].message, a.message)
				}
			}
		}
	})
}

func TestOutboxCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := &memoryOutbox{fail: errors.New("disk full")}, &post{t: t}
		s.put("a", "e", 3, time.Now())
		running(t, &Outbox{Store: s, Sender: p})
		wait(t, time.Minute)
		if s.commits > 61 {
			t.Errorf("%d commits were tried in a minute; want one a second", s.commits)
		}
		s.fail = nil
		s.put("a", "e", 3, time.Now())
		wait(t, 3*time.Second)
		if got := p.of("a"); !slices.Equal(got, []int64{1, 2, 3, 4, 5, 6}) || s.left() != 0 {
			t.Errorf("delivered %v, %d wait; want each once", got, s.left())
		}
	})
}

func TestOutboxStops(t *testing.T) {
	for _, c := range []struct {
		name         string
		needs        time.Duration // of an attempt
		took         time.Duration // of stopping
		delivered    int
		stillWaiting int
	}{
		{"in time", 2 * time.Second, time.Second, 1, 4},
		{"too slow", 8 * time.Second, stopGrace, 0, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &memoryOutbox{}
				p := &post{t: t, answer: func(ctx context.Context, _ *store.Delivery) error { return after(ctx, c.needs) }}
				s.put("a", "e", 5, time.Now())
				stop := running(t, &Outbox{Store: s, Sender: p})
				wait(t, time.Second)
				began := time.Now()
				if err := stop(); err != nil {
					t.Errorf("Run = %v; want nil", err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("stopping took %v; want %v", took, c.took)
				}
				if got := len(p.of("a")); got != c.delivered || s.left() != c.stillWaiting {
					t.Errorf("%d delivered, %d wait; want %d, %d", got, s.left(), c.delivered, c.stillWaiting)
				}
				if s.waiting[0].Attempts != 0 {
					t.Errorf("the attempt that was cut short counts: %+v", s.waiting[0])
				}
			})
		})
	}
}

func TestOutboxTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memoryOutbox{}
		p := &post{t: t, answer: func(ctx context.Context, _ *store.Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		s.put("a", "e", 1, time.Now())
		running(t, &Outbox{Store: s, Sender: p, Timeout: 4 * time.Second})
		wait(t, 5500*time.Millisecond)
		if tries := p.attempts(1); len(tries) < 1 || s.waiting[0].Attempts != 1 {
			t.Errorf("%d attempts, %d counted; want one that timed out after 4s", len(tries), s.waiting[0].Attempts)
		}
	})
}

func TestBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second,
		9: 256 * time.Second, 10: 5 * time.Minute, 16: 5 * time.Minute, 1 << 30: 5 * time.Minute} {
		for range 100 {
			if got := backoff(failures, lastBackoff); got < want*4/5 || got > want*6/5 {
				t.Errorf("backoff(%d) = %v; want %v, give or take a fifth", failures, got, want)
			}
		}
	}
}

// BenchmarkOutbox sends 1,000 deliveries of 100 streams, without network and disk.
func BenchmarkOutbox(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, p := &memoryOutbox{}, &post{}
		for i := range 1000 {
			s.put(fmt.Sprint(i%100), "e", 1, time.Time{})
		}
		ctx, cancel := context.WithCancel(b.Context())
		sent := 0
		o := &Outbox{Store: s, Sender: p, Now: time.Now, Observe: func(Outcome, time.Duration) {
			if sent++; sent == 1000 {
				cancel()
			}
		}}
		if err := o.Run(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
