package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// Catalog is what decisions look up. Prepare is called before a decision and
// may do I/O; the other methods then answer from memory.
type Catalog interface {
	contact.Catalog
	// Prepare sees to what is set up in the instance being in memory, and to
	// the contents that runs, their callers in [machine.Run.Stack] included, began
	// with. A run may be nil.
	Prepare(ctx context.Context, instance center.InstanceID, runs ...*machine.Run) error
}

// Config is what an engine is made of. All members without "may be nil" are needed.
type Config struct {
	Store     store.Store
	Bus       bus.Bus
	Catalog   Catalog
	Clock     *Clock
	Partition center.Partition
	Limits    contact.Limits
	Log       *slog.Logger

	// MaxActive returns the quota of concurrent active chats of an instance, -1 for none.
	MaxActive func(center.InstanceID) int64
	// Invoke calls a function for a flow. Its error becomes the flow's error branch.
	Invoke func(ctx context.Context, call machine.Invoke, event []byte) (json.RawMessage, error)
	// Ask asks a bot for a flow. Its error becomes the flow's error branch. May be nil.
	Ask func(ctx context.Context, ask machine.Ask) (machine.Answer, error)
	// ViewToken makes what a participant of a chat shows to DescribeView for a
	// view that a flow shows it. Nil where flows show none.
	ViewToken func(chat center.ContactID, view machine.View) string
	// StreamBody makes what the outbox keeps of one streamed item.
	StreamBody func(center.InstanceID, contact.Streamed) []byte
	// Streamed is called after a commit that put something into the outbox. May be nil.
	Streamed func()
	// DeleteFile deletes the bytes of an attachment, if there are any. It is
	// called for uploads that nobody completed within [contact.UploadLife],
	// again if need be. Nil leaves them where they are.
	DeleteFile func(ctx context.Context, chat center.ContactID, attachment string) error
	// FlowLog is given what flows did. It must be quick. May be nil.
	FlowLog func(instance center.InstanceID, c *center.Contact, entries []machine.LogEntry)
	// Hot is how many chats are kept in memory; 0 means 8,192.
	Hot int
}

// Engine runs chats. Its methods may be called by many goroutines.
type Engine struct {
	Config
	chats   cache
	effects effects
	wake    chan struct{} // a timer may fall due earlier than the sweeper thinks
	nextDue dueTime
	fired   atomic.Uint64

	stop context.CancelFunc
	done sync.WaitGroup
}

// New returns an engine at work: its timers run, and effects that were under
// way when the process last stopped are started again. Close stops it.
func New(cfg Config) *Engine {
	e := &Engine{Config: cfg, wake: make(chan struct{}, 1)}
	e.Limits = e.Limits.Defaults()
	if e.Hot == 0 {
		e.Hot = 8192
	}
	e.chats.max = e.Hot
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.effects.start(ctx, e)
	e.done.Go(func() { e.sweep(ctx) })
	e.done.Go(func() { e.resume(ctx) })
	e.done.Go(func() { e.cool(ctx) })
	if e.DeleteFile != nil {
		e.done.Go(func() { e.clearUploads(ctx) })
	}
	return e
}

// coolEvery is how often chats in memory are looked at: those that nobody used
// since are forgotten. A chat of a customer who thinks for half a minute stays.
const coolEvery = 30 * time.Second

// cool keeps chats that nobody talks to out of memory.
func (e *Engine) cool(ctx context.Context) {
	t := time.NewTicker(coolEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			e.chats.cool()
		}
	}
}

// Close stops timers and effects and waits for them. Commands that are under
// way go on; the store must be closed after the engine. It may be called twice.
func (e *Engine) Close() {
	e.stop()
	e.done.Wait()
	e.effects.wait()
}

// maxAttempts bounds how often a command is decided anew after conflicts.
const maxAttempts = 16

// Do gives a chat a command and returns when its change is durable. Errors are
// *center.Error, or ctx's when it ended first: the change may then still happen.
//
// A command is decided anew when the chat changed meanwhile, when it has to
// know how a queue stands, and when the queue it leads to turns out to be full.
func (e *Engine) Do(ctx context.Context, chat center.ContactID, cmd contact.Command) (contact.Reply, error) {
	env := e.env()
	for range maxAttempts {
		reply, err := e.try(ctx, chat, cmd, env)
		if err == nil {
			return reply, nil
		}
		again, err := e.again(ctx, chat, env, err)
		if err != nil {
			return contact.Reply{}, err
		}
		env = again
	}
	return contact.Reply{}, center.Errorf(center.Unavailable, "the chat %s is too busy; try again", chat)
}

