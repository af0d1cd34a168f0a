package auth

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPresignedIsBounded: a URL that is signed for others lasts seven days at most where it
// reads, an hour where it may change something, and not from a future on; it has a length.
func TestPresignedIsBounded(t *testing.T) {
	const day = 24 * time.Hour
	long := func(bytes int) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = "filler=" + strings.Repeat("x", bytes) }
	}
	unsigned := func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", unsignedPayload) }
	for _, c := range []struct {
		name, method, body string
		lasts, after       time.Duration // how long it is to last, and when it is used
		change             func(*http.Request)
		want               string // in the refusal; "" when it is accepted
	}{
		{"reads for a week", "GET", "", 7 * day, 7 * day, nil, ""},
		{"reads after a week", "GET", "", 7 * day, 7*day + time.Second, nil, "Signature expired"},
		{"reads for longer", "GET", "", 7*day + time.Second, 0, nil, "for a presigned GET it must be a number of seconds from 1 to 604800"},
		{"reads for no time", "GET", "", 0, 0, nil, "from 1 to 604800"},
		{"asks for headers for a week", "HEAD", "", 7 * day, day, nil, ""},
		{"changes for an hour", "PUT", "{}", time.Hour, time.Hour, nil, ""},
		{"changes after an hour", "PUT", "{}", time.Hour, time.Hour + time.Second, nil, "Signature expired"},
		{"changes for longer", "PUT", "{}", time.Hour + time.Second, 0, nil, "for a presigned PUT it must be a number of seconds from 1 to 3600"},
		{"posts for a day", "POST", "{}", day, 0, nil, "for a presigned POST"},
		{"deletes for a day", "DELETE", "", day, 0, nil, "for a presigned DELETE"},
		{"changes whatever body", "PUT", "{}", time.Minute, 0, unsigned, "the body of a presigned PUT must be signed"},
		{"reads without its body", "GET", "", time.Minute, 0, unsigned, ""},
		{"is ahead as clocks are", "GET", "", time.Minute, -MaxSkew, nil, ""},
		{"is from the future", "GET", "", 7 * day, -MaxSkew - time.Second, nil, "Signature not yet current"},
		{"changes from the future", "PUT", "{}", time.Hour, -time.Hour, nil, "Signature not yet current"},
		{"is long", "GET", "", time.Minute, 0, long(15 << 10), ""},
		{"is too long", "GET", "", time.Minute, 0, long(16 << 10), "longer than 16384 bytes"},
	} {
		r := request(c.method, "/contact/chat", c.body)
		r.RequestURI = ""
		if c.change != nil {
			c.change(r)
		}
		presign(t, r, []byte(c.body), c.lasts)
		_, err := newVerifier(testKey).Verify(r, []byte(c.body), noon.Add(c.after))
		if c.want == "" {
			if err != nil {
				t.Errorf("a URL that %s: %v", c.name, err)
			}
			continue
		}
		if e := refusal(t, err, InvalidSignature); !strings.Contains(e.Message, c.want) {
			t.Errorf("a URL that %s: %s; want %q", c.name, e.Message, c.want)
		}
	}
}
