package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/words"
)

// Roles are the roles whose words the index of transcripts has, each with the name of its column.
var Roles = [...]struct {
	Role   center.Role
	Column string
}{{center.RoleCustomer, "customer"}, {center.RoleAgent, "agent"}, {center.RoleSystem, "system"}, {center.RoleCustomBot, "bot"}, {center.RoleSupervisor, "supervisor"}}

// Boundary stands between the words of two messages. It is no word itself.
const Boundary = "\ue000"

// Say adds the words of a message to those of its role.
func Say(line *strings.Builder, contentType, content string) {
	room := store.MaxIndexed - line.Len()
	if room <= 0 {
		return
	}
	var said strings.Builder
	switch contentType {
	case center.PlainText, center.Markdown:
		words.Append(&said, content, room)
	default:
		var message any
		if json.Unmarshal([]byte(content), &message) == nil {
			texts(message, func(text string) { words.Append(&said, text, room) })
		}
	}
	if said.Len() == 0 {
		return
	}
	if line.Len() == 0 {
		line.WriteString(Boundary)
	}
	line.WriteString(" " + said.String() + " " + Boundary)
}

// texts yields the strings that are values in JSON.
func texts(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(v)
	case []any:
		for _, one := range v {
			texts(one, yield)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			texts(v[key], yield)
		}
	}
}

// Heard is what transcripts have to have in them, and what they must not: each an expression, one of which, or all, have to be met.
type Heard struct {
	With, Without []Expression
	Any           bool
	Never         bool // no transcript meets it
}

// Expression is met by what a role said, when one of some texts is in it, or all. A text is in it when each of its phrases, words that
// follow each other, is.
type Expression struct {
	Column string
	Texts  [][][]string // texts, phrases, words; none of them empty
	Any    bool
}

// HeardOf reads the conditions of a search on what was said.
func HeardOf(q *store.ContactSearch) (h Heard) {
	h.Any = q.SaidAs == store.MatchAny
	unmet, met := 0, false
	for _, one := range q.Said {
		expr, what := expression(one)
		if q.SaidAs == store.MatchNone {
			what = -what
		}
		negative := (one.Match == store.MatchNone) != (q.SaidAs == store.MatchNone)
		switch {
		case what < 0:
			unmet++
		case what > 0:
			met = true
		case negative:
			h.Without = append(h.Without, expr)
		default:
			h.With = append(h.With, expr)
		}
	}
	if h.Any {
		h.Never = unmet > 0 && unmet == len(q.Said)
		if met {
			return Heard{}
		}
		return h
	}
	h.Never = unmet > 0
	return h
}

// expression returns a condition as an expression, in which MatchNone is as MatchAny; or, without one, 1 for a condition that everything
// meets, and -1 for one that nothing does.
func expression(one store.Said) (e Expression, all int) {
	if len(one.Texts) == 0 {
		return e, 1
	}
	e.Any = one.Match == store.MatchAny || one.Match == store.MatchNone
	for _, text := range one.Texts {
		phrases := words.Terms(text)
		if one.Match == store.MatchExact && len(phrases) > 0 {
			phrases = [][]string{slices.Concat(phrases...)}
		}
		switch {
		case len(phrases) > 0:
			e.Texts = append(e.Texts, phrases)
		case !e.Any:
			return e, -1
		}
	}
	if len(e.Texts) == 0 {
		if one.Match == store.MatchNone {
			return e, 1
		}
		return e, -1
	}
	for _, role := range Roles {
		if role.Role == one.Role {
			e.Column = role.Column
			return e, 0
		}
	}
	return e, -1
}
