// Package keystore keeps the secrets of package auth in the store, sealed by a
// [Vault] whose own secret is in a file beside it: access keys ([Keys]), the first of
// them ([Keys.First]), and the secrets that seal tokens ([Tokens]). Calls block as long
// as the store and the disk do, and return their errors; no error has a secret in it.
//
// Whoever has the database, or a backup of it, but not the file cannot sign
// as anybody, nor make tokens. Start reading at [Unlock].
package keystore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Keys keeps access keys as resources of the store. It implements auth.KeyStore.
type Keys struct {
	Store store.Store
	Vault *Vault
}

var _ auth.KeyStore = Keys{}

// keyRecord is the body of a key's resource.
type keyRecord struct {
	ID       string
	Name     string
	Policy   auth.Policy
	Created  time.Time
	Disabled bool
	Sealed   []byte `json:",omitempty"`
	Secret   string `json:",omitempty"` // in clear, in earlier formats
}

func (k *keyRecord) seal(v *Vault, secret string) {
	k.Sealed, k.Secret = v.seal(center.KindAccessKey, k.ID, []byte(secret)), ""
}

func (k *keyRecord) open(v *Vault) (string, error) {
	if k.Sealed == nil {
		return k.Secret, nil
	}
	secret, err := v.open(center.KindAccessKey, k.ID, k.Sealed)
	return string(secret), err
}

func decodeKey(r center.Resource) (keyRecord, error) {
	var k keyRecord
	if err := json.Unmarshal(r.Body, &k); err != nil {
		return k, fmt.Errorf("decode access key %s: %w", r.ID, err)
	}
	return k, nil
}

func (k Keys) key(r center.Resource) (auth.Key, error) {
	record, err := decodeKey(r)
	if err != nil {
		return auth.Key{}, err
	}
	secret, err := record.open(k.Vault)
	if err != nil {
		return auth.Key{}, fmt.Errorf("access key %s: %w", r.ID, err)
	}
	return auth.Key{ID: record.ID, Secret: secret, Name: record.Name, Policy: record.Policy, Created: record.Created, Disabled: record.Disabled}, nil
}

// Get implements auth.KeyStore.
func (k Keys) Get(ctx context.Context, id string) (auth.Key, error) {
	r, err := k.Store.Resource(ctx, center.KindAccessKey, id)
	if err != nil {
		return auth.Key{}, err
	}
	return k.key(r)
}

// List implements auth.KeyStore.
func (k Keys) List(ctx context.Context) ([]auth.Key, error) {
	var keys []auth.Key
	for r, err := range k.Store.Resources(ctx, "", center.KindAccessKey) {
		if err != nil {
			return nil, err
		}
		key, err := k.key(r)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	slices.SortStableFunc(keys, func(a, b auth.Key) int { return a.Created.Compare(b.Created) })
	return keys, nil
}

// Put implements auth.KeyStore.
func (k Keys) Put(ctx context.Context, key auth.Key) error {
	w, err := k.write(ctx, key)
	if err == nil {
		_, err = k.Store.WriteResources(ctx, w)
	}
	return err
}

// write is what puts a key.
func (k Keys) write(ctx context.Context, key auth.Key) (w store.ResourceWrite, err error) {
	record := keyRecord{ID: key.ID, Name: key.Name, Policy: key.Policy, Created: key.Created, Disabled: key.Disabled}
	record.seal(k.Vault, key.Secret)
	r := center.Resource{Kind: center.KindAccessKey, ID: key.ID, Created: key.Created, Updated: key.Created}
	if r.Version, err = k.version(ctx, r); err != nil {
		return w, err
	}
	return w, put(&w, r, record)
}

// version returns the version of a stored resource, 0 when there is none.
func (k Keys) version(ctx context.Context, r center.Resource) (int64, error) {
	old, err := k.Store.Resource(ctx, r.Kind, r.ID)
	if center.ReasonOf(err) == center.NotFound {
		err = nil
	}
	return old.Version, err
}

// Delete implements auth.KeyStore.
func (k Keys) Delete(ctx context.Context, id string) error {
	_, err := k.Store.WriteResources(ctx, store.ResourceWrite{Drop: []center.Resource{
		{Kind: center.KindAccessKey, ID: id}, {Kind: center.KindKeyUse, ID: id}}})
	return err
}

// Uses implements auth.KeyStore.
func (k Keys) Uses(ctx context.Context) (map[string]auth.Use, error) {
	uses := map[string]auth.Use{}
	for r, err := range k.Store.Resources(ctx, "", center.KindKeyUse) {
		if err != nil {
			return nil, err
		}
		if uses[r.ID], err = decodeUse(r); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// PutUses implements auth.KeyStore. Another node may write at the same time: then it is a
// [center.Conflict] error.
func (k Keys) PutUses(ctx context.Context, uses map[string]auth.Use) error {
	var w store.ResourceWrite
	for id, use := range uses {
		if _, err := k.Store.Resource(ctx, center.KindAccessKey, id); err != nil {
			if center.ReasonOf(err) == center.NotFound {
				continue
			}
			return err
		}
		r := center.Resource{Kind: center.KindKeyUse, ID: id, Created: use.At}
		old, err := k.Store.Resource(ctx, center.KindKeyUse, id)
		if err == nil {
			before, err := decodeUse(old)
			if err == nil && !use.At.After(before.At) {
				continue
			}
			r = old
		} else if center.ReasonOf(err) != center.NotFound {
			return err
		}
		r.Updated = use.At
		if err := put(&w, r, use); err != nil {
			return err
		}
	}
	if len(w.Put) == 0 {
		return nil
	}
	_, err := k.Store.WriteResources(ctx, w)
	return err
}

func decodeUse(r center.Resource) (auth.Use, error) {
	var use auth.Use
	if err := json.Unmarshal(r.Body, &use); err != nil {
		return use, fmt.Errorf("decode the last use of access key %s: %w", r.ID, err)
	}
	return use, nil
}
