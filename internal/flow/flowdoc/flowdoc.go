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
