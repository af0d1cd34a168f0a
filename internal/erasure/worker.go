// Package erasure deletes what is not to be kept any more: parts of chats whose time
// is over, what an operator asks to be erased, and what belonged to deleted
// instances. It keeps receipts of the latter two.
//
// # What is promised
//
// A chat that is erased does not exist any more, in memory and in the store, from the commit on
// that takes it away. What it leaves is deleted by [Worker.Run] in small steps,
// with pauses in proportion to them, so that commits are not held up: rows, files, lines
// of flow logs. At last the database's log is emptied. Only then an erasure is finished:
// nothing of it is in any file, but for flow logs of other nodes, whose [Follower] takes it out of them when it is told, within a minute, or
// when it starts. Every step is durable, so that a process that is killed
// goes on where it was when it starts again, and may be repeated.
//
// What is due is decided by rules without I/O: [contact.Chat.Expired].
//
// It is asked by [API], one of Parley's own ([edge.Own]), which [Service] implements and [Client] calls.
//
// Start reading at [Worker.Run] and [Worker.Ask].
package erasure

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flowlog"
	"parley.example/parley/internal/store"
)

// Worker erases. All members are needed but Retain.
type Worker struct {
	Store   store.Store
	Engine  *engine.Engine
	Catalog *catalog.Catalog
	Clock   *engine.Clock
	Files   engine.Files
	FlowLog *flowlog.Log     // whose Run goes on for as long as this one's
	Retain  center.Retention // of instances that say nothing
	Log     *slog.Logger
	// Told, when set, is called when somebody has asked for an erasure, which another node's Run may have to see to. It must be quick.
	Told func()
	// Left, when set, is called with what was taken out of the flow logs, for other nodes to do the same. It must be quick.
	Left func(Left)

	once   sync.Once
	wake   chan struct{}
	erased atomic.Uint64

	// Run's own.
	taken    int // chats since remains were last cleared
	aside    map[center.ContactID]bool
	scrubbed time.Time     // when the database was last scrubbed, by the process's own clock
	took     time.Duration // how long that took, without pauses
	later    time.Duration // until it is time again, when something is left; else 0 or less
}

// Bounds of a step.
const (
	takeBatch  = 32   // chats that are taken at once
	rowBatch   = 100  // rows that are deleted in one commit
	clearBatch = 5000 // chats whose lines are taken out of the flow logs in one pass
	rest       = 3    // how many times as long as a step takes the worker pauses after it
	retryEvery = time.Minute
	maxAside   = 1000
)

func (w *Worker) init() {
	w.once.Do(func() { w.wake = make(chan struct{}, 1) })
}

// Wake makes the worker look for work now. It never blocks.
func (w *Worker) Wake() {
	w.init()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Erased returns how many chats were erased, as a whole or in part, since the start.
func (w *Worker) Erased() uint64 { return w.erased.Load() }

// Run works until ctx ends: at once when the clock is moved or somebody asks for an
// erasure, else once a minute.
func (w *Worker) Run(ctx context.Context) {
	w.init()
	w.aside = map[center.ContactID]bool{}
	for ctx.Err() == nil {
		d, moved := w.Clock.Wait(time.Time{}) // before the look, so that no move of the clock is missed
		began := time.Now()                   // of a duration for the pause; no moment is kept
		more, err := w.step(ctx)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				w.Log.Error("erasing failed; it will be retried", "err", err)
			}
			d = retryEvery
		case more:
			d, moved = max(rest*time.Since(began), time.Millisecond), nil
		default:
			clear(w.aside)
			if w.later > 0 {
				d = min(d, w.later)
			}
		}
		w.pause(ctx, d, moved, more)
	}
}

func (w *Worker) pause(ctx context.Context, d time.Duration, moved <-chan struct{}, more bool) {
	wake := w.wake
	if more {
		wake = nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-moved:
	case <-wake:
	case <-ctx.Done():
	}
}

// step does one step of each kind of work that there is, and reports whether there is more.
func (w *Worker) step(ctx context.Context) (more bool, err error) {
	for _, work := range []func(context.Context) (bool, error){w.takeListed, w.takeExpired, w.eraseRows} {
		busy, err := work(ctx)
		if err != nil {
			return false, err
		}
		more = more || busy
	}
	if more && w.taken < clearBatch {
		return true, nil
	}
	w.taken = 0
	busy, failed := w.clear(ctx)
	if more || busy {
		return true, failed
	}
	// What cannot be cleared does not keep other erasures from being finished.
	w.later = 0
	if err := errors.Join(failed, w.finish(ctx)); err != nil {
		return false, err
	}
	return w.Store.Shrink(ctx)
}

func (w *Worker) eraseRows(ctx context.Context) (more bool, err error) {
	return w.Store.EraseRows(ctx, rowBatch)
}

