package golang

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"parley.example/parley/internal/codegen/model"
)

// tags writes the tags of a member's field, see the runtime's tagged: nothing where the type has code
// of its own. op is an operation whose input the owner is, nil if there is none.
func (a *api) tags(owner *model.Shape, op *model.Operation, m *model.Member) string {
	if a.coded[owner] {
		return ""
	}
	var list []string
	say := func(key, value string) {
		if value != "" {
			list = append(list, key+":"+strconv.Quote(value))
		}
	}
	t := m.Traits
	if m.Wire() != field(m) {
		say("name", m.Wire())
	}
	if t.Required {
		say("required", "true")
	}
	if owner.Type == "union" {
		say("oneof", "true")
	}
	if t.Label {
		say("label", strconv.Itoa(op.Label(m)))
	}
	say("query", t.Query)
	say("header", http.CanonicalHeaderKey(t.Header))
	a.valueTags(say, "", m, a.Inputs[owner])
	if len(list) == 0 {
		return ""
	}
	return " " + quoted(strings.Join(list, " "))
}

// quoted is the shortest literal of a text.
func quoted(text string) string { return fmt.Sprintf("%#q", text) }

// valueTags says how the values of the shape m refers to are written and, if checked, what the model
// demands of them and of what they hold.
func (a *api) valueTags(say func(key, value string), prefix string, m *model.Member, checked bool) {
	s := a.Shapes[m.Target]
	if s.Type == "timestamp" {
		if format := a.TimeFormat(m); format != "epoch-seconds" {
			say(prefix+"time", format)
		}
	}
	if checked {
		say(prefix+"len", span(s.Traits.Length))
		say(prefix+"range", span(s.Traits.Range))
		if s.Traits.Pattern != "" {
			say(prefix+"pattern", s.Pattern())
		}
	}
	switch s.Type {
	case "list":
		a.valueTags(say, prefix+"each.", s.Member, checked)
	case "map":
		a.valueTags(say, prefix+"key.", s.Key, checked)
		a.valueTags(say, prefix+"each.", s.Value, checked)
	}
}

// span writes bounds as a tag has them.
func span(b *model.Bounds) string {
	if b == nil {
		return ""
	}
	var low, high string
	if b.Min != nil {
		low = number(b.Min)
	}
	if b.Max != nil {
		high = number(b.Max)
	}
	return low + ":" + high
}
