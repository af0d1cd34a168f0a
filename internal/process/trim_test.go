package process

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestTrimsWhenQuiet(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name        string
		before, now heap
		last        time.Duration
		want        bool
	}{
		{"a burst is over", heap{1000 * mb, 190 * mb}, heap{1001 * mb, 190 * mb}, time.Hour, true},
		{"busy", heap{1000 * mb, 190 * mb}, heap{1100 * mb, 190 * mb}, time.Hour, false},
		{"small", heap{10 * mb, 20 * mb}, heap{11 * mb, 21 * mb}, time.Hour, false},
		{"a moment ago", heap{1000 * mb, 190 * mb}, heap{1001 * mb, 190 * mb}, 50 * time.Second, false},
	} {
		if got := c.now.wants(c.before, 10*time.Second, c.last); got != c.want {
			t.Errorf("%s: wants = %v; want %v", c.name, got, c.want)
		}
	}
}

var burst []byte

func TestTrimGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			TrimMemory(ctx)
		}()
		synctest.Wait()
		burst = make([]byte, 64<<20)
		for i := 0; i < len(burst); i += 4096 {
			burst[i] = 1
		}
		burst = nil
		full := readHeap()
		// The first look finds the burst itself, which is not quiet.
		<-time.After(2*trimEvery + time.Second)
		synctest.Wait()
		stop()
		<-done
		if now := readHeap(); now.held+32<<20 > full.held {
			t.Errorf("%d bytes are held; %d were before", now.held, full.held)
		}
	})
}
