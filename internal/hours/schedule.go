// Package hours computes hours of operation: on which minutes of which dates
// something is open, given its weekly hours, the overrides of its own and those
// that it shares with others (its parents).
//
// Everything is a value and a pure function of it: there is no I/O and no
// clock, nothing blocks, and whatever was checked by [Override.Check] and
// [Zone] cannot fail later. What counts is the clock on the wall of the time
// zone, per minute.
//
// Start reading at [Schedule]; which of several overrides decides is explained at agenda.
package hours

import (
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // time zones are the same wherever the server runs

	"parley.example/parley/internal/center"
)

// Schedule says when something is open. [Schedule.On] computes what it comes to on a
// date, [Schedule.At] at a moment.
type Schedule struct {
	TimeZone  string     `json:"timeZone"` // IANA
	Config    []OpenTime `json:"config"`
	Overrides []Override `json:"overrides,omitempty"`
}

// OpenTime is a stretch of one weekday (HoursOfOperationConfig). Start and End
// are minutes after midnight. An End of 0 is midnight, one before Start is on
// the next day, and one that equals Start means the whole day.
type OpenTime struct {
	Day   time.Weekday `json:"day"`
	Start int          `json:"start"`
	End   int          `json:"end"`
}

// zones are the time zones in use, by name. Only names of the database get in.
var zones sync.Map

// Zone returns a time zone by its IANA name. Errors: Invalid.
func Zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, center.Errorf(center.Invalid, "TimeZone %q is not the name of a time zone, like Europe/Berlin", name)
	}
	zones.Store(name, z)
	return z, nil
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

// At reports whether hours of operation are open at a moment, and the name of
// the override that decides it, "" for the weekly hours. parents are those
// whose overrides are shared. Clocks that go forward or back make a day of 23
// or 25 hours: what counts is what the clock on the wall shows.
func (s *Schedule) At(now time.Time, parents []*Schedule) (open bool, override string, err error) {
	z, err := Zone(s.TimeZone)
	if err != nil {
		return false, "", err
	}
	local := now.In(z)
	open, by := newAgenda(s, parents, dateOf(local).reckon()).decide(local.Hour()*60 + local.Minute())
	if by != nil {
		override = by.Name
	}
	return open, override, nil
}

// On returns what hours of operation come to on a date (GetEffectiveHoursOfOperations).
func (s *Schedule) On(d Date, parents []*Schedule) Day {
	a := newAgenda(s, parents, d.reckon())
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
	opens := slices.ContainsFunc(day.Overrides, func(o OverrideSpan) bool { return o.Open })
	if a.standard != nil && opens {
		day.Overrides = slices.DeleteFunc(day.Overrides, func(o OverrideSpan) bool { return !o.Open && o.Name == a.standard.Name })
	}
	return day
}
