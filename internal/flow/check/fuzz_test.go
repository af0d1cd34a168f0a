package check

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/flowdoc"
)

// FuzzParse: no document makes the parser or the checks panic, and one that
// parses is given back as it was.
func FuzzParse(f *testing.F) {
	for _, content := range flowdoc.All(f) {
		f.Add(content)
	}
	f.Add([]byte(`{"Actions":[null,1,{"Transitions":{"Conditions":[{}],"Errors":[{}]}}],"Metadata":{"name":1}}`))
	f.Add([]byte(`{"Actions":[{"Identifier":"a","Type":"Wait","Parameters":{"Events":[1],"TimeLimitSeconds":[]}}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		parsed, err := flow.Parse(content)
		if err != nil {
			return
		}
		if !bytes.Equal(parsed.Content(), content) {
			t.Error("the content is not what was parsed")
		}
		problems := Problems(parsed)
		if len(problems) > maxProblems {
			t.Errorf("%d problems", len(problems))
		}
		for _, p := range problems {
			if n := utf8.RuneCountInString(p.Text); n == 0 || n > flow.MaxMessage {
				t.Errorf("a problem of %d characters", n)
			}
		}
		found := Flow(parsed)
		if said := len(found) > 0 && found[0].Severity == SeverityError; said != (len(problems) > 0) {
			t.Errorf("Problems has %d, and Flow %+v", len(problems), found)
		}
	})
}
