package contact

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// processor writes the action that sets the message processor.
func processor(deliver, next string) string {
	return step("UpdateContactMediaProcessing",
		fmt.Sprintf(`"ChatProcessor":{"ProcessingEnabled":"True","LambdaProcessorARN":"redact","ChatProcessorSettings":{"DeliverUnprocessedMessages":%q}}`, deliver),
		next, "NoMatchingError>9", "ChannelMismatch>9")
}

// processed begins a chat whose flow sets a processor and then waits for an hour.
func processed(t *testing.T, deliver string) (*chatTest, center.ParticipantID) {
	return startConnected(t, catalogWithQueues(flows{"main": numbered(t, processor(deliver, "1"), waits(3600, "7"))}), Start{
		ContentTypes: []string{center.PlainText, center.Markdown, center.InteractiveResponse},
	})
}

// calls returns the effects under way, oldest first, with the text that each is about.
func (p *chatTest) calls() (ids, texts []string) {
	for _, e := range p.chat.Effects {
		var event struct{ ChatContent struct{ Content string } }
		if err := json.Unmarshal(e.Event, &event); err != nil {
			p.t.Fatal(err)
		}
		ids, texts = append(ids, e.ID), append(texts, event.ChatContent.Content)
	}
	return ids, texts
}

// answers delivers the function's answer for a text.
func (p *chatTest) answers(text, answer string) {
	p.t.Helper()
	ids, texts := p.calls()
	for i := range ids {
		if texts[i] == text {
			done := EffectDone{ID: ids[i], Answer: json.RawMessage(answer)}
			if problem, ok := strings.CutPrefix(answer, "!"); ok {
				done.Answer, done.Err = nil, problem
			}
			p.do(done)
			return
		}
	}
	p.t.Fatalf("nobody asks about %q; under way are %q", text, texts)
}

func changed(to string) string {
	return fmt.Sprintf(`{"status":"PROCESSED","result":{"processedChatContent":{"content":%q,"contentType":"text/plain"}}}`, to)
}

const approved = `{"status":"APPROVED"}`

func (p *chatTest) say(who center.ParticipantID, text string) Reply {
	p.t.Helper()
	p.now = p.now.Add(time.Second)
	return p.do(Send{Participant: who, ContentType: center.PlainText, Content: text, ClientToken: text})
}

func TestProcessedInOrder(t *testing.T) {
	p, ana := processed(t, "False")
	before := len(p.items)
	one, two := p.say(ana, "one"), p.say(ana, "two")
	if !one.Processing || !two.Processing {
		t.Fatalf("Send says Processing %t, %t; want both", one.Processing, two.Processing)
	}
	if len(p.items) != before || len(p.pushes) != before {
		t.Fatalf("%d items, %d pushes before anything was processed; want %d", len(p.items), len(p.pushes), before)
	}
	if again := p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "one", ClientToken: "one"}); again != one {
		t.Errorf("the same ClientToken gives %+v; want %+v", again, one)
	}
	p.answers("two", changed("2"))
	if len(p.items) != before {
		t.Fatal("the second message overtook the first")
	}
	p.answers("one", changed("1"))
	p.wantScript("CUSTOMER joined", "CUSTOMER: 1", "CUSTOMER: 2")
	for i, want := range []Reply{one, two} {
		it := p.items[before+i]
		if seq, _ := it.ID.Seq(); it.ID != want.Item || !it.Time.Equal(want.Time) || it.Seq != int64(before+i+1) || seq != it.Seq {
			t.Errorf("item %d is %+v; Send said %+v", i, it, want)
		}
	}
	if again := p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "one", ClientToken: "one"}); again.Item != one.Item {
		t.Errorf("the same ClientToken later gives %+v; want %s", again, one.Item)
	}
	if len(p.chat.Pending)+len(p.chat.Effects) != 0 {
		t.Errorf("left over: %+v, %+v", p.chat.Pending, p.chat.Effects)
	}
}

