package catalog

import (
	"encoding/json"
	"regexp"
	"strings"
)

// reference finds what a template takes from the data that it is shown with:
// $.Heading, $.Customer.Name.
var reference = regexp.MustCompile(`\$\.[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*`)

// schema is a JSON schema of an object.
type schema struct {
	Schema     string             `json:"$schema,omitempty"`
	Type       string             `json:"type,omitempty"`
	Properties map[string]*schema `json:"properties,omitempty"`
	Required   []string           `json:"required,omitempty"`
}

// inputSchema returns what a template must be given (ViewContent.InputSchema):
// an object with a member for each reference in it. A member may be any JSON,
// unless the template takes members of it.
func inputSchema(template string) string {
	root := &schema{Schema: "http://json-schema.org/draft-07/schema#", Type: "object", Properties: map[string]*schema{}}
	for _, ref := range reference.FindAllString(template, -1) {
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
	text, err := json.Marshal(root)
	if err != nil {
		panic("catalog: schema of a view: " + err.Error()) // strings only
	}
	return string(text)
}
