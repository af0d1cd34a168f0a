package devapi

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestVisitors: a page of another origin is answered, and logged once; the server's own
// pages and programs, which name no origin, are not.
func TestVisitors(t *testing.T) {
	var log strings.Builder
	v := &Visitors{Log: slog.New(slog.NewTextHandler(&log, nil)), URL: func() string { return "https://chat.example.com" }}
	h := v.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "answered") }))
	visit := func(origin string) {
		t.Helper()
		r := httptest.NewRequest("POST", "http://127.0.0.1:8790/dev/clock", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Body.String() != "answered" {
			t.Errorf("a page of %q was answered %q", origin, w.Body)
		}
	}
	for origin, warns := range map[string]bool{
		"":                         false,
		"http://127.0.0.1:8790":    false,
		"https://chat.example.com": false,
		"http://chat.example.com":  true,
		"http://127.0.0.1:3000":    true,
		"http://localhost:8790":    true,
		"https://shop.example":     true,
		"null":                     true,
		"no\norigin":               true,
	} {
		log.Reset()
		visit(origin)
		visit(origin)
		want := 0
		if warns {
			want = 1
		}
		if got := strings.Count(log.String(), "level=WARN"); got != want || strings.Count(log.String(), "\n") != want {
			t.Errorf("two requests of a page of %q log %q; want %d warnings", origin, &log, want)
		}
	}
	for n := range 2 * maxVisitors {
		visit(fmt.Sprintf("https://%d.example", n))
	}
	visit("https://" + strings.Repeat("x", 60_000))
	if n := strings.Count(log.String(), "level=WARN"); n > maxVisitors || len(v.known) != maxVisitors {
		t.Errorf("%d warnings of %d origins; want at most %d", n, len(v.known), maxVisitors)
	}
}
