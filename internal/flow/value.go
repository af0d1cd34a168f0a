package flow

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"parley.example/parley/internal/center"
)

// value is what a reference stands for: null (the zero value), a text, or
// another JSON value.
type value struct {
	kind valueKind
	str  string
	data any // of kindData: as encoding/json decodes it, with json.Number
}

type valueKind uint8

const (
	kindNull valueKind = iota
	kindText
	kindData
)

func textValue(s string) value { return value{kind: kindText, str: s} }

// known is textValue for data whose empty value means that it is not there.
func known(s string) value {
	if s == "" {
		return value{}
	}
	return textValue(s)
}

// dataValue gives a decoded JSON value its kind.
func dataValue(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return textValue(v)
	}
	return value{kind: kindData, data: v}
}

// text renders the value inside a text: null as nothing, numbers and booleans
// as JSON writes them, arrays and objects as compact JSON.
func (v value) text() string {
	if v.kind != kindData {
		return v.str
	}
	switch d := v.data.(type) {
	case json.Number:
		return d.String()
	case bool:
		return strconv.FormatBool(d)
	}
	return string(encode(v.data))
}

// any returns the value for a place that accepts any JSON value.
func (v value) any() any {
	switch v.kind {
	case kindText:
		return v.str
	case kindData:
		return v.data
	}
	return nil
}

// size is how many bytes the value has as text.
func (v value) size() int {
	if v.kind == kindData {
		return len(v.text())
	}
	return len(v.str)
}

// encode returns v as compact JSON without escapes for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// What comes here are maps, slices and scalars that JSON made, or that this
	// package builds: encoding them cannot fail.
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// decode reads one JSON value and keeps numbers as they are written.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// walk follows a path into a decoded JSON value.
func walk(v any, path []string) value {
	for _, p := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i < 0 || i >= len(at) {
				return value{}
			}
			v = at[i]
		default:
			return value{}
		}
	}
	return dataValue(v)
}

// chatChannel is $.Channel of every contact here.
const chatChannel = "CHAT"

// root is a first name of references: what $.Attributes, $.Queue and so on
// stand for.
type root struct {
	// get returns the value below the root; nil when nothing in a chat that
	// Parley runs fills this root yet, so that it is always null.
	get func(m *machine, path []string) value
	// user marks roots whose members are named by users. Only an absent member
	// of the others equals the operand "NULL" (see equals).
	user bool
}

// roots are the roots of references by name.
var roots = map[string]*root{
	"Channel":           scalar(func(*machine) string { return chatChannel }),
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

	"Attributes":        {get: func(m *machine, path []string) value { return entry(m.c.Attributes, path) }, user: true},
	"FlowAttributes":    {get: func(m *machine, path []string) value { return entry(m.run.Data.Attributes, path) }, user: true},
	"Tags":              {get: func(m *machine, path []string) value { return entry(m.c.Tags, path) }, user: true},
	"References":        {get: func(m *machine, path []string) value { return contactReference(m.c.References, path) }, user: true},
	"SegmentAttributes": {get: func(m *machine, path []string) value { return segmentAttribute(m.c.SegmentAttributes, path) }, user: true},
	"External":          {get: gathered(docExternal), user: true},
	"Lex":               {get: lex},
	"Views":             {get: gathered(docViews), user: true},
	"Metrics":           {get: gathered(docMetrics)},
	"Modules":           {get: modules, user: true},
	"Loop":              {get: listLoop, user: true},
	"LambdaInvocation":  {get: lambdaInvocation, user: true},

	// Never filled in a chat of Parley: voice, tasks, email, and services beside it.
	"SystemEndpoint": {}, "TextToSpeechVoiceId": {}, "StoredCustomerInput": {}, "CallbackNumber": {},
	"MediaStreams": {}, "Capabilities": {}, "Task": {}, "Wisdom": {}, "Email": {}, "AdditionalEmailRecipients": {},
	"Customer": {user: true}, "Case": {user: true}, "DataTables": {user: true}, "DataTableList": {user: true},
}

// resolve returns what a reference stands for at this moment of the run. It is
// null when the root is unknown or has no such member.
func (m *machine) resolve(r *reference) value {
	if !m.spend(1) || r.root == nil || r.root.get == nil {
		return value{}
	}
	return r.root.get(m, r.path)
}

// scalar makes a root that is a text itself.
func scalar(get func(*machine) string) *root {
	return &root{get: func(m *machine, path []string) value {
		if len(path) > 0 {
			return value{}
		}
		return known(get(m))
	}}
}

