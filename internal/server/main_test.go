package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"parley.example/parley/internal/server"
)

// The test binary is also the server that the crash test kills: with these
// set it serves a data directory until it dies.
const (
	envData   = "PARLEY_TEST_SERVE_DATA"
	envListen = "PARLEY_TEST_SERVE_LISTEN"
	envScan   = "PARLEY_TEST_SERVE_SCAN" // Config.Scan; may be empty
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envData); dir != "" {
		os.Exit(serve(dir, os.Getenv(envListen)))
	}
	os.Exit(m.Run())
}

// whenServing is run first, where there is more for a test to do to the server than to kill it.
var whenServing = func() {}

func serve(dir, listen string) int {
	whenServing()
	ctx := context.Background()
	srv, err := server.New(ctx, server.Config{
		Dev: true, Data: dir, Listen: listen, MaxActiveChats: 1 << 30, Scan: os.Getenv(envScan), StreamSecret: scanSecret,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err == nil {
		err = srv.Serve(ctx, func(url string) { fmt.Println(url) })
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
