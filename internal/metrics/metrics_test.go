package metrics

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/restjson"
)

func TestRequestsAreCounted(t *testing.T) {
	m := New()
	good := restjson.Observation{Status: http.StatusOK, Duration: 3 * time.Millisecond}
	bad := restjson.Observation{Status: http.StatusForbidden, Code: "AccessDeniedException", Err: errors.New("no"), Duration: time.Millisecond}
	for range 3 {
		m.Request("SendMessage", good)
	}
	m.Request("SendMessage", bad)
	m.Request("SendEvent", good)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`parley_requests_total{code="",operation="SendMessage",status="200"} 3`,
		`parley_requests_total{code="AccessDeniedException",operation="SendMessage",status="403"} 1`,
		`parley_requests_total{code="",operation="SendEvent",status="200"} 1`,
		`parley_request_seconds_count{operation="SendMessage"} 4`,
		`parley_request_seconds_bucket{operation="SendMessage",le="0.002"} 1`,
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("/metrics has no line %s", line)
		}
	}
}

func BenchmarkCountRequest(b *testing.B) {
	m := New()
	seen := restjson.Observation{Status: http.StatusOK, Duration: 3 * time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		m.Request("SendMessage", seen)
	}
}
