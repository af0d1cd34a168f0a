package restjson

import "reflect"

var (
	_ Bound  = tagged{}
	_ Called = tagged{}
)

// BindHTTP reads the structure from a request.
func (t tagged) BindHTTP(in *Input) {
	for _, m := range t.bound {
		m.bind(in, t.v.Field(m.field))
	}
	if len(t.body) > 0 {
		in.Body(t)
	}
}

// bind reads a member from outside the body into its field.
func (m *member) bind(in *Input, field reflect.Value) {
	if m.typ.Kind() == reflect.Slice {
		if m.required {
			NeedQuery[string](in, m.name, m.key)
		}
		for _, one := range QueryList[string](in, m.key) {
			field.Set(reflect.Append(field, reflect.ValueOf(one).Convert(m.typ.Elem())))
		}
		return
	}
	var from Text
	switch m.location {
	case inLabel:
		from = in.Label(m.name, m.label)
	case inQuery:
		from = in.Query(m.name, m.key)
	case inHeader:
		from = in.Header(m.name, m.key)
	}
	if from.ok || m.required {
		m.read(from, m.settable(field))
	}
}

// CallHTTP writes the structure into a request.
func (t tagged) CallHTTP(o *Outgoing) {
	for _, m := range t.bound {
		field := t.v.Field(m.field)
		if m.absent(field) && !m.required {
			continue
		}
		m.call(o, m.value(field))
	}
	if len(t.body) > 0 {
		o.Body(t)
	}
}

// call puts a member outside the body.
func (m *member) call(o *Outgoing, x reflect.Value) {
	switch {
	case x.Kind() == reflect.Slice:
		for i := range x.Len() {
			o.Query(m.key, x.Index(i).String())
		}
	case m.location == inLabel:
		o.Label(m.name, m.text(x))
	case m.location == inQuery:
		o.Query(m.key, m.text(x))
	default:
		o.Header(m.key, m.text(x))
	}
}
