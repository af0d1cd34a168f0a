package sqlite

import (
	"context"
	"fmt"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/contactsql"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// The index of transcripts is a table of FTS5, whose words this program makes: the tokenizer only divides at
// spaces. It is written when a contact is over, apart from the commits of the chat, so that messages cost what they did.

// dueSQL has the contacts that are to be indexed, the newest first: those that somebody looks for.
const dueSQL = `SELECT d.contact, k.id, k.instance, k.initiated, c.id, c.n FROM said_due AS d CROSS JOIN contacts AS k ON k.n = d.contact
	CROSS JOIN chats AS c ON c.id = k.chat ORDER BY d.contact DESC LIMIT ?+0`

// endedSQL notes that a contact which is over is to be indexed, unless it is, or its transcript is being erased.
const endedSQL = `INSERT OR IGNORE INTO said_due (contact) SELECT n FROM contacts AS k WHERE id = ?
	AND NOT EXISTS (SELECT 1 FROM said_docs WHERE contact = k.n)
	AND NOT EXISTS (SELECT 1 FROM chats AS c CROSS JOIN remains AS m ON m.number = c.n WHERE c.id = k.chat)`

// document is what was said in a contact.
type document struct {
	contact, chat int64 // contacts.n, chats.n
	instance      string
	initiated     int64
	said          [len(rules.Roles)]strings.Builder // words
}

// IndexTranscripts implements [store.Store].
func (s searcher) IndexTranscripts(ctx context.Context, limit int) (taken int, err error) {
	var docs []*document
	err = s.read(ctx, ourselves, func(c *conn) error {
		var of []store.ItemQuery
		if err := c.Query(func(r row) error {
			docs = append(docs, &document{contact: r.Int(0), chat: r.Int(5), instance: r.Text(2), initiated: r.Int(3)})
			of = append(of, store.ItemQuery{Contact: center.ContactID(r.Text(1)), Chat: center.ContactID(r.Text(4))})
			return nil
		}, dueSQL, int64(limit)); err != nil {
			return err
		}
		for i := range docs {
			if err := c.readSaid(docs[i], &of[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	return len(docs), s.do(ctx, func(c *conn) error {
		for _, d := range docs {
			if err := c.writeSaid(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// readSaid reads what was said in a contact.
func (c *conn) readSaid(d *document, q *store.ItemQuery) error {
	in, err := c.narrow(d.chat, q)
	if err != nil {
		return err
	}
	sql := "SELECT role, content_type, content FROM items WHERE chat = ? AND seq BETWEEN ? AND ? AND type = 'MESSAGE' AND processing IS NULL AND contact IS ? ORDER BY seq"
	contact := sqlconn.Text(q.Contact)
	if q.Contact == q.Chat {
		contact = nil
	}
	return c.Query(func(r row) error {
		for i, role := range rules.Roles {
			if center.Role(r.Text(0)) == role.Role {
				rules.Say(&d.said[i], r.Text(1), r.Text(2))
			}
		}
		return nil
	}, sql, d.chat, in.from, in.to, contact)
}

// writeSaid puts a document into the index, unless its contact has been erased meanwhile or another node has done it.
func (c *conn) writeSaid(d *document) error {
	res, err := c.Exec("DELETE FROM said_due WHERE contact = ?", d.contact)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	args, empty := make([]any, 1, 1+len(d.said)), true
	for i := range d.said {
		args = append(args, sqlconn.Text(d.said[i].String()))
		empty = empty && d.said[i].Len() == 0
	}
	if empty {
		return nil
	}
	if args[0], err = c.newDocument(d); err != nil {
		return err
	}
	if _, err := c.Exec("INSERT INTO said (rowid, customer, agent, system, bot, supervisor) VALUES (?, ?, ?, ?, ?, ?)", args...); err != nil {
		return fmt.Errorf("said: %w", err)
	}
	return nil
}

// newDocument gives a contact the number of its document: behind those that there are of its moment, or of the next
// one that has room.
func (c *conn) newDocument(d *document) (int64, error) {
	if _, err := c.Exec("INSERT OR IGNORE INTO said_instances (instance) VALUES (?)", d.instance); err != nil {
		return 0, err
	}
	r, err := c.First("SELECT n FROM said_instances WHERE instance = ?", d.instance)
	if err != nil {
		return 0, err
	}
	doc := int64(0)
	for first := contactsql.Document(r.Int(0), d.initiated); doc == 0; first += contactsql.PerMoment { // seldom more than once
		free, err := c.First("SELECT coalesce(max(doc) + 1, ?1) FROM said_docs WHERE doc >= ?1 AND doc < ?2", first, first+contactsql.PerMoment)
		if err != nil {
			return 0, err
		}
		if free.Int(0) < first+contactsql.PerMoment {
			doc = free.Int(0)
		}
	}
	_, err = c.Exec("INSERT INTO said_docs (doc, contact, chat) VALUES (?, ?, ?)", doc, d.contact, d.chat)
	return doc, err
}

// forgetSaid takes at most limit documents of a chat out of the index.
func (c *conn) forgetSaid(chat, limit int64) (gone int64, err error) {
	var docs []int64
	if err := c.Query(func(r row) error {
		docs = append(docs, r.Int(0))
		return nil
	}, "SELECT doc FROM said_docs WHERE chat = ? LIMIT ?+0", chat, limit); err != nil {
		return 0, err
	}
	for _, doc := range docs {
		for _, sql := range []string{"DELETE FROM said WHERE rowid = ?", "DELETE FROM said_docs WHERE doc = ?"} {
			if _, err := c.Exec(sql, doc); err != nil {
				return 0, fmt.Errorf("said: %w", err)
			}
		}
	}
	return int64(len(docs)), nil
}

// Unindexed implements [store.Store].
func (s searcher) Unindexed(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, ourselves, func(c *conn) error {
		r, err := c.First("SELECT count(*) FROM said_due")
		n = r.Int(0)
		return err
	})
	return n, err
}
