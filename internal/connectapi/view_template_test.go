package connectapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// published publishes a view with a template.
func (o *office) published(name, template string) (*connect.View, error) {
	out, err := o.CreateView(o.t.Context(), &connect.CreateViewRequest{
		InstanceId: o.id, Name: name, Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: &template, Actions: []string{"Go"}},
	})
	if err != nil {
		return nil, err
	}
	return out.View, nil
}

// body is a template whose Body is one Container with some nodes.
func body(nodes string) string {
	return `{"Head":{"Configuration":{}},"Body":[{"_id":"c","Type":"Container","Props":{},"Content":[` + nodes + `]}]}`
}

// node writes a node.
func node(typ, props, content string) string {
	return fmt.Sprintf(`{"_id":"n","Type":%q,"Props":{%s},"Content":[%s]}`, typ, props, content)
}

// TestTemplates: what publishing a view takes and refuses. The service's side was
// probed by publishing (2026-08 to 2026-11), or is in the schemas of its component
// library (2026-08), but for rows that say otherwise.
func TestTemplates(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	head := func(configuration string) string {
		return `{"Head":{"Title":"T","Configuration":` + configuration + `},"Body":[]}`
	}
	top := func(n string) string { return `{"Head":{"Configuration":{}},"Body":[` + n + `]}` }
	tests := []struct{ name, template, want string }{ // want: what the message has, "" for none
		// The Head, and Configuration.
		{"an empty Configuration", head(`{}`), ""},
		{"a layout", head(`{"Layout":{"Columns":["10","2"],"Align":"center"}}`), ""},
		{"spans as numbers", head(`{"Layout":{"Columns":[10,2]}}`), ""},
		{"one span", head(`{"Layout":{"Columns":"12"}}`), ""},
		{"a style", head(`{"Style":{"--container-padding-top":"0"}}`), ""},
		{"a style that is a text", head(`{"Style":"x"}`), ""},
		{"a layout from data", head(`{"Layout":"$.Layout"}`), ""},
		{"a Head without Configuration", `{"Head":{"Title":"T"},"Body":[]}`, "/Head must have required property 'Configuration'"},
		{"a Configuration that is a list", head(`[]`), "/Head/Configuration must be object"},
		{"another member of Configuration", head(`{"Padding":"0"}`), "/Head/Configuration must NOT have additional properties: Padding"},
		{"another member of Layout", head(`{"Layout":{"Rows":["1"]}}`), "/Head/Configuration/Layout must NOT have additional properties: Rows"},
		{"columns that are no numbers", head(`{"Layout":{"Columns":["wide"]}}`), "/Head/Configuration/Layout/Columns"},
		{"an odd alignment", head(`{"Layout":{"Align":"middle"}}`), "/Head/Configuration/Layout/Align must be equal to one of the allowed values"},
		{"a style of CSS", head(`{"Style":{"padding":"0"}}`), "/Head/Configuration/Style must NOT have additional properties: padding"},
		{"the Configuration of a component", body(`{"_id":"n","Type":"Section","Props":{},"Content":[],"Configuration":{"Layout":{"Align":"right"}}}`), ""},
		{"a bad one of a component", body(`{"_id":"n","Type":"Section","Props":{},"Content":[],"Configuration":{"Size":1}}`), "/Body/0/Content/0/Configuration must NOT have additional properties: Size"},

		// The top of the Body.
		{"a text at the top", top(node("TextBox", ``, `"Hello"`)), ""},
		{"a form at the top", top(node("Form", ``, node("FormInput", `"Name":"a","Label":"A"`, ``))), ""},
		{"a button at the top", top(node("Button", `"Action":"Go"`, `"Go"`)), `/Body/0/Type must be equal to constant "Container"`},
		{"the third node", top(node("TextBox", ``, `"a"`) + `,` + node("TextBox", ``, `"b"`) + `,` + node("Button", `"Action":"Go"`, node("TextBox", ``, `"Go"`))), `/Body/2/Type must be equal to constant "Container"`},
		{"a link at the top that holds a text", top(node("Link", `"Url":"u"`, node("TextBox", ``, `"Go"`))), "/Body/0 Content/items must be string, must be number"},
		{"a button below the top that holds a text", body(node("Button", `"Action":"Go"`, node("TextBox", ``, `"Go"`))), ""},

		// Components.
		{"a button", body(node("Button", `"Action":"Go","Variant":"link","Disabled":"true","Loading":false`, `"Go"`)), ""},
		{"a button with a Label", body(node("Button", `"Action":"Go","Label":"Go"`, ``)), "/Body/0/Content/0/Props must NOT have additional properties: Label (the label of a Button is its Content)"},
		{"a button to submit", body(node("Form", ``, node("SubmitButton", `"Label":"Send","Action":"Go","Size":"l"`, ``))), ""},
		{"one without a Label", body(node("Form", ``, node("SubmitButton", `"Action":"Go"`, ``))), "/Body/0/Content/0/Content/0/Props must have required property 'Label'"},
		{"a component that there is not", body(node("Buton", ``, ``)), `/Body/0/Content/0/Type must be equal to one of the allowed values: there is no component "Buton"`},
		{"a type in another case", body(node("button", ``, ``)), "/Body/0/Content/0/Type"},
		{"a component known by its name", body(node("ExpandableSection", `"Heading":"h","Anything":1`, ``)), ""},
		{"the composite of a managed view", body(node("CardsView", `"Cards":"$.Cards"`, ``)), ""},
		{"a header in its own spelling", body(node("Header", `"variant":"h2","description":"d"`, `"Hello"`)), ""},
		{"a header in another", body(node("Header", `"Variant":"h2"`, `"Hello"`)), "must NOT have additional properties: Variant (it is spelt variant)"},
		{"an alert", body(node("Alert", `"type":"info","level":"page","dismissible":true`, `"x"`)), ""},
		{"an alert of another type", body(node("Alert", `"type":"danger"`, `"x"`)), "/Props/type must be equal to one of the allowed values"},
		{"a text that is swallowed", body(node("TextBox", `"Text":"Hello"`, ``)), ""},
		{"a reference that would be", body(node("TextBox", `"Text":"$.Hello"`, ``)), "/Props/Text takes no reference"},
		{"a font that there is not", body(node("TextBox", `"FontSize":"huge"`, `"x"`)), "/Props/FontSize must be equal to one of the allowed values"},
		{"a font from data", body(node("TextBox", `"FontSize":"$.Size"`, `"x"`)), ""},
		{"a card", body(node("Card", `"Id":"1","Heading":"h","Icon":"Suitcase"`, ``)), ""},
		{"a card without an Id", body(node("Card", `"Heading":"h"`, ``)), "must have required property 'Id'"},
		{"a group of buttons", body(node("ButtonGroup", `"Items":[{"Label":"a","FormAction":"submit"},{"Label":"b","Action":"B"}]`, ``)), ""},
		{"a group of what data says", body(node("ButtonGroup", `"Items":"$.Buttons"`, ``)), ""},
		{"one without a Label in it", body(node("ButtonGroup", `"Items":[{"Action":"B"}]`, ``)), "/Props/Items/0 must have required property 'Label'"},
		{"one with more in it", body(node("ButtonGroup", `"Items":[{"Label":"a","SubmitAction":"x"}]`, ``)), "/Props/Items/0 must NOT have additional properties: SubmitAction"},
		{"a field", body(node("Form", ``, node("FormInput", `"Name":"mail","Label":"Mail","InputType":"email","Required":"$.Needed"`, ``))), ""},
		{"a disabled field", body(node("Form", ``, node("TextArea", `"Name":"a","Label":"A","Disabled":true,"MaxLength":10`, ``))), ""},
		{"a field without a Name", body(node("Form", ``, node("DatePicker", `"Label":"A"`, ``))), "must have required property 'Name'"},
		{"a field with a pattern", body(node("Form", ``, node("FormInput", `"Name":"a","Label":"A","Pattern":"x"`, ``))), "must NOT have additional properties: Pattern"},
		{"a truth that is none", body(node("Form", ``, node("Toggle", `"Name":"a","Label":"A","Required":"yes"`, ``))), "/Props/Required must be boolean"},
		{"a dropdown", body(node("Form", ``, node("Dropdown", `"Name":"a","Label":"A","Options":[{"Label":"x","Value":"1"}],"DefaultValue":["1"]`, ``))), ""},
		{"a dropdown whose default is no list", body(node("Form", ``, node("Dropdown", `"Name":"a","Label":"A","DefaultValue":"1"`, ``))), "/Props/DefaultValue must be array"},
		{"a form of another tool", body(node("Form", `"Sections":[{"Heading":"h","Components":[]}]`, ``)), ""},
		{"a table, whose columns are not looked at", body(node("Table", `"Columns":[{"Header":"h"}],"Items":"$.Rows","Zzz":"x"`, ``)), ""},
		{"a reference for what a table has not", body(node("Table", `"Zzz":"$.Bogus"`, ``)), "/Props/Zzz takes no reference"},
		// What the designer writes into views that are published (a hosted widget's viewConfig
		// with the status PUBLISHED, 2025-07 and 2026-02; DescribeView of a guide, 2026-02;
		// the template of Voicemail Express, 2024-09).
		{"a condition that is always true", body(node("Container", `"HideBorder":true,"Visibility":true,"header":""`, ``)), ""},
		{"a condition on what is shown", body(node("Button", `"Action":"Go","Visibility":{"Conditions":[{"Equals":{"ElementByKey":"next","ElementByValue":"true"}}]}`, `"Go"`)), ""},
		{"a condition of two", body(node("TextBox", `"Visibility":{"AndConditions":[{"MoreThan":{"ElementByKey":"n","ElementByValue":1}},{"NotEquals":{"ElementByKey":"n","ElementByValue":3}}]}`, `"a"`)), ""},
		{"a condition that is a reference", body(node("Container", `"Visibility":"$.Shown"`, ``)), "/Props/Visibility must be boolean or a condition"},
		{"a condition that is a word", body(node("Section", `"Visibility":"sometimes"`, ``)), "/Props/Visibility must be boolean or a condition"},
		{"a field with a pattern of the designer", body(node("Form", ``, node("FormInput", `"Name":"a","Label":"A","DefaultValue":"$.A","ValidationPattern":"","Disabled":false`, ``))), ""},
		{"a date in another format", body(node("Form", ``, node("DatePicker", `"Name":"a","Label":"A","DefaultValue":"","DateFormat":"MM-dd-yyyy"`, ``))), ""},
		{"a format of what is no date", body(node("Form", ``, node("TimePicker", `"Name":"a","Label":"A","DateFormat":"MM-dd-yyyy"`, ``))), "must NOT have additional properties: DateFormat"},
		{"markup from data", body(node("TemplateStringComponent", `"TemplateString":"$.Player.TemplateString"`, ``)), ""},
		{"a section that folds, at the top", top(node("ExpandableSection", `"header":"h","variant":"default"`, node("TemplateStringComponent", `"TemplateString":"<hr />"`, ``))), ""},
		{"a button that starts a contact", body(node("Form", ``, node("ConnectAction", `"ConnectActionType":"StartChatContact","Label":"Chat","StartChatContactProps":{"ContactFlowId":"","Attributes":[{"Key":"mail","Value":{"_linkedFormOutputName":"mail"}}]}`, `"Chat"`))), ""},
		{"properties that are a list", body(`{"_id":"n","Type":"Icon","Props":[],"Content":[]}`), "/Props must be object"},
		{"numbers in Content", body(node("TextBox", ``, `"a ",1,true`)), ""},
		{"Content that is a text", body(`{"_id":"n","Type":"TextBox","Props":{},"Content":"x"}`), "/Body/0/Content/0/Content is not a list"},
		{"an integration that the head has not", body(node("TextBox", ``, `"$.#Stock.Price"`)), "integrations used in the view body are not included in the view head"},
		{"an integration that it may have", `{"Head":{"Configuration":{},"Integrations":[]},"Body":[` + node("TextBox", ``, `"$.#Stock.Price"`) + `]}`, ""},
	}
	for i, test := range tests {
		_, err := o.published(fmt.Sprint("view ", i), test.template)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "":
			refused(t, test.name, err, "InvalidParameterException", 400)
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v; want %q", test.name, err, test.want)
			}
			_, err := o.CreateView(t.Context(), &connect.CreateViewRequest{InstanceId: o.id, Name: fmt.Sprint("draft ", i), Status: connect.ViewStatusSAVED, Content: &connect.ViewInputContent{Template: &test.template}})
			if err != nil {
				t.Errorf("%s, saved: %v", test.name, err)
			}
		}
	}
	large := body(node("TextBox", ``, `"`+strings.Repeat("x", 400<<10)+`"`))
	_, err := o.published("large", large)
	refused(t, "more than 400 kB (admin guide, 2026-11)", err, "InvalidParameterException", 400)
}

