package durable

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Options are what programs that do harm to a server under a load have in common.
type Options struct {
	Times  int    // how often harm is done
	Seed   uint64 // what decides what is tried and when
	Binary string // the server; "" to build one
}

// Main is the main function of such a program. harm is what it does, such as "kills", and usual
// how often unless a flag says otherwise; server is what it does to the server binary, such as "kill". run's error ends the program with status 1.
func Main(name, harm string, usual int, server string, run func(ctx context.Context, o Options, out io.Writer) error) {
	var o Options
	flag.IntVar(&o.Times, harm, usual, "how often there are "+harm)
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "what decides what is tried and when")
	flag.StringVar(&o.Binary, "server", "", "server binary to "+server+" instead of building one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		stop()
		os.Exit(1)
	}
}

// Prepare completes what a server is run with: it builds the binary into dir unless there is one, from the module in
// root, and finds an address. The caller closes the hook.
func (o *Options) Prepare(ctx context.Context, root, dir, data string) (s *Server, hook *Hook, err error) {
	if o.Binary == "" {
		if o.Binary, err = Build(ctx, root, dir); err != nil {
			return nil, nil, err
		}
	}
	listen, err := FreeAddress()
	if err != nil {
		return nil, nil, err
	}
	if hook, err = NewHook(); err != nil {
		return nil, nil, err
	}
	return &Server{Binary: o.Binary, Data: data, Listen: listen, Hook: hook.URL}, hook, nil
}

// Under runs the load on a server that has started, while harm is done to it: see [Load.Under].
func (o *Options) Under(ctx context.Context, s *Server, hook *Hook, out io.Writer, harm func(context.Context, *Load) error) error {
	l := &Load{Endpoint: "http://" + s.Listen, Hook: hook, Seed: o.Seed}
	var err error
	if l.Credentials, err = FirstKey(s.Data); err != nil {
		return err
	}
	return l.Under(ctx, out, func(ctx context.Context) error { return harm(ctx, l) })
}

// Progress says now and then how far it has come.
type Progress struct{ said time.Time }

// Say writes a line when the last one, or the beginning, was half a minute ago.
func (p *Progress) Say(out io.Writer, n int, harm string, l *Load) {
	switch {
	case p.said.IsZero():
	case time.Since(p.said) <= 30*time.Second:
		return
	default:
		fmt.Fprintf(out, "%d %s, %d calls acknowledged\n", n, harm, l.Acknowledged())
	}
	p.said = time.Now()
}

// Check refuses a number of times that is below 1 or over most.
func (o *Options) Check(harm string, most int) error {
	if o.Times < 1 || o.Times > most {
		return fmt.Errorf("-%s must be from 1 to %d", harm, most)
	}
	return nil
}
