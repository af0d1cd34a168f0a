package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// Bounds of one look at abandoned uploads.
const (
	clearBatch = 64
	clearLater = time.Hour // for one that could not be deleted, so that it does not hold up the others
)

// noteUploads records in the store the uploads that a change starts, and removes
// those that it completes. An upload that the change removes from the chat stays
// recorded: its file is still to be deleted.
func noteUploads(sc *store.Change, before, after []center.Attachment) {
	if slices.Equal(before, after) {
		return
	}
	for i := range after {
		a := &after[i]
		n := slices.IndexFunc(before, func(b center.Attachment) bool { return b.ID == a.ID })
		uploading := a.Status == center.AttachmentUploading
		switch {
		case n < 0 && uploading:
			sc.Uploads = append(sc.Uploads, store.Upload{ID: a.ID, Chat: sc.Chat, Expires: a.Started.Add(contact.UploadLife)})
		case n >= 0 && !uploading && before[n].Status == center.AttachmentUploading:
			sc.Settled = append(sc.Settled, a.ID)
		}
	}
}

// scan has a file looked at.
func scan(ctx context.Context, by Scanner, chat center.ContactID, file *center.Attachment) (json.RawMessage, error) {
	if by == nil {
		return nil, errors.New("no scanner is configured any more")
	}
	clean, err := by.Scan(ctx, chat, *file)
	if err != nil {
		return nil, err
	}
	return json.Marshal(contact.Verdict{Clean: clean})
}

// clearUploads deletes abandoned uploads, once a minute and whenever the clock is
// moved. It keeps no state: the store has them ordered by time.
func (e *Engine) clearUploads(ctx context.Context) {
	for ctx.Err() == nil {
		d, moved := e.Clock.Wait(time.Time{}) // before the look, so that no move of the clock is missed
		if e.clearSome(ctx) {
			continue
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-moved:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// clearSome clears a batch and reports whether there may be more.
func (e *Engine) clearSome(ctx context.Context) (more bool) {
	now := e.Clock.Now()
	uploads, err := e.Store.Uploads(ctx, e.shards(), now, clearBatch)
	if err == nil && len(uploads) > 0 {
		var c store.Chores
		for _, u := range uploads {
			if err := e.clear(ctx, u); err == nil {
				c.Settled = append(c.Settled, u.ID)
			} else if ctx.Err() == nil {
				e.Log.Error("cannot delete an abandoned upload; it will be retried", "chat", u.Chat, "attachment", u.ID, "err", err)
				u.Expires = now.Add(clearLater)
				c.Uploads = append(c.Uploads, u)
			}
		}
		err = e.Store.Keep(ctx, &c)
	}
	if err != nil && ctx.Err() == nil {
		e.Log.Error("cannot delete abandoned uploads", "err", err)
	}
	return err == nil && len(uploads) == clearBatch
}

// clear removes an upload from its chat and then deletes its file, in this order:
// once the first is durable the upload cannot be completed any more, and if the
// second fails both are repeated. The store has the upload until both are done.
func (e *Engine) clear(ctx context.Context, u store.Upload) error {
	_, err := e.Do(ctx, u.Chat, contact.Abandon{Attachment: u.ID})
	switch center.ReasonOf(err) {
	case center.Conflict:
		return nil // completed: its file stays
	case center.NotFound:
		err = nil // the whole chat is gone
	}
	if err != nil {
		return err
	}
	return e.Files.Delete(ctx, u.Chat, u.ID)
}
