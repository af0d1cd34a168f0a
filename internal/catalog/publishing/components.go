package publishing

import (
	"maps"
	"slices"
)

// component is what publishing knows of a type of component of a view's template.
// The names are those that the service's validation has taken, in its spelling:
// some are in lower case (published views and the component library, 2026-08).
type component struct {
	props map[string]propRule
	// sealed refuses properties beyond props. Where it is not set the service lets
	// a literal through, which shows nothing, and refuses a reference.
	sealed bool
	// holds other components at the top of the Body, where only some may.
	holds bool
	// opaque is a component that is known by its name only.
	opaque bool
	// part is an entry of a property: no component of its own.
	part bool
}

// rule returns what a property may be, and whether the component has it.
func (c *component) rule(name string) (propRule, bool) {
	if name == "Visibility" && !c.part {
		return shown, true
	}
	r, ok := c.props[name]
	return r, ok
}

// propRule is what a property may be.
type propRule struct {
	required bool
	truth    bool     // true, false, or one of them as a text
	shown    bool     // when a component is shown: a truth or a condition
	list     bool     // a list
	values   []string // one of these texts
	items    *component
}

var (
	anything  = propRule{}
	needed    = propRule{required: true}
	truth     = propRule{truth: true}
	shown     = propRule{truth: true, shown: true}
	linkTypes = propRule{values: []string{"external", "case", "third-party applications"}}
)

func oneOf(values ...string) propRule { return propRule{values: values} }

// props joins sets of properties.
func props(sets ...map[string]propRule) map[string]propRule {
	all := map[string]propRule{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// button are the properties of a Button. Its label is its Content.
var button = map[string]propRule{
	"Action": anything, "Variant": oneOf("primary", "normal", "link"), "Loading": truth, "IconName": anything,
	"IconAlign": oneOf("left", "right"), "Href": anything, "Disabled": truth,
}

// groupButton is an entry of ButtonGroup.Items and Table.Actions.
var groupButton = &component{part: true, sealed: true, props: props(button, map[string]propRule{"Label": needed, "FormAction": oneOf("submit", "none")})}

// attribute is an entry of AttributeBar.Attributes and AttributeSection.Items.
var attribute = &component{part: true, sealed: true, props: map[string]propRule{
	"Label": anything, "Value": anything, "Copyable": truth, "Url": anything, "LinkType": linkTypes, "ResourceId": anything, "AutoOpen": truth,
	"ApplicationName": anything,
}}

// field makes a component of a form. The designer writes Disabled into fields,
// ValidationPattern into a FormInput and DateFormat into a DatePicker (DescribeView,
// 2026-02, and a view that a tool publishes, 2025-09).
func field(more map[string]propRule) *component {
	return &component{sealed: true, props: props(map[string]propRule{
		"Name": needed, "Label": needed, "DefaultValue": anything, "HelperText": anything, "Required": truth, "Disabled": truth,
	}, more)}
}

var opaque = &component{opaque: true, holds: true}

// components are the types of components.
var components = map[string]*component{
	"Container":        {sealed: true, holds: true, props: map[string]propRule{"HideBorder": truth, "header": anything, "footer": anything}},
	"Section":          {sealed: true, holds: true, props: map[string]propRule{"Heading": anything}},
	"Form":             {sealed: true, holds: true, props: map[string]propRule{"HideBorder": truth, "Sections": anything}},
	"Header":           {sealed: true, props: map[string]propRule{"variant": oneOf("h1", "h2", "h3", "h4"), "description": anything}},
	"Alert":            {sealed: true, props: map[string]propRule{"type": oneOf("info", "success", "warning", "error"), "level": oneOf("inline", "page", "global"), "heading": anything, "dismissible": truth}},
	"Loader":           {sealed: true},
	"Application":      {sealed: true, props: map[string]propRule{"AppIdentifier": anything, "Path": anything}},
	"TextBox":          {props: textProps},
	"Image":            {sealed: true, props: map[string]propRule{"Src": anything, "Alt": anything}},
	"Icon":             {sealed: true, props: map[string]propRule{"Name": anything, "Variant": oneOf("card", "icon-only")}},
	"Link":             {sealed: true, props: map[string]propRule{"Type": linkTypes, "Url": anything, "ResourceId": anything, "AutoOpen": truth}},
	"Button":           {sealed: true, props: button},
	"SubmitButton":     {props: props(button, map[string]propRule{"Label": needed})},
	"ButtonGroup":      {sealed: true, props: map[string]propRule{"Items": {items: groupButton}, "ButtonsOrientation": oneOf("vertical", "horizontal"), "SpaceBetweenButtons": oneOf("xxxs", "xxs", "xs", "s", "m", "l", "xl", "xxl")}},
	"Card":             {sealed: true, props: map[string]propRule{"Id": needed, "Heading": anything, "Description": anything, "Action": anything, "Icon": anything, "Status": anything}},
	"AttributeBar":     {sealed: true, props: map[string]propRule{"Attributes": {items: attribute}}},
	"AttributeSection": {sealed: true, props: map[string]propRule{"Heading": anything, "Items": {items: attribute}, "Columns": anything, "NoItemMessage": anything}},
	"Table": {props: map[string]propRule{
		"Items": anything, "Columns": anything, "Actions": {items: groupButton}, "TableAction": anything, "ColumnWidth": oneOf("locked", "flexible"), "Header": anything,
		"Description": anything, "Filterable": truth, "ItemsPerPage": anything, "Name": anything,
	}},
	"FormInput":     field(map[string]propRule{"InputType": oneOf("text", "number", "password", "email", "tel", "url"), "ValidationPattern": anything}),
	"TextArea":      field(map[string]propRule{"MaxLength": anything}),
	"Dropdown":      field(map[string]propRule{"Options": anything, "MultiSelect": truth, "Clearable": truth, "DefaultValue": {list: true}}),
	"RadioGroup":    field(map[string]propRule{"Options": anything}),
	"CheckboxGroup": field(map[string]propRule{"Options": anything}),
	"DatePicker":    field(map[string]propRule{"DateFormat": anything}),
	"TimePicker":    field(nil),
	"Toggle":        field(nil),

	"ExpandableSection": opaque, "HTMLBox": opaque, "Detail": opaque, "Checkbox": opaque, "Address": opaque, "CreditCard": opaque,
	// Markup (the template of Voicemail Express, 2024-09) and a button that starts a
	// contact (the viewConfig of a hosted widget, 2025-07).
	"TemplateStringComponent": opaque, "ConnectAction": opaque,
	// What the views that the service manages are made of.
	"DetailsView": opaque, "ListView": opaque, "CardsView": opaque, "ConfirmationView": opaque, "FormWithSteps": opaque,
}

var textProps = map[string]propRule{
	"Variant":    oneOf("p", "h1", "h2", "h3", "h4", "h5", "div", "span"),
	"FontSize":   oneOf("body-s", "body-m", "heading-xs", "heading-s", "heading-m", "heading-l", "heading-xl", "display-l"),
	"FontWeight": oneOf("light", "normal", "bold", "heavy"), "TextAlign": oneOf("left", "center", "right"),
}

// allows reports whether a property may have a text.
func (r *propRule) allows(text string) bool {
	return r.values == nil || slices.Contains(r.values, text)
}
