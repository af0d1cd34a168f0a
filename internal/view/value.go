package view

import (
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// Values of a flow's data, read leniently: exports have lists and objects as the
// text of JSON, and truths as texts.

// text is a value to read: lists are joined, objects are nothing.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, item := range v {
			if s := text(item); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// list is a list: of one thing when the value is no list.
func list(value any) []any {
	value = parsed(value, '[')
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// object is an object, or one without members.
func object(value any) map[string]any {
	m, _ := parsed(value, '{').(map[string]any)
	return m
}

// parsed is a value whose JSON may be given as its text.
func parsed(value any, begin byte) any {
	s, ok := value.(string)
	if s = strings.TrimSpace(s); !ok || s == "" || s[0] != begin {
		return value
	}
	var inner any
	if json.Unmarshal([]byte(s), &inner) != nil {
		return value
	}
	return inner
}

func truth(value any) bool { return value == true || value == "true" }

// reference is a value that stands for an input.
var reference = regexp.MustCompile(`^\$\.[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)

// resolve puts the inputs in place of the references in a value. A reference to
// what is not there is nil.
func (r *reader) resolve(value any) any {
	switch v := value.(type) {
	case string:
		if !reference.MatchString(v) {
			return v
		}
		var at any = r.inputs
		for name := range strings.SplitSeq(v[2:], ".") {
			at = object(at)[name]
		}
		return at
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = r.resolve(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name := range v {
			out[name] = r.resolve(v[name])
		}
		return out
	}
	return value
}

var (
	tags   = regexp.MustCompile(`(?s)<!--.*?-->|</?([a-zA-Z][a-zA-Z0-9]*)[^>]*>`)
	spaces = regexp.MustCompile(`[ \t]*\n\s*`)
)

// unmarked is what simple HTML says, without its tags.
func unmarked(markup string) string {
	said := tags.ReplaceAllStringFunc(strings.Join(strings.Fields(markup), " "), func(tag string) string {
		name := strings.ToLower(tags.FindStringSubmatch(tag)[1])
		switch name {
		case "li":
			if tag[1] != '/' {
				return "\n- "
			}
		case "td", "th":
			return " "
		case "p", "br", "div", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "textcontent":
			return "\n"
		}
		return ""
	})
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(said), "\n"))
}
