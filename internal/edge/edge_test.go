package edge

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/internal/metrics"
)

// TestPanic lets a handler panic: its client receives an error of ours, the
// log of the cause, and the next request is answered as if nothing had been.
func TestPanic(t *testing.T) {
	var log strings.Builder
	e := &Edge{Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: metrics.New()}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic", "/files/secret":
			panic("the cause")
		case "/abort":
			w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "fine")
	})
	srv := httptest.NewServer(e.Handler([]Mount{
		{Pattern: "/", Handler: h, CORS: AnyOrigin}, {Pattern: "/files/", Handler: h, CORS: AnyOrigin, Secret: true},
	}))
	defer srv.Close()
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	get := func(path string) (int, http.Header, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://shop.example")
		res, err := srv.Client().Do(r)
		if err != nil {
			return 0, nil, "", err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		return res.StatusCode, res.Header, string(text), err
	}
	for _, path := range []string{"/panic", "/files/secret", "/panic"} {
		status, h, body, err := get(path)
		if err != nil || status != 500 || h.Get("X-Amzn-Errortype") != "InternalServerException" || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("GET %s = %d %v %s, %v", path, status, h, body, err)
		}
		if strings.Contains(body, "cause") {
			t.Errorf("the answer says %s", body)
		}
		if status, _, body, err := get("/"); err != nil || status != 200 || body != "fine" {
			t.Errorf("after a panic: %d %s, %v", status, body, err)
		}
	}
	if _, _, body, err := get("/abort"); err == nil {
		t.Errorf("an answer that broke off was read as %q", body)
	}
	if text := log.String(); !strings.Contains(text, "the cause") || !strings.Contains(text, "edge_test.go") || strings.Contains(text, "/files/secret") {
		t.Errorf("the log has %s", text)
	}
	w := httptest.NewRecorder()
	e.Metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "parley_panics_total 3\n") {
		t.Error("the metrics do not count three panics")
	}
}

func TestHeaderLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"plain":                  "plain",
		"two\r\nSet-Cookie: a=b": "two  Set-Cookie: a=b",
		"caf\u00e9 \x00\x7f":     "caf? ??",
		"\xff\xfe":               "??",
		strings.Repeat("x", 700): strings.Repeat("x", 600),
	} {
		if got := headerLine(in); got != want {
			t.Errorf("headerLine(%q) = %q; want %q", in, got, want)
		}
	}
}
