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
// checkpoints; it is killed, and so is Litestream, under load. What is restored, the newest state and an
// earlier one, is whole, and has all that was acknowledged until then, once Litestream has shipped it.
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
	// shipped waits until nothing has come to the replica for a while.
	shipped := func() {
		for size, last := int64(-1), time.Now(); time.Since(last) < 6*time.Second; time.Sleep(100 * time.Millisecond) {
			n := int64(0)
			for _, name := range tree(t, replica) {
				if info, err := os.Stat(filepath.Join(replica, name)); err == nil {
					n += info.Size()
				}
			}
			if n != size {
				size, last = n, time.Now()
			}
		}
	}
	w := startWriter(t, path, all(0))
	w.progress(t, 10)
	stream := replicate()
	during(w, 15*time.Second)
	early := w.kill()
	shipped()
	middle := time.Now().UTC()
	time.Sleep(2 * time.Second) // times of a restore are in seconds

	w = startWriter(t, path, early)
	during(w, 10*time.Second)
	_ = stream.Process.Kill()
	_ = stream.Wait() // it was killed: that is its error
	during(w, 3*time.Second)
	stream = replicate()
	during(w, 10*time.Second)
	late := w.kill()
	shipped()
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
		items, acked := int64(0), int64(0)
		for i := range got {
			items += got[i]
			acked += restored.acked[i]
			// One more may be there: it was written, and not acknowledged, when the process was killed.
			if got[i] < restored.acked[i] || got[i] > restored.acked[i]+1 {
				t.Errorf("the %s state has %d items of chat %d; %d were acknowledged", what, got[i], i, restored.acked[i])
			}
		}
		t.Logf("the %s state has %d items, each as it was written; %d were acknowledged", what, items, acked)
	}
	t.Logf("the log of the database had at most %d MB", largest>>20)
}
