package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// The index of transcripts has the words that this program makes, in the form that PostgreSQL's 'simple' configuration gives them, without their
// places: it keeps only 16,383 of those. The line of the words is beside them, for what has to follow each other. It is written when a
// contact is over, apart from the commits of the chat, so that messages cost what they did.

// document is what was said in a contact.
type document struct {
	contact, chat int64 // contacts.n, chats.n
	of            store.ItemQuery
	instance      string // as it is stored
	initiated     int64
	said          [len(rules.Roles)]strings.Builder // words
}

// dueSQL has the contacts that are to be indexed, the newest first: those that somebody looks for. Those that another node has in hand are left out.
const dueSQL = `SELECT d.contact, k.id, k.instance, k.initiated, c.id, c.n FROM said_due AS d JOIN contacts AS k ON k.n = d.contact
	JOIN chats AS c ON c.id = k.chat ORDER BY d.contact DESC LIMIT $1 FOR UPDATE OF d SKIP LOCKED`

// IndexTranscripts implements [store.Store].
func (s searcher) IndexTranscripts(ctx context.Context, limit int) (taken int, err error) {
	return give(ctx, s.Store, func(t *tx) (int, error) {
		docs, err := rows(t, func(r pgx.Rows) (*document, error) {
			d := &document{}
			var contact, chat string
			err := r.Scan(&d.contact, &contact, &d.instance, &d.initiated, &chat, &d.chat)
			d.of = store.ItemQuery{Contact: center.ContactID(unpack(contact)), Chat: center.ContactID(unpack(chat))}
			return d, err
		}, dueSQL, limit)
		if err != nil || len(docs) == 0 {
			return 0, err
		}
		for _, d := range docs {
			if err := d.read(t); err != nil {
				return 0, err
			}
		}
		return len(docs), write(t, docs)
	})
}

// read reads what was said.
func (d *document) read(t *tx) error {
	in, err := narrow(t, d.chat, &d.of)
	if err != nil {
		return err
	}
	own := optional(d.of.Contact)
	if d.of.Contact == d.of.Chat {
		own = nil
	}
	return t.query(func(r pgx.Rows) error {
		var role, contentType, content *string
		if err := r.Scan(&role, &contentType, &content); err != nil {
			return err
		}
		for i := range rules.Roles {
			if rules.Roles[i].Role == text[center.Role](role) {
				rules.Say(&d.said[i], text[string](contentType), text[string](content))
			}
		}
		return nil
	}, `SELECT role, content_type, content FROM items WHERE chat = $1 AND seq BETWEEN $2 AND $3 AND type = 'MESSAGE' AND processing IS NULL
		AND contact IS NOT DISTINCT FROM $4 ORDER BY seq`, d.chat, in.from, in.to, own)
}

// vector is the words of a line as PostgreSQL reads them: letters and digits need no quotes.
func vector(line *string) *string {
	if line == nil {
		return nil
	}
	words := strings.Fields(*line)
	words = slices.DeleteFunc(words, func(w string) bool { return w == rules.Boundary })
	slices.Sort(words)
	return new(strings.Join(slices.Compact(words), " "))
}

// write puts documents into the index, but for those in which nothing was said. Their contacts are locked: nobody else writes them, and an erasure that
// begins meanwhile finds them here.
func write(t *tx, docs []*document) error {
	var done []int64
	for _, d := range docs {
		done = append(done, d.contact)
		args, empty := []any{d.contact, d.chat, d.instance, d.initiated}, true
		var lines, vectors []any
		for i := range d.said {
			line := optional(d.said[i].String())
			empty = empty && line == nil
			lines, vectors = append(lines, line), append(vectors, vector(line))
		}
		if empty {
			continue
		}
		if _, err := t.exec(`INSERT INTO said_docs (contact, chat, instance, initiated, customer_line, agent_line, system_line, bot_line, supervisor_line, customer, agent, system, bot, supervisor)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::tsvector, $11::text::tsvector, $12::text::tsvector, $13::text::tsvector, $14::text::tsvector) ON CONFLICT DO NOTHING`,
			slices.Concat(args, lines, vectors)...); err != nil {
			return err
		}
	}
	_, err := t.exec("DELETE FROM said_due WHERE contact = ANY($1)", done)
	return err
}

// Unindexed implements [store.Store].
func (s searcher) Unindexed(ctx context.Context) (int64, error) {
	return fetch(ctx, s.Store, func(t *tx) (n int64, err error) {
		_, err = t.first([]any{&n}, "SELECT count(*) FROM said_due")
		return n, err
	})
}
