package ui

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStartPage(t *testing.T) {
	s := Start{Instance: "INSTANCE", Flow: "FLOW", Region: "eu-west-1", URL: func(context.Context) string { return "http://127.0.0.1:1<2" },
		Agent: func(url string) string { return "parley agent --endpoint " + url }}
	for path, want := range map[string]string{
		"/":                  `data-endpoint="http://127.0.0.1:1&lt;2"`,
		"/assets/start.js":   "startChat",
		"/assets/session.js": "aws/subscribe",
		"/assets/choices.js": "ListPicker",
		"/assets/views.js":   "ViewResource",
		"/assets/element.js": "createElement",
		"/assets/start.css":  "body",
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s = %d without %q", path, w.Code, want)
		}
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("GET %s: no content security policy", path)
		}
	}
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); !strings.Contains(w.Body.String(), "<code>parley agent --endpoint http://127.0.0.1:1&lt;2</code>") {
		t.Errorf("the page does not say how to answer:\n%s", w.Body)
	}
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/assets/../ui.go", nil))
	if w.Code == 200 {
		t.Errorf("GET of a file outside the assets = %d", w.Code)
	}
}
