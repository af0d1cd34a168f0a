package keystore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// clearSecrets is the setting by which a database of an earlier format, whose secrets
// were in clear, says so until they are sealed and overwritten.
const clearSecrets = "clear-secrets"

// Unlock returns the vault of the store, under the secret of a file. It makes the file
// when nothing is sealed yet, and seals the secrets that earlier formats had in
// clear. It fails when secrets are sealed and the file is missing, or is another one. With file "" the secret
// is in memory, for a store that is in memory as well. log may be nil.
func Unlock(ctx context.Context, s store.Store, file string, log *slog.Logger) (*Vault, error) {
	if file == "" {
		return makeVault("")
	}
	all, err := readSecrets(ctx, s)
	if err != nil {
		return nil, err
	}
	v, err := readVault(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && all.sealed():
		return nil, fmt.Errorf("the secrets in the database are sealed with %s, which is not there: put it back. "+lostSecret, file)
	case errors.Is(err, fs.ErrNotExist):
		if v, err = makeVault(file); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	gone, err := all.open(v)
	if errors.Is(err, errOtherVault) {
		return nil, fmt.Errorf("the secrets in the database are sealed with another file than %s: put the right one in its place, which --secret-file may name. "+lostSecret, file)
	}
	if err != nil {
		return nil, err
	}
	if log != nil {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o007 != 0 {
			log.Warn("other users of this machine may read the secret file; chmod 600 it", "file", file)
		}
	}
	return v, all.overwrite(ctx, s, v, gone, log)
}

const lostSecret = "If it is lost, parley keys reset --data DIR makes a new one: all access keys are dropped, a first one is made, and open chats lose their tokens"

// Reset gives up everything that is sealed, because the file of the secret is lost, and makes a new
// one. It fails when there is a file with that name: that may be the right one. When it fails it has
// left no file, unless the process dies: then it can be made again once the file is moved away.
func Reset(ctx context.Context, s store.Store, file string) (*Vault, error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = errors.New("it is there. If it is not the right one, move it away first")
		}
		return nil, fmt.Errorf("%s is made anew only when it is missing: %w", file, err)
	}
	v, err := makeVault(file) // first: without it what was sealed would be gone for nothing
	if err != nil {
		return nil, err
	}
	drop, err := sealedRows(ctx, s)
	if err == nil {
		_, err = s.WriteResources(ctx, store.ResourceWrite{Drop: drop})
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(file)) // nothing is sealed with it
	}
	return v, nil
}

// sealedRows names all that is sealed, or is about what is.
func sealedRows(ctx context.Context, s store.Store) ([]center.Resource, error) {
	drop := []center.Resource{{Kind: center.KindSetting, ID: tokenSecret}, {Kind: center.KindSetting, ID: clearSecrets}, {Kind: center.KindSetting, ID: firstKey}}
	for _, kind := range []center.Kind{center.KindAccessKey, center.KindKeyUse} {
		for r, err := range s.Resources(ctx, "", kind) {
			if err != nil {
				return nil, err
			}
			drop = append(drop, center.Resource{Kind: kind, ID: r.ID})
		}
	}
	return drop, nil
}

// secrets is all that the store has of secrets.
type secrets struct {
	keys   []keyRecord
	rows   []center.Resource // of the keys
	tokens *tokenRecord      // nil when there is none
	row    center.Resource   // of tokens
	clear  bool              // there may be clear ones, or what is left of them
}

func readSecrets(ctx context.Context, s store.Store) (*secrets, error) {
	all := &secrets{}
	for r, err := range s.Resources(ctx, "", center.KindAccessKey) {
		if err != nil {
			return nil, err
		}
		record, err := decodeKey(r)
		if err != nil {
			return nil, err
		}
		all.keys, all.rows = append(all.keys, record), append(all.rows, r)
	}
	var err error
	if all.row, all.tokens, err = readTokens(ctx, s); err != nil {
		return nil, err
	}
	_, err = s.Resource(ctx, center.KindSetting, clearSecrets)
	all.clear = err == nil
	if center.ReasonOf(err) == center.NotFound {
		err = nil
	}
	return all, err
}

func (a *secrets) sealed() bool {
	for _, k := range a.keys {
		if k.Sealed != nil {
			return true
		}
	}
	if a.tokens != nil {
		for _, t := range a.tokens.Secrets {
			if t.Sealed != nil {
				return true
			}
		}
	}
	return false
}

// open returns all secrets as they would stand in the database in clear. An error
// means that one of those that are sealed is sealed otherwise, or damaged.
func (a *secrets) open(v *Vault) (clear []string, err error) {
	for i := range a.keys {
		secret, err := a.keys[i].open(v)
		if err != nil {
			return nil, err
		}
		clear = append(clear, secret)
		if quoted, err := json.Marshal(secret); err == nil {
			clear = append(clear, string(quoted[1:len(quoted)-1])) // as JSON has it
		}
	}
	if a.tokens != nil {
		for _, t := range a.tokens.Secrets {
			secret, err := t.open(v)
			if err != nil {
				return nil, err
			}
			clear = append(clear, encodeToken(secret))
		}
	}
	return clear, nil
}

// overwrite seals what is in clear, and leaves none of gone in the files of the store.
func (a *secrets) overwrite(ctx context.Context, s store.Store, v *Vault, gone []string, log *slog.Logger) error {
	if !a.clear {
		return nil
	}
	if log != nil {
		log.Info("sealing the secrets that the database had in clear; this may take as long as copying it", "keys", len(a.keys))
	}
	var w store.ResourceWrite
	for i, k := range a.keys {
		if k.Sealed != nil {
			continue
		}
		k.seal(v, k.Secret)
		if err := put(&w, a.rows[i], k); err != nil {
			return err
		}
	}
	if a.tokens != nil && a.tokens.seal(v) {
		if err := put(&w, a.row, a.tokens); err != nil {
			return err
		}
	}
	if err := s.Overwrite(ctx, w, gone...); err != nil {
		return fmt.Errorf("overwrite secrets that were stored in clear: %w", err)
	}
	_, err := s.WriteResources(ctx, store.ResourceWrite{Drop: []center.Resource{{Kind: center.KindSetting, ID: clearSecrets}}})
	return err
}

// put adds a resource with a body to a write.
func put(w *store.ResourceWrite, r center.Resource, body any) (err error) {
	if r.Body, err = json.Marshal(body); err != nil {
		return fmt.Errorf("encode %s %s: %w", r.Kind, r.ID, err)
	}
	w.Put = append(w.Put, r)
	return nil
}
