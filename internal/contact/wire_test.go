package contact

import (
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
)

// Events made of pushes at the commit and of the stored items are the same: who
// leaves is sent nothing that follows, except the end of the chat in the same commit.
func TestEventsOfStoredItems(t *testing.T) {
	end := time.UnixMilli(1767604502000)
	early, customer, stayed := Participant{ID: "early", Left: end.Add(-time.Second)}, Participant{ID: "customer", Left: end}, Participant{ID: "stayed", Left: end}
	chat := &Chat{
		Ended: true, Latest: center.Contact{Disconnected: end},
		Participants: []Participant{customer, early, stayed},
	}
	item := func(seq int64, contentType string, role center.Role, who center.ParticipantID) center.Push {
		it := center.Item{Seq: seq, Type: center.TypeEvent, ContentType: contentType, Role: role, Participant: who, Time: end}
		return center.Push{Item: it, Last: contentType == center.EventEnded}
	}
	commits := [][]center.Push{
		{item(1, center.PlainText, center.RoleCustomer, "customer")},
		{item(2, center.EventLeft, center.RoleAgent, "early")},
		{item(3, center.PlainText, center.RoleSystem, "system")},
		{item(4, center.EventLeft, center.RoleCustomer, "customer"), item(5, center.EventLeft, center.RoleAgent, "stayed"), item(6, center.EventEnded, "", "")},
	}
	commits[2][0].Item.Visibility = center.VisibleAgent
	var sent []bus.Event
	var items []center.Item
	for _, pushes := range commits {
		sent = append(sent, Events(pushes)...)
		for _, p := range pushes {
			items = append(items, p.Item)
		}
	}
	again := chat.Events(items)
	for i, e := range sent {
		if a := again[i]; !slices.Equal(a.Payload, e.Payload) || a.Seq != e.Seq || a.Visibility != e.Visibility || a.Left != e.Left || a.Last != e.Last {
			t.Errorf("event %d is %+v when read again; want %+v", i, a, e)
		}
	}
	if sent[1].Left != "early" || sent[3].Left != "" || sent[4].Left != "" || !sent[5].Last {
		t.Errorf("events = %+v", sent)
	}
	if events := Events([]center.Push{{Chat: "c"}}); events[0].Payload != nil {
		t.Errorf("a push without an item sends %s", events[0].Payload)
	}
}
