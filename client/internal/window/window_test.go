package window

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestWindow hands each item on once: repeated at once, after many others, and in pieces.
func TestWindow(t *testing.T) {
	at := func(n int) string { return time.Unix(int64(n+1), 0).UTC().Format("2006-01-02T15:04:05.000Z") }
	w := &Window{}
	for n := range 1000 {
		for again := range 3 {
			if got := w.First(fmt.Sprint(n), 0, at(n)); got != (again == 0) {
				t.Fatalf("item %d the %d. time: %v", n, again+1, got)
			}
		}
		if old := n - 300; old >= 0 && w.First(fmt.Sprint(old), 0, at(old)) {
			t.Fatalf("item %d came again long after", old)
		}
	}
	for range 2 {
		if !w.First("", 0, "") {
			t.Error("items without an id are all different")
		}
	}
	got := []bool{
		w.First("s", 1, at(2000)), w.First("s", 2, at(2000)), w.First("s", 2, at(2000)),
		w.First("s", 0, at(2000)), w.First("s", 3, at(2000)), w.First("s", 0, at(2000)),
	}
	if !slices.Equal(got, []bool{true, true, false, true, false, false}) {
		t.Errorf("a message in pieces: %v", got)
	}
	w.Widen()
	for n := range 3000 {
		if !w.First(fmt.Sprint("w", n), 0, at(5000)) { // all at one time, as in a burst
			t.Fatalf("item %d of a transcript", n)
		}
	}
	for n := range 3000 {
		if w.First(fmt.Sprint("w", n), 0, at(5000)) {
			t.Fatalf("item %d of a transcript came again", n)
		}
	}
	w.Narrow()
	if n := len(w.seen); n != 256 {
		t.Errorf("%d items are remembered", n)
	}
}
