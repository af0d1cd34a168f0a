package agentapi

import (
	"context"

	"parley.example/parley/api/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
)

// Console is the whole API: what agents do at their desks, which is [Service]'s, and what the pages of a console, for agents and for
// supervisors, ask besides.
type Console struct{ *Service }

var _ agent.Service = Console{}

// Person is a user who is signed in and may work, as things are set up at this moment.
type Person struct {
	Snap   *catalog.Snapshot // of the instance, with users
	User   *catalog.User
	Rights access.Rights
}

// Person returns who makes a request. Errors are exceptions of the API, and an [access.Denial] for who may not work.
func (s Console) Person(ctx context.Context) (Person, error) {
	c, err := s.caller(ctx)
	return Person{c.snap, c.user, c.rights}, err
}

// CreateSession is SignIn for a page of this server: the session is in the cookie of its browser, and not in the answer.
func (s Console) CreateSession(ctx context.Context, in *agent.CreateSessionRequest) (*agent.CreateSessionResponse, error) {
	out, err := s.SignIn(ctx, &agent.SignInRequest{InstanceId: in.InstanceId, UserName: in.UserName, Password: in.Password})
	if err != nil {
		return nil, err
	}
	s.Cookies.Keep(ctx, out.SessionToken, out.Expiry.Sub(s.Clock.Now()))
	return &agent.CreateSessionResponse{InstanceId: out.User.InstanceId, UserId: out.User.Id, Expiry: out.Expiry, User: out.User}, nil
}

// GetSession says whose the session of a request is, and until when.
func (s Console) GetSession(ctx context.Context, _ *agent.GetSessionRequest) (*agent.GetSessionResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	return &agent.GetSessionResponse{InstanceId: string(c.Instance), UserId: string(c.user.ID), Expiry: c.Until, User: c.shown()}, nil
}

// DeleteSession is SignOut of the session alone, and takes it out of the cookie.
func (s Console) DeleteSession(ctx context.Context, _ *agent.DeleteSessionRequest) (*agent.DeleteSessionResponse, error) {
	if _, err := s.SignOut(ctx, &agent.SignOutRequest{}); err != nil {
		return nil, err
	}
	s.Cookies.Drop(ctx)
	return &agent.DeleteSessionResponse{}, nil
}
