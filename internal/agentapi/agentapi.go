// Package agentapi implements the API of agents at their desks (package api/agent): signing in, the status, the contacts
// in hand, and those that wait to be picked. Each method translates a request into a command of
// package agent or contact and returns when what it did is durable. What happens to an agent
// comes over his streams, which are package desk's.
//
// # Who may call
//
// A session token is sealed, not stored. It is good for [auth.SessionLife], unless the user signs out of the session, or of
// all, or is deleted: then every call is UnauthorizedException, and the streams close. What a user may do is what the
// permissions of his security profiles say at that moment; a refusal names the permission.
//
// Start reading at [Service] and [Console]; each operation is in the file of its noun.
package agentapi

import (
	"context"
	"net/http"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/restjson"
	rules "parley.example/parley/internal/agent"
	"parley.example/parley/internal/agentapi/cookie"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/ratelimit"
	"parley.example/parley/internal/router"
)

// Service answers the operations of the agent's API. Its members are set once, before the first call; all are needed.
type Service struct {
	agent.Unimplemented

	Catalog  *catalog.Catalog
	Engine   *engine.Engine
	Router   *router.Router
	Hub      *desk.Hub
	Sealer   *auth.Sealer
	Password *identity.Checker
	Clock    *engine.Clock
	// PublicURL returns how clients reach the server, without a slash at the end.
	PublicURL func(ctx context.Context) string
	// Cookies keeps the sessions of CreateSession.
	Cookies *cookie.Jar
	// Broadcasts bounds those of a user: see [NewBroadcasts].
	Broadcasts *ratelimit.Table
}

var _ agent.Service = (*Service)(nil)

// NewBroadcasts returns the bound of the broadcasts of each user: 20 a second.
func NewBroadcasts() *ratelimit.Table {
	return ratelimit.NewTable(ratelimit.Rate{PerSecond: 20, Burst: 20}, 1<<13)
}

// Join brings an agent to a chat whose contact waits in a queue, as an administrator may who has no desk, and returns the
// participant token with which the agent's client takes part. The token is good
// until the chat ends or the agent leaves. Called again for an agent who is on the
// contact it returns another token. A contact that does not wait is a Conflict,
// one that has ended is Gone.
func (s *Service) Join(ctx context.Context, chat center.ContactID, agent contact.Join) (token string, err error) {
	reply, err := s.Engine.Do(ctx, chat, agent)
	if err != nil {
		return "", err
	}
	return chatToken(s.Sealer, chat, reply.Participant), nil
}

func chatToken(by *auth.Sealer, chat center.ContactID, p center.ParticipantID) string {
	return by.Seal(auth.Token{Kind: auth.Participant, Chat: chat, Participant: p})
}

// Before opens the session token of a request, before its body is read. SignIn and CreateSession have none.
func (s *Service) Before(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
	ctx := r.Context()
	if op.Name == "SignIn" || op.Name == "CreateSession" {
		return edge.Caller{Context: context.WithValue(ctx, fromKey{}, edge.Network(r))}, nil
	}
	bearer := r.Header.Get("X-Amz-Bearer")
	if bearer == "" {
		return edge.Caller{Context: ctx}, signedOut("the request has no X-Amz-Bearer header; it takes the SessionToken of SignIn, or on a page of this server the cookie of CreateSession")
	}
	of, err := s.Sealer.OpenSession(bearer, s.Clock.Now())
	if err != nil {
		return edge.Caller{Context: ctx}, expired(err)
	}
	edge.Identify(ctx, of.Principal())
	return edge.Caller{Context: context.WithValue(ctx, sessionKey{}, of), Known: string(of.User)}, nil
}

// fromKey is where the network is that a SignIn comes from, sessionKey where a request's session is.
type (
	fromKey    struct{}
	sessionKey struct{}
)

// caller is a user who may work.
type caller struct {
	auth.Session
	snap  *catalog.Snapshot // with users
	user  *catalog.User
	state *rules.Agent // nil for one who has never had a stream

	rights access.Rights
}

// caller returns who makes a request. The error says why the session is over, or that the user may not work at a desk.
func (s *Service) caller(ctx context.Context) (c caller, err error) {
	of, ok := ctx.Value(sessionKey{}).(auth.Session)
	if !ok {
		return c, signedOut("the request has no session")
	}
	return s.admit(ctx, of)
}

func (s *Service) admit(ctx context.Context, of auth.Session) (c caller, err error) {
	c.Session = of
	if c.snap, err = s.Catalog.SnapshotWith(ctx, center.KindUser, string(of.Instance)); err != nil {
		return c, gone(err, "the instance does not exist any more")
	}
	if c.user, err = catalog.Get[*catalog.User](c.snap, of.User); err != nil {
		return c, gone(err, "the user does not exist any more")
	}
	c.rights = access.Of(c.snap, c.user)
	if c.state, _, err = s.Engine.Agents.State(ctx, of.User); err != nil {
		return c, err
	}
	if c.state.SignedOut(desk.SessionOf(of)) {
		return c, signedOut("the user has signed out; sign in again")
	}
	return c, c.rights.Require(permission.BasicAgentAccess)
}

// gone turns the error for something that does not exist into one of a session that is over.
func gone(err error, why string) error {
	if center.ReasonOf(err) == center.NotFound {
		return signedOut(why + "; sign in again")
	}
	return err
}

// Admit is for [desk.Config].
func (s *Service) Admit(ctx context.Context, of auth.Session) error {
	_, err := s.admit(ctx, of)
	return err
}

// present reports whether a stream of the caller's is open.
func (c *caller) present() bool { return c.state != nil && c.state.Present() }
