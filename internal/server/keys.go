package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// KeyStore keeps access keys as resources of the store. It implements auth.KeyStore.
type KeyStore struct {
	Store store.Store
}

var _ auth.KeyStore = KeyStore{}

// Get implements auth.KeyStore.
func (k KeyStore) Get(ctx context.Context, id string) (auth.Key, error) {
	r, err := k.Store.Resource(ctx, center.KindAccessKey, id)
	if err != nil {
		return auth.Key{}, err
	}
	return decodeKey(r)
}

// List implements auth.KeyStore.
func (k KeyStore) List(ctx context.Context) ([]auth.Key, error) {
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
func (k KeyStore) Put(ctx context.Context, key auth.Key) error {
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
func (k KeyStore) Delete(ctx context.Context, id string) error {
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

// tokenSecret is the setting that seals tokens.
const tokenSecret = "token-secret"

// sealer returns the sealer of tokens, whose secret is made on first start
// and kept with the data: tokens outlive the process.
func sealer(ctx context.Context, s store.Store, now time.Time) (*auth.Sealer, error) {
	r, err := s.Resource(ctx, center.KindSetting, tokenSecret)
	if center.ReasonOf(err) == center.NotFound && err != nil {
		secret := auth.NewSecret(1)
		body, err := json.Marshal(base64.StdEncoding.EncodeToString(secret.Key[:]))
		if err != nil {
			return nil, fmt.Errorf("encode secret: %w", err)
		}
		r = center.Resource{Kind: center.KindSetting, ID: tokenSecret, Created: now, Updated: now, Body: body}
		if _, err := s.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{r}}); err != nil {
			return nil, err
		}
		return auth.NewSealer(secret)
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
		return nil, fmt.Errorf("the secret that seals tokens is damaged")
	}
	return auth.NewSealer(secret)
}
