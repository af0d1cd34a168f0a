package connectapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

func times(h int32) *connect.HoursOfOperationTimeSlice {
	return &connect.HoursOfOperationTimeSlice{Hours: h}
}

// hours adds hours of operation from nine to five on weekdays in Berlin.
func (o *office) hours(name string, parents ...string) string {
	o.t.Helper()
	in := &connect.CreateHoursOfOperationRequest{InstanceId: o.id, Name: name, TimeZone: "Europe/Berlin"}
	for _, day := range []connect.HoursOfOperationDays{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"} {
		in.Config = append(in.Config, connect.HoursOfOperationConfig{Day: day, StartTime: times(9), EndTime: times(17)})
	}
	for _, p := range parents {
		in.ParentHoursOfOperationConfigs = append(in.ParentHoursOfOperationConfigs, connect.ParentHoursOfOperationConfig{HoursOfOperationId: &p})
	}
	return *must[*connect.CreateHoursOfOperationResponse](o.t)(o.CreateHoursOfOperation(o.t.Context(), in)).HoursOfOperationId
}

// effective asks what hours come to: a line for each date.
func (o *office) effective(hours, from, to string) string {
	o.t.Helper()
	out := must[*connect.GetEffectiveHoursOfOperationsResponse](o.t)(o.GetEffectiveHoursOfOperations(o.t.Context(), &connect.GetEffectiveHoursOfOperationsRequest{
		InstanceId: o.id, HoursOfOperationId: hours, FromDate: from, ToDate: to,
	}))
	overrides := map[string]string{}
	clock := func(a, b *connect.OverrideTimeSlice) string {
		return fmt.Sprintf("%d:%02d-%d:%02d", a.Hours, a.Minutes, b.Hours, b.Minutes)
	}
	for _, d := range out.EffectiveOverrideHoursList {
		for _, h := range d.OverrideHours {
			overrides[*d.Date] += fmt.Sprintf(" %s %s %s", *h.OverrideName, h.OperationalStatus, clock(h.Start, h.End))
		}
	}
	var lines []string
	for _, d := range out.EffectiveHoursOfOperationList {
		parts := []string{*d.Date}
		for _, h := range d.OperationalHours {
			parts = append(parts, clock(h.Start, h.End))
		}
		lines = append(lines, strings.Join(parts, " ")+overrides[*d.Date])
	}
	return strings.Join(lines, "\n")
}

