package auth

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"parley.example/parley/internal/center"
)

// Key is an access key: what a caller of the service connect signs with.
type Key struct {
	ID       string    // "AKIA" and 16 more letters or digits
	Secret   string    // 40 characters
	Name     string    // who or what it is for; it stands in the ARN of error messages
	Policy   Policy    // what it may do
	Created  time.Time // UTC
	Disabled bool      // refuses every call, as if the key did not exist
}

// NewKey makes a key with a random id and secret in the form of Amazon's.
func NewKey(name string, policy Policy, now time.Time) Key {
	var id [10]byte
	var secret [30]byte
	rand.Read(id[:])
	rand.Read(secret[:])
	return Key{
		ID:      "AKIA" + base32.StdEncoding.EncodeToString(id[:]),
		Secret:  base64.StdEncoding.EncodeToString(secret[:]),
		Name:    name,
		Policy:  policy,
		Created: now.UTC(),
	}
}

// maxKeyName is IAM's limit for the name of a user.
const maxKeyName = 64

// Check says what is wrong with a key, as a [center.Invalid] error. It also
// accepts ids and secrets that were not made by [NewKey], for operators who
// bring their own: an id of 16 to 128 letters, digits, _ or -, a secret of at
// least 16 characters.
func (k Key) Check() error {
	switch {
	case len(k.ID) < 16 || !plausibleID(k.ID):
		return center.Errorf(center.Invalid, "access key id %q must have 16 to 128 letters or digits", k.ID)
	case len(k.Secret) < 16 || len(k.Secret) > 128:
		return center.Errorf(center.Invalid, "the secret of access key %s must have 16 to 128 characters", k.ID)
	case len(k.Name) > maxKeyName || strings.Trim(k.Name, nameChars) != "":
		return center.Errorf(center.Invalid, "key name %q must have at most %d letters, digits or characters of _+=,.@-", k.Name, maxKeyName)
	}
	return k.Policy.Check()
}

const nameChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"

// String hides the secret, so that a key may be printed.
func (k Key) String() string { return fmt.Sprintf("access key %s (%s)", k.ID, k.Name) }

// GoString hides the secret as well.
func (k Key) GoString() string { return k.String() }

// LogValue implements [slog.LogValuer]; it leaves the secret out.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID), slog.String("name", k.Name), slog.Bool("disabled", k.Disabled))
}

// KeyStore keeps access keys.
type KeyStore interface {
	// Get returns the key with an id, or a [center.NotFound] error.
	Get(ctx context.Context, id string) (Key, error)
	// List returns all keys, oldest first.
	List(ctx context.Context) ([]Key, error)
	// Put creates the key or replaces the one with its id.
	Put(ctx context.Context, k Key) error
	// Delete removes the key and what is known of its use; it is no error when there is none.
	Delete(ctx context.Context, id string) error
	// Uses returns when keys were last used, by id. A key that never was is not in it.
	Uses(ctx context.Context) (map[string]Use, error)
	// PutUses keeps uses that are later than those that it has, of keys that exist.
	PutUses(ctx context.Context, uses map[string]Use) error
}

// Keys manages access keys over a [KeyStore] and remembers what it was asked
// for, so that a request costs no read of the store. What this process changes
// through Keys counts at once; a change by another process counts after
// [KeyTTL] at the latest.
type Keys struct {
	Store KeyStore

	changes sync.Mutex // held while a change looks at other keys

	used usage

	mu     sync.Mutex
	cached map[string]cachedKey // guarded by mu, at most maxCached
	epoch  uint64               // guarded by mu; moves with each change, so that a slow read cannot undo it
}

// KeyTTL is how long a key is remembered. That a key does not exist is
// remembered as long: it keeps guesses away from the store.
const KeyTTL = 5 * time.Second

const maxCached = 1024

type cachedKey struct {
	key   Key
	found bool
	until time.Time
}

var _ KeySource = (*Keys)(nil)

