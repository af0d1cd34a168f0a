package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// eraser is the part of a Store that deletes what chats have left.
type eraser struct{ *Store }

var _ store.Eraser = eraser{}

// erase writes what a change takes away of a chat. What may be long is left to
// [Store.EraseRows].
func (w *writer) erase(c *store.Change, ch *chat) error {
	e := c.Erase
	if e == nil {
		return nil
	}
	files, err := optionalJSON(e.Files, len(e.Files) == 0)
	if err != nil {
		return err
	}
	contacts, err := optionalJSON(e.Contacts, len(e.Contacts) == 0)
	if err != nil {
		return err
	}
	if _, err := w.conn.Exec(`INSERT INTO remains (chat, number, instance, parts, has_rows, files, contacts, erasure) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		string(c.Chat), ch.n, string(ch.facts.instance.Value()), int64(e.Parts), sqlconn.Flag(e.Parts != center.PartAttachments), files, contacts, sqlconn.Text(e.Erasure)); err != nil {
		return fmt.Errorf("remains: %w", err)
	}
	if e.Erasure == "" {
		if _, err := w.conn.Exec("INSERT INTO traces (one) VALUES (1) ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
	}
	if e.Parts != center.AllParts {
		return w.unsay(c.Chat, e.Parts)
	}
	gone := counts{rules.KindChats: 1}
	for kind, sql := range map[string]string{
		rules.KindContacts: "DELETE FROM contacts WHERE chat = ?",
		rules.KindAnswers:  "DELETE FROM once WHERE chat = ?",
	} {
		id := any(string(c.Chat))
		if kind == rules.KindAnswers {
			id = sqlconn.PackID(c.Chat)
		}
		if err := gone.exec(w.conn, kind, sql, id); err != nil {
			return err
		}
	}
	if ch.facts.held {
		if err := gone.exec(w.conn, rules.KindHoldings, "DELETE FROM holdings WHERE chat = ?", ch.n); err != nil {
			return err
		}
	}
	if _, err := w.conn.Exec("DELETE FROM chats WHERE n = ?", ch.n); err != nil {
		return err
	}
	if e.Erasure == "" {
		return nil
	}
	if _, err := w.conn.Exec("DELETE FROM erasure_chats WHERE erasure = ? AND chat = ?", e.Erasure, string(c.Chat)); err != nil {
		return err
	}
	if _, err := w.conn.Exec(`INSERT INTO erased_contacts (erasure, contact) SELECT ?1, value FROM json_each(?2)
		WHERE (SELECT selected FROM erasures WHERE id = ?1) <> 'instance' ON CONFLICT DO NOTHING`, e.Erasure, contacts); err != nil {
		return err
	}
	return gone.add(w.conn, e.Erasure)
}

// unsay sees to it that nothing of a chat whose transcript is erased gets into the index from now on.
func (w *writer) unsay(chat center.ContactID, parts center.Part) error {
	if parts&center.PartTranscript == 0 {
		return nil
	}
	_, err := w.conn.Exec("DELETE FROM said_due WHERE contact IN (SELECT n FROM contacts WHERE chat = ?)", string(chat))
	return err
}

// counts counts what is deleted, by kind.
type counts map[string]int64

// exec runs a statement and counts the rows that it changes.
func (t counts) exec(c *conn, kind, sql string, args ...any) error {
	res, err := c.Exec(sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	n, err := res.RowsAffected()
	t[kind] += n
	return err
}

// add adds the counts to an erasure, if there is one.
func (t counts) add(c *conn, erasure string) error {
	if erasure == "" {
		return nil
	}
	for kind, n := range t {
		if n == 0 {
			continue
		}
		if _, err := c.Exec(`INSERT INTO erased_counts (erasure, kind, count) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET count = count + excluded.count`, erasure, kind, n); err != nil {
			return err
		}
	}
	return nil
}

// Expired implements [store.Store].
func (s eraser) Expired(ctx context.Context, instance center.InstanceID, part center.Part, ended time.Time, limit int) (chats []center.ContactID, err error) {
	// The condition is written as that of the index.
	sql := fmt.Sprintf("SELECT id FROM chats WHERE kept & %d AND instance = ? AND ended <= ? ORDER BY ended LIMIT ?+0", part)
	return s.chatIDs(ctx, sql, string(instance), ended.UnixMilli(), int64(limit))
}

// Expiring implements [store.Store].
func (s eraser) Expiring(ctx context.Context, now time.Time, limit int) ([]center.ContactID, error) {
	return s.chatIDs(ctx, "SELECT id FROM chats WHERE expires <= ? ORDER BY expires LIMIT ?+0", now.UnixMilli(), int64(limit))
}

func (s eraser) chatIDs(ctx context.Context, sql string, args ...any) (chats []center.ContactID, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			chats = append(chats, center.ContactID(r.Text(0)))
			return nil
		}, sql, args...)
	})
	return chats, err
}

// What [Store.Matching] asks of a run of rows. The text is looked for as it is written in
// JSON before JSON is taken apart.
const (
	ofCustomer = `SELECT DISTINCT chat FROM contacts WHERE n BETWEEN ? AND ? AND instance = ? AND instr(record, ?) > 0 AND record ->> '$.customer' = ?`
	ofValue    = `SELECT id FROM chats WHERE n BETWEEN ? AND ? AND instance = ? AND instr(state, CAST(? AS BLOB)) > 0
		AND EXISTS (SELECT 1 FROM json_each(CAST(state AS TEXT), '$.attributes') WHERE value = ? AND key = ?)`
)

// lookedAt is how many rows a step of [Store.Matching] looks at.
const lookedAt = 2000

// Matching implements [store.Store].
func (s eraser) Matching(ctx context.Context, sel store.Selection) iter.Seq2[center.ContactID, error] {
	table, sql, value := "chats", ofValue, sel.Value
	if sel.Customer != "" {
		table, sql, value = "contacts", ofCustomer, sel.Customer
	}
	return func(yield func(center.ContactID, error) bool) {
		written, err := json.Marshal(value)
		if err != nil {
			yield("", err)
			return
		}
		written = written[1 : len(written)-1]
		seen := map[center.ContactID]bool{}
		for from := int64(0); ; from += lookedAt {
			args := []any{from, from + lookedAt - 1, string(sel.Instance), string(written), value}
			if sel.Customer == "" {
				args = append(args, sel.Attribute)
			}
			found, err := s.chatIDs(ctx, sql, args...)
			if err != nil {
				yield("", err)
				return
			}
			for _, id := range found {
				if !seen[id] && !yield(id, nil) {
					return
				}
				seen[id] = true
			}
			var last int64
			if err := s.read(ctx, ourselves, func(c *conn) error {
				r, err := c.First("SELECT max(n) FROM " + table)
				if r != nil {
					last = r.Int(0)
				}
				return err
			}); err != nil {
				yield("", err)
				return
			}
			if from+lookedAt > last {
				return
			}
		}
	}
}

// A statement that deletes some rows of what a chat has left: the id or the number of the chat, and how many.
type rowsOf struct {
	kind, sql string
	byNumber  bool
}

var leftRows = []rowsOf{
	{rules.KindItems, "DELETE FROM items WHERE rowid IN (SELECT rowid FROM items WHERE chat = ? LIMIT ?+0)", true},
	{rules.KindAnswers, "DELETE FROM tokens WHERE (chat, token, participant, file) IN (SELECT chat, token, participant, file FROM tokens WHERE chat = ? LIMIT ?+0)", true},
	{rules.KindReceipts, "DELETE FROM receipts WHERE (chat, item, recipient) IN (SELECT chat, item, recipient FROM receipts WHERE chat = ? LIMIT ?+0)", true},
	// The newest first: the oldest, by which the others are found, comes last.
	{rules.KindDeliveries, `DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox AS f CROSS JOIN outbox AS o ON o.stream = f.stream
		WHERE f.chat = ? AND f.first = 1 ORDER BY o.id DESC LIMIT ?+0)`, false},
	{rules.KindDead, "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE chat = ? LIMIT ?+0)", false},
	{rules.KindUploads, "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE chat = ? LIMIT ?+0)", false},
}

// documentCost is how many rows a document of the index counts for: its words are in about as many places.
const documentCost = 100

// EraseRows implements [store.Store].
func (s eraser) EraseRows(ctx context.Context, limit int) (more bool, err error) {
	return give(ctx, s.Store, func(w *writer) (more bool, err error) {
		c := w.conn
		for left := int64(limit); ; {
			r, err := c.First("SELECT n, chat, number, erasure FROM remains WHERE has_rows = 1 ORDER BY n LIMIT 1")
			if err != nil {
				return false, err
			}
			if left <= 0 {
				return true, nil
			}
			if r == nil {
				return w.eraseAgents(left)
			}
			n, err := c.forgetSaid(r.Int(2), 1)
			if err != nil {
				return false, err
			}
			if n > 0 {
				left -= documentCost
				continue
			}
			gone := counts{}
			for _, rows := range leftRows {
				of := any(r.Text(1))
				if rows.byNumber {
					of = r.Int(2)
				}
				if err := gone.exec(c, rows.kind, rows.sql, of, left); err != nil {
					return false, err
				}
				if left -= gone[rows.kind]; left <= 0 {
					break
				}
			}
			if err := gone.add(c, r.Text(3)); err != nil {
				return false, err
			}
			if left <= 0 {
				continue
			}
			left-- // the row itself: many chats without rows are a step too
			if _, err := c.Exec("UPDATE remains SET has_rows = 0 WHERE n = ?", r.Int(0)); err != nil {
				return false, err
			}
		}
	})
}

// Remains implements [store.Store].
func (s eraser) Remains(ctx context.Context, limit int) (found []store.Remains, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		return c.Query(func(r row) error {
			m := store.Remains{N: r.Int(0), Chat: center.ContactID(r.Text(1)), Instance: center.InstanceID(r.Text(2)),
				Remove: store.Remove{Parts: center.Part(r.Int(3)), Erasure: r.Text(6)}}
			found = append(found, m)
			last := &found[len(found)-1]
			return firstError(listed(r.Text(4), &last.Files), listed(r.Text(5), &last.Contacts))
		}, "SELECT n, chat, instance, parts, files, contacts, erasure FROM remains WHERE has_rows = 0 ORDER BY n LIMIT ?+0", int64(limit))
	})
	return found, err
}

// listed reads a list that may be missing.
func listed(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Cleared implements [store.Store].
func (s eraser) Cleared(ctx context.Context, remains []store.Remains) error {
	return s.do(ctx, func(c *conn) error {
		for i := range remains {
			r := &remains[i]
			res, err := c.Exec("DELETE FROM remains WHERE n = ? AND has_rows = 0", r.N)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 { // another did it too
				continue
			}
			if err := (counts{rules.KindAttachments: int64(len(r.Files)), rules.KindLines: r.Lines}).add(c, r.Erasure); err != nil {
				return err
			}
		}
		return nil
	})
}

// nextNumber returns the number of a new chat: none that a chat has, or that rows
// which are still to be deleted may have.
func (w *writer) nextNumber() (int64, error) {
	if w.next == 0 {
		for _, sql := range []string{"SELECT max(n) FROM chats", "SELECT max(number) FROM remains", "SELECT max(upto) FROM erasures WHERE finished IS NULL"} {
			r, err := w.conn.First(sql)
			if err != nil {
				return 0, err
			}
			w.next = max(w.next, r.Int(0))
		}
	}
	w.next++
	return w.next, nil
}

// likeLiteral escapes a text for LIKE … ESCAPE '\'.
var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
