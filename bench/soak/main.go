// Command soak kills a Parley server again and again under a mixed load of customers, bots and agents, and
// checks that nothing that was acknowledged is lost, doubled or out of order. After each kill it looks at all agents at
// once: no chat is lost or with two of them.
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
	"path/filepath"
	"time"

	"parley.example/parley/bench/durable"
)

// maxKills bounds a run: a kill takes one to two seconds.
const maxKills = 100_000

// What soak has of its own.
var (
	apart = flag.Duration("apart", 800*time.Millisecond, "the longest time that the server lives, unless nothing was acknowledged in it")
	place = flag.String("dir", "", "directory for the data; a temporary one by default, which stays when there are faults")
)

func main() {
	durable.Main("soak", "kills", 1000, "kill", func(ctx context.Context, o durable.Options, out io.Writer) error {
		return run(ctx, o, *apart, *place, out)
	})
}

func run(ctx context.Context, o durable.Options, apart time.Duration, dir string, out io.Writer) (err error) {
	if err := o.Check("kills", maxKills); err != nil {
		return err
	}
	if apart <= 0 || apart > time.Minute {
		return errors.New("-apart must be from 1ns to 1m")
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "parley-soak"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = os.RemoveAll(dir)
			} else {
				fmt.Fprintln(out, "the data stays in", dir)
			}
		}()
	}
	s, hook, err := o.Prepare(ctx, ".", dir, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer hook.Close() // nobody delivers any more
	fmt.Fprintf(out, "%d kills, seed %d\n", o.Times, o.Seed)
	if err := s.Start(0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	return o.Under(ctx, s, hook, out, func(ctx context.Context, l *durable.Load) error { return kill(ctx, s, l, o, apart, out) })
}

// kill kills the server at random moments, and starts it again.
func kill(ctx context.Context, s *durable.Server, l *durable.Load, o durable.Options, apart time.Duration, out io.Writer) error {
	r := rand.New(rand.NewPCG(o.Seed, 1<<32))
	var progress durable.Progress
	for n := 0; n < o.Times && !l.Faulty(); n++ {
		acked := l.Acknowledged()
		pause(ctx, time.Duration(r.Int64N(int64(apart))))
		for l.Acknowledged() == acked && ctx.Err() == nil && !l.Faulty() { // a busy machine may have done nothing yet
			pause(ctx, time.Millisecond)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.Kill(); err != nil {
			return fmt.Errorf("before kill %d: %w", n+1, err)
		}
		for ; r.IntN(8) == 0 && n+1 < o.Times; n++ {
			if err := s.Start(time.Duration(1+r.IntN(80)) * time.Millisecond); err != nil {
				return fmt.Errorf("start after kill %d: %w", n+1, err)
			}
		}
		if err := s.Start(0); err != nil {
			return fmt.Errorf("start after kill %d: %w", n+1, err)
		}
		if err := l.Look(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", n+1, err)
		}
		progress.Say(out, n+1, "kills", l)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
