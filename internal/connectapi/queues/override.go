package queues

import (
	"context"
	"slices"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/hours"
)

// CreateHoursOfOperationOverride adds an override to hours of operation: at
// most 50, with names of their own. EffectiveFrom and EffectiveTill are dates,
// both included. OverrideType is STANDARD when not given: its Config takes the
// place of all other hours on its dates, and an empty one closes. OPEN adds,
// CLOSED takes away; a CLOSED one without Config closes the whole day.
func (s *Queues) CreateHoursOfOperationOverride(ctx context.Context, in *connect.CreateHoursOfOperationOverrideRequest) (*connect.CreateHoursOfOperationOverrideResponse, error) {
	recurs, err := recurrenceOf(in.RecurrenceConfig)
	if err != nil {
		return nil, err
	}
	_, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	id, err := queueing.AddOverride(ctx, s.Catalog, h.Instance, h.ID, hours.Override{
		Name: in.Name, Description: wire.Text(in.Description), Type: hours.OverrideType(in.OverrideType),
		From: hours.Date(in.EffectiveFrom), Till: hours.Date(in.EffectiveTill), Config: timesOf(in.Config), Recurs: recurs,
	})
	return &connect.CreateHoursOfOperationOverrideResponse{HoursOfOperationOverrideId: new(string(id))}, err
}

// timesOf reads the times of an override; an absent list stays nil, an absent
// time is midnight.
func timesOf(in []connect.HoursOfOperationOverrideConfig) []hours.OverrideTime {
	if in == nil {
		return nil
	}
	minutes := func(t *connect.OverrideTimeSlice) int {
		if t == nil {
			return 0
		}
		return int(t.Hours*60 + t.Minutes)
	}
	times := make([]hours.OverrideTime, 0, len(in))
	for _, c := range in {
		t := hours.OverrideTime{Start: minutes(c.StartTime), End: minutes(c.EndTime)}
		if c.Day != "" {
			t.Day = new(weekdays[string(c.Day)])
		}
		times = append(times, t)
	}
	return times
}

// recurrenceOf reads a RecurrenceConfig.
func recurrenceOf(in *connect.RecurrenceConfig) (*hours.Recurrence, error) {
	if in == nil {
		return nil, nil
	}
	p := in.RecurrencePattern
	r := &hours.Recurrence{Frequency: string(p.Frequency), Interval: p.Interval, Months: p.ByMonth, MonthDays: p.ByMonthDay}
	if len(p.ByWeekdayOccurrence) > 0 {
		if r.Occurrence = p.ByWeekdayOccurrence[0]; r.Occurrence == 0 {
			return nil, center.Errorf(center.Invalid, "ByWeekdayOccurrence is 1 to 4, or -1 for the last")
		}
	}
	return r, nil
}

// UpdateHoursOfOperationOverride changes an override; members that are not given stay.
func (s *Queues) UpdateHoursOfOperationOverride(ctx context.Context, in *connect.UpdateHoursOfOperationOverrideRequest) (*connect.UpdateHoursOfOperationOverrideResponse, error) {
	recurs, err := recurrenceOf(in.RecurrenceConfig)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateHoursOfOperationOverrideResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, func(h *catalog.Hours) error {
		return queueing.UpdateOverride(ctx, s.Catalog, h.Instance, h.ID, center.OverrideID(in.HoursOfOperationOverrideId), queueing.OverrideChange{
			Name: in.Name, Description: in.Description, Type: hours.OverrideType(in.OverrideType),
			From: (*hours.Date)(in.EffectiveFrom), Till: (*hours.Date)(in.EffectiveTill), Config: timesOf(in.Config), Recurs: recurs,
		})
	})
}

// DeleteHoursOfOperationOverride removes an override.
func (s *Queues) DeleteHoursOfOperationOverride(ctx context.Context, in *connect.DeleteHoursOfOperationOverrideRequest) (*connect.DeleteHoursOfOperationOverrideResponse, error) {
	return &connect.DeleteHoursOfOperationOverrideResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, func(h *catalog.Hours) error {
		return queueing.RemoveOverride(ctx, s.Catalog, h.Instance, h.ID, center.OverrideID(in.HoursOfOperationOverrideId))
	})
}

// DescribeHoursOfOperationOverride describes an override.
func (s *Queues) DescribeHoursOfOperationOverride(ctx context.Context, in *connect.DescribeHoursOfOperationOverrideRequest) (*connect.DescribeHoursOfOperationOverrideResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	o, err := h.FindOverride(center.OverrideID(in.HoursOfOperationOverrideId))
	if err != nil {
		return nil, err
	}
	return &connect.DescribeHoursOfOperationOverrideResponse{HoursOfOperationOverride: new(override(snap, dated{h, &o}))}, nil
}

