package main

// The shapes of RecognizeText, as far as this bot needs them. The names are
// those of the Lex V2 runtime API.

// request is the input. The ids are labels of the operation's path in the API
// of Lex, and members of the body for an HTTP bot.
type request struct {
	BotID        string       `json:"botId"`
	BotAliasID   string       `json:"botAliasId"`
	LocaleID     string       `json:"localeId"`
	SessionID    string       `json:"sessionId"`
	Text         string       `json:"text"`
	SessionState sessionState `json:"sessionState"`
}

// response is the output.
type response struct {
	Messages        []message        `json:"messages,omitempty"`
	SessionState    sessionState     `json:"sessionState"`
	Interpretations []interpretation `json:"interpretations"`
	SessionID       string           `json:"sessionId,omitempty"`
}

// sessionState is where the dialog stands.
type sessionState struct {
	DialogAction      *dialogAction     `json:"dialogAction,omitempty"`
	Intent            *intent           `json:"intent,omitempty"`
	SessionAttributes map[string]string `json:"sessionAttributes,omitempty"`
}

// dialogAction is what the bot does next: ElicitIntent, ElicitSlot,
// ConfirmIntent or, at the end, Close.
type dialogAction struct {
	Type         string `json:"type"`
	SlotToElicit string `json:"slotToElicit,omitempty"`
}

// intent is what the customer wants. State is InProgress until it is
// Fulfilled, ReadyForFulfillment or Failed.
type intent struct {
	Name              string           `json:"name"`
	State             string           `json:"state"`
	ConfirmationState string           `json:"confirmationState"`
	Slots             map[string]*slot `json:"slots"` // nil for one that is not filled
}

type slot struct {
	Shape string    `json:"shape"`
	Value slotValue `json:"value"`
}

type slotValue struct {
	Original    string   `json:"originalValue"`
	Interpreted string   `json:"interpretedValue"`
	Resolved    []string `json:"resolvedValues"`
}

type interpretation struct {
	Intent     intent      `json:"intent"`
	Confidence *confidence `json:"nluConfidence,omitempty"`
	Sentiment  *sentiment  `json:"sentimentResponse,omitempty"`
}

type confidence struct {
	Score float64 `json:"score"`
}

type sentiment struct {
	Label string         `json:"sentiment"`
	Score sentimentScore `json:"sentimentScore"`
}

type sentimentScore struct {
	Positive float64 `json:"positive"`
	Negative float64 `json:"negative"`
	Neutral  float64 `json:"neutral"`
	Mixed    float64 `json:"mixed"`
}

// message is one thing the bot says: PlainText, or an ImageResponseCard whose
// buttons a chat shows as choices.
type message struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content,omitempty"`
	Card        *card  `json:"imageResponseCard,omitempty"`
}

type card struct {
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle,omitempty"`
	Buttons  []button `json:"buttons,omitempty"`
}

// button has a text for the customer and a value for the bot.
type button struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

func say(text string) message { return message{ContentType: "PlainText", Content: text} }

func fill(said, meant string) *slot {
	return &slot{Shape: "Scalar", Value: slotValue{Original: said, Interpreted: meant, Resolved: []string{meant}}}
}
