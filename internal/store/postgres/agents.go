package postgres

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// agentKeeper is the part of a Store that keeps agents.
type agentKeeper struct{ *Store }

var _ store.AgentKeeper = agentKeeper{}

const agentColumns = "SELECT member, instance, version, state, due, online FROM agents WHERE "

func readAgent(r pgx.Rows) (a store.AgentRow, err error) {
	var member, instance string
	var due *int64
	err = r.Scan(&member, &instance, &a.Version, &a.State, &due, &a.Online)
	a.User, a.Instance, a.Due = center.UserID(unpack(member)), center.InstanceID(unpack(instance)), moment(due)
	if len(a.State) == 0 {
		a.State = nil
	}
	return a, err
}

// Agent implements [store.Store].
func (s agentKeeper) Agent(ctx context.Context, user center.UserID) (store.AgentHead, error) {
	return fetch(ctx, s.Store, func(t *tx) (store.AgentHead, error) {
		found, err := rows(t, readAgent, agentColumns+"member = $1", pack(string(user)))
		if err != nil {
			return store.AgentHead{}, err
		}
		if len(found) == 0 {
			return store.AgentHead{}, missing("agent", string(user))
		}
		return found[0].AgentHead, nil
	})
}

// Agents implements [store.Store].
func (s agentKeeper) Agents(ctx context.Context, instance center.InstanceID, online bool) iter.Seq2[store.AgentRow, error] {
	sql := agentColumns + "instance = $1 AND member > $2 ORDER BY member LIMIT $3"
	if online {
		sql = agentColumns + "online AND instance = $1 AND member > $2 ORDER BY member LIMIT $3"
	}
	return pages(ctx, s.Store, func() func(*tx) ([]store.AgentRow, error) {
		var last center.UserID
		return func(t *tx) ([]store.AgentRow, error) {
			all, err := rows(t, readAgent, sql, pack(string(instance)), pack(string(last)), page)
			if len(all) > 0 {
				last = all[len(all)-1].User
			}
			return all, err
		}
	})
}

// DueAgents implements [store.Store].
func (s agentKeeper) DueAgents(ctx context.Context, shards store.Shards, now time.Time, limit int) ([]center.UserID, time.Time, error) {
	return due[center.UserID](ctx, s.Store, "SELECT member, due FROM agents WHERE due IS NOT NULL AND shard = ANY($1) ORDER BY due, n LIMIT $2", shards, now, limit)
}

// heldChat is a row of holdings, and its place among them.
type heldChat struct {
	store.HeldChat
	since, chat int64
}

// What [Store.Held] asks, of one user and of all.
const (
	heldSQL = `SELECT c.id, h.member, h.since, h.work, h.chat FROM holdings AS h JOIN chats AS c ON c.n = h.chat
		WHERE h.instance = $1 AND h.member = $2 AND (h.since, h.chat, h.work) > ($3, $4, $5) ORDER BY h.since, h.chat, h.work LIMIT $6`
	allHeldSQL = `SELECT c.id, h.member, h.since, h.work, h.chat FROM holdings AS h JOIN chats AS c ON c.n = h.chat
		WHERE h.instance = $1 AND (h.member, h.since, h.chat, h.work) > ($2, $3, $4, $5) ORDER BY h.member, h.since, h.chat, h.work LIMIT $6`
)

// Held implements [store.Store].
func (s agentKeeper) Held(ctx context.Context, instance center.InstanceID, user center.UserID) iter.Seq2[store.HeldChat, error] {
	sql := heldSQL
	if user == "" {
		sql = allHeldSQL
	}
	all := pages(ctx, s.Store, func() func(*tx) ([]heldChat, error) {
		last := heldChat{since: math.MinInt64}
		last.User = user
		return func(t *tx) ([]heldChat, error) {
			all, err := rows(t, func(r pgx.Rows) (h heldChat, err error) {
				var id, member, work string
				err = r.Scan(&id, &member, &h.since, &work, &h.chat)
				h.Chat, h.User, h.Since, h.Work = center.ContactID(unpack(id)), center.UserID(unpack(member)), moment(&h.since), unpack(work)
				return h, err
			}, sql, pack(string(instance)), pack(string(last.User)), last.since, last.chat, pack(last.Work), page)
			if len(all) > 0 {
				last = all[len(all)-1]
			}
			return all, err
		}
	})
	return func(yield func(store.HeldChat, error) bool) {
		for h, err := range all {
			if !yield(h.HeldChat, err) {
				return
			}
		}
	}
}
