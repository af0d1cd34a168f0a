package contact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

// waitingChat is a chat that waits in the queue sales, of which bo has been offered
// nothing yet.
func waitingChat(t *testing.T, steps ...string) (*chatTest, center.ParticipantID) {
	o := catalogWithQueues(flows{"main": numbered(t, append(steps, queueing("sales")...)...)})
	return startConnected(t, o, Start{})
}

func offerTo(user string) Offer {
	return Offer{User: center.UserID(user), Identity: Identity{DisplayName: strings.ToUpper(user), UserName: user}, Ring: 20 * time.Second, Slots: 3}
}

// hands says what agents have in hand: "bo CONNECTED, cy MISSED".
func hands(c *Chat) string {
	var out []string
	for _, w := range c.Work {
		out = append(out, fmt.Sprintf("%s %s", w.User, w.State))
	}
	return strings.Join(out, ", ")
}

func (p *chatTest) wantHands(want string) {
	p.t.Helper()
	if got := hands(p.chat); got != want {
		p.t.Errorf("agents have %q in hand; want %q", got, want)
	}
}

func TestOfferToClear(t *testing.T) {
	p, ana := waitingChat(t)
	offered := p.do(offerTo("bo"))
	if ask := p.last.Ask; ask == nil || *ask != (Ask{User: "bo", Slots: 3}) || moves(p.last) != "" {
		t.Fatalf("the offer asks for %+v, and moves %q", ask, moves(p.last))
	}
	if w := p.chat.WorkOf("bo"); p.chat.Queue == nil || w.Contact != p.chat.Latest.ID || !w.By.Equal(p.now.Add(20*time.Second)) || len(p.chat.Participants) != 1 {
		t.Fatalf("while it rings: waits %t, %+v, %d participants", p.chat.Queue != nil, w, len(p.chat.Participants))
	}
	p.refuse(center.Denied, typed(offered.Participant, "before I have accepted"))
	if again := p.do(offerTo("bo")); again.Participant != offered.Participant {
		t.Errorf("offered again the participant is %s; want %s", again.Participant, offered.Participant)
	}
	p.refuse(center.Conflict, offerTo("cy"))
	p.refuse(center.NotFound, Accept{"cy"})
	p.refuse(center.Conflict, Clear{"bo"})
	p.pass(19 * time.Second)
	accepted := p.do(Accept{"bo"})
	if accepted != offered || moves(p.last) != "-sales" {
		t.Errorf("accepted as %+v; offered as %+v; queues moved %q", accepted, offered, moves(p.last))
	}
	if again := p.do(Accept{"bo"}); again != offered {
		t.Errorf("accepted again as %+v", again)
	}
	p.refuse(center.Conflict, Reject{"bo"})
	p.refuse(center.Conflict, Withdraw{"bo"})
	p.refuse(center.Conflict, Clear{"bo"})
	p.do(typed(offered.Participant, "Hello Ana"))
	p.pass(time.Hour)
	p.do(Disconnect{Participant: ana})
	p.wantHands("bo ENDED")
	p.pass(30 * time.Hour) // after-contact work has no limit
	p.wantHands("bo ENDED")
	ended := p.chat.Latest.AfterWork
	p.do(Clear{"bo"})
	p.wantHands("")
	if r := p.contacts()[0]; r.Agent != "bo" || !r.AfterWork.Equal(ended) || ended.IsZero() || !r.AfterWorkEnd.Equal(p.now) {
		t.Errorf("the record is %+v; want after-contact work from %v to %v", r, ended, p.now)
	}
	p.do(Clear{"bo"}) // again, or late
	if p.last.Stored() {
		t.Errorf("what is cleared already is cleared again: %+v", p.last)
	}
	p.wantScript("CUSTOMER joined", "AGENT joined", "AGENT: Hello Ana", "CUSTOMER left", "AGENT left", "ended")
}

