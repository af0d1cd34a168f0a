package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The shop's intents and slots.
const (
	orderFlowers = "OrderFlowers"
	talkToAgent  = "TalkToAgent"
	fallback     = "FallbackIntent"

	flowerType = "FlowerType"
	pickupDate = "PickupDate"
)

// keywords identify intents.
var keywords = map[string][]string{
	orderFlowers: {"flower", "flowers", "bouquet", "order", "buy", "roses", "tulips", "lilies"},
	talkToAgent:  {"agent", "human", "person", "somebody", "someone", "complaint"},
}

var flowers = []string{"roses", "tulips", "lilies"}

// maxMisses is how often in a row the bot may fail to understand. The count is a
// session attribute.
const (
	maxMisses = 2
	misses    = "misses"
)

// turn is the answering of one utterance.
type turn struct {
	said  []string // the words of it, in lower case
	text  string
	now   time.Time
	state sessionState
	out   response
}

// answer is the whole bot: from an utterance and the state of the dialog to the
// answer and the new state.
func answer(in *request, now time.Time) *response {
	t := &turn{text: in.Text, said: split(in.Text), now: now, state: in.SessionState}
	t.out.SessionID = in.SessionID
	attributes := map[string]string{}
	maps.Copy(attributes, in.SessionState.SessionAttributes)
	t.state.SessionAttributes = attributes
	switch i := t.state.Intent; {
	case t.about(talkToAgent):
		t.begin(talkToAgent)
		t.close("Fulfilled", "I am getting somebody for you.")
	case i != nil && i.Name == orderFlowers && i.State == "InProgress":
		t.order()
	case t.about(orderFlowers):
		t.begin(orderFlowers)
		t.order()
	default:
		t.miss()
	}
	t.out.SessionState = t.state
	t.interpret()
	return &t.out
}

// begin starts an intent.
func (t *turn) begin(name string) {
	t.state.Intent = &intent{Name: name, State: "InProgress", ConfirmationState: "None", Slots: map[string]*slot{}}
	if name == orderFlowers {
		t.state.Intent.Slots = map[string]*slot{flowerType: nil, pickupDate: nil}
	}
}

// order fills the slots of an order, one question at a time.
func (t *turn) order() {
	i := t.state.Intent
	asked := t.state.DialogAction
	if asked != nil && asked.Type == "ConfirmIntent" {
		t.confirm()
		return
	}
	filled := false
	for _, f := range flowers {
		if i.Slots[flowerType] == nil && slices.Contains(t.said, f) {
			i.Slots[flowerType], filled = fill(t.text, f), true
		}
	}
	if day, ok := t.day(); ok && i.Slots[pickupDate] == nil {
		i.Slots[pickupDate], filled = fill(t.text, day), true
	}
	if filled {
		delete(t.state.SessionAttributes, misses)
	}
	if asked != nil && asked.Type == "ElicitSlot" && !filled && !t.understood() {
		return
	}
	switch {
	case i.Slots[flowerType] == nil:
		t.ask(flowerType, message{ContentType: "ImageResponseCard", Card: &card{Title: "Which flowers would you like?", Buttons: []button{
			{Text: "Red roses", Value: "roses"}, {Text: "Dutch tulips", Value: "tulips"}, {Text: "White lilies", Value: "lilies"}}}})
	case i.Slots[pickupDate] == nil:
		t.ask(pickupDate, say("When will you fetch them? Say today, tomorrow, or a date like 2026-12-24."))
	default:
		t.state.DialogAction = &dialogAction{Type: "ConfirmIntent"}
		t.tell(say("So that is " + i.Slots[flowerType].Value.Interpreted + " for " + i.Slots[pickupDate].Value.Interpreted + ". Shall I order them?"))
	}
}

// understood counts an answer that filled no slot. It reports false when it was
// one too many, which ends the intent as failed.
func (t *turn) understood() bool {
	if t.missed() {
		t.close("Failed", "I am sorry, I do not understand.")
		return false
	}
	t.tell(say("I did not get that."))
	return true
}

