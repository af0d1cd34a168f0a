package connections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/connections"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

// party is a chat of Ana, whom bo, who accepted it first, and cy, who was invited by a quick connect, talk to. dee has
// left, eve is invited, sue has barged in, and tom watches.
func party() *contact.Chat {
	c := &contact.Chat{
		ID: "c1", Latest: center.Contact{ID: "c1", InitiationMethod: center.MethodAPI},
		Participants: []contact.Participant{{ID: "p-ana", Role: center.RoleCustomer, DisplayName: "Ana", Joined: at(0)}},
	}
	add := func(user string, role center.Role, state contact.WorkState, joined, left int) *contact.Work {
		p := contact.Participant{ID: center.ParticipantID("p-" + user), Role: role, DisplayName: strings.ToUpper(user), User: center.UserID(user)}
		if joined > 0 {
			p.Joined = at(joined)
		}
		if left > 0 {
			p.Left = at(left)
		}
		if state != contact.WorkConnecting {
			c.Participants = append(c.Participants, p)
		}
		c.Work = append(c.Work, contact.Work{
			User: p.User, Participant: p.ID, Contact: "c1", State: state, Since: at(max(joined, left)), Accepted: at(joined), Who: &contact.Identity{DisplayName: p.DisplayName},
		})
		return &c.Work[len(c.Work)-1]
	}
	cy := add("cy", center.RoleAgent, contact.WorkConnected, 5, 0) // before bo in the list, and after him in the chat
	cy.Invited, cy.Quick = true, "the expert"
	add("bo", center.RoleAgent, contact.WorkConnected, 1, 0)
	add("dee", center.RoleAgent, contact.WorkEnded, 2, 4)
	eve := add("eve", center.RoleAgent, contact.WorkConnecting, 0, 0)
	eve.Invited, eve.Quick = true, "the boss"
	add("fay", center.RoleAgent, contact.WorkMissed, 0, 0)
	sue := add("sue", center.RoleSupervisor, contact.WorkConnected, 6, 0)
	sue.Watch, sue.Contact = &contact.Watch{User: "bo", MayBarge: true, Barged: at(6)}, "m1"
	tom := add("tom", center.RoleSupervisor, contact.WorkConnected, 0, 0)
	tom.Watch, tom.Contact = &contact.Watch{User: "cy"}, "m2"
	c.Aside = []contact.Segment{{ID: "m1", Method: center.MethodMonitor}, {ID: "m2", Method: center.MethodMonitor}}
	return c
}

// text writes a view, a connection a line.
func text(v connections.View) string {
	out := []string{fmt.Sprint(v.Work.Contact, " ", v.Method)}
	for _, c := range v.Connections {
		line := fmt.Sprint(c.ID, " ", c.Type, " ", c.State, " ", c.Name)
		if c.Own {
			line += " own"
		}
		if c.Initial() {
			line += " initial"
		}
		if c.QuickConnect != "" {
			line += " by " + c.QuickConnect
		}
		if s := c.Supervision; s != nil {
			line += fmt.Sprint(" watches ", s.Watched, " ", s.MayBarge, " ", s.Barged)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestViews(t *testing.T) {
	const ana, bo, cy, eve, sue = "p-ana inbound connected Ana initial", "p-bo outbound connected BO", "p-cy outbound connected CY by the expert",
		"p-eve outbound connecting EVE by the boss", "p-sue monitoring barge SUE watches BO true true"
	for name, c := range map[string]struct {
		user   center.UserID
		change func(c *contact.Chat)
		want   []string // nil for no view
	}{
		"the first agent":     {"bo", nil, []string{"c1 API", "p-bo agent connected BO own", ana, cy, eve, sue}},
		"who was invited":     {"cy", nil, []string{"c1 API", "p-cy agent connected CY own by the expert", ana, bo, eve, sue}},
		"at whom it rings":    {"eve", nil, []string{"c1 API", "p-eve agent connecting EVE own by the boss", ana, bo, cy, sue}},
		"who has left":        {"dee", nil, []string{"c1 API", "p-dee agent disconnected DEE own", "p-ana inbound disconnected Ana initial"}},
		"who has missed it":   {"fay", nil, []string{"c1 API", "p-fay agent disconnected FAY own", "p-ana inbound disconnected Ana initial"}},
		"a barged supervisor": {"sue", nil, []string{"m1 MONITOR", "p-sue monitoring barge SUE own watches BO true true", ana, bo, cy, eve}},
		"a silent one":        {"tom", nil, []string{"m2 MONITOR", "p-tom monitoring silent_monitor TOM own watches CY false false", ana, bo, cy, eve, sue}},
		"nobody":              {"zoe", nil, nil},
		"an older state": {"bo", func(c *contact.Chat) {
			for i := range c.Work {
				c.Work[i].Who = nil
			}
		}, []string{"c1 API", "p-bo agent connected BO own", ana, cy, "p-eve outbound connecting  by the boss", sue}},
		"the customer has left": {"bo", func(c *contact.Chat) { c.Participants[0].Left = at(9) }, []string{"c1 API", "p-bo agent connected BO own", "p-ana inbound disconnected Ana initial", cy, eve, sue}},
		"a bot, and one that has left": {"bo", func(c *contact.Chat) {
			c.Participants = append(c.Participants, contact.Participant{ID: "p-bot", Role: center.RoleCustomBot, DisplayName: "Bot", Joined: at(3)},
				contact.Participant{ID: "p-old", Role: center.RoleCustomBot, DisplayName: "Old", Joined: at(2), Left: at(3)})
		}, []string{"c1 API", "p-bo agent connected BO own", ana, cy, eve, sue, "p-bot other connected Bot"}},
		"a transfer": {"bo", func(c *contact.Chat) {
			c.Work = c.Work[1:2]
			c.Transfer = &contact.Transferring{User: "bo", To: contact.Target{Name: "second line", Queue: "q"}, Contact: center.Contact{ID: "c2"}}
		}, []string{"c1 API", "p-bo agent connected BO own", ana, "c2 outbound connecting second line by second line"}},
		"after a transfer": {"dee", func(c *contact.Chat) {
			c.Segments, c.Latest.ID, c.Latest.InitiationMethod = []contact.Segment{{ID: "c1", Method: center.MethodAPI}}, "c2", center.MethodTransfer
		}, []string{"c1 API", "p-dee agent disconnected DEE own", "p-ana inbound disconnected Ana initial"}},
	} {
		t.Run(name, func(t *testing.T) {
			chat := party()
			if c.change != nil {
				c.change(chat)
			}
			v, ok := connections.Of(chat, c.user)
			if got, want := text(v), strings.Join(c.want, "\n"); ok != (c.want != nil) || ok && got != want {
				t.Errorf("%s sees\n%s\nwant\n%s", c.user, got, want)
			}
		})
	}
}

// All that take part are in every view of those who do, and no silent supervisor is.
func TestViewsAgree(t *testing.T) {
	chat := party()
	seen := map[center.UserID]int{}
	for _, user := range []center.UserID{"bo", "cy", "sue"} {
		v, _ := connections.Of(chat, user)
		ids := map[center.ParticipantID]bool{}
		for i, c := range v.Connections {
			if ids[c.ID] || (i == 0) != c.Own || c.Since.IsZero() || c.ID == "p-tom" {
				t.Errorf("%s sees %+v at %d", user, c, i)
			}
			ids[c.ID] = true
		}
		seen[user] = len(ids)
	}
	if seen["bo"] != 5 || seen["cy"] != 5 || seen["sue"] != 5 {
		t.Errorf("they see %v; want five each", seen)
	}
}
