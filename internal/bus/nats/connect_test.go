package nats

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestTheLogIsToldOnceAPeriod, and of the next outage at once.
func TestTheLogIsToldOnceAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p periodic
		for _, step := range []struct {
			after time.Duration
			count uint64
			since uint64 // 0 when the log is not told
		}{{0, 0, 0}, {0, 1, 1}, {0, 2, 0}, {period - 1, 7, 0}, {1, 9, 8}, {period, 9, 0}, {period, 10, 1}} {
			time.Sleep(step.after)
			if since, due := p.due(time.Now(), step.count); since != step.since || due != (step.since > 0) {
				t.Errorf("%d, after %v: tells of %d, %t; want %d", step.count, step.after, since, due, step.since)
			}
		}
		var l link
		told := func(kind int, want bool) {
			t.Helper()
			if l.mention(kind) != want {
				t.Errorf("the log is told: %t; want %t", !want, want)
			}
		}
		l.set(true)
		_, first := l.state()
		l.set(true)
		l.set(false)
		l.set(false)
		<-first
		told(unreachable, true)
		told(unreachable, false)
		told(refused, true)
		time.Sleep(period)
		told(unreachable, true)
		told(unreachable, false)
		l.set(true)
		l.set(false)
		told(unreachable, true)
	})
}

func TestAQueueHasABound(t *testing.T) {
	q := newQueue[string](10)
	for _, step := range []struct {
		weight int
		taken  bool
	}{{4, true}, {6, true}, {1, false}, {0, true}} {
		if q.put("x", step.weight) != step.taken {
			t.Errorf("%d more is taken: %t; want %t", step.weight, !step.taken, step.taken)
		}
	}
	<-q.wake
	first := q.take()
	if len(first) != 3 {
		t.Errorf("%d are there; want 3", len(first))
	}
	if !q.put("y", 10) {
		t.Error("an empty queue takes nothing")
	}
	<-q.wake
	if got := q.take(); len(got) != 1 || got[0] != "y" {
		t.Errorf("%q are there; want one y", got)
	}
	if got := q.take(); len(got) != 0 {
		t.Errorf("%q are there again", got)
	}
	if first[0] != "" {
		t.Error("what was taken is kept")
	}
}
