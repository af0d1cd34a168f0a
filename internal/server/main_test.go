package server_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"parley.example/parley/internal/server"
)

// The test binary is also a server in a process of its own, for what cannot be done to a
// test: with these set it serves a data directory until it dies.
const (
	envData   = "PARLEY_TEST_SERVE_DATA"
	envListen = "PARLEY_TEST_SERVE_LISTEN"
	envScan   = "PARLEY_TEST_SERVE_SCAN"   // Config.Scan; may be empty
	envRecord = "PARLEY_TEST_SERVE_RECORD" // where all of Config.Records go; may be empty
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envData); dir != "" {
		os.Exit(serve(dir, os.Getenv(envListen)))
	}
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// whenServing is run first, where there is more for a test to do to the server than to kill it.
var whenServing = func() {}

func serve(dir, listen string) int {
	whenServing()
	ctx := context.Background()
	var records map[string]string
	if to := os.Getenv(envRecord); to != "" {
		records = map[string]string{"all": to}
	}
	srv, err := server.New(ctx, server.Config{
		Records: records,
		Dev:     true, Data: dir, Listen: listen, MaxActiveChats: 1 << 30, Scan: os.Getenv(envScan), StreamSecret: scanSecret,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err == nil {
		err = srv.Serve(ctx, func(url string) { fmt.Println(url) })
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startChild starts this binary as a server and returns when it answers.
func startChild(t *testing.T, dir, listen string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envData+"="+dir, envListen+"="+listen)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // most have been killed before
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("the server printed %q, %v; want its URL", line, err)
	}
	return cmd
}
