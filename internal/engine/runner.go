package engine

import (
	"context"
	"errors"
	"fmt"

	"parley.example/parley/internal/store"
)

// errStale is the conflict of what was decided, or read, on a state that is
// not what the store has, or that rested on a change which was refused.
var errStale = fmt.Errorf("decided on what does not count any more: %w", store.ErrConflict)

// runner runs the aggregates of one type: it keeps those in use in memory,
// gives each its commands one after another, hands what they lead to to the
// store, and answers when that is durable. It knows nothing of what an
// aggregate is: chats are one type.
//
// A command may build on the result of the one before while that is on its way
// to the disk (pipelining). If that fails, so does what was built on it, since
// each change names the version it was decided on; both are decided again.
type runner[K ~string, S any] struct {
	entries cache[K, S]
	// load reads the state and the version of an aggregate from the store.
	load func(ctx context.Context, id K) (S, int64, error)
	// recovered turns a panic of the rules into the error of the command.
	recovered func(id K, panicked any) error
	// unchanged reports whether the store still has what the entry was decided
	// on at a version; nil when nobody else changes the store. The entry is not locked.
	unchanged func(ctx context.Context, seen seen[K, S]) (bool, error)
}

// seen is what a command, or a reader, was given of an aggregate.
type seen[K ~string, S any] struct {
	entry   *entry[K, S]
	state   S
	version int64
	fresh   bool // it was loaded just now
}

// write hands a change to the store, which calls done with what became of it.
type write func(done func(error))

// run gives an aggregate a command. decide is called with the entry locked and
// loaded. It leaves what it decided in the entry, state and version, and returns
// how to write it, nil when there is nothing to write.
//
// run returns when all that the outcome rests on is durable: also a refusal, or
// the answer to a repeated request, may rest on a change that is not yet. What
// writes nothing, and so is not compared by the store, is checked against it here
// when other nodes may have changed the aggregate: there may be something to do,
// or to refuse, after all. A store.ErrConflict asks for another run.
func (r *runner[K, S]) run(ctx context.Context, id K, decide func(*entry[K, S]) (write, error)) error {
	e := r.entries.get(id)
	own, last, was, err := r.decide(ctx, e, decide)
	if own != nil {
		defer r.release(e, own)
		return own.wait(ctx)
	}
	defer r.entries.put(e)
	if err := last.rest(ctx); err != nil {
		return err
	}
	if was.entry != nil {
		if err := r.check(ctx, was); err != nil {
			return err
		}
	}
	return err
}

// release puts an entry back when a change of it is durable or refused, whether
// or not somebody still waits for that: an entry that was loaded anew before
// would not come to know of the change.
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

// decide runs a command on a locked entry. own is the commit of what it leads
// to; without one, last is that which the outcome rests on. was is what it was
// decided on, empty when nothing was decided. A panic of the rules is an error of
// this aggregate alone: it holds no lock, and leaves nothing of itself in memory.
func (r *runner[K, S]) decide(ctx context.Context, e *entry[K, S], decide func(*entry[K, S]) (write, error)) (own, last *commit, was seen[K, S], err error) {
	e.mu.Lock()
	defer func() {
		if p := recover(); p != nil {
			e.reload.Store(true) // it may hold half of a change
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

// ensure sees to the entry holding the aggregate's state, and reports whether
// it was loaded just now. e.mu is held.
func (r *runner[K, S]) ensure(ctx context.Context, e *entry[K, S]) (fresh bool, err error) {
	if e.loaded && !e.reload.Load() {
		return false, nil
	}
	e.reload.Store(false) // before the load, so that a failure after it counts
	e.loaded = false
	if e.state, e.version, err = r.load(ctx, e.id); err != nil {
		return false, err
	}
	e.loaded, e.last = true, nil
	return true, nil
}

// submit hands a change over, and takes it as done for the commands that
// follow. e.mu is held, so changes reach the store in the order in which they
// were decided.
func (r *runner[K, S]) submit(e *entry[K, S], w write) *commit {
	c := &commit{done: make(chan struct{})}
	e.last = c
	w(func(err error) {
		if err != nil {
			e.reload.Store(true) // it keeps its entry: a second one would not know what the first decides
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
		if !errors.Is(err, store.ErrConflict) || ctx.Err() != nil {
			return was.state, was.version, err
		}
	}
}

// look returns the state of an aggregate when that is durable.
func (r *runner[K, S]) look(ctx context.Context, id K) (seen[K, S], error) {
	e := r.entries.peek(id)
	if e == nil { // no capacity: it is not worth another's entry
		state, version, err := r.load(ctx, id)
		return seen[K, S]{state: state, version: version, fresh: true}, err
	}
	defer r.entries.put(e)
	_, last, was, err := r.decide(ctx, e, func(*entry[K, S]) (write, error) { return nil, nil })
	if err != nil {
		return was, err
	}
	return was, last.rest(ctx)
}

// check returns errStale when what was seen is not what the store has. When
// memory still has it, another node changed the aggregate, which is loaded anew;
// otherwise this node did.
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
	return errStale
}

// commit is one change on its way to the disk.
type commit struct {
	done chan struct{}
	err  error // valid when done is closed
}

// rest is wait for those whose outcome rests on somebody else's change: that it
// was refused concerns them only in so far as they have to decide again.
func (c *commit) rest(ctx context.Context) error {
	err := c.wait(ctx)
	if err != nil && ctx.Err() == nil {
		return errStale
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
