package dir_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/blobtest"
	"parley.example/parley/internal/blob/dir"
	"parley.example/parley/internal/center"
)

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, filepath.Join(t.TempDir(), "files")) }, blobtest.Streams, blobtest.Snapshots, blobtest.Lists)
}

func open(t *testing.T, path string) *dir.Store {
	t.Helper()
	s, err := dir.Open(path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func put(t *testing.T, s *dir.Store, key, content string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

func wantContent(t *testing.T, s *dir.Store, key, want string) {
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

func TestStaysInside(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
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

func TestLeavesNothing(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
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
	s = open(t, path)
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

// TestDirectoriesGoWithTheirLastFile leaves no empty directories behind, and takes
// none away under a file that is just being put.
func TestDirectoriesGoWithTheirLastFile(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
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

// TestShare: of a directory that several processes keep files in, what one is writing stays, and what one that died has left behind goes after a day.
func TestShare(t *testing.T) {
	path := t.TempDir()
	one, err := dir.Share(path)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	left, writing := filepath.Join(path, ".parts", "left"), filepath.Join(path, ".parts", "writing")
	for _, file := range []string{left, writing} {
		if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(left, time.Now(), time.Now().Add(-25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	two, err := dir.Share(path)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was left a day ago: %v; want it gone", err)
	}
	if _, err := os.Stat(writing); err != nil {
		t.Errorf("what is being written: %v", err)
	}
	if err := one.Put(t.Context(), "chat/file", strings.NewReader("whole"), 5); err != nil {
		t.Fatal(err)
	}
	r, size, err := two.Open(t.Context(), "chat/file")
	if err != nil || size != 5 {
		t.Fatalf("the other process gets %d bytes, %v; want 5", size, err)
	}
	r.Close()
}
