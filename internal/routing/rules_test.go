package routing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// at is so many seconds after the start.
func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

// entries reads queues of a profile: "sales:1 support:2:30s tasks/TASK:1".
func entriesOf(t *testing.T, text string) (list []ProfileQueue) {
	for field := range strings.FieldsSeq(text) {
		parts := strings.Split(field, ":")
		name, channel, other := strings.Cut(parts[0], "/")
		q := ProfileQueue{Queue: center.QueueID(name), Channel: Chat}
		if ok := true; other {
			if q.Channel, ok = ParseChannel(channel); !ok {
				t.Fatalf("%s: there is no channel %s", field, channel)
			}
		}
		fmt.Sscan(parts[1], &q.Priority)
		if len(parts) > 2 {
			q.Delay, _ = time.ParseDuration(parts[2])
		}
		list = append(list, q)
	}
	return list
}

func agentOf(user center.UserID, since int, change ...func(*Agent)) Agent {
	a := Agent{User: user, Profile: "p", SignedIn: true, Status: "Available", Routable: true, LastActivity: at(since), LastInbound: at(since)}
	for _, c := range change {
		c(&a)
	}
	return a
}

func contactOf(id center.ContactID, queue center.QueueID, since int, change ...func(*Contact)) Contact {
	c := Contact{ID: id, Channel: Chat, Queue: queue, Rank: at(since), Enqueued: at(since)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func step(expression string) func(*Contact) {
	return func(c *Contact) { c.Step = flow.Criterion{Expression: []byte(expression)} }
}

func own(user center.UserID) func(*Contact) {
	return func(c *Contact) { c.Queue, c.Own = "", user }
}

func asTask(c *Contact) { c.Channel = Task }

func priority(n int64) func(*Contact) { return func(c *Contact) { c.Priority = n } }

func held(chats, tasks int) func(*Agent) {
	return func(a *Agent) { a.Held[Chat], a.Held[Task] = chats, tasks }
}

func skilled(name, value string, level float64) func(*Agent) {
	return func(a *Agent) { a.Proficiencies = append(a.Proficiencies, Proficiency{name, value, level}) }
}

const french3 = `{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}`

// TestRules has one case for every rule: who gets what, in the order of the assignments.
func TestRules(t *testing.T) {
	two := func(p *Profile) { p.Max = Slots{Chat: 2, Task: 1}; p.Any[Task] = true } // the example of the administrator's guide
	for _, test := range []struct {
		name     string
		queues   string
		profile  func(*Profile)
		agents   []Agent
		contacts []Contact
		now      int
		want     string
		wake     int // 0 for none
	}{
		// Order of contacts.
		{name: "the queue of the lower priority number is first", queues: "a:2 b:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "b", 2)}, want: "c2-u"},
		{name: "queues of equal priority: the oldest over all of them", queues: "a:1 b:1 c:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 3), contactOf("c2", "b", 2), contactOf("c3", "c", 4)}, want: "c2-u"},
		{name: "channels do not matter: a task and a chat compare by age", queues: "a:1 t/TASK:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 3), contactOf("c2", "t", 2, asTask)}, want: "c2-u"},
		{name: "a queue's contacts of a channel that the profile does not have for it", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1, asTask)}, want: ""},
		{name: "the contact's priority comes before its age", queues: "a:1 b:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "b", 9, priority(4))}, want: "c2-u"},
		{name: "a contact without a priority has 5", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1, priority(6)), contactOf("c2", "a", 9)}, want: "c2-u"},
		{name: "the queue's priority comes before the contact's", queues: "a:1 b:2", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1, priority(9)), contactOf("c2", "b", 1, priority(1))}, want: "c1-u"},
		{name: "the rank decides, not the time of the enqueuing: a transfer by an agent keeps it", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 5), contactOf("c2", "a", 9, func(c *Contact) { c.Rank = at(1) })}, want: "c2-u"},
		{name: "equal contacts by id", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c2", "a", 1), contactOf("c1", "a", 1)}, want: "c1-u"},
		{name: "the agent's own queue is before all others", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1, priority(1)), contactOf("c2", "", 9, own("u"), priority(9))}, want: "c2-u"},
		{name: "an own queue is nobody else's", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "", 1, own("v"))}, want: ""},
		{name: "the own queue needs a slot as well", queues: "a:1", agents: []Agent{agentOf("u", 0, held(1, 0))}, contacts: []Contact{contactOf("c1", "", 1, own("u"))}, want: ""},
		{name: "routing criteria have no effect in an own queue", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "", 1, own("u"), step(french3))}, want: "c1-u"},
		// Delays.
		{name: "before the delay has passed the contact does not exist for the profile", queues: "a:1:30s b:2", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "b", 20)}, now: 30, want: "c2-u", wake: 31},
		{name: "afterwards the entry's priority counts, without a penalty", queues: "a:1:30s b:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "b", 2)}, now: 31, want: "c1-u"},
		{name: "delays count from the enqueuing, not from the rank", queues: "a:1:30s", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 10, func(c *Contact) { c.Rank = at(-100) })}, now: 39, want: "", wake: 40},
		{name: "a queue twice in a profile: the better place later", queues: "a:1:30s a:3 b:2", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 10), contactOf("c2", "b", 11)}, now: 12, want: "c2-u", wake: 40},
		// Order of agents.
		{name: "the longest available agent", queues: "a:1", agents: []Agent{agentOf("u", 3), agentOf("v", 2), agentOf("w", 4)},
			contacts: []Contact{contactOf("c1", "a", 9), contactOf("c2", "a", 10)}, now: 10, want: "c1-v c2-u"},
		{name: "equally long: the lesser id", queues: "a:1", agents: []Agent{agentOf("v", 3), agentOf("u", 3)}, contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-u"},
		{name: "by the last inbound contact, outbound ones do not count", queues: "a:1", profile: func(p *Profile) { p.Inbound = true },
			agents:   []Agent{agentOf("u", 1, func(a *Agent) { a.LastInbound = at(5) }), agentOf("v", 9, func(a *Agent) { a.LastInbound = at(4) })},
			contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-v"},
		{name: "by the last activity, all count", queues: "a:1",
			agents:   []Agent{agentOf("u", 1, func(a *Agent) { a.LastInbound = at(5) }), agentOf("v", 9, func(a *Agent) { a.LastInbound = at(4) })},
			contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-u"},
		{name: "an idle agent is not preferred", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 3), agentOf("v", 2, held(1, 0))}, contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-v"},
		{name: "unless the profile asks for the least busy", queues: "a:1", profile: func(p *Profile) { two(p); p.LeastBusy = true },
			agents: []Agent{agentOf("u", 3), agentOf("v", 2, held(1, 0))}, contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-u"},
		{name: "equally busy: the longest available", queues: "a:1", profile: func(p *Profile) { two(p); p.LeastBusy = true },
			agents: []Agent{agentOf("u", 3, held(1, 0)), agentOf("v", 2, held(1, 0))}, contacts: []Contact{contactOf("c1", "a", 9)}, want: "c1-v"},
		{name: "who has just been assigned a contact goes to the end, as often as it has slots", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 3), agentOf("v", 2)}, now: 9,
			contacts: []Contact{contactOf("c1", "a", 5), contactOf("c2", "a", 6), contactOf("c3", "a", 7), contactOf("c4", "a", 8), contactOf("c5", "a", 9)}, want: "c1-v c2-u c3-v c4-u"},
		// Who takes anything.
		{name: "not signed in", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.SignedIn = false })}, contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "a status that is not routable", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.Routable = false })}, contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "a next status", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.NextStatus = "Lunch" })}, contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "a missed contact in hand, whatever slots are free", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 0, func(a *Agent) { a.Barred = true; a.Held[Chat] = 1 })},
			contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "who is excluded for now", queues: "a:1", agents: []Agent{agentOf("u", 0), agentOf("v", 5)},
			contacts: []Contact{contactOf("c1", "a", 1, func(c *Contact) { c.Excluded = []center.UserID{"u"} }), contactOf("c2", "a", 2)}, want: "c2-u c1-v"},
		{name: "a contact that rings", queues: "a:1", agents: []Agent{agentOf("u", 0)}, contacts: []Contact{contactOf("c1", "a", 1, func(c *Contact) { c.Ringing = "v" })}, want: ""},
		{name: "an unknown profile", queues: "a:1", agents: []Agent{agentOf("u", 0, func(a *Agent) { a.Profile = "q" })}, contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "a queue for manual assignment only", queues: "b:1", profile: func(p *Profile) { p.Manual = []ManualQueue{{"a", Chat}} }, agents: []Agent{agentOf("u", 0)}, contacts: []Contact{contactOf("c1", "a", 1)}, want: ""},
		{name: "a queue for manual and for automatic assignment is routed", queues: "a:1", profile: func(p *Profile) { p.Manual = []ManualQueue{{"a", Chat}} }, agents: []Agent{agentOf("u", 0)}, contacts: []Contact{contactOf("c1", "a", 1)}, want: "c1-u"},
		// Slots.
		{name: "no more than the profile allows", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "a", 2), contactOf("c3", "a", 3)}, want: "c1-u c2-u"},
		{name: "nor than the agent's own limit", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 0, func(a *Agent) { a.MaxChats = 1 })},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "a", 2)}, want: "c1-u"},
		{name: "an agent's own limit allows no more than the profile", queues: "a:1", profile: two, agents: []Agent{agentOf("u", 0, func(a *Agent) { a.MaxChats = 9 })},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "a", 2), contactOf("c3", "a", 3)}, want: "c1-u c2-u"},
		{name: "who holds a task gets chats", queues: "a:1 t/TASK:1", profile: two, agents: []Agent{agentOf("u", 0, held(0, 1))},
			contacts: []Contact{contactOf("c1", "a", 1), contactOf("c2", "a", 2), contactOf("c3", "a", 3)}, want: "c1-u c2-u"},
		{name: "who holds a chat gets one more chat and no task", queues: "a:2 t/TASK:1", profile: two, agents: []Agent{agentOf("u", 0, held(1, 0))},
			contacts: []Contact{contactOf("c1", "t", 1, asTask), contactOf("c2", "a", 2), contactOf("c3", "a", 3)}, want: "c2-u"},
		{name: "every channel in hand must allow the other, not only one", queues: "m/EMAIL:1", profile: func(p *Profile) { p.Max = Slots{Chat: 2, Task: 2, Email: 2}; p.Any[Task] = true },
			agents: []Agent{agentOf("u", 0, held(1, 1))}, contacts: []Contact{contactOf("c1", "m", 1, func(c *Contact) { c.Channel = Email })}, want: ""},
		{name: "all channels in hand allow the other", queues: "m/EMAIL:1", profile: func(p *Profile) { p.Max = Slots{Chat: 2, Task: 2, Email: 2}; p.Any[Task], p.Any[Chat] = true, true },
			agents: []Agent{agentOf("u", 0, held(1, 1))}, contacts: []Contact{contactOf("c1", "m", 1, func(c *Contact) { c.Channel = Email })}, want: "c1-u"},
		{name: "the first of two channels closes the other", queues: "a:1 t/TASK:1", profile: func(p *Profile) { p.Max = Slots{Chat: 1, Task: 1} }, agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "t", 1, asTask), contactOf("c2", "a", 2)}, want: "c1-u"},
		// Routing criteria.
		{name: "only to those who meet the step", queues: "a:1", agents: []Agent{agentOf("u", 0), agentOf("v", 1, skilled("Language", "French", 2)), agentOf("w", 2, skilled("Language", "French", 3))},
			contacts: []Contact{contactOf("c1", "a", 1, step(french3))}, want: "c1-w"},
		{name: "a contact that the agent cannot take does not hold up later ones", queues: "a:1", agents: []Agent{agentOf("u", 0)},
			contacts: []Contact{contactOf("c1", "a", 1, step(french3)), contactOf("c2", "a", 2)}, want: "c2-u"},
		{name: "an agent who meets the step takes the contact in its order, not sooner", queues: "a:1", agents: []Agent{agentOf("u", 0, skilled("Language", "French", 5))},
			contacts: []Contact{contactOf("c1", "a", 2, step(french3)), contactOf("c2", "a", 1)}, want: "c2-u"},
		{name: "equal criteria by age", queues: "a:1", agents: []Agent{agentOf("u", 0, skilled("Language", "French", 5))},
			contacts: []Contact{contactOf("c1", "a", 2, step(french3)), contactOf("c2", "a", 1, step(french3))}, want: "c2-u"},
		{name: "preferred agents", queues: "a:1", agents: []Agent{agentOf("u", 0), agentOf("v", 1)},
			contacts: []Contact{contactOf("c1", "a", 1, step(`{"AttributeCondition":{"ComparisonOperator":"Match","MatchCriteria":{"AgentsCriteria":{"AgentIds":["v"]}}}}`))}, want: "c1-v"},
		{name: "criteria do not open a queue that the profile does not have", queues: "b:1", agents: []Agent{agentOf("u", 0, skilled("Language", "French", 5))},
			contacts: []Contact{contactOf("c1", "a", 1, step(french3))}, want: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := Profile{ID: "p", Max: Slots{Chat: 1, Task: 1}, Queues: entriesOf(t, test.queues)}
			if test.profile != nil {
				test.profile(&p)
			}
			// Whatever comes first, the answer is the same.
			tell := []func(r *Router){
				func(r *Router) { r.SetProfile(p) },
				func(r *Router) {
					for _, a := range test.agents {
						r.SetAgent(a)
					}
				},
				func(r *Router) {
					for _, c := range test.contacts {
						if err := r.SetContact(c); err != nil {
							t.Fatal(err)
						}
					}
				},
			}
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}} {
				r := New()
				for _, i := range order {
					tell[i](r)
				}
				list, wake := r.Next(at(max(test.now, 9)))
				var got []string
				for _, a := range list {
					got = append(got, fmt.Sprintf("%s-%s", a.Contact, a.User))
				}
				if strings.Join(got, " ") != test.want {
					t.Errorf("told in the order %v: %v; want %q", order, got, test.want)
				}
				if want := at(test.wake); test.wake == 0 && !wake.IsZero() || test.wake > 0 && !wake.Equal(want) {
					t.Errorf("wake is %v; want %v", wake, want)
				}
			}
		})
	}
}