// Key implements [KeySource].
func (k *Keys) Key(ctx context.Context, id string, now time.Time) (Key, bool, error) {
	k.mu.Lock()
	c, ok := k.cached[id]
	epoch := k.epoch
	k.mu.Unlock()
	if ok && now.Before(c.until) && c.until.Sub(now) <= KeyTTL {
		return c.key, c.found, nil
	}
	key, err := k.Store.Get(ctx, id)
	if err != nil && center.ReasonOf(err) != center.NotFound {
		return Key{}, false, err
	}
	c = cachedKey{key: key, found: err == nil && !key.Disabled, until: now.Add(KeyTTL)}
	if !c.found {
		c.key = Key{}
	}
	k.remember(strings.Clone(id), c, epoch)
	return c.key, c.found, nil
}

func (k *Keys) remember(id string, c cachedKey, epoch uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch != epoch {
		return
	}
	if k.cached == nil {
		k.cached = make(map[string]cachedKey)
	}
	for old := range k.cached {
		if len(k.cached) < maxCached {
			break
		}
		delete(k.cached, old)
	}
	k.cached[id] = c
}

// invalidate drops everything that is cached. Changes are rare, and this cannot miss one.
func (k *Keys) invalidate() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch++
	clear(k.cached)
}

// MaxKeys bounds how many keys there can be.
const MaxKeys = 1000

// Create makes, stores and returns a new key. The secret is returned here and
// nowhere else. Errors are those of [Key.Check] and of the store, and [center.LimitExceeded]
// when there are [MaxKeys].
func (k *Keys) Create(ctx context.Context, name string, policy Policy, now time.Time) (Key, error) {
	k.changes.Lock()
	defer k.changes.Unlock()
	key := NewKey(name, policy, now)
	list, err := k.Store.List(ctx)
	if err == nil && len(list) >= MaxKeys {
		err = center.Errorf(center.LimitExceeded, "there are %d access keys already; delete those that are not used", len(list))
	}
	if err == nil {
		err = k.Put(ctx, key)
	}
	if err != nil {
		return Key{}, err
	}
	return key, nil
}

// Put creates a key or replaces the one with its id.
func (k *Keys) Put(ctx context.Context, key Key) error {
	if err := key.Check(); err != nil {
		return err
	}
	defer k.invalidate()
	return k.Store.Put(ctx, key)
}

// SetDisabled switches a key off or on again, and returns it without its secret. An unknown key is a [center.NotFound] error;
// the last one that may manage keys is not switched off, which is a [center.InUse] error, unless force is set.
func (k *Keys) SetDisabled(ctx context.Context, id string, disabled, force bool, now time.Time) (Key, error) {
	k.changes.Lock()
	defer k.changes.Unlock()
	key, err := k.Store.Get(ctx, id)
	if err == nil && disabled && !force {
		err = k.spare(ctx, key, now)
	}
	if err != nil {
		return Key{}, err
	}
	key.Disabled = disabled
	defer k.invalidate()
	err = k.Store.Put(ctx, key)
	key.Secret = ""
	return key, err
}

// manages says whether the owner of the key may make keys now, from wherever the request comes.
func (k Key) manages(now time.Time) bool {
	return !k.Disabled && Identity{Policy: k.Policy}.Authorize(Call{Service: "parley", Operation: "CreateKey", Input: new(struct{}), Now: now}) == nil
}

// spare refuses to do without the last key that may manage keys.
func (k *Keys) spare(ctx context.Context, key Key, now time.Time) error {
	if !key.manages(now) {
		return nil
	}
	list, err := k.Store.List(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID != key.ID && other.manages(now) {
			return nil
		}
	}
	return center.Errorf(center.InUse, "%s is the last key that may manage keys: without it that takes the data directory of a stopped server. Make another one first, or force it (--force)", key.ID)
}

// List returns all keys, oldest first, without their secrets.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	keys, err := k.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		keys[i].Secret = ""
	}
	return keys, nil
}

// Delete removes a key, and returns it without its secret. An unknown key is a [center.NotFound] error;
// the last one that may manage keys is not removed, which is a [center.InUse] error, unless force is set.
func (k *Keys) Delete(ctx context.Context, id string, force bool, now time.Time) (Key, error) {
	k.changes.Lock()
	defer k.changes.Unlock()
	key, err := k.Store.Get(ctx, id)
	if err == nil && !force {
		err = k.spare(ctx, key, now)
	}
	if err != nil {
		return Key{}, err
	}
	defer k.invalidate()
	if err := k.Store.Delete(ctx, id); err != nil {
		return Key{}, err
	}
	k.used.forget(id)
	key.Secret = ""
	return key, nil
}
