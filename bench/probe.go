package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// probes are what the machine can do at the moment without a Parley.
type probes struct {
	disk    result  // an append of 324 bytes and fdatasync, one after another
	http    *result // echoes of a request like SendMessage, as many at a time as the load's
	httpCPU float64
	sockets *result // echoes over WebSockets
}

// probe measures the machine with the number of connections that the load will have.
func (b *bench) probe(ctx context.Context, workers int) (*probes, error) {
	p := &probes{}
	if err := p.probeDisk(b.dir, b.probing()); err != nil {
		return nil, fmt.Errorf("probe the disk: %w", err)
	}
	e, err := startEcho(ctx)
	if err != nil {
		return nil, err
	}
	defer e.kill()
	m, err := e.meter()
	if err != nil {
		return nil, err
	}
	if p.http, err = probeEcho(ctx, workers, b.probing(), echoHTTP(e.addr)); err != nil {
		return nil, fmt.Errorf("probe by HTTP: %w", err)
	}
	u, err := m.read()
	if err != nil {
		return nil, err
	}
	p.httpCPU = u.per(p.http.count)
	p.sockets, err = probeEcho(ctx, workers, b.probing(), func() (*exchange, error) {
		return openSocket(e.addr, "/ws", []byte(content(0, 0)))
	})
	if err != nil {
		return nil, fmt.Errorf("probe by WebSocket: %w", err)
	}
	return p, nil
}

// echoHTTP opens exchanges of requests as long as SendMessage's.
func echoHTTP(addr string) func() (*exchange, error) {
	return func() (*exchange, error) { return openHTTP(addr, messageBody()) }
}

// probeEcho has workers exchange with an echo as fast as it goes.
func probeEcho(ctx context.Context, workers int, lasts time.Duration, open func() (*exchange, error)) (*result, error) {
	list, err := openAll(workers, open)
	if err != nil {
		return nil, err
	}
	defer list.close()
	return closedLoop(ctx, workers, lasts, list.task)
}

func (p *probes) probeDisk(dir string, lasts time.Duration) error {
	f, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	record := make([]byte, 324)
	began := time.Now()
	for sent := began; sent.Sub(began) < lasts; {
		if _, err := f.Write(record); err != nil {
			return err
		}
		if err := fdatasync(f); err != nil {
			return err
		}
		now := time.Now()
		p.disk.answers.add(now.Sub(sent))
		sent = now
	}
	p.disk.count, p.disk.elapsed = p.disk.answers.count.Load(), time.Since(began)
	return nil
}

// watchEvery is how often the disk is tried while a load lasts: too seldom to be in its way.
const watchEvery = 20 * time.Millisecond

// watchDisk tries the disk now and then until the returned function is called,
// which gives the times of an append and fdatasync. Disks that are shared
// change within seconds: a tail can only be compared with one of the same time.
func watchDisk(dir string) (stop func() (*histogram, error)) {
	h, quit, done := &histogram{}, make(chan struct{}), make(chan error, 1)
	go func() {
		done <- func() error {
			f, err := os.Create(filepath.Join(dir, "watch"))
			if err != nil {
				return err
			}
			defer os.Remove(f.Name())
			defer f.Close()
			tick := time.NewTicker(watchEvery)
			defer tick.Stop()
			record := make([]byte, 324)
			for {
				select {
				case <-quit:
					return nil
				case <-tick.C:
				}
				began := time.Now()
				if _, err := f.Write(record); err != nil {
					return err
				}
				if err := fdatasync(f); err != nil {
					return err
				}
				h.add(time.Since(began))
			}
		}()
	}()
	return func() (*histogram, error) {
		close(quit)
		return h, <-done
	}
}

// probeRate measures a bare HTTP echo at a set rate.
func (b *bench) probeRate(ctx context.Context, workers, rate int) (*result, error) {
	e, err := startEcho(ctx)
	if err != nil {
		return nil, err
	}
	defer e.kill()
	list, err := openAll(workers, echoHTTP(e.addr))
	if err != nil {
		return nil, err
	}
	defer list.close()
	return openLoop(ctx, workers, rate, b.probing(), func(time.Time) {}, list.task)
}

// show adds the probes' own figures to the report.
func (p *probes) show(r *report) {
	r.add("probe: append + fdatasync", p.disk.rate(), "/s")
	r.add("probe: append + fdatasync, p50", milliseconds(p.disk.answers.p50()), "ms")
	r.add("probe: append + fdatasync, p99", milliseconds(p.disk.answers.p99()), "ms")
	r.add("probe: HTTP echo", p.http.rate(), "/s")
	r.add("probe: HTTP echo, server CPU", p.httpCPU, "us")
	r.add("probe: WebSocket echo", p.sockets.rate(), "/s")
}
