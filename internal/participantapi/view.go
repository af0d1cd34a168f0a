package participantapi

import (
	"context"

	"parley/api/participant"
	"parley/internal/auth"
	"parley/internal/catalog"
	"parley/internal/center"
)

// Views finds what flows have shown.
type Views interface {
	// Shown returns a view as a flow of an instance showed it, by what its token says.
	Shown(ctx context.Context, instance center.InstanceID, detail string) (catalog.Shown, error)
}

// DescribeView returns the view that a ViewToken names, with the content that
// the flow showed, for at least eight days after that was changed or deleted.
// Such tokens come with the interactive message by which a flow shows a view;
// they are bound to their chat. Any other is a ResourceNotFoundException.
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
	v, err := s.Views.Shown(ctx, m.chat.Instance, t.Detail)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil, missing
		}
		return nil, err
	}
	out := &participant.View{
		Id: &v.ID, Arn: &v.ARN, Content: &participant.ViewContent{InputSchema: &v.InputSchema, Template: &v.Template, Actions: v.Actions},
	}
	if v.Name != "" {
		out.Name = &v.Name
	}
	if v.Version > 0 {
		out.Version = new(int32(v.Version))
	}
	return &participant.DescribeViewResponse{View: out}, nil
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
