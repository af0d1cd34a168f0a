package flowtest

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestScenarios runs the project's own scenarios. The flows beside them are
// covered but for errors that nobody can bring about.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.scenario")
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no scenarios", err)
	}
	s := Suite{Library: &Library{}}
	for _, path := range paths {
		f, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Files = append(s.Files, f)
	}
	r := s.Run(t.Context())
	var b bytes.Buffer
	if err := (Text{Coverage: true, Missed: true}).Write(&b, r); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if r.Failed() > 0 || len(r.All) < 5 {
		t.Errorf("%d of %d scenarios failed", r.Failed(), len(r.All))
	}
}
