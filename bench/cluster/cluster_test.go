package cluster

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"parley.example/parley/bench/durable"
	"parley.example/parley/internal/bus/nats/natstest"
	"parley.example/parley/internal/cli"
	"parley.example/parley/internal/store/postgres/pgtest"
)

// serverEnv makes this binary the server that is harmed.
const serverEnv = "PARLEY_CLUSTER_TEST_SERVER"

var (
	lasts    = flag.Duration("lasts", 50*time.Second, "how long harm is done")
	seed     = flag.Uint64("seed", 0, "what decides what is tried and when; any")
	binary   = flag.String("server", "", "server binary to harm instead of this one")
	previous = flag.String("previous", "", "server binary of an earlier commit, which takes turns with the other")
	skewed   = flag.String("skewed", "", "server binary whose clock is a minute off, for one node")
)

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	flag.Parse()
	os.Exit(m.Run())
}

// nodes are three servers and what they share.
type nodes struct {
	*testing.T
	rand     *rand.Rand
	postgres *pgtest.Server
	nats     *natstest.Server
	lossy    *lossy
	balancer *balancer
	servers  []*durable.Server
	binaries []string // which take turns
	takeovers
}

// harm is something that is done to nodes or to what they share, and mended again.
type harm struct {
	name string
	do   func(*nodes, context.Context) error
}

var harms = []harm{
	{"a node is killed", (*nodes).kill},
	{"a node is frozen", (*nodes).freeze},
	{"NATS is killed", (*nodes).killNATS},
	{"PostgreSQL restarts", (*nodes).restartPostgres},
	{"half of all notices are lost", (*nodes).lose},
	{"nodes are replaced one by one", (*nodes).roll},
}

// TestNodes does harm to three nodes, and to PostgreSQL and NATS below them, in random order and one after another, under a load
// of customers, bots and agents. Nothing that was acknowledged is lost, doubled or out of order; no contact is with two
// agents, and no agent has more than his slots; no timer is ten seconds late; no function is called twice at once; no chat is stuck.
func TestNodes(t *testing.T) {
	t.Setenv(serverEnv, "1")
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	var out bytes.Buffer
	defer func() { t.Logf("seed %d\n%s", *seed, &out) }()
	n := start(t)
	hook, asked := n.listeners()
	hook.Seen = n.seen
	defer n.report(&out)
	for i, s := range n.servers {
		s.Hook, s.Asked = hook.URL, asked.URL
		if err := s.Start(0); err != nil {
			t.Fatalf("node %d: %v", i+1, err)
		}
	}
	load := &durable.Load{Endpoint: "http://" + n.balancer.address, Hook: hook, Asked: asked, Late: 10 * time.Second, Seed: *seed}
	var err error
	if load.Credentials, err = durable.FirstKey(n.servers[0].Data); err != nil {
		t.Fatal(err)
	}
	if err := n.balancer.await(t.Context(), len(n.servers)); err != nil {
		t.Fatal(err)
	}
	if err := load.Under(t.Context(), &out, func(ctx context.Context) error { return n.harm(ctx, load, &out) }); err != nil {
		for i, s := range n.servers {
			t.Logf("node %d logged: %s", i+1, s.Log())
		}
		t.Fatal(err)
	}
}

// start starts what nodes share, and says how to run them.
func start(t *testing.T) *nodes {
	n := &nodes{T: t, rand: rand.New(rand.NewPCG(*seed, 3)), binaries: []string{os.Args[0]}}
	if *binary != "" {
		n.binaries = []string{*binary}
	}
	if *previous != "" {
		n.binaries = append(n.binaries, *previous)
	}
	var err error
	if n.postgres, err = pgtest.New(pgtest.Options{Fsync: true, Settings: []string{"max_connections=200"}}); err != nil {
		t.Fatal(err)
	}
	n.closed(n.postgres)
	n.nats = natstest.Start(t)
	n.lossy = newLossy(t, n.nats.Addr())
	dir := t.TempDir()
	var addresses []string
	for i := range 3 {
		listen, err := durable.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		s := &durable.Server{Binary: n.binaries[len(n.binaries)-1], Data: filepath.Join(dir, "data"), Listen: listen, Args: []string{
			"--store", n.postgres.URL("postgres"), "--bus", n.lossy.URL(), "--flow-logs", filepath.Join(dir, fmt.Sprint("logs", i)), "--drain", "400ms",
		}}
		if i == 2 && *skewed != "" {
			s.Binary = *skewed
		}
		n.servers, addresses = append(n.servers, s), append(addresses, listen)
		t.Cleanup(func() {
			if err := s.Kill(); err != nil {
				t.Error(err)
			}
		})
	}
	if n.balancer, err = newBalancer(t.Context(), addresses); err != nil {
		t.Fatal(err)
	}
	n.closed(&n.balancer.server)
	return n
}

