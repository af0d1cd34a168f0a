package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Keep implements [store.Store].
func (s *Store) Keep(ctx context.Context, chores *store.Chores) error {
	return s.do(ctx, func(t *tx) error {
		if err := fence(t, chores.Fences); err != nil {
			return err
		}
		if err := keepOutbox(t, chores); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if len(chores.Uploads) > 0 {
			if _, err := t.exec("UPDATE uploads SET expires = u.expires FROM unnest($1::text[], $2::bigint[]) AS u (id, expires) WHERE uploads.id = u.id",
				list(chores.Uploads, func(u *store.Upload) string { return pack(u.ID) }), list(chores.Uploads, func(u *store.Upload) int64 { return u.Expires.UnixMilli() })); err != nil {
				return fmt.Errorf("uploads: %w", err)
			}
		}
		if len(chores.Settled) > 0 {
			if _, err := t.exec(settleUploads, strs(chores.Settled)); err != nil {
				return fmt.Errorf("uploads: %w", err)
			}
		}
		return nil
	})
}

// lockStreamsOf locks the streams of deliveries, dead ones or not, and returns them. Whoever changes which delivery is the first of a stream has it locked.
func lockStreamsOf(t *tx, ids []int64) ([]string, error) {
	streams, err := rows(t, func(r pgx.Rows) (s string, err error) { err = r.Scan(&s); return s, err },
		"SELECT stream FROM outbox WHERE id = ANY($1) UNION SELECT stream FROM dead_letters WHERE id = ANY($1)", ids)
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	slices.Sort(streams)
	_, err = t.exec(lockStreams, streams)
	return streams, err
}

// settleStreams marks the first deliveries of streams that are locked, and forgets streams without any.
func settleStreams(t *tx, streams []string) error {
	if len(streams) == 0 {
		return nil
	}
	if _, err := t.exec(firstSQL, streams); err != nil {
		return err
	}
	_, err := t.exec("DELETE FROM outbox_streams AS s WHERE s.stream = ANY($1) AND NOT EXISTS (SELECT 1 FROM outbox WHERE stream = s.stream)", streams)
	return err
}

func ids(all []store.Delivery) []int64 {
	return list(all, func(d *store.Delivery) int64 { return d.ID })
}

func keepOutbox(t *tx, c *store.Chores) error {
	moving := slices.Concat(c.Delivered, ids(c.Dead), ids(c.Replayed))
	streams, err := lockStreamsOf(t, moving)
	if err != nil {
		return err
	}
	if len(c.Postponed) > 0 {
		if _, err := t.exec(`UPDATE outbox SET due = u.due, attempts = u.attempts, error = u.error
			FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS u (id, due, attempts, error) WHERE outbox.id = u.id`, ids(c.Postponed),
			list(c.Postponed, func(d *store.Delivery) int64 { return d.Due.UnixMilli() }), attempts(c.Postponed), failures(c.Postponed)); err != nil {
			return err
		}
	}
	if len(c.Dead) > 0 {
		if _, err := t.exec(`INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, created, attempts, error, shard)
			SELECT o.id, stream, chat, instance, endpoint, body, created, u.attempts, u.error, shard
			FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u (id, attempts, error) JOIN outbox AS o ON o.id = u.id ON CONFLICT DO NOTHING`,
			ids(c.Dead), attempts(c.Dead), failures(c.Dead)); err != nil {
			return err
		}
	}
	if gone := slices.Concat(c.Delivered, ids(c.Dead)); len(gone) > 0 {
		if _, err := t.exec("DELETE FROM outbox WHERE id = ANY($1)", gone); err != nil {
			return err
		}
	}
	if len(c.Replayed) > 0 {
		if err := replay(t, c.Replayed, streams); err != nil {
			return err
		}
	}
	if len(c.Dropped) > 0 {
		if _, err := t.exec("DELETE FROM dead_letters WHERE id = ANY($1)", c.Dropped); err != nil {
			return err
		}
	}
	return settleStreams(t, streams)
}

func attempts(all []store.Delivery) []int64 {
	return list(all, func(d *store.Delivery) int64 { return int64(d.Attempts) })
}

func failures(all []store.Delivery) []*string {
	return list(all, func(d *store.Delivery) *string { return optional(d.Error) })
}

