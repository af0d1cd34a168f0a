package flow

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Bounds of a customer's interaction with a bot.
const (
	minBotSilence = 60     // seconds: LexTimeoutSeconds.Text
	maxBotSilence = 604800 // seconds
	botSilence    = 300    // seconds, when nothing is said: the session time-out of Lex
	maxPending    = 20     // messages put by while the bot is thinking
	maxUtterance  = 1024   // characters of LexInitializationData.InitialMessage

	// botLimit is how long a bot may take to answer: a bot's own functions may
	// run for half a minute. The service gave them 6 seconds in 2023; bots that
	// are no Lex need more.
	botLimit = 30 * time.Second

	maxBotAnswer   = 128 << 10 // bytes
	maxBotMessages = 50        // of one answer
)

const inputTimeLimitExceeded = "InputTimeLimitExceeded"

// bot is ConnectParticipantWithLexBot: it speaks the prompt, passes what the
// customer writes to a bot and what the bot says to the customer, until an
// intent is through. The intent's name decides.
type bot struct {
	prompt     template
	spoken     string // TextToSpeechType of the prompt in flow logs
	recorded   bool   // the prompt is a recording
	alias      template
	v1         map[string]*template // LexBot: Name, Alias, Region
	attributes []assignment
	initial    template
	begins     bool // there is LexInitializationData
	silence    template
}

func newBot(p params) (step, error) {
	s := &bot{spoken: p.spoken(), recorded: p.has("PromptId") || p.has("Media")}
	var err error
	name := "Text"
	if p.has("SSML") {
		name = "SSML"
	}
	if s.prompt, err = p.template(name); err != nil {
		return nil, err
	}
	v2, err := p.members("LexV2Bot")
	if err != nil {
		return nil, err
	}
	if s.alias, err = v2.template("AliasArn"); err != nil {
		return nil, err
	}
	if err := s.readV1(p); err != nil {
		return nil, err
	}
	if s.attributes, err = p.assignments("LexSessionAttributes"); err != nil {
		return nil, err
	}
	initial, err := p.members("LexInitializationData")
	if err != nil {
		return nil, err
	}
	if s.begins = initial.has("InitialMessage"); s.begins {
		if s.initial, err = initial.template("InitialMessage"); err != nil {
			return nil, err
		}
	}
	limits, err := p.members("LexTimeoutSeconds")
	if err != nil {
		return nil, err
	}
	s.silence, err = limits.template("Text")
	return s, err
}

// readV1 reads LexBot, the bot of Lex V1.
func (s *bot) readV1(p params) error {
	if !p.has("LexBot") {
		return nil
	}
	v1, err := p.members("LexBot")
	if err != nil {
		return err
	}
	s.v1 = map[string]*template{}
	for _, name := range []string{"Name", "Alias", "Region"} {
		t, err := v1.template(name)
		if err != nil {
			return err
		}
		s.v1[name] = &t
	}
	return nil
}

// members reads a parameter that is an object; a missing one has no members.
// Documents spell LexInitializationData also without its second "a".
func (p params) members(name string) (params, error) {
	raw, ok := p[name]
	if !ok && name == "LexInitializationData" {
		raw, ok = p["LexInitializtionData"]
	}
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	inner, err := object(raw)
	if err != nil {
		return nil, errors.New(name + " is not an object")
	}
	return inner, nil
}

func (s *bot) run(m *machine, _ *action) result {
	ask, problem := s.address(m)
	if problem != "" {
		return fail("%s", problem)
	}
	if _, problem := s.patience(m); problem != "" {
		return fail("%s", problem)
	}
	text, r := s.speak(m)
	if r.kind == kindFailure {
		return r
	}
	if text != "" {
		m.note("Text", text)
		m.note("TextToSpeechType", s.spoken)
	}
	initial := ""
	if s.begins {
		var ok bool
		initial, ok = s.initial.text(m)
		if !ok || initial == "" || len([]rune(initial)) > maxUtterance {
			return fail("the initial message is empty or longer than %d characters", maxUtterance)
		}
	}
	if text != "" {
		m.botSays(text)
	}
	m.out.BotJoins = true
	m.run.Data.Talk = &Talk{}
	if s.begins {
		return m.ask(ask, initial)
	}
	return s.listen(m)
}

