package client

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
)

// Item is something that happened in a chat: a message, an attachment or an event. Sockets,
// transcripts and webhooks have the same items.
type Item struct {
	participant.Item

	// InitialContactID is the chat's first contact; "" if the item does not have it.
	InitialContactID string

	// Chunk counts, from 1, the pieces of a bot's message that is streamed; 0 for a complete message.
	// The pieces share an Id; Content has what a piece adds, and the whole text once the message is
	// complete.
	Chunk int
}

// Content types of messages.
const (
	PlainText           = "text/plain"
	Markdown            = "text/markdown"
	JSON                = "application/json"
	InteractiveMessage  = "application/vnd.amazonaws.connect.message.interactive"
	InteractiveResponse = "application/vnd.amazonaws.connect.message.interactive.response"
)

const eventPrefix = "application/vnd.amazonaws.connect.event."

// Events, as [Item.Event] names them.
const (
	EventTyping            = "typing"
	EventJoined            = "participant.joined"
	EventLeft              = "participant.left"
	EventInvited           = "participant.invited"
	EventIdle              = "participant.idle"
	EventReturned          = "participant.returned"
	EventAutoDisconnection = "participant.autodisconnection"
	EventEnded             = "chat.ended"
	EventRehydrated        = "chat.rehydrated"
	EventTransferSucceeded = "transfer.succeeded"
	EventTransferFailed    = "transfer.failed"
	EventDelivered         = "message.delivered"
	EventRead              = "message.read"
	EventReceipt           = "message.metadata" // of receipts: see MessageMetadata.Receipts
)

// Event returns the item's event, such as [EventTyping]; "" for messages and attachments.
func (i *Item) Event() string {
	name, ok := strings.CutPrefix(deref(i.ContentType), eventPrefix)
	if !ok {
		return ""
	}
	return name
}

// Text is the text of the item, "" if it has none.
func (i *Item) Text() string { return deref(i.Content) }

// Name is the display name of the sender, "" for events without one.
func (i *Item) Name() string { return deref(i.DisplayName) }

// ID is the item's Id, "" for the few that have none.
func (i *Item) ID() string { return deref(i.Id) }

// IsMessage reports whether the item is a message, whole or in pieces.
func (i *Item) IsMessage() bool { return i.Type == participant.ChatItemTypeMESSAGE }

// Withheld returns why a message was delivered to the sender's side only, FAILED or REJECTED, in a chat
// whose messages go through a function (StartContactMediaProcessing); "" for other messages.
func (i *Item) Withheld() participant.MessageProcessingStatus {
	if i.MessageMetadata == nil || i.MessageMetadata.MessageProcessingStatus == participant.MessageProcessingStatusPROCESSING {
		return ""
	}
	return i.MessageMetadata.MessageProcessingStatus
}

// Stored reports whether the item is stored in the transcript, so that another session can continue
// after it ([SessionConfig.After]). Transient events, such as typing and receipts, are not, though they
// have an id.
func (i *Item) Stored() bool {
	if i.Id == nil || i.Chunk > 0 {
		return false
	}
	switch i.Type {
	case participant.ChatItemTypeMESSAGE, participant.ChatItemTypeATTACHMENT:
		return true
	}
	switch i.Event() {
	case EventJoined, EventLeft, EventEnded, EventTransferSucceeded, EventTransferFailed:
		return true
	}
	return false
}

// ParseItem parses an item from the JSON of sockets and webhooks.
func ParseItem(text []byte) (*Item, error) {
	item := &Item{}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, io.ErrUnexpectedEOF // the runtime takes no body for an empty one
	}
	if err := restjson.Unmarshal(text, &item.Item); err != nil {
		return nil, err
	}
	if !bytes.Contains(text, []byte(`"InitialContactId"`)) && !bytes.Contains(text, []byte(`"MessageCompleted"`)) {
		return item, nil
	}
	var more moreOfItem
	if err := restjson.Unmarshal(text, &more); err != nil {
		return nil, err
	}
	item.InitialContactID = more.initial
	if bytes.Contains(text, []byte(`"MessageCompleted"`)) {
		var chunk struct {
			MessageMetadata struct {
				MessageCompleted *bool
				ChunkNumber      int
			}
		}
		if err := json.Unmarshal(text, &chunk); err != nil {
			return nil, err
		}
		if m := chunk.MessageMetadata; m.MessageCompleted != nil && !*m.MessageCompleted {
			item.Chunk = max(1, m.ChunkNumber)
		}
	}
	return item, nil
}

// moreOfItem is what the API's type of an item does not have.
type moreOfItem struct{ initial string }

// DecodeJSON implements [restjson.JSONDecoder].
func (m *moreOfItem) DecodeJSON(d *restjson.Decoder) {
	if !d.Object() {
		return
	}
	for d.Next() {
		if string(d.Key()) == "InitialContactId" {
			m.initial = d.String()
		} else {
			d.Skip()
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
