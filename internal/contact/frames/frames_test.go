package frames

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Events made of pushes at the commit and of the stored items are the same: who
// leaves is sent nothing that follows, except the end of the chat in the same commit.
func TestEventsOfStoredItems(t *testing.T) {
	end := time.UnixMilli(1767604502000)
	early, customer, stayed := contact.Participant{ID: "early", Left: end.Add(-time.Second)}, contact.Participant{ID: "customer", Left: end}, contact.Participant{ID: "stayed", Left: end}
	chat := &contact.Chat{
		Ended: true, Latest: center.Contact{Disconnected: end},
		Participants: []contact.Participant{customer, early, stayed},
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
		sent = append(sent, Of(pushes)...)
		for _, p := range pushes {
			items = append(items, p.Item)
		}
	}
	again := Again(chat, items)
	for i, e := range sent {
		if a := again[i]; !slices.Equal(a.Payload, e.Payload) || a.Seq != e.Seq || a.Visibility != e.Visibility || a.Left != e.Left || a.Last != e.Last {
			t.Errorf("event %d is %+v when read again; want %+v", i, a, e)
		}
	}
	if sent[1].Left != "early" || sent[3].Left != "" || sent[4].Left != "" || !sent[5].Last {
		t.Errorf("events = %+v", sent)
	}
	if events := Of([]center.Push{{Chat: "c"}}); events[0].Payload != nil {
		t.Errorf("a push without an item sends %s", events[0].Payload)
	}
}

// What has become of a message that was processed is said beside it, and of no other.
func TestProcessingStatus(t *testing.T) {
	for _, status := range []center.Processing{"", center.ProcessingFailed, center.ProcessingRejected} {
		it := center.Item{ID: "i", Type: center.TypeMessage, ContentType: center.PlainText, Content: `a "word"`, Participant: "p", Processing: status}
		text := string(AppendItem(nil, &it, nil))
		said := strings.Contains(text, fmt.Sprintf(`"MessageMetadata":{"MessageId":%q,"MessageProcessingStatus":%q}`, it.ID, status))
		if said != (status != "") || !json.Valid([]byte(text)) {
			t.Errorf("a message that is %q is sent as %s", status, text)
		}
	}
}

// Who transfers a chat learns that it has succeeded, and nothing of what follows. A supervisor
// goes on without being seen, or leaves without anybody's notice.
func TestLastWords(t *testing.T) {
	left := func(role center.Role, who center.ParticipantID) center.Push {
		return center.Push{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventLeft, Role: role, Participant: who}}
	}
	succeeded := center.Push{Item: center.Item{Type: center.TypeEvent, ContentType: center.EventTransferSucceeded}, Only: "bo"}
	text := center.Push{Item: center.Item{Type: center.TypeMessage}}
	for name, c := range map[string]struct {
		pushes []center.Push
		want   string
	}{
		"a transfer":          {[]center.Push{left(center.RoleAgent, "bo"), succeeded, text}, " bo "},
		"an agent":            {[]center.Push{left(center.RoleAgent, "bo"), text}, "bo "},
		"a barged supervisor": {[]center.Push{left(center.RoleSupervisor, "sue"), text}, " "},
		"who then leaves":     {[]center.Push{left(center.RoleSupervisor, "sue"), {Gone: "sue"}, text}, " sue "},
	} {
		var got []string
		for _, e := range Of(c.pushes) {
			got = append(got, string(e.Left))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: last events %q; want %q", name, got, c.want)
		}
	}
}
