package edge

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/metrics"
	"parley.example/parley/internal/store"
)

// TestDatabaseIsAway: what fails because the database is away is a 503 that asks for another attempt, whatever an API would make of the error. The cause
// is for the log.
func TestDatabaseIsAway(t *testing.T) {
	away := fmt.Errorf("%w: dial 10.0.0.7", store.ErrAway)
	for name, err := range map[string]error{"as it is": away, "in an error of the domain": &center.Error{Reason: center.Internal, Message: "could not be stored", Err: away}} {
		var log strings.Builder
		e := &Edge{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: metrics.New(), Bodies: NewBodies(0)}
		h := e.Handler([]Mount{{Pattern: "/", Handler: participant.NewHandler(participant.Unimplemented{}, e.Options(API{
			Before: func(_ *restjson.Operation, r *http.Request) (Caller, error) {
				return Caller{Context: r.Context(), Check: func([]byte) error { return err }}, nil
			},
			MapError: func(_ *restjson.Operation, err error) error { return err },
		}))}})
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/participant/message", strings.NewReader("{}"))
		r.Header.Set("X-Amz-Bearer", "token")
		h.ServeHTTP(w, r)
		head := w.Header()
		if w.Code != http.StatusServiceUnavailable || head.Get("X-Amzn-Errortype") != "ServiceUnavailable" || head.Get("Retry-After") == "" || head.Get("X-Amz-Retry-After") != "1000" {
			t.Errorf("%s: %d %s, %v; want 503 and ServiceUnavailable, after a second", name, w.Code, w.Body, head)
		}
		if strings.Contains(w.Body.String(), "10.0.0.7") || !strings.Contains(w.Body.String(), "try again") || !strings.Contains(log.String(), "10.0.0.7") {
			t.Errorf("%s: the client is told %s, and the log %s", name, w.Body, log.String())
		}
	}
}
