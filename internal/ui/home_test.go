package ui

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHomePage(t *testing.T) {
	w := httptest.NewRecorder()
	Home{}.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "This is an API") || !strings.Contains(body, "<style>"+homeStyle+"</style>") {
		t.Errorf("GET / = %d %s", w.Code, body)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "style-src 'sha256-") {
		t.Errorf("the policy is %s", policy)
	}
}
