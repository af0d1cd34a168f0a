package hours

import "slices"

// agenda is all that may decide on a date, the stronger before the weaker.
// Temporary hours (STANDARD) beat everything on their dates; then closing beats
// opening, own overrides beat those of parents, and all of them the weekly
// hours. Of two that are equally strong the one created later decides.
type agenda struct {
	standard *Override // that takes the place of everything
	layers   []layer
}

// layer is one override, or the weekly hours, on a date.
type layer struct {
	by    *Override // nil for the weekly hours
	open  bool      // what its spans are
	spans []Span    // those of the day before reach into the date with a negative Start
}

func newAgenda(s *Schedule, parents []*Schedule, d date) agenda {
	var a agenda
	own, shared := candidates([]*Schedule{s}, d), candidates(parents, d)
	for _, list := range [][]*Override{own, shared} {
		for _, o := range list {
			if o.Type == Standard && a.standard == nil && o.on(d) {
				a.standard = o
			}
		}
	}
	add := func(list []*Override, typ OverrideType) {
		for _, o := range list {
			if o.Type == typ && (typ != Standard || a.standard == nil || a.standard == o) {
				if l := o.layer(d); len(l.spans) > 0 {
					a.layers = append(a.layers, l)
				}
			}
		}
	}
	add(own, Standard)
	add(shared, Standard)
	if a.standard != nil {
		return a
	}
	add(own, Closed)
	add(own, Open)
	add(shared, Closed)
	add(shared, Open)
	a.layers = append(a.layers, s.week(d))
	return a
}

// candidates are the overrides that may have a say on a date, the latest created first.
func candidates(schedules []*Schedule, d date) []*Override {
	var list []*Override
	for _, s := range schedules {
		for i := range s.Overrides {
			if o := &s.Overrides[i]; o.From <= d.day && d.yesterday.day <= o.Till {
				list = append(list, o)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *Override) int { return b.Created.Compare(a.Created) })
	return list
}

// decide reports whether a minute of the date is open, and which override says
// so, nil for the weekly hours.
func (a agenda) decide(minute int) (open bool, by *Override) {
	for _, l := range a.layers {
		for _, s := range l.spans {
			if s.Start <= minute && minute < s.End {
				return l.open, l.by
			}
		}
	}
	return false, a.standard
}

// marks are the minutes of the day at which something may change.
func (a agenda) marks() []int {
	marks := []int{0, midnight}
	for _, l := range a.layers {
		for _, s := range l.spans {
			marks = append(marks, min(max(s.Start, 0), midnight), min(max(s.End, 0), midnight))
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// week is the layer of the weekly hours.
func (s *Schedule) week(d date) layer {
	l := layer{open: true}
	today := d.time.Weekday()
	for _, t := range s.Config {
		span := stretch(t.Start, t.End)
		if t.Day == today {
			l.spans = append(l.spans, span)
		}
		if yesterday := (today + 6) % 7; t.Day == yesterday && span.End > midnight {
			l.spans = append(l.spans, Span{span.Start - midnight, span.End - midnight})
		}
	}
	return l
}

// layer is an override's on a date, with what reaches over from the day before.
func (o *Override) layer(d date) layer {
	l := layer{by: o, open: o.Type != Closed}
	if o.on(d) {
		l.spans = o.times(d)
	}
	if o.on(*d.yesterday) {
		for _, s := range o.times(*d.yesterday) {
			if s.End > midnight {
				l.spans = append(l.spans, Span{s.Start - midnight, s.End - midnight})
			}
		}
	}
	return l
}

// times are an override's stretches of one of its dates.
func (o *Override) times(d date) []Span {
	if o.Type == Closed && len(o.Config) == 0 {
		return []Span{{0, midnight}}
	}
	var spans []Span
	for _, t := range o.Config {
		if t.Day == nil || *t.Day == d.time.Weekday() {
			spans = append(spans, stretch(t.Start, t.End))
		}
	}
	return spans
}

// stretch is what a start and an end in minutes mean: see [OpenTime].
func stretch(start, end int) Span {
	switch {
	case start == end:
		return Span{0, midnight}
	case end < start:
		return Span{start, end + midnight}
	}
	return Span{start, end}
}

// join appends a span, or makes the last one longer.
func join(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 && spans[n-1].End == s.Start {
		spans[n-1].End = s.End
		return spans
	}
	return append(spans, s)
}
