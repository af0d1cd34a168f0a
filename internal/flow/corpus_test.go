package flow

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpus returns the flows to run: every document under the directory that
// PARLEY_FLOW_CORPUS names, or the package's own.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	directory := os.Getenv("PARLEY_FLOW_CORPUS")
	if directory == "" {
		directory = "testdata"
	}
	documents := map[string][]byte{}
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") || strings.Contains(path, "fuzz") {
			return err
		}
		documents[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) < 8 {
		t.Fatalf("%s holds %d flows; want at least 8", directory, len(documents))
	}
	return documents
}

func TestCorpus(t *testing.T) {
	for path, content := range corpus(t) {
		t.Run(path, func(t *testing.T) {
			f, err := Parse(content)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.Content(), content) {
				t.Error("Content differs from what was parsed")
			}
			for _, problem := range f.Problems() {
				t.Error(problem)
			}
			for _, finding := range Check(f) {
				t.Log(finding.Severity, finding.Action, finding.Field, finding.Message, finding.Hint)
			}
			for _, answer := range []string{"", "{}", `{"status":"ok","count":"3"}`} {
				if steps := exhaust(newWorld(), f, answer); steps > patience {
					t.Errorf("with answer %q the flow goes on for ever", answer)
				}
			}
		})
	}
}

// patience is how many events a run may take. Flows that wait in a circle are
// given up there, which counts as waiting.
const patience = 300

// exhaust runs a flow to its end under a customer who writes every other time
// and functions that all give the same answer, or fail when it is empty.
func exhaust(s *scripted, f *Flow, answer string) (events int) {
	s.flows["main"] = f
	s.Contact.Logging = true
	out := Start(s.World, f, "main", KindInbound, Data{})
	for out.Run != nil && events < patience {
		events++
		wait := out.Run.Wait
		ev := Event{Kind: EventTime}
		switch {
		case wait.Kind == WaitEffect && answer != "":
			ev = Event{Kind: EventEffectDone, Effect: wait.Effect, Answer: json.RawMessage(answer)}
		case wait.Kind == WaitEffect:
			ev = Event{Kind: EventEffectDone, Effect: wait.Effect, Err: "the function is down"}
		case len(wait.Events) > 0 && events%2 == 0:
			ev = Event{Kind: EventCustomerMessage}
		default:
			s.Now = wait.Until
		}
		if s.Now.Before(wait.Until) && ev.Kind == EventTime {
			s.Now = s.Now.Add(time.Second)
		}
		out = Advance(s.World, out.Run, ev)
	}
	return events
}

// TestOwnFlowsCoverTheLanguage holds the package's own flows to what they are
// for: every action type, each with every error type it can have.
func TestOwnFlowsCoverTheLanguage(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]map[string]bool{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range parsed(t, string(content)).actions {
			if seen[a.typ] == nil {
				seen[a.typ] = map[string]bool{}
			}
			for _, e := range a.errors {
				seen[a.typ][e.typ] = true
			}
		}
	}
	for name, s := range specs {
		if seen[name] == nil {
			t.Errorf("no flow in testdata has a %s", name)
			continue
		}
		for _, e := range append(slices.Clone(s.required), s.optional...) {
			if !seen[name][e] {
				t.Errorf("no %s in testdata has a branch for %s", name, e)
			}
		}
	}
}

// TestUnsupportedActionsTakeTheirBranch runs the flows in which every action
// that a chat cannot do, or that Parley does not run, leads on by its error
// branch and any other way to the message "That should not have happened."
func TestUnsupportedActionsTakeTheirBranch(t *testing.T) {
	for _, file := range []string{"voice", "services"} {
		s := newWorld()
		out := s.start(t, string(read(t, file)))
		if out.Run != nil || out.End != EndFlow || len(out.Messages) > 0 {
			t.Errorf("%s: end %q, messages %q", file, out.End, said(out))
		}
		f := s.flows["main"]
		failing := 0
		for i := range f.actions {
			if a := &f.actions[i]; a.spec.make == nil {
				failing++
			}
		}
		if len(out.Log) < failing || failing < 10 {
			t.Errorf("%s: %d log entries for %d actions that fail", file, len(out.Log), failing)
		}
		for i, entry := range out.Log {
			if !entry.Always || entry.Action != f.actions[i].id || entry.Problem == "" {
				t.Errorf("%s: log entry %d is %+v", file, i, entry)
			}
		}
	}
}

// read returns one of the package's own flows.
func read(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return content
}