func TestHoursOfOperation(t *testing.T) {
	o := newOffice(t, catalog.Limits{Hours: 3})
	ctx := t.Context()
	id := o.hours("Berlin")
	describe := func() *connect.HoursOfOperation {
		return must[*connect.DescribeHoursOfOperationResponse](t)(o.DescribeHoursOfOperation(ctx, &connect.DescribeHoursOfOperationRequest{InstanceId: o.id, HoursOfOperationId: id})).HoursOfOperation
	}
	h := describe()
	if *h.Name != "Berlin" || *h.TimeZone != "Europe/Berlin" || len(h.Config) != 5 || h.Config[4].Day != connect.HoursOfOperationDaysFRIDAY || h.Config[4].EndTime.Hours != 17 || *h.HoursOfOperationArn != o.arn+"/operating-hours/"+id {
		t.Errorf("the hours are %+v", h)
	}
	// Christmas week of 2026 begins on a Monday.
	if got := o.effective(id, "2026-12-25", "2026-12-28"); got != "2026-12-25 9:00-17:00\n2026-12-26\n2026-12-27\n2026-12-28 9:00-17:00" {
		t.Errorf("effective hours:\n%s", got)
	}
	update := func(in connect.UpdateHoursOfOperationRequest) error {
		in.InstanceId, in.HoursOfOperationId = o.id, id
		_, err := o.UpdateHoursOfOperation(ctx, &in)
		return err
	}
	if err := update(connect.UpdateHoursOfOperationRequest{Description: new("north")}); err != nil {
		t.Fatal(err)
	}
	if err := update(connect.UpdateHoursOfOperationRequest{Name: new("Bonn"), TimeZone: new("Asia/Kolkata"), Config: []connect.HoursOfOperationConfig{
		{Day: connect.HoursOfOperationDaysSATURDAY, StartTime: times(22), EndTime: times(2)}, {Day: connect.HoursOfOperationDaysTUESDAY, StartTime: times(0), EndTime: times(0)},
	}}); err != nil {
		t.Fatal(err)
	}
	if h := describe(); *h.Name != "Bonn" || *h.Description != "north" || *h.TimeZone != "Asia/Kolkata" || len(h.Config) != 2 {
		t.Errorf("updated, the hours are %+v", h)
	}
	if got := o.effective(id, "2026-12-26", "2026-12-29"); got != "2026-12-26 22:00-0:00\n2026-12-27 0:00-2:00\n2026-12-28\n2026-12-29 0:00-0:00" {
		t.Errorf("effective hours:\n%s", got)
	}
	if err := update(connect.UpdateHoursOfOperationRequest{Config: []connect.HoursOfOperationConfig{}}); err != nil || len(describe().Config) != 0 {
		t.Errorf("an empty Config: %v, %+v", err, describe().Config)
	}
	refused(t, "a time zone", update(connect.UpdateHoursOfOperationRequest{TimeZone: new("Berlin")}), "InvalidParameterException", 400)
	refused(t, "a taken name", update(connect.UpdateHoursOfOperationRequest{Name: new("Basic Hours")}), "DuplicateResourceException", 409)
	_, err := o.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{InstanceId: o.id, Name: "x", TimeZone: "Local", Config: []connect.HoursOfOperationConfig{}})
	refused(t, "no time zone", err, "InvalidParameterException", 400)
	_, err = o.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{InstanceId: o.id, Name: "Bonn", TimeZone: "UTC", Config: []connect.HoursOfOperationConfig{}})
	refused(t, "a taken name", err, "DuplicateResourceException", 409)
	other := o.hours("third")
	_, err = o.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{InstanceId: o.id, Name: "fourth", TimeZone: "UTC", Config: []connect.HoursOfOperationConfig{}})
	refused(t, "over the quota", err, "LimitExceededException", 429)
	for from, to := range map[string]string{"2026-12-25": "2026-12-24", "2026-01-01": "2027-01-02"} {
		_, err = o.GetEffectiveHoursOfOperations(ctx, &connect.GetEffectiveHoursOfOperationsRequest{InstanceId: o.id, HoursOfOperationId: id, FromDate: from, ToDate: to})
		refused(t, from+" to "+to, err, "InvalidRequestException", 400)
	}
	_, err = o.GetEffectiveHoursOfOperations(ctx, &connect.GetEffectiveHoursOfOperationsRequest{InstanceId: o.id, HoursOfOperationId: id, FromDate: "2026-02-30", ToDate: "2026-12-24"})
	refused(t, "no date", err, "InvalidParameterException", 400)

	remove := func(id string) error {
		_, err := o.DeleteHoursOfOperation(ctx, &connect.DeleteHoursOfOperationRequest{InstanceId: o.id, HoursOfOperationId: id})
		return err
	}
	basic := must[*connect.ListHoursOfOperationsResponse](t)(o.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: o.id})).HoursOfOperationSummaryList[0]
	refused(t, "the hours of a queue", remove(*basic.Id), "InvalidRequestException", 400)
	if err := remove(other); err != nil {
		t.Fatal(err)
	}
	refused(t, "deleting them twice", remove(other), "ResourceNotFoundException", 404)
}

