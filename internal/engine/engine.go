package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/frames"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/record"
	"parley.example/parley/internal/store"
)

// Catalog has the resources for decisions. Prepare is called before a decision and
// may do I/O; the other methods then answer from memory.
type Catalog interface {
	contact.Catalog
	// Prepare loads the resources of the instance into memory, and the contents
	// that runs, including their callers in [machine.Run.Stack], started with. A run
	// may be nil.
	Prepare(ctx context.Context, instance center.InstanceID, runs ...*machine.Run) error
}

// Integrations call other systems for flows. An error becomes the flow's error branch.
type Integrations interface {
	// Invoke calls a function.
	Invoke(ctx context.Context, call machine.Invoke, event []byte) (json.RawMessage, error)
	// Ask asks a bot.
	Ask(ctx context.Context, ask machine.Ask) (machine.Answer, error)
}

// Streams send items to streaming endpoints, from the store's outbox.
type Streams interface {
	// Body returns the outbox's form of an item.
	Body(center.InstanceID, contact.Streamed) []byte
	// Wake is called after a commit that put something into the outbox. It must not block.
	Wake()
}

// Files keep the bytes of attachments.
type Files interface {
	// Delete deletes the bytes of an attachment, if there are any. It is called for
	// uploads that were not completed within [contact.UploadLife], and may be repeated.
	Delete(ctx context.Context, chat center.ContactID, attachment string) error
}

// Scanner looks at the files of chats before they are shown.
type Scanner interface {
	// Scan reports whether a file may be shown. It tries until ctx ends; an error
	// means that there is no verdict.
	Scan(ctx context.Context, chat center.ContactID, file center.Attachment) (clean bool, err error)
}

// ViewTokens make the tokens that participants pass to DescribeView for the views
// of flows.
type ViewTokens interface {
	ViewToken(chat center.ContactID, view machine.View) string
}

// Config configures an engine. All members without "may be nil" are required.
type Config struct {
	Store     store.Store
	Bus       bus.Bus
	Catalog   Catalog
	Clock     *Clock
	Partition center.Partition
	Limits    contact.Limits
	MaxActive int64 // the quota of concurrent active chats of an instance; -1 for none
	Log       *slog.Logger

	Integrations Integrations
	Streams      Streams    // may be nil when no chat can be streamed
	Views        ViewTokens // may be nil when no flow shows a view
	Files        Files      // may be nil: the bytes of abandoned uploads are kept
	Scanner      Scanner    // may be nil when Limits has no ScanTime
	Observers    []Observer
	Staff        Staff // may be nil where nobody signs in
	// Records are the kinds of records that are put into the outbox; none by default. With any, Streams must be set.
	Records record.Kinds
	// AgentObservers are notified of what agents do.
	AgentObservers []AgentObserver

	// Node identifies this engine among all that ever work on the same store: the
	// effects that it runs carry the name. If it is empty, a random one is made.
	// Shared means that there are others: their changes are seen at once when the
	// bus delivers their notices, and with the next command or read of the chat
	// otherwise.
	Node   string
	Shared bool
	// Leases determine which background work is this node's; nil for all of it.
	Leases Leases
	// Peers reach other nodes, at which messages of their chats are decided; nil when each node decides all that comes to it.
	Peers Peers
	// Hot is how many chats are kept in memory; 0 means 8,192.
	Hot int
}

// Engine runs chats. Its methods may be called by many goroutines.
type Engine struct {
	Config
	chats     *runner[center.ContactID, chatState]
	observers []Observer
	effects   effects
	// Homes answers what other nodes ask of this one.
	Homes      Homes
	chatTimers *sweeper[center.ContactID]
	// Agents runs the agents.
	Agents *Agents

	stop context.CancelFunc
	done sync.WaitGroup
}

