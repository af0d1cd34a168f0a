package sqlite

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// maxItems is the most one read of a transcript returns.
const maxItems = 1000

// Items implements [store.Store].
func (s *Store) Items(ctx context.Context, q store.ItemQuery) (items []center.Item, err error) {
	sql, args := itemSQL(q)
	err = s.read(ctx, func(c *conn) error {
		n, err := c.chatNumber(q.Chat)
		if err != nil {
			return err
		}
		args[0] = n
		return c.query(func(r row) error {
			it, err := readItem(q.Chat, r)
			items = append(items, it)
			return err
		}, sql, args...)
	})
	return items, err
}

// itemSQL returns the statement for a query and its arguments; the first one,
// the chat's number, is left to be filled in. There are few enough shapes of
// it to keep them prepared.
func itemSQL(q store.ItemQuery) (string, []any) {
	var sql strings.Builder
	sql.WriteString(`SELECT seq, id, contact, time, type, content_type, content, participant, display_name, role,
		visibility, attachment, client_token, processing FROM items WHERE chat = ? AND seq BETWEEN ? AND ?`)
	to := q.To
	if to == 0 {
		to = math.MaxInt64
	}
	args := []any{nil, q.From, to}
	where := func(condition string, arg any) {
		sql.WriteString(" AND " + condition)
		args = append(args, arg)
	}
	if q.Contact == q.Chat && q.Contact != "" {
		sql.WriteString(" AND contact IS NULL")
	} else if q.Contact != "" {
		where("contact = ?", string(q.Contact))
	}
	if !q.Before.IsZero() {
		where("time <= ?", q.Before.UnixMilli())
	}
	if !q.After.IsZero() {
		where("time >= ?", q.After.UnixMilli())
	}
	for _, v := range slices.Compact(slices.Sorted(slices.Values(q.Hidden))) {
		where("visibility IS NOT ?", text(v))
	}
	sql.WriteString(" ORDER BY seq")
	if q.Descending {
		sql.WriteString(" DESC")
	}
	sql.WriteString(" LIMIT ?+0")
	limit := q.Limit
	if limit <= 0 || limit > maxItems {
		limit = maxItems
	}
	return sql.String(), append(args, int64(limit))
}

func readItem(chat center.ContactID, r row) (center.Item, error) {
	it := center.Item{
		Chat: chat, Seq: r.int(0), ID: center.ItemID(r.id(1)), Contact: center.ContactID(r.text(2)), Time: r.time(3),
		Type: center.ItemType(r.text(4)), ContentType: r.text(5), Content: r.text(6), Participant: center.ParticipantID(r.id(7)),
		DisplayName: r.text(8), Role: center.Role(r.text(9)), Visibility: center.Visibility(r.text(10)), ClientToken: r.id(12),
		Processing: center.Processing(r.text(13)),
	}
	if it.Contact == "" {
		it.Contact = chat
	}
	if a := r.text(11); a != "" {
		it.Attachment = &center.Attachment{}
		if err := json.Unmarshal([]byte(a), it.Attachment); err != nil {
			return it, err
		}
	}
	return it, nil
}

// Receipts implements [store.Store].
func (s *Store) Receipts(ctx context.Context, chat center.ContactID, items []center.ItemID) (receipts []center.Receipt, err error) {
	err = s.read(ctx, func(c *conn) error {
		n, err := c.chatNumber(chat)
		if err != nil {
			return err
		}
		for _, id := range items {
			if err := c.query(func(r row) error {
				receipts = append(receipts, center.Receipt{Chat: chat, Item: id,
					Recipient: center.ParticipantID(r.id(0)), Delivered: r.time(1), Read: r.time(2)})
				return nil
			}, "SELECT recipient, delivered, read FROM receipts WHERE chat = ? AND item = ?", n, packID(id)); err != nil {
				return err
			}
		}
		return nil
	})
	return receipts, err
}

// chatNumber returns the number by which items and receipts name a chat.
func (c *conn) chatNumber(id center.ContactID) (int64, error) {
	r, err := c.first("SELECT n FROM chats WHERE id = ?", string(id))
	if err != nil {
		return 0, err
	}
	if r == nil {
		return 0, missing("contact", string(id))
	}
	return r.int(0), nil
}
