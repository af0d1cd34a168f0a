package sqlite_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// holders names the files of a directory that have a text.
func holders(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			names = append(names, filepath.Base(file))
		}
	}
	return names
}

// TestOverwriteLeavesNothing: of what rows had, and of what was left in free space long ago, no
// file has anything after Overwrite, also when the process dies then.
func TestOverwriteLeavesNothing(t *testing.T) {
	const secret, former, kept = "the-secret-words", "the-words-before-them", "what is to stay"
	for _, name := range []string{"in rows", "in free pages"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			write := func(w store.ResourceWrite) {
				t.Helper()
				if _, err := s.WriteResources(t.Context(), w); err != nil {
					t.Fatal(err)
				}
			}
			resource := func(id, text string, version int64) center.Resource {
				body, err := json.Marshal(text)
				if err != nil {
					t.Fatal(err)
				}
				return center.Resource{Kind: center.KindSetting, ID: id, Version: version, Body: body}
			}
			var made []center.Resource
			for i := range 200 {
				made = append(made, resource(fmt.Sprint("r", i), secret+strings.Repeat(former, 20), 0))
			}
			write(store.ResourceWrite{Put: append(made, resource("kept", kept, 0))})
			if name == "in free pages" {
				write(store.ResourceWrite{Drop: made[1:]})
			}
			if len(holders(t, dir, secret)) == 0 {
				t.Fatal("no file has the secret: the test shows nothing")
			}
			w := store.ResourceWrite{Put: []center.Resource{resource("r0", "sealed", 1)}}
			for _, r := range made[1:] {
				w.Drop = append(w.Drop, center.Resource{Kind: r.Kind, ID: r.ID})
			}
			if err := s.Overwrite(t.Context(), w, secret, former); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{secret, former} {
				if names := holders(t, dir, text); names != nil {
					t.Errorf("%v have %q", names, text)
				}
			}
			if got, err := s.Resource(t.Context(), center.KindSetting, "kept"); err != nil || string(got.Body) != `"`+kept+`"` {
				t.Errorf("what was to stay is %s, %v", got.Body, err)
			}
			write(store.ResourceWrite{Put: []center.Resource{resource("after", "it goes on", 0)}})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if again, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); err != nil {
				t.Error(err)
			} else if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