// dated is an override with the hours of operation that it belongs to.
type dated struct {
	hours    *catalog.Hours
	override *hours.Override
}

func override(snap *catalog.Snapshot, d dated) connect.HoursOfOperationOverride {
	h, o := d.hours, d.override
	out := connect.HoursOfOperationOverride{
		HoursOfOperationOverrideId: new(string(o.ID)), HoursOfOperationId: new(string(h.ID)), HoursOfOperationArn: new(snap.ARNOf(h)), Name: &o.Name,
		Description: wire.Optional(o.Description), Config: []connect.HoursOfOperationOverrideConfig{}, OverrideType: connect.OverrideType(o.Type),
		EffectiveFrom: new(string(o.From)), EffectiveTill: new(string(o.Till)),
	}
	for _, t := range o.Config {
		c := connect.HoursOfOperationOverrideConfig{StartTime: slice(t.Start), EndTime: slice(t.End)}
		if t.Day != nil {
			c.Day = connect.OverrideDays(strings.ToUpper(t.Day.String()))
		}
		out.Config = append(out.Config, c)
	}
	if r := o.Recurs; r != nil {
		p := &connect.RecurrencePattern{
			Frequency: connect.RecurrenceFrequency(r.Frequency), Interval: r.Interval, ByMonth: r.Months, ByMonthDay: r.MonthDays,
		}
		if r.Occurrence != 0 {
			p.ByWeekdayOccurrence = []int32{r.Occurrence}
		}
		out.RecurrenceConfig = &connect.RecurrenceConfig{RecurrencePattern: p}
	}
	return out
}

// slice is a time of day given in minutes after midnight; the midnight that
// ends the day is 0:00.
func slice(minutes int) *connect.OverrideTimeSlice {
	return &connect.OverrideTimeSlice{Hours: int32(minutes / 60 % 24), Minutes: int32(minutes % 60)}
}

// ListHoursOfOperationOverrides lists the overrides of hours of operation by name.
func (s *Queues) ListHoursOfOperationOverrides(ctx context.Context, in *connect.ListHoursOfOperationOverridesRequest) (*connect.ListHoursOfOperationOverridesResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListHoursOfOperationOverrides", Token: in.NextToken, Max: in.MaxResults}, string(h.ID),
		h.Overrides, func(o *hours.Override) string { return o.Name },
		func(o hours.Override) connect.HoursOfOperationOverride { return override(snap, dated{h, &o}) })
	if err != nil {
		return nil, err
	}
	return &connect.ListHoursOfOperationOverridesResponse{
		HoursOfOperationOverrideList: list, NextToken: next, LastModifiedTime: &h.Updated, LastModifiedRegion: new(snap.Region()),
	}, nil
}

// maxRange bounds the days that GetEffectiveHoursOfOperations answers for at once.
const maxRange = 366

// GetEffectiveHoursOfOperations returns what hours of operation come to on each
// date from FromDate to ToDate, at most 366, and what overrides made of them.
// Temporary hours (STANDARD) decide their dates alone; otherwise own overrides
// come before those of parents, closing before opening, and all before the
// weekly hours. The midnight that ends a day is shown as 0:00.
func (s *Queues) GetEffectiveHoursOfOperations(ctx context.Context, in *connect.GetEffectiveHoursOfOperationsRequest) (*connect.GetEffectiveHoursOfOperationsResponse, error) {
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	from, err := hours.ParseDate(in.FromDate)
	if err != nil {
		return nil, wire.InMember("FromDate", err)
	}
	to, err := hours.ParseDate(in.ToDate)
	switch {
	case err != nil:
		return nil, wire.InMember("ToDate", err)
	case to < from:
		return nil, center.Errorf(center.BadRequest, "ToDate %s is before FromDate %s", to, from)
	case to >= from.Add(maxRange):
		return nil, center.Errorf(center.BadRequest, "a request may cover at most %d days", maxRange)
	}
	out := &connect.GetEffectiveHoursOfOperationsResponse{
		EffectiveHoursOfOperationList: []connect.EffectiveHoursOfOperations{}, EffectiveOverrideHoursList: []connect.EffectiveOverrideHours{}, TimeZone: &h.TimeZone,
	}
	shared := snap.Shared(h)
	for date := from; date <= to; date = date.Add(1) {
		day := h.On(date, shared)
		open := connect.EffectiveHoursOfOperations{Date: new(string(date)), OperationalHours: []connect.OperationalHour{}}
		for _, span := range day.Open {
			open.OperationalHours = append(open.OperationalHours, connect.OperationalHour{Start: slice(span.Start), End: slice(span.End)})
		}
		out.EffectiveHoursOfOperationList = append(out.EffectiveHoursOfOperationList, open)
		if len(day.Overrides) == 0 {
			continue
		}
		over := connect.EffectiveOverrideHours{Date: new(string(date))}
		for _, o := range day.Overrides {
			status := connect.OperationalStatusCLOSED
			if o.Open {
				status = connect.OperationalStatusOPEN
			}
			over.OverrideHours = append(over.OverrideHours, connect.OverrideHour{
				Start: slice(o.Start), End: slice(o.End), OverrideName: new(o.Name), OperationalStatus: status,
			})
		}
		out.EffectiveOverrideHoursList = append(out.EffectiveOverrideHoursList, over)
	}
	return out, nil
}