// replay moves dead letters back into the outbox, where they stand as they stood. An erasure that has begun finds them where they are.
func replay(t *tx, all []store.Delivery, streams []string) error {
	if _, err := t.exec("UPDATE outbox SET first = false WHERE first AND stream = ANY($1)", streams); err != nil {
		return err
	}
	_, err := t.exec(`WITH back AS (
			DELETE FROM dead_letters AS d USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (id, due, created)
			WHERE d.id = u.id AND NOT EXISTS (SELECT 1 FROM remains WHERE remains.chat = d.chat)
			RETURNING d.id, stream, chat, instance, endpoint, body, u.created, u.due, shard)
		INSERT INTO outbox (id, stream, chat, instance, endpoint, body, created, due, attempts, shard, first)
		SELECT id, stream, chat, instance, endpoint, body, created, due, 0, shard, false FROM back ON CONFLICT DO NOTHING`, ids(all),
		list(all, func(d *store.Delivery) int64 { return d.Due.UnixMilli() }), list(all, func(d *store.Delivery) *int64 { return millis(d.Created) }))
	return err
}

// Time implements [store.Store].
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	return fetch(ctx, s, func(t *tx) (at time.Time, err error) {
		_, err = t.first([]any{&at}, "SELECT clock_timestamp()")
		return at, err
	})
}

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]store.Lease, error) {
	if node == "" {
		return nil, center.Errorf(center.Invalid, "a lease is held by a node with a name")
	}
	return give(ctx, s, func(t *tx) ([]store.Lease, error) {
		expires := now.Add(ttl).UnixMilli()
		versions := map[string]int64{}
		wanted := strs(names)
		slices.Sort(wanted)
		err := t.query(func(r pgx.Rows) error {
			var name string
			var version int64
			err := r.Scan(&name, &version)
			versions[unpack(name)] = version
			return err
		}, `INSERT INTO leases (name, node, version, expires) SELECT name, $2, 1, $3 FROM unnest($1::text[]) AS u (name) ORDER BY name
			ON CONFLICT (name) DO UPDATE SET node = excluded.node, version = leases.version + CASE WHEN leases.node <> excluded.node THEN 1 ELSE 0 END, expires = excluded.expires
			WHERE leases.node IN ('', excluded.node) OR leases.expires <= $4 OR leases.expires > $5 RETURNING name, version`,
			slices.Compact(wanted), pack(node), expires, now.UnixMilli(), now.Add(store.FarAhead*ttl).UnixMilli())
		var held []store.Lease
		for _, name := range names {
			if version, ok := versions[name]; ok {
				held = append(held, store.Lease{Name: name, Node: node, Version: version, Expires: moment(&expires)})
			}
		}
		return held, err
	})
}

// Release implements [store.Store]. The row stays, so that versions go on.
func (s *Store) Release(ctx context.Context, node string, names ...string) error {
	return s.do(ctx, func(t *tx) error {
		_, err := t.exec("UPDATE leases SET node = '' WHERE name IN (SELECT name FROM leases WHERE name = ANY($1) AND node = $2 ORDER BY name FOR UPDATE)", strs(names), pack(node))
		return err
	})
}

// Leases implements [store.Store].
func (s *Store) Leases(ctx context.Context, prefix string) ([]store.Lease, error) {
	return fetch(ctx, s, func(t *tx) ([]store.Lease, error) {
		return rows(t, func(r pgx.Rows) (l store.Lease, err error) {
			var name, node string
			var expires int64
			err = r.Scan(&name, &node, &l.Version, &expires)
			l.Name, l.Node, l.Expires = unpack(name), unpack(node), moment(&expires)
			return l, err
		}, "SELECT name, node, version, expires FROM leases WHERE name >= $1 AND left(name, length($1)) = $1 AND node <> '' ORDER BY name", pack(prefix))
	})
}

// fence refuses unless all leases are held as they say, and stay so until the transaction has ended.
func fence(t *tx, leases []store.Lease) error {
	if len(leases) == 0 {
		return nil
	}
	held, err := rows(t, func(r pgx.Rows) (one int, err error) { return one, r.Scan(&one) },
		`SELECT 1 FROM leases AS l, unnest($1::text[], $2::text[], $3::bigint[]) AS u (name, node, version)
		WHERE l.name = u.name AND l.node = u.node AND l.version = u.version ORDER BY l.name FOR SHARE OF l`,
		list(leases, func(l *store.Lease) string { return pack(l.Name) }), list(leases, func(l *store.Lease) string { return pack(l.Node) }),
		list(leases, func(l *store.Lease) int64 { return l.Version }))
	if err == nil && len(held) < len(leases) {
		err = refuse(store.ErrFenced)
	}
	return err
}
