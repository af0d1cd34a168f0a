package server

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestBacklogIsCountedSeldom lets counting take long: who asks waits a little, gets the
// former figures, and no more than a hundredth of the time goes into counting.
func TestBacklogIsCountedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts atomic.Int64
		took := time.Millisecond
		b := newBacklog(func(context.Context) figures {
			time.Sleep(took)
			return figures{files: counts.Add(1)}
		})
		ctx, stop := context.WithCancel(t.Context())
		go b.run(ctx)
		want := func(what string, n int64, waits time.Duration) {
			t.Helper()
			began := time.Now()
			if got := b.get().files; got != n || time.Since(began) != waits {
				t.Errorf("%s: count %d after %s; want %d after %s", what, got, time.Since(began), n, waits)
			}
		}
		want("the first scrape", 1, took)
		want("right afterwards", 1, 0)
		time.Sleep(backlogEvery)
		took = 3 * time.Second
		want("while counting takes long", 1, backlogWait)
		want("meanwhile", 1, backlogWait)
		time.Sleep(took)
		want("when it is done", 2, 0)
		time.Sleep(backlogShare*took - 4*time.Second)
		want("almost 300 seconds later", 2, 0)
		time.Sleep(4 * time.Second)
		took = 0
		want("after 300 seconds", 3, 0)
		stop()
		synctest.Wait()
	})
}

func TestBytesBelow(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"x": 10, "a/y": 200, "a/b/z": 3000} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := bytesBelow(t.Context(), dir); got != 3210 {
		t.Errorf("bytesBelow = %d; want 3210", got)
	}
	if got := bytesBelow(t.Context(), filepath.Join(dir, "absent")); got != 0 {
		t.Errorf("bytesBelow of nothing = %d", got)
	}
}
