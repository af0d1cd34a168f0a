package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// Contacts implements [store.Store].
func (s *Store) Contacts(ctx context.Context, q store.ContactQuery) iter.Seq2[center.Contact, error] {
	limit := int64(math.MaxInt64)
	if q.Limit > 0 {
		limit = int64(q.Limit)
	}
	if len(q.IDs) > 0 {
		return s.contactsByID(ctx, q, limit)
	}
	of := cmp.Or(string(q.Chat), string(q.Related), string(q.Instance), ourselves)
	return pages(s, ctx, of, func() nextPage[center.Contact] {
		left := limit
		var last *contactKey
		return func(c *conn, add func(center.Contact)) error {
			sql, args := contactSQL(q, last, min(page, left))
			return c.query(func(r row) error {
				contact, err := readContact(r)
				if err != nil {
					return err
				}
				left--
				last = &contactKey{initiated: r.int(1), id: r.text(2)}
				add(contact)
				return nil
			}, sql, args...)
		}
	})
}

// contactKey is a contact's position in the order of a query.
type contactKey struct {
	initiated int64
	id        string
}

// contactSQL returns the statement that reads the next page of a query,
// behind after when that is set.
func contactSQL(q store.ContactQuery, after *contactKey, limit int64) (string, []any) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if q.Chat != "" {
		add("chat = ?", string(q.Chat))
	}
	if q.Related != "" {
		add("related = ?", string(q.Related))
	}
	if q.Instance != "" {
		add("instance = ?", string(q.Instance))
	}
	if !q.InitiatedFrom.IsZero() {
		add("initiated >= ?", q.InitiatedFrom.UnixMilli())
	}
	if !q.InitiatedTo.IsZero() {
		add("initiated < ?", q.InitiatedTo.UnixMilli())
	}
	order, beyond := "initiated, id", "(initiated, id) > (?, ?)"
	if q.Descending {
		order, beyond = "initiated DESC, id DESC", "(initiated, id) < (?, ?)"
	}
	if after != nil {
		add(beyond, after.initiated, after.id)
	}
	sql := "SELECT record, initiated, id FROM contacts"
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return sql + " ORDER BY " + order + " LIMIT ?+0", append(args, limit)
}

// contactsByID looks up the contacts one by one: their number is bounded by what the caller has in hand.
func (s *Store) contactsByID(ctx context.Context, q store.ContactQuery, limit int64) iter.Seq2[center.Contact, error] {
	return func(yield func(center.Contact, error) bool) {
		var found []center.Contact
		for ids := range slices.Chunk(q.IDs, page) {
			err := s.read(ctx, ourselves, func(c *conn) error {
				for _, id := range ids {
					r, err := c.first("SELECT record FROM contacts WHERE id = ?", string(id))
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
					if matches(&contact, &q) {
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
		slices.SortFunc(found, func(a, b center.Contact) int {
			order := cmp.Or(a.Initiated.Compare(b.Initiated), cmp.Compare(a.ID, b.ID))
			if q.Descending {
				return -order
			}
			return order
		})
		found = slices.CompactFunc(found, func(a, b center.Contact) bool { return a.ID == b.ID })
		for i := range found[:min(int64(len(found)), limit)] {
			if !yield(found[i], nil) {
				return
			}
		}
	}
}

// matches reports whether a contact meets the restrictions of q other than its ids.
func matches(c *center.Contact, q *store.ContactQuery) bool {
	switch {
	case q.Instance != "" && c.Instance != q.Instance,
		q.Chat != "" && c.Chat != q.Chat,
		q.Related != "" && c.Related != q.Related,
		!q.InitiatedFrom.IsZero() && c.Initiated.Before(q.InitiatedFrom),
		!q.InitiatedTo.IsZero() && !c.Initiated.Before(q.InitiatedTo):
		return false
	}
	return true
}

func readContact(r row) (c center.Contact, err error) {
	err = json.Unmarshal([]byte(r.text(0)), &c)
	return c, err
}
