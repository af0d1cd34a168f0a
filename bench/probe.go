package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// probes are what the machine can do at the moment without a Parley.
type probes struct {
	disk    result // an append of 324 bytes and fdatasync, one after another
	http    result // echoes of a request like SendMessage, as many at a time as the load's
	httpCPU float64
	sockets result // echoes over WebSockets
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
	r, err := closedLoop(ctx, e.addr, workers, b.probing(), echoTask(e.addr))
	if err != nil {
		return nil, fmt.Errorf("probe by HTTP: %w", err)
	}
	p.http = result{count: r.count, elapsed: r.elapsed}
	u, err := m.read()
	if err != nil {
		return nil, err
	}
	p.httpCPU = u.per(r.count)
	if err := p.probeSockets(e.addr, workers, b.probing()); err != nil {
		return nil, fmt.Errorf("probe by WebSocket: %w", err)
	}
	return p, nil
}

func echoTask(addr string) task {
	head, body := messageHead(addr, "YmVhcmVy"), messageBody(nil, 0, 0)
	return func(call *caller, _ int) error { return expect(call.call(head, body)) }
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

func (p *probes) probeSockets(addr string, workers int, lasts time.Duration) error {
	list := make([]*socket, workers)
	for i := range list {
		s, err := dial(addr, "/ws")
		if err != nil {
			return err
		}
		defer s.close()
		list[i] = s
	}
	frame := textFrame(make([]byte, 200))
	errs := make(chan error, workers)
	began := time.Now()
	var wg sync.WaitGroup
	for _, s := range list {
		wg.Go(func() {
			for sent := began; sent.Sub(began) < lasts; {
				err := s.write(frame)
				if err == nil {
					_, err = s.read()
				}
				if err != nil {
					errs <- err
					return
				}
				now := time.Now()
				p.sockets.answers.add(now.Sub(sent))
				sent = now
			}
		})
	}
	wg.Wait()
	p.sockets.count, p.sockets.elapsed = p.sockets.answers.count.Load(), time.Since(began)
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// probeRate measures a bare HTTP echo at a set rate.
func (b *bench) probeRate(ctx context.Context, workers, rate int) (*result, error) {
	e, err := startEcho(ctx)
	if err != nil {
		return nil, err
	}
	defer e.kill()
	return openLoop(ctx, e.addr, workers, rate, b.probing(), func(time.Time) {}, echoTask(e.addr))
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
