package flowgraph

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// familyColours are the fills of boxes.
var familyColours = []struct {
	family     flow.Family
	fill, dark string
}{
	{flow.FamilyTalk, "#d3e5fb", "#1f3d61"}, {flow.FamilyControl, "#fdebc0", "#54451b"}, {flow.FamilyContact, "#d5efda", "#214a2d"},
	{flow.FamilyCall, "#e5dbf7", "#443366"}, {flow.FamilyEnd, "#e0e4e8", "#3a444e"},
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`)

// Title returns what to call an action: its identifier when a person chose it,
// else what the designer calls its type.
func Title(a *check.OutlineAction) string {
	if !uuid.MatchString(a.ID) && a.ID != "" {
		return a.ID
	}
	return Kind(a)
}

// Kind returns what the designer calls the type of an action.
func Kind(a *check.OutlineAction) string {
	if t := flow.TypeNamed(a.Type); t != nil && t.Title != "" {
		return t.Title
	}
	return a.Type
}

// family is that of the action's type; an unknown type is taken for a call.
func (n *node) family() flow.Family {
	if t := flow.TypeNamed(n.action.Type); t != nil {
		return t.Family
	}
	return flow.FamilyCall
}

// Summary returns the parameter that says most of an action, as one line;
// "" when there is none. names are those of the flow's [check.Outline].
func Summary(a *check.OutlineAction, names map[string]string) string {
	t := flow.TypeNamed(a.Type)
	if t == nil {
		return ""
	}
	for _, parameter := range t.Shows {
		parameter, member, _ := strings.Cut(parameter, ".")
		v, err := flow.Decode(a.Parameters[parameter])
		if object, ok := v.(map[string]any); ok && member != "" {
			v = object[member]
		}
		if err != nil {
			continue // it is not there
		}
		text := words(v, names, 0)
		if strings.HasSuffix(parameter, "Seconds") {
			text = duration(text)
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// words writes a parameter's value for people: names for ids, "key = value" for objects.
func words(v any, names map[string]string, depth int) string {
	switch v := v.(type) {
	case string:
		return resource(v, names)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var all []string
		for _, e := range v[:min(len(v), 5)] {
			all = append(all, words(e, names, depth+1))
		}
		return strings.Join(all, ", ")
	case map[string]any:
		if depth > 2 {
			return "…"
		}
		var all []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text := words(v[key], names, depth+1)
			if len(v) > 1 || !plain[key] {
				text = key + " = " + text
			}
			if all = append(all, text); len(all) == 5 {
				break
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

// plain are members of objects whose value says enough without its name.
var plain = map[string]bool{"Value": true, "Text": true, "Id": true, "AliasArn": true, "SSML": true, "PromptId": true}

// resource shortens an ARN to what is told apart in it.
func resource(s string, names map[string]string) string {
	if shown := names[s]; shown != "" {
		return shown
	}
	s = strings.Join(strings.Fields(s), " ")
	if !strings.HasPrefix(s, "arn:") {
		return s
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && i < len(s)-1 {
		return s[i+1:]
	}
	if _, name, ok := strings.Cut(s, ":function:"); ok {
		return name
	}
	return s
}

func duration(seconds string) string {
	n, err := strconv.Atoi(seconds)
	if err != nil || n < 0 || n > 1e7 {
		return seconds
	}
	text := (time.Duration(n) * time.Second).String()
	text = strings.TrimSuffix(text, "m0s")
	if before, ok := strings.CutSuffix(text, "h0"); ok {
		return before + "h"
	}
	if text != (time.Duration(n) * time.Second).String() {
		text += "m"
	}
	return text
}

// Label says on which result a way is taken, as > 0 or NoMatchingError; "" for plain success.
func Label(e *check.Exit) string {
	switch e.Kind {
	case flow.WayError:
		return e.Error
	case flow.WayCondition:
		return Condition(e.Operator, e.Operand)
	}
	return ""
}

// Condition says what a condition asks for: the operand, behind the sign of an
// operator that is not Equals.
func Condition(operator, operand string) string {
	said := strings.Join(strings.Fields(operand), " ")
	if said == "" {
		said = `""`
	}
	return strings.TrimSpace(operators[operator] + " " + said)
}

// operators are the signs of the operators of conditions; those of Equals is
// left out, since nearly all conditions have it.
var operators = map[string]string{
	"TextStartsWith": "starts with", "TextEndsWith": "ends with", "TextContains": "contains", "KeyExists": "has",
	"NumberGreaterThan": ">", "NumberGreaterOrEqualTo": "≥", "NumberLessThan": "<", "NumberLessOrEqualTo": "≤",
}
