package flow

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/center"
)

// maxAttributes is how much the attributes of a contact may weigh together,
// in bytes of keys and values. Flow attributes have the same limit.
const maxAttributes = 32768

// setAttributes is UpdateContactAttributes: it sets all of its attributes or
// none.
type setAttributes struct {
	list    []assignment
	related bool
}

func newSetAttributes(p params) (step, error) {
	list, err := p.assignments("Attributes")
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("no attribute is named")
	}
	target, err := p.literal("TargetContact")
	return &setAttributes{list: list, related: strings.EqualFold(target, "Related")}, err
}

func (s *setAttributes) run(m *machine, a *action) result {
	if s.related {
		set, problem := m.assigned(s.list)
		if problem != "" {
			return fail("%s", problem)
		}
		for _, key := range slices.Sorted(maps.Keys(set)) {
			m.logAttribute(a, key, set[key], true)
		}
		return m.relate(Update{Contact: m.c.Related, Attributes: set})
	}
	set, problem := m.assign(a, m.c.Attributes, s.list)
	if problem != "" {
		return fail("%s", problem)
	}
	m.c.Attributes = set
	return done
}

// resume takes the outcome of setting the attributes of the related contact.
func (s *setAttributes) resume(_ *machine, _ *action, ev Event) result { return came(ev) }

