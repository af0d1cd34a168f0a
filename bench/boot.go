package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// boots is how often a server is started to see how long it takes.
const boots = 5

// settle is how long a server is left alone before its memory is looked at.
const settle = 2 * time.Second

// boot measures what a server costs that does nothing: its binary, the time
// from the start of the process to its first answer, its memory.
func (b *bench) boot(ctx context.Context) error {
	b.report.scenario = "boot"
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.report.add("binary, stripped", float64(info.Size())/1e6, "MB").atMost(35)
	var empty []time.Duration
	var memory float64
	for i := range boots {
		took, s, err := b.firstAnswer(ctx, filepath.Join(b.dir, fmt.Sprintf("boot-%d", i)))
		if err != nil {
			return err
		}
		empty = append(empty, took)
		if i == boots-1 {
			time.Sleep(settle)
			n, err := resident(s.pid())
			if err != nil {
				return err
			}
			memory = float64(n) / 1e6
		}
		if err := s.stop(); err != nil {
			return err
		}
	}
	slices.Sort(empty)
	b.report.add("cold start to first answer, empty directory", milliseconds(empty[boots/2]), "ms").atMost(80)
	b.report.add("resident when idle", memory, "MB").atMost(30)
	return nil
}

// firstAnswer starts a server and returns how long it took to answer a request.
func (b *bench) firstAnswer(ctx context.Context, data string) (time.Duration, *server, error) {
	began := time.Now()
	s, err := b.startServer(ctx, data)
	if err != nil {
		return 0, nil, err
	}
	call := &caller{addr: s.addr}
	defer call.close()
	err = expect(call.call(readyHead, nil))
	took := time.Since(began)
	if err != nil {
		s.kill()
		return 0, nil, err
	}
	return took, s, nil
}
