package client_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/client"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
)

// envServe makes the test binary a server, so that what a session costs can be told from what the
// server keeps for it.
const envServe = "PARLEY_TEST_CLIENT_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(envServe) == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	srv, err := server.New(ctx, server.Config{Dev: true, Listen: "127.0.0.1:0", MaxActiveChats: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = srv.Serve(ctx, func(url string) { fmt.Println(url) })
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// serveApart starts a server in a process of its own.
func serveApart(t *testing.T) (url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envServe+"=1")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: that is its error
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestIdleCost: a session at rest keeps less than 16 kB and one goroutine.
func TestIdleCost(t *testing.T) {
	const sessions = 300
	c := dialReal(t, serveApart(t))
	flow, err := c.CreateContactFlow().InstanceID(catalog.DemoInstance).Name("Quiet").
		Type(connect.ContactFlowTypeCONTACT_FLOW).Content(enginetest.Greet).Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]string, sessions)
	for i := range tokens {
		out, err := c.StartChatContact().InstanceID(catalog.DemoInstance).ContactFlowID(*flow.ContactFlowId).
			ParticipantDetails(connect.ParticipantDetails{DisplayName: "Ana"}).Send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = *out.ParticipantToken
	}
	c.CloseIdleConnections()
	bytes, goroutines := held(), runtime.NumGoroutine()
	opened := make([]*client.Session, sessions)
	for i := range opened {
		s, err := c.Join(t.Context(), client.SessionConfig{Token: tokens[i]})
		if err != nil {
			t.Fatal(err)
		}
		opened[i] = s
		for item, err := range s.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if item.Text() == "Hello" {
				break
			}
		}
	}
	c.CloseIdleConnections()
	each, threads := (held()-bytes)/sessions, float64(runtime.NumGoroutine()-goroutines)/sessions
	t.Logf("a session holds %d bytes and %.2f goroutines", each, threads)
	if each >= 16<<10 {
		t.Errorf("a session holds %d bytes; less than %d are allowed", each, 16<<10)
	}
	if threads > 1.05 { // connections that are just closing are still there
		t.Errorf("a session has %.2f goroutines; one is allowed", threads)
	}
	for _, s := range opened {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if left := runtime.NumGoroutine() - goroutines; left > 5 {
		t.Errorf("%d goroutines are left", left)
	}
}

// held is what the heap and the stacks hold after a collection.
func held() int64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
