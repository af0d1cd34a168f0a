package s3_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/blob/s3"
	"parley.example/parley/internal/blob/s3/s3test"
	"parley.example/parley/internal/center"
)

var (
	small = strings.Repeat("small ", 100)
	large = strings.Repeat("a large file ", 1<<18) // of 3 MiB
)

// attempt makes each kind of call, and returns how they ended.
func attempt(t *testing.T, store *s3.Store, content string) map[string]error {
	got := map[string]error{"PUT": store.Put(t.Context(), "a/b", strings.NewReader(content), int64(len(content)))}
	f, _, err := store.Open(t.Context(), "a/b")
	if err == nil {
		var read []byte
		if read, err = io.ReadAll(f); err == nil && string(read) != content {
			err = errors.New("read something else")
		}
		f.Close()
	}
	got["GET"] = err
	_, got["HEAD"] = store.Size(t.Context(), "a/b")
	got["DELETE"] = store.Delete(t.Context(), "a/b")
	return got
}

// TestRetries has calls succeed although the service refuses them twice, or
// breaks connections.
func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		faults  []s3test.Fault
	}{
		"busy":                   {small, []s3test.Fault{{Status: 503, Code: "SlowDown", Times: 2}}},
		"in trouble":             {small, []s3test.Fault{{Status: 500, Code: "InternalError", AfterBody: true, Times: 2}}},
		"busy, and a large file": {large, []s3test.Fault{{Status: 503, Code: "SlowDown", Times: 2}}},
		"a broken connection":    {small, []s3test.Fault{{Cut: 10}, {Cut: 0}}},
		"a silent connection":    {small, []s3test.Fault{{Cut: 10, Hang: true}}},
	} {
		for _, method := range []string{"PUT", "GET", "HEAD", "DELETE"} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := s3test.InMemory(t, "files")
					defer s.Close()
					store := open(t, s)
					defer store.Close()
					for _, f := range c.faults {
						if f.Cut > 0 && (method == "HEAD" || method == "DELETE") {
							continue // there is no body
						}
						f.Method = method
						s.Inject(f)
					}
					for call, err := range attempt(t, store, c.content) {
						if err != nil {
							t.Errorf("%s: %v", call, err)
						}
					}
				})
			})
		}
	}
}

// TestGivesUp has calls fail when the service goes on failing: with reason
// Unavailable, after a bounded number of requests and a bounded time.
func TestGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		fault  s3test.Fault
		within time.Duration
	}{
		"busy":               {s3test.Fault{Status: 503, Code: "SlowDown"}, 5 * time.Second},
		"in trouble":         {s3test.Fault{Status: 500, Code: "InternalError", AfterBody: true}, 5 * time.Second},
		"throttling":         {s3test.Fault{Status: 429, Code: "TooManyRequests"}, 5 * time.Second},
		"broken connections": {s3test.Fault{Cut: 0}, 5 * time.Second},
		"no answer":          {s3test.Fault{Cut: 0, Hang: true}, 2 * time.Minute},
	} {
		for _, content := range []string{small, large} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := s3test.InMemory(t, "files")
					defer s.Close()
					store := open(t, s)
					defer store.Close()
					if err := store.Put(t.Context(), "a/b", strings.NewReader("before"), 6); err != nil {
						t.Fatal(err)
					}
					s.Requests()
					c.fault.Always = true
					for _, method := range []string{"PUT", "GET", "HEAD"} {
						fault := c.fault
						fault.Method = method
						if method == "HEAD" && fault.Status == 0 {
							continue // there is no body
						}
						s.Inject(fault)
					}
					began := time.Now()
					for call, err := range attempt(t, store, content) {
						if call == "DELETE" || call == "HEAD" && c.fault.Status == 0 {
							continue
						}
						if err == nil || center.ReasonOf(err) != center.Unavailable || !strings.Contains(err.Error(), "s3://files/chats") {
							t.Errorf("%s of %d bytes: %v; want reason Unavailable, and where", call, len(content), err)
						}
						if err != nil && strings.Contains(err.Error(), s3test.Secret) {
							t.Errorf("%s: %v; it holds the secret", call, err)
						}
					}
					if took := time.Since(began); took > 3*c.within {
						t.Errorf("that took %s; want at most %s a call", took, c.within)
					}
					if n := len(s.Requests()); n > 14 {
						t.Errorf("that took %d requests", n)
					}
				})
			})
		}
	}
}

