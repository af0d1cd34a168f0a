package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"parley.example/parley/internal/server/servertest"
)

// TestRoot has a page at /, for people who open the address of an API in a browser.
func TestRoot(t *testing.T) {
	dev, production := servertest.Start(t), servertest.Start(t, servertest.Production(t.TempDir()))
	for _, c := range []struct {
		s    *servertest.Server
		want string
	}{{dev, "Try a chat"}, {production, "This is an API"}} {
		if r := call(t, c.s, "GET", "/", ""); r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || !strings.Contains(r.body, c.want) {
			t.Errorf("GET / = %d %v %.200s; want a page with %q", r.status, r.header, r.body, c.want)
		}
		if r := call(t, c.s, "HEAD", "/", ""); r.status != 200 || r.body != "" {
			t.Errorf("HEAD / = %d %q", r.status, r.body)
		}
	}
	if r := call(t, production, "GET", "/no/such/operation", ""); r.status < 400 || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Errorf("an unknown path = %d %v", r.status, r.header)
	}
}

// TestDevListsWhatIsThere: each endpoint that /dev names answers with its method, and a
// path that is misspelt is answered with the list.
func TestDevListsWhatIsThere(t *testing.T) {
	s := servertest.Start(t)
	var list []struct{ Method, Path, Help string }
	for path, status := range map[string]int{"/dev": 200, "/dev/": 200, "/dev/clok": 404} {
		r := call(t, s, "GET", path, "")
		if err := json.Unmarshal([]byte(r.body), &list); r.status != status || err != nil || len(list) < 6 || strings.Count(r.body, "\n") != len(list)+2 {
			t.Errorf("GET %s = %d %s, %v", path, r.status, r.body, err)
		}
	}
	for _, e := range list {
		if e.Help == "" || !strings.HasPrefix(e.Path, "/dev") {
			t.Errorf("the list has %+v", e)
		}
		body := map[string]string{"/dev/clock": "{}", "/dev/faults": "[]"}[e.Path]
		if e.Path == "/dev/flowlogs" {
			continue // does not end; its own test follows it
		}
		if r := call(t, s, e.Method, e.Path, body); r.status != 200 {
			t.Errorf("%s %s = %d %s", e.Method, e.Path, r.status, r.body)
		}
	}
	production := servertest.Start(t, servertest.Production(t.TempDir()))
	if r := call(t, production, "GET", "/dev", ""); r.status < 400 {
		t.Errorf("outside development mode GET /dev = %d", r.status)
	}
}
