package flowtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// corpus calls f with every flow under the directory that PARLEY_FLOW_CORPUS
// names, or with the project's own.
func corpus(t testing.TB, f func(path string)) {
	t.Helper()
	directories := []string{os.Getenv("PARLEY_FLOW_CORPUS")}
	if directories[0] == "" {
		directories = []string{"../flow", "testdata"}
	}
	n := 0
	for _, directory := range directories {
		err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Ext(path) == ".json" {
				n++
				f(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 8 {
		t.Fatalf("%v hold %d flows; want at least 8", directories, n)
	}
}

// TestEveryFlowEnds plays every flow with a customer who plays by himself:
// each comes to an end.
func TestEveryFlowEnds(t *testing.T) {
	ends := map[string]int{}
	corpus(t, func(path string) {
		p, err := NewPlay(&Library{}, path, "")
		if err != nil {
			t.Fatal(err)
		}
		turns := 0
		err = p.Auto(Customer{}, func() error {
			turns++
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		reason, ended := p.Chat().Ended()
		if !ended || reason == "" {
			t.Errorf("%s has not ended after %d turns", path, turns)
		}
		ends[reason]++
	})
	t.Log(ends)
}
