package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// maxItems is the most one read of a transcript returns.
const maxItems = 1000

// Items implements [store.Store].
func (s *Store) Items(ctx context.Context, q store.ItemQuery) ([]center.Item, error) {
	return fetch(ctx, s, func(t *tx) ([]center.Item, error) {
		n, err := chatNumber(t, q.Chat)
		if err != nil {
			return nil, err
		}
		in, err := narrow(t, n, &q)
		if err != nil || in.from > in.to {
			return nil, err
		}
		sql, args := itemSQL(&q, n, in)
		return rows(t, func(r pgx.Rows) (center.Item, error) { return readItem(q.Chat, r) }, sql, args...)
	})
}

// span is a run of a transcript, both ends included.
type span struct{ from, to int64 }

// narrow returns the run of a transcript in which a query's items lie. Times and contacts follow the sequence numbers (see [store.ItemQuery]), so
// their bounds are found by bisection of the one index on those, within the database: each is one statement.
func narrow(t *tx, chat int64, q *store.ItemQuery) (span, error) {
	in := span{q.From, q.To}
	if in.to == 0 {
		in.to = math.MaxInt64
	}
	if q.Before.IsZero() && q.After.IsZero() && q.Contact == "" {
		return in, nil
	}
	var last int64
	if _, err := t.first([]any{&last}, "SELECT coalesce(max(seq), 0) FROM items WHERE chat = $1", chat); err != nil {
		return in, err
	}
	in.from, in.to = max(in.from, 1), min(in.to, last)
	var err error
	if !q.After.IsZero() {
		if in.from, err = bisect(t, timeAt, chat, in, q.After.UnixMilli()); err != nil {
			return in, err
		}
	}
	if !q.Before.IsZero() {
		end, err := bisect(t, timeAt, chat, in, q.Before.UnixMilli()+1)
		if err != nil {
			return in, err
		}
		in.to = end - 1
	}
	if q.Contact == "" {
		return in, nil
	}
	var initiated int64
	found, err := t.first([]any{&initiated}, "SELECT initiated FROM contacts WHERE id = $1", pack(string(q.Contact)))
	if err != nil || !found { // no items either
		return span{1, 0}, err
	}
	if in.from, err = bisect(t, contactAt, chat, in, initiated); err != nil {
		return in, err
	}
	end, err := bisect(t, contactAt, chat, in, initiated+1)
	in.to = end - 1
	return in, err
}

// What [bisect] compares of the item i: its time, and the time at which the contact that it belongs to was initiated.
const (
	timeAt    = "i.time"
	contactAt = "(SELECT initiated FROM contacts WHERE contacts.id = coalesce(i.contact, (SELECT id FROM chats WHERE n = i.chat)))"
)

// bisect returns the sequence number from which on, within a run of a transcript, the items have at least a value: the end of the run plus one when
// none has. The steps are a recursion, so that they cost no round trips.
func bisect(t *tx, what string, chat int64, in span, value int64) (from int64, err error) {
	if in.from > in.to {
		return in.from, nil
	}
	_, err = t.first([]any{&from}, `WITH RECURSIVE step (a, b) AS (
			SELECT $2::bigint, $3::bigint
			UNION ALL
			SELECT CASE WHEN m.low THEN m.seq + 1 ELSE step.a END, CASE WHEN m.low THEN step.b ELSE (step.a + step.b) / 2 - 1 END
			FROM step CROSS JOIN LATERAL (SELECT coalesce(max(i.seq), 0) AS seq, coalesce(bool_or(i.value < $4), false) AS low FROM (
				SELECT i.seq, `+what+` AS value FROM items AS i WHERE i.chat = $1 AND i.seq >= (step.a + step.b) / 2 AND i.seq <= $3 ORDER BY i.seq LIMIT 1) AS i) AS m
			WHERE step.a <= step.b
		) SELECT a FROM step WHERE a > b LIMIT 1`, chat, in.from, in.to, value)
	return from, err
}

