package keystore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

const (
	// tokenSecret is the setting that holds the secrets that seal tokens. They are
	// kept with the data, because tokens outlive the process.
	tokenSecret = "token-secret"
	// maxFormer bounds how many former secrets are kept.
	maxFormer = 16
	// settle is how much longer former secrets are good than they are asked to be: another node
	// may seal with the former one until it has seen the new one, a minute later.
	settle = 5 * time.Minute
	// askAgain is how soon the store is asked again after a token with an unknown
	// secret: such tokens can be made by anybody.
	askAgain = 5 * time.Second
)

// Tokens manages the secrets that seal tokens, and gives them to a sealer. It may be
// used by many goroutines.
type Tokens struct {
	store  store.Store
	vault  *Vault
	sealer *auth.Sealer

	mu      sync.Mutex // held while secrets are read or written; guards what follows
	version int64      // of what the sealer has
	asked   time.Time
}

// OpenTokens returns the secrets of the store; the first one is made when there is none.
func OpenTokens(ctx context.Context, s store.Store, v *Vault, now time.Time) (*Tokens, error) {
	t := &Tokens{store: s, vault: v}
	_, record, err := readTokens(ctx, s)
	if err == nil && record == nil {
		err = t.write(ctx, center.Resource{Created: now}, &tokenRecord{}, auth.NewSecret(1), now)
	}
	if err != nil {
		return nil, err
	}
	if err := t.Refresh(ctx, now); err != nil {
		return nil, err
	}
	background := context.WithoutCancel(ctx)
	t.sealer.Missing = func(now time.Time) { t.missing(background, now) }
	return t, nil
}

// Sealer returns the sealer, which has the secrets that hold.
func (t *Tokens) Sealer() *auth.Sealer { return t.sealer }

// missing looks for a secret that another node may have made. An error is that of the next Refresh.
func (t *Tokens) missing(ctx context.Context, now time.Time) {
	t.mu.Lock()
	wait := now.Before(t.asked.Add(askAgain)) && !now.Before(t.asked)
	if !wait {
		t.asked = now
	}
	t.mu.Unlock()
	if !wait {
		_ = t.Refresh(ctx, now)
	}
}

// tokenRecord is the setting's body: the secrets, the one that seals first. In
// earlier formats it was one secret in clear.
type tokenRecord struct{ Secrets []tokenSealed }

type tokenSealed struct {
	ID     byte
	Made   time.Time
	Until  time.Time `json:",omitzero"` // of a former one
	Sealed []byte    `json:",omitempty"`
	clear  []byte    // of an earlier format
}

// name is what a secret is sealed with.
func (t *tokenSealed) name() string { return fmt.Sprintf("%s %d", tokenSecret, t.ID) }

func (t *tokenSealed) open(v *Vault) (secret auth.Secret, err error) {
	raw := t.clear
	if raw == nil {
		if raw, err = v.open(center.KindSetting, t.name(), t.Sealed); err != nil {
			return secret, err
		}
	}
	if copy(secret.Key[:], raw) != len(secret.Key) {
		return secret, errDamaged
	}
	secret.ID, secret.Until = t.ID, t.Until
	return secret, nil
}

// seal seals what is in clear, and says whether there was any.
func (r *tokenRecord) seal(v *Vault) (any bool) {
	for i := range r.Secrets {
		if t := &r.Secrets[i]; t.clear != nil {
			t.Sealed, t.clear, any = v.seal(center.KindSetting, t.name(), t.clear), nil, true
		}
	}
	return any
}

var errDamaged = errors.New("the secret that seals tokens is damaged")

// encodeToken is the form of earlier formats.
func encodeToken(secret auth.Secret) string {
	return base64.StdEncoding.EncodeToString(secret.Key[:])
}

// readTokens reads the setting; the record is nil when there is none.
func readTokens(ctx context.Context, s store.Store) (center.Resource, *tokenRecord, error) {
	r, err := s.Resource(ctx, center.KindSetting, tokenSecret)
	if center.ReasonOf(err) == center.NotFound {
		return r, nil, nil
	}
	if err != nil {
		return r, nil, err
	}
	var text string
	if json.Unmarshal(r.Body, &text) == nil {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != auth.SecretSize {
			return r, nil, errDamaged
		}
		return r, &tokenRecord{[]tokenSealed{{ID: 1, Made: r.Created, clear: raw}}}, nil
	}
	var record tokenRecord
	if err := json.Unmarshal(r.Body, &record); err != nil || len(record.Secrets) == 0 {
		return r, nil, errDamaged
	}
	return r, &record, nil
}

