package integration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"parley.example/parley/internal/store"
)

// dispatcher is one Run of an outbox. One goroutine owns it; attempts and
// commits report to that goroutine.
type dispatcher struct {
	*Outbox
	shards  store.Shards
	leases  []store.Lease
	log     *slog.Logger
	started time.Time
	board   *board

	attempts  sync.WaitGroup // and commits
	results   chan result
	committed chan error

	reload     bool      // the store may have what the board has not loaded
	stuck      bool      // the last commit failed; the next one waits for the poll
	swept      time.Time // when MaxWaiting was last enforced
	gathered   outcomes  // to be committed
	committing *outcomes // in flight; nil when none is
}

// result is the result of an attempt.
type result struct {
	backlog *backlog
	started time.Time
	err     error
}

// outcomes collects what has to be written to the store, and the backlogs concerned.
type outcomes struct {
	chores   store.Chores
	backlogs []*backlog
}

func newDispatcher(o *Outbox, shards store.Shards, leases []store.Lease) *dispatcher {
	d := &dispatcher{Outbox: &Outbox{
		Store: o.Store, Sender: o.Sender, Now: o.Now, Observe: o.Observe, wake: o.wake,
		Workers: orDefault(o.Workers, 64), Timeout: orDefault(o.Timeout, 10*time.Second), MaxAttempts: orDefault(o.MaxAttempts, 20),
		MaxAge: orDefault(o.MaxAge, time.Hour), MaxWaiting: orDefault(o.MaxWaiting, 10000),
	}, shards: shards, leases: leases, log: o.Log, committed: make(chan error, 1), reload: true}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.Observe == nil {
		d.Observe = func(Outcome, time.Duration) {}
	}
	d.started = d.Now()
	d.board = newBoard(d.Workers)
	d.results = make(chan result, d.Workers)
	return d
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// run is the loop of [Outbox.Run].
func (d *dispatcher) run(ctx context.Context) error {
	defer d.attempts.Wait()
	sending, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for stop := ctx.Done(); ; {
		if stop != nil {
			d.start(ctx, sending)
		}
		d.commit(ctx)
		if stop == nil && d.board.running == 0 && d.committing == nil {
			return nil
		}
		select {
		case <-stop:
			stop = nil
			defer time.AfterFunc(stopGrace, abort).Stop()
		case <-d.wake:
			d.reload = true
		case <-poll.C:
			if !d.stuck {
				d.sweep(ctx)
			}
			d.reload, d.stuck = true, false
		case r := <-d.results:
			d.finish(ctx, r, sending.Err() != nil)
		case err := <-d.committed:
			if errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrFenced) {
				return fmt.Errorf("outbox: %w", err)
			}
			d.settle(ctx, err)
		}
	}
}

// start begins as many attempts as workers, destinations and the store allow.
func (d *dispatcher) start(ctx, sending context.Context) {
	for {
		now := d.Now()
		l := d.board.next(now)
		if l == nil {
			if d.reload && d.board.running < d.Workers && d.fetch(ctx, now) {
				continue
			}
			return
		}
		delivery := &l.items[0] // stays as it is while the attempt lasts
		d.attempts.Go(func() {
			ctx, cancel := context.WithTimeout(sending, d.Timeout)
			defer cancel()
			d.results <- result{l, now, d.Sender.Send(ctx, delivery, now)}
		})
	}
}

// fetch reads the outbox and reports whether there is something to start.
func (d *dispatcher) fetch(ctx context.Context, now time.Time) bool {
	d.reload = false
	page, err := d.Store.Outbox(ctx, d.shards, now.Add(ahead), pageSize)
	if err != nil {
		if ctx.Err() == nil {
			d.log.ErrorContext(ctx, "cannot read the outbox", "err", err)
		}
		return false
	}
	streams := d.board.load(page, d.Sender.Destination)
	d.postponeAll(ctx, d.board.resting(now), now)
	startable := d.board.startable(now)
	if streams == pageSize { // there may be more
		if startable {
			d.reload = true
			return true
		}
		// The whole page waits for slow destinations: make way for others.
		for _, l := range d.board.crowd() {
			d.postpone(l, l.items[0], now.Add(jitter(time.Second)))
		}
	}
	return startable
}

// postponeAll postpones backlogs whose destination is paused. What is too old becomes a dead letter.
func (d *dispatcher) postponeAll(ctx context.Context, backlogs []*backlog, now time.Time) {
	dead := 0
	for _, l := range backlogs {
		for len(l.items) > 0 && d.tooOld(&l.items[0], now) {
			head := l.items[0]
			l.items = l.items[1:]
			if head.Error == "" {
				head.Error = "never attempted: the endpoint kept failing"
			}
			d.markDead(l, head, 0)
			dead++
		}
		if len(l.items) > 0 {
			rest := l.to.retry.Sub(now)
			d.postpone(l, l.items[0], now.Add(rest+rand.N(rest+time.Second)))
		}
	}
	if dead > 0 {
		d.log.ErrorContext(ctx, "deliveries became dead letters: their endpoints have been failing for too long", "deliveries", dead)
	}
}

// tooOld reports whether a delivery has waited for MaxAge, not counting the time
// before this process started.
func (d *dispatcher) tooOld(delivery *store.Delivery, now time.Time) bool {
	since := delivery.Created
	if since.Before(d.started) {
		since = d.started
	}
	return now.Sub(since) >= d.MaxAge
}

