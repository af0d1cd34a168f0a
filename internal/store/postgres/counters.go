package postgres

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// A counter has a row from the first time that it is moved, so that there is something to lock. Whoever needs its value has the row for
// itself. A counter of chats without a limit has no value: whoever moves it only holds the row, with others, so that none of them
// is missed by whoever begins to keep the value, and counts. Which way a counter goes is what the store saw last; when that was wrong, the
// group is done again.

// counter is a counter as the changes of a group find it.
type counter struct {
	of     store.Counter
	kept   bool
	value  int64
	alone  bool // locked for this transaction only
	moved  int64
	before struct {
		kept  bool
		value int64
	}
}

// want says that a group moves a counter.
func (g *group) want(q store.Quota) {
	name := q.Counter.String()
	c := g.counters[name]
	if c == nil {
		c = &counter{of: q.Counter}
		c.alone = !q.Counter.CountsChats() || g.known.kept(name)
		g.counters[name] = c
	}
	c.alone = c.alone || rules.Limits(q)
}

const (
	makeCounters = "INSERT INTO counters (name, value, kept) SELECT name, 0, kept FROM unnest($1::text[], $2::boolean[]) AS u (name, kept) ORDER BY name ON CONFLICT DO NOTHING"
	lockCounters = "SELECT name, value, kept FROM counters WHERE name = ANY($1) ORDER BY name FOR UPDATE"
	holdCounters = "SELECT name, value, kept FROM counters WHERE name = ANY($1) ORDER BY name FOR SHARE"
)

// lockCounters locks the counters in the order of their names, and sets short when one of them was not as it was known.
func (g *group) lockCounters(b *pgx.Batch, short *bool) {
	if len(g.counters) == 0 {
		return
	}
	names := make([]string, 0, len(g.counters))
	for name := range g.counters {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(pack(a), pack(b)) })
	var unknown []string
	var kept []bool
	for _, name := range names {
		if !g.known.exists(name) {
			unknown, kept = append(unknown, pack(name)), append(kept, !g.counters[name].of.CountsChats())
		}
	}
	if len(unknown) > 0 {
		b.Queue(makeCounters, unknown, kept)
	}
	for len(names) > 0 {
		alone := g.counters[names[0]].alone
		n := slices.IndexFunc(names, func(name string) bool { return g.counters[name].alone != alone })
		if n < 0 {
			n = len(names)
		}
		sql := holdCounters
		if alone {
			sql = lockCounters
		}
		found, wanted := 0, names[:n]
		b.Queue(sql, strs(wanted)).Query(func(r pgx.Rows) error {
			err := each(r, func() error {
				var name string
				var value int64
				var kept bool
				if err := r.Scan(&name, &value, &kept); err != nil {
					return err
				}
				found++
				c := g.counters[unpack(name)]
				c.value, c.kept = value, kept
				c.before.value, c.before.kept = value, kept
				g.known.put(unpack(name), kept)
				*short = *short || kept && !c.alone
				return nil
			})
			if found < len(wanted) {
				for _, name := range wanted {
					g.known.drop(name)
				}
				*short = true
			}
			return err
		})
		names = names[n:]
	}
}

// over returns the refusal of the first quota that would be passed, or whose counter would become negative and must not, nil when none would.
func (g *group) over(t *tx, quotas []store.Quota) (refused, err error) {
	for i, q := range quotas {
		c := g.counters[q.Counter.String()]
		if refused := rules.Falls(quotas, q, c.value); refused != nil {
			return refused, nil
		}
		if !rules.Limits(q) {
			continue
		}
		if !c.kept {
			if c.value, err = count(t, q.Counter); err != nil {
				return nil, err
			}
			c.value += c.moved
			c.kept = true
		}
		if refused := rules.Passes(quotas, i, c.value); refused != nil {
			return refused, nil
		}
	}
	return nil, nil
}

// move moves the counters of a change that is made.
func (g *group) move(quotas []store.Quota) {
	for _, q := range quotas {
		c := g.counters[q.Counter.String()]
		c.moved += q.Delta
		c.value += q.Delta
		if q.Delta > 0 && q.Limit < 0 && q.Counter.CountsChats() && c.alone {
			c.kept = false // from now on nobody has to wait for another
		}
		if q.Delta != 0 {
			g.out.changed = true
		}
	}
}

const writeCounters = `UPDATE counters SET value = u.value, kept = u.kept FROM unnest($1::text[], $2::bigint[], $3::boolean[]) AS u (name, value, kept)
	WHERE counters.name = u.name`

// writeCounters writes the counters that were moved.
func (g *group) writeCounters(b *pgx.Batch) {
	var names []string
	var values []int64
	var kept []bool
	for _, name := range sorted(g.counters) {
		c := g.counters[unpack(name)]
		if !c.alone || c.kept == c.before.kept && (!c.kept || c.value == c.before.value) {
			continue
		}
		names, values, kept = append(names, name), append(values, c.value), append(kept, c.kept)
	}
	if len(names) > 0 {
		b.Queue(writeCounters, names, values, kept)
	}
}

// learn keeps what is known of the counters after the commit.
func (g *group) learn() {
	for name, c := range g.counters {
		g.known.put(name, c.kept)
	}
}

// knownCounters is what a store saw of counters last: whether there is a row, and whether it has a value.
type knownCounters struct {
	mu  sync.Mutex // guards all
	all map[string]bool
}

// manyCounters is how many are known at once.
const manyCounters = 50_000

func (k *knownCounters) exists(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.all[name]
	return ok
}

func (k *knownCounters) kept(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.all[name]
	return kept || !ok
}

func (k *knownCounters) put(name string, kept bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= manyCounters {
		k.all = map[string]bool{}
	}
	k.all[name] = kept
}

func (k *knownCounters) drop(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, name)
}

// count counts what a counter counts, by an index. One that counts nothing in the database has the value of its row.
func count(t *tx, of store.Counter) (value int64, err error) {
	instance := pack(string(of.Instance))
	switch of.Type {
	case store.CountActive:
		_, err = t.first([]any{&value}, "SELECT count(*) FROM chats WHERE instance = $1 AND active", instance)
	case store.CountQueued:
		_, err = t.first([]any{&value}, "SELECT count(*) FROM chats WHERE instance = $1 AND queue = $2", instance, pack(of.Key))
	default:
		_, err = t.first([]any{&value}, "SELECT value FROM counters WHERE name = $1", pack(of.String()))
	}
	return value, err
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, of store.Counter) (int64, error) {
	return fetch(ctx, s, func(t *tx) (int64, error) { return count(t, of) })
}

// Backlog implements [store.Store].
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	return fetch(ctx, s, func(t *tx) (b store.Backlog, err error) {
		var since, oldest *int64
		_, err = t.first([]any{&b.Queued, &since, &b.Deliveries, &oldest, &b.Dead}, `SELECT count(*), min(since), (SELECT count(*) FROM outbox),
			(SELECT created FROM outbox ORDER BY id LIMIT 1), (SELECT count(*) FROM dead_letters) FROM chats WHERE queue IS NOT NULL`)
		b.QueuedSince, b.Oldest = moment(since), moment(oldest)
		return b, err
	})
}
