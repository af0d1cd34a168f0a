package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// holding is a row of a chat's holdings, without instance and chat.
type holding struct {
	user  string
	since int64
	work  string
}

func (h holding) compare(other holding) int {
	return cmp.Or(cmp.Compare(h.user, other.user), cmp.Compare(h.since, other.since), cmp.Compare(h.work, other.work))
}

// holdingsOf returns what a head says in the order in which it is compared, each once.
func holdingsOf(held []store.Holding) []holding {
	if len(held) == 0 {
		return nil
	}
	all := make([]holding, len(held))
	for i, h := range held {
		all[i] = holding{string(h.User), h.Since.UnixMilli(), h.Work}
	}
	slices.SortFunc(all, holding.compare)
	return slices.Compact(all)
}

// readHeld returns the holdings of a chat.
func (c *conn) readHeld(chat int64) (held []holding, err error) {
	err = c.Query(func(r row) error {
		held = append(held, holding{r.Text(0), r.Int(1), r.Text(2)})
		return nil
	}, "SELECT user, since, work FROM holdings WHERE chat = ?", chat)
	slices.SortFunc(held, holding.compare)
	return held, err
}

// writeHeld writes the holdings in which a chat differs from what it was, nil when it is new.
func (w *writer) writeHeld(was, is *chat) error {
	var old []holding
	moved := false
	if was != nil {
		old, moved = was.held, was.facts.instance != is.facts.instance
	}
	if len(old) == 0 && len(is.held) == 0 {
		return nil
	}
	for _, h := range old {
		if moved || !slices.Contains(is.held, h) {
			if _, err := w.conn.Exec("DELETE FROM holdings WHERE instance = ? AND user = ? AND since = ? AND chat = ? AND work = ?",
				string(was.facts.instance.Value()), h.user, h.since, is.n, h.work); err != nil {
				return fmt.Errorf("holdings: %w", err)
			}
		}
	}
	for _, h := range is.held {
		if moved || !slices.Contains(old, h) {
			if _, err := w.conn.Exec("INSERT INTO holdings (instance, user, since, chat, work) VALUES (?, ?, ?, ?, ?)",
				string(is.facts.instance.Value()), h.user, h.since, is.n, h.work); err != nil {
				return fmt.Errorf("holdings: %w", err)
			}
		}
	}
	return nil
}

// What [Store.Held] asks, of one user and of all.
const (
	heldSQL = `SELECT c.id, h.user, h.since, h.work, h.chat FROM holdings AS h CROSS JOIN chats AS c ON c.n = h.chat
		WHERE h.instance = ? AND h.user = ? AND (h.since, h.chat, h.work) > (?, ?, ?) ORDER BY h.since, h.chat, h.work LIMIT ?+0`
	allHeldSQL = `SELECT c.id, h.user, h.since, h.work, h.chat FROM holdings AS h CROSS JOIN chats AS c ON c.n = h.chat
		WHERE h.instance = ? AND (h.user, h.since, h.chat, h.work) > (?, ?, ?, ?) ORDER BY h.user, h.since, h.chat, h.work LIMIT ?+0`
)

// Held implements [store.Store].
func (s agentKeeper) Held(ctx context.Context, instance center.InstanceID, user center.UserID) iter.Seq2[store.HeldChat, error] {
	sql := heldSQL
	if user == "" {
		sql = allHeldSQL
	}
	return pages(s.Store, ctx, string(instance), func() nextPage[store.HeldChat] {
		last, chat := holding{user: string(user), since: math.MinInt64}, int64(0)
		return func(c *conn, add func(store.HeldChat)) error {
			return c.Query(func(r row) error {
				last, chat = holding{r.Text(1), r.Int(2), r.Text(3)}, r.Int(4)
				add(store.HeldChat{Chat: center.ContactID(r.Text(0)), Holding: store.Holding{User: center.UserID(last.user), Since: r.Time(2), Work: last.work}})
				return nil
			}, sql, string(instance), last.user, last.since, chat, last.work, int64(page))
		}
	})
}
