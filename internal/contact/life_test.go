package contact

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
)

func TestChatFromStartToEnd(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{Initial: &Message{center.PlainText, "Hi there"}})
	if len(p.items) != 0 || p.chat.Run != nil {
		t.Fatal("the flow ran before the customer connected")
	}
	p.do(Connect{Participant: ana})
	p.do(Connect{Participant: ana}) // a second socket changes nothing
	r := p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "Are you there?", ClientToken: "t1"})
	again := p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "Are you there?", ClientToken: "t1"})
	if r != again {
		t.Errorf("the repeated message was answered %v; want %v", again, r)
	}
	p.do(Disconnect{Participant: ana})
	p.wantScript("CUSTOMER joined", "CUSTOMER: Hi there", "SYSTEM: Hello", "CUSTOMER: Are you there?", "CUSTOMER left", "ended")

	cur := p.chat.Current()
	if cur.DisconnectReason != center.ReasonCustomer || cur.ConnectedSystem.IsZero() || p.last.Active != -1 {
		t.Errorf("contact %+v, Active %d; want it ended by the customer", cur, p.last.Active)
	}
	last := p.pushes[len(p.pushes)-1]
	if !last.Last || last.Item.Participant != "" || last.Item.Role != "" {
		t.Errorf("the last push is %+v; want chat.ended without a participant", last)
	}
	if due := p.chat.Due(&p.tail); !due.IsZero() {
		t.Errorf("an ended chat has a timer at %s", due)
	}
	p.refuse(center.Denied, Send{Participant: ana, ContentType: center.PlainText, Content: "late"})
	p.refuse(center.Gone, Stop{})
	items := len(p.items)
	if p.do(Connect{Participant: ana}); p.last.Stored() || len(p.items) != items {
		t.Errorf("a socket that was there to the end changes %+v", p.last)
	}
}

func TestItemsAreNumberedAndTimesRise(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	for range 5 {
		p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "x"})
	}
	for i, it := range p.items {
		if it.Seq != int64(i+1) {
			t.Errorf("item %d has Seq %d", i, it.Seq)
		}
		if i > 0 && !it.Time.After(p.items[i-1].Time) {
			t.Errorf("item %d is not later than the one before", it.Seq)
		}
		if seq, ok := it.ID.Seq(); !ok || seq != it.Seq {
			t.Errorf("id %s of item %d says %d", it.ID, it.Seq, seq)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	long := strings.Repeat("v", 32768-1)
	for name, c := range map[string]struct {
		start Start
		want  center.Reason
	}{
		"59 minutes":             {Start{Minutes: 59}, center.Invalid},
		"10081 minutes":          {Start{Minutes: 10081}, center.Invalid},
		"no text/plain":          {Start{ContentTypes: []string{center.Markdown}}, center.Invalid},
		"unknown type":           {Start{ContentTypes: []string{center.PlainText, "text/html"}}, center.Invalid},
		"initial not supported":  {Start{Initial: &Message{center.Markdown, "*hi*"}}, center.Invalid},
		"attributes too large":   {Start{Attributes: map[string]string{"kk": long}}, center.Invalid},
		"attribute key":          {Start{Attributes: map[string]string{"a b": "c"}}, center.Invalid},
		"unknown flow":           {Start{Flow: "nowhere"}, center.NotFound},
		"system attribute":       {Start{SegmentAttrs: map[string]center.SegmentAttribute{"connect:Direction": text("x")}}, center.Invalid},
		"segment attribute name": {Start{SegmentAttrs: map[string]center.SegmentAttribute{"a b": text("x")}}, center.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			p := newChatTest(t, nil)
			s := c.start
			s.Instance, s.Contact, s.DisplayName = instance, center.NewContactID(p.now), "Ana"
			if s.Flow == "" {
				s.Flow = "main"
			}
			p.refuse(c.want, s)
		})
	}
	p := newChatTest(t, nil)
	p.start(Start{Minutes: 60, Attributes: map[string]string{"k": long}}) // 32,768 bytes exactly
	if got := p.chat.Expires.Sub(p.chat.Started); got != time.Hour {
		t.Errorf("the chat lasts %s; want an hour", got)
	}
}

