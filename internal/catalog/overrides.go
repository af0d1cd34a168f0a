package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
)

// Override changes what hours of operation come to on some dates
// (HoursOfOperationOverride).
type Override struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Type        OverrideType   `json:"type"`
	From        Date           `json:"from"` // EffectiveFrom
	Till        Date           `json:"till"` // EffectiveTill, inclusive
	Config      []OverrideTime `json:"config"`
	Recurs      *Recurrence    `json:"recurs,omitempty"` // nil for every date from From till Till
	Created     time.Time      `json:"created"`
}

// OverrideType is what an override does on its dates.
type OverrideType string

// The types of override.
const (
	OverrideStandard OverrideType = "STANDARD" // its times take the place of all others
	OverrideOpen     OverrideType = "OPEN"     // its times are open besides the others
	OverrideClosed   OverrideType = "CLOSED"   // its times are closed; the whole day when it has none
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

// maxOverrides bounds the overrides of hours of operation, as in the service.
const maxOverrides = 50

// OverrideChange is what UpdateHoursOfOperationOverride changes; nil and empty members stay.
type OverrideChange struct {
	Name, Description *string
	Type              OverrideType
	From, Till        *Date
	Config            []OverrideTime
	Recurs            *Recurrence
}

// AddOverride adds an override to hours of operation; ID and Created are given
// to it. Errors: NotFound, Invalid, BadRequest when its members do not go
// together, Duplicate for the name, LimitExceeded.
func (c *Catalog) AddOverride(ctx context.Context, instance, ref string, o Override) (id string, err error) {
	id = center.NewUUID()
	err = c.changeHours(ctx, instance, ref, func(_ *View, h *Hours) error {
		if len(h.Overrides) >= maxOverrides {
			return center.Errorf(center.LimitExceeded, "hours of operation have at most %d overrides", maxOverrides)
		}
		made := o
		made.ID, made.Created = id, c.now()
		h.Overrides = append(h.Overrides, made)
		return h.settle(id)
	})
	return id, err
}

// UpdateOverride changes an override. Errors: those of AddOverride.
func (c *Catalog) UpdateOverride(ctx context.Context, instance, ref, id string, n OverrideChange) error {
	return c.changeHours(ctx, instance, ref, func(_ *View, h *Hours) error {
		i := slices.IndexFunc(h.Overrides, func(o Override) bool { return o.ID == id })
		if i < 0 {
			return noOverride(h, id)
		}
		o := &h.Overrides[i]
		if n.Name != nil {
			o.Name = *n.Name
		}
		if n.Description != nil {
			o.Description = *n.Description
		}
		if n.Type != "" {
			o.Type = n.Type
		}
		if n.From != nil {
			o.From = *n.From
		}
		if n.Till != nil {
			o.Till = *n.Till
		}
		if n.Config != nil {
			o.Config = n.Config
		}
		if n.Recurs != nil {
			o.Recurs = n.Recurs
		}
		return h.settle(id)
	})
}

// RemoveOverride removes an override. Errors: NotFound.
func (c *Catalog) RemoveOverride(ctx context.Context, instance, ref, id string) error {
	return c.changeHours(ctx, instance, ref, func(_ *View, h *Hours) error {
		if _, err := h.FindOverride(id); err != nil {
			return err
		}
		h.Overrides = slices.DeleteFunc(h.Overrides, func(o Override) bool { return o.ID == id })
		return nil
	})
}

// FindOverride returns the override with an id. Errors: NotFound.
func (h *Hours) FindOverride(id string) (Override, error) {
	i := slices.IndexFunc(h.Overrides, func(o Override) bool { return o.ID == id })
	if i < 0 {
		return Override{}, noOverride(h, id)
	}
	return h.Overrides[i], nil
}

func noOverride(h *Hours, id string) error {
	return center.Errorf(center.NotFound, "hours of operation %s have no override %s", h.ID, id)
}

// settle checks the override with an id after a change, and keeps the list in order.
func (h *Hours) settle(id string) error {
	for i := range h.Overrides {
		o := &h.Overrides[i]
		if o.ID != id {
			continue
		}
		if err := o.check(); err != nil {
			return err
		}
		for _, other := range h.Overrides {
			if other.ID != id && other.Name == o.Name {
				return &center.Error{Reason: center.Duplicate, Message: "the hours of operation have an override with the name " + o.Name, Kind: center.KindHours, ID: h.ID}
			}
		}
	}
	slices.SortFunc(h.Overrides, func(a, b Override) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// check tells why an override cannot be.
func (o *Override) check() error {
	if o.Type == "" {
		o.Type = OverrideStandard
	}
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
