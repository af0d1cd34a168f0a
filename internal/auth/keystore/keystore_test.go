package keystore_test

import (
	"encoding/json"
	"net/netip"
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

// open opens a store, in memory when dir is "".
func open(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
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

func unlock(t *testing.T, s store.Store, file string) *keystore.Vault {
	t.Helper()
	v, err := keystore.Unlock(t.Context(), s, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newKeys(t *testing.T) keystore.Keys {
	s := open(t, "")
	return keystore.Keys{Store: s, Vault: unlock(t, s, "")}
}

func TestKeys(t *testing.T) {
	keys := newKeys(t)
	key := auth.NewKey("website", auth.FullAccess(), now)
	if _, err := keys.Get(t.Context(), key.ID); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Get before Put: %v", err)
	}
	for _, disabled := range []bool{false, true} {
		key.Disabled = disabled
		if err := keys.Put(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got, err := keys.Get(t.Context(), key.ID); err != nil || got.Secret != key.Secret || got.Disabled != disabled || !got.Created.Equal(now) || got.Name != "website" {
			t.Errorf("Get = %v disabled %v, %v", got, got.Disabled, err)
		}
	}
	older := auth.NewKey("older", auth.FullAccess(), now.Add(-time.Hour))
	if err := keys.Put(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 2 || list[0].ID != older.ID {
		t.Errorf("List = %v, %v; want two keys, the oldest first", list, err)
	}
	for _, id := range []string{key.ID, older.ID} {
		if err := keys.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List after Delete = %v, %v", list, err)
	}
}

// TestKeysAreSealed: the row of a key has no secret in it, and the sealed one of
// another key, or a changed one, is not taken for it.
func TestKeysAreSealed(t *testing.T) {
	keys := newKeys(t)
	one, two := auth.NewKey("one", auth.FullAccess(), now), auth.NewKey("two", auth.FullAccess(), now)
	sealed := map[string]string{}
	for _, key := range []auth.Key{one, two} {
		if err := keys.Put(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		r, err := keys.Store.Resource(t.Context(), center.KindAccessKey, key.ID)
		if err != nil || strings.Contains(string(r.Body), key.Secret) {
			t.Fatalf("the row is %s, %v", r.Body, err)
		}
		var body struct{ Sealed string }
		if err := json.Unmarshal(r.Body, &body); err != nil || len(body.Sealed) < 64 {
			t.Fatalf("the row is %s, %v", r.Body, err)
		}
		sealed[key.ID] = body.Sealed
	}
	for name, other := range map[string]string{"of another key": sealed[two.ID], "cut": sealed[one.ID][:20], "none": ""} {
		r, err := keys.Store.Resource(t.Context(), center.KindAccessKey, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatal(err)
		}
		body["Sealed"] = other
		if r.Body, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Store.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{r}}); err != nil {
			t.Fatal(err)
		}
		if got, err := keys.Get(t.Context(), one.ID); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), one.ID) || got.Secret != "" {
			t.Errorf("a sealed secret %s: %v, %v", name, got, err)
		}
	}
}

// TestUses keeps the latest use of keys that exist.
func TestUses(t *testing.T) {
	keys := newKeys(t)
	key := auth.NewKey("website", auth.FullAccess(), now)
	if err := keys.Put(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	first := auth.Use{At: now, From: netip.MustParseAddr("192.0.2.7"), Operation: "StartChatContact"}
	later := auth.Use{At: now.Add(time.Minute), From: netip.MustParseAddr("2001:db8::1"), Operation: "StopContact"}
	for _, step := range []struct{ put, want auth.Use }{{first, first}, {later, later}, {first, later}} {
		if err := keys.PutUses(t.Context(), map[string]auth.Use{key.ID: step.put, "AKIAGONE000000000000": first}); err != nil {
			t.Fatal(err)
		}
		if uses, err := keys.Uses(t.Context()); err != nil || len(uses) != 1 || uses[key.ID] != step.want {
			t.Errorf("after %v the uses are %v, %v; want %v", step.put, uses, err, step.want)
		}
	}
	if err := keys.Delete(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if uses, err := keys.Uses(t.Context()); err != nil || len(uses) != 0 {
		t.Errorf("after Delete the uses are %v, %v", uses, err)
	}
}

func TestReadKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.env")
	for text, want := range map[string]string{
		keystore.KeyText("id", "s/e=c+"): "id s/e=c+",
		"# mine\n AWS_ACCESS_KEY_ID='id'\r\nexport AWS_SECRET_ACCESS_KEY=\"secret\"\nAWS_REGION=x\n": "id secret",
		"AWS_ACCESS_KEY_ID=id\n": "",
		"":                       "",
	} {
		write(t, file, text)
		id, secret, err := keystore.ReadKeyFile(file)
		if want == "" && (err == nil || !strings.Contains(err.Error(), file)) || want != "" && (err != nil || id+" "+secret != want) {
			t.Errorf("ReadKeyFile of %q = %q, %q, %v", text, id, secret, err)
		}
	}
	if _, _, err := keystore.ReadKeyFile(file + ".none"); err == nil {
		t.Error("a file that is not there was read")
	}
}
