package view

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// page wraps nodes as a template.
func page(nodes string) string {
	return `{"Head":{"Title":"$.Title","Configuration":{}},"Body":[` + nodes + `]}`
}

// managed is the template of a view that the service manages, as the catalog has it.
func managed(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../catalog/managed/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Template json.RawMessage }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return string(file.Template)
}

// shape is a view as a text: a line for each text, field and action.
func shape(v *View) string {
	var b strings.Builder
	for i := range v.Parts {
		switch p := &v.Parts[i]; {
		case p.Field != nil:
			f := p.Field
			fmt.Fprintf(&b, "<%s %s %q", f.Kind, f.Name, f.Label)
			if f.Required {
				b.WriteString(" required")
			}
			for _, o := range f.Options {
				fmt.Fprintf(&b, " %s=%s", o.Value, o.Label)
			}
			if len(f.Default) > 0 {
				fmt.Fprintf(&b, " has %q", f.Default)
			}
			b.WriteString(">\n")
		case p.Action != nil:
			a := p.Action
			data, _ := json.Marshal(v.Answer(a, nil))
			fmt.Fprintf(&b, "[%s -> %s %s]\n", a.Label, a.Name, data)
		default:
			b.WriteString(p.Text + "\n")
		}
	}
	return b.String()
}

func read(t *testing.T, template, data string) *View {
	t.Helper()
	v, err := Read(template, json.RawMessage(data))
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return v
}

