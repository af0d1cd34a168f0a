package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
	"parley.example/parley/internal/store/sqlite/datadir"
)

// with calls f with the keys of the server, or of the data directory. Only with create does it make a
// database that does not exist.
func (k *keysCmd) with(ctx context.Context, create bool, f func(keysapi.API) error) error {
	if k.Server == "" && k.Data != "" {
		err := k.open(ctx, create, func(s store.Store) error {
			vault, err := keystore.Unlock(ctx, s, k.secretFile(), nil)
			if err != nil {
				return err
			}
			tokens, err := keystore.OpenTokens(ctx, s, vault, time.Now().UTC())
			if err != nil {
				return err
			}
			keys := &auth.Keys{Store: keystore.Keys{Store: s, Vault: vault}}
			return f(&keysapi.Service{Keys: keys, Tokens: tokens, Wall: time.Now, Now: time.Now})
		})
		if errors.Is(err, datadir.ErrInUse) {
			err = fmt.Errorf("%w: manage the keys of a running server with --server URL in place of --data, and a key of it (--key-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)", err)
		}
		return err
	}
	api, err := k.client(ctx)
	if err != nil {
		return err
	}
	return explain(f(api), k.Server, "keys", "name a running one with --server, or the directory of a stopped one with --data")
}

func (k *keysCmd) secretFile() string {
	return cmp.Or(k.SecretFile, filepath.Join(k.Data, keystore.SecretFile))
}

// open calls f with the store of the data directory.
func (k *keysCmd) open(ctx context.Context, create bool, f func(store.Store) error) error {
	if info, err := os.Stat(k.Data); err != nil {
		return usage{fmt.Errorf("data: %w", err)}
	} else if !info.IsDir() {
		return usage{fmt.Errorf("data: %s is not a directory", k.Data)}
	}
	// Of a database that was lost, opening the store says what to do.
	if !create && !k.has("parley.db") && !k.has("parley.id") {
		return usage{fmt.Errorf("data: %s is not the data directory of a server: it has no parley.db", k.Data)}
	}
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: k.Data, Release: version, Log: slog.Default()})
	if err != nil {
		return err
	}
	err = f(s)
	if cerr := s.Close(); err == nil {
		err = cerr
	}
	return err
}

func (k *keysCmd) has(name string) bool {
	_, err := os.Stat(filepath.Join(k.Data, name))
	return err == nil
}

// reset makes a new secret and a first key in the data directory, and returns their files.
func (k *keysCmd) reset(ctx context.Context) (secretFile, keyFile string, err error) {
	if k.Data == "" || k.Server != "" {
		return "", "", usage{errors.New("reset works in the data directory of a stopped server: name it with --data DIR")}
	}
	secretFile, keyFile = k.secretFile(), filepath.Join(k.Data, keystore.FirstKeyFile)
	err = k.open(ctx, false, func(s store.Store) error {
		vault, err := keystore.Reset(ctx, s, secretFile)
		if err != nil {
			return err
		}
		if _, err := (keystore.Keys{Store: s, Vault: vault}).First(ctx, keyFile, time.Now().UTC()); err != nil {
			return fmt.Errorf("keys and tokens of before are gone, and the new secret is in %s, but there is no access key yet: %w. Mend that; the next start of the server then makes the first key, as parley keys create --data %s --name NAME does", secretFile, err, k.Data)
		}
		return nil
	})
	if errors.Is(err, datadir.ErrInUse) {
		err = fmt.Errorf("%w: stop the server first", err)
	}
	return secretFile, keyFile, err
}

// client returns what calls the server.
func (k *keysCmd) client(ctx context.Context) (keysapi.API, error) {
	k.Server = cmp.Or(k.Server, os.Getenv("AWS_ENDPOINT_URL"), "http://"+server.DefaultListen)
	config, err := k.reach(ctx, "server", &k.Server, true)
	if err != nil {
		return nil, err
	}
	config.HTTPClient.Timeout = 30 * time.Second
	return keysapi.NewClient(config), nil
}