// speak resolves the prompt, which may be missing.
func (s *bot) speak(m *machine) (text string, r result) {
	if s.recorded {
		return "", fail(noRecordings)
	}
	if s.prompt.constant() && s.prompt.literal == "" {
		return "", done
	}
	text, ok := s.prompt.text(m)
	if problem := promptProblem(text, ok); problem != "" {
		return "", fail("%s", problem)
	}
	return text, done
}

// address resolves which bot is asked, and with what.
func (s *bot) address(m *machine) (ask Ask, problem string) {
	ask = Ask{
		Locale: strings.ReplaceAll(m.c.language(), "-", "_"), Session: string(m.c.ID), TimeLimit: botLimit,
		Request: map[string]string{"x-amz-lex:accept-content-types": "PlainText", "x-amz-lex:channels:platform": "Connect Chat"},
	}
	named := s.name(m, &ask)
	if named == "" {
		return ask, "no bot is named"
	}
	if m.w.Facts != nil {
		if err := m.w.Facts.BotAllowed(named); err != nil {
			return ask, err.Error()
		}
	}
	if len(s.attributes) > 0 {
		ask.Attributes, problem = m.assigned(s.attributes)
	}
	return ask, problem
}

// name resolves what the bot is called, and returns by which name it is associated.
func (s *bot) name(m *machine, ask *Ask) string {
	if s.v1 == nil {
		ask.Alias, _ = s.alias.text(m)
		m.note("BotAliasArn", ask.Alias)
		m.note("LexVersion", "V2")
		return ask.Alias
	}
	ask.Name, _ = s.v1["Name"].text(m)
	ask.V1Alias, _ = s.v1["Alias"].text(m)
	ask.Region, _ = s.v1["Region"].text(m)
	m.note("BotName", ask.Name)
	m.note("BotAlias", ask.V1Alias)
	m.note("BotRegion", ask.Region)
	m.note("LexVersion", "V1")
	return ask.Name
}

// assigned resolves a map of texts.
func (m *machine) assigned(list []assignment) (set map[string]string, problem string) {
	set = make(map[string]string, len(list))
	size := 0
	for i := range list {
		key, fits := list[i].key.text(m)
		value, ok := list[i].value.text(m)
		if size += len(key) + len(value); !ok || !fits || size > maxAttributes {
			return nil, "the attributes would weigh more than 32768 bytes"
		}
		if key != "" {
			set[key] = value
		}
	}
	return set, ""
}

// patience is how long the customer may be silent.
func (s *bot) patience(m *machine) (d time.Duration, problem string) {
	text, given := m.optional(&s.silence)
	if !given {
		return botSilence * time.Second, ""
	}
	m.note("Timeout", text)
	seconds, ok := number(text)
	if !ok || seconds < minBotSilence || seconds > maxBotSilence {
		return 0, "LexTimeoutSeconds.Text is \"" + clip(text) + "\", not a number of seconds from 60 to 604800"
	}
	return time.Duration(seconds) * time.Second, ""
}

// listen waits for the customer.
func (s *bot) listen(m *machine) result {
	d, problem := s.patience(m)
	if problem != "" {
		return fail("%s", problem)
	}
	m.run.Wait = Wait{Kind: WaitInput, Until: m.w.Now.Add(d)}
	return suspend
}

// ask passes one utterance to the bot.
func (m *machine) ask(ask Ask, text string) result {
	ask.Text = text
	if ask.State = m.run.Data.Talk.State; ask.State != nil {
		ask.Attributes = nil // the bot's own state leads
	}
	e := Effect{ID: m.w.NewID(), Kind: EffectAsk, Ask: &ask}
	m.out.Effects = append(m.out.Effects, e)
	m.run.Wait = Wait{Kind: WaitBot, Effect: e.ID, Until: m.w.Now.Add(botLimit + grace)}
	return suspend
}

// botSays says something in the name of the bot.
func (m *machine) botSays(text string) {
	m.out.Messages = append(m.out.Messages, Message{
		ContentType: center.PlainText, Text: text, Speaker: center.DisplayNameBot, Visibility: m.run.Kind.audience(),
	})
}

func (s *bot) resume(m *machine, a *action, ev Event) result {
	r := s.next(m, ev)
	if r.kind != kindSuspend {
		m.run.Data.Talk = nil
		s.tell(m)
	}
	return r
}

