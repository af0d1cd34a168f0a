package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/blob"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/participantapi"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
	"parley.example/parley/internal/stream"
)

// Server is a Parley that is wired and at work: timers run from [New] on. It
// answers through Handler, and listens when Serve is called.
type Server struct {
	Config
	partition center.Partition
	clock     *engine.Clock
	store     store.Store
	blobs     blob.Store
	catalog   *catalog.Catalog
	keys      *auth.Keys
	verifier  *auth.Verifier
	sealer    *auth.Sealer
	engine    *engine.Engine
	hub       *stream.Hub
	lambda    *integration.Lambda
	bots      *integration.Bots
	signIns   *integration.SignIns
	flowLog   *flowlog.Log
	topics    *integration.Topics
	outbox    *integration.Outbox
	limits    *limiter
	faults    *faults
	metrics   *metrics
	profiles  *profiles
	handler   http.Handler
	firstKey  string // the file that holds the key made on first start

	publicURL atomic.Pointer[string]
	ready     atomic.Bool
	stop      context.CancelFunc
	work      sync.WaitGroup
	closing   func() error
}

// New opens the store and wires the server. Close ends it.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s := &Server{
		Config: cfg, partition: center.Partition{Region: cfg.Region, Account: cfg.Account},
		clock: &engine.Clock{}, metrics: newMetrics(),
	}
	s.SetURL(cfg.PublicURL)
	var err error
	s.store, err = sqlite.Open(ctx, sqlite.Options{Dir: cfg.Data, Log: cfg.Log, Observe: s.metrics.committed})
	if err != nil {
		return nil, err
	}
	if err := s.wire(ctx); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	return s, nil
}

// wire makes the parts and ties them together.
func (s *Server) wire(ctx context.Context) error {
	now := s.clock.Now
	var err error
	if s.blobs, err = s.openBlobs(); err != nil {
		return err
	}
	if s.sealer, err = sealer(ctx, s.store, now()); err != nil {
		return err
	}
	s.keys = &auth.Keys{Store: KeyStore{s.store}}
	s.verifier = &auth.Verifier{Keys: s.keys, Region: s.Region, Account: s.Account, AcceptAny: s.Dev}
	s.catalog = catalog.New(catalog.Config{
		Store: s.store, Partition: s.partition, Now: now, Log: s.Log, Unassociated: s.Dev, CheckReferences: s.CheckReferences,
	})
	if s.CloudLimits {
		s.limits = newLimiter(now)
	}
	if s.Dev {
		s.faults = &faults{now: now}
		if err := setup.SeedDemo(ctx, s.catalog); err != nil {
			return fmt.Errorf("seed the demo instance: %w", err)
		}
	} else if err := s.makeFirstKey(ctx, now()); err != nil {
		return err
	}
	if err := s.wireOutwards(ctx); err != nil {
		return err
	}
	s.flowLog = s.newFlowLog()
	s.hub = s.newHub() // before the engine, whose timers tell of what falls due at once
	s.engine = engine.New(engine.Config{
		Store: s.store, Bus: &bus.Local{Listeners: []bus.Listener{s.hub.Publish}}, Catalog: s.catalog, Clock: s.clock, Partition: s.partition,
		Limits: s.Config.limits(), Log: s.Log,
		MaxActive: func(center.InstanceID) int64 { return s.MaxActiveChats },
		Invoke:    s.lambda.Invoke,
		Ask:       s.bots.Ask,
		ViewToken: func(chat center.ContactID, v flow.View) string {
			return s.sealer.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: catalog.ShownDetail(v)})
		},
		StreamBody: func(i center.InstanceID, st contact.Streamed) []byte {
			return integration.StreamMessage(s.partition, i, st)
		},
		Streamed:   s.outbox.Wake,
		DeleteFile: participantapi.DeleteFile(s.blobs),
		FlowLog:    s.flowLog.Add,
	})
	s.gauges()
	s.handler = s.routes()
	s.begin(ctx)
	return nil
}

// wireOutwards makes what calls other systems: functions, bots, streaming
// endpoints and where customers sign in.
func (s *Server) wireOutwards(ctx context.Context) error {
	client := integration.NewClient()
	aws, err := s.aws(ctx)
	if err != nil {
		return err
	}
	if s.bots, err = integration.NewBots(s.Bots, aws, client, s.Log); err != nil {
		return err
	}
	s.signIns = &integration.SignIns{Named: s.SignIns, Client: client, Log: s.Log}
	s.lambda, s.topics = s.functions(aws, client), s.streaming(client)
	s.outbox = &integration.Outbox{Store: s.store, Sender: s.topics, Now: s.clock.Now, Log: s.Log}
	return nil
}

