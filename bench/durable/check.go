package durable

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Check compares what was found of a chat with what its participants were told. It
// returns a line for each fault: something that was acknowledged is lost, doubled, changed or
// out of order, or something is there that nobody did.
func (c *Chat) Check(s *Seen) (faults []string) {
	k := &checking{Chat: c, Seen: s}
	k.ids()
	k.deeds()
	k.flow()
	k.events()
	k.agents()
	k.attributes()
	k.files()
	k.notes()
	k.heard()
	return k.faults
}

type checking struct {
	*Chat
	*Seen
	faults []string
}

func (k *checking) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Sprintf("chat %s: ", k.Contact)+fmt.Sprintf(format, args...))
}

// ids: no id comes twice, and time does not go back.
func (k *checking) ids() {
	seen := map[string]bool{}
	for i, it := range k.Transcript {
		if it.ID == "" || seen[it.ID] {
			k.fault("the id %q of %q is missing or comes twice", it.ID, it.Text)
		}
		if i > 0 && it.At < k.Transcript[i-1].At {
			k.fault("%q is of %s, the item before it of %s", it.Text, it.At, k.Transcript[i-1].At)
		}
		seen[it.ID] = true
	}
}

// deeds: what was acknowledged is there once, as it was said, in the order in which its author, or the others who are
// not agents, did it; what was refused is not; nothing else is. The texts of a chat's deeds differ.
func (k *checking) deeds() {
	lanes := [][]Deed{k.Deeds}
	for _, h := range k.Holds {
		lanes = append(lanes, h.Deeds)
	}
	at := map[string]int{} // positions in the transcript, by text
	for i, it := range k.Transcript {
		if it.Event || it.Role == "SYSTEM" {
			continue
		}
		known := slices.ContainsFunc(lanes, func(deeds []Deed) bool {
			return slices.ContainsFunc(deeds, func(d Deed) bool { return d.Text == it.Text && d.Role == it.Role })
		})
		if _, twice := at[it.Text]; twice {
			k.fault("%q is doubled", it.Text)
		} else if !known {
			k.fault("nobody said %q as %s", it.Text, it.Role)
		}
		at[it.Text] = i
	}
	for _, deeds := range lanes {
		k.order(deeds, at)
	}
}

func (k *checking) order(deeds []Deed, at map[string]int) {
	last := -1
	for _, d := range deeds {
		i, there := at[d.Text]
		switch {
		case d.Fate == Acknowledged && !there:
			k.fault("%q is lost", d.Text)
		case d.Fate == Refused && there:
			k.fault("%q was refused, and is there", d.Text)
		}
		if d.Fate != Acknowledged || !there {
			continue
		}
		if i < last {
			k.fault("%q is out of order", d.Text)
		}
		last = max(last, i)
		if id := k.Transcript[i].ID; d.ID != "" && d.ID != id {
			k.fault("%q was acknowledged as %s, and is %s", d.Text, d.ID, id)
		}
		if d.Read && !k.Transcript[i].Read {
			k.fault("the receipt of %q is lost", d.Text)
		}
	}
}

// flow: the flow has said what it says, once and in order.
func (k *checking) flow() {
	var said []string
	for _, it := range k.Transcript {
		if !it.Event && it.Role == "SYSTEM" {
			said = append(said, it.Text)
		}
	}
	// A chat that was ended by somebody may have ended before its flow had said all.
	if !slices.Equal(said, k.Says) && !(k.Ended && len(said) < len(k.Says) && slices.Equal(said, k.Says[:len(said)])) {
		k.fault("the flow said %q; want %q", said, k.Says)
	}
}

// events: everybody joins and leaves once at most, those who were told that they are connected
// have joined, and what has ended has nothing behind its end.
func (k *checking) events() {
	seen := map[string]int{}
	for i, it := range k.Transcript {
		if !it.Event {
			continue
		}
		name := it.Role + " " + it.Text
		if it.Role == "AGENT" { // of whom there may be several, one after another
			name += " " + it.Participant
		}
		if seen[name]++; seen[name] > 1 {
			k.fault("%s is doubled", name)
		}
		if it.Text == "ended" && i < len(k.Transcript)-1 {
			k.fault("%q is behind the end", k.Transcript[i+1].Text)
		}
	}
	for _, role := range k.Joined {
		if seen[role+" joined"] == 0 {
			k.fault("%s has not joined", role)
		}
	}
	if n := len(k.Transcript); k.Ended != (n > 0 && k.Transcript[n-1].Event && k.Transcript[n-1].Text == "ended") {
		k.fault("ended is %t for those who were in the chat, not for the transcript", k.Ended)
	}
}

