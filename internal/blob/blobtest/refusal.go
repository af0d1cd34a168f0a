package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"parley.example/parley/internal/center"
)

var refusalCases = []testCase{
	{"keys are safe paths", keys},
	{"a file is there as a whole or not at all", wholeOrNothing},
	{"an endless file is given up", endlessFile},
	{"calls end with their context", contexts},
	{"nothing is read once Put has returned", readsEnd},
}

func keys(t *testing.T, s env) {
	long := strings.Repeat("x", 128)
	for _, key := range []string{"a", "A-b_c.9", "b/b/c/d/e/f/g/h", long + "/" + long, "a..b", "trailing."} {
		s.put(t, key, key)
		s.holds(t, key, key)
		s.delete(t, key)
		s.lacks(t, key)
	}
	for _, key := range []string{"", "/", "/etc/passwd", "a/", "/a", "a//b", ".", "..", "../a", "a/../b", "a/..", ".hidden", "a/.hidden", ".parts/x",
		"a\\b", "a b", "a\x00b", "ä", "a\n", "C:x", "%2e%2e/a", "a?b", "a#b", "a+b", long + "x", "a/b/c/d/e/f/g/h/i"} {
		wantReason(t, fmt.Sprintf("Put(%q)", key), s.Put(t.Context(), key, strings.NewReader("x"), 1), center.Invalid)
		_, _, err := s.Open(t.Context(), key)
		wantReason(t, fmt.Sprintf("Open(%q)", key), err, center.Invalid)
		_, err = s.Size(t.Context(), key)
		wantReason(t, fmt.Sprintf("Size(%q)", key), err, center.Invalid)
		wantReason(t, fmt.Sprintf("Delete(%q)", key), s.Delete(t.Context(), key), center.Invalid)
	}
}

func wholeOrNothing(t *testing.T, s env) {
	broken := errors.New("the connection is dead")
	s.put(t, "there", "before")
	// Small files and large ones, which may go different ways.
	for _, size := range []int{5, 3 << 20} {
		whole := numbers(size)
		for _, key := range []string{"there", "new"} {
			for what, r := range map[string]io.Reader{
				"too short": strings.NewReader(whole[1:]), "too long": strings.NewReader(whole + "x"), "empty": strings.NewReader(""),
				"too long, in small pieces": iotest.HalfReader(strings.NewReader(whole[:5] + strings.Repeat("x", size-4))),
			} {
				wantReason(t, what, s.Put(t.Context(), key, r, int64(size)), center.Invalid)
			}
			wantReason(t, "negative", s.Put(t.Context(), key, strings.NewReader(""), -1), center.Invalid)
			wantReason(t, "not empty", s.Put(t.Context(), key, strings.NewReader("x"), 0), center.Invalid)
			for _, n := range []int{0, 2, size - 1, size} {
				r := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(broken))
				if err := s.Put(t.Context(), key, r, int64(size)); !errors.Is(err, broken) {
					t.Errorf("Put of a file that breaks after %d of %d bytes = %v; want the reader's error", n, size, err)
				}
			}
		}
	}
	s.holds(t, "there", "before")
	s.lacks(t, "new")
	// A reader may give its last bytes and the end at once, or apart.
	s.put(t, "there", "after")
	if err := s.Put(t.Context(), "new", iotest.DataErrReader(strings.NewReader("12345")), 5); err != nil {
		t.Errorf("Put: %v", err)
	}
	s.holds(t, "there", "after")
	s.holds(t, "new", "12345")
}

func endlessFile(t *testing.T, s env) {
	for _, size := range []int64{0, 1000, 3 << 20} {
		r := &endless{}
		wantReason(t, "endless", s.Put(t.Context(), "new", r, size), center.Invalid)
		if int64(r.n) > size+1 {
			t.Errorf("Put read %d bytes of an endless file of which %d were announced", r.n, size)
		}
	}
	s.lacks(t, "new")
}

func contexts(t *testing.T, s env) {
	s.put(t, "there", "before")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, open := s.Open(ended, "there")
	_, size := s.Size(ended, "there")
	for what, err := range map[string]error{
		"Put":  s.Put(ended, "there", strings.NewReader("12345"), 5),
		"Open": open, "Size": size, "Delete": s.Delete(ended, "there"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v; want context.Canceled", what, err)
		}
	}
	// A context that ends half way, before more comes.
	middle, cut := context.WithCancel(t.Context())
	r := io.MultiReader(strings.NewReader(numbers(1<<20)), readerFunc(func(p []byte) (int, error) { cut(); return copy(p, "x"), nil }))
	if err := s.Put(middle, "there", io.LimitReader(r, 3<<20), 3<<20); !errors.Is(err, context.Canceled) {
		t.Errorf("Put that was cancelled half way = %v; want context.Canceled", err)
	}
	s.holds(t, "there", "before")
}

// readsEnd makes sure that a caller may reuse what it has given a Put to read.
func readsEnd(t *testing.T, s env) {
	for range 20 {
		var returned atomic.Bool
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		r := readerFunc(func(p []byte) (int, error) {
			if returned.Load() {
				t.Error("Put reads although it has returned")
			}
			if n += len(p); n > 100_000 {
				cancel()
			}
			return len(p), nil
		})
		if err := s.Put(ctx, "f", r, 3<<20); !errors.Is(err, context.Canceled) {
			t.Errorf("Put = %v; want context.Canceled", err)
		}
		returned.Store(true)
	}
	s.lacks(t, "f")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
