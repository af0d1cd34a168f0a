package postgres

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres/searchsql"
	"parley.example/parley/internal/store/rules"
)

// Contacts implements [store.Store].
func (s *Store) Contacts(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error] {
	if len(q.IDs) > 0 {
		return s.contactsByID(ctx, q)
	}
	return func(yield func(center.Contact, error) bool) {
		left := int64(math.MaxInt64)
		if q.Limit > 0 {
			left = int64(q.Limit)
		}
		var last *searchsql.Key
		for more := true; more; {
			size := min(page, left)
			all, err := fetch(ctx, s, func(t *tx) ([]listedContact, error) {
				sql, args := searchsql.List(pack, &q, last, size)
				return rows(t, readListed, sql, args...)
			})
			if err != nil {
				yield(center.Contact{}, err)
				return
			}
			for i := range all {
				last = &all[i].key
				if !yield(all[i].Contact, nil) {
					return
				}
			}
			left -= size
			more = int64(len(all)) == page && left > 0
		}
	}
}

// listedContact is a contact and its place in a list.
type listedContact struct {
	center.Contact
	key searchsql.Key
}

func readListed(r pgx.Rows) (c listedContact, err error) {
	var record string
	if err := r.Scan(&record, &c.key.Initiated, &c.key.ID); err != nil {
		return c, err
	}
	c.key.ID = unpack(c.key.ID)
	c.Contact, err = contactOf(record)
	return c, err
}

// contactOf reads a record.
func contactOf(record string) (c center.Contact, err error) {
	if err := json.Unmarshal(unpackJSON(record), &c); err != nil {
		return c, refuse(err)
	}
	return c, nil
}

// contactsByID looks up the contacts: their number is bounded by what the caller has in hand.
func (s *Store) contactsByID(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error] {
	return func(yield func(center.Contact, error) bool) {
		var found []center.Contact
		for ids := range slices.Chunk(q.IDs, 1000) {
			all, err := fetch(ctx, s, func(t *tx) ([]listedContact, error) {
				return rows(t, readListed, "SELECT record, initiated, id FROM contacts WHERE id = ANY($1)", strs(ids))
			})
			if err != nil {
				yield(center.Contact{}, err)
				return
			}
			for i := range all {
				if rules.Selects(&q, &all[i].Contact) {
					found = append(found, all[i].Contact)
				}
			}
		}
		for _, c := range rules.Arrange(&q, found) {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// searcher is the part of a Store that finds contacts.
type searcher struct{ *Store }

var _ store.ContactSearcher = searcher{}

// once has a statement, of which there are too many to keep what was prepared, planned for its values.
func (t *tx) once(args []any) []any { return append([]any{pgx.QueryExecModeExec}, args...) }

// SearchContacts implements [store.Store].
func (s searcher) SearchContacts(ctx context.Context, q store.ContactSearch) ([]store.FoundContact, error) {
	return fetch(ctx, s.Store, func(t *tx) ([]store.FoundContact, error) {
		sql, args := searchsql.Search(pack, &q)
		return rows(t, func(r pgx.Rows) (f store.FoundContact, err error) {
			var record, id string
			var at *int64
			var by *string
			if err := r.Scan(&record, &at, &by, &id); err != nil {
				return f, err
			}
			f.Key = store.ContactKey{Text: text[string](by), ID: unpack(id)}
			if at != nil {
				f.Key.Time = *at
			}
			f.Contact, err = contactOf(record)
			return f, err
		}, sql, t.once(args)...)
	})
}

// CountContacts implements [store.Store].
func (s searcher) CountContacts(ctx context.Context, q store.ContactSearch, most int64) (int64, error) {
	return fetch(ctx, s.Store, func(t *tx) (n int64, err error) {
		sql, args := searchsql.Count(pack, &q, most)
		_, err = t.first([]any{&n}, sql, t.once(args)...)
		return n, err
	})
}
