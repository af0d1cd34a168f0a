package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

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
	err := run(t.Context(), options{kills: 50, seed: rand.Uint64(), apart: 300 * time.Millisecond, binary: os.Args[0], dir: t.TempDir()}, &out)
	t.Logf("%s", &out)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`[1-9][0-9]* of them when they were repeated`).Match(out.Bytes()) {
		t.Error("no answer was lost")
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]options{
		"no kills":         {apart: time.Second},
		"a million kills":  {kills: 1_000_000, apart: time.Second},
		"no time":          {kills: 1},
		"an hour in peace": {kills: 1, apart: time.Hour},
	} {
		if err := run(t.Context(), o, t.Output()); err == nil {
			t.Errorf("%s: run took it", name)
		}
	}
}