// tell notes for the entry with which the action ends what was noted for the
// one with which it began.
func (s *bot) tell(m *machine) {
	if !m.noting() {
		return
	}
	s.name(m, &Ask{})
	if text, given := m.optional(&s.prompt); given {
		m.note("Text", text)
		m.note("TextToSpeechType", s.spoken)
	}
	if text, given := m.optional(&s.silence); given {
		m.note("Timeout", text)
	}
}

func (s *bot) next(m *machine, ev Event) result {
	talk := Talk{}
	if m.run.Data.Talk != nil {
		talk = *m.run.Data.Talk
	}
	m.run.Data.Talk = &talk
	switch {
	case ev.Kind == EventTime && m.waited.Kind == WaitInput:
		return failWith(inputTimeLimitExceeded, "the customer was silent for too long")
	case ev.Kind == EventTime:
		return fail("the bot did not answer in time")
	case ev.Kind == EventCustomerMessage && m.waited.Kind == WaitBot:
		if len(talk.Pending) < maxPending {
			talk.Pending = append(talk.Pending[:len(talk.Pending):len(talk.Pending)], ev.Content)
		}
		return m.stay()
	case ev.Kind == EventCustomerMessage:
		return quietly(s.utter(m, ev.Content))
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	return s.answered(m, &talk, ev.Answer)
}

// utter passes on what the customer wrote.
func (s *bot) utter(m *machine, text string) result {
	ask, problem := s.address(m)
	if problem != "" {
		return fail("%s", problem)
	}
	return m.ask(ask, text)
}

// answered takes what the bot said: its messages, and what becomes of the talk.
func (s *bot) answered(m *machine, talk *Talk, raw json.RawMessage) result {
	var answer Answer
	switch err := json.Unmarshal(raw, &answer); {
	case err != nil || nesting(raw) != nil:
		return fail("the bot's answer cannot be read")
	case len(raw) > maxBotAnswer || len(answer.Messages) > maxBotMessages:
		return fail("the bot's answer has more than 128 KB or %d messages", maxBotMessages)
	}
	for _, said := range answer.Messages {
		if said.Content == "" {
			continue
		}
		typ := said.ContentType
		if typ == "" || typ == center.Interactive && !m.c.Interactive {
			typ = center.PlainText // a client that takes no interactive messages sees what they are made of
		}
		m.out.Messages = append(m.out.Messages, Message{
			ContentType: typ, Text: said.Content, Speaker: center.DisplayNameBot, Visibility: m.run.Kind.audience(),
		})
	}
	m.keep(docLex, encode(lexDocument(&answer)))
	talk.State = answer.Session
	switch {
	case answer.elicits():
	case answer.State == "Failed":
		return fail("the bot failed to fulfil the intent %s", clip(answer.Intent))
	case answer.State == "Fulfilled", answer.State == "ReadyForFulfillment", answer.DialogAction == "Close":
		return choose(answer.Intent)
	}
	if len(talk.Pending) > 0 {
		text := talk.Pending[0]
		talk.Pending = talk.Pending[1:len(talk.Pending):len(talk.Pending)]
		return quietly(s.utter(m, text))
	}
	return quietly(s.listen(m))
}

// elicits reports whether the bot waits for the customer, whatever the state of its intent.
func (a *Answer) elicits() bool {
	switch a.DialogAction {
	case "ElicitIntent", "ElicitSlot", "ConfirmIntent":
		return true
	}
	return false
}

// lexDocument is $.Lex.
func lexDocument(a *Answer) map[string]any {
	doc := map[string]any{
		"IntentName": a.Intent, "Slots": a.Slots, "SessionAttributes": a.SessionAttributes, "DialogState": a.State,
	}
	score := func(f *float64) map[string]any {
		if f == nil {
			return map[string]any{}
		}
		return map[string]any{"Score": *f}
	}
	doc["IntentConfidence"] = score(a.Confidence)
	if s := a.Sentiment; s != nil {
		doc["SentimentResponse"] = map[string]any{
			"Label":  s.Label,
			"Scores": map[string]any{"Positive": s.Positive, "Negative": s.Negative, "Mixed": s.Mixed, "Neutral": s.Neutral},
		}
	}
	others := map[string]any{}
	for _, o := range a.Alternatives {
		others[o.Intent] = map[string]any{"IntentName": o.Intent, "IntentConfidence": score(o.Confidence), "Slots": o.Slots}
	}
	doc["AlternativeIntents"] = others
	return doc
}
