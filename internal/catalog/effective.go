package catalog

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Date is a day of the calendar, written 2026-12-24. Dates compare as texts.
type Date string

// ParseDate reads a date. Errors: Invalid.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", center.Errorf(center.Invalid, "%q is not a date like 2026-12-24", s)
	}
	return Date(s), nil
}

// dateOf returns the date of a time in its own zone.
func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// time is the midnight that begins the date, in UTC.
func (d Date) time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		panic("catalog: date " + string(d)) // dates are parsed before they are kept
	}
	return t
}

// Add returns the date some days later, or earlier.
func (d Date) Add(days int) Date { return dateOf(d.time().AddDate(0, 0, days)) }

// date is a Date with the moment it is computed with, and the one before it.
type date struct {
	day       Date
	time      time.Time // midnight, UTC
	yesterday *date
}

func (d Date) reckon() date {
	one := func(t time.Time) date { return date{day: dateOf(t), time: t} }
	t := d.time()
	today, yesterday := one(t), one(t.AddDate(0, 0, -1))
	today.yesterday = &yesterday
	return today
}

// midnight is the end of a day in minutes after its beginning.
const midnight = 24 * 60

// Span is a stretch of a day, in minutes after midnight; End is at most 1,440.
type Span struct{ Start, End int }

// OverrideSpan is what an override makes of a stretch of a day.
type OverrideSpan struct {
	Span
	Name string
	Open bool
}

// Day is what hours of operation come to on one date.
type Day struct {
	Date      Date
	Open      []Span         // in order, apart from each other
	Overrides []OverrideSpan // what overrides made of it, in order
}

// At tells whether hours of operation are open at a moment, and the name of
// the override that decides it, "" for the weekly hours. parents are those
// whose overrides are shared. Clocks that go forward or back make a day of 23
// or 25 hours: what counts is what the clock on the wall shows.
func (h *Hours) At(now time.Time, parents []*Hours) (open bool, override string, err error) {
	z, err := zone(h.TimeZone)
	if err != nil {
		return false, "", err
	}
	local := now.In(z)
	open, by := newAgenda(h, parents, dateOf(local).reckon()).decide(local.Hour()*60 + local.Minute())
	if by != nil {
		override = by.Name
	}
	return open, override, nil
}

// On returns what hours of operation come to on a date (GetEffectiveHoursOfOperations).
func (h *Hours) On(d Date, parents []*Hours) Day {
	a := newAgenda(h, parents, d.reckon())
	day := Day{Date: d}
	marks := a.marks()
	var last *Override
	for i, start := range marks[:len(marks)-1] {
		span := Span{start, marks[i+1]}
		open, by := a.decide(start)
		if open {
			day.Open = join(day.Open, span)
		}
		if n := len(day.Overrides); by != nil && by == last && n > 0 && day.Overrides[n-1].End == start && day.Overrides[n-1].Open == open {
			day.Overrides[n-1].End = span.End
		} else if by != nil {
			day.Overrides = append(day.Overrides, OverrideSpan{span, by.Name, open})
		}
		last = by
	}
	// That a STANDARD override leaves the rest of its day closed goes without saying.
	opens := slices.ContainsFunc(day.Overrides, func(s OverrideSpan) bool { return s.Open })
	if a.standard != nil && opens {
		day.Overrides = slices.DeleteFunc(day.Overrides, func(s OverrideSpan) bool { return !s.Open && s.Name == a.standard.Name })
	}
	return day
}

// join appends a span, or makes the last one longer.
func join(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 && spans[n-1].End == s.Start {
		spans[n-1].End = s.End
		return spans
	}
	return append(spans, s)
}

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