// again says with what a command that failed is decided once more. The error
// is one that deciding again does not help against.
func (e *Engine) again(ctx context.Context, chat center.ContactID, env *contact.Env, err error) (*contact.Env, error) {
	next := e.env()
	next.Full, next.Lines = env.Full, env.Lines
	if errors.Is(err, store.ErrConflict) {
		return next, nil
	}
	if need, ok := errors.AsType[*contact.Need](err); ok {
		line, err := e.line(ctx, chat, need)
		if err != nil {
			return nil, err
		}
		next.Lines = maps.Clone(env.Lines)
		if next.Lines == nil {
			next.Lines = map[center.QueueID]contact.Line{}
		}
		next.Lines[need.Queue] = line
		return next, nil
	}
	if over, ok := errors.AsType[*store.QuotaError](err); ok {
		if queue, ok := queueOf(over.Counter); ok && !slices.Contains(env.Full, queue) {
			next.Full = append(slices.Clone(env.Full), queue)
			return next, nil
		}
	}
	if _, ok := errors.AsType[*center.Error](err); ok {
		return nil, err
	}
	return nil, e.failed(chat, err)
}

// line looks at a queue for a decision.
func (e *Engine) line(ctx context.Context, chat center.ContactID, need *contact.Need) (contact.Line, error) {
	state, err := e.View(ctx, chat)
	if err != nil {
		return contact.Line{}, err
	}
	line, err := e.Store.Line(ctx, store.LineQuery{
		Instance: state.Instance, Except: chat,
		Place: store.Place{Queue: need.Queue, Priority: need.Priority, Rank: need.Rank, Since: need.Since},
	})
	return contact.Line{Others: line.Others, Oldest: line.Oldest, Ahead: line.Ahead}, err
}

func (e *Engine) try(ctx context.Context, chat center.ContactID, cmd contact.Command, env *contact.Env) (contact.Reply, error) {
	h := e.chats.get(chat)
	defer e.chats.put(h)
	change, last, err := e.decide(ctx, h, cmd, env)
	// Also an answer without a commit of its own may rest on what is not durable
	// yet: a repeated ClientToken, say, or a refusal because the chat has ended.
	// Whoever hears it must be able to rely on it.
	if err := last.wait(ctx); err != nil {
		return contact.Reply{}, err
	}
	if err != nil {
		return contact.Reply{}, err
	}
	if !change.Stored() {
		e.Bus.Publish(change.Pushes)
	}
	return change.Reply, nil
}

// decide decides a command and hands the change to the store. last is the
// commit that the answer rests on. A panic of the rules is an error of this
// chat alone: it holds no lock, and leaves nothing of itself in memory.
func (e *Engine) decide(ctx context.Context, h *hot, cmd contact.Command, env *contact.Env) (change *contact.Change, last *commit, err error) {
	h.mu.Lock()
	defer func() {
		if p := recover(); p != nil {
			h.stale.Store(true) // it may hold half of a change
			err = e.caught(h.id, p)
		}
		h.mu.Unlock()
	}()
	if err := e.load(ctx, h); err != nil {
		return nil, nil, err
	}
	if err := e.Catalog.Prepare(ctx, h.chat.Instance, h.chat.Run, h.chat.Whisper); err != nil {
		return nil, nil, err
	}
	made, err := contact.Decide(h.chat, &h.tail, cmd, env)
	if err != nil {
		return nil, h.last, err
	}
	if !made.Stored() {
		return &made, h.last, nil
	}
	return &made, e.submit(h, &made, h.version, nil), nil
}

// caught makes an error of a panic, which belongs into the log with its stack.
func (e *Engine) caught(chat center.ContactID, p any) error {
	e.Log.Error("panic", "chat", chat, "panic", p, "stack", string(debug.Stack()))
	return center.Errorf(center.Internal, "something went wrong; the log has more under the chat's id")
}

