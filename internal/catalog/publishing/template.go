package publishing

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// template checks the template of a view that is to be published.
type template struct{ integrations bool }

// checkTemplate returns what keeps a template from being published: an Invalid
// error that names the node by its path, as /Body/0/Content/2/Props, and says what
// is wrong with it in the words of the service's validation. The first thing found
// is told: a client that creates a view again and again, as CloudFormation does
// with this error, shows the whole message.
func checkTemplate(members map[string]json.RawMessage) error {
	var head map[string]json.RawMessage
	if json.Unmarshal(members["Head"], &head) != nil || head == nil {
		return wrong("/Head", "is missing or not an object")
	}
	configuration, ok := head["Configuration"]
	if !ok {
		return wrong("/Head", "must have required property 'Configuration' ({} is enough)")
	}
	if err := checkConfiguration(configuration, "/Head/Configuration"); err != nil {
		return err
	}
	// The member of Head that declares integrations is not published.
	known := 1
	if _, ok := head["Title"]; ok {
		known++
	}
	return template{integrations: len(head) > known}.nodes(members["Body"], "/Body", 0)
}

// wrong is the error of a node.
func wrong(path, format string, args ...any) error {
	return center.Errorf(center.Invalid, "Content.Template: %s %s", path, fmt.Sprintf(format, args...))
}

// maxNesting bounds how deep components lie in each other.
const maxNesting = 50

// nodes checks a list of nodes. Below the top it may hold texts and numbers too.
func (t template) nodes(raw json.RawMessage, path string, depth int) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return wrong(path, "is not a list")
	}
	if depth > maxNesting {
		return wrong(path, "is nested more than %d levels deep", maxNesting)
	}
	for i, item := range list {
		at := fmt.Sprintf("%s/%d", path, i)
		if depth > 0 && item[0] != '{' && item[0] != '[' && item[0] != 'n' {
			if err := t.text(item, at); err != nil {
				return err
			}
			continue
		}
		if err := t.node(item, at, depth); err != nil {
			return err
		}
	}
	return nil
}

// text checks an item of Content that is no node.
func (t template) text(item json.RawMessage, path string) error {
	var text string
	if json.Unmarshal(item, &text) == nil && strings.HasPrefix(text, "$.#") && !t.integrations {
		return wrong(path, "integrations used in the view body are not included in the view head: %s", text)
	}
	return nil
}

// node checks one node.
func (t template) node(item json.RawMessage, path string, depth int) error {
	var n map[string]json.RawMessage
	var typ string
	if json.Unmarshal(item, &n) != nil || json.Unmarshal(n["Type"], &typ) != nil || typ == "" {
		return wrong(path, "is not an object with a Type")
	}
	c := components[typ]
	if c == nil {
		return wrong(path+"/Type", "must be equal to one of the allowed values: there is no component %q", typ)
	}
	if depth == 0 && typ == "Button" {
		return wrong(path+"/Type", `must be equal to constant "Container": a Button stands in a Container`)
	}
	if configuration, ok := n["Configuration"]; ok {
		if err := checkConfiguration(configuration, path+"/Configuration"); err != nil {
			return err
		}
	}
	if err := t.props(c, n["Props"], path+"/Props"); err != nil {
		return err
	}
	content, ok := n["Content"]
	if !ok {
		return nil
	}
	if depth == 0 && !c.holds && holdsNode(content) {
		return wrong(path, `Content/items must be string, must be number: at the top of the Body only a Container holds components (Type must be equal to constant "Container")`)
	}
	return t.nodes(content, path+"/Content", depth+1)
}

// holdsNode reports whether a list holds an object.
func holdsNode(raw json.RawMessage) bool {
	var list []json.RawMessage
	return json.Unmarshal(raw, &list) == nil && slices.ContainsFunc(list, func(item json.RawMessage) bool { return item[0] == '{' })
}

// props checks the properties of a component.
func (t template) props(c *component, raw json.RawMessage, path string) error {
	if c.opaque {
		return nil
	}
	given := map[string]json.RawMessage{}
	if raw != nil && (json.Unmarshal(raw, &given) != nil || given == nil) {
		return wrong(path, "must be object")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		rule, known := c.rule(name)
		switch {
		case !known && c.sealed:
			return wrong(path, "must NOT have additional properties: %s%s", name, instead(c, name))
		case !known && isReference(given[name]):
			return wrong(path+"/"+name, "takes no reference: the component has no property %s%s", name, instead(c, name))
		case !known:
			continue
		}
		if err := t.prop(&rule, given[name], path+"/"+name); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.props)) {
		if _, ok := given[name]; !ok && c.props[name].required {
			return wrong(path, "must have required property '%s'", name)
		}
	}
	return nil
}

