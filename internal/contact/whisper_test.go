package contact

import (
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/flow"
)

// TestWhisper: a silent supervisor tells the agent something, and the agent answers. Nobody else is told: not the processor, not a stream, and no timer.
func TestWhisper(t *testing.T) {
	p, ana, bo := talking(t, nil)
	p.do(StartStreaming{Endpoint: "arn:topic", ClientToken: "s"})
	p.do(SetProcessor{&flow.Processor{Function: "arn:function"}})
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "is anybody there?"})
	p.refuse(center.Conflict, Whisper{User: "nobody", Content: "psst"})
	sue := p.do(watching("sue")).Participant
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "is anybody there?"}) // would say who watches
	said := len(p.items)
	last := p.tail.Spoke(bo)
	r := p.do(Whisper{User: "sue", Content: "offer a refund", Token: "t"})
	it := p.items[len(p.items)-1]
	if it.ID != r.Item || !it.Time.Equal(r.Time) || it.Visibility != center.VisibleAgent || !it.Whispered() || it.Role != center.RoleSupervisor || it.Participant != sue || it.DisplayName != "sue" || it.Content != "offer a refund" {
		t.Errorf("whispered is %+v", it)
	}
	if len(p.last.Streamed)+len(p.last.Effects) != 0 || len(p.chat.Pending) != 0 || it.Visibility.To(center.RoleCustomer) || it.Visibility.To(center.RoleCustomBot) {
		t.Errorf("others are told: %+v", p.last)
	}
	if !p.chat.Participant(sue).Joined.IsZero() || !p.chat.WorkOf("sue").Watch.Barged.IsZero() {
		t.Error("a supervisor who whispers is not silent any more")
	}
	if again := p.do(Whisper{User: "sue", Content: "offer a refund", Token: "t"}); again.Item != r.Item || !again.Time.Equal(r.Time) || len(p.items) != said+1 {
		t.Errorf("whispered again: %+v, %d items; want %+v once", again, len(p.items)-said, r)
	}
	p.refuse(center.Denied, typed(sue, "hello")) // he is silent as before
	p.now = p.now.Add(time.Minute)
	p.do(Whisper{User: "bo", Content: "how much?"})
	if !p.tail.Spoke(bo).Equal(last) {
		t.Errorf("the agent, who has whispered, has spoken at %s; want %s", p.tail.Spoke(bo), last)
	}
	p.do(Leave{"bo"})
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "bye"})
	p.refuse(center.Conflict, Whisper{User: "sue", Content: "bye"})
	_ = ana

	var tail transcript.Tail
	tail.Observe(p.items)
	if _, ok := tail.Sent(transcript.Token{Participant: sue, Text: "t"}); !ok || !tail.Spoke(sue).IsZero() {
		t.Errorf("read again the tail knows the token: %v; and that the supervisor spoke at %s", ok, tail.Spoke(sue))
	}
}

// TestWhisperBehindAMessage: while the processor has a message, a whisper waits behind it, and is not processed itself.
func TestWhisperBehindAMessage(t *testing.T) {
	p, ana, _ := talking(t, nil)
	p.do(SetProcessor{&flow.Processor{Function: "arn:function"}})
	p.do(watching("sue"))
	p.do(typed(ana, "my card is 4111"))
	effect := p.last.Effects[0].ID
	p.do(Whisper{User: "sue", Content: "do not write that down"})
	if len(p.last.Items) != 0 || len(p.last.Effects) != 0 || len(p.chat.Pending) != 2 {
		t.Fatalf("behind a message there are %d items, %d effects and %d pending", len(p.last.Items), len(p.last.Effects), len(p.chat.Pending))
	}
	p.do(EffectDone{ID: effect, Answer: []byte(`{"status":"APPROVED"}`)})
	if got := p.last.Items; len(got) != 2 || got[0].Content != "my card is 4111" || !got[1].Whispered() || len(p.chat.Pending) != 0 {
		t.Errorf("after the processor the transcript goes on %+v", got)
	}
	if i := slices.IndexFunc(p.last.Streamed, func(s Streamed) bool { return s.Item.Whispered() }); i >= 0 {
		t.Errorf("streamed is %+v", p.last.Streamed[i])
	}
}

// TestWhispersOfAgents: two agents whisper to each other, and nobody does alone; who only rings, or barged in and left, is nobody to whisper to.
func TestWhispersOfAgents(t *testing.T) {
	p, _, _ := talking(t, nil)
	p.do(invite("cy"))
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "hello?"})
	p.refuse(center.Conflict, Whisper{User: "cy", Content: "hello?"}) // it rings
	p.do(Accept{"cy"})
	p.do(Whisper{User: "cy", Content: "who is this?"})
	if it := p.items[len(p.items)-1]; it.Role != center.RoleAgent || !it.Whispered() || it.Visibility.To(center.RoleCustomer) || !it.Visibility.To(center.RoleSupervisor) {
		t.Errorf("an agent whispers %+v", it)
	}
	p.do(Leave{"cy"})
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "still there?"})
	p.do(watching("sue"))
	p.do(Supervise{"sue", true})
	p.do(Whisper{User: "bo", Content: "help me"})
	p.do(Leave{"sue"})
	p.refuse(center.Conflict, Whisper{User: "bo", Content: "still there?"})
}
