package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/cli"
)

// serverEnv makes this binary the server under attack.
const serverEnv = "PARLEY_ATTACK_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestRun makes all attacks, for a short time: nobody who behaves is refused, and each attack has its line.
func TestRun(t *testing.T) {
	t.Setenv(serverEnv, "1")
	memory *= 4 // the race detector has its share
	var out strings.Builder
	if err := run(t.Context(), os.Args[0], 300*time.Millisecond, &out); err != nil {
		t.Errorf("run: %v", err)
	}
	for _, name := range []string{"none", "none, all read", "messages", "transcripts", "large transcripts", "guessed tokens", "frames on a socket", "none, agents", "one user's password", "users' passwords", "guessed sessions", "streams of one user", "frames on a stream", "broadcasts", "bodies at desks",
		"withheld bodies", "slow bodies", "withheld headers", "headers of 1 MiB", "wrong signatures", "handshakes", "full disk", "read-only disk"} {
		if !strings.Contains(out.String(), "\n"+name) {
			t.Errorf("there is no line for %s:\n%s", name, &out)
		}
	}
	t.Log(out.String())
}
