#!/usr/bin/env bash
# github.com/rickar/cal/v2 v2.1.13: on the day that the clocks change IsWorkTime and WorkdayStart of the same
# calendar give different opening hours, and a calendar that is open for 24 hours is never open.
#
# IsWorkTime compares the clock on the wall. WorkdayStart, WorkdayEnd and NextWorkdayStart add a duration
# to midnight, which on a day of 23 or 25 hours is another clock time: a desk that opens at nine
# is open at half past nine by the first, and by the second opens at ten in March and at eight
# in November. Who decides by the one and tells the customer by the other ("we open at …") says the
# wrong thing on two Sundays a year, in the zones that have them; tests in UTC never see it.
# And the end of a day is taken modulo 24 hours, so from 0 to 24 is from 0 to 0: WorkHours is
# nothing and IsWorkTime holds for the first hour only, while WorkHoursInRange finds 36 hours in one day.
#
# What to do: set WorkdayStartFunc and WorkdayEndFunc and build both with time.Date from hours and minutes;
# say "round the clock" outside of the calendar, not with 24 hours.
#
# Seen with Go 1.26, in New York, open from 9 to 17 on Sundays too:
#   2027-03-14 09:30 open: true, opens at 10:00, closes at 18:00
#   2027-03-21 09:30 open: true, opens at 09:00, closes at 17:00
#   2027-11-07 09:30 open: true, opens at 08:00, closes at 16:00
#   from 0 to 24: open at noon: false, hours of a day: 0s, hours from one noon to the next: 36h0m0s
# Fails when this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/hours

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"
	_ "time/tzdata"

	"github.com/rickar/cal/v2"
)

func main() {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	desk := cal.NewBusinessCalendar()
	desk.SetWorkday(time.Sunday, true)
	desk.SetWorkHours(9*time.Hour, 17*time.Hour)
	changed := false
	say := func(got, want string) {
		fmt.Println(got)
		changed = changed || got != want
	}
	on := func(month time.Month, day int) string {
		t := time.Date(2027, month, day, 9, 30, 0, 0, newYork)
		return fmt.Sprintf("%s open: %t, opens at %s, closes at %s", t.Format("2006-01-02 15:04"),
			desk.IsWorkTime(t), desk.WorkdayStart(t).Format("15:04"), desk.WorkdayEnd(t).Format("15:04"))
	}
	say(on(time.March, 14), "2027-03-14 09:30 open: true, opens at 10:00, closes at 18:00")
	say(on(time.March, 21), "2027-03-21 09:30 open: true, opens at 09:00, closes at 17:00")
	say(on(time.November, 7), "2027-11-07 09:30 open: true, opens at 08:00, closes at 16:00")

	always := cal.NewBusinessCalendar()
	always.SetWorkHours(0, 24*time.Hour)
	noon := time.Date(2027, time.March, 17, 12, 0, 0, 0, newYork) // a Wednesday
	say(fmt.Sprintf("from 0 to 24: open at noon: %t, hours of a day: %s, hours from one noon to the next: %s",
		always.IsWorkTime(noon), always.WorkHours(noon), always.WorkHoursInRange(noon, noon.AddDate(0, 0, 1))),
		"from 0 to 24: open at noon: false, hours of a day: 0s, hours from one noon to the next: 36h0m0s")
	if changed {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/rickar/cal/v2@v2.1.13 >/dev/null 2>&1
go run .
