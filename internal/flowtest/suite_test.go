package flowtest_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flowtest"
	"parley.example/parley/internal/flowtest/report"
	"parley.example/parley/internal/flowtest/scenario"
	"parley.example/parley/internal/flowtest/simulator"
)

// own runs the project's own scenarios.
func own(t *testing.T) *flowtest.Results {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.scenario")
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no scenarios", err)
	}
	s := flowtest.Suite{Library: &simulator.Library{}}
	for _, path := range paths {
		f, err := scenario.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Files = append(s.Files, f)
	}
	return s.Run(t.Context())
}

// TestScenarios runs the project's own scenarios.
func TestScenarios(t *testing.T) {
	r := own(t)
	var b bytes.Buffer
	if err := (report.Text{Coverage: true, Missed: true}).Write(&b, r); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if r.Failed() > 0 || len(r.All) < 5 {
		t.Errorf("%d of %d scenarios failed", r.Failed(), len(r.All))
	}
}

// beyond are the actions and branches of the project's own flows that no chat comes to, and why.
var beyond = map[string]string{
	"parley_demo.json Has a name? NULL": "a customer always has a name",
	"parley_demo.json Greet":            "a customer always has a name",
	"queue_transfer.json Staffed 0":     "nobody is staffed before there is routing",
	"queue_transfer.json Announce":      "nobody is staffed before there is routing",
	"queue_transfer.json Transfer":      "nobody is staffed before there is routing",
	"queue_transfer.json Full":          "nobody is staffed before there is routing",
	"ways.json Staffed 0":               "nobody is staffed before there is routing",
}

// seenErrors is how much of the error branches of the project's own flows its
// scenarios bring about at least, in percent. Most of the rest takes texts or
// attributes beyond what a contact may have.
const seenErrors = 74

// TestScenariosCoverOwnFlows: every flow that the scenarios name, and so every
// one beside them, is seen from end to end: each action, each condition, each
// NextAction. Of error branches most are.
func TestScenariosCoverOwnFlows(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	coverage := own(t).Coverage
	covered, errors := map[string]bool{}, report.Share{}
	for _, d := range coverage.Documents() {
		covered[d.Path] = true
		sum := report.Summarize(coverage, d)
		errors.Seen, errors.Total = errors.Seen+sum.Errors.Seen, errors.Total+sum.Errors.Total
		for _, m := range sum.Missed {
			if m.Exit != nil && m.Exit.Kind == flow.WayError {
				continue
			}
			name := filepath.Base(d.Path) + " " + m.Action
			if m.Exit != nil {
				name += " " + m.Exit.Operand
			}
			if beyond[name] == "" {
				t.Errorf("no scenario comes to: %s", name)
			}
		}
	}
	for _, file := range files {
		if !covered[file] {
			t.Errorf("no scenario names %s", file)
		}
	}
	if errors.Percent() < seenErrors {
		t.Errorf("%d of %d error branches are seen; want %d %%", errors.Seen, errors.Total, seenErrors)
	}
}

// results are the conditions that action types have by nature.
var results = map[string][]string{
	"Wait":                         {"WaitCompleted", "CustomerReturned", "BotParticipantDisconnected"},
	"Loop":                         {"ContinueLooping", "DoneLooping"},
	"CheckHoursOfOperation":        {"True", "False", "Holiday"},
	"AuthenticateParticipant":      {"OptedOut"},
	"CheckMetricData":              {"0"},
	"Compare":                      {"CHAT"},
	"ShowView":                     {"Next"},
	"ConnectParticipantWithLexBot": {"TalkToHuman"},
	"InvokeFlowModule":             {"found"},
	"DistributeByPercentage":       {"51"},
}

// never are errors that no chat brings about, and why.
var never = map[string]string{
	"UpdateContactMediaProcessing ChannelMismatch":               "every contact is a chat",
	"UpdateContactRecordingAndAnalyticsBehavior NoMatchingError": "nothing in it can fail but what has an error type of its own",
	"UpdateContactTextToSpeechVoice NoMatchingError":             "a chat takes it without a look",
}

// TestScenariosCoverTheLanguage: each action type, each of its error types and
// each of its results is brought about by some scenario.
func TestScenariosCoverTheLanguage(t *testing.T) {
	seen := map[string]map[string]bool{}
	coverage := own(t).Coverage
	for _, d := range coverage.Documents() {
		for i := range d.Outline.Actions {
			a := &d.Outline.Actions[i]
			if coverage[d].Actions[a.ID] == 0 {
				continue
			}
			if seen[a.Type] == nil {
				seen[a.Type] = map[string]bool{}
			}
			for j := range a.Exits {
				if e := &a.Exits[j]; coverage[d].Ways[simulator.Exit{Action: a.ID, Way: e.Way}] > 0 {
					seen[a.Type][string(e.Kind)+e.Error+e.Operand] = true
				}
			}
		}
	}
	for _, typ := range flow.Types() {
		if seen[typ.Name] == nil {
			t.Errorf("no scenario comes to a %s", typ.Name)
			continue
		}
		errors := typ.Errors()
		if !typ.Runs() && !typ.Is(flow.Terminal) && len(errors) > 0 {
			errors = []string{typ.Unsupported()}
		}
		for _, e := range slices.Compact(slices.Sorted(slices.Values(errors))) {
			switch _, can := never[typ.Name+" "+e]; {
			case seen[typ.Name][string(flow.WayError)+e] == can:
				t.Errorf("%s with %s: seen %t", typ.Name, e, can)
			}
		}
		for _, r := range results[typ.Name] {
			if !seen[typ.Name][string(flow.WayCondition)+r] {
				t.Errorf("no %s leads to %s", typ.Name, r)
			}
		}
		if typ.Runs() && !typ.Is(flow.Terminal|flow.Branches) && !seen[typ.Name][string(flow.WayNext)] {
			t.Errorf("no %s goes on", typ.Name)
		}
	}
}

func BenchmarkScenario(b *testing.B) {
	f, err := scenario.Load("testdata/shop.scenario")
	if err != nil {
		b.Fatal(err)
	}
	s := flowtest.Suite{Library: &simulator.Library{}, Files: []*scenario.File{f}}
	scenarios := 0
	for b.Loop() {
		r := s.Run(b.Context())
		if r.Failed() > 0 {
			b.Fatal("a scenario failed")
		}
		scenarios += len(r.All)
	}
	b.ReportMetric(float64(scenarios)/b.Elapsed().Seconds(), "scenarios/s")
}
