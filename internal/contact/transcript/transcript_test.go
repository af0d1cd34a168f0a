package transcript

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// A tail that started in the middle of a transcript and was backfilled equals one
// that observed the last TailSize items before that and all since.
func TestBackfilledTailKnowsWhatAnObservedOneKnows(t *testing.T) {
	at := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	var items []center.Item
	for i := range 3 * TailSize {
		it := center.Item{Seq: int64(i + 1), ID: center.ItemID(fmt.Sprint(i)), Time: at.Add(time.Duration(i) * time.Second), Type: center.TypeMessage,
			Participant: center.ParticipantID("ana bea cy"[4*(i%3) : 4*(i%3)+2]), ClientToken: fmt.Sprint("t", i)}
		if i%7 == 0 {
			it.Type = center.TypeEvent
		}
		items = append(items, it)
	}
	for _, loaded := range []int{0, 1, 10, TailSize, TailSize + 5, 2 * TailSize} {
		for _, since := range []int{0, 1, 50, TailSize} {
			var whole Tail
			from := max(0, loaded-TailSize)
			whole.Observe(items[from : loaded+since])
			tail := Tail{}
			if loaded > 0 {
				last := items[loaded-1]
				tail = TailAt(last.Seq, last.Time, last.ID, 0)
			}
			tail.Observe(items[loaded : loaded+since])
			if tail.Seq != whole.Seq || tail.ID != whole.ID || !tail.Time.Equal(whole.Time) || tail.Missing() != int64(loaded) {
				t.Errorf("loaded at %d, %d since: the end is %d, %s, missing %d", loaded, since, tail.Seq, tail.ID, tail.Missing())
			}
			if loaded > 0 {
				tail.Backfill(items[from:loaded])
			}
			if tail.Missing() != 0 || !maps.Equal(tail.spoke, whole.spoke) || !maps.Equal(tail.tokens, whole.tokens) {
				t.Errorf("loaded at %d, %d since: backfilled it knows %d tokens and %d speakers; want %d and %d",
					loaded, since, len(tail.tokens), len(tail.spoke), len(whole.tokens), len(whole.spoke))
			}
		}
	}
}
