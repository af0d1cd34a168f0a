package sqlite

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// maxItems is the most one read of a transcript returns.
const maxItems = 1000

// Items implements [store.Store].
func (s *Store) Items(ctx context.Context, q store.ItemQuery) (items []center.Item, err error) {
	err = s.read(ctx, string(q.Chat), func(c *conn) error {
		n, err := c.chatNumber(q.Chat)
		if err != nil {
			return err
		}
		bounds, err := c.narrow(n, &q)
		if err != nil || bounds.from > bounds.to {
			return err
		}
		sql, args := itemSQL(&q)
		args[0], args[1], args[2] = n, bounds.from, bounds.to
		return c.Query(func(r row) error {
			it, err := readItem(q.Chat, r)
			items = append(items, it)
			return err
		}, sql, args...)
	})
	return items, err
}

// span is a run of a transcript, both ends included.
type span struct{ from, to int64 }

// narrow returns the run of a transcript in which a query's items lie. Times
// and contacts follow the sequence numbers (see [store.ItemQuery]), so their
// bounds are found by bisection of the one index on those: some twenty looks
// each for a million items, where reading until the bound is passed would take as long
// as there are items before it.
func (c *conn) narrow(chat int64, q *store.ItemQuery) (span, error) {
	in := span{q.From, q.To}
	if in.to == 0 {
		in.to = math.MaxInt64
	}
	if q.Before.IsZero() && q.After.IsZero() && q.Contact == "" {
		return in, nil
	}
	r, err := c.First("SELECT max(seq) FROM items WHERE chat = ?", chat)
	if err != nil {
		return in, err
	}
	in.from, in.to = max(in.from, 1), min(in.to, r.Int(0))
	if !q.After.IsZero() {
		if in.from, err = c.bisect(timeAt, chat, in, q.After.UnixMilli()); err != nil {
			return in, err
		}
	}
	if !q.Before.IsZero() {
		end, err := c.bisect(timeAt, chat, in, q.Before.UnixMilli()+1)
		if err != nil {
			return in, err
		}
		in.to = end - 1
	}
	if q.Contact == "" {
		return in, nil
	}
	if r, err = c.First("SELECT initiated FROM contacts WHERE id = ?", string(q.Contact)); err != nil {
		return in, err
	}
	if r == nil { // no items either
		return span{1, 0}, nil
	}
	if in.from, err = c.bisect(contactAt, chat, in, r.Int(0)); err != nil {
		return in, err
	}
	end, err := c.bisect(contactAt, chat, in, r.Int(0)+1)
	in.to = end - 1
	return in, err
}

// What [conn.bisect] compares: the time of an item, and the time at which the
// contact that it belongs to was initiated.
const (
	timeAt    = "SELECT seq, time FROM items WHERE chat = ? AND seq >= ? ORDER BY seq LIMIT 1"
	contactAt = `SELECT seq, (SELECT initiated FROM contacts WHERE contacts.id = coalesce(contact, (SELECT id FROM chats WHERE n = items.chat)))
		FROM items WHERE chat = ? AND seq >= ? ORDER BY seq LIMIT 1`
)

// bisect returns the sequence number from which on, within a run of a transcript, the
// items have at least a value: the end of the run plus one when none has. Its
// statement takes the chat and a number, and gives the first item from that on and its value.
func (c *conn) bisect(sql string, chat int64, in span, value int64) (int64, error) {
	for in.from <= in.to {
		middle := in.from + (in.to-in.from)/2
		r, err := c.First(sql, chat, middle)
		if err != nil {
			return 0, err
		}
		if r != nil && r.Int(0) <= in.to && r.Int(1) < value {
			in.from = r.Int(0) + 1
		} else {
			in.to = middle - 1
		}
	}
	return in.from, nil
}

