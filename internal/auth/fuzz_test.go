package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fuzzRequest is a request whose parts come from a fuzzer, as a server that
// accepted its request line and headers would see it.
func fuzzRequest(method, target, host string, header map[string]string) *http.Request {
	path, query, _ := strings.Cut(target, "?")
	r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, RequestURI: target, Host: host, Header: http.Header{}}
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// refusedProperly fails unless err is a refusal with one of the package's
// exceptions, of reasonable length, that does not tell the secret.
func refusedProperly(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("Verify = %v; want a refusal", err)
	}
	switch e.Code {
	case InvalidSignature, UnrecognizedClient, MissingAuthenticationToken:
	default:
		t.Fatalf("refused with %s", e.Code)
	}
	if len(e.Message) > 1000 || strings.Contains(e.Message+e.Reason, testKey.Secret) {
		t.Fatalf("refused with the message %q", e.Message)
	}
}

// No header that somebody without the secret writes is accepted, and none harms.
func FuzzVerifyHeader(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Header["Authorization"], v.Header["X-Amz-Date"], v.Header["X-Amz-Content-SHA256"], strings.TrimPrefix(v.URL, "http://127.0.0.1:8080"))
	}
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;,Signature=", "20260314T150926Z", "", "//..//?&&=%")
	v := newVerifier(Key{ID: testKey.ID, Secret: testKey.Secret + "x"})
	f.Fuzz(func(t *testing.T, authorization, date, payload, target string) {
		r := fuzzRequest("PUT", target, "127.0.0.1", map[string]string{"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Content-Sha256": payload})
		_, err := v.Verify(r, []byte("{}"), noon)
		refusedProperly(t, err)
	})
}

// Nor is a query.
func FuzzVerifyPresigned(f *testing.F) {
	for _, v := range vectors(f) {
		_, query, _ := strings.Cut(v.URL, "?")
		f.Add(query, "")
	}
	f.Add("X-Amz-Algorithm=%&X-Amz-Expires=99999999999999999999&X-Amz-Signature", "x")
	v := newVerifier(Key{ID: testKey.ID, Secret: testKey.Secret + "x"})
	f.Fuzz(func(t *testing.T, query, token string) {
		r := fuzzRequest("GET", "/instance?"+query, "127.0.0.1", map[string]string{"X-Amz-Security-Token": token})
		_, err := v.Verify(r, nil, noon)
		refusedProperly(t, err)
	})
}

// Whatever path and query a client sends, Verify accepts what the SDK's signer
// makes of it, and what the specification does, in the header and in the query.
func FuzzVerifySigned(f *testing.F) {
	f.Add("/contact/chat", "a", "b", "{}", "v")
	f.Add("/tags/arn:aws:connect:us-east-1:1:instance/i", "tag Keys", "ü+&=/~*'()", "", " a  b ")
	f.Add("/a/%2F$@!;=", "X", "%", "\x00", "\t")
	const scope, stamp = "20260314/us-east-1/connect/aws4_request", "20260314T150926Z"
	f.Fuzz(func(t *testing.T, path, name, value, body, meta string) {
		path = "/" + strings.ReplaceAll(strings.Trim(path, "/."), "/.", "/")
		if cleanPath(path) != path || name == "" || strings.HasPrefix(name, "X-Amz-") || !isASCII(meta) {
			return
		}
		v := newVerifier(testKey)
		for how, sign := range map[string]func(r *http.Request){
			"the SDK": func(r *http.Request) {
				r.Header.Set("X-Meta", strings.Join(strings.Fields(meta), " ")) // it leaves tabs as they are
				sign(t, r, []byte(body))
			},
			"the SDK in the query": func(r *http.Request) {
				r.Header.Set("X-Meta", strings.Join(strings.Fields(meta), " "))
				presign(t, r, []byte(body), time.Minute)
			},
			"the specification": func(r *http.Request) {
				r.Header.Set("X-Amz-Date", stamp)
				r.Header.Set("Authorization", algorithm+" Credential="+testKey.ID+"/"+scope+", SignedHeaders=host;x-amz-date;x-meta, Signature="+
					signature(r, body, testKey.Secret, scope, stamp, "host", "x-amz-date", "x-meta"))
			},
		} {
			u := url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: path}
			// What a URL turns into on the wire is its own affair; %20 is what the SDKs write for a space.
			u.RawQuery = strings.ReplaceAll(url.Values{name: {value}}.Encode(), "+", "%20")
			r := &http.Request{Method: "POST", URL: &u, Header: http.Header{"X-Meta": {meta}}, Host: u.Host}
			sign(r)
			if _, err := v.Verify(r, []byte(body), noon); err != nil {
				e, _ := errors.AsType[*Error](err)
				t.Errorf("signed by %s: %v (%s)", how, err, e.Reason)
			}
		}
	})
}

// isASCII leaves out texts whose white space strings.Fields sees differently.
func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > '~' }) < 0
}
