package postgres

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// factKeeper is the part of a Store that keeps what historical metrics are made of.
type factKeeper struct{ *Store }

var _ store.FactKeeper = factKeeper{}

// Tallies implements [store.FactKeeper].
func (s factKeeper) Tallies(ctx context.Context, limit int) ([]store.Tally, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.Tally, error) {
		return rows(t, func(r pgx.Rows) (y store.Tally, err error) {
			var instance string
			err = r.Scan(&y.ID, &instance, &y.Body)
			y.Instance = center.InstanceID(unpack(instance))
			return y, err
		}, "SELECT n, instance, body FROM tallies ORDER BY n LIMIT $1", limit)
	})
}

const agentTime = "SELECT instance, member, version, since, idle, body FROM agent_times WHERE "

func readAgentTime(r pgx.Rows) (a store.AgentTime, err error) {
	var instance, member string
	err = r.Scan(&instance, &member, &a.Version, &a.Since, &a.Idle, &a.Body)
	a.Instance, a.User = center.InstanceID(unpack(instance)), center.UserID(unpack(member))
	return a, err
}

// AgentTimes implements [store.FactKeeper].
func (s factKeeper) AgentTimes(ctx context.Context, users []center.UserID) ([]store.AgentTime, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.AgentTime, error) {
		return rows(t, readAgentTime, agentTime+"member = ANY($1) ORDER BY member", strs(users))
	})
}

// Behind implements [store.FactKeeper].
func (s factKeeper) Behind(ctx context.Context, since time.Time, limit int) ([]store.AgentTime, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.AgentTime, error) {
		return rows(t, readAgentTime, agentTime+"NOT idle AND since < $1 ORDER BY since LIMIT $2", since.UnixMilli(), limit)
	})
}

// KeepFacts implements [store.FactKeeper].
func (s factKeeper) KeepFacts(ctx context.Context, n *store.Counting) error {
	return s.do(ctx, func(t *tx) error {
		if err := changed(t, len(n.Done), "DELETE FROM tallies WHERE n IN (SELECT n FROM tallies WHERE n = ANY($1) ORDER BY n FOR UPDATE)", n.Done); err != nil {
			return err
		}
		agents := slices.Clone(n.Agents)
		slices.SortFunc(agents, func(a, b store.AgentTime) int { return cmp.Compare(a.User, b.User) })
		for i := range agents {
			if err := keepAgent(t, &agents[i]); err != nil {
				return err
			}
		}
		return keepFacts(t, n.Facts)
	})
}

func keepAgent(t *tx, a *store.AgentTime) error {
	if a.Version == 0 {
		return changed(t, 1, "INSERT INTO agent_times (member, instance, version, since, idle, body) VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (member) DO NOTHING",
			pack(string(a.User)), pack(string(a.Instance)), a.Since, a.Idle, filled(a.Body))
	}
	return changed(t, 1, "UPDATE agent_times SET version = version + 1, since = $1, idle = $2, body = $3 WHERE member = $4 AND version = $5",
		a.Since, a.Idle, filled(a.Body), pack(string(a.User)), a.Version)
}

// changed runs a statement that is to change so many rows.
func changed(t *tx, want int, sql string, args ...any) error {
	n, err := t.exec(sql, args...)
	if err == nil && n != int64(want) {
		err = refuse(store.ErrConflict)
	}
	return err
}

func keepFacts(t *tx, facts []store.Fact) error {
	if len(facts) == 0 {
		return nil
	}
	_, err := t.exec(`WITH added AS (
			INSERT INTO facts (instance, kind, quarter, id, body) SELECT instance, kind, quarter, id, body
			FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[]) AS u (instance, kind, quarter, id, body) ORDER BY instance, kind, quarter, id
			ON CONFLICT DO NOTHING RETURNING instance, quarter)
		INSERT INTO fact_quarters (instance, quarter, version, rolled) SELECT instance, quarter, 1, 0 FROM added GROUP BY instance, quarter ORDER BY instance, quarter
		ON CONFLICT (instance, quarter) DO UPDATE SET version = fact_quarters.version + 1`,
		list(facts, func(f *store.Fact) string { return pack(string(f.Instance)) }), list(facts, func(f *store.Fact) string { return pack(f.Kind) }),
		list(facts, func(f *store.Fact) int64 { return f.Quarter }), list(facts, func(f *store.Fact) string { return pack(f.ID) }), list(facts, func(f *store.Fact) []byte { return filled(f.Body) }))
	return err
}

// Stale implements [store.FactKeeper].
func (s factKeeper) Stale(ctx context.Context, before time.Time, limit int) ([]store.FactQuarter, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.FactQuarter, error) {
		return rows(t, readQuarter, "SELECT instance, quarter, version FROM fact_quarters WHERE rolled <> version AND quarter < $1 ORDER BY quarter LIMIT $2", before.UnixMilli(), limit)
	})
}