func TestSharedHours(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	holidays, extra, far, farther := o.hours("Holidays"), o.hours("Extra"), o.hours("Far"), o.hours("Farther")
	shop := o.hours("Shop", holidays)
	o.override(holidays, "Christmas", connect.OverrideTypeCLOSED, "2026-12-25", "2026-12-26")
	if got := o.effective(shop, "2026-12-24", "2026-12-25"); got != "2026-12-24 9:00-17:00\n2026-12-25 Christmas CLOSED 0:00-0:00" {
		t.Errorf("shared hours:\n%s", got)
	}
	share := func(parents ...string) error {
		in := &connect.AssociateHoursOfOperationsRequest{InstanceId: o.id, HoursOfOperationId: shop}
		for _, p := range parents {
			in.ParentHoursOfOperationConfigs = append(in.ParentHoursOfOperationConfigs, connect.ParentHoursOfOperationConfig{HoursOfOperationId: &p})
		}
		_, err := o.AssociateHoursOfOperations(ctx, in)
		return err
	}
	if err := share(extra, far, holidays); err != nil {
		t.Fatal(err)
	}
	refused(t, "a fourth parent", share(farther), "ServiceQuotaExceededException", 402)
	refused(t, "itself", share(shop), "InvalidRequestException", 400)
	refused(t, "an unknown parent", share(unknownID), "ResourceNotFoundException", 404)
	h := must[*connect.DescribeHoursOfOperationResponse](t)(o.DescribeHoursOfOperation(ctx, &connect.DescribeHoursOfOperationRequest{InstanceId: o.id, HoursOfOperationId: shop})).HoursOfOperation
	var names []string
	for _, p := range h.ParentHoursOfOperations {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"Holidays", "Extra", "Far"}) {
		t.Errorf("parents %v", names)
	}
	children := must[*connect.ListChildHoursOfOperationsResponse](t)(o.ListChildHoursOfOperations(ctx, &connect.ListChildHoursOfOperationsRequest{InstanceId: o.id, HoursOfOperationId: holidays})).ChildHoursOfOperationsSummaryList
	if len(children) != 1 || children[0].Id != shop || *children[0].Arn != o.arn+"/operating-hours/"+shop {
		t.Errorf("children %+v", children)
	}
	_, err := o.DeleteHoursOfOperation(ctx, &connect.DeleteHoursOfOperationRequest{InstanceId: o.id, HoursOfOperationId: holidays})
	refused(t, "deleting a parent", err, "InvalidRequestException", 400)
	unshare := func() error {
		_, err := o.DisassociateHoursOfOperations(ctx, &connect.DisassociateHoursOfOperationsRequest{InstanceId: o.id, HoursOfOperationId: shop, ParentHoursOfOperationIds: []string{o.arn + "/operating-hours/" + holidays}})
		return err
	}
	if err := unshare(); err != nil {
		t.Fatal(err)
	}
	refused(t, "parting twice", unshare(), "InvalidRequestException", 400)
	if got := o.effective(shop, "2026-12-25", "2026-12-25"); got != "2026-12-25 9:00-17:00" {
		t.Errorf("hours shared no more:\n%s", got)
	}
}

// override adds an override of whole days and returns its id.
func (o *office) override(hours, name string, typ connect.OverrideType, from, till string, config ...connect.HoursOfOperationOverrideConfig) string {
	o.t.Helper()
	out := must[*connect.CreateHoursOfOperationOverrideResponse](o.t)(o.CreateHoursOfOperationOverride(o.t.Context(), &connect.CreateHoursOfOperationOverrideRequest{
		InstanceId: o.id, HoursOfOperationId: hours, Name: name, OverrideType: typ, EffectiveFrom: from, EffectiveTill: till, Config: append([]connect.HoursOfOperationOverrideConfig{}, config...),
	}))
	return *out.HoursOfOperationOverrideId
}

func stretch(day connect.OverrideDays, from, to int32) connect.HoursOfOperationOverrideConfig {
	return connect.HoursOfOperationOverrideConfig{Day: day, StartTime: &connect.OverrideTimeSlice{Hours: from}, EndTime: &connect.OverrideTimeSlice{Hours: to}}
}

