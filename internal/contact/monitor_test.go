package contact

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

func watching(user string) Monitor {
	return Monitor{User: center.UserID(user), Identity: Identity{DisplayName: user}, Barge: true}
}

func TestMonitor(t *testing.T) {
	p, ana, _ := talking(t, nil)
	first, said := p.chat.Latest.ID, len(p.items)
	m := watching("sue")
	m.Token = "t"
	r := p.do(m)
	w := p.chat.WorkOf("sue")
	if w.State != WorkConnected || w.Watch.User != "bo" || w.Watch.Contact != first || r.Contact == first || w.Contact != r.Contact || !p.chat.Has(r.Contact) {
		t.Fatalf("the supervisor has %+v", w)
	}
	if len(p.last.Work) != 1 || !p.last.Work[0].Watches() || p.last.Ask != nil || p.chat.Ringing() != nil {
		t.Errorf("watching moves %+v and asks %+v", p.last.Work, p.last.Ask)
	}
	if rec := p.records[r.Contact]; rec.InitiationMethod != center.MethodMonitor || rec.Chat != p.chat.ID || rec.Agent != "sue" || rec.Previous != "" || p.records[first].Next != "" {
		t.Errorf("the record is %+v", rec)
	}
	if again := p.do(m); again.Contact != r.Contact {
		t.Errorf("asked again: %+v", again)
	}
	other := m
	other.Barge = false
	p.refuse(center.Conflict, other)
	if unasked := p.do(watching("sue")); unasked.Contact != r.Contact {
		t.Errorf("asked with another token: %+v", unasked)
	}
	// Silent: nobody sees it, and nothing can be said.
	p.do(Connect{Participant: r.Participant, Socket: true})
	p.refuse(center.Denied, typed(r.Participant, "psst"))
	p.refuse(center.Denied, Signal{r.Participant, center.EventTyping})
	p.refuse(center.Denied, StartUpload{Participant: r.Participant, Name: "a.txt", ContentType: "text/plain", Size: 3, ClientToken: "u"})
	p.do(Acknowledge{Participant: r.Participant, Message: p.items[0], Read: true})
	if len(p.last.Receipts)+len(p.last.Pushes) != 0 || len(p.items) != said {
		t.Errorf("a silent supervisor is seen: %+v", p.last)
	}
	p.do(Acknowledge{Participant: ana, Message: p.items[said-1], Read: true}) // two take part
	if _, err := p.chat.Recipient(r.Participant); err != nil {
		t.Errorf("a silent supervisor cannot read: %v", err)
	}
	p.refuse(center.Conflict, Reject{"sue"})
	p.refuse(center.Conflict, Clear{"sue"})
	p.refuse(center.Conflict, offerTo("sue"))
	p.do(Supervise{"sue", true})
	p.do(Supervise{"sue", true})
	p.do(typed(r.Participant, "Let me help"))
	p.refuse(center.Conflict, Acknowledge{Participant: ana, Message: p.items[said-1], Read: true})
	p.refuse(center.Conflict, Remove{"bo", r.Participant})
	p.do(Supervise{"sue", false})
	p.refuse(center.Denied, typed(r.Participant, "psst"))
	p.do(Supervise{"sue", true})
	p.do(Leave{"bo"}) // the supervisor goes on alone
	p.wantHands("bo ENDED, sue CONNECTED")
	p.refuse(center.Conflict, Supervise{"sue", false})
	p.refuse(center.BadRequest, watching("tom"))
	p.refuse(center.Conflict, AddParticipant{DisplayName: "Robo"})
	p.do(typed(r.Participant, "I go on"))
	if p.chat.Latest.ID != first {
		t.Errorf("the contact has changed to %+v", p.chat.Latest)
	}
	p.do(Leave{"sue"})
	p.do(Leave{"sue"})
	p.wantHands("bo ENDED")
	if rec := p.records[r.Contact]; !rec.Disconnected.Equal(p.now) || p.chat.Latest.InitiationMethod != center.MethodDisconnect || p.records[first].Next != p.chat.Latest.ID {
		t.Errorf("afterwards the supervisor's record is %+v", rec)
	}
	if chain := p.chat.Chain(); len(chain) != 2 {
		t.Errorf("the chain is %+v; the supervisor's contact is not of it", chain)
	}
	if last := p.pushes[slices.IndexFunc(p.pushes, func(c center.Push) bool { return c.Gone != "" })]; last.Gone != r.Participant {
		t.Errorf("the sockets of %s close", last.Gone)
	}
	if got, want := script(p.items[said:]), []string{"SUPERVISOR joined", "SUPERVISOR: Let me help", "SUPERVISOR left", "SUPERVISOR joined", "AGENT left", "SUPERVISOR: I go on", "SUPERVISOR left", "SYSTEM: How was it?"}; !slices.Equal(got, want) {
		t.Errorf("the transcript goes on %q; want %q", got, want)
	}

}

