package keystore_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holders names the files of a directory, other than those of secrets, that have a text.
func holders(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) && file.Name() != keystore.SecretFile {
			names = append(names, file.Name())
		}
	}
	return names
}

// TestUnlockMakesTheFile on a first start, for its owner alone, and finds it afterwards; what is
// sealed under it opens, and no file of the database has a secret in clear.
func TestUnlockMakesTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, keystore.SecretFile)
	key := auth.NewKey("website", auth.FullAccess(), now)
	var text []byte
	for start := range 2 {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		keys := keystore.Keys{Store: s, Vault: unlock(t, s, file)}
		if start == 0 {
			if err := keys.Put(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := keys.Get(t.Context(), key.ID); err != nil || got.Secret != key.Secret {
			t.Errorf("start %d: Get = %v, %v", start, got, err)
		}
		if names := holders(t, dir, key.Secret); names != nil {
			t.Errorf("start %d: %v have the secret", start, names)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(file)
		if err != nil || start > 0 && !bytes.Equal(text, now) {
			t.Errorf("start %d: the file changed, or %v", start, err)
		}
		text = now
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want the owner alone to read it", info, err)
	}
}

// TestUnlockRefuses a database whose secrets are sealed without the file, with another, and
// with a damaged one, and says how to go on. A reset gives everything sealed up.
func TestUnlockRefuses(t *testing.T) {
	s, dir := open(t, ""), t.TempDir()
	file, away := filepath.Join(dir, keystore.SecretFile), filepath.Join(dir, "away")
	keys := keystore.Keys{Store: s, Vault: unlock(t, s, file)}
	key := auth.NewKey("website", auth.FullAccess(), now)
	if err := keys.Put(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := keys.PutUses(t.Context(), map[string]auth.Use{key.ID: {At: now}}); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.OpenTokens(t.Context(), s, keys.Vault, now); err != nil {
		t.Fatal(err)
	}
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, words ...string) {
		t.Helper()
		_, err := keystore.Unlock(t.Context(), s, file, nil)
		for _, word := range append(words, file) {
			if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), string(right)) {
				t.Errorf("%s: %v; want an error with %q", what, err, word)
			}
		}
	}
	if err := os.Rename(file, away); err != nil {
		t.Fatal(err)
	}
	refused("no file", "not there", "put it back", "parley keys reset")
	if _, err := os.Stat(file); err == nil {
		t.Error("a refused start made a file")
	}
	unlock(t, open(t, ""), file) // the file of another database
	refused("another file", "sealed with another file", "parley keys reset")
	if _, err := keystore.Reset(t.Context(), s, file); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("a reset with a file there: %v", err)
	}
	for _, text := range []string{"", "parley-secret-1:short\n", strings.ReplaceAll(string(right), "parley-secret-1", "parley-secret-2")} {
		write(t, file, text)
		refused("a damaged file", "not a secret file")
	}
	write(t, file, "\r\n# moved\r\n"+string(right))
	unlock(t, s, file) // comments and line ends do not matter
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}

	if _, err := keystore.Reset(t.Context(), &failing{s, 0}, file); !errors.Is(err, errDied) {
		t.Errorf("a reset that fails: %v", err)
	}
	if _, err := os.Lstat(file); !os.IsNotExist(err) {
		t.Errorf("a reset that failed has left a file: %v", err)
	}
	if _, err := keystore.Unlock(t.Context(), s, file, nil); err == nil || !strings.Contains(err.Error(), "put it back") {
		t.Errorf("after a reset that failed: %v", err)
	}
	v, err := keystore.Reset(t.Context(), s, file)
	if err != nil {
		t.Fatal(err)
	}
	keys.Vault = v
	if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("after the reset the keys are %v, %v", list, err)
	}
	if uses, err := keys.Uses(t.Context()); err != nil || len(uses) != 0 {
		t.Errorf("after the reset the uses are %v, %v", uses, err)
	}
	if _, err := keystore.OpenTokens(t.Context(), s, unlock(t, s, file), now); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

// TestUnlockNeedsADirectory for a new file, and warns when others may read the file.
func TestUnlockFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := keystore.Unlock(t.Context(), open(t, ""), filepath.Join(dir, "none", "secret"), nil); err == nil || !strings.Contains(err.Error(), "no directory") {
		t.Errorf("a file in a directory that is not there: %v", err)
	}
	s, file := open(t, ""), filepath.Join(dir, "secret")
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644} {
		unlock(t, s, file)
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		if _, err := keystore.Unlock(t.Context(), s, file, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "WARN"); warned != (mode == 0o644) {
			t.Errorf("with the mode %v the log has %q", mode, log.String())
		}
	}
}

