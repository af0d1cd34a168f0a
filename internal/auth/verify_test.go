package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth/authtest"
)

// vector is one request of testdata/sigv4.json, which holds requests as the
// AWS SDK for Python (botocore 1.43) signed them with testKey at noon, in the
// header and in the query.
type vector struct {
	Name, Method, URL, Body, Region string
	Header                          map[string]string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/sigv4.json")
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(text, &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func (v vector) request() *http.Request {
	r := request(v.Method, v.URL, v.Body)
	for name, value := range v.Header {
		r.Header.Set(name, value)
	}
	return r
}

func TestVerifyPythonSDK(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			verifier := newVerifier(testKey)
			verifier.Region = v.Region
			id, err := verifier.Verify(v.request(), []byte(v.Body), noon.Add(time.Minute))
			if err != nil {
				e, _ := errors.AsType[*Error](err)
				t.Fatalf("Verify: %v (%s)", err, e.Reason)
			}
			if id.AccessKey != testKey.ID || id.Name != "ann" || !id.Verified || id.ARN != "arn:aws:iam::123456789012:user/ann" {
				t.Errorf("identity = %+v", id)
			}
		})
	}
}

// The first case of the test suite that AWS published for Signature Version 4.
func TestVerifyPublishedVector(t *testing.T) {
	v := newVerifier(Key{ID: "AKIDEXAMPLE", Secret: testKey.Secret, Policy: FullAccess()})
	v.Service = "service"
	r := request("GET", "https://example.amazonaws.com/", "", "X-Amz-Date", "20150830T123600Z", "Authorization",
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "+
			"Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
	if _, err := v.Verify(r, nil, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
}

// Each part of a signed request that somebody could change on the way.
func TestVerifyTampered(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *http.Request, body *[]byte)
		code   string
	}{
		{"method", func(r *http.Request, _ *[]byte) { r.Method = "GET" }, InvalidSignature},
		{"path", func(r *http.Request, _ *[]byte) { r.RequestURI = "/contact/stop?x=1&y=2" }, InvalidSignature},
		{"path encoding", func(r *http.Request, _ *[]byte) { r.RequestURI = "/contact%2Fchat?x=1&y=2" }, InvalidSignature},
		{"query value", func(r *http.Request, _ *[]byte) { r.RequestURI = "/contact/chat?x=1&y=3" }, InvalidSignature},
		{"query addition", func(r *http.Request, _ *[]byte) { r.RequestURI += "&z=1" }, InvalidSignature},
		{"query removal", func(r *http.Request, _ *[]byte) { r.RequestURI = "/contact/chat?x=1" }, InvalidSignature},
		{"signed header", func(r *http.Request, _ *[]byte) { r.Header.Set("Content-Type", "text/plain") }, InvalidSignature},
		{"second header value", func(r *http.Request, _ *[]byte) { r.Header.Add("Content-Type", "text/plain") }, InvalidSignature},
		{"removed header", func(r *http.Request, _ *[]byte) { r.Header.Del("Content-Type") }, InvalidSignature},
		{"host", func(r *http.Request, _ *[]byte) { r.Host = "evil.example.com" }, InvalidSignature},
		{"body", func(_ *http.Request, body *[]byte) { (*body)[0] ^= 1 }, InvalidSignature},
		{"no body", func(_ *http.Request, body *[]byte) { *body = nil }, InvalidSignature},
		{"time", func(r *http.Request, _ *[]byte) { r.Header.Set("X-Amz-Date", "20260314T150927Z") }, InvalidSignature},
		{"declared unsigned", func(r *http.Request, _ *[]byte) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, InvalidSignature},
		{"session token", func(r *http.Request, _ *[]byte) { r.Header.Set("X-Amz-Security-Token", "t") }, UnrecognizedClient},
		{"second signature", func(r *http.Request, _ *[]byte) { r.Header.Add("Authorization", "x") }, InvalidSignature},
		{"other key", edit(testKey.ID, "AKIAIOSFODNN7EXAMPLF"), UnrecognizedClient},
		{"no key", edit(testKey.ID, ""), UnrecognizedClient},
		{"odd key", edit(testKey.ID, "a b"), UnrecognizedClient},
		{"fewer headers", edit("content-type;host;", "host;"), InvalidSignature},
		{"unsigned host", edit("host;", ""), InvalidSignature},
		{"signature", edit("Signature=", "Signature=00"), InvalidSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(`{"InstanceId":"i"}`)
			r := request("PUT", "http://127.0.0.1:8080/contact/chat?x=1&y=2", "", "Content-Type", "application/json")
			sign(t, r, body)
			v := newVerifier(testKey)
			if _, err := v.Verify(r, body, noon); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			tt.change(r, &body)
			_, err := v.Verify(r, body, noon)
			if e := refusal(t, err, tt.code); strings.Contains(e.Message+e.Reason, testKey.Secret) {
				t.Errorf("the refusal gives the secret away")
			}
		})
	}
}

