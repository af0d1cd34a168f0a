package socket

import (
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/socket/sockettest"
)

// bubble runs a test in virtual time. The server must be left without sockets.
func bubble(t *testing.T, limits Limits, f func(t *testing.T, s *echoes)) {
	synctest.Test(t, func(t *testing.T) {
		s := newEchoes(t, limits)
		f(t, s)
		synctest.Wait()
		<-time.After(2 * turn)
		if n := s.Sockets(); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.Server.mu.Lock()
		defer s.Server.mu.Unlock()
		if s.patrolling || len(s.open) != 0 {
			t.Errorf("without sockets the patrol goes on (%t), and %d handlers are open", s.patrolling, len(s.open))
		}
	})
}

// The patrol goes on as long as there is a socket, and begins again with the next one.
func TestPatrolEndsWithTheSockets(t *testing.T) {
	bubble(t, Limits{Silence: time.Minute}, func(t *testing.T, s *echoes) {
		for range 2 {
			one, two := sockettest.Pipe(t, s, "/one", ""), sockettest.Pipe(t, s, "/two", "")
			<-time.After(30 * time.Second)
			two.Send("{}")
			two.Expect("{}")
			if took := one.ClosedAfter(1001); took < 30*time.Second || took > 32*time.Second {
				t.Errorf("closed for its silence after %v more; want 30 s to 32 s", took)
			}
			two.ExpectClose(1001)
			<-time.After(10 * time.Second)
		}
	})
}

// Of what is to close a socket later, the first that was asked for does.
func TestCloseAfter(t *testing.T) {
	bubble(t, Limits{}, func(t *testing.T, s *echoes) {
		first, second := NewCause("first", 4001, "first"), NewCause("second", 4002, "second")
		c := sockettest.Pipe(t, s, "/now", "")
		s.open["/now"].conn.CloseAfter(0, first)
		s.open["/now"].conn.CloseAfter(time.Hour, second)
		if took := c.ClosedAfter(4001); took > 2*time.Second {
			t.Errorf("closed after %v; want it at once", took)
		}
		c = sockettest.Pipe(t, s, "/later", "")
		s.open["/later"].conn.CloseAfter(10*time.Second, second)
		if took := c.ClosedAfter(4002); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("closed after %v; want 10 s to 12 s", took)
		}
	})
}

// The limits hold to the second: never early, at most two turns late.
func TestTurns(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want int32
	}{{time.Millisecond, 1}, {time.Second, 1}, {time.Second + 1, 2}, {time.Hour, 3600}} {
		if got := turns(test.d); got != test.want {
			t.Errorf("turns(%v) = %d; want %d", test.d, got, test.want)
		}
	}
	for _, n := range []int{0, 1, 2, 100, 501, 15_000} {
		batch, pause := stagger(n, 5*time.Second)
		rounds := (n + batch - 1) / batch
		if total := time.Duration(rounds) * pause; total > 5500*time.Millisecond || n >= 500 && total < 4*time.Second {
			t.Errorf("stagger(%d) = %d each %v: %v in all", n, batch, pause, total)
		}
	}
}
