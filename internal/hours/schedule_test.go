package hours

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// weekdaysNineToFive is open from nine to five on weekdays.
func weekdaysNineToFive(zone string) *Schedule {
	s := &Schedule{TimeZone: zone}
	for day := time.Monday; day <= time.Friday; day++ {
		s.Config = append(s.Config, OpenTime{Day: day, Start: 9 * 60, End: 17 * 60})
	}
	return s
}

func at(h, m int) int { return 60*h + m }

// shown writes a day as 09:00-17:00, with what overrides made of it behind a bar.
func (d Day) shown() string {
	clock := func(s Span) string {
		return fmt.Sprintf("%02d:%02d-%02d:%02d", s.Start/60, s.Start%60, s.End/60, s.End%60)
	}
	var parts []string
	for _, s := range d.Open {
		parts = append(parts, clock(s))
	}
	for _, o := range d.Overrides {
		status := "closed"
		if o.Open {
			status = "open"
		}
		parts = append(parts, fmt.Sprintf("| %s %s %s", o.Name, status, clock(o.Span)))
	}
	return strings.Join(parts, " ")
}

func TestHoursOnADate(t *testing.T) {
	day := func(d time.Weekday) *time.Weekday { return &d }
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	late := made.Add(time.Hour)
	override := func(name string, typ OverrideType, from, till Date, config ...OverrideTime) Override {
		return Override{ID: center.OverrideID(name), Name: name, Type: typ, From: from, Till: till, Config: config, Created: made}
	}
	// In 2026 the 24th of December is a Thursday.
	const eve, christmas = Date("2026-12-24"), Date("2026-12-25")
	for name, c := range map[string]struct {
		schedule Schedule
		parents  []*Schedule
		want     map[Date]string
	}{
		"weekly hours": {*weekdaysNineToFive("UTC"), nil, map[Date]string{
			eve: "09:00-17:00", "2026-12-26": "", "2026-12-27": "", "2026-12-28": "09:00-17:00",
		}},
		"over midnight": {Schedule{Config: []OpenTime{{time.Friday, at(22, 0), at(2, 30)}}}, nil, map[Date]string{
			eve: "", christmas: "22:00-24:00", "2026-12-26": "00:00-02:30", "2026-12-27": "",
		}},
		"until midnight": {Schedule{Config: []OpenTime{{time.Friday, at(22, 0), 0}}}, nil, map[Date]string{
			christmas: "22:00-24:00", "2026-12-26": "",
		}},
		"the whole day": {Schedule{Config: []OpenTime{{time.Friday, 0, 0}, {time.Saturday, at(9, 0), at(9, 0)}}}, nil, map[Date]string{
			eve: "", christmas: "00:00-24:00", "2026-12-26": "00:00-24:00", "2026-12-27": "",
		}},
		"stretches that touch and overlap": {Schedule{Config: []OpenTime{
			{time.Friday, at(12, 0), at(14, 0)}, {time.Friday, at(8, 0), at(12, 0)}, {time.Friday, at(13, 0), at(15, 0)}, {time.Friday, at(16, 0), at(17, 0)},
		}}, nil, map[Date]string{christmas: "08:00-15:00 16:00-17:00"}},
		"temporary hours": {Schedule{Config: weekdaysNineToFive("").Config, Overrides: []Override{
			override("short", Standard, eve, eve, OverrideTime{nil, at(10, 0), at(12, 0)}),
			override("closed", Standard, christmas, "2026-12-27"),
		}}, nil, map[Date]string{
			"2026-12-23": "09:00-17:00", eve: "10:00-12:00 | short open 10:00-12:00",
			christmas: "| closed closed 00:00-24:00", "2026-12-27": "| closed closed 00:00-24:00", "2026-12-28": "09:00-17:00",
		}},
		"temporary hours of one weekday close the others": {Schedule{Config: weekdaysNineToFive("").Config, Overrides: []Override{
			override("fair", Standard, "2026-12-21", christmas, OverrideTime{day(time.Tuesday), at(8, 0), at(20, 0)}),
		}}, nil, map[Date]string{
			"2026-12-21": "| fair closed 00:00-24:00", "2026-12-22": "08:00-20:00 | fair open 08:00-20:00",
		}},
		"temporary hours over midnight": {Schedule{Config: []OpenTime{{time.Saturday, at(1, 0), at(3, 0)}}, Overrides: []Override{
			override("party", Standard, christmas, christmas, OverrideTime{nil, at(20, 0), at(2, 0)}),
		}}, nil, map[Date]string{
			eve: "", christmas: "20:00-24:00 | party open 20:00-24:00", "2026-12-26": "00:00-03:00 | party open 00:00-02:00",
		}},
		"a day off cuts what comes over from the day before": {Schedule{Config: []OpenTime{{time.Thursday, at(22, 0), at(2, 0)}}, Overrides: []Override{
			override("holiday", Closed, christmas, christmas),
		}}, nil, map[Date]string{eve: "22:00-24:00", christmas: "| holiday closed 00:00-24:00"}},
		"closing beats opening": {Schedule{Config: weekdaysNineToFive("").Config, Overrides: []Override{
			override("open", Open, eve, eve, OverrideTime{nil, at(16, 0), at(20, 0)}),
			override("lunch", Closed, eve, eve, OverrideTime{nil, at(12, 0), at(13, 0)}),
			override("leave", Closed, eve, eve, OverrideTime{nil, at(19, 0), 0}),
		}}, nil, map[Date]string{
			eve: "09:00-12:00 13:00-19:00 | lunch closed 12:00-13:00 | open open 16:00-19:00 | leave closed 19:00-24:00",
		}},
		"own overrides beat those of parents": {
			Schedule{Config: weekdaysNineToFive("").Config, Overrides: []Override{override("own", Open, eve, eve, OverrideTime{nil, at(8, 0), at(10, 0)})}},
			[]*Schedule{{Overrides: []Override{override("off", Closed, eve, christmas)}}},
			map[Date]string{
				eve: "08:00-10:00 | off closed 00:00-08:00 | own open 08:00-10:00 | off closed 10:00-24:00", christmas: "| off closed 00:00-24:00",
			},
		},
		"temporary hours of a parent beat other overrides": {
			Schedule{Config: weekdaysNineToFive("").Config, Overrides: []Override{override("own", Open, eve, eve, OverrideTime{nil, 0, 0})}},
			[]*Schedule{{Overrides: []Override{override("short", Standard, eve, eve, OverrideTime{nil, at(9, 0), at(10, 0)})}}},
			map[Date]string{eve: "09:00-10:00 | short open 09:00-10:00"},
		},
		"temporary hours beat those of a parent": {
			Schedule{Overrides: []Override{override("own", Standard, eve, eve, OverrideTime{nil, at(11, 0), at(12, 0)})}},
			[]*Schedule{{Overrides: []Override{override("short", Standard, eve, eve, OverrideTime{nil, at(9, 0), at(10, 0)})}}},
			map[Date]string{eve: "11:00-12:00 | own open 11:00-12:00"},
		},
		"of equals the latest decides": {Schedule{Overrides: []Override{
			override("first", Standard, eve, eve, OverrideTime{nil, at(9, 0), at(10, 0)}),
			{Name: "second", Type: Standard, From: eve, Till: eve, Config: []OverrideTime{{nil, at(11, 0), at(12, 0)}}, Created: late},
		}}, nil, map[Date]string{eve: "11:00-12:00 | second open 11:00-12:00"}},
		"a parent's weekly hours are not shared": {Schedule{}, []*Schedule{weekdaysNineToFive("UTC")}, map[Date]string{eve: ""}},
	} {
		for date, want := range c.want {
			if got := c.schedule.On(date, c.parents).shown(); got != want {
				t.Errorf("%s: on %s %q; want %q", name, date, got, want)
			}
		}
		c.schedule.TimeZone = "UTC"
		for date := range c.want {
			agree(t, name, &c.schedule, c.parents, date)
		}
	}
}

