package sqlite

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"
	"unique"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// cached is how many chats, how many agents and how many counters the writer caches.
const cached = 50_000

// writer is the one goroutine that changes the database.
type writer struct {
	queue   *queue
	log     *slog.Logger
	observe func(int, time.Duration)
	health  health

	conn *conn
	pool *pool // of the connection that is shared with the readers; nil when conn is the writer's own
	wal  *wal  // nil in memory

	// Rows that the writer has cached, including those of the transaction under
	// way. All are emptied when a transaction is rolled back.
	chats     *cache[center.ContactID, *chat]
	agents    *cache[center.UserID, agent]
	counters  *cache[store.Counter, *counter]
	instances *cache[center.InstanceID, struct{}] // that exist
	touched   []*counter                          // in this batch
	next      int64                               // the number of the newest chat; 0 until one is made
}

// chat is a chat's row, as far as changes are judged by it.
type chat struct {
	n       int64
	version int64
	last    int64 // seq of the last item
	lastID  mark
	facts   facts
	held    []holding // as holdingsOf gives them
}

// mark stands for the id of an item: its bytes, or a hash of an id that is not a
// UUID. It is half the size of the text, of which each of the cached chats would keep one.
type mark [16]byte

func markOf(id center.ItemID) (m mark) {
	if b, ok := sqlconn.PackID(id).([]byte); ok {
		return mark(b)
	}
	sum := sha256.Sum256([]byte(id))
	copy(m[:], sum[:])
	return m
}

// facts are the columns of a chat that change seldom and that indexes hang on.
type facts struct {
	instance unique.Handle[center.InstanceID] // thousands of chats share one text
	due      int64                            // in milliseconds, 0 for never
	workers  unique.Handle[string]
	active   bool
	held     bool // there are rows of chat.held

	queue                 center.QueueID // "" when the chat does not wait
	priority, rank, since int64          // in that queue; times in milliseconds

	kept           center.Part
	ended, expires int64 // in milliseconds, 0 for never
}

func newWriter(o Options, p *pool, c *conn, cp *checkpointer) *writer {
	w := &writer{log: o.Log, observe: o.Observe, health: health{tell: o.Failing}, pool: p, conn: c,
		chats:     newCache[center.ContactID, *chat](cached),
		agents:    newCache[center.UserID, agent](cached),
		counters:  newCache[store.Counter, *counter](cached),
		instances: newCache[center.InstanceID, struct{}](cached)}
	if cp != nil {
		w.wal = &wal{checkpointer: cp, length: cp.found, next: cp.pages}
	}
	return w
}

// run applies batch after batch until the queue is closed and empty.
func (w *writer) run(finished chan<- []entry) {
	var buf []entry
	for {
		if w.wal != nil {
			w.wal.finish(w.conn)
		}
		// Whoever is about to submit goes first. While the processors are busy
		// that makes batches larger, which need less of them; otherwise it does nothing.
		runtime.Gosched()
		batch := w.queue.take(buf)
		if len(batch) == 0 {
			return
		}
		buf = make([]entry, 0, min(2*len(batch), maxBatch)) // batch belongs to the answering goroutine now
		w.flush(batch)
		finished <- batch
	}
}

// flush makes a batch durable and leaves in each entry what became of it.
func (w *writer) flush(batch []entry) {
	if w.observe != nil {
		began := time.Now() // of a duration for the metrics; no moment is kept
		defer func() { w.observe(len(batch), time.Since(began)) }()
	}
	if w.pool != nil {
		w.conn = w.pool.share()
		defer w.pool.put(w.conn, ourselves)
	}
	before := w.changes()
	err := w.attempt(batch, false)
	if errors.Is(err, errApart) {
		err = w.attempt(batch, true)
	}
	w.judge(batch, err, before)
	if err != nil {
		w.log.Error("the database refused a batch", "changes", len(batch), "err", err)
		for i := range batch {
			if !batch[i].nothing() || batch[i].between != nil {
				batch[i].err = fmt.Errorf("store: %w", err)
			}
		}
		return
	}
	if w.wal != nil {
		w.wal.grew(w.conn)
	}
	for i := range batch {
		if batch[i].between != nil {
			batch[i].err = batch[i].between(w)
		}
	}
}

