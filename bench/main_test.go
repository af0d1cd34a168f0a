package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/internal/cli"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(gauge.EchoEnv) != "":
		os.Exit(gauge.EchoMain())
	case os.Getenv(serverEnv) != "":
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// serverEnv makes this binary the server under load: a release would have to be built from nothing,
// as its settings are not those of a test.
const serverEnv = "PARLEY_BENCH_TEST_SERVER"

// A run of everything, small: each figure that an aim is set for is there, and
// nothing was lost on the way.
func TestRun(t *testing.T) {
	if gauge.Machine() == "" {
		t.Fatal("no machine")
	}
	t.Setenv(serverEnv, "1")
	var out bytes.Buffer
	err := run(t.Context(), options{
		binary: os.Args[0], json: true, dir: t.TempDir(), lasts: 200 * time.Millisecond, hold: 100 * time.Millisecond,
		starter: 4, sender: 4, chats: 5, idle: 200, agents: 3, past: 20, rates: "50, 100",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Machine == "" || r.Began.IsZero() {
		t.Errorf("the report is of %q at %v", r.Machine, r.Began)
	}
	// So few messages may weigh less than what the log in front of the database gives back when the server stops.
	const disk = "messages/bytes on disk of a message of 200 bytes"
	for _, want := range []string{
		"boot/binary, stripped", "boot/resident when idle", "boot/decode, validate and encode a SendMessage",
		"starts/StartChatContact, durable", "starts/  server CPU", "starts/  bytes on disk of a chat", "starts/probe: HTTP echo",
		"first/start to first message, two calls, p50", "first/start to first message, one call, p50",
		"first/start to first message, two calls, p99", "first/start to first message, one call, p99", "first/probe: append + fdatasync",
		"messages/SendMessage, durable, to two sockets", "messages/at 50/s: both sockets p99", "messages/at 100/s: answer p50",
		disk, "messages/probe: WebSocket echo",
		"offers/offers to 3 agents", "offers/  from the queue to the agent, p50", "offers/  from the queue to the agent, p99", "offers/  server CPU",
		"backup/full backup, beside 50/s", "backup/  answer p99 beside it", "backup/next backup, beside 50/s", "backup/  answer p99 without a backup",
		"idle/memory of a connection, resident", "idle/client's memory of a session, held",
	} {
		i := slices.IndexFunc(r.Figures, func(f *figure) bool { return f.Scenario+"/"+f.Name == want })
		if i < 0 {
			t.Errorf("there is no figure %q", want)
		} else if r.Figures[i].Value <= 0 && want != disk {
			t.Errorf("%s = %v", want, r.Figures[i].Value)
		}
	}
}

func TestOptions(t *testing.T) {
	good := options{lasts: time.Second, starter: 1, sender: 1, chats: 1, idle: 1, agents: 1, past: 1}
	if err := good.check(); err != nil {
		t.Errorf("check: %v", err)
	}
	for name, change := range map[string]func(*options){
		"no time":           func(o *options) { o.lasts = 0 },
		"an hour":           func(o *options) { o.lasts = time.Hour },
		"a day of idling":   func(o *options) { o.hold = 24 * time.Hour },
		"nobody starts":     func(o *options) { o.starter = 0 },
		"a crowd sends":     func(o *options) { o.sender = 1 << 20 },
		"more than sockets": func(o *options) { o.idle = 1 << 20 },
		"no chats":          func(o *options) { o.chats = 0 },
		"no agents":         func(o *options) { o.agents = 0 },
	} {
		o := good
		change(&o)
		if o.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := run(t.Context(), options{lasts: time.Second, starter: 1, sender: 1, chats: 1, idle: 1, agents: 1, past: 1, only: "sports", binary: "x", dir: t.TempDir()}, nil); err == nil {
		t.Error("run knew the scenario sports")
	}
}

func TestTable(t *testing.T) {
	r := report{Machine: "a machine", scenario: "starts"}
	r.add("chats", 4567.8, "/s").atLeast(4000).beside("echo /s", 45678)
	r.add("latency", 12.345, "ms").atMost(2)
	var out bytes.Buffer
	if err := r.writeTable(&out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"STARTS chats 4568 /s >= 4000 yes echo /s 45678 0.10", "latency 12.3 ms <= 2 missed"} {
		if !strings.Contains(got, want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}
