package flow

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPrompt is the longest text of a prompt, in characters.
const maxPrompt = 6000

// noRecordings is why a prompt that was recorded fails.
const noRecordings = "a chat cannot play a recorded prompt"

// MessageArgs are those of MessageParticipant: its Text, or its SSML, which a
// chat shows as it is written. Recorded prompts (PromptId, Media) cannot be played.
type MessageArgs struct {
	Text      Template
	SSML      bool
	Recorded  bool
	Recording string // PromptId as it is written
}

func readMessage(p Params) (any, error) {
	s := MessageArgs{}
	var err error
	switch {
	case p.Has("Text"):
		s.Text, err = p.Template("Text")
	case p.Has("SSML"):
		s.SSML = true
		s.Text, err = p.Template("SSML")
	default:
		s.Recorded = p.Has("PromptId") || p.Has("Media")
		s.Recording, err = p.Literal("PromptId")
	}
	return &s, err
}

// Impossible says why the message fails in every chat.
func (s *MessageArgs) Impossible() string {
	if s.Recorded {
		return noRecordings
	}
	return ""
}

// PromptProblem says what keeps a resolved prompt from being said: ok is false
// for one that became too long.
func PromptProblem(text string, ok bool) string {
	switch {
	case !ok || utf8.RuneCountInString(text) > maxPrompt:
		return "the text is longer than 6000 characters"
	case text == "":
		return "the text is empty"
	}
	return ""
}

// Bounds of LexTimeoutSeconds.Text, in seconds, and of
// LexInitializationData.InitialMessage, in characters.
const (
	MinBotSilence = 60
	MaxBotSilence = 604800
	MaxUtterance  = 1024
)

// BotArgs are those of ConnectParticipantWithLexBot.
type BotArgs struct {
	Prompt     Template
	Spoken     string // TextToSpeechType of the prompt in flow logs
	Recorded   bool   // the prompt is a recording
	Alias      Template
	V1         map[string]*Template // LexBot: Name, Alias, Region
	Attributes []Assignment
	Initial    Template
	Begins     bool // there is LexInitializationData
	Silence    Template
}

func readBot(p Params) (any, error) {
	s := &BotArgs{Spoken: p.Spoken(), Recorded: p.Has("PromptId") || p.Has("Media")}
	var err error
	name := "Text"
	if p.Has("SSML") {
		name = "SSML"
	}
	if s.Prompt, err = p.Template(name); err != nil {
		return nil, err
	}
	v2, err := p.Members("LexV2Bot")
	if err != nil {
		return nil, err
	}
	if s.Alias, err = v2.Template("AliasArn"); err != nil {
		return nil, err
	}
	if err := s.readV1(p); err != nil {
		return nil, err
	}
	if s.Attributes, err = p.Assignments("LexSessionAttributes"); err != nil {
		return nil, err
	}
	initial, err := p.Members("LexInitializationData")
	if err != nil {
		return nil, err
	}
	if s.Begins = initial.Has("InitialMessage"); s.Begins {
		if s.Initial, err = initial.Template("InitialMessage"); err != nil {
			return nil, err
		}
	}
	limits, err := p.Members("LexTimeoutSeconds")
	if err != nil {
		return nil, err
	}
	s.Silence, err = limits.Template("Text")
	return s, err
}

// readV1 reads LexBot, the bot of Lex V1.
func (s *BotArgs) readV1(p Params) error {
	if !p.Has("LexBot") {
		return nil
	}
	v1, err := p.Members("LexBot")
	if err != nil {
		return err
	}
	s.V1 = map[string]*Template{}
	for _, name := range []string{"Name", "Alias", "Region"} {
		t, err := v1.Template(name)
		if err != nil {
			return err
		}
		s.V1[name] = &t
	}
	return nil
}

// Impossible says why the prompt fails in every chat.
func (s *BotArgs) Impossible() string {
	if s.Recorded {
		return noRecordings
	}
	return ""
}

// Spoken is the TextToSpeechType of a prompt, "" for one that was recorded.
func (p Params) Spoken() string {
	switch {
	case p.Has("SSML"):
		return "ssml"
	case p.Has("Text"):
		return "text"
	}
	return ""
}

// MaxViewLimit is the largest InvocationTimeLimitSeconds of ShowView.
const MaxViewLimit = 604800

// ViewArgs are those of ShowView.
type ViewArgs struct {
	View    Template
	Version Template
	Limit   Template
	Data    Tree
	Hidden  bool // the response is kept out of the transcript
}

func readView(p Params) (any, error) {
	s := &ViewArgs{}
	resource, err := p.Members("ViewResource")
	if err != nil {
		return nil, err
	}
	if s.View, err = resource.Template("Id"); err != nil {
		return nil, err
	}
	if s.Version, err = resource.Template("Version"); err != nil {
		return nil, err
	}
	if s.Limit, err = p.Template("InvocationTimeLimitSeconds"); err != nil {
		return nil, err
	}
	if p.Has("ViewData") {
		v, err := Decode(p["ViewData"])
		if err != nil {
			return nil, err
		}
		s.Data = CompileTree(v)
	}
	sensitive, err := p.Members("SensitiveDataConfiguration")
	if err != nil {
		return nil, err
	}
	hideOn, err := sensitive.List("HideResponseOn")
	s.Hidden = slices.ContainsFunc(hideOn, func(where string) bool { return strings.EqualFold(where, "TRANSCRIPT") })
	return s, err
}

// Bounds of TimeLimitMinutes of AuthenticateParticipant.
const (
	MinSignIn = 3
	MaxSignIn = 15
)

// SignInArgs are those of AuthenticateParticipant.
type SignInArgs struct {
	Pool, Client Template
	Limit        Template
}

func readSignIn(p Params) (any, error) {
	s := &SignInArgs{}
	cognito, err := p.Members("CognitoConfiguration")
	if err != nil {
		return nil, err
	}
	if s.Pool, err = cognito.Template("UserPoolArn"); err != nil {
		return nil, err
	}
	if s.Client, err = cognito.Template("AppClientId"); err != nil {
		return nil, err
	}
	s.Limit, err = p.Template("TimeLimitMinutes")
	return s, err
}