// edit replaces a part of the Authorization header.
func edit(from, to string) func(*http.Request, *[]byte) {
	return func(r *http.Request, _ *[]byte) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}

func TestVerifyScope(t *testing.T) {
	signed := func(region, service string) *http.Request {
		r := request("GET", "/instance", "")
		signWith(t, r, nil, authtest.Signer{ID: testKey.ID, Secret: testKey.Secret, Region: region, Service: service})
		return r
	}
	otherDay := signed("us-east-1", "connect")
	otherDay.Header.Set("X-Amz-Date", "20260315T000000Z")
	tests := []struct {
		name string
		r    *http.Request
		says string
	}{
		{"region", signed("eu-west-1", "connect"), "'us-east-1'"},
		{"service", signed("us-east-1", "execute-api"), "'connect'"},
		{"day", otherDay, "'20260315'"},
	}
	for _, tt := range tests {
		_, err := newVerifier(testKey).Verify(tt.r, nil, noon)
		if e := refusal(t, err, InvalidSignature); !strings.Contains(e.Message, tt.says) {
			t.Errorf("%s: message %q does not say %s", tt.name, e.Message, tt.says)
		}
	}
}

func TestVerifyTime(t *testing.T) {
	header := func() *http.Request {
		r := request("GET", "/instance", "")
		sign(t, r, nil)
		return r
	}
	presigned := func() *http.Request {
		r := request("GET", "/instance", "")
		r.RequestURI = ""
		presign(t, r, nil, time.Hour)
		return r
	}
	tests := []struct {
		name string
		r    *http.Request
		late time.Duration // from signing to verifying
		code string        // "" for accepted
	}{
		{"just in time", header(), 5 * time.Minute, ""},
		{"too late", header(), 5*time.Minute + time.Second, InvalidSignature},
		{"client's clock ahead", header(), -5 * time.Minute, ""},
		{"client's clock too far ahead", header(), -5*time.Minute - time.Second, InvalidSignature},
		{"presigned, used in time", presigned(), time.Hour, ""},
		{"presigned, used too late", presigned(), time.Hour + time.Second, InvalidSignature},
		{"presigned ahead", presigned(), -5 * time.Minute, ""},
		{"presigned too far ahead", presigned(), -6 * time.Minute, InvalidSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newVerifier(testKey).Verify(tt.r, nil, noon.Add(tt.late))
			if tt.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			// SDKs set their clock right after this code, and after no ExpiredTokenException.
			if e := refusal(t, err, tt.code); !strings.Contains(e.Message, "20260314T150926Z") {
				t.Errorf("message %q does not name the time of signing", e.Message)
			}
		})
	}
}

