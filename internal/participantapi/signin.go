package participantapi

import (
	"context"
	"net/url"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// SignIns are the identity providers of customers.
type SignIns interface {
	// URL returns the page for one authentication, which redirects to redirect with state.
	URL(s contact.SignInSession, state, redirect string) (string, error)
}

// maxSignInURL is the longest AuthenticationUrl of the model, in characters.
const maxSignInURL = 2083

// GetAuthenticationUrl returns where a customer signs in whom a flow has asked to
// (AuthenticateParticipant). It works for a minute after the event
// authentication.initiated, which has the SessionId; RedirectUri is an absolute
// http or https URL, to which the provider sends the code and the state for
// UpdateParticipantAuthentication. Another SessionId, one that is too old, and a
// provider that is not configured are ValidationExceptions; participants other
// than the customer are denied.
func (s *Service) GetAuthenticationUrl(ctx context.Context, in *participant.GetAuthenticationUrlRequest) (*participant.GetAuthenticationUrlResponse, error) {
	m, err := s.attend(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	session, err := m.chat.SignIn(m.Participant.ID, in.SessionId, s.Now())
	if err != nil {
		return nil, err
	}
	back, err := url.Parse(in.RedirectUri)
	if err != nil || back.Scheme != "https" && back.Scheme != "http" || back.Host == "" {
		return nil, center.Errorf(center.Invalid, "RedirectUri must be an absolute http or https URL")
	}
	state := s.Sealer.Seal(auth.Token{Kind: auth.SignIn, Chat: m.Chat, Expires: session.Until, Detail: session.ID})
	to, err := s.SignIns.URL(session, state, in.RedirectUri)
	switch {
	case center.ReasonOf(err) == center.Conflict:
		return nil, center.Errorf(center.Invalid, "%w", err)
	case err != nil:
		return nil, err
	case len(to) > maxSignInURL:
		return nil, center.Errorf(center.Invalid, "RedirectUri is too long: the AuthenticationUrl would have %d characters, more than %d", len(to), maxSignInURL)
	}
	if _, err := s.do(ctx, m.Token, contact.AskSignIn{Participant: m.Participant.ID, Session: session.ID, Redirect: in.RedirectUri}); err != nil {
		return nil, err
	}
	return &participant.GetAuthenticationUrlResponse{AuthenticationUrl: &to}, nil
}

// CancelParticipantAuthentication is the customer's choice to continue without
// signing in: the flow takes its branch OptedOut. Refusals are those of
// GetAuthenticationUrl.
func (s *Service) CancelParticipantAuthentication(ctx context.Context, in *participant.CancelParticipantAuthenticationRequest) (*participant.CancelParticipantAuthenticationResponse, error) {
	m, err := s.attend(ctx, auth.Connection, in.ConnectionToken)
	if err != nil {
		return nil, err
	}
	if _, err := s.do(ctx, m.Token, contact.CancelSignIn{Participant: m.Participant.ID, Session: in.SessionId}); err != nil {
		return nil, err
	}
	return &participant.CancelParticipantAuthenticationResponse{}, nil
}
