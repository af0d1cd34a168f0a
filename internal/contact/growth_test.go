package contact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow/machine"
)

// sizeOf is what the items of a chat count for.
func (p *chatTest) sizeOf() (n int64) {
	for i := range p.items {
		n += transcript.ItemSize(&p.items[i])
	}
	return n
}

// A transcript that is full takes no more messages and files. Everything else goes on, up to the end of the chat.
func TestFullTranscript(t *testing.T) {
	p := newChatTest(t, nil)
	p.env.Limits.ChatBytes = 1 << 20
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	file := p.do(StartUpload{Participant: ana, Name: "a.txt", ContentType: "text/plain", Size: 1, ClientToken: "f"}).ID
	text := strings.Repeat("x", 16000)
	var err error
	sent := 0
	for ; err == nil; sent++ {
		_, err = p.try(Send{Participant: ana, ContentType: center.PlainText, Content: text, ClientToken: fmt.Sprint(sent)})
	}
	if sent != 65 || center.ReasonOf(err) != center.QuotaExceeded || !strings.Contains(err.Error(), "has reached 1 MiB") || !strings.Contains(err.Error(), "--max-chat-mb") {
		t.Errorf("message %d is refused with %v", sent, err)
	}
	for p.tail.Size+128+3+1 <= 1<<20 { // small ones may still fit
		p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "x"})
	}
	items := len(p.items)
	p.refuse(center.QuotaExceeded, Send{Participant: ana, ContentType: center.PlainText, Content: "x"})
	p.refuse(center.QuotaExceeded, CompleteUpload{Participant: ana, Attachment: file, ClientToken: "f"})
	if again := p.do(Send{Participant: ana, ContentType: center.PlainText, Content: text, ClientToken: "0"}); again.Item == "" {
		t.Error("a repeated request has no answer")
	}
	p.do(Signal{Participant: ana, ContentType: center.EventTyping})
	p.do(SetAttributes{Attributes: map[string]string{"a": "b"}})
	if n := p.sizeOf(); n != p.tail.Size || n > 1<<20 || len(p.items) != items {
		t.Errorf("%d items count for %d bytes, the tail says %d; want at most 1 MiB", len(p.items), n, p.tail.Size)
	}
	p.do(Disconnect{Participant: ana})
	if !p.chat.Ended || p.chat.Latest.DisconnectReason != center.ReasonCustomer {
		t.Error("the chat did not end")
	}
}

// run fires timers until the chat has ended, or has lasted for a week.
func (p *chatTest) run() (ticks int) {
	for !p.chat.Ended {
		p.now = p.chat.Due(&p.tail)
		p.do(Tick{})
		ticks++
	}
	return ticks
}

// A flow that sends messages for ever ends its chat when the transcript is full, after a reserve
// that participants cannot fill.
func TestFlowFillsTranscript(t *testing.T) {
	nag := document(t, `{"Type":"MessageParticipant","Parameters":{"Text":"`+strings.Repeat("Are you there? ", 50)+`"},"Transitions":{"NextAction":"1"}}`,
		`{"Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"0","Conditions":[{"NextAction":"0","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"0","ErrorType":"NoMatchingError"}]}}`)
	const most = 256 << 10
	for _, full := range []bool{false, true} { // by the participant, before
		p := newChatTest(t, flows{"main": nag})
		p.env.Limits.ChatBytes = most
		ana := p.start(Start{Minutes: MaxDuration})
		p.do(Connect{Participant: ana})
		for err := error(nil); full && err == nil; {
			_, err = p.try(Send{Participant: ana, ContentType: center.PlainText, Content: strings.Repeat("y", 500)})
		}
		ticks := p.run()
		if n := p.sizeOf(); p.chat.Latest.DisconnectReason != center.ReasonSystemError || n < most || n > most+most/flowReserve+1024 {
			t.Errorf("the chat ended with %s and %d bytes after %d messages of the flow; want %d and a sixteenth", p.chat.Latest.DisconnectReason, n, ticks, most)
		}
		if full && ticks < 10 {
			t.Errorf("in a transcript that participants have filled the flow could say %d messages", ticks)
		}
		if last := p.last.Log; len(last) == 0 || !strings.Contains(last[len(last)-1].Problem, "the setting is --max-chat-mb") {
			t.Errorf("the flow log ends with %+v; want the reason", last)
		}
	}
}

// A flow that starts calls for ever, which nobody answers, ends its chat.
func TestFlowStartsCallsForEver(t *testing.T) {
	calls := document(t, `{"Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"arn:aws:lambda:us-east-1:123456789012:function:f","InvocationTimeLimitSeconds":"8","InvocationType":"ASYNCHRONOUS"},"Transitions":{"NextAction":"1","Errors":[{"NextAction":"1","ErrorType":"NoMatchingError"}]}}`,
		`{"Type":"Wait","Parameters":{"TimeLimitSeconds":"60"},"Transitions":{"NextAction":"0","Conditions":[{"NextAction":"0","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"0","ErrorType":"NoMatchingError"}]}}`)
	p := newChatTest(t, flows{"main": calls})
	ana := p.start(Start{Minutes: MaxDuration})
	p.do(Connect{Participant: ana})
	most := 0
	for !p.chat.Ended {
		most = max(most, len(p.chat.Effects))
		p.now = p.chat.Due(&p.tail)
		p.do(Tick{})
	}
	if most != maxEffects || p.chat.Latest.DisconnectReason != center.ReasonSystemError {
		t.Errorf("the chat ended with %s and %d calls under way; want %d", p.chat.Latest.DisconnectReason, most, maxEffects)
	}
}