// Each corner of the state machine of an agent's contact.
func TestWorkCorners(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(p *chatTest, ana center.ParticipantID)
		hands string
		waits bool
	}{
		"missed after 20 seconds, offered to the next, who accepts": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			at := p.now
			p.pass(21 * time.Second)
			if w := p.chat.WorkOf("bo"); !w.Since.Equal(at.Add(20 * time.Second)) {
				p.t.Errorf("missed at %v; want the deadline", w.Since)
			}
			p.do(offerTo("cy"))
			p.do(Accept{"cy"})
		}, "bo MISSED, cy CONNECTED", false},
		"accepted too late": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			p.pass(time.Minute)
			p.refuse(center.Conflict, Accept{"bo"})
			p.refuse(center.Conflict, Reject{"bo"})
		}, "bo MISSED", true},
		"missed, and not cleared: no second offer": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			p.pass(time.Minute)
			p.refuse(center.Conflict, offerTo("bo"))
			p.do(Clear{"bo"})
			p.do(offerTo("bo"))
		}, "bo CONNECTING", true},
		"rejected, twice": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			p.do(Reject{"bo"})
			p.do(Reject{"bo"})
			p.pass(time.Minute)
		}, "bo REJECTED", true},
		"the customer leaves while it rings": {func(p *chatTest, ana center.ParticipantID) {
			p.do(offerTo("bo"))
			p.do(Disconnect{Participant: ana})
		}, "bo REJECTED", false},
		"the API ends it while it rings": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			p.do(Stop{})
		}, "bo REJECTED", false},
		"missed, and the chat goes on to its end": {func(p *chatTest, ana center.ParticipantID) {
			p.do(offerTo("bo"))
			p.pass(time.Minute)
			p.do(Disconnect{Participant: ana})
			p.do(Clear{"bo"})
		}, "", false},
		"assigned to another while it rings: nobody has missed it": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			other := offerTo("cy")
			other.Assigned = true
			p.do(other)
		}, "cy CONNECTING", true},
		"withdrawn, twice": {func(p *chatTest, _ center.ParticipantID) {
			p.do(offerTo("bo"))
			p.do(Withdraw{"bo"})
			p.do(Withdraw{"bo"})
		}, "", true},
		"accepted at once": {func(p *chatTest, _ center.ParticipantID) {
			at := offerTo("bo")
			at.Ring = 0
			r := p.do(at)
			p.do(typed(r.Participant, "here I am"))
		}, "bo CONNECTED", false},
		"the agent leaves; after-contact work has a limit": {func(p *chatTest, _ center.ParticipantID) {
			o := offerTo("bo")
			o.AfterWork = time.Minute
			p.do(o)
			r := p.do(Accept{"bo"})
			p.do(Disconnect{Participant: r.Participant})
			p.wantHands("bo ENDED")
			end := p.chat.Latest.AfterWork
			p.pass(2 * time.Minute)
			if got := p.contacts()[0].AfterWorkEnd; !got.Equal(end.Add(time.Minute)) {
				p.t.Errorf("after-contact work ended at %v; want the limit, %v", got, end.Add(time.Minute))
			}
		}, "", false},
		"an offer for a place that it has left": {func(p *chatTest, _ center.ParticipantID) {
			o := offerTo("bo")
			o.Place = p.chat.Place()
			o.Place.Step++
			p.refuse(center.Conflict, o)
			o.Place = p.chat.Place()
			p.do(o)
		}, "bo CONNECTING", true},
		"nothing to accept": {func(p *chatTest, _ center.ParticipantID) {
			p.refuse(center.NotFound, Accept{"bo"})
			p.refuse(center.NotFound, Reject{"bo"})
			p.do(Clear{"bo"})
		}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p, ana := waitingChat(t)
			c.do(p, ana)
			p.wantHands(c.hands)
			if got := p.chat.Queue != nil; got != c.waits {
				t.Errorf("it waits: %t; want %t", got, c.waits)
			}
		})
	}
}

