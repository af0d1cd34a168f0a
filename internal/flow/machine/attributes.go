package machine

import (
	"maps"
	"slices"
	"strconv"

	"parley.example/parley/internal/flow"
)

// maxAttributes bounds the attributes of a contact together, in bytes of keys
// and values. Flow attributes have the same limit.
const maxAttributes = 32768

// runSetAttributes is UpdateContactAttributes: it sets all of its attributes or
// none.
func runSetAttributes(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.AttributesArgs)
	if s.Related {
		set, problem := m.assigned(s.List)
		if problem != "" {
			return fail("%s", problem)
		}
		for _, key := range slices.Sorted(maps.Keys(set)) {
			m.logAttribute(a, key, set[key], true)
		}
		return m.relate(Update{Contact: m.c.Related, Attributes: set})
	}
	set, problem := m.assign(a, m.c.Attributes, s.List)
	if problem != "" {
		return fail("%s", problem)
	}
	m.c.Attributes = set
	return done
}

// resumeSetAttributes takes the outcome of setting the attributes of the related contact.
func resumeSetAttributes(_ *machine, _ *flow.Action, ev Event) result { return came(ev) }

// runSetFlowAttributes is UpdateFlowAttributes: values for this run only.
func runSetFlowAttributes(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.FlowAttributesArgs)
	set, problem := m.assign(a, m.run.Data.Attributes, s.List)
	if problem != "" {
		return fail("%s", problem)
	}
	m.own().Attributes = set
	return done
}

// assign returns old with the attributes of list set. A key that is empty after
// its references are resolved is left out: flows that take lists of keys from a
// function do not fill all of them.
func (m *machine) assign(a *flow.Action, old map[string]string, list []flow.Assignment) (set map[string]string, problem string) {
	set = make(map[string]string, len(old)+len(list))
	maps.Copy(set, old)
	for i := range list {
		key, fits := m.text(&list[i].Key)
		value, ok := m.text(&list[i].Value)
		if !ok || !fits {
			return nil, "an attribute is too long"
		}
		if key != "" {
			set[key] = value
		}
		m.logAttribute(a, key, value, false)
	}
	size := 0
	for k, v := range set {
		size += len(k) + len(v)
	}
	if size > maxAttributes {
		return nil, "the attributes would exceed 32768 bytes in total"
	}
	return set, ""
}

// assigned resolves a map of texts.
func (m *machine) assigned(list []flow.Assignment) (set map[string]string, problem string) {
	set = make(map[string]string, len(list))
	size := 0
	for i := range list {
		key, fits := m.text(&list[i].Key)
		value, ok := m.text(&list[i].Value)
		if size += len(key) + len(value); !ok || !fits || size > maxAttributes {
			return nil, "the attributes would exceed 32768 bytes in total"
		}
		if key != "" {
			set[key] = value
		}
	}
	return set, ""
}

// logAttribute writes an entry of its own for an attribute, as the service does.
func (m *machine) logAttribute(a *flow.Action, key, value string, related bool) {
	if !m.c.Logging || len(m.out.Log) >= maxLog {
		return
	}
	entry := m.entry(a)
	entry.Parameters = map[string]any{"Key": key, "Value": value}
	if a.Type == "UpdateContactAttributes" {
		entry.Parameters["AddAttributeToRelatedContact"] = strconv.FormatBool(related)
	}
	m.out.Log = append(m.out.Log, entry)
	m.logged = true
}
