package hours

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Override changes what hours of operation come to on some dates
// (HoursOfOperationOverride).
type Override struct {
	ID          center.OverrideID `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Type        OverrideType      `json:"type"`
	From        Date              `json:"from"` // EffectiveFrom
	Till        Date              `json:"till"` // EffectiveTill, inclusive
	Config      []OverrideTime    `json:"config"`
	Recurs      *Recurrence       `json:"recurs,omitempty"` // nil for every date from From till Till
	Created     time.Time         `json:"created"`
}

// OverrideType is what an override does on its dates.
type OverrideType string

// The types of override.
const (
	Standard OverrideType = "STANDARD" // its times take the place of all others
	Open     OverrideType = "OPEN"     // its times are open besides the others
	Closed   OverrideType = "CLOSED"   // its times are closed; the whole day when it has none
)

// OverrideTime is a stretch of the days of an override
// (HoursOfOperationOverrideConfig). Day nil is any day; Start and End are as in [OpenTime].
type OverrideTime struct {
	Day   *time.Weekday `json:"day,omitempty"`
	Start int           `json:"start"`
	End   int           `json:"end"`
}

// Recurrence says on which of its dates an override comes (RecurrencePattern).
// Intervals are counted from the week, month or year of From.
type Recurrence struct {
	Frequency  string  `json:"frequency"`            // WEEKLY, MONTHLY or YEARLY
	Interval   int32   `json:"interval"`             // 1 to 6
	Months     []int32 `json:"months,omitempty"`     // ByMonth, of YEARLY; that of From when empty
	MonthDays  []int32 `json:"monthDays,omitempty"`  // ByMonthDay: 1 to 31, -1 for the last; that of From when empty. A month without the day is skipped
	Occurrence int32   `json:"occurrence,omitempty"` // ByWeekdayOccurrence: 1 to 4, -1 for the last; of the weekdays of Config, or that of From
}

// The frequencies of recurrence (RecurrenceFrequency).
const (
	weekly  = "WEEKLY"
	monthly = "MONTHLY"
	yearly  = "YEARLY"
)

// Check returns why an override is not valid. Errors: Invalid, and BadRequest when
// its members do not go together.
func (o *Override) Check() error {
	for name, d := range map[string]Date{"EffectiveFrom": o.From, "EffectiveTill": o.Till} {
		if _, err := ParseDate(string(d)); err != nil {
			return center.Errorf(center.Invalid, "%s: %w", name, err)
		}
	}
	if o.Till < o.From {
		return center.Errorf(center.BadRequest, "EffectiveTill %s is before EffectiveFrom %s", o.Till, o.From)
	}
	r := o.Recurs
	if r == nil {
		return nil
	}
	bad := func(days []int32, most int32) bool {
		return slices.ContainsFunc(days, func(d int32) bool { return d != -1 && (d < 1 || d > most) })
	}
	switch {
	case r.Interval < 1 || r.Interval > 6:
		return center.Errorf(center.Invalid, "Interval is 1 to 6, not %d", r.Interval)
	case slices.ContainsFunc(r.Months, func(m int32) bool { return m < 1 || m > 12 }):
		return center.Errorf(center.Invalid, "ByMonth holds months from 1 to 12")
	case bad(r.MonthDays, 31):
		return center.Errorf(center.Invalid, "ByMonthDay holds days from 1 to 31, or -1 for the last")
	case r.Occurrence != 0 && bad([]int32{r.Occurrence}, 4):
		return center.Errorf(center.Invalid, "ByWeekdayOccurrence is 1 to 4, or -1 for the last")
	case len(r.MonthDays) > 0 && r.Occurrence != 0:
		return center.Errorf(center.BadRequest, "ByMonthDay and ByWeekdayOccurrence exclude each other")
	case r.Frequency == weekly && (len(r.Months) > 0 || len(r.MonthDays) > 0 || r.Occurrence != 0):
		return center.Errorf(center.BadRequest, "a WEEKLY recurrence takes its days from Config, not from ByMonth, ByMonthDay or ByWeekdayOccurrence")
	case r.Frequency == monthly && len(r.Months) > 0:
		return center.Errorf(center.BadRequest, "ByMonth goes with a YEARLY recurrence only")
	}
	return nil
}