// An InitialMessage of 16,384 bytes goes through a function whatever its type.
func TestInitialMessageIsProcessed(t *testing.T) {
	p := newChatTest(t, nil)
	content := `"` + strings.Repeat("x", 16382) + `"`
	ana := p.start(Start{ContentTypes: []string{center.PlainText, center.JSON}, Initial: &Message{center.JSON, content}})
	p.do(SetProcessor{Processor: &flow.Processor{Function: "redact"}})
	p.do(Connect{Participant: ana})
	redacted := `"` + strings.Repeat("*", 16382) + `"`
	p.answers(content, fmt.Sprintf(`{"status":"PROCESSED","result":{"processedChatContent":{"content":%q,"contentType":"application/json"}}}`, redacted))
	if it := p.items[1]; it.Content != redacted || it.Processing != "" {
		t.Errorf("%.40q with status %q; want what the function made of it", it.Content, it.Processing)
	}
}

func TestProcessorEvent(t *testing.T) {
	p, ana := processed(t, "False")
	sent := p.say(ana, "my \"secret\"")
	e := p.chat.Effects[0]
	if e.Invoke.Function != "redact" || e.Limit() != 30*time.Second {
		t.Errorf("calls %s for %v; want redact for 30 s", e.Invoke.Function, e.Limit())
	}
	id := string(p.chat.ID)
	want := fmt.Sprintf(`{"version":"1.0","instanceId":%q,"associatedResourceArn":"arn:aws:connect:us-east-1:123456789012:instance/%s/contact/%s",`+
		`"chatContent":{"absoluteTime":%q,"content":"my \"secret\"","contentType":"text/plain","id":%q,"participantId":%q,`+
		`"displayName":"Ana","participantRole":"CUSTOMER","initialContactId":%q,"contactId":%q}}`,
		instance, instance, id, sent.Time.Format(center.TimeLayout), sent.Item, ana, id, id)
	if string(e.Event) != want {
		t.Errorf("the function is called with\n%s\nwant\n%s", e.Event, want)
	}
}

// The outcomes for one message: what everybody sees, what the sender's side sees,
// and what the flow log says.
func TestProcessorAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		deliver, answer string
		content         string
		status          center.Processing
		problem         string
	}{
		"approved":                  {"False", approved, "hello", "", ""},
		"approved, content ignored": {"False", `{"status":"APPROVED","result":{"processedChatContent":{"content":"x","contentType":"text/plain"}}}`, "hello", "", ""},
		"changed":                   {"False", changed("h***o"), "h***o", "", ""},
		"changed, same type":        {"False", `{"status":"PROCESSED","result":{"processedChatContent":{"content":"x"}}}`, "x", "", ""},
		"rejected":                  {"False", `{"status":"REJECTED"}`, "hello", center.ProcessingRejected, ""},
		"rejected, unprocessed too": {"True", `{"status":"REJECTED"}`, "hello", center.ProcessingRejected, ""},
		"failed":                    {"False", `{"status":"FAILED"}`, "hello", center.ProcessingFailed, "FAILED"},
		"failed, delivered":         {"True", `{"status":"FAILED"}`, "hello", "", "FAILED"},
		"dead":                      {"False", "!connection refused", "hello", center.ProcessingFailed, "connection refused"},
		"dead, delivered":           {"True", "!connection refused", "hello", "", "connection refused"},
		"no object":                 {"False", `[]`, "hello", center.ProcessingFailed, "not an object"},
		"no status":                 {"False", `{}`, "hello", center.ProcessingFailed, "not one of PROCESSED"},
		"no content":                {"False", `{"status":"PROCESSED"}`, "hello", center.ProcessingFailed, "no result.processedChatContent"},
		"empty content":             {"False", changed(""), "hello", center.ProcessingFailed, "must not be empty"},
		"a type the chat lacks":     {"False", `{"status":"PROCESSED","result":{"processedChatContent":{"content":"{}","contentType":"application/json"}}}`, "hello", center.ProcessingFailed, "does not support"},
		"too long":                  {"True", changed(strings.Repeat("x", 16385)), "hello", "", "16385 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			p, ana := processed(t, c.deliver)
			p.say(ana, "hello")
			p.last = Change{}
			p.answers("hello", c.answer)
			it := p.items[len(p.items)-1]
			if it.Content != c.content || it.Processing != c.status {
				t.Errorf("%q with status %q; want %q with %q", it.Content, it.Processing, c.content, c.status)
			}
			visible := it.Visibility.To(center.RoleAgent)
			if visible != (c.status == "") || !it.Visibility.To(center.RoleCustomer) {
				t.Errorf("visibility %q with status %q", it.Visibility, it.Processing)
			}
			var problems []string
			for _, l := range p.last.Log {
				problems = append(problems, l.Problem)
			}
			if got := strings.Join(problems, ";"); c.problem == "" && got != "" || !strings.Contains(got, c.problem) {
				t.Errorf("the log says %q; want %q", got, c.problem)
			}
			if it.Processing != c.status {
				t.Errorf("the message is %q; want %q", it.Processing, c.status)
			}
		})
	}
}

