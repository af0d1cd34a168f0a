package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// shopFlow asks the bot and tells what it made of the customer.
const shopFlow = `{"Version":"2019-10-30","StartAction":"bot","Actions":[
 {"Identifier":"bot","Type":"ConnectParticipantWithLexBot","Parameters":{"Text":"Welcome to the flower shop.",
   "LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:123456789012:bot-alias/FLOWERSHOP/TSTALIASID"},"LexSessionAttributes":{"customer":"$.CustomerEndpoint.DisplayName"}},
  "Transitions":{"NextAction":"lost","Conditions":[
    {"NextAction":"ordered","Condition":{"Operator":"Equals","Operands":["OrderFlowers"]}},
    {"NextAction":"agent","Condition":{"Operator":"Equals","Operands":["TalkToAgent"]}}],
   "Errors":[{"NextAction":"lost","ErrorType":"NoMatchingCondition"},{"NextAction":"failed","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"ordered","Type":"MessageParticipant","Parameters":{"Text":"Ordered: $.Lex.Slots.FlowerType for $.Lex.Slots.PickupDate by $.Lex.SessionAttributes.customer."},"Transitions":{"NextAction":"wait"}},
 {"Identifier":"agent","Type":"MessageParticipant","Parameters":{"Text":"Agent wanted ($.Lex.SentimentResponse.Label)."},"Transitions":{"NextAction":"wait"}},
 {"Identifier":"lost","Type":"MessageParticipant","Parameters":{"Text":"Not understood ($.Lex.IntentName)."},"Transitions":{"NextAction":"wait"}},
 {"Identifier":"failed","Type":"MessageParticipant","Parameters":{"Text":"The bot failed."},"Transitions":{"NextAction":"wait"}},
 {"Identifier":"wait","Type":"Wait","Parameters":{"TimeLimitSeconds":"600"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// TestChats holds chats with the bot through a whole server: the customer's
// messages in, what the chat shows out.
func TestChats(t *testing.T) {
	shop := httptest.NewServer(handler(func() time.Time { return testTime }))
	defer shop.Close()
	s := servertest.Start(t, func(c *server.Config) { c.Bots = map[string]string{"FLOWERSHOP/TSTALIASID": shop.URL} })
	flow := s.Flow(t, "Shop", shopFlow)

	const picker = `{"templateType":"ListPicker","version":"1.0","data":{"content":{"title":"Which flowers would you like?","elements":[{"title":"Red roses"},{"title":"Dutch tulips"},{"title":"White lilies"}]}}}`
	const when = "When will you fetch them? Say today, tomorrow, or a date like 2026-12-24."
	for _, c := range []struct {
		name string
		// What is said, in turn: lines that begin with "> " are the customer's.
		lines []string
	}{
		{"an order", []string{
			"Welcome to the flower shop.",
			"> I would like flowers", picker,
			"> Dutch tulips", when, // the text of a button, which stands for the value "tulips"
			"> tomorrow", "So that is tulips for 2026-04-14. Shall I order them?",
			"> yes", "Thank you, your tulips will be ready.", "Ordered: tulips for 2026-04-14 by Ana."}},
		{"a complaint", []string{
			"Welcome to the flower shop.",
			"> I want flowers", picker,
			"> your tulips were awful, get me a human", "I am getting somebody for you.", "Agent wanted (NEGATIVE)."}},
		{"nothing understood", []string{
			"Welcome to the flower shop.",
			"> what?", "I can take an order for flowers, or get you a human. What would you like?",
			"> why?", "I am sorry, I cannot help you with that.", "Not understood (FallbackIntent)."}},
		{"given up", []string{
			"Welcome to the flower shop.",
			"> flowers", picker, "> blue", "I did not get that.", picker, "> green", "I am sorry, I do not understand.", "The bot failed."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chat := s.Chat(t, func(in *connect.StartChatContactRequest) {
				in.ContactFlowId = flow
				in.SupportedMessagingContentTypes = []string{"text/plain", "text/markdown"} // those of Amazon's samples
			})
			socket := chat.Socket()
			seen, types := 0, map[string]string{} // content types of what the socket was sent
			listen := func() {
				if it := socket.Next(); it.Content != nil {
					types[*it.Content] = *it.ContentType
				}
			}
			for i, line := range c.lines {
				if said, ok := strings.CutPrefix(line, "> "); ok {
					chat.Send(said)
				}
				want := strings.TrimPrefix(line, "> ")
				for len(chat.Texts()) <= i { // the next item tells that there is more
					listen()
				}
				for want == picker && types[picker] == "" {
					listen()
				}
				texts := chat.Texts()
				if texts[i] != want {
					t.Fatalf("message %d is %q; want %q", i, texts[i], want)
				}
				seen++
			}
			if texts := chat.Texts(); len(texts) != seen {
				t.Errorf("more was said than expected: %q", texts[seen:])
			}
			if got, shown := types[picker]; shown && got != "application/vnd.amazonaws.connect.message.interactive" {
				t.Errorf("the list comes as %s", got)
			}
		})
	}
}

// TestBotGone: a bot that is not there leads to the error branch.
func TestBotGone(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, bots := range map[string]map[string]string{"unknown": nil, "down": {"*": gone.URL}} {
		t.Run(name, func(t *testing.T) {
			s := servertest.Start(t, func(c *server.Config) { c.Bots = bots })
			chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Shop", shopFlow) })
			socket := chat.Socket()
			chat.Send("hello")
			for len(chat.Texts()) < 3 {
				socket.Next()
			}
			if texts := chat.Texts(); texts[2] != "The bot failed." {
				t.Errorf("the chat says %q", texts)
			}
		})
	}
}

// TestAsAIAgent: the bot serves as an AI agent as it is, in a server that is restarted
// between two of its questions. When the order is through the chat is over.
func TestAsAIAgent(t *testing.T) {
	shop := httptest.NewServer(handler(func() time.Time { return testTime }))
	defer shop.Close()
	const agent = "11111111-2222-4333-8444-555555555555"
	dir := t.TempDir()
	start := func() *servertest.Server {
		return servertest.Start(t, func(c *server.Config) { c.Data, c.Bots = dir, map[string]string{agent: shop.URL} })
	}
	s := start()
	chat := s.Assistant(t, agent+":$LATEST")
	say := func(text string, until int) {
		socket := chat.Socket()
		chat.Send(text)
		for len(chat.Texts()) < until {
			socket.Next()
		}
	}
	say("I would like flowers", 2)
	if got := chat.Texts()[1]; !strings.Contains(got, `"templateType":"ListPicker"`) {
		t.Errorf("the agent shows %s; want a choice", got)
	}
	say("Dutch tulips", 4) // the text of a button, which stands for the value "tulips"
	s.Stop()

	s = start()
	chat = chat.On(s)
	chat.Connect()
	say("tomorrow", 6)
	socket := chat.Socket()
	chat.Send("yes")
	socket.Until("Thank you, your tulips will be ready.")
	for !strings.HasSuffix(*socket.Next().ContentType, "chat.ended") { // the customer's leaving comes before that
	}
	c, err := s.Connect.DescribeContact(t.Context(), &connect.DescribeContactRequest{InstanceId: s.Instance(t), ContactId: chat.Contact})
	if err != nil || *c.Contact.DisconnectReason != "CONTACT_FLOW_DISCONNECT" || *c.Contact.WisdomInfo.AiAgents[0].AiAgentVersionId != agent+":$LATEST" {
		t.Errorf("the contact is described as %+v, %v", c, err)
	}
}

// TestRestart: a server that is stopped between two of the bot's questions goes
// on with the dialog where it was, although the bot remembers nothing.
func TestRestart(t *testing.T) {
	shop := httptest.NewServer(handler(func() time.Time { return testTime }))
	defer shop.Close()
	dir := t.TempDir()
	start := func() *servertest.Server {
		return servertest.Start(t, func(c *server.Config) {
			c.Data, c.Bots = dir, map[string]string{"*": shop.URL}
		})
	}
	s := start()
	chat := s.Chat(t, func(in *connect.StartChatContactRequest) { in.ContactFlowId = s.Flow(t, "Shop", shopFlow) })
	say := func(text string, until int) {
		socket := chat.Socket()
		chat.Send(text)
		for len(chat.Texts()) < until {
			socket.Next()
		}
	}
	say("tulips, please", 3)
	s.Stop()

	chat = chat.On(start())
	chat.Connect() // a new server has a new socket
	say("tomorrow", 5)
	texts := chat.Texts()
	if want := "So that is tulips for 2026-04-14. Shall I order them?"; texts[4] != want {
		t.Errorf("after the restart the bot says %q; want %q", texts[4], want)
	}
}
