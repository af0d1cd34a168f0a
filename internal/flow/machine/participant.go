package machine

import (
	"parley.example/parley/internal/flow"
)

// runMessage is MessageParticipant in a chat: its Text, or its SSML as it is
// written, goes to the participant as plain text. Recorded prompts (PromptId,
// Media) cannot be played.
func runMessage(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.MessageArgs)
	if why := s.Impossible(); why != "" {
		m.note("AudioPrompt", s.Recording)
		return fail("%s", why)
	}
	text, problem := m.prompt(&s.Text)
	spoken := "text"
	if s.SSML {
		spoken = "ssml"
	}
	m.note("TextToSpeechType", spoken)
	m.note("Text", text)
	if problem != "" {
		return fail("%s", problem)
	}
	m.say(text)
	return done
}

// runDisconnect is DisconnectParticipant: the flow and the contact end.
func runDisconnect(*machine, *flow.Action) result { return finish(EndDisconnect) }

// runNothing is an action that succeeds in a chat without an effect, like the
// choice of a voice.
func runNothing(m *machine, a *flow.Action) result {
	m.noteUnused(a)
	return done
}
