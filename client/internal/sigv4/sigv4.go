// Package sigv4 signs requests with AWS Signature Version 4. A [Signer] may be used by many goroutines at once.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Signer signs requests with AWS Signature Version 4, in the form all services but S3 take. The
// signer of aws-sdk-go-v2 gives the same signatures, which the tests hold this one to, at four times
// the price of everything else a call adds.
type Signer struct {
	Region, Service string

	key atomic.Pointer[signingKey] // the last one derived: they change once a day
}

// signingKey is what a secret becomes for a day, region and service.
type signingKey struct {
	secret, day string
	key         []byte
}

const signTime = "20060102T150405Z"

// Sign sets X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization. It covers the
// host and all headers set by then, User-Agent excepted, which proxies change.
func (s *Signer) Sign(r *http.Request, body []byte, cred aws.Credentials, now time.Time) {
	values := make([]string, 3) // the values of the three headers, side by side
	set := func(i int, name, value string) {
		values[i] = value
		r.Header[name] = values[i : i+1 : i+1]
	}
	stamp := now.UTC().Format(signTime)
	set(0, "X-Amz-Date", stamp)
	if cred.SessionToken != "" {
		set(1, "X-Amz-Security-Token", cred.SessionToken)
	}
	var room [1024]byte
	var names [16]string
	headers := append(names[:0], "host")
	for name := range r.Header {
		if name != "User-Agent" && name != "Authorization" {
			headers = append(headers, lower(name))
		}
	}
	slices.Sort(headers)

	b := append(room[:0], r.Method...)
	b = appendCanonicalPath(append(b, '\n'), r.URL.EscapedPath())
	b = append(append(append(b, '\n'), canonicalQuery(r.URL.RawQuery)...), '\n')
	for _, name := range headers {
		b = append(append(b, name...), ':')
		if name == "host" {
			b = append(b, r.Host...)
		} else {
			b = append(b, squeeze(strings.Join(r.Header[http.CanonicalHeaderKey(name)], ","))...)
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	start := len(b)
	b = appendJoined(b, headers)
	signed := len(b)
	b = appendHash(append(b, '\n'), body)
	request := sha256.Sum256(b)

	day := stamp[:8]
	scope := day + "/" + s.Region + "/" + s.Service + "/aws4_request"
	var more [512]byte
	t := append(append(append(append(more[:0], "AWS4-HMAC-SHA256\n"...), stamp...), '\n'), scope...)
	t = hex.AppendEncode(append(t, '\n'), request[:])
	mac := hmac.New(sha256.New, s.derive(cred.SecretAccessKey, day))
	mac.Write(t)
	var sum [sha256.Size]byte

	a := append(more[:0], "AWS4-HMAC-SHA256 Credential="...)
	a = append(append(append(append(a, cred.AccessKeyID...), '/'), scope...), ", SignedHeaders="...)
	a = append(append(a, b[start:signed]...), ", Signature="...)
	set(2, "Authorization", string(hex.AppendEncode(a, mac.Sum(sum[:0]))))
}

// derive makes the signing key of a day.
func (s *Signer) derive(secret, day string) []byte {
	if k := s.key.Load(); k != nil && k.day == day && k.secret == secret {
		return k.key
	}
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, s.Region, s.Service, "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	s.key.Store(&signingKey{secret, day, key})
	return key
}

// lowerNames are the headers of most requests in lower case, so that they need not be made.
var lowerNames = map[string]string{
	"Content-Type": "content-type", "X-Amz-Date": "x-amz-date", "X-Amz-Security-Token": "x-amz-security-token",
}

func lower(name string) string {
	if l, ok := lowerNames[name]; ok {
		return l
	}
	return strings.ToLower(name)
}

// squeeze trims a header's value and leaves one space of each run.
func squeeze(v string) string {
	if !strings.Contains(v, "  ") && strings.TrimSpace(v) == v {
		return v
	}
	return strings.Join(strings.Fields(v), " ")
}

func appendJoined(b []byte, names []string) []byte {
	for i, n := range names {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, n...)
	}
	return b
}

func appendHash(b, data []byte) []byte {
	sum := sha256.Sum256(data)
	return hex.AppendEncode(b, sum[:])
}

// appendCanonicalPath encodes an encoded path once more, as signatures want it.
func appendCanonicalPath(b []byte, path string) []byte {
	const upper = "0123456789ABCDEF"
	if path == "" {
		return append(b, '/')
	}
	for i := range len(path) {
		c := path[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("/-._~", c) >= 0:
			b = append(b, c)
		default:
			b = append(b, '%', upper[c>>4], upper[c&15])
		}
	}
	return b
}

// canonicalQuery sorts an encoded query by name, then value.
func canonicalQuery(query string) string {
	if !strings.Contains(query, "&") {
		return query
	}
	pairs := strings.Split(query, "&")
	slices.SortFunc(pairs, func(x, y string) int {
		xName, xValue, _ := strings.Cut(x, "=")
		yName, yValue, _ := strings.Cut(y, "=")
		if c := strings.Compare(xName, yName); c != 0 {
			return c
		}
		return strings.Compare(xValue, yValue)
	})
	return strings.Join(pairs, "&")
}
