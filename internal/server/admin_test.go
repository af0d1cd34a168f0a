package server_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestAdminListener: with a listener for operators, metrics are there and not among what
// strangers reach; health is at both; nothing else is at the operators'.
func TestAdminListener(t *testing.T) {
	for name, option := range map[string]func(*server.Config){
		"development": func(*server.Config) {}, "production": servertest.Production(t.TempDir()),
	} {
		s := servertest.Start(t, option, func(c *server.Config) { c.AdminListen = "127.0.0.1:0" })
		for _, c := range []struct {
			base, method, path string
			status             int
			text               string
		}{
			{s.URL, "GET", "/healthz", 200, "ok\n"},
			{s.URL, "GET", "/readyz", 200, "ready\n"},
			{s.URL, "GET", "/metrics", 0, "Exception"},
			{s.AdminURL(), "GET", "/healthz", 200, "ok\n"},
			{s.AdminURL(), "GET", "/readyz", 200, "ready\n"},
			{s.AdminURL(), "GET", "/metrics", 200, "\nparley_sockets 0\n"},
			{s.AdminURL(), "POST", "/metrics", 405, ""},
			{s.AdminURL(), "PUT", "/contact/chat", 404, ""},
			{s.AdminURL(), "GET", "/dev/clock", 404, ""},
			{s.AdminURL(), "GET", "/", 404, ""},
		} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, c.base+c.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			got := do(t, plain(s), r)
			if c.status != 0 && got.status != c.status || c.status == 0 && got.status < 400 || !strings.Contains(got.body, c.text) || strings.Contains(got.body, "parley_sockets") != (c.path == "/metrics" && c.status == 200) {
				t.Errorf("%s: %s %s%s = %d %.200q; want %d %q", name, c.method, c.base, c.path, got.status, got.body, c.status, c.text)
			}
		}
		if !strings.Contains(s.Welcome(s.URL), s.AdminURL()+"/metrics") {
			t.Errorf("%s: the welcome does not name %s:\n%s", name, s.AdminURL(), s.Welcome(s.URL))
		}
		admin := strings.TrimPrefix(s.AdminURL(), "http://")
		s.Stop()
		if c, err := net.DialTimeout("tcp", admin, time.Second); err == nil {
			c.Close()
			t.Errorf("%s: the operators' listener outlives the server", name)
		}
	}
}

// plain is the server's client on ordinary connections: to any of its addresses.
func plain(s *servertest.Server) *servertest.Server {
	other := *s
	other.HTTP = &http.Client{Timeout: prompt, Transport: &http.Transport{DisableKeepAlives: true}}
	return &other
}

// TestAdminAddressInUse: a server that cannot listen for operators does not start, names the
// address, and leaves neither listener open.
func TestAdminAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s, err := server.New(t.Context(), server.Config{Dev: true, AdminListen: taken.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = s.ServeOn(t.Context(), l, func(string) { t.Error("it serves") })
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("ServeOn = %v; want an error that names %s", err, taken.Addr())
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the main listener is left: %v", err)
	}
}
