package postgres

import (
	"context"
	"iter"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Chat implements [store.Store].
func (s *Store) Chat(ctx context.Context, id center.ContactID) (store.Head, error) {
	return fetch(ctx, s, func(t *tx) (h store.Head, err error) {
		var instance string
		var due, seq, time, size *int64
		var workers, last *string
		var e entryColumns
		found, err := t.first(append([]any{&instance, &h.Version, &h.State, &due, &workers, &h.Active, &seq, &time, &last, &size}, e.into()...),
			`SELECT instance, version, state, due, workers, active, l.seq, l.time, l.id, l.size, queue, priority, rank, since
			FROM chats LEFT JOIN LATERAL (SELECT seq, time, id, size FROM items WHERE chat = chats.n ORDER BY seq DESC LIMIT 1) AS l ON true WHERE chats.id = $1`, pack(string(id)))
		if err != nil {
			return h, err
		}
		if !found {
			return h, missing("contact", string(id))
		}
		h.Instance, h.Due, h.Queued = center.InstanceID(unpack(instance)), moment(due), e.entry()
		if seq != nil {
			h.LastSeq, h.LastTime, h.LastID = *seq, moment(time), text[center.ItemID](last)
		}
		if size != nil {
			h.Size = *size
		}
		if workers != nil {
			h.Workers = strings.Fields(text[string](workers))
		}
		if len(h.State) == 0 {
			h.State = nil
		}
		return h, nil
	})
}

// entryColumns are the columns queue, priority, rank and since.
type entryColumns struct {
	queue                 *string
	priority, rank, since *int64
}

func (e *entryColumns) into() []any { return []any{&e.queue, &e.priority, &e.rank, &e.since} }

func (e *entryColumns) entry() *store.QueueEntry {
	if e.queue == nil {
		return nil
	}
	return &store.QueueEntry{Queue: text[center.QueueID](e.queue), Priority: *e.priority, Rank: moment(e.rank), Since: moment(e.since)}
}

// ChatOf implements [store.Store].
func (s *Store) ChatOf(ctx context.Context, contact center.ContactID) (center.ContactID, error) {
	return fetch(ctx, s, func(t *tx) (center.ContactID, error) {
		var chat string
		found, err := t.first([]any{&chat}, "SELECT chat FROM contacts WHERE id = $1", pack(string(contact)))
		if err == nil && !found {
			err = missing("contact", string(contact))
		}
		return center.ContactID(unpack(chat)), err
	})
}

// Versions implements [store.Store].
func (s *Store) Versions(ctx context.Context, chats []center.ContactID) ([]store.ChatVersion, error) {
	return fetch(ctx, s, func(t *tx) ([]store.ChatVersion, error) {
		return rows(t, func(r pgx.Rows) (v store.ChatVersion, err error) {
			var id string
			err = r.Scan(&id, &v.Version, &v.LastSeq, &v.Active)
			v.Chat = center.ContactID(unpack(id))
			return v, err
		}, `SELECT id, version, coalesce((SELECT seq FROM items WHERE chat = chats.n ORDER BY seq DESC LIMIT 1), 0), active FROM chats WHERE id = ANY($1)`, strs(chats))
	})
}

// Replayed implements [store.Store].
func (s *Store) Replayed(ctx context.Context, key string) ([]byte, error) {
	return fetch(ctx, s, func(t *tx) (answer []byte, err error) {
		found, err := t.first([]any{&answer}, "SELECT answer FROM once WHERE key = $1", pack(key))
		if err == nil && !found {
			err = missing("request", key)
		}
		return answer, err
	})
}

// Waiting implements [store.Store].
func (s *Store) Waiting(ctx context.Context, instance center.InstanceID, queue center.QueueID) iter.Seq2[store.Waiting, error] {
	return pages(ctx, s, func() func(*tx) ([]store.Waiting, error) {
		last := store.Waiting{QueueEntry: store.QueueEntry{Priority: math.MinInt64}}
		return func(t *tx) ([]store.Waiting, error) {
			all, err := rows(t, func(r pgx.Rows) (store.Waiting, error) {
				var id string
				var e entryColumns
				if err := r.Scan(append([]any{&id}, e.into()...)...); err != nil {
					return store.Waiting{}, err
				}
				return store.Waiting{Chat: center.ContactID(unpack(id)), QueueEntry: *e.entry()}, nil
			}, `SELECT id, queue, priority, rank, since FROM chats
				WHERE instance = $1 AND queue IS NOT NULL AND ($2 = '' OR queue = $2) AND (queue, priority, rank, since, id) > ($3, $4, $5, $6, $7)
				ORDER BY queue, priority, rank, since, id LIMIT $8`,
				pack(string(instance)), pack(string(queue)), pack(string(last.Queue)), last.Priority, last.Rank.UnixMilli(), last.Since.UnixMilli(), pack(string(last.Chat)), page)
			if len(all) > 0 {
				last = all[len(all)-1]
			}
			return all, err
		}
	})
}

// QueueStatus implements [store.Store].
func (s *Store) QueueStatus(ctx context.Context, q store.QueueQuery) (store.QueueStatus, error) {
	return fetch(ctx, s, func(t *tx) (status store.QueueStatus, err error) {
		var oldest *int64
		_, err = t.first([]any{&status.Others, &oldest, &status.Ahead}, `SELECT count(*), min(since), count(CASE WHEN (priority, rank, since, id) < ($1, $2, $3, $4) THEN 1 END) FROM chats
			WHERE instance = $5 AND queue = $6 AND id <> $4`,
			q.Priority, q.Rank.UnixMilli(), q.Since.UnixMilli(), pack(string(q.Except)), pack(string(q.Instance)), pack(string(q.Queue)))
		status.Oldest = moment(oldest)
		return status, err
	})
}
