#!/usr/bin/env bash
# github.com/arran4/golang-ical v0.3.4: an event that starts at nine in New York and recurs each week moves to
# eight when summer time ends, in every calendar that reads it.
#
# SetStartAt takes a time with its location and writes the instant in UTC; the location is dropped, and
# a TZID passed along as a parameter is written beside a UTC time, which RFC 5545 rules out. For a single
# event that is right. AddRrule then repeats the UTC time, and a rule in UTC knows no summer time. The
# reader of the module does keep zones, so what it reads and writes again through SetStartAt changes.
# A weekly call-back, or a shift, that a bot sends as an invitation is right until late October.
#
# What to do: for recurring events set DTSTART and DTEND as properties, with local times and a TZID, and send the
# zone's VTIMEZONE along.
#
# Seen with Go 1.26, the rule expanded by github.com/teambition/rrule-go v1.8.2, times in New York:
#   SetStartAt:        DTSTART:20261026T130000Z
#                      Mon 26 Oct 09:00, Mon 02 Nov 08:00
#   a property, local: DTSTART;TZID=America/New_York:20261026T090000
#                      Mon 26 Oct 09:00, Mon 02 Nov 09:00
# Fails when SetStartAt keeps the location.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module example.test/invitation

go 1.26.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return v
}

var newYork = must(time.LoadLocation("America/New_York"))

// occurrences says how the start is written and when the event takes place in New York.
func occurrences(start func(*ics.VEvent)) (written, times string) {
	calendar := ics.NewCalendar()
	event := calendar.AddEvent("call-back")
	start(event)
	event.AddRrule("FREQ=WEEKLY;COUNT=2")
	for line := range strings.Lines(calendar.Serialize()) {
		if strings.HasPrefix(line, "DTSTART") {
			written = strings.TrimSpace(line)
		}
	}
	var at []string
	for _, t := range must(rrule.StrToRRule(written + "\nRRULE:FREQ=WEEKLY;COUNT=2")).All() {
		at = append(at, t.In(newYork).Format("Mon 02 Jan 15:04"))
	}
	return written, strings.Join(at, ", ")
}

func main() {
	nine := time.Date(2026, time.October, 26, 9, 0, 0, 0, newYork)
	written, times := occurrences(func(e *ics.VEvent) { e.SetStartAt(nine) })
	fmt.Printf("SetStartAt:        %s\n                   %s\n", written, times)
	local, kept := occurrences(func(e *ics.VEvent) {
		e.SetProperty(ics.ComponentPropertyDtStart, nine.Format("20060102T150405"), ics.WithTZID("America/New_York"))
	})
	fmt.Printf("a property, local: %s\n                   %s\n", local, kept)
	if written != "DTSTART:20261026T130000Z" || times != "Mon 26 Oct 09:00, Mon 02 Nov 08:00" ||
		local != "DTSTART;TZID=America/New_York:20261026T090000" || kept != "Mon 26 Oct 09:00, Mon 02 Nov 09:00" {
		fmt.Println("this has changed")
		os.Exit(1)
	}
}
GO
export CGO_ENABLED=0 GOFLAGS=-mod=mod
timeout 180 go get github.com/arran4/golang-ical@v0.3.4 github.com/teambition/rrule-go@v1.8.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run .
