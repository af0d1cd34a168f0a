package flowtest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/internal/flowtest"
	"parley.example/parley/internal/flowtest/simulator"
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
		p, err := flowtest.NewPlay(&simulator.Library{}, path, "")
		if err != nil {
			t.Fatal(err)
		}
		turns := 0
		err = p.Auto(flowtest.Customer{}, func() error {
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

// TestUnsaid: lines that the flow did not listen to any more are reported.
func TestUnsaid(t *testing.T) {
	for _, test := range []struct {
		lines []string
		want  string // of the last happening
	}{
		{[]string{"Go on", "and on", "and on"}, "not said, for nobody listened any more: and on; and on"},
		{[]string{"Go on"}, "the chat has ended: CONTACT_FLOW_DISCONNECT"},
	} {
		p, err := flowtest.NewPlay(&simulator.Library{}, "testdata/contact.json", "")
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		err = p.Auto(flowtest.Customer{Lines: test.lines, Once: true}, func() error {
			shown = len(p.Chat().Story())
			return nil
		})
		story := p.Chat().Story()
		if last := story[len(story)-1]; err != nil || last.Text != test.want || shown != len(story) {
			t.Errorf("%q: %v, %d of %d shown, the last is %q; want %q", test.lines, err, shown, len(story), last.Text, test.want)
		}
	}
}

// TestMovesAreToldInOrder: where the contact goes is shown behind the action
// that sends it there and before the flow that runs there, also when all of
// that happens at one moment.
func TestMovesAreRecordedInOrder(t *testing.T) {
	p, err := flowtest.NewPlay(&simulator.Library{}, "testdata/stay.json", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"attribute other = Sales", "start"} {
		if err := p.Do(statement); err != nil {
			t.Fatal(err)
		}
	}
	var shown []string
	for _, h := range p.Chat().Story() {
		switch h.Type {
		case simulator.EntryNote:
			shown = append(shown, h.Text)
		case simulator.EntryStep:
			shown = append(shown, h.Visit.Type)
		}
	}
	want := []string{
		"UpdateContactEventHooks", "UpdateContactTargetQueue", "TransferContactToQueue", "the contact waits in the queue Queue",
		"DequeueContactAndTransferToQueue", "the contact goes on as a new one (QUEUE_TRANSFER)", "the contact waits in the queue Sales",
		"DequeueContactAndTransferToQueue", "the contact goes on as a new one (QUEUE_TRANSFER)", "the contact waits in the queue Sales",
	}
	if len(shown) < len(want) || !slices.Equal(shown[:len(want)], want) {
		t.Errorf("shown:\n  %s\nwant:\n  %s", strings.Join(shown, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestWhisperBrokenOff: that an agent who was joining does not come is shown.
func TestWhisperBrokenOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slow.json")
	content := `{"Version":"2019-10-30","StartAction":"w","Metadata":{"type":"agentWhisper"},"Actions":[
		{"Identifier":"w","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}],
			"Conditions":[{"NextAction":"e","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}]}},
		{"Identifier":"e","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statements := range [][]string{{"agent Bo joins", "advance 2m"}, {"agent Bo joins", "agent Bo leaves"}} {
		p, err := flowtest.NewPlay(&simulator.Library{}, path, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if err := p.Do(statement); err != nil {
				t.Fatal(err)
			}
		}
		story := p.Chat().Story()
		if last := story[len(story)-1]; last.Type != simulator.EntryNote || last.Text != "Bo does not join: the agent whisper has been broken off" {
			t.Errorf("%q: the last is %+v", statements, last)
		}
	}
}

// TestStageReportsProblems: a flow that cannot be published is played all the same.
func TestStageReportsProblems(t *testing.T) {
	path := t.TempDir() + "/odd.json"
	content := `{"Version":"2019-10-30","StartAction":"b","Metadata":{"type":"customerQueue"},"Actions":[{"Identifier":"a","Type":"EndFlowExecution"}]}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := flowtest.NewPlay(&simulator.Library{}, path, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "the flow cannot be published: parley flow check says why (problems: 1); a generated flow leads to this one"; !strings.HasPrefix(p.Stage(), want) {
		t.Errorf("Stage = %q; want %q", p.Stage(), want)
	}
}