// New returns a running engine: its timers run, and effects that were pending
// when the process last stopped are started again. Close stops it.
func New(cfg Config) *Engine {
	e := &Engine{Config: cfg}
	e.Limits = e.Limits.Defaults()
	e.Hot, e.Node = cmp.Or(e.Hot, 8192), cmp.Or(e.Node, center.NewUUID())
	e.Homes.engine, e.chats = e, e.newChats()
	e.chatTimers = e.newChatTimers()
	e.Agents = newAgents(e)
	e.observers = e.observersInOrder()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.effects.start(ctx, e)
	workers := []func(context.Context){e.chatTimers.run, e.adopt, func(ctx context.Context) { evictIdle(ctx, e.chats) }, e.Agents.run}
	if e.Files != nil {
		workers = append(workers, e.clearUploads)
	}
	for _, work := range workers {
		e.done.Go(func() { work(ctx) })
	}
	return e
}

// idleTime is how often idle chats are evicted: those that were not used since
// the last time. A chat whose customer pauses for half a minute stays.
const idleTime = 30 * time.Second

// evictIdle evicts idle chats.
func evictIdle[K ~string, S any](ctx context.Context, r *runner[K, S]) {
	t := time.NewTicker(idleTime)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			r.entries.evictIdle()
		}
	}
}

// Close stops timers and effects and waits for them. Running commands continue;
// the store must be closed after the engine. It may be called twice.
func (e *Engine) Close() {
	e.stop()
	e.done.Wait()
	e.effects.wait()
}

// maxAttempts bounds how often a command is decided again without having learned
// anything about another queue or content. Those of a flow are bounded.
const maxAttempts = 16

// Do gives a chat a command and returns when its change is durable. Errors are
// *center.Error, or ctx's when it ended first: the change may then still happen.
//
// A command is decided again when the chat changed meanwhile, when the decision
// needs more of the chat, of a queue or a content of a flow, and when its queue
// turns out to be full.
func (e *Engine) Do(ctx context.Context, chat center.ContactID, cmd contact.Command) (contact.Reply, error) {
	if s, ok := cmd.(contact.Send); ok && e.Peers != nil {
		return e.Homes.send(ctx, chat, s)
	}
	return e.do(ctx, chat, cmd)
}

func (e *Engine) do(ctx context.Context, chat center.ContactID, cmd contact.Command) (contact.Reply, error) {
	with := &attempt{env: e.env()}
	for n := 0; n < maxAttempts+len(with.env.QueueStatus)+len(with.env.Full)+len(with.env.Contents); n++ {
		var made contact.Change
		err := e.chats.run(ctx, chat, func(h *chatEntry) (write, error) { return e.decideChat(ctx, h, cmd, with, &made) })
		if err == nil {
			if len(made.Pushes) > 0 && !made.Stored() {
				e.Bus.Publish(bus.Message{Subject: bus.Chat(chat), Origin: e.Node, Events: frames.Of(made.Pushes)})
			}
			return made.Reply, nil
		}
		if with, err = e.again(ctx, chat, with, err); err != nil {
			return contact.Reply{}, err
		}
	}
	return contact.Reply{}, center.Errorf(center.Unavailable, "the chat %s is too busy; try again", chat)
}

// Start begins a chat and returns when it is durable. token is the request's
// ClientToken: within seven days a second request with it gets the first one's answer.
func (e *Engine) Start(ctx context.Context, cmd contact.Start, token string) (contact.Reply, error) {
	for range maxAttempts {
		r, err := start(ctx, e, cmd, token)
		if !errors.Is(err, store.ErrReplay) {
			return r, err
		}
		// The chat that the token has begun was erased before its answer could be read.
	}
	return contact.Reply{}, center.Errorf(center.Unavailable, "chats with the same ClientToken are started and erased all the time; try again")
}

