package participantapi

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/api/participant"
	"parley/internal/auth"
	"parley/internal/center"
)

// viewBody is what the store keeps of a view (KindView).
type viewBody struct {
	InputSchema json.RawMessage // a JSON schema
	Template    json.RawMessage
	Actions     []string
}

// DescribeView returns the view that a ViewToken names. Such tokens come with
// the interactive message by which a flow shows a view; they are bound to
// their chat. Another token, or that of a view which was deleted, is a
// ResourceNotFoundException.
func (s *Service) DescribeView(ctx context.Context, in *participant.DescribeViewRequest) (*participant.DescribeViewResponse, error) {
	m, err := s.attend(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	missing := &center.Error{Reason: center.NotFound, Kind: center.KindView, ID: in.ViewToken, Message: "the view token does not name a view of this chat"}
	t, err := s.Sealer.Open(auth.View, in.ViewToken, s.Now())
	if err != nil || t.Chat != m.Chat {
		return nil, missing
	}
	r, err := s.Store.Resource(ctx, center.KindView, t.Detail)
	switch {
	case center.ReasonOf(err) == center.NotFound && err != nil, err == nil && r.Instance != m.chat.Instance:
		return nil, missing
	case err != nil:
		return nil, err
	}
	var body viewBody
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return nil, fmt.Errorf("decode view %s: %w", r.ID, err)
	}
	return &participant.DescribeViewResponse{View: &participant.View{
		Id: new(r.ID), Arn: new(s.Partition.ARN(r.Instance, center.KindView, r.ID)), Name: new(r.Name), Version: new(int32(r.Version)),
		Content: &participant.ViewContent{
			InputSchema: new(string(body.InputSchema)), Template: new(string(body.Template)), Actions: body.Actions,
		},
	}}, nil
}

// GetAuthenticationUrl is for a customer whom a flow has asked to sign in: it
// is answered within a minute of the event authentication.initiated, whose
// SessionId it takes. Flows of this server do not ask that (the action
// AuthenticateParticipant takes its error branch), so no session is ever open
// and each SessionId is refused as an unknown one.
func (s *Service) GetAuthenticationUrl(ctx context.Context, in *participant.GetAuthenticationUrlRequest) (*participant.GetAuthenticationUrlResponse, error) {
	return nil, s.noAuthentication(ctx, in.ConnectionToken, in.SessionId)
}

// CancelParticipantAuthentication ends such a step; see GetAuthenticationUrl.
func (s *Service) CancelParticipantAuthentication(ctx context.Context, in *participant.CancelParticipantAuthenticationRequest) (*participant.CancelParticipantAuthenticationResponse, error) {
	return nil, s.noAuthentication(ctx, in.ConnectionToken, in.SessionId)
}

// noAuthentication refuses a session: only customers are ever asked to sign
// in, so others are denied.
func (s *Service) noAuthentication(ctx context.Context, bearer, session string) error {
	m, err := s.attend(ctx, auth.Connection, bearer)
	if err != nil {
		return err
	}
	if m.Role != center.RoleCustomer {
		return center.Errorf(center.Denied, "only a customer signs in; the participant's role is %s", m.Role)
	}
	return center.Errorf(center.Invalid, "SessionId %q is not one of an authentication that is waiting", session)
}
