package contact

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
)

// Only commands whose rules depend on the transcript need its end.
func TestWhoNeedsTheTail(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "hello", ClientToken: "one"})
	needs := func(cmd Command) bool {
		tail := transcript.TailAt(p.tail.Seq, p.tail.Time, p.tail.ID, p.tail.Size)
		_, err := Decide(p.chat, &tail, cmd, &p.env)
		need, ok := errors.AsType[*Need](err)
		return ok && need.Tail
	}
	for name, c := range map[string]struct {
		cmd  Command
		want bool
	}{
		"a message without a ClientToken": {Send{Participant: ana, ContentType: center.PlainText, Content: "again"}, false},
		"a message with a ClientToken":    {Send{Participant: ana, ContentType: center.PlainText, Content: "hello", ClientToken: "one"}, true},
		"a change of attributes":          {SetAttributes{Attributes: map[string]string{"a": "b"}}, false},
		"a timer":                         {Tick{}, false},
		"the end":                         {Stop{}, false},
	} {
		if got := needs(c.cmd); got != c.want {
			t.Errorf("%s needs the tail: %t; want %t", name, got, c.want)
		}
	}
	p.do(AddParticipant{DisplayName: "Bot"})
	bot := p.last.Reply.Participant
	p.do(SetTimers{Timers: []RoleTimer{{Role: center.RoleCustomer, Type: TimerIdle, Timeout: time.Hour}}})
	p.do(Connect{Participant: bot})
	if !needs(Tick{}) {
		t.Error("a running idle timer does not need to know who spoke when")
	}
}

// A token that the tail does not know is looked up where the transcript is longer than the tail.
func TestTokensBeforeTheTail(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	say := func(token string) Send {
		return Send{Participant: ana, ContentType: center.PlainText, Content: token, ClientToken: token}
	}
	first := p.do(say("0"))
	for n := 1; p.tail.Seq < transcript.TailSize; n++ {
		p.do(say(fmt.Sprint(n)))
	}
	for p.tail.Seq < 2*transcript.TailSize { // none of these may need anything but what is looked up
		token := fmt.Sprint(p.tail.Seq, " long")
		if p.tail.Seq > transcript.TailSize {
			_, err := p.try(say(token))
			if need, ok := errors.AsType[*Need](err); !ok || *need != (Need{Token: transcript.Token{Participant: ana, Text: token}}) {
				t.Fatalf("with %d items an unknown token leads to %v; want a Need of it", p.tail.Seq, err)
			}
			p.env.Sent = map[transcript.Token]transcript.Sent{{Participant: ana, Text: token}: {}}
		}
		before := p.tail.Seq
		if p.do(say(token)); p.tail.Seq != before+1 {
			t.Fatalf("a new message is not item %d", before+1)
		}
	}
	p.env.Sent = map[transcript.Token]transcript.Sent{{Participant: ana, Text: "0"}: {ID: first.Item, Time: first.Time}}
	items := len(p.items)
	if again := p.do(say("0")); again != first || len(p.items) != items {
		t.Errorf("the first message again is answered %+v; want %+v", again, first)
	}
	p.env.Sent = nil
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "no token"})
}

// The size of a transcript is that of its items, wherever a tail begins.
func TestTailCountsSizes(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	at := p.tail
	p.do(Send{Participant: ana, ContentType: center.PlainText, Content: "hello", ClientToken: "one"})
	loaded := transcript.TailAt(at.Seq, at.Time, at.ID, at.Size)
	loaded.Observe(p.items[at.Seq:])
	want := int64(0)
	for i := range p.items {
		want += transcript.ItemSize(&p.items[i])
	}
	if p.tail.Size != want || loaded.Size != want || want != 3*128+int64(len("Ana"+"SYSTEM_MESSAGE"+"Hello"+"Ana"+"hello"+"one")) {
		t.Errorf("the transcript counts for %d bytes, one that was loaded for %d; its items for %d", p.tail.Size, loaded.Size, want)
	}
}

// A message that is repeated gets its first answer, also when its chat has ended meanwhile: whoever lost the answer learns that it was sent.
func TestRepeatedAfterTheEnd(t *testing.T) {
	p := newChatTest(t, nil)
	ana := p.start(Start{})
	p.do(Connect{Participant: ana})
	say := Send{Participant: ana, ContentType: center.PlainText, Content: "hello", ClientToken: "one"}
	first := p.do(say)
	p.do(Stop{})
	if again, err := p.try(say); err != nil || again != first {
		t.Errorf("after the end it is answered %+v, %v; want %+v", again, err, first)
	}
	say.ClientToken = "two"
	if _, err := p.try(say); center.ReasonOf(err) != center.Denied {
		t.Errorf("another message after the end is answered with %v; want Denied", err)
	}
}
