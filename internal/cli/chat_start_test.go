package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server/servertest"
)

// TestChatSaysWhereItLooked: a flow that is not there is one of the demo instance,
// unless another was named; the demo is not in every server.
func TestChatSaysWhereItLooked(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	const none = "22222222-2222-4222-8222-00000000dead"
	for _, c := range []struct{ args, want string }{
		{"--flow " + none, "(in the demo instance; --instance names another)"},
		{"--instance " + none, "(the demo exists in development mode only; use --instance and --flow)"},
		{"--instance " + none + " --flow " + none, "does not exist\n"},
	} {
		status, _, errs := parley(t, "", append([]string{"chat", "--endpoint", s.URL}, strings.Fields(c.args)...)...)
		if status != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("%s = %d %q; want %q", c.args, status, errs, c.want)
		}
	}
}

// TestChatStarts: a chat starts in one call, and in two with a server that does
// not know ConnectionTypes and so ignores it.
func TestChatStarts(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	flow := s.Flow(t, "Greet", enginetest.Greet)
	for name, c := range map[string]struct {
		member string // by which the server knows ConnectionTypes
		calls  string
	}{
		"a server that knows ConnectionTypes": {"ConnectionTypes", "/contact/chat"},
		"an older server":                     {"ConnexionTypes", "/contact/chat /participant/connection"},
	} {
		var mu sync.Mutex
		var calls []string // until the first message is there
		front := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if path := r.In.URL.Path; path == "/contact/chat" || path == "/participant/connection" {
				mu.Lock()
				calls = append(calls, path)
				mu.Unlock()
				body, err := io.ReadAll(r.Out.Body)
				if err != nil {
					t.Errorf("read: %v", err)
				}
				body = bytes.Replace(body, []byte(`"ConnectionTypes"`), []byte(`"`+c.member+`"`), 1)
				r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			}
		}}
		proxy := httptest.NewServer(http.Handler(front))
		status, out, errs := parley(t, "First words\n", "chat", "--endpoint", proxy.URL, "--flow", flow)
		proxy.Close()
		if status != 0 || errs != "" {
			t.Errorf("%s: chat = %d %q", name, status, errs)
		}
		once(t, out, "Hello", "Ana: First words\n", "-- the chat has ended\n")
		if got := strings.Join(calls, " "); got != c.calls {
			t.Errorf("%s: it called %s; want %s", name, got, c.calls)
		}
	}
}