// What follows a message that is being processed comes after it, whatever it is.
func TestNothingOvertakesTheProcessor(t *testing.T) {
	p, ana := processed(t, "False")
	bot := p.do(AddParticipant{DisplayName: "Robo"}).Participant
	p.do(Connect{Participant: bot})
	p.say(ana, "one")
	upload := p.do(StartUpload{Participant: ana, Name: "cat.png", ContentType: "image/png", Size: 3}).ID
	p.do(CompleteUpload{Participant: ana, Attachment: upload, ClientToken: "one"}) // as the message's
	again := p.do(CompleteUpload{Participant: ana, Attachment: upload, ClientToken: "one"})
	if again.Item != p.chat.Pending[1].Item.ID {
		t.Errorf("completing again gives %+v", again)
	}
	p.do(Send{Participant: ana, ContentType: center.InteractiveResponse, Content: `{"a":1}`})
	p.do(Disconnect{Participant: bot})
	p.do(Signal{Participant: ana, ContentType: center.EventTyping})
	p.wantScript("CUSTOMER joined", "CUSTOM_BOT joined")
	if got := p.pushedSince(2); fmt.Sprint(got) != "[CUSTOMER typing]" {
		t.Errorf("told meanwhile: %q; want typing alone", got)
	}
	p.answers("one", changed("1"))
	p.wantScript("CUSTOMER joined", "CUSTOM_BOT joined", "CUSTOMER: 1", "CUSTOMER sent cat.png", `CUSTOMER: {"a":1}`, "CUSTOM_BOT left")
	for i := 1; i < len(p.items); i++ {
		if !p.items[i].Time.After(p.items[i-1].Time) {
			t.Errorf("item %d is not later than the one before", i)
		}
	}
}

// A flow receives a message as the processor changed it, and the flow's own
// messages go through the processor too.
func TestProcessorStandsBeforeFlows(t *testing.T) {
	p, ana := startConnected(t, catalogWithQueues(flows{"main": numbered(t,
		processor("False", "1"),
		step("ConnectParticipantWithLexBot", `"LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"},"Text":"How can I help?"`, "7",
			"NoMatchingError>7", "NoMatchingCondition>2"),
		says("Good bye", "7"),
	)}), Start{})
	p.wantScript("CUSTOMER joined")
	p.answers("How can I help?", changed("Qué tal?"))
	p.say(ana, "card 4111")
	if got := p.chat.Run.Wait.Kind; got != machine.WaitInput {
		t.Fatalf("the flow waits for %s before the message is processed", got)
	}
	p.answers("card 4111", changed("card ****"))
	if len(p.chat.Effects) != 1 || p.chat.Effects[0].Ask == nil || p.chat.Effects[0].Ask.Text != "card ****" {
		t.Fatalf("the bot is asked %+v", p.chat.Effects)
	}
	answer, err := json.Marshal(machine.Answer{Intent: "Other", State: "Fulfilled", DialogAction: "Close"})
	if err != nil {
		t.Fatal(err)
	}
	p.do(EffectDone{ID: p.chat.Effects[0].ID, Answer: answer})
	// The flow has ended; its last message is still being processed.
	if !p.chat.Ended || p.last.Active != -1 {
		t.Fatalf("ended %t, active %+d; want the chat to be over", p.chat.Ended, p.last.Active)
	}
	p.refuse(center.Denied, Send{Participant: ana, ContentType: center.PlainText, Content: "wait"})
	p.answers("Good bye", approved)
	p.wantScript("CUSTOMER joined", "SYSTEM: Qué tal?", "CUSTOMER: card ****", "SYSTEM: Good bye", "CUSTOMER left", "ended")
	if last := p.pushes[len(p.pushes)-1]; !last.Last {
		t.Error("chat.ended does not say that it is the last")
	}
}