// itemSQL returns the statement for a query and its arguments; the first three,
// the chat's number and the bounds of the sequence, are left to be filled in.
// There are few enough shapes of it to keep them prepared.
func itemSQL(q *store.ItemQuery) (string, []any) {
	var sql strings.Builder
	sql.WriteString(`SELECT seq, id, contact, time, type, content_type, content, participant, display_name, role,
		visibility, attachment, client_token, processing FROM items WHERE chat = ? AND seq BETWEEN ? AND ?`)
	args := []any{nil, nil, nil}
	if q.Contact == q.Chat && q.Contact != "" {
		sql.WriteString(" AND contact IS NULL")
	} else if q.Contact != "" { // narrow goes by a time, which a contact of another chat may share
		sql.WriteString(" AND contact = ?")
		args = append(args, string(q.Contact))
	}
	for _, v := range slices.Compact(slices.Sorted(slices.Values(q.Hidden))) {
		sql.WriteString(" AND visibility IS NOT ?")
		args = append(args, sqlconn.Text(v))
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
		Chat: chat, Seq: r.Int(0), ID: center.ItemID(r.ID(1)), Contact: center.ContactID(r.Text(2)), Time: r.Time(3),
		Type: center.ItemType(r.Text(4)), ContentType: r.Text(5), Content: r.Text(6), Participant: center.ParticipantID(r.ID(7)),
		DisplayName: r.Text(8), Role: center.Role(r.Text(9)), Visibility: center.Visibility(r.Text(10)), ClientToken: r.ID(12),
		Processing: center.Processing(r.Text(13)),
	}
	if it.Contact == "" {
		it.Contact = chat
	}
	if a := r.Text(11); a != "" {
		it.Attachment = &center.Attachment{}
		if err := json.Unmarshal([]byte(a), it.Attachment); err != nil {
			return it, err
		}
	}
	return it, nil
}

// Receipts implements [store.Store].
func (s *Store) Receipts(ctx context.Context, chat center.ContactID, items []center.ItemID) (receipts []center.Receipt, err error) {
	err = s.read(ctx, string(chat), func(c *conn) error {
		n, err := c.chatNumber(chat)
		if err != nil {
			return err
		}
		for _, id := range items {
			if err := c.Query(func(r row) error {
				receipts = append(receipts, center.Receipt{Chat: chat, Item: id,
					Recipient: center.ParticipantID(r.ID(0)), Delivered: r.Time(1), Read: r.Time(2)})
				return nil
			}, "SELECT recipient, delivered, read FROM receipts WHERE chat = ? AND item = ?", n, sqlconn.PackID(id)); err != nil {
				return err
			}
		}
		return nil
	})
	return receipts, err
}

// chatNumber returns the number by which items and receipts name a chat.
func (c *conn) chatNumber(id center.ContactID) (int64, error) {
	r, err := c.First("SELECT n FROM chats WHERE id = ?", string(id))
	if err != nil {
		return 0, err
	}
	if r == nil {
		return 0, missing("contact", string(id))
	}
	return r.Int(0), nil
}

// The first item with a token is the one that counts: a later row is ignored.
const (
	rememberSQL = "INSERT OR IGNORE INTO tokens (chat, token, participant, file, seq) VALUES (?, ?, ?, ?, ?)"
	// rememberAllSQL is for all items of a chat.
	rememberAllSQL = `INSERT OR IGNORE INTO tokens (chat, token, participant, file, seq)
		SELECT chat, client_token, participant, type = 'ATTACHMENT', seq FROM items
		WHERE chat = ? AND client_token IS NOT NULL AND participant IS NOT NULL ORDER BY seq`
)

// writeTokens keeps the ClientTokens of the items of a change, which are
// written, where [Store.Sent] finds them. Of a chat that is short nothing is
// kept; when it has become long, those of all its items are. An index on all
// items would do the same, at a tenth of what a message costs.
func (w *writer) writeTokens(items []center.Item, ch chat) error {
	if len(items) == 0 || ch.last <= store.RecentItems {
		return nil
	}
	if items[0].Seq <= store.RecentItems+1 {
		_, err := w.conn.Exec(rememberAllSQL, ch.n)
		return err
	}
	for i := range items {
		it := &items[i]
		if it.ClientToken == "" || it.Participant == "" {
			continue
		}
		if _, err := w.conn.Exec(rememberSQL, ch.n, sqlconn.PackID(it.ClientToken), sqlconn.PackID(it.Participant), sqlconn.Flag(it.Type == center.TypeAttachment), it.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Sent implements [store.Store].
func (s *Store) Sent(ctx context.Context, chat center.ContactID, q store.SentQuery) (sent store.SentItem, err error) {
	err = s.read(ctx, string(chat), func(c *conn) error {
		r, err := c.First(`SELECT items.id, items.time FROM chats
			CROSS JOIN tokens ON tokens.chat = chats.n AND token = ? AND tokens.participant = ? AND file = ?
			CROSS JOIN items ON items.chat = tokens.chat AND items.seq = tokens.seq WHERE chats.id = ?`,
			sqlconn.PackID(q.ClientToken), sqlconn.PackID(q.Participant), sqlconn.Flag(q.Attachment), string(chat))
		if err != nil {
			return err
		}
		if r == nil {
			return missing("item", q.ClientToken)
		}
		sent = store.SentItem{ID: center.ItemID(r.ID(0)), Time: r.Time(1)}
		return nil
	})
	return sent, err
}
