//go:build litestream

package backup_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestLitestream shows that Litestream, whose binary LITESTREAM names, and the store get along on
// one database: `make litestream` runs it. A process writes as fast as it can, with its own
// checkpoints; it is killed, and so is Litestream, under load. What is restored is whole, and
// has all that was acknowledged until shortly before: the newest state, and an earlier one.
func TestLitestream(t *testing.T) {
	base := t.TempDir()
	path, replica, config := filepath.Join(base, "data"), filepath.Join(base, "replica"), filepath.Join(base, "litestream.yml")
	text := fmt.Sprintf("addr: \"\"\nsnapshot: {interval: 15s, retention: 1h}\ndbs:\n  - path: %s/parley.db\n    replica: {path: %s, sync-interval: 1s}\n", path, replica)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	litestream := func(args ...string) *exec.Cmd {
		cmd := exec.Command(os.Getenv("LITESTREAM"), args...)
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		t.Cleanup(func() {
			if cmd.Process != nil {
				_ = cmd.Process.Kill() // most have been killed before
			}
		})
		return cmd
	}
	replicate := func() *exec.Cmd {
		cmd := litestream("replicate", "-config", config)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	largest := int64(0)
	during := func(w *writer, d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if info, err := os.Stat(filepath.Join(path, "parley.db-wal")); err == nil {
				largest = max(largest, info.Size())
			}
		}
		w.progress(t, 1)
	}
	w := startWriter(t, path, all(0))
	w.progress(t, 10)
	stream := replicate()
	during(w, 15*time.Second)
	early, _ := w.state()
	during(w, 5*time.Second) // what is said is shipped within that
	middle := time.Now().UTC()
	during(w, 3*time.Second)
	acked := w.kill()

	w = startWriter(t, path, acked)
	during(w, 10*time.Second)
	_ = stream.Process.Kill()
	_ = stream.Wait() // it was killed: that is its error
	during(w, 3*time.Second)
	stream = replicate()
	during(w, 15*time.Second)
	late, _ := w.state()
	during(w, 5*time.Second)
	w.kill()
	_ = stream.Process.Kill()
	_ = stream.Wait()

	for what, restored := range map[string]struct {
		args  []string
		acked [chatsOfAll]int64
	}{
		"newest": {nil, late},
		"middle": {[]string{"-timestamp", middle.Format(time.RFC3339)}, early},
	} {
		to := filepath.Join(base, what)
		args := append([]string{"restore", "-config", config, "-o", filepath.Join(to, "parley.db")}, restored.args...)
		if err := litestream(append(args, filepath.Join(path, "parley.db"))...).Run(); err != nil {
			t.Fatalf("restore the %s state: %v", what, err)
		}
		if err := os.Symlink(filepath.Join(path, "files"), filepath.Join(to, "files")); err != nil {
			t.Fatal(err)
		}
		got := counts(t, to)
		items, behind := int64(0), int64(0)
		for i := range got {
			items += got[i]
			if behind += acked[i]; got[i] < restored.acked[i] {
				t.Errorf("the %s state has %d items of chat %d; %d were acknowledged five seconds before", what, got[i], i, restored.acked[i])
			}
		}
		t.Logf("the %s state has %d items, each as it was written; at the kill in the middle %d were acknowledged", what, items, behind)
	}
	t.Logf("the log of the database had at most %d MB", largest>>20)
}