// itemSQL returns the statement for a query and its arguments. There are few enough shapes of it to keep them prepared.
func itemSQL(q *store.ItemQuery, chat int64, in span) (string, []any) {
	sql := `SELECT seq, id, contact, time, type, content_type, content, participant, display_name, role, visibility, attachment, client_token, processing
		FROM items WHERE chat = $1 AND seq BETWEEN $2 AND $3`
	limit := q.Limit
	if limit <= 0 || limit > maxItems {
		limit = maxItems
	}
	args := []any{chat, in.from, in.to, limit}
	if q.Contact == q.Chat && q.Contact != "" {
		sql += " AND contact IS NULL"
	} else if q.Contact != "" { // narrow goes by a time, which a contact of another chat may share
		args = append(args, pack(string(q.Contact)))
		sql += fmt.Sprintf(" AND contact = $%d", len(args))
	}
	if len(q.Hidden) > 0 {
		args = append(args, strs(slices.Compact(slices.Sorted(slices.Values(q.Hidden)))))
		sql += fmt.Sprintf(" AND NOT coalesce(visibility, '') = ANY($%d)", len(args))
	}
	sql += " ORDER BY seq"
	if q.Descending {
		sql += " DESC"
	}
	return sql + " LIMIT $4", args
}

func readItem(chat center.ContactID, r pgx.Rows) (center.Item, error) {
	it := center.Item{Chat: chat}
	var id, kind string
	var at int64
	var contact, contentType, content, participant, name, role, visibility, attachment, token, processing *string
	if err := r.Scan(&it.Seq, &id, &contact, &at, &kind, &contentType, &content, &participant, &name, &role, &visibility, &attachment, &token, &processing); err != nil {
		return it, err
	}
	it.ID, it.Contact, it.Time, it.Type = center.ItemID(unpack(id)), text[center.ContactID](contact), moment(&at), center.ItemType(kind)
	it.ContentType, it.Content, it.Participant, it.DisplayName = text[string](contentType), text[string](content), text[center.ParticipantID](participant), text[string](name)
	it.Role, it.Visibility, it.ClientToken, it.Processing = text[center.Role](role), text[center.Visibility](visibility), text[string](token), text[center.Processing](processing)
	if it.Contact == "" {
		it.Contact = chat
	}
	if attachment != nil {
		it.Attachment = &center.Attachment{}
		if err := json.Unmarshal(unpackJSON(*attachment), it.Attachment); err != nil {
			return it, refuse(err)
		}
	}
	return it, nil
}

// Receipts implements [store.Store].
func (s *Store) Receipts(ctx context.Context, chat center.ContactID, items []center.ItemID) ([]center.Receipt, error) {
	return fetch(ctx, s, func(t *tx) ([]center.Receipt, error) {
		n, err := chatNumber(t, chat)
		if err != nil {
			return nil, err
		}
		return rows(t, func(r pgx.Rows) (center.Receipt, error) {
			var item, recipient string
			var delivered, read *int64
			err := r.Scan(&item, &recipient, &delivered, &read)
			return center.Receipt{Chat: chat, Item: center.ItemID(unpack(item)), Recipient: center.ParticipantID(unpack(recipient)), Delivered: moment(delivered), Read: moment(read)}, err
		}, "SELECT item, recipient, delivered, read FROM receipts WHERE chat = $1 AND item = ANY($2)", n, strs(items))
	})
}

// chatNumber returns the number by which items and receipts name a chat.
func chatNumber(t *tx, id center.ContactID) (n int64, err error) {
	found, err := t.first([]any{&n}, "SELECT n FROM chats WHERE id = $1", pack(string(id)))
	if err == nil && !found {
		err = missing("contact", string(id))
	}
	return n, err
}

// Sent implements [store.Store].
func (s *Store) Sent(ctx context.Context, chat center.ContactID, q store.SentQuery) (store.SentItem, error) {
	return fetch(ctx, s, func(t *tx) (sent store.SentItem, err error) {
		var id string
		var at int64
		found, err := t.first([]any{&id, &at}, `SELECT items.id, items.time FROM chats JOIN tokens ON tokens.chat = chats.n JOIN items ON items.chat = tokens.chat AND items.seq = tokens.seq
			WHERE chats.id = $1 AND tokens.token = $2 AND tokens.participant = $3 AND tokens.file = $4`, pack(string(chat)), pack(q.ClientToken), pack(string(q.Participant)), q.Attachment)
		if err == nil && !found {
			err = missing("item", q.ClientToken)
		}
		return store.SentItem{ID: center.ItemID(unpack(id)), Time: moment(&at)}, err
	})
}
