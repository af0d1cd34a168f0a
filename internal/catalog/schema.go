package catalog

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// reference is a value that a template takes from the data that it is shown with:
// $.Heading, $.Customer.Name. It is one only where it is the whole value of a
// property or the whole of an item of Content; inside a longer text it is shown as
// it is written (seen in published views, 2026-08), and so is one of more than 50
// names: it would make a schema that no client reads.
var reference = regexp.MustCompile(`^\$(\.[A-Za-z0-9_]+){1,50}$`)

// IsReference reports whether a text of a view's template is a reference.
func IsReference(text string) bool { return reference.MatchString(text) }

// schema is a JSON schema of an object.
type schema struct {
	Schema     string             `json:"$schema,omitempty"`
	Type       string             `json:"type,omitempty"`
	Properties map[string]*schema `json:"properties,omitempty"`
	Required   []string           `json:"required,omitempty"`
}

// inputSchema returns what a template must be given (ViewContent.InputSchema):
// an object with a member for each reference in it, all of them required. A member
// may be any JSON, unless the template takes members of it.
func inputSchema(template string) string {
	root := &schema{Schema: "http://json-schema.org/draft-07/schema#", Type: "object"}
	for _, ref := range inputs(template) {
		at := root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "$."), ".") {
			if at.Properties == nil {
				at.Type, at.Properties = "object", map[string]*schema{}
			}
			if at.Properties[name] == nil {
				at.Properties[name] = &schema{}
				at.Required = append(at.Required, name)
			}
			at = at.Properties[name]
		}
	}
	if root.Properties == nil {
		return `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{},"required":[]}`
	}
	text, err := json.Marshal(root)
	if err != nil {
		panic("catalog: schema of a view: " + err.Error()) // strings only
	}
	return string(text)
}

// inputs returns the references of a template in the order in which they stand.
func inputs(template string) (list []string) {
	d := json.NewDecoder(bytes.NewReader([]byte(template)))
	var open []json.Delim // what the value is inside of
	name, isName := "", false
	for {
		t, err := d.Token()
		if err != nil {
			return list // the end, or a template that was never checked
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				open = append(open, t)
			} else {
				open = open[:len(open)-1]
			}
			isName = len(open) > 0 && open[len(open)-1] == '{'
			continue
		case string:
			if isName {
				name, isName = t, false
				continue
			}
			if name != "_id" && name != "Type" && IsReference(t) {
				list = append(list, t)
			}
		}
		isName = len(open) > 0 && open[len(open)-1] == '{'
	}
}
