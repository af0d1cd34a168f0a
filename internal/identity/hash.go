package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"parley.example/parley/internal/center"
)

// Params is what a hash costs whoever makes one: so many passes over so much
// memory (RFC 9106). Raising them leaves earlier hashes good.
type Params struct {
	Passes uint32
	KiB    uint32 // of memory
	Lanes  uint8
}

// Usual are the parameters of new hashes: 19 MiB and two passes, as OWASP's password storage
// cheat sheet has it (2026-11). It takes a core some 20 ms.
var Usual = Params{Passes: 2, KiB: 19 << 10, Lanes: 1}

// What a stored hash may ask for at most: a row that somebody has tampered with must not take
// the memory of the server.
var most = Params{Passes: 32, KiB: 1 << 20, Lanes: 32}

const (
	saltBytes = 16
	keyBytes  = 32
)

// maxPassword bounds what is hashed, in bytes: CreateUser takes 64 characters.
const maxPassword = 1 << 10

// maxWaiting bounds how many wait for a [Hasher].
const maxWaiting = 64

// Hasher makes and checks hashes of passwords, argon2id, a few at a time: their
// memory is all that a flood of requests can take. [NewHasher] makes it; it may be used by many goroutines.
type Hasher struct {
	params  Params
	slots   chan struct{} // one for each hash at work
	waiting atomic.Int32
}

// NewHasher returns a hasher that makes hashes with p, so many at a time; 0 for half of the
// processors, so that chats have the other half.
func NewHasher(p Params, atOnce int) *Hasher {
	if atOnce <= 0 {
		atOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Hasher{params: p, slots: make(chan struct{}, atOnce)}
}

// Hash returns the hash of a password with a salt of its own and its parameters, in the form
// $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY. The password is brought to Normalization Form C, so that
// it does not matter which keyboard it was typed on. Errors: Invalid for one of more than 1 KiB, which no operation takes;
// Unavailable when too many wait; that of ctx.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxPassword {
		return "", center.Errorf(center.Invalid, "a password may have %d bytes", maxPassword)
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key, err := h.derive(ctx, password, salt, h.params, keyBytes)
	if err != nil {
		return "", err
	}
	return encode(h.params, salt, key), nil
}

// Verify reports whether a hash is that of a password, and whether it was made with other
// parameters than new ones are. "" and what is no hash are those of no password, but take
// as long. Errors: Unavailable when too many wait; that of ctx; what is no hash.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, outdated bool, err error) {
	p, salt, key, damaged := decode(hash)
	if damaged != nil || len(password) > maxPassword {
		p, salt, key = h.params, make([]byte, saltBytes), nil
		password = password[:min(len(password), maxPassword)]
	}
	if hash == "" {
		damaged = nil
	}
	derived, err := h.derive(ctx, password, salt, p, uint32(max(len(key), keyBytes)))
	if err = errors.Join(err, damaged); err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(derived, key) == 1, p != h.params, nil
}

// derive runs argon2id when there is room for it.
func (h *Hasher) derive(ctx context.Context, password string, salt []byte, p Params, length uint32) ([]byte, error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, center.Errorf(center.Unavailable, "too many passwords are being worked on; try again")
	}
	select {
	case h.slots <- struct{}{}:
		h.waiting.Add(-1)
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, p.Passes, p.KiB, p.Lanes, length), nil
}

var b64 = base64.RawStdEncoding.Strict()

// form is how a hash is written (the PHC string format).
const form = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

func encode(p Params, salt, key []byte) string {
	return fmt.Sprintf(form, argon2.Version, p.KiB, p.Passes, p.Lanes) + b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

// decode is the reverse of encode. The error quotes nothing of the hash.
func decode(hash string) (p Params, salt, key []byte, err error) {
	var version int
	var rest string
	if _, err := fmt.Sscanf(hash, form+"%s", &version, &p.KiB, &p.Passes, &p.Lanes, &rest); err != nil || version != argon2.Version {
		return p, nil, nil, errors.New("not a hash of argon2id, version 19")
	}
	if p.Passes < 1 || p.Lanes < 1 || p.KiB < 8*uint32(p.Lanes) || p.Passes > most.Passes || p.KiB > most.KiB || p.Lanes > most.Lanes {
		return p, nil, nil, errors.New("the parameters of a hash are out of bounds")
	}
	for i := range rest {
		if rest[i] != '$' {
			continue
		}
		salt, err = b64.DecodeString(rest[:i])
		if err == nil {
			key, err = b64.DecodeString(rest[i+1:])
		}
		if err != nil || len(salt) < 8 || len(key) < 16 || len(hash) > 512 {
			break
		}
		return p, salt, key, nil
	}
	return p, nil, nil, errors.New("salt or key of a hash is damaged")
}
