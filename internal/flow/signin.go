package flow

import (
	"maps"
	"time"

	"parley.example/parley/internal/center"
)

// Bounds of TimeLimitMinutes.
const (
	minSignIn = 3
	maxSignIn = 15
)

// The segment attribute that tells of a customer's authentication.
const customerAuthentication = "connect:CustomerAuthentication"

// signIn is AuthenticateParticipant: the customer's client is told a session
// in which the customer may sign in, and the run waits for the end of that.
type signIn struct {
	pool, client template
	limit        template
}

func newSignIn(p params) (step, error) {
	s := &signIn{}
	cognito, err := p.members("CognitoConfiguration")
	if err != nil {
		return nil, err
	}
	if s.pool, err = cognito.template("UserPoolArn"); err != nil {
		return nil, err
	}
	if s.client, err = cognito.template("AppClientId"); err != nil {
		return nil, err
	}
	s.limit, err = p.template("TimeLimitMinutes")
	return s, err
}

func (s *signIn) run(m *machine, _ *action) result {
	pool, _ := s.pool.text(m)
	client, _ := s.client.text(m)
	m.note("UserPoolArn", pool)
	minutes, problem := s.minutes(m)
	switch {
	case problem != "":
		return fail("%s", problem)
	case pool == "" || client == "":
		return fail("CognitoConfiguration names no user pool or no client")
	case !m.c.Interactive:
		return fail("the client does not take interactive messages, so that it cannot let a customer sign in")
	}
	session := m.w.NewID()
	m.tell(center.EventAuthInitiated, string(encode(map[string]string{"SessionId": session})))
	m.run.Wait = Wait{Kind: WaitAuth, Session: session, Since: m.w.Now, Until: m.w.Now.Add(time.Duration(minutes) * time.Minute)}
	m.run.Wait.Provider = &Provider{UserPool: pool, Client: client}
	return suspend
}

func (s *signIn) minutes(m *machine) (n int, problem string) {
	text, given := m.optional(&s.limit)
	if !given {
		return maxSignIn, ""
	}
	n, ok := number(text)
	if !ok || n < minSignIn || n > maxSignIn {
		return 0, "TimeLimitMinutes is \"" + clip(text) + "\", not a number from 3 to 15"
	}
	return n, ""
}

// tell says an event to the customer.
func (m *machine) tell(event, content string) {
	m.out.Messages = append(m.out.Messages, Message{ContentType: event, Text: content, Visibility: center.VisibleCustomer})
}

func (s *signIn) resume(m *machine, a *action, ev Event) result {
	about := string(encode(map[string]string{"SessionId": m.waited.Session}))
	switch ev.Kind {
	case EventTime:
		m.tell(center.EventAuthTimeout, about)
		m.authenticated("TIMEOUT", SignIn{})
		return failWith(timeLimitExceeded, "the customer did not sign in in time")
	case EventSignInCancelled:
		m.tell(center.EventAuthCancelled, about)
		if !a.hasCondition(m, "OptedOut") {
			return fail("the action has no branch for OptedOut")
		}
		return choose("OptedOut")
	}
	if ev.SignIn.Err != "" {
		m.tell(center.EventAuthFailed, about)
		m.authenticated("FAILED", ev.SignIn)
		return fail("the customer did not sign in: %s", clip(ev.SignIn.Err))
	}
	m.tell(center.EventAuthSucceeded, about)
	m.authenticated("AUTHENTICATED", ev.SignIn)
	if ev.SignIn.CustomerID != "" {
		m.c.CustomerID = ev.SignIn.CustomerID
	}
	return done
}

// authenticated writes connect:CustomerAuthentication.
func (m *machine) authenticated(status string, in SignIn) {
	what := map[string]center.SegmentAttribute{}
	put := func(name, text string) {
		if text != "" {
			what[name] = center.SegmentAttribute{String: &text}
		}
	}
	put("Status", status)
	put("IdentityProvider", in.Provider)
	put("AssociatedCustomerId", in.CustomerID)
	put("AuthenticationMethod", in.Method)
	if p := m.waited.Provider; p != nil {
		put("ClientId", p.Client)
	}
	set := make(map[string]center.SegmentAttribute, len(m.c.SegmentAttributes)+1)
	maps.Copy(set, m.c.SegmentAttributes)
	set[customerAuthentication] = center.SegmentAttribute{Map: what}
	m.c.SegmentAttributes = set
}
