package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/contactsql"
)

// Contacts implements [store.Store].
func (s *Store) Contacts(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error] {
	limit := int64(math.MaxInt64)
	if q.Limit > 0 {
		limit = int64(q.Limit)
	}
	if len(q.IDs) > 0 {
		return s.contactsByID(ctx, q)
	}
	of := cmp.Or(string(q.Chat), string(q.Related), string(q.Instance), ourselves)
	return pages(s, ctx, of, func() nextPage[center.Contact] {
		left := limit
		var last *contactsql.Key
		return func(c *conn, add func(center.Contact)) error {
			sql, args := contactsql.List(q, last, min(page, left))
			return c.Query(func(r row) error {
				contact, err := readContact(r)
				if err != nil {
					return err
				}
				left--
				last = &contactsql.Key{Initiated: r.Int(1), ID: r.Text(2)}
				add(contact)
				return nil
			}, sql, args...)
		}
	})
}

// searcher is the part of a Store that finds contacts.
type searcher struct{ *Store }

var _ store.ContactSearcher = searcher{}

// SearchContacts implements [store.Store].
func (s searcher) SearchContacts(ctx context.Context, q store.ContactSearch) (found []store.FoundContact, err error) {
	sql, args := contactsql.Search(&q)
	err = s.read(ctx, string(q.Instance), func(c *conn) error {
		return c.QueryOnce(func(r row) error {
			contact, err := readContact(r)
			found = append(found, store.FoundContact{Contact: contact, Key: store.ContactKey{Time: r.Int(1), Text: r.Text(1), ID: r.Text(2)}})
			return err
		}, sql, args...)
	})
	return found, err
}

// CountContacts implements [store.Store].
func (s searcher) CountContacts(ctx context.Context, q store.ContactSearch, most int64) (n int64, err error) {
	sql, args := contactsql.Count(&q, most)
	err = s.read(ctx, string(q.Instance), func(c *conn) error {
		return c.QueryOnce(func(r row) error { n = r.Int(0); return nil }, sql, args...)
	})
	return n, err
}

// contactsByID looks up the contacts one by one: their number is bounded by what the caller has in hand.
func (s *Store) contactsByID(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error] {
	return func(yield func(center.Contact, error) bool) {
		var found []center.Contact
		for ids := range slices.Chunk(q.IDs, page) {
			err := s.read(ctx, ourselves, func(c *conn) error {
				for _, id := range ids {
					r, err := c.First("SELECT record FROM contacts WHERE id = ?", string(id))
					if err != nil {
						return err
					}
					if r == nil {
						continue
					}
					contact, err := readContact(r)
					if err != nil {
						return err
					}
					if rules.Selects(&q, &contact) {
						found = append(found, contact)
					}
				}
				return nil
			})
			if err != nil {
				yield(center.Contact{}, err)
				return
			}
		}
		for _, contact := range rules.Arrange(&q, found) {
			if !yield(contact, nil) {
				return
			}
		}
	}
}

func readContact(r row) (c center.Contact, err error) {
	err = json.Unmarshal([]byte(r.Text(0)), &c)
	return c, err
}
