package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

const (
	insertChats = `INSERT INTO chats (n, id, version, state, instance, due, workers, active, queue, priority, rank, since, kept, ended, expires, shard)
		SELECT n, id, version, state, instance, due, workers, active, queue, priority, rank, since, kept, ended, expires, shard
		FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::boolean[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
			AS u (n, id, version, state, instance, due, workers, active, queue, priority, rank, since, kept, ended, expires, shard) ORDER BY id`
	updateChats = `UPDATE chats SET version = u.version, state = u.state, instance = u.instance, due = u.due, workers = u.workers, active = u.active,
			queue = u.queue, priority = u.priority, rank = u.rank, since = u.since, kept = u.kept, ended = u.ended, expires = u.expires
		FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], $8::boolean[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
			AS u (n, id, version, state, instance, due, workers, active, queue, priority, rank, since, kept, ended, expires, shard) WHERE chats.n = u.n`
	insertAgents = `INSERT INTO agents (n, member, version, state, instance, due, online, shard)
		SELECT n, member, version, state, instance, due, online, shard
		FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[]) AS u (n, member, version, state, instance, due, online, shard) ORDER BY member`
	updateAgents = `UPDATE agents SET version = u.version, state = u.state, instance = u.instance, due = u.due, online = u.online
		FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[]) AS u (n, member, version, state, instance, due, online, shard) WHERE agents.n = u.n`
	deleteAgents = "DELETE FROM agents WHERE n = ANY($1)"
)

// chatRow is the row of a chat that a group has changed.
type chatRow struct {
	*chat
	id center.ContactID
}

// writeChats writes the heads of chats: each once, as it is after the last change of it.
func (g *group) writeChats(b *pgx.Batch) {
	var fresh, changed []chatRow
	for id, ch := range g.chats {
		switch row := (chatRow{ch, id}); {
		case ch.head == nil:
		case ch.fresh:
			fresh = append(fresh, row)
		default:
			changed = append(changed, row)
		}
	}
	queueChats(b, insertChats, fresh)
	queueChats(b, updateChats, changed)
}

func queueChats(b *pgx.Batch, sql string, all []chatRow) {
	if len(all) == 0 {
		return
	}
	queued := func(of func(*store.QueueEntry) int64) func(*chatRow) *int64 {
		return func(r *chatRow) *int64 {
			if r.head.Queued == nil {
				return nil
			}
			return new(of(r.head.Queued))
		}
	}
	b.Queue(sql, list(all, func(r *chatRow) int64 { return r.n }), list(all, func(r *chatRow) string { return pack(string(r.id)) }), list(all, func(r *chatRow) int64 { return r.version }),
		list(all, func(r *chatRow) []byte { return r.head.State }), list(all, func(r *chatRow) string { return r.instance }), list(all, func(r *chatRow) *int64 { return millis(r.head.Due) }),
		list(all, func(r *chatRow) *string { return optional(strings.Join(r.head.Workers, " ")) }), list(all, func(r *chatRow) bool { return r.head.Active }),
		list(all, func(r *chatRow) *string {
			if r.head.Queued == nil {
				return nil
			}
			return new(pack(string(r.head.Queued.Queue)))
		}),
		list(all, queued(func(e *store.QueueEntry) int64 { return e.Priority })), list(all, queued(func(e *store.QueueEntry) int64 { return e.Rank.UnixMilli() })),
		list(all, queued(func(e *store.QueueEntry) int64 { return e.Since.UnixMilli() })), list(all, func(r *chatRow) int64 { return int64(r.head.Kept) }),
		list(all, func(r *chatRow) *int64 { return millis(r.head.Ended) }), list(all, func(r *chatRow) *int64 { return millis(r.head.Expires) }),
		list(all, func(r *chatRow) int64 { return int64(store.ShardOf(r.id)) }))
}

type agentRow struct {
	*agent
	user center.UserID
}

func (g *group) writeAgents(b *pgx.Batch) {
	var fresh, changed []agentRow
	var gone []int64
	for user, a := range g.agents {
		row := agentRow{a, user}
		switch {
		case a.head == nil:
		case a.fresh:
			fresh = append(fresh, row)
		default:
			changed = append(changed, row)
		}
		if a.gone {
			gone = append(gone, a.n)
		}
	}
	queueAgents(b, insertAgents, fresh)
	queueAgents(b, updateAgents, changed)
	if len(gone) > 0 {
		b.Queue(deleteAgents, gone)
	}
}

func queueAgents(b *pgx.Batch, sql string, all []agentRow) {
	if len(all) == 0 {
		return
	}
	b.Queue(sql, list(all, func(r *agentRow) int64 { return r.n }), list(all, func(r *agentRow) string { return pack(string(r.user)) }), list(all, func(r *agentRow) int64 { return r.version }),
		list(all, func(r *agentRow) []byte { return r.head.State }), list(all, func(r *agentRow) string { return pack(string(r.head.Instance)) }),
		list(all, func(r *agentRow) *int64 { return millis(r.head.Due) }), list(all, func(r *agentRow) bool { return r.head.Online }), list(all, func(r *agentRow) int64 { return int64(store.ShardOf(r.user)) }))
}

// Holdings that heads no longer say go, those that they say now come, and those that stay are not written.
const (
	dropHeld = `DELETE FROM holdings AS h WHERE h.chat = ANY($1) AND NOT EXISTS (
		SELECT 1 FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[]) AS u (instance, member, since, chat, work)
		WHERE u.instance = h.instance AND u.member = h.member AND u.since = h.since AND u.chat = h.chat AND u.work = h.work)`
	takeHeld = `INSERT INTO holdings (instance, member, since, chat, work) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) ON CONFLICT DO NOTHING`
)

type heldRow struct {
	instance, member string
	since, chat      int64
	work             string
}

func (g *group) writeHeld(b *pgx.Batch) {
	var all []heldRow
	var old []int64
	for _, ch := range g.chats {
		if ch.head == nil {
			continue
		}
		if !ch.fresh {
			old = append(old, ch.n)
		}
		for _, h := range ch.head.Held {
			all = append(all, heldRow{ch.instance, pack(string(h.User)), h.Since.UnixMilli(), ch.n, pack(h.Work)})
		}
	}
	instances, members := list(all, func(h *heldRow) string { return h.instance }), list(all, func(h *heldRow) string { return h.member })
	sinces, chats, works := list(all, func(h *heldRow) int64 { return h.since }), list(all, func(h *heldRow) int64 { return h.chat }), list(all, func(h *heldRow) string { return h.work })
	if len(old) > 0 {
		b.Queue(dropHeld, old, instances, members, sinces, chats, works)
	}
	if len(all) > 0 {
		b.Queue(takeHeld, instances, members, sinces, chats, works)
	}
}
