package recorder

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/internal/record"
)

// open returns an open folder of which each file of lines may have so many bytes.
func openFolder(t *testing.T, dir string, bytes int64) *folder {
	t.Helper()
	f := newFolder(dir, bytes*keptFiles)
	if err := f.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func line(n int) *parcel {
	return &parcel{fact: &record.Fact{Kind: record.ContactEvents}, body: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Files of lines are rotated, and together never have more than they may.
func TestLinesAreBounded(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, 100)
	for n := range 500 {
		if err := f.send(t.Context(), line(n)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != keptFiles {
		t.Fatalf("%v, %v; want %d files", files, err, keptFiles)
	}
	var all strings.Builder
	for i := keptFiles - 1; i >= 0; i-- {
		text := read(t, filepath.Join(dir, (&lines{name: "contact-events"}).current(i)))
		if len(text) > 100 {
			t.Errorf("file %d has %d bytes", i, len(text))
		}
		all.WriteString(text)
	}
	got := strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n")
	for i, text := range got {
		if want := fmt.Sprintf(`{"n":%d}`, 500-len(got)+i); text != want {
			t.Fatalf("line %d is %s; want %s", i, text, want)
		}
	}
}

// Half of a line that a crash has left is taken away; whole ones stay.
func TestHalfOfALine(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	for left, want := range map[string]string{
		"":                               `{"n":1}` + "\n",
		"{\"n\":0}\n":                    "{\"n\":0}\n" + `{"n":1}` + "\n",
		"{\"n\":0}\n{\"half":             "{\"n\":0}\n" + `{"n":1}` + "\n",
		"{\"half":                        `{"n":1}` + "\n",
		"{\"n\":0}\n{\"h" + long:         "{\"n\":0}\n" + `{"n":1}` + "\n",
		long + "\n" + long + "\n" + long: long + "\n" + long + "\n" + `{"n":1}` + "\n",
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, "contact-events.jsonl")
		if err := os.WriteFile(name, []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openFolder(t, dir, 1<<20).send(t.Context(), line(1)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, name); got != want {
			t.Errorf("of %d bytes, %d were left; want %d", len(left), len(got), len(want))
		}
	}
}

// Many write at once, through rotations: no line is lost or torn.
func TestLinesOfMany(t *testing.T) {
	dir := t.TempDir()
	f := openFolder(t, dir, 2000)
	var writers sync.WaitGroup
	for n := range 400 {
		writers.Go(func() {
			if err := f.send(t.Context(), line(n)); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	seen := map[string]bool{}
	for i := range keptFiles {
		text, err := os.ReadFile(filepath.Join(dir, (&lines{name: "contact-events"}).current(i)))
		if err != nil {
			continue
		}
		for l := range bytes.Lines(text) {
			seen[string(l)] = true
		}
	}
	if len(seen) != 400 {
		t.Errorf("%d lines are there; want 400", len(seen))
	}
}

// A transcript is a file of its own, written as a whole; no bucket's name leads out of the folder.
func TestTranscriptFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	f := openFolder(t, dir, 100)
	p := &parcel{fact: &record.Fact{Kind: record.Transcripts}, body: []byte("{}"), place: &record.Place{Bucket: "b", Key: "connect/x/C_20260105T10:00_UTC.json"}}
	for range 2 { // sent again after a crash, it is the same file
		if err := f.send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, filepath.Join(dir, "b", "connect", "x", "C_20260105T10:00_UTC.json")); got != "{}" {
		t.Errorf("the transcript is %q", got)
	}
	p.place.Bucket = "../out"
	if err := f.send(t.Context(), p); err == nil {
		t.Error("a bucket called ../out was written to")
	}
}

func TestParseTargets(t *testing.T) {
	const secret = "a secret of webhooks"
	for _, c := range []struct {
		named map[string]string
		kinds int
		wrong string
	}{
		{nil, 0, ""},
		{map[string]string{"all": "dir"}, 4, ""},
		{map[string]string{"contact-events": "https://x/y", "agent-events": "dir"}, 2, ""},
		{map[string]string{"events": "dir"}, 0, "no kind of record"},
		{map[string]string{"all": ""}, 0, "neither a directory, nor aws, nor a URL"},
		{map[string]string{"all": "s3://bucket"}, 0, "neither a directory, nor aws, nor a URL"},
		{map[string]string{"all": "https://"}, 0, "not a URL with a host"},
	} {
		targets, err := ParseTargets(c.named, secret, 1<<20, nil)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v: %v; want %q", c.named, err, c.wrong)
			}
			continue
		}
		n := 0
		for _, kind := range record.AllKinds {
			if targets.Kinds().Has(kind) {
				n++
			}
		}
		if err != nil || n != c.kinds {
			t.Errorf("%v: %d kinds, %v; want %d", c.named, n, err, c.kinds)
		}
	}
	if _, err := ParseTargets(map[string]string{"all": "https://x"}, "short", 1, nil); err == nil {
		t.Error("a webhook without a good secret was taken")
	}
}
