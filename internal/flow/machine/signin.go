package machine

import (
	"maps"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// The segment attribute with a customer's authentication.
const customerAuthentication = "connect:CustomerAuthentication"

// runSignIn is AuthenticateParticipant: the customer's client is sent a session
// in which the customer may sign in, and the run waits for the end of that.
func runSignIn(m *machine, a *flow.Action) result {
	s := a.Args.(*flow.SignInArgs)
	pool, _ := m.text(&s.Pool)
	client, _ := m.text(&s.Client)
	m.note("UserPoolArn", pool)
	minutes, problem := signInMinutes(m, s)
	switch {
	case problem != "":
		return fail("%s", problem)
	case pool == "" || client == "":
		return fail("CognitoConfiguration has no user pool or no client")
	case !m.c.Interactive:
		return fail("the client does not accept interactive messages, so the customer cannot sign in")
	}
	session := m.w.NewID()
	m.notify(center.EventAuthInitiated, string(flow.Encode(map[string]string{"SessionId": session})))
	m.run.Wait = Wait{Kind: WaitAuth, Session: session, Since: m.w.Now, Until: m.w.Now.Add(time.Duration(minutes) * time.Minute)}
	m.run.Wait.Provider = &Provider{UserPool: pool, Client: client}
	return suspend
}

func signInMinutes(m *machine, s *flow.SignInArgs) (n int, problem string) {
	text, given := m.optional(&s.Limit)
	if !given {
		return flow.MaxSignIn, ""
	}
	n, ok := flow.Number(text)
	if !ok || n < flow.MinSignIn || n > flow.MaxSignIn {
		return 0, "TimeLimitMinutes is \"" + flow.Clip(text) + "\", not a number from 3 to 15"
	}
	return n, ""
}

func resumeSignIn(m *machine, a *flow.Action, ev Event) result {
	about := string(flow.Encode(map[string]string{"SessionId": m.waited.Session}))
	switch ev.Kind {
	case EventTime:
		m.notify(center.EventAuthTimeout, about)
		m.authenticated("TIMEOUT", SignIn{})
		return failWith(flow.TimeLimitExceeded, "the customer did not sign in in time")
	case EventSignInCancelled:
		m.notify(center.EventAuthCancelled, about)
		if !m.hasCondition(a, "OptedOut") {
			return fail("the action has no branch for OptedOut")
		}
		return choose("OptedOut")
	}
	if ev.SignIn.Err != "" {
		m.notify(center.EventAuthFailed, about)
		m.authenticated("FAILED", ev.SignIn)
		return fail("the customer did not sign in: %s", flow.Clip(ev.SignIn.Err))
	}
	m.notify(center.EventAuthSucceeded, about)
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
