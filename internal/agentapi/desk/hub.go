package desk

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/lifecycle"
	"parley.example/parley/internal/socket"
)

// Config is what a hub is made of. All members without "may be nil" are needed.
type Config struct {
	Catalog *catalog.Catalog
	Bus     bus.Bus
	Clock   *engine.Clock
	Log     *slog.Logger
	Node    string // by which the engine is known on the bus
	Shared  bool   // other nodes work on the store
	// Open says whose stream the URL of a request opens, and until when. Its errors are answered with 403 and logged.
	Open func(*http.Request) (auth.Session, error)
	// Admit says whether the user of a session may still work: he exists, has not signed out of it, and has the
	// permission. An error of the reason Denied says that he may not.
	Admit func(context.Context, auth.Session) error
	// Tag returns what tells how an agent is set up from how else he could be: see [View.Snapshot]. Errors are those of Admit.
	Tag func(context.Context, center.InstanceID, center.UserID) (string, error)
	// AllowOrigin says whether a page of the origin of a handshake may open a stream; nil lets all.
	AllowOrigin func(r *http.Request, origin string) bool
	// Refused is given the reason why a handshake is refused, and may add to the answer's header. May be nil.
	Refused func(context.Context, http.Header, error)
	Limits  socket.Limits
}

// Hub is all streams of a node. Make it with [New], have it told of commits, and give it the engine with
// [Hub.Begin] before the first stream.
type Hub struct {
	Config
	engine  *engine.Engine
	sockets socket.Server
	watch   watch
	shards  [64]shard

	reading chan struct{} // a token for each desk or gap that is being read from the store
	ctx     context.Context
	cancel  context.CancelFunc

	background lifecycle.Background // what must have ended when Shutdown returns
	ending     chan struct{}        // closed when Shutdown begins: what has failed is not tried again
	stop       func()               // closes it, once

	mu      sync.Mutex                 // guards looking; taken with or without a shard
	looking map[center.InstanceID]bool // instances that are being inspected, and whether once more
}

// shard is a part of the desks.
type shard struct {
	mu    sync.Mutex // guards desks, and all of them
	desks map[center.UserID]*desk
}

// maxReading bounds the desks and gaps that are read from the store at once.
const maxReading = 32

// sourceTime is how long a read may take.
const sourceTime = 10 * time.Second

// New returns a hub. It may be told of commits from then on: it is an [engine.Observer] and an [engine.AgentObserver].
func New(c Config) *Hub {
	h := &Hub{Config: c, reading: make(chan struct{}, maxReading), looking: map[center.InstanceID]bool{}}
	h.sockets.Limits, h.sockets.Log, h.watch.hub = c.Limits, c.Log, h
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.ending = make(chan struct{})
	h.stop = sync.OnceFunc(func() { close(h.ending) })
	return h
}

// Begin gives the hub the engine, which tells it of commits.
func (h *Hub) Begin(e *engine.Engine) { h.engine = e }

// Streams returns how many streams are open.
func (h *Hub) Streams() int { return h.sockets.Sockets() }

// Counts returns what the streams have done so far.
func (h *Hub) Counts() socket.Counts { return h.sockets.Counts() }

var seed = maphash.MakeSeed()

func (h *Hub) shard(user center.UserID) *shard {
	return &h.shards[maphash.String(seed, string(user))%uint64(len(h.shards))]
}

// Shutdown refuses new streams from now on, closes all there are, and waits for what is under way. The agents stay as they
// are: clients that come back soon, to whichever node, find nothing changed. When ctx ends before, the rest is cut short. It may be called twice.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.stop()
	err := h.sockets.Shutdown(ctx)
	if cut := h.background.Stop(ctx, h.cancel); cut != nil {
		err = cut
	}
	return err
}

// read runs f, which reads from the store, when there is room for it.
func (h *Hub) read(f func(ctx context.Context) error) error {
	select {
	case h.reading <- struct{}{}:
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
	defer func() { <-h.reading }()
	ctx, cancel := context.WithTimeout(h.ctx, sourceTime)
	defer cancel()
	return f(ctx)
}

// Broadcast sends a text to all streams of a user, on every node.
func (h *Hub) Broadcast(user center.UserID, content string) {
	h.Bus.Publish(bus.Message{Subject: bus.Agent(user), Events: []bus.Event{{Payload: broadcastFrame(content)}}})
}

// SetUp tells that an administrator may have changed an instance: see [catalog.Config]. Streams of users
// who may not work any more are closed.
func (h *Hub) SetUp(id center.InstanceID) {
	if h.Streams() == 0 {
		return
	}
	h.mu.Lock()
	_, looking := h.looking[id]
	h.looking[id] = looking
	h.mu.Unlock()
	if !looking {
		h.background.Go(func() { h.look(id) })
	}
}

// look inspects an instance, once more for what changes meanwhile.
func (h *Hub) look(id center.InstanceID) {
	for {
		h.inspect(id)
		h.mu.Lock()
		again := h.looking[id]
		if h.looking[id] = false; !again {
			delete(h.looking, id)
		}
		h.mu.Unlock()
		if !again {
			return
		}
	}
}

// inspect closes the streams of an instance whose users may not work any more.
func (h *Hub) inspect(id center.InstanceID) {
	var all []auth.Session
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for _, d := range sh.desks {
			if d.instance != id {
				continue
			}
			for s := d.first; s != nil; s = s.next {
				all = append(all, s.of)
			}
		}
		sh.mu.Unlock()
	}
	for _, of := range all {
		err := h.read(func(ctx context.Context) error { return h.Admit(ctx, of) })
		if err != nil && over(err) {
			h.end(of, err)
		} else {
			h.again(of.User)
		}
	}
}

// again has an agent shown anew, for what may be called something else now.
func (h *Hub) again(user center.UserID) {
	sh := h.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if d := sh.desks[user]; d != nil && d.loaded && len(d.views) == 0 {
		h.show(d)
	}
}

// end closes the streams of a session that is over.
func (h *Hub) end(of auth.Session, why error) {
	sh := h.shard(of.User)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	d := sh.desks[of.User]
	if d == nil {
		return
	}
	for s := d.first; s != nil; s = s.next {
		if s.of == of {
			h.Log.Info("stream of a session that is over", "user", of.User, "err", why)
			s.close(Over)
		}
	}
}

// over reports whether an error says that the session is over.
func over(err error) bool {
	switch center.ReasonOf(err) {
	case center.Denied, center.NotFound:
		return true
	}
	_, refused := errors.AsType[*auth.Error](err)
	return refused
}

// SessionOf is a session as the agent's rules know it.
func SessionOf(of auth.Session) agent.Session {
	return agent.Session{ID: of.ID, Epoch: of.Epoch, Until: of.Until}
}
