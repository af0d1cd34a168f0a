package contact

import (
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// signInWindow is how long after authentication.initiated the customer's
// client may ask where to sign in (GetAuthenticationUrl).
const signInWindow = time.Minute

// SignInSession is an authentication that a flow waits for.
type SignInSession struct {
	ID       string
	UserPool string // UserPoolArn
	Client   string // AppClientId
	Redirect string // RedirectUri of the last GetAuthenticationUrl, "" before
	Since    time.Time
	Until    time.Time
}

// SignIn returns the authentication under way that the customer's client asks
// about (GetAuthenticationUrl). Errors: Denied for another participant, Invalid
// for another session and for one that was initiated more than a minute ago.
func (c *Chat) SignIn(p center.ParticipantID, session string, now time.Time) (SignInSession, error) {
	if err := c.signingIn(p, session); err != nil {
		return SignInSession{}, err
	}
	if now.After(c.Run.Wait.Since.Add(signInWindow)) {
		return SignInSession{}, center.Errorf(center.Invalid, "SessionId %q expired: it was issued more than a minute ago", session)
	}
	return c.signIn(), nil
}

// SigningIn returns the authentication under way that the customer has
// completed (UpdateParticipantAuthentication). Errors: Denied if the chat has
// ended, Invalid for another session.
func (c *Chat) SigningIn(session string) (SignInSession, error) {
	if err := c.signingIn(c.Customer().ID, session); err != nil {
		return SignInSession{}, err
	}
	return c.signIn(), nil
}

func (c *Chat) signIn() SignInSession {
	w := &c.Run.Wait
	s := SignInSession{ID: w.Session, Since: w.Since, Until: w.Until}
	if w.Provider != nil {
		s.UserPool, s.Client, s.Redirect = w.Provider.UserPool, w.Provider.Client, w.Provider.Redirect
	}
	return s
}

func (c *Chat) signingIn(p center.ParticipantID, session string) error {
	switch {
	case c.Ended:
		return c.over()
	case p != c.Customer().ID:
		return center.Errorf(center.Denied, "only the customer can sign in")
	case c.Run == nil || c.Run.Wait.Kind != machine.WaitAuth || c.Run.Wait.Session != session:
		return center.Errorf(center.Invalid, "SessionId %q does not match a pending authentication", session)
	}
	return nil
}

// AskSignIn stores where the customer is redirected to after signing in
// (GetAuthenticationUrl, RedirectUri): the provider requires it again when the
// code is redeemed. Errors are those of [Chat.SignIn].
type AskSignIn struct {
	Participant center.ParticipantID
	Session     string
	Redirect    string
}

func (s AskSignIn) decide(d *decision) error {
	if _, err := d.chat.SignIn(s.Participant, s.Session, d.env.Now); err != nil {
		return err
	}
	run, provider := *d.chat.Run, machine.Provider{}
	if run.Wait.Provider != nil {
		provider = *run.Wait.Provider
	}
	provider.Redirect = s.Redirect
	run.Wait.Provider = &provider
	d.edit().Run = &run
	return nil
}

// CancelSignIn is the customer's choice to continue without signing in
// (CancelParticipantAuthentication): the flow takes its branch OptedOut.
type CancelSignIn struct {
	Participant center.ParticipantID
	Session     string
}

func (s CancelSignIn) decide(d *decision) error {
	if err := d.chat.signingIn(s.Participant, s.Session); err != nil {
		return err
	}
	return d.wake(machine.Event{Kind: machine.EventSignInCancelled, Session: s.Session})
}

// SignedIn is the outcome of a customer's authentication
// (UpdateParticipantAuthentication). DisplayName, if it is not empty, becomes
// the customer's display name.
type SignedIn struct {
	Session     string
	SignIn      machine.SignIn
	DisplayName string
}

func (s SignedIn) decide(d *decision) error {
	if err := d.chat.signingIn(d.chat.Customer().ID, s.Session); err != nil {
		return err
	}
	if err := d.wake(machine.Event{Kind: machine.EventSignedIn, Session: s.Session, SignIn: s.SignIn}); err != nil {
		return err
	}
	if s.SignIn.Err != "" || s.DisplayName == "" || d.chat.Ended {
		return nil
	}
	customer := d.edit().Customer()
	customer.DisplayName = s.DisplayName
	d.pushTransient(center.Push{Item: d.event(center.EventDisplayNameUpdated, *customer)})
	return nil
}
