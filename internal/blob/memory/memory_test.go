package memory_test

import (
	"strings"
	"testing"

	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/blob/blobtest"
	"parley.example/parley/internal/blob/memory"
	"parley.example/parley/internal/center"
)

func TestContract(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blob.Store { return memory.New(64 << 20) }, blobtest.Snapshots)
}

func TestBounded(t *testing.T) {
	s := memory.New(10)
	put := func(key, content string) {
		t.Helper()
		if err := s.Put(t.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
			t.Fatalf("Put(%q): %v", key, err)
		}
	}
	wantReason := func(what string, err error, want center.Reason) {
		t.Helper()
		if err == nil || center.ReasonOf(err) != want {
			t.Errorf("%s: %v; want an error with the reason %q", what, err, want)
		}
	}
	put("a", "12345")
	put("b", "1234")
	wantReason("beyond the bound", s.Put(t.Context(), "c", strings.NewReader("12"), 2), center.Unavailable)
	put("c", "1")
	wantReason("an announced size", s.Put(t.Context(), "d", strings.NewReader("1"), 1<<62), center.Unavailable)
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantReason("the wrong size", s.Put(t.Context(), "d", strings.NewReader("123456"), 5), center.Invalid)
	put("d", "12345")
	put("c", "") // a smaller file frees capacity
	put("e", "1")
	wantReason("full again", s.Put(t.Context(), "f", strings.NewReader("1"), 1), center.Unavailable)
}