// TestInitialMessageLengths: 16,384 bytes of every content type (ChatContent of the
// API model of 2026-10-21, which counts for InitialMessage alone), also where the operator
// holds text to the 1,024 characters of SendMessage, which keeps the limits of its own
// reference, 2026-11.
func TestInitialMessageLengths(t *testing.T) {
	types := []string{center.PlainText, center.Markdown, center.JSON, center.InteractiveResponse}
	strict := func(l *Limits) { l.StrictText = true }
	small := func(l *Limits) { l.TextBytes = 10 }
	quoted := func(unit string, n int) string { return `"` + strings.Repeat(unit, n) + `"` }
	for _, c := range []struct {
		name    string
		limits  func(*Limits)
		message Message
		initial bool // is taken as InitialMessage
		sent    bool // is taken by SendMessage
	}{
		{"16,384 bytes of text", nil, Message{center.PlainText, strings.Repeat("x", 16384)}, true, true},
		{"one more", nil, Message{center.PlainText, strings.Repeat("x", 16385)}, false, false},
		{"16,384 bytes in 8,192 characters", nil, Message{center.Markdown, strings.Repeat("é", 8192)}, true, true},
		{"8,193 characters of two bytes", nil, Message{center.Markdown, strings.Repeat("é", 8193)}, false, false},
		{"1,024 characters, strict", strict, Message{center.PlainText, strings.Repeat("é", 1024)}, true, true},
		{"1,025 characters, strict", strict, Message{center.PlainText, strings.Repeat("x", 1025)}, true, false},
		{"16,384 bytes of Markdown, strict", strict, Message{center.Markdown, strings.Repeat("é", 8192)}, true, false},
		{"16,385 bytes of text, strict", strict, Message{center.PlainText, strings.Repeat("x", 16385)}, false, false},
		{"text that is long for this server", small, Message{center.PlainText, "hello, world"}, false, false},
		{"12,000 characters of JSON", nil, Message{center.JSON, quoted("x", 11998)}, true, true},
		{"16,384 bytes of JSON", nil, Message{center.JSON, quoted("x", 16382)}, true, false},
		{"16,385 bytes of JSON", nil, Message{center.JSON, quoted("x", 16383)}, false, false},
		{"16,384 bytes of JSON in 8,193 characters", nil, Message{center.JSON, quoted("é", 8191)}, true, true},
		{"16,386 bytes of JSON in 8,194 characters", nil, Message{center.JSON, quoted("é", 8192)}, false, true},
		{"16,384 bytes of JSON, strict", strict, Message{center.JSON, quoted("x", 16382)}, true, false},
		{"a response of 12,288 characters", nil, Message{center.InteractiveResponse, quoted("x", 12286)}, true, true},
		{"a response of 16,384 bytes", nil, Message{center.InteractiveResponse, quoted("x", 16382)}, true, false},
		{"a response of 16,385 bytes", nil, Message{center.InteractiveResponse, quoted("x", 16383)}, false, false},
		{"JSON that is none", nil, Message{center.JSON, "{"}, false, false},
		{"an interactive message", nil, Message{center.Interactive, "{}"}, false, false},
		{"nothing", nil, Message{center.PlainText, ""}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newChatTest(t, nil)
			if c.limits != nil {
				c.limits(&p.env.Limits)
			}
			_, err := p.try(Start{Instance: instance, Contact: center.NewContactID(p.now), Flow: "main", DisplayName: "Ana", ContentTypes: types, Initial: &c.message})
			if c.initial != (err == nil) || err != nil && center.ReasonOf(err) != center.Invalid {
				t.Errorf("as InitialMessage: %v; want it taken: %t", err, c.initial)
			}
			if err == nil {
				p.do(Connect{Participant: p.chat.Customer().ID})
				if p.items[1].Content != c.message.Content || p.items[1].ContentType != c.message.ContentType {
					t.Errorf("the first message is %.40q; want it whole", p.items[1].Content)
				}
			}
			ana := p.start(Start{ContentTypes: types})
			_, err = p.try(Send{Participant: ana, ContentType: c.message.ContentType, Content: c.message.Content})
			if c.sent != (err == nil) || err != nil && center.ReasonOf(err) != center.Invalid {
				t.Errorf("as SendMessage: %v; want it taken: %t", err, c.sent)
			}
		})
	}
}