// each does something to chats, some at the same time, and sets those aside for which
// it fails, so that they do not hold up others. It returns how many it was done to.
func (w *Worker) each(ctx context.Context, n int, chat func(i int) center.ContactID, do func(i int) (done bool, err error)) (done int) {
	var mu sync.Mutex // guards done and aside
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ok, err := do(i)
			if err != nil && ctx.Err() == nil {
				w.Log.Error("a chat could not be erased; it will be retried", "chat", chat(i), "err", err)
			}
			mu.Lock()
			defer mu.Unlock()
			if ok && err == nil {
				done++
			} else if len(w.aside) < maxAside {
				w.aside[chat(i)] = true
			}
		})
	}
	wg.Wait()
	w.taken += done
	w.erased.Add(uint64(done))
	return done
}

// takeListed takes the chats of erasures that were asked for.
func (w *Worker) takeListed(ctx context.Context) (more bool, err error) {
	listed, err := w.Store.Listed(ctx, takeBatch+len(w.aside))
	if err != nil {
		return false, err
	}
	full := len(listed) >= takeBatch
	listed = w.without(listed)
	var gone []store.Doomed
	var mu sync.Mutex // guards gone
	done := w.each(ctx, len(listed), func(i int) center.ContactID { return listed[i].Chat }, func(i int) (bool, error) {
		err := w.take(ctx, listed[i])
		if center.ReasonOf(err) == center.NotFound {
			mu.Lock()
			defer mu.Unlock()
			gone = append(gone, listed[i])
			return true, nil
		}
		return err == nil, err
	})
	if len(gone) > 0 {
		if err := w.Store.Unlist(ctx, gone); err != nil {
			return false, err
		}
	}
	return full && done > 0, nil
}

func (w *Worker) without(listed []store.Doomed) (left []store.Doomed) {
	for _, d := range listed {
		if !w.aside[d.Chat] && len(left) < takeBatch {
			left = append(left, d)
		}
	}
	return left
}

// take takes a chat away for an erasure. One that is active is ended; when it cannot be any
// more, since its instance is gone, it is taken as it is.
func (w *Worker) take(ctx context.Context, d store.Doomed) error {
	err := engine.Erase(ctx, w.Engine, d.Chat, d.Erasure, false)
	if center.ReasonOf(err) != center.NotEnded {
		return err
	}
	_, err = w.Engine.Do(ctx, d.Chat, contact.Stop{})
	return engine.Erase(ctx, w.Engine, d.Chat, d.Erasure, center.ReasonOf(err) == center.NotFound)
}

// takeExpired takes chats, or the parts of them, that have been kept long enough.
func (w *Worker) takeExpired(ctx context.Context) (more bool, err error) {
	now := w.Clock.Now()
	instances, err := w.Catalog.Instances(ctx)
	if err != nil {
		return false, err
	}
	limit := takeBatch + len(w.aside)
	keep := map[center.InstanceID]center.Retention{}
	var due []center.ContactID
	for _, i := range instances {
		own, err := center.ParseRetention(i.Tags[center.RetentionKey])
		if err != nil { // set before it was checked
			w.Log.Warn("the tag of an instance that says how long chats are kept cannot be read; they are kept", "instance", i.ID, "err", err)
			continue
		}
		keep[i.ID] = own.Over(w.Retain)
		for part, long := range keep[i.ID] {
			if long == center.Forever {
				continue
			}
			chats, err := w.Store.Expired(ctx, i.ID, part, now.Add(-long), limit)
			if err != nil {
				return false, err
			}
			due = append(due, chats...)
		}
	}
	chats, err := w.Store.Expiring(ctx, now, limit)
	if err != nil {
		return false, err
	}
	due = w.some(append(due, chats...))
	done := w.each(ctx, len(due), func(i int) center.ContactID { return due[i] }, func(i int) (bool, error) {
		return w.expire(ctx, due[i], keep, now)
	})
	return done > 0, nil
}

// some returns a batch of different chats, without those that are set aside.
func (w *Worker) some(chats []center.ContactID) (batch []center.ContactID) {
	seen := map[center.ContactID]bool{}
	for _, id := range chats {
		if !seen[id] && !w.aside[id] && len(batch) < takeBatch {
			batch = append(batch, id)
		}
		seen[id] = true
	}
	return batch
}

// expire erases what is due of a chat, and reports whether anything was.
func (w *Worker) expire(ctx context.Context, id center.ContactID, keep map[center.InstanceID]center.Retention, now time.Time) (bool, error) {
	chat, err := w.Engine.State(ctx, id)
	if err == nil {
		switch parts := chat.Expired(keep[chat.Instance], now); {
		case parts == 0:
			return false, nil
		case parts == center.AllParts:
			err = engine.Erase(ctx, w.Engine, id, "", false)
		default:
			_, err = w.Engine.Do(ctx, id, contact.Forget{Parts: parts})
		}
	}
	if center.ReasonOf(err) == center.NotFound {
		return false, nil // it is gone meanwhile
	}
	return true, err
}