func TestHoursOfOperationOverrides(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	hours := o.hours("Shop")
	party := o.override(hours, "Party", "", "2026-12-24", "2026-12-24", stretch("", 10, 12))
	o.override(hours, "Holiday", connect.OverrideTypeCLOSED, "2026-12-25", "2026-12-26")
	o.override(hours, "Sunday", connect.OverrideTypeOPEN, "2026-12-01", "2026-12-31", stretch(connect.OverrideDaysSUNDAY, 12, 16))
	const week = "2026-12-23 9:00-17:00\n2026-12-24 10:00-12:00 Party OPEN 10:00-12:00\n2026-12-25 Holiday CLOSED 0:00-0:00\n2026-12-26 Holiday CLOSED 0:00-0:00\n2026-12-27 12:00-16:00 Sunday OPEN 12:00-16:00"
	if got := o.effective(hours, "2026-12-23", "2026-12-27"); got != week {
		t.Errorf("effective hours:\n%s", got)
	}
	describe := func(id string) (*connect.HoursOfOperationOverride, error) {
		out, err := o.DescribeHoursOfOperationOverride(ctx, &connect.DescribeHoursOfOperationOverrideRequest{InstanceId: o.id, HoursOfOperationId: hours, HoursOfOperationOverrideId: id})
		if err != nil {
			return nil, err
		}
		return out.HoursOfOperationOverride, nil
	}
	d := must[*connect.HoursOfOperationOverride](t)(describe(party))
	if *d.Name != "Party" || d.OverrideType != connect.OverrideTypeSTANDARD || *d.EffectiveFrom != "2026-12-24" || *d.HoursOfOperationArn != o.arn+"/operating-hours/"+hours || len(d.Config) != 1 || d.Config[0].Day != "" || d.Config[0].EndTime.Hours != 12 {
		t.Errorf("the override is %+v", d)
	}
	update := func(in connect.UpdateHoursOfOperationOverrideRequest) error {
		in.InstanceId, in.HoursOfOperationId, in.HoursOfOperationOverrideId = o.id, hours, party
		_, err := o.UpdateHoursOfOperationOverride(ctx, &in)
		return err
	}
	if err := update(connect.UpdateHoursOfOperationOverrideRequest{
		Name: new("Sale"), Description: new("half price"), OverrideType: connect.OverrideTypeOPEN, EffectiveFrom: new("2026-01-01"), EffectiveTill: new("2027-12-31"), Config: []connect.HoursOfOperationOverrideConfig{stretch(connect.OverrideDaysSATURDAY, 8, 12)},
		RecurrenceConfig: &connect.RecurrenceConfig{RecurrencePattern: &connect.RecurrencePattern{Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByWeekdayOccurrence: []int32{-1}}},
	}); err != nil {
		t.Fatal(err)
	}
	d = must[*connect.HoursOfOperationOverride](t)(describe(party))
	if p := d.RecurrenceConfig.RecurrencePattern; *d.Name != "Sale" || *d.Description != "half price" || p.Frequency != connect.RecurrenceFrequencyMONTHLY || p.Interval != 1 || !slices.Equal(p.ByWeekdayOccurrence, []int32{-1}) || d.Config[0].Day != connect.OverrideDaysSATURDAY {
		t.Errorf("updated, the override is %+v", d)
	}
	if got := o.effective(hours, "2027-01-23", "2027-01-30"); !strings.HasPrefix(got, "2027-01-23\n") || !strings.HasSuffix(got, "2027-01-30 8:00-12:00 Sale OPEN 8:00-12:00") {
		t.Errorf("every last Saturday:\n%s", got)
	}

	refused(t, "a taken name", update(connect.UpdateHoursOfOperationOverrideRequest{Name: new("Holiday")}), "DuplicateResourceException", 409)
	refused(t, "the end before the start", update(connect.UpdateHoursOfOperationOverrideRequest{EffectiveTill: new("2020-01-01")}), "InvalidRequestException", 400)
	refused(t, "no date", update(connect.UpdateHoursOfOperationOverrideRequest{EffectiveTill: new("2026-02-29")}), "InvalidParameterException", 400)
	for what, p := range map[string]*connect.RecurrencePattern{
		"a month of the year":    {Frequency: connect.RecurrenceFrequencyYEARLY, Interval: 1, ByMonth: []int32{13}},
		"a day of the month":     {Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByMonthDay: []int32{0}},
		"a weekday of the month": {Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByWeekdayOccurrence: []int32{5}},
		"no weekday":             {Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByWeekdayOccurrence: []int32{0}},
		"an interval":            {Frequency: connect.RecurrenceFrequencyWEEKLY, Interval: 7},
	} {
		refused(t, what, update(connect.UpdateHoursOfOperationOverrideRequest{RecurrenceConfig: &connect.RecurrenceConfig{RecurrencePattern: p}}), "InvalidParameterException", 400)
	}
	for what, p := range map[string]*connect.RecurrencePattern{
		"days of the month in a week": {Frequency: connect.RecurrenceFrequencyWEEKLY, Interval: 1, ByMonthDay: []int32{1}},
		"months in a month":           {Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByMonth: []int32{1}},
		"two ways to tell the day":    {Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByMonthDay: []int32{1}, ByWeekdayOccurrence: []int32{1}},
	} {
		refused(t, what, update(connect.UpdateHoursOfOperationOverrideRequest{RecurrenceConfig: &connect.RecurrenceConfig{RecurrencePattern: p}}), "InvalidRequestException", 400)
	}

	for i := range 47 {
		o.override(hours, fmt.Sprintf("more %02d", i), connect.OverrideTypeCLOSED, "2030-01-01", "2030-01-01")
	}
	_, err := o.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{InstanceId: o.id, HoursOfOperationId: hours, Name: "x", EffectiveFrom: "2026-01-01", EffectiveTill: "2026-01-01", Config: []connect.HoursOfOperationOverrideConfig{}})
	refused(t, "the 51st override", err, "LimitExceededException", 429)
	var names []string
	for token := (*string)(nil); ; {
		page := must[*connect.ListHoursOfOperationOverridesResponse](t)(o.ListHoursOfOperationOverrides(ctx, &connect.ListHoursOfOperationOverridesRequest{InstanceId: o.id, HoursOfOperationId: hours, MaxResults: new(int32(20)), NextToken: token}))
		for _, o := range page.HoursOfOperationOverrideList {
			names = append(names, *o.Name)
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if len(names) != 50 || !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 50 {
		t.Errorf("overrides %v", names)
	}
	search := func(c *connect.HoursOfOperationOverrideSearchCriteria) (names []string) {
		out := must[*connect.SearchHoursOfOperationOverridesResponse](t)(o.SearchHoursOfOperationOverrides(ctx, &connect.SearchHoursOfOperationOverridesRequest{InstanceId: o.id, SearchCriteria: c, MaxResults: new(int32(100))}))
		for _, o := range out.HoursOfOperationOverrides {
			names = append(names, *o.Name)
		}
		return names
	}
	dated := func(field string, compare connect.DateComparisonType, value string) connect.HoursOfOperationOverrideSearchCriteria {
		return connect.HoursOfOperationOverrideSearchCriteria{DateCondition: &connect.DateCondition{FieldName: &field, ComparisonType: compare, Value: &value}}
	}
	if got := search(&connect.HoursOfOperationOverrideSearchCriteria{AndConditions: []connect.HoursOfOperationOverrideSearchCriteria{
		dated("EffectiveFrom", connect.DateComparisonTypeGREATER_THAN_OR_EQUAL_TO, "2026-12-01"), dated("EffectiveTill", connect.DateComparisonTypeLESS_THAN, "2027-01-01"),
	}}); !slices.Equal(got, []string{"Holiday", "Sunday"}) {
		t.Errorf("overrides of December: %v", got)
	}
	if got := search(&connect.HoursOfOperationOverrideSearchCriteria{OrConditions: []connect.HoursOfOperationOverrideSearchCriteria{
		dated("EffectiveFrom", connect.DateComparisonTypeEQUAL_TO, "2026-12-25"),
		{StringCondition: &connect.StringCondition{FieldName: new("description"), Value: new("HALF"), ComparisonType: connect.StringComparisonTypeCONTAINS}},
	}}); !slices.Equal(got, []string{"Holiday", "Sale"}) {
		t.Errorf("one or the other: %v", got)
	}
	if got := search(nil); len(got) != 50 {
		t.Errorf("%d overrides in all", len(got))
	}
	remove := func() error {
		_, err := o.DeleteHoursOfOperationOverride(ctx, &connect.DeleteHoursOfOperationOverrideRequest{InstanceId: o.id, HoursOfOperationId: hours, HoursOfOperationOverrideId: party})
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	refused(t, "deleting it twice", remove(), "ResourceNotFoundException", 404)
	_, err = describe(party)
	refused(t, "a deleted override", err, "ResourceNotFoundException", 404)
}
