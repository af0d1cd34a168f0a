package keystore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestKeys(t *testing.T) {
	keys := keystore.Keys{Store: open(t)}
	key := auth.NewKey("website", auth.FullAccess(), now)
	if _, err := keys.Get(t.Context(), key.ID); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Get before Put: %v", err)
	}
	for _, disabled := range []bool{false, true} {
		key.Disabled = disabled
		if err := keys.Put(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got, err := keys.Get(t.Context(), key.ID); err != nil || got.Secret != key.Secret || got.Disabled != disabled {
			t.Errorf("Get = %v disabled %v, %v", got, got.Disabled, err)
		}
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v; want one key", list, err)
	}
	if err := keys.Delete(t.Context(), key.ID); err != nil {
		t.Error(err)
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List after Delete = %v, %v", list, err)
	}
}

// TestFirst makes one key for an empty store, in a file for its owner alone.
func TestFirst(t *testing.T) {
	keys := &auth.Keys{Store: keystore.Keys{Store: open(t)}}
	file := filepath.Join(t.TempDir(), "key.env")
	for _, want := range []bool{true, false} {
		if made, err := keystore.First(t.Context(), keys, file, now); made != want || err != nil {
			t.Errorf("First = %v, %v; want %v", made, err, want)
		}
	}
	list, err := keys.Store.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("List = %v, %v", list, err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), list[0].ID) || !strings.Contains(string(text), list[0].Secret) {
		t.Errorf("the file does not have the key: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want the owner alone to read it", info, err)
	}
}

// TestSealer opens the tokens of an earlier sealer with the same store.
func TestSealer(t *testing.T) {
	s := open(t)
	first, err := keystore.Sealer(t.Context(), s, now)
	if err != nil {
		t.Fatal(err)
	}
	token := first.Seal(auth.Token{Kind: auth.Page, Detail: "x"})
	second, err := keystore.Sealer(t.Context(), s, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(auth.Page, token, now); err != nil || got.Detail != "x" {
		t.Errorf("Open = %v, %v", got, err)
	}
	for _, damaged := range []string{`7`, `"short"`, `"%"`} {
		r, err := s.Resource(t.Context(), center.KindSetting, "token-secret")
		if err != nil {
			t.Fatal(err)
		}
		r.Body = []byte(damaged)
		if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{r}}); err != nil {
			t.Fatal(err)
		}
		if _, err := keystore.Sealer(t.Context(), s, now); err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("Sealer with the secret %s: %v", damaged, err)
		}
	}
}
