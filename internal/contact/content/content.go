// Package content checks what callers, and message processors, put into chats: messages and attributes. Its errors are
// [*center.Error] and name the member that is wrong. Start reading at [Message] and [Attributes].
package content

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Text is how long the text of a message may be.
type Text struct {
	Bytes  int
	Strict bool // SendMessage: 1,024 characters instead
}

// Limits say how long a message of each type may be, in characters
// (SendMessage.Content). Text has a rule of its own, and so has InitialMessage.
var Limits = map[string]int{
	center.PlainText:           1024,
	center.Markdown:            1024,
	center.JSON:                12000,
	center.InteractiveResponse: 12288,
}

// initialLimit is how long an InitialMessage may be, in bytes, whatever its type
// (ChatMessage.Content in the API of October 2026), and so what a function makes of one.
const initialLimit = 16384

// Origin is where a message comes from. Its value names the member that holds the
// message, for refusals.
type Origin string

// The origins.
const (
	Sent      Origin = "" // SendMessage
	Initial   Origin = "InitialMessage."
	Processed Origin = "result.processedChatContent." // of a message processor
)

// Message applies the rules of a message that a participant sends, and of
// what a message processor makes of one.
//
// types are the chat's SupportedMessagingContentTypes. They are what a chat's
// text may be, whoever sends it (SendMessage.ContentType), and whether the
// customer may answer with interactive responses: paging through a list
// (SHOW_MORE) is such a response, so it needs the type, while a choice is
// plain text and does not. They do not hold back interactive messages: only
// ShowView asks for these (StartChatContact.SupportedMessagingContentTypes).
func Message(in Origin, contentType, content string, types []string, l Text) error {
	limit, ok := Limits[contentType]
	switch {
	case !ok:
		return center.Errorf(center.Invalid, "%sContentType: %q cannot be sent; the types are text/plain, text/markdown, application/json and %s", in, contentType, center.InteractiveResponse)
	case !slices.Contains(types, contentType):
		return center.Errorf(center.Invalid, "%sContentType: this chat does not support %s; add it to SupportedMessagingContentTypes of StartChatContact", in, contentType)
	case content == "":
		return center.Errorf(center.Invalid, "%sContent must not be empty", in)
	}
	text := contentType == center.PlainText || contentType == center.Markdown
	bytes := 0 // counted instead of characters
	switch {
	case text && (in != Sent || !l.Strict):
		bytes = l.Bytes
	case !text && in != Sent:
		bytes = initialLimit
	}
	if n := len(content); bytes > 0 && n > bytes {
		return center.Errorf(center.Invalid, "%sContent has %d bytes; %s may have %d", in, n, contentType, bytes)
	}
	if n := utf8.RuneCountInString(content); bytes == 0 && n > limit {
		return center.Errorf(center.Invalid, "%sContent has %d characters; %s may have %d", in, n, contentType, limit)
	}
	if !text && !json.Valid([]byte(content)) {
		return center.Errorf(center.Invalid, "%sContent must be JSON text for %s", in, contentType)
	}
	return nil
}

// interactiveLimit is how long an interactive message may be, in characters
// (SendMessage.Content).
const interactiveLimit = 16384

// Interactive applies the rules of an interactive message: something for
// the customer to choose from. Flows and their bots show them; here agents and
// custom participants may as well. Connect's table of content types has it as
// the agent's too, while SendMessage's page does not list it. The chat's
// SupportedMessagingContentTypes need not have it, see [Message].
func Interactive(r center.Role, content string) error {
	var message struct {
		TemplateType string          `json:"templateType"`
		Data         json.RawMessage `json:"data"`
	}
	switch {
	case r == center.RoleCustomer:
		return center.Errorf(center.Invalid, "ContentType: a customer cannot send interactive messages, only answer them by text or %s", center.InteractiveResponse)
	case utf8.RuneCountInString(content) > interactiveLimit:
		return center.Errorf(center.Invalid, "Content has %d characters; %s may have %d", utf8.RuneCountInString(content), center.Interactive, interactiveLimit)
	case json.Unmarshal([]byte(content), &message) != nil || message.TemplateType == "" || message.Data == nil:
		return center.Errorf(center.Invalid, `Content must be JSON text like {"templateType":"ListPicker","version":"1.0","data":{…}} for %s`, center.Interactive)
	}
	return nil
}

