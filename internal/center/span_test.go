package center

import (
	"testing"
	"time"
)

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "0d": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * day, "1d12h": 36 * time.Hour, "106751d": 106751 * day,
	} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "5", "soon", "-5m", "-1d", "1d-1h", "1.5d", "1d2d", "1dx", "106752d", "106751d48h", "99999999999999999999d"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q is %v; want it refused", text, got)
		}
	}
}
