// Package flowdoc writes documents of the flow language, for the tests of the
// packages below internal/flow: an action, or a whole flow, in a line. What it is
// given is written as it is, so that tests can write nonsense too; a test that
// needs what is not there fails at once.
//
// Start reading at [Of] and [Action].
package flowdoc

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley.example/parley/internal/flow"
)

// Of writes a flow of actions, of which the first is the start.
func Of(actions ...string) string {
	var first struct{ Identifier string }
	if err := json.Unmarshal([]byte(actions[0]), &first); err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":%q,"Metadata":{},"Actions":[%s]}`, first.Identifier, strings.Join(actions, ","))
}

// Action writes an action. Transitions are written as JSON without the braces.
func Action(id, typ, parameters, transitions string) string {
	return fmt.Sprintf(`{"Identifier":%q,"Type":%q,"Parameters":{%s},"Transitions":{%s}}`, id, typ, parameters, transitions)
}

// Say writes an action that says something, by which a test sees where a run went.
func Say(id, text, next string) string {
	return Action(id, "MessageParticipant", fmt.Sprintf(`"Text":%q`, text), fmt.Sprintf(`"NextAction":%q`, next))
}

// Bye writes an action that ends the chat.
func Bye(id string) string { return Action(id, "DisconnectParticipant", "", "") }

// Stop writes an action that ends the flow.
func Stop(id string) string { return Action(id, "EndFlowExecution", "", "") }

// To writes transitions: the next action, error branches and conditions, each
// list already joined by commas.
func To(next, errs, conditions string) string {
	return fmt.Sprintf(`"NextAction":%q,"Errors":[%s],"Conditions":[%s]`, next, errs, conditions)
}

// On writes an error branch.
func On(errorType, next string) string {
	return fmt.Sprintf(`{"ErrorType":%q,"NextAction":%q}`, errorType, next)
}

// When writes a condition.
func When(operator, operand, next string) string {
	return fmt.Sprintf(`{"NextAction":%q,"Condition":{"Operator":%q,"Operands":[%q]}}`, next, operator, operand)
}

// One writes a flow around one action: ok is its way on, failed its
// NoMatchingError, and the branches are further error types or, with "=", operands.
func One(typ, parameters string, branches ...string) string {
	errs, conditions := []string{On("NoMatchingError", "failed")}, []string{}
	actions := []string{"", Say("ok", "ok", "x"), Say("failed", "failed", "x"), Stop("x")}
	for i, b := range branches {
		id := fmt.Sprint("b", i)
		if operand, ok := strings.CutPrefix(b, "="); ok {
			conditions = append(conditions, When("Equals", operand, id))
			b = operand
		} else {
			errs = append(errs, On(b, id))
		}
		actions = append(actions, Say(id, b, "x"))
	}
	actions[0] = Action("a", typ, parameters, To("ok", strings.Join(errs, ","), strings.Join(conditions, ",")))
	return Of(actions...)
}

