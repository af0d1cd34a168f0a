package client_test

import (
	"testing"
	"time"

	"parley.example/parley/client"
)

func TestVerifyWebhook(t *testing.T) {
	// Computed with: printf '1767594894.{"a":1}' | openssl dgst -sha256 -hmac secret
	const mac = "75155c8d3b8b2f0a7bfd6f299135819f561368665c1683055da3c746f53e4728"
	now := time.Unix(1767594894, 0)
	good := "t=1767594894,v1=" + mac
	for _, c := range []struct {
		name, header, body string
		secret             string
		now                time.Time
		ok                 bool
	}{
		{"genuine", good, `{"a":1}`, "secret", now, true},
		{"with others", "v0=x, v1=00, " + good, `{"a":1}`, "secret", now, true},
		{"late", good, `{"a":1}`, "secret", now.Add(5 * time.Minute), true},
		{"too late", good, `{"a":1}`, "secret", now.Add(5*time.Minute + time.Second), false},
		{"too early", good, `{"a":1}`, "secret", now.Add(-5*time.Minute - time.Second), false},
		{"other body", good, `{"a":2}`, "secret", now, false},
		{"other secret", good, `{"a":1}`, "Secret", now, false},
		{"other time", "t=1767594895,v1=" + mac, `{"a":1}`, "secret", now, false},
		{"no time", "v1=" + mac, `{"a":1}`, "secret", now, false},
		{"no signature", "t=1767594894", `{"a":1}`, "secret", now, false},
		{"broken", "t=1767594894,v1=zz", `{"a":1}`, "secret", now, false},
		{"short", "t=1767594894,v1=" + mac[:32], `{"a":1}`, "secret", now, false},
		{"two times", good + ",t=1767594895", `{"a":1}`, "secret", now, false},
		{"empty", "", `{"a":1}`, "secret", now, false},
	} {
		if err := client.VerifyWebhook([]byte(c.secret), c.header, []byte(c.body), c.now); (err == nil) != c.ok {
			t.Errorf("%s: VerifyWebhook = %v; want ok %v", c.name, err, c.ok)
		}
	}
}