func readQuarter(r pgx.Rows) (q store.FactQuarter, err error) {
	var instance string
	err = r.Scan(&instance, &q.Quarter, &q.Version)
	q.Instance = center.InstanceID(unpack(instance))
	return q, err
}

// KeepRollups implements [store.FactKeeper].
func (s factKeeper) KeepRollups(ctx context.Context, rollups []store.Rollup, rolled []store.FactQuarter) error {
	return s.do(ctx, func(t *tx) error {
		all := slices.Clone(rollups)
		slices.SortFunc(all, func(a, b store.Rollup) int {
			return cmp.Or(cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Length, b.Length), cmp.Compare(a.Start, b.Start))
		})
		for i := range all {
			r := &all[i]
			if err := keepRollup(t, r.Version, r.Pieces, pack(string(r.Instance)), pack(r.Part), r.Length, r.Start); err != nil {
				return err
			}
		}
		quarters := slices.Clone(rolled)
		slices.SortFunc(quarters, func(a, b store.FactQuarter) int {
			return cmp.Or(cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Quarter, b.Quarter))
		})
		for _, q := range quarters {
			if _, err := t.exec("UPDATE fact_quarters SET rolled = $1 WHERE instance = $2 AND quarter = $3", q.Version, pack(string(q.Instance)), q.Quarter); err != nil {
				return err
			}
		}
		return nil
	})
}

// keepRollup writes the pieces of a rollup, and deletes those that another had beyond them. Whoever has the first piece has the rollup: two who
// keep it at once do so one after the other.
func keepRollup(t *tx, version int64, pieces [][]byte, key ...any) error {
	if _, err := t.exec(`INSERT INTO rollups (instance, part, length, start, piece, version, body) SELECT $1, $2, $3, $4, place - 1, $5, body
		FROM unnest($6::bytea[]) WITH ORDINALITY AS u (body, place) ORDER BY place
		ON CONFLICT (instance, part, length, start, piece) DO UPDATE SET version = excluded.version, body = excluded.body`,
		append(slices.Clip(key), version, list(pieces, func(p *[]byte) []byte { return filled(*p) }))...); err != nil {
		return err
	}
	_, err := t.exec("DELETE FROM rollups WHERE instance = $1 AND part = $2 AND length = $3 AND start = $4 AND piece >= $5", append(slices.Clip(key), len(pieces))...)
	return err
}

// DropRollups implements [store.FactKeeper].
func (s factKeeper) DropRollups(ctx context.Context, instance center.InstanceID) error {
	return s.do(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM rollups WHERE instance = $1", pack(string(instance))); err != nil {
			return err
		}
		_, err := t.exec("UPDATE fact_quarters SET rolled = 0 WHERE instance = $1", pack(string(instance)))
		return err
	})
}

// ForgetFacts implements [store.FactKeeper].
func (s factKeeper) ForgetFacts(ctx context.Context, before time.Time, limit int) (more bool, err error) {
	return give(ctx, s.Store, func(t *tx) (bool, error) {
		left := int64(limit)
		old, err := rows(t, readQuarter, `SELECT instance, quarter, version FROM fact_quarters AS q
			WHERE quarter < $1 OR NOT EXISTS (SELECT 1 FROM resources WHERE kind = 'instance' AND id = q.instance) ORDER BY instance, quarter LIMIT $2`, before.UnixMilli(), limit)
		if err != nil {
			return false, err
		}
		for _, q := range old {
			if err := forgetQuarter(t, q, &left); err != nil {
				return false, err
			}
			if left <= 0 {
				return true, nil
			}
		}
		_, err = t.exec("DELETE FROM agent_times AS a WHERE idle AND since < $1 OR NOT EXISTS (SELECT 1 FROM resources WHERE kind = 'instance' AND id = a.instance)", before.UnixMilli())
		return false, err
	})
}

// forgetQuarter deletes at most left rows of a quarter, and then the quarter itself. Of rollups, the first pieces go first: nobody takes what is left for a whole.
func forgetQuarter(t *tx, q store.FactQuarter, left *int64) error {
	for _, sql := range []string{
		`DELETE FROM facts WHERE (instance, kind, quarter, id) IN (SELECT instance, kind, quarter, id FROM facts
			WHERE instance = $1 AND kind IN ('contact', 'ring', 'span') AND quarter = $2 LIMIT $3)`,
		`DELETE FROM rollups WHERE (instance, part, length, start, piece) IN (SELECT instance, part, length, start, piece FROM rollups
			WHERE instance = $1 AND part IN ('queue', 'way', 'agent', 'all', 'agents') AND length IN (900000, 3600000) AND start = $2 ORDER BY piece LIMIT $3)`,
		"DELETE FROM fact_quarters WHERE instance = $1 AND quarter = $2 AND $3::bigint > 0",
	} {
		if *left <= 0 {
			return nil
		}
		n, err := t.exec(sql, pack(string(q.Instance)), q.Quarter, *left)
		if err != nil {
			return err
		}
		*left -= n
	}
	return nil
}
