package machine

import (
	"encoding/json"
	"strconv"
	"strings"

	"parley.example/parley/internal/flow"
)

// noteUnused keeps the parameters of an action for which a chat has no use, for
// its entry in the flow log.
func (m *machine) noteUnused(a *flow.Action) {
	if !m.noting() || a.Spec == nil {
		return
	}
	for _, names := range a.Spec.Logged {
		of, name := inner(a.Params, names[0])
		if t, err := of.Template(name); err == nil && of.Has(name) {
			text, _ := m.text(&t)
			m.note(names[1], text)
		}
	}
}

// inner finds the object that holds a parameter, with the parameter's name in it.
func inner(p flow.Params, path string) (of flow.Params, name string) {
	for {
		outer, rest, more := strings.Cut(path, ".")
		if !more {
			return p, path
		}
		p, _ = p.Members(outer) // without members where it is no object
		path = rest
	}
}

// noteInput notes how keys would be read: StoreUserInput has more to say than GetUserInput.
func noteInput(m *machine, a *flow.Action) {
	if spoken := a.Params.Spoken(); spoken != "" {
		m.note("TextToSpeechType", spoken)
	}
	if a.Block != "StoreUserInput" {
		return
	}
	validation, _ := a.Params.Members("InputValidation")
	input := "Custom"
	if validation.Has("PhoneNumberValidation") {
		input = "PhoneNumber"
	}
	m.note("CustomerInputType", input)
	m.note("EncryptEntry", strconv.FormatBool(a.Params.Has("InputEncryption")))
}

// notePrompts notes the prompts of a loop, the first of each kind.
func notePrompts(m *machine, a *flow.Action) {
	var prompts []flow.Params
	if json.Unmarshal(a.Params["Messages"], &prompts) != nil {
		return
	}
	for _, names := range [][2]string{{"Text", "Text"}, {"SSML", "Text"}, {"PromptId", "AudioPrompt"}} {
		for _, p := range prompts {
			if t, err := p.Template(names[0]); err == nil && p.Has(names[0]) && m.noted[names[1]] == nil {
				text, _ := m.text(&t)
				m.note(names[1], text)
			}
		}
	}
}

// noteTracks notes whose voice would be streamed, and where to.
func noteTracks(m *machine, a *flow.Action) {
	var participants []struct {
		ParticipantType string
		MediaDirections []string
	}
	if json.Unmarshal(a.Params["Participants"], &participants) != nil {
		return
	}
	var tracks []string
	for _, p := range participants {
		for _, direction := range p.MediaDirections {
			tracks = append(tracks, direction+p.ParticipantType)
		}
	}
	if len(tracks) > 0 {
		m.note("Track", flow.Clip(strings.Join(tracks, ", ")))
	}
}

// refuse fails an action that no chat can do: it takes its error branch, and the
// log says so.
func (m *machine) refuse(a *flow.Action, r *flow.Refusal) result {
	if !r.Invalid {
		m.noteUnused(a)
	}
	return result{kind: kindFailure, text: r.ErrorType, problem: r.Why, always: true}
}
