// Command soak kills a Parley server again and again under a mixed load, and checks that nothing
// that was acknowledged is lost, doubled or out of order.
//
//	go run ./bench/soak                       1,000 kills, in about a quarter of an hour on two cores
//	go run ./bench/soak -kills 50 -seed 7     fewer, with the load and the moments of an earlier run
//
// The server is a process of its own, outside development mode, with a data directory. It dies by
// SIGKILL at random moments, now and then while it starts. The disk stays as it was written: what a
// cut of the power may leave is tried by bench/powercut. Load and checks are those of package
// durable. The seed decides what is tried and when; what the server does meanwhile it cannot decide,
// so a failure may need several runs of its seed to come back.
//
// It prints each fault, and fails when there is one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"parley.example/parley/bench/durable"
)

// maxKills bounds a run: a kill takes one to two seconds.
const maxKills = 100_000

type options struct {
	kills  int
	seed   uint64
	apart  time.Duration
	binary string
	dir    string
}

func main() {
	o := options{}
	flag.IntVar(&o.kills, "kills", 1000, "how often the server is killed")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what decides what is tried and when")
	flag.DurationVar(&o.apart, "apart", 800*time.Millisecond, "the longest time that the server lives, unless nothing was acknowledged in it")
	flag.StringVar(&o.binary, "server", "", "server binary to kill instead of building one")
	flag.StringVar(&o.dir, "dir", "", "directory for the data; a temporary one by default, which stays when there are faults")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.kills < 1 || o.kills > maxKills {
		return fmt.Errorf("-kills must be from 1 to %d", maxKills)
	}
	if o.apart <= 0 || o.apart > time.Minute {
		return fmt.Errorf("-apart must be from 1ns to 1m")
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "parley-soak"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(o.dir)
			} else {
				fmt.Fprintln(out, "the data stays in", o.dir)
			}
		}()
	}
	if o.binary == "" {
		if o.binary, err = durable.Build(ctx, ".", o.dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d kills, seed %d\n", o.kills, o.seed)
	hook, err := durable.NewHook()
	if err != nil {
		return err
	}
	defer hook.Close() // nobody delivers any more
	listen, err := durable.FreeAddress()
	if err != nil {
		return err
	}
	s := &durable.Server{Binary: o.binary, Data: filepath.Join(o.dir, "data"), Listen: listen, Hook: hook.URL}
	if err := s.Start(0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	l := &durable.Load{Endpoint: "http://" + listen, Hook: hook, Seed: o.seed}
	if l.Credentials, err = durable.FirstKey(s.Data); err != nil {
		return err
	}
	return l.Under(ctx, out, func(ctx context.Context) error { return kill(ctx, s, l, o, out) })
}

// kill kills the server at random moments, and starts it again.
func kill(ctx context.Context, s *durable.Server, l *durable.Load, o options, out io.Writer) error {
	r := rand.New(rand.NewPCG(o.seed, 1<<32))
	said := time.Now()
	for n := 0; n < o.kills && !l.Faulty(); n++ {
		acked := l.Acknowledged()
		pause(ctx, time.Duration(r.Int64N(int64(o.apart))))
		for l.Acknowledged() == acked && ctx.Err() == nil && !l.Faulty() { // a busy machine may have done nothing yet
			pause(ctx, time.Millisecond)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.Kill(); err != nil {
			return fmt.Errorf("before kill %d: %w", n+1, err)
		}
		for ; r.IntN(8) == 0 && n+1 < o.kills; n++ {
			if err := s.Start(time.Duration(1+r.IntN(80)) * time.Millisecond); err != nil {
				return fmt.Errorf("start after kill %d: %w", n+1, err)
			}
		}
		if err := s.Start(0); err != nil {
			return fmt.Errorf("start after kill %d: %w", n+1, err)
		}
		if time.Since(said) > 30*time.Second {
			said = time.Now()
			fmt.Fprintf(out, "%d kills, %d calls acknowledged\n", n+1, l.Acknowledged())
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
