package client

import (
	"context"
	"encoding/json"
	"fmt"
)

// Templates of interactive messages.
const (
	ListPicker   = "ListPicker"
	Panel        = "Panel"
	QuickReply   = "QuickReply"
	TimePicker   = "TimePicker"
	Carousel     = "Carousel"
	ViewResource = "ViewResource"
)

// Interactive is an interactive message: a choice that flows, their bots, agents and custom participants
// send and that the customer's side shows and answers. See [Session.Ask].
type Interactive struct {
	TemplateType string          `json:"templateType"`
	Version      string          `json:"version"` // 1.0
	Data         InteractiveData `json:"data"`
}

// InteractiveData is the content of an interactive message, and the reply to a choice.
type InteractiveData struct {
	Content      InteractiveContent `json:"content"`
	ReplyMessage *InteractiveReply  `json:"replyMessage,omitempty"`
}

// InteractiveReply is shown after the choice.
type InteractiveReply struct {
	Title    string `json:"title,omitempty"`
	Subtitle string `json:"subtitle,omitempty"`
}

// InteractiveContent has the members of all templates; each uses some of them.
type InteractiveContent struct {
	Title            string               `json:"title,omitempty"`
	Subtitle         string               `json:"subtitle,omitempty"`
	ImageType        string               `json:"imageType,omitempty"` // URL
	ImageData        string               `json:"imageData,omitempty"`
	ImageDescription string               `json:"imageDescription,omitempty"`
	ReferenceID      string               `json:"referenceId,omitempty"` // a later message with it replaces this one
	ListID           string               `json:"listId,omitempty"`
	PreIndex         int                  `json:"preIndex,omitempty"`
	NextIndex        int                  `json:"nextIndex,omitempty"`
	Elements         []InteractiveElement `json:"elements,omitempty"`

	// Of a TimePicker.
	TimeZoneOffset int        `json:"timeZoneOffset,omitempty"` // in minutes
	Timeslots      []Timeslot `json:"timeslots,omitempty"`

	// Of a ViewResource.
	ViewID    string          `json:"viewId,omitempty"`
	ViewToken string          `json:"viewToken,omitempty"` // for [Session.View]
	ViewData  json.RawMessage `json:"viewData,omitempty"`
}

// InteractiveElement is one thing to choose. Those of a Carousel are whole messages.
type InteractiveElement struct {
	Title            string `json:"title,omitempty"`
	Subtitle         string `json:"subtitle,omitempty"`
	ImageType        string `json:"imageType,omitempty"`
	ImageData        string `json:"imageData,omitempty"`
	ImageDescription string `json:"imageDescription,omitempty"`
	ActionDetail     string `json:"actionDetail,omitempty"` // SHOW_MORE, PREVIOUS_OPTIONS
	Type             string `json:"type,omitempty"`         // hyperlink
	URL              string `json:"url,omitempty"`

	TemplateIdentifier string           `json:"templateIdentifier,omitempty"`
	TemplateType       string           `json:"templateType,omitempty"`
	Version            string           `json:"version,omitempty"`
	Data               *InteractiveData `json:"data,omitempty"`
}

// Timeslot is a time to choose.
type Timeslot struct {
	Date     string `json:"date"`     // such as 2026-10-31T18:00+00:00
	Duration int    `json:"duration"` // of the appointment
}

// Interactive parses an interactive message; ok is false for other items, and for invalid content.
func (i *Item) Interactive() (m Interactive, ok bool) {
	if deref(i.ContentType) != InteractiveMessage || json.Unmarshal([]byte(i.Text()), &m) != nil {
		return Interactive{}, false
	}
	return m, true
}

// Ask sends an interactive message, as an agent or a custom participant; Version may be empty. The
// chat's SupportedMessagingContentTypes need not have [InteractiveMessage]. For customers it is a
// ValidationException; Amazon may refuse everybody, its documentation is contradictory.
func (s *Session) Ask(ctx context.Context, m Interactive) (Sent, error) {
	if m.Version == "" {
		m.Version = "1.0"
	}
	text, err := json.Marshal(m)
	if err != nil {
		return Sent{}, fmt.Errorf("encode the message: %w", err)
	}
	return s.SendMessage(ctx, Message{ContentType: InteractiveMessage, Content: string(text)})
}

// Choose answers an interactive message: with the title of an element, or the date of a timeslot. Of a
// Carousel, list is the TemplateIdentifier and Title of the message within it; elsewhere nil.
func (s *Session) Choose(ctx context.Context, choice string, list *InteractiveElement) (Sent, error) {
	if list == nil {
		return s.Send(ctx, choice)
	}
	title := list.Title
	if title == "" && list.Data != nil {
		title = list.Data.Content.Title
	}
	text, err := json.Marshal(map[string]string{
		"templateIdentifier": list.TemplateIdentifier, "listTitle": title, "selectionText": choice,
	})
	if err != nil {
		return Sent{}, fmt.Errorf("encode the answer: %w", err)
	}
	return s.Send(ctx, string(text))
}

// Action is a customer's answer to a view, or a request for more elements of a list.
type Action struct {
	Action       string         `json:"action"`
	TemplateType string         `json:"templateType,omitempty"` // ViewResource, for views
	Version      string         `json:"version"`
	Data         map[string]any `json:"data"`
}

// Respond answers a view with an action and the form's data.
func (s *Session) Respond(ctx context.Context, action string, data map[string]any) (Sent, error) {
	text, err := json.Marshal(Action{Action: action, TemplateType: ViewResource, Version: "1.0", Data: data})
	if err != nil {
		return Sent{}, fmt.Errorf("encode the answer: %w", err)
	}
	return s.SendMessage(ctx, Message{ContentType: InteractiveResponse, Content: string(text)})
}

// More requests further elements of a list: SHOW_MORE and PREVIOUS_OPTIONS of a carousel or picker.
// The chat's SupportedMessagingContentTypes must have [InteractiveResponse], as for [Session.Respond].
func (s *Session) More(ctx context.Context, of Interactive, actionDetail string) (Sent, error) {
	c := of.Data.Content
	text, err := json.Marshal(Action{Action: actionDetail, Version: "1.0", Data: map[string]any{
		"actionName": actionDetail, "preIndex": c.PreIndex, "nextIndex": c.NextIndex, "listId": c.ListID,
		"templateType": of.TemplateType, "referenceId": c.ReferenceID,
	}})
	if err != nil {
		return Sent{}, fmt.Errorf("encode the answer: %w", err)
	}
	return s.SendMessage(ctx, Message{ContentType: InteractiveResponse, Content: string(text)})
}
