package measure

import (
	"cmp"
	"slices"
	"strings"
)

// Asked is a metric that is asked for.
type Asked struct {
	*Metric
	Threshold Threshold // of one with Within
	Filters   []Filter  // its own: of its Where
}

// Threshold is how long something may take, in seconds.
type Threshold struct {
	Seconds float64
	Equal   bool // so long is still within
}

func (t Threshold) met(seconds int64) bool {
	return float64(seconds) < t.Seconds || t.Equal && float64(seconds) == t.Seconds
}

// Filter leaves out what does not have one of the values; negated, what has one.
type Filter struct {
	Key    Key
	Values []string
	Negate bool
}

// Query asks for metrics.
type Query struct {
	Metrics   []Asked
	Filters   []Filter
	Groupings []Key
}

// Parts returns which parts have to be read.
func (q *Query) Parts() (parts []Part) {
	keys := slices.Clone(q.Groupings)
	for _, f := range q.Filters {
		keys = append(keys, f.Key)
	}
	for _, m := range q.Metrics {
		for _, f := range m.Filters {
			keys = append(keys, f.Key)
		}
	}
	of := ByQueue
	switch {
	case slices.ContainsFunc(keys, func(k Key) bool { return k == KeyAgent || k == KeyStep || slices.Contains(Levels, k) }):
		of = Contacts
	case slices.Contains(keys, KeyMethod) || slices.Contains(keys, KeyReason):
		of = ByWay
	}
	if slices.ContainsFunc(q.Metrics, func(m Asked) bool { return m.Of != Agents }) {
		parts = append(parts, of)
	}
	if slices.ContainsFunc(q.Metrics, func(m Asked) bool { return m.Of == Agents }) {
		parts = append(parts, Agents)
	}
	return parts
}

// Times reports whether times are asked for: see [Cell.Times].
func (q *Query) Times() bool {
	return slices.ContainsFunc(q.Metrics, func(m Asked) bool { return m.Within != nil })
}

// value is what a dimension is for a key; "" for nothing.
func (d *Dims) value(k Key) string {
	switch k {
	case KeyQueue:
		return string(d.Queue)
	case KeyChannel:
		return "CHAT"
	case KeyProfile:
		return string(d.Profile)
	case KeyAgent:
		return string(d.Agent)
	case KeySubtype:
		return d.Subtype
	case KeyMethod:
		return d.Method
	case KeyReason:
		return d.Reason
	case KeyStep:
		return d.Step
	}
	level := slices.Index(Levels, k)
	rest := d.Groups
	for ; level > 0; level-- {
		_, rest, _ = strings.Cut(rest, "/")
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

func (f *Filter) passes(d *Dims) bool { return slices.Contains(f.Values, d.value(f.Key)) != f.Negate }

// MaxGroupings is how many groupings a query may have.
const MaxGroupings = 4

// rowKey is what a row is of.
type rowKey struct {
	interval int
	values   [MaxGroupings]string
}

// Table collects cells into the rows of an answer.
type Table struct {
	query   *Query
	byQueue bool
	sets    [][]Filter // the different filters of metrics
	of      []int      // of each metric, its set
	rows    map[rowKey]*tableRow
}

type tableRow struct {
	cells  []Cell  // by set
	within []int64 // by metric
}

// NewTable returns an empty table for a query.
func NewTable(q *Query) *Table {
	t := &Table{query: q, rows: map[rowKey]*tableRow{}}
	t.byQueue = slices.Contains(q.Groupings, KeyQueue) || slices.ContainsFunc(q.Filters, func(f Filter) bool { return f.Key == KeyQueue })
	for _, m := range q.Metrics {
		at := slices.IndexFunc(t.sets, func(set []Filter) bool { return slices.EqualFunc(set, m.Filters, sameFilter) })
		if at < 0 {
			at = len(t.sets)
			t.sets = append(t.sets, m.Filters)
		}
		t.of = append(t.of, at)
	}
	return t
}

func sameFilter(a, b Filter) bool {
	return a.Key == b.Key && a.Negate == b.Negate && slices.Equal(a.Values, b.Values)
}

// Add adds a cell of an interval, which is known by its number. A cell that a filter leaves out, or that has nothing of what rows are
// grouped by, counts nowhere.
func (t *Table) Add(interval int, d *Dims, c *Cell) {
	for i := range t.query.Filters {
		if !t.query.Filters[i].passes(d) {
			return
		}
	}
	key := rowKey{interval: interval}
	for i, by := range t.query.Groupings {
		if key.values[i] = d.value(by); key.values[i] == "" {
			return
		}
	}
	row := t.rows[key]
	if row == nil {
		row = &tableRow{cells: make([]Cell, len(t.sets)), within: make([]int64, len(t.query.Metrics))}
		t.rows[key] = row
	}
	for i, set := range t.sets {
		if slices.ContainsFunc(set, func(f Filter) bool { return !f.passes(d) }) {
			continue
		}
		into := &row.cells[i]
		for s, v := range c.Sums {
			into.Sums[s] += v
		}
		into.Longest = max(into.Longest, c.Longest)
		for j := range t.query.Metrics {
			if t.of[j] == i {
				row.within[j] += t.query.Metrics[j].within(c)
			}
		}
	}
}

// within counts the contacts of a cell that are within the threshold.
func (m *Asked) within(c *Cell) (n int64) {
	for _, class := range m.Within {
		for _, e := range c.Times[class] {
			if !m.Threshold.met(e.Seconds) {
				break
			}
			n += e.Contacts
		}
	}
	return n
}

// Row is a row of an answer: what it is of, by grouping, and the values of the metrics, nil where one cannot be told.
type Row struct {
	Interval int
	Of       []string
	Values   []*float64
}

// Compare orders rows: by their interval, then by what they are of.
func (r *Row) Compare(o *Row) int {
	return cmp.Or(cmp.Compare(r.Interval, o.Interval), slices.Compare(r.Of, o.Of))
}

// Rows returns the rows in order. Where nothing has happened there is no row.
func (t *Table) Rows() []Row {
	out := make([]Row, 0, len(t.rows))
	for key, row := range t.rows {
		r := Row{Interval: key.interval, Of: slices.Clone(key.values[:len(t.query.Groupings)]), Values: make([]*float64, len(t.query.Metrics))}
		for i, m := range t.query.Metrics {
			r.Values[i] = m.of(&values{cell: &row.cells[t.of[i]], within: row.within[i], byQueue: t.byQueue})
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return a.Compare(&b) })
	return out
}
