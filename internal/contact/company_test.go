package contact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

func invite(user string) Invite {
	return Invite{By: "bo", Quick: "to " + user, Offer: offerTo(user)}
}

func TestInvite(t *testing.T) {
	p, ana, bo := talking(t, nil)
	first := p.chat.Latest.ID
	r := p.do(invite("cy"))
	if ask := p.last.Ask; ask == nil || *ask != (Ask{User: "cy", Slots: 3}) || p.chat.Latest.ID != first || r.Contact != first {
		t.Fatalf("the invitation asks for %+v", ask)
	}
	if again := p.do(invite("cy")); again != r {
		t.Errorf("invited again: %+v; want %+v", again, r)
	}
	p.refuse(center.Conflict, invite("dee"))
	p.refuse(center.Denied, typed(r.Participant, "not yet"))
	p.refuse(center.Conflict, Leave{"cy"})
	p.do(typed(bo, "Cy will help"))
	p.do(Accept{"cy"})
	p.wantHands("bo CONNECTED, cy CONNECTED")
	p.do(typed(r.Participant, "I am Cy"))
	p.refuse(center.Conflict, Acknowledge{Participant: ana, Message: p.items[len(p.items)-1], Read: true})
	p.do(Signal{Participant: ana, ContentType: center.EventTyping})
	if rec := p.records[first]; rec.Agent != "cy" {
		t.Errorf("the record names %s; want the last agent", rec.Agent)
	}
	p.do(Disconnect{Participant: r.Participant})
	p.wantHands("bo CONNECTED, cy ENDED")
	if rec := p.records[first]; rec.Agent != "bo" || !rec.AfterWork.IsZero() {
		t.Errorf("the record is %+v; want the one who stays", rec)
	}
	p.do(Acknowledge{Participant: ana, Message: p.items[len(p.items)-2], Read: true})
	p.do(Leave{"bo"})
	p.do(Leave{"bo"})
	p.wantHands("bo ENDED, cy ENDED")
	if rec := p.records[first]; rec.AfterWork.IsZero() || p.chat.Latest.InitiationMethod != center.MethodDisconnect || p.chat.Agent.UserName != "bo" {
		t.Errorf("after the last has left the contact is %+v", p.chat.Latest)
	}
	p.pass(time.Hour)
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT: Hello", "AGENT invited", "AGENT: Cy will help", "AGENT joined", "AGENT: I am Cy", "AGENT left", "AGENT left",
		"SYSTEM: How was it?", "CUSTOMER left", "ended")
}

// Each way in which an invitation ends, or several agents' chat does.
func TestCompanyCorners(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(p *chatTest, ana, bo, cy center.ParticipantID)
		hands  string
		script []string // after the invitation
	}{
		"rejected":            {func(p *chatTest, _, _, _ center.ParticipantID) { p.do(Reject{"cy"}) }, "bo CONNECTED, cy REJECTED", nil},
		"missed":              {func(p *chatTest, _, _, _ center.ParticipantID) { p.pass(time.Minute) }, "bo CONNECTED, cy MISSED", nil},
		"taken back":          {func(p *chatTest, _, _, _ center.ParticipantID) { p.do(Withdraw{"cy"}) }, "bo CONNECTED", nil},
		"removed as it rings": {func(p *chatTest, _, _, cy center.ParticipantID) { p.do(Remove{"bo", cy}) }, "bo CONNECTED", nil},
		"missed and removed": {func(p *chatTest, _, _, cy center.ParticipantID) {
			p.pass(time.Minute)
			p.do(Remove{"bo", cy})
		}, "bo CONNECTED, cy MISSED", nil},
		"the customer leaves": {func(p *chatTest, ana, _, _ center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, "bo ENDED, cy REJECTED",
			[]string{"CUSTOMER left", "AGENT left", "ended"}},
		"the customer leaves, and agents with him": {func(p *chatTest, ana, _, _ center.ParticipantID) {
			p.chat.ExitAgent = true
			p.do(Disconnect{Participant: ana})
		}, "bo ENDED, cy REJECTED", []string{"CUSTOMER left", "AGENT left", "SYSTEM: How was it?"}},
		"the customer leaves two agents, and they him": {func(p *chatTest, ana, _, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.chat.ExitAgent = true
			p.do(Disconnect{Participant: ana})
		}, "bo ENDED, cy ENDED", []string{"AGENT joined", "CUSTOMER left", "AGENT left", "AGENT left", "SYSTEM: How was it?"}},
		"the one who invited stays until there is an answer": {func(p *chatTest, _, _, _ center.ParticipantID) { p.refuse(center.Conflict, Leave{"bo"}) },
			"bo CONNECTED, cy CONNECTING", nil},
		"the one who invited closes his client": {func(p *chatTest, _, bo, _ center.ParticipantID) { p.do(Disconnect{Participant: bo}) }, "bo ENDED",
			[]string{"AGENT left", "SYSTEM: How was it?"}},
		"the one who was invited stays": {func(p *chatTest, _, _, cy center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Leave{"bo"})
			p.do(typed(cy, "I go on"))
		}, "bo ENDED, cy CONNECTED", []string{"AGENT joined", "AGENT left", "AGENT: I go on"}},
		"the first removes the second": {func(p *chatTest, _, _, cy center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Remove{"bo", cy})
			p.do(Remove{"bo", cy})
			if got := p.chat.Participant(cy).Removed; got != center.ReasonThirdParty {
				p.t.Errorf("the agent was removed for %q", got)
			}
		}, "bo CONNECTED, cy ENDED", []string{"AGENT joined", "AGENT left"}},
		"the second removes the first": {func(p *chatTest, _, bo, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Remove{"cy", bo})
			p.refuse(center.Conflict, Remove{"bo", bo})
		}, "bo ENDED, cy CONNECTED", []string{"AGENT joined", "AGENT left"}},
		"one removes himself": {func(p *chatTest, _, bo, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Remove{"bo", bo})
		}, "bo ENDED, cy CONNECTED", []string{"AGENT joined", "AGENT left"}},
		"an agent ends the chat": {func(p *chatTest, ana, _, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Remove{"cy", ana})
			if got := p.chat.Latest.DisconnectReason; got != center.ReasonAgent {
				p.t.Errorf("the chat ended by %q", got)
			}
		}, "bo ENDED, cy ENDED", []string{"AGENT joined", "CUSTOMER left", "AGENT left", "AGENT left", "ended"}},
		"nobody is removed": {func(p *chatTest, _, bo, _ center.ParticipantID) {
			p.refuse(center.NotFound, Remove{"bo", "nobody"})
			p.refuse(center.NotFound, Remove{"dee", bo})
			p.refuse(center.Conflict, Remove{"cy", bo})
		}, "bo CONNECTED, cy CONNECTING", nil},
		"one of two is lost": {func(p *chatTest, _, _, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.do(Lose{User: "bo", Requeue: true})
		}, "cy CONNECTED", []string{"AGENT joined", "AGENT left"}},
		"lost as it rings": {func(p *chatTest, _, _, _ center.ParticipantID) { p.do(Lose{User: "cy"}) }, "bo CONNECTED", nil},
		"accepted at once": {func(p *chatTest, _, _, _ center.ParticipantID) {
			p.do(Withdraw{"cy"})
			at := invite("dee")
			at.Offer.Ring = 0
			p.do(typed(p.do(at).Participant, "at once"))
		}, "bo CONNECTED, dee CONNECTED", []string{"AGENT invited", "AGENT joined", "AGENT: at once"}},
		"they are silent for too long": {func(p *chatTest, _, _, _ center.ParticipantID) {
			p.do(Accept{"cy"})
			p.chat.Idle = &Idle{Since: p.now, Timers: []RoleTimer{{center.RoleAgent, TimerDisconnect, 2 * time.Minute}}}
			p.pass(150 * time.Second)
		}, "bo ENDED, cy ENDED", []string{"AGENT joined", "AGENT left", "AGENT left", "SYSTEM: How was it?"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, ana, bo := talking(t, nil)
			cy := p.do(invite("cy")).Participant
			said := len(p.items)
			c.do(p, ana, bo, cy)
			p.wantHands(c.hands)
			if got := script(p.items[said:]); !slices.Equal(got, c.script) {
				t.Errorf("the transcript goes on %q; want %q", got, c.script)
			}
		})
	}
}

