package cli

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the snapshots anew")

// times is what differs from run to run.
var times = regexp.MustCompile(`\(\d+(\.\d+)?[mµn]?s\)|time="[0-9.]+"|"seconds": [0-9.e-]+`)

// snapshot compares what a command prints with a file of testdata; with
// -update it writes the file.
func snapshot(t *testing.T, name, got string) {
	t.Helper()
	got = times.ReplaceAllString(got, "TIME")
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: printed\n%s\nwant\n%s", name, got, want)
	}
}

// flows is where the flows and scenarios of the tests are.
const flows = "../flowtest/testdata/"

// TestFlowCheck checks documents good and bad.
func TestFlowCheck(t *testing.T) {
	good := write(t, "good.json", `{"Version":"2019-10-30","StartAction":"a","Metadata":{},"Actions":[
		{"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`)
	bad := write(t, "bad.json", `{"Version":"2019-10-30","StartAction":"a","Metadata":{},"Actions":[
		{"Identifier":"a","Type":"MessageParticipant","Parameters":{},"Transitions":{"NextAction":"nowhere"}}]}`)
	broken := write(t, "broken.json", `{"Version":`)
	status, out, errs := parley(t, "", "flow", "check", good)
	if status != 0 || out != good+": good\n1 flow: 0 errors, 0 warnings\n" || errs != "" {
		t.Errorf("flow check of a good flow = %d %q %q", status, out, errs)
	}
	status, out, errs = parley(t, "", "flow", "check", good, bad, broken)
	if status != 1 || errs != "" || !strings.Contains(out, good+": good\n") || !strings.Contains(out, bad+": ") || !strings.Contains(out, "nowhere") ||
		!strings.Contains(out, broken+": error: ") {
		t.Errorf("flow check of bad flows = %d\n%s%s", status, out, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; last != "3 flows: 3 errors, 0 warnings; Amazon Connect refuses 2 flows" {
		t.Errorf("the last line is %q", last)
	}
	for _, line := range lines[:len(lines)-1] {
		if !strings.Contains(line, ".json: ") {
			t.Errorf("the line %q names no file", line)
		}
	}
}

// TestFlowCheckKnowsModules: calls are checked against modules among the files and
// those that are named, where it is known what they declare.
func TestFlowCheckKnowsModules(t *testing.T) {
	caller := write(t, "caller.json", `{"Version":"2019-10-30","StartAction":"call","Metadata":{"ActionMetadata":{"call":{"parameters":{"FlowModuleId":{"displayName":"Survey"}}}}},"Actions":[
		{"Identifier":"call","Type":"InvokeFlowModule","Parameters":{"FlowModuleId":"arn:aws:connect:us-east-1:123456789012:instance/i/flow-module/m:prod","Input":{"count":"7"}},
		 "Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`)
	content := `{"Version":"2019-10-30","StartAction":"end","Metadata":{"name":"Survey"},"Settings":{"InputParameters":[],"OutputParameters":[],"Transitions":[]},"Actions":[
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}]}`
	bare := write(t, "bare.json", content)
	quoted, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	settings := `"Settings":"{\"input\":{\"schema\":{\"properties\":{\"count\":{\"type\":\"number\"}}}}}"`
	described := write(t, "described.json", `{"ContactFlowModule":{"Name":"Survey","Content":`+string(quoted)+`,`+settings+`}}`)
	answer := func(id, name string) string { // DescribeContactFlowModule, of a content that has no name
		return write(t, "answer.json", `{"ContactFlowModule":{"Id":"`+id+`","Name":"`+name+`","Content":`+strings.Replace(string(quoted), `\"Survey\"`, `\"\"`, 1)+`,`+settings+`}}`)
	}
	const refusal = "[call] Parameters.Input.count: Invalid Action property value: must be of the type number, not a string"
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"no module is known", caller + ": good\n1 flow: 0 errors", []string{caller}},
		{"a module is named", refusal, []string{caller, "--module", described}},
		{"a module is among the files", refusal, []string{caller, described}},
		{"a directory of modules is named", refusal, []string{caller, "--module", filepath.Dir(described)}},
		{"the answer has the id of the module", refusal, []string{caller, "--module", answer("m", "Old")}},
		{"the answer has the name that the designer shows", refusal, []string{caller, "--module", answer("n", "Survey")}},
		{"the answer is of another module", caller + ": good", []string{caller, "--module", answer("n", "Old")}},
		{"of a content alone it is not known what it declares", "2 flows: 0 errors", []string{caller, bare}},
	} {
		status, out, errs := parley(t, "", append([]string{"flow", "check"}, test.args...)...)
		if refused := test.want == refusal; !strings.Contains(out, test.want) || errs != "" || (status == 1) != refused {
			t.Errorf("%s: %d %q %q; want %q", test.name, status, out, errs, test.want)
		}
	}
	if status, _, errs := parley(t, "", "flow", "check", caller, "--module", "nowhere.json"); status != 2 || !strings.Contains(errs, "no such file") {
		t.Errorf("a module that is not there: %d %q", status, errs)
	}
}

