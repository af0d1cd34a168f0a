package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/center"
)

// Kind is the purpose of a token. A token of one kind never opens as another.
type Kind byte

// The kinds of token. Their values are part of the sealed form: append, never renumber.
const (
	Participant Kind = 1 + iota // ParticipantToken of StartChatContact and CreateParticipant
	Connection                  // ConnectionToken of CreateParticipantConnection
	Socket                      // the query of a WebSocket URL
	Upload                      // the query of an attachment's upload URL
	Download                    // the query of an attachment's download URL
	View                        // the ViewToken of a ShowView block
	Page                        // a NextToken
	SignIn                      // the state that an identity provider sends back
	Desk                        // the SessionToken of the agent's API
	DeskStream                  // the query of the URL of an agent's stream
	DeskCode                    // what hands a session from a window to a frame, once

	lastKind = DeskCode
)

var kindNames = [...]string{"no token", "participant", "connection", "socket", "upload", "download", "view", "page", "sign-in", "session", "stream", "code"}

func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", byte(k))
	}
	return kindNames[k]
}

// Bounds of a token. MaxToken is the model's limit for ParticipantToken and
// ConnectionToken. A token with the two UUIDs and no detail has 94 characters.
const (
	MaxToken  = 1000 // characters of a sealed token
	MaxDetail = 512  // bytes of Token.Detail
)

// Token is the content of a sealed token. An id that is a lower-case UUID takes
// 16 bytes; any other takes its length, which must be at most 64 bytes.
type Token struct {
	Kind        Kind
	Chat        center.ContactID
	Participant center.ParticipantID
	Expires     time.Time // with millisecond precision, UTC once opened; zero for none
	Detail      string    // what else the token grants, or where a page continues
}

// SecretSize is the length of a server secret in bytes.
const SecretSize = 32

// Secret is a key of the server from which the keys for tokens are derived.
type Secret struct {
	ID    byte // written into each token, so that secrets can be changed
	Key   [SecretSize]byte
	Until time.Time // when its tokens end, however long they would last; zero for never
}

// LongestToken is how long a token may be of use: a chat lasts at most seven days
// (ChatDurationInMinutes), a connection token may be given in its last moment, and
// reads the transcript after the end.
const LongestToken = 7*24*time.Hour + ConnectionLife

// NewSecret makes a random secret.
func NewSecret(id byte) Secret {
	s := Secret{ID: id}
	rand.Read(s.Key[:])
	return s
}

// String hides the key.
func (s Secret) String() string { return fmt.Sprintf("secret %d", s.ID) }

// GoString hides the key as well.
func (s Secret) GoString() string { return s.String() }

// Sealer makes and opens tokens. A token is AES-256-GCM with a random nonce
// under a key that HKDF-SHA256 derives from a server secret for one kind of
// token, in base64url:
//
//	secret id (1) nonce (12) encrypted[ flags (1) chat participant expires (8)? detail ] tag (16)
//
// Without the secret nobody can read or change it. A token is not revoked here:
// it is invalid when its chat has ended, which the caller checks. The secrets may be
// replaced while it works: see Use. Random nonces are safe for 2^32 tokens of a kind; change the secret before that.
type Sealer struct {
	// Missing, when set, is called with the time when a token names a secret that is not
	// known, and may call Use: another node may have begun with a new one. It may block,
	// and must bound how often it does, since anybody can send such tokens. It is set before the first Open.
	Missing func(now time.Time)

	rings atomic.Pointer[rings]
}

// rings are the keys of all secrets.
type rings struct {
	current byte
	by      map[byte]*ring
}

// ring is the keys of one secret, by kind.
type ring struct {
	keys  [lastKind + 1]cipher.AEAD
	until time.Time // of Secret
}

// NewSealer returns a sealer. New tokens are sealed with the first secret;
// those of the other secrets can still be opened.
func NewSealer(current Secret, former ...Secret) (*Sealer, error) {
	s := new(Sealer)
	return s, s.Use(current, former...)
}

