// Package contactsql writes the statements by which package sqlite reads the table of contacts. It is
// pure: a query becomes a text and its arguments. Lists are one argument, as JSON.
package contactsql

import (
	"encoding/json"
	"fmt"
	"strings"

	"parley.example/parley/internal/store"
)

// where collects conditions that all have to be met, and their arguments.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// text is the clause.
func (w *where) text() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// Key is a contact's position in the order of a list.
type Key struct {
	Initiated int64
	ID        string
}

// List returns the statement that reads the next page of a list, behind after when that is set: the
// record, when it was initiated, and the id.
func List(q store.ContactQuery, after *Key, limit int64) (string, []any) {
	var w where
	if q.Chat != "" {
		w.add("chat = ?", string(q.Chat))
	}
	if q.Related != "" {
		w.add("related = ?", string(q.Related))
	}
	if q.Instance != "" {
		w.add("instance = ?", string(q.Instance))
	}
	if !q.InitiatedFrom.IsZero() {
		w.add("initiated >= ?", q.InitiatedFrom.UnixMilli())
	}
	if !q.InitiatedTo.IsZero() {
		w.add("initiated < ?", q.InitiatedTo.UnixMilli())
	}
	order, beyond := "initiated, id", "(initiated, id) > (?, ?)"
	if q.Descending {
		order, beyond = "initiated DESC, id DESC", "(initiated, id) < (?, ?)"
	}
	if after != nil {
		w.add(beyond, after.Initiated, after.ID)
	}
	return "SELECT record, initiated, id FROM contacts" + w.text() + " ORDER BY " + order + " LIMIT ?+0", append(w.args, limit)
}

// columns are those of the times. One that no contact ever has is NULL.
var columns = map[store.ContactTime]string{
	store.TimeInitiated: "initiated", store.TimeDisconnected: "disconnected", store.TimeEnqueued: "enqueued", store.TimeConnected: "agent_connected",
	store.TimeScheduled: "NULL",
}

// Search returns the statement that reads a page of what is searched for: the record, what it is sorted
// by, and the id.
func Search(q *store.ContactSearch) (string, []any) {
	said := saidOf(q)
	if said.streams(q) {
		return streamed(q, said)
	}
	w := conditions(q)
	w.said(said, q)
	by := "coalesce(method, '')"
	if !q.Sort.Method {
		if by = columns[q.Sort.Time]; q.Sort.Time != q.Range.Of && q.Sort.Time != store.TimeInitiated {
			by = "coalesce(" + by + ", -1)"
		}
	}
	order, beyond := by+", id", "("+by+", id) > (?, ?)"
	if q.Descending {
		order, beyond = by+" DESC, id DESC", "("+by+", id) < (?, ?)"
	}
	if a := q.After; a != nil {
		if q.Sort.Method {
			w.add(beyond, a.Text, a.ID)
		} else {
			w.add(beyond, a.Time, a.ID)
		}
	}
	return "SELECT record, " + by + ", id FROM contacts" + indexOf(q) + w.text() + " ORDER BY " + order + " LIMIT ?+0", append(w.args, int64(q.Limit))
}

// streamed reads documents of the index of transcripts, in their order, and the contacts that are theirs. What it is
// sorted by is the number of the document.
func streamed(q *store.ContactSearch, s said) (string, []any) {
	w := &where{}
	w.documents(q, s)
	w.conditionsOn(q)
	order, beyond := "said.rowid", "said.rowid > ?"
	if q.Descending {
		order, beyond = "said.rowid DESC", "said.rowid < ?"
	}
	if q.After != nil {
		w.add(beyond, q.After.Time)
	}
	return "SELECT record, said.rowid, id FROM " + saidContacts + w.text() + " ORDER BY " + order + " LIMIT ?+0", append(w.args, int64(q.Limit))
}

// saidContacts are the documents with their contacts, in the order of the documents.
const saidContacts = "said CROSS JOIN said_docs AS d ON d.doc = said.rowid CROSS JOIN contacts ON contacts.n = d.contact"

// Count returns the statement that counts what is searched for, up to most.
func Count(q *store.ContactSearch, most int64) (string, []any) {
	s, w, from := saidOf(q), conditions(q), "contacts"+indexOf(q)
	switch {
	case !s.streams(q):
		w.said(s, q)
	case len(w.conditions) == 2: // those of the instance and the range
		w, from = &where{}, "said"
		w.documents(q, s)
		w.documentsAlone(q)
	default:
		w, from = &where{}, saidContacts
		w.documents(q, s)
		w.conditionsOn(q)
	}
	return "SELECT count(*) FROM (SELECT 1 FROM " + from + w.text() + " LIMIT ?+0)", append(w.args, most)
}

// documents restricts said to what matches.
func (w *where) documents(q *store.ContactSearch, s said) {
	w.add("said MATCH ?", s.match())
	within, args := documents(q)
	w.add(within, args...)
}

// indexOf names the index to be used where the planner, which does not know how many agents and queues
// there are, would look at the whole range.
func indexOf(q *store.ContactSearch) string {
	switch {
	case q.Range.Of != store.TimeInitiated:
	case len(q.Attributes.All) > 0 && q.Attributes.Match != store.MatchNone:
		return " NOT INDEXED" // but by n: those that the table of attributes has
	case q.Agents != nil:
		return " INDEXED BY contacts_agent"
	case q.Queues != nil:
		return " INDEXED BY contacts_queue"
	}
	return ""
}

