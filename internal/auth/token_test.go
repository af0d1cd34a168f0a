package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

const (
	chat        = center.ContactID("0198f3a2-7d11-7abc-8def-0123456789ab")
	participant = center.ParticipantID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
)

func newSealer(t testing.TB, current Secret, former ...Secret) *Sealer {
	t.Helper()
	s, err := NewSealer(current, former...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTokenRoundTrip(t *testing.T) {
	s := newSealer(t, NewSecret(7))
	tests := []struct {
		name   string
		token  Token
		length int // at most
	}{
		{"participant", Token{Kind: Participant, Chat: chat, Participant: participant, Expires: noon.Add(time.Hour)}, 100},
		{"connection", Token{Kind: Connection, Chat: chat, Participant: participant}, 100},
		{"socket", Token{Kind: Socket, Chat: chat, Participant: participant, Expires: noon.Add(100 * time.Second), Detail: "n3"}, 110},
		{"upload", Token{Kind: Upload, Chat: chat, Participant: participant, Detail: "attachment/1;size=3"}, 200},
		{"view", Token{Kind: View, Chat: chat, Detail: strings.Repeat("v", MaxDetail)}, MaxToken},
		{"page of nothing", Token{Kind: Page, Detail: "\x00\xff/+"}, 100},
		{"empty", Token{Kind: Download}, 100},
		{"ids that are no UUIDs", Token{Kind: Connection, Chat: "contact-1", Participant: center.ParticipantID(strings.Repeat("p", maxID))}, 200},
		{"UUID in upper case", Token{Kind: Connection, Chat: center.ContactID(strings.ToUpper(string(chat))), Participant: participant}, 200},
		{"nearly a UUID", Token{Kind: Connection, Chat: chat[:35] + "g", Participant: "3f2504e0_4f89-41d3-9a0c-0305e82c3301"}, 200},
		{"longest", Token{Kind: View, Chat: center.ContactID(strings.Repeat("c", maxID)), Participant: center.ParticipantID(strings.Repeat("p", maxID)),
			Expires: noon.Add(time.Hour), Detail: strings.Repeat("d", MaxDetail)}, MaxToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sealed := s.Seal(tt.token)
			if sealed == "" || len(sealed) > tt.length {
				t.Fatalf("sealed in %d characters; want 1 to %d", len(sealed), tt.length)
			}
			if strings.Trim(sealed, nameChars) != "" || strings.Contains(sealed, string(chat)) {
				t.Errorf("sealed as %s", sealed)
			}
			if sealed == s.Seal(tt.token) {
				t.Error("sealed twice alike")
			}
			got, err := s.Open(tt.token.Kind, sealed, noon)
			if err != nil || got != tt.token {
				t.Errorf("Open = %+v, %v; want %+v", got, err, tt.token)
			}
		})
	}
}

func TestTokenRefusals(t *testing.T) {
	secret := NewSecret(1)
	s := newSealer(t, secret)
	good := s.Seal(Token{Kind: Participant, Chat: chat, Participant: participant, Expires: noon.Add(time.Minute)})
	if _, err := s.Open(Participant, good, noon.Add(time.Minute-1)); err != nil {
		t.Fatal(err)
	}
	imitation := NewSecret(1)
	const (
		damaged    = "the token is damaged, or from another server, or from before the restart of an in-memory server"
		incomplete = "the token is incomplete, or not a Parley token"
	)
	tests := []struct {
		name   string
		kind   Kind
		sealed string
		now    time.Time
		reason string
	}{
		{"expired", Participant, good, noon.Add(time.Minute), "the participant token expired at 2026-03-14T15:10:26Z"},
		{"other kind", Connection, good, noon, "a participant token was given where a connection token is required"},
		{"no such kind", 0, good, noon, "there are no tokens of no token"},
		{"no such kind either", 99, good, noon, "there are no tokens of kind 99"},
		{"empty", Participant, "", noon, "no participant token was given"},
		{"forged", Participant, newSealer(t, imitation).Seal(Token{Kind: Participant, Chat: chat}), noon, damaged},
		{"unknown secret", Participant, newSealer(t, NewSecret(2)).Seal(Token{Kind: Participant, Chat: chat}), noon, "the token was sealed with secret 2, which is not known"},
		{"cut", Participant, good[:len(good)-2], noon, damaged},
		{"cut short", Participant, good[:20], noon, incomplete},
		{"longer", Participant, good + "AAAA", noon, damaged},
		{"padded", Participant, good + "=", noon, incomplete},
		{"with a line break", Participant, good[:8] + "\n" + good[8:], noon, incomplete},
		{"no base64url", Participant, "+/" + good[2:], noon, incomplete},
		{"an id", Connection, string(chat), noon, "an id was given where a connection token is required"},
		{"with its scheme", Participant, "bearer " + good, noon, "the token must not be prefixed with Bearer"},
		{"other kind with a vowel", Upload, good, noon, "a participant token was given where an upload token is required"},
		{"endless", Participant, strings.Repeat("A", 1<<20), noon, "the token is too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.Open(tt.kind, tt.sealed, tt.now)
			e := refusal(t, err, AccessDenied)
			if e.Message != "Access denied" || e.Reason != tt.reason {
				t.Errorf("refused with %q, reason %q; want %q", e.Message, e.Reason, tt.reason)
			}
			if got != (Token{}) {
				t.Errorf("the refused token tells %+v", got)
			}
		})
	}
}