// TestFlowVerbsPrint compares what the flow verbs print with snapshots that
// somebody has looked at.
func TestFlowVerbsPrint(t *testing.T) {
	old := "../flow/testdata/old_export.json"
	failing := write(t, "failing.scenario", "flow "+abs(t, flows+"afterwards.json")+"\nscenario It fails\n  expect message \"Hello\"\nscenario It passes\n  start\n")
	for _, test := range []struct {
		name   string
		status int
		in     string
		args   []string
	}{
		{"check", 0, "", []string{"flow", "check", flows + "shop.json", old}},
		{"check-strict", 1, "", []string{"flow", "check", "--strict", old}},
		{"check-json", 0, "", []string{"flow", "check", "--format", "json", flows + "survey.json", old}},
		{"graph-mermaid", 0, "", []string{"flow", "graph", flows + "afterwards.json", "--format", "mermaid"}},
		{"run-say", 0, "", []string{"flow", "run", flows + "shop.json", "--module", flows + "survey.json", "--say", "return it",
			"--say", `/customer chooses Next {"FormData": {"what": "a cup"}}`, "--say", "5",
			"--bot", "ShopBot=ReturnGoods", "--lambda", `customers={"tier": "gold"}`, "--with", "view form actions Next"}},
		{"run-auto", 0, "", []string{"flow", "run", flows + "shop.json", "--auto", "--flow", flows, "--bot", "ShopBot=TalkToHuman"}},
		{"run-module", 0, "", []string{"flow", "run", flows + "survey.json", "--say", "5"}},
		{"run-quiet", 0, "", []string{"flow", "run", flows + "afterwards.json", "--quiet", "--auto", "--name", "Bo"}},
		{"run-piped", 0, "/queue Support full\nHello\n\n/nonsense\n", []string{"flow", "run", flows + "shop.json", "--bot", "ShopBot=TalkToHuman"}},
		{"run-lines", 0, "Hello\n/agent Bea joins\n/customer leaves\n", []string{"flow", "run", flows + "shop.json", "--bot", "ShopBot=TalkToHuman"}},
		{"test", 0, "", []string{"flow", "test", flows, "--cover"}},
		{"test-missed", 0, "", []string{"flow", "test", flows, "--missed", "--match", "^StopContact"}},
		{"test-verbose", 0, "", []string{"flow", "test", flows, "-v", "--match", "goods are returned|Gold|(?i)a form that is left"}},
		{"test-none", 1, "", []string{"flow", "test", flows, "--match", "no such scenario"}},
		{"test-json", 0, "", []string{"flow", "test", flows, "--match", "StopContact", "--json", "-"}},
		{"test-junit", 0, "", []string{"flow", "test", flows, "--match", "StopContact", "--junit", "-"}},
		{"test-failing", 1, "", []string{"flow", "test", failing}},
		{"test-failing-junit", 1, "", []string{"flow", "test", failing, "--junit", "-"}},
	} {
		status, out, errs := parley(t, test.in, test.args...)
		if status != test.status && test.name != "run-piped" {
			t.Errorf("%s: status %d; want %d\n%s", test.name, status, test.status, errs)
		}
		text := strings.ReplaceAll(out, filepath.Dir(failing), "DIR")
		if errs != "" {
			text += "--- standard error\n" + errs
		}
		snapshot(t, test.name, strings.ReplaceAll(text, abs(t, flows), "FLOWS"))
	}
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFlowGraphWritesFiles writes a drawing, drawings into a directory, and
// what tests have seen.
func TestFlowGraphWritesFiles(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"flow", "graph", flows + "shop.json", "-o", filepath.Join(dir, "one.svg")},
		{"flow", "graph", flows + "shop.json", "-o", filepath.Join(dir, "one.mmd"), "--title", "The shop"},
		{"flow", "graph", flows, "-o", filepath.Join(dir, "all")},
		{"flow", "graph", flows, "-o", filepath.Join(dir, "all"), "--format", "mermaid"},
		{"flow", "test", flows, "--cover-graph", filepath.Join(dir, "seen"), "--junit", filepath.Join(dir, "results.xml"), "--json", filepath.Join(dir, "results.json")},
	} {
		if status, _, errs := parley(t, "", args...); status != 0 || errs != "" {
			t.Errorf("%q = %d %s", args, status, errs)
		}
	}
	for path, want := range map[string]string{
		"one.svg": "<svg", "one.mmd": `title: "The shop"`, "all/waiting.svg": "<svg", "all/survey.mmd": "flowchart LR", "seen/shop.svg": "×</text>",
	} {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not hold %s: %v", path, want, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "results.xml"))
	if err != nil || xml.Unmarshal(text, new(struct{})) != nil {
		t.Errorf("results.xml is no XML: %v\n%s", err, text)
	}
	var results struct {
		Passed   int
		Coverage []struct{ Actions struct{ Seen, Total int } }
	}
	if text, err = os.ReadFile(filepath.Join(dir, "results.json")); err != nil || json.Unmarshal(text, &results) != nil {
		t.Fatalf("results.json is no JSON: %v\n%s", err, text)
	}
	if results.Passed < 10 || len(results.Coverage) < 5 || results.Coverage[0].Actions.Seen == 0 {
		t.Errorf("results.json tells %+v", results)
	}
}

