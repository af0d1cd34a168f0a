package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow/machine"
)

// How many effects run concurrently: in all, for one function or bot, for one
// chat. More are queued; each is part of its chat's state, so their number is
// bounded by the chats'. A function that does not answer takes at most half of the
// slots, and a customer who keeps writing takes eight.
const (
	maxEffects   = 512
	maxPerTarget = 256
	maxPerChat   = 8
	maxChatScans = 2  // so that files over which the scanner takes long hold up their own chat, and few others
	maxScans     = 32 // of files, at a time: each reads its file as fast as the scanner takes it
)

// effectGrace is what an effect may take beyond its own time limit before it is aborted.
const effectGrace = time.Second

// effects runs effects and reports their outcomes as commands.
type effects struct {
	ctx    context.Context
	engine *Engine

	mu      sync.Mutex       // guards what follows
	chats   map[string]*gate // first an effect passes its chat's,
	targets map[string]*gate // then that of the function or bot
	queue   []job            // those that have passed both
	known   map[string]bool  // ids of queued and running effects
	running int
	stopped bool
	done    sync.WaitGroup
}

type job struct {
	chat   center.ContactID
	effect contact.Effect
}

// target names the function or bot that the effect calls, "" for neither.
func (j *job) target() string {
	switch {
	case j.effect.Invoke != nil:
		return "function " + j.effect.Invoke.Function
	case j.effect.Scan != nil:
		return scanner
	case j.effect.Ask != nil:
		return "bot " + string(j.effect.Ask.Agent) + j.effect.Ask.Alias + j.effect.Ask.Name
	}
	return ""
}

// scanner is the target of effects that scan files.
const scanner = "scanner"

// source names the chat whose gate the effect passes. Its files have one of their own: a
// scanner that is slow delays no function.
func (j *job) source() string {
	if j.effect.Scan != nil {
		return scanner + " " + string(j.chat)
	}
	return string(j.chat)
}

// gate lets a number of jobs through; others wait in front of it, in order.
type gate struct {
	inside  int
	waiting []job
}

// enter reports whether j has passed the gate of key. If not it waits there.
func enter(gates map[string]*gate, key string, most int, j job) bool {
	g := gates[key]
	if g == nil {
		g = &gate{}
		gates[key] = g
	}
	if g.inside == most {
		g.waiting = append(g.waiting, j)
		return false
	}
	g.inside++
	return true
}

// leave frees a slot behind the gate of key, and returns the job that gets it.
func leave(gates map[string]*gate, key string) (next job, ok bool) {
	g := gates[key]
	if len(g.waiting) > 0 {
		next, g.waiting = g.waiting[0], g.waiting[1:]
		return next, true
	}
	if g.inside--; g.inside == 0 {
		delete(gates, key)
	}
	return job{}, false
}

func (x *effects) start(ctx context.Context, e *Engine) {
	x.ctx, x.engine = ctx, e
	x.chats, x.targets, x.known = map[string]*gate{}, map[string]*gate{}, map[string]bool{}
}

// committed starts the effects of a commit: it is an [ObserverFunc].
func (x *effects) committed(c *Commit) {
	for _, f := range c.Change.Effects {
		x.add(c.Chat, f)
	}
}

// add starts an effect, or queues it when too many run; one that is known already
// is ignored. It does not block.
func (x *effects) add(chat center.ContactID, f contact.Effect) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stopped || x.ctx.Err() != nil {
		return // the next start of the process finds it under way
	}
	if x.known[f.ID] {
		return
	}
	x.known[f.ID] = true
	j, most := job{chat, f}, maxPerChat
	if f.Scan != nil {
		most = maxChatScans
	}
	if enter(x.chats, j.source(), most, j) {
		x.admit(j)
	}
}

// admit handles an effect that has passed its chat's gate. x.mu is held.
func (x *effects) admit(j job) {
	to, most := j.target(), maxPerTarget
	if to == scanner {
		most = maxScans
	}
	if to == "" || enter(x.targets, to, most, j) {
		x.push(j)
	}
}

// push queues an effect that has passed both gates. x.mu is held.
func (x *effects) push(j job) {
	x.queue = append(x.queue, j)
	if x.running < maxEffects {
		x.running++
		x.done.Go(x.work)
	}
}

// work runs queued effects until there are none.
func (x *effects) work() {
	for {
		x.mu.Lock()
		if len(x.queue) == 0 || x.ctx.Err() != nil {
			x.running--
			x.mu.Unlock()
			return
		}
		j := x.queue[0]
		x.queue = x.queue[1:]
		x.mu.Unlock()
		x.run(j)
		x.mu.Lock()
		delete(x.known, j.effect.ID)
		if to := j.target(); to != "" {
			if next, ok := leave(x.targets, to); ok {
				x.push(next)
			}
		}
		if next, ok := leave(x.chats, j.source()); ok {
			x.admit(next)
		}
		x.mu.Unlock()
	}
}