// Every single bit of a token counts, and so does every character.
func TestTokenTampered(t *testing.T) {
	s := newSealer(t, NewSecret(0))
	good := s.Seal(Token{Kind: Connection, Chat: chat, Participant: participant, Detail: "x"})
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		_, err := s.Open(Connection, base64.RawURLEncoding.EncodeToString(raw), noon)
		refusal(t, err, AccessDenied)
		raw[i/8] ^= 1 << (i % 8)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, c := range alphabet {
		last := good[:len(good)-1] + string(c)
		if _, err := s.Open(Connection, last, noon); (err == nil) != (last == good) {
			t.Errorf("ending in %c: %v; a token must have one spelling", c, err)
		}
	}
}

func TestTokenRotation(t *testing.T) {
	old, current := NewSecret(1), NewSecret(2)
	before := newSealer(t, old).Seal(Token{Kind: Participant, Chat: chat})
	s := newSealer(t, current, old)
	if got, err := s.Open(Participant, before, noon); err != nil || got.Chat != chat {
		t.Errorf("a token of the former secret: %+v, %v", got, err)
	}
	after := s.Seal(Token{Kind: Participant, Chat: chat})
	if _, err := newSealer(t, current).Open(Participant, after, noon); err != nil {
		t.Errorf("a new token is not sealed with the current secret: %v", err)
	}
	if _, err := NewSealer(old, NewSecret(1)); err == nil {
		t.Error("two secrets with one id were accepted")
	}
	if text := fmt.Sprintf("%v %+v %#v", old, old, old); text != "secret 1 secret 1 secret 1" {
		t.Errorf("a secret prints as %s", text)
	}
}

// Times are kept to the millisecond and come back in UTC.
func TestTokenExpiryPrecision(t *testing.T) {
	s := newSealer(t, NewSecret(1))
	at := noon.Add(time.Hour + 1234567).In(time.FixedZone("east", 3600))
	got, err := s.Open(Page, s.Seal(Token{Kind: Page, Expires: at}), noon)
	if want := noon.Add(time.Hour + time.Millisecond); err != nil || got.Expires != want {
		t.Errorf("Expires = %v, %v; want %v", got.Expires, err, want)
	}
}

func TestSealBounds(t *testing.T) {
	s := newSealer(t, NewSecret(1))
	for name, token := range map[string]Token{
		"no kind":      {Chat: chat},
		"unknown kind": {Kind: lastKind + 1},
		"detail":       {Kind: View, Detail: strings.Repeat("d", MaxDetail+1)},
		"chat":         {Kind: View, Chat: center.ContactID(strings.Repeat("c", maxID+1))},
		"participant":  {Kind: View, Participant: center.ParticipantID(strings.Repeat("c", maxID+1))},
	} {
		if sealed := s.Seal(token); sealed != "" {
			t.Errorf("%s: sealed in %d characters; want none", name, len(sealed))
		}
	}
	if maxEncoded > MaxToken || len(kindNames) != int(lastKind)+1 {
		t.Errorf("a token may have %d characters, and %d kinds have names", maxEncoded, len(kindNames))
	}
}

