package flow

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Contract is what a module declares: what it may be given, what it gives back,
// and by which results the flow that calls it goes on. The service holds both
// sides to it when they are published.
type Contract struct {
	Input      *Schema  // of Input of InvokeFlowModule, nil when it takes none
	ResultData *Schema  // of ResultData of EndFlowModuleExecution, nil when it gives none
	Results    []string // what Result may be, the conditions of a call
}

// Empty reports whether nothing is declared.
func (c *Contract) Empty() bool {
	return c == nil || c.Input == nil && c.ResultData == nil && len(c.Results) == 0
}

// Schema is as much of a JSON schema as contracts use.
type Schema struct {
	Type       SchemaTypes        `json:"type"`
	Properties map[string]*Schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *Schema            `json:"items"`
	Enum       []any              `json:"enum"`

	// What may declare more members than Properties: schemas that use it are held
	// to the rest of what they say.
	Ref        string          `json:"$ref"`
	AllOf      json.RawMessage `json:"allOf"`
	AnyOf      json.RawMessage `json:"anyOf"`
	OneOf      json.RawMessage `json:"oneOf"`
	Patterns   json.RawMessage `json:"patternProperties"`
	Additional json.RawMessage `json:"additionalProperties"`
}

// open reports whether members may be there that Properties does not have.
func (s *Schema) open() bool {
	further := s.Additional != nil && string(s.Additional) != "false"
	return further || s.Ref != "" || s.AllOf != nil || s.AnyOf != nil || s.OneOf != nil || s.Patterns != nil
}

// SchemaTypes are the JSON types that a schema allows, none for any.
type SchemaTypes []string

// UnmarshalJSON reads one type or a list.
func (t *SchemaTypes) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*t = SchemaTypes{""}
		return json.Unmarshal(text, &(*t)[0])
	}
	return json.Unmarshal(text, (*[]string)(t))
}

// moduleSettings are the two forms of a module's Settings: that of the resource, which
// is the contract, and that of the content, in which the designer writes empty
// lists and the transitions Success and Error into every module.
type moduleSettings struct {
	Input       *struct{ Schema *Schema } `json:"input"`
	ResultData  *struct{ Schema *Schema } `json:"resultData"`
	Transitions json.RawMessage           `json:"transitions"`

	InputParameters  []parameterSetting
	OutputParameters []parameterSetting
	Exits            json.RawMessage `json:"Transitions"`
}

// parameterSetting is an entry of InputParameters or OutputParameters. Truth may
// be written as a text.
type parameterSetting struct {
	Name     string
	Type     string
	Required json.RawMessage
}

// ReadContract reads the Settings of a module. What it cannot read is left out.
func ReadContract(settings []byte) *Contract {
	c := &Contract{}
	// Names that differ by case only are told apart first: encoding/json would not.
	members, err := Object(settings)
	if err != nil {
		return c
	}
	var s moduleSettings
	for name, into := range map[string]any{
		"input": &s.Input, "resultData": &s.ResultData, "transitions": &s.Transitions,
		"InputParameters": &s.InputParameters, "OutputParameters": &s.OutputParameters, "Transitions": &s.Exits,
	} {
		if raw, ok := members[name]; ok {
			_ = json.Unmarshal(raw, into) // what is of another form declares nothing
		}
	}
	if s.Input != nil {
		c.Input = s.Input.Schema
	}
	if s.ResultData != nil {
		c.ResultData = s.ResultData.Schema
	}
	c.Input = declared(c.Input, s.InputParameters)
	c.ResultData = declared(c.ResultData, s.OutputParameters)
	c.Results = results(s)
	return c
}

// declared adds parameters to a schema.
func declared(schema *Schema, list []parameterSetting) *Schema {
	for _, p := range list {
		if schema == nil {
			schema = &Schema{}
		}
		if schema.Properties == nil {
			schema.Properties = map[string]*Schema{}
		}
		one := &Schema{}
		if typ := strings.ToLower(p.Type); slices.Contains(jsonTypes, typ) {
			one.Type = SchemaTypes{typ}
		}
		schema.Properties[p.Name] = one
		if required, _ := Scalar(p.Required); IsTrue(required) {
			schema.Required = append(schema.Required, p.Name)
		}
	}
	return schema
}

var jsonTypes = []string{"string", "number", "integer", "boolean", "object", "array", "null"}

// results are the names of the results that are declared.
func results(s moduleSettings) (names []string) {
	var of struct{ Results []struct{ Name string } }
	if json.Unmarshal(s.Transitions, &of) == nil {
		for _, r := range of.Results {
			names = append(names, r.Name)
		}
	}
	var exits []struct{ ReferenceName string }
	if json.Unmarshal(s.Exits, &exits) == nil {
		for _, e := range exits {
			if e.ReferenceName != "Success" && e.ReferenceName != "Error" {
				names = append(names, e.ReferenceName)
			}
		}
	}
	return names
}

// maxMismatches bounds what Mismatches tells of one value.
const maxMismatches = 20

// Mismatch is a value that does not fit a schema.
type Mismatch struct{ Path, Why string }

// Mismatches says what of a decoded value does not fit the schema, by its path
// below the value. A reference is a text, so that it fits only where a text does.
func (s *Schema) Mismatches(v any) (list []Mismatch) {
	s.mismatches(v, "", &list)
	return list
}

func (s *Schema) mismatches(v any, path string, list *[]Mismatch) {
	add := func(path, why string) {
		if len(*list) < maxMismatches {
			*list = append(*list, Mismatch{path, why})
		}
	}
	typ := jsonType(v)
	if s == nil {
		return
	}
	text, isText := v.(string)
	reference := isText && !new(Compile(text)).Constant()
	if len(s.Type) > 0 && !slices.ContainsFunc(s.Type, func(t string) bool { return t == typ || t == "number" && typ == "integer" }) {
		what := typ
		if reference {
			what = "reference, which is a string"
		}
		add(path, "must be of the type "+strings.Join(s.Type, " or ")+", not a "+what)
		return
	}
	if len(s.Enum) > 0 && !reference && !slices.ContainsFunc(s.Enum, func(e any) bool { return string(Encode(e)) == string(Encode(v)) }) {
		add(path, "is not one of the values that are declared")
	}
	switch v := v.(type) {
	case map[string]any:
		s.members(v, path, list, add)
	case []any:
		for i := range v {
			s.Items.mismatches(v[i], path+"["+strconv.Itoa(i)+"]", list)
		}
	}
}

// members checks those of an object. What is not declared is refused at the top,
// as the service does; deeper down, as in any JSON schema, it is not.
func (s *Schema) members(v map[string]any, path string, list *[]Mismatch, add func(path, why string)) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		at := path + "." + Clip(name)
		if one, ok := s.Properties[name]; ok {
			one.mismatches(v[name], at, list)
		} else if path == "" && !s.open() {
			add(at, "is not declared")
		}
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			add(path+"."+Clip(name), "is required")
		}
	}
}

// jsonType is the type that a schema calls a decoded value.
func jsonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return "integer"
		}
	}
	return "number"
}
