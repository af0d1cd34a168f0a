package machine

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// maxAttributes is how much the attributes of a contact may weigh together,
// in bytes of keys and values. Flow attributes have the same limit.
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
		return nil, "the attributes would weigh more than 32768 bytes"
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

// runSetLogging is UpdateFlowLoggingBehavior. It has no error branch: a value that
// is neither leaves logging as it is.
func runSetLogging(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.LoggingArgs)
	switch {
	case strings.EqualFold(s.Behavior, "Enabled"):
		m.c.Logging = true
		m.note("LoggingBehavior", "Enable")
	case strings.EqualFold(s.Behavior, "Disabled"):
		m.c.Logging = false
	default:
		return fail("FlowLoggingBehavior is %q, neither Enabled nor Disabled", flow.Clip(s.Behavior))
	}
	return done
}

// switchedOff marks the name of a whisper whose flow is kept, and does not run.
const switchedOff = " (off)"

// runSetHooks is UpdateContactEventHooks: which flow runs when something happens
// to the contact. A whisper that is switched off runs again when it is switched
// on; where none was set there is none, for a chat has no default whisper.
func runSetHooks(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.HooksArgs)
	hooks := make(map[string]center.FlowID, len(m.c.Hooks)+len(s.Hooks))
	maps.Copy(hooks, m.c.Hooks)
	for i := range s.Hooks {
		h := &s.Hooks[i]
		ref, _ := m.text(&h.Flow)
		m.note("Type", h.Event)
		m.note("ContactFlowId", ref)
		if why := h.Impossible(); why != "" {
			return fail("%s", why)
		}
		_, id, problem := m.find(ref, flow.ContactEvents[h.Event].Flow)
		if problem != "" {
			return fail("%s", problem)
		}
		hooks[h.Event] = id
		delete(hooks, h.Event+switchedOff)
	}
	for _, name := range s.Off {
		move(hooks, name, name+switchedOff)
	}
	for _, name := range s.On {
		move(hooks, name+switchedOff, name)
	}
	m.c.Hooks = hooks
	return done
}

// move gives a hook another name, if it is set.
func move(hooks map[string]center.FlowID, from, to string) {
	if id, ok := hooks[from]; ok {
		hooks[to] = id
		delete(hooks, from)
	}
}

// runSetProcessor is UpdateContactMediaProcessing: which function processes the
// messages that are sent from now on, for the rest of the chat. All of its
// parameters are static. A function that may not be used is an error and
// leaves the processor as it was.
func runSetProcessor(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.ProcessorArgs)
	if s.Processor == nil {
		m.note("ProcessingEnabled", "False")
		m.c.Processor = nil
		return done
	}
	m.note("ProcessingEnabled", "True")
	m.note("LambdaProcessorARN", s.Processor.Function)
	if err := m.lambdaAllowed(s.Processor.Function); err != nil {
		return fail("%s", err)
	}
	m.c.Processor = s.Processor
	return done
}
