package machine

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Bounds of a customer's interaction with a bot.
const (
	botSilence = 300 // seconds, when nothing is said: the session time-out of Lex
	maxPending = 20  // messages put by while the bot is thinking

	// botLimit is how long a bot may take to answer: a bot's own functions may
	// run for half a minute. The service gave them 6 seconds in 2023; bots that
	// are not Lex need more.
	botLimit = 30 * time.Second

	maxBotAnswer   = 128 << 10 // bytes
	maxBotMessages = 50        // of one answer
)

// runBot is ConnectParticipantWithLexBot: it speaks the prompt, passes what the
// customer writes to a bot and what the bot says to the customer, until an
// intent is through. The intent's name decides.
func runBot(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.BotArgs)
	ask, problem := botAsk(m, s)
	if problem != "" {
		return fail("%s", problem)
	}
	if _, problem := botPatience(m, s); problem != "" {
		return fail("%s", problem)
	}
	text, r := botPrompt(m, s)
	if r.kind == kindFailure {
		return r
	}
	if text != "" {
		m.note("Text", text)
		m.note("TextToSpeechType", s.Spoken)
	}
	initial := ""
	if s.Begins {
		var ok bool
		initial, ok = m.text(&s.Initial)
		if !ok || initial == "" || len([]rune(initial)) > flow.MaxUtterance {
			return fail("the initial message is empty or longer than %d characters", flow.MaxUtterance)
		}
	}
	if text != "" {
		m.botSays(text)
	}
	m.out.BotJoins = true
	m.run.Data.Talk = &Talk{}
	if s.Begins {
		return m.ask(ask, initial)
	}
	return botListen(m, s)
}

// botPrompt resolves the prompt, which may be missing.
func botPrompt(m *machine, s *flow.BotArgs) (text string, r result) {
	if why := s.Impossible(); why != "" {
		return "", fail("%s", why)
	}
	if s.Prompt.Empty() {
		return "", done
	}
	text, problem := m.prompt(&s.Prompt)
	if problem != "" {
		return "", fail("%s", problem)
	}
	return text, done
}

// botAsk resolves which bot is asked, and with what.
func botAsk(m *machine, s *flow.BotArgs) (ask Ask, problem string) {
	ask = Ask{
		Locale: strings.ReplaceAll(m.c.language(), "-", "_"), Session: string(m.c.ID), TimeLimit: botLimit,
		Request: map[string]string{"x-amz-lex:accept-content-types": "PlainText", "x-amz-lex:channels:platform": "Connect Chat"},
	}
	if m.c.AIAgent != "" { // which nobody has to associate: the caller of the API has named it
		ask.Agent, ask.Attributes = m.c.AIAgent, m.c.Attributes
		return ask, ""
	}
	named := botName(m, s, &ask)
	if named == "" {
		return ask, "no bot is specified"
	}
	if m.w.Facts != nil {
		if err := m.w.Facts.BotAllowed(named); err != nil {
			return ask, err.Error()
		}
	}
	if len(s.Attributes) > 0 {
		ask.Attributes, problem = m.assigned(s.Attributes)
	}
	return ask, problem
}

// botName resolves what the bot is called, and returns by which name it is associated.
func botName(m *machine, s *flow.BotArgs, ask *Ask) string {
	if s.V1 == nil {
		ask.Alias, _ = m.text(&s.Alias)
		m.note("BotAliasArn", ask.Alias)
		m.note("LexVersion", "V2")
		return ask.Alias
	}
	ask.Name, _ = m.text(s.V1["Name"])
	ask.V1Alias, _ = m.text(s.V1["Alias"])
	ask.Region, _ = m.text(s.V1["Region"])
	m.note("BotName", ask.Name)
	m.note("BotAlias", ask.V1Alias)
	m.note("BotRegion", ask.Region)
	m.note("LexVersion", "V1")
	return ask.Name
}

// botPatience is how long the customer may be silent.
func botPatience(m *machine, s *flow.BotArgs) (d time.Duration, problem string) {
	text, given := m.optional(&s.Silence)
	if !given {
		return botSilence * time.Second, ""
	}
	m.note("Timeout", text)
	seconds, ok := flow.Number(text)
	if !ok || seconds < flow.MinBotSilence || seconds > flow.MaxBotSilence {
		return 0, "LexTimeoutSeconds.Text is \"" + flow.Clip(text) + "\", not a number of seconds from 60 to 604800"
	}
	return time.Duration(seconds) * time.Second, ""
}

