package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/internal/cli"
)

// serverEnv makes this binary the server under load: Parley, or NATS by its arguments.
const serverEnv = "PARLEY_PEERS_TEST_SERVER"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(gauge.EchoEnv) != "":
		os.Exit(gauge.EchoMain())
	case os.Getenv(serverEnv) != "" && os.Args[1] == "serve":
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	case os.Getenv(serverEnv) != "":
		os.Exit(natsMain(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func natsMain(args []string) int {
	flags := flag.NewFlagSet("nats-server", flag.ContinueOnError)
	o, err := natsserver.ConfigureOptions(flags, args, func() {}, func() {}, func() {})
	if err == nil {
		var s *natsserver.Server
		if s, err = natsserver.NewServer(o); err == nil {
			s.ConfigureLogger()
			if err = natsserver.Run(s); err == nil {
				s.WaitForShutdown()
				return 0
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// A small run of what needs no program of others: all that is acknowledged is heard, and counted.
func TestRun(t *testing.T) {
	t.Setenv(serverEnv, "1")
	var out bytes.Buffer
	r := &run{
		only: "parley, nats, nats-rooms", parley: os.Args[0], natsServer: os.Args[0], dir: t.TempDir(), out: &out, say: t.Logf,
		lasts: 200 * time.Millisecond, rooms: 3, writers: 4, rate: 50,
	}
	if err := r.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	table := out.String()
	for _, want := range []string{"3 rooms of two listeners, 4 writers", "| at 50/s: both p99, ms |", "\n| Parley, embedded (SQLite) | ", "\n| NATS JetStream, one stream | ", "\n| NATS JetStream, a stream for each room | ", " (0."} {
		if !strings.Contains(table, want) {
			t.Errorf("the table has no %q:\n%s", want, table)
		}
	}
}

// What is counted is what was sent: each message of an open loop, and those of a closed loop that were answered.
func TestCounts(t *testing.T) {
	p := fake(t, 3, 4, func(int, string) int { return 1 })
	r := &run{lasts: 200 * time.Millisecond, rooms: 3, writers: 4}
	closed, err := r.load(t.Context(), p, 1, r.lasts, 0)
	if err != nil || closed.count == 0 || closed.deliveries.Both.Count() != closed.count || closed.answers.Count() != closed.count {
		t.Errorf("the closed loop counted %d, %v", closed.count, err)
	}
	open, err := r.load(t.Context(), p, 3, r.lasts, 100)
	if err != nil || open.count != 20 || open.deliveries.Both.Count() != 20 || open.answers.Count() != 20 {
		t.Errorf("the open loop of 20 messages counted %d, %v", open.count, err)
	}
}

// A system that loses, doubles or misleads one message of many fails the run.
func TestFaultsAreFound(t *testing.T) {
	const rooms = 3
	victim := func(text string) bool { return strings.HasPrefix(text, gauge.Marker+"1.7 ") }
	for name, fault := range map[string]func(end int, text string) int{
		"lost at one end": func(end int, text string) int {
			if end == 1 && victim(text) {
				return 0
			}
			return 1
		},
		"lost": func(_ int, text string) int {
			if victim(text) {
				return 0
			}
			return 1
		},
		"doubled": func(end int, text string) int {
			if end == 0 && victim(text) {
				return 2
			}
			return 1
		},
		"doubled at one end and lost at the other": func(end int, text string) int {
			if victim(text) {
				return 2 * end
			}
			return 1
		},
	} {
		p := fake(t, rooms, 2, fault)
		r := &run{rooms: rooms, writers: 2}
		if _, err := r.load(t.Context(), p, 1, 200*time.Millisecond, 100); err == nil {
			t.Errorf("%s: not found", name)
		} else if !strings.Contains(err.Error(), "acknowledged messages") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A message in another room counts as one too many; several in one text count each, and what belongs to no load is not taken for one.
func TestHear(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		room int
		good bool
	}{
		"one":                       {gauge.Content(1, 4), 1, true},
		"two in one text":           {gauge.Content(1, 4) + "\n" + gauge.Content(1, 7), 1, true},
		"another room's":            {gauge.Content(1, 4), 2, false},
		"an earlier load's":         {gauge.Content(0, 4), 1, false},
		"without a number":          {gauge.Marker + "x", 1, false},
		"nothing that is a message": {"{}", 1, true},
	} {
		h := &hearing{gauge.NewDeliveries(1, 10), gauge.NewDeliveries(2, 3)}
		for end := range gauge.Ends {
			h.hear([]byte(test.text), test.room, end, 3)
		}
		n := h.load.Both.Count()
		if err := h.load.Check(0); test.good && (n != int64(strings.Count(test.text, gauge.Marker)) || n == 0 && err != nil) || !test.good && err == nil {
			t.Errorf("%s: %d messages, %v", name, n, err)
		}
	}
}

// fake is a system in this process. fault says how often an end hears a text.
func fake(t *testing.T, rooms, writers int, fault func(end int, text string) int) *place {
	p := &place{}
	ends := make([][]net.Conn, rooms)
	locks := make([]chan struct{}, rooms) // a room keeps the order
	for room := range rooms {
		locks[room] = make(chan struct{}, 1)
		for end := range gauge.Ends {
			from, to := net.Pipe()
			ends[room] = append(ends[room], from)
			text := make([]byte, gauge.ContentLength)
			p.listens(&wire{conn: to}, room, end, func() ([]byte, error) {
				_, err := io.ReadFull(to, text)
				return text, err
			})
		}
	}
	err := p.writes(writers, func(int) (*wire, write, error) {
		conn, _ := net.Pipe()
		return &wire{conn: conn}, func(room int, content string) error {
			locks[room] <- struct{}{}
			defer func() { <-locks[room] }()
			for end, conn := range ends[room] {
				for range fault(end, content) {
					if _, err := conn.Write([]byte(content)); err != nil {
						return err
					}
				}
			}
			return nil
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.listen()
	t.Cleanup(func() {
		if err := p.leave(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestOptions(t *testing.T) {
	good := func() *run { return &run{lasts: time.Second, rooms: 1, writers: 1, rate: 1} }
	if list, err := good().selected(); err != nil || len(list) != len(systems) {
		t.Errorf("selected = %d systems, %v; want all", len(list), err)
	}
	for name, change := range map[string]func(*run){
		"no time":           func(r *run) { r.lasts = 0 },
		"an hour":           func(r *run) { r.lasts = time.Hour },
		"no rooms":          func(r *run) { r.rooms = 0 },
		"a crowd of rooms":  func(r *run) { r.rooms = 1 << 20 },
		"nobody writes":     func(r *run) { r.writers = 0 },
		"no rate":           func(r *run) { r.rate = 0 },
		"an unknown system": func(r *run) { r.only = "parley, pigeons" },
	} {
		r := good()
		change(r)
		if _, err := r.selected(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := inPath("no-such-program", "no-such-package"); err == nil || !strings.Contains(err.Error(), "install the package no-such-package") {
		t.Errorf("a missing program is told as %v", err)
	}
}