// TestFlowVerbsRefuse what makes no sense: status 2, and a message that says what.
func TestFlowVerbsRefuse(t *testing.T) {
	empty := t.TempDir()
	wrong := write(t, "wrong.scenario", "flow x.json\nnonsense\nscenario a\n  expect the moon\n")
	nothing := write(t, "nothing.scenario", "flow x.json\n")
	noFlow := write(t, "no.json", "[]")
	draft := write(t, "draft.scenario", "flow draft.json\n\nscenario a\n  start\n  expect end\n")
	unpublished := `{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{"Why":"x"},"Transitions":{}}]}`
	if err := os.WriteFile(filepath.Join(filepath.Dir(draft), "draft.json"), []byte(unpublished), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		status int
		want   string
		args   []string
	}{
		{0, "draft.json cannot be published; see parley flow check (problems: 1)", []string{"flow", "test", draft}},
		{2, "no such file", []string{"flow", "check", "nowhere.json"}},
		{2, "contains no .json files", []string{"flow", "check", empty}},
		{2, `--type: there is no type of flow "PHONE"; there are AGENT_HOLD,`, []string{"flow", "check", flows + "shop.json", "--type", "PHONE"}},
		{2, `--type: there is no type of flow "PHONE"; there are AGENT_HOLD,`, []string{"flow", "run", flows + "shop.json", "--type", "PHONE"}},
		{2, "--output DIR", []string{"flow", "graph", flows}},
		{2, "nothing.scenario is a file", []string{"flow", "graph", flows, "-o", nothing}},
		{1, "not a JSON object", []string{"flow", "graph", noFlow}},
		{2, "no such file", []string{"flow", "run", "nowhere.json"}},
		{2, "there is no statement \"queues\"", []string{"flow", "run", flows + "shop.json", "--with", "queues"}},
		{2, `--say /agent Bo dances: an agent joins, says or leaves; not "dances"`, []string{"flow", "run", flows + "shop.json", "--say", "/agent Bo dances"}},
		{2, `--lambda x: "nowhere" is neither a JSON object nor a readable file`, []string{"flow", "run", flows + "shop.json", "--lambda", "x=nowhere"}},
		{2, "contains no .scenario files", []string{"flow", "test", empty}},
		{2, "wrong.scenario:2: there is no statement \"nonsense\"", []string{"flow", "test", wrong}},
		{2, "wrong.scenario:4: \"the\" cannot be expected", []string{"flow", "test", wrong}},
		{2, "holds no scenario", []string{"flow", "test", nothing}},
		{2, "--match: ", []string{"flow", "test", flows, "--match", "("}},
		{2, "from 0 to 100", []string{"flow", "test", flows, "--cover-min", "101"}},
		{1, "less than 99%", []string{"flow", "test", flows, "--match", "StopContact", "--cover-min", "99"}},
	} {
		status, _, errs := parley(t, "", test.args...)
		if status != test.status || !strings.Contains(errs, test.want) {
			t.Errorf("parley %q = %d %q; want %d and %q", test.args, status, errs, test.status, test.want)
		}
	}
}