// SearchHoursOfOperationOverrides finds overrides of all hours of operation of
// an instance, by name. StringCondition looks at name, description or
// resourceID of the override, DateCondition at EffectiveFrom or EffectiveTill;
// the tags of SearchFilter are those of the hours.
func (s *Queues) SearchHoursOfOperationOverrides(ctx context.Context, in *connect.SearchHoursOfOperationOverridesRequest) (*connect.SearchHoursOfOperationOverridesResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	var all []dated
	for _, h := range catalog.All[*catalog.Hours](snap) {
		for i := range h.Overrides {
			all = append(all, dated{h, &h.Overrides[i]})
		}
	}
	slices.SortFunc(all, func(a, b dated) int { return strings.Compare(overridePosition(&a), overridePosition(&b)) })
	found, next, total, err := query.Among(snap,
		query.Page{List: "SearchHoursOfOperationOverrides", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		all, overridePosition, query.Where(in.SearchCriteria, overrideCriteria), query.Filter(in.SearchFilter, overrideFilter), override)
	return &connect.SearchHoursOfOperationOverridesResponse{HoursOfOperationOverrides: found, NextToken: next, ApproximateTotalCount: total}, err
}

// overridePosition orders overrides by name, then id.
func overridePosition(d *dated) string { return d.override.Name + "\x00" + string(d.override.ID) }

// overrideFields are what a search can name of an override.
var overrideFields = map[string]func(o *hours.Override) string{
	"name":        func(o *hours.Override) string { return o.Name },
	"description": func(o *hours.Override) string { return o.Description },
	"resourceID":  func(o *hours.Override) string { return string(o.ID) },
}

func overrideCriteria(c *connect.HoursOfOperationOverrideSearchCriteria) query.Criteria[connect.HoursOfOperationOverrideSearchCriteria, dated] {
	return query.Criteria[connect.HoursOfOperationOverrideSearchCriteria, dated]{
		Or: c.OrConditions, And: c.AndConditions, Beside: []query.Condition[dated]{
			query.TextOf(c.StringCondition, []string{"name", "description", "resourceID"}, func(d dated, field string) string {
				return overrideFields[field](d.override)
			}),
			dateCondition(c.DateCondition),
		},
	}
}

func overrideFilter(f *connect.HoursOfOperationSearchFilter) query.Match[dated] {
	tagged := query.TagFilter[*catalog.Hours](f.TagFilter)
	return func(d dated) bool { return tagged == nil || tagged(d.hours) }
}

// dateCondition translates a DateCondition; ComparisonType is EQUAL_TO when not given.
func dateCondition(c *connect.DateCondition) query.Condition[dated] {
	return func() (query.Match[dated], error) {
		if c == nil {
			return nil, nil
		}
		field := func(o *hours.Override) hours.Date { return o.From }
		switch name := wire.Text(c.FieldName); {
		case strings.EqualFold(name, "EffectiveTill"):
			field = func(o *hours.Override) hours.Date { return o.Till }
		case !strings.EqualFold(name, "EffectiveFrom"):
			return nil, center.Errorf(center.Invalid, "DateCondition.FieldName is EffectiveFrom or EffectiveTill, not %q", name)
		}
		want, err := hours.ParseDate(wire.Text(c.Value))
		if err != nil {
			return nil, wire.InMember("DateCondition.Value", err)
		}
		compare, ok := dateComparisons[c.ComparisonType]
		if !ok {
			compare = dateComparisons[connect.DateComparisonTypeEQUAL_TO]
		}
		return func(d dated) bool { return compare(field(d.override), want) }, nil
	}
}

var dateComparisons = map[connect.DateComparisonType]func(a, b hours.Date) bool{
	connect.DateComparisonTypeGREATER_THAN:             func(a, b hours.Date) bool { return a > b },
	connect.DateComparisonTypeLESS_THAN:                func(a, b hours.Date) bool { return a < b },
	connect.DateComparisonTypeGREATER_THAN_OR_EQUAL_TO: func(a, b hours.Date) bool { return a >= b },
	connect.DateComparisonTypeLESS_THAN_OR_EQUAL_TO:    func(a, b hours.Date) bool { return a <= b },
	connect.DateComparisonTypeEQUAL_TO:                 func(a, b hours.Date) bool { return a == b },
}