// TestSegmentAttributesAreBounded: nested maps count with their contents.
func TestSegmentAttributesAreBounded(t *testing.T) {
	deep := func(n int) map[string]center.SegmentAttribute {
		m := map[string]center.SegmentAttribute{"inner": text(strings.Repeat("v", n-len("outer")-len("inner")-8))}
		return map[string]center.SegmentAttribute{"outer": {Map: m}}
	}
	related := center.NewContactID(newChatTest(t, nil).now)
	for name, s := range map[string]Start{
		"given":     {SegmentAttrs: deep(content.MaxAttributeBytes + 1)},
		"inherited": {Related: related, SegmentAttrs: deep(1000), Inherited: Inherited{SegmentAttrs: map[string]center.SegmentAttribute{"other": text(strings.Repeat("v", 32000))}}},
	} {
		p := newChatTest(t, nil)
		s.Instance, s.Contact, s.DisplayName, s.Flow = instance, center.NewContactID(p.now), "Ana", "main"
		if _, err := p.try(s); center.ReasonOf(err) != center.Invalid || !strings.Contains(err.Error(), "SegmentAttributes have 3") {
			t.Errorf("%s: %v; want what is too large", name, err)
		}
	}
	p := newChatTest(t, nil)
	p.start(Start{})
	id := p.chat.ID
	p.do(Describe{Contact: id, SegmentAttrs: deep(20_000)})
	p.do(Describe{Contact: id, SegmentAttrs: deep(30_000)}) // in place of the former
	p.refuse(center.Invalid, Describe{Contact: id, SegmentAttrs: map[string]center.SegmentAttribute{"more": text(strings.Repeat("v", 2800))}})
}

func TestConnectDeadline(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.pass(5*time.Minute - time.Millisecond)
	if p.chat.Ended {
		t.Fatal("ended before the five minutes were over")
	}
	p.pass(time.Millisecond)
	if !p.chat.Ended || p.chat.Current().DisconnectReason != center.ReasonNotConnected {
		t.Fatalf("after five minutes: ended %t, reason %q", p.chat.Ended, p.chat.Current().DisconnectReason)
	}
	p.wantScript("ended")
	p.refuse(center.Denied, Connect{Participant: ana})
}

func TestExpiry(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{Minutes: 60})
	p.pass(time.Minute)
	p.do(Connect{Participant: ana})
	p.pass(58 * time.Minute)
	if p.chat.Ended {
		t.Fatal("ended early")
	}
	p.pass(time.Minute)
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello", "CUSTOMER left", "ended")
	if r := p.chat.Current().DisconnectReason; r != center.ReasonExpired {
		t.Errorf("reason %q; want EXPIRED", r)
	}
}

func TestStop(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	p.do(Stop{})
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello", "CUSTOMER left", "ended")
	if r := p.chat.Current().DisconnectReason; r != center.ReasonAPI {
		t.Errorf("reason %q; want API", r)
	}
}

// withBot starts a chat whose flow waits for the customer or the bot, and
// connects a custom participant.
func withBot(t *testing.T) (p *chatTest, ana, bot center.ParticipantID) {
	p = newChatTest(t, flows{"main": document(t, sayHello, waitHour, disconnect, returned, botGone, disconnect)})
	ana = p.start(Start{})
	p.do(AddParticipant{DisplayName: "Robo"})
	bot = p.chat.Participants[1].ID
	p.do(Connect{Participant: ana})
	p.do(Connect{Participant: bot})
	return p, ana, bot
}

func TestCustomParticipant(t *testing.T) {
	p, ana, bot := withBot(t)
	p.refuse(center.QuotaExceeded, AddParticipant{DisplayName: "Second"})
	p.do(Send{Participant: bot, ContentType: center.PlainText, Content: "I am a bot"})
	p.refuse(center.Denied, StartUpload{Participant: bot, Name: "a.txt", ContentType: center.PlainText, Size: 1})
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "ok"})
	p.do(Disconnect{Participant: bot})
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello", "CUSTOM_BOT joined", "CUSTOM_BOT: I am a bot", "CUSTOMER: ok", "SYSTEM: You are back",
		"CUSTOM_BOT left", "SYSTEM: The bot left", "CUSTOMER left", "ended")
	if r := p.chat.Current().DisconnectReason; r != center.ReasonFlow {
		t.Errorf("reason %q; want CONTACT_FLOW_DISCONNECT", r)
	}
}

func TestCustomParticipantHas15Seconds(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	r := p.do(AddParticipant{DisplayName: "Robo", ClientToken: "c"})
	if again := p.do(AddParticipant{DisplayName: "Robo", ClientToken: "c"}); again != r {
		t.Errorf("the repeated request was answered %v; want %v", again, r)
	}
	p.pass(15 * time.Second)
	p.refuse(center.Denied, Connect{Participant: r.Participant})
	p.do(AddParticipant{DisplayName: "Next"}) // the slot is free again
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello")
}

// TestWaitingForACustomParticipantThatNeverComes: a flow that waits for it to
// leave continues when it has not connected in time.
func TestWaitingForACustomParticipantThatNeverComes(t *testing.T) {
	p := newChatTest(t, flows{"main": document(t, sayHello, waitHour, disconnect, returned, botGone, disconnect)})
	ana := p.start(Start{})
	p.do(AddParticipant{DisplayName: "Robo"})
	p.do(Connect{Participant: ana})
	p.pass(14 * time.Second)
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello")
	p.pass(time.Second)
	p.wantScript("CUSTOMER joined", "SYSTEM: Hello", "SYSTEM: The bot left", "CUSTOMER left", "ended")
}

