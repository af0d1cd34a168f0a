package center

import (
	"testing"
	"time"
)

func TestParseRetention(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"90d":                               "transcripts=90d attachments=90d contacts=90d",
		"transcripts=90d,contacts=2y":       "transcripts=90d contacts=730d",
		"attachments=12h  contacts=forever": "attachments=12h contacts=forever",
		"forever":                           "transcripts=forever attachments=forever contacts=forever",
		"0d":                                "transcripts=0d attachments=0d contacts=0d",
		"8w":                                "transcripts=56d attachments=56d contacts=56d",
	} {
		r, err := ParseRetention(text)
		if err != nil || r.String() != want {
			t.Errorf("ParseRetention(%q) = %q, %v; want %q", text, r, err, want)
		}
		if again, err := ParseRetention(r.String()); err != nil || again.String() != want {
			t.Errorf("what %q is written as is read as %q, %v", text, again, err)
		}
	}
	for _, text := range []string{"90", "d", "-1d", "1.5d", "30m", "101y", "contracts=1d", "contacts=", "1d 2d", "contacts=1d contacts=2d", "always", "99999999999d"} {
		if r, err := ParseRetention(text); ReasonOf(err) != Invalid {
			t.Errorf("ParseRetention(%q) = %v, %v; want a refusal", text, r, err)
		}
	}
}

func TestRetentionOver(t *testing.T) {
	own, base := Retention{PartTranscript: Forever, PartContacts: time.Hour}, Retention{PartTranscript: 2 * time.Hour, PartAttachments: 3 * time.Hour}
	if got := own.Over(base).String(); got != "transcripts=forever attachments=3h contacts=1h" {
		t.Errorf("merged they say %q", got)
	}
	ended := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	if got := own.Until(PartContacts, ended); !got.Equal(ended.Add(time.Hour)) {
		t.Errorf("the contacts are kept until %v", got)
	}
	for _, part := range []Part{PartTranscript, PartAttachments} {
		if got := own.Until(part, ended); !got.IsZero() {
			t.Errorf("%s are kept until %v; want no end", part, got)
		}
	}
}