// TestDelays has two profiles for one queue: one sees the contact later.
func TestDelays(t *testing.T) {
	r := New()
	r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 1}, Queues: entriesOf(t, "a:1:10s")})
	r.SetProfile(Profile{ID: "q", Max: Slots{Chat: 1}, Queues: entriesOf(t, "a:1:20s")})
	r.SetAgent(agentOf("late", 0, func(a *Agent) { a.Profile = "q" }))
	r.SetContact(contactOf("c", "a", 0))
	for _, wake := range []int{10, 20} {
		if list, next := r.Next(at(wake - 1)); len(list) > 0 || !next.Equal(at(wake)) {
			t.Fatalf("at %d s: %v, and again at %v; want nothing, and %d s", wake-1, list, next, wake)
		}
	}
	if list, next := r.Next(at(20)); len(list) != 1 || list[0].User != "late" || !next.IsZero() {
		t.Fatalf("after 20 s: %v, and again at %v", list, next)
	}
}

// TestNothingIsOvertaken lets 10,000 contacts arrive in two queues whose keys
// are equal but for their ids, while few agents take them one by one.
func TestNothingIsOvertaken(t *testing.T) {
	r := New()
	r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 3}, Queues: entriesOf(t, "a:1 b:1")})
	const n, agents = 10_000, 7
	var got []center.ContactID
	busy := [agents]Agent{}
	for i := range busy {
		busy[i] = agentOf(center.UserID(fmt.Sprint("u", i)), 0)
		r.SetAgent(busy[i])
	}
	next := func(now time.Time) {
		list, _ := r.Next(now)
		for _, a := range list {
			got = append(got, a.Contact)
			i := slices.IndexFunc(busy[:], func(b Agent) bool { return b.User == a.User })
			busy[i].Held[Chat]++
			busy[i].LastActivity = now
			r.SetAgent(busy[i])
			r.DropContact(a.Contact)
		}
	}
	for i := range n {
		r.SetContact(contactOf(center.ContactID(fmt.Sprintf("c%05d", i)), []center.QueueID{"a", "b"}[i%3%2], 0))
		next(at(i))
		if i%2 == 1 { // they fall behind
			b := &busy[i%agents]
			b.Held[Chat] = max(0, b.Held[Chat]-1)
			r.SetAgent(*b)
			next(at(i))
		}
	}
	for i := 0; len(got) < n && i < 2*n; i++ {
		b := &busy[i%agents]
		b.Held[Chat] = max(0, b.Held[Chat]-1)
		r.SetAgent(*b)
		next(at(n + i))
	}
	if len(got) != n || !slices.IsSorted(got) {
		t.Fatalf("%d of %d contacts were assigned, in order: %t", len(got), n, slices.IsSorted(got))
	}
}

