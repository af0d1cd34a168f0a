package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/disk"
)

// probeEvery is how often a write is tried while writes fail. The time of the answer comes on top.
const probeEvery = time.Second

// writes knows whether the store takes writes: it is told by the store when they begin
// to fail and when one succeeds. While they fail it tries a small one now and then, so
// that a server that nobody uses, since it is not ready, notices that they succeed again.
type writes struct {
	log    *slog.Logger
	data   string                      // the data directory; "" for none
	probe  func(context.Context) error // a write; set before watch begins
	why    atomic.Pointer[error]       // nil while writes succeed
	failed chan struct{}               // has room for one
}

func newWrites(log *slog.Logger, data string) *writes {
	return &writes{log: log, data: data, failed: make(chan struct{}, 1)}
}

// tell takes what [sqlite.Options.Failing] says.
func (w *writes) tell(err error) {
	if err == nil {
		w.why.Store(nil)
		w.log.Info("writes succeed again; the server is ready")
		return
	}
	if w.data != "" {
		if reason := disk.Refusal(w.data); reason != nil {
			err = fmt.Errorf("%w: %w", err, reason)
		}
	}
	w.why.Store(&err)
	w.log.Error("writes fail; the server is not ready until one succeeds", "err", err)
	select {
	case w.failed <- struct{}{}:
	default:
	}
}

// failing returns why writes fail, nil when they do not.
func (w *writes) failing() error {
	if err := w.why.Load(); err != nil {
		return *err
	}
	return nil
}

// watch probes while writes fail, one probe at a time, until ctx ends.
func (w *writes) watch(ctx context.Context) {
	for {
		select {
		case <-w.failed:
		case <-ctx.Done():
			return
		}
		for w.failing() != nil {
			select {
			case <-time.After(probeEvery):
			case <-ctx.Done():
				return
			}
			_ = w.probe(ctx) // tell hears what became of it
		}
	}
}

// probe writes a row that nobody reads: a lease in the name of this process, which is
// purged like the leases of nodes that are gone.
func (s *Server) probe(ctx context.Context) error {
	_, err := s.store.Claim(ctx, s.node, time.Now(), probeEvery, "health/"+s.node)
	return err
}

func healthz(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

// readyz answers 503, with the reason in a line, when the server stops or cannot keep what it is told.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	why := ""
	if err := s.writes.failing(); err != nil {
		why = "writes fail: " + err.Error()
	}
	if s.nodes.shared() && !s.nodes.leases.Current() {
		why = "the database does not answer, or has not yet: this node has no lease"
	}
	if !s.ready.Load() {
		why = "stopping"
	}
	if why != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, why+"\n")
		return
	}
	io.WriteString(w, "ready\n")
}
