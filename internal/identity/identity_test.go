package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
)

// quick are parameters for tests of what does not depend on them.
var quick = Params{Passes: 1, KiB: 64, Lanes: 1}

func hashOf(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	hash, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestHashes(t *testing.T) {
	h := NewHasher(quick, 1)
	hash := hashOf(t, h, "Corréct horse 1")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") || strings.Contains(hash, "horse") {
		t.Errorf("the hash is %s", hash)
	}
	if hash == hashOf(t, h, "Corréct horse 1") {
		t.Error("two hashes of one password are the same")
	}
	stronger := NewHasher(Params{Passes: 2, KiB: 128, Lanes: 2}, 1)
	for what, c := range map[string]struct {
		h                  *Hasher
		password           string
		right, outdatedNow bool
	}{
		"the password":                        {h, "Corréct horse 1", true, false},
		"the password, decomposed":            {h, "Corre\u0301ct horse 1", true, false},
		"the password, with other parameters": {stronger, "Corréct horse 1", true, true},
		"another one":                         {h, "Corréct horse 2", false, false},
		"nothing":                             {h, "", false, false},
		"more than is hashed":                 {h, strings.Repeat("x", 1<<20), false, false},
	} {
		ok, outdated, err := c.h.Verify(t.Context(), hash, c.password)
		if ok != c.right || outdated != c.outdatedNow || err != nil {
			t.Errorf("%s is right: %v, of another time: %v, %v; want %v, %v", what, ok, outdated, err, c.right, c.outdatedNow)
		}
	}
	if ok, _, err := h.Verify(t.Context(), "", "x"); ok || err != nil {
		t.Errorf("who has no password signs in: %v, %v", ok, err)
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("x", maxPassword+1)); center.ReasonOf(err) != center.Invalid {
		t.Errorf("a password without end: %v", err)
	}
}

// TestUsualParameters shows that what is kept is what the documents promise.
func TestUsualParameters(t *testing.T) {
	h := NewHasher(Usual, 0)
	hash := hashOf(t, h, "Secret123")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s", hash)
	}
	if ok, outdated, err := h.Verify(t.Context(), hash, "Secret123"); !ok || outdated || err != nil {
		t.Errorf("the password is right: %v, %v, %v", ok, outdated, err)
	}
}

func TestDamagedHashes(t *testing.T) {
	h := NewHasher(quick, 1)
	good := hashOf(t, h, "x")
	salt := strings.Repeat("A", 22)
	for _, hash := range []string{
		"x", "$2a$10$abc", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		"$argon2id$v=19$m=1048577,t=1,p=1$" + salt + "$" + salt, "$argon2id$v=19$m=64,t=33,p=1$" + salt + "$" + salt, "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + salt,
		"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + salt, "$argon2id$v=19$m=64,t=1,p=64$" + salt + "$" + salt, "$argon2id$v=19$m=7,t=1,p=1$" + salt + "$" + salt,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt, "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$", "$argon2id$v=19$m=64,t=1,p=1$A$" + salt, "$argon2id$v=19$m=64,t=1,p=1$!$" + salt,
		good[:len(good)-1] + "!", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 1000),
	} {
		if ok, _, err := h.Verify(t.Context(), hash, "x"); ok || err == nil || strings.Contains(err.Error(), salt) {
			t.Errorf("%.60s is a hash: %v, %v", hash, ok, err)
		}
	}
}

// TestHashesAreBounded lets a flood come: few are at work, a few wait, the others are refused at once.
func TestHashesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(quick, 2)
		h.slots <- struct{}{} // both places are taken
		h.slots <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxWaiting {
			wg.Go(func() {
				if _, err := h.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
					t.Errorf("who waits and gives up: %v", err)
				}
			})
		}
		synctest.Wait()
		if _, err := h.Hash(t.Context(), "x"); center.ReasonOf(err) != center.Unavailable {
			t.Errorf("one more: %v; want Unavailable", err)
		}
		cancel()
		wg.Wait()
		<-h.slots
		if _, err := h.Hash(t.Context(), "x"); err != nil {
			t.Errorf("with a free place: %v", err)
		}
	})
}

func TestCheck(t *testing.T) {
	h := NewHasher(quick, 1)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hash := hashOf(t, NewHasher(Params{Passes: 1, KiB: 128, Lanes: 1}, 1), "Secret123")
	broken := errors.New("disk on fire")
	c := NewChecker(func(_ context.Context, instance center.InstanceID, name string) (center.UserID, string, error) {
		switch {
		case name == "broken":
			return "", "", broken
		case instance == "acme" && name == "ana":
			return "ana-id", hash, nil
		case instance == "acme" && name == "saml":
			return "saml-id", "", nil
		}
		return "", "", center.Missing(center.KindUser, name)
	}, h, func() time.Time { return now })

	got, err := c.Check(t.Context(), Attempt{"acme", "ana", "Secret123", "192.0.2.1"})
	if err != nil || got != (Signed{"ana-id", true}) {
		t.Errorf("ana is %+v, %v", got, err)
	}
	var refusals []string
	for _, a := range []Attempt{{"acme", "ana", "Secret124", "192.0.2.1"}, {"acme", "bob", "Secret123", "192.0.2.1"}, {"acme", "saml", "", "192.0.2.1"}, {"other", "ana", "Secret123", "192.0.2.1"}} {
		_, err := c.Check(t.Context(), a)
		if center.ReasonOf(err) != center.Denied {
			t.Errorf("%v: %v; want Denied", a, err)
			continue
		}
		refusals = append(refusals, err.Error())
		if text := fmt.Sprintf("%v %+v %#v %s", a, a, a, a); a.Password != "" && strings.Contains(text, a.Password) {
			t.Errorf("an attempt shows its password: %s", text)
		}
	}
	for _, r := range refusals {
		if r != refusals[0] {
			t.Errorf("refusals differ: %q and %q", r, refusals[0])
		}
	}
	if _, err := c.Check(t.Context(), Attempt{"acme", "broken", "x", "192.0.2.1"}); !errors.Is(err, broken) {
		t.Errorf("a store that fails: %v", err)
	}

	// Whoever is asked for, a password is worked on: with no place for that, nobody gets an answer.
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"ana", "saml", "nobody"} {
		if _, err := c.Check(ctx, Attempt{"acme", name, "x", "192.0.2.1"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s is answered without work: %v", name, err)
		}
	}
}

