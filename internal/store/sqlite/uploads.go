package sqlite

import (
	"context"
	"fmt"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Uploads implements [store.Store].
func (s *Store) Uploads(ctx context.Context, now time.Time, limit int) (uploads []store.Upload, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			uploads = append(uploads, store.Upload{ID: r.text(0), Chat: center.ContactID(r.text(1)), Expires: r.time(2)})
			return nil
		}, "SELECT id, chat, expires FROM uploads WHERE expires <= ? ORDER BY expires, id LIMIT ?", now.UnixMilli(), int64(max(limit, 0)))
	})
	return uploads, err
}

// writeUploads notes the uploads of a change and removes the notes of those that it settles.
func (w *writer) writeUploads(c *store.Change) error {
	for i := range c.Uploads {
		u := &c.Uploads[i]
		if _, err := w.conn.exec(`INSERT INTO uploads (id, chat, expires) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET expires = excluded.expires`, u.ID, string(u.Chat), u.Expires.UnixMilli()); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
	}
	return w.conn.settle(c.Settled)
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
