// Package enginetest is the fixture of every test that needs an engine: one at
// work over a store in memory, with the real catalog, a sealer of tokens, a
// record of what was published, and whatever the test fakes of the world
// outside. It is the only place besides package server that builds one.
//
// An engine is ready when [Start] returns. It stops with its test, or earlier
// by Close, and then its store is closed; both happen inside a synctest bubble
// when the test is in one, where nothing waits for the real clock. What goes wrong
// in a helper fails the test. Start reading at [Options].
package enginetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// Options are what a test wants to be different. The zero value is an engine
// without limits whose functions and bots all fail.
type Options struct {
	Store     store.Store       // nil for a new one, as Memory returns it
	Clock     *engine.Clock     // nil for the wall clock; in a bubble that is the bubble's
	Partition center.Partition  // the zero value means Partition
	Hot       int               // chats kept in memory; 0 for as many as usual
	Bus       *bustest.Recorder // nil for a new one
	Link      *bustest.Link     // to a bus that nodes share; nil for Bus itself
	Node      string            // see engine.Config
	Shared    bool              // other engines of the test work on the store
	Leases    engine.Leases     // of a shared store; nil for all shards
	Peers     engine.Peers      // nil to decide everything that comes here

	Catalog engine.Catalog // what decisions look up; nil for the real catalog over the store
	Limits  catalog.Limits // of the real catalog

	// Staffing counts agents; nil for nobody.
	Staffing func(context.Context, center.InstanceID, center.QueueID) (engine.Staffing, error)
	// Employs says who exists, nil for everybody. Its error is also that of an instance without a status for those who are not there.
	Employs func(context.Context, center.InstanceID, center.UserID) (bool, error)
	Records record.Kinds // what is put into the outbox; nobody sends it

	MaxActive  int64 // quota of concurrent active chats; 0 for none
	Invoke     func(ctx context.Context, call machine.Invoke, event []byte) (json.RawMessage, error)
	Ask        func(ctx context.Context, ask machine.Ask) (machine.Answer, error)
	Observers  []engine.Observer                                                         // are told of chats
	Agents     []engine.AgentObserver                                                    // are told of agents
	Changed    func(center.InstanceID)                                                   // see catalog.Config
	DeleteFile func(ctx context.Context, chat center.ContactID, attachment string) error // nil leaves files where they are
}

// NoLog discards what is logged.
var NoLog = slog.New(slog.DiscardHandler)

// Partition is where the resources of a test are, unless it says otherwise.
var Partition = center.Partition{Region: "us-east-1", Account: "123456789012"}

// Engine is an engine at work and what it is made of.
type Engine struct {
	*engine.Engine
	Store     store.Store
	Catalog   *catalog.Catalog // the real one, also when decisions look into another
	Clock     *engine.Clock
	Partition center.Partition
	Sealer    *auth.Sealer

	Bus *bustest.Recorder // what the engine has published; nothing on a Link

	t testing.TB
}

// Start starts an engine.
func Start(t testing.TB, o Options) *Engine {
	t.Helper()
	o.complete(t)
	sealer, err := auth.NewSealer(auth.NewSecret(1))
	if err != nil {
		t.Fatalf("NewSealer: %v", err)
	}
	e := &Engine{
		Store: o.Store, Clock: o.Clock, Partition: o.Partition, Sealer: sealer, Bus: o.Bus, t: t,
		Catalog: catalog.New(catalog.Config{
			Store: o.Store, Partition: o.Partition, Now: o.Clock.Now, Limits: o.Limits, Bus: o.Bus, Node: o.Node, Shared: o.Shared, Changed: o.Changed,
		}),
	}
	if o.Catalog == nil {
		o.Catalog = e.Catalog.Chats()
	}
	var on bus.Bus = e.Bus
	if o.Link != nil {
		on = o.Link
	}
	chats := o.Store
	if o.Catalog != engine.Catalog(e.Catalog.Chats()) {
		chats = anywhere{chats}
	}
	e.Engine = engine.New(engine.Config{
		Store: chats, Bus: on, Catalog: o.Catalog, Clock: o.Clock, Partition: o.Partition, Hot: o.Hot,
		Log:       NoLog,
		MaxActive: o.MaxActive, Node: o.Node, Shared: o.Shared, Leases: o.Leases, Peers: o.Peers,
		Integrations: fakes{o}, Files: o.files(), Streams: &integration.Outbox{Partition: o.Partition}, Views: tokens{sealer},
		Records: o.Records, Staff: staff{o}, Observers: o.Observers, AgentObservers: o.Agents,
	})
	t.Cleanup(e.Close)
	return e
}