// late: the timer of a flow that waits fired when it was due.
func (c *Chat) late(s *Seen, after, most time.Duration) (faults []string) {
	var greeted time.Time
	for _, it := range s.Transcript {
		at, err := time.Parse(time.RFC3339, it.At)
		if err != nil {
			return append(faults, fmt.Sprintf("chat %s: %q is of %q: %v", c.Contact, it.Text, it.At, err))
		}
		switch it.Text {
		case greeting:
			greeted = at
		case timeout:
			if late := at.Sub(greeted) - after; late > most {
				faults = append(faults, fmt.Sprintf("chat %s: a timer was %s late", c.Contact, late))
			}
		}
	}
	return faults
}

func (k *checking) attributes() {
	set, unsure := map[string]string{}, map[string]string{}
	maps.Copy(set, k.Set)
	maps.Copy(unsure, k.Unsure)
	for _, h := range k.Holds {
		maps.Copy(set, h.Set)
		maps.Copy(unsure, h.Unsure)
	}
	for key, want := range set {
		got, ok := k.Attributes[key]
		if unsure, tried := unsure[key]; (!ok || got != want) && !(tried && got == unsure) {
			k.fault("attribute %s is %q; want %q", key, got, want)
		}
	}
	for key, got := range k.Attributes {
		if _, set := set[key]; !set && unsure[key] != got {
			k.fault("nobody set attribute %s to %q", key, got)
		}
	}
}

func (k *checking) files() {
	for id, want := range k.Chat.Files {
		if got, ok := k.Seen.Files[id]; !ok || got != want {
			k.fault("file %s has %d bytes; want the %d that were sent", id, len(got), len(want))
		}
	}
}

// notes: the first deliveries of all items are the end of the transcript, from the deed before
// which the webhook was acknowledged at the latest. What is repeated is the same.
func (k *checking) notes() {
	if k.Streamed < 0 && !k.MayStream {
		if len(k.Notes) > 0 {
			k.fault("%d deliveries to a webhook that it does not have", len(k.Notes))
		}
		return
	}
	var first []Item
	of := map[string]string{} // items, by delivery
	for _, n := range k.Notes {
		id, again := of[n.ID]
		if again && id != n.Item.ID {
			k.fault("delivery %s is of %s first and of %s later", n.ID, id, n.Item.ID)
		}
		if !again {
			first = append(first, n.Item)
		}
		of[n.ID] = n.Item.ID
	}
	from := len(k.Transcript) - len(first)
	if from < 0 {
		k.fault("%d items were delivered; there are %d", len(first), len(k.Transcript))
		return
	}
	if k.Streamed < 0 { // from somewhere on, and nobody has waited for the last ones
		if len(first) > 0 {
			from = max(0, slices.IndexFunc(k.Transcript, func(it Item) bool { return it.ID == first[0].ID }))
			k.same("the webhook", first, k.Transcript[from:min(len(k.Transcript), from+len(first))])
		}
		return
	}
	k.same("the webhook", first, k.Transcript[from:])
	for _, d := range k.Deeds[k.Streamed:] {
		if i := slices.IndexFunc(k.Transcript, func(it Item) bool { return it.Text == d.Text }); i >= 0 && i < from {
			k.fault("%q was not delivered to the webhook", d.Text)
		}
	}
}

func (k *checking) heard() {
	if k.Listened {
		k.same("the socket", k.Heard, k.Transcript)
	}
}

// same compares what came to somebody with what should have.
func (k *checking) same(whom string, got, want []Item) {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			k.fault("%s has not received %q and %d more", whom, want[i].Text, len(want)-i-1)
			return
		case i >= len(want):
			k.fault("%s has received %q, which is not there", whom, got[i].Text)
			return
		case got[i].ID != want[i].ID || got[i].Text != want[i].Text || got[i].Role != want[i].Role:
			k.fault("%s has received %q where %q should be", whom, got[i].Text, want[i].Text)
			return
		}
	}
}
