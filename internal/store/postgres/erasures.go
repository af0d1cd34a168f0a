package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// PutErasure implements [store.Store].
func (s eraser) PutErasure(ctx context.Context, e store.Erasure, chats []center.ContactID) error {
	return s.do(ctx, func(t *tx) error {
		if err := putErasure(t, &e); err != nil {
			return err
		}
		_, err := t.exec("INSERT INTO erasure_chats (erasure, chat) SELECT $1, chat FROM unnest($2::text[]) AS u (chat) ORDER BY chat ON CONFLICT DO NOTHING", pack(e.ID), strs(chats))
		return err
	})
}

// putErasure records an erasure. That of an instance takes the chats and agents that there are, and none that an instance with the same id, made
// again, has later: what begins then has greater numbers.
func putErasure(t *tx, e *store.Erasure) error {
	var upto, lastAgent *int64
	if e.By == store.ByInstance {
		upto, lastAgent = new(int64), new(int64)
		if _, err := t.first([]any{upto, lastAgent}, "SELECT nextval('chat_numbers'), nextval('agent_numbers')"); err != nil {
			return err
		}
	}
	_, err := t.exec("INSERT INTO erasures (id, instance, selected, key, asked, upto, last_agent) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		pack(e.ID), pack(string(e.Instance)), string(e.By), optional(e.Key), e.Asked.UnixMilli(), upto, lastAgent)
	return err
}

// Chats that erasures are still to take: those on their lists, and those of deleted instances, found by the records of contacts, which go with the chats.
const (
	listedSQL = "SELECT erasure, chat FROM erasure_chats ORDER BY erasure, chat LIMIT $1"
	ownedSQL  = `SELECT DISTINCT e.id, c.id FROM erasures AS e JOIN contacts AS k ON k.instance = e.instance JOIN chats AS c ON c.id = k.chat
		WHERE e.finished IS NULL AND e.upto IS NOT NULL AND c.n <= e.upto LIMIT $1`
)

// Listed implements [store.Store].
func (s eraser) Listed(ctx context.Context, limit int) ([]store.Doomed, error) {
	return fetch(ctx, s.Store, func(t *tx) (chats []store.Doomed, err error) {
		for _, sql := range []string{listedSQL, ownedSQL} {
			if len(chats) >= limit {
				break
			}
			found, err := rows(t, func(r pgx.Rows) (store.Doomed, error) {
				var erasure, chat string
				err := r.Scan(&erasure, &chat)
				return store.Doomed{Erasure: unpack(erasure), Chat: center.ContactID(unpack(chat))}, err
			}, sql, limit-len(chats))
			if err != nil {
				return nil, err
			}
			chats = append(chats, found...)
		}
		return chats, nil
	})
}

// Unlist implements [store.Store].
func (s eraser) Unlist(ctx context.Context, chats []store.Doomed) error {
	return s.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM erasure_chats USING unnest($1::text[], $2::text[]) AS u (erasure, chat) WHERE erasure_chats.erasure = u.erasure AND erasure_chats.chat = u.chat",
			list(chats, func(d *store.Doomed) string { return pack(d.Erasure) }), list(chats, func(d *store.Doomed) string { return pack(string(d.Chat)) }))
		return err
	})
}

// What erasures of deleted instances are to take of agents, and of deliveries that have no chat.
const (
	takenAgents     = " AS a WHERE a.instance = erasures.instance AND a.n <= erasures.last_agent"
	takenDeliveries = " AS d WHERE d.instance = erasures.instance AND d.chat = '' AND coalesce(d.created, 0) <= erasures.asked AND erasures.upto IS NOT NULL"
)

// taken is a row that an erasure takes.
type taken struct {
	erasure string
	n       int64
}

// eraseAgents deletes at most limit rows of the agents of deleted instances and of their deliveries, and reports whether there are more.
func eraseAgents(t *tx, limit int64) (more bool, err error) {
	for _, left := range []struct {
		kind, rows string
		remove     func(all []int64) error
	}{
		{rules.KindAgents, "a.n FROM erasures, agents" + takenAgents, func(all []int64) error {
			_, err := t.exec(deleteAgents, all)
			return err
		}},
		{rules.KindDeliveries, "d.id FROM erasures, outbox" + takenDeliveries, func(all []int64) error {
			streams, err := lockStreamsOf(t, all)
			if err != nil {
				return err
			}
			if _, err := t.exec("DELETE FROM outbox WHERE id = ANY($1)", all); err != nil {
				return err
			}
			return settleStreams(t, streams)
		}},
		{rules.KindDead, "d.id FROM erasures, dead_letters" + takenDeliveries, func(all []int64) error {
			_, err := t.exec("DELETE FROM dead_letters WHERE id = ANY($1)", all)
			return err
		}},
	} {
		found, err := rows(t, func(r pgx.Rows) (k taken, err error) { err = r.Scan(&k.erasure, &k.n); return k, err },
			"SELECT erasures.id, "+left.rows+" AND erasures.finished IS NULL LIMIT $1", limit)
		if err != nil {
			return false, err
		}
		if len(found) > 0 {
			if err := left.remove(list(found, func(k *taken) int64 { return k.n })); err != nil {
				return false, err
			}
		}
		of := map[string]int64{}
		for _, k := range found {
			of[k.erasure]++
		}
		for erasure, n := range of {
			if err := (counts{left.kind: n}).add(t, erasure); err != nil {
				return false, err
			}
		}
		if limit -= int64(len(found)); limit <= 0 {
			return true, nil
		}
	}
	return false, nil
}

