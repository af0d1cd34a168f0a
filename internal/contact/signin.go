package contact

import (
	"time"

	"parley/internal/center"
	"parley/internal/flow"
)

// signInWindow is how long after authentication.initiated the customer's
// client may ask where to sign in (GetAuthenticationUrl).
const signInWindow = time.Minute

// SignInSession is an authentication that a flow waits for.
type SignInSession struct {
	ID       string
	UserPool string // UserPoolArn
	Client   string // AppClientId
	Since    time.Time
	Until    time.Time
}

// SignIn returns the authentication under way that the customer's client asks
// about (GetAuthenticationUrl). Errors: Denied for another participant, Invalid
// for another session and for one that was told more than a minute ago.
func (c *Chat) SignIn(p center.ParticipantID, session string, now time.Time) (SignInSession, error) {
	if err := c.signingIn(p, session); err != nil {
		return SignInSession{}, err
	}
	w := &c.Run.Wait
	s := SignInSession{ID: w.Session, Since: w.Since, Until: w.Until}
	if w.Provider != nil {
		s.UserPool, s.Client = w.Provider.UserPool, w.Provider.Client
	}
	if now.After(w.Since.Add(signInWindow)) {
		return SignInSession{}, center.Errorf(center.Invalid, "SessionId %q was told more than a minute ago; the customer may start again", session)
	}
	return s, nil
}

func (c *Chat) signingIn(p center.ParticipantID, session string) error {
	switch {
	case c.Ended:
		return center.Errorf(center.Denied, "the chat has ended")
	case p != c.Customer().ID:
		return center.Errorf(center.Denied, "only the customer signs in")
	case c.Run == nil || c.Run.Wait.Kind != flow.WaitAuth || c.Run.Wait.Session != session:
		return center.Errorf(center.Invalid, "SessionId %q is not one of an authentication that is waiting", session)
	}
	return nil
}

// CancelSignIn is the customer's wish to go on without signing in
// (CancelParticipantAuthentication): the flow takes its branch OptedOut.
type CancelSignIn struct {
	Participant center.ParticipantID
	Session     string
}

func (s CancelSignIn) decide(d *decision) error {
	if err := d.chat.signingIn(s.Participant, s.Session); err != nil {
		return err
	}
	return d.wake(flow.Event{Kind: flow.EventSignInCancelled, Session: s.Session})
}

// SignedIn tells how a customer's authentication ended
// (UpdateParticipantAuthentication). DisplayName, when it is not empty, is what
// the customer is called from then on.
type SignedIn struct {
	Session     string
	SignIn      flow.SignIn
	DisplayName string
}

func (s SignedIn) decide(d *decision) error {
	if err := d.chat.signingIn(d.chat.Customer().ID, s.Session); err != nil {
		return err
	}
	if err := d.wake(flow.Event{Kind: flow.EventSignedIn, Session: s.Session, SignIn: s.SignIn}); err != nil {
		return err
	}
	if s.SignIn.Err != "" || s.DisplayName == "" || d.chat.Ended {
		return nil
	}
	customer := d.edit().Customer()
	customer.DisplayName = s.DisplayName
	d.notify(center.Push{Item: d.event(center.EventDisplayNameUpdated, *customer)})
	return nil
}