// write puts a new secret in front of a record and stores it.
func (t *Tokens) write(ctx context.Context, r center.Resource, record *tokenRecord, secret auth.Secret, now time.Time) error {
	record.Secrets = slices.Insert(record.Secrets, 0, tokenSealed{ID: secret.ID, Made: now.UTC(), clear: secret.Key[:]})
	record.seal(t.vault)
	return t.put(ctx, r, record, now)
}

func (t *Tokens) put(ctx context.Context, r center.Resource, record *tokenRecord, now time.Time) error {
	r.Kind, r.ID, r.Updated = center.KindSetting, tokenSecret, now
	var w store.ResourceWrite
	if err := put(&w, r, record); err != nil {
		return err
	}
	_, err := t.store.WriteResources(ctx, w)
	return err
}

// Refresh gives the sealer what the store has, and removes the secrets whose time is over.
func (t *Tokens) Refresh(ctx context.Context, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refresh(ctx, now)
}

func (t *Tokens) refresh(ctx context.Context, now time.Time) error {
	r, record, err := readTokens(ctx, t.store)
	if err == nil && record == nil {
		err = errors.New("the secret that seals tokens is missing")
	}
	if err != nil {
		return err
	}
	if drop(record, now) {
		if err := t.put(ctx, r, record, now); err != nil {
			return err
		}
		r.Version++
	}
	if t.sealer != nil && r.Version == t.version {
		return nil
	}
	all := make([]auth.Secret, 0, len(record.Secrets))
	for i := range record.Secrets {
		secret, err := record.Secrets[i].open(t.vault)
		if err != nil {
			return err
		}
		all = append(all, secret)
	}
	if t.sealer == nil {
		t.sealer, err = auth.NewSealer(all[0], all[1:]...)
	} else {
		err = t.sealer.Use(all[0], all[1:]...)
	}
	if err == nil {
		t.version = r.Version
	}
	return err
}

// drop removes the former secrets whose time is over, and says whether there were any.
func drop(record *tokenRecord, now time.Time) bool {
	n := len(record.Secrets)
	former := slices.DeleteFunc(record.Secrets[1:], func(s tokenSealed) bool { return !now.Before(s.Until) })
	record.Secrets = record.Secrets[:1+len(former)]
	return len(record.Secrets) < n
}

// TokenSecret is what may be known of a secret that seals tokens.
type TokenSecret struct {
	ID    byte
	Made  time.Time
	Until time.Time // when its tokens end; zero for the one that seals
}

// List returns the secrets, the one that seals first.
func (t *Tokens) List(ctx context.Context) ([]TokenSecret, error) {
	_, record, err := readTokens(ctx, t.store)
	if err != nil || record == nil {
		return nil, err
	}
	list := make([]TokenSecret, len(record.Secrets))
	for i, s := range record.Secrets {
		list[i] = TokenSecret{s.ID, s.Made, s.Until}
	}
	return list, nil
}

// Rotate makes a new secret, by which tokens are sealed from now on. Tokens of the former ones
// are good for overlap yet, at most [auth.LongestToken], which is as long as one can last; with 0 they end at once.
func (t *Tokens) Rotate(ctx context.Context, overlap time.Duration, now time.Time) error {
	if overlap < 0 || overlap > auth.LongestToken {
		return center.Errorf(center.Invalid, "the overlap must be from 0 to %d days, which is as long as a token can last", auth.LongestToken/(24*time.Hour))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, record, err := readTokens(ctx, t.store)
	if err != nil {
		return err
	}
	if record == nil {
		return errDamaged
	}
	drop(record, now)
	if n := len(record.Secrets); n > maxFormer && overlap > 0 {
		return center.Errorf(center.Conflict, "there are %d former secrets whose tokens are still good; the first of them ends at %s. Rotate again then, or end them all with an overlap of 0", n-1, record.Secrets[n-1].Until.Format(time.RFC3339))
	}
	end := now.UTC()
	if overlap > 0 {
		end = end.Add(overlap + settle)
	}
	used := map[byte]bool{}
	for i := range record.Secrets {
		s := &record.Secrets[i]
		if s.Until.IsZero() || s.Until.After(end) {
			s.Until = end
		}
		used[s.ID] = true
	}
	id := record.Secrets[0].ID + 1
	for used[id] {
		id++
	}
	if overlap == 0 {
		record.Secrets = nil
	}
	if err := t.write(ctx, r, record, auth.NewSecret(id), now); err != nil {
		return err
	}
	return t.refresh(ctx, now)
}