func newAgenda(h *Hours, parents []*Hours, d date) agenda {
	var a agenda
	own, shared := candidates([]*Hours{h}, d), candidates(parents, d)
	for _, list := range [][]*Override{own, shared} {
		for _, o := range list {
			if o.Type == OverrideStandard && a.standard == nil && o.on(d) {
				a.standard = o
			}
		}
	}
	add := func(list []*Override, typ OverrideType) {
		for _, o := range list {
			if o.Type == typ && (typ != OverrideStandard || a.standard == nil || a.standard == o) {
				if l := o.layer(d); len(l.spans) > 0 {
					a.layers = append(a.layers, l)
				}
			}
		}
	}
	add(own, OverrideStandard)
	add(shared, OverrideStandard)
	if a.standard != nil {
		return a
	}
	add(own, OverrideClosed)
	add(own, OverrideOpen)
	add(shared, OverrideClosed)
	add(shared, OverrideOpen)
	a.layers = append(a.layers, h.week(d))
	return a
}

// candidates are the overrides that may have a say on a date, the latest created first.
func candidates(hours []*Hours, d date) []*Override {
	var list []*Override
	for _, h := range hours {
		for i := range h.Overrides {
			if o := &h.Overrides[i]; o.From <= d.day && d.yesterday.day <= o.Till {
				list = append(list, o)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *Override) int { return b.Created.Compare(a.Created) })
	return list
}

// decide tells whether a minute of the date is open, and which override says
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
func (h *Hours) week(d date) layer {
	l := layer{open: true}
	today := d.time.Weekday()
	for _, t := range h.Config {
		s := stretch(t.Start, t.End)
		if t.Day == today {
			l.spans = append(l.spans, s)
		}
		if yesterday := (today + 6) % 7; t.Day == yesterday && s.End > midnight {
			l.spans = append(l.spans, Span{s.Start - midnight, s.End - midnight})
		}
	}
	return l
}

// layer is an override's on a date, with what reaches over from the day before.
func (o *Override) layer(d date) layer {
	l := layer{by: o, open: o.Type != OverrideClosed}
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
	if o.Type == OverrideClosed && len(o.Config) == 0 {
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

// on reports whether a date is one of the override's.
func (o *Override) on(d date) bool {
	if d.day < o.From || o.Till < d.day {
		return false
	}
	r := o.Recurs
	if r == nil {
		return true
	}
	from, day := o.From.time(), d.time
	months := (day.Year()-from.Year())*12 + int(day.Month()) - int(from.Month())
	switch r.Frequency {
	case weekly:
		return weeks(from, day)%int(r.Interval) == 0 && o.weekday(day, from)
	case monthly:
		return months%int(r.Interval) == 0 && o.monthDay(day, from)
	case yearly:
		if (day.Year()-from.Year())%int(r.Interval) != 0 {
			return false
		}
		if len(r.Months) == 0 {
			return day.Month() == from.Month() && o.monthDay(day, from)
		}
		return slices.Contains(r.Months, int32(day.Month())) && o.monthDay(day, from)
	}
	return false
}

// weeks counts the weeks between two dates; weeks begin on Monday.
func weeks(from, day time.Time) int {
	monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -int(t.Weekday()+6)%7) }
	return int(monday(day).Sub(monday(from)).Hours()) / (7 * 24)
}

// weekday reports whether a date's weekday is one of Config's, or that of From
// when Config names none.
func (o *Override) weekday(day, from time.Time) bool {
	names := false
	for _, t := range o.Config {
		if t.Day == nil {
			continue
		}
		if names = true; *t.Day == day.Weekday() {
			return true
		}
	}
	return !names && day.Weekday() == from.Weekday()
}

// monthDay reports whether a date lies in its month where the recurrence says.
func (o *Override) monthDay(day, from time.Time) bool {
	r := o.Recurs
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch {
	case r.Occurrence == -1:
		return day.Day() > last-7 && o.weekday(day, from)
	case r.Occurrence > 0:
		return (day.Day()-1)/7 == int(r.Occurrence)-1 && o.weekday(day, from)
	case len(r.MonthDays) == 0:
		return day.Day() == from.Day()
	}
	return slices.Contains(r.MonthDays, int32(day.Day())) || day.Day() == last && slices.Contains(r.MonthDays, -1)
}
