package contents

import (
	"fmt"
	"math"
	"testing"
	"time"
)

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func TestDraftsPublishingAndVersions(t *testing.T) {
	var c Contents
	check := func(when, live, saved string) {
		t.Helper()
		if c.At(Live) != live || c.At(Saved) != saved {
			t.Errorf("%s: %q is published and %q saved; want %q and %q", when, c.At(Live), c.At(Saved), live, saved)
		}
	}
	c.Publish("a", true, day)
	check("a draft", "", "a")
	c.Publish("a", false, day)
	check("published", "a", "a")
	c.Publish("b", true, day)
	check("saved anew", "a", "b")
	c.Publish("a", true, day)
	check("saved as it is published", "a", "a")
	if n, ok := c.AddVersion(Version{}); n != 1 || !ok {
		t.Errorf("the first version is %d, %v", n, ok)
	}
	if n, ok := c.AddVersion(Version{Number: 7}); n != 7 || !ok {
		t.Errorf("a version with a number is %d, %v", n, ok)
	}
	if n, ok := c.AddVersion(Version{Number: 7}); ok {
		t.Errorf("a number that was used gives %d", n)
	}
	c.DeleteVersion(7, day)
	if n, ok := c.AddVersion(Version{}); n != 8 || !ok {
		t.Errorf("after a deletion the next version is %d, %v; want 8", n, ok)
	}
	for _, number := range []int64{MaxVersion + 1, math.MaxInt64, math.MinInt64} {
		if n, ok := c.AddVersion(Version{Number: number}); ok {
			t.Errorf("a version with the number %d is %d", number, n)
		}
	}
	last := c
	if n, ok := last.AddVersion(Version{Number: MaxVersion}); n != MaxVersion || !ok {
		t.Errorf("a version with the highest number is %d, %v", n, ok)
	}
	if n, ok := last.AddVersion(Version{}); ok {
		t.Errorf("the version after the highest number is %d", n)
	}
	if v, ok := c.VersionOf(Live); v.Number != 8 || !ok {
		t.Errorf("the version of the published content is %d, %v; want the latest, 8", v.Number, ok)
	}
}

func TestQualifiers(t *testing.T) {
	c := Contents{Versions: []Version{{Number: 1, Hash: "a"}}, Aliases: []Alias{{ID: "id", Name: "prod", Version: 1}}}
	for qualifier, want := range map[string]string{
		"": "0 true true", "$LATEST": "0 true true", "$SAVED": "-1 true true", "1": "1 true true", "prod": "1 true true", "id": "1 true true",
		"2": "2 true false", "-1": "0 false false", "$latest": "0 false false", "test": "0 false false",
		"01": "0 false false", "+1": "0 false false",
	} {
		which, isQualifier, found := c.Resolve(qualifier)
		if got := fmt.Sprint(which, isQualifier, found); got != want {
			t.Errorf("%q is %s; want %s", qualifier, got, want)
		}
	}
}

func TestRetiredContentsStayAsLongAsChatsMayNeedThem(t *testing.T) {
	var c Contents
	c.Publish("a", false, day)
	c.Publish("b", false, day)
	c.Publish("draft", true, day)
	c.Publish("b", true, day) // the draft, which no chat could begin with, is replaced
	if got := fmt.Sprint(c.Expire(day)); got != "[draft]" {
		t.Errorf("at once %s is not needed; want the draft", got)
	}
	if got := c.Expire(day.Add(Retention - time.Second)); got != nil || !c.Holds("a") {
		t.Errorf("before a chat must have ended %q is not needed", got)
	}
	c.Publish("a", true, day) // still run, and shown again
	if got := c.Expire(day.Add(Retention)); got != nil || !c.Holds("a") {
		t.Errorf("%q is not needed, although a draft shows it", got)
	}
	c.Bury(day)
	if len(c.Shown()) != 0 || !c.Needed(day) || c.Needed(day.Add(Retention)) {
		t.Errorf("a tombstone shows %q and is needed %v, then %v", c.Shown(), c.Needed(day), c.Needed(day.Add(Retention)))
	}
	if got := fmt.Sprint(c.Expire(day.Add(Retention))); got != "[a b]" {
		t.Errorf("of a tombstone %s goes; want all", got)
	}
}

func TestNoMoreThanSoManyRetired(t *testing.T) {
	var c Contents
	for i := range MaxRetired + 5 {
		c.Publish(fmt.Sprint(i), false, day)
	}
	if got := c.Expire(day); len(got) != 4 || got[0] != "0" {
		t.Errorf("%q go; want the oldest four", got)
	}
}