// A rejected message wakes no flow, and nobody sees a rejected system message.
func TestRejectedMessageDoesNotReachFlows(t *testing.T) {
	p, ana := startConnected(t, catalogWithQueues(flows{"main": numbered(t,
		processor("True", "1"), says("Welcome", "2"),
		step("Wait", `"TimeLimitSeconds":"3600","Events":["CustomerReturned"]`, "7", "NoMatchingError>7", "=WaitCompleted>7", "=CustomerReturned>3"),
		says("You are back", "4"), waits(3600, "7"),
	)}), Start{})
	p.do(StartStreaming{Endpoint: "arn:topic", ClientToken: "t"})
	p.answers("Welcome", `{"status":"REJECTED"}`)
	if it := p.items[1]; it.Visibility != center.VisibleNone || it.Visibility.To(center.RoleCustomBot) || len(p.last.Streamed) != 0 {
		t.Errorf("a rejected prompt is visible to %q, streamed %d times", it.Visibility, len(p.last.Streamed))
	}
	p.say(ana, "@#!")
	p.answers("@#!", `{"status":"REJECTED"}`)
	if len(p.last.Items) != 1 || len(p.last.Pushes) != 1 || len(p.last.Streamed) != 0 {
		t.Errorf("a rejected message of the customer is told %d times and streamed %d times; want its sender told", len(p.last.Pushes), len(p.last.Streamed))
	}
	p.say(ana, "sorry")
	if p.answers("sorry", approved); len(p.last.Streamed) != 1 {
		t.Errorf("a message that was let through is streamed %d times", len(p.last.Streamed))
	}
	p.answers("You are back", approved)
	p.wantScript("CUSTOMER joined", "SYSTEM: Welcome", "CUSTOMER: @#!", "CUSTOMER: sorry", "SYSTEM: You are back")
}

func TestProcessorTimesOut(t *testing.T) {
	p, ana := processed(t, "True")
	p.say(ana, "one")
	late, _ := p.calls()
	p.pass(31 * time.Second)
	p.wantScript("CUSTOMER joined")
	p.pass(2 * time.Second)
	p.wantScript("CUSTOMER joined", "CUSTOMER: one")
	p.do(EffectDone{ID: late[0], Answer: json.RawMessage(changed("late"))})
	p.wantScript("CUSTOMER joined", "CUSTOMER: one")

	// Also after the end of the chat.
	p.say(ana, "two")
	p.do(Disconnect{Participant: ana})
	p.pass(time.Minute)
	p.wantScript("CUSTOMER joined", "CUSTOMER: one", "CUSTOMER: two", "CUSTOMER left", "ended")
	if due := p.chat.Due(&p.tail); !due.IsZero() {
		t.Errorf("something is due at %v after the end", due)
	}
}

func TestPendingMessagesAreBounded(t *testing.T) {
	p, ana := processed(t, "True")
	for i := range maxPending {
		p.say(ana, fmt.Sprint(i))
	}
	p.refuse(center.Throttled, Send{Participant: ana, ContentType: center.PlainText, Content: "more"})
	ids, _ := p.calls()
	for _, id := range ids {
		p.do(EffectDone{ID: id, Answer: json.RawMessage(approved)})
	}
	big := strings.Repeat("x", 16000)
	for range maxPendingBytes / len(big) {
		p.do(Send{Participant: ana, ContentType: center.PlainText, Content: big})
	}
	p.refuse(center.Throttled, Send{Participant: ana, ContentType: center.PlainText, Content: big})
	if len(p.items) != 1+maxPending {
		t.Errorf("%d items; want %d", len(p.items), 1+maxPending)
	}
}

