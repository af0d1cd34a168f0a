package flow

import (
	"unicode/utf8"

	"parley.example/parley/internal/center"
)

// maxPrompt is the longest text of a prompt, in characters.
const maxPrompt = 6000

// noRecordings is why a prompt that was recorded fails.
const noRecordings = "a chat cannot play a recorded prompt"

// message is MessageParticipant in a chat: its Text, or its SSML as it is
// written, goes to the participant as plain text. Recorded prompts (PromptId,
// Media) cannot be played.
type message struct {
	text      template
	recorded  bool
	recording string // PromptId as it is written
	ssml      bool
}

func newMessage(p params) (step, error) {
	s := message{}
	var err error
	switch {
	case p.has("Text"):
		s.text, err = p.template("Text")
	case p.has("SSML"):
		s.ssml = true
		s.text, err = p.template("SSML")
	default:
		s.recorded = p.has("PromptId") || p.has("Media")
		s.recording, err = p.literal("PromptId")
	}
	return &s, err
}

func (s *message) run(m *machine, _ *action) result {
	if s.recorded {
		m.note("AudioPrompt", s.recording)
		return fail(noRecordings)
	}
	text, ok := s.text.text(m)
	spoken := "text"
	if s.ssml {
		spoken = "ssml"
	}
	m.note("TextToSpeechType", spoken)
	m.note("Text", text)
	if problem := promptProblem(text, ok); problem != "" {
		return fail("%s", problem)
	}
	m.say(text)
	return done
}

// promptProblem says what keeps a resolved prompt from being said.
func promptProblem(text string, ok bool) string {
	switch {
	case !ok || utf8.RuneCountInString(text) > maxPrompt:
		return "the text is longer than 6000 characters"
	case text == "":
		return "the text is empty"
	}
	return ""
}

// say tells the participant something in the name of the service.
func (m *machine) say(text string) {
	m.out.Messages = append(m.out.Messages, Message{
		ContentType: center.PlainText, Text: text, Speaker: center.DisplayNameSystemMessage, Visibility: m.run.Kind.audience(),
	})
}

// disconnect is DisconnectParticipant: the flow and the contact end.
type disconnect struct{}

func newDisconnect(params) (step, error) { return disconnect{}, nil }

func (disconnect) run(*machine, *action) result { return finish(EndDisconnect) }

// nothing is an action that succeeds in a chat without an effect, like the
// choice of a voice.
type nothing struct{}

func newNothing(params) (step, error) { return nothing{}, nil }

func (nothing) run(m *machine, a *action) result {
	m.noteLegacy(a)
	return done
}

// unsupported is an action that a chat cannot do or that Parley does not run:
// it takes its error branch, and the log says so.
type unsupported struct {
	errorType string // NoMatchingError when empty
	problem   string
}

func (s unsupported) run(m *machine, a *action) result {
	m.noteLegacy(a)
	errorType := s.errorType
	if errorType == "" {
		errorType = noMatchingError
	}
	problem := s.problem
	if problem == "" {
		problem = a.typ + " is not supported"
	}
	return result{kind: kindFailure, text: errorType, problem: problem, always: true}
}

// broken is an action whose parameters make no sense. Publishing refuses it; a
// run that meets it all the same takes the error branch.
type broken struct{ problem string }

func (s broken) run(*machine, *action) result {
	return result{kind: kindFailure, text: noMatchingError, problem: s.problem, always: true}
}
