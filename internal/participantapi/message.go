package participantapi

import (
	"context"
	"encoding/json"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// SendMessage appends a message to the transcript and pushes it to everybody, the
// sender included. A ClientToken that the participant has used for a message
// before returns that message's Id and AbsoluteTime again, and nothing happens.
//
// In a chat with a message processor the answer says PROCESSING: the message has
// its Id and position, and appears in the transcript once it is processed. One
// that is rejected, or could not be processed, appears for the sender's side
// only, with its MessageProcessingStatus.
func (s *Service) SendMessage(ctx context.Context, in *participant.SendMessageRequest) (*participant.SendMessageResponse, error) {
	t, err := s.open(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	r, err := s.do(ctx, t, contact.Send{
		Participant: t.Participant, ContentType: in.ContentType, Content: in.Content, ClientToken: deref(in.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	out := &participant.SendMessageResponse{Id: new(string(r.Item)), AbsoluteTime: stamp(r.Time)}
	if r.Processing {
		out.MessageMetadata = &participant.MessageProcessingMetadata{MessageProcessingStatus: participant.MessageProcessingStatusPROCESSING}
	}
	return out, nil
}

// SendEvent pushes typing to the others, or stores a receipt for a message.
// connection.acknowledged, which old clients send, changes nothing. Other
// events are reserved for the service and refused.
//
// ClientToken does not deduplicate events: ChatJS sends all its receipts with the
// same one.
func (s *Service) SendEvent(ctx context.Context, in *participant.SendEventRequest) (*participant.SendEventResponse, error) {
	t, err := s.open(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	var cmd contact.Command
	switch in.ContentType {
	case center.EventTyping:
		cmd = contact.Signal{Participant: t.Participant, ContentType: in.ContentType}
	case center.EventDelivered, center.EventRead:
		if cmd, err = s.receipt(ctx, t, in); err != nil {
			return nil, err
		}
	case center.EventConnectionAck:
		if _, err := s.member(ctx, t); err != nil {
			return nil, err
		}
		now := s.Now()
		return &participant.SendEventResponse{Id: new(center.NewUUID()), AbsoluteTime: stamp(now)}, nil
	default:
		if _, err := s.member(ctx, t); err != nil {
			return nil, err
		}
		return nil, center.Errorf(center.Invalid, "ContentType: %q cannot be sent; the events are typing, message.delivered, message.read and connection.acknowledged, each with the prefix application/vnd.amazonaws.connect.event.", in.ContentType)
	}
	r, err := s.do(ctx, t, cmd)
	if err != nil {
		return nil, err
	}
	return &participant.SendEventResponse{Id: new(string(r.Item)), AbsoluteTime: stamp(r.Time)}, nil
}

// receipt finds the message of a receipt. Content is JSON text with the messageId
// of a message or attachment that the participant can see.
func (s *Service) receipt(ctx context.Context, t auth.Token, in *participant.SendEventRequest) (contact.Command, error) {
	m, err := s.member(ctx, t)
	if err != nil {
		return nil, err
	}
	var about struct {
		MessageID center.ItemID `json:"messageId"`
	}
	if err := json.Unmarshal([]byte(deref(in.Content)), &about); err != nil || about.MessageID == "" {
		return nil, center.Errorf(center.Invalid, `Content must be JSON text like {"messageId":"…"} for %s`, in.ContentType)
	}
	item, ok, err := s.item(ctx, store.ItemQuery{Chat: m.Chat, Hidden: hiddenFrom(m.Role)}, about.MessageID)
	if err != nil {
		return nil, err
	}
	if !ok || item.Type == center.TypeEvent {
		return nil, center.Errorf(center.Invalid, "Content: messageId %q is not a message of this chat", about.MessageID)
	}
	cmd := contact.Acknowledge{Participant: m.ID, Message: item, Read: in.ContentType == center.EventRead}
	known, err := s.Store.Receipts(ctx, m.Chat, []center.ItemID{item.ID})
	if err != nil {
		return nil, err
	}
	for _, r := range known {
		if r.Recipient == m.ID {
			cmd.Known = r
		}
	}
	return cmd, nil
}

// item finds an item by its id among those of a query.
func (s *Service) item(ctx context.Context, q store.ItemQuery, id center.ItemID) (center.Item, bool, error) {
	seq, ok := id.Seq()
	if !ok || seq < 1 {
		return center.Item{}, false, nil
	}
	q.From, q.To, q.Limit = seq, seq, 1
	items, err := s.Store.Items(ctx, q)
	if err != nil || len(items) == 0 || items[0].ID != id {
		return center.Item{}, false, err
	}
	return items[0], true, nil
}

// hiddenFrom lists the visibilities that a role must not see.
func hiddenFrom(r center.Role) (hidden []center.Visibility) {
	for _, v := range []center.Visibility{center.VisibleCustomer, center.VisibleAgent, center.VisibleNone} {
		if !v.To(r) {
			hidden = append(hidden, v)
		}
	}
	return hidden
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