func TestVerifyMalformed(t *testing.T) {
	good := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260314/us-east-1/connect/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)
	tests := []struct{ name, authorization, code string }{
		{"nothing", "", MissingAuthenticationToken},
		{"basic", "Basic Zm9vOmJhcg==", MissingAuthenticationToken},
		{"bearer", "Bearer x", MissingAuthenticationToken},
		{"version 4a", "AWS4-ECDSA-P256-SHA256 Credential=x", InvalidSignature},
		{"scheme alone", "AWS4-HMAC-SHA256", InvalidSignature},
		{"no signature", good[:strings.LastIndex(good, ",")], InvalidSignature},
		{"repeated part", good + ", Signature=" + strings.Repeat("0", 64), InvalidSignature},
		{"unknown part", good + ", Colour=red", InvalidSignature},
		{"short signature", good[:len(good)-1], InvalidSignature},
		{"no hexadecimal", good[:len(good)-1] + "g", InvalidSignature},
		{"no scope", strings.Replace(good, "/20260314/us-east-1/connect/aws4_request", "", 1), InvalidSignature},
		{"long scope", strings.Replace(good, "/20260314/", "/x/20260314/", 1), InvalidSignature},
		{"other end of scope", strings.Replace(good, "aws4_request", "aws5_request", 1), InvalidSignature},
		{"unsorted headers", strings.Replace(good, "host;x-amz-date", "x-amz-date;host", 1), InvalidSignature},
		{"upper case header", strings.Replace(good, "host;", "Host;", 1), InvalidSignature},
		{"empty header name", strings.Replace(good, "host;", "host;;", 1), InvalidSignature},
		{"absent header", strings.Replace(good, "x-amz-date", "x-none", 1), InvalidSignature},
		{"many headers", strings.Replace(good, "x-amz-date", manyHeaders(), 1), InvalidSignature},
		{"very long", good + strings.Repeat(" ", maxAuthorization), InvalidSignature},
		{"wrong signature", good, InvalidSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/instance", "", "X-Amz-Date", "20260314T150926Z")
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			_, err := newVerifier(testKey).Verify(r, nil, noon)
			refusal(t, err, tt.code)
		})
	}
	for _, stamp := range []string{"", "now", "2026-03-14T15:09:26Z", "20261314T150926Z"} {
		r := request("GET", "/instance", "", "X-Amz-Date", stamp, "Authorization", good)
		_, err := newVerifier(testKey).Verify(r, nil, noon)
		refusal(t, err, InvalidSignature)
	}
}

func manyHeaders() string {
	var b strings.Builder
	for i := range maxSignedHeaders {
		fmt.Fprintf(&b, "x-%03d;", i)
	}
	return b.String() + "x-y"
}

