package process

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"parley.example/parley/internal/lifecycle"
)

// Profiles serves the runtime's profiles on an address of their own, for those
// who look into a running server. It is off unless asked for and takes
// loopback addresses only: a profile tells more than a client may know.
type Profiles struct {
	// Addr is where it listens; nowhere when empty.
	Addr string

	mu      sync.Mutex // guards what follows
	srv     *http.Server
	stopped bool
}

var _ lifecycle.Part = (*Profiles)(nil)

// CheckLoopback refuses an address that others could reach.
func CheckLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("pprof %q: want a loopback address, as in 127.0.0.1:6060", addr)
}

// Start listens and serves.
func (p *Profiles) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopped:
		return lifecycle.ErrStopped
	case p.Addr == "" || p.srv != nil:
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.Addr)
	if err != nil {
		return fmt.Errorf("listen for profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	p.srv = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go p.srv.Serve(l) // until Stop
	return nil
}

// Stop ends it, a profile under way too.
func (p *Profiles) Stop(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.srv == nil {
		return nil
	}
	return p.srv.Close()
}
