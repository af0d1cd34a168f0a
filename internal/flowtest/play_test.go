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

// TestStatementsWaitTheirTurn: what somebody does in a line of the customer is done
// as soon as it can be, by the person who is named, and once.
func TestStatementsWaitTheirTurn(t *testing.T) {
	const human, joins = "human", "/agent Bo joins"
	for _, test := range []struct {
		name    string
		c       flowtest.Customer
		want    []string // texts of the story, in this order
		ending  string
		refused string
	}{
		{"an agent who joins talks and leaves", flowtest.Customer{Lines: []string{human, joins}, Once: true},
			[]string{"human", "Hello, how can I help you?"}, "AGENT_DISCONNECT", ""},
		{"an agent does what he is told first", flowtest.Customer{Lines: []string{human, joins, `/agent Bo says "I am Bo."`, "Hi Bo", "/agent Bo leaves"}, Once: true},
			[]string{"human", "I am Bo.", "Hi Bo"}, "AGENT_DISCONNECT", ""},
		{"statements are not repeated", flowtest.Customer{Lines: []string{human, joins}},
			[]string{"human", "Hello, how can I help you?", "human"}, "AGENT_DISCONNECT", ""},
		{"nobody can join where nobody waits", flowtest.Customer{Lines: []string{joins, "too late"}, Once: true},
			[]string{"It seems that you are gone. Goodbye!", "not done: /agent Bo joins: the contact does not wait in a queue", "nobody listened any more: too late"}, "CONTACT_FLOW_DISCONNECT", ""},
		{"an expectation does not wait", flowtest.Customer{Lines: []string{`/expect queue Support`, human}, Once: true},
			nil, "", "/expect queue Support: the contact waits in no queue"},
	} {
		p, err := flowtest.NewPlay(&simulator.Library{}, "testdata/shop.json", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Do("bot ShopBot ends with TalkToHuman"); err != nil {
			t.Fatal(err)
		}
		err = p.Auto(test.c, func() error { return nil })
		if test.refused != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.refused) {
				t.Errorf("%s: %v; want %s", test.name, err, test.refused)
			}
			continue
		}
		if reason, _ := p.Chat().Ended(); err != nil || reason != test.ending {
			t.Errorf("%s: the chat ended with %q, %v; want %s", test.name, reason, err, test.ending)
		}
		rest := test.want
		for _, entry := range p.Chat().Story() {
			if len(rest) > 0 && (entry.Item.Content == rest[0] || strings.HasPrefix(entry.Text, rest[0]) || strings.HasSuffix(entry.Text, rest[0])) {
				rest = rest[1:]
			}
		}
		if len(rest) > 0 {
			t.Errorf("%s: %q did not come; the story is %+v", test.name, rest, p.Chat().Story())
		}
	}
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

// TestRefusedStart: after a start that was refused, every statement says that there is no chat.
func TestRefusedStart(t *testing.T) {
	p, err := flowtest.NewPlay(&simulator.Library{}, "testdata/contact.json", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Do("duration 1m"); err != nil {
		t.Fatal(err)
	}
	if err := p.Begin(); err == nil || !strings.Contains(err.Error(), "ChatDurationInMinutes") {
		t.Errorf("Begin = %v; want the refusal", err)
	}
	for _, statement := range []string{`customer says "Hello"`, "expect queue Sales", "expect flow contact", "advance 5m", "stop"} {
		if err := p.Do(statement); err == nil || err.Error() != "the chat has not begun: its start was refused" {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