// botListen waits for the customer.
func botListen(m *machine, s *flow.BotArgs) result {
	d, problem := botPatience(m, s)
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

func resumeBot(m *machine, a *flow.Action, ev Event) result {
	s := a.Args.(*flow.BotArgs)
	r := botNext(m, s, ev)
	if r.kind != kindSuspend {
		m.run.Data.Talk = nil
		noteBot(m, s)
		r.always = r.kind == kindFailure && m.c.AIAgent != "" // no flow turns logging on
	}
	return r
}

// noteBot notes for the entry with which the action ends what was noted for the
// one with which it began.
func noteBot(m *machine, s *flow.BotArgs) {
	if !m.noting() {
		return
	}
	botName(m, s, &Ask{})
	if text, given := m.optional(&s.Prompt); given {
		m.note("Text", text)
		m.note("TextToSpeechType", s.Spoken)
	}
	if text, given := m.optional(&s.Silence); given {
		m.note("Timeout", text)
	}
}

func botNext(m *machine, s *flow.BotArgs, ev Event) result {
	talk := Talk{}
	if m.run.Data.Talk != nil {
		talk = *m.run.Data.Talk
	}
	m.run.Data.Talk = &talk
	switch {
	case ev.Kind == EventTime && m.waited.Kind == WaitInput:
		return failWith(flow.InputTimeLimitExceeded, "the customer was silent for too long")
	case ev.Kind == EventTime:
		return fail("the bot did not answer in time")
	case ev.Kind == EventCustomerMessage && m.waited.Kind == WaitBot:
		if len(talk.Pending) < maxPending {
			talk.Pending = append(talk.Pending[:len(talk.Pending):len(talk.Pending)], ev.Content)
		}
		return m.stay()
	case ev.Kind == EventCustomerMessage:
		return quietly(botUtter(m, s, ev.Content))
	case ev.Err != "":
		return fail("%s", ev.Err)
	}
	return botAnswered(m, s, &talk, ev.Answer)
}

// botUtter passes on what the customer wrote.
func botUtter(m *machine, s *flow.BotArgs, text string) result {
	ask, problem := botAsk(m, s)
	if problem != "" {
		return fail("%s", problem)
	}
	return m.ask(ask, text)
}

// botAnswered takes what the bot said: its messages, and what becomes of the talk.
// Interactive messages are sent whatever the chat's SupportedMessagingContentTypes
// are, as in the service: chats are commonly started with text/plain and
// text/markdown alone, by clients that show them.
func botAnswered(m *machine, s *flow.BotArgs, talk *Talk, raw json.RawMessage) result {
	var answer Answer
	switch err := json.Unmarshal(raw, &answer); {
	case err != nil || flow.Nesting(raw) != nil:
		return fail("the bot's answer cannot be read")
	case len(raw) > maxBotAnswer || len(answer.Messages) > maxBotMessages:
		return fail("the bot's answer has more than 128 KB or %d messages", maxBotMessages)
	}
	for _, said := range answer.Messages {
		if said.Content == "" {
			continue
		}
		typ := cmp.Or(said.ContentType, center.PlainText)
		m.out.Messages = append(m.out.Messages, Message{
			ContentType: typ, Text: said.Content, Speaker: center.DisplayNameBot, Visibility: m.run.Kind.audience(),
		})
	}
	m.keep(docLex, flow.Encode(lexDocument(&answer)))
	talk.State = answer.Session
	switch {
	case answer.elicits():
	case answer.State == "Failed":
		return fail("the bot failed to fulfil the intent %s", flow.Clip(answer.Intent))
	case answer.State == "Fulfilled", answer.State == "ReadyForFulfillment", answer.DialogAction == "Close":
		return choose(answer.Intent)
	}
	if len(talk.Pending) > 0 {
		text := talk.Pending[0]
		talk.Pending = talk.Pending[1:len(talk.Pending):len(talk.Pending)]
		return quietly(botUtter(m, s, text))
	}
	return quietly(botListen(m, s))
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