// agree holds what a date comes to against what each of its minutes does.
func agree(t *testing.T, what string, s *Schedule, parents []*Schedule, date Date) {
	t.Helper()
	day := s.On(date, parents)
	for m := range midnight {
		inside := false
		for _, span := range day.Open {
			inside = inside || span.Start <= m && m < span.End
		}
		open, _, err := s.At(date.time().Add(time.Duration(m)*time.Minute+59*time.Second), parents)
		if err != nil || open != inside {
			t.Errorf("%s: on %s at minute %d At is %v, %v; On is %v", what, date, m, open, err, inside)
			return
		}
	}
}

func TestOverridesRecur(t *testing.T) {
	day := func(d time.Weekday) *time.Weekday { return &d }
	for name, c := range map[string]struct {
		from, till Date
		config     []OverrideTime
		recurs     Recurrence
		want       string // the dates
	}{
		"every week on the weekday of From": {"2026-03-04", "2026-03-31", nil, Recurrence{Frequency: weekly, Interval: 1},
			"2026-03-04 2026-03-11 2026-03-18 2026-03-25"},
		"every other week on two days": {"2026-03-04", "2026-03-31", []OverrideTime{{Day: day(time.Monday)}, {Day: day(time.Sunday)}}, Recurrence{Frequency: weekly, Interval: 2},
			"2026-03-08 2026-03-16 2026-03-22 2026-03-30"},
		"every month on the day of From": {"2026-01-30", "2026-05-31", nil, Recurrence{Frequency: monthly, Interval: 1},
			"2026-01-30 2026-03-30 2026-04-30 2026-05-30"},
		"the last day of every second month": {"2026-01-01", "2026-08-31", nil, Recurrence{Frequency: monthly, Interval: 2, MonthDays: []int32{-1}},
			"2026-01-31 2026-03-31 2026-05-31 2026-07-31"},
		"a day that few months have": {"2027-12-01", "2028-04-30", nil, Recurrence{Frequency: monthly, Interval: 1, MonthDays: []int32{29, 31}},
			"2027-12-29 2027-12-31 2028-01-29 2028-01-31 2028-02-29 2028-03-29 2028-03-31 2028-04-29"},
		"the second Tuesday": {"2026-01-01", "2026-04-30", []OverrideTime{{Day: day(time.Tuesday)}}, Recurrence{Frequency: monthly, Interval: 1, Occurrence: 2},
			"2026-01-13 2026-02-10 2026-03-10 2026-04-14"},
		"the last Friday": {"2026-01-01", "2026-04-30", []OverrideTime{{Day: day(time.Friday)}}, Recurrence{Frequency: monthly, Interval: 1, Occurrence: -1},
			"2026-01-30 2026-02-27 2026-03-27 2026-04-24"},
		"Christmas": {"2026-12-25", "2029-12-31", nil, Recurrence{Frequency: yearly, Interval: 1},
			"2026-12-25 2027-12-25 2028-12-25 2029-12-25"},
		"the fourth Thursday of November, every other year": {"2026-01-01", "2030-12-31", []OverrideTime{{Day: day(time.Thursday)}},
			Recurrence{Frequency: yearly, Interval: 2, Months: []int32{11}, Occurrence: 4}, "2026-11-26 2028-11-23 2030-11-28"},
		"leap days": {"2024-02-29", "2032-12-31", nil, Recurrence{Frequency: yearly, Interval: 1}, "2024-02-29 2028-02-29 2032-02-29"},
	} {
		o := Override{Name: "x", Type: Closed, From: c.from, Till: c.till, Config: c.config, Recurs: &c.recurs}
		if err := o.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var dates []string
		for date := c.from.Add(-40); date <= c.till.Add(40); date = date.Add(1) {
			if o.on(date.reckon()) {
				dates = append(dates, string(date))
			}
		}
		if got := strings.Join(dates, " "); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}

func TestHoursAtAMoment(t *testing.T) {
	for name, c := range map[string]struct {
		zone string
		at   string // UTC
		open bool
	}{
		"before nine in New York, in winter":     {"America/New_York", "2026-01-05T13:59:59Z", false},
		"nine in New York, in winter":            {"America/New_York", "2026-01-05T14:00:00Z", true},
		"nine in New York, in summer":            {"America/New_York", "2026-07-06T13:00:00Z", true},
		"before nine in New York, in summer":     {"America/New_York", "2026-07-06T12:59:59Z", false},
		"a second before five":                   {"America/New_York", "2026-07-06T20:59:59Z", true},
		"five":                                   {"America/New_York", "2026-07-06T21:00:00Z", false},
		"a name from before":                     {"US/Eastern", "2026-07-06T13:00:00Z", true},
		"Monday in Auckland, Sunday in London":   {"Pacific/Auckland", "2026-01-04T20:00:00Z", true},
		"Saturday in Auckland, Friday in London": {"Pacific/Auckland", "2026-01-09T20:00:00Z", false},
		"half an hour beside the hour":           {"Asia/Kolkata", "2026-01-05T03:30:00Z", true},
		"and a minute before":                    {"Asia/Kolkata", "2026-01-05T03:29:00Z", false},
	} {
		now, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		open, override, err := weekdaysNineToFive(c.zone).At(now, nil)
		if err != nil || open != c.open || override != "" {
			t.Errorf("%s: %v %q, %v; want %v", name, open, override, err, c.open)
		}
	}
}

// TestClocksChange looks at the nights in which clocks are set: what the clock
// on the wall shows counts, twice when it shows it twice.
func TestClocksChange(t *testing.T) {
	nights := &Schedule{TimeZone: "Europe/Berlin", Config: []OpenTime{{time.Sunday, at(2, 0), at(3, 0)}}}
	count := func(date string) (minutes int) {
		for now, _ := time.Parse(time.DateOnly, date); minutes <= 1000; now = now.Add(time.Minute) {
			open, _, err := nights.At(now, nil)
			if err != nil {
				t.Fatal(err)
			}
			if open {
				minutes++
			}
			if now.Format("15:04") == "23:59" {
				break
			}
		}
		return minutes
	}
	for date, want := range map[string]int{
		"2026-03-22": 60,  // a Sunday like others
		"2026-03-29": 0,   // from 2:00 clocks go to 3:00
		"2026-10-25": 120, // at 3:00 clocks go back to 2:00
	} {
		if got := count(date); got != want {
			t.Errorf("on %s open for %d minutes between two and three; want %d", date, got, want)
		}
	}
	days := &Schedule{TimeZone: "Europe/Berlin", Config: []OpenTime{{time.Saturday, at(22, 0), at(6, 0)}}}
	if got := days.On("2026-03-29", nil).shown(); got != "00:00-06:00" {
		t.Errorf("the short Sunday shows %q; want 00:00-06:00", got)
	}
	open, _, err := days.At(time.Date(2026, 3, 29, 3, 59, 0, 0, time.UTC), nil) // 5:59 summer time
	if err != nil || !open {
		t.Errorf("a minute before six on the short Sunday is %v, %v; want open", open, err)
	}
}

func TestHoursNameTheOverrideThatDecides(t *testing.T) {
	h := weekdaysNineToFive("UTC")
	h.Overrides = []Override{
		{Name: "holiday", Type: Closed, From: "2026-12-25", Till: "2026-12-25"},
		{Name: "late", Type: Open, From: "2026-12-23", Till: "2026-12-23", Config: []OverrideTime{{nil, at(16, 0), at(20, 0)}}},
	}
	for moment, want := range map[string]string{
		"2026-12-25T10:00:00Z": "false holiday", "2026-12-23T10:00:00Z": "true ", "2026-12-23T19:00:00Z": "true late",
		"2026-12-23T16:30:00Z": "true late", "2026-12-23T20:00:00Z": "false ",
	} {
		now, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		open, override, err := h.At(now, nil)
		if got := fmt.Sprint(open, " ", override); err != nil || got != want {
			t.Errorf("at %s %q, %v; want %q", moment, got, err, want)
		}
	}
}

func BenchmarkHoursAt(b *testing.B) {
	h := weekdaysNineToFive("America/New_York")
	for i := range 50 {
		h.Overrides = append(h.Overrides, Override{Name: fmt.Sprint(i), Type: Closed, From: "2026-01-01", Till: "2026-12-31",
			Recurs: &Recurrence{Frequency: yearly, Interval: 1, Months: []int32{int32(i%12 + 1)}, MonthDays: []int32{int32(i%28 + 1)}}})
	}
	now := time.Date(2026, 7, 6, 13, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := h.At(now, nil); err != nil {
			b.Fatal(err)
		}
	}
}
