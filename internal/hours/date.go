package hours

import (
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
		panic("hours: date " + string(d)) // dates are parsed before they are kept
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