// complete puts the defaults in.
func (o *Options) complete(t testing.TB) {
	t.Helper()
	if o.Store == nil {
		o.Store = Memory(t)
	}
	if o.Clock == nil {
		o.Clock = &engine.Clock{}
	}
	if o.Partition == (center.Partition{}) {
		o.Partition = Partition
	}
	if o.Bus == nil {
		o.Bus = new(bustest.Recorder)
	}
	o.MaxActive = cmp.Or(o.MaxActive, -1)
}

// anywhere is a store that takes chats of instances that do not exist: those of a fake catalog.
type anywhere struct{ store.Store }

// Submit implements [store.Store].
func (a anywhere) Submit(c *store.Change, done func(error)) {
	c.Within = ""
	a.Store.Submit(c, done)
}

// fakes are the functions and bots of a test.
type fakes struct{ Options }

// Invoke implements [engine.Integrations].
func (f fakes) Invoke(ctx context.Context, call machine.Invoke, event []byte) (json.RawMessage, error) {
	if f.Options.Invoke == nil {
		return nil, errors.New("no function")
	}
	return f.Options.Invoke(ctx, call, event)
}

// Ask implements [engine.Integrations].
func (f fakes) Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
	if f.Options.Ask == nil {
		return machine.Answer{}, errors.New("no bot")
	}
	return f.Options.Ask(ctx, ask)
}

// files are the attachments of a test that deletes them itself.
type files func(ctx context.Context, chat center.ContactID, attachment string) error

// Delete implements [engine.Files].
func (f files) Delete(ctx context.Context, chat center.ContactID, attachment string) error {
	return f(ctx, chat, attachment)
}

func (o *Options) files() engine.Files {
	if o.DeleteFile == nil {
		return nil
	}
	return files(o.DeleteFile)
}

// The statuses of agents in tests.
var (
	Available = agent.Status{ID: "available", Name: "Available", Type: agent.Routable}
	Offline   = agent.Status{ID: "offline", Name: "Offline", Type: agent.Offline}
	Lunch     = agent.Status{ID: "lunch", Name: "Lunch", Type: agent.Custom}
)

type staff struct{ o Options }

// Offline implements [engine.Staff].
func (s staff) Offline(ctx context.Context, instance center.InstanceID) (agent.Status, error) {
	_, err := s.Employs(ctx, instance, "")
	return Offline, err
}

// Employs implements [engine.Staff]: everybody exists, unless the test says otherwise.
func (s staff) Employs(ctx context.Context, instance center.InstanceID, user center.UserID) (bool, error) {
	if s.o.Employs == nil {
		return true, nil
	}
	return s.o.Employs(ctx, instance, user)
}

// Staffing implements [engine.Staff]: there is nobody, unless the test says otherwise.
func (s staff) Staffing(ctx context.Context, instance center.InstanceID, queue center.QueueID) (engine.Staffing, error) {
	if s.o.Staffing == nil {
		return engine.Staffing{}, nil
	}
	return s.o.Staffing(ctx, instance, queue)
}

// tokens seals what participants show to DescribeView.
type tokens struct{ *auth.Sealer }

// ViewToken implements [engine.ViewTokens].
func (t tokens) ViewToken(chat center.ContactID, v machine.View) string {
	return t.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: catalog.ShownDetail(v)})
}

// Memory returns a store in memory that is closed at the end of the test, after
// the engines that were started on it.
func Memory(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatalf("sqlite.Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}
