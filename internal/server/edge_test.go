package server

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// TestPanic lets a handler panic: its client hears of an error of ours, the
// log of the cause, and the next request is answered as if nothing had been.
func TestPanic(t *testing.T) {
	var log strings.Builder
	s := &Server{Config: Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, metrics: newMetrics()}
	srv := httptest.NewServer(s.edge(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic", "/files/secret":
			panic("the cause")
		case "/abort":
			w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "fine")
	})))
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
			t.Errorf("the client is told %s", body)
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
	s.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
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
		strings.Repeat("x", 400): strings.Repeat("x", 300),
	} {
		if got := headerLine(in); got != want {
			t.Errorf("headerLine(%q) = %q; want %q", in, got, want)
		}
	}
}

// TestConnections closes what is one too many, and counts down again.
func TestConnections(t *testing.T) {
	open := &connections{most: 2}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }))
	srv.Config.ConnState = open.state
	srv.Start()
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() error {
		res, err := client.Get(srv.URL)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	for range 5 {
		if err := get(); err != nil {
			t.Fatalf("below the bound: %v", err)
		}
		for open.open.Load() > 0 { // the server notices a little later that the client is gone
			runtime.Gosched()
		}
	}
	first, second := hold(t, srv), hold(t, srv)
	if err := get(); err == nil {
		t.Error("a third connection was answered")
	}
	first.Close()
	second.Close()
	for range 1000 {
		if get() == nil {
			return
		}
	}
	t.Errorf("no connection is let in; %d are counted", open.open.Load())
}

// hold opens a connection and has it answered, so that it is known to be counted.
func hold(t *testing.T, srv *httptest.Server) io.Closer {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{}}
	res, err := c.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return closer(c.CloseIdleConnections)
}

type closer func()

func (f closer) Close() error {
	f()
	return nil
}