func (n *nodes) closed(c io.Closer) {
	n.Cleanup(func() {
		if err := c.Close(); err != nil {
			n.Error(err)
		}
	})
}

func (n *nodes) listeners() (*durable.Hook, *durable.Asked) {
	hook, err := durable.NewHook()
	if err != nil {
		n.Fatal(err)
	}
	n.closed(hook)
	asked, err := durable.NewAsked()
	if err != nil {
		n.Fatal(err)
	}
	n.closed(asked)
	return hook, asked
}

// harm does harm until the time is over, each kind once before any comes again, and looks at all agents in between.
func (n *nodes) harm(ctx context.Context, l *durable.Load, out io.Writer) error {
	began, order := time.Now(), n.rand.Perm(len(harms))
	for i := 0; i < len(harms) || time.Since(began) < *lasts; i++ {
		if i%len(harms) == 0 {
			order = n.rand.Perm(len(harms))
		}
		h := harms[order[i%len(harms)]]
		acked := l.Acknowledged()
		fmt.Fprintf(out, "%5.1f s: %s", time.Since(began).Seconds(), h.name)
		if err := h.do(n, ctx); err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		if err := n.balancer.await(ctx, len(n.servers)); err != nil {
			return err
		}
		fmt.Fprintf(out, "; %d calls acknowledged until all were ready again\n", l.Acknowledged()-acked)
		if err := l.Look(ctx); err != nil {
			return fmt.Errorf("after: %s: %w", h.name, err)
		}
		if l.Faulty() {
			return nil // the check tells
		}
	}
	return nil
}

func (n *nodes) one() *durable.Server { return n.servers[n.rand.IntN(len(n.servers))] }

func (n *nodes) pause(ctx context.Context, least, most time.Duration) {
	select {
	case <-time.After(least + time.Duration(n.rand.Int64N(int64(most-least)))):
	case <-ctx.Done():
	}
}

func (n *nodes) kill(ctx context.Context) error {
	s := n.one()
	if err := n.watch(ctx, n.postgres.URL("postgres"), "killed"); err != nil {
		return err
	}
	if err := s.Kill(); err != nil {
		return err
	}
	n.pause(ctx, 0, 7*time.Second) // others take over after four to five
	return s.Start(0)
}

// freeze stops a node for as long as it takes the others to take over, and lets it go on as if nothing had been.
func (n *nodes) freeze(ctx context.Context) error {
	s := n.one()
	if err := n.watch(ctx, n.postgres.URL("postgres"), "frozen"); err != nil {
		return err
	}
	if err := s.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	n.pause(ctx, time.Second, 10*time.Second)
	return s.Signal(syscall.SIGCONT)
}

func (n *nodes) killNATS(ctx context.Context) error {
	n.nats.Stop()
	n.pause(ctx, time.Second, 4*time.Second)
	n.nats.Again()
	return nil
}

func (n *nodes) restartPostgres(ctx context.Context) error {
	how := []os.Signal{syscall.SIGINT, syscall.SIGQUIT}[n.rand.IntN(2)] // in order, or at once
	if err := n.postgres.Stop(how); err != nil {
		return err
	}
	n.pause(ctx, 0, 2*time.Second)
	return n.postgres.Start()
}

func (n *nodes) lose(ctx context.Context) error {
	n.lossy.every.Store(2)
	n.pause(ctx, 3*time.Second, 6*time.Second)
	n.lossy.every.Store(0)
	return nil
}

// roll replaces all nodes, one by one, by those of the other binary if there is one.
func (n *nodes) roll(ctx context.Context) error {
	n.binaries = append(n.binaries[1:], n.binaries[0])
	for i, s := range n.servers {
		if err := n.watch(ctx, n.postgres.URL("postgres"), "told to stop"); err != nil {
			return err
		}
		if err := s.Stop(); err != nil {
			return err
		}
		if s.Binary = n.binaries[0]; i == 2 && *skewed != "" {
			s.Binary = *skewed
		}
		if err := s.Start(0); err != nil {
			return err
		}
		if err := n.balancer.await(ctx, len(n.servers)); err != nil {
			return err
		}
	}
	return nil
}