// Start begins a chat and returns when it is durable. token is the request's
// ClientToken: within seven days a second request with it is given the first one's answer.
func (e *Engine) Start(ctx context.Context, cmd contact.Start, token string) (contact.Reply, error) {
	if err := e.Catalog.Prepare(ctx, cmd.Instance); err != nil {
		return contact.Reply{}, err
	}
	h := &hot{id: cmd.Contact}
	change, err := contact.Decide(nil, &h.tail, cmd, e.env())
	if err != nil {
		return contact.Reply{}, err
	}
	var once *store.Once
	if token != "" {
		answer, err := json.Marshal(change.Reply)
		if err != nil {
			return contact.Reply{}, fmt.Errorf("encode reply: %w", err)
		}
		once = &store.Once{Key: "StartChatContact/" + string(cmd.Instance) + "/" + token, Answer: answer, At: change.Chat.Started}
	}
	h.mu.Lock()
	c := e.submit(h, &change, 0, once)
	h.mu.Unlock()
	switch err := c.wait(ctx); {
	case errors.Is(err, store.ErrReplay):
		return e.replay(ctx, once.Key)
	case errors.Is(err, store.ErrQuota):
		return contact.Reply{}, center.Errorf(center.LimitExceeded, "the instance has reached its quota of concurrent active chats")
	case err != nil:
		return contact.Reply{}, e.failed(cmd.Contact, err)
	}
	e.chats.add(h)
	return change.Reply, nil
}

func (e *Engine) replay(ctx context.Context, key string) (contact.Reply, error) {
	var r contact.Reply
	answer, err := e.Store.Replayed(ctx, key)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return r, fmt.Errorf("decode kept reply: %w", err)
	}
	return r, nil
}

// View returns the state of a chat. It is durable, and never changes.
func (e *Engine) View(ctx context.Context, chat center.ContactID) (*contact.Chat, error) {
	for {
		state, last, err := e.look(ctx, chat)
		if err != nil {
			return nil, err
		}
		switch err := last.wait(ctx); {
		case err == nil:
			return state, nil
		case ctx.Err() != nil:
			return nil, err
		}
	}
}