// begin starts the work that goes on beside requests, until Close.
func (s *Server) begin(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.work.Go(func() {
		if err := s.outbox.Run(work); err != nil {
			s.Log.Error("message streaming stopped", "err", err)
		}
	})
	s.work.Go(func() { s.purge(work) })
	s.work.Go(func() { s.flowLog.Run(work) })
	s.work.Go(func() { thrift(work) })
	s.closing = sync.OnceValue(s.shutdown)
	s.ready.Store(true)
}

func (s *Server) openBlobs() (blob.Store, error) {
	if s.Data == "" {
		return blob.Memory(memoryFiles), nil
	}
	return blob.Dir(filepath.Join(s.Data, "files"))
}

// memoryFiles bounds the attachments of a server that keeps all in memory.
const memoryFiles = 256 << 20

// makeFirstKey gives a server without access keys its first one, in a file
// that only its owner can read: a secret has no place in a log.
func (s *Server) makeFirstKey(ctx context.Context, now time.Time) error {
	list, err := s.keys.Store.List(ctx)
	if err != nil || len(list) > 0 {
		return err
	}
	key, err := s.keys.Create(ctx, "first", auth.FullAccess(), now)
	if err != nil {
		return fmt.Errorf("create the first access key: %w", err)
	}
	s.firstKey = filepath.Join(s.Data, "first-key.env")
	text := fmt.Sprintf("export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
	if err := os.WriteFile(s.firstKey, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the first access key: %w", err)
	}
	return nil
}

// purge forgets replay keys a week after their use, and of the deliveries that
// were given up all but the newest: at the start, for a server that is never up
// for long, and every hour.
func (s *Server) purge(ctx context.Context) {
	const keep, every, dead = 7 * 24 * time.Hour, time.Hour, 100_000
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if err := s.store.Purge(ctx, s.clock.Now().Add(-keep), dead); err != nil && ctx.Err() == nil {
			s.Log.Error("purge failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Handler answers everything the server answers.
func (s *Server) Handler() http.Handler { return s.handler }

// Clock is the server's clock.
func (s *Server) Clock() *engine.Clock { return s.clock }

// SetURL tells the server how clients reach it, for the URLs it hands out.
func (s *Server) SetURL(u string) {
	u = strings.TrimSuffix(u, "/")
	s.publicURL.Store(&u)
}

// URL returns how clients reach the server.
func (s *Server) URL() string { return *s.publicURL.Load() }

// Serve listens and answers until ctx ends, then closes the server. up is
// called with the server's URL once it listens.
func (s *Server) Serve(ctx context.Context, up func(url string)) error {
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return errors.Join(err, s.Close()) // net says that it was to listen, and where
	}
	return s.ServeOn(ctx, l, up)
}

// ServeOn is Serve on a listener, which it closes.
func (s *Server) ServeOn(ctx context.Context, l net.Listener, up func(url string)) error {
	if s.Pprof != "" {
		var err error
		if s.profiles, err = serveProfiles(s.Pprof); err != nil {
			return errors.Join(err, l.Close(), s.Close())
		}
	}
	scheme := "http"
	if s.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		if err != nil {
			return errors.Join(fmt.Errorf("tls-cert, tls-key: %w", err), l.Close(), s.Close())
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
		scheme = "https"
	}
	if s.PublicURL == "" {
		s.SetURL(scheme + "://" + reachable(l.Addr()))
	}
	srv := s.httpServer()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	up(s.URL())
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		s.ready.Store(false)
		s.flowLog.EndTails() // their requests would last until the grace is over
		s.Log.Info("stopping", "sockets", s.hub.Sockets())
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
		defer cancel()
		if err := srv.Shutdown(grace); err != nil {
			s.Log.Warn("requests were cut off", "err", err)
		}
		<-failed
	}
	// What is left of connections ends with the server; sockets are the hub's.
	return errors.Join(err, srv.Close(), s.Close())
}

// reachable is how a client on this machine writes the address: ChatJS takes
// unencrypted sockets from 127.0.0.1 only, spelt like this.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Close stops the server: sockets are closed a few at a time, timers and
// effects end, the store comes last. It may be called twice.
func (s *Server) Close() error { return s.closing() }

func (s *Server) shutdown() error {
	s.ready.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), s.CloseSpan+10*time.Second)
	defer cancel()
	s.hub.Shutdown(ctx)
	s.engine.Close()
	s.stop()
	s.work.Wait()
	return errors.Join(s.profiles.close(), s.store.Close())
}