func TestSpeakingBeforeConnecting(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{Initial: &Message{center.PlainText, "First"}})
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "Second", ClientToken: "t"})
	p.do(Connect{Participant: ana})
	p.wantScript("CUSTOMER joined", "CUSTOMER: First", "SYSTEM: Hello", "CUSTOMER: Second")

	p = newChatTest(t, flows{"main": document(t, `{"Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`)})
	ana = p.start(Start{})
	p.refuse(center.Denied, Send{Participant: ana, ContentType: center.PlainText, Content: "Too late"})
}

func TestTypingIsPushedAndNotStored(t *testing.T) {
	p, ana, _ := withBot(t)
	told, kept := len(p.pushes), len(p.items)
	r := p.do(Signal{Participant: ana, ContentType: center.EventTyping})
	if p.last.Stored() || len(p.items) != kept {
		t.Error("typing was stored")
	}
	if got := p.pushedSince(told); !slices.Equal(got, []string{"CUSTOMER typing"}) || p.pushes[told].Except != ana || r.Item == "" {
		t.Errorf("told %v except %s, reply %+v", got, p.pushes[told].Except, r)
	}
}

func TestReceipts(t *testing.T) {
	p, ana, bot := withBot(t)
	p.do(Send{Participant: bot, ContentType: center.PlainText, Content: "read me"})
	message := p.items[len(p.items)-1]
	p.do(Acknowledge{Participant: ana, Message: message})
	delivered := p.last.Receipts[0]
	if delivered.Delivered.IsZero() || !delivered.Read.IsZero() || delivered.Recipient != ana {
		t.Errorf("delivered: %+v", delivered)
	}
	p.now = p.now.Add(time.Minute)
	p.do(Acknowledge{Participant: ana, Message: message, Read: true, Known: delivered})
	read := p.last.Receipts[0]
	if !read.Delivered.Equal(delivered.Delivered) || !read.Read.Equal(p.now) {
		t.Errorf("read: %+v; want Delivered unchanged", read)
	}
	p.do(Acknowledge{Participant: ana, Message: message, Read: true, Known: read})
	if p.last.Stored() || p.last.Reply.Item == "" {
		t.Error("a repeated receipt was stored, or not answered")
	}
	p.do(Acknowledge{Participant: ana, Message: message, Read: true})
	if r := p.last.Receipts[0]; !r.Delivered.Equal(r.Read) {
		t.Errorf("read without delivered: %+v; want both times", r)
	}
}