// Use replaces the secrets by those of another [NewSealer]; tokens of secrets that are not
// among them open no more. After an error the sealer has those that it had.
func (s *Sealer) Use(current Secret, former ...Secret) error {
	all := &rings{current: current.ID, by: make(map[byte]*ring)}
	for _, secret := range append([]Secret{current}, former...) {
		if all.by[secret.ID] != nil {
			return fmt.Errorf("two token secrets have the id %d", secret.ID)
		}
		r, err := newRing(secret)
		if err != nil {
			return err
		}
		all.by[secret.ID] = r
	}
	s.rings.Store(all)
	return nil
}

func newRing(secret Secret) (*ring, error) {
	r := &ring{until: secret.Until}
	for kind := Participant; kind <= lastKind; kind++ {
		key, err := hkdf.Key(sha256.New, secret.Key[:], nil, "parley token "+kind.String(), SecretSize)
		if err != nil {
			return nil, fmt.Errorf("derive the key of %s tokens: %w", kind, err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("key of %s tokens: %w", kind, err)
		}
		if r.keys[kind], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("key of %s tokens: %w", kind, err)
		}
	}
	return r, nil
}

// The flags of a token.
const (
	chatPacked        = 1 << iota // Chat is a UUID in 16 bytes, not a length and text
	participantPacked             // Participant likewise
	expires                       // a time follows
)

const (
	maxID      = 64
	uuidText   = 36           // characters of a UUID
	overhead   = 1 + 12 + 16  // secret id, nonce, tag
	minSealed  = overhead + 3 // with flags and two empty ids
	maxSealed  = overhead + 1 + 2*(1+maxID) + 8 + MaxDetail
	maxEncoded = (maxSealed*8 + 5) / 6 // characters; a test holds it to MaxToken
)

// Seal returns t as an opaque string of base64url characters. A token beyond
// the bounds (an unknown kind, an id over 64 bytes, a detail over [MaxDetail])
// is sealed as the empty string, which opens as nothing.
func (s *Sealer) Seal(t Token) string {
	if t.Kind < Participant || t.Kind > lastKind || len(t.Chat) > maxID || len(t.Participant) > maxID || len(t.Detail) > MaxDetail {
		return ""
	}
	var plainRoom [128]byte
	plain := append(plainRoom[:0], 0)
	var packed bool
	if plain, packed = appendID(plain, string(t.Chat)); packed {
		plain[0] |= chatPacked
	}
	if plain, packed = appendID(plain, string(t.Participant)); packed {
		plain[0] |= participantPacked
	}
	if !t.Expires.IsZero() {
		plain[0] |= expires
		plain = binary.BigEndian.AppendUint64(plain, uint64(t.Expires.UnixMilli()))
	}
	plain = append(plain, t.Detail...)

	all := s.rings.Load()
	sealed := make([]byte, 1, len(plain)+overhead)
	sealed[0] = all.current
	sealed = all.by[all.current].keys[t.Kind].Seal(sealed, nil, plain, sealed[:1])
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// appendID appends a UUID in 16 bytes, or else another text behind its length.
func appendID(b []byte, id string) (_ []byte, packed bool) {
	if raw, ok := packUUID(id); ok {
		return append(b, raw[:]...), true
	}
	b = append(b, byte(len(id)))
	return append(b, id...), false
}

// Open returns what a token of the kind says. A token that is forged, of
// another kind, damaged or expired at now is an [*Error] with the code
// [AccessDenied] and the message "Access denied"; its Reason tells which.
func (s *Sealer) Open(kind Kind, sealed string, now time.Time) (Token, error) {
	if sealed == "" {
		return Token{}, noAccess("no " + kind.String() + " token was given")
	}
	if len(sealed) > maxEncoded {
		return Token{}, noAccess("the token is too long")
	}
	raw, err := strictEncoding.DecodeString(sealed)
	if err != nil || len(raw) != strictEncoding.DecodedLen(len(sealed)) || len(raw) < minSealed {
		return Token{}, noAccess(noToken(kind, sealed))
	}
	if kind < Participant || kind > lastKind {
		return Token{}, noAccess("there are no tokens of " + kind.String())
	}
	ring := s.rings.Load().by[raw[0]]
	if ring == nil && s.Missing != nil {
		s.Missing(now)
		ring = s.rings.Load().by[raw[0]]
	}
	if ring == nil {
		return Token{}, noAccess(fmt.Sprintf("the token was sealed with secret %d, which is not known", raw[0]))
	}
	if !ring.until.IsZero() && !now.Before(ring.until) {
		return Token{}, noAccess(fmt.Sprintf("the token was sealed with secret %d, whose tokens ended at %s", raw[0], ring.until.Format(time.RFC3339)))
	}
	plain, err := ring.keys[kind].Open(nil, nil, raw[1:], raw[:1])
	if err != nil {
		return Token{}, noAccess(why(ring, kind, raw))
	}
	t, ok := parsePlain(kind, plain)
	if !ok {
		return Token{}, noAccess("the token holds something else than expected")
	}
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Token{}, noAccess("the " + kind.String() + " token expired at " + t.Expires.Format(time.RFC3339))
	}
	return t, nil
}

