// Command peers measures Parley beside two other systems that take messages for rooms, keep them and hand them on: NATS JetStream,
// and Centrifugo with Redis. One program loads all of them in one run on one machine, with the same load and clients that are alike.
//
//	go run ./bench/peers                         everything, in about four minutes
//	go run ./bench/peers -only parley,nats       some of it
//	go run ./bench/peers -load 2s -rooms 16      shorter, and smaller
//
// Each room has two listeners, each message 200 bytes, and each is on the disk before it is acknowledged. Parley takes it by SendMessage,
// with the token of a customer whose socket is opened twice; on its own directory, and as one node and three nodes on PostgreSQL
// and NATS. NATS takes it as a publication to JetStream with "sync_interval: always", and pushes it to two consumers: of one stream for all
// rooms, and, in another row, of a stream for each. Centrifugo takes it as a publication with history by its HTTP API, with Redis at "appendfsync
// always", and has two WebSockets. All clients are as bare as can be: they write HTTP/1.1, WebSocket frames and the text protocol of NATS by hand, on
// a connection for each writer and each listener.
//
// Each system has a short load that does not count, then a closed loop, in which each writer sends when its last message is acknowledged, then an
// open loop at a set rate, whose times count from when a message was meant to be sent to when both listeners have it. Behind each load a last
// message goes into each room; when it is heard everywhere, every message that was acknowledged must have been heard by both listeners once, or the
// run fails. Processor time is that of all processes of a system together, databases and buses included.
//
// The servers of the others are built with go install into -cache and started on loopback with data in -dir, one system at a time. Redis and PostgreSQL are
// those that are installed.
//
// Start reading at [systems]; [place] is what each becomes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley.example/parley/bench/gauge"
	"parley.example/parley/bench/target"
)

// The peers, at the versions that are measured: the newest of these.
const (
	natsModule       = "github.com/nats-io/nats-server/v2@v2.15"
	centrifugoModule = "github.com/centrifugal/centrifugo/v6@v6.9"
)

// system is one row of the table.
type system struct {
	name, title string
	needs       []func(context.Context, *run) error
	start       func(context.Context, *run) (*place, error)
}

// systems are measured in this order; the others are held against the first.
var systems = []system{
	{"parley", "Parley, embedded (SQLite)", []func(context.Context, *run) error{needParley}, embedded},
	{"parley-1", "Parley on PostgreSQL and NATS, one node", []func(context.Context, *run) error{needParley, needNATS}, nodes(1)},
	{"parley-3", "Parley on PostgreSQL and NATS, three nodes", []func(context.Context, *run) error{needParley, needNATS}, nodes(3)},
	{"nats", "NATS JetStream, one stream", []func(context.Context, *run) error{needNATS}, jetStream(false)},
	{"nats-rooms", "NATS JetStream, a stream for each room", []func(context.Context, *run) error{needNATS}, jetStream(true)},
	{"centrifugo", "Centrifugo with Redis", []func(context.Context, *run) error{needCentrifugo}, centrifugo},
}

// run is one run: its options, and the programs that it starts.
type run struct {
	only, cache    string
	dir            string
	lasts          time.Duration
	rooms, writers int
	rate           int
	out            io.Writer
	say            func(format string, args ...any) // progress

	parley, natsServer, centrifugo, redisServer string
}

// Bounds of the options.
const (
	maxRooms   = 4096
	maxWriters = 2048
	maxRate    = 100_000
)

func main() {
	if os.Getenv(gauge.EchoEnv) != "" {
		os.Exit(gauge.EchoMain())
	}
	r := &run{out: os.Stdout, say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	flag.StringVar(&r.only, "only", "", "comma-separated systems to measure: "+strings.Join(names(), ", "))
	flag.StringVar(&r.dir, "dir", "", "directory for the systems' data while they run, on the disk to measure; a temporary directory by default")
	flag.StringVar(&r.cache, "cache", "", "directory that keeps the programs of the others from run to run; parley-peers in the user's cache directory by default")
	flag.StringVar(&r.parley, "server", "", "Parley to measure instead of building one")
	flag.DurationVar(&r.lasts, "load", 10*time.Second, "how long each of the two loads lasts; the one before them, and each probe, takes a fifth of it")
	flag.IntVar(&r.rooms, "rooms", 64, "rooms, of two listeners each")
	flag.IntVar(&r.writers, "writers", 64, "messages in flight")
	flag.IntVar(&r.rate, "rate", 2000, "messages per second of the open loop")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := r.all(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		stop()
		os.Exit(1)
	}
}

func names() (list []string) {
	for _, s := range systems {
		list = append(list, s.name)
	}
	return list
}

// selected returns the systems that are measured.
func (r *run) selected() ([]system, error) {
	switch {
	case r.lasts < 100*time.Millisecond || r.lasts > gauge.MaxLasts:
		return nil, fmt.Errorf("-load must be from 100ms to %v", gauge.MaxLasts)
	case r.rooms < 1 || r.rooms > maxRooms || r.writers < 1 || r.writers > maxWriters || r.rate < 1 || r.rate > maxRate:
		return nil, fmt.Errorf("-rooms must be from 1 to %d, -writers from 1 to %d, -rate from 1 to %d", maxRooms, maxWriters, maxRate)
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(r.only, ",") {
		if name = strings.TrimSpace(name); name != "" {
			wanted[name] = true
		}
	}
	if len(wanted) == 0 {
		return systems, nil
	}
	var list []system
	for _, s := range systems {
		if wanted[s.name] {
			list = append(list, s)
			delete(wanted, s.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("-only: unknown system %q", name)
	}
	return list, nil
}

// all measures the systems, and prints the table.
func (r *run) all(ctx context.Context) (err error) {
	list, err := r.selected()
	if err != nil {
		return err
	}
	if r.dir, err = os.MkdirTemp(r.dir, "parley-peers-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if err := os.Chmod(r.dir, 0o711); err != nil { // PostgreSQL runs as another user where this one is root
		return err
	}
	for _, s := range list {
		for _, need := range s.needs {
			if err := need(ctx, r); err != nil {
				return err
			}
		}
	}
	var rows []*outcome
	for _, s := range list {
		began := time.Now()
		o, err := r.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		r.say("%s took %v", s.name, time.Since(began).Round(100*time.Millisecond))
		rows = append(rows, o)
	}
	return r.table(rows)
}

func needParley(ctx context.Context, r *run) (err error) {
	if r.parley == "" {
		r.parley, err = target.Build(ctx, r.dir)
	}
	return err
}

func needNATS(ctx context.Context, r *run) (err error) {
	if r.natsServer == "" {
		r.natsServer, err = r.install(ctx, natsModule, "nats-server")
	}
	return err
}

func needCentrifugo(ctx context.Context, r *run) (err error) {
	if r.redisServer, err = inPath("redis-server", "redis-server"); err == nil && r.centrifugo == "" {
		r.centrifugo, err = r.install(ctx, centrifugoModule, "centrifugo")
	}
	return err
}

// install builds a program of another module, unless the cache has it. Each version has a directory of its own.
func (r *run) install(ctx context.Context, module, program string) (string, error) {
	if r.cache == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		r.cache = filepath.Join(cache, "parley-peers")
	}
	_, version, _ := strings.Cut(module, "@")
	dir, err := filepath.Abs(filepath.Join(r.cache, version))
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, program)
	if _, err := os.Stat(at); err == nil {
		return at, nil
	}
	r.say("building %s: this takes some minutes, once", module)
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", module)
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", module, err, out)
	}
	return at, nil
}