// TestManaged reads the five views that come with the service, each with data as
// exported flows have it.
func TestManaged(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"detail", `{"Heading":"Case","Description":"The newest","AttributeBar":[{"Label":"Name","Value":"Ana"}],"Sections":[
			"Plain",{"TemplateString":"<TextContent>Steps:<ol><li>One &amp; two</li><li>Three</li></ol></TextContent>"},
			{"Heading":"Facts","Columns":"4","Items":[{"Label":"Id","Value":7},{"Label":" ","Value":"alone"}]},{"Heading":"None","Items":[],"NoItemMessage":"nothing yet"}],
			"Actions":"[\"Create new case\"]","Back":"Go back"}`, `Name: Ana
Case
The newest
Plain
Steps:
- One & two
- Three
Facts
Id: 7
alone
None
nothing yet
[Create new case -> ActionSelected {"actionName":"Create new case"}]
[Go back -> Back {}]
`},
		{"list", `{"Heading":"Topics","SubHeading":"Choose one","Items":[{"Heading":"Block a card","Description":"At once","Icon":"Wallet","Id":"block"},{},{"Heading":"Just to read","Description":"so"}],"Back":{"Label":" "}}`, `Topics
Choose one
Block a card - At once
[Block a card -> ActionSelected {"actionName":"block"}]
Just to read - so
`},
		{"cards", `{"Heading":"About…","Cards":[
			{"Summary":{"Id":"lost","Icon":"plus","Heading":"Lost luggage","Status":"Upcoming"},"Detail":{"Heading":"A claim","Description":"5 minutes","Sections":{"TemplateString":"<b>Steps</b>"},"Actions":["Start","Stop"]}},
			{"Summary":{"Id":"new","Heading":"A new one"}}],"NoMatchFound":{"Label":"No match?","Action":"Nothing"},"Back":{"Label":"Back"}}`, `About…
Lost luggage - Upcoming
A claim
5 minutes
Steps
[Lost luggage: Start -> ActionSelected {"actionName":"Start"}]
[Lost luggage: Stop -> ActionSelected {"actionName":"Stop"}]
A new one
[A new one -> ActionSelected {"actionName":"new"}]
[No match? -> Nothing {}]
[Back -> Back {}]
`},
		{"confirmation", `{"Heading":"Done","SubHeading":"Anything else?","Graphic":{"Include":true},"Next":{"Label":"Close"}}`, `Done
Anything else?
[Close -> Next {"Label":"Close"}]
`},
		{"form", `{"Heading":"A car","ErrorText":{"Header":"Wrong","Content":"Try again"},
			"Wizard":[{"Heading":"Dates","Selected":"true"},{"Heading":"Extras","Optional":true}],
			"Sections":"[{\"Type\":\"DataSection\",\"IsEditable\":true,\"Heading\":\"You\",\"Items\":[{\"Label\":\"Name\",\"Value\":\"Ana\"}]},{\"Type\":\"FormSection\",\"Heading\":\"When?\",\"Items\":[{\"Type\":\"DatePicker\",\"Name\":\"day\",\"Label\":\"Day\",\"Required\":\"true\",\"DefaultValue\":\"2026-10-31\"},{\"Type\":\"Dropdown\",\"Name\":\"where\",\"Label\":\"\",\"Options\":[{\"Label\":\"Here\"},\"There\"],\"DefaultValue\":[\"Here\"]},{\"Type\":\"Address\",\"Name\":\"a\",\"Label\":\"Address\"}]}]",
			"Next":"Next","Cancel":{"Label":"Cancel"},"Edit":"Edit"}`, `A car
Wrong
Try again
You
Name: Ana
[Edit: You -> Step {"FormData":{"day":"2026-10-31","where":["Here"]},"StepName":"You"}]
When?
<date day "Day" required has ["2026-10-31"]>
<choice where "where" Here=Here There=There has ["Here"]>
(Address: cannot be shown here)
[Next -> Next {"FormData":{"day":"2026-10-31","where":["Here"]},"StepName":"Dates"}]
[Cancel -> Cancel {"FormData":{"day":"2026-10-31","where":["Here"]},"StepName":"Dates"}]
[Step 2: Extras -> Step {"FormData":{"day":"2026-10-31","where":["Here"]},"StepName":"Extras"}]
`},
	} {
		if got := shape(read(t, managed(t, c.name), c.data)); got != c.want {
			t.Errorf("%s reads\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// TestOwn reads components that an administrator puts together: references are
// whole values or items of a Content, in each place.
func TestOwn(t *testing.T) {
	v := read(t, page(`
		{"_id":"c","Type":"Container","Props":{"header":"Orders"},"Content":[
			{"_id":"t","Type":"TextBox","Props":{"Variant":"h2"},"Content":["Hello ","$.Customer.Name",", not $.This"]},
			{"_id":"al","Type":"Alert","Props":{"heading":"Mind"},"Content":["the gap"]},
			{"_id":"h","Type":"TextBox","Props":{"Visibility":"false"},"Content":["unseen"]},
			{"_id":"ab","Type":"AttributeBar","Props":{"Attributes":"$.Facts"}},
			{"_id":"im","Type":"Image","Props":{"Src":"https://example.org/a.png","Alt":"a dog"}},
			{"_id":"ic","Type":"Icon","Props":{"Name":"plus"}},
			{"_id":"ap","Type":"Application","Props":{}},
			{"_id":"tb","Type":"Table","Props":{"Name":"orders","TableAction":"Pick","Items":"$.Rows","Columns":[{"Id":"id","Label":"Id"},{"Id":"go","Label":"Go","Type":"action"},{"Id":"n","Label":"N","EditableType":"input"}],"Actions":[{"Label":"All","Action":"All"}]}},
			{"_id":"k","Type":"Card","Props":{"Id":"k1","Heading":"A card","Action":"Open"}},
			{"_id":"b","Type":"Button","Props":{"Action":"Skip"},"Content":[{"_id":"bt","Type":"TextBox","Props":{},"Content":["Skip it"]}]},
			{"_id":"b2","Type":"Button","Props":{"Action":"Off","Disabled":"true"},"Content":["Off"]},
			{"_id":"b3","Type":"Button","Props":{"Href":"https://example.org"},"Content":["The site"]},
			{"_id":"f","Type":"Form","Props":{},"Content":[
				{"_id":"n","Type":"FormInput","Props":{"Name":"email","Label":"E-mail","InputType":"email","Required":true,"DefaultValue":"$.Customer.Mail"}},
				{"_id":"x","Type":"CheckboxGroup","Props":{"Name":"extras","Label":"Extras","Options":"$.Extras","DefaultValue":["b"]}},
				{"_id":"tg","Type":"Toggle","Props":{"Name":"news","Label":"News","DefaultValue":true}},
				{"_id":"no","Type":"TextArea","Props":{"Label":"Nameless"}},
				{"_id":"s","Type":"SubmitButton","Props":{"Label":"Send","Action":"Submit"}},
				{"_id":"g","Type":"ButtonGroup","Props":{"Items":[{"Label":"Save","Action":"Save","FormAction":"submit"},{"Label":"Leave","Action":"Leave"}]}}]}]}`),
		`{"Title":"Yours","Customer":{"Name":"Ana","Mail":"a@example.org"},"Facts":[{"Label":"Since","Value":"2020","Url":"https://example.org"}],"Rows":[{"id":1,"go":"row","n":2}],"Extras":[{"Label":"A","Value":"a"},{"Label":"B","Value":"b"}]}`)
	if v.Title != "Yours" {
		t.Errorf("the title is %q", v.Title)
	}
	const filled = `"email":"a@example.org","extras":["b"],"news":["true"]`
	if got, want := shape(v), `Orders
Hello Ana, not $.This
Mind
the gap
Since: 2020 - https://example.org
[picture] a dog
(Application: cannot be shown here)
Id | Go | N
1 | row | 2
[Go: row -> Pick {"orders":[{"go":"row","id":1,"n":2}]}]
(the cells of this table cannot be edited here)
[All -> All {"orders":[{"go":"row","id":1,"n":2}]}]
A card
[A card -> Open {"Heading":"A card","Id":"k1"}]
[Skip it -> Skip {"action":"Skip"}]
Off
The site - https://example.org
<line email "E-mail" required has ["a@example.org"]>
<choices extras "Extras" a=A b=B has ["b"]>
<toggle news "News" has ["true"]>
(TextArea Nameless: has no Name, so it cannot be answered)
[Send -> Submit {`+filled+`}]
[Save -> Save {`+filled+`}]
[Leave -> Leave {"action":"Leave"}]
`; got != want {
		t.Errorf("it reads\n%swant\n%s", got, want)
	}
}

// TestMissing: only actions that submit a form need what it requires, and only of
// what is shown.
func TestMissing(t *testing.T) {
	v := read(t, page(`{"_id":"f","Type":"Form","Props":{},"Content":[
		{"_id":"1","Type":"RadioGroup","Props":{"Name":"kind","Label":"Kind","Options":["new","old"],"Required":true}},
		{"_id":"2","Type":"FormInput","Props":{"Name":"number","Label":"Number","Required":true,"Visibility":{"Conditions":[{"Equals":{"ElementByKey":"kind","ElementByValue":"old"}}]}}},
		{"_id":"3","Type":"SubmitButton","Props":{"Label":"Send"}},{"_id":"4","Type":"Button","Props":{"Action":"Leave"},"Content":["Leave"]}]},
		{"_id":"5","Type":"FormInput","Props":{"Name":"other","Label":"Other","Required":true}}`), ``)
	kind, number, send, leave := v.Parts[0].Field, v.Parts[1].Field, v.Parts[2].Action, v.Parts[3].Action
	missing := func(a *Action, values Values) string {
		var names []string
		for _, f := range v.Missing(a, values) {
			names = append(names, f.Name)
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		action *Action
		values Values
		want   string
	}{
		{send, nil, "kind"}, {leave, nil, ""},
		{send, Values{kind: {"new"}, number: {}}, ""},
		{send, Values{kind: {"old"}}, "number"},
		{send, Values{kind: {"old"}, number: {"7"}}, ""},
	} {
		if got := missing(c.action, c.values); got != c.want {
			t.Errorf("%s with %v misses %q; want %q", c.action.Label, c.values, got, c.want)
		}
	}
	if v.Shown(&v.Parts[1], Values{kind: {"new"}}) || !v.Shown(&v.Parts[1], Values{kind: {"old"}}) {
		t.Error("the number is not shown for old ones alone")
	}
	if data := v.Answer(send, Values{kind: {"new"}, number: {"7"}}); len(data) != 1 || data["kind"] != "new" {
		t.Errorf("the answer has %v; want what is shown", data)
	}
}

// TestReadAnything: whatever the data is, a view can be read.
func TestReadAnything(t *testing.T) {
	for _, name := range []string{"detail", "list", "cards", "confirmation", "form"} {
		for _, data := range []string{``, `7`, `[]`, `{}`, `"{"`, `{"Sections":7,"Items":[7,null,[[]]],"Cards":{"a":1},"Actions":{},"Next":[],"Back":{"Label":{}},"Wizard":"x","AttributeBar":[null]}`,
			`{"Sections":[{"Items":[{"Type":"Dropdown","Name":"a","Options":7,"DefaultValue":{}},{"Type":7},{}]}]}`} {
			read(t, managed(t, name), data)
		}
	}
	if _, err := Read(`{`, nil); err == nil || !strings.Contains(err.Error(), "the view's template cannot be read") {
		t.Errorf("a template that is no JSON = %v", err)
	}
	if v := read(t, `{"Body":[{"Type":7,"Props":7,"Content":7},"text",null]}`, ``); len(v.Parts) == 0 {
		t.Error("a strange template says nothing")
	}
}

func TestParse(t *testing.T) {
	options := []Option{{Label: "Garden, front", Value: "g"}, {Label: "Inside", Value: "i"}, {Label: "1", Value: "one"}}
	for _, c := range []struct {
		field      Field
		line       string
		want, said string
		err        string
	}{
		{Field{Kind: Line, Input: "text"}, " Bo ", "[Bo]", "Bo", ""},
		{Field{Kind: Line, Input: "text"}, "  ", "[]", "", ""},
		{Field{Kind: Line, Input: "number"}, "4.5", "[4.5]", "4.5", ""},
		{Field{Kind: Line, Input: "number"}, "four", "", "", `"four" is no number`},
		{Field{Kind: Line, Input: "email"}, "a@example.org", "[a@example.org]", "a@example.org", ""},
		{Field{Kind: Line, Input: "email"}, "nobody", "", "", "no e-mail address"},
		{Field{Kind: Line, Input: "email"}, "Bo <a@example.org>", "", "", "no e-mail address alone"},
		{Field{Kind: Line, Input: "url"}, "example", "", "", "no URL such as"},
		{Field{Kind: Line, Input: "password"}, "secret", "[secret]", "…", ""},
		{Field{Kind: Area, MaxLength: 3}, "äöü", "[äöü]", "äöü", ""},
		{Field{Kind: Area, MaxLength: 3}, "four", "", "", "4 characters are too many: it may have 3"},
		{Field{Kind: Date}, "2026-10-31", "[2026-10-31]", "2026-10-31", ""},
		{Field{Kind: Date}, "31.10.2026", "", "", "no date such as 2026-10-31"},
		{Field{Kind: Time}, "25:00", "", "", "no time such as 13:00"},
		{Field{Kind: Choice, Options: options}, "2", "[i]", "Inside", ""},
		{Field{Kind: Choice, Options: options}, "1", "[one]", "1", ""}, // its label before its number
		{Field{Kind: Choice, Options: options}, "inside", "[i]", "Inside", ""},
		{Field{Kind: Choice, Options: options}, "4", "", "", `"4" is none of the 3 options`},
		{Field{Kind: Choices, Options: options}, "garden, front", "[g]", "Garden, front", ""},
		{Field{Kind: Choices, Options: options}, "3, 2,2", "[one i]", "1, Inside", ""},
		{Field{Kind: Choices, Options: options}, "2,9", "", "", `"9" is none of the 3 options`},
		{Field{Kind: Toggle}, "Yes", "[true]", "yes", ""},
		{Field{Kind: Toggle}, "n", "[]", "", ""},
		{Field{Kind: Toggle}, "perhaps", "", "", "neither yes nor no"},
	} {
		given, err := c.field.Parse(c.line)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s %q = %v, %v; want the error %q", c.field.Kind, c.line, given, err, c.err)
			}
			continue
		}
		if err != nil || fmt.Sprint(given) != c.want || c.field.Said(given) != c.said {
			t.Errorf("%s %q = %v (%s), %v; want %s (%s)", c.field.Kind, c.line, given, c.field.Said(given), err, c.want, c.said)
		}
	}
}