func TestIdleTimers(t *testing.T) {
	p := newChatTest(t, flows{"main": document(t, sayHello, waitHour, disconnect, returned, botGone, disconnect)})
	ana := p.start(Start{})
	p.do(SetTimers{[]RoleTimer{
		{center.RoleAgent, TimerIdle, 2 * time.Minute}, {center.RoleAgent, TimerDisconnect, 2 * time.Minute},
		{center.RoleCustomer, TimerIdle, 30 * time.Minute}}})
	p.refuse(center.Invalid, SetTimers{[]RoleTimer{{center.RoleAgent, TimerIdle, 0}, {center.RoleAgent, TimerIdle, 0}}})
	bot := p.do(AddParticipant{DisplayName: "Robo"}).Participant
	p.do(Connect{Participant: ana})
	p.do(Connect{Participant: bot})
	told := len(p.pushes)

	p.pass(90 * time.Second)
	p.do(Send{Participant: bot, ContentType: center.PlainText, Content: "one"})
	if p.last.Chat != nil {
		t.Error("a message rewrote the state")
	}
	p.pass(119 * time.Second) // the message restarted the two minutes
	p.pass(time.Second)
	p.do(Send{Participant: bot, ContentType: center.PlainText, Content: "two"})
	p.pass(4 * time.Minute)
	want := []string{"CUSTOM_BOT: one", "CUSTOM_BOT idle", "CUSTOM_BOT: two", "CUSTOM_BOT returned", "CUSTOM_BOT idle",
		"CUSTOM_BOT autodisconnection", "CUSTOM_BOT left", "SYSTEM: The bot left", "CUSTOMER left", "ended"}
	if got := p.pushedSince(told); !slices.Equal(got, want) {
		t.Errorf("told:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, it := range p.items {
		if w := describe(it); strings.Contains(w, "idle") || strings.Contains(w, "returned") {
			t.Errorf("%q is in the transcript", w)
		}
	}
}

func TestAttributesMergeAlsoAfterTheEnd(t *testing.T) {
	p := newChatTest(t, nil)
	p.start(Start{Attributes: map[string]string{"a": "1", "b": "2"}})
	p.do(Stop{})
	p.do(SetAttributes{Attributes: map[string]string{"b": "", "c": "3"}})
	if a := p.chat.Attributes; len(a) != 3 || a["a"] != "1" || a["b"] != "" || a["c"] != "3" {
		t.Errorf("attributes %v", a)
	}
	p.refuse(center.Invalid, SetAttributes{Attributes: map[string]string{"big": strings.Repeat("x", 32768)}})
}

// TestKeysThatOnlyFlowsSet: the rule for keys applies to callers of the API, not
// to attributes that a flow has set.
func TestKeysThatOnlyFlowsSet(t *testing.T) {
	p, _ := startConnected(t, catalogWithQueues(flows{"main": document(t,
		step("UpdateContactAttributes", `"Attributes":{"first name":"Ana"}`, "1", "NoMatchingError>1"), waitLong)}), Start{})
	p.do(SetAttributes{Attributes: map[string]string{"tier": "gold"}})
	p.do(SetAttributes{Attributes: map[string]string{"last name": "Silva"}, Flow: true})
	p.refuse(center.Invalid, SetAttributes{Attributes: map[string]string{"middle name": "M"}})
	p.refuse(center.Invalid, SetAttributes{Attributes: map[string]string{"big name": strings.Repeat("x", 32768)}, Flow: true})
	want := map[string]string{"first name": "Ana", "tier": "gold", "last name": "Silva"}
	if !maps.Equal(p.chat.Attributes, want) {
		t.Errorf("attributes %v; want %v", p.chat.Attributes, want)
	}
}

func TestDisconnectFlowAfterTheCustomer(t *testing.T) {
	hook := `{"Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"after"}},"Transitions":{"NextAction":"1","Errors":[{"NextAction":"1","ErrorType":"NoMatchingError"}]}}`
	p := newChatTest(t, flows{
		"main":  document(t, hook, waitLong, disconnect).As("CONTACT_FLOW"),
		"after": document(t, sayHello, disconnect).As("CONTACT_FLOW"),
	})
	ana := p.start(Start{ExitAgent: true})
	p.do(Connect{Participant: ana})
	p.do(Disconnect{Participant: ana})
	p.wantScript("CUSTOMER joined", "CUSTOMER left", "SYSTEM: Hello", "ended")
	if n := len(p.contacts()); n != 2 {
		t.Fatalf("%d contacts; want the first and the disconnect flow's", n)
	}
	first, second := p.contacts()[0], p.contacts()[1]
	if second.InitiationMethod != center.MethodDisconnect || second.Previous != first.ID || first.Next != second.ID ||
		first.DisconnectReason != center.ReasonCustomer || second.Chat != first.ID {
		t.Errorf("contacts %+v and %+v", first, second)
	}
	if p.items[2].Contact != second.ID {
		t.Error("the disconnect flow speaks in the first contact")
	}
}

// A customer who was connected without a socket is owed what was said from its
// joining on, until a socket of it subscribes. With a socket from the start there is nothing to note.
func TestFirstSocketOfACustomer(t *testing.T) {
	for name, c := range map[string]struct {
		first  Command
		stored bool // by the socket that follows
	}{
		"a socket":           {Connect{Socket: true}, false},
		"ConnectParticipant": {Connect{}, true},
		"a message":          {Send{ContentType: center.PlainText, Content: "Hi"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newChatTest(t, nil)
			ana := p.start(Start{})
			switch cmd := c.first.(type) {
			case Connect:
				cmd.Participant = ana
				p.do(cmd)
			case Send:
				cmd.Participant = ana
				p.do(cmd)
			}
			if owed := p.chat.Customer().Owed; (owed == 1) != c.stored || owed > 1 {
				t.Errorf("the customer is owed items from %d on", owed)
			}
			p.do(Connect{Participant: ana})
			if p.last.Stored() {
				t.Error("a second call is stored")
			}
			p.do(Connect{Participant: ana, Socket: true})
			if p.last.Stored() != c.stored || p.chat.Customer().Owed != 0 {
				t.Errorf("the socket is stored: %t; the customer is owed items from %d on", p.last.Stored(), p.chat.Customer().Owed)
			}
			p.do(Connect{Participant: ana, Socket: true})
			if p.last.Stored() {
				t.Error("a second socket is stored")
			}
		})
	}
}