func TestVerifyPresignedTampered(t *testing.T) {
	r := request("GET", "/instance?maxResults=10", "")
	r.RequestURI = ""
	presign(t, r, nil, time.Hour)
	signed := r.URL.RawQuery
	tests := []struct{ name, from, to, code string }{
		{"untouched", "", "", ""},
		{"longer life", "X-Amz-Expires=3600", "X-Amz-Expires=7200", InvalidSignature},
		{"endless life", "X-Amz-Expires=3600", "X-Amz-Expires=604801", InvalidSignature},
		{"no life", "&X-Amz-Expires=3600", "", InvalidSignature},
		{"negative life", "X-Amz-Expires=3600", "X-Amz-Expires=-1", InvalidSignature},
		{"other parameter", "maxResults=10", "maxResults=11", InvalidSignature},
		{"no signature", "X-Amz-Signature=", "X-Amz-Signatur=", InvalidSignature},
		{"no algorithm", "X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", InvalidSignature},
		{"other algorithm", "HMAC-SHA256", "HMAC-MD5", InvalidSignature},
		{"other key", testKey.ID, "AKIAIOSFODNN7EXAMPLF", UnrecognizedClient},
		{"session token", "maxResults=10", "X-Amz-Security-Token=t", UnrecognizedClient},
		{"repeated expiry", "maxResults=10", "X-Amz-Expires=3600", InvalidSignature},
		{"not presigned", "X-Amz-", "X-Other-", MissingAuthenticationToken},
		{"very long", "maxResults=10", strings.Repeat("a", 5*maxAuthorization), InvalidSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/instance?"+strings.ReplaceAll(signed, tt.from, tt.to), "")
			if tt.from == "" {
				r = request("GET", "/instance?"+signed, "")
			}
			_, err := newVerifier(testKey).Verify(r, nil, noon)
			if tt.code != "" {
				refusal(t, err, tt.code)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
	twice := request("GET", "/instance?"+signed, "", "Authorization", "AWS4-HMAC-SHA256 x")
	_, err := newVerifier(testKey).Verify(twice, nil, noon)
	refusal(t, err, InvalidSignature)
}

func TestVerifyPayload(t *testing.T) {
	empty := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	tests := []struct {
		name, declared, body string
		ok                   bool
	}{
		{"unsigned", "UNSIGNED-PAYLOAD", "anything", true},
		{"hash of nothing", empty, "", true},
		{"hash of another body", empty, "x", false},
		{"streamed", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x", false},
		{"nonsense", "nonsense", "x", false},
	}
	for _, tt := range tests {
		r := request("POST", "/contact/stop", tt.body, "X-Amz-Content-Sha256", tt.declared)
		sign(t, r, []byte(tt.body))
		_, err := newVerifier(testKey).Verify(r, []byte(tt.body), noon)
		if tt.ok && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !tt.ok {
			refusal(t, err, InvalidSignature)
		}
	}
}

// TestVerifyHeader refuses before the body what can be, and says whether a request is proven:
// the AWS SDKs for JavaScript declare the hash of the body, those for Go and Python do not.
func TestVerifyHeader(t *testing.T) {
	const body = "{}"
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	good := authtest.Signer{ID: testKey.ID, Secret: testKey.Secret}
	wrong, nobody, elsewhere := good, good, good
	wrong.Secret, nobody.ID, elsewhere.Region = "wrong", "AKIANOBODY0000000000", "eu-west-1"
	for _, c := range []struct {
		name     string
		signer   authtest.Signer
		declared string
		late     time.Duration
		header   string // the exception before the body, "" for none
		proven   bool
		body     string // what comes
		then     string // the exception after it
	}{
		{"the hash is declared", good, hash, 0, "", true, body, ""},
		{"the body is another", good, hash, 0, "", true, "[]", InvalidSignature},
		{"the body is left unsigned", good, "UNSIGNED-PAYLOAD", 0, "", true, "anything", ""},
		{"nothing is declared", good, "", 0, "", false, body, ""},
		{"nothing is declared, another body", good, "", 0, "", false, "[]", InvalidSignature},
		{"a wrong secret, declared", wrong, hash, 0, InvalidSignature, false, "", ""},
		{"a wrong secret, unsigned", wrong, "UNSIGNED-PAYLOAD", 0, InvalidSignature, false, "", ""},
		{"a wrong secret, not declared", wrong, "", 0, "", false, body, InvalidSignature},
		{"no such key", nobody, "", 0, UnrecognizedClient, false, "", ""},
		{"another region", elsewhere, "", 0, InvalidSignature, false, "", ""},
		{"too late", good, "", time.Hour, InvalidSignature, false, "", ""},
		{"a streamed body", good, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 0, InvalidSignature, false, "", ""},
		{"no hash", good, "nonsense", 0, InvalidSignature, false, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("POST", "/contact/stop", body)
			if c.declared != "" {
				r.Header.Set("X-Amz-Content-Sha256", c.declared)
			}
			signWith(t, r, []byte(body), c.signer)
			s, err := newVerifier(testKey).VerifyHeader(r, noon.Add(c.late))
			if c.header != "" {
				refusal(t, err, c.header)
				return
			}
			if err != nil || s.Proven != c.proven {
				t.Fatalf("VerifyHeader = %+v, %v; want proven %v", s, err, c.proven)
			}
			id, err := s.VerifyBody([]byte(c.body))
			if c.then != "" {
				refusal(t, err, c.then)
			} else if err != nil || id.AccessKey != testKey.ID || !id.Verified {
				t.Errorf("VerifyBody = %+v, %v", id, err)
			}
		})
	}
}

// The AWS SDK for Go signs a path as it is, the others clean it first.
func TestVerifyUncleanPath(t *testing.T) {
	scope, stamp := "20260314/us-east-1/connect/aws4_request", "20260314T150926Z"
	for _, signedPath := range []string{"/a//b/../c", "/a/c"} {
		as := request("GET", signedPath, "", "X-Amz-Date", stamp)
		sig := signature(as, "", testKey.Secret, scope, stamp, "host", "x-amz-date")
		r := request("GET", "/a//b/../c", "", "X-Amz-Date", stamp, "Authorization",
			"AWS4-HMAC-SHA256 Credential="+testKey.ID+"/"+scope+", SignedHeaders=host;x-amz-date, Signature="+sig)
		if _, err := newVerifier(testKey).Verify(r, nil, noon); err != nil {
			t.Errorf("signed as %s: %v", signedPath, err)
		}
	}
}

func TestVerifyKeySources(t *testing.T) {
	signed := func() *http.Request {
		r := request("GET", "/instance", "")
		sign(t, r, nil)
		return r
	}
	disabled := testKey
	disabled.Disabled = true
	_, err := newVerifier(disabled).Verify(signed(), nil, noon)
	refusal(t, err, UnrecognizedClient)
	_, err = (&Verifier{}).Verify(signed(), nil, noon)
	refusal(t, err, UnrecognizedClient)

	broken := newMemory()
	broken.err = errors.New("disk on fire")
	_, err = (&Verifier{Keys: &Keys{Store: broken}}).Verify(signed(), nil, noon)
	if _, refused := errors.AsType[*Error](err); refused || !errors.Is(err, broken.err) {
		t.Errorf("with a broken store Verify = %v; want its error, not a refusal", err)
	}
}

// A key that gets a new secret under its old id is checked against the new one.
func TestVerifyChangedSecret(t *testing.T) {
	keys := &Keys{Store: newMemory(testKey)}
	v := &Verifier{Keys: keys}
	r := request("GET", "/instance", "")
	sign(t, r, nil)
	if _, err := v.Verify(r, nil, noon); err != nil {
		t.Fatal(err)
	}
	changed := testKey
	changed.Secret = strings.Repeat("n", 40)
	if err := keys.Put(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(r, nil, noon)
	refusal(t, err, InvalidSignature)
	signWith(t, r, nil, authtest.Signer{ID: changed.ID, Secret: changed.Secret})
	if _, err := v.Verify(r, nil, noon); err != nil {
		t.Errorf("with the new secret: %v", err)
	}
}

func TestVerifyAcceptAny(t *testing.T) {
	v := &Verifier{AcceptAny: true}
	presigned := request("GET", "/instance", "")
	presigned.RequestURI = ""
	stranger := authtest.Signer{ID: "test", Secret: "test", Region: "mars", Service: "other"}
	if err := stranger.Presign(presigned, nil, noon, time.Hour); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		r    *http.Request
		key  string
	}{
		{"unsigned", request("GET", "/instance", ""), ""},
		{"dummy", request("GET", "/instance", "", "Authorization", "AWS4-HMAC-SHA256 Credential=test/20010101/mars/x/aws4_request, SignedHeaders=host, Signature=00"), "test"},
		{"empty keys", request("GET", "/instance", "", "Authorization", "AWS4-HMAC-SHA256 Credential=/20260101/us-west-2/execute-api/aws4_request"), ""},
		{"nonsense", request("GET", "/instance", "", "Authorization", "Credential=<b>/"), ""},
		{"presigned", presigned, "test"},
	}
	for _, tt := range tests {
		id, err := v.Verify(tt.r, nil, noon)
		if err != nil || id.AccessKey != tt.key || id.Verified {
			t.Errorf("%s: Verify = %+v, %v; want access key %q, unverified", tt.name, id, err, tt.key)
		}
		if err := id.Authorize(Call{Operation: "DeleteInstance", Input: &connect.DeleteInstanceRequest{}}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A development server holds a key that exists to its policy, and does not guess when it cannot find out.
func TestAcceptAnyKnowsKeys(t *testing.T) {
	limited := testKey
	limited.Policy = readOnly()
	store := newMemory(limited)
	v := &Verifier{AcceptAny: true, Keys: &Keys{Store: store}}
	ask := func(key string) (Identity, error) {
		return v.Verify(request("GET", "/instance", "", "Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20010101/mars/x/aws4_request"), nil, noon)
	}
	call := Call{Operation: "DeleteInstance", Input: &connect.DeleteInstanceRequest{}}
	id, err := ask(limited.ID)
	if err != nil || id.Name != limited.Name || id.Verified {
		t.Errorf("a key that exists: %+v, %v", id, err)
	}
	refusal(t, id.Authorize(call), AccessDenied)
	if id, err := ask("AKIANOBODY0000000000"); err != nil || id.Authorize(call) != nil {
		t.Errorf("a key that does not exist: %+v, %v", id, err)
	}
	store.err = errors.New("the store is down")
	if id, err := ask("AKIASOMEBODY00000000"); !errors.Is(err, store.err) {
		t.Errorf("while the store is down: %+v, %v", id, err)
	}
}

// What an SDK signs arrives: over a real connection, with the headers that the
// transport adds and a Content-Length that the client chose to sign.
func TestVerifyOverTheWire(t *testing.T) {
	v := newVerifier(testKey)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			_, err = v.Verify(r, body, noon)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	}))
	defer srv.Close()
	scope, stamp := "20260314/us-east-1/connect/aws4_request", "20260314T150926Z"
	signedLength := func(r *http.Request, body string) {
		r.Header.Set("X-Amz-Date", stamp)
		r.Header.Set("Content-Length", fmt.Sprint(len(body)))
		sig := signature(r, body, testKey.Secret, scope, stamp, "content-length", "host", "x-amz-date")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+testKey.ID+"/"+scope+", SignedHeaders=content-length;host;x-amz-date, Signature="+sig)
	}
	sdk := func(r *http.Request, body string) { sign(t, r, []byte(body)) }
	inQuery := func(r *http.Request, body string) { presign(t, r, []byte(body), time.Minute) }
	tests := []struct {
		name, method, path, body string
		sign                     func(*http.Request, string)
	}{
		{"PUT", "PUT", "/contact/chat", `{"a":"ü"}`, sdk},
		{"escaped ARN", "DELETE", "/tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A123456789012%3Ainstance%2Fi?tagKeys=b&tagKeys=a%20b%2Bc", "", sdk},
		{"space as plus", "GET", "/instance?nextToken=a+b", "", sdk},
		{"presigned", "GET", "/instance?maxResults=3", "", inQuery},
		{"presigned with a body", "POST", "/contact/stop", `{}`, inQuery},
		{"signed length", "POST", "/contact/stop", `{"x":1}`, signedLength},
		{"plain", "GET", "/", "", sdk},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			tt.sign(r, tt.body)
			res, err := srv.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", res.Status, answer)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	body := []byte(`{"InstanceId":"` + strings.Repeat("i", 270) + `"}`)
	r := request("PUT", "http://127.0.0.1:8080/contact/chat", "", "Content-Type", "application/json", "Amz-Sdk-Invocation-Id", "00000000-0000-0000-0000-000000000000")
	sign(b, r, body)
	v := newVerifier(testKey)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(r, body, noon); err != nil {
			b.Fatal(err)
		}
	}
}
