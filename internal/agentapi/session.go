package agentapi

import (
	"context"
	"errors"
	"time"

	"parley.example/parley/api/agent"
	rules "parley.example/parley/internal/agent"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/router"
)

// SignIn begins a session. Whether there is no such instance or user, or it is another password, cannot be told from
// the answer, nor from how long it takes.
func (s *Service) SignIn(ctx context.Context, in *agent.SignInRequest) (*agent.SignInResponse, error) {
	instance, err := instanceOf(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	from, _ := ctx.Value(fromKey{}).(string)
	signed, err := s.Password.Check(ctx, identity.Attempt{Instance: instance, Username: in.UserName, Password: in.Password, Address: from})
	if err != nil {
		return nil, err
	}
	state, _, err := s.Engine.Agents.State(ctx, signed.User)
	if err != nil {
		return nil, err
	}
	of := auth.Session{Instance: instance, User: signed.User, ID: center.NewUUID(), Until: s.Clock.Now().Add(auth.SessionLife).Truncate(time.Millisecond)}
	if state != nil {
		of.Epoch = state.Epoch
	}
	c, err := s.admit(ctx, of)
	if err != nil {
		return nil, err
	}
	return &agent.SignInResponse{SessionToken: s.Sealer.SealSession(of), Expiry: of.Until, User: c.shown()}, nil
}

// instanceOf finds an instance by its id, ARN or alias. One that does not exist is returned all the same: nobody is
// found in it.
func instanceOf(ctx context.Context, all *catalog.Catalog, ref string) (center.InstanceID, error) {
	snap, err := all.Named(ctx, ref)
	switch {
	case err == nil:
		return snap.ID(), nil
	case center.ReasonOf(err) == center.NotFound:
		return center.InstanceID(ref), nil
	}
	return "", err
}

// shown is the caller as clients are sent it.
func (c *caller) shown() *agent.UserSummary {
	u := &agent.UserSummary{
		Id: string(c.user.ID), Arn: c.snap.ARNOf(c.user), UserName: c.user.Name, DisplayName: router.IdentityOf(c.user).DisplayName,
		InstanceId: string(c.Instance), InstanceArn: c.snap.ARNOf(c.snap.Instance),
	}
	if name := c.user.Identity.FirstName; name != "" {
		u.FirstName = &name
	}
	if name := c.user.Identity.LastName; name != "" {
		u.LastName = &name
	}
	return u
}

// SignOut ends the session, or with Everywhere all sessions of the user. Its streams close. A session that is over, and one
// of a user who may not work any more, can be signed out of all the same.
func (s *Service) SignOut(ctx context.Context, in *agent.SignOutRequest) (*agent.SignOutResponse, error) {
	c, err := s.caller(ctx)
	if c.user == nil {
		if Over(err) {
			return &agent.SignOutResponse{}, nil // the user has gone
		}
		return nil, err
	}
	offline, err := s.Catalog.Offline(ctx, c.Instance)
	if err != nil {
		return nil, err
	}
	out := rules.SignOut{Offline: offline, Session: desk.SessionOf(c.Session)}
	if in.Everywhere != nil && *in.Everywhere && !c.state.SignedOut(out.Session) {
		out.Session = rules.Session{}
	}
	if _, err := s.Engine.Agents.Do(ctx, c.Instance, c.user.ID, out); err != nil {
		return nil, err
	}
	return &agent.SignOutResponse{}, nil
}

// Over reports whether an error says that a session is over, or is none.
func Over(err error) bool {
	e, ok := errors.AsType[edge.Exception](err)
	if !ok {
		return false
	}
	_, over := e.Exception.(*agent.UnauthorizedException)
	return over
}

// End signs a session out, as SignOut does.
func (s *Service) End(ctx context.Context, of auth.Session) error {
	_, err := s.SignOut(context.WithValue(ctx, sessionKey{}, of), &agent.SignOutRequest{})
	return err
}

// CreateStream returns where a client of the session may open a stream for a short while.
func (s *Service) CreateStream(ctx context.Context, _ *agent.CreateStreamRequest) (*agent.CreateStreamResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	url, until := s.Sealer.Stream(s.PublicURL(ctx), c.Session, s.Clock.Now())
	return &agent.CreateStreamResponse{Url: url, Expiry: until}, nil
}

// Broadcast sends a text to all streams of the user. Nothing is stored.
func (s *Service) Broadcast(ctx context.Context, in *agent.BroadcastRequest) (*agent.BroadcastResponse, error) {
	c, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	if len(in.Content) > maxBroadcast {
		return nil, center.Errorf(center.Invalid, "Content has %d bytes; a broadcast may have %d", len(in.Content), maxBroadcast)
	}
	if wait := s.Broadcasts.Take(s.Broadcasts.Key(string(c.user.ID)), 1, s.Clock.Now()); wait > 0 {
		return nil, ratelimit.Refuse(broadcast, "a user may send 20 broadcasts a second; try again", wait)
	}
	s.Hub.Broadcast(c.user.ID, in.Content)
	return &agent.BroadcastResponse{}, nil
}

// broadcast is any operation that declares what a rate is refused with.
var broadcast = &agent.Operations[0]

// maxBroadcast bounds a broadcast, in bytes.
const maxBroadcast = 4 << 10