// start tries once to begin a chat. It fails with ErrReplay when the token has been used, and the answer is gone.
func start(ctx context.Context, e *Engine, cmd contact.Start, token string) (contact.Reply, error) {
	if err := e.Catalog.Prepare(ctx, cmd.Instance); err != nil {
		return contact.Reply{}, err
	}
	h := &chatEntry{id: cmd.Contact, loaded: true}
	env := e.env()
	change, err := contact.Decide(nil, &h.state.tail, cmd, env)
	if err != nil {
		return contact.Reply{}, err
	}
	var once *store.Once
	if token != "" {
		answer, err := json.Marshal(change.Reply)
		if err != nil {
			return contact.Reply{}, fmt.Errorf("encode reply: %w", err)
		}
		once = &store.Once{Key: startKey(&cmd, token), Answer: answer, At: change.Chat.Started}
	}
	w, err := e.writeChat(h, &change, once, told{at: env.Now})
	if err != nil {
		return contact.Reply{}, err
	}
	switch err := e.chats.create(ctx, h, w); {
	case errors.Is(err, store.ErrReplay):
		return e.Started(ctx, cmd, token, err)
	case errors.Is(err, store.ErrNoInstance): // it was deleted meanwhile
		return contact.Reply{}, center.Missing(center.KindInstance, string(cmd.Instance))
	case errors.Is(err, store.ErrQuota):
		return contact.Reply{}, center.Errorf(center.LimitExceeded, "the instance has reached its quota of concurrent active chats; the setting --quota active-chats=N changes it")
	case err != nil:
		return contact.Reply{}, e.failed(cmd.Contact, err)
	}
	return change.Reply, nil
}

// Started returns the answer that a start with the ClientToken got before, for one
// that is refused by now: refused is the error when there was none.
func (e *Engine) Started(ctx context.Context, cmd contact.Start, token string, refused error) (contact.Reply, error) {
	if token == "" {
		return contact.Reply{}, refused
	}
	var r contact.Reply
	answer, err := e.Store.Replayed(ctx, startKey(&cmd, token))
	if center.ReasonOf(err) == center.NotFound {
		return r, refused
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return r, fmt.Errorf("decode kept reply: %w", err)
	}
	return r, nil
}

// startKey is where the answer to a start with a ClientToken is kept.
func startKey(cmd *contact.Start, token string) string {
	return cmd.Operation() + "/" + string(cmd.Instance) + "/" + token
}

// State returns the state of a chat, which is durable and immutable. Reading a
// chat that is not in memory evicts no other.
func (e *Engine) State(ctx context.Context, chat center.ContactID) (*contact.Chat, error) {
	s, _, err := e.Position(ctx, chat)
	return s, err
}

// Position is State with the sequence number of the last item that the chat has then.
func (e *Engine) Position(ctx context.Context, chat center.ContactID) (state *contact.Chat, last int64, err error) {
	s, _, err := e.chats.read(ctx, chat)
	return s.chat, s.tail.Seq, err
}

// InstanceOf returns the instance of a chat, which never changes. It waits for no
// change that is on its way.
func (e *Engine) InstanceOf(ctx context.Context, chat center.ContactID) (center.InstanceID, error) {
	s, err := e.chats.glance(ctx, chat)
	if err != nil {
		return "", err
	}
	return s.chat.Instance, nil
}

// env returns the environment of a decision made now.
func (e *Engine) env() *contact.Env {
	env := &contact.Env{Now: e.Clock.Now(), Rand: random, Partition: e.Partition, Limits: e.Limits, Catalog: e.Catalog, Node: e.Node}
	if e.Views != nil {
		env.ViewToken = e.Views.ViewToken
	}
	return env
}

// failed turns a failure of the store into an error for the caller.
func (e *Engine) failed(chat center.ContactID, err error) error {
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, store.ErrClosed):
		return center.Errorf(center.Unavailable, "the server is shutting down; try again")
	}
	e.Log.Error("commit failed", "chat", chat, "err", err)
	return &center.Error{Reason: center.Internal, Message: "the change could not be stored", Err: err}
}

// recovered turns a panic into an error, and logs it with its stack.
func (e *Engine) recovered(chat center.ContactID, panicked any) error {
	e.Log.Error("panic", "chat", chat, "panic", panicked, "stack", string(debug.Stack()))
	return center.Errorf(center.Internal, "internal error; see the server's log for the id of the chat")
}