// TestInputSchema: what of a template declares an input (seen in the schemas of
// published views, 2026-08).
func TestInputSchema(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	tests := []struct {
		name, template string
		want           []string
	}{
		{"an item of Content", body(node("TextBox", ``, `"Hello ","$.Name"`)), []string{"Name"}},
		{"a reference inside a longer text", body(node("TextBox", ``, `"Hello $.Name"`)), nil},
		{"one with a blank behind it", body(node("TextBox", ``, `"$.Name "`)), nil},
		{"the value of a property", body(node("Image", `"Src":"$.Picture","Alt":"of $.Name"`, ``)), []string{"Picture"}},
		{"a value deep inside", body(node("ButtonGroup", `"Items":[{"Label":"$.First"},{"Label":"b","Action":"$.Second"}]`, ``)), []string{"First", "Second"}},
		{"in a Configuration", body(`{"_id":"n","Type":"Section","Props":{},"Content":[],"Configuration":{"Layout":{"Columns":"$.Span"}}}`), []string{"Span"}},
		{"in the Head", `{"Head":{"Title":"$.Title","Configuration":{"Layout":{"Columns":["$.Left","2"]}}},"Body":[]}`, []string{"Title", "Left"}},
		{"a path", body(node("TextBox", ``, `"$.Who.Name"`)), []string{"Who"}},
		{"the longest path", body(node("TextBox", ``, `"$`+strings.Repeat(".a", 50)+`"`)), []string{"a"}},
		{"a path without end", body(node("TextBox", ``, `"$`+strings.Repeat(".a", 190_000)+`"`)), nil},
		{"twice", body(node("TextBox", ``, `"$.Name","$.Name"`)), []string{"Name"}},
		{"digits and underscores", body(node("TextBox", ``, `"$.line_2"`)), []string{"line_2"}},
		{"no name", body(node("TextBox", ``, `"$.","$5.00","$.first name","$.#Stock"`)), nil},
		{"a key is no value", body(node("TextBox", `"$.Key":"x"`, ``)), nil},
		{"an id is none either", strings.Replace(body(node("TextBox", ``, `"x"`)), `"n"`, `"$.Id"`, 1), nil},
		{"nothing", `{"Head":{"Configuration":{}},"Body":[]}`, nil},
	}
	for i, test := range tests {
		v, err := o.published(fmt.Sprint("view ", i), strings.ReplaceAll(test.template, `,"$.#Stock"`, ``))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var schema struct {
			Type       string
			Properties map[string]json.RawMessage
			Required   []string
		}
		err = json.Unmarshal([]byte(*v.Content.InputSchema), &schema)
		if err != nil || schema.Type != "object" || schema.Properties == nil || len(schema.Properties) != len(test.want) || !slices.Equal(schema.Required, test.want) && len(test.want)+len(schema.Required) > 0 {
			t.Errorf("%s: the schema is %s; want the inputs %q", test.name, *v.Content.InputSchema, test.want)
		}
		if got := *v.Content.Template; got != strings.ReplaceAll(test.template, `,"$.#Stock"`, ``) {
			t.Errorf("%s: the template became %s: what is no reference is shown as it is written", test.name, got)
		}
	}
}

