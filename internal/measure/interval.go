package measure

import "time"

// Interval is a time from Start to before End.
type Interval struct{ Start, End time.Time }

// Period is how long intervals are (IntervalPeriod).
type Period string

// The periods.
const (
	FifteenMinutes Period = "FIFTEEN_MIN"
	ThirtyMinutes  Period = "THIRTY_MIN"
	PerHour        Period = "HOUR"
	PerDay         Period = "DAY"
	PerWeek        Period = "WEEK" // it begins on Monday
	Whole          Period = "TOTAL"
)

// Longest is how long the whole time must be shorter than.
func (p Period) Longest() time.Duration {
	switch p {
	case FifteenMinutes, ThirtyMinutes, PerHour:
		return 3 * 24 * time.Hour
	}
	return 35 * 24 * time.Hour
}

// Intervals divides a time into the intervals of a period, by the wall clock of a place. The first and the last are as long as start and end leave them.
// A day is as long as it is there: of 23 or 25 hours where clocks are changed.
func Intervals(start, end time.Time, p Period, in *time.Location) (all []Interval) {
	for from := start; from.Before(end); {
		to := p.next(from.In(in))
		if to.After(end) || !to.After(from) {
			to = end
		}
		all = append(all, Interval{from, to.In(time.UTC)})
		from = to.In(time.UTC)
	}
	return all
}

// next returns when the interval ends that a time is in; a time that is not later means never.
func (p Period) next(t time.Time) time.Time {
	y, m, d := t.Date()
	switch p {
	case FifteenMinutes:
		return nextStep(t, 15*time.Minute)
	case ThirtyMinutes:
		return nextStep(t, 30*time.Minute)
	case PerHour:
		return nextStep(t, time.Hour)
	case PerDay:
		return midnight(y, m, d+1, t.Location())
	case PerWeek:
		return midnight(y, m, d+7-(int(t.Weekday())+6)%7, t.Location())
	}
	return t
}

// nextStep returns the next time at which the wall clock shows a multiple of a step.
func nextStep(t time.Time, step time.Duration) time.Time {
	_, offset := t.Zone()
	local := t.Unix() + int64(offset)
	seconds := int64(step / time.Second)
	return t.Add(time.Duration(seconds-local%seconds) * time.Second).Truncate(time.Second)
}

// midnight is when a day begins: at one where the clock goes forward at midnight.
func midnight(y int, m time.Month, d int, in *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, in)
	if t.Hour() != 0 {
		t = time.Date(y, m, d, 1, 0, 0, 0, in)
	}
	return t
}