// tries counts how many attempts are looked at before the caller has to wait, and how long.
func tries(t *testing.T, c *Checker, a func(i int) Attempt) (n int, wait time.Duration) {
	t.Helper()
	for i := range 10000 {
		_, err := c.Check(t.Context(), a(i))
		if throttled, ok := errors.AsType[*Throttled](err); ok {
			return i, throttled.RetryAfter()
		}
		if center.ReasonOf(err) != center.Denied {
			t.Fatal(err)
		}
	}
	t.Fatal("nobody has to wait")
	return 0, 0
}

func TestGuessesAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	lookups := 0
	c := NewChecker(func(context.Context, center.InstanceID, string) (center.UserID, string, error) {
		lookups++
		return "", "", center.Missing(center.KindUser, "x")
	}, NewHasher(Params{Passes: 1, KiB: 8, Lanes: 1}, 1), func() time.Time { return now })
	one := func(int) Attempt { return Attempt{"acme", "ana", "x", fmt.Sprint("192.0.2.", lookups%200)} }
	if n, wait := tries(t, c, one); n != 10 || wait.Round(time.Second) != 10*time.Second || lookups != 10 {
		t.Errorf("one user, many addresses: %d attempts, %d looked at, then a wait of %s; want 10 and 10s", n, lookups, wait)
	}
	now = now.Add(20 * time.Second)
	if n, _ := tries(t, c, one); n != 2 {
		t.Errorf("20 seconds later: %d attempts; want 2", n)
	}
	many := func(i int) Attempt { return Attempt{"acme", fmt.Sprint("user", i), "x", "198.51.100.7"} }
	if n, wait := tries(t, c, many); n != 60 || wait <= 0 {
		t.Errorf("one address, many users: %d attempts, then a wait of %s; want 60", n, wait)
	}
	other := Attempt{"acme", "carl", "x", "203.0.113.9"}
	if _, err := c.Check(t.Context(), other); center.ReasonOf(err) != center.Denied {
		t.Errorf("another user at another address: %v; want Denied", err)
	}
}

// TestGuessesDoNotKeepOut: while somebody guesses the password of a user, he can still sign in where he has done so before, and
// guesses from there are bounded as well.
func TestGuessesDoNotKeepOut(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := NewHasher(Params{Passes: 1, KiB: 8, Lanes: 1}, 1)
	hash := hashOf(t, h, "Secret123")
	c := NewChecker(func(context.Context, center.InstanceID, string) (center.UserID, string, error) {
		return "ana-id", hash, nil
	}, h, func() time.Time { return now })
	right := Attempt{"acme", "ana", "Secret123", "192.0.2.1"}
	if _, err := c.Check(t.Context(), right); err != nil {
		t.Fatal(err)
	}
	guess := func(from string) func(int) Attempt {
		return func(int) Attempt { return Attempt{"acme", "ana", "x", from} }
	}
	if n, _ := tries(t, c, guess("198.51.100.7")); n != 9 {
		t.Errorf("a stranger guesses %d times; want 9, beside the attempt from an address that was not known yet", n)
	}
	if _, err := c.Check(t.Context(), right); err != nil {
		t.Errorf("she signs in where she did before: %v", err)
	}
	elsewhere := right
	elsewhere.Address = "203.0.113.9"
	if _, err := c.Check(t.Context(), elsewhere); !isThrottled(err) {
		t.Errorf("she signs in where she never did, while somebody guesses: %v; want a wait, as guesses come from everywhere", err)
	}
	if n, wait := tries(t, c, guess(right.Address)); n != 9 || wait.Round(time.Second) != 10*time.Second {
		t.Errorf("her neighbour guesses %d times, then waits %s; want 9 and 10s", n, wait)
	}
	if _, err := c.Check(t.Context(), Attempt{"other", "ana", "Secret123", right.Address}); err != nil {
		t.Errorf("another ana at that address: %v", err)
	}
}

func isThrottled(err error) bool {
	_, ok := errors.AsType[*Throttled](err)
	return ok
}

// TestKnownPlacesAreBounded: of too many users at their addresses some are forgotten.
func TestKnownPlacesAreBounded(t *testing.T) {
	c := NewChecker(nil, nil, nil)
	for i := range maxKnown + 100 {
		c.know(Attempt{Instance: "acme", Username: fmt.Sprint(i)})
	}
	last := Attempt{Instance: "acme", Username: fmt.Sprint(maxKnown + 99)}
	if c.know(last); len(c.known) != maxKnown || c.caller(last) != c.place(last) {
		t.Errorf("%d places are known, the last of them %t; want %d", len(c.known), c.caller(last) == c.place(last), maxKnown)
	}
}

// BenchmarkHash is what a new password costs.
func BenchmarkHash(b *testing.B) {
	h := NewHasher(Usual, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "Secret123"); err != nil {
			b.Fatal(err)
		}
	}
}
