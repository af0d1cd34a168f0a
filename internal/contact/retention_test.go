package contact

import (
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// TestExpired is the table of what is due of a chat that ended at hour 0.
func TestExpired(t *testing.T) {
	ended := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	const tr, at, co, all = center.PartTranscript, center.PartAttachments, center.PartContacts, center.AllParts
	for _, c := range []struct {
		instance, own string
		files         bool
		gone          center.Part
		hours         int
		want          center.Part
	}{
		{"", "", true, 0, 1 << 20, 0},
		{"10h", "", true, 0, 9, 0},
		{"10h", "", true, 0, 10, all},
		{"attachments=1h transcripts=2h contacts=3h", "", true, 0, 1, at},
		{"attachments=1h transcripts=2h contacts=3h", "", false, 0, 1, 0},
		{"attachments=1h transcripts=2h contacts=3h", "", true, at, 1, 0},
		{"attachments=1h transcripts=2h contacts=3h", "", true, 0, 2, tr | at},
		{"attachments=1h transcripts=2h contacts=3h", "", false, at, 2, tr},
		{"attachments=1h transcripts=2h contacts=3h", "", false, at | tr, 2, 0},
		{"attachments=1h transcripts=2h contacts=3h", "", false, at | tr, 3, all},
		{"transcripts=2h", "", true, 0, 2, tr | at},          // files do not outlive the transcript
		{"contacts=1h transcripts=20h", "", true, 0, 1, all}, // nothing outlives the contacts
		{"2h", "forever", true, 0, 1 << 20, 0},               // what the chat says goes first
		{"forever", "2h", true, 0, 2, all},
		{"2h", "transcripts=5h contacts=forever", true, 0, 3, at},
		{"2h", "transcripts=5h contacts=forever", true, 0, 5, tr | at},
		{"2h", "nonsense", true, 0, 2, all},
		{"0h", "", false, 0, 0, all},
	} {
		instance, err := center.ParseRetention(c.instance)
		if err != nil {
			t.Fatal(err)
		}
		chat := &Chat{Ended: true, Gone: c.gone, Latest: center.Contact{Disconnected: ended}, Attributes: map[string]string{center.RetentionKey: c.own}}
		if c.files {
			chat.Attachments = []center.Attachment{{ID: "f"}}
		}
		now := ended.Add(time.Duration(c.hours) * time.Hour)
		if got := chat.Expired(instance, now); got != c.want {
			t.Errorf("%+v: due is %q", c, got)
		}
		// What the store is told finds it in time, and not before.
		k := chat.Kept()
		found := !k.Expires.IsZero() && !k.Expires.After(now)
		for part := range instance {
			until := instance.Until(part, k.Ended)
			found = found || k.Parts&part != 0 && !until.IsZero() && !until.After(now)
		}
		if found != (c.want != 0) {
			t.Errorf("%+v: the store finds it: %v, by %+v", c, found, k)
		}
		chat.Ended = false
		if due, k := chat.Expired(instance, now), chat.Kept(); due != 0 || k != (Kept{}) {
			t.Errorf("%+v: of a chat that goes on %q is due", c, due)
		}
	}
}
