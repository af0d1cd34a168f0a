package terminal

import (
	"strings"
	"testing"

	"parley.example/parley/api/participant"
	"parley.example/parley/client"
	"parley.example/parley/internal/center"
)

// TestTerminalShows what a terminal shows of each kind of item: what was
// written on it is not shown again, unless it was written somewhere else too.
func TestTerminalShows(t *testing.T) {
	item := func(kind participant.ChatItemType, role participant.ParticipantRole, name, contentType, content string) participant.Item {
		return participant.Item{Type: kind, ParticipantRole: role, DisplayName: &name, ContentType: &contentType, Content: &content}
	}
	said := func(role participant.ParticipantRole, name, text string) participant.Item {
		return item(participant.ChatItemTypeMESSAGE, role, name, center.PlainText, text)
	}
	shown := func(template string) participant.Item {
		return item(participant.ChatItemTypeMESSAGE, participant.ParticipantRoleSYSTEM, "Bot", center.Interactive, template)
	}
	happened := func(contentType string) participant.Item {
		return item(participant.ChatItemTypeEVENT, participant.ParticipantRoleAGENT, "Bo", contentType, "")
	}
	const customer, agent, system = participant.ParticipantRoleCUSTOMER, participant.ParticipantRoleAGENT, participant.ParticipantRoleSYSTEM
	var b strings.Builder
	ui := Of(&b, nil)
	ui.Interactive = true
	ui.Expect("twice", 1)
	ui.Expect("twice", 1)
	ui.Expect("failed", 1)
	ui.Expect("failed", -1)
	for _, c := range []struct {
		item participant.Item
		want string
	}{
		{said(customer, "Ana", "from before"), "Ana: from before\n"},
		{said(agent, "Bo", "twice"), "Bo: twice\n"},
		{said(customer, "Ana", "twice"), ""},
		{said(customer, "Ana", "twice"), ""},
		{said(customer, "Ana", "twice"), "Ana: twice\n"},
		{said(customer, "Ana", "failed"), "Ana: failed\n"},
		{said(agent, "B\x1b[2Jo", "a\x1b]0;title\x07b\rc\n\td\u009be"), "B\ufffd[2Jo: a\ufffd]0;title\ufffdb\ufffdc\n\td\ufffde\n"},
		{said(system, center.DisplayNameSystemMessage, "welcome"), "Flow: welcome\n"},
		{shown(`{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"A drink?","subtitle":"All are fresh","elements":[{"title":"Tea","subtitle":"green"},{"title":"Coffee"},{"title":"More","actionDetail":"SHOW_MORE"},{"title":"The menu","type":"hyperlink","url":"https://shop.example"}]}}}`),
			"Bot: A drink? - All are fresh\n  * Tea - green\n  * Coffee\n  * The menu - https://shop.example\n"},
		{shown(`{"templateType":"TimePicker","version":"1.0","data":{"content":{"title":"When?","timeslots":[{"date":"2026-10-31T18:00+00:00","duration":60}]}}}`),
			"Bot: When?\n  * 2026-10-31T18:00+00:00\n"},
		{shown(`{"templateType":"Carousel","version":"1.0","data":{"content":{"title":"Where to?","elements":[{"templateIdentifier":"a","templateType":"ListPicker","version":"1.0","data":{"content":{"title":"Sea","elements":[{"title":"Sea 1\u001b[2J"}]}}}]}}}`),
			"Bot: Where to?\n  Sea\n    * Sea 1\ufffd[2J\n"},
		{shown(`{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":7}}}`), `Bot: {"templateType":"ListPicker","version":"1.0","data":{"content":{"title":7}}}` + "\n"},
		{shown(`{"templateType":"ViewResource","version":"1.0","data":{"content":{"viewId":"v"}}}`), "Bot: [shows the view v]\n"},
		{happened(center.EventTyping), "-- Bo is typing\n"},
		{happened(center.EventJoined), "-- Bo joined\n"},
		{happened(center.EventLeft), "-- Bo left\n"},
		{happened(center.EventIdle), "-- Bo is idle\n"},
		{happened(center.EventReturned), "-- Bo is back\n"},
		{happened(center.EventEnded), "-- the chat has ended\n"},
		{happened("application/vnd.amazonaws.connect.event.transfer.succeeded"), ""},
		{participant.Item{Type: "MESSAGEMETADATA"}, ""},
		{participant.Item{Type: participant.ChatItemTypeATTACHMENT, DisplayName: new("Bo"),
			Attachments: []participant.AttachmentItem{{AttachmentName: new("a.pdf")}}}, "Bo: [file a.pdf]\n"},
	} {
		b.Reset()
		ui.Item(&client.Item{Item: c.item})
		if b.String() != c.want {
			t.Errorf("%s %s shows %q; want %q", c.item.Type, deref(c.item.Content), b.String(), c.want)
		}
	}
	if len(ui.mine) > 0 {
		t.Errorf("it still waits for %v", ui.mine)
	}
	b.Reset()
	ui.State(client.Connected)
	ui.State(client.Ended) // the item says so
	if b.String() != "-- connected\n" {
		t.Errorf("the states are %q", b.String())
	}
	pipe := New(strings.NewReader("a\n"), &b)
	pipe.Expect("a", 1)
	b.Reset()
	if pipe.Item(&client.Item{Item: said(customer, "Ana", "a")}); b.String() != "Ana: a\n" {
		t.Errorf("a pipe shows %q", b.String())
	}
}
