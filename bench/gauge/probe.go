package gauge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// Probes are what the machine can do at the moment without the server.
type Probes struct {
	Disk    Result  // an append of 324 bytes and fdatasync, one after another
	HTTP    *Result // echoes of a request like SendMessage, as many at a time as the load's
	HTTPCPU float64 // microseconds of the echo's for each
	Sockets *Result // echoes over WebSockets
}

// Probe measures the machine with the number of connections that the load will
// have. Each of the three probes lasts as long; the disk is that of dir.
func Probe(ctx context.Context, dir string, workers int, lasts time.Duration) (*Probes, error) {
	p := &Probes{}
	if err := p.probeDisk(dir, lasts); err != nil {
		return nil, fmt.Errorf("probe the disk: %w", err)
	}
	e, err := StartEcho(ctx)
	if err != nil {
		return nil, err
	}
	defer e.Kill()
	m, err := NewMeter(e.PID())
	if err != nil {
		return nil, err
	}
	if p.HTTP, err = probeEcho(ctx, workers, lasts, echoHTTP(e.Addr)); err != nil {
		return nil, fmt.Errorf("probe by HTTP: %w", err)
	}
	u, err := m.Read()
	if err != nil {
		return nil, err
	}
	p.HTTPCPU = u.Per(p.HTTP.Count)
	p.Sockets, err = probeEcho(ctx, workers, lasts, func() (*Exchange, error) {
		return OpenSocket(e.Addr, "/ws", []byte(Content(0, 0)))
	})
	if err != nil {
		return nil, fmt.Errorf("probe by WebSocket: %w", err)
	}
	return p, nil
}

// MessageBody is the body of a SendMessage as the client sends it.
func MessageBody() []byte {
	return (&participant.SendMessageRequest{ClientToken: new(center.NewUUID()), Content: Content(0, 0), ContentType: client.PlainText}).AppendJSON(nil)
}

// echoHTTP opens exchanges of requests as long as SendMessage's.
func echoHTTP(addr string) func() (*Exchange, error) {
	return func() (*Exchange, error) { return OpenHTTP(addr, MessageBody()) }
}

// probeEcho has workers exchange with an echo as fast as it goes.
func probeEcho(ctx context.Context, workers int, lasts time.Duration, open func() (*Exchange, error)) (*Result, error) {
	list, err := OpenAll(workers, open)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	return ClosedLoop(ctx, workers, lasts, list.Task)
}

func (p *Probes) probeDisk(dir string, lasts time.Duration) error {
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
		p.Disk.Answers.Add(now.Sub(sent))
		sent = now
	}
	p.Disk.Count, p.Disk.Elapsed = p.Disk.Answers.Count(), time.Since(began)
	return nil
}

// watchEvery is how often the disk is tried while a load lasts: too seldom to be in its way.
const watchEvery = 20 * time.Millisecond

// WatchDisk tries the disk now and then until the returned function is called,
// which gives the times of an append and fdatasync. Disks that are shared
// change within seconds: a tail can only be compared with one of the same time.
func WatchDisk(dir string) (stop func() (*Histogram, error)) {
	h, quit, done := &Histogram{}, make(chan struct{}), make(chan error, 1)
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
				h.Add(time.Since(began))
			}
		}()
	}()
	return func() (*Histogram, error) {
		close(quit)
		return h, <-done
	}
}

// ProbeRate measures a bare HTTP echo at a set rate.
func ProbeRate(ctx context.Context, workers, rate int, lasts time.Duration) (*Result, error) {
	e, err := StartEcho(ctx)
	if err != nil {
		return nil, err
	}
	defer e.Kill()
	list, err := OpenAll(workers, echoHTTP(e.Addr))
	if err != nil {
		return nil, err
	}
	defer list.Close()
	return OpenLoop(ctx, workers, rate, lasts, func(time.Time) {}, list.Task)
}