// assign returns old with the attributes of list set. A key that is empty after
// its references are resolved is left out: flows that take lists of keys from a
// function do not fill all of them.
func (m *machine) assign(a *action, old map[string]string, list []assignment) (set map[string]string, problem string) {
	set = make(map[string]string, len(old)+len(list))
	maps.Copy(set, old)
	for i := range list {
		key, fits := list[i].key.text(m)
		value, ok := list[i].value.text(m)
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
func (m *machine) logAttribute(a *action, key, value string, related bool) {
	if !m.c.Logging || len(m.out.Log) >= maxLog {
		return
	}
	entry := m.entry(a)
	entry.Parameters = map[string]any{"Key": key, "Value": value}
	if a.typ == "UpdateContactAttributes" {
		entry.Parameters["AddAttributeToRelatedContact"] = strconv.FormatBool(related)
	}
	m.out.Log = append(m.out.Log, entry)
	m.logged = true
}

// setFlowAttributes is UpdateFlowAttributes: values for this run only.
type setFlowAttributes struct{ list []assignment }

func newSetFlowAttributes(p params) (step, error) {
	pairs, err := p.pairs("FlowAttributes")
	if err != nil {
		return nil, err
	}
	s := &setFlowAttributes{}
	for _, pair := range pairs {
		inner, err := object(pair.value)
		if err != nil {
			return nil, errors.New("FlowAttributes." + clip(pair.key) + " is not an object with a Value")
		}
		text, ok := scalarText(inner["Value"])
		if !ok {
			return nil, errors.New("FlowAttributes." + clip(pair.key) + ".Value is not a text")
		}
		s.list = append(s.list, assignment{compile(pair.key), compile(text)})
	}
	if len(s.list) == 0 {
		return nil, errors.New("no attribute is named")
	}
	return s, nil
}

func (s *setFlowAttributes) run(m *machine, a *action) result {
	set, problem := m.assign(a, m.run.Data.Attributes, s.list)
	if problem != "" {
		return fail("%s", problem)
	}
	m.own().Attributes = set
	return done
}

// setLogging is UpdateFlowLoggingBehavior. It has no error branch: a value that
// is neither leaves logging as it is.
type setLogging struct{ behavior string }

func newSetLogging(p params) (step, error) {
	b, err := p.literal("FlowLoggingBehavior")
	return setLogging{b}, err
}

func (s setLogging) run(m *machine, _ *action) result {
	switch {
	case strings.EqualFold(s.behavior, "Enabled"):
		m.c.Logging = true
		m.note("LoggingBehavior", "Enable")
	case strings.EqualFold(s.behavior, "Disabled"):
		m.c.Logging = false
	default:
		return fail("FlowLoggingBehavior is %q, neither Enabled nor Disabled", clip(s.behavior))
	}
	return done
}

// hookTypes are the keys of EventHooks and the type of flow each takes. In a
// chat, where nothing is held and nothing paused, those with "" fail.
var hookTypes = map[string]string{
	"CustomerQueue":     "CUSTOMER_QUEUE",
	"CustomerWhisper":   "CUSTOMER_WHISPER",
	"AgentWhisper":      "AGENT_WHISPER",
	"CustomerRemaining": "CONTACT_FLOW",
	"DefaultAgentUI":    "CONTACT_FLOW",
	"DisconnectAgentUI": "CONTACT_FLOW",
	"CustomerHold":      "",
	"AgentHold":         "",
	"PauseContact":      "",
	"ResumeContact":     "",
}

// setHooks is UpdateContactEventHooks: which flow runs when something happens
// to the contact. A whisper that is switched off runs again when it is switched
// on; where none was set there is none, for a chat has no default whisper.
type setHooks struct {
	hooks   []hook
	off, on []string
}

// switchedOff marks the name of a whisper whose flow is kept, and does not run.
const switchedOff = " (off)"

type hook struct {
	name string
	flow template
}

func newSetHooks(p params) (step, error) {
	pairs, err := p.pairs("EventHooks")
	if err != nil {
		return nil, err
	}
	s := &setHooks{}
	for _, pair := range pairs {
		text, ok := scalarText(pair.value)
		if !ok {
			return nil, errors.New("EventHooks." + clip(pair.key) + " is not a text")
		}
		s.hooks = append(s.hooks, hook{pair.key, compile(text)})
	}
	configured, err := p.pairs("EventHooksConfiguration")
	if err != nil {
		return nil, err
	}
	for _, pair := range configured {
		inner, err := object(pair.value)
		if err != nil {
			return nil, errors.New("EventHooksConfiguration." + clip(pair.key) + " is not an object")
		}
		disabled, _ := scalarText(inner["DisableExecution"])
		switch {
		case strings.EqualFold(disabled, "true"):
			s.off = append(s.off, pair.key)
		case strings.EqualFold(disabled, "false"):
			s.on = append(s.on, pair.key)
		}
	}
	if len(pairs) == 0 && len(configured) == 0 {
		return nil, errors.New("no hook is named")
	}
	return s, nil
}

func (s *setHooks) run(m *machine, _ *action) result {
	hooks := make(map[string]center.FlowID, len(m.c.Hooks)+len(s.hooks))
	maps.Copy(hooks, m.c.Hooks)
	for i := range s.hooks {
		h := &s.hooks[i]
		ref, _ := h.flow.text(m)
		m.note("Type", h.name)
		m.note("ContactFlowId", ref)
		typ, ok := hookTypes[h.name]
		if !ok || typ == "" {
			return fail("a chat has no event %s", clip(h.name))
		}
		_, id, problem := m.find(ref, typ)
		if problem != "" {
			return fail("%s", problem)
		}
		hooks[h.name] = id
		delete(hooks, h.name+switchedOff)
	}
	for _, name := range s.off {
		move(hooks, name, name+switchedOff)
	}
	for _, name := range s.on {
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

// newRecordingAndAnalytics is UpdateContactRecordingAndAnalyticsBehavior: what
// it says of voice does not fit a chat; nothing is analysed, so that what it
// says of chat has no effect; and what is to be redacted in flight cannot be.
func newRecordingAndAnalytics(p params) (step, error) {
	if p.has("VoiceBehavior") && !isEmpty(p["VoiceBehavior"]) {
		return unsupported{errorType: channelMismatch, problem: "VoiceBehavior does not fit a chat"}, nil
	}
	if !p.has("ChatBehavior") {
		return nothing{}, nil
	}
	chat, err := p.members("ChatBehavior")
	if err != nil {
		return nil, err
	}
	analytics, err := chat.members("ChatAnalyticsBehavior")
	if err != nil {
		return nil, err
	}
	if analytics.has("InFlightChatRedactionConfiguration") && !isEmpty(analytics["InFlightChatRedactionConfiguration"]) {
		return unsupported{errorType: "InFlightRedactionConfigurationFailed", problem: "messages are not redacted in flight"}, nil
	}
	return nothing{}, nil
}
