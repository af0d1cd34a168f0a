package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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
		if got, err := keys.SetDisabled(ctx, k.ID, disabled, false, noon); err != nil || got.Name != "ci" || got.Secret != "" || usable(k.ID) == disabled {
			t.Errorf("after SetDisabled(%v) = %v the key is usable: %v", disabled, err, !disabled)
		}
	}
	if got, err := keys.Delete(ctx, k.ID, false, noon); err != nil || got.Name != "ci" || got.Secret != "" || usable(k.ID) {
		t.Errorf("after Delete = %v the key is still usable", err)
	}
	if _, err := keys.Delete(ctx, k.ID, false, noon); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Delete of nothing = %v; want NotFound", err)
	}
	if _, err := keys.SetDisabled(ctx, k.ID, true, false, noon); center.ReasonOf(err) != center.NotFound {
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
		if _, err := keys.SetDisabled(ctx, testKey.ID, true, true, noon); err != nil {
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

// TestLastKeyIsSpared: of the keys that may manage keys the last one is neither disabled nor
// deleted, unless that is forced. Disabled ones, and those that may only do other things, or not any more, do not count.
func TestLastKeyIsSpared(t *testing.T) {
	ctx := t.Context()
	website, disabled := NewKey("website", readOnly(), noon), NewKey("disabled", FullAccess(), noon)
	was, err := ParsePolicy([]byte(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2020-01-01"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	expired := NewKey("expired", was, noon)
	disabled.Disabled = true
	one, two := NewKey("one", FullAccess(), noon), NewKey("two", FullAccess(), noon)
	for name, act := range map[string]func(*Keys, Key, bool) error{
		"disable": func(k *Keys, key Key, force bool) error {
			_, err := k.SetDisabled(ctx, key.ID, true, force, noon)
			return err
		},
		"delete": func(k *Keys, key Key, force bool) error { _, err := k.Delete(ctx, key.ID, force, noon); return err },
	} {
		keys := &Keys{Store: newMemory(website, disabled, expired, one, two)}
		if err := act(keys, one, false); err != nil {
			t.Errorf("%s one of two: %v", name, err)
		}
		if err := act(keys, two, false); center.ReasonOf(err) != center.InUse || !strings.Contains(err.Error(), two.ID) || !strings.Contains(err.Error(), "--force") {
			t.Errorf("%s the last one: %v", name, err)
		}
		for _, key := range []Key{website, disabled, expired} {
			if err := act(keys, key, false); err != nil {
				t.Errorf("%s %s: %v", name, key.Name, err)
			}
		}
		if err := act(keys, two, true); err != nil {
			t.Errorf("%s the last one by force: %v", name, err)
		}
	}
	keys := &Keys{Store: newMemory(one, two)}
	var refused atomic.Int64
	var wg sync.WaitGroup
	for _, key := range []Key{one, two} {
		wg.Go(func() {
			if _, err := keys.Delete(ctx, key.ID, false, noon); err != nil {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if refused.Load() != 1 {
		t.Errorf("two that are deleted at once: %d were refused; want 1", refused.Load())
	}
}

// TestUses keeps the last use in memory until it is flushed, once for many, and again when
// the store failed.
func TestUses(t *testing.T) {
	ctx := t.Context()
	store := newMemory(testKey)
	keys := &Keys{Store: store}
	use := func(minute int) Use {
		return Use{At: noon.Add(time.Duration(minute) * time.Minute), From: netip.MustParseAddr("192.0.2.1"), Operation: "StartChatContact"}
	}
	want := func(what string, known, stored Use) {
		t.Helper()
		uses, err := keys.Uses(ctx)
		if err != nil || uses[testKey.ID] != known || store.uses[testKey.ID] != stored {
			t.Errorf("%s: the last use is %v, %v, stored is %v; want %v and %v", what, uses[testKey.ID], err, store.uses[testKey.ID], known, stored)
		}
	}
	want("never used", Use{}, Use{})
	for minute := range 3 {
		keys.Used(testKey.ID, use(minute))
	}
	want("not flushed", use(2), Use{})
	store.err = errors.New("disk on fire")
	if err := keys.Flush(ctx); !errors.Is(err, store.err) {
		t.Errorf("Flush = %v; want the store's error", err)
	}
	store.err = nil
	want("a failed flush", use(2), Use{})
	if err := keys.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	want("flushed", use(2), use(2))
	store.err = errors.New("nothing is to be written")
	if err := keys.Flush(ctx); err != nil {
		t.Errorf("Flush of nothing = %v", err)
	}
	store.err = nil
	store.uses[testKey.ID] = use(5) // by another process
	want("used elsewhere", use(5), use(5))
	keys.Used(testKey.ID, use(9))
	if _, err := keys.Delete(ctx, testKey.ID, true, noon); err != nil {
		t.Fatal(err)
	}
	if err := keys.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	want("deleted", use(5), use(5)) // as the other process has it; the store drops it with the key
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
