package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

func TestNewKey(t *testing.T) {
	id, secret := regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`), regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`)
	seen := map[string]bool{}
	for range 100 {
		k := NewKey("ci", FullAccess(), noon)
		if !id.MatchString(k.ID) || !secret.MatchString(k.Secret) || seen[k.ID] || seen[k.Secret] {
			t.Fatalf("NewKey made %s with a secret of %d characters", k.ID, len(k.Secret))
		}
		if err := k.Check(); err != nil {
			t.Fatal(err)
		}
		seen[k.ID], seen[k.Secret] = true, true
	}
}

func TestKeyHidesItsSecret(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", testKey)
	for _, text := range []string{fmt.Sprint(testKey), fmt.Sprintf("%+v", testKey), fmt.Sprintf("%#v", testKey), fmt.Sprintf("%v", []Key{testKey}), log.String()} {
		if strings.Contains(text, testKey.Secret) || !strings.Contains(text, testKey.ID) {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestKeyCheck(t *testing.T) {
	tests := map[string]func(*Key){
		"short id":       func(k *Key) { k.ID = "AKIA" },
		"odd id":         func(k *Key) { k.ID = "AKIA/AAAAAAAAAAAAAAA" },
		"short secret":   func(k *Key) { k.Secret = "secret" },
		"name too long":  func(k *Key) { k.Name = strings.Repeat("n", 65) },
		"name with line": func(k *Key) { k.Name = "a\nb" },
		"name with gap":  func(k *Key) { k.Name = "ann smith" },
		"policy":         func(k *Key) { k.Policy.UnmarshalJSON([]byte(`{"Statement":{"Effect":"Maybe"}}`)) },
	}
	for name, change := range tests {
		k := testKey
		change(&k)
		err := (&Keys{Store: newMemory()}).Put(t.Context(), k)
		if center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: Put = %v; want an Invalid error", name, err)
		}
	}
}

func TestKeysLife(t *testing.T) {
	ctx := t.Context()
	keys := &Keys{Store: newMemory()}
	usable := func(id string) bool {
		t.Helper()
		_, ok, err := keys.Key(ctx, id, noon)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	k, err := keys.Create(ctx, "ci", readOnly(), noon)
	if err != nil || !usable(k.ID) {
		t.Fatalf("Create = %v, %v", k, err)
	}
	if list, err := keys.List(ctx); err != nil || len(list) != 1 || list[0].ID != k.ID || list[0].Secret != "" {
		t.Errorf("List = %v, %v; want the key without its secret", list, err)
	}
	for _, disabled := range []bool{true, false} {
		if err := keys.SetDisabled(ctx, k.ID, disabled); err != nil || usable(k.ID) == disabled {
			t.Errorf("after SetDisabled(%v) = %v the key is usable: %v", disabled, err, !disabled)
		}
	}
	if err := keys.Delete(ctx, k.ID); err != nil || usable(k.ID) {
		t.Errorf("after Delete = %v the key is still usable", err)
	}
	if err := keys.Delete(ctx, k.ID); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Delete of nothing = %v; want NotFound", err)
	}
	if err := keys.SetDisabled(ctx, k.ID, true); center.ReasonOf(err) != center.NotFound {
		t.Errorf("SetDisabled of nothing = %v; want NotFound", err)
	}
}

func TestKeysCache(t *testing.T) {
	ctx := t.Context()
	store := newMemory(testKey)
	keys := &Keys{Store: store}
	ask := func(id string, at time.Time, wantReads int, want bool) {
		t.Helper()
		_, ok, err := keys.Key(ctx, id, at)
		if err != nil || ok != want || store.reads != wantReads {
			t.Errorf("Key(%s) = %v, %v after %d reads; want %v after %d", id, ok, err, store.reads, want, wantReads)
		}
	}
	ask(testKey.ID, noon, 1, true)
	ask(testKey.ID, noon.Add(KeyTTL-1), 1, true)
	ask("AKIAUNKNOWN000000000", noon, 2, false)
	ask("AKIAUNKNOWN000000000", noon, 2, false)
	if err := store.Delete(ctx, testKey.ID); err != nil { // by another process
		t.Fatal(err)
	}
	ask(testKey.ID, noon.Add(KeyTTL-1), 2, true)
	ask(testKey.ID, noon.Add(KeyTTL), 3, false)
	ask(testKey.ID, noon.Add(-time.Hour), 4, false) // the clock was set back

	for i := range 3 * maxCached {
		if _, _, err := keys.Key(ctx, fmt.Sprintf("AKIA%016d", i), noon); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(keys.cached); n > maxCached {
		t.Errorf("%d keys are cached; at most %d are allowed", n, maxCached)
	}
	store.err = errors.New("disk on fire")
	if _, _, err := keys.Key(ctx, "AKIANEW0000000000000", noon); !errors.Is(err, store.err) {
		t.Errorf("Key = %v; want the store's error", err)
	}
}

// slowRead answers a Get with what it read before a change.
type slowRead struct {
	*memory
	between func()
}

func (s slowRead) Get(ctx context.Context, id string) (Key, error) {
	k, err := s.memory.Get(ctx, id)
	if s.between != nil {
		s.between()
	}
	return k, err
}

// A read that began before a key was switched off must not bring it back.
func TestKeysSlowRead(t *testing.T) {
	ctx := t.Context()
	store := slowRead{memory: newMemory(testKey)}
	keys := &Keys{Store: &store}
	store.between = func() {
		store.between = nil
		if err := keys.SetDisabled(ctx, testKey.ID, true); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := keys.Key(ctx, testKey.ID, noon); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := keys.Key(ctx, testKey.ID, noon); ok || err != nil {
		t.Errorf("Key = %v, %v; the disabled key is usable", ok, err)
	}
}

func TestSigningKeysAreBounded(t *testing.T) {
	v := &Verifier{}
	for i := range maxSigning + 50 {
		v.signingKey(&claim{accessKey: fmt.Sprint(i), day: "20260314"}, "s")
	}
	if len(v.signing) != maxSigning {
		t.Errorf("%d signing keys are kept; want %d", len(v.signing), maxSigning)
	}
}
