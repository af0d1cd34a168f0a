// Package participantapi implements the Amazon Connect Participant Service: it
// resolves the token of a request to a participant of a chat, calls the engine
// or the store, and translates the result. It decides nothing about chats: the
// rules are in package contact.
//
// # Refusals
//
// A token that is missing, forged, of the wrong kind or expired, and any token
// of a chat that has ended or of a participant who has left, is answered with
// AccessDeniedException, status 403, "Access denied" and nothing else. Why it
// was refused is in the error that the methods of [Service] return, which is
// for the log; [MapError] turns it into the answer. Tokens are checked before
// anything else in a request, so that nobody learns about a chat from the order
// of refusals. Two calls can be allowed after the end: GetTranscript (see [AfterEndHeader]), and
// for an agent in after-contact work CreateParticipantConnection as well, so that his desk can
// show the chat until he clears it.
//
// # Blocking
//
// A call that changes a chat returns when the change is durable.
//
// Start reading at [Service]; each operation is in the file of its noun.
// [Service.Files] transfers files.
package participantapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/store"
)

// Service answers the operations of the Participant Service. Its members are
// set once, before the first call; all are needed.
type Service struct {
	participant.Unimplemented

	Engine    *engine.Engine
	Store     store.Store
	Sealer    *auth.Sealer
	Blobs     blob.Store
	Views     Views
	SignIns   SignIns
	Partition center.Partition
	Now       func() time.Time
	// PublicURL returns how clients reach the server, without a slash at the
	// end: "http://127.0.0.1:8790" or "https://chat.example.com/base". Sockets
	// have the same address with ws or wss. ChatJS accepts ws URLs for the host
	// 127.0.0.1 only.
	PublicURL func(ctx context.Context) string
	// Log records why uploads and downloads were refused.
	Log *slog.Logger
	// Refused is called with the reason why an upload or download is refused, and may add it to
	// the answer's header for developers. May be nil.
	Refused func(context.Context, http.Header, error)

	storing reservations // of attachments, by blob key
}

var _ participant.Service = (*Service)(nil)

// Before opens the bearer token of a request, before its body is read, and handles
// [AfterEndHeader]. A request without a token has an invalid credential rather
// than a missing member. Whether the participant is still in the chat is asked later.
func (s *Service) Before(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
	ctx := r.Context()
	bearer := r.Header.Get("X-Amz-Bearer")
	switch n := len(bearer); {
	case n == 0:
		return edge.Caller{}, center.Errorf(center.Denied, "the request has no X-Amz-Bearer header")
	case n > auth.MaxToken:
		return edge.Caller{}, center.Errorf(center.Denied, "the bearer token has %d characters", n)
	}
	kind := auth.Connection
	if op.Name == "CreateParticipantConnection" {
		kind = auth.Participant
	}
	t, err := s.open(ctx, kind, bearer)
	if err != nil {
		return edge.Caller{}, err
	}
	ctx = context.WithValue(ctx, openedKey{}, &opened{bearer, t})
	if r.Header.Get(AfterEndHeader) == afterEndRead {
		ctx = context.WithValue(ctx, afterEndKey{}, true)
	}
	return edge.Caller{Context: ctx, Known: string(t.Chat)}, nil
}

// openedKey is where a request's token is kept in its context, once it is opened.
type openedKey struct{}

type opened struct {
	bearer string
	token  auth.Token
}

// do gives the chat of a token a command.
func (s *Service) do(ctx context.Context, t auth.Token, cmd contact.Command) (contact.Reply, error) {
	reply, err := s.Engine.Do(ctx, t.Chat, cmd)
	return reply, hideMissing(err)
}

// open opens a token and records the principal for the log. It does not check whether the
// participant is still in the chat.
func (s *Service) open(ctx context.Context, kind auth.Kind, bearer string) (auth.Token, error) {
	if o, ok := ctx.Value(openedKey{}).(*opened); ok && o.token.Kind == kind && o.bearer == bearer {
		return o.token, nil
	}
	t, err := s.Sealer.Open(kind, bearer, s.Now())
	if err == nil {
		edge.Identify(ctx, t.Principal())
	}
	return t, err
}

// member is a participant who may use a chat.
type member struct {
	auth.Token
	chat *contact.Chat
	*contact.Participant
}

// attend opens a token of a kind and finds its chat, which must not have
// ended, and its participant, who must not have left.
func (s *Service) attend(ctx context.Context, kind auth.Kind, bearer string) (member, error) {
	t, err := s.open(ctx, kind, bearer)
	if err != nil {
		return member{}, err
	}
	return s.member(ctx, t)
}

func (s *Service) member(ctx context.Context, t auth.Token) (member, error) {
	chat, err := s.chat(ctx, t)
	if err != nil {
		return member{}, err
	}
	p, err := chat.Recipient(t.Participant)
	if err != nil {
		return member{}, err
	}
	return member{Token: t, chat: chat, Participant: p}, nil
}

// chat returns the chat of a token.
func (s *Service) chat(ctx context.Context, t auth.Token) (*contact.Chat, error) {
	chat, err := s.Engine.State(ctx, t.Chat)
	return chat, hideMissing(err)
}

// hideMissing turns the error for a chat that does not exist any more into a refusal.
func hideMissing(err error) error {
	if err != nil && center.ReasonOf(err) == center.NotFound {
		return center.Errorf(center.Denied, "the token's chat does not exist: %w", err)
	}
	return err
}

// stamp formats a time as the API does.
func stamp(t time.Time) *string { return new(t.UTC().Format(center.TimeLayout)) }
