package contact

import (
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// sample are the content types with which Amazon's own sample applications start
// chats (amazon-connect-chat-ui-examples and the hosted widget's older snippets, 2026-11).
var sample = []string{center.PlainText, center.Markdown}

// TestBotsShowInteractiveMessagesInEveryChat: what a bot shows reaches the
// customer as the interactive message that it is, whatever the chat's
// SupportedMessagingContentTypes (seen in chats of Amazon's samples, 2026-11).
func TestBotsShowInteractiveMessagesInEveryChat(t *testing.T) {
	bot := step("ConnectParticipantWithLexBot", `"Text":"Hello","LexV2Bot":{"AliasArn":"a"}`, "1", "NoMatchingCondition>1", "NoMatchingError>1")
	o := catalogWithQueues(flows{"main": document(t, bot, disconnect)})
	for _, template := range []string{"ListPicker", "TimePicker", "Panel", "QuickReply", "Carousel", "ApplePay", "AppleForm", "WhatsAppInteractiveList"} {
		for name, types := range map[string][]string{"none": nil, "text": {center.PlainText}, "the samples'": sample, "all": all} {
			p, ana := startConnected(t, o, Start{ContentTypes: types})
			p.do(typed(ana, "x"))
			shown := `{"templateType":"` + template + `","version":"1.0","data":{"content":{"title":"T"}}}`
			p.answer(machine.Answer{DialogAction: "ElicitSlot", Messages: []machine.BotMessage{{ContentType: center.Interactive, Content: shown}}})
			if last := p.items[len(p.items)-1]; last.ContentType != center.Interactive || last.Content != shown || !last.Visibility.To(center.RoleCustomer) {
				t.Errorf("with the types %s a %s comes as %s, %s", name, template, last.ContentType, last.Content)
			}
		}
	}
}

// TestWhatContentTypesHoldBack: SupportedMessagingContentTypes bound the
// text of everybody (SendMessage.ContentType, API reference, 2026-11) and the
// responses of customers; they hold back no interactive message but a view.
func TestWhatContentTypesHoldBack(t *testing.T) {
	const (
		question = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"T","elements":[{"title":"A"}]}}}`
		more     = `{"version":"1.0","data":{"actionName":"SHOW_MORE","templateType":"ListPicker"},"action":"SHOW_MORE"}`
		choice   = `{"templateIdentifier":"card1","listTitle":"Flowers","selectionText":"Roses"}`
	)
	for what, c := range map[string]struct {
		who         center.Role
		types       []string
		contentType string
		text        string
		refused     bool
		first       bool // StartChatContact.InitialMessage as well
	}{
		"a custom participant's list in a chat of text":       {who: center.RoleCustomBot, contentType: center.Interactive, text: question},
		"an agent's list in a chat of text":                   {who: center.RoleAgent, types: sample, contentType: center.Interactive, text: question},
		"an agent's list in a chat of all types":              {who: center.RoleAgent, types: all, contentType: center.Interactive, text: question},
		"a customer's list, in any chat":                      {who: center.RoleCustomer, types: all, contentType: center.Interactive, text: question, refused: true, first: true},
		"a customer's choice, which is text":                  {who: center.RoleCustomer, contentType: center.PlainText, text: "Roses", first: true},
		"a customer's choice from a carousel, JSON in text":   {who: center.RoleCustomer, contentType: center.PlainText, text: choice, first: true},
		"a customer pages through a list in a chat of text":   {who: center.RoleCustomer, types: sample, contentType: center.InteractiveResponse, text: more, refused: true, first: true},
		"a customer pages through a list":                     {who: center.RoleCustomer, types: all, contentType: center.InteractiveResponse, text: more, first: true},
		"a customer's markdown in a chat of plain text":       {who: center.RoleCustomer, contentType: center.Markdown, text: "*x*", refused: true, first: true},
		"a customer's markdown":                               {who: center.RoleCustomer, types: sample, contentType: center.Markdown, text: "*x*", first: true},
		"a customer's JSON in a chat of text":                 {who: center.RoleCustomer, types: sample, contentType: center.JSON, text: "{}", refused: true, first: true},
		"an agent's markdown in a chat of plain text":         {who: center.RoleAgent, contentType: center.Markdown, text: "*x*", refused: true},
		"an agent's markdown":                                 {who: center.RoleAgent, types: sample, contentType: center.Markdown, text: "*x*"},
		"a custom participant's JSON in a chat of plain text": {who: center.RoleCustomBot, contentType: center.JSON, text: "{}", refused: true},
	} {
		t.Run(what, func(t *testing.T) {
			p, who := startConnected(t, catalogWithQueues(flows{"main": numbered(t, queueing("sales")...)}), Start{ContentTypes: c.types})
			switch c.who {
			case center.RoleCustomBot:
				who = p.do(AddParticipant{DisplayName: "Robo"}).Participant
			case center.RoleAgent:
				who = p.do(Join{User: "u-1", DisplayName: "Bo", UserName: "bo"}).Participant
			}
			expected := func(err error) bool {
				return !c.refused && err == nil || c.refused && err != nil && center.ReasonOf(err) == center.Invalid
			}
			_, err := p.try(Send{Participant: who, ContentType: c.contentType, Content: c.text})
			if !expected(err) {
				t.Errorf("Send: %v", err)
			}
			if last := p.items[len(p.items)-1]; err == nil && (last.ContentType != c.contentType || last.Content != c.text) {
				t.Errorf("the transcript has %s, %s", last.ContentType, last.Content)
			}
			if !c.first {
				return
			}
			begun := Start{Contact: "c-first", Instance: instance, Flow: "main", DisplayName: "Ana", ContentTypes: c.types, Initial: &Message{c.contentType, c.text}}
			if err := begun.check(Limits{TextBytes: 16384}); !expected(err) {
				t.Errorf("StartChatContact with the message says %v", err)
			}
		})
	}
}

// TestProcessorLeavesInteractiveMessagesAlone: a message processor is asked
// about text; a bot's list passes it by, in order, in a chat of any types.
func TestProcessorLeavesInteractiveMessagesAlone(t *testing.T) {
	const picker = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"T"}}}`
	for name, types := range map[string][]string{"text": sample, "all": all} {
		bot := step("ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"a"}`, "2", "NoMatchingCondition>2", "NoMatchingError>2")
		p, ana := startConnected(t, catalogWithQueues(flows{"main": numbered(t, processor("False", "1"), bot, disconnect)}), Start{ContentTypes: types})
		p.say(ana, "x")
		p.answers("x", changed("y"))
		p.answer(machine.Answer{DialogAction: "ElicitSlot", Messages: []machine.BotMessage{
			{ContentType: center.PlainText, Content: "Of course."}, {ContentType: center.Interactive, Content: picker},
		}})
		if ids, texts := p.calls(); len(ids) != 1 || texts[0] != "Of course." {
			t.Fatalf("with the types of %s the function is asked about %q", name, texts)
		}
		p.answers("Of course.", changed("With pleasure."))
		p.wantScript("CUSTOMER joined", "CUSTOMER: y", "SYSTEM: With pleasure.", "SYSTEM: "+picker)
		if last := p.items[len(p.items)-1]; last.ContentType != center.Interactive {
			t.Errorf("with the types of %s the list comes as %s", name, last.ContentType)
		}
	}
}
