package participantapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

func TestMessageIsEchoed(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		out := r.say(ana, "one")
		published := r.engine.Bus.Of(center.PlainText)
		echo := published[len(published)-1]
		if echo.Only != "" || echo.Except != "" || echo.Item.ID != *out.Id {
			r.Fatalf("the message was published as %+v; want it for everybody, the sender too, with the Id %s", echo, *out.Id)
		}
		want := fmt.Sprintf(`{"AbsoluteTime":%q,"Content":"one","ContentType":"text/plain","Id":%q,"Type":"MESSAGE","ParticipantId":%q,"DisplayName":"Ana","ParticipantRole":"CUSTOMER","InitialContactId":%q,"ContactId":%q}`,
			*out.AbsoluteTime, *out.Id, ana.id, ana.chat, ana.chat)
		if echo.Text != want {
			r.Errorf("the echo is %s; want %s", echo.Text, want)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", *out.AbsoluteTime); err != nil {
			r.Errorf("AbsoluteTime: %v", err)
		}
	})
}

func TestRepeatedClientTokenSendsOnce(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		send := func(token, text string) *participant.SendMessageResponse {
			out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{
				ConnectionToken: ana.bearer, ContentType: "text/plain", Content: text, ClientToken: &token})
			if err != nil {
				r.Fatalf("SendMessage: %v", err)
			}
			return out
		}
		first := send("k", "one")
		enginetest.Pass(time.Minute)
		again := send("k", "one")
		other := send("k2", "one")
		if *again.Id != *first.Id || *again.AbsoluteTime != *first.AbsoluteTime || *other.Id == *first.Id {
			r.Errorf("ids %s, %s, %s; want the first twice and another", *first.Id, *again.Id, *other.Id)
		}
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello", "one", "one")
		if n := len(r.engine.Bus.Of(center.PlainText)); n != 3 { // the flow's and two
			r.Errorf("%d messages were published; want 3", n)
		}
		// A token is its participant's own.
		bot := r.bot(ana.chat)
		out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{
			ConnectionToken: bot.bearer, ContentType: "text/plain", Content: "mine", ClientToken: new("k")})
		if err != nil || *out.Id == *first.Id {
			r.Errorf("SendMessage of another participant with the token = %v, %v; want a message of its own", out, err)
		}
	})
}

func TestMessageRules(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		plain := r.join()
		all := r.join(func(c *contact.Start) {
			c.ContentTypes = []string{center.PlainText, center.Markdown, center.JSON, center.InteractiveResponse}
		})
		for _, c := range []struct {
			who               person
			contentType, text string
			ok                bool
		}{
			{plain, center.PlainText, "x", true},
			{plain, center.PlainText, "", false},
			{plain, center.PlainText, strings.Repeat("x", 16384), true},
			{plain, center.PlainText, strings.Repeat("x", 16385), false},
			{plain, center.PlainText, "שלום 👩‍👩‍👧 \u202e \" \\ \n \x01", true},
			{plain, center.Markdown, "*x*", false},
			{plain, center.JSON, "{}", false},
			{plain, "text/html", "<b>x</b>", false},
			{plain, center.EventTyping, "x", false},
			{all, center.Markdown, "*x*", true},
			{all, center.JSON, `{"a":1}`, true},
			{all, center.JSON, `{`, false},
			{all, center.JSON, `"` + strings.Repeat("x", 11998) + `"`, true},
			{all, center.JSON, `"` + strings.Repeat("x", 11999) + `"`, false},
			{all, center.InteractiveResponse, `"` + strings.Repeat("x", 12286) + `"`, true},
			{all, center.InteractiveResponse, `"` + strings.Repeat("x", 12287) + `"`, false},
			{all, center.Interactive, `{}`, false},
		} {
			_, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: c.who.bearer, ContentType: c.contentType, Content: c.text})
			if c.ok {
				items := r.engine.Items(c.who.chat)
				if err != nil || items[len(items)-1].Content != c.text {
					r.Errorf("SendMessage(%s, %.20q) = %v, %.20q in the transcript; want it kept unchanged", c.contentType, c.text, err, items[len(items)-1].Content)
				}
				continue
			}
			r.invalid(fmt.Sprintf("SendMessage(%s, %d bytes)", c.contentType, len(c.text)), err)
		}
	})
}

