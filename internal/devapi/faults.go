package devapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/edge"
)

// Fault is something that goes wrong on purpose.
type Fault struct {
	Operation string // of either API; empty for every operation
	Status    int    // what is answered instead: 429, 500, 503 …; 0 only delays
	Code      string `json:",omitempty"` // the exception's name; by the status when empty
	Delay     string `json:",omitempty"` // how long to wait first, as in "2s"; at most a minute
	Count     int    // how many requests it strikes; 0 means until it is replaced
	After     string `json:",omitempty"` // when the client is to try again, in Retry-After and x-amz-retry-after; at most a minute, and never said when empty
}

// maxFaults bounds the list.
const maxFaults = 100

// Faults strikes requests with the faults that a developer set up: [Faults.Strike]
// is an [edge.Gate].
type Faults struct {
	mu  sync.Mutex // guards set
	set []Fault
}

// Get answers with the faults that are set up.
func (f *Faults) Get(w http.ResponseWriter, _ *http.Request) { writeJSON(w, f.list()) }

// Set replaces the faults and answers with them.
func (f *Faults) Set(w http.ResponseWriter, r *http.Request) {
	var set []Fault
	const want = `want a JSON list of at most 100 faults, as in [{"Operation":"SendMessage","Status":503,"Count":2}]`
	if err := read(w, r, &set); err != nil {
		invalid(w, want+": "+err.Error())
		return
	}
	if len(set) > maxFaults {
		invalid(w, want)
		return
	}
	for _, v := range set {
		if wrong := v.check(); wrong != "" {
			invalid(w, wrong)
			return
		}
	}
	f.mu.Lock()
	f.set = set
	f.mu.Unlock()
	writeJSON(w, f.list())
}

// check says what is wrong with a fault, "" when nothing is.
func (v *Fault) check() string {
	for _, d := range []string{v.Delay, v.After} {
		if p, err := time.ParseDuration(d); d != "" && (err != nil || p < 0 || p > time.Minute) {
			return `Delay and After: want a duration of at most a minute, as in "2s"`
		}
	}
	if v.Status != 0 && (v.Status < 400 || v.Status > 599) || v.Count < 0 {
		return "Status: want 400 to 599, or 0 to delay only; Count must not be negative"
	}
	if v.Status == 0 && v.Delay == "" {
		return "a fault needs a Status, a Delay or both"
	}
	if v.Operation != "" && !known(v.Operation) {
		return fmt.Sprintf("there is no operation %q; names are spelt as in SendMessage", v.Operation)
	}
	return ""
}

// known reports whether one of the APIs has an operation of that name.
func known(operation string) bool {
	named := func(op restjson.Operation) bool { return op.Name == operation }
	return slices.ContainsFunc(connect.Operations, named) || slices.ContainsFunc(participant.Operations, named) || slices.ContainsFunc(agent.Operations, named)
}

func (f *Faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.set...)
}

// Strike applies the first fault that fits the operation.
func (f *Faults) Strike(ctx context.Context, op *restjson.Operation) error {
	hit, ok := f.take(op.Name)
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
	after, _ := time.ParseDuration(hit.After)
	edge.AskLater(edge.Header(ctx), after)
	return &restjson.APIError{Code: hit.code(), Status: hit.Status, Message: "a fault that was set up by the developer API"}
}

// take returns the first fault that fits, and counts it.
func (f *Faults) take(operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.set {
		v := &f.set[i]
		if v.Operation != "" && v.Operation != operation {
			continue
		}
		hit := *v
		if v.Count == 1 {
			f.set = slices.Delete(f.set, i, i+1)
		} else if v.Count > 1 {
			v.Count--
		}
		return hit, true
	}
	return Fault{}, false
}

// codes are the exceptions by status, where it is not the status alone that decides.
var codes = map[int]string{http.StatusTooManyRequests: "ThrottlingException", http.StatusForbidden: "AccessDeniedException"}

// code returns the name of the exception.
func (v *Fault) code() string {
	switch named := codes[v.Status]; {
	case v.Code != "":
		return v.Code
	case named != "":
		return named
	case v.Status < http.StatusInternalServerError:
		return "ValidationException"
	}
	return "InternalServerException"
}
