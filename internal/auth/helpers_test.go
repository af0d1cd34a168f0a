package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/auth/authtest"
	"parley.example/parley/internal/center"
)

var (
	noon    = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	testKey = Key{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Name: "ann", Policy: FullAccess(), Created: noon}
)

// readOnly is the policy that allows the operations of connect which only look.
func readOnly() Policy {
	return policy(`{"Effect":"Allow","Action":["connect:Describe*","connect:Get*","connect:List*","connect:Search*"],"Resource":"*"}`)
}

// policy makes a policy of one or more statements.
func policy(statements string) Policy {
	p, err := ParsePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`))
	if err != nil {
		panic(err)
	}
	return p
}

// memory is a [KeyStore] in memory that counts its reads.
type memory struct {
	mu    sync.Mutex
	keys  map[string]Key
	uses  map[string]Use
	reads int
	err   error // what Get fails with
}

func newMemory(keys ...Key) *memory {
	m := &memory{keys: make(map[string]Key), uses: make(map[string]Use)}
	for _, k := range keys {
		m.keys[k.ID] = k
	}
	return m
}

func (m *memory) Get(_ context.Context, id string) (Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.err != nil {
		return Key{}, m.err
	}
	k, ok := m.keys[id]
	if !ok {
		return Key{}, center.Missing(center.KindAccessKey, id)
	}
	return k, nil
}

func (m *memory) List(context.Context) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.keys), func(a, b Key) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	}), nil
}

func (m *memory) Put(_ context.Context, k Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[k.ID] = k
	return nil
}

func (m *memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, id)
	return nil
}

func (m *memory) Uses(context.Context) (map[string]Use, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.uses), m.err
}

func (m *memory) PutUses(_ context.Context, uses map[string]Use) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		maps.Copy(m.uses, uses)
	}
	return m.err
}

// newVerifier returns a verifier that knows the keys.
func newVerifier(keys ...Key) *Verifier {
	return &Verifier{Keys: &Keys{Store: newMemory(keys...)}}
}

// request makes a request as a server receives it.
func request(method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// sign signs a request with testKey at noon, as SDKs do.
func sign(t testing.TB, r *http.Request, body []byte) {
	t.Helper()
	signWith(t, r, body, authtest.Signer{ID: testKey.ID, Secret: testKey.Secret})
}

func signWith(t testing.TB, r *http.Request, body []byte, s authtest.Signer) {
	t.Helper()
	if err := s.Sign(r, body, noon); err != nil {
		t.Fatal(err)
	}
}

// presign signs the query of a request that is to be sent.
func presign(t testing.TB, r *http.Request, body []byte, expires time.Duration) {
	t.Helper()
	if err := (authtest.Signer{ID: testKey.ID, Secret: testKey.Secret}).Presign(r, body, noon, expires); err != nil {
		t.Fatal(err)
	}
}

// signature signs as the specification is written, line by line and without
// any code of the package. names are the headers to sign, sorted; the path is
// cleaned already and the query has no parameter with the same name twice.
func signature(r *http.Request, body, secret, scope, stamp string, names ...string) string {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	mac := func(key, s string) string {
		h := hmac.New(sha256.New, []byte(key))
		fmt.Fprint(h, s)
		return string(h.Sum(nil))
	}
	encode := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

	var segments []string
	for segment := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		segments = append(segments, encode(segment))
	}
	var query []string
	values, _ := url.ParseQuery(r.URL.RawQuery)
	for name := range values {
		if name != "X-Amz-Signature" {
			query = append(query, encode(name)+"="+encode(values.Get(name)))
		}
	}
	slices.SortFunc(query, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	payload := cmp.Or(r.Header.Get("X-Amz-Content-Sha256"), digest(body))
	canonical := strings.Join([]string{r.Method, strings.Join(segments, "/"), strings.Join(query, "&"), headers.String(), strings.Join(names, ";"), payload}, "\n")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, digest(canonical)}, "\n")
	key := "AWS4" + secret
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString([]byte(mac(key, toSign)))
}

// refusal asserts that err is a refusal with a code and a reason, and returns it.
func refusal(t *testing.T, err error, code string) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error = %v; want a refusal with %s", err, code)
	}
	if e.Code != code || e.Status() != http.StatusForbidden {
		t.Fatalf("refused with %s %d (%s); want %s 403", e.Code, e.Status(), e.Message, code)
	}
	if e.Message == "" || e.Reason == "" {
		t.Fatalf("refusal %+v lacks a message or a reason", *e)
	}
	return e
}