// What ends a supervisor's part, and what does not.
func TestMonitorCorners(t *testing.T) {
	for name, c := range map[string]struct {
		barge  bool
		do     func(p *chatTest, ana, bo center.ParticipantID)
		hands  string
		script []string
	}{
		"the agent leaves a silent one":     {false, func(p *chatTest, _, bo center.ParticipantID) { p.do(Disconnect{Participant: bo}) }, "bo ENDED", []string{"AGENT left", "SYSTEM: How was it?"}},
		"the agent transfers":               {false, func(p *chatTest, _, _ center.ParticipantID) { p.do(toQueue("support", "transfer")) }, "bo ENDED", []string{"SYSTEM: One moment", "AGENT left"}},
		"the agent transfers from a barged": {true, func(p *chatTest, _, _ center.ParticipantID) { p.do(toQueue("support", "transfer")) }, "bo ENDED", []string{"SYSTEM: One moment", "AGENT left", "SUPERVISOR left"}},
		"a transfer fails":                  {true, func(p *chatTest, _, _ center.ParticipantID) { p.do(toQueue("support", "nowhere")) }, "bo CONNECTED, sue CONNECTED", []string{"SYSTEM: Nobody is there"}},
		"the customer leaves":               {false, func(p *chatTest, ana, _ center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, "bo ENDED", []string{"CUSTOMER left", "AGENT left", "ended"}},
		"the customer leaves a barged one":  {true, func(p *chatTest, ana, _ center.ParticipantID) { p.do(Disconnect{Participant: ana}) }, "bo ENDED", []string{"CUSTOMER left", "SUPERVISOR left", "AGENT left", "ended"}},
		"the API ends it":                   {false, func(p *chatTest, _, _ center.ParticipantID) { p.do(Stop{}) }, "bo ENDED", []string{"AGENT left", "CUSTOMER left", "ended"}},
		"the supervisor removes the agent": {true, func(p *chatTest, _, bo center.ParticipantID) {
			p.do(Remove{"sue", bo})
			if p.chat.Participant(bo).Removed != center.ReasonBarged {
				p.t.Errorf("the agent was removed for %q", p.chat.Participant(bo).Removed)
			}
		}, "bo ENDED, sue CONNECTED", []string{"AGENT left"}},
		"and leaves": {true, func(p *chatTest, _, bo center.ParticipantID) {
			first := p.chat.Latest.ID
			p.do(Remove{"sue", bo})
			p.do(Leave{"sue"})
			if got := p.records[first].DisconnectReason; got != center.ReasonBarged {
				p.t.Errorf("the contact ended by %q; want BARGED", got)
			}
		}, "bo ENDED", []string{"AGENT left", "SUPERVISOR left", "SYSTEM: How was it?"}},
		"a silent one cannot remove anybody": {false, func(p *chatTest, ana, bo center.ParticipantID) {
			p.refuse(center.Conflict, Remove{"sue", bo})
			p.refuse(center.Conflict, Transfer{User: "sue", To: Target{Flow: "choose"}})
		}, "bo CONNECTED, sue CONNECTED", nil},
		"the supervisor is lost": {true, func(p *chatTest, _, _ center.ParticipantID) { p.do(Lose{User: "sue", Requeue: true}) }, "bo CONNECTED", []string{"SUPERVISOR left"}},
		"the agent is lost":      {true, func(p *chatTest, _, _ center.ParticipantID) { p.do(Lose{User: "bo", Requeue: true}) }, "sue CONNECTED", []string{"AGENT left"}},
		"the agent is lost, queued": {false, func(p *chatTest, _, _ center.ParticipantID) {
			p.do(Lose{User: "bo", Requeue: true})
			if p.chat.Queue == nil {
				p.t.Error("the contact does not wait")
			}
		}, "", []string{"AGENT left"}},
		"an agent is the supervisor": {false, func(p *chatTest, _, _ center.ParticipantID) {
			p.refuse(center.BadRequest, watching("bo"))
			p.refuse(center.NotFound, Supervise{"bo", true})
			p.refuse(center.NotFound, Supervise{"tom", true})
			p.refuse(center.Conflict, invite("sue"))
		}, "bo CONNECTED, sue CONNECTED", nil},
		"only one barges in": {true, func(p *chatTest, _, _ center.ParticipantID) {
			p.do(watching("tom"))
			p.refuse(center.Conflict, Supervise{"tom", true})
			p.do(Leave{"sue"})
			p.do(Supervise{"tom", true})
		}, "bo CONNECTED, tom CONNECTED", []string{"SUPERVISOR left", "SUPERVISOR joined"}},
		"without BARGE": {false, func(p *chatTest, _, _ center.ParticipantID) {
			m := watching("tom")
			m.Barge = false
			p.do(m)
			p.refuse(center.Conflict, Supervise{"tom", true})
		}, "bo CONNECTED, sue CONNECTED, tom CONNECTED", nil},
		"described, and then over": {false, func(p *chatTest, _, _ center.ParticipantID) {
			id := p.chat.WorkOf("sue").Contact
			p.do(Tag{Contact: id, Set: map[string]string{"a": "b"}})
			p.do(Leave{"sue"})
			if r := p.records[id]; r.Tags["a"] != "b" || r.Disconnected.IsZero() {
				p.t.Errorf("the supervisor's record is %+v", r)
			}
			p.do(Tag{Contact: id, Set: map[string]string{"c": "d"}})
			if r := p.records[id]; r.Tags["c"] != "d" {
				p.t.Errorf("after its end the record is %+v", r)
			}
		}, "bo CONNECTED", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, ana, bo := talking(t, nil)
			p.do(watching("sue"))
			if c.barge {
				p.do(Supervise{"sue", true})
			}
			said := len(p.items)
			c.do(p, ana, bo)
			p.wantHands(c.hands)
			if got := script(p.items[said:]); !slices.Equal(got, c.script) {
				t.Errorf("the transcript goes on %q; want %q", got, c.script)
			}
		})
	}
}

func TestMonitorRefused(t *testing.T) {
	p, ana := waitingChat(t)
	p.refuse(center.BadRequest, watching("sue")) // nobody to watch
	p.do(offerTo("bo"))
	p.do(Accept{"bo"})
	for i := range maxWatch {
		p.do(watching(fmt.Sprint("s", i)))
	}
	p.refuse(center.QuotaExceeded, watching("s5"))
	p.do(Disconnect{Participant: ana})
	p.refuse(center.BadRequest, watching("sue"))
	p.wantHands("bo ENDED")
	p.pass(time.Hour)
}

// Supervisors who come and go are not a chat's way to grow for ever.
func TestMonitorsHaveABound(t *testing.T) {
	p, _, _ := talking(t, nil)
	for range maxParticipants {
		if _, err := p.try(watching("sue")); err != nil {
			if center.ReasonOf(err) != center.QuotaExceeded {
				t.Errorf("watching = %v; want QuotaExceeded at some time", err)
			}
			return
		}
		p.do(Leave{"sue"})
	}
	t.Errorf("the chat has had %d participants, and has %d contacts aside", len(p.chat.Participants), len(p.chat.Aside))
}
