// Package devapi is the developer API, for people who build something against a
// server in development mode:
//
//	GET  /dev                                     what there is, in JSON
//	GET  /dev/clock                               the server's time
//	POST /dev/clock {"Advance":"5m"}              moves it on, from timer to timer; answers when all have fired
//	POST /dev/clock {"Freeze":true}               stops it, false lets it run on
//	GET  /dev/faults                              what is set up
//	POST /dev/faults [{"Operation":"SendMessage","Status":503,"Count":2,"Delay":"1s"}]
//	                                              replaces the faults; an empty list ends them
//	GET  /dev/flowlogs?contact=ID&recent=20       follows the flow logs, as server-sent events
//
// Requests are answered at once, but for a tail of the flow logs, which lasts
// until its client or the server goes. Start reading at [Clock], [Faults] or [FlowLogs].
package devapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"parley.example/parley/internal/edge"
)

// maxBody bounds what a request may hold, in bytes.
const maxBody = 64 << 10

// read decodes the body of a request. It refuses members that do not exist:
// one that is misspelt would be ignored, and its writer left to wonder.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s has the wrong type, %s", cmp.Or(e.Field, "the body"), e.Value)
	}
	if err != nil {
		return errors.New(strings.NewReplacer("json: ", "", "unknown field", "there is no member").Replace(err.Error()))
	}
	return nil
}

// invalid answers a request that cannot be understood.
func invalid(w http.ResponseWriter, message string) {
	edge.WriteError(w, http.StatusBadRequest, "ValidationException", message)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the client is gone
	}
}
