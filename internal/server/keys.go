package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/auth/keystore"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/engine"
)

// keyring is what a server has of keys.
type keyring struct {
	keys     *auth.Keys
	tokens   *keystore.Tokens
	verifier *auth.Verifier // believes no request that is not truly signed, in development mode either
	clock    *engine.Clock
	log      *slog.Logger
}

// openKeys unlocks the secrets of the store: access keys, and those that seal tokens.
func (s *Server) openKeys(ctx context.Context) error {
	vault, err := keystore.Unlock(ctx, s.store, s.secretFile(), s.Log)
	if err != nil {
		return err
	}
	tokens, err := keystore.OpenTokens(ctx, s.store, vault, s.clock.Now())
	if err != nil {
		return err
	}
	stored := keystore.Keys{Store: s.store, Vault: vault}
	keys := &auth.Keys{Store: stored}
	s.sealer = tokens.Sealer()
	s.verifier = &auth.Verifier{Keys: keys, Region: s.Region, Account: s.Account, AcceptAny: s.Dev, Addresses: s.addresses, Secure: edge.AskedSecurely}
	s.keyring = &keyring{keys: keys, tokens: tokens, clock: s.clock, log: s.Log,
		verifier: &auth.Verifier{Keys: keys, Region: s.Region, Account: s.Account, Addresses: s.addresses, Secure: edge.AskedSecurely}}
	if s.Dev {
		return nil
	}
	file := filepath.Join(s.Data, keystore.FirstKeyFile)
	made, err := stored.First(ctx, file, s.clock.Now())
	if made {
		s.firstKey = file
	}
	return err
}

// secretFile is the file under whose secret others are sealed; "" when everything is kept in memory.
func (c *Config) secretFile() string {
	if c.Data == "" {
		return ""
	}
	return cmp.Or(c.SecretFile, filepath.Join(c.Data, keystore.SecretFile))
}

// tend writes once a minute, and at the end, which keys were used, and keeps to the secrets of
// tokens: those of other nodes, and those whose time is over.
func (k *keyring) tend(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			k.flush(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
		k.flush(ctx)
		if err := k.tokens.Refresh(ctx, k.clock.Now()); err != nil && center.ReasonOf(err) != center.Conflict && ctx.Err() == nil {
			k.log.Error("the secrets of tokens could not be read", "err", err)
		}
	}
}

// flush writes which keys were used. A conflict is another node that writes the same: the next flush does it.
func (k *keyring) flush(ctx context.Context) {
	if err := k.keys.Flush(ctx); err != nil && center.ReasonOf(err) != center.Conflict && ctx.Err() == nil {
		k.log.Warn("the last use of keys could not be written; it will be tried again", "err", err)
	}
}

// used notes the use of a key for which a request is signed.
func (k *keyring) used(op *restjson.Operation, r *http.Request, id auth.Identity) {
	if !id.Verified {
		return
	}
	var from netip.Addr
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		from = at.Addr().Unmap()
	}
	k.keys.Used(id.AccessKey, auth.Use{At: k.clock.Wall().UTC(), From: from, Operation: op.Name})
}