// TestCutOffPutLeavesNothing breaks the connection in the middle of a file.
func TestCutOffPutLeavesNothing(t *testing.T) {
	s := s3test.Start(t, "files")
	store := open(t, s)
	defer store.Close()
	for _, key := range []string{"old", "new"} {
		if key == "old" {
			if err := store.Put(t.Context(), key, strings.NewReader("before"), 6); err != nil {
				t.Fatal(err)
			}
		}
		s.Inject(s3test.Fault{Method: "PUT", Cut: 1 << 20})
		if err := store.Put(t.Context(), key, strings.NewReader(large), int64(len(large))); center.ReasonOf(err) != center.Unavailable {
			t.Errorf("Put = %v; want reason Unavailable", err)
		}
	}
	if keys := s.Keys(); !slices.Equal(keys, []string{"chats/old"}) {
		t.Errorf("the bucket holds %q; want the old file", keys)
	}
	if n, err := store.Size(t.Context(), "old"); n != 6 || err != nil {
		t.Errorf("the old file has %d bytes, %v; want 6", n, err)
	}
}

// TestReadGoesOn breaks connections while a file is read: the rest is asked for
// from there on.
func TestReadGoesOn(t *testing.T) {
	s := s3test.Start(t, "files")
	store := open(t, s)
	defer store.Close()
	if err := store.Put(t.Context(), "f", strings.NewReader(large), int64(len(large))); err != nil {
		t.Fatal(err)
	}
	s.Inject(s3test.Fault{Method: "GET", Cut: 1 << 20})
	f, _, err := store.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Requests()
	if got, err := io.ReadAll(f); err != nil || string(got) != large {
		t.Errorf("read %d bytes, %v; want all %d", len(got), err, len(large))
	}
	if asked := s.Requests(); !slices.Equal(asked, []string{"GET /files/chats/f bytes=1048576-"}) {
		t.Errorf("asked %q; want the rest", asked)
	}
}

// TestRequests counts what calls ask of the service: one request each, and to
// read a range, as net/http does, one more.
func TestRequests(t *testing.T) {
	s := s3test.Start(t, "files")
	store := open(t, s)
	defer store.Close()
	s.Requests()
	want := func(what string, want ...string) {
		t.Helper()
		if got := s.Requests(); !slices.Equal(got, want) {
			t.Errorf("%s asked %q; want %q", what, got, want)
		}
	}
	if err := store.Put(t.Context(), "f", strings.NewReader(large), int64(len(large))); err != nil {
		t.Fatal(err)
	}
	want("Put", "PUT /files/chats/f")
	f, size, err := store.Open(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, err := range []error{second(f.Seek(0, io.SeekEnd)), second(f.Seek(0, io.SeekStart)), second(io.CopyN(io.Discard, f, size))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want("reading from the beginning", "GET /files/chats/f")
	for _, err := range []error{second(f.Seek(100, io.SeekStart)), second(io.CopyN(io.Discard, f, 10)), second(io.CopyN(io.Discard, f, 10))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want("reading a range", "GET /files/chats/f bytes=100-")
	if _, err := store.Size(t.Context(), "f"); err != nil {
		t.Error(err)
	}
	want("Size", "HEAD /files/chats/f")
	s.Inject(s3test.Fault{Method: "DELETE", Status: http.StatusNotFound, Code: "NoSuchKey"})
	if err := store.Delete(t.Context(), "f"); err != nil {
		t.Errorf("Delete, where a service says that nothing is there: %v", err)
	}
	want("Delete", "DELETE /files/chats/f")
	if err := store.Put(t.Context(), "f", strings.NewReader("x"), 1<<40); center.ReasonOf(err) != center.Invalid {
		t.Errorf("Put of a terabyte = %v; want reason Invalid", err)
	}
	want("a file that is too large")
}

func second[T any](_ T, err error) error { return err }
