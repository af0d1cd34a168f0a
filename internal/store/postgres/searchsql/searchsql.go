// Package searchsql writes the statements by which package postgres reads the table of contacts. It is pure: a query becomes a text and
// its arguments. Lists are one argument, as an array.
package searchsql

import (
	"fmt"
	"strings"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// Pack makes a text one that the database can store.
type Pack func(string) string

// where collects conditions that all have to be met, and their arguments.
type where struct {
	pack       Pack
	conditions []string
	args       []any
}

// arg returns the name of an argument.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return fmt.Sprintf("$%d", len(w.args))
}

// add adds a condition in which each ? stands for an argument.
func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, w.bind(condition, args...))
}

// bind names the arguments of a condition.
func (w *where) bind(condition string, args ...any) string {
	var out strings.Builder
	for _, a := range args {
		before, after, _ := strings.Cut(condition, "?")
		out.WriteString(before + w.arg(a))
		condition = after
	}
	return out.String() + condition
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

// List returns the statement that reads the next page of a list, behind after when that is set: the record, when it was initiated, and the id.
func List(pack Pack, q *store.ContactQuery, after *Key, limit int64) (string, []any) {
	w := &where{pack: pack}
	for _, c := range []struct{ column, value string }{{"chat", string(q.Chat)}, {"related", string(q.Related)}, {"instance", string(q.Instance)}} {
		if c.value != "" {
			w.add(c.column+" = ?", pack(c.value))
		}
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
		w.add(beyond, after.Initiated, pack(after.ID))
	}
	return "SELECT record, initiated, id FROM contacts" + w.text() + " ORDER BY " + order + " LIMIT " + w.arg(limit), w.args
}

// columns are those of the times. One that no contact ever has is NULL.
var columns = map[store.ContactTime]string{
	store.TimeInitiated: "k.initiated", store.TimeDisconnected: "k.disconnected", store.TimeEnqueued: "k.enqueued", store.TimeConnected: "k.agent_connected",
	store.TimeScheduled: "NULL::bigint",
}

// Search returns the statement that reads a page of what is searched for: the record, the time and the text that it is sorted by, one of which is NULL, and the id.
func Search(pack Pack, q *store.ContactSearch) (string, []any) {
	w := conditions(pack, q)
	by, shown := "coalesce(k.method, '')", "NULL::bigint, "
	if q.Sort.Method {
		shown += by
	} else {
		if by = columns[q.Sort.Time]; q.Sort.Time != q.Range.Of && q.Sort.Time != store.TimeInitiated {
			by = "coalesce(" + by + ", -1)"
		}
		shown = by + ", NULL::text"
	}
	order, beyond := by+", k.id", "("+by+", k.id) > (?, ?)"
	if q.Descending {
		order, beyond = by+" DESC, k.id DESC", "("+by+", k.id) < (?, ?)"
	}
	if a := q.After; a != nil {
		if q.Sort.Method {
			w.add(beyond, pack(a.Text), pack(a.ID))
		} else {
			w.add(beyond, a.Time, pack(a.ID))
		}
	}
	return "SELECT k.record, " + shown + ", k.id FROM contacts AS k" + w.text() + " ORDER BY " + order + " LIMIT " + w.arg(int64(q.Limit)), w.args
}

// Count returns the statement that counts what is searched for, up to most.
func Count(pack Pack, q *store.ContactSearch, most int64) (string, []any) {
	w := conditions(pack, q)
	return "SELECT count(*) FROM (SELECT 1 FROM contacts AS k" + w.text() + " LIMIT " + w.arg(most) + ") AS found", w.args
}

func conditions(pack Pack, q *store.ContactSearch) *where {
	w := &where{pack: pack}
	w.add("k.instance = ?", pack(string(q.Instance)))
	w.conditions = append(w.conditions, w.within(q.Range))
	if q.Agents != nil {
		w.add("k.agent = ANY(?)", packed(w, q.Agents))
	}
	if q.Queues != nil {
		w.add("k.queue = ANY(?)", packed(w, q.Queues))
	}
	if q.Methods != nil {
		w.add("k.method = ANY(?)", packed(w, q.Methods))
	}
	if len(q.Also) > 0 {
		var sum []string
		for _, r := range q.Also {
			sum = append(sum, "CASE WHEN "+w.within(r)+" THEN 1 ELSE 0 END")
		}
		w.add(strings.Join(sum, " + ") + enough(q.AlsoAs, len(q.Also)))
	}
	const name = `lower(coalesce(k.record::jsonb ->> 'name', '') COLLATE "C")`
	switch {
	case len(q.Name) == 0:
	case q.NameAs == store.MatchExact:
		w.add(name+" = ANY(?) AND k.record::jsonb ->> 'name' IS NOT NULL", lowered(w, q.Name))
	default:
		w.add("(SELECT count(*) FROM unnest(?::text[]) AS t (word) WHERE position(t.word IN "+name+") > 0)"+enough(q.NameAs, len(q.Name)), lowered(w, q.Name))
	}
	w.indexed(q)
	w.attributes("segment", "coalesce(a.value ->> 's', a.value ->> 'i', a.value ->> 'a')", q.Segment)
	for _, s := range q.Sought {
		w.add("(SELECT count(*) FROM unnest(?::text[]) AS t (agent) WHERE coalesce((k.record::jsonb -> 'sought') @> to_jsonb(t.agent), false))"+enough(s.Match, len(s.Agents)), packed(w, s.Agents))
	}
	w.attributes("tags", "a.value #>> '{}'", q.Tags)
	w.attributes("tags", "a.value #>> '{}'", q.TagsAny...)
	w.said(q)
	return w
}

func packed[T ~string](w *where, all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = w.pack(string(one))
	}
	return out
}

