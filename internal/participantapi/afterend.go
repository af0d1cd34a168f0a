package participantapi

import (
	"context"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// AfterEndHeader, with the value "read", asks GetTranscript for the transcript
// of a chat that has ended, which Amazon refuses, as this server does without
// it: a client that lost its connection shortly before the end has no other way
// to get the last messages. It is Parley's own; Amazon ignores it.
const (
	AfterEndHeader = "X-Parley-After-End"
	afterEndRead   = "read"
)

// afterEndKey is where [Service.Before] records the header in the request's context.
type afterEndKey struct{}

// reader opens a connection token for reading the transcript. An agent may read in his
// after-contact work, until he clears the contact. Otherwise reading
// after the end requires the request's header, and is possible for as long as a
// token that was given before the end can be valid: a repeated StartChatContact gives
// one later too. A participant who left before the end can read up to its leaving,
// whose sequence number is until; 0 is no bound, and a negative one leaves nothing
// to read.
func (s *Service) reader(ctx context.Context, bearer string) (m member, until int64, err error) {
	t, err := s.open(ctx, auth.Connection, bearer)
	if err != nil {
		return member{}, 0, err
	}
	chat, err := s.chat(ctx, t)
	if err != nil {
		return member{}, 0, err
	}
	p, err := chat.Recipient(t.Participant)
	if err == nil {
		return member{Token: t, chat: chat, Participant: p}, 0, nil
	}
	p = chat.Participant(t.Participant)
	switch {
	case p == nil:
		return member{}, 0, err
	case chat.InAfterWork(p.ID):
	case ctx.Value(afterEndKey{}) == nil || !chat.Over():
		return member{}, 0, err
	default:
		if ended := chat.Current().Disconnected; s.Now().After(ended.Add(auth.ConnectionLife)) {
			return member{}, 0, center.Errorf(center.Denied, "the chat ended at %s; its transcript could be read for %s", ended, auth.ConnectionLife)
		}
	}
	if !chat.Ended || !chat.Stayed(p) {
		until, err = s.leaving(ctx, chat, p)
		return member{Token: t, chat: chat, Participant: p}, until, err
	}
	return member{Token: t, chat: chat, Participant: p}, 0, nil
}

// leaving finds the item for a participant's leaving. For one that never joined
// there is none: then it is the last item before.
func (s *Service) leaving(ctx context.Context, chat *contact.Chat, p *contact.Participant) (int64, error) {
	// Times increase strictly, so in a burst an item's may be later than its commit's.
	q := store.ItemQuery{Chat: chat.ID, After: p.Left.Truncate(time.Millisecond), Limit: 100}
	for !p.Joined.IsZero() {
		items, err := s.Store.Items(ctx, q)
		if err != nil {
			return 0, hideMissing(err)
		}
		for i := range items {
			if it := &items[i]; it.ContentType == center.EventLeft && it.Participant == p.ID {
				return it.Seq, nil
			}
		}
		if len(items) < q.Limit {
			break
		}
		q.From = items[len(items)-1].Seq + 1
	}
	items, err := s.Store.Items(ctx, store.ItemQuery{Chat: chat.ID, Before: p.Left, Descending: true, Limit: 1})
	if err != nil || len(items) == 0 {
		return -1, hideMissing(err)
	}
	return items[0].Seq, nil
}
