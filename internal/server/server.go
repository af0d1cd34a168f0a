package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"parley.example/parley/internal/agentapi"
	"parley.example/parley/internal/agentapi/desk"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/devapi"
	"parley.example/parley/internal/edge"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/erasure"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/identity"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/integration/scan"
	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/measurer"
	"parley.example/parley/internal/metrics"
	"parley.example/parley/internal/process"
	"parley.example/parley/internal/recorder"
	"parley.example/parley/internal/router"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/stream"
)

// Server is a running Parley: timers run from [New] on. It answers through
// Handler, and listens when Serve is called.
type Server struct {
	Config
	partition center.Partition
	node      string // a name that no other process has
	nodes     nodes
	clock     *engine.Clock
	metrics   *metrics.Metrics
	edge      *edge.Edge
	store     store.Store
	writes    *writes
	backlog   *backlog
	indexing  *indexing
	blobs     blob.Store
	catalog   *catalog.Catalog
	keyring   *keyring
	verifier  *auth.Verifier
	sealer    *auth.Sealer
	engine    *engine.Engine
	router    *router.Router
	bus       bus.Bus
	hub       *stream.Hub
	desks     *desk.Hub
	agents    *agentapi.Service
	passwords *identity.Hasher
	lambda    *integration.Lambda
	bots      *integration.Bots
	signIns   *integration.SignIns
	flowLog   *flowlog.Log
	eraser    *erasure.Worker
	follower  *erasure.Follower // nil when no other node works on the store
	topics    *integration.Topics
	outbox    *integration.Outbox
	measurer  *measurer.Measurer
	beats     *recorder.Beats // nil when nobody wants heartbeats
	scanner   *scan.Scanner   // nil when there is none
	faults    devapi.Faults
	limits    *limits
	handler   http.Handler
	adminURL  string // where operators reach their listener; "" when there is none
	firstKey  string // the file that holds the key made on first start

	publicURL   atomic.Pointer[string]
	origins     atomic.Pointer[[]string]
	certificate atomic.Pointer[edge.Certificate] // nil without TLS
	ready       atomic.Bool
	parts       lifecycle.Group
	after       succession
}

// New opens the store and wires the server. Close ends it.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s := &Server{
		Config: cfg, partition: center.Partition{Region: cfg.Region, Account: cfg.Account}, node: center.NewUUID(),
		clock: &engine.Clock{}, bus: &bus.Local{}, metrics: metrics.New(), parts: lifecycle.Group{Log: cfg.Log},
	}
	s.nodes.s, s.after.s, s.after.next = s, s, make(chan Successor)
	s.writes = newWrites(s.Log, s.Data)
	s.writes.probe = s.probe
	s.backlog = newBacklog(s.count)
	s.edge = &edge.Edge{Log: s.Log, Metrics: s.metrics, Dev: s.Dev, Bodies: edge.NewBodies(process.MemoryLimit())}
	s.edge.Trust(cfg.proxies)
	s.origins.Store(&cfg.Origins)
	s.SetURL(cfg.PublicURL)
	if err := s.addStores(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	over, err := s.nodes.turn(ctx)
	if err == nil {
		err = s.wire(ctx)
		over()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.addParts()
	if err := s.parts.Start(ctx); err != nil {
		return nil, err
	}
	s.ready.Store(true)
	return s, nil
}

// Handler answers all requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Clock is the server's clock.
func (s *Server) Clock() *engine.Clock { return s.clock }

// Agents acts for agents.
func (s *Server) Agents() *agentapi.Service { return s.agents }

// Reload takes from another configuration, which is checked, what can change while the
// server runs: TrustedProxies and Origins. It also reads the certificate again if its files have
// changed. An error changes nothing.
func (s *Server) Reload(cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	s.edge.Trust(cfg.proxies)
	s.origins.Store(&cfg.Origins)
	if c := s.certificate.Load(); c != nil {
		c.Follow()
	}
	return nil
}

// allowOrigin says whether pages of an origin may open sockets.
func (s *Server) allowOrigin(origin string) bool {
	origins := *s.origins.Load()
	return len(origins) == 0 || slices.Contains(origins, origin)
}

// SetURL sets how clients reach the server if neither Config.PublicURL nor their requests
// say so.
func (s *Server) SetURL(u string) {
	u = strings.TrimSuffix(u, "/")
	s.publicURL.Store(&u)
}

// URL returns how clients reach the server if their requests do not say so.
func (s *Server) URL() string { return *s.publicURL.Load() }

// urlFor returns how the client whose request a context belongs to reaches the server.
func (s *Server) urlFor(ctx context.Context) string {
	if s.PublicURL == "" {
		if url := edge.BaseURL(ctx); url != "" {
			return url
		}
	}
	return s.URL()
}

// AdminURL returns the URL of the listener for operators, "" when there is none. It is
// known once the server listens.
func (s *Server) AdminURL() string { return s.adminURL }

// Close stops the server: sockets are closed gradually, timers and effects end,
// the store is closed last. It may be called twice.
func (s *Server) Close() error {
	s.ready.Store(false)
	s.nodes.hasten()
	return s.parts.Stop(context.Background())
}
