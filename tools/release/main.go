// Program release makes what is published of one commit: archives, packages for
// Linux, an image for containers, a chart, and what tells people what is in them.
//
// It builds a fresh clone of the commit, never the work tree, so that Git's tag, commit
// and time are what Go writes into the binaries, and everything else is dated by. Two
// runs for one commit write the same bytes, wherever they run, with the same Go.
//
// Begin with make in release.go, the one list of what is written.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := release{log: func(what string) { fmt.Fprintln(os.Stderr, "release:", what) }}
	flag.StringVar(&r.repo, "repo", "..", "the repository")
	flag.StringVar(&r.commit, "commit", "HEAD", "the commit to build")
	flag.StringVar(&r.out, "out", "../dist", "where to write; what is there of former runs is removed")
	flag.StringVar(&r.url, "url", "", "where the repository is published, such as https://github.com/you/parley; without it nothing says an address")
	targets := flag.String("targets", strings.Join(allTargets, ","), "systems to build for, as GOOS/GOARCH")
	flag.Parse()
	r.targets = strings.Split(*targets, ",")
	if err := r.make(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}
