package sqlite

import (
	"context"
	"fmt"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// Keep implements [store.Store].
func (s *Store) Keep(ctx context.Context, chores *store.Chores) error {
	return s.do(ctx, func(c *conn) error {
		if err := c.fence(chores.Fences); err != nil {
			return err
		}
		if err := c.keepOutbox(chores); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if err := c.keepUploads(chores); err != nil {
			return fmt.Errorf("uploads: %w", err)
		}
		return nil
	})
}

func (c *conn) keepOutbox(chores *store.Chores) error {
	for i := range chores.Postponed {
		d := &chores.Postponed[i]
		if _, err := c.Exec("UPDATE outbox SET due = ?, attempts = ?, error = ? WHERE id = ?",
			d.Due.UnixMilli(), int64(d.Attempts), sqlconn.Text(d.Error), d.ID); err != nil {
			return err
		}
	}
	for i := range chores.Dead {
		d := &chores.Dead[i]
		if _, err := c.Exec(`INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, created, attempts, error)
			SELECT id, stream, chat, instance, endpoint, body, created, ?, ? FROM outbox WHERE id = ?`,
			int64(d.Attempts), sqlconn.Text(d.Error), d.ID); err != nil {
			return err
		}
		if err := c.removeDelivery(d.ID); err != nil {
			return err
		}
	}
	for _, id := range chores.Delivered {
		if err := c.removeDelivery(id); err != nil {
			return err
		}
	}
	for i := range chores.Replayed {
		if err := c.replay(&chores.Replayed[i]); err != nil {
			return err
		}
	}
	for _, id := range chores.Dropped {
		if _, err := c.Exec("DELETE FROM dead_letters WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// replay moves a dead letter back into the outbox, where it is the first of its stream if it is the oldest. An erasure that
// has begun finds it where it is.
func (c *conn) replay(d *store.Delivery) error {
	r, err := c.First(`DELETE FROM dead_letters WHERE id = ? AND NOT EXISTS (SELECT 1 FROM remains WHERE remains.chat = dead_letters.chat)
		RETURNING stream, chat, instance, endpoint, body`, d.ID)
	if err != nil || r == nil {
		return err
	}
	stream := r.Text(0)
	if _, err := c.Exec("UPDATE outbox SET first = 0 WHERE id = (SELECT min(id) FROM outbox WHERE stream = ?) AND id > ?", stream, d.ID); err != nil {
		return err
	}
	_, err = c.Exec(`INSERT INTO outbox (id, stream, chat, instance, endpoint, body, created, due, attempts, first)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, NOT EXISTS (SELECT 1 FROM outbox WHERE stream = ? AND id < ?))`,
		d.ID, stream, r.Text(1), r.Text(2), r.Text(3), r.Blob(4), sqlconn.Millis(d.Created), d.Due.UnixMilli(), stream, d.ID)
	return err
}

// removeDelivery takes a delivery out of the outbox and marks the next one of its stream as the first.
func (c *conn) removeDelivery(id int64) error {
	r, err := c.First("DELETE FROM outbox WHERE id = ? RETURNING stream, first", id)
	if err != nil || r == nil || !r.Bool(1) {
		return err
	}
	_, err = c.Exec("UPDATE outbox SET first = 1 WHERE id = (SELECT min(id) FROM outbox WHERE stream = ?)", r.Text(0))
	return err
}

func (c *conn) keepUploads(chores *store.Chores) error {
	for i := range chores.Uploads {
		u := &chores.Uploads[i]
		if _, err := c.Exec("UPDATE uploads SET expires = ? WHERE id = ?", u.Expires.UnixMilli(), u.ID); err != nil {
			return err
		}
	}
	return c.settle(chores.Settled)
}

// settle removes the notes of uploads.
func (c *conn) settle(uploads []string) error {
	for _, id := range uploads {
		if _, err := c.Exec("DELETE FROM uploads WHERE id = ?", id); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return nil
}

// Time implements [store.Store].
func (s *Store) Time(context.Context) (time.Time, error) { return time.Now(), nil }

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]store.Lease, error) {
	if node == "" {
		return nil, center.Errorf(center.Invalid, "a lease is held by a node with a name")
	}
	var held []store.Lease
	if err := s.do(ctx, func(c *conn) error {
		held = nil
		expires := now.Add(ttl).UnixMilli()
		for _, name := range names {
			r, err := c.First(`INSERT INTO leases (name, node, version, expires) VALUES (?1, ?2, 1, ?3)
				ON CONFLICT (name) DO UPDATE SET node = ?2, version = version + (node <> ?2), expires = ?3
				WHERE node IN ('', ?2) OR expires <= ?4 OR expires > ?5 RETURNING version`, name, node, expires, now.UnixMilli(), now.Add(store.FarAhead*ttl).UnixMilli())
			if err != nil {
				return err
			}
			if r != nil {
				held = append(held, store.Lease{Name: name, Node: node, Version: r.Int(0), Expires: time.UnixMilli(expires).UTC()})
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return held, nil
}

// Release implements [store.Store]. The row stays, so that versions go on.
func (s *Store) Release(ctx context.Context, node string, names ...string) error {
	return s.do(ctx, func(c *conn) error {
		for _, name := range names {
			if _, err := c.Exec("UPDATE leases SET node = '' WHERE name = ? AND node = ?", name, node); err != nil {
				return err
			}
		}
		return nil
	})
}

// Leases implements [store.Store].
func (s *Store) Leases(ctx context.Context, prefix string) (leases []store.Lease, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			leases = append(leases, store.Lease{Name: r.Text(0), Node: r.Text(1), Version: r.Int(2), Expires: r.Time(3)})
			return nil
		}, "SELECT name, node, version, expires FROM leases WHERE name BETWEEN ?1 AND ?1 || char(1114111) AND node <> '' ORDER BY name", prefix)
	})
	return leases, err
}

// fence returns [store.ErrFenced] unless all leases are held as they say.
func (c *conn) fence(leases []store.Lease) error {
	for _, l := range leases {
		r, err := c.First("SELECT 1 FROM leases WHERE name = ? AND node = ? AND version = ?", l.Name, l.Node, l.Version)
		if err == nil && r == nil {
			err = store.ErrFenced
		}
		if err != nil {
			return err
		}
	}
	return nil
}