// goingOn are the contacts that are not over, each with its attributes.
const goingOn = `SELECT k.n FROM chats AS c CROSS JOIN contacts AS k ON k.chat = c.id CROSS JOIN json_each(k.record, '$.attributes') AS a
	WHERE c.instance = ? AND c.active = 1 AND k.disconnected IS NULL AND a.key = ?`

func conditions(q *store.ContactSearch) *where {
	w := &where{}
	w.conditionsOn(q)
	return w
}

// conditionsOn adds all conditions but those on transcripts.
func (w *where) conditionsOn(q *store.ContactSearch) {
	w.add("instance = ?", string(q.Instance))
	within, args := rangeOf(q.Range)
	w.add(within, args...)
	if q.Agents != nil {
		w.add("contacts.agent IN (SELECT value FROM json_each(?))", list(q.Agents))
	}
	if q.Queues != nil {
		w.add("queue IN (SELECT value FROM json_each(?))", list(q.Queues))
	}
	if q.Methods != nil {
		w.add("method IN (SELECT value FROM json_each(?))", list(q.Methods))
	}
	if len(q.Also) > 0 {
		var sum []string
		var all []any
		for _, r := range q.Also {
			one, args := rangeOf(r)
			sum, all = append(sum, "coalesce("+one+", 0)"), append(all, args...)
		}
		w.add(strings.Join(sum, " + ")+enough(q.AlsoAs, len(q.Also)), all...)
	}
	switch {
	case len(q.Name) == 0:
	case q.NameAs == store.MatchExact:
		w.add("lower(record ->> '$.name') IN (SELECT lower(value) FROM json_each(?))", list(q.Name))
	default:
		w.add("(SELECT count(*) FROM json_each(?) AS t WHERE instr(lower(coalesce(record ->> '$.name', '')), lower(t.value)) > 0)"+enough(q.NameAs, len(q.Name)), list(q.Name))
	}
	w.indexed(q)
	w.attributes("$.segment", "coalesce(a.value ->> '$.s', a.value ->> '$.i', a.value ->> '$.a')", q.Segment)
	for _, s := range q.Sought {
		w.add("(SELECT count(*) FROM json_each(?) AS t WHERE t.value IN (SELECT value FROM json_each(record, '$.sought')))"+enough(s.Match, len(s.Agents)), list(s.Agents))
	}
	w.attributes("$.tags", "a.value", q.Tags)
	w.attributes("$.tags", "a.value", q.TagsAny...)
}

// indexed adds the conditions on attributes: those of contacts that are over have a table of their own, those of others are
// read in the records of the chats that go on.
func (w *where) indexed(q *store.ContactSearch) {
	var sets []string
	var args []any
	for _, one := range q.Attributes.All {
		over, on := "SELECT contact FROM contact_attributes WHERE instance = ? AND name = ?", goingOn
		which := []any{string(q.Instance), one.Key}
		if len(one.Values) > 0 {
			over += " AND value IN (SELECT lower(value) FROM json_each(?))"
			on += " AND lower(a.value) IN (SELECT lower(value) FROM json_each(?))"
			which = append(which, list(one.Values))
		}
		if q.Range.Of == store.TimeInitiated && !q.Range.Absent {
			over += " AND initiated BETWEEN ? AND ?"
			on += " AND k.initiated BETWEEN ? AND ?"
			which = append(which, q.Range.From.UnixMilli(), q.Range.To.UnixMilli())
		}
		sets, args = append(sets, over+" UNION ALL "+on), append(append(args, which...), which...)
	}
	if len(sets) == 0 {
		return
	}
	in, between := "n IN (", ") AND n IN ("
	switch q.Attributes.Match {
	case store.MatchAny:
		between = " UNION ALL "
	case store.MatchNone:
		in, between = "n NOT IN (", " UNION ALL "
	}
	w.add(in+strings.Join(sets, between)+")", args...)
}

// attributes adds conditions on what an object of the record has under its keys: one of them has to be met.
func (w *where) attributes(object, value string, one ...store.Conditions) {
	var texts []string
	var args []any
	for _, c := range one {
		if len(c.All) == 0 {
			return
		}
		texts, args = append(texts, having(object, value, c)), append(args, list(c.All))
	}
	if len(texts) > 0 {
		w.add("("+strings.Join(texts, " OR ")+")", args...)
	}
}

// having is a condition whose argument is c.All.
func having(object, value string, c store.Conditions) string {
	return fmt.Sprintf(`(SELECT count(*) FROM json_each(?) AS c WHERE EXISTS (SELECT 1 FROM json_each(record, '%s') AS a WHERE a.key = c.value ->> '$.k'
		AND (json_array_length(c.value, '$.v') IS 0 OR lower(CAST(%s AS TEXT)) IN (SELECT lower(v.value) FROM json_each(c.value, '$.v') AS v))))`, object, value) +
		enough(c.Match, len(c.All))
}

// enough is the comparison with how many of n conditions have to be met.
func enough(m store.Match, n int) string {
	switch m {
	case store.MatchAny:
		return " > 0"
	case store.MatchNone:
		return " = 0"
	}
	return fmt.Sprintf(" = %d", n)
}

func rangeOf(r store.TimeRange) (string, []any) {
	if r.Absent {
		return columns[r.Of] + " IS NULL", nil
	}
	return columns[r.Of] + " BETWEEN ? AND ?", []any{r.From.UnixMilli(), r.To.UnixMilli()}
}

// list is a list as one argument.
func list[T any](all []T) string {
	b, err := json.Marshal(all)
	if err != nil {
		panic("contactsql: a list does not encode: " + err.Error()) // only strings
	}
	return string(b)
}
