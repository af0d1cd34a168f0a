package edge

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley.example/parley/api/restjson"
)

// TestBudgetIsFair leaves others as much as anybody holds.
func TestBudgetIsFair(t *testing.T) {
	b := &budget{size: 120}
	for i, c := range []struct {
		holder string
		n      int64
		ok     bool
	}{
		{"greedy", 60, true}, // half is left
		{"greedy", 1, false},
		{"second", 40, false}, // more than would be left
		{"second", 30, true},
		{"third", 15, true},
		{"fourth", 8, false},
		{"fourth", 7, true},
		{"greedy", 1, false},
	} {
		if ok := b.claim(c.holder, c.n, c.n); ok != c.ok {
			t.Errorf("claim %d, of %d for %s = %v with %v held", i, c.n, c.holder, ok, b.by)
		}
	}
	if b.claim("fifth", 1, 5) || !b.claim("fifth", 1, 4) {
		t.Errorf("a claim is to be granted if all that is needed can be had; held are %v", b.by)
	}
	b.release("fifth", 1)
	for holder, n := range map[string]int64{"greedy": 60, "second": 30, "third": 15, "fourth": 7} {
		b.release(holder, n)
	}
	if b.taken() != 0 || len(b.by) != 0 {
		t.Errorf("%d bytes are held by %v after everything was released", b.taken(), b.by)
	}
	for i := range 50 { // whoever comes last gets as much as anybody has then
		name := fmt.Sprint(i)
		for b.claim(name, 1, 1) {
		}
		if i < 6 && b.by[name] == 0 {
			t.Errorf("holder %d gets nothing; held are %v", i, b.by)
		}
	}
}

func TestBoundsFollowTheMemoryLimit(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ limit, all, unknown int64 }{
		{0, 32 * mib, 8 * mib},
		{8 << 30, 32 * mib, 8 * mib},
		{512 * mib, 32 * mib, 8 * mib},
		{256 * mib, 16 * mib, 8 * mib},
		{64 * mib, 8 * mib, 8 * mib},
	} {
		b := NewBodies(c.limit)
		if b.all.size != c.all || b.unknown.size != c.unknown {
			t.Errorf("with a limit of %d bytes, bodies get %d and unknown ones %d; want %d and %d", c.limit, b.all.size, b.unknown.size, c.all, c.unknown)
		}
		if half := b.unknown.size / 2; half < 4*mib {
			t.Errorf("with a limit of %d bytes the largest flow cannot be published: one caller may have %d", c.limit, half)
		}
	}
}

// TestBodyClaims claims what has come of a body, and gives it back.
func TestBodyClaims(t *testing.T) {
	op := &restjson.Operation{Name: "SendMessage", Errors: []string{"ThrottlingException"}}
	const most = 1 << 20
	for _, c := range []struct {
		name         string
		size         int
		known        string
		all, unknown int64 // the bounds
		held         int64 // in the end
		read         int   // what comes through
	}{
		{"a message needs no claim", 4<<10 - 1, "", 0, 0, 0, 4<<10 - 1},
		{"a body of a known caller", 100_000, "chat", 1 << 20, 0, 100_000 - 4<<10, 100_000},
		{"a body of an unknown one", 100_000, "", 1 << 20, 1 << 20, 100_000 - 4<<10, 100_000},
		{"no memory for unknown ones", 100_000, "", 1 << 20, 8 << 10, 0, 4 << 10},
		{"no memory at all", 100_000, "chat", 24 << 10, 1 << 20, 0, 4 << 10},
		{"more than there may be", 2 << 20, "chat", 4 << 20, 0, most - 4<<10, 2 << 20},
	} {
		for _, chunked := range []bool{false, true} {
			bodies := &Bodies{all: budget{size: c.all}, unknown: budget{size: c.unknown}}
			e := &Edge{Bodies: bodies}
			var read int
			var err error
			h := e.Handler([]Mount{{Pattern: "/", Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				e.guard(op, r, c.known, most)
				var text []byte
				text, err = io.ReadAll(r.Body)
				read = len(text)
				slack := int64(0)
				if chunked { // it cannot be known how much will come
					slack = most
				}
				if held := bodies.Held(); held < c.held || held > c.held+slack {
					t.Errorf("%s: %d bytes are claimed; want %d", c.name, held, c.held)
				}
				if c.known == "" && bodies.unknown.taken() != bodies.Held() {
					t.Errorf("%s: %d bytes are claimed as those of unknown callers", c.name, bodies.unknown.taken())
				}
				requestOf(r.Context()).body.proven()
				if bodies.unknown.taken() != 0 {
					t.Errorf("%s: %d bytes are claimed as those of unknown callers, who are known now", c.name, bodies.unknown.taken())
				}
			})}})
			r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", c.size)))
			if chunked {
				r.ContentLength = -1
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if read != c.read && !(chunked && err != nil && read > c.read) || (err == nil) != (read == c.size) {
				t.Errorf("%s: %d bytes come through, then %v; want %d", c.name, read, err, c.read)
			}
			if err != nil {
				coded, ok := err.(restjson.Coded)
				later, knows := err.(Later)
				if !ok || coded.ErrorCode() != "ThrottlingException" || coded.HTTPStatus() != 429 || !knows || later.RetryAfter() <= 0 || bodies.Refused() != 1 {
					t.Errorf("%s: refused with %v, counted %d times", c.name, err, bodies.Refused())
				}
			}
			if bodies.Held() != 0 {
				t.Errorf("%s: %d bytes are claimed after the answer", c.name, bodies.Held())
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:80":            "192.0.2.1",
		"[::ffff:192.0.2.1]:80":   "192.0.2.1",
		"[2001:db8::1]:80":        "2001:db8::/64",
		"[2001:db8:0:0:9::1]:443": "2001:db8::/64",
		"[fe80::1%eth0]:80":       "fe80::/64",
		"pipe":                    "pipe",
	} {
		if got := Network(&http.Request{RemoteAddr: from}); got != want {
			t.Errorf("%s is of the address %s; want %s", from, got, want)
		}
	}
}
