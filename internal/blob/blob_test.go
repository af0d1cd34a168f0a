package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// each runs a test on an empty store of each kind.
func each(t *testing.T, f func(t *testing.T, s blob.Store)) {
	t.Run("directory", func(t *testing.T) {
		s, err := blob.Dir(filepath.Join(t.TempDir(), "files"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		f(t, s)
	})
	t.Run("memory", func(t *testing.T) { f(t, blob.Memory(64<<20)) })
}

func put(t *testing.T, s blob.Store, key, content string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

func wantContent(t *testing.T, s blob.Store, key, want string) {
	t.Helper()
	f, size, err := s.Open(t.Context(), key)
	if err != nil {
		t.Errorf("Open(%q): %v", key, err)
		return
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || string(got) != want || size != int64(len(want)) {
		t.Errorf("%q holds %.40q (%d bytes announced), %v; want %.40q", key, got, size, err, want)
	}
}

func wantReason(t *testing.T, what string, err error, want center.Reason) {
	t.Helper()
	if e, ok := errors.AsType[*center.Error](err); !ok || e.Reason != want {
		t.Errorf("%s: %v; want an error with the reason %q", what, err, want)
	}
}

func TestPutOpenDelete(t *testing.T) {
	each(t, func(t *testing.T, s blob.Store) {
		_, _, err := s.Open(t.Context(), "a/b/c")
		wantReason(t, "Open of nothing", err, center.NotFound)
		put(t, s, "a/b/c", "first")
		put(t, s, "a/b/d.x-Y_9", "")
		put(t, s, "top", strings.Repeat("large ", 1<<18))
		wantContent(t, s, "a/b/c", "first")
		wantContent(t, s, "a/b/d.x-Y_9", "")
		wantContent(t, s, "top", strings.Repeat("large ", 1<<18))
		_, _, err = s.Open(t.Context(), "a/b")
		wantReason(t, "Open of a directory", err, center.NotFound)

		f, _, err := s.Open(t.Context(), "a/b/c")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		put(t, s, "a/b/c", "second")
		wantContent(t, s, "a/b/c", "second")
		for range 2 {
			if err := s.Delete(t.Context(), "a/b/c"); err != nil {
				t.Errorf("Delete: %v", err)
			}
		}
		if err := s.Delete(t.Context(), "a/b"); err != nil {
			t.Errorf("Delete of a directory: %v", err)
		}
		_, _, err = s.Open(t.Context(), "a/b/c")
		wantReason(t, "Open after Delete", err, center.NotFound)
		wantContent(t, s, "a/b/d.x-Y_9", "")
		if got, err := io.ReadAll(f); err != nil || string(got) != "first" {
			t.Errorf("a file that was open reads %q, %v after it was replaced and deleted; want first", got, err)
		}
		if _, err := f.Seek(2, io.SeekStart); err != nil {
			t.Errorf("Seek: %v", err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != "rst" {
			t.Errorf("after Seek it reads %q, %v", got, err)
		}
	})
}

func TestKeys(t *testing.T) {
	long := strings.Repeat("x", 128)
	each(t, func(t *testing.T, s blob.Store) {
		for _, key := range []string{"a", "A-b_c.9", "b/b/c/d/e/f/g/h", long + "/" + long, "a..b", "trailing."} {
			put(t, s, key, key)
			wantContent(t, s, key, key)
		}
		for _, key := range []string{"", "/", "/etc/passwd", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "a/..", ".hidden", "a/.hidden", ".parts/x",
			"a\\b", "a b", "a\x00b", "ä", "a\n", "C:x", "%2e%2e/a", long + "x", "a/b/c/d/e/f/g/h/i"} {
			wantReason(t, fmt.Sprintf("Put(%q)", key), s.Put(t.Context(), key, strings.NewReader("x"), 1), center.Invalid)
			_, _, err := s.Open(t.Context(), key)
			wantReason(t, fmt.Sprintf("Open(%q)", key), err, center.Invalid)
			wantReason(t, fmt.Sprintf("Delete(%q)", key), s.Delete(t.Context(), key), center.Invalid)
		}
	})
}

func TestPutIsWholeOrNothing(t *testing.T) {
	broken := errors.New("the line is dead")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	each(t, func(t *testing.T, s blob.Store) {
		put(t, s, "there", "before")
		for _, key := range []string{"there", "new"} {
			wantReason(t, "too short", s.Put(t.Context(), key, strings.NewReader("1234"), 5), center.Invalid)
			wantReason(t, "too long", s.Put(t.Context(), key, strings.NewReader("123456"), 5), center.Invalid)
			wantReason(t, "empty", s.Put(t.Context(), key, strings.NewReader(""), 1), center.Invalid)
			wantReason(t, "negative", s.Put(t.Context(), key, strings.NewReader(""), -1), center.Invalid)
			if err := s.Put(t.Context(), key, io.MultiReader(strings.NewReader("12"), iotest.ErrReader(broken)), 5); !errors.Is(err, broken) {
				t.Errorf("Put = %v; want the reader's error", err)
			}
			if err := s.Put(ended, key, strings.NewReader("12345"), 5); !errors.Is(err, context.Canceled) {
				t.Errorf("Put = %v; want context.Canceled", err)
			}
		}
		wantContent(t, s, "there", "before")
		_, _, err := s.Open(t.Context(), "new")
		wantReason(t, "after failures", err, center.NotFound)

		endless := &counting{}
		wantReason(t, "endless", s.Put(t.Context(), "new", endless, 1000), center.Invalid)
		if endless.n > 1001 {
			t.Errorf("Put read %d bytes of an endless file of which 1000 were announced", endless.n)
		}
	})
}

// counting never ends and counts what was read.
type counting struct{ n int }

func (c *counting) Read(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

func TestConcurrently(t *testing.T) {
	each(t, func(t *testing.T, s blob.Store) {
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				for i := range 10 {
					content := strings.Repeat(fmt.Sprint(n), 1000)
					if err := s.Put(t.Context(), "shared/file", strings.NewReader(content), 1000); err != nil {
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
					if err := s.Put(t.Context(), fmt.Sprintf("own/%d/%d", n, i), strings.NewReader("x"), 1); err != nil {
						t.Errorf("Put: %v", err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestDirectoryStaysInside(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	s, err := blob.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if f, _, err := s.Open(t.Context(), "link/secret"); err == nil {
		f.Close()
		t.Error("Open followed a link out of the directory")
	}
	if err := s.Put(t.Context(), "link/new", strings.NewReader("x"), 1); err == nil {
		t.Error("Put followed a link out of the directory")
	}
	if err := s.Delete(t.Context(), "link/secret"); err == nil {
		t.Error("Delete followed a link out of the directory")
	}
	if files, err := os.ReadDir(outside); err != nil || len(files) != 1 {
		t.Errorf("outside there are %v, %v; want the secret only", files, err)
	}
}

func TestDirectoryLeavesNothing(t *testing.T) {
	path := t.TempDir()
	s, err := blob.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "a/b", "kept")
	wantReason(t, "too long", s.Put(t.Context(), "a/c", strings.NewReader("123"), 2), center.Invalid)
	if files, err := os.ReadDir(filepath.Join(path, ".parts")); err != nil || len(files) != 0 {
		t.Errorf("a failed Put has left %v, %v", files, err)
	}
	// What a process that died in the middle leaves is gone after the next start.
	if err := os.WriteFile(filepath.Join(path, ".parts", "half"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = blob.Dir(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if files, err := os.ReadDir(filepath.Join(path, ".parts")); err != nil || len(files) != 0 {
		t.Errorf("after the next start there is %v, %v", files, err)
	}
	wantContent(t, s, "a/b", "kept")
	if info, err := os.Stat(filepath.Join(path, "a", "b")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v; want 0600", info.Mode(), err)
	}
	for _, below := range []string{"a/b/c", "a/b/c/d"} {
		wantReason(t, "a file as a directory", s.Put(t.Context(), below, strings.NewReader("x"), 1), center.Invalid)
		_, _, err := s.Open(t.Context(), below)
		wantReason(t, "a file as a directory", err, center.NotFound)
		if err := s.Delete(t.Context(), below); err != nil {
			t.Errorf("Delete(%q) = %v", below, err)
		}
	}
	wantContent(t, s, "a/b", "kept")
}

// TestDirectoryGoesWithItsLastFile leaves no empty directories behind, and takes
// none away under a file that is just being put.
func TestDirectoryGoesWithItsLastFile(t *testing.T) {
	path := t.TempDir()
	s, err := blob.Dir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			key := fmt.Sprintf("files/chat/%d", n)
			for range 20 {
				if err := s.Put(t.Context(), key, strings.NewReader("x"), 1); err != nil {
					t.Errorf("Put: %v", err)
				}
				wantContent(t, s, key, "x")
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if left, err := os.ReadDir(filepath.Join(path, "files")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v; want nothing", left, err)
	}
	put(t, s, "files/chat/a", "a")
	put(t, s, "files/chat/b", "b")
	if err := s.Delete(t.Context(), "files/chat/a"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	wantContent(t, s, "files/chat/b", "b")
	put(t, s, "top", "c")
	wantContent(t, s, "top", "c")
	if err := s.Delete(t.Context(), "top"); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := blob.Memory(10)
	put(t, s, "a", "12345")
	put(t, s, "b", "1234")
	wantReason(t, "beyond the bound", s.Put(t.Context(), "c", strings.NewReader("12"), 2), center.Unavailable)
	put(t, s, "c", "1")
	wantReason(t, "an announced size", s.Put(t.Context(), "d", strings.NewReader("1"), 1<<62), center.Unavailable)
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantReason(t, "the wrong size", s.Put(t.Context(), "d", strings.NewReader("123456"), 5), center.Invalid)
	put(t, s, "d", "12345")
	put(t, s, "c", "") // a smaller file makes room
	put(t, s, "e", "1")
	wantReason(t, "full again", s.Put(t.Context(), "f", strings.NewReader("1"), 1), center.Unavailable)
}
