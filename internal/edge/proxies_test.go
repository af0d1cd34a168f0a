package edge

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/internal/metrics"
)

// newFront returns a handler that answers with what handlers see of where a request comes from.
func newFront(t *testing.T, log io.Writer, proxies ...string) http.Handler {
	t.Helper()
	e := &Edge{Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: metrics.New()}
	trusted, err := ParseProxies(proxies)
	if err != nil {
		t.Fatal(err)
	}
	e.Trust(trusted)
	return e.Handler([]Mount{{Pattern: "/", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RemoteAddr, " ", BaseURL(r.Context()))
	})}})
}

func TestClientBehindProxies(t *testing.T) {
	proxies := []string{"10.0.0.0/8", "192.0.2.7", "fd00::/8", "127.0.0.1"}
	const peer = "10.1.1.1:555"
	for _, c := range []struct {
		what, peer string
		headers    []string // name, value, …
		want       string   // the client's address and base URL
	}{
		{"no proxy", "198.51.100.1:5", nil, "198.51.100.1:5 http://chat.example"},
		{"a stranger who claims to be a proxy", "198.51.100.1:5", []string{"X-Forwarded-For", "10.0.0.1", "X-Forwarded-Host", "x", "X-Forwarded-Proto", "https", "Forwarded", "for=10.0.0.2"}, "198.51.100.1:5 http://chat.example"},
		{"one proxy", peer, []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9:0 http://chat.example"},
		{"one proxy that says all", peer, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "HTTPS", "X-Forwarded-Host", "public.example:8443"}, "203.0.113.9:0 https://public.example:8443"},
		{"what the client wrote itself stands before", peer, []string{"X-Forwarded-For", "10.9.9.9, 1.2.3.4, 203.0.113.9"}, "203.0.113.9:0 http://chat.example"},
		{"in a line of its own too", peer, []string{"X-Forwarded-For", "1.2.3.4", "X-Forwarded-For", "203.0.113.9"}, "203.0.113.9:0 http://chat.example"},
		{"a chain of proxies", peer, []string{"X-Forwarded-For", "1.2.3.4, 203.0.113.9, 192.0.2.7, 10.3.3.3"}, "203.0.113.9:0 http://chat.example"},
		{"a chain that appends hosts and schemes", peer, []string{"X-Forwarded-For", "1.2.3.4, 203.0.113.9, 192.0.2.7", "X-Forwarded-Host", "forged.example, public.example, inner.example", "X-Forwarded-Proto", "http, https, http"}, "203.0.113.9:0 https://public.example"},
		{"a client that is a trusted host itself", peer, []string{"X-Forwarded-For", "10.4.4.4"}, "10.4.4.4:0 http://chat.example"},
		{"a proxy that hides the client", peer, []string{"X-Forwarded-For", "1.2.3.4, unknown"}, "10.1.1.1:555 http://chat.example"},
		{"an outer one that does", peer, []string{"X-Forwarded-For", "unknown, 192.0.2.7"}, "192.0.2.7:0 http://chat.example"},
		{"IPv6", peer, []string{"X-Forwarded-For", "2001:db8::9"}, "[2001:db8::9]:0 http://chat.example"},
		{"with a port", peer, []string{"X-Forwarded-For", "203.0.113.9:4711"}, "203.0.113.9:4711 http://chat.example"},
		{"IPv6 with a port", peer, []string{"X-Forwarded-For", "[2001:db8::9]:4711"}, "[2001:db8::9]:4711 http://chat.example"},
		{"an IPv6 proxy", "[fd00::1]:99", []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9:0 http://chat.example"},
		{"an IPv4 proxy on an IPv6 socket", "[::ffff:10.1.1.1]:99", []string{"X-Forwarded-For", "::ffff:203.0.113.9"}, "203.0.113.9:0 http://chat.example"},
		{"Forwarded", peer, []string{"Forwarded", `for=203.0.113.9;proto=https;host="public.example:8443"`}, "203.0.113.9:0 https://public.example:8443"},
		{"Forwarded by a chain", peer, []string{"Forwarded", `for=1.2.3.4;host=forged.example, For="[2001:db8::9]:4711";Proto=https;Host=public.example`, "Forwarded", `for="192.0.2.7";by=_x;proto=http;host=inner.example`}, "[2001:db8::9]:4711 https://public.example"},
		{"a quoted comma", peer, []string{"Forwarded", `for=203.0.113.9;ext="a, for=1.2.3.4;\", for=5.6.7.8"`}, "203.0.113.9:0 http://chat.example"},
		{"the client's own Forwarded", peer, []string{"X-Forwarded-For", "203.0.113.9", "Forwarded", "for=10.9.9.9;host=forged.example"}, "203.0.113.9:0 http://chat.example"},
		{"a scheme that is none", peer, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "javascript"}, "203.0.113.9:0 http://chat.example"},
		{"a host that is none", peer, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "a/b?c#d@e"}, "203.0.113.9:0 "},
		{"nothing said", peer, nil, "10.1.1.1:555 http://chat.example"},
		{"not a network's listener", "@", []string{"X-Forwarded-For", "203.0.113.9"}, "@ http://chat.example"},
	} {
		h := newFront(t, io.Discard, proxies...)
		r := httptest.NewRequest("GET", "http://chat.example/", nil)
		r.RemoteAddr = c.peer
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Add(c.headers[i], c.headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s: %q; want %q", c.what, got, c.want)
		}
	}
}

// TestBaseURL has what is handed out bear the host that was asked, as clients on this
// machine need it.
func TestBaseURL(t *testing.T) {
	h := newFront(t, io.Discard)
	for _, c := range []struct {
		host string
		tls  bool
		want string
	}{
		{"192.0.2.1:8790", false, "http://192.0.2.1:8790"},
		{"localhost:8790", false, "http://127.0.0.1:8790"},
		{"localhost", false, "http://127.0.0.1"},
		{"localhost:8790", true, "https://localhost:8790"},
		{"[::1]:8790", false, "http://[::1]:8790"},
		{"chat.example", true, "https://chat.example"},
		{"evil.example/x?", false, ""},
		{`a"b`, false, ""},
		{strings.Repeat("a", maxHost+1), false, ""},
		{"", false, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = "192.0.2.9:1", c.host
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != "192.0.2.9:1 "+c.want {
			t.Errorf("Host %q: %q; want %q", c.host, got, c.want)
		}
	}
}

func TestProxiesAreAddressesOrNetworks(t *testing.T) {
	for _, good := range []string{"10.0.0.0/8", "10.1.2.3/8", "192.0.2.1", "::1", "fd00::/8", "0.0.0.0/0", "::ffff:10.0.0.1"} {
		if _, err := ParseProxies([]string{good}); err != nil {
			t.Errorf("ParseProxies(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0", "10.0.0.1:80"} {
		if _, err := ParseProxies([]string{bad}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", bad)) {
			t.Errorf("ParseProxies(%q) = %v; want an error that names it", bad, err)
		}
	}
}

// TestUntrustedProxyIsNamedOnce tells an operator who has forgotten to say that
// there is a proxy, and lets no stranger fill the log.
func TestUntrustedProxyIsNamedOnce(t *testing.T) {
	var log strings.Builder
	h := newFront(t, &log)
	for _, peer := range []string{"203.0.113.9:1", "10.1.1.1:2", "10.1.1.2:2"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "1.2.3.4")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if got := log.String(); strings.Count(got, "--trusted-proxy") != 1 || !strings.Contains(got, "proxy=10.1.1.1") {
		t.Errorf("the log says %s", got)
	}
}
