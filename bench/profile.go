package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"parley.example/parley/bench/target"
)

// profile keeps a CPU profile of d of the server and of the clients, and heap
// profiles behind it, where asked for. It is called beside the load; wait for
// it with the returned function.
func (b *bench) profile(s *target.Server, name string, d time.Duration) (wait func()) {
	if s.Debug == "" {
		return func() {}
	}
	done := make(chan struct{})
	own := b.profileClients(name)
	go func() {
		defer close(done)
		seconds := max(1, int(d/time.Second))
		for _, p := range []struct{ file, path string }{
			{name + ".cpu.pprof", fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds)}, {name + ".heap.pprof", "/debug/pprof/heap"},
		} {
			if err := fetch("http://"+s.Debug+p.path, filepath.Join(b.pprof, p.file)); err != nil {
				b.say("no profile: %v", err)
			}
		}
	}()
	return func() {
		own()
		<-done
	}
}

// profileClients profiles this process until the returned function is called.
func (b *bench) profileClients(name string) (stop func()) {
	nothing := func() {}
	cpu, err := os.Create(filepath.Join(b.pprof, name+".clients.cpu.pprof"))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		b.say("no profile of the clients: %v", err)
		return nothing
	}
	return func() {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(b.pprof, name+".clients.heap.pprof"))
		if err == nil {
			err = errors.Join(pprof.Lookup("heap").WriteTo(heap, 0), heap.Close())
		}
		if err := errors.Join(err, cpu.Close()); err != nil {
			b.say("no whole profile of the clients: %v", err)
		}
	}
}

func fetch(url, file string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close() // read to its end, or of no use
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return os.WriteFile(file, body, 0o644)
}