// MaxAttributeBytes bounds a chat's user-defined attributes: keys and values together, in UTF-8.
const MaxAttributeBytes = 32768

// Attributes applies the rules of user-defined attributes that
// a caller sets: keys have letters, digits, '-' and '_', which does not hold for flows, whose
// designer accepts spaces too; and how long the chat is kept can be read.
func Attributes(m map[string]string) error {
	for k := range m {
		if k == "" || strings.IndexFunc(k, notKeyRune) >= 0 {
			return center.Errorf(center.Invalid, "Attributes: the key %.64q may only contain letters, digits, '-' and '_'", k)
		}
	}
	if _, err := center.ParseRetention(m[center.RetentionKey]); err != nil {
		return center.Errorf(center.Invalid, "Attributes: %s: %w", center.RetentionKey, err)
	}
	return nil
}

// AttributeBytes applies the bound of all user-defined attributes of a chat together.
func AttributeBytes(m map[string]string) error {
	total := 0
	for k, v := range m {
		total += len(k) + len(v)
	}
	if total > MaxAttributeBytes {
		return center.Errorf(center.Invalid, "Attributes have %d bytes; keys and values together may have %d", total, MaxAttributeBytes)
	}
	return nil
}

func notKeyRune(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

// SegmentAttributes applies the rules of segment attributes that a caller gives: keys of at
// most 128 characters, connect: only for what the service lets callers set.
func SegmentAttributes(m map[string]center.SegmentAttribute) error {
	if len(m) > MaxDetails {
		return center.Errorf(center.Invalid, "SegmentAttributes: a contact may have at most %d", MaxDetails)
	}
	for k := range m {
		name, system := strings.CutPrefix(k, "connect:")
		switch {
		case len(k) > 128 || name == "" || strings.IndexFunc(name, notKeyRune) >= 0:
			return center.Errorf(center.Invalid, "SegmentAttributes: the key %.140q must have at most 128 letters, digits, '-' or '_'", k)
		case system && name != "Subtype" && name != "CustomerAuthentication":
			return center.Errorf(center.Invalid, "SegmentAttributes: %s is set by the service; connect:Subtype and connect:CustomerAuthentication may be given", k)
		}
	}
	return nil
}

// SegmentBytes applies a bound of our own to all segment attributes
// of a contact together: Amazon's model bounds each text, but neither the size
// nor the depth of a ValueMap. They are stored with every state of the chat.
func SegmentBytes(m map[string]center.SegmentAttribute) error {
	if n := segmentBytes(m); n > MaxAttributeBytes {
		return center.Errorf(center.Invalid, "SegmentAttributes have %d bytes; keys and values together may have %d", n, MaxAttributeBytes)
	}
	return nil
}

// ReferenceBytes applies a bound of our own to all references of a contact together: a
// hundred of the longest would be 800 KB in every state of the chat.
func ReferenceBytes(m map[string]center.Reference) error {
	if n := machine.ReferenceBytes(m); n > machine.MaxReferenceBytes {
		return center.Errorf(center.BadRequest, "References have %d bytes; keys and values together may have %d", n, machine.MaxReferenceBytes)
	}
	return nil
}

// segmentBytes counts keys, texts and, as 8 bytes each, other values.
func segmentBytes(m map[string]center.SegmentAttribute) int {
	n := 0
	for k, v := range m {
		n += len(k) + segmentBytes(v.Map)
		if v.String != nil {
			n += len(*v.String)
		} else {
			n += 8
		}
	}
	return n
}

// MaxDetails bounds the references and, apart, the segment attributes of a contact.
const MaxDetails = 100

// Chosen returns an interactive response that says which action was chosen, and nothing else of what a response says.
func Chosen(response string) string {
	var said struct {
		Action string `json:"action"`
	}
	if json.Unmarshal([]byte(response), &said) != nil {
		said.Action = ""
	}
	return `{"action":` + string(restjson.Quote(nil, said.Action)) + `,"data":{},"templateType":"ViewResource","version":"1.0"}`
}
