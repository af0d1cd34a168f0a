package cli

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// said is a server that answers /readyz, and nothing else.
func said(status int, text string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text+"\n")
	})
	return mux
}

func TestHealth(t *testing.T) {
	ready, failing, other := httptest.NewServer(said(200, "ready")), httptest.NewServer(said(503, "writes fail: disk full")), httptest.NewServer(said(404, "no"))
	secure := httptest.NewTLSServer(said(200, "ready by TLS"))
	for _, s := range []*httptest.Server{ready, failing, other, secure} {
		t.Cleanup(s.Close)
	}
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	_, port, _ := strings.Cut(at(ready), ":")
	cert := write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	for _, c := range []struct {
		args      []string
		status    int
		out, errs string
	}{
		{[]string{"--listen", at(ready)}, 0, "ready\n", ""},
		{[]string{"--listen", "0.0.0.0:" + port}, 0, "ready\n", ""},
		{[]string{"--listen", ":" + port}, 0, "ready\n", ""},
		{[]string{"--endpoint", ready.URL + "/"}, 0, "ready\n", ""},
		{[]string{"--config", write(t, "c.json", `{"listen": "`+at(ready)+`", "data": "/nowhere"}`)}, 0, "ready\n", ""},
		{[]string{"--listen", at(secure), "--tls-cert", cert}, 0, "ready by TLS\n", ""},
		{[]string{"--listen", at(secure), "--tls-cert", cert, "--admin-listen", at(ready)}, 0, "ready\n", ""},
		{[]string{"--listen", at(failing)}, 1, "", "is not ready: writes fail: disk full"},
		{[]string{"--listen", at(other)}, 1, "", "it answers 404"},
		{[]string{"--listen", at(secure)}, 1, "", "it answers 400"},
		{[]string{"--endpoint", secure.URL}, 1, "", "certificate"},
		{[]string{"--listen", "127.0.0.1:1"}, 1, "", "http://127.0.0.1:1 is not ready: "},
		{[]string{"--listen", "127.0.0.1:1"}, 1, "", "; a server that was started with another --listen or --admin-listen is found by the same flags, variables or --config, or by --endpoint URL"},
		{[]string{"--endpoint", "http://127.0.0.1:1"}, 1, "", "connection refused\n"},
		{[]string{"--listen", "127.0.0.1:0"}, 2, "", "say where the server is with --endpoint"},
		{[]string{"--listen", "9000"}, 2, "", `listen "9000" is not host:port`},
		{[]string{"--admin-listen", "9790"}, 2, "", `admin-listen "9790" is not host:port`},
		{[]string{"--endpoint", "chat.example.com"}, 2, "", `endpoint "chat.example.com"`},
		{[]string{"--timeout", "0s"}, 2, "", "timeout 0s must be more than 0"},
	} {
		status, out, errs := parley(t, "", append([]string{"health"}, c.args...)...)
		if status != c.status || out != c.out || !strings.Contains(errs, c.errs) || c.errs == "" && errs != "" {
			t.Errorf("parley health %q = %d %q %q; want %d %q %q", c.args, status, out, errs, c.status, c.out, c.errs)
		}
	}
}

// TestHealthHeedsTheServersVariables: what tells serve where to listen tells health where to ask.
func TestHealthHeedsTheServersVariables(t *testing.T) {
	s := httptest.NewServer(said(200, "ready"))
	t.Cleanup(s.Close)
	for _, name := range []string{"PARLEY_LISTEN", "PARLEY_ADMIN_LISTEN"} {
		t.Setenv(name, s.Listener.Addr().String())
		if status, out, errs := parley(t, "", "health"); status != 0 || out != "ready\n" {
			t.Errorf("parley health with %s = %d %q %q", name, status, out, errs)
		}
		t.Setenv(name, "127.0.0.1:1")
	}
}

// TestHealthWaits asks again while the server is not ready.
func TestHealthWaits(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			said(503, "starting").ServeHTTP(w, r)
			return
		}
		said(200, "ready").ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	if status, out, errs := parley(t, "", "health", "--endpoint", s.URL, "--wait", "1h"); status != 0 || out != "ready\n" || asked.Load() != 3 {
		t.Errorf("parley health --wait = %d %q %q after %d questions; want ready after 3", status, out, errs, asked.Load())
	}
}
