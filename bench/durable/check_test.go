package durable

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// history is a chat in which everything happens, and what is found of it when nothing is wrong.
func history() (*Chat, *Seen) {
	c := &Chat{
		Contact: "c", Says: []string{"Hello", "Time is up"}, Joined: []string{"CUSTOMER", "CUSTOM_BOT"}, Streamed: 1, Listened: true, Ended: true,
		Deeds: []Deed{
			{Role: "CUSTOMER", Text: "m1", ID: "3"}, {Role: "CUSTOMER", Text: "m2", ID: "5"},
			{Role: "CUSTOM_BOT", Text: "m3", ID: "6", Read: true}, {Role: "CUSTOMER", Text: "m4", Fate: Unknown},
			{Role: "CUSTOMER", Text: "m5", Fate: Unknown}, {Role: "CUSTOMER", Text: "file"}, {Role: "CUSTOMER", Text: "m6", Fate: Refused},
		},
		Set: map[string]string{"a": "1", "b": "1"}, Unsure: map[string]string{"b": "2", "c": "1"}, Files: map[string]string{"file": "bytes"},
	}
	s := &Seen{Attributes: map[string]string{"a": "1", "b": "2"}, Files: map[string]string{"file": "bytes"}}
	for i, it := range []Item{
		{Role: "CUSTOMER", Text: "joined", Event: true}, {Role: "SYSTEM", Text: "Hello"}, {Role: "CUSTOMER", Text: "m1"},
		{Role: "CUSTOM_BOT", Text: "joined", Event: true}, {Role: "CUSTOMER", Text: "m2"}, {Role: "CUSTOM_BOT", Text: "m3", Read: true},
		{Role: "CUSTOMER", Text: "m5"}, {Role: "CUSTOMER", Text: "file"}, {Role: "SYSTEM", Text: "Time is up"}, {Role: "SYSTEM", Text: "ended", Event: true},
	} {
		it.ID, it.At = fmt.Sprint(i+1), fmt.Sprintf("10:%02d", i)
		s.Transcript = append(s.Transcript, it)
	}
	s.Heard = slices.Clone(s.Transcript)
	for _, it := range s.Transcript[3:] {
		s.Notes = append(s.Notes, Note{"n" + it.ID, it})
	}
	s.Notes = slices.Insert(s.Notes, 3, s.Notes[1:3]...) // two were repeated
	return c, s
}

