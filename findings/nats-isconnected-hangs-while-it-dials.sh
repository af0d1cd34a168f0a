#!/usr/bin/env bash
# github.com/nats-io/nats.go v1.55.0 with nats-server v2.15.3: while the client tries to connect again to a
# server that takes the connection and says nothing, Publish, Subscribe and even IsConnected do not return.
#
# Publishing while the client reconnects is buffered, says its documentation, and so it is between two
# attempts. During one, the client holds the lock of the connection: while it dials, and while it waits for
# the server's first words, for Timeout (2 s) each. Everything else of the connection takes the same
# lock. The lock is held as well while a write waits for a socket that is full, for FlusherTimeout (1 min).
# A frozen server (paused container, stopped process, a load balancer without a backend) is such a
# server, and a test that stops a server is not: there the connection is refused at once. A health check that
# asks IsConnected hangs just when the answer is no.
#
# What to do: publish and subscribe from one goroutine, fed by a bounded queue, and keep whether there is a
# connection oneself, by the handlers of disconnects and reconnects.
#
# Seen with Go 1.26, server and client in one process, Timeout 2 s:
#   IsConnected during an attempt: 2 s
#   Publish during an attempt:     2 s
# Fails when either returns within half a second.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/dial

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return v
}

func main() {
	srv := must(server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}))
	srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		fmt.Println("the server has not started")
		os.Exit(1)
	}
	address := srv.Addr().String()
	lost := make(chan bool, 9)
	nc := must(nats.Connect("nats://"+address, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { lost <- true })))
	srv.Shutdown()
	srv.WaitForShutdown()
	<-lost
	// In its place is one that takes connections and says nothing.
	silent := must(net.Listen("tcp", address))

	changed := false
	attempt := func(what string, call func()) {
		must(silent.Accept())
		began := time.Now()
		call()
		took := time.Since(began)
		fmt.Println(what, took.Round(time.Second))
		changed = changed || took < time.Second/2
	}
	attempt("IsConnected during an attempt:", func() { nc.IsConnected() })
	attempt("Publish during an attempt:    ", func() { nc.Publish("x", nil) })
	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
timeout 300 go run .
