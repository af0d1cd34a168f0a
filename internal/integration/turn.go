package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"parley.example/parley/internal/flow/machine"
)

// Bounds of a bot's turn, which becomes part of the chat's state.
const (
	maxMemory   = 32 << 10 // bytes of a session's state
	maxMessages = 10
	maxIntents  = 5 // interpretations besides the chosen one; the service returns four
)

// recognize is the input of RecognizeText. The ids are labels of the
// operation's path, and members of the body only for an [Endpoint].
type recognize struct {
	BotID             string            `json:"botId,omitempty"`
	BotAliasID        string            `json:"botAliasId,omitempty"`
	LocaleID          string            `json:"localeId,omitempty"`
	SessionID         string            `json:"sessionId,omitempty"`
	Text              string            `json:"text"`
	RequestAttributes map[string]string `json:"requestAttributes,omitempty"`
	SessionState      json.RawMessage   `json:"sessionState,omitempty"`
}

// turn is the output of RecognizeText, as far as it matters to a chat.
type turn struct {
	Messages        []lexMessage      `json:"messages"`
	SessionState    json.RawMessage   `json:"sessionState"`
	Interpretations []interpretation  `json:"interpretations"`
	SessionID       string            `json:"sessionId"`
	Request         map[string]string `json:"requestAttributes"`
}

type sessionState struct {
	DialogAction struct {
		Type string `json:"type"`
	} `json:"dialogAction"`
	Intent            *intent           `json:"intent"`
	SessionAttributes map[string]string `json:"sessionAttributes"`
}

type intent struct {
	Name  string           `json:"name"`
	State string           `json:"state"`
	Slots map[string]*slot `json:"slots"`
}

type slot struct {
	Shape string `json:"shape"` // Scalar when absent
	Value *struct {
		Original    string `json:"originalValue"`
		Interpreted string `json:"interpretedValue"`
	} `json:"value"`
	Values   []*slot          `json:"values"`   // List
	SubSlots map[string]*slot `json:"subSlots"` // Composite
}

type interpretation struct {
	Intent     intent     `json:"intent"`
	Confidence confidence `json:"nluConfidence"`
	Sentiment  *struct {
		Label string `json:"sentiment"`
		Score struct {
			Positive float64 `json:"positive"`
			Negative float64 `json:"negative"`
			Mixed    float64 `json:"mixed"`
			Neutral  float64 `json:"neutral"`
		} `json:"sentimentScore"`
	} `json:"sentimentResponse"`
}

// confidence is a ConfidenceScore. Bots' own functions see it as a plain
// number, so endpoints may write it like that.
type confidence struct{ score *float64 }

// UnmarshalJSON implements json.Unmarshaler.
func (c *confidence) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("{")) {
		var of struct {
			Score *float64 `json:"score"`
		}
		if err := json.Unmarshal(text, &of); err != nil {
			return err
		}
		c.score = of.Score
		return nil
	}
	return json.Unmarshal(text, &c.score)
}

// readTurn reads an answer of RecognizeText.
func readTurn(text []byte) (machine.Answer, error) {
	var t turn
	var state sessionState
	if err := json.Unmarshal(text, &t); err != nil {
		return machine.Answer{}, &answerError{"did not answer in the format of RecognizeText: " + quote(err.Error())}
	}
	if len(t.SessionState) > 0 {
		if err := json.Unmarshal(t.SessionState, &state); err != nil {
			return machine.Answer{}, &answerError{"answered a session state that is not in the format of RecognizeText: " + quote(err.Error())}
		}
	}
	a := machine.Answer{DialogAction: state.DialogAction.Type, SessionAttributes: state.SessionAttributes}
	if i := state.Intent; i != nil {
		a.Intent, a.State, a.Slots = i.Name, i.State, slotValues(i.Slots)
	}
	if a.Intent == "" && a.DialogAction == "" {
		return machine.Answer{}, &answerError{"answered neither an intent nor a dialog action in sessionState"}
	}
	var picks map[string]string
	var err error
	if a.Messages, picks, err = chatMessages(t.Messages); err != nil {
		return machine.Answer{}, err
	}
	kept := memory{State: t.SessionState, Picks: picks}
	if a.Session, err = kept.text(); err != nil {
		return machine.Answer{}, err
	}
	interpret(&a, t.Interpretations)
	return a, nil
}

// interpret adds the interpretations to an answer: the sentiment of the first one,
// the confidence of the chosen intent, and the others as alternatives.
func interpret(a *machine.Answer, all []interpretation) {
	for n := range all {
		i := &all[n]
		if n == 0 && i.Sentiment != nil {
			s := i.Sentiment
			a.Sentiment = &machine.Sentiment{Label: s.Label, Positive: s.Score.Positive, Negative: s.Score.Negative, Mixed: s.Score.Mixed, Neutral: s.Score.Neutral}
		}
		switch {
		case i.Intent.Name == "":
		case i.Intent.Name == a.Intent:
			if a.Confidence == nil {
				a.Confidence = i.Confidence.score
			}
		case len(a.Alternatives) < maxIntents:
			a.Alternatives = append(a.Alternatives, machine.Alternative{Intent: i.Intent.Name, Confidence: i.Confidence.score, Slots: slotValues(i.Intent.Slots)})
		}
	}
}

// slotValues returns the interpreted values of slots: texts, lists of values
// for slots of many, maps for composite ones, nil for what is not filled.
func slotValues(slots map[string]*slot) map[string]any {
	if len(slots) == 0 {
		return nil
	}
	values := make(map[string]any, len(slots))
	for name, s := range slots {
		values[name] = s.interpreted()
	}
	return values
}

func (s *slot) interpreted() any {
	switch {
	case s == nil:
		return nil
	case len(s.SubSlots) > 0:
		return slotValues(s.SubSlots)
	case strings.EqualFold(s.Shape, "List"):
		values := make([]any, 0, len(s.Values))
		for _, v := range s.Values {
			values = append(values, v.interpreted())
		}
		return values
	case s.Value == nil:
		return nil
	case s.Value.Interpreted == "":
		return s.Value.Original
	}
	return s.Value.Interpreted
}

// memory is what a flow keeps between two utterances: the bot's session state,
// and the values of the buttons that the customer saw.
type memory struct {
	State json.RawMessage   `json:"state,omitempty"`
	Picks map[string]string `json:"picks,omitempty"` // a button's text to its value
}

func (m memory) text() (json.RawMessage, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, &answerError{"answered a session state that cannot be stored: " + quote(err.Error())}
	}
	if len(text) > maxMemory {
		return nil, &answerError{fmt.Sprintf("answered a session state of more than %d KB", maxMemory>>10)}
	}
	return text, nil
}

// readMemory decodes what [memory.text] encoded. It is empty if that fails.
func readMemory(text json.RawMessage) memory {
	var m memory
	if len(text) == 0 || json.Unmarshal(text, &m) != nil {
		return memory{}
	}
	return m
}

// said returns the text for the bot when a customer wrote text: the value of the
// button that has this text. A choice from a carousel is JSON with the text.
func (m memory) said(text string) string {
	choice := text
	if strings.HasPrefix(text, "{") {
		var c struct {
			SelectionText string `json:"selectionText"`
		}
		if json.Unmarshal([]byte(text), &c) == nil && c.SelectionText != "" {
			choice = c.SelectionText
		}
	}
	if value, ok := m.Picks[choice]; ok {
		return value
	}
	return text
}