// finish records the result of an attempt. If it was aborted at the end of Run,
// the delivery stays as it was.
func (d *dispatcher) finish(ctx context.Context, r result, aborted bool) {
	l, now := r.backlog, d.Now()
	took := now.Sub(r.started)
	d.board.returned(l)
	if r.err != nil && aborted {
		d.board.drop(l)
		return
	}
	head := l.items[0]
	l.items = l.items[1:]
	if r.err == nil {
		if l.to.succeeded(took) {
			d.log.InfoContext(ctx, "streaming endpoint has recovered", "endpoint", head.Endpoint)
		}
		d.Observe(OutcomeDelivered, took)
		d.gathered.chores.Delivered = append(d.gathered.chores.Delivered, head.ID)
		d.wrote(l)
		d.board.again(l)
		return
	}

	if temporary(r.err) {
		if l.to.missed(r.started, now) {
			d.log.WarnContext(ctx, "streaming endpoint is failing", "endpoint", head.Endpoint, "err", r.err)
		}
	} else if _, answered := errors.AsType[*statusError](r.err); answered {
		l.to.succeeded(took)
	}
	head.Attempts++
	head.Error = quote(r.err.Error())
	if head.Attempts >= d.MaxAttempts || d.tooOld(&head, now) {
		d.log.ErrorContext(ctx, "delivery became a dead letter", "delivery", head.ID, "stream", head.Stream, "chat", head.Chat,
			"endpoint", head.Endpoint, "attempts", head.Attempts, "error", head.Error)
		d.markDead(l, head, took)
		d.board.again(l)
		return
	}
	d.log.DebugContext(ctx, "delivery failed", "delivery", head.ID, "stream", head.Stream, "attempts", head.Attempts, "err", head.Error)
	d.Observe(OutcomeFailed, took)
	d.postpone(l, head, now.Add(backoff(head.Attempts, lastBackoff)))
}

// markDead makes a delivery of a backlog a dead letter.
func (d *dispatcher) markDead(l *backlog, delivery store.Delivery, took time.Duration) {
	d.Observe(OutcomeDead, took)
	d.gathered.chores.Dead = append(d.gathered.chores.Dead, delivery)
	d.wrote(l)
}

// postpone gives the first delivery of a backlog a later time, at which the
// stream is read from the store again.
func (d *dispatcher) postpone(l *backlog, head store.Delivery, due time.Time) {
	head.Due = due
	d.gathered.chores.Postponed = append(d.gathered.chores.Postponed, head)
	d.wrote(l)
	l.items = nil
}

// wrote counts an outcome of a backlog that is to be committed.
func (d *dispatcher) wrote(l *backlog) {
	l.unsettled++
	d.gathered.backlogs = append(d.gathered.backlogs, l)
}

// commit writes what was gathered, one group of chores after another: while one
// is being written the next one fills. It continues when ctx ends.
func (d *dispatcher) commit(ctx context.Context) {
	if d.committing != nil || d.stuck || len(d.gathered.backlogs) == 0 {
		return
	}
	going := d.gathered
	going.chores.Fences = d.leases
	d.committing, d.gathered = &going, outcomes{}
	d.attempts.Go(func() { d.committed <- d.Store.Keep(context.WithoutCancel(ctx), &going.chores) })
}

// settle handles the result of a commit. What could not be written is kept, with
// its backlogs, and submitted again: until then nothing of those streams is sent.
func (d *dispatcher) settle(ctx context.Context, err error) {
	done := d.committing
	d.committing = nil
	if err == nil {
		for _, l := range done.backlogs {
			d.board.settled(l)
		}
		d.reload = true
		return
	}
	d.log.ErrorContext(ctx, "cannot write to the outbox", "err", err)
	d.stuck = true
	to, later := &done.chores, &d.gathered.chores
	later.Delivered = append(to.Delivered, later.Delivered...)
	later.Postponed = append(to.Postponed, later.Postponed...)
	later.Dead = append(to.Dead, later.Dead...)
	d.gathered.backlogs = append(done.backlogs, d.gathered.backlogs...)
}

// sweep makes the oldest deliveries of overlong streams dead letters.
func (d *dispatcher) sweep(ctx context.Context) {
	now := d.Now()
	if now.Sub(d.swept) < overflowEvery {
		return
	}
	page, err := d.Store.Overflow(ctx, d.shards, d.MaxWaiting, overflowPage)
	if err != nil {
		d.log.ErrorContext(ctx, "cannot read the outbox", "err", err)
		return
	}
	if len(page) < overflowPage {
		d.swept = now
	}
	dead, settled := 0, d.leaving()
	for _, delivery := range page {
		if settled[delivery.ID] {
			continue
		}
		if l := d.board.aside(&delivery); l != nil {
			delivery.Error = quote(fmt.Sprintf("more than %d deliveries were waiting in the stream; %s", d.MaxWaiting, delivery.Error))
			d.markDead(l, delivery, 0)
			dead++
		}
	}
	if dead > 0 {
		d.log.ErrorContext(ctx, "deliveries became dead letters: too many were waiting in their streams", "deliveries", dead)
	}
}

// leaving returns the deliveries that are still in the store only because the
// commit that removes them is pending.
func (d *dispatcher) leaving() map[int64]bool {
	ids := make(map[int64]bool)
	all := []*store.Chores{&d.gathered.chores}
	if d.committing != nil {
		all = append(all, &d.committing.chores)
	}
	for _, c := range all {
		for _, id := range c.Delivered {
			ids[id] = true
		}
		for i := range c.Dead {
			ids[c.Dead[i].ID] = true
		}
	}
	return ids
}