// lowered are texts with the letters of ASCII small.
func lowered(w *where, all []string) []string {
	out := packed(w, all)
	for i := range out {
		out[i] = strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, out[i])
	}
	return out
}

// indexed adds the conditions on attributes: those of contacts that are over have a table of their own, those of others are read in the
// records of the chats that go on.
func (w *where) indexed(q *store.ContactSearch) {
	var sets []string
	instance := w.pack(string(q.Instance))
	for _, one := range q.Attributes.All {
		over := w.bind("SELECT contact FROM contact_attributes WHERE instance = ? AND name = ?", instance, w.pack(one.Key))
		on := w.bind(`SELECT o.n FROM chats AS c JOIN contacts AS o ON o.chat = c.id CROSS JOIN LATERAL jsonb_each_text(o.record::jsonb -> 'attributes') AS a
			WHERE c.instance = ? AND c.active AND o.disconnected IS NULL AND a.key = ?`, instance, w.pack(one.Key))
		if len(one.Values) > 0 {
			values := w.arg(lowered(w, one.Values))
			over += " AND value = ANY(" + values + ")"
			on += ` AND lower(a.value COLLATE "C") = ANY(` + values + ")"
		}
		if q.Range.Of == store.TimeInitiated && !q.Range.Absent {
			from, to := w.arg(q.Range.From.UnixMilli()), w.arg(q.Range.To.UnixMilli())
			over += " AND initiated BETWEEN " + from + " AND " + to
			on += " AND o.initiated BETWEEN " + from + " AND " + to
		}
		sets = append(sets, over+" UNION ALL "+on)
	}
	if len(sets) == 0 {
		return
	}
	in, between := "k.n IN (", ") AND k.n IN ("
	switch q.Attributes.Match {
	case store.MatchAny:
		between = " UNION ALL "
	case store.MatchNone:
		in, between = "k.n NOT IN (", " UNION ALL "
	}
	w.conditions = append(w.conditions, in+strings.Join(sets, between)+")")
}

// attributes adds conditions on what an object of the record has under its keys: one of them has to be met.
func (w *where) attributes(object, value string, one ...store.Conditions) {
	var texts []string
	for _, c := range one {
		if len(c.All) == 0 {
			return
		}
	}
	for _, c := range one {
		var met []string
		for _, kv := range c.All {
			text := w.bind("CASE WHEN EXISTS (SELECT 1 FROM jsonb_each(coalesce(k.record::jsonb -> '"+object+"', '{}')) AS a WHERE a.key = ?", w.pack(kv.Key))
			if len(kv.Values) > 0 {
				text += w.bind(` AND lower((`+value+`) COLLATE "C") = ANY(?)`, lowered(w, kv.Values))
			}
			met = append(met, text+") THEN 1 ELSE 0 END")
		}
		texts = append(texts, "("+strings.Join(met, " + ")+")"+enough(c.Match, len(c.All)))
	}
	if len(texts) > 0 {
		w.conditions = append(w.conditions, "("+strings.Join(texts, " OR ")+")")
	}
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

func (w *where) within(r store.TimeRange) string {
	if r.Absent {
		return columns[r.Of] + " IS NULL"
	}
	return w.bind(columns[r.Of]+" BETWEEN ? AND ?", r.From.UnixMilli(), r.To.UnixMilli())
}

// said adds the conditions on transcripts.
func (w *where) said(q *store.ContactSearch) {
	h := rules.HeardOf(q)
	if h.Never {
		w.conditions = append(w.conditions, "false")
		return
	}
	set := func(in string, all []rules.Expression, between string) string {
		text := w.bind("k.n "+in+" (SELECT d.contact FROM said_docs AS d WHERE d.instance = ?", w.pack(string(q.Instance)))
		if q.Range.Of == store.TimeInitiated && !q.Range.Absent {
			text += w.bind(" AND d.initiated BETWEEN ? AND ?", q.Range.From.UnixMilli(), q.Range.To.UnixMilli())
		}
		var one []string
		for _, e := range all {
			one = append(one, w.heard(&e))
		}
		return text + " AND (" + strings.Join(one, between) + "))"
	}
	var conditions []string
	if len(h.With) > 0 {
		between := " AND "
		if h.Any {
			between = " OR "
		}
		conditions = append(conditions, set("IN", h.With, between))
	}
	if h.Any {
		for _, without := range h.Without {
			conditions = append(conditions, set("NOT IN", []rules.Expression{without}, ""))
		}
		if len(conditions) > 0 {
			w.conditions = append(w.conditions, "("+strings.Join(conditions, " OR ")+")")
		}
		return
	}
	if len(h.Without) > 0 {
		conditions = append(conditions, set("NOT IN", h.Without, " OR "))
	}
	w.conditions = append(w.conditions, conditions...)
}

// heard is a condition on a document. Words are found by the index; that they follow each other is seen in the line of the words.
func (w *where) heard(e *rules.Expression) string {
	var texts []string
	for _, phrases := range e.Texts {
		var words, lines []string
		for _, phrase := range phrases {
			for _, word := range phrase {
				words = append(words, "'"+word+"'") // of letters and digits
			}
			if len(phrase) > 1 {
				lines = append(lines, w.bind(" AND position(? IN d."+e.Column+"_line) > 0", " "+strings.Join(phrase, " ")+" "))
			}
		}
		texts = append(texts, "("+w.bind("d."+e.Column+" @@ ?::tsquery", strings.Join(words, " & "))+strings.Join(lines, "")+")")
	}
	between := " AND "
	if e.Any {
		between = " OR "
	}
	return "coalesce(" + strings.Join(texts, between) + ", false)"
}
