package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

var contentCases = []testCase{
	{"a file is read as it was written", written},
	{"a file is read from any position", positions},
	{"the last Put counts", replaced},
	{"what is deleted is gone", deleted},
	{"a file is never a mixture", neverMixed},
	{"many write, read and delete at once", concurrently},
}

func written(t *testing.T, s env) {
	s.lacks(t, "a/b/c")
	s.put(t, "a/b/c", "first")
	s.put(t, "a/b/d.x-Y_9", "")
	s.put(t, "top", strings.Repeat("large ", 1<<18))
	s.holds(t, "a/b/c", "first")
	s.holds(t, "a/b/d.x-Y_9", "")
	s.holds(t, "top", strings.Repeat("large ", 1<<18))
	s.lacks(t, "a/b") // the path to a file is none
	s.lacks(t, "a/b/cc")
	s.lacks(t, "A/B/C")
}

func listed(t *testing.T, s env) {
	want := map[string]int64{}
	for i := range 30 {
		key := fmt.Sprintf("a/%d/f%d", i%4, i)
		s.put(t, key, strings.Repeat("x", i))
		want[key] = int64(i)
	}
	s.put(t, "ab/c", "beside it")
	s.put(t, "top", "above it")
	s.put(t, "a/0/gone", "deleted")
	s.delete(t, "a/0/gone")
	list := func(prefix string) map[string]int64 {
		got := map[string]int64{}
		if err := s.Store.(blob.Lister).List(t.Context(), prefix, func(f blob.Info) error {
			if f.Modified.IsZero() {
				t.Errorf("%s has no time", f.Key)
			}
			got[f.Key] = f.Size
			return nil
		}); err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		return got
	}
	if got := list("a"); !maps.Equal(got, want) {
		t.Errorf("List(a) = %v; want %v", got, want)
	}
	if got := list("a/1"); len(got) != 8 || got["a/1/f29"] != 29 {
		t.Errorf("List(a/1) = %v; want 8 files, the last of 29 bytes", got)
	}
	if got := list(""); len(got) != 32 || got["top"] != 8 {
		t.Errorf("List of all = %v; want 32 files", got)
	}
	if got := list("none"); len(got) != 0 {
		t.Errorf("List(none) = %v", got)
	}
	stop, calls := errors.New("enough"), 0
	err := s.Store.(blob.Lister).List(t.Context(), "a", func(blob.Info) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("List that is stopped = %v after %d calls", err, calls)
	}
	if err := s.Store.(blob.Lister).List(t.Context(), "../a", nil); center.ReasonOf(err) != center.Invalid {
		t.Errorf("List of a bad prefix = %v", err)
	}
}

