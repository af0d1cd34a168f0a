package server_test

import (
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"parley.example/parley/internal/server/servertest"
)

// A serving test binary cannot write to files any more after SIGUSR1, as if the disk
// refused it, and can again after SIGUSR2.
func init() {
	whenServing = func() {
		signal.Ignore(syscall.SIGXFSZ)
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
		var free syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
			panic(err)
		}
		go func() {
			for s := range signals {
				limit := free
				if s == syscall.SIGUSR1 {
					limit.Cur = 1
				}
				if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
					panic(err)
				}
			}
		}()
	}
}

// TestDiskThatFails takes a process its disk: it is not ready and says why, stays alive,
// and is ready again by itself, with nobody writing, once the disk is back.
func TestDiskThatFails(t *testing.T) {
	listen := freeAddress(t)
	child := startChild(t, t.TempDir(), listen)
	s := &servertest.Server{URL: "http://" + listen, HTTP: &http.Client{Timeout: prompt}}
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		r := call(t, s, method, path, body)
		return r.status, r.body
	}
	start := func() int {
		t.Helper()
		status, _ := ask("PUT", "/contact/chat", `{"InstanceId":"11111111-1111-4111-8111-111111111111","ContactFlowId":"22222222-2222-4222-8222-222222222222","ParticipantDetails":{"DisplayName":"Ana"}}`)
		return status
	}
	if status := start(); status != 200 {
		t.Fatalf("with a disk: StartChatContact = %d", status)
	}
	for range 2 {
		if err := child.Process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		eventually(t, "writes fail", func() bool { return start() == 500 })
		for path, want := range map[string]struct {
			status int
			text   string
		}{
			"/readyz":  {503, "writes fail: disk I/O error"},
			"/healthz": {200, "ok\n"},
			"/metrics": {200, "\nparley_writes_failing 1\n"},
		} {
			if status, text := ask("GET", path, ""); status != want.status || !strings.Contains(text, want.text) || path == "/readyz" && strings.Count(text, "\n") != 1 {
				t.Errorf("without a disk: %s = %d %.200q; want %d %q", path, status, text, want.status, want.text)
			}
		}
		if err := child.Process.Signal(syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the server is ready again", func() bool { status, _ := ask("GET", "/readyz", ""); return status == 200 })
		if status := start(); status != 200 {
			t.Errorf("with a disk again: StartChatContact = %d", status)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed: that is its error
}