// TestOnlyAgentsAndBotsSendInteractiveMessages: custom participants and agents ask, customers only answer.
func TestOnlyAgentsAndBotsSendInteractiveMessages(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join() // whose chat lists no interactive messages
		bot := r.bot(ana.chat)
		question := `{"templateType":"QuickReply","version":"1.0","data":{"content":{"title":"Well?","elements":[{"title":"Yes"},{"title":"No"}]}}}`
		full := question + strings.Repeat(" ", 16384-len(question))
		for _, c := range []struct {
			who  person
			text string
			ok   bool
		}{
			{bot, question, true},
			{bot, full, true},
			{bot, full + " ", false},
			{bot, `{"templateType":"QuickReply"}`, false},
			{bot, `{"data":{}}`, false},
			{bot, `not JSON`, false},
			{ana, question, false},
		} {
			out, err := r.SendMessage(r.Context(), &participant.SendMessageRequest{ConnectionToken: c.who.bearer, ContentType: center.Interactive, Content: c.text})
			if !c.ok {
				r.invalid(fmt.Sprintf("SendMessage(interactive, %.40q)", c.text), err)
				continue
			}
			items := r.engine.Items(ana.chat)
			if last := items[len(items)-1]; err != nil || string(last.ID) != *out.Id || last.Content != c.text || last.Role != center.RoleCustomBot {
				r.Errorf("SendMessage(interactive, %.40q) = %v, %+v in the transcript", c.text, err, last)
			}
		}
	})
}

func TestTypingIsPushedToTheOthers(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		r.bot(ana.chat)
		before := len(r.engine.Items(ana.chat))
		out, err := r.SendEvent(r.Context(), &participant.SendEventRequest{ConnectionToken: ana.bearer, ContentType: center.EventTyping})
		if err != nil || out.Id == nil || out.AbsoluteTime == nil {
			r.Fatalf("SendEvent(typing) = %v, %v; want an Id and an AbsoluteTime", out, err)
		}
		published := r.engine.Bus.Of(center.EventTyping)
		if len(published) != 1 || published[0].Except != ana.id || published[0].Item.Role != string(center.RoleCustomer) || published[0].Item.ID != *out.Id {
			r.Errorf("typing was published as %+v; want it for the others", published)
		}
		if n := len(r.engine.Items(ana.chat)); n != before {
			r.Errorf("the transcript grew to %d items", n)
		}
	})
}

func TestServiceEventsCannotBeSent(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		for _, event := range []string{center.EventJoined, center.EventLeft, center.EventEnded, center.EventTransferSucceeded, center.EventMetadata, "x", "text/plain"} {
			_, err := r.SendEvent(r.Context(), &participant.SendEventRequest{ConnectionToken: ana.bearer, ContentType: event})
			r.invalid("SendEvent "+event, err)
		}
		if _, err := r.SendEvent(r.Context(), &participant.SendEventRequest{ConnectionToken: ana.bearer, ContentType: center.EventConnectionAck}); err != nil {
			r.Errorf("SendEvent(connection.acknowledged) = %v; want it accepted", err)
		}
		r.engine.WantScript(ana.chat, "joined CUSTOMER", "Hello")
	})
}

// acknowledge sends a receipt as ChatJS does, always with the same ClientToken.
func (r *chatFixture) acknowledge(p person, event, messageID string) error {
	_, err := r.SendEvent(r.Context(), &participant.SendEventRequest{
		ConnectionToken: p.bearer, ContentType: event, Content: new(`{"messageId":"` + messageID + `","disableThrottle":true}`),
		ClientToken: new("INCOMING_READ_RECEIPT"),
	})
	return err
}

