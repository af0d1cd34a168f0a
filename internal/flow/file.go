package flow

import "encoding/json"

// ParseFile reads a flow or a module as people keep them in files: the content
// itself, or what DescribeContactFlow and DescribeContactFlowModule answer, or
// CreateContactFlow and CreateContactFlowModule take, which has the Type of a flow,
// the Settings of a module and what either is called beside the Content. Errors
// are those of [Parse].
func ParseFile(text []byte) (*Flow, error) {
	type resource struct{ Content, Settings, Type, ID, Name string }
	var of struct {
		resource
		ContactFlow, ContactFlowModule *resource
		Actions                        json.RawMessage
	}
	if Nesting(text) != nil || json.Unmarshal(text, &of) != nil || of.Actions != nil {
		return Parse(text)
	}
	r := of.resource
	for _, inner := range []*resource{of.ContactFlow, of.ContactFlowModule} {
		if inner != nil {
			r = *inner
		}
	}
	if r.Content == "" {
		return Parse(text)
	}
	f, err := Parse([]byte(r.Content))
	if err != nil {
		return nil, err
	}
	named := *f
	for _, name := range []string{r.ID, r.Name} {
		if name != "" {
			named.Called = append(named.Called, name)
		}
	}
	f = &named
	if r.Settings != "" || of.ContactFlowModule != nil && !f.Module {
		f = f.WithSettings([]byte(r.Settings))
	}
	if !f.Module && typeNames[r.Type] != 0 {
		f = f.As(r.Type)
	}
	return f, nil
}
