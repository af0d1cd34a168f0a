#!/usr/bin/env bash
# github.com/nats-io/nats.go v1.55.0 with nats-server v2.15.3: a key created with a time to live and then
# updated stays for ever; and a time to live of 1.9 seconds is one second.
#
# KeyTTL goes with the one message that Create writes. Update writes the next message of the key, takes no
# option for a time to live, and sends none, so the newer message, which is the key's value from then on,
# has none either. Leases, locks and presence made with Create(KeyTTL) and kept alive with Update, the
# way that a revision invites one to, work until their holder dies: then nobody ever gets the lease.
# A test that lets a lease lapse without renewing it first passes. The server counts in whole seconds
# and cuts fractions off without a word.
#
# What to do: renew by publishing to the key's subject oneself, with a time to live and the expected
# revision (the third line), or give the bucket a TTL, which each write starts anew. Whole seconds only.
#
# Seen with Go 1.26, server and client in one process, no listener:
#   created with 1.9s:                  gone after 1 s
#   created with 2s, updated:           still there after 5 s
#   created with 2s, published with 2s: gone after 2 s
# Fails when an update keeps a time to live or a fraction is kept.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/lease

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return v
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	srv := must(server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: os.Args[1], NoSigs: true, NoLog: true}))
	srv.Start()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(20 * time.Second) {
		fmt.Println("the server has not started")
		os.Exit(1)
	}
	js := must(jetstream.New(must(nats.Connect("", nats.InProcessServer(srv)))))
	bucket := must(js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "leases", LimitMarkerTTL: time.Minute, Storage: jetstream.MemoryStorage}))

	// left says for how long, in whole seconds and five at most, a key is there after the moment of its last write.
	left := func(key string, written time.Time) string {
		for time.Since(written) < 5*time.Second {
			if _, err := bucket.Get(ctx, key); errors.Is(err, jetstream.ErrKeyNotFound) {
				return fmt.Sprintf("gone after %d s", int(time.Since(written).Seconds()))
			}
			time.Sleep(20 * time.Millisecond)
		}
		return "still there after 5 s"
	}
	changed := false
	say := func(what, got, want string) {
		fmt.Println(what, got)
		changed = changed || got != want
	}

	written := time.Now()
	must(bucket.Create(ctx, "fraction", []byte("holder"), jetstream.KeyTTL(1900*time.Millisecond)))
	say("created with 1.9s:                 ", left("fraction", written), "gone after 1 s")

	revision := must(bucket.Create(ctx, "updated", []byte("holder"), jetstream.KeyTTL(2*time.Second)))
	written = time.Now()
	must(bucket.Update(ctx, "updated", []byte("holder"), revision))
	say("created with 2s, updated:          ", left("updated", written), "still there after 5 s")

	revision = must(bucket.Create(ctx, "published", []byte("holder"), jetstream.KeyTTL(2*time.Second)))
	written = time.Now()
	must(js.Publish(ctx, "$KV.leases.published", []byte("holder"),
		jetstream.WithMsgTTL(2*time.Second), jetstream.WithExpectLastSequencePerSubject(revision)))
	say("created with 2s, published with 2s:", left("published", written), "gone after 2 s")

	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
mkdir store
timeout 300 go run . "$dir/store"