func TestReceipts(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		one, two := r.say(bot, "one"), r.say(bot, "two")
		check := func(err error) {
			r.Helper()
			if err != nil {
				r.Fatalf("SendEvent: %v", err)
			}
		}
		begun := time.Now().UTC()
		check(r.acknowledge(ana, center.EventDelivered, *one.Id))
		enginetest.Pass(time.Second)
		check(r.acknowledge(ana, center.EventRead, *one.Id))
		check(r.acknowledge(ana, center.EventRead, *one.Id)) // known: nothing is published
		check(r.acknowledge(ana, center.EventRead, *two.Id)) // the same ClientToken, another message
		check(r.acknowledge(bot, center.EventRead, *two.Id)) // one's own

		published := r.engine.Bus.Of(center.EventMetadata)
		if len(published) != 3 {
			r.Fatalf("%d receipts were published; want 3", len(published))
		}
		// What Web clients take: one receipt a frame, no contact ids.
		frame := published[0].Text
		if want := `"Type":"MESSAGEMETADATA","MessageMetadata":{"MessageId":"` + *one.Id + `","Receipts":[{"DeliveredTimestamp":`; !strings.Contains(frame, want) || strings.Contains(frame, "ContactId") {
			r.Errorf("the frame is %s; want %s in it", frame, want)
		}
		out, err := r.GetTranscript(r.Context(), &participant.GetTranscriptRequest{ConnectionToken: bot.bearer, MaxResults: new(int32(2))})
		check(err)
		stamp := func(t time.Time) string { return t.Format(center.TimeLayout) }
		for i, want := range []struct{ id, delivered, read string }{
			{*two.Id, stamp(begun.Add(time.Second)), stamp(begun.Add(time.Second))},
			{*one.Id, stamp(begun), stamp(begun.Add(time.Second))},
		} {
			meta := out.Transcript[i].MessageMetadata
			if meta == nil || *meta.MessageId != want.id || len(meta.Receipts) != 1 {
				r.Fatalf("item %d has the metadata %+v; want one receipt of %s", i, meta, want.id)
			}
			if got := meta.Receipts[0]; *got.DeliveredTimestamp != want.delivered || *got.ReadTimestamp != want.read || *got.RecipientParticipantId != string(ana.id) {
				r.Errorf("the receipt of item %d is %s %s %s; want %s %s %s", i, *got.DeliveredTimestamp, *got.ReadTimestamp, *got.RecipientParticipantId, want.delivered, want.read, ana.id)
			}
		}
	})
}

func TestReceiptsForUnknownMessagesAreRefused(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana, other := r.join(), r.join()
		r.bot(ana.chat)
		foreign := r.say(other, "elsewhere")
		joined := string(r.engine.Items(ana.chat)[0].ID)
		for _, content := range []*string{nil, new("{}"), new("nonsense"), new(`{"messageId":7}`), new(`{"messageId":"` + *foreign.Id + `"}`),
			new(`{"messageId":"` + center.NewUUID() + `"}`), new(`{"messageId":"` + joined + `"}`)} {
			_, err := r.SendEvent(r.Context(), &participant.SendEventRequest{ConnectionToken: ana.bearer, ContentType: center.EventRead, Content: content})
			r.invalid("a receipt", err)
		}
	})
}

func TestThirdParticipantEndsReceipts(t *testing.T) {
	newChatFixture(t, func(r *chatFixture) {
		ana := r.join()
		bot := r.bot(ana.chat)
		said := r.say(bot, "one")
		// The rule counts who is connected, whatever the role: an agent joins by routing.
		r.thirdParticipant(ana.chat)
		r.refused("a receipt among three", r.acknowledge(ana, center.EventRead, *said.Id), "ConflictException", 409)
	})
}