// failing is a store whose n-th write fails, as when the process dies before it.
type failing struct {
	store.Store
	left int
}

var errDied = errors.New("died")

func (f *failing) die() error {
	f.left--
	if f.left < 0 {
		return errDied
	}
	return nil
}

func (f *failing) WriteResources(ctx context.Context, w store.ResourceWrite) (map[center.InstanceID]int64, error) {
	if err := f.die(); err != nil {
		return nil, err
	}
	return f.Store.WriteResources(ctx, w)
}

func (f *failing) Overwrite(ctx context.Context, w store.ResourceWrite, gone ...string) error {
	if err := f.die(); err != nil {
		return err
	}
	if err := f.Store.Overwrite(ctx, w); err != nil { // without looking for what is gone
		return err
	}
	if err := f.die(); err != nil {
		return err
	}
	return f.Store.Overwrite(ctx, store.ResourceWrite{}, gone...)
}

// TestClearSecretsAreSealed: those of an earlier format are sealed at the first start, nothing
// of them stays in any file of the database, and keys and tokens work on; also when the process dies at
// any step in between.
func TestClearSecretsAreSealed(t *testing.T) {
	for steps := range 5 {
		dir := t.TempDir()
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		// What the format before had, and wrote several times.
		secret := auth.NewSecret(1)
		clear := base64.StdEncoding.EncodeToString(secret.Key[:])
		var gone []string
		var keys []auth.Key
		var old []center.Resource
		for i := range 30 {
			key := auth.NewKey("website", auth.FullAccess(), now)
			if i == 0 {
				key.Secret = `an operator's own "secret" <&>`
			}
			body, err := json.Marshal(key)
			if err != nil {
				t.Fatal(err)
			}
			keys, gone = append(keys, key), append(gone, key.Secret)
			old = append(old, center.Resource{Kind: center.KindAccessKey, ID: key.ID, Created: now, Body: body})
		}
		old = append(old, center.Resource{Kind: center.KindSetting, ID: "token-secret", Created: now, Body: []byte(`"` + clear + `"`)})
		gone = append(gone, clear)
		for version := range int64(3) {
			for i := range old {
				old[i].Version = version
			}
			if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: old}); err != nil {
				t.Fatal(err)
			}
		}
		mark := center.Resource{Kind: center.KindSetting, ID: "clear-secrets"}
		if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{mark}, Drop: old[20:30]}); err != nil {
			t.Fatal(err)
		}
		if names := holders(t, dir, keys[1].Secret); names == nil {
			t.Fatal("no file has a secret: the test shows nothing")
		}
		sealer, err := auth.NewSealer(secret)
		if err != nil {
			t.Fatal(err)
		}
		token := sealer.Seal(auth.Token{Kind: auth.Page, Detail: "x"})

		file := filepath.Join(dir, keystore.SecretFile)
		v, err := keystore.Unlock(t.Context(), &failing{s, steps}, file, nil)
		if (steps < 3) != errors.Is(err, errDied) {
			t.Fatalf("Unlock with %d steps = %v", steps, err)
		}
		if err != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			v = unlock(t, s, file)
		}
		for _, text := range slices.Concat(gone[:20], gone[30:]) {
			if names := holders(t, dir, text); names != nil {
				t.Errorf("after %d steps %v have a secret in clear", steps, names)
				break
			}
		}
		ks := keystore.Keys{Store: s, Vault: v}
		for _, key := range keys[:20] {
			if got, err := ks.Get(t.Context(), key.ID); err != nil || got.Secret != key.Secret || got.Name != key.Name {
				t.Errorf("after %d steps: Get = %v, %v", steps, got, err)
			}
		}
		tokens, err := keystore.OpenTokens(t.Context(), s, v, now)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.Sealer().Open(auth.Page, token, now); err != nil || got.Detail != "x" {
			t.Errorf("after %d steps: a token of before = %v, %v", steps, got, err)
		}
		if _, err := s.Resource(t.Context(), mark.Kind, mark.ID); center.ReasonOf(err) != center.NotFound {
			t.Errorf("after %d steps the mark is there: %v", steps, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
