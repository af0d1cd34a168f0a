package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flowlog"
)

// flowLogDir is where flow logs are written: as configured, else in the data
// directory; nowhere when everything is kept in memory.
func (c *Config) flowLogDir() string {
	if c.FlowLogs != "" || c.Data == "" {
		return c.FlowLogs
	}
	return filepath.Join(c.Data, "flow-logs")
}

// newFlowLog returns the log of what flows do. In development mode the
// server's log has it too, for whoever tries a flow; else only at level debug.
func (s *Server) newFlowLog() *flowlog.Log {
	level := slog.LevelDebug
	if s.Dev {
		level = slog.LevelInfo
	}
	return &flowlog.Log{Dir: s.flowLogDir(), MaxBytes: s.FlowLogMB << 20, Hide: s.FlowLogHide, Log: s.Log, Level: level, Name: s.flowName}
}

// flowName tells the ARN and the name of a flow or a module; one that has been
// deleted has no name.
func (s *Server) flowName(ctx context.Context, instance center.InstanceID, id center.FlowID, module bool) (arn, name string) {
	kind := center.KindFlow
	if module {
		kind = center.KindFlowModule
	}
	arn = s.partition.ARN(instance, kind, string(id))
	snap, err := s.catalog.Snapshot(ctx, string(instance))
	if err != nil {
		return arn, ""
	}
	if module {
		if m, err := catalog.Get[*catalog.Module](snap, center.ModuleID(id)); err == nil {
			return arn, m.Name
		}
		return arn, ""
	}
	if f, err := catalog.Get[*catalog.Flow](snap, id); err == nil {
		return arn, f.Name
	}
	return arn, ""
}

const (
	tailRecent = 200              // records that a tail may ask to begin with
	tailBeat   = 15 * time.Second // between signs of life on a quiet tail
	tailWrite  = 10 * time.Second // that a reader may take for a record
)

// tailFlowLogs follows the flow logs as server-sent events: each event's data
// is one record; an event "lost" says how many were missed. The query members
// instance, contact and flow hold it to what they name (flow: an id); recent
// begins with so many of the latest records, at most 200. It ends with the
// server.
func (s *Server) tailFlowLogs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	recent := 0
	if text := q.Get("recent"); text != "" {
		var err error
		if recent, err = strconv.Atoi(text); err != nil || recent < 0 || recent > tailRecent {
			writeError(w, http.StatusBadRequest, "ValidationException", fmt.Sprintf("recent: want a number from 0 to %d", tailRecent))
			return
		}
	}
	tail, ok := s.flowLog.Follow(flowlog.Filter{
		Instance: center.InstanceID(q.Get("instance")), Contact: center.ContactID(q.Get("contact")), Flow: center.FlowID(q.Get("flow")),
	}, recent)
	if !ok {
		writeError(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "too many follow the flow logs, or the server is stopping")
		return
	}
	defer tail.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	write := func(format string, args ...any) bool {
		// The deadline is the connection's, which keeps to the wall clock. A writer
		// without deadlines keeps what it has.
		_ = control.SetWriteDeadline(time.Now().Add(tailWrite))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	beat := time.NewTicker(tailBeat)
	defer beat.Stop()
	for good := write(": follows the flow logs\n\n"); good; {
		select {
		case line, open := <-tail.C:
			if !open {
				return
			}
			good = write("data: %s\n\n", line.Text)
		case <-beat.C:
			good = write(": still here\n\n")
		case <-r.Context().Done():
			return
		}
		if lost := tail.Lost(); lost > 0 && good {
			good = write("event: lost\ndata: {\"Lost\":%d}\n\n", lost)
		}
	}
}
