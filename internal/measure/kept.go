package measure

import "slices"

// tight is how many combinations of values are looked up in a list rather than in a map.
const tight = 1 << 20

// AddKept adds kept cells of an interval, as [Table.Add] adds each of them. It reads those columns alone that the query is about.
func (t *Table) AddKept(interval int, k *Kept) error {
	all, err := t.rowsOf(interval, k)
	if err != nil || all == nil {
		return err
	}
	for at, s := range t.sets {
		rows := all
		if len(s.filters) > 0 {
			rows = slices.Clone(all)
			if err := k.leaveOut(rows, s.filters); err != nil {
				return err
			}
		}
		for i, n := range s.columns {
			values, err := k.numbers(n)
			if err != nil {
				return err
			}
			if n == longestColumn {
				values.raise(s.sums[i], rows)
			} else {
				values.addTo(s.sums[i], rows)
			}
		}
		for i := range t.of {
			if t.of[i] != at {
				continue
			}
			if err := k.addWithin(&t.query.Metrics[i], t.within[i], rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// addWithin adds the contacts within the threshold of a metric to the row of each cell.
func (k *Kept) addWithin(m *Asked, within []int64, rows []int32) error {
	for _, class := range m.Within {
		if err := k.times(class, func(seconds, contacts int64, cell int) bool {
			if !m.Threshold.met(seconds) {
				return false
			}
			within[rows[cell]] += contacts
			return true
		}); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf returns the row of each cell, nil when all are left out. It is good until the next call.
func (t *Table) rowsOf(interval int, k *Kept) ([]int32, error) {
	of := slices.Grow(t.cells[:0], k.cells)[:k.cells] // numbers of keys, of which the first is that of the trash
	t.cells = of
	for i := range of {
		of[i] = 1
	}
	if err := k.leaveOut(of, t.filters); err != nil {
		return nil, err
	}
	keys := []rowKey{{}, {interval: interval}}
	for level, by := range t.query.Groupings {
		var err error
		if by == KeyChannel {
			for i := range keys {
				keys[i].values[level] = t.names[level].number(theChannel)
			}
		} else if keys, err = t.divide(of, keys, level, k); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(of, func(key int32) bool { return key != trash }) {
		return nil, nil
	}
	rows := make([]int32, len(keys))
	for i := 1; i < len(keys); i++ {
		rows[i] = t.row(keys[i])
	}
	for i, key := range of {
		of[i] = rows[key]
	}
	return of, nil
}

// divide divides the cells of each key by the values of a grouping, and returns the keys that this makes.
func (t *Table) divide(of []int32, keys []rowKey, level int, k *Kept) ([]rowKey, error) {
	by := t.query.Groupings[level]
	texts, number, err := k.texts(by.dim())
	if err != nil {
		return nil, err
	}
	values := make([]int32, len(texts))
	for i, text := range texts {
		if value := by.value(text); value != "" {
			values[i] = t.names[level].number(value)
		}
	}
	finer := make([]rowKey, 1, len(texts)+1)
	var few []int32 // what was made of a key and a value: in a list or, of many, in a map
	var many map[int]int32
	if combinations := len(keys) * len(texts); combinations <= tight {
		few = make([]int32, combinations)
	} else {
		many = map[int]int32{}
	}
	for i, key := range of {
		if key == trash {
			continue
		}
		n := int(number.at(i))
		if n < 0 || n >= len(values) {
			return nil, errCells
		}
		if values[n] == 0 {
			of[i] = trash
			continue
		}
		at := int(key)*len(texts) + n
		var made int32
		if few != nil {
			made = few[at]
		} else {
			made = many[at]
		}
		if made == 0 {
			made = int32(len(finer))
			one := keys[key]
			one.values[level] = values[n]
			finer = append(finer, one)
			if few != nil {
				few[at] = made
			} else {
				many[at] = made
			}
		}
		of[i] = made
	}
	return finer, nil
}

// leaveOut puts the cells that filters leave out into the trash.
func (k *Kept) leaveOut(of []int32, filters []sieve) error {
	for f := range filters {
		filter := &filters[f]
		if filter.Key == KeyChannel {
			if !filter.has(theChannel) {
				clear(of)
			}
			continue
		}
		texts, number, err := k.texts(filter.Key.dim())
		if err != nil {
			return err
		}
		stays, all := make([]bool, len(texts)), true
		for i, text := range texts {
			stays[i] = filter.has(filter.Key.value(text))
			all = all && stays[i]
		}
		for i := 0; i < len(of) && !all; i++ {
			switch n := int(number.at(i)); {
			case n < 0 || n >= len(stays):
				return errCells
			case !stays[n]:
				of[i] = trash
			}
		}
	}
	return nil
}
