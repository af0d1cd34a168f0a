package sqlite

import (
	"context"
	"fmt"

	"parley.example/parley/internal/store"
)

// Keep implements [store.Store].
func (s *Store) Keep(ctx context.Context, chores *store.Chores) error {
	return s.do(ctx, func(c *conn) error {
		if err := c.fence(chores.Fence); err != nil {
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
		if _, err := c.exec("UPDATE outbox SET due = ?, attempts = ?, error = ? WHERE id = ?",
			d.Due.UnixMilli(), int64(d.Attempts), text(d.Error), d.ID); err != nil {
			return err
		}
	}
	for i := range chores.Dead {
		d := &chores.Dead[i]
		if _, err := c.exec(`INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, created, attempts, error)
			SELECT id, stream, chat, instance, endpoint, body, created, ?, ? FROM outbox WHERE id = ?`,
			int64(d.Attempts), text(d.Error), d.ID); err != nil {
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
	return nil
}

// removeDelivery takes a delivery out of the outbox and marks the next one of its stream as the first.
func (c *conn) removeDelivery(id int64) error {
	r, err := c.first("DELETE FROM outbox WHERE id = ? RETURNING stream, first", id)
	if err != nil || r == nil || !r.bool(1) {
		return err
	}
	_, err = c.exec("UPDATE outbox SET first = 1 WHERE id = (SELECT min(id) FROM outbox WHERE stream = ?)", r.text(0))
	return err
}

func (c *conn) keepUploads(chores *store.Chores) error {
	for i := range chores.Uploads {
		u := &chores.Uploads[i]
		if _, err := c.exec("UPDATE uploads SET expires = ? WHERE id = ?", u.Expires.UnixMilli(), u.ID); err != nil {
			return err
		}
	}
	return c.settle(chores.Settled)
}

// settle removes the notes of uploads.
func (c *conn) settle(uploads []string) error {
	for _, id := range uploads {
		if _, err := c.exec("DELETE FROM uploads WHERE id = ?", id); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return nil
}
