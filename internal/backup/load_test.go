package backup_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/backup"
)

// TestUnderLoad takes backups of a directory that another process writes to as fast as it can,
// and is killed now and then. Each backup has all that was acknowledged before it began, whole and
// without gaps, and those after it do not change it.
func TestUnderLoad(t *testing.T) {
	path, place := filepath.Join(t.TempDir(), "data"), backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	type taken struct {
		id    string
		acked [chatsOfAll]int64
	}
	var list []taken
	var acked [chatsOfAll]int64
	for round := range 3 {
		w := startWriter(t, path, acked)
		w.progress(t, 300)
		for range 2 {
			before, _ := w.state()
			s := save(t, place, backup.Options{Data: path})
			list = append(list, taken{s.ID, before})
			w.progress(t, 50)
		}
		if acked = w.kill(); round == 1 {
			// Nobody has looked at what the killed process left.
			s := save(t, place, backup.Options{Data: path})
			list = append(list, taken{s.ID, acked})
		}
	}
	well(t, place, backup.Choice{}) // every restore examines its own database
	for _, b := range list {
		got := counts(t, restore(t, place, backup.Choice{ID: b.id}))
		for i := range got {
			if got[i] < b.acked[i] {
				t.Errorf("backup %s has %d items of chat %d; %d were acknowledged before it began", b.id, got[i], i, b.acked[i])
			}
		}
	}
}

// TestKilledBackups kills backups at random instants. The place keeps the backups that were complete, the next
// one completes, and what killed ones have left is pruned.
func TestKilledBackups(t *testing.T) {
	path, d := newData(t, 40)
	place := backup.Where{URL: filepath.Join(t.TempDir(), "place")}
	first := save(t, place, backup.Options{Data: path})
	complete := []string{first.ID}
	for round := range int64(8) {
		d.fillUp(t, 41+20*round, 60+20*round)
		cmd := child(t, "save", path, place.URL)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(max(time.Millisecond, 3*first.Took/2)))
		killed := cmd.Process.Kill() == nil
		_ = cmd.Wait()
		list, err := open(t, place).List(t.Context())
		if err != nil {
			t.Fatalf("after a kill after %v: %v", time.Since(began), err)
		}
		var ids []string
		for _, b := range list {
			ids = append(ids, b.ID)
		}
		if len(ids) > len(complete) && killed { // it was complete before it died
			complete = append(complete, ids[len(ids)-1])
		}
		if !slices.Equal(ids, complete) {
			t.Fatalf("there are backups %v; want %v", ids, complete)
		}
		well(t, place, backup.Choice{})
	}
	last := save(t, place, backup.Options{Data: path})
	if got := counts(t, restore(t, place, backup.Choice{ID: last.ID})); got != all(200) {
		t.Errorf("the last backup has %v items", got)
	}
	if got := counts(t, restore(t, place, backup.Choice{ID: first.ID})); got != all(40) {
		t.Errorf("the first backup has %v items", got)
	}
	prune(t, place, 1)
	found := well(t, place, backup.Choice{})
	manifests, pieces := 0, int64(0)
	for _, name := range tree(t, place.URL) {
		switch kind, _, _ := strings.Cut(name, "/"); kind {
		case "backups":
			manifests++
		case "objects":
			pieces++
		}
	}
	if manifests != 1 || pieces != found.Pieces.Count {
		t.Errorf("after the prune there are %d backups and %d pieces, of which %d are needed", manifests, pieces, found.Pieces.Count)
	}
}
