package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"parley.example/parley/internal/auth"
)

// TestSignature holds signatures to those of aws-sdk-go-v2 and to what the server verifies.
func TestSignature(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for name, c := range map[string]struct {
		method, url, body, token string
		header                   http.Header
	}{
		"plain":           {method: "PUT", url: "http://127.0.0.1:8790/contact/chat", body: `{"a":1}`, header: http.Header{"Content-Type": {"application/json"}}},
		"session token":   {method: "PUT", url: "https://connect.eu-central-1.amazonaws.com/contact/chat", body: `{}`, token: "to+ken/="},
		"no body":         {method: "GET", url: "https://h.test/users/a%2Fb%20c%C3%BC/x"},
		"query":           {method: "GET", url: "https://h.test/x?b=2&a=1&tag-keys=z&tag=y&tag=x%20y&a-b=%2B&empty="},
		"odd headers":     {method: "POST", url: "https://h.test/", header: http.Header{"X-Amz-Bearer": {"  two   words "}, "X-Zoo": {"a", "b"}, "User-Agent": {"not signed"}}},
		"escaped percent": {method: "DELETE", url: "https://h.test/a%25b/%E2%82%AC~_-."},
		"path in front":   {method: "GET", url: "https://h.test/base/v1/contact/chat"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Signer{Region: "eu-central-1", Service: "connect"}
			cred := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: c.token}
			for range 2 { // the second time with the key kept
				ours, theirs := request(t, c.method, c.url, c.body, c.header), request(t, c.method, c.url, c.body, c.header)
				s.Sign(ours, []byte(c.body), cred, at)
				sum := sha256.Sum256([]byte(c.body))
				theirs.ContentLength, theirs.Body = 0, nil // or Content-Length would be signed
				if err := v4.NewSigner().SignHTTP(t.Context(), cred, theirs, hex.EncodeToString(sum[:]), "connect", "eu-central-1", at); err != nil {
					t.Fatal(err)
				}
				for _, h := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
					if got, want := ours.Header.Get(h), theirs.Header.Get(h); got != want {
						t.Errorf("%s\n got %s\nwant %s", h, got, want)
					}
				}
			}
			if c.token != "" {
				return // the server has no such credentials
			}
			ours := request(t, c.method, c.url, c.body, c.header)
			s.Sign(ours, []byte(c.body), cred, at)
			v := &auth.Verifier{Keys: nil, Region: "eu-central-1", Account: "123456789012", AcceptAny: true}
			if _, err := v.Verify(ours, []byte(c.body), at); err != nil {
				t.Errorf("the server refuses it: %v", err)
			}
		})
	}
}

func request(t *testing.T, method, target, body string, header http.Header) *http.Request {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: u, Host: u.Host, Header: header.Clone(), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return r.WithContext(t.Context())
}

// TestSigningKeyChanges goes on to another day, secret and back: the kept key must not outlive them.
func TestSigningKeyChanges(t *testing.T) {
	s := &Signer{Region: "r", Service: "s"}
	seen := map[string]string{}
	for range 2 {
		for _, secret := range []string{"one", "two"} {
			for _, day := range []string{"20260101", "20260102"} {
				key := hex.EncodeToString(bytes.Clone(s.derive(secret, day)))
				if old, ok := seen[secret+day]; ok && old != key {
					t.Errorf("another key for %s on %s", secret, day)
				}
				seen[secret+day] = key
			}
		}
	}
	keys := map[string]bool{}
	for _, key := range seen {
		keys[key] = true
	}
	if len(keys) != 4 {
		t.Errorf("%d keys; want 4", len(keys))
	}
}
