package keystore_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

func openTokens(t *testing.T, s store.Store, v *keystore.Vault, at time.Time) *keystore.Tokens {
	t.Helper()
	tokens, err := keystore.OpenTokens(t.Context(), s, v, at)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func seal(tokens *keystore.Tokens) string {
	return tokens.Sealer().Seal(auth.Token{Kind: auth.Page, Detail: "x"})
}

// holds says whether tokens open a token.
func holds(t *testing.T, tokens *keystore.Tokens, token string, at time.Time) bool {
	t.Helper()
	got, err := tokens.Sealer().Open(auth.Page, token, at)
	if err != nil {
		if e, ok := errors.AsType[*auth.Error](err); !ok || e.Code != auth.AccessDenied || e.Message != "Access denied" {
			t.Errorf("a token is refused with %v; want the modelled error", err)
		}
		return false
	}
	return got.Detail == "x"
}

// TestRotation: tokens of a former secret are good for the overlap, on this server and after a
// restart in the midst, and then the secret is gone.
func TestRotation(t *testing.T) {
	s := open(t, "")
	v := unlock(t, s, "")
	tokens := openTokens(t, s, v, now)
	old := seal(tokens)
	const overlap = 24 * time.Hour
	if err := tokens.Rotate(t.Context(), overlap, now); err != nil {
		t.Fatal(err)
	}
	fresh := seal(tokens)
	list, err := tokens.List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != 2 || !list[0].Until.IsZero() || list[1].ID != 1 || list[1].Until.Before(now.Add(overlap)) {
		t.Fatalf("the secrets are %v, %v", list, err)
	}
	end := list[1].Until
	for name, tokens := range map[string]*keystore.Tokens{"the same server": tokens, "after a restart": openTokens(t, s, v, now.Add(time.Hour))} {
		for at, want := range map[time.Time]bool{now: true, now.Add(overlap): true, end.Add(-1): true, end: false, end.Add(time.Hour): false} {
			if holds(t, tokens, old, at) != want {
				t.Errorf("%s: at %s an old token holds: %v", name, at, !want)
			}
			if !holds(t, tokens, fresh, at) {
				t.Errorf("%s: at %s a new token does not hold", name, at)
			}
		}
	}
	if err := tokens.Refresh(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	if list, err := tokens.List(t.Context()); err != nil || len(list) != 1 || list[0].ID != 2 {
		t.Errorf("after the overlap the secrets are %v, %v", list, err)
	}
	if holds(t, tokens, old, now) {
		t.Error("an old token holds without its secret")
	}
	if !holds(t, tokens, fresh, end) || !holds(t, openTokens(t, s, v, end), fresh, end) {
		t.Error("a new token does not hold after the old secret was dropped")
	}
}

// TestRotationAtOnce ends all tokens, those of earlier secrets too.
func TestRotationAtOnce(t *testing.T) {
	s := open(t, "")
	tokens := openTokens(t, s, unlock(t, s, ""), now)
	var old []string
	for range 3 {
		old = append(old, seal(tokens))
		if err := tokens.Rotate(t.Context(), time.Hour, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := tokens.Rotate(t.Context(), 0, now); err != nil {
		t.Fatal(err)
	}
	for _, token := range old {
		if holds(t, tokens, token, now) {
			t.Error("an old token holds")
		}
	}
	if list, err := tokens.List(t.Context()); err != nil || len(list) != 1 || !holds(t, tokens, seal(tokens), now) {
		t.Errorf("the secrets are %v, %v", list, err)
	}
}

// TestRotationBounds: an overlap is as long as tokens can last, former secrets are few, and
// their ids go round.
func TestRotationBounds(t *testing.T) {
	s := open(t, "")
	tokens := openTokens(t, s, unlock(t, s, ""), now)
	for _, overlap := range []time.Duration{-1, auth.LongestToken + 1} {
		if err := tokens.Rotate(t.Context(), overlap, now); center.ReasonOf(err) != center.Invalid {
			t.Errorf("an overlap of %s: %v", overlap, err)
		}
	}
	at := now
	for range 300 {
		at = at.Add(auth.LongestToken / 8)
		token := seal(tokens)
		if err := tokens.Rotate(t.Context(), auth.LongestToken, at); err != nil {
			t.Fatal(err)
		}
		if !holds(t, tokens, token, at) {
			t.Fatal("a token of before does not hold")
		}
	}
	for n := 0; ; n++ {
		err := tokens.Rotate(t.Context(), auth.LongestToken, at)
		if center.ReasonOf(err) == center.Conflict && strings.Contains(err.Error(), "20") {
			break
		}
		if err != nil || n > 20 {
			t.Fatalf("rotation %d at one time: %v", n, err)
		}
	}
	if err := tokens.Rotate(t.Context(), 0, at); err != nil {
		t.Errorf("ending them all: %v", err)
	}
}

// TestRotationOnOtherNodes: a node learns of another's secret by its first token, and does
// not ask the store for each token that anybody makes up.
func TestRotationOnOtherNodes(t *testing.T) {
	dir := t.TempDir()
	s, file := open(t, dir), filepath.Join(dir, keystore.SecretFile)
	counted := &counting{Store: s}
	here, there := openTokens(t, s, unlock(t, s, file), now), openTokens(t, counted, unlock(t, s, file), now)
	old := seal(there)
	if err := here.Rotate(t.Context(), time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if !holds(t, there, seal(here), now) || !holds(t, here, old, now) {
		t.Error("a node does not know the other's secret")
	}
	if err := here.Rotate(t.Context(), time.Hour, now); err != nil {
		t.Fatal(err)
	}
	fresh := seal(here)
	before := counted.reads
	for range 100 {
		holds(t, there, fresh, now.Add(time.Second)) // it has asked a second ago
	}
	if counted.reads != before {
		t.Errorf("the store was asked %d times", counted.reads-before)
	}
	if !holds(t, there, fresh, now.Add(10*time.Second)) {
		t.Error("a node does not know the other's secret later")
	}
	if err := here.Rotate(t.Context(), time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if err := there.Refresh(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if !holds(t, here, seal(there), now.Add(2*time.Hour)) {
		t.Error("after a refresh a node seals with a former secret")
	}
}

// TestDamagedTokenSecret names what is wrong.
func TestDamagedTokenSecret(t *testing.T) {
	s := open(t, "")
	v := unlock(t, s, "")
	tokens := openTokens(t, s, v, now)
	for _, damaged := range []string{`7`, `"short"`, `"%"`, `{"Secrets":[]}`, `{"Secrets":[{"ID":1,"Sealed":"AAAA"}]}`} {
		r, err := s.Resource(t.Context(), center.KindSetting, "token-secret")
		if err != nil {
			t.Fatal(err)
		}
		r.Body = []byte(damaged)
		if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{r}}); err != nil {
			t.Fatal(err)
		}
		if _, err := keystore.OpenTokens(t.Context(), s, v, now); err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("OpenTokens with %s: %v", damaged, err)
		}
		if err := tokens.Refresh(t.Context(), now); err == nil {
			t.Errorf("Refresh with %s succeeded", damaged)
		}
		if !holds(t, tokens, seal(tokens), now) {
			t.Error("a sealer lost its secret by a failed refresh")
		}
	}
}
