package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/agentapi"
	"parley.example/parley/internal/agentapi/cookie"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/ccp"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/socket"
)

// desks connects the parts that agents at their desks need.
type desks struct{ s *Server }

// hub returns the hub of agents' streams. A stream may last as long as its session, and a snapshot of an agent with many contacts be
// longer than what chats' sockets are sent.
func (d desks) hub() *desk.Hub {
	s := d.s
	return desk.New(desk.Config{
		Bus: s.bus, Clock: s.clock, Log: s.Log, Node: s.node, Shared: s.nodes.shared(), AllowOrigin: d.allowOrigin, Refused: s.edge.Refused(), Open: d.open, Admit: d.admit, Tag: d.tag,
		Limits: socket.Limits{Span: s.CloseSpan, Age: auth.SessionLife + time.Minute, QueueBytes: 4 << 20, QueueFrames: 2048},
	})
}

// allowOrigin says whether pages of an origin may open streams: those that may open sockets, and the agent's page.
func (d desks) allowOrigin(r *http.Request, origin string) bool {
	return d.s.allowOrigin(origin) || ccp.Own(r, d.s.urlFor(r.Context()), origin)
}

// open says whose stream a URL opens.
func (d desks) open(r *http.Request) (auth.Session, error) {
	of, err := d.s.sealer.OpenStream(r.URL.Query().Get("token"), d.s.clock.Now())
	if err != nil {
		d.s.limits.refused(r)
	}
	return of, err
}

// admit says whether the user of a session may work.
func (d desks) admit(ctx context.Context, of auth.Session) error { return d.s.agents.Admit(ctx, of) }

// tag tells how an agent is set up from how else he could be.
func (d desks) tag(ctx context.Context, instance center.InstanceID, user center.UserID) (string, error) {
	return d.s.agents.Tag(ctx, instance, user)
}

// changed tells those who want to know that an instance may have changed.
func (d desks) changed(id center.InstanceID) {
	d.s.router.SetUp(id)
	d.s.desks.SetUp(id)
}

// api returns the agent's API.
func (d desks) api() *agentapi.Service {
	s := d.s
	return &agentapi.Service{
		Catalog: s.catalog, Engine: s.engine, Router: s.router, Hub: s.desks, Sealer: s.sealer, Clock: s.clock, PublicURL: s.urlFor,
		Password: identity.NewChecker(d.password, s.passwords, s.clock.Now), Broadcasts: agentapi.NewBroadcasts(),
		Cookies: &cookie.Jar{URL: s.urlFor, Own: func(r *http.Request, origin string) bool { return ccp.Own(r, s.urlFor(r.Context()), origin) }},
	}
}

// pages returns the agent's page.
func (d desks) pages() *ccp.Pages {
	s := d.s
	cfg := ccp.Config{
		Catalog: s.catalog, Sealer: s.sealer, Now: s.clock.Now, Admit: s.agents.Admit, Over: agentapi.Over, End: s.agents.End, Use: d.use, URL: s.urlFor, Refused: s.limits.refused, Log: s.Log,
	}
	if s.Dev {
		cfg.Default = catalog.DemoInstance
	}
	return ccp.New(cfg)
}

// use uses up a code for a session: a second time it is a Conflict.
func (d desks) use(ctx context.Context, of auth.Session, code string) error {
	sum := sha256.Sum256([]byte(code))
	used := agent.Code{ID: hex.EncodeToString(sum[:16]), Until: d.s.clock.Now().Add(auth.CodeLife)}
	_, err := d.s.engine.Agents.Do(ctx, of.Instance, of.User, agent.TakeUp{Code: used})
	return err
}

// password implements [identity.Lookup].
func (d desks) password(ctx context.Context, instance center.InstanceID, name string) (center.UserID, string, error) {
	u, hash, err := d.s.catalog.Password(ctx, instance, name)
	if err != nil {
		return "", "", err
	}
	return u.ID, hash, nil
}

// seed makes the users of the demo instance. Everybody knows their password, so it is hashed at no cost.
func (d desks) seed(ctx context.Context) error {
	return setup.SeedDemoUsers(ctx, d.s.catalog, identity.NewHasher(identity.Params{Passes: 1, KiB: 64, Lanes: 1}, 1).Hash)
}
