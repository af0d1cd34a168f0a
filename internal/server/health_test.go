package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWritesAreProbed: while writes fail, and only then, one is tried every second; the
// one that succeeds is the last.
func TestWritesAreProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		w := newWrites(slog.New(slog.NewTextHandler(&log, nil)), "")
		probes, fails := 0, 0
		w.probe = func(context.Context) error {
			if probes++; probes%5 != 0 {
				return errors.New("full")
			}
			w.tell(nil)
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); w.watch(ctx) }()
		for range 3 {
			time.Sleep(time.Hour)
			synctest.Wait()
			if probes != 5*fails || w.failing() != nil {
				t.Errorf("%d probes after %d failures, failing %v; want 5 for each", probes, fails, w.failing())
			}
			w.tell(errors.New("database or disk is full"))
			fails++
			time.Sleep(4500 * time.Millisecond)
			if err := w.failing(); err == nil || err.Error() != "database or disk is full" {
				t.Errorf("before a write succeeds: failing %v", err)
			}
		}
		time.Sleep(time.Minute)
		w.tell(errors.New("again")) // and stops while it fails
		synctest.Wait()
		stop()
		<-ended
		if n := strings.Count(log.String(), "writes succeed again"); n != 3 {
			t.Errorf("the log has %d recoveries; want 3:\n%s", n, &log)
		}
	})
}

// TestFailureHasTheSystemsReason: where the data directory takes no file, that is said beside what the database says;
// looking leaves nothing behind.
func TestFailureHasTheSystemsReason(t *testing.T) {
	dir := t.TempDir()
	for data, want := range map[string]string{
		dir:                        "disk I/O error (778)",
		filepath.Join(dir, "none"): "disk I/O error (778): no such file or directory",
	} {
		w := newWrites(slog.New(slog.DiscardHandler), data)
		w.tell(errors.New("disk I/O error (778)"))
		if err := w.failing(); err == nil || err.Error() != want {
			t.Errorf("with %s writes fail with %v; want %q", data, err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("looking has left %v, %v", left, err)
	}
}