// The agent's record of a contact that is not the current one any more is completed too.
func TestClearAnEarlierContact(t *testing.T) {
	o := catalogWithQueues(flows{
		"main": numbered(t, hooks("CustomerRemaining", "after", "1"), step("UpdateContactTargetQueue", `"QueueId":"sales"`, "2", "NoMatchingError>9"),
			step("TransferContactToQueue", "", "9", "NoMatchingError>9")),
		"after": document(t, says("How was it?", "1"), waits(60, "2"), disconnect).As("CONTACT_FLOW"),
	})
	p, _ := startConnected(t, o, Start{})
	p.do(offerTo("bo"))
	r := p.do(Accept{"bo"})
	first := p.chat.Latest.ID
	p.do(Disconnect{Participant: r.Participant})
	if p.chat.Latest.ID == first || p.chat.Latest.Agent != "" || !p.chat.Latest.AfterWork.IsZero() {
		t.Fatalf("after the agent left the contact is %+v", p.chat.Latest)
	}
	p.wantHands("bo ENDED")
	record := p.contacts()[0]
	p.records = nil
	if _, err := p.try(Clear{"bo"}); !errors.As(err, new(*Need)) {
		t.Fatalf("clearing what is not known = %v; want a Need", err)
	}
	p.records = map[center.ContactID]center.Contact{first: record}
	p.do(Clear{"bo"})
	if rec := p.records[first]; rec.ID != first || rec.AfterWorkEnd.IsZero() || rec.AfterWork.After(rec.AfterWorkEnd) {
		t.Errorf("the record of the first contact is %+v", rec)
	}
}

// An agent in whose hands contacts stay is not a chat's way to grow for ever.
func TestWorkHasABound(t *testing.T) {
	p, _ := waitingChat(t)
	for i := range maxWork + 10 {
		p.do(offerTo(fmt.Sprint("u", i)))
		p.pass(21 * time.Second)
	}
	if n := len(p.chat.Work); n != maxWork || p.chat.Work[0].User != "u10" {
		t.Errorf("%d agents have it, the first is %s; want the last %d", n, p.chat.Work[0].User, maxWork)
	}
	if n := len(p.chat.Participants); n != 1 {
		t.Errorf("the chat has %d participants; those who missed it were none", n)
	}
}

func TestLose(t *testing.T) {
	for name, c := range map[string]struct {
		requeue bool
		before  func(p *chatTest)
		hands   string
		ended   bool
		waits   bool
	}{
		"while it rings":        {false, func(*chatTest) {}, "", false, true},
		"missed":                {false, func(p *chatTest) { p.pass(time.Minute) }, "", false, true},
		"connected":             {false, func(p *chatTest) { p.do(Accept{"bo"}) }, "", true, false},
		"connected, queued":     {true, func(p *chatTest) { p.do(Accept{"bo"}) }, "", false, true},
		"nothing in hand":       {false, func(p *chatTest) { p.do(Withdraw{"bo"}) }, "", false, true},
		"in after-contact work": {true, func(p *chatTest) { p.do(Disconnect{Participant: p.do(Accept{"bo"}).Participant}) }, "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := waitingChat(t)
			since := p.chat.Queue.Since
			p.pass(time.Minute)
			p.do(offerTo("bo"))
			c.before(p)
			p.do(Lose{User: "bo", Requeue: c.requeue})
			p.do(Lose{User: "bo", Requeue: c.requeue})
			p.wantHands(c.hands)
			if p.chat.Ended != c.ended || (p.chat.Queue != nil) != c.waits {
				t.Fatalf("ended %t, waits %t", p.chat.Ended, p.chat.Queue != nil)
			}
			if !c.waits {
				return
			}
			if _, _, rank, _ := p.chat.Rank(); !rank.Equal(since) {
				t.Errorf("it waits at rank %v; want the first, %v", rank, since)
			}
			if first := p.contacts()[0]; c.requeue && (first.DisconnectReason != center.ReasonAgentLost || len(p.contacts()) != 2 || p.chat.Latest.Queue != "sales") {
				t.Errorf("the first of %d contacts is %+v", len(p.contacts()), first)
			}
		})
	}
}