// strictEncoding refuses stray bits; with the check of the length, which finds
// the line breaks that it skips, one token has one spelling.
var strictEncoding = base64.RawURLEncoding.Strict()

// why tells a token of another kind from a forged one, for the log.
func why(r *ring, wanted Kind, sealed []byte) string {
	for kind := Participant; kind <= lastKind; kind++ {
		if kind == wanted {
			continue
		}
		if _, err := r.keys[kind].Open(nil, nil, sealed[1:], sealed[:1]); err == nil {
			return oneOf(kind) + " was given where " + oneOf(wanted) + " is required"
		}
	}
	// The last case happens when a developer restarts a server that has no data directory.
	return "the token is damaged, or from another server, or from before the restart of an in-memory server"
}

// noToken says, for the log, what was given in place of a token.
func noToken(wanted Kind, text string) string {
	if _, ok := packUUID(text); ok {
		return "an id was given where " + oneOf(wanted) + " is required"
	}
	if scheme, _, found := strings.Cut(text, " "); found && strings.EqualFold(scheme, "Bearer") {
		return "the token must not be prefixed with Bearer"
	}
	return "the token is incomplete, or not a Parley token"
}

// oneOf describes a token of a kind.
func oneOf(k Kind) string {
	if k == Upload {
		return "an upload token"
	}
	return "a " + k.String() + " token"
}

func parsePlain(kind Kind, b []byte) (t Token, ok bool) {
	t.Kind = kind
	flags := b[0]
	chat, b, ok := cutID(b[1:], flags&chatPacked != 0)
	if !ok {
		return t, false
	}
	participant, b, ok := cutID(b, flags&participantPacked != 0)
	if !ok {
		return t, false
	}
	if flags&expires != 0 {
		if len(b) < 8 {
			return t, false
		}
		t.Expires = time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC()
		b = b[8:]
	}
	t.Chat, t.Participant, t.Detail = center.ContactID(chat), center.ParticipantID(participant), string(b)
	return t, true
}

func cutID(b []byte, packed bool) (id string, rest []byte, ok bool) {
	if packed {
		if len(b) < 16 {
			return "", nil, false
		}
		return uuid.UUID(b[:16]).String(), b[16:], true
	}
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}

// packUUID reads a UUID in the one form that unpackUUID writes.
func packUUID(s string) (raw [16]byte, ok bool) {
	if len(s) != uuidText || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return raw, false
	}
	n := 0
	for i := 0; i < uuidText; i += 2 {
		if s[i] == '-' {
			i++
		}
		hi, lo := s[i], s[i+1]
		if !isHex(hi) || !isHex(lo) || 'A' <= hi && hi <= 'F' || 'A' <= lo && lo <= 'F' {
			return raw, false
		}
		raw[n] = unhex(hi)<<4 | unhex(lo)
		n++
	}
	return raw, true
}

func noAccess(reason string) error { return refuse(AccessDenied, "Access denied", reason) }