func TestSixTakePart(t *testing.T) {
	p, _, _ := talking(t, nil)
	for i := range 4 {
		p.do(invite(fmt.Sprint("u", i)))
		p.do(Accept{center.UserID(fmt.Sprint("u", i))})
	}
	p.refuse(center.QuotaExceeded, invite("u5"))
	p.do(Monitor{User: "sue", Identity: Identity{DisplayName: "SUE"}, Barge: true}) // whom nobody sees
	p.refuse(center.QuotaExceeded, Supervise{"sue", true})
	p.do(Leave{"u0"})
	p.do(invite("u5"))
	p.refuse(center.QuotaExceeded, Supervise{"sue", true}) // for whom it rings may come
	p.do(Reject{"u5"})
	p.do(Supervise{"sue", true})
	p.refuse(center.Conflict, Invite{By: "sue", Offer: offerTo("u6")})
	p.refuse(center.QuotaExceeded, invite("u6"))
}

// Assigned to another, an offer is withdrawn; a contact that agents have cannot be assigned.
func TestAssignedElsewhere(t *testing.T) {
	p, _ := waitingChat(t)
	p.do(offerTo("bo"))
	other := offerTo("cy")
	other.Assigned = true
	p.do(other)
	var gone bool
	for _, m := range p.last.Work {
		gone = gone || m.User() == "bo" && m.Is == nil && m.Was.State == WorkConnecting
	}
	if !gone || p.last.Ask == nil || !p.last.Ask.Assigned {
		t.Errorf("what was offered to bo moved %+v, and asks %+v", p.last.Work, p.last.Ask)
	}
	p.refuse(center.NotFound, Accept{"bo"})
	p.do(Accept{"cy"})
	other.User = "dee"
	p.refuse(center.Conflict, other)
	p.do(Invite{By: "cy", Offer: offerTo("bo")})
	p.refuse(center.Conflict, other)
	p.wantHands("cy CONNECTED, bo CONNECTING")
}

// A contact that ends, and after-contact work on it that is over, at one time leave one record.
func TestRecordOfOneTick(t *testing.T) {
	p, _, _ := talking(t, nil)
	first := p.chat.Latest.ID
	i := invite("cy")
	i.Offer.AfterWork = 3 * time.Minute
	p.do(i)
	p.do(Accept{"cy"})
	p.do(Leave{"cy"})
	p.chat.Idle = &Idle{Since: p.now, Timers: []RoleTimer{{center.RoleAgent, TimerDisconnect, 2 * time.Minute}}}
	p.now = p.now.Add(4 * time.Minute)
	p.do(Tick{})
	p.wantHands("bo ENDED")
	if r := p.records[first]; r.Next != p.chat.Latest.ID || r.DisconnectReason != center.ReasonIdle || !r.Ended() {
		t.Errorf("the record is %+v", r)
	}
}
