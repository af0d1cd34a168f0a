package contactsql

import (
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
)

// The number of a document: that of its instance, the milliseconds, and which of its moment it is.
const (
	momentBits  = 42
	countBits   = 8
	maxInstance = 1<<(63-momentBits-countBits) - 1
)

// PerMoment is how many documents a moment has numbers for.
const PerMoment = 1 << countBits

// crowd is by how many milliseconds the number of a document may be late: as many moments before may have been full.
const crowd = 1000

// Document returns the first number of the documents of contacts of an instance that were initiated at a time, in
// milliseconds. Instances beyond the last number that fits share it: a search looks at the contacts too.
func Document(instance, initiated int64) int64 {
	return min(instance, maxInstance)<<(momentBits+countBits) | min(max(initiated, 0), 1<<momentBits-1)<<countBits
}

// documents is the range of documents of a search, as a condition, and its arguments.
func documents(q *store.ContactSearch) (string, []any) {
	from, to := int64(0), Document(0, 1<<momentBits-1)+PerMoment-1
	switch {
	case q.Range.Absent:
	case q.Range.Of == store.TimeInitiated:
		from, to = Document(0, q.Range.From.UnixMilli()), Document(0, q.Range.To.UnixMilli()+crowd)+PerMoment-1
	default: // what happens to a contact is after its initiation
		to = Document(0, q.Range.To.UnixMilli()+crowd) + PerMoment - 1
	}
	return between(q.Instance, from, to)
}

// between is a range of documents of an instance, as a condition, and its arguments.
func between(instance center.InstanceID, from, to int64) (string, []any) {
	const base = "(SELECT min(n, ?) << ? FROM said_instances WHERE instance = ?)"
	args := []any{int64(maxInstance), int64(momentBits + countBits), string(instance)}
	all := append(append(append([]any{}, args...), from), append(args, to)...)
	return "said.rowid BETWEEN " + base + " + ? AND " + base + " + ?", all
}

// documentsAlone restricts the documents of a search that streams, and has conditions on transcripts alone, to those of contacts in its range. Of most of
// them the number says that: their contacts, which would take longer than the documents, are not looked at.
func (w *where) documentsAlone(q *store.ContactSearch) {
	w.add("said.rowid NOT IN (SELECT doc FROM said_docs WHERE contact IS NULL)")
	certain, args := between(q.Instance, Document(0, q.Range.From.UnixMilli()+crowd), Document(0, q.Range.To.UnixMilli())+PerMoment-1)
	within, bounds := rangeOf(q.Range)
	args = append(append(args, int64(maxInstance), string(q.Instance), string(q.Instance)), bounds...)
	w.add("("+certain+" AND (SELECT n < ? FROM said_instances WHERE instance = ?) OR EXISTS (SELECT 1 FROM said_docs AS d CROSS JOIN contacts ON contacts.n = d.contact"+
		" WHERE d.doc = said.rowid AND instance = ? AND "+within+"))", args...)
}

// said is what [rules.HeardOf] gives, in expressions of FTS5.
type said struct {
	with, without []string
	any           bool
	never         bool // no transcript meets it
}

// saidOf reads the conditions of a search.
func saidOf(q *store.ContactSearch) said {
	h := rules.HeardOf(q)
	return said{expressions(h.With), expressions(h.Without), h.Any, h.Never}
}

func expressions(all []rules.Expression) (out []string) {
	for i := range all {
		var texts []string
		for _, text := range all[i].Texts {
			var phrases []string
			for _, words := range text {
				phrases = append(phrases, `"`+strings.Join(words, " ")+`"`) // words have no quotes in them
			}
			texts = append(texts, "("+strings.Join(phrases, " AND ")+")")
		}
		between := " AND "
		if all[i].Any {
			between = " OR "
		}
		out = append(out, "("+all[i].Column+" : ("+strings.Join(texts, between)+"))")
	}
	return out
}

// streams reports whether a search can read documents in the order in which contacts are wanted.
func (s said) streams(q *store.ContactSearch) bool {
	return len(s.with) > 0 && !s.any && !q.Sort.Method && q.Sort.Time == store.TimeInitiated && q.Range.Of == store.TimeInitiated && !q.Range.Absent
}

// match is the expression of a search that streams: all that has to be, without what must not be.
func (s said) match() string {
	match := strings.Join(s.with, " AND ")
	if len(s.without) > 0 {
		match = "(" + match + ") NOT (" + strings.Join(s.without, " OR ") + ")"
	}
	return match
}

// said adds the conditions on transcripts.
func (w *where) said(s said, q *store.ContactSearch) {
	if s.never {
		w.add("0")
		return
	}
	set := func(in string) string {
		documents, _ := documents(q)
		return "n " + in + " (SELECT d.contact FROM said CROSS JOIN said_docs AS d ON d.doc = said.rowid WHERE said MATCH ? AND " + documents + " AND d.contact IS NOT NULL)"
	}
	_, bounds := documents(q)
	var conditions []string
	var args []any
	add := func(in, match string) {
		conditions, args = append(conditions, set(in)), append(append(args, match), bounds...)
	}
	switch {
	case s.any:
		if len(s.with) > 0 {
			add("IN", strings.Join(s.with, " OR "))
		}
		for _, without := range s.without {
			add("NOT IN", without)
		}
		if len(conditions) > 0 {
			w.add("("+strings.Join(conditions, " OR ")+")", args...)
		}
	case len(s.with) > 0:
		add("IN", s.match())
		w.add(conditions[0], args...)
	case len(s.without) > 0:
		add("NOT IN", strings.Join(s.without, " OR "))
		w.add(conditions[0], args...)
	}
}