// Flows do not wait: their messages beyond the bound are not processed.
func TestFlowMessagesBeyondTheBoundGoUnprocessed(t *testing.T) {
	talkative := numbered(t, processor("True", "1"),
		step("Loop", `"LoopCount":"100"`, "7", "=ContinueLooping>2", "=DoneLooping>3"), says("a", "4"), waits(3600, "7"), says("b", "1"))
	p, _ := startConnected(t, catalogWithQueues(flows{"main": talkative}), Start{})
	if got := len(p.chat.Effects); got != 2*maxPending || len(p.chat.Pending) != 200 {
		t.Fatalf("%d calls for %d messages; want %d for 200", got, len(p.chat.Pending), 2*maxPending)
	}
	p.pass(time.Minute)
	if len(p.items) != 201 || len(p.chat.Pending) != 0 {
		t.Errorf("%d items, %d pending; want 201 and none", len(p.items), len(p.chat.Pending))
	}
}

func TestSetProcessor(t *testing.T) {
	p, ana := startConnected(t, catalogWithQueues(flows{"main": numbered(t, waits(3600, "7"))}), Start{})
	p.say(ana, "one")
	p.do(SetProcessor{&flow.Processor{Function: "redact", Deliver: true}})
	p.say(ana, "two")
	p.do(SetProcessor{})
	p.say(ana, "three")
	p.wantScript("CUSTOMER joined", "CUSTOMER: one")
	p.answers("two", changed("2"))
	p.wantScript("CUSTOMER joined", "CUSTOMER: one", "CUSTOMER: 2", "CUSTOMER: three")
	p.do(Disconnect{Participant: ana})
	p.refuse(center.BadRequest, SetProcessor{})

	strict := noFunctions{catalogWithQueues(flows{"main": numbered(t, processor("True", "1"), waits(3600, "7"))})}
	p = newChatTest(t, nil)
	p.env.Catalog = strict
	ana = p.start(Start{})
	p.do(Connect{Participant: ana})
	p.wantScript("CUSTOMER joined", "SYSTEM: Something is wrong", "CUSTOMER left", "ended")
	p = newChatTest(t, nil)
	p.start(Start{})
	p.env.Catalog = strict
	p.refuse(center.Denied, SetProcessor{&flow.Processor{Function: "redact"}})
}

// noFunctions allows no function.
type noFunctions struct{ testCatalog }

func (noFunctions) LambdaAllowed(center.InstanceID, string) error {
	return center.Errorf(center.Denied, "the function is not associated")
}

// An older server, which does not know of pending items, has used the number of
// the first one.
func TestPendingItemsAreRenumbered(t *testing.T) {
	p, ana := processed(t, "False")
	p.say(ana, "one")
	p.say(ana, "two")
	other := p.chat.Pending[0].Item
	other.ID, other.Content, other.Time = center.NewItemID(other.Time, other.Seq, 7), "between", other.Time.Add(time.Minute)
	p.tail.Observe([]center.Item{other})
	p.items = append(p.items, other)
	p.answers("two", approved)
	p.answers("one", approved)
	p.wantScript("CUSTOMER joined", "CUSTOMER: between", "CUSTOMER: one", "CUSTOMER: two")
	for i, it := range p.items {
		if it.Seq != int64(i+1) || i > 0 && !it.Time.After(p.items[i-1].Time) {
			t.Errorf("item %d has Seq %d and time %v", i, it.Seq, it.Time)
		}
	}
}

func TestProcessorOff(t *testing.T) {
	off := step("UpdateContactMediaProcessing", `"ChatProcessor":{"ProcessingEnabled":"False"}`, "2", "NoMatchingError>9", "ChannelMismatch>9")
	p, ana := startConnected(t, catalogWithQueues(flows{"main": numbered(t, processor("True", "1"), off, waits(3600, "7"))}), Start{})
	if r := p.say(ana, "one"); r.Processing {
		t.Error("a message is processed after the processor was switched off")
	}
	p.wantScript("CUSTOMER joined", "CUSTOMER: one")
	if _, err := p.try(EffectDone{ID: "unknown", Err: errors.New("x").Error()}); err != nil {
		t.Error(err)
	}
}