// confirm takes the yes or no to an order.
func (t *turn) confirm() {
	i := t.state.Intent
	switch {
	case t.has("yes", "yeah", "sure", "ok", "okay", "please"):
		i.ConfirmationState = "Confirmed"
		t.close("Fulfilled", "Thank you, your "+i.Slots[flowerType].Value.Interpreted+" will be ready.")
	case t.has("no", "nope", "wrong"):
		t.begin(orderFlowers)
		t.tell(say("Let us begin again."))
		t.state.DialogAction = nil
		t.said = nil
		t.order()
	case t.missed():
		t.close("Failed", "I am sorry, I do not understand.")
	default:
		t.tell(say("Please say yes or no."))
	}
}

// miss answers what fits no intent: with help, and after some tries by giving up.
func (t *turn) miss() {
	if t.missed() {
		t.begin(fallback)
		t.close("ReadyForFulfillment", "I am sorry, I cannot help you with that.")
		return
	}
	t.state.Intent, t.state.DialogAction = nil, &dialogAction{Type: "ElicitIntent"}
	t.tell(say("I can take an order for flowers, or get you a human. What would you like?"))
}

// missed counts an utterance that was not understood and reports whether it was
// one too many.
func (t *turn) missed() bool {
	n, err := strconv.Atoi(t.state.SessionAttributes[misses])
	if err != nil {
		n = 0 // the first
	}
	t.state.SessionAttributes[misses] = strconv.Itoa(n + 1)
	return n+1 >= maxMisses
}

// ask asks for a slot.
func (t *turn) ask(slot string, m message) {
	t.state.DialogAction = &dialogAction{Type: "ElicitSlot", SlotToElicit: slot}
	t.tell(m)
}

// close ends the dialog.
func (t *turn) close(state, text string) {
	t.state.Intent.State = state
	t.state.DialogAction = &dialogAction{Type: "Close"}
	t.tell(say(text))
}

func (t *turn) tell(m message) { t.out.Messages = append(t.out.Messages, m) }

// about reports whether the utterance has a word of an intent.
func (t *turn) about(intent string) bool { return t.has(keywords[intent]...) }

func (t *turn) has(any ...string) bool {
	return slices.ContainsFunc(t.said, func(w string) bool { return slices.Contains(any, w) })
}

// day is the date that the utterance names.
func (t *turn) day() (date string, ok bool) {
	for _, w := range t.said {
		switch day, err := time.Parse(time.DateOnly, w); {
		case w == "today":
			return t.now.Format(time.DateOnly), true
		case w == "tomorrow":
			return t.now.AddDate(0, 0, 1).Format(time.DateOnly), true
		case err == nil:
			return day.Format(time.DateOnly), true
		}
	}
	return "", false
}

// interpret adds how sure the bot is, and in what mood it takes the customer to be.
func (t *turn) interpret() {
	mood := sentiment{Label: "NEUTRAL", Score: sentimentScore{Neutral: 1}}
	switch good, bad := t.has("thanks", "thank", "great", "lovely", "love"), t.has("bad", "awful", "angry", "hate", "complaint"); {
	case good && bad:
		mood = sentiment{Label: "MIXED", Score: sentimentScore{Mixed: 0.8, Neutral: 0.2}}
	case good:
		mood = sentiment{Label: "POSITIVE", Score: sentimentScore{Positive: 0.9, Neutral: 0.1}}
	case bad:
		mood = sentiment{Label: "NEGATIVE", Score: sentimentScore{Negative: 0.9, Neutral: 0.1}}
	}
	if i := t.state.Intent; i != nil && i.Name != fallback {
		t.out.Interpretations = append(t.out.Interpretations, interpretation{Intent: *i, Confidence: &confidence{0.9}})
	}
	t.out.Interpretations = append(t.out.Interpretations, interpretation{Intent: intent{Name: fallback, State: "InProgress", ConfirmationState: "None"}})
	t.out.Interpretations[0].Sentiment = &mood
}

// split returns the words of a text in lower case; dates stay whole.
func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return c != '-' && c != '\'' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
}
