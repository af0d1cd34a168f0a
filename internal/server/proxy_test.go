package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// socketURL starts a chat with the headers given, and returns where its socket is said to be.
func socketURL(t *testing.T, s *servertest.Server, headers ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", "http://"+s.Addr+"/contact/chat", strings.NewReader(`{"ParticipantDetails":{"DisplayName":"Ana"},
		"InstanceId":"`+catalog.DemoInstance+`","ContactFlowId":"`+catalog.DemoFlow+`","ConnectionTypes":["WEBSOCKET"]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Host = r.Header.Get("Host")
	got := do(t, s, r)
	var out struct{ Websocket struct{ Url string } }
	if err := json.Unmarshal([]byte(got.body), &out); err != nil {
		t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	url, _, _ := strings.Cut(out.Websocket.Url, "?")
	return url
}

// TestSocketsAreWhereClientsAsk hands out sockets at the host that a client asked, or
// that a trusted proxy was asked, unless --public-url says where they are.
func TestSocketsAreWhereClientsAsk(t *testing.T) {
	forwarded := []string{"Host", "inner:8790", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "chat.example", "X-Forwarded-Proto", "https"}
	for _, c := range []struct {
		what    string
		option  func(*server.Config)
		headers []string
		want    string
	}{
		{"another host", func(*server.Config) {}, []string{"Host", "192.0.2.1:8790"}, "ws://192.0.2.1:8790/"},
		{"a proxy that is not trusted", func(*server.Config) {}, forwarded, "ws://inner:8790/"},
		{"a trusted proxy", func(c *server.Config) { c.TrustedProxies = []string{"127.0.0.1"} }, forwarded, "wss://chat.example/"},
		{"a public URL", func(c *server.Config) { c.PublicURL = "https://public.example/chat/" }, forwarded, "wss://public.example/chat/"},
	} {
		s := servertest.Start(t, c.option)
		if got := socketURL(t, s, c.headers...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: the socket is at %s; want %s…", c.what, got, c.want)
		}
	}
}

// TestLogNamesTheClient has what the log says of a refused request say where it came from.
func TestLogNamesTheClient(t *testing.T) {
	var log logbook
	s := servertest.Start(t, func(c *server.Config) {
		c.TrustedProxies = []string{"127.0.0.0/8"}
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	call(t, s, "POST", "/participant/connection", "{}", "X-Amz-Bearer", "nonsense", "X-Forwarded-For", "203.0.113.9")
	call(t, s, "GET", "/ws?token=x", "", "X-Forwarded-For", "203.0.113.10")
	for _, client := range []string{"client=203.0.113.9\n", "client=203.0.113.10 "} {
		if !strings.Contains(log.String(), client) {
			t.Errorf("the log has no %s: %s", client, log.String())
		}
	}
}

// TestSignaturesThroughProxies has requests signed for the address that clients know,
// and rewritten as proxies do: what the operator or a trusted proxy says of it counts, and nothing else.
func TestSignaturesThroughProxies(t *testing.T) {
	// The client signs for a host and path; the server sees inner:8790 and the path below them.
	for _, c := range []struct {
		what    string
		public  string
		trusted []string
		host    string // that the client signs
		prefix  string // of the path that it signs
		headers []string
		good    bool
	}{
		{what: "nobody knows the client's host", host: "chat.example"},
		{what: "the public host", public: "https://chat.example", host: "chat.example", good: true},
		{what: "the public host with a slash", public: "https://chat.example/", host: "chat.example", good: true},
		{what: "the public host with the scheme's port", public: "https://chat.example:443", host: "chat.example", good: true},
		{what: "the public host and port", public: "https://chat.example:8443", host: "chat.example:8443", good: true},
		{what: "a public path that the proxy cuts", public: "https://chat.example/parley", host: "chat.example", prefix: "/parley", good: true},
		{what: "another path", public: "https://chat.example/parley", host: "chat.example", prefix: "/other"},
		{what: "another host", public: "https://chat.example", host: "evil.example"},
		{what: "the host as it comes, beside a public one", public: "https://chat.example", host: "inner:8790", good: true},
		{what: "the host that a trusted proxy was asked", trusted: []string{"127.0.0.1"}, host: "chat.example", good: true,
			headers: []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "chat.example"}},
		{what: "the host that somebody claims", host: "chat.example", headers: []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "chat.example"}},
	} {
		s := servertest.Start(t, servertest.Production(t.TempDir()), func(cfg *server.Config) { cfg.PublicURL, cfg.TrustedProxies = c.public, c.trusted })
		for _, hashed := range []bool{false, true} { // the hash of the body is in a header, or not known before the body is
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+c.host+c.prefix+"/instance?maxResults=1", nil)
			if err != nil {
				t.Fatal(err)
			}
			if hashed {
				r.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
			}
			if err := (authtest.Signer{ID: s.Key.ID, Secret: s.Key.Secret}).Sign(r, nil, s.Clock().Wall()); err != nil {
				t.Fatal(err)
			}
			r.URL.Host, r.URL.Path, r.Host = s.Addr, "/instance", "inner:8790"
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Set(c.headers[i], c.headers[i+1])
			}
			if got := do(t, s, r); (got.status == 200) != c.good || !c.good && got.status != 403 {
				t.Errorf("%s (hashed %v): %d %s; want it taken: %v", c.what, hashed, got.status, got.body, c.good)
			}
		}
	}
}
