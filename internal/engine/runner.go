package engine

import (
	"context"
	"errors"
	"fmt"

	"parley.example/parley/internal/store"
)

// errOutdated is the conflict of a decision, or a read, on a state that differs
// from the store's, or that depended on a change which was refused.
var errOutdated = fmt.Errorf("decided on an outdated state: %w", store.ErrConflict)

// runner runs the aggregates of one type: it keeps those in use in memory,
// gives each its commands one after another, submits their changes to the store,
// and answers when those are durable. It is independent of what an aggregate is:
// chats are one type.
//
// A command may build on the result of the one before while that is still being
// written (pipelining). If that fails, so does what was built on it, since each
// change names the version it was decided on; both are decided again.
type runner[K ~string, S any] struct {
	entries cache[K, S]
	// load reads the state and the version of an aggregate from the store. was, when it is not nil, is a state that the store
	// had before, which load may use up.
	load func(ctx context.Context, id K, was *S) (S, int64, error)
	// recovered turns a panic of the rules into the error of the command.
	recovered func(id K, panicked any) error
	// unchanged reports whether the store still has the version that was read; nil
	// if no other node changes the store. The entry is not locked.
	unchanged func(ctx context.Context, seen seen[K, S]) (bool, error)
	// asks reports whether an error is no outcome, but asks for something that the command has to be run again with.
	asks func(error) bool
}

// seen is the state of an aggregate as a command, or a reader, got it.
type seen[K ~string, S any] struct {
	entry   *entry[K, S]
	state   S
	version int64
	fresh   bool // it was loaded just now
}

// write submits a change to the store, which calls done with the result.
type write func(done func(error))

// run gives an aggregate a command. decide is called with the entry locked and
// loaded. It puts its result into the entry, state and version, and returns how to
// write it, nil when there is nothing to write.
//
// run returns when everything that the outcome depends on is durable: a refusal,
// or the answer to a repeated request, may depend on a pending change. An outcome
// that writes nothing, and so is not compared by the store, is checked against it
// here when other nodes may have changed the aggregate: there may be something to
// do, or to refuse, after all. A store.ErrConflict means that the caller should
// run the command again.
func (r *runner[K, S]) run(ctx context.Context, id K, decide func(*entry[K, S]) (write, error)) error {
	e := r.entries.get(id)
	own, last, was, err := r.decide(ctx, e, decide)
	if own != nil {
		defer r.release(e, own)
		return own.wait(ctx)
	}
	defer r.entries.put(e)
	if err := last.settled(ctx); err != nil {
		return err
	}
	if was.entry != nil && !r.asks(err) {
		if err := r.check(ctx, was); err != nil {
			return err
		}
	}
	return err
}

// release releases an entry when a change of it is durable or refused, whether or
// not anybody still waits for that: an entry that was loaded again before would
// not be notified of the result.
func (r *runner[K, S]) release(e *entry[K, S], own *commit) {
	select {
	case <-own.done:
		r.entries.put(e)
	default:
		go func() {
			<-own.done
			r.entries.put(e)
		}()
	}
}

// decide runs a command on a locked entry. own is the commit of its change;
// without one, last is the commit that the outcome depends on. was is the state it
// was decided on, empty when nothing was decided. A panic of the rules is an error
// of this aggregate alone: the lock is released, and the entry is reloaded.
func (r *runner[K, S]) decide(ctx context.Context, e *entry[K, S], decide func(*entry[K, S]) (write, error)) (own, last *commit, was seen[K, S], err error) {
	e.mu.Lock()
	defer func() {
		if p := recover(); p != nil {
			e.loaded = false // it may hold half of a change
			own, last, was, err = nil, nil, seen[K, S]{}, r.recovered(e.id, p)
		}
		e.mu.Unlock()
	}()
	fresh, err := r.ensure(ctx, e)
	if err != nil {
		return nil, nil, was, err
	}
	was = seen[K, S]{e, e.state, e.version, fresh}
	w, err := decide(e)
	if err != nil || w == nil {
		return nil, e.last, was, err
	}
	return r.submit(e, w), nil, was, nil
}

