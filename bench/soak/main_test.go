package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

	"parley.example/parley/bench/durable"
	"parley.example/parley/internal/cli"
)

// serverEnv makes this binary the server that is killed.
const serverEnv = "PARLEY_SOAK_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestKilledServerLosesNothing kills a server fifty times under a mixed load.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Setenv(serverEnv, "1")
	var out bytes.Buffer
	err := run(t.Context(), durable.Options{Times: 50, Seed: rand.Uint64(), Binary: os.Args[0]}, 200*time.Millisecond, t.TempDir(), &out)
	t.Logf("%s", &out)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`[1-9][0-9]* of them when they were repeated`).Match(out.Bytes()) {
		t.Error("no answer was lost")
	}
	if !regexp.MustCompile(`[1-9][0-9]* accepted`).Match(out.Bytes()) || !regexp.MustCompile(`[1-9][0-9]* looks`).Match(out.Bytes()) {
		t.Error("no agent was looked at who has accepted a chat")
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]struct {
		kills int
		apart time.Duration
	}{
		"no kills":         {0, time.Second},
		"a million kills":  {1_000_000, time.Second},
		"no time":          {1, 0},
		"an hour in peace": {1, time.Hour},
	} {
		if err := run(t.Context(), durable.Options{Times: o.kills}, o.apart, "", t.Output()); err == nil {
			t.Errorf("%s: run took it", name)
		}
	}
}
