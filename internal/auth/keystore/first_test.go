package keystore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// counting is a store that counts reads of single resources.
type counting struct {
	store.Store
	reads int
}

func (c *counting) Resource(ctx context.Context, kind center.Kind, id string) (center.Resource, error) {
	c.reads++
	return c.Store.Resource(ctx, kind, id)
}

// TestFirst makes one key for an empty store, in a file for its owner alone.
func TestFirst(t *testing.T) {
	keys := newKeys(t)
	file := filepath.Join(t.TempDir(), "key.env")
	write(t, file, keystore.KeyText("AKIAOFANOTHERTIME000", "of-a-key-that-was-deleted-long-ago"))
	for _, want := range []bool{true, false} {
		if made, err := keys.First(t.Context(), file, now); made != want || err != nil {
			t.Errorf("First = %v, %v; want %v", made, err, want)
		}
	}
	list, err := keys.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID == "AKIAOFANOTHERTIME000" {
		t.Fatalf("List = %v, %v", list, err)
	}
	if id, secret, err := keystore.ReadKeyFile(file); err != nil || id != list[0].ID || secret != list[0].Secret {
		t.Errorf("the file does not have the key: %s, %v", id, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want the owner alone to read it", info, err)
	}
	if _, err := keys.Store.Resource(t.Context(), center.KindSetting, "first-key"); center.ReasonOf(err) != center.NotFound {
		t.Errorf("what was begun is not over: %v", err)
	}
}

// TestFirstThatCannotBeWritten is no key.
func TestFirstThatCannotBeWritten(t *testing.T) {
	keys := newKeys(t)
	file := filepath.Join(t.TempDir(), "none", "key.env")
	if made, err := keys.First(t.Context(), file, now); made || err == nil {
		t.Errorf("First = %v, %v", made, err)
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v", list, err)
	}
}

// The test binary is also the process that dies while it makes the first key: before its
// write with the number of envDies.
const (
	envDir  = "PARLEY_TEST_FIRST_DIR"
	envDies = "PARLEY_TEST_FIRST_DIES"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envDir); dir != "" {
		n, err := strconv.Atoi(os.Getenv(envDies))
		if err == nil {
			err = firstThenDie(dir, n)
		}
		panic(err)
	}
	os.Exit(m.Run())
}

// killed is a store whose process is killed before a write.
type killed struct {
	store.Store
	left int
}

func (k *killed) WriteResources(ctx context.Context, w store.ResourceWrite) (map[center.InstanceID]int64, error) {
	if k.left--; k.left < 0 {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			return nil, err
		}
		select {} // it takes a moment
	}
	return k.Store.WriteResources(ctx, w)
}

func firstThenDie(dir string, n int) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	v, err := keystore.Unlock(ctx, s, filepath.Join(dir, keystore.SecretFile), nil)
	if err != nil {
		return err
	}
	_, err = keystore.Keys{Store: &killed{s, n}, Vault: v}.First(ctx, filepath.Join(dir, "first-key.env"), now)
	return errors.Join(err, errors.New("it was not killed"))
}

// TestKilledWhileMakingTheFirstKey: what is left is nothing, or a file whose key counts after the next start.
func TestKilledWhileMakingTheFirstKey(t *testing.T) {
	for n, written := range []bool{false, true} {
		dir := t.TempDir()
		file := filepath.Join(dir, "first-key.env")
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), envDir+"="+dir, envDies+"="+strconv.Itoa(n))
		if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
			t.Fatalf("the process ended with %v: %s; want it killed", err, out)
		}
		id, secret, err := keystore.ReadKeyFile(file)
		if (err == nil) != written {
			t.Fatalf("killed before write %d, the file has %q, %v", n, id, err)
		}
		s := open(t, dir)
		keys := keystore.Keys{Store: s, Vault: unlock(t, s, filepath.Join(dir, keystore.SecretFile))}
		if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
			t.Fatalf("killed before write %d, the keys are %v, %v", n, list, err)
		}
		if made, err := keys.First(t.Context(), file, now); !made || err != nil {
			t.Fatalf("the next First = %v, %v", made, err)
		}
		again, same, err := keystore.ReadKeyFile(file)
		if err != nil || written && (again != id || same != secret) {
			t.Errorf("killed before write %d, the file has %q, %v; before it had %q", n, again, err, id)
		}
		if got, err := keys.Get(t.Context(), again); err != nil || got.Secret != same {
			t.Errorf("the key of the file: %v, %v", got, err)
		}
	}
}
