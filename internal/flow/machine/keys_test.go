package machine

import (
	"encoding/json"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// noKeys are ways to go on behind a root that name no key: the token grammar of
// the flow language has names of ASCII letters, digits, "_" and "-", quoted names
// in brackets, and indexes (agrees with every export of the corpus, 2026-11).
var noKeys = map[string]string{
	"letters of another script":        ".ключ",
	"letters that ASCII lacks":         ".größe",
	"an accent of its own":             ".cle\u0301",
	"a script without spaces":          ".名前",
	"an emoji":                         ".😀",
	"a symbol with a variant":          ".❤️",
	"a key below one that is none":     ".ключ.Value",
	"an index below one that is none":  ".список[0].имя",
	"a name in brackets":               "[first]",
	"a name with a space in brackets":  "[first name]",
	"double quotes":                    `["first name"]`,
	"a quote within quotes":            "['it's']",
	"quotes with spaces around":        "[ 'first' ]",
	"a bracket that is not closed":     "['first",
	"one with letters of all scripts":  "['имя",
	"double quotes, not closed":        `["first`,
	"nothing but a bracket":            "[",
	"a dot before an unclosed bracket": ".['first",
	"a negative index":                 "[-1]",
	"a wildcard":                       "[*]",
}

// fullMachine is a machine whose every root has a member with a secret.
func fullMachine(t testing.TB) *machine {
	m := machineFor(t)
	m.c.Agent = Agent{UserName: "secret", FirstName: "secret"}
	m.c.Queue.Name = "secret"
	m.c.Attributes = map[string]string{"name": "Ana", "key": "secret"}
	m.c.Tags = map[string]string{"key": "secret"}
	m.c.References = map[string]center.Reference{"key": {Type: "URL", Value: "secret"}}
	m.c.SegmentAttributes = map[string]center.SegmentAttribute{"key": {String: new("secret")}, "map": {Map: map[string]center.SegmentAttribute{"key": {String: new("secret")}}}}
	m.run.Data.Attributes = map[string]string{"key": "secret"}
	all := json.RawMessage(`{"name":"Ana","n":7,"key":"secret","map":{"key":"secret"},"list":["secret"]}`)
	d := &m.run.Data
	d.External, d.Lex, d.Views, d.Metrics, d.Input, d.Module = all, all, all, all, all, all
	d.Lists = map[string]ListLoop{"loop": {Elements: json.RawMessage(`["secret"]`)}}
	return m
}

// parents are the roots of references and the maps below them, each with a
// secret in it; and some that there are none of.
func parents(m *machine) []string {
	list := []string{
		"$.External.map", "$.External.list", "$.External['map']", "$.External.none", "$.Lex.Slots", "$.Lex.map", "$.Views.map", "$.LambdaInvocation.ResultData", "$.Loop.loop.Elements",
		"$.Modules.Input", "$.Modules.map", "$.SegmentAttributes.map", "$.References.key", "$['Attributes']", "$.['FlowAttributes']", "$.NoSuchRoot",
	}
	for _, r := range flow.Roots() {
		if f := getterTable[r.Name]; f == nil || !f(m, nil).Simple() { // not $.Channel and the like
			list = append(list, "$."+r.Name)
		}
	}
	return list
}

// TestKeysThatAreNoneAreEmpty: a reference whose key is not known is an empty
// text, never all that the root or the map has ($.Attributes.ключ, 2026-11).
func TestKeysThatAreNoneAreEmpty(t *testing.T) {
	m := fullMachine(t)
	for what, behind := range noKeys {
		for _, parent := range parents(m) {
			ref := parent + behind
			for text, want := range map[string]string{
				ref:                          "",
				"Hi " + ref + " !":           "Hi  !",
				"<speak>" + ref + "</speak>": "<speak></speak>",
				"`" + ref + "`":              "",
				ref + ". " + ref + ", x":     ". , x",
			} {
				tm := flow.Compile(text)
				if got, ok := m.text(&tm); !ok || got != want {
					t.Errorf("%s: %q becomes %q; want %q", what, text, got, want)
				}
				if want := strings.ReplaceAll(text, "`", ""); tm.Source() != want {
					t.Errorf("%q was read as %q", want, tm.Source())
				}
			}
			tr := flow.CompileTree(map[string]any{"a": []any{ref}})
			if v, ok := m.tree(&tr); !ok || string(flow.Encode(v.Any())) != `{"a":[null]}` {
				t.Errorf("%s: %q in JSON becomes %s", what, ref, flow.Encode(v.Any()))
			}
		}
	}
}

// TestRootsAreNotShownWhole: within a text, and to people, a root that has
// members is nothing by itself.
func TestRootsAreNotShownWhole(t *testing.T) {
	m := fullMachine(t)
	for _, parent := range parents(m) {
		if whole := flow.Compile(parent); whole.Whole().Path != nil || whole.Whole().Root == nil {
			continue
		}
		for _, after := range []string{".", ". Bye", "..", "...name", ".*", ".@x", `."first name"`, ".'x'", ". name", " .name", ", bye", "]", "-", " ", "</b>", ".\n", ".$"} {
			tm := flow.Compile("<b>" + parent + after)
			if got, ok := m.text(&tm); !ok || got != "<b>"+after {
				t.Errorf("%q becomes %q", tm.Source(), got)
			}
		}
		tm := flow.Compile(parent)
		if text, problem := m.prompt(&tm); text != "" || problem == "" {
			t.Errorf("a customer is told %q for %q", text, parent)
		}
	}
	// A parameter that is one reference is given as JSON: an attribute of a function, the data of a view.
	tm := flow.Compile("$.Tags")
	if got, ok := m.text(&tm); !ok || got != `{"key":"secret"}` {
		t.Errorf("$.Tags as a parameter is %s", got)
	}
}

// TestTextBehindReferences: what is written behind a reference that stands
// for a text stays, and a "$" that begins no reference does.
func TestTextBehindReferences(t *testing.T) {
	m := fullMachine(t)
	for text, want := range map[string]string{
		"$.Attributes.name.":                   "Ana.",
		"$.Attributes.name. Bye":               "Ana. Bye",
		"$.Attributes.name...":                 "Ana...",
		"您好$.Attributes.name.请稍候":              "您好Ana.请稍候",
		"您好$.Attributes.none.请稍候":              "您好.请稍候",
		"您好$.External.name.请稍候":                "您好Ana.请稍候",
		"$.Attributes.name様":                   "Ana様",
		"$.Attributes.name님, $.External.name님": "Ana님, Ana님",
		"$.External.name[1]":                   "", // as ever: an index
		"$.External.name[see below]":           "Ana[see below]",
		"$.Attributes.name[x]":                 "Ana[x]",
		"$.Attributes.name.😀":                  "Ana.😀",
		"$.External.n.😀 $.Channel.🙂":           "7.😀 CHAT.🙂",
		"$.External.n[a":                       "7[a",
		"$.Attributes['ключ']":                 "",
		"$.Attributes['name']様":                "Anaさま",
		"El $.External.nº":                     "El 7º",
		"$5.00":                                "$5.00",
		"5$.Для вас":                           "5$.Для вас",
		"5$.Für Sie":                           "5$.Für Sie",
		"$ 118.02":                             "$ 118.02",
		"$.":                                   "$.",
		"${AWS::Region}":                       "${AWS::Region}",
		"${ключ} $ключ $[ключ] $.[ключ]":       "${ключ} $ключ $[ключ] $.[ключ]",
	} {
		want = strings.ReplaceAll(want, "さま", "様")
		tm := flow.Compile(text)
		if got, ok := m.text(&tm); !ok || got != want {
			t.Errorf("%q becomes %q; want %q", text, got, want)
		}
	}
}

// TestKeysThatAreNoneInActions: a flow whose every parameter names a key
// that is none goes on as with an attribute that is not set.
func TestKeysThatAreNoneInActions(t *testing.T) {
	for what, behind := range noKeys {
		ref := string(flow.Encode("$.Attributes" + behind))
		mixed := string(flow.Encode("Hi $.Attributes" + behind + "!"))
		s, i := settled()
		i.views = map[string]View{"form": {ID: "form"}}
		s.Contact.Interactive = true
		s.Contact.Attributes = map[string]string{"key": "secret"}
		out := s.start(t, `{"Version":"2019-10-30","StartAction":"a","Actions":[
			{"Identifier":"a","Type":"Compare","Parameters":{"ComparisonValue":`+ref+`},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"z","Condition":{"Operator":"TextContains","Operands":["secret"]}}],"Errors":[{"NextAction":"b","ErrorType":"NoMatchingCondition"}]}},
			{"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":`+ref+`},"Transitions":{"NextAction":"z","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"c","Type":"MessageParticipant","Parameters":{"SSML":`+mixed+`},"Transitions":{"NextAction":"d","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"d","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"got":`+ref+`}},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"e","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3","LambdaInvocationAttributes":{"one":`+ref+`,"more":`+mixed+`}},"Transitions":{"NextAction":"g","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"g","Type":"ShowView","Parameters":{"ViewResource":{"Id":"form"},"InvocationTimeLimitSeconds":"60","ViewData":{"one":`+ref+`,"more":[`+mixed+`]}},"Transitions":{"NextAction":"z","Errors":[{"NextAction":"z","ErrorType":"NoMatchingError"},{"NextAction":"z","ErrorType":"NoMatchingCondition"},{"NextAction":"z","ErrorType":"TimeLimitExceeded"}]}},
			{"Identifier":"z","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`)
		if out.Run == nil || len(out.Effects) != 1 || s.Contact.Attributes["got"] != "" {
			t.Errorf("%s: ends with %+v, attributes %v", what, out, s.Contact.Attributes)
			continue
		}
		texts := said(out)
		call := string(flow.Encode(out.Effects[0].Invoke.Parameters))
		out = s.advance(out.Run, Event{Kind: EventEffectDone, Effect: out.Effects[0].ID, Answer: json.RawMessage(`{}`)})
		all := strings.Join(append(texts, call, strings.Join(said(out), " ")), "\n")
		if strings.Contains(all, "secret") || texts[0] != "Hi !" || !strings.Contains(all, `"viewData":{"more":["Hi !"],"one":null}`) {
			t.Errorf("%s: said and called\n%s", what, all)
		}
	}
}

// TestKeysOfEveryMap: KeyExists finds the keys of each root that is a map, and of
// the maps below, and none in what is a value (Parley's reading of the operator's
// name, which the service takes: probed by publishing, 2026-08).
func TestKeysOfEveryMap(t *testing.T) {
	m := fullMachine(t)
	m.c.InitialMessage, m.c.CustomerName = "hello", "Ana"
	for _, test := range []struct {
		of, key string
		want    bool
	}{
		{"$.Attributes", "key", true}, {"$.FlowAttributes", "key", true}, {"$.Tags", "key", true},
		{"$.References", "key", true}, {"$.References.key", "Value", true}, {"$.References.key", "Type", true},
		{"$.SegmentAttributes", "key", true}, {"$.SegmentAttributes", "map", true}, {"$.SegmentAttributes.map", "key", true},
		{"$.External", "key", true}, {"$.External.map", "key", true}, {"$.Lex", "key", true}, {"$.Views", "key", true}, {"$.Metrics", "key", true},
		{"$.Modules.Input", "key", true}, {"$.Queue", "Name", true}, {"$.Agent", "UserName", true},
		{"$.Media", "InitialMessage", true}, {"$.CustomerEndpoint", "DisplayName", true},

		{"$.Attributes", "none", false}, {"$.References", "none", false}, {"$.References.none", "Value", false}, {"$.References.key", "Name", false},
		{"$.References.key.Value", "secret", false}, {"$.SegmentAttributes", "none", false}, {"$.SegmentAttributes.key", "secret", false},
		{"$.External.list", "0", false}, {"$.External.n", "7", false}, {"$.Agent", "LastName", false}, {"$.Channel", "CHAT", false},
	} {
		ref := flow.Compile(test.of)
		if got := m.resolve(ref.Whole()).HasKey(test.key); got != test.want {
			t.Errorf("%s has the key %s: %t; want %t", test.of, test.key, got, test.want)
		}
	}
}