// look returns the state of a chat as last decided, and the commit it rests on.
func (e *Engine) look(ctx context.Context, chat center.ContactID) (*contact.Chat, *commit, error) {
	h := e.chats.get(chat)
	defer e.chats.put(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := e.load(ctx, h); err != nil {
		return nil, nil, err
	}
	return h.chat, h.last, nil
}

// env returns what a decision made now needs to know.
func (e *Engine) env() *contact.Env {
	return &contact.Env{
		Now: e.Clock.Now(), Rand: chance,
		Partition: e.Partition, Limits: e.Limits, Catalog: e.Catalog, ViewToken: e.ViewToken,
	}
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

// load sees to h holding the chat's state. h.mu is held.
func (e *Engine) load(ctx context.Context, h *hot) error {
	if h.chat != nil && !h.stale.Load() {
		return nil
	}
	h.stale.Store(false) // before the load, so that a failure after it counts
	h.chat = nil
	head, err := e.Store.Chat(ctx, h.id)
	if err != nil {
		return err
	}
	state, err := contact.DecodeChat(head.State)
	if err != nil {
		return err
	}
	h.tail = contact.Tail{}
	for from := max(1, head.LastSeq-contact.TailSize+1); from <= head.LastSeq; from = h.tail.Seq + 1 {
		// A page: the tail may be longer. It must not be newer than the state, for
		// an item alone is checked by what it follows.
		items, err := e.Store.Items(ctx, store.ItemQuery{Chat: h.id, From: from, To: head.LastSeq})
		if err != nil {
			return err
		}
		if len(items) == 0 {
			break
		}
		h.tail.Observe(items)
	}
	h.chat, h.version, h.last = state, head.Version, nil
	return nil
}

// submit hands a change to the store and takes it as done for the commands
// that follow. h.mu is held, so changes reach the store in the order in which
// they were decided.
func (e *Engine) submit(h *hot, change *contact.Change, version int64, once *store.Once) *commit {
	sc := &store.Change{
		Chat: h.id, Items: change.Items, After: h.tail.ID, Receipts: change.Receipts, Contacts: change.Contacts, Once: once,
	}
	h.tail.Observe(change.Items)
	if change.Chat != nil {
		due := wholeMillis(change.Chat.Due(&h.tail))
		sc.Version, sc.Next = version, nextVersion(version)
		sc.State = &store.Head{
			Instance: change.Chat.Instance, State: change.Chat.Encode(), Due: due,
			Busy: len(change.Chat.Effects) > 0, Active: !change.Chat.Ended,
		}
		if queue, priority, rank, ok := change.Chat.Rank(); ok {
			sc.State.Place = &store.Place{Queue: queue, Priority: priority, Rank: rank, Since: change.Chat.Queue.Since}
		}
		var before []center.Attachment
		if h.chat != nil {
			before = h.chat.Attachments
		}
		noteUploads(sc, before, change.Chat.Attachments)
		h.chat, h.version = change.Chat, sc.Next
	}
	instance := h.chat.Instance
	if change.Active != 0 {
		limit := int64(-1)
		if change.Active > 0 {
			limit = e.MaxActive(instance)
		}
		sc.Quotas = append(sc.Quotas, store.Quota{Counter: ActiveCounter(instance), Delta: int64(change.Active), Limit: limit})
	}
	for _, m := range change.Queues {
		sc.Quotas = append(sc.Quotas, store.Quota{Counter: QueueCounter(instance, m.Queue), Delta: m.Delta, Limit: m.Limit})
	}
	now := e.Clock.Now()
	for _, s := range change.Streamed {
		sc.Deliveries = append(sc.Deliveries, store.Delivery{
			Stream: s.Stream.ID, Chat: h.id, Instance: instance, Endpoint: s.Stream.Endpoint,
			Body: e.StreamBody(instance, s), Created: now, Due: now,
		})
	}
	c := &commit{done: make(chan struct{})}
	h.last = c
	cur := h.chat.Current()
	e.Store.Submit(sc, func(err error) {
		if err == nil {
			if sc.State != nil {
				e.dueAt(sc.State.Due)
			}
			e.committed(h.id, instance, cur, change)
		} else {
			h.stale.Store(true) // it stays where it is: a second place of the chat would not know what the first decides
		}
		c.err = err
		close(c.done)
	})
	return c
}

// wholeMillis rounds a time up to what the store keeps of it. Rounded down, a
// timer would be looked at, in vain and at the price of a commit, until the
// rest of the millisecond is over.
func wholeMillis(t time.Time) time.Time {
	if whole := t.Truncate(time.Millisecond); whole.Before(t) {
		return whole.Add(time.Millisecond)
	}
	return t
}

// nextVersion returns a version after v that nobody else comes to: it counts
// in the upper half, and the lower half is drawn by lot.
func nextVersion(v int64) int64 { return (v>>32+1)<<32 | int64(chance.Uint32()) }

// ActiveCounter names the counter of an instance's concurrent active chats.
func ActiveCounter(i center.InstanceID) string { return "active-chats/" + string(i) }

// QueueCounter names the counter of the contacts that wait in a queue.
func QueueCounter(i center.InstanceID, q center.QueueID) string {
	return queueCounters + string(i) + "/" + string(q)
}

const queueCounters = "queued/"

// queueOf returns the queue that a counter counts.
func queueOf(counter string) (center.QueueID, bool) {
	rest, ok := strings.CutPrefix(counter, queueCounters)
	_, queue, found := strings.Cut(rest, "/")
	return center.QueueID(queue), ok && found
}

// committed tells a durable change. It runs in the order of the commits.
func (e *Engine) committed(chat center.ContactID, instance center.InstanceID, cur *center.Contact, change *contact.Change) {
	if len(change.Pushes) > 0 {
		e.Bus.Publish(change.Pushes)
	}
	for _, f := range change.Effects {
		e.effects.add(chat, f)
	}
	if len(change.Streamed) > 0 && e.Streamed != nil {
		e.Streamed()
	}
	if len(change.Log) > 0 && e.FlowLog != nil {
		e.FlowLog(instance, cur, change.Log)
	}
}

// commit is one change on its way to the disk.
type commit struct {
	done chan struct{}
	err  error // valid when done is closed
}

// wait returns when the change is durable or refused. A nil commit is durable.
func (c *commit) wait(ctx context.Context) error {
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
