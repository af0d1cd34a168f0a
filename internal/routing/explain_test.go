package routing

import (
	"fmt"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
)

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name    string
		queues  string
		agents  []Agent
		contact Contact
		others  []Contact
		next    bool // ask for assignments before
		want    string
	}{
		{name: "not known", queues: "a:1", contact: contactOf("other", "a", 0), want: "the contact does not wait for an agent"},
		{name: "no profile has the queue", queues: "b:1", contact: contactOf("c", "a", 0), want: "no routing profile has its queue for CHAT"},
		{name: "none has it for the channel", queues: "a:1", contact: contactOf("c", "a", 0, asTask), want: "no routing profile has its queue for TASK"},
		{name: "manual only", queues: "b:1", contact: contactOf("c", "manual", 0), want: "routing profiles have its queue for manual assignment only: an agent has to pick it"},
		{name: "no agents", queues: "a:1", contact: contactOf("c", "a", 0), want: "no agent has a routing profile with its queue for CHAT"},
		{name: "rings", queues: "a:1", contact: contactOf("c", "a", 0, func(c *Contact) { c.Ringing = "u" }), want: "it rings with agent u"},
		{name: "reserved", queues: "a:1", agents: []Agent{agentOf("u", 0)}, contact: contactOf("c", "a", 0), next: true, want: "it is being offered to agent u"},
		{name: "about to be", queues: "a:1", agents: []Agent{agentOf("u", 0)}, contact: contactOf("c", "a", 0), want: "agent u gets it next"},
		{name: "offline", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.SignedIn, a.Routable = false, false })}, contact: contactOf("c", "a", 0), want: "agent u is not signed in"},
		{name: "status", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.Status, a.Routable = "Lunch", false })}, contact: contactOf("c", "a", 0), want: "agent u has the status Lunch"},
		{name: "next status", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.NextStatus = "Lunch" })}, contact: contactOf("c", "a", 0), want: "agent u is going to the status Lunch"},
		{name: "barred", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.Barred = true })}, contact: contactOf("c", "a", 0),
			want: "agent u has not cleared a contact that was missed or rejected, or is in error"},
		{name: "no slot", queues: "a:1", agents: []Agent{agentOf("u", 0, held(2, 0))}, contact: contactOf("c", "a", 0), want: "agent u has 2 of 2 slots for CHAT in use"},
		{name: "another channel", queues: "a:1", agents: []Agent{agentOf("u", 0, held(0, 1))}, contact: contactOf("c", "a", 0),
			want: "agent u has a contact of TASK, beside which routing profile p allows no others"},
		{name: "delay", queues: "a:1:45s", agents: []Agent{agentOf("u", 0)}, contact: contactOf("c", "a", 0), want: "agent u may have it in 36s: the Delay of routing profile p"},
		{name: "step", queues: "a:1", agents: []Agent{agentOf("u", 0, skilled("Language", "French", 2))}, contact: contactOf("c", "a", 0, step(french3)),
			want: "agent u does not meet its routing criteria: Language French of at least 3 (is 2)"},
		{name: "excluded", queues: "a:1", agents: []Agent{agentOf("u", 0)}, contact: contactOf("c", "a", 0, func(c *Contact) { c.Excluded = []center.UserID{"u"} }), want: "agent u does not get it again for now"},
		{name: "others first", queues: "a:1 b:1 d:2", agents: []Agent{agentOf("u", 0, held(2, 0))}, contact: contactOf("c", "a", 5), next: true,
			others: []Contact{contactOf("o1", "a", 4), contactOf("o2", "b", 3), contactOf("o3", "a", 6), contactOf("o4", "d", 1), contactOf("o5", "", 9, own("u")), contactOf("o6", "a", 1, step(french3)),
				contactOf("o7", "a", 1, step(match)), contactOf("o8", "a", 9, priority(1))},
			want: "for agent u, contacts that come first: 5, agent u has 2 of 2 slots for CHAT in use"},
		{name: "in an own queue", queues: "a:1", agents: []Agent{agentOf("u", 0, held(2, 0))}, contact: contactOf("c", "", 5, own("u")), next: true,
			others: []Contact{contactOf("o1", "a", 4), contactOf("o2", "", 4, own("u"))},
			want:   "for agent u, contacts that come first: 1, agent u has 2 of 2 slots for CHAT in use"},
		{name: "in the own queue of somebody who is not there", queues: "a:1", contact: contactOf("c", "", 5, own("u")), want: "agent u is not signed in"},
		{name: "the nearest first", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.SignedIn = false }), agentOf("v", 0, held(2, 0)), agentOf("w", 0, func(a *Agent) { a.Status, a.Routable = "Lunch", false })},
			contact: contactOf("c", "a", 0, step(strings.Replace(french3, "Attr", "NotAttr", 1))),
			want:    "agent v has 2 of 2 slots for CHAT in use, agent w has the status Lunch, agent u is not signed in"},
		{name: "several reasons", queues: "a:1", agents: []Agent{agentOf("u", 0, held(2, 0), func(a *Agent) { a.NextStatus = "Lunch" })}, contact: contactOf("c", "a", 0, step(french3)),
			want: "agent u has 2 of 2 slots for CHAT in use, agent u is going to the status Lunch, agent u does not meet its routing criteria: Language French of at least 3 (is not at all)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := New()
			r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 2, Task: 1}, Queues: entriesOf(t, test.queues), Manual: []ManualQueue{{"manual", Chat}}})
			for _, a := range test.agents {
				r.SetAgent(a)
			}
			for _, c := range append(test.others, test.contact) {
				if err := r.SetContact(c); err != nil {
					t.Fatal(err)
				}
			}
			if test.next {
				r.Next(at(9))
			}
			e := r.Explain("c", at(9), nil)
			var got []string
			for _, why := range e.Reasons {
				got = append(got, why.String())
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("the reasons are %q; want %q", got, test.want)
			}
		})
	}
}

// TestExplainIsBounded asks about a contact that 300 agents could take.
func TestExplainIsBounded(t *testing.T) {
	r := New()
	r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 1}, Queues: entriesOf(t, "a:1 a:2:9s")})
	for i := range 300 {
		r.SetAgent(agentOf(center.UserID(fmt.Sprintf("u%03d", i)), 0, held(1, 0), func(a *Agent) { a.SignedIn = i%3 == 0 }))
	}
	for i := range 2 * MaxAhead {
		r.SetContact(contactOf(center.ContactID(fmt.Sprint("o", i)), "a", 0))
	}
	r.SetContact(contactOf("c", "a", 1))
	e := r.Explain("c", at(2), nil)
	if e.Agents != 300 || e.More != 300-MaxExplained || e.Counts[Offline] != 200 || e.Counts[NoSlot] != 100 || e.Counts[StepUnmet] != 0 {
		t.Errorf("%d agents, %d more, %v", e.Agents, e.More, e.Counts)
	}
	some := r.Explain("c", at(2), func(u center.UserID) bool { return u == "u299" || u == "u000" })
	if some.Agents != 300 || some.More != 298 || len(some.Reasons) != 3 || some.Reasons[0] != e.Reasons[0] || some.Reasons[2].User != "u299" {
		t.Errorf("of two agents it says %+v, of %d, and %d more", some.Reasons, some.Agents, some.More)
	}
	if len(e.Reasons) != 2*MaxExplained || e.Reasons[0] != (Reason{Cause: Others, User: "u000", Profile: "p", Channel: Chat, Count: MaxAhead}) {
		t.Errorf("%d reasons, the first is %+v", len(e.Reasons), e.Reasons[0])
	}
}