// positions reads as net/http serves ranges: it seeks for the size, and then to
// where the range begins.
func positions(t *testing.T, s env) {
	content := numbers(300_000)
	s.put(t, "f", content)
	f, size := s.open(t, "f")
	for _, from := range []int{0, 1, 299_999, 150_000, 150_001, 0, 131_072, 300_000} {
		if end, err := f.Seek(0, io.SeekEnd); err != nil || end != size {
			t.Fatalf("Seek to the end = %d, %v; want %d", end, err, size)
		}
		if at, err := f.Seek(int64(from), io.SeekStart); err != nil || at != int64(from) {
			t.Fatalf("Seek to %d = %d, %v", from, at, err)
		}
		want := content[from:min(from+5000, len(content))]
		got := make([]byte, len(want))
		if _, err := io.ReadFull(f, got); err != nil || string(got) != want {
			t.Fatalf("from %d: %.20q…, %v; want %.20q…", from, got, err, want)
		}
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read at the end = %d, %v; want EOF", n, err)
	}
	if at, err := f.Seek(-10, io.SeekCurrent); err != nil || at != size-10 {
		t.Errorf("Seek back by ten = %d, %v", at, err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != content[size-10:] {
		t.Errorf("the last ten are %q, %v", got, err)
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek before the beginning was accepted")
	}
}

func replaced(t *testing.T, s env) {
	for _, content := range []string{"one", "a longer two", "", "4"} {
		s.put(t, "a/f", content)
		s.holds(t, "a/f", content)
	}
}

func deleted(t *testing.T, s env) {
	s.put(t, "a/b/c", "c")
	s.put(t, "a/b/d", "d")
	s.delete(t, "a/b/c")
	s.lacks(t, "a/b/c")
	s.delete(t, "a/b/c")
	s.delete(t, "a/b") // no file has this key
	s.delete(t, "never/there")
	s.holds(t, "a/b/d", "d")
	s.put(t, "a/b/c", "again")
	s.holds(t, "a/b/c", "again")
}

// neverMixed replaces a file while it is read: what comes is a beginning of the
// first, and all of it or an error.
func neverMixed(t *testing.T, s env) {
	first, second := strings.Repeat("1", 1<<20), strings.Repeat("2", 1<<20)
	for _, change := range []func(){func() { s.put(t, "f", second) }, func() { s.delete(t, "f") }} {
		s.put(t, "f", first)
		f, _ := s.open(t, "f")
		head := make([]byte, 1000)
		if _, err := io.ReadFull(f, head); err != nil {
			t.Fatal(err)
		}
		change()
		for _, from := range []int64{1000, 0, 500_000} {
			if from != 1000 {
				if _, err := f.Seek(from, io.SeekStart); err != nil {
					t.Fatal(err)
				}
			}
			got, err := io.ReadAll(f)
			if !strings.HasPrefix(first, string(got)) || err == nil && len(got) != len(first)-int(from) {
				t.Errorf("from %d on: %d bytes, %.10q …, %v; want the rest of the first file, or an error", from, len(got), got, err)
			}
		}
	}
}

// snapshots reads a file that is replaced and deleted.
func snapshots(t *testing.T, s env) {
	s.put(t, "a/b/c", "first")
	f, _ := s.open(t, "a/b/c")
	s.put(t, "a/b/c", "second")
	s.holds(t, "a/b/c", "second")
	s.delete(t, "a/b/c")
	if got, err := io.ReadAll(f); err != nil || string(got) != "first" {
		t.Errorf("a file that was open reads %q, %v after it was replaced and deleted; want first", got, err)
	}
	if _, err := f.Seek(2, io.SeekStart); err != nil {
		t.Errorf("Seek: %v", err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != "rst" {
		t.Errorf("after Seek it reads %q, %v", got, err)
	}
}

func concurrently(t *testing.T, s env) {
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 10 {
				if err := s.Put(t.Context(), "shared/file", strings.NewReader(strings.Repeat(fmt.Sprint(n), 1000)), 1000); err != nil {
					t.Errorf("Put: %v", err)
				}
				f, _, err := s.Open(t.Context(), "shared/file")
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				got, err := io.ReadAll(f)
				if err != nil || len(got) != 1000 || bytes.Count(got, got[:1]) != 1000 {
					t.Errorf("read %d bytes, %v, not all of one file", len(got), err)
				}
				f.Close()
				own, passing := fmt.Sprintf("own/%d/%d", n, i), fmt.Sprintf("passing/%d", n)
				for _, key := range []string{own, passing} {
					if err := s.Put(t.Context(), key, strings.NewReader("x"), 1); err != nil {
						t.Errorf("Put: %v", err)
					}
					s.holds(t, key, "x")
				}
				s.delete(t, passing)
			}
		})
	}
	wg.Wait()
	for n := range 8 {
		for i := range 10 {
			s.holds(t, fmt.Sprintf("own/%d/%d", n, i), "x")
		}
		s.lacks(t, fmt.Sprintf("passing/%d", n))
	}
}

// streaming moves a file that is much larger than the memory that may be
// allocated meanwhile, by store, test and all.
func streaming(t *testing.T, s env) {
	const size, bound = 64 << 20, 4 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := s.Put(t.Context(), "large", io.LimitReader(&endless{}, size), size); err != nil {
		t.Fatalf("Put: %v", err)
	}
	f, n := s.open(t, "large")
	if n != size {
		t.Errorf("the file has %d bytes; want %d", n, size)
	}
	if read, err := io.Copy(io.Discard, onlyReader{f}); err != nil || read != size {
		t.Errorf("read %d bytes, %v; want %d", read, err, size)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > bound {
		t.Errorf("a file of %d bytes took %d bytes of memory; want at most %d", size, took, bound)
	}
}

// onlyReader hides what else a reader can do.
type onlyReader struct{ io.Reader }

// endless never ends and counts what was read.
type endless struct{ n int }

func (c *endless) Read(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

// numbers returns a text of n bytes in which no piece is like another.
func numbers(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.String()[:n]
}
