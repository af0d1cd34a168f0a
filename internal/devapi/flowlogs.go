package devapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/flowlog"
)

const (
	tailRecent = 200              // records that a tail may ask to begin with
	tailBeat   = 15 * time.Second // between comments on a quiet tail
	tailWrite  = 10 * time.Second // that a reader may take for a record
)

// FlowLogs follows the flow logs as server-sent events: each event's data
// is one record; an event "lost" says how many were missed. The query members
// instance, contact and flow hold it to what they name (flow: an id); recent
// begins with so many of the latest records, at most 200. It ends with the log.
type FlowLogs struct {
	Log *flowlog.Log
}

// ServeHTTP implements [http.Handler].
func (f FlowLogs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	recent := 0
	if text := q.Get("recent"); text != "" {
		var err error
		if recent, err = strconv.Atoi(text); err != nil || recent < 0 || recent > tailRecent {
			invalid(w, fmt.Sprintf("recent: want a number from 0 to %d", tailRecent))
			return
		}
	}
	tail, ok := f.Log.Follow(flowlog.Filter{
		Instance: center.InstanceID(q.Get("instance")), Contact: center.ContactID(q.Get("contact")), Flow: center.FlowID(q.Get("flow")),
	}, recent)
	if !ok {
		edge.WriteError(w, http.StatusServiceUnavailable, "ServiceUnavailableException", "too many follow the flow logs, or the server is stopping")
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
