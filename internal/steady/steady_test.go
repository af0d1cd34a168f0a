package steady

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSteps: the clock shows the time of a wall clock that runs on or jumps ahead; behind one
// that was set back it neither stops nor goes back, and is at its time again after 16 times the step.
func TestSteps(t *testing.T) {
	for name, c := range map[string]struct {
		step  time.Duration // of the wall clock
		after time.Duration
		ahead time.Duration // of the wall clock, then
	}{
		"no step":                        {0, time.Hour, 0},
		"ahead":                          {24 * time.Hour, 0, 0},
		"back an hour, at once":          {-time.Hour, 0, time.Hour},
		"back an hour, 16 minutes later": {-time.Hour, 16 * time.Minute, 59 * time.Minute},
		"back an hour, 16 hours later":   {-time.Hour, 16 * time.Hour, 0},
		"back an hour, a week later":     {-time.Hour, 7 * 24 * time.Hour, 0},
		"back a second":                  {-time.Second, 8 * time.Second, time.Second / 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			step := time.Duration(0)
			clock := Clock{Wall: func() time.Time { return time.Now().Add(step) }}
			const look = time.Second
			last := clock.Now()
			for range 10 {
				time.Sleep(look)
				if now := clock.Now(); now.Sub(last) != look || !now.Equal(time.Now()) {
					t.Errorf("%s: in a second from %s to %s", name, last, now)
				} else {
					last = now
				}
			}
			step = c.step
			if now := clock.Now(); now.Before(last) {
				t.Errorf("%s: from %s back to %s", name, last, now)
			}
			last = clock.Now()
			for began := time.Now(); time.Since(began) < c.after; {
				time.Sleep(look)
				now := clock.Now()
				if passed := now.Sub(last); passed < look-look/slower || passed > look {
					t.Fatalf("%s: in a second %s pass", name, passed)
				}
				last = now
			}
			if ahead := clock.Now().Sub(time.Now().Add(step)); ahead != c.ahead {
				t.Errorf("%s: ahead of the wall clock by %s; want %s", name, ahead, c.ahead)
			}
		})
	}
}

// TestSystemClock: with the system's own clocks, whose readings are nanoseconds apart, the
// clock shows the time, and never goes back, however often it is read.
func TestSystemClock(t *testing.T) {
	var clock Clock
	last := clock.Now()
	for range 100_000 {
		now := clock.Now()
		if now.Before(last) {
			t.Fatalf("from %s back to %s", last, now)
		}
		last = now
	}
	if off := time.Since(last); off < -time.Second || off > time.Minute {
		t.Errorf("the clock is off by %s", off)
	}
}

func BenchmarkNow(b *testing.B) {
	var clock Clock
	for b.Loop() {
		clock.Now()
	}
}