// instead says what to write in place of a property that is often met.
func instead(c *component, name string) string {
	switch {
	case c == components["Button"] && name == "Label":
		return " (the label of a Button is its Content)"
	case c == components["TextBox"] && name == "Text":
		return " (the text of a TextBox is its Content)"
	}
	for known := range c.props {
		if strings.EqualFold(known, name) {
			return " (it is spelt " + known + ")"
		}
	}
	return ""
}

// prop checks one property. What is exactly one reference may stand anywhere but
// where it is said when a component is shown: there the service fails over one.
func (t template) prop(rule *propRule, raw json.RawMessage, path string) error {
	if rule.shown {
		return checkShown(raw, path)
	}
	if isReference(raw) {
		return t.text(raw, path)
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil && raw[0] == '"'
	switch {
	case rule.truth && !isTruth(raw):
		return wrong(path, "must be boolean")
	case rule.list && raw[0] != '[':
		return wrong(path, "must be array")
	case rule.values != nil && (!isText || !rule.allows(text)):
		return wrong(path, "must be equal to one of the allowed values: %s", strings.Join(rule.values, ", "))
	case rule.items != nil:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return wrong(path, "must be array")
		}
		for i := range list {
			if isReference(list[i]) {
				continue
			}
			if err := t.props(rule.items, list[i], path+"/"+strconv.Itoa(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkShown checks Visibility: a truth, or conditions, whose members are not
// looked at (CreateView and CloudFormation take them in two forms, 2026-05).
func checkShown(raw json.RawMessage, path string) error {
	if raw[0] != '{' && !isTruth(raw) {
		return wrong(path, `must be boolean or a condition: {"Conditions":[{"Equals":{"ElementByKey":"name","ElementByValue":"true"}}]}`)
	}
	return nil
}

// isTruth reports whether a value is true or false, maybe as a text.
func isTruth(raw json.RawMessage) bool {
	switch string(raw) {
	case "true", "false", `"true"`, `"false"`:
		return true
	}
	return false
}

// isReference reports whether a value is exactly one reference.
func isReference(raw json.RawMessage) bool {
	var text string
	return json.Unmarshal(raw, &text) == nil && (catalog.IsReference(text) || strings.HasPrefix(text, "$.#"))
}

// styleName is a property of a component's style: one that its own style sheet reads.
var styleName = regexp.MustCompile(`^--[a-z0-9-]+$`)

// checkConfiguration checks the Configuration of the Head or of a component.
func checkConfiguration(raw json.RawMessage, path string) error {
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil || given == nil {
		return wrong(path, "must be object")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		var err error
		switch name {
		case "Layout":
			err = checkLayout(given[name], path+"/Layout")
		case "Style":
			err = checkStyle(given[name], path+"/Style")
		default:
			err = wrong(path, "must NOT have additional properties: %s", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLayout(raw json.RawMessage, path string) error {
	if isReference(raw) {
		return nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil || given == nil {
		return wrong(path, "must be object")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		at := path + "/" + name
		switch name {
		case "Columns":
			spans := []json.RawMessage{given[name]}
			if given[name][0] == '[' {
				_ = json.Unmarshal(given[name], &spans) // it is a list, and what is in it is checked
			}
			for _, span := range spans {
				if !isSpan(span) {
					return wrong(at, "must be a number of columns, or a list of them")
				}
			}
		case "Align":
			rule := oneOf("left", "center", "right")
			if err := (template{}).prop(&rule, given[name], at); err != nil {
				return err
			}
		default:
			return wrong(path, "must NOT have additional properties: %s", name)
		}
	}
	return nil
}

// isSpan reports whether a value is a number, maybe as a text, or a reference.
func isSpan(raw json.RawMessage) bool {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil || isReference(raw)
}

func checkStyle(raw json.RawMessage, path string) error {
	if raw[0] == '"' {
		return nil // taken, without an effect
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil || given == nil {
		return wrong(path, "must be object")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !styleName.MatchString(name) {
			return wrong(path, "must NOT have additional properties: %s (names are like --container-padding-top)", name)
		}
		if given[name][0] != '"' {
			return wrong(path+"/"+name, "must be string")
		}
	}
	return nil
}
