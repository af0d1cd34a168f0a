package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// eraser is the part of a Store that deletes what chats have left.
type eraser struct{ *Store }

var _ store.Eraser = eraser{}

// erasing is what a change takes away of a chat. What may be long is left to [Store.EraseRows].
type erasing struct {
	change *store.Change
	chat   *chat
}

func (x *erasing) run(t *tx) error {
	e, id := x.change.Erase, pack(string(x.change.Chat))
	files, err := optionalJSON(e.Files, len(e.Files) == 0)
	if err != nil {
		return refuse(err)
	}
	contacts, err := optionalJSON(e.Contacts, len(e.Contacts) == 0)
	if err != nil {
		return refuse(err)
	}
	if _, err := t.exec("INSERT INTO remains (chat, number, instance, parts, has_rows, files, contacts, erasure) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		id, x.chat.n, x.chat.instance, int64(e.Parts), e.Parts != center.PartAttachments, files, contacts, optional(e.Erasure)); err != nil {
		return fmt.Errorf("remains: %w", err)
	}
	if e.Erasure == "" {
		if _, err := t.exec("INSERT INTO traces (one) VALUES (1) ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
	}
	const ofChat = "contact IN (SELECT n FROM contacts WHERE chat = $1)"
	if e.Parts&center.PartTranscript != 0 { // nothing of it gets into the index from now on
		if _, err := t.exec("DELETE FROM said_due WHERE "+ofChat, id); err != nil {
			return err
		}
	}
	if e.Parts != center.AllParts {
		return nil
	}
	if _, err := t.exec("DELETE FROM contact_attributes WHERE "+ofChat, id); err != nil {
		return err
	}
	gone := counts{rules.KindChats: 1}
	for _, d := range []struct {
		kind, sql string
		of        any
	}{
		{rules.KindContacts, "DELETE FROM contacts WHERE chat = $1", id},
		{rules.KindAnswers, "DELETE FROM once WHERE chat = $1", id},
		{rules.KindHoldings, "DELETE FROM holdings WHERE chat = $1", x.chat.n},
	} {
		if err := gone.exec(t, d.kind, d.sql, d.of); err != nil {
			return err
		}
	}
	if _, err := t.exec("DELETE FROM chats WHERE n = $1", x.chat.n); err != nil {
		return err
	}
	if e.Erasure == "" {
		return nil
	}
	erasure := pack(e.Erasure)
	if _, err := t.exec("DELETE FROM erasure_chats WHERE erasure = $1 AND chat = $2", erasure, id); err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO erased_contacts (erasure, contact) SELECT e.id, u.contact FROM erasures AS e, unnest($2::text[]) AS u (contact)
		WHERE e.id = $1 AND e.selected <> 'instance' ORDER BY u.contact ON CONFLICT DO NOTHING`, erasure, strs(e.Contacts)); err != nil {
		return err
	}
	return gone.add(t, erasure)
}

// counts counts what is deleted, by kind.
type counts map[string]int64

// exec runs a statement and counts the rows that it changes.
func (c counts) exec(t *tx, kind, sql string, args ...any) error {
	n, err := t.exec(sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	c[kind] += n
	return nil
}

// add adds the counts to an erasure, if there is one.
func (c counts) add(t *tx, erasure string) error {
	var kinds []string
	var numbers []int64
	for kind, n := range c {
		if n != 0 {
			kinds, numbers = append(kinds, kind), append(numbers, n)
		}
	}
	if erasure == "" || len(kinds) == 0 {
		return nil
	}
	_, err := t.exec(`INSERT INTO erased_counts (erasure, kind, count) SELECT $1, kind, count FROM unnest($2::text[], $3::bigint[]) AS u (kind, count) ORDER BY kind
		ON CONFLICT (erasure, kind) DO UPDATE SET count = erased_counts.count + excluded.count`, erasure, kinds, numbers)
	return err
}

// Expired implements [store.Store].
func (s eraser) Expired(ctx context.Context, instance center.InstanceID, part center.Part, ended time.Time, limit int) ([]center.ContactID, error) {
	// The condition is written as that of the index.
	sql := fmt.Sprintf("SELECT id FROM chats WHERE (kept & %d) <> 0 AND instance = $1 AND ended <= $2 ORDER BY ended LIMIT $3", part)
	return s.chatIDs(ctx, sql, pack(string(instance)), ended.UnixMilli(), limit)
}

// Expiring implements [store.Store].
func (s eraser) Expiring(ctx context.Context, now time.Time, limit int) ([]center.ContactID, error) {
	return s.chatIDs(ctx, "SELECT id FROM chats WHERE expires <= $1 ORDER BY expires LIMIT $2", now.UnixMilli(), limit)
}

func (s eraser) chatIDs(ctx context.Context, sql string, args ...any) ([]center.ContactID, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]center.ContactID, error) { return texts[center.ContactID](t, sql, args...) })
}

// matched is a row that [Store.Matching] looks at: its number, and the chat when it matches.
type matched struct {
	n    int64
	chat *string
}

// lookedAt is how many rows a step of [Store.Matching] looks at.
const lookedAt = 2000

// What [Store.Matching] asks of the rows behind one.
const (
	ofCustomer = `SELECT n, CASE WHEN position($3 IN record) > 0 AND record::jsonb ->> 'customer' = $4 THEN chat END FROM contacts WHERE n > $1 AND instance = $2 ORDER BY n LIMIT $5`
	ofValue    = `SELECT n, id, state FROM chats WHERE n > $1 AND instance = $2 AND position($3::bytea IN state) > 0 ORDER BY n LIMIT $4`
)

// Matching implements [store.Store].
func (s eraser) Matching(ctx context.Context, sel store.Selection) iter.Seq2[center.ContactID, error] {
	return func(yield func(center.ContactID, error) bool) {
		value := sel.Value
		if sel.Customer != "" {
			value = sel.Customer
		}
		written, err := json.Marshal(value)
		if err != nil {
			yield("", err)
			return
		}
		written = written[1 : len(written)-1]
		seen := map[string]bool{}
		for last := int64(0); ; {
			all, err := fetch(ctx, s.Store, func(t *tx) ([]matched, error) {
				if sel.Customer != "" {
					return rows(t, func(r pgx.Rows) (m matched, err error) { err = r.Scan(&m.n, &m.chat); return m, err },
						ofCustomer, last, pack(string(sel.Instance)), packJSON(written), pack(value), lookedAt)
				}
				return rows(t, func(r pgx.Rows) (matched, error) { return readState(r, sel) }, ofValue, last, pack(string(sel.Instance)), written, lookedAt)
			})
			if err != nil {
				yield("", err)
				return
			}
			for _, m := range all {
				last = m.n
				if m.chat == nil || seen[*m.chat] {
					continue
				}
				seen[*m.chat] = true
				if !yield(center.ContactID(unpack(*m.chat)), nil) {
					return
				}
			}
			if len(all) < lookedAt {
				return
			}
		}
	}
}

// readState reads a chat whose state has the value somewhere, and looks whether it is that of the attribute.
func readState(r pgx.Rows, sel store.Selection) (m matched, err error) {
	var id string
	var state []byte
	if err := r.Scan(&m.n, &id, &state); err != nil {
		return m, err
	}
	var has struct {
		Attributes map[string]json.RawMessage `json:"attributes"`
	}
	var value string
	if json.Unmarshal(state, &has) == nil && json.Unmarshal(has.Attributes[sel.Attribute], &value) == nil && value == sel.Value {
		m.chat = &id
	}
	return m, nil
}

// A statement that deletes some rows of what a chat has left: the id or the number of the chat, and how many.
type rowsOf struct {
	kind, sql string
	byNumber  bool
}

var leftRows = []rowsOf{
	{rules.KindItems, "DELETE FROM items WHERE chat = $1 AND seq IN (SELECT seq FROM items WHERE chat = $1 LIMIT $2)", true},
	{rules.KindAnswers, "DELETE FROM tokens WHERE (chat, token, participant, file) IN (SELECT chat, token, participant, file FROM tokens WHERE chat = $1 LIMIT $2)", true},
	{rules.KindReceipts, "DELETE FROM receipts WHERE (chat, item, recipient) IN (SELECT chat, item, recipient FROM receipts WHERE chat = $1 LIMIT $2)", true},
	// The newest first: the oldest, by which the others are found, comes last.
	{rules.KindDeliveries, `DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox AS f JOIN outbox AS o ON o.stream = f.stream
		WHERE f.chat = $1 AND f.first ORDER BY o.id DESC LIMIT $2)`, false},
	{rules.KindDead, "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE chat = $1 LIMIT $2)", false},
	{rules.KindUploads, "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE chat = $1 LIMIT $2)", false},
}

// documentCost is how many rows a document of the index counts for: its words are in about as many places.
const documentCost = 100

// EraseRows implements [store.Store].
func (s eraser) EraseRows(ctx context.Context, limit int) (more bool, err error) {
	return give(ctx, s.Store, func(t *tx) (more bool, err error) {
		for left := int64(limit); ; {
			var n, number int64
			var chat string
			var erasure *string
			found, err := t.first([]any{&n, &chat, &number, &erasure}, "SELECT n, chat, number, erasure FROM remains WHERE has_rows ORDER BY n LIMIT 1 FOR UPDATE")
			if err != nil {
				return false, err
			}
			if left <= 0 {
				return true, nil
			}
			if !found {
				return eraseAgents(t, left)
			}
			docs, err := t.exec("DELETE FROM said_docs WHERE contact IN (SELECT contact FROM said_docs WHERE chat = $1 LIMIT 1)", number)
			if err != nil {
				return false, err
			}
			if docs > 0 {
				left -= documentCost
				continue
			}
			if left, err = eraseLeft(t, n, number, chat, text[string](erasure), left); err != nil {
				return false, err
			}
		}
	})
}

// eraseLeft deletes at most left rows of what a chat has left, and returns how many may still be deleted.
func eraseLeft(t *tx, n, number int64, chat, erasure string, left int64) (int64, error) {
	streams, err := rows(t, func(r pgx.Rows) (s string, err error) { err = r.Scan(&s); return s, err }, "SELECT stream FROM outbox WHERE chat = $1 AND first ORDER BY stream", chat)
	if err != nil {
		return 0, err
	}
	if len(streams) > 0 {
		if _, err := t.exec(lockStreams, streams); err != nil {
			return 0, err
		}
	}
	gone := counts{}
	for _, d := range leftRows {
		of := any(chat)
		if d.byNumber {
			of = number
		}
		before := gone[d.kind]
		if err := gone.exec(t, d.kind, d.sql, of, left); err != nil {
			return 0, err
		}
		if left -= gone[d.kind] - before; left <= 0 {
			break
		}
	}
	if err := settleStreams(t, streams); err != nil {
		return 0, err
	}
	if err := gone.add(t, pack(erasure)); err != nil || left <= 0 {
		return left, err
	}
	_, err = t.exec("UPDATE remains SET has_rows = false WHERE n = $1", n)
	return left - 1, err // the row itself: many chats without rows are a step too
}

// Remains implements [store.Store].
func (s eraser) Remains(ctx context.Context, limit int) ([]store.Remains, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.Remains, error) {
		return rows(t, func(r pgx.Rows) (m store.Remains, err error) {
			var chat, instance string
			var files, contacts, erasure *string
			var parts int64
			if err := r.Scan(&m.N, &chat, &instance, &parts, &files, &contacts, &erasure); err != nil {
				return m, err
			}
			m.Chat, m.Instance, m.Parts, m.Erasure = center.ContactID(unpack(chat)), center.InstanceID(unpack(instance)), center.Part(parts), text[string](erasure)
			for into, list := range map[any]*string{&m.Files: files, &m.Contacts: contacts} {
				if list == nil {
					continue
				}
				if err := json.Unmarshal(unpackJSON(*list), into); err != nil {
					return m, refuse(err)
				}
			}
			return m, nil
		}, "SELECT n, chat, instance, parts, files, contacts, erasure FROM remains WHERE NOT has_rows ORDER BY n LIMIT $1", limit)
	})
}

// Cleared implements [store.Store].
func (s eraser) Cleared(ctx context.Context, remains []store.Remains) error {
	return s.do(ctx, func(t *tx) error {
		for i := range remains {
			r := &remains[i]
			n, err := t.exec("DELETE FROM remains WHERE n = $1 AND NOT has_rows", r.N)
			if err != nil {
				return err
			}
			if n == 0 { // another did it too
				continue
			}
			if err := (counts{rules.KindAttachments: int64(len(r.Files)), rules.KindLines: r.Lines}).add(t, pack(r.Erasure)); err != nil {
				return err
			}
		}
		return nil
	})
}