const whereReady = ` WHERE finished IS NULL
	AND NOT EXISTS (SELECT 1 FROM erasure_chats WHERE erasure = erasures.id)
	AND NOT EXISTS (SELECT 1 FROM remains WHERE erasure = erasures.id)
	AND (upto IS NULL OR NOT EXISTS (SELECT 1 FROM contacts AS k JOIN chats AS c ON c.id = k.chat WHERE k.instance = erasures.instance AND c.n <= upto))
	AND NOT EXISTS (SELECT 1 FROM agents` + takenAgents + `)
	AND NOT EXISTS (SELECT 1 FROM outbox` + takenDeliveries + `)
	AND NOT EXISTS (SELECT 1 FROM dead_letters` + takenDeliveries + `)`

// Ready implements [store.Store].
func (s eraser) Ready(ctx context.Context) ([]store.Erasure, error) {
	return s.erasures(ctx, whereReady+" ORDER BY id")
}

// FinishErasures implements [store.Store].
func (s eraser) FinishErasures(ctx context.Context, now time.Time) (finished int, err error) {
	return give(ctx, s.Store, func(t *tx) (finished int, err error) {
		ended, err := texts[string](t, "UPDATE erasures SET finished = $1"+whereReady+" RETURNING CASE WHEN upto IS NULL THEN '' ELSE instance END", now.UnixMilli())
		if err != nil {
			return 0, err
		}
		for _, instance := range ended {
			if instance == "" {
				continue
			}
			var one int
			again, err := t.first([]any{&one}, "SELECT 1 FROM resources WHERE kind = 'instance' AND id = $1", instance)
			if err != nil {
				return 0, err
			}
			if again {
				continue
			}
			if err := dropInstance(t, instance); err != nil {
				return 0, err
			}
		}
		return len(ended), nil
	})
}

// dropInstance deletes what is left of a deleted instance besides chats, and what was written for it since its agents were erased. Stores that know of
// its counters find them gone, and make them again.
func dropInstance(t *tx, instance string) error {
	for _, sql := range []string{
		"DELETE FROM agents WHERE instance = $1",
		"DELETE FROM revisions WHERE instance = $1",
		"DELETE FROM counters WHERE position('/' || $1 || '/' IN name || '/') > 0",
	} {
		if _, err := t.exec(sql, instance); err != nil {
			return err
		}
	}
	return nil
}

const erasureColumns = `SELECT id, instance, selected, key, asked, finished, (SELECT count(*) FROM erasure_chats WHERE erasure = erasures.id) FROM erasures`

// Erasure implements [store.Store].
func (s eraser) Erasure(ctx context.Context, id string) (store.Erasure, error) {
	found, err := s.erasures(ctx, " WHERE id = $1", pack(id))
	if err != nil {
		return store.Erasure{}, err
	}
	if len(found) == 0 {
		return store.Erasure{}, plain(missing("erasure", id))
	}
	found[0].Contacts, err = s.chatIDs(ctx, "SELECT contact FROM erased_contacts WHERE erasure = $1 ORDER BY contact", pack(id))
	return found[0], err
}

// Erasures implements [store.Store].
func (s eraser) Erasures(ctx context.Context, before string, limit int) ([]store.Erasure, error) {
	if before == "" {
		return s.erasures(ctx, " ORDER BY id DESC LIMIT $1", limit)
	}
	return s.erasures(ctx, " WHERE id < $1 ORDER BY id DESC LIMIT $2", pack(before), limit)
}

func (s eraser) erasures(ctx context.Context, which string, args ...any) ([]store.Erasure, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.Erasure, error) {
		found, err := rows(t, readErasure, erasureColumns+which, args...)
		for i := range found {
			if err == nil {
				err = t.query(func(r pgx.Rows) error {
					var kind string
					var n int64
					err := r.Scan(&kind, &n)
					found[i].Counts[kind] = n
					return err
				}, "SELECT kind, count FROM erased_counts WHERE erasure = $1", pack(found[i].ID))
			}
		}
		return found, err
	})
}

func readErasure(r pgx.Rows) (store.Erasure, error) {
	var id, instance, selected string
	var key *string
	var asked, finished *int64
	var waiting int64
	err := r.Scan(&id, &instance, &selected, &key, &asked, &finished, &waiting)
	return store.Erasure{ID: unpack(id), Instance: center.InstanceID(unpack(instance)), By: store.ErasedBy(selected), Key: text[string](key),
		Asked: moment(asked), Finished: moment(finished), Waiting: waiting, Counts: map[string]int64{}}, err
}
