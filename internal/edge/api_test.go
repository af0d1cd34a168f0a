package edge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/metrics"
)

// TestAccessLog says who made a request that was refused, why, and nothing secret.
func TestAccessLog(t *testing.T) {
	for name, c := range map[string]struct {
		who  auth.Principal
		want []string
	}{
		"an access key": {auth.Identity{AccessKey: "AKIAEXAMPLE", ARN: "arn:aws:iam::123456789012:user/website"}, []string{"key=AKIAEXAMPLE"}},
		"a participant": {auth.Token{Chat: "chat-1", Participant: "part-1"}.Principal(), []string{"contact=chat-1", "participant=part-1"}},
		"nobody":        {auth.Identity{}, nil},
	} {
		var log strings.Builder
		e := &Edge{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: metrics.New(), Dev: true, Bodies: NewBodies(0)}
		var gates []string
		gate := func(name string, err error) Gate {
			return func(context.Context, *restjson.Operation) error { gates = append(gates, name); return err }
		}
		api := API{
			Before: func(_ *restjson.Operation, r *http.Request) (Caller, error) {
				Identify(r.Context(), c.who)
				return Caller{Context: r.Context()}, nil
			},
			MapError: func(_ *restjson.Operation, err error) error {
				return &restjson.APIError{Code: "AccessDeniedException", Message: "Access denied", Status: http.StatusForbidden}
			},
			Gates: []Gate{
				gate("first", nil),
				gate("second", &center.Error{Reason: center.Denied, Message: "the cause", Err: errors.New("behind it")}),
				gate("third", nil),
			},
		}
		h := e.Handler([]Mount{{Pattern: "/", Handler: participant.NewHandler(participant.Unimplemented{}, e.Options(api))}})
		r := httptest.NewRequest("POST", "/participant/message", strings.NewReader("{}"))
		r.Header.Set("X-Amz-Bearer", "a secret")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "cause") || strings.Join(gates, " ") != "first second" {
			t.Errorf("%s: %d %s behind the gates %q", name, w.Code, w.Body, gates)
		}
		if got := w.Header().Get("X-Parley-Debug-Reason"); got != "the cause: behind it" {
			t.Errorf("%s: the reason is %q", name, got)
		}
		text := log.String()
		for _, want := range append(c.want, "operation=SendMessage", "status=403", "code=AccessDeniedException", "the cause", "request="+w.Header().Get("X-Amzn-Requestid")) {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the log has no %s: %s", name, want, text)
			}
		}
		if strings.Contains(text, "secret") || c.want == nil && strings.Contains(text, "key=") {
			t.Errorf("%s: the log says too much: %s", name, text)
		}
	}
}