// Older returns flows by what is in them that earlier versions published and the
// check refuses today. Each says "done" and ends, as it always has.
func Older() map[string]string {
	failed := On("NoMatchingError", "failed")
	with := func(typ, parameters, transitions string) string {
		return Of(Action("a", typ, parameters, transitions), Say("ok", "done", "end"), Say("failed", "failed", "end"), Bye("end"))
	}
	return map[string]string{
		"a Compare without NextAction":     with("Compare", `"ComparisonValue":"$.Channel"`, `"Errors":[`+On("NoMatchingCondition", "failed")+`],"Conditions":[`+When("Equals", "CHAT", "ok")+`]`),
		"a comparison of all there is":     with("Compare", `"ComparisonValue":"$.External"`, To("failed", On("NoMatchingCondition", "ok"), When("Equals", "x", "failed"))),
		"a comparison with nothing":        with("Compare", `"ComparisonValue":"$.Attributes.none"`, To("failed", On("NoMatchingCondition", "failed"), When("Equals", "", "ok"))),
		"numbers and booleans":             with("UpdateContactAttributes", `"Attributes":{"a":1,"b":true}`, To("ok", failed, "")),
		"references among the data":        with("UpdateContactData", `"References":{"order":{"Type":"URL","Value":"https://example.com"}}`, To("ok", failed, "")),
		"criteria by their former name":    with("UpdateRoutingCriteria", `"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}]}`, To("ok", failed, "")),
		"staffing without a branch for no": with("CheckMetricData", `"MetricType":"NumberOfAgentsStaffed","QueueId":"none"`, To("failed", On("NoMatchingError", "ok"), "")),
		"a menu that cannot time out":      with("GetParticipantInput", `"Text":"a","InputTimeLimitSeconds":5`, To("failed", On("NoMatchingError", "ok")+","+On("NoMatchingCondition", "failed"), "")),
		"a processor without settings":     with("UpdateContactMediaProcessing", `"ChatProcessor":{"ProcessingEnabled":"False"}`, To("ok", failed+","+On("ChannelMismatch", "failed"), "")),
		"a recording with an error":        with("UpdateContactRecordingBehavior", `"RecordingBehavior":{"RecordedParticipants":[]}`, To("ok", failed, "")),
		"an end of a whisper":              Of(Say("a", "done", "end"), Stop("end")),
		"the end of a module":              Of(Say("a", "done", "end"), Action("end", "EndFlowModuleExecution", "", "")),
		"Settings":                         strings.Replace(Of(Say("a", "done", "end"), Bye("end")), `"Metadata":{}`, `"Settings":{}`, 1),
	}
}

// Parse parses a document that has to parse.
func Parse(t testing.TB, content string) *flow.Flow {
	t.Helper()
	f, err := flow.Parse([]byte(content))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, content)
	}
	return f
}

// own is where the flows of the package flow lie, seen from a package below it.
const own = "../testdata"

// Own returns one of the flows in the test data of package flow.
func Own(t testing.TB, name string) []byte {
	t.Helper()
	content, ok := All(t)[filepath.Join(own, name+".json")]
	if !ok {
		t.Fatalf("no flow %s in %s", name, own)
	}
	return content
}

// All returns the flows in the test data of package flow, by their paths.
func All(t testing.TB) map[string][]byte {
	t.Helper()
	return under(t, own)
}

// Corpus returns the flows to try everything with: every document under the
// directory that PARLEY_FLOW_CORPUS names, or [All].
func Corpus(t testing.TB) map[string][]byte {
	t.Helper()
	if directory := os.Getenv("PARLEY_FLOW_CORPUS"); directory != "" {
		return under(t, directory)
	}
	return All(t)
}

// row is a line of the index of a directory of flows: "| `file.json` | … |", where
// the sixth column begins with the designer's name of the type.
var row = regexp.MustCompile("^\\| `([^`]+\\.json)` \\|(?:[^|]*\\|){4} (\\w+) ")

// Types returns the types of the flows of [Corpus] by their paths, as the file
// INDEX.md says that may lie there: in it a heading "### owner/name" stands for the
// directory owner__name. Nothing is known of a directory without one.
func Types(t testing.TB) map[string]string {
	t.Helper()
	types, directory, current := map[string]string{}, os.Getenv("PARLEY_FLOW_CORPUS"), ""
	index, err := os.ReadFile(filepath.Join(directory, "INDEX.md"))
	if directory == "" || err != nil {
		return types
	}
	for line := range strings.Lines(string(index)) {
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			name, _, _ := strings.Cut(heading, " ")
			current = strings.Replace(name, "/", "__", 1)
		}
		if m := row.FindStringSubmatch(line); m != nil {
			types[filepath.Join(directory, current, m[1])] = strings.Replace(m[2], "module", flow.TypeModule, 1)
		}
	}
	if len(types) == 0 {
		t.Fatalf("the index in %s names no flow", directory)
	}
	return types
}

func under(t testing.TB, directory string) map[string][]byte {
	t.Helper()
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
