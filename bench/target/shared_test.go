package target

import (
	"net/http"
	"slices"
	"testing"
)

func TestSharedOptions(t *testing.T) {
	for name, c := range map[string]struct {
		shared Shared
		good   bool
	}{
		"nothing":                  {Shared{}, true},
		"one node":                 {Shared{Postgres: "Postgres://x/y", Nodes: 1}, true},
		"three nodes":              {Shared{Postgres: "Postgres://x/y", Bus: "nats://x", Nodes: 3}, true},
		"nodes without a bus":      {Shared{Postgres: "Postgres://x/y", Nodes: 2}, false},
		"nodes without a database": {Shared{Bus: "nats://x", Nodes: 2}, false},
		"a bus without a database": {Shared{Bus: "nats://x", Nodes: 1}, false},
		"too many":                 {Shared{Postgres: "Postgres://x/y", Bus: "nats://x", Nodes: 9}, false},
	} {
		if err := c.shared.Check(); (err == nil) != c.good {
			t.Errorf("%s: check = %v", name, err)
		}
	}
}

// note is what requests come to, in order.
type note struct{ hosts []string }

func (n *note) RoundTrip(r *http.Request) (*http.Response, error) {
	n.hosts = append(n.hosts, r.URL.Host+" as "+r.Host)
	return nil, http.ErrUseLastResponse
}

// TestSpread: requests go to the nodes in turn, under the name that they were signed for.
func TestSpread(t *testing.T) {
	n := &note{}
	s := &spread{next: n, nodes: []string{"one", "two"}}
	for range 3 {
		r, err := http.NewRequest("GET", "http://one/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.RoundTrip(r); err != http.ErrUseLastResponse || r.URL.Host != "one" {
			t.Fatalf("RoundTrip = %v, and has left the request with %s", err, r.URL.Host)
		}
	}
	slices.Sort(n.hosts)
	if got := n.hosts; len(got) != 3 || got[0] != "one as one" || got[2] != "two as one" {
		t.Errorf("requests came to %q", got)
	}
}
