package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// SignIns finds out who signed in.
type SignIns interface {
	// Redeem gives the provider the code that it sent back for an authentication.
	Redeem(ctx context.Context, s contact.SignInSession, code string) (done machine.SignIn, name string, err error)
}

// UpdateParticipantAuthentication ends an authentication that a flow waits for
// (AuthenticateParticipant): State and Code, or State, Error and
// ErrorDescription, are what the provider sent back to the customer's
// RedirectUri. A provider that does not accept the code fails the
// authentication like an Error does; the flow receives both. A State that is
// not one of the instance, or whose authentication is over, is an
// InvalidRequestException; while the provider cannot be reached it is a
// ThrottlingException, and the same request may be made again.
func (s *Contacts) UpdateParticipantAuthentication(ctx context.Context, in *connect.UpdateParticipantAuthenticationRequest) (*connect.UpdateParticipantAuthenticationResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	if (in.Code == nil) == (in.Error == nil) {
		return nil, center.Errorf(center.BadRequest, "give either Code or Error")
	}
	over := center.Errorf(center.BadRequest, "State is not one of an authentication that is waiting")
	t, err := s.Sealer.Open(auth.SignIn, in.State, s.Now())
	if err != nil {
		return nil, over
	}
	chat, err := s.Engine.State(ctx, t.Chat)
	if err != nil {
		return nil, over
	}
	session, err := chat.SigningIn(t.Detail)
	if err != nil || chat.Instance != snap.ID() {
		return nil, over
	}
	cmd := contact.SignedIn{Session: session.ID}
	if in.Code == nil {
		cmd.SignIn.Err = *in.Error
		if d := wire.Text(in.ErrorDescription); d != "" {
			cmd.SignIn.Err += ": " + d
		}
	} else if cmd.SignIn, cmd.DisplayName, err = s.SignIns.Redeem(ctx, session, *in.Code); err != nil {
		return nil, err
	}
	switch _, err := s.Engine.Do(ctx, chat.ID, cmd); center.ReasonOf(err) {
	case center.Invalid, center.Denied:
		return nil, over // it ended meanwhile
	default:
		return &connect.UpdateParticipantAuthenticationResponse{}, err
	}
}

// CreatePersistentContactAssociation makes a running chat continue an earlier
// one, as the action of a flow does: RehydrationType and SourceContactId are as
// in PersistentChat of StartChatContact, and the chat's participants are notified
// that there is more to read. A chat that continues one already or has ended is
// an InvalidRequestException.
func (s *Contacts) CreatePersistentContactAssociation(ctx context.Context, in *connect.CreatePersistentContactAssociationRequest) (*connect.CreatePersistentContactAssociationResponse, error) {
	chat, _, err := s.chatOf(ctx, in.InstanceId, in.InitialContactId)
	if err != nil {
		return nil, err
	}
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	source, found, err := s.contactOf(ctx, snap, in.SourceContactId)
	if err != nil {
		return nil, wire.InMember("SourceContactId", err)
	}
	past, err := source.Continue(found.ID, in.RehydrationType != connect.RehydrationTypeFROM_SEGMENT)
	if err != nil {
		return nil, wire.InMember("SourceContactId", err)
	}
	key := "CreatePersistentContactAssociation/" + wire.Text(in.ClientToken)
	if wire.Text(in.ClientToken) == "" {
		key = ""
	}
	r, err := s.Engine.Do(ctx, chat.ID, contact.Associate{Continued: past, Key: key})
	if center.ReasonOf(err) == center.Conflict {
		return nil, center.Errorf(center.BadRequest, "%w", err)
	}
	if err != nil {
		return nil, err
	}
	return &connect.CreatePersistentContactAssociationResponse{ContinuedFromContactId: new(string(r.Contact))}, nil
}