// ensure loads the aggregate's state into the entry if necessary, and reports
// whether it did. e.mu is held.
func (r *runner[K, S]) ensure(ctx context.Context, e *entry[K, S]) (fresh bool, err error) {
	if e.loaded && !e.reload.Load() {
		return false, nil
	}
	e.reload.Store(false) // before the load, so that a failure after it counts
	var was *S
	if e.loaded && e.last.succeeded() {
		was = &e.state
	}
	e.loaded = false
	if e.state, e.version, err = r.load(ctx, e.id, was); err != nil {
		return false, err
	}
	e.loaded, e.last = true, nil
	return true, nil
}

// submit submits a change. e.mu is held, so changes reach the store in the order
// in which they were decided.
func (r *runner[K, S]) submit(e *entry[K, S], w write) *commit {
	c := &commit{done: make(chan struct{})}
	e.last = c
	w(func(err error) {
		if err != nil {
			e.reload.Store(true) // it keeps its entry: with a second one, decisions would not be serialized
		}
		c.err = err
		close(c.done)
	})
	return c
}

// create submits the first change of an aggregate, in an entry that nobody else
// has, and keeps the entry when it succeeds.
func (r *runner[K, S]) create(ctx context.Context, e *entry[K, S], w write) error {
	e.mu.Lock()
	c := r.submit(e, w)
	e.mu.Unlock()
	if err := c.wait(ctx); err != nil {
		return err
	}
	r.entries.add(e)
	return nil
}

// read returns the state of an aggregate and its version. It is durable, and
// what the store has at some moment of the call. Reading evicts nothing.
func (r *runner[K, S]) read(ctx context.Context, id K) (state S, version int64, err error) {
	for {
		was, err := r.look(ctx, id)
		if err == nil {
			err = r.check(ctx, was)
		}
		if errors.Is(err, store.ErrConflict) {
			if err = ctx.Err(); err == nil {
				continue
			}
		}
		return was.state, was.version, err
	}
}

// glance returns the state of an aggregate as it was decided last, durable or not.
func (r *runner[K, S]) glance(ctx context.Context, id K) (S, error) {
	e := r.entries.peek(id)
	if e == nil { // as in look
		state, _, err := r.load(ctx, id, nil)
		return state, err
	}
	defer r.entries.put(e)
	_, _, was, err := r.decide(ctx, e, func(*entry[K, S]) (write, error) { return nil, nil })
	return was.state, err
}

// look returns the state of an aggregate when that is durable.
func (r *runner[K, S]) look(ctx context.Context, id K) (seen[K, S], error) {
	e := r.entries.peek(id)
	if e == nil { // no capacity: a read does not evict others
		state, version, err := r.load(ctx, id, nil)
		return seen[K, S]{state: state, version: version, fresh: true}, err
	}
	defer r.entries.put(e)
	_, last, was, err := r.decide(ctx, e, func(*entry[K, S]) (write, error) { return nil, nil })
	if err != nil {
		return was, err
	}
	return was, last.settled(ctx)
}

// check returns errOutdated when the store has another version than was read. If
// memory still has that version, another node changed the aggregate, which is then
// reloaded; otherwise this node did.
func (r *runner[K, S]) check(ctx context.Context, was seen[K, S]) error {
	if was.fresh || r.unchanged == nil {
		return nil
	}
	same, err := r.unchanged(ctx, was)
	if err != nil || same {
		return err
	}
	was.entry.mu.Lock()
	defer was.entry.mu.Unlock()
	if was.entry.version == was.version {
		was.entry.reload.Store(true)
	}
	return errOutdated
}

// commit is one change on its way to the disk.
type commit struct {
	done chan struct{}
	err  error // valid when done is closed
}

// succeeded reports whether the change is durable by now. A nil commit is.
func (c *commit) succeeded() bool {
	if c == nil {
		return true
	}
	select {
	case <-c.done:
		return c.err == nil
	default:
		return false
	}
}

// settled is wait for those whose outcome depends on another command's change: if
// that was refused, they have to decide again.
func (c *commit) settled(ctx context.Context) error {
	err := c.wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errOutdated
	}
	return err
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
