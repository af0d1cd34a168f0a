package machine

import "parley.example/parley/internal/flow"

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
