#!/usr/bin/env bash
# github.com/nats-io/nats.go v1.55.0 with nats-server v2.15.3: ConnectedUrlRedacted hides a password, and
# shows a token.
#
# A URL nats://TOKEN@HOST is how a token is given in the address. In the URL it stands where a user's name
# does, and the client redacts with url.URL.Redacted of Go, which replaces passwords only. A program that
# logs "connected to" with the redacted URL, as its name invites one to, is safe with nats://USER:PASSWORD@HOST
# and writes its one secret into the log with a token.
#
# What to do: log the host alone, url.Parse(nc.ConnectedUrl()).Host, or give the token with nats.Token and
# not in the URL.
#
# Seen with Go 1.26, server and client in one process:
#   password: nats://node:xxxxx@127.0.0.1:PORT
#   token:    nats://secret@127.0.0.1:PORT
# Fails when the token is hidden.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/redacted

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// redacted connects to a server that asks for something, with it in the URL, and returns what may be logged.
func redacted(options server.Options, userinfo string) string {
	options.Host, options.Port, options.NoLog, options.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, true
	srv, err := server.NewServer(&options)
	if err != nil {
		panic(err)
	}
	srv.Start()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(20 * time.Second) {
		panic("the server has not started")
	}
	nc, err := nats.Connect("nats://" + userinfo + "@" + srv.Addr().String())
	if err != nil {
		panic(err)
	}
	defer nc.Close()
	return nc.ConnectedUrlRedacted()
}

func main() {
	password := redacted(server.Options{Username: "node", Password: "secret"}, "node:secret")
	token := redacted(server.Options{Authorization: "secret"}, "secret")
	fmt.Println("password:", password)
	fmt.Println("token:   ", token)
	if strings.Contains(password, "secret") || !strings.Contains(token, "secret") {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
timeout 300 go run .
