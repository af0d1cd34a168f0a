package machine

import (
	"encoding/json"
	"strconv"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// getter returns the value below a root.
type getter func(m *machine, path []string) flow.Value

// getterTable has what each root of references stands for that a chat may have.
var getterTable = map[string]getter{
	"Channel":           scalar(func(*machine) string { return flow.ChatChannel }),
	"ContactId":         scalar(func(m *machine) string { return string(m.c.ID) }),
	"InitialContactId":  scalar(func(m *machine) string { return string(m.c.Chat) }),
	"PreviousContactId": scalar(func(m *machine) string { return string(m.c.Previous) }),
	"RelatedContactId":  scalar(func(m *machine) string { return string(m.c.Related) }),
	"InitiationMethod":  scalar(func(m *machine) string { return m.c.InitiationMethod }),
	"InstanceARN":       scalar(func(m *machine) string { return m.c.InstanceARN }),
	"AwsRegion":         scalar(func(m *machine) string { return m.c.Region }),
	"LanguageCode":      scalar(func(m *machine) string { return m.c.language() }),
	"CustomerId":        scalar(func(m *machine) string { return m.c.CustomerID }),
	"Name":              scalar(func(m *machine) string { return m.c.Name }),
	"Description":       scalar(func(m *machine) string { return m.c.Description }),

	"Queue": members(map[string]func(*Contact) string{"Name": (*Contact).queueName, "ARN": (*Contact).queueARN}),
	"Agent": members(map[string]func(*Contact) string{
		"ARN": (*Contact).agentARN, "UserName": (*Contact).agentUserName, "FirstName": (*Contact).agentFirstName, "LastName": (*Contact).agentLastName,
	}),
	"CustomerEndpoint": members(map[string]func(*Contact) string{"DisplayName": (*Contact).customerName}),
	"Media":            members(map[string]func(*Contact) string{"InitialMessage": (*Contact).initialMessage}),

	"Attributes":        func(m *machine, path []string) flow.Value { return member(m.c.Attributes, path) },
	"FlowAttributes":    func(m *machine, path []string) flow.Value { return member(m.run.Data.Attributes, path) },
	"Tags":              func(m *machine, path []string) flow.Value { return member(m.c.Tags, path) },
	"References":        func(m *machine, path []string) flow.Value { return contactReference(m.c.References, path) },
	"SegmentAttributes": func(m *machine, path []string) flow.Value { return segmentAttribute(m.c.SegmentAttributes, path) },
	"External":          gathered(docExternal),
	"Lex":               lex,
	"Views":             gathered(docViews),
	"Metrics":           gathered(docMetrics),
	"Modules":           modules,
	"Wisdom":            gathered(docWisdom),
	"Loop":              listLoop,
	"LambdaInvocation":  lambdaInvocation,
}

// getters are the getters by the index of their root.
var getters = func() []getter {
	list := make([]getter, len(flow.Roots()))
	for i, r := range flow.Roots() {
		list[i] = getterTable[r.Name]
	}
	return list
}()

// resolve returns what a reference stands for at this moment of the run. It is
// null when the root is unknown or has no such member.
func (m *machine) resolve(r *flow.Reference) flow.Value {
	if !m.spend(1) || r.Root == nil {
		return flow.Value{}
	}
	get := getters[r.Root.Index]
	if get == nil {
		return flow.Value{}
	}
	return get(m, r.Path)
}

// scalar is the getter of a root that is a text itself.
func scalar(get func(*machine) string) getter {
	return func(m *machine, path []string) flow.Value {
		if len(path) > 0 {
			return flow.Value{}
		}
		return flow.KnownValue(get(m))
	}
}

// members is the getter of a root with a fixed set of members.
func members(get map[string]func(*Contact) string) getter {
	return func(m *machine, path []string) flow.Value {
		switch len(path) {
		case 0:
			object := map[string]any{}
			for name, f := range get {
				if s := f(m.c); s != "" {
					object[name] = s
				}
			}
			if len(object) == 0 {
				return flow.Value{}
			}
			return flow.DataValue(object)
		case 1:
			if f := get[path[0]]; f != nil {
				return flow.KnownValue(f(m.c))
			}
		}
		return flow.Value{}
	}
}

func (c *Contact) queueName() string      { return c.Queue.Name }
func (c *Contact) queueARN() string       { return c.Queue.ARN }
func (c *Contact) agentARN() string       { return c.Agent.ARN }
func (c *Contact) agentUserName() string  { return c.Agent.UserName }
func (c *Contact) agentFirstName() string { return c.Agent.FirstName }
func (c *Contact) agentLastName() string  { return c.Agent.LastName }
func (c *Contact) customerName() string   { return c.CustomerName }
func (c *Contact) initialMessage() string { return c.InitialMessage }

// language is the contact's language; a contact that was given none has
// American English.
func (c *Contact) language() string {
	if c.LanguageCode == "" {
		return "en-US"
	}
	return c.LanguageCode
}

// member is an entry of a flat map, or with an empty path the map itself.
func member(of map[string]string, path []string) flow.Value {
	switch len(path) {
	case 0:
		if len(of) > 0 {
			return flow.DataValue(of)
		}
	case 1:
		if s, ok := of[path[0]]; ok {
			return flow.TextValue(s)
		}
	}
	return flow.Value{}
}

// contactReference is $.References.key.Value or $.References.key.Type, and on the
// way there the map of them.
func contactReference(of map[string]center.Reference, path []string) flow.Value {
	object := func(r center.Reference) any { return map[string]any{"Type": r.Type, "Value": r.Value} }
	if len(path) == 0 {
		return mapped(of, object)
	}
	r, ok := of[path[0]]
	switch {
	case !ok:
	case len(path) == 1:
		return flow.DataValue(object(r))
	case len(path) > 2:
	case path[1] == "Value":
		return flow.KnownValue(r.Value)
	case path[1] == "Type":
		return flow.KnownValue(r.Type)
	}
	return flow.Value{}
}

// mapped is a map whose entries are made into JSON values; nothing where it is empty.
func mapped[T any](of map[string]T, value func(T) any) flow.Value {
	if len(of) == 0 {
		return flow.Value{}
	}
	object := make(map[string]any, len(of))
	for k, v := range of {
		object[k] = value(v)
	}
	return flow.DataValue(object)
}

// segmentAttribute follows a path through the maps and lists of segment
// attributes: $.SegmentAttributes['connect:CustomerAuthentication']['Status'].
func segmentAttribute(of map[string]center.SegmentAttribute, path []string) flow.Value {
	if len(path) == 0 {
		return mapped(of, plain)
	}
	a, ok := of[path[0]]
	for _, p := range path[1:] {
		if a.Map != nil {
			a, ok = a.Map[p]
			continue
		}
		i, err := strconv.Atoi(p)
		if err != nil || i < 0 || i >= len(a.List) {
			return flow.Value{}
		}
		a = a.List[i]
	}
	if !ok {
		return flow.Value{}
	}
	return flow.DataValue(plain(a))
}

// plain is a segment attribute as the JSON value it holds.
func plain(a center.SegmentAttribute) any {
	switch {
	case a.String != nil:
		return *a.String
	case a.ARN != nil:
		return *a.ARN
	case a.Integer != nil:
		return json.Number(strconv.FormatInt(*a.Integer, 10))
	case a.Map != nil:
		object := make(map[string]any, len(a.Map))
		for k, v := range a.Map {
			object[k] = plain(v)
		}
		return object
	case a.List != nil:
		list := make([]any, len(a.List))
		for i, v := range a.List {
			list[i] = plain(v)
		}
		return list
	}
	return nil
}

// lambdaInvocation is the newer root for what a function answered.
func lambdaInvocation(m *machine, path []string) flow.Value {
	switch {
	case len(path) == 1 && path[0] == "InvocationId":
		return flow.KnownValue(m.run.Data.Invocation)
	case len(path) >= 1 && path[0] == "ResultData":
		return walk(m.document(docExternal), path[1:])
	}
	return flow.Value{}
}

// document returns a document of the run, decoded once per Advance.
func (m *machine) document(doc int) any {
	raw := *m.run.Data.raw(doc)
	if m.docs[doc] == nil && len(raw) > 0 {
		if v, err := flow.Decode(raw); err == nil {
			m.docs[doc] = v
		}
	}
	return m.docs[doc]
}

// keep replaces a document of the run.
func (m *machine) keep(doc int, raw json.RawMessage) {
	*m.run.Data.raw(doc), m.docs[doc] = raw, nil
}

// gathered is the getter of a root that is a document of the run.
func gathered(doc int) getter {
	return func(m *machine, path []string) flow.Value { return walk(m.document(doc), path) }
}

// lex is $.Lex. Documents spell AlternativeIntents also without its "iv".
func lex(m *machine, path []string) flow.Value {
	if len(path) > 0 && path[0] == "AlternateIntents" {
		path = append([]string{"AlternativeIntents"}, path[1:]...)
	}
	return walk(m.document(docLex), path)
}

// modules is $.Modules: the Input of the module that runs, and the Result and
// ResultData of the last one that was called.
func modules(m *machine, path []string) flow.Value {
	if len(path) > 0 && path[0] == "Input" {
		return walk(m.document(docInput), path[1:])
	}
	return walk(m.document(docModule), path)
}

// listLoop is $.Loop.name.Index of a Loop, and .Element and .Elements of one over a list.
func listLoop(m *machine, path []string) flow.Value {
	if len(path) < 2 {
		return flow.Value{}
	}
	l, ok := m.run.Data.Lists[path[0]]
	if !ok {
		return flow.Value{}
	}
	if path[1] == "Index" {
		return flow.TextValue(strconv.Itoa(l.Index))
	}
	elements, ok := m.lists[path[0]]
	if !ok {
		elements, _ = flow.Decode(l.Elements) // of the run's own making: nil could only be a damaged run
		if m.lists == nil {
			m.lists = map[string]any{}
		}
		m.lists[path[0]] = elements
	}
	switch path[1] {
	case "Element":
		return walk(elements, append([]string{strconv.Itoa(l.Index)}, path[2:]...))
	case "Elements":
		return walk(elements, path[2:])
	}
	return flow.Value{}
}

// walk follows a path into a decoded JSON value.
func walk(v any, path []string) flow.Value {
	for _, p := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i < 0 || i >= len(at) {
				return flow.Value{}
			}
			v = at[i]
		default:
			return flow.Value{}
		}
	}
	return flow.DataValue(v)
}
