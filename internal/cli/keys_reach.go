package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/keysapi"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
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
		if errors.Is(err, sqlite.ErrInUse) {
			err = fmt.Errorf("%w: manage the keys of a running server with --server URL in place of --data, and a key of it (--key-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)", err)
		}
		return err
	}
	api, err := k.client(ctx)
	if err != nil {
		return err
	}
	return k.hint(f(api))
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
		if err == nil {
			_, err = keystore.Keys{Store: s, Vault: vault}.First(ctx, keyFile, time.Now().UTC())
		}
		return err
	})
	if errors.Is(err, sqlite.ErrInUse) {
		err = fmt.Errorf("%w: stop the server first", err)
	}
	return secretFile, keyFile, err
}

// client returns what calls the server.
func (k *keysCmd) client(ctx context.Context) (keysapi.API, error) {
	k.Server = strings.TrimSuffix(cmp.Or(k.Server, os.Getenv("AWS_ENDPOINT_URL"), "http://"+server.DefaultListen), "/")
	if u, err := url.Parse(k.Server); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usage{fmt.Errorf("server %q is not a URL like https://chat.example.com", k.Server)}
	}
	cred, err := k.credentials(ctx)
	if err != nil {
		return nil, err
	}
	return keysapi.NewClient(restjson.ClientConfig{
		Endpoint: k.Server, UserAgent: "parley/" + version,
		HTTPClient: &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Sign: func(r *http.Request, body []byte) error {
			sum := sha256.Sum256(body)
			hash := hex.EncodeToString(sum[:])
			r.Header.Set("X-Amz-Content-Sha256", hash)
			return v4.NewSigner().SignHTTP(r.Context(), cred, r, hash, "connect", k.Region, time.Now())
		},
	}), nil
}

// credentials returns the key to sign with: that of the file, else that of the environment or the profile.
func (k *keysCmd) credentials(ctx context.Context) (aws.Credentials, error) {
	if k.KeyFile != "" {
		id, secret, err := keystore.ReadKeyFile(k.KeyFile)
		if err != nil {
			return aws.Credentials{}, usage{fmt.Errorf("key-file: %w", err)}
		}
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(k.Region), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return aws.Credentials{}, err
	}
	cred, err := cfg.Credentials.Retrieve(ctx)
	if err != nil && os.Getenv("AWS_PROFILE") == "" {
		err = fmt.Errorf("there is no access key to call %s with: name a file with --key-file (a first start writes first-key.env into the data directory), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without a key, use --data DIR while the server is stopped", k.Server)
	}
	if err != nil {
		return aws.Credentials{}, usage{err}
	}
	return cred, nil
}

// hint adds to an error of the server what can be done about it.
func (k *keysCmd) hint(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server answers at %s: name a running one with --server, or the directory of a stopped one with --data", k.Server)
	}
	e, ok := errors.AsType[restjson.Coded](err)
	if !ok {
		return err
	}
	switch message := e.ErrorMessage(); {
	case e.ErrorCode() == auth.UnrecognizedClient:
		return fmt.Errorf("%s does not know the access key, or it is disabled", k.Server)
	case e.ErrorCode() == auth.InvalidSignature:
		return fmt.Errorf("%s refuses the signature: %s", k.Server, message)
	case e.HTTPStatus() == http.StatusNotFound && e.ErrorCode() != "ResourceNotFoundException":
		return fmt.Errorf("%s does not manage keys: is it a Parley server, and not an older one?", k.Server)
	case message != "":
		return errors.New(message)
	}
	return err
}
