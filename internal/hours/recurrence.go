package hours

import (
	"slices"
	"time"
)

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