// members makes a root with a fixed set of members.
func members(get map[string]func(*Contact) string) *root {
	return &root{get: func(m *machine, path []string) value {
		switch len(path) {
		case 0:
			object := map[string]any{}
			for name, f := range get {
				if s := f(m.c); s != "" {
					object[name] = s
				}
			}
			if len(object) == 0 {
				return value{}
			}
			return dataValue(object)
		case 1:
			if f := get[path[0]]; f != nil {
				return known(f(m.c))
			}
		}
		return value{}
	}}
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

// entry is a member of a flat map, or with an empty path the map itself.
func entry(of map[string]string, path []string) value {
	switch len(path) {
	case 0:
		if len(of) > 0 {
			return value{kind: kindData, data: of}
		}
	case 1:
		if s, ok := of[path[0]]; ok {
			return textValue(s)
		}
	}
	return value{}
}

// contactReference is $.References.key.Value or $.References.key.Type.
func contactReference(of map[string]center.Reference, path []string) value {
	if len(path) != 2 {
		return value{}
	}
	r := of[path[0]]
	switch path[1] {
	case "Value":
		return known(r.Value)
	case "Type":
		return known(r.Type)
	}
	return value{}
}

// segmentAttribute follows a path through the maps and lists of segment
// attributes: $.SegmentAttributes['connect:CustomerAuthentication']['Status'].
func segmentAttribute(of map[string]center.SegmentAttribute, path []string) value {
	if len(path) == 0 {
		return value{}
	}
	a, ok := of[path[0]]
	for _, p := range path[1:] {
		if a.Map != nil {
			a, ok = a.Map[p]
			continue
		}
		i, err := strconv.Atoi(p)
		if err != nil || i < 0 || i >= len(a.List) {
			return value{}
		}
		a = a.List[i]
	}
	if !ok {
		return value{}
	}
	return dataValue(plain(a))
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
func lambdaInvocation(m *machine, path []string) value {
	switch {
	case len(path) == 1 && path[0] == "InvocationId":
		return known(m.run.Data.Invocation)
	case len(path) >= 1 && path[0] == "ResultData":
		return walk(m.document(docExternal), path[1:])
	}
	return value{}
}

// The documents of a run's data.
const (
	docExternal = iota
	docLex
	docViews
	docMetrics
	docInput
	docModule
	docs
)

// raw returns where the run keeps a document.
func (d *Data) raw(doc int) *json.RawMessage {
	switch doc {
	case docExternal:
		return &d.External
	case docLex:
		return &d.Lex
	case docViews:
		return &d.Views
	case docMetrics:
		return &d.Metrics
	case docInput:
		return &d.Input
	}
	return &d.Module
}

// document returns a document of the run, decoded once per Advance.
func (m *machine) document(doc int) any {
	raw := *m.run.Data.raw(doc)
	if m.docs[doc] == nil && len(raw) > 0 {
		if v, err := decode(raw); err == nil {
			m.docs[doc] = v
		}
	}
	return m.docs[doc]
}

// keep replaces a document of the run.
func (m *machine) keep(doc int, raw json.RawMessage) {
	*m.run.Data.raw(doc), m.docs[doc] = raw, nil
}

// gathered makes a root that is a document of the run.
func gathered(doc int) func(*machine, []string) value {
	return func(m *machine, path []string) value { return walk(m.document(doc), path) }
}

// lex is $.Lex. Documents spell AlternativeIntents also without its "iv".
func lex(m *machine, path []string) value {
	if len(path) > 0 && path[0] == "AlternateIntents" {
		path = append([]string{"AlternativeIntents"}, path[1:]...)
	}
	return walk(m.document(docLex), path)
}

// modules is $.Modules: the Input of the module that runs, and the Result and
// ResultData of the last one that was called.
func modules(m *machine, path []string) value {
	if len(path) > 0 && path[0] == "Input" {
		return walk(m.document(docInput), path[1:])
	}
	return walk(m.document(docModule), path)
}

// listLoop is $.Loop.name.Index of a Loop, and .Element and .Elements of one over a list.
func listLoop(m *machine, path []string) value {
	if len(path) < 2 {
		return value{}
	}
	l, ok := m.run.Data.Lists[path[0]]
	if !ok {
		return value{}
	}
	if path[1] == "Index" {
		return textValue(strconv.Itoa(l.Index))
	}
	elements, ok := m.lists[path[0]]
	if !ok {
		elements, _ = decode(l.Elements) // of the run's own making: nil could only be a damaged run
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
	return value{}
}

// tree is any JSON value with references in its strings, compiled once.
type tree struct {
	template *template       // of a string
	list     []tree          // of an array
	object   map[string]tree // of an object
	data     any             // a number, a boolean or null
}

func compileTree(v any) tree {
	switch v := v.(type) {
	case string:
		return tree{template: new(compile(v))}
	case []any:
		t := tree{list: make([]tree, len(v))}
		for i := range v {
			t.list[i] = compileTree(v[i])
		}
		return t
	case map[string]any:
		t := tree{object: make(map[string]tree, len(v))}
		for k := range v {
			t.object[k] = compileTree(v[k])
		}
		return t
	}
	return tree{data: v}
}

// value renders the tree; strings that are exactly one reference keep the type
// of what they refer to.
func (t *tree) value(m *machine) (v value, ok bool) {
	switch {
	case t.list != nil:
		list := make([]any, len(t.list))
		for i := range t.list {
			v, ok := t.list[i].value(m)
			if !ok {
				return v, false
			}
			list[i] = v.any()
		}
		return dataValue(list), true
	case t.object != nil:
		object := make(map[string]any, len(t.object))
		for k, sub := range t.object {
			v, ok := sub.value(m)
			if !ok {
				return v, false
			}
			object[k] = v.any()
		}
		return dataValue(object), true
	case t.template != nil:
		return t.template.value(m)
	}
	return dataValue(t.data), m.spend(1)
}

// number reads a decimal integer that a parameter gives as text.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil
}
