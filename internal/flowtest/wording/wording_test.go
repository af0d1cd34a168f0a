package wording

import (
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 999 * time.Millisecond: "0:00", 65 * time.Second: "1:05", time.Hour + 2*time.Minute + 3*time.Second: "1:02:03",
		49*time.Hour + time.Second: "2d 1:00:01",
	} {
		if got := Clock(d); got != want {
			t.Errorf("Clock(%s) = %q; want %q", d, got, want)
		}
	}
}

func TestClipCountsCharacters(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"", 0, ""}, {"überall", 7, "überall"}, {"überall", 2, "üb…"}, {"x", 0, "…"}} {
		if got := Clip(test.text, test.n); got != test.want {
			t.Errorf("Clip(%q, %d) = %q; want %q", test.text, test.n, got, test.want)
		}
	}
}

func TestSpeaker(t *testing.T) {
	for _, test := range []struct {
		item center.Item
		want string
	}{
		{center.Item{DisplayName: center.DisplayNameSystemMessage, Role: center.RoleSystem}, "flow"},
		{center.Item{DisplayName: center.DisplayNameBot, Role: center.RoleSystem}, "bot"},
		{center.Item{DisplayName: center.DisplayNameBot, Role: center.RoleCustomer}, center.DisplayNameBot},
		{center.Item{DisplayName: "Ana", Role: center.RoleCustomer}, "Ana"},
		{center.Item{Role: center.RoleAgent}, "agent"},
	} {
		if got := Speaker(&test.item); got != test.want {
			t.Errorf("Speaker(%+v) = %q; want %q", test.item, got, test.want)
		}
	}
}
