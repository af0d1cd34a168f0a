package machine

import (
	"maps"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

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
// A hook keeps what it was given: which content an alias, or a flow without a
// version, stands for is asked when the hook's flow begins.
func runSetHooks(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.HooksArgs)
	hooks := make(map[string]center.FlowRef, len(m.c.Hooks)+len(s.Hooks))
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
		hooks[h.Event] = id.Ref(ref)
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
func move(hooks map[string]center.FlowRef, from, to string) {
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

// systemTag is what the keys of the service's own tags begin with.
const systemTag = "aws:"

// runSetTags is TagContact.
func runSetTags(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.TagsArgs)
	set, problem := m.assigned(s.List)
	if problem != "" {
		return fail("%s", problem)
	}
	for key, value := range set {
		if strings.HasPrefix(strings.ToLower(key), systemTag) || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 {
			return fail("the tag %s is reserved or too long", flow.Clip(key))
		}
	}
	tags := merged(m.c.Tags, set)
	own := 0
	for key := range tags {
		if !strings.HasPrefix(key, systemTag) {
			own++
		}
	}
	if own > flow.MaxTags {
		return fail("a contact may have at most %d tags", flow.MaxTags)
	}
	m.c.Tags = tags
	return done
}

// runRemoveTags is UntagContact.
func runRemoveTags(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.UntagArgs)
	tags := maps.Clone(m.c.Tags)
	for i := range s.Keys {
		key, ok := m.text(&s.Keys[i])
		if !ok || strings.HasPrefix(strings.ToLower(key), systemTag) {
			return fail("the tag %s is reserved or too long", flow.Clip(key))
		}
		delete(tags, key)
	}
	m.c.Tags = tags
	return done
}

// runSetRecording is UpdateContactRecordingBehavior. Nothing of a chat is recorded
// and nothing analysed, so it always succeeds, whatever it says; the flow log
// has what it says in the words of the service's block SetRecordingBehavior.
func runSetRecording(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.RecordingArgs)
	if !m.noting() {
		return done
	}
	m.note("RecordingBehaviorOption", enabled(s.Participants != ""))
	if s.Participants != "" {
		m.note("RecordingParticipantOption", s.Participants)
	}
	if s.Screens != "" {
		m.note("ScreenRecordingParticipantOption", s.Screens)
	}
	if text, given := m.optional(&s.IVR); given {
		m.note("IVRRecordingBehaviorOption", enabled(text == "Enabled"))
	}
	for i := range s.Analytics {
		p := &s.Analytics[i]
		text, _ := m.text(&p.Value)
		if p.Name == "AnalyticsBehaviorOption" {
			text = enabled(flow.IsTrue(text))
		}
		m.note(p.Name, text)
	}
	return done
}

// enabled is a switch as flow logs write it.
func enabled(on bool) string {
	if on {
		return "Enable"
	}
	return "Disable"
}