// run performs an effect and reports its outcome, unless it is not wanted any more.
func (x *effects) run(j job) {
	e := x.engine
	if !e.wanted(x.ctx, &j) {
		return
	}
	limit := j.effect.Limit()
	if limit <= 0 {
		limit = 8 * time.Second
	}
	ctx, cancel := context.WithTimeout(x.ctx, limit+effectGrace)
	answer, err := e.perform(ctx, j.chat, &j.effect)
	cancel()
	if x.ctx.Err() != nil {
		return // stopped, not failed: the effect is started again with the process
	}
	done := contact.EffectDone{ID: j.effect.ID, Answer: answer}
	if err != nil {
		done.Answer, done.Err = nil, err.Error()
	}
	if err := x.report(j.chat, done); err != nil && x.ctx.Err() == nil {
		e.Log.Error("the outcome of an effect was lost; the flow waits until its time limit", "chat", j.chat, "effect", j.effect.ID, "err", err)
	}
}

// idle reports whether no effect is queued or running.
func (x *effects) idle() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.known) == 0
}

// wanted reports whether an effect is still pending, and this node's to run: while
// it was queued the chat may have moved on.
func (e *Engine) wanted(ctx context.Context, j *job) bool {
	state, err := e.State(ctx, j.chat)
	if err != nil {
		return ctx.Err() == nil // reporting the outcome will fail
	}
	return slices.ContainsFunc(state.Effects, func(f contact.Effect) bool { return f.ID == j.effect.ID && f.Worker == e.Node })
}

// outcomeAttempts is how often an outcome is reported to a chat that is too busy,
// or whose store fails, with growing pauses of up to a second: more than ten
// seconds in all.
const outcomeAttempts = 16

// temporary reports whether a command may succeed when it is tried again: the
// chat was too busy, or the store failed. A panic happens again.
func temporary(err error) bool {
	e, ok := errors.AsType[*center.Error](err)
	return ok && (e.Reason == center.Unavailable || e.Reason == center.Internal && e.Err != nil)
}

// report reports an outcome to its chat.
func (x *effects) report(chat center.ContactID, done contact.EffectDone) error {
	pause := 10 * time.Millisecond
	for n := 1; ; n++ {
		_, err := x.engine.Do(x.ctx, chat, done)
		if err == nil || n == outcomeAttempts || !temporary(err) {
			return err
		}
		t := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-t.C:
		case <-x.ctx.Done():
			t.Stop()
			return err
		}
		pause = min(2*pause, time.Second)
	}
}

// perform performs an effect. A panic is an outcome like other failures.
func (e *Engine) perform(ctx context.Context, chat center.ContactID, f *contact.Effect) (answer json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, e.recovered(chat, p)
		}
	}()
	switch {
	case f.Invoke != nil:
		return e.Integrations.Invoke(ctx, *f.Invoke, f.Event)
	case f.Ask != nil:
		a, err := e.Integrations.Ask(ctx, *f.Ask)
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	case f.Scan != nil:
		return scan(ctx, e.Scanner, chat, f.Scan)
	case f.Update != nil:
		return nil, e.update(ctx, chat, f.Update)
	case f.Continue != nil:
		return e.continued(ctx, chat, f.Continue)
	}
	return nil, fmt.Errorf("unknown effect %q", f.Kind)
}

// update changes the contact to which a chat is related. It is idempotent.
func (e *Engine) update(ctx context.Context, chat center.ContactID, u *machine.Update) error {
	related, err := e.sibling(ctx, chat, u.Contact)
	if err != nil {
		return err
	}
	if u.Attributes != nil {
		if _, err := e.Do(ctx, related.ID, contact.SetAttributes{Attributes: u.Attributes, Flow: true}); err != nil {
			return err
		}
	}
	d := contact.Describe{Contact: u.Contact, Name: u.Name, Description: u.Description, References: u.References, SegmentAttrs: u.SegmentAttrs}
	if d.Name == nil && d.Description == nil && d.References == nil && d.SegmentAttrs == nil {
		return nil
	}
	_, err = e.Do(ctx, related.ID, d)
	return err
}

// continued finds what a chat continues.
func (e *Engine) continued(ctx context.Context, chat center.ContactID, c *machine.Continue) (json.RawMessage, error) {
	source, err := e.sibling(ctx, chat, c.Source)
	if err != nil {
		return nil, err
	}
	continued, err := source.Continue(c.Source, c.Entire)
	if err != nil {
		return nil, err
	}
	return json.Marshal(continued)
}

// sibling returns the chat of another contact of the same instance.
func (e *Engine) sibling(ctx context.Context, chat, other center.ContactID) (*contact.Chat, error) {
	state, err := e.State(ctx, chat)
	if err != nil {
		return nil, err
	}
	id, err := e.Store.ChatOf(ctx, other)
	if err != nil {
		return nil, err
	}
	sibling, err := e.State(ctx, id)
	if err == nil && sibling.Instance != state.Instance {
		err = center.Errorf(center.NotFound, "contact %q does not exist", other)
	}
	return sibling, err
}

// wait returns when no effect runs any more. The context given to start has ended.
func (x *effects) wait() {
	x.mu.Lock()
	x.stopped = true // concurrent calls of add have started their effects; later ones do nothing
	x.mu.Unlock()
	x.done.Wait()
}
