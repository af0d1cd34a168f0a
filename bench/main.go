// Command bench loads a Parley server with whole chats through its public APIs
// and prints the results next to probes of the machine.
//
//	go run ./bench                     everything, in less than four minutes
//	go run ./bench -only starts,idle   some of it
//	go run ./bench -json               the figures as JSON
//	go run ./bench -postgres postgres://… -bus nats://… -nodes 3 -only starts,messages
//	                                   three nodes on one database
//
// It builds the server, stripped, and starts it as a process of its own with a
// temporary data directory, on loopback, outside of development mode: each
// StartChatContact is signed and verified, each message is on disk before its
// answer. The clients run in this process, on the same cores as the server, and
// are those of a program that uses the package client: its calls, and a session
// for each customer and each tab. Their cost is printed next to the server's own
// time.
//
// Machines differ, so each scenario runs three probes first: bare appends each
// followed by fdatasync, in the same directory; a bare HTTP echo; and a bare
// WebSocket echo, both with minimal clients. Figures that a probe bounds are
// printed with their ratio to it.
//
// Start reading at [plan]; each scenario is in a file of its name.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// options are the command line's options.
type options struct {
	only    string
	json    bool
	binary  string
	dir     string
	pprof   string
	lasts   time.Duration
	hold    time.Duration
	starter int
	sender  int
	chats   int
	idle    int
	agents  int
	past    int
	rates   string
	shared  target.Shared
}

// Bounds of the options: the processes' open files and the run's time.
const (
	maxHold    = 10 * time.Minute
	maxWorkers = 2048
	maxSockets = 19000
	maxPast    = 10_000_000
	maxAgents  = 500 // of one address may sign in at once
)

func main() {
	if os.Getenv(gauge.EchoEnv) != "" {
		os.Exit(gauge.EchoMain())
	}
	var o options
	flag.StringVar(&o.only, "only", "", "comma-separated scenarios to run: "+strings.Join(names(), ", "))
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.StringVar(&o.binary, "server", "", "server binary to run instead of building one")
	flag.StringVar(&o.dir, "dir", "", "directory for the servers' data while they run; a temporary directory by default")
	flag.StringVar(&o.pprof, "pprof", "", "directory for CPU and heap profiles of the server and of the clients in each scenario")
	flag.DurationVar(&o.lasts, "load", 8*time.Second, "how long each load lasts; each probe takes a fifth of it")
	flag.DurationVar(&o.hold, "hold", 75*time.Second, "how long idle connections send heartbeats before memory is measured")
	flag.IntVar(&o.starter, "starters", 64, "chats being started concurrently")
	flag.IntVar(&o.sender, "senders", 256, "messages in flight")
	flag.IntVar(&o.chats, "chats", 500, "chats that receive messages, with two sessions each")
	flag.IntVar(&o.idle, "idle", 15000, "idle sessions")
	flag.IntVar(&o.agents, "agents", 50, "agents who take chats from a queue")
	flag.IntVar(&o.past, "past", 10000, "chats of 20 messages that are there when a backup is taken; 100,000 are 1 GB")
	flag.StringVar(&o.rates, "rates", "2000,10000", "messages per second of the open loops")
	flag.StringVar(&o.shared.Postgres, "postgres", "", "PostgreSQL server for the servers' databases, which are made anew: postgres://USER@HOST/postgres; the data directories by default")
	flag.StringVar(&o.shared.Bus, "bus", "", "NATS server for nodes on -postgres: nats://HOST:4222")
	flag.IntVar(&o.shared.Nodes, "nodes", 1, "nodes on -postgres that requests and sockets go to in turn")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) check() error {
	if err := o.shared.Check(); err != nil {
		return err
	}
	switch {
	case o.lasts < 100*time.Millisecond || o.lasts > gauge.MaxLasts || o.hold < 0 || o.hold > maxHold:
		return fmt.Errorf("-load must be from 100ms to %v, -hold at most %v", gauge.MaxLasts, maxHold)
	case o.starter < 1 || o.starter > maxWorkers || o.sender < 1 || o.sender > maxWorkers:
		return fmt.Errorf("-starters and -senders must be from 1 to %d", maxWorkers)
	case o.agents < 1 || o.agents > maxAgents:
		return fmt.Errorf("-agents must be from 1 to %d", maxAgents)
	case o.chats < 1 || 2*o.chats > maxSockets || o.past < 1 || o.past > maxPast || o.idle < 1 || o.idle > maxSockets:
		return fmt.Errorf("-chats must be from 1 to %d, -idle from 1 to %d, -past from 1 to %d", maxSockets/2, maxSockets, maxPast)
	}
	return nil
}

// probing is how long each probe lasts.
func (o *options) probing() time.Duration { return o.lasts / 5 }

// settle is how long a server is left alone before its memory is looked at.
func (o *options) settle() time.Duration { return o.lasts / 4 }

// bench is one run.
type bench struct {
	options
	report report
	server string // the binary under load
	dir    string
	say    func(format string, args ...any) // progress
}

// scenario is one part of a run. It may use what the ones before it left in the report.
type scenario struct {
	name string
	run  func(*bench, context.Context) error
}

// plan is the order of the scenarios.
var plan = []scenario{
	{"boot", (*bench).boot},
	{"starts", (*bench).starts},
	{"first", (*bench).firstMessages},
	{"messages", (*bench).messages},
	{"idle", (*bench).idleSockets},
	{"offers", (*bench).offers},
	{"backup", (*bench).backups},
}

func names() (list []string) {
	for _, s := range plan {
		list = append(list, s.name)
	}
	return list
}

// run runs the selected scenarios and writes their results to w.
func run(ctx context.Context, o options, w io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(o.only, ",") {
		if name = strings.TrimSpace(name); name != "" {
			wanted[name] = true
		}
	}
	b := &bench{options: o, say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	var err error
	if b.dir, err = os.MkdirTemp(o.dir, "parley-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir) // nothing in it is needed any more
	if b.server = o.binary; b.server == "" {
		if b.server, err = target.Build(ctx, b.dir); err != nil {
			return err
		}
	}
	b.report.describe(ctx)
	for _, s := range plan {
		if len(wanted) > 0 && !wanted[s.name] {
			continue
		}
		delete(wanted, s.name)
		began := time.Now()
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.say("%s took %v", s.name, time.Since(began).Round(100*time.Millisecond))
		if len(wanted) == 0 && o.only != "" {
			break
		}
	}
	for name := range wanted {
		return fmt.Errorf("-only: unknown scenario %q", name)
	}
	if o.json {
		return b.report.writeJSON(w)
	}
	return b.report.writeTable(w)
}
