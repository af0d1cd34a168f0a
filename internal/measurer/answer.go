package measurer

import (
	"context"
	"sort"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/store"
)

// Answer returns the rows of an answer to a question about an instance, by the intervals, which follow each other. It tells what was committed before
// it is called, of one moment. Times may be any; where they are not those of quarters of an hour, facts are looked at one by one.
func (m *Measurer) Answer(ctx context.Context, snap *catalog.Snapshot, q *measure.Query, intervals []measure.Interval) ([]measure.Row, error) {
	if err := m.CatchUp(ctx); err != nil {
		return nil, err
	}
	now := m.Clock.Now().UnixMilli()
	var table *measure.Table
	err := m.Store.ReadHistory(ctx, snap.ID(), func(h store.History) error {
		table = measure.NewTable(q)
		r := &reading{h: h, query: q, table: table, intervals: intervals}
		if err := r.versionsOf(); err != nil {
			return err
		}
		for _, part := range q.Parts() {
			for i := range intervals {
				if err := r.interval(part, i); err != nil {
					return err
				}
			}
			if part == measure.Agents {
				if err := r.running(snap, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return table.Rows(), nil
}

// reading reads what one answer is made of.
type reading struct {
	h         store.History
	query     *measure.Query
	table     *measure.Table
	intervals []measure.Interval
	versions  map[int64]int64 // of the quarters that there are facts in
}

func bounds(i measure.Interval) (from, to int64) { return i.Start.UnixMilli(), i.End.UnixMilli() }

// versionsOf reads which quarters there are facts in.
func (r *reading) versionsOf() error {
	r.versions = map[int64]int64{}
	if len(r.intervals) == 0 {
		return nil
	}
	from, _ := bounds(r.intervals[0])
	_, to := bounds(r.intervals[len(r.intervals)-1])
	return r.h.Quarters(from/measure.Quarter*measure.Quarter, to, func(quarter, version int64) { r.versions[quarter] = version })
}

// interval adds a part of an interval to the table: whole hours and quarters as they were kept, what is left by its facts.
func (r *reading) interval(part measure.Part, i int) error {
	from, to := bounds(r.intervals[i])
	since := from // facts are to be read from here on
	flush := func(until int64) error {
		defer func() { since = until }()
		return r.facts(part, i, since, until)
	}
	for at := from; at < to; {
		length, kept, err := r.kept(part, i, at, to)
		if err != nil {
			return err
		}
		if kept {
			if err := flush(at); err != nil {
				return err
			}
			since = at + length
		}
		at += length
	}
	return flush(to)
}

// kept adds what was kept of the time at and after at, if that can be used, and says how long it is.
func (r *reading) kept(part measure.Part, i int, at, to int64) (length int64, kept bool, err error) {
	for _, length := range []int64{measure.Hour, measure.Quarter} {
		if at%length != 0 || at+length > to {
			continue
		}
		version := int64(0)
		for q := at; q < at+length; q += measure.Quarter {
			version += r.versions[q]
		}
		if version == 0 {
			return length, true, nil // there is nothing
		}
		k, err := keptOf(r.h, part, at, length, version)
		if err != nil {
			return 0, false, err
		}
		if k != nil {
			return length, true, r.table.AddKept(i, k)
		}
	}
	return min(to, (at/measure.Quarter+1)*measure.Quarter) - at, false, nil
}

// keptOf returns what was kept of a part and some time; nil when there is nothing of that version.
func keptOf(h store.History, part measure.Part, start, length, version int64) (*measure.Kept, error) {
	piece := func(n int) ([]byte, error) { return h.Piece(string(part), start, length, version, n) }
	first, err := piece(0)
	if err != nil || first == nil {
		return nil, err
	}
	return measure.OpenKept(first, piece)
}

// facts adds the facts of some time.
func (r *reading) facts(part measure.Part, i int, from, to int64) error {
	if from >= to {
		return nil
	}
	cells := measure.Cells{}
	if err := addFacts(r.h, part, cells, from, to); err != nil {
		return err
	}
	for d, c := range cells {
		r.table.Add(i, &d, c)
	}
	return nil
}

// addFacts adds the facts of a part and a time to cells. A fact that counts in several quarters is read in each, and counts there for what it is there.
func addFacts(h store.History, part measure.Part, cells measure.Cells, from, to int64) error {
	for _, kind := range part.Kinds() {
		err := h.Facts(string(kind), from/measure.Quarter*measure.Quarter, to, func(quarter int64, body []byte) error {
			f, err := measure.DecodeFact(kind, body)
			if err != nil {
				return err
			}
			f.AddTo(cells, max(from, quarter), min(to, quarter+measure.Quarter))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// running adds the time of agents that is not counted yet, since nothing has happened: up to now.
func (r *reading) running(snap *catalog.Snapshot, now int64) error {
	byInterval := make([]measure.Cells, len(r.intervals))
	err := r.h.Agents(func(body []byte) error {
		a, err := measure.DecodeAgent(body)
		if err != nil {
			return err
		}
		for _, f := range a.Advance(now, settingOf(snap, a.User)) {
			first := sort.Search(len(r.intervals), func(i int) bool { return r.intervals[i].End.UnixMilli() > f.Span.From })
			for i := first; i < len(r.intervals); i++ {
				from, to := bounds(r.intervals[i])
				if from >= f.Span.To {
					break
				}
				if byInterval[i] == nil {
					byInterval[i] = measure.Cells{}
				}
				f.AddTo(byInterval[i], from, to)
			}
		}
		return nil
	})
	for i, cells := range byInterval {
		for d, c := range cells {
			r.table.Add(i, &d, c)
		}
	}
	return err
}