// TestManagedViewsAreTemplates: each of the views that the service manages is one
// composite component whose properties are all inputs (seen in DescribeView,
// 2026-08), and what publishing takes.
func TestManagedViewsAreTemplates(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	for id, component := range map[string]string{"cards": "CardsView", "confirmation": "ConfirmationView", "detail": "DetailsView", "form": "FormWithSteps", "list": "ListView"} {
		managed := must[*connect.DescribeViewResponse](t)(o.DescribeView(t.Context(), &connect.DescribeViewRequest{InstanceId: o.id, ViewId: id})).View
		copied, err := o.published("a copy of "+id, *managed.Content.Template)
		if err != nil {
			t.Errorf("a copy of %s: %v", id, err)
			continue
		}
		var own, derived struct {
			Properties map[string]json.RawMessage
		}
		if json.Unmarshal([]byte(*managed.Content.InputSchema), &own) != nil || json.Unmarshal([]byte(*copied.Content.InputSchema), &derived) != nil ||
			len(own.Properties) != len(derived.Properties) || !strings.Contains(*managed.Content.Template, `"Type":"`+component+`"`) {
			t.Errorf("%s is %s with the inputs %s; want %s, with the inputs that its properties refer to", id, *managed.Content.Template, *managed.Content.InputSchema, component)
		}
	}
}
