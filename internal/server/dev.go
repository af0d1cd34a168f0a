package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
)

// The developer API exists in development mode only:
//
//	GET  /dev/clock                               the server's time
//	POST /dev/clock {"Advance":"5m"}              moves it on; timers that fall due fire
//	POST /dev/clock {"Freeze":true}               stops it, false lets it run on
//	GET  /dev/faults                              what is set up
//	POST /dev/faults [{"Operation":"SendMessage","Status":503,"Count":2,"Delay":"1s"}]
//	                                              replaces the faults; an empty list ends them
//	GET  /dev/flowlogs?contact=ID&recent=20       follows the flow logs, as server-sent events
func (s *Server) devAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /dev/clock", func(w http.ResponseWriter, _ *http.Request) { writeClock(w, s.clock.Now()) })
	mux.HandleFunc("POST /dev/clock", s.setClock)
	mux.HandleFunc("GET /dev/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.faults.list()) })
	mux.HandleFunc("POST /dev/faults", s.setFaults)
	mux.HandleFunc("GET /dev/flowlogs", s.tailFlowLogs)
}

func writeClock(w http.ResponseWriter, now time.Time) {
	writeJSON(w, map[string]string{"Now": now.Format(center.TimeLayout)})
}

func (s *Server) setClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string
		Freeze  *bool
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
		writeError(w, http.StatusBadRequest, "ValidationException", `want JSON as in {"Advance":"5m"} or {"Freeze":true}: `+err.Error())
		return
	}
	var by time.Duration
	if in.Advance != "" {
		var err error
		if by, err = time.ParseDuration(in.Advance); err != nil || by < 0 {
			writeError(w, http.StatusBadRequest, "ValidationException", `Advance: want a duration as in "90s", "5m" or "25h"; the clock does not go back`)
			return
		}
	}
	if in.Freeze != nil {
		s.clock.Freeze(*in.Freeze)
	}
	writeClock(w, s.clock.Advance(by))
}

// Fault is something that goes wrong on purpose.
type Fault struct {
	Operation string // of either API; empty for every operation
	Status    int    // what is answered instead: 429, 500, 503 …; 0 only delays
	Code      string `json:",omitempty"` // the exception's name; by the status when empty
	Delay     string `json:",omitempty"` // how long to wait first, as in "2s"; at most a minute
	Count     int    // how many requests it strikes; 0 means until it is replaced
	After     string `json:",omitempty"` // a Retry-After header with a date this far ahead
}

// maxFaults bounds the list.
const maxFaults = 100

// faults strikes requests with the faults that a developer set up.
type faults struct {
	now func() time.Time

	mu  sync.Mutex // guards set
	set []Fault
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.set...)
}

func (s *Server) setFaults(w http.ResponseWriter, r *http.Request) {
	var set []Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&set)
	if err != nil || len(set) > maxFaults {
		writeError(w, http.StatusBadRequest, "ValidationException", `want a JSON list of at most 100 faults, as in [{"Operation":"SendMessage","Status":503,"Count":2}]`)
		return
	}
	for _, v := range set {
		for _, d := range []string{v.Delay, v.After} {
			if p, err := time.ParseDuration(d); d != "" && (err != nil || p < 0 || p > time.Minute) {
				writeError(w, http.StatusBadRequest, "ValidationException", `Delay and After: want a duration of at most a minute, as in "2s"`)
				return
			}
		}
		if v.Status != 0 && (v.Status < 400 || v.Status > 599) || v.Count < 0 {
			writeError(w, http.StatusBadRequest, "ValidationException", "Status: want 400 to 599, or 0 to delay only; Count must not be negative")
			return
		}
	}
	s.faults.mu.Lock()
	s.faults.set = set
	s.faults.mu.Unlock()
	writeJSON(w, s.faults.list())
}

// strike applies the first fault that fits the operation. A nil list has none.
func (f *faults) strike(ctx context.Context, operation string) error {
	if f == nil {
		return nil
	}
	hit, ok := f.take(operation)
	if !ok {
		return nil
	}
	if d, _ := time.ParseDuration(hit.Delay); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if hit.Status == 0 {
		return nil
	}
	if d, _ := time.ParseDuration(hit.After); d > 0 {
		// A date, not seconds: the SDK inside ChatJS misreads seconds.
		requestOf(ctx).header.Set("Retry-After", time.Now().Add(d).UTC().Format(http.TimeFormat))
	}
	code := hit.Code
	if code == "" {
		switch {
		case hit.Status == http.StatusTooManyRequests:
			code = "ThrottlingException"
		case hit.Status == http.StatusForbidden:
			code = "AccessDeniedException"
		case hit.Status < 500:
			code = "ValidationException"
		default:
			code = "InternalServerException"
		}
	}
	return &restjson.APIError{Code: code, Status: hit.Status, Message: "a fault that was set up by the developer API"}
}

func (f *faults) take(operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.set {
		v := &f.set[i]
		if v.Operation != "" && v.Operation != operation {
			continue
		}
		hit := *v
		if v.Count == 1 {
			f.set = append(f.set[:i], f.set[i+1:]...)
		} else if v.Count > 1 {
			v.Count--
		}
		return hit, true
	}
	return Fault{}, false
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the client is gone
	}
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // a string always encodes
	}
	return b
}
