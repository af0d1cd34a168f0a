// Package s3test is a small S3 for tests: one bucket, addressed in the path, that
// knows PUT, GET, HEAD and DELETE of objects, and lists them. It checks signatures, takes nothing
// that older services do not understand, and fails as it is told: see [Fault].
package s3test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/pipetest"
)

// The credentials that a server accepts.
const (
	KeyID  = "AKIDS3TEST"
	Secret = "the-secret-of-s3test"
)

// Server is a service that runs until its test ends.
type Server struct {
	URL    string
	Bucket string
	// Dial connects to a server in memory; nil when it listens on the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now says when objects are put; time.Now unless a test sets it before the first request.
	Now func() time.Time

	dir         string // holds the objects' contents
	http        *httptest.Server
	hideMissing bool
	closing     chan struct{}
	once        sync.Once

	mu       sync.Mutex // guards what follows
	objects  map[string]object
	faults   []*Fault
	requests []string
}

// Start starts a server on the network, and sets the environment of AWS SDKs to
// its credentials and to nothing else.
func Start(t testing.TB, bucket string) *Server {
	t.Helper()
	s := prepare(t, bucket)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	t.Cleanup(s.Close)
	return s
}

// InMemory is [Start] without a network, for tests in a bubble of time. The
// caller closes it before the bubble ends.
func InMemory(t testing.TB, bucket string) *Server {
	t.Helper()
	s := prepare(t, bucket)
	l := pipetest.New("127.0.0.1:80")
	s.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: s}}
	s.http.Start()
	s.URL, s.Dial = "http://s3.test", func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }
	return s
}

func prepare(t testing.TB, bucket string) *Server {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // so that it comes back
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": KeyID, "AWS_SECRET_ACCESS_KEY": Secret, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return &Server{Bucket: bucket, dir: t.TempDir(), objects: map[string]object{}, closing: make(chan struct{}), Now: time.Now}
}

// Close ends the server, and the requests that hang.
func (s *Server) Close() {
	s.once.Do(func() { close(s.closing) })
	s.http.CloseClientConnections()
	s.http.Close()
}

// Keys returns the keys of all objects, sorted.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Requests returns what was asked since the last call, such as
// "GET /bucket/key" and, with a range, "GET /bucket/key bytes=5-".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// HideMissing answers 403 where an object is missing, as S3 does to those who
// may not list the bucket.
func (s *Server) HideMissing() { s.hideMissing = true }