// recall gives a command, with the answers that have left the state, as the engine would keep them.
func (p *chatTest) recall(kept map[string]Reply, cmd Command) (Reply, error) {
	p.env.Kept = nil
	for {
		r, err := p.try(cmd)
		if need, ok := errors.AsType[*Need](err); ok && need.Kept != "" {
			p.env.Kept = map[string]*Reply{need.Kept: nil}
			if r, ok := kept[need.Kept]; ok {
				p.env.Kept[need.Kept] = &r
			}
			continue
		}
		if k := p.last.Kept; err == nil && k != nil {
			kept[k.Key] = k.Reply
		}
		return r, err
	}
}

// What callers and participants can add to the state has bounds, which keep it far below what a state may have.
func TestStateIsBounded(t *testing.T) {
	p := newChatTest(t, nil)
	long := func(n int) string { return strings.Repeat("x", n) }
	many := func(n, bytes int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("key%d", i)] = long(bytes)
		}
		return m
	}
	types := []string{}
	for range 10_000 {
		types = append(types, center.PlainText, center.JSON)
	}
	var past []Past
	for range maxPast {
		past = append(past, Past{Chat: center.NewContactID(p.now), Contact: center.NewContactID(p.now)})
	}
	ana := p.start(Start{Minutes: MaxDuration, ContentTypes: types, DisplayName: long(256), Past: past, Attributes: many(30, 1080),
		Initial: &Message{ContentType: center.PlainText, Content: long(16384)}})
	if len(p.chat.ContentTypes) != 2 {
		t.Errorf("the chat has %d content types; it was given two, many times", len(p.chat.ContentTypes))
	}
	references := map[string]center.Reference{}
	for i := range 100 {
		references[fmt.Sprint(i, long(4000))] = center.Reference{Type: "URL", Value: long(4096)}
	}
	p.refuse(center.BadRequest, Describe{Contact: p.chat.ID, References: references})
	for key := range references {
		if machine.ReferenceBytes(references) > machine.MaxReferenceBytes {
			delete(references, key)
		}
	}
	p.do(Describe{Contact: p.chat.ID, References: references, Name: new(long(512)), Description: new(long(4096))})
	p.do(Tag{Contact: p.chat.ID, Set: many(50, 256)})
	p.do(Connect{Participant: ana})
	kept := map[string]Reply{}
	for n := 0; ; n++ {
		_, err := p.recall(kept, AddParticipant{DisplayName: long(256), ClientToken: fmt.Sprint(n, long(490))})
		if err != nil {
			if n != maxParticipants-1 || center.ReasonOf(err) != center.QuotaExceeded {
				t.Errorf("custom participant %d is refused with %v", n+1, err)
			}
			break
		}
		p.pass(botWindow)
	}
	files := 0
	for ; files < 100; files++ {
		if _, err := p.recall(kept, StartUpload{Participant: ana, Name: long(250) + ".txt", ContentType: "text/plain", Size: 1, ClientToken: fmt.Sprint(files, long(490))}); err != nil {
			break
		}
	}
	n := len(p.chat.Encode())
	t.Logf("with %d participants, %d files and all else that fits the state has %d bytes", len(p.chat.Participants), files, n)
	if n > MaxState/8 {
		t.Errorf("the state has %d bytes; want at most an eighth of what it may have", n)
	}
}

// Answers that the state has no room for any more are remembered as long as the chat lasts.
func TestAnswersAreRememberedForLife(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{Minutes: MaxDuration})
	p.do(Connect{Participant: ana})
	kept := map[string]Reply{}
	ask := func(cmd Command) Reply {
		t.Helper()
		r, err := p.recall(kept, cmd)
		if err != nil {
			t.Fatalf("%+v: %v", cmd, err)
		}
		return r
	}
	first := map[int]Reply{}
	for n := range 2*maxReplies + 5 {
		first[n] = ask(AddParticipant{ClientToken: fmt.Sprint(n)})
		p.now = p.now.Add(botWindow)
		p.do(Tick{})
	}
	if len(p.chat.Replies) != maxReplies || len(kept) != maxReplies+5 {
		t.Errorf("the state has %d answers, apart are %d; want %d and the rest", len(p.chat.Replies), len(kept), maxReplies)
	}
	for n, want := range first {
		if again := ask(AddParticipant{ClientToken: fmt.Sprint(n)}); again != want {
			t.Errorf("request %d again is answered %+v; want %+v", n, again, want)
		}
	}
	upload := StartUpload{Participant: ana, Name: "a.txt", ContentType: "text/plain", Size: 1, ClientToken: "f"}
	was := ask(upload)
	for n := range maxReplies {
		ask(AddParticipant{ClientToken: fmt.Sprint("later", n)})
		p.now = p.now.Add(botWindow)
		p.do(Tick{})
		if n > 4 {
			break
		}
	}
	p.do(Abandon{Attachment: was.ID})
	if again := ask(upload); again.ID == was.ID || p.chat.Attachment(again.ID) == nil {
		t.Errorf("the token of an abandoned upload leads to %q; want another upload", again.ID)
	}
	p.pass(24 * time.Hour)
}
