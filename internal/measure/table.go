package measure

import (
	"cmp"
	"slices"
)

// sieve is a filter whose values are looked up.
type sieve struct {
	Key
	negate bool
	values map[string]bool
}

func sieves(filters []Filter) (all []sieve) {
	for _, f := range filters {
		s := sieve{f.Key, f.Negate, map[string]bool{}}
		for _, v := range f.Values {
			s.values[v] = true
		}
		all = append(all, s)
	}
	return all
}

// has reports whether a value of the filter's key is not left out.
func (s *sieve) has(value string) bool { return s.values[value] != s.negate }

// pass reports whether no filter leaves something out.
func pass(all []sieve, d *Dims) bool {
	return !slices.ContainsFunc(all, func(s sieve) bool { return !s.has(d.value(s.Key)) })
}

// MaxGroupings is how many groupings a query may have.
const MaxGroupings = 4

// rowKey is what a row is of: an interval, and the numbers of values.
type rowKey struct {
	interval int
	values   [MaxGroupings]int32
}

// trash is the row of what is left out. Nobody looks at it.
const trash = 0

// Table collects cells into the rows of an answer. All that it has of rows is by their numbers.
type Table struct {
	query   *Query
	byQueue bool
	filters []sieve
	sets    []*metricSet
	of      []int   // of each metric, its set
	names   []names // of each grouping, its values
	numbers map[rowKey]int32
	keys    []rowKey
	within  [][]int64 // of each metric, what is within its threshold

	single   []int32 // where there is one grouping: the rows of the interval that was added to last, by value
	interval int
	cells    []int32 // reused: see rowsOf
}

// metricSet are metrics that have the same filters of their own.
type metricSet struct {
	asked   []Filter
	filters []sieve
	columns []column  // that its metrics are made of, in their order
	sums    [][]int64 // of each column
}

// names numbers texts, from 1 on.
type names struct {
	known map[string]int32
	texts []string
}

func (n *names) number(text string) int32 {
	known := n.known[text]
	if known == 0 {
		n.texts = append(n.texts, text)
		known = int32(len(n.texts))
		n.known[text] = known
	}
	return known
}

// NewTable returns an empty table for a query.
func NewTable(q *Query) *Table {
	t := &Table{query: q, filters: sieves(q.Filters), numbers: map[rowKey]int32{}, within: make([][]int64, len(q.Metrics))}
	t.byQueue = slices.Contains(q.Groupings, KeyQueue) || slices.ContainsFunc(q.Filters, func(f Filter) bool { return f.Key == KeyQueue })
	for range q.Groupings {
		t.names = append(t.names, names{known: map[string]int32{}})
	}
	for _, m := range q.Metrics {
		at := slices.IndexFunc(t.sets, func(s *metricSet) bool { return slices.EqualFunc(s.asked, m.Filters, sameFilter) })
		if at < 0 {
			at = len(t.sets)
			t.sets = append(t.sets, &metricSet{asked: m.Filters, filters: sieves(m.Filters)})
		}
		t.of = append(t.of, at)
		t.sets[at].columns = append(t.sets[at].columns, m.reads(t.byQueue)...)
	}
	for _, s := range t.sets {
		slices.Sort(s.columns)
		s.columns = slices.Compact(s.columns)
		s.sums = make([][]int64, len(s.columns))
	}
	t.add(rowKey{})
	return t
}

func sameFilter(a, b Filter) bool {
	return a.Key == b.Key && a.Negate == b.Negate && slices.Equal(a.Values, b.Values)
}

// row returns the number of a row, which is added if it is new.
func (t *Table) row(key rowKey) int32 {
	if len(t.names) != 1 {
		return t.known(key)
	}
	if key.interval != t.interval {
		t.interval = key.interval
		clear(t.single)
	}
	value := int(key.values[0])
	if value >= len(t.single) {
		t.single = append(t.single, make([]int32, len(t.names[0].texts)+1-len(t.single))...)
	}
	if t.single[value] == trash {
		t.single[value] = t.known(key)
	}
	return t.single[value]
}

// known looks the row up.
func (t *Table) known(key rowKey) int32 {
	row := t.numbers[key]
	if row == trash {
		row = t.add(key)
		t.numbers[key] = row
	}
	return row
}

func (t *Table) add(key rowKey) int32 {
	t.keys = append(t.keys, key)
	for _, s := range t.sets {
		for i := range s.sums {
			s.sums[i] = append(s.sums[i], 0)
		}
	}
	for i := range t.within {
		t.within[i] = append(t.within[i], 0)
	}
	return int32(len(t.keys) - 1)
}

// Add adds a cell of an interval, which is known by its number. A cell that a filter leaves out, or that has nothing of what rows are
// grouped by, counts nowhere.
func (t *Table) Add(interval int, d *Dims, c *Cell) {
	if !pass(t.filters, d) {
		return
	}
	key := rowKey{interval: interval}
	for i, by := range t.query.Groupings {
		value := d.value(by)
		if value == "" {
			return
		}
		key.values[i] = t.names[i].number(value)
	}
	row := t.row(key)
	for at, s := range t.sets {
		if !pass(s.filters, d) {
			continue
		}
		for i, n := range s.columns {
			into := &s.sums[i][row]
			if v := *c.column(n); n == longestColumn {
				*into = max(*into, v)
			} else {
				*into += v
			}
		}
		for i := range t.of {
			if t.of[i] == at {
				t.within[i][row] += t.query.Metrics[i].within(c)
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
	out := make([]Row, 0, len(t.keys)-1)
	cells := make([]Cell, len(t.sets))
	for row := trash + 1; row < len(t.keys); row++ {
		key := &t.keys[row]
		r := Row{Interval: key.interval, Of: make([]string, len(t.names)), Values: make([]*float64, len(t.of))}
		for i := range t.names {
			r.Of[i] = t.names[i].texts[key.values[i]-1]
		}
		for i, s := range t.sets {
			for j, n := range s.columns {
				*cells[i].column(n) = s.sums[j][row]
			}
		}
		for i, set := range t.of {
			r.Values[i] = t.query.Metrics[i].of(&values{cell: &cells[set], within: t.within[i][row], byQueue: t.byQueue})
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return a.Compare(&b) })
	return out
}