func FuzzOpen(f *testing.F) {
	s := newSealer(f, Secret{ID: 1})
	f.Add(s.Seal(Token{Kind: Participant, Chat: chat, Participant: participant, Expires: noon}))
	f.Add("")
	f.Add(strings.Repeat("A", 60))
	genuine := map[string]bool{}
	for kind := Participant; kind <= lastKind; kind++ {
		genuine[s.Seal(Token{Kind: kind})] = true
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		for kind := Participant; kind <= lastKind; kind++ {
			if token, err := s.Open(kind, sealed, noon.Add(time.Hour)); err == nil && !genuine[sealed] {
				t.Errorf("opened %q as %+v", sealed, token)
			}
		}
	})
}

// What is inside an authentic token is parsed with care too.
func FuzzParsePlain(f *testing.F) {
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{7, 1, 2, 3})
	f.Add([]byte{0, 1, 'a', 2, 'b', 'c', 'd'})
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) == 0 {
			return
		}
		token, ok := parsePlain(View, plain)
		if n := len(token.Chat) + len(token.Participant) + len(token.Detail); ok && n > 2*len(plain)+2*uuidText {
			t.Errorf("%d bytes became %d", len(plain), n)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := newSealer(b, NewSecret(1))
	token := Token{Kind: Connection, Chat: chat, Participant: participant, Expires: noon}
	b.ReportAllocs()
	for b.Loop() {
		if s.Seal(token) == "" {
			b.Fatal("not sealed")
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newSealer(b, NewSecret(1))
	sealed := s.Seal(Token{Kind: Connection, Chat: chat, Participant: participant, Expires: noon.Add(1 << 40)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(Connection, sealed, noon); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSecretsAreReplaced: a sealer goes over to other secrets while it works, in any number of
// goroutines; the tokens of former ones hold until their time.
func TestSecretsAreReplaced(t *testing.T) {
	first, second := NewSecret(1), NewSecret(2)
	s := newSealer(t, first)
	old := s.Seal(Token{Kind: Page, Detail: "old"})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := s.Open(Page, s.Seal(Token{Kind: Page}), noon); err != nil {
					t.Errorf("Open: %v", err)
					return
				}
			}
		})
	}
	first.Until = noon.Add(time.Hour)
	if err := s.Use(second, first); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	fresh := s.Seal(Token{Kind: Page, Detail: "new"})
	if newSealer(t, second).open(t, fresh) != "new" || s.open(t, old) != "old" {
		t.Error("tokens are not sealed by the new secret, or those of the former one do not open")
	}
	_, err := s.Open(Page, old, first.Until)
	if e := refusal(t, err, AccessDenied); e.Message != "Access denied" || e.Reason != "the token was sealed with secret 1, whose tokens ended at 2026-03-14T16:09:26Z" {
		t.Errorf("after its time: %s, %s", e.Message, e.Reason)
	}
	if err := s.Use(second, second); err == nil || s.open(t, fresh) != "new" {
		t.Errorf("Use of one secret twice = %v", err)
	}

	// A token of a secret that another node has begun with.
	third := NewSecret(3)
	asked := 0
	s.Missing = func(at time.Time) {
		asked++
		if !at.Equal(noon) {
			t.Errorf("asked at %s", at)
		}
		if err := s.Use(third, second); err != nil {
			t.Error(err)
		}
	}
	if s.open(t, newSealer(t, third).Seal(Token{Kind: Page, Detail: "third"})) != "third" || asked != 1 {
		t.Errorf("the sealer asked %d times for a secret", asked)
	}
	if s.open(t, fresh); asked != 1 {
		t.Error("the sealer asked for a secret that it has")
	}
}

func (s *Sealer) open(t *testing.T, sealed string) string {
	t.Helper()
	got, err := s.Open(Page, sealed, noon)
	if err != nil {
		t.Errorf("Open: %v", err)
	}
	return got.Detail
}