// TestCheckFindsFaults plants faults of each kind in a good history.
func TestCheckFindsFaults(t *testing.T) {
	chat, seen := history()
	if faults := chat.Check(seen); len(faults) > 0 {
		t.Fatalf("a good history has faults: %q", faults)
	}
	chat.Streamed, chat.MayStream, seen.Notes = -1, true, seen.Notes[5:8]
	if faults := chat.Check(seen); len(faults) > 0 {
		t.Fatalf("a webhook that may be has faults: %q", faults)
	}
	swap := func(items []Item, i, j int) { items[i], items[j] = items[j], items[i] }
	for _, c := range []struct {
		name  string
		plant func(c *Chat, s *Seen)
		want  string
	}{
		{"a lost message", func(_ *Chat, s *Seen) { s.Transcript = slices.Delete(s.Transcript, 4, 5) }, `"m2" is lost`},
		{"a lost last message", func(_ *Chat, s *Seen) { s.Transcript = slices.Delete(s.Transcript, 7, 8) }, `"file" is lost`},
		{"an empty transcript", func(_ *Chat, s *Seen) { s.Transcript = nil }, `"m1" is lost`},
		{"a doubled message", func(_ *Chat, s *Seen) {
			again := s.Transcript[4]
			again.ID = "5b"
			s.Transcript = slices.Insert(s.Transcript, 5, again)
		}, `"m2" is doubled`},
		{"a doubled message that nobody knows of", func(_ *Chat, s *Seen) {
			again := s.Transcript[6]
			again.ID = "7b"
			s.Transcript = slices.Insert(s.Transcript, 7, again)
		}, `"m5" is doubled`},
		{"a doubled id", func(_ *Chat, s *Seen) { s.Transcript[5].ID = "5" }, `the id "5"`},
		{"another order", func(_ *Chat, s *Seen) { swap(s.Transcript, 2, 4) }, `"m2" is out of order`},
		{"a file before a message", func(_ *Chat, s *Seen) { swap(s.Transcript, 7, 4) }, "out of order"},
		{"another id than was acknowledged", func(_ *Chat, s *Seen) { s.Transcript[4].ID = "x" }, "acknowledged as 5"},
		{"a message that nobody sent", func(_ *Chat, s *Seen) { s.Transcript[6].Text = "m9" }, `nobody said "m9"`},
		{"a message of another", func(_ *Chat, s *Seen) { s.Transcript[4].Role = "CUSTOM_BOT" }, `nobody said "m2" as CUSTOM_BOT`},
		{"a message that was refused", func(_ *Chat, s *Seen) { s.Transcript[6].Text = "m6" }, `"m6" was refused`},
		{"time that goes back", func(_ *Chat, s *Seen) { s.Transcript[4].At = "09:00" }, "is of 09:00"},
		{"a lost receipt", func(_ *Chat, s *Seen) { s.Transcript[5].Read = false }, `receipt of "m3" is lost`},
		{"a flow that repeats itself", func(_ *Chat, s *Seen) { s.Transcript[6] = Item{ID: "7", Role: "SYSTEM", Text: "Hello", At: "10:06"} }, "the flow said"},
		{"a timer that never fires", func(c *Chat, s *Seen) {
			c.Ended, s.Transcript = false, slices.Delete(s.Transcript, 8, 10)
		}, "the flow said"},
		{"a participant who joins twice", func(_ *Chat, s *Seen) { s.Transcript[3].Role = "CUSTOMER" }, "CUSTOMER joined is doubled"},
		{"a participant who never joins", func(_ *Chat, s *Seen) { s.Transcript[3].Text = "left" }, "CUSTOM_BOT has not joined"},
		{"an end that is lost", func(_ *Chat, s *Seen) { s.Transcript = s.Transcript[:9] }, "ended is true"},
		{"an end that nobody made", func(c *Chat, _ *Seen) { c.Ended = false }, "ended is false"},
		{"something behind the end", func(_ *Chat, s *Seen) { swap(s.Transcript, 8, 9) }, "behind the end"},
		{"a lost attribute", func(_ *Chat, s *Seen) { delete(s.Attributes, "a") }, "attribute a"},
		{"an old attribute", func(c *Chat, _ *Seen) { c.Set["a"] = "2" }, "attribute a"},
		{"an attribute that nobody set", func(_ *Chat, s *Seen) { s.Attributes["d"] = "1" }, "attribute d"},
		{"a lost file", func(_ *Chat, s *Seen) { delete(s.Files, "file") }, "file file"},
		{"a torn file", func(_ *Chat, s *Seen) { s.Files["file"] = "byt" }, "file file"},
		{"a delivery that is lost", func(_ *Chat, s *Seen) { s.Notes = append(s.Notes[:1:1], s.Notes[5:]...) }, "the webhook"},
		{"the first delivery that is lost", func(_ *Chat, s *Seen) { s.Notes = s.Notes[5:] }, "was not delivered"},
		{"the last delivery that is lost", func(_ *Chat, s *Seen) { s.Notes = s.Notes[:len(s.Notes)-1] }, "the webhook"},
		{"deliveries out of order", func(_ *Chat, s *Seen) { s.Notes[1], s.Notes[2] = s.Notes[2], s.Notes[1] }, "the webhook"},
		{"a delivery under another id", func(_ *Chat, s *Seen) { s.Notes[3].ID = "x" }, "the webhook"},
		{"a delivery id used twice", func(_ *Chat, s *Seen) { s.Notes[5].ID = s.Notes[1].ID }, "first and"},
		{"deliveries to nobody", func(c *Chat, _ *Seen) { c.Streamed = -1 }, "does not have"},
		{"deliveries out of order to a webhook that may be", func(c *Chat, s *Seen) {
			c.Streamed, c.MayStream = -1, true
			s.Notes[1], s.Notes[2] = s.Notes[2], s.Notes[1]
		}, "the webhook"},
		{"a delivery of nothing to a webhook that may be", func(c *Chat, s *Seen) {
			c.Streamed, c.MayStream = -1, true
			s.Notes = []Note{{"x", Item{ID: "x", Role: "CUSTOMER", Text: "m9"}}}
		}, "the webhook"},
		{"a frame that is lost", func(_ *Chat, s *Seen) { s.Heard = slices.Delete(s.Heard, 4, 5) }, "the socket"},
		{"a frame that comes twice", func(_ *Chat, s *Seen) { s.Heard = slices.Insert(s.Heard, 4, s.Heard[4]) }, "the socket"},
		{"frames out of order", func(_ *Chat, s *Seen) { swap(s.Heard, 4, 5) }, "the socket"},
		{"a last frame that is lost", func(_ *Chat, s *Seen) { s.Heard = s.Heard[:9] }, "the socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			chat, seen := history()
			c.plant(chat, seen)
			if faults := chat.Check(seen); !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Errorf("found %q; want %q", faults, c.want)
			}
		})
	}
}

// TestCheckFindsLateTimers plants a timer that fires too late.
func TestCheckFindsLateTimers(t *testing.T) {
	c := &Chat{Contact: "c"}
	seen := func(fired string) *Seen {
		return &Seen{Transcript: []Item{{Text: greeting, At: "2026-01-01T10:00:00.000Z"}, {Text: "m", At: "2026-01-01T10:00:01.000Z"}, {Text: timeout, At: fired}}}
	}
	if faults := c.late(seen("2026-01-01T10:00:13.000Z"), 3*time.Second, 10*time.Second); len(faults) > 0 {
		t.Errorf("a timer in time has faults: %q", faults)
	}
	if faults := c.late(seen("2026-01-01T10:00:13.001Z"), 3*time.Second, 10*time.Second); len(faults) != 1 || !strings.Contains(faults[0], "a timer was 10.001s late") {
		t.Errorf("a late timer has the faults %q", faults)
	}
	if faults := c.late(seen("soon"), 3*time.Second, 10*time.Second); len(faults) != 1 {
		t.Errorf("a time that is none has the faults %q", faults)
	}
}

// TestAskedTwice: the function finds two who call it for one contact at once, and none when the first has gone.
func TestAskedTwice(t *testing.T) {
	a, err := NewAsked()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	call := func(contact string) func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			resp, err := http.Post(a.URL, "application/json", strings.NewReader(`{"Details":{"ContactData":{"ContactId":"`+contact+`"}}}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		}()
		return func() { <-done }
	}
	call("one")()
	call("one")() // it has ended before
	if faults := a.wrong(); len(faults) > 0 {
		t.Errorf("calls after each other have the faults %q", faults)
	}
	first, other, second := call("two"), call("three"), call("two")
	first()
	other()
	second()
	if faults := a.wrong(); len(faults) != 1 || !strings.Contains(faults[0], "contact two") {
		t.Errorf("calls at once have the faults %q", faults)
	}
}