// TestReservations follows an assignment through all that may become of it.
func TestReservations(t *testing.T) {
	begin := func(t *testing.T) (*Router, Assignment) {
		r := New()
		r.SetProfile(Profile{ID: "p", Max: Slots{Chat: 1}, Queues: entriesOf(t, "a:1")})
		r.SetAgent(agentOf("u", 0))
		r.SetContact(contactOf("c", "a", 1))
		list, _ := r.Next(at(1))
		if len(list) != 1 {
			t.Fatalf("%v; want one", list)
		}
		r.SetContact(contactOf("d", "a", 2))
		return r, list[0]
	}
	want := func(t *testing.T, r *Router, contacts ...center.ContactID) {
		t.Helper()
		list, _ := r.Next(at(3))
		var got []center.ContactID
		for _, a := range list {
			got = append(got, a.Contact)
		}
		if !slices.Equal(got, contacts) {
			t.Fatalf("assigned: %v; want %v", got, contacts)
		}
	}
	t.Run("open", func(t *testing.T) {
		r, _ := begin(t)
		want(t, r)
		r.SetAgent(agentOf("u", 0))           // from before the offer
		r.SetContact(contactOf("c", "a", -1)) // likewise
		want(t, r)
	})
	t.Run("released", func(t *testing.T) {
		r, a := begin(t)
		r.Release(a)
		want(t, r, "c")
		r.Release(a) // over already: another assignment of the same two is in hand
		want(t, r)
	})
	t.Run("rings", func(t *testing.T) {
		r, _ := begin(t)
		r.SetAgent(agentOf("u", 1, held(1, 0)))
		r.SetContact(contactOf("c", "a", 1, func(c *Contact) { c.Ringing = "u" }))
		want(t, r)
		r.SetAgent(agentOf("u", 1)) // cleared
		want(t, r, "d")
	})
	t.Run("missed", func(t *testing.T) {
		r, a := begin(t)
		r.SetAgent(agentOf("u", 1, held(1, 0)))
		r.SetContact(contactOf("c", "a", 1, func(c *Contact) { c.Ringing = "u" }))
		r.SetContact(contactOf("c", "a", 1))
		r.SetAgent(agentOf("u", 1, held(1, 0), func(a *Agent) { a.Barred = true }))
		want(t, r)
		r.Release(a) // over already
		want(t, r)
		r.SetAgent(agentOf("v", 3))
		want(t, r, "c")
	})
	t.Run("dropped", func(t *testing.T) {
		r, _ := begin(t)
		r.DropContact("c")
		want(t, r, "d")
	})
	t.Run("the agent is gone and back", func(t *testing.T) {
		r, a := begin(t)
		r.DropAgent("u")
		want(t, r)
		r.SetAgent(agentOf("u", 2))
		want(t, r)
		r.Release(a)
		want(t, r, "c")
	})
}
