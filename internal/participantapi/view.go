package participantapi

import (
	"context"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Views finds views that flows have shown.
type Views interface {
	// Shown returns a view as a flow of an instance showed it, by the detail of its token.
	Shown(ctx context.Context, instance center.InstanceID, detail string) (catalog.Shown, error)
}

// DescribeView returns the view of a ViewToken, with the content that the flow
// showed, for at least eight days after that was changed or deleted. Such tokens
// are in the interactive message by which a flow shows a view, and are bound to
// their chat. Any other token is a ResourceNotFoundException.
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
		Id: new(string(v.ID)), Arn: &v.ARN, Content: &participant.ViewContent{InputSchema: &v.InputSchema, Template: &v.Template, Actions: append([]string{}, v.Actions...)},
	}
	if v.Name != "" {
		out.Name = &v.Name
	}
	if v.Version > 0 {
		out.Version = new(int32(v.Version))
	}
	return &participant.DescribeViewResponse{View: out}, nil
}
