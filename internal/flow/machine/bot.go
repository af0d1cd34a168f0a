package machine

import (
	"encoding/json"
	"time"

	"parley.example/parley/internal/center"
)

// Ask is one utterance for a bot: RecognizeText of Lex V2, PostText of Lex V1,
// or whatever else stands behind the alias or the AI agent.
type Ask struct {
	Agent   center.AIAgentID `json:"agent,omitempty"`   // of a chat that was started with an AI agent; the next four are empty then
	Alias   string           `json:"alias,omitempty"`   // ARN of the bot alias (Lex V2)
	Name    string           `json:"name,omitempty"`    // of the bot (Lex V1), with V1Alias and Region
	V1Alias string           `json:"v1Alias,omitempty"` // of Lex V1
	Region  string           `json:"region,omitempty"`  // of Lex V1
	Locale  string           `json:"locale"`            // en_US
	Session string           `json:"session"`           // sessionId: the id of the contact
	Text    string           `json:"text"`
	// State is the sessionState of the bot's last answer, nil at the first call.
	State json.RawMessage `json:"state,omitempty"`
	// Attributes are the session attributes of the first call; later ones are in State.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Request are the requestAttributes.
	Request   map[string]string `json:"request,omitempty"`
	TimeLimit time.Duration     `json:"limit"`
}

// Answer is what a bot said.
type Answer struct {
	// Messages are ready for the chat: text/plain, or an interactive message.
	// Speaker and Visibility are not looked at.
	Messages []BotMessage `json:"messages,omitempty"`

	Intent       string         `json:"intent,omitempty"`       // of the interpretation that the session is in
	State        string         `json:"state,omitempty"`        // of the intent: InProgress, ReadyForFulfillment, Fulfilled, Failed …
	DialogAction string         `json:"dialogAction,omitempty"` // Close, Delegate, ElicitIntent, ElicitSlot, ConfirmIntent
	Slots        map[string]any `json:"slots,omitempty"`        // interpreted values, by name; null for an empty slot
	Confidence   *float64       `json:"confidence,omitempty"`
	Alternatives []Alternative  `json:"alternatives,omitempty"` // the other interpretations
	Sentiment    *Sentiment     `json:"sentiment,omitempty"`

	SessionAttributes map[string]string `json:"sessionAttributes,omitempty"`
	Session           json.RawMessage   `json:"session,omitempty"` // sessionState for the next Ask
}

// BotMessage is one message of a bot.
type BotMessage struct {
	ContentType string `json:"type"`
	Content     string `json:"content"`
}

// Alternative is an interpretation that lost.
type Alternative struct {
	Intent     string         `json:"intent"`
	Confidence *float64       `json:"confidence,omitempty"`
	Slots      map[string]any `json:"slots,omitempty"`
}

// Sentiment is that of the customer's last utterance.
type Sentiment struct {
	Label                              string // POSITIVE, NEGATIVE, MIXED, NEUTRAL
	Positive, Negative, Mixed, Neutral float64
}