// TestFlowCheckSaysWhatTheCloudRefuses: the type of the flows and the old spellings
// are options, and the last line counts what Amazon Connect would make of them.
func TestFlowCheckSaysWhatTheCloudRefuses(t *testing.T) {
	stops := write(t, "stops.json", `{"Version":"2019-10-30","StartAction":"a","Metadata":{},"Actions":[
		{"Identifier":"a","Type":"EndFlowExecution","Parameters":{},"Transitions":{}}]}`)
	untags := write(t, "untags.json", `{"Version":"2019-10-30","StartAction":"a","Metadata":{},"Actions":[
		{"Identifier":"a","Type":"UnTagContact","Parameters":{"TagKeys":["team"]},"Transitions":{"NextAction":"b","Errors":[{"ErrorType":"NoMatchingError","NextAction":"b"}]}},
		{"Identifier":"b","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`)
	for _, test := range []struct {
		args   []string
		status int
		want   []string
	}{
		{[]string{stops}, 0, []string{": warning (the cloud may refuse it): [a] Type: EndFlowExecution belongs in ", "--type", "; Amazon Connect may refuse 1 flow"}},
		{[]string{stops, "--type", "CONTACT_FLOW"}, 1, []string{": error: [a] Type: Invalid Action type. Type: EndFlowExecution: not in contact flows (", "; Amazon Connect refuses 1 flow"}},
		{[]string{stops, "--type", "AGENT_WHISPER"}, 0, []string{": good\n1 flow: 0 errors, 0 warnings\n"}},
		{[]string{untags}, 1, []string{": error: [a] Type: Invalid Action type. Type: UnTagContact (It is UntagContact.)"}},
		{[]string{untags, stops, "--old-spellings"}, 0, []string{": warning (the cloud refuses it): [a] Type: Invalid Action type. Type: UnTagContact", "; Amazon Connect refuses 1 flow and may refuse 1 flow"}},
		{[]string{untags, "--old-spellings", "--format", "json"}, 0, []string{`"cloud": "refuses"`, `"problem": "Invalid Action type. Type: UnTagContact"`}},
	} {
		status, out, errs := parley(t, "", append([]string{"flow", "check"}, test.args...)...)
		if status != test.status || errs != "" {
			t.Errorf("flow check %q = %d; want %d\n%s%s", test.args, status, test.status, out, errs)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("flow check %q prints\n%s\nwant %q", test.args, out, want)
			}
		}
	}
}