// clear deletes what chats have left outside of the store, and reports whether there may be more.
func (w *Worker) clear(ctx context.Context) (more bool, err error) {
	remains, err := w.Store.Remains(ctx, clearBatch)
	if err != nil || len(remains) == 0 {
		return false, err
	}
	lines := map[center.InstanceID]map[center.ContactID]int64{}
	for _, r := range remains {
		if r.Parts&center.PartTranscript == 0 {
			continue
		}
		if lines[r.Instance] == nil {
			lines[r.Instance] = map[center.ContactID]int64{}
		}
		for _, id := range r.Contacts {
			lines[r.Instance][id] = 0
		}
	}
	failed := map[center.InstanceID]bool{}
	var failures []error
	for instance, contacts := range lines {
		if err := w.FlowLog.Erase(ctx, instance, contacts); err != nil {
			failed[instance] = true
			failures = append(failures, err)
		}
		w.tellLeft(Left{instance, slices.Collect(maps.Keys(contacts))})
	}
	var cleared []store.Remains
	for _, r := range remains {
		err := w.deleteFiles(ctx, &r)
		if err != nil {
			failures = append(failures, err)
		}
		if err != nil || failed[r.Instance] {
			continue
		}
		for _, id := range r.Contacts {
			r.Lines += lines[r.Instance][id]
		}
		cleared = append(cleared, r)
	}
	if err := w.Store.Cleared(ctx, cleared); err != nil {
		return false, err
	}
	// What failed stays, and the rest is not held up unless it is a whole batch.
	return len(remains) == clearBatch && len(cleared) > 0, errors.Join(failures...)
}

func (w *Worker) tellLeft(l Left) {
	if w.Left != nil && (len(l.Contacts) > 0 || l.Contacts == nil) {
		w.Left(l)
	}
}

func (w *Worker) deleteFiles(ctx context.Context, r *store.Remains) error {
	for _, file := range r.Files {
		if err := w.Files.Delete(ctx, r.Chat, file); err != nil {
			return err
		}
	}
	return nil
}

// The whole database is read for what retention has left only so often that it takes
// one part in scrubShare of the time. What was asked for does not wait.
const scrubShare = 20

// finish finishes the erasures that are ready, and what retention has begun: it has what
// was deleted overwritten wherever it still is, and empties the log of the database.
func (w *Worker) finish(ctx context.Context) error {
	ready, err := w.Store.Ready(ctx)
	if err != nil {
		return err
	}
	if len(ready) == 0 {
		traces, err := w.Store.Traces(ctx)
		if err != nil || !traces {
			return err
		}
		if w.later = scrubShare*w.took - time.Since(w.scrubbed); w.later > 0 {
			return nil
		}
	}
	if err := w.dropLogs(ctx, ready); err != nil {
		return err
	}
	// What others take from here on has remains, and waits for the next time.
	if err := w.scrub(ctx); err != nil {
		return err
	}
	w.scrubbed = time.Now()
	if err := w.Store.Spotless(ctx); err != nil || len(ready) == 0 {
		return err
	}
	if err := w.Store.DropCopies(ctx); err != nil {
		return err
	}
	n, err := w.Store.FinishErasures(ctx, w.Clock.Now())
	if n > 0 {
		w.Log.Info("erasures are finished: nothing of what they took is left", "erasures", n)
	}
	return err
}

// Attempts to empty the log of the database.
const (
	emptyTries = 100
	emptyPause = 100 * time.Millisecond
)

// scrub goes through the whole database, and then empties its log.
func (w *Worker) scrub(ctx context.Context) error {
	w.took = 0
	for section := int64(0); ; {
		began := time.Now() // of a duration
		var err error
		if section, err = w.Store.Scrub(ctx, section); err != nil {
			return err
		}
		took := time.Since(began)
		w.took += took
		if section == 0 {
			break
		}
		w.pause(ctx, rest*took, nil, true)
	}
	var err error
	for range emptyTries {
		if err = w.Store.EmptyLog(ctx); !errors.Is(err, store.ErrBusy) {
			return err
		}
		w.pause(ctx, emptyPause, nil, true)
	}
	return err
}

// dropLogs deletes the flow logs of instances that were deleted.
func (w *Worker) dropLogs(ctx context.Context, open []store.Erasure) error {
	for _, e := range open {
		if e.By != store.ByInstance {
			continue
		}
		_, err := w.Catalog.Snapshot(ctx, string(e.Instance))
		if center.ReasonOf(err) == center.NotFound {
			err = w.FlowLog.Erase(ctx, e.Instance, nil)
			w.tellLeft(Left{Instance: e.Instance})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
