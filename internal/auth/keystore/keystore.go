// Package keystore keeps the secrets of package auth in the store: access keys
// ([Keys]), the first of them ([First]), and the secret that seals tokens
// ([Sealer]). Calls block as long as the store does, and return its errors; no error
// has a secret in it.
package keystore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Keys keeps access keys as resources of the store. It implements auth.KeyStore.
type Keys struct {
	Store store.Store
}

var _ auth.KeyStore = Keys{}

// Get implements auth.KeyStore.
func (k Keys) Get(ctx context.Context, id string) (auth.Key, error) {
	r, err := k.Store.Resource(ctx, center.KindAccessKey, id)
	if err != nil {
		return auth.Key{}, err
	}
	return decodeKey(r)
}

// List implements auth.KeyStore.
func (k Keys) List(ctx context.Context) ([]auth.Key, error) {
	var keys []auth.Key
	for r, err := range k.Store.Resources(ctx, "", center.KindAccessKey) {
		if err != nil {
			return nil, err
		}
		key, err := decodeKey(r)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Put implements auth.KeyStore.
func (k Keys) Put(ctx context.Context, key auth.Key) error {
	body, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("encode access key: %w", err)
	}
	r := center.Resource{Kind: center.KindAccessKey, ID: key.ID, Created: key.Created, Updated: key.Created, Body: body}
	old, err := k.Store.Resource(ctx, center.KindAccessKey, key.ID)
	if err == nil {
		r.Version = old.Version
	} else if center.ReasonOf(err) != center.NotFound {
		return err
	}
	_, err = k.Store.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{r}})
	return err
}

// Delete implements auth.KeyStore.
func (k Keys) Delete(ctx context.Context, id string) error {
	_, err := k.Store.WriteResources(ctx, store.ResourceWrite{Drop: []center.Resource{{Kind: center.KindAccessKey, ID: id}}})
	return err
}

func decodeKey(r center.Resource) (auth.Key, error) {
	var key auth.Key
	if err := json.Unmarshal(r.Body, &key); err != nil {
		return key, fmt.Errorf("decode access key %s: %w", r.ID, err)
	}
	return key, nil
}

// First makes a key that may do everything when there is none yet, and reports
// whether it did. The key is written to a file that only its owner can read: a secret
// has no place in a log.
func First(ctx context.Context, keys *auth.Keys, file string, now time.Time) (made bool, err error) {
	list, err := keys.Store.List(ctx)
	if err != nil || len(list) > 0 {
		return false, err
	}
	key, err := keys.Create(ctx, "first", auth.FullAccess(), now)
	if err != nil {
		return false, fmt.Errorf("create the first access key: %w", err)
	}
	text := fmt.Sprintf("export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return false, fmt.Errorf("write the first access key: %w", err)
	}
	return true, nil
}

// tokenSecret is the setting that holds the secret.
const tokenSecret = "token-secret"

// Sealer returns the sealer of tokens. Its secret is made on first start
// and kept with the data, because tokens outlive the process.
func Sealer(ctx context.Context, s store.Store, now time.Time) (*auth.Sealer, error) {
	r, err := s.Resource(ctx, center.KindSetting, tokenSecret)
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return newSealer(ctx, s, now)
	}
	if err != nil {
		return nil, err
	}
	var text string
	if err := json.Unmarshal(r.Body, &text); err != nil {
		return nil, fmt.Errorf("decode secret: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	secret := auth.Secret{ID: 1}
	if err != nil || copy(secret.Key[:], raw) != len(secret.Key) {
		return nil, errors.New("the secret that seals tokens is damaged")
	}
	return auth.NewSealer(secret)
}

func newSealer(ctx context.Context, s store.Store, now time.Time) (*auth.Sealer, error) {
	secret := auth.NewSecret(1)
	body, err := json.Marshal(base64.StdEncoding.EncodeToString(secret.Key[:]))
	if err != nil {
		return nil, fmt.Errorf("encode secret: %w", err)
	}
	r := center.Resource{Kind: center.KindSetting, ID: tokenSecret, Created: now, Updated: now, Body: body}
	if _, err := s.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{r}}); err != nil {
		return nil, err
	}
	return auth.NewSealer(secret)
}
