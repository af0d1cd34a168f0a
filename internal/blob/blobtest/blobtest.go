// Package blobtest is the contract of [blob.Store] as tests. The test of an
// implementation is a constructor and one call of [Run]; what a bug in one of
// them teaches becomes a case here.
package blobtest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
)

// Promise is what an implementation promises beyond the contract.
type Promise int

const (
	// Streams says that files pass through in pieces and are never held in memory.
	Streams Promise = iota
	// Snapshots says that an open file stays readable when it is replaced or deleted.
	Snapshots
	// Lists says that the store is a [blob.Lister].
	Lists
)

// testCase is one part of the contract. It gets an empty store of its own.
type testCase struct {
	name string
	run  func(t *testing.T, s env)
}

var promised = map[Promise]testCase{
	Streams:   {"a large file passes through in pieces", streaming},
	Snapshots: {"an open file stays as it was", snapshots},
	Lists:     {"what is there is listed", listed},
}

// Run holds an implementation to the contract, and to what it promises beyond.
// open returns an empty store, which Run closes.
func Run(t *testing.T, open func(t *testing.T) blob.Store, promises ...Promise) {
	cases := append(contentCases[:len(contentCases):len(contentCases)], refusalCases...)
	for _, p := range promises {
		cases = append(cases, promised[p])
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			c.run(t, env{s})
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// env is the store of a case.
type env struct{ blob.Store }

func (s env) put(t *testing.T, key, content string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

func (s env) open(t *testing.T, key string) (f io.ReadSeekCloser, size int64) {
	t.Helper()
	f, size, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%q): %v", key, err)
	}
	t.Cleanup(func() { f.Close() })
	return f, size
}

func (s env) delete(t *testing.T, key string) {
	t.Helper()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("Delete(%q): %v", key, err)
	}
}

func (s env) holds(t *testing.T, key, want string) {
	t.Helper()
	if size, err := s.Size(t.Context(), key); err != nil || size != int64(len(want)) {
		t.Errorf("Size(%q) = %d, %v; want %d", key, size, err, len(want))
	}
	f, size, err := s.Open(t.Context(), key)
	if err != nil {
		t.Errorf("Open(%q): %v", key, err)
		return
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != want || size != int64(len(want)) {
		t.Errorf("%q holds %.40q (%d bytes announced), %v; want %.40q", key, got, size, err, want)
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close of %q: %v", key, err)
	}
}

func (s env) lacks(t *testing.T, key string) {
	t.Helper()
	_, _, err := s.Open(t.Context(), key)
	wantReason(t, "Open of "+key, err, center.NotFound)
	_, err = s.Size(t.Context(), key)
	wantReason(t, "Size of "+key, err, center.NotFound)
}

func wantReason(t *testing.T, what string, err error, want center.Reason) {
	t.Helper()
	if e, ok := errors.AsType[*center.Error](err); !ok || e.Reason != want {
		t.Errorf("%s: %v; want an error with the reason %q", what, err, want)
	}
}
