package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

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
	forwarded := []string{"Host", "inner:80", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "chat.example", "X-Forwarded-Proto", "https"}
	for _, c := range []struct {
		what    string
		option  func(*server.Config)
		headers []string
		want    string
	}{
		{"another host", func(*server.Config) {}, []string{"Host", "192.0.2.1:8790"}, "ws://192.0.2.1:8790/"},
		{"a proxy that is not trusted", func(*server.Config) {}, forwarded, "ws://inner:80/"},
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
