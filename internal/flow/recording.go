package flow

import "slices"

// setRecording is UpdateContactRecordingBehavior. Nothing of a chat is recorded
// and nothing analysed, so it always succeeds, whatever it says; the flow log
// has what it says in the words of the service's block SetRecordingBehavior.
type setRecording struct {
	participants string // whose voice: All, Agent, Customer; "" for nobody's
	screens      string // whose screen, likewise
	ivr          template
	analytics    []legacyParam
}

// legacyParam is a parameter with its name in flow logs.
type legacyParam struct {
	name  string
	value template
}

// The names in flow logs of what AnalyticsBehavior says, which are its own but
// for the switch.
var analyticsNames = [][2]string{
	{"Enabled", "AnalyticsBehaviorOption"}, {"AnalyticsLanguage", "AnalyticsLanguage"},
	{"AnalyticsRedactionBehavior", "AnalyticsRedactionBehavior"}, {"AnalyticsRedactionResults", "AnalyticsRedactionResults"},
	{"AnalyticsRedactionMaskMode", "AnalyticsRedactionMaskMode"},
}

// newSetRecording leaves out what cannot be read: a chat does nothing with it.
func newSetRecording(p params) (step, error) {
	s := &setRecording{}
	recording, err := p.members("RecordingBehavior")
	if err == nil {
		s.participants, s.screens = recording.recorded("RecordedParticipants"), recording.recorded("ScreenRecordedParticipants")
		if s.ivr, err = recording.template("IVRRecordingBehavior"); err != nil {
			s.ivr = template{}
		}
	}
	analytics, err := p.members("AnalyticsBehavior")
	if err != nil {
		return s, nil
	}
	for _, names := range analyticsNames {
		if t, err := analytics.template(names[0]); err == nil && analytics.has(names[0]) {
			s.analytics = append(s.analytics, legacyParam{names[1], t})
		}
	}
	return s, nil
}

// recorded is a list of participants as RecordingParticipantOption names it.
func (p params) recorded(name string) string {
	list, err := p.list(name)
	agent, customer := slices.Contains(list, "Agent"), slices.Contains(list, "Customer")
	switch {
	case err != nil || !agent && !customer:
		return ""
	case agent && customer:
		return "All"
	case agent:
		return "Agent"
	}
	return "Customer"
}

func (s *setRecording) run(m *machine, _ *action) result {
	if !m.noting() {
		return done
	}
	m.note("RecordingBehaviorOption", enabled(s.participants != ""))
	if s.participants != "" {
		m.note("RecordingParticipantOption", s.participants)
	}
	if s.screens != "" {
		m.note("ScreenRecordingParticipantOption", s.screens)
	}
	if text, given := m.optional(&s.ivr); given {
		m.note("IVRRecordingBehaviorOption", enabled(text == "Enabled"))
	}
	for i := range s.analytics {
		a := &s.analytics[i]
		text, _ := a.value.text(m)
		if a.name == "AnalyticsBehaviorOption" {
			text = enabled(isTrue(text))
		}
		m.note(a.name, text)
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
