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
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/integration"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// Options are what a test wants to be different. The zero value is an engine
// without limits whose functions and bots all fail.
type Options struct {
	Store     store.Store      // nil for a new one, as Memory returns it
	Clock     *engine.Clock    // nil for the wall clock; in a bubble that is the bubble's
	Partition center.Partition // the zero value means Partition
	Hot       int              // chats kept in memory; 0 for as many as usual

	Catalog engine.Catalog // what decisions look up; nil for the real catalog over the store
	Limits  catalog.Limits // of the real catalog

	MaxActive  func(center.InstanceID) int64 // quota of concurrent active chats; nil for none
	Invoke     func(ctx context.Context, call flow.Invoke, event []byte) (json.RawMessage, error)
	Ask        func(ctx context.Context, ask flow.Ask) (flow.Answer, error)
	DeleteFile func(ctx context.Context, chat center.ContactID, attachment string) error // nil leaves files where they are
}

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

	t testing.TB

	mu        sync.Mutex // guards published
	published []center.Push
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
		Store: o.Store, Clock: o.Clock, Partition: o.Partition, Sealer: sealer, t: t,
		Catalog: catalog.New(catalog.Config{Store: o.Store, Partition: o.Partition, Now: o.Clock.Now, Limits: o.Limits}),
	}
	if o.Catalog == nil {
		o.Catalog = e.Catalog
	}
	e.Engine = engine.New(engine.Config{
		Store: o.Store, Bus: &bus.Local{Listeners: []bus.Listener{e.record}}, Catalog: o.Catalog, Clock: o.Clock, Partition: o.Partition, Hot: o.Hot,
		Log:       slog.New(slog.DiscardHandler),
		MaxActive: o.MaxActive, Invoke: o.Invoke, Ask: o.Ask, DeleteFile: o.DeleteFile,
		ViewToken: func(chat center.ContactID, v flow.View) string {
			return sealer.Seal(auth.Token{Kind: auth.View, Chat: chat, Detail: catalog.ShownDetail(v)})
		},
		StreamBody: func(i center.InstanceID, s contact.Streamed) []byte {
			return integration.StreamMessage(o.Partition, i, s)
		},
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
	if o.MaxActive == nil {
		o.MaxActive = func(center.InstanceID) int64 { return -1 }
	}
	if o.Invoke == nil {
		o.Invoke = func(context.Context, flow.Invoke, []byte) (json.RawMessage, error) {
			return nil, errors.New("no function")
		}
	}
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

func (e *Engine) record(pushes []center.Push) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.published = append(e.published, pushes...)
}

// Published returns what the engine has published so far, in order.
func (e *Engine) Published() []center.Push {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.published)
}

// PublishedOf returns what it has published of a content type.
func (e *Engine) PublishedOf(contentType string) []center.Push {
	return slices.DeleteFunc(e.Published(), func(p center.Push) bool { return p.Item.ContentType != contentType })
}