// nothing reports whether an entry has no part in the transaction.
func (e *entry) nothing() bool { return e.change == nil && e.agent == nil && e.job == nil }

// errApart says that a statement failed and that the batch has to be done
// again with its changes kept apart.
var errApart = errors.New("apply the changes apart")

// attempt applies a batch in one transaction. With apart set there is a
// savepoint around every change; without, the first failing statement ends
// the attempt with errApart. Any error means that nothing was applied.
func (w *writer) attempt(batch []entry, apart bool) (err error) {
	if _, err := w.conn.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			w.rollback()
		}
	}()
	for i := range batch {
		e := &batch[i]
		if e.nothing() {
			continue
		}
		if err := w.entry(e, apart); err != nil {
			return err
		}
	}
	if err := w.writeCounters(); err != nil {
		return err
	}
	_, err = w.conn.Exec("COMMIT")
	return err
}

// entry applies one change or job and sets its err. What it returns concerns
// the whole batch.
func (w *writer) entry(e *entry, apart bool) error {
	e.err = nil
	if e.job == nil && !apart {
		refused, err := w.applyEither(e, false)
		if err != nil {
			kind, id := e.of()
			w.log.Warn("a change failed; doing its batch again one by one", kind, id, "err", err)
			return errApart
		}
		e.err = refused
		return nil
	}
	if _, err := w.conn.Exec("SAVEPOINT change"); err != nil {
		return err
	}
	var err error
	if e.job != nil {
		err = e.job(w)
	} else {
		e.err, err = w.applyEither(e, true)
	}
	if err != nil {
		e.err = err
		// Fails when the error has ended the transaction, and the batch with it.
		if _, gone := w.conn.Exec("ROLLBACK TO change"); gone != nil {
			return err
		}
	}
	_, err = w.conn.Exec("RELEASE change")
	return err
}

// applyEither applies the change of an entry, of a chat or of an agent: see [writer.apply].
func (w *writer) applyEither(e *entry, sure bool) (refused, err error) {
	if e.agent != nil {
		return w.applyAgent(e.agent)
	}
	return w.apply(e.change, sure)
}

// rollback ends the transaction, if the error that made it necessary has not
// ended it already, and drops what was cached in it.
func (w *writer) rollback() {
	if _, err := w.conn.Exec("ROLLBACK"); err != nil {
		w.log.Debug("rollback", "err", err)
	}
	w.chats.clear()
	w.agents.clear()
	w.counters.clear()
	w.instances.clear()
	w.touched = w.touched[:0]
}

// chat returns what is known of a chat, nil when it does not exist or, unless
// look is set, is not cached.
func (w *writer) chat(id center.ContactID, look bool) (*chat, error) {
	if ch, ok := w.chats.get(id); ok || !look {
		return ch, nil
	}
	r, err := w.conn.First(`SELECT n, version, instance, due, workers, active,
		last.seq, chats.queue, priority, rank, since, last.id, kept, ended, expires, held
		FROM chats LEFT JOIN items AS last ON last.chat = chats.n AND last.seq = (SELECT max(seq) FROM items WHERE chat = chats.n)
		WHERE chats.id = ?`, string(id))
	if err != nil || r == nil {
		return nil, err
	}
	ch := &chat{n: r.Int(0), version: r.Int(1), last: r.Int(6), lastID: markOf(center.ItemID(r.ID(11))),
		facts: facts{instance: unique.Make(center.InstanceID(r.Text(2))), due: r.Int(3), workers: unique.Make(r.Text(4)), active: r.Bool(5),
			queue: center.QueueID(r.Text(7)), priority: r.Int(8), rank: r.Int(9), since: r.Int(10),
			kept: center.Part(r.Int(12)), ended: r.Int(13), expires: r.Int(14), held: r.Bool(15)}}
	if ch.facts.held {
		if ch.held, err = w.conn.readHeld(ch.n); err != nil {
			return nil, err
		}
	}
	w.chats.put(id, ch)
	return ch, nil
}
