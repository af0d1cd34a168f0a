package agent

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
)

var (
	available = Status{ID: "1", Name: "Available", Type: Routable}
	offline   = Status{ID: "2", Name: "Offline", Type: Offline}
	lunch     = Status{ID: "3", Name: "Lunch", Type: Custom}
	meeting   = Status{ID: "4", Name: "Meeting", Type: Custom}
	tab       = Client{ID: "tab", Node: "a", Session: "at work"}
	other     = Client{ID: "other", Node: "b", Session: "at home"}
	work      = Session{ID: "at work", Until: time.Date(2026, 1, 5, 21, 0, 0, 0, time.UTC)}
)

// agentTest gives one agent commands, and keeps what the store counts.
type agentTest struct {
	t      *testing.T
	agent  *Agent
	now    time.Time
	held   int64
	barred int
	last   Change
}

func newAgentTest(t *testing.T) *agentTest {
	return &agentTest{t: t, now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
}

func (a *agentTest) try(cmd Command) error {
	a.t.Helper()
	before := a.agent
	var was Agent
	if before != nil {
		was = *before.clone()
	}
	change, err := Decide(a.agent, Agent{User: "bo", Instance: "i", Status: offline}, cmd, Env{Now: a.now, Held: a.held})
	if before != nil && !reflect.DeepEqual(was, *before) {
		a.t.Fatalf("%T changed the state that it was given", cmd)
	}
	if err != nil {
		return err
	}
	if change.Empty && a.held > 0 {
		return fmt.Errorf("%T asks for empty hands with %d contacts in them", cmd, a.held)
	}
	a.last = change
	if a.barred += change.Barred; change.Agent != nil {
		stored, err := Decode(change.Agent.Encode())
		if err != nil {
			a.t.Fatal(err)
		}
		if a.agent = stored; string(stored.Encode()) != string(change.Agent.Encode()) {
			a.t.Fatalf("%T: stored as %+v; decided %+v", cmd, stored, change.Agent)
		}
	}
	if a.agent != nil && (a.barred == 1) != a.agent.Barred() {
		a.t.Fatalf("%T: barred %d; the agent is %+v", cmd, a.barred, a.agent)
	}
	return nil
}

func (a *agentTest) do(cmd Command) {
	a.t.Helper()
	if err := a.try(cmd); err != nil {
		a.t.Fatalf("%T = %v", cmd, err)
	}
}

// pass lets time pass, and fires the timer.
func (a *agentTest) pass(d time.Duration) {
	a.t.Helper()
	end := a.now.Add(d)
	for a.agent != nil && !a.agent.By.IsZero() && !a.agent.By.After(end) {
		a.now = a.agent.By
		a.do(Tick{offline})
		if a.last.Take {
			break
		}
	}
	if a.now.Before(end) {
		a.now = end
	}
}

func (a *agentTest) want(status Status, next string, barred bool) {
	a.t.Helper()
	got := ""
	if a.agent.Next != nil {
		got = a.agent.Next.Name
	}
	if a.agent.Status != status || got != next || a.agent.Barred() != barred {
		a.t.Errorf("the agent is %s, then %q, barred %t; want %s, then %q, barred %t", a.agent.Status.Name, got, a.agent.Barred(), status.Name, next, barred)
	}
}

// told is what others were told of the last change.
func (a *agentTest) told(want ...Event) {
	a.t.Helper()
	if !slices.Equal(a.last.Events, want) {
		a.t.Errorf("told of the change is %q; want %q", a.last.Events, want)
	}
}

// TestStatus: every change of what an agent is, or will be, is one event.
func TestStatus(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(a *agentTest)
		status Status
		next   string
		barred bool
	}{
		"signed in": {func(*agentTest) {}, offline, "", true},
		"available": {func(a *agentTest) { a.do(SetStatus{Status: available}) }, available, "", false},
		"at lunch with empty hands": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.do(SetStatus{Status: lunch})
		}, lunch, "", true},
		"lunch is to follow": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 2
			a.do(SetStatus{Status: lunch})
			if !a.last.Clear {
				t.Error("after-contact work goes on although a next status was chosen")
			}
			a.do(Settle{})
		}, available, "Lunch", true},
		"lunch follows": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{Status: lunch})
			a.now, a.held = a.now.Add(time.Minute), 0
			a.do(Settle{})
			if !a.agent.Since.Equal(a.now) {
				t.Errorf("at lunch since %v; want now, %v", a.agent.Since, a.now)
			}
		}, lunch, "", true},
		"another is to follow": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{Status: lunch})
			a.do(SetStatus{Status: meeting})
		}, available, "Meeting", true},
		"available cancels what was to follow": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{Status: lunch})
			a.told(StateChange)
			a.do(SetStatus{Status: available})
			a.told(StateChange)
		}, available, "", false},
		"the present status cancels it too": {func(a *agentTest) {
			a.do(SetStatus{Status: lunch})
			a.held = 1
			a.do(SetStatus{Status: meeting})
			a.told(StateChange)
			a.do(SetStatus{Status: meeting})
			a.told()
			a.do(SetStatus{Status: lunch})
			a.told(StateChange)
			a.do(SetStatus{Status: lunch})
			a.told()
		}, lunch, "", true},
		"available with an assigned contact": {func(a *agentTest) {
			a.do(SetStatus{Status: lunch})
			a.held = 1
			a.do(SetStatus{Status: available})
		}, available, "", false},
		"chosen twice": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			since := a.agent.Since
			a.now = a.now.Add(time.Hour)
			a.do(SetStatus{Status: available})
			if a.last.Agent != nil || !a.agent.Since.Equal(since) {
				t.Errorf("available since %v; want %v", a.agent.Since, since)
			}
		}, available, "", false},
		"signed out": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.do(SignOut{work, offline})
		}, offline, "", true},
		"signed out with a chat": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SignOut{work, offline})
		}, available, "Offline", true},
		"signed out in one of two tabs": {func(a *agentTest) {
			a.do(Arrive{other})
			a.do(SetStatus{Status: available})
			a.do(SignOut{work, offline})
		}, available, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgentTest(t)
			if err := a.try(SetStatus{Status: available}); center.ReasonOf(err) != center.BadRequest {
				t.Errorf("available without a client = %v", err)
			}
			a.do(Arrive{tab})
			c.do(a)
			a.want(c.status, c.next, c.barred)
		})
	}
}

// TestWhoHasSetTheStatus: a status has who chose it, also when it followed later.
func TestWhoHasSetTheStatus(t *testing.T) {
	for name, c := range map[string]struct {
		do       func(a *agentTest)
		set, now Setter // of the next status, and of the status
	}{
		"nobody":           {func(*agentTest) {}, "", ""},
		"the agent":        {func(a *agentTest) { a.do(SetStatus{Status: lunch}) }, "", ByAgent},
		"a supervisor":     {func(a *agentTest) { a.do(SetStatus{lunch, BySupervisor}) }, "", BySupervisor},
		"first the former": {func(a *agentTest) { a.do(SetStatus{Status: lunch}); a.do(SetStatus{lunch, BySupervisor}) }, "", ByAgent},
		"what is to follow": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{lunch, BySupervisor})
		}, BySupervisor, ByAgent},
		"what has followed": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{lunch, BySupervisor})
			a.held = 0
			a.do(Settle{})
		}, "", BySupervisor},
		"nothing follows any more": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(SetStatus{lunch, BySupervisor})
			a.do(SetStatus{Status: available})
		}, "", ByAgent},
		"signing out": {func(a *agentTest) {
			a.do(SetStatus{available, BySupervisor})
			a.do(SignOut{work, offline})
		}, "", ByAgent},
		"not coming back": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.do(Depart{tab})
			a.pass(time.Hour)
		}, "", BySystem},
		"not coming back to a chat": {func(a *agentTest) {
			a.do(SetStatus{Status: available})
			a.held = 1
			a.do(Depart{tab})
			a.pass(time.Hour)
		}, BySystem, ByAgent},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgentTest(t)
			a.do(Arrive{tab})
			c.do(a)
			if a.agent.SetBy != c.now || a.agent.ChosenBy != c.set {
				t.Errorf("%s is set by %q, what follows by %q; want %q, %q", a.agent.Status.Name, a.agent.SetBy, a.agent.ChosenBy, c.now, c.set)
			}
		})
	}
}

func TestPresence(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(a *agentTest)
		status Status
		next   string
		barred bool
		taken  bool
	}{
		"away for less than a minute": {func(a *agentTest) {
			a.do(Depart{tab})
			a.pass(59 * time.Second)
			a.want(available, "", true)
			a.do(Arrive{other})
			a.pass(time.Hour)
		}, available, "", false, false},
		"away for longer": {func(a *agentTest) {
			a.do(Depart{tab})
			a.pass(time.Minute)
		}, offline, "", true, false},
		"away with a chat, and back": {func(a *agentTest) {
			a.held = 1
			a.do(Depart{tab})
			a.pass(170 * time.Second)
			a.do(Arrive{tab})
			a.pass(time.Hour)
		}, available, "", false, false},
		"away with a chat for too long": {func(a *agentTest) {
			a.held = 1
			a.do(Depart{tab})
			a.pass(time.Hour)
		}, available, "Offline", true, true},
		"what could not be taken is taken later": {func(a *agentTest) {
			a.held = 1
			a.do(Depart{tab})
			a.pass(time.Hour)
			a.pass(time.Hour)
		}, available, "Offline", true, true},
		"all is taken": {func(a *agentTest) {
			a.held = 1
			a.do(Depart{tab})
			a.pass(time.Hour)
			a.held = 0
			a.do(Settle{})
		}, offline, "", true, false},
		"one of two tabs": {func(a *agentTest) {
			a.do(Arrive{other})
			a.do(Depart{tab})
			a.pass(time.Hour)
		}, available, "", false, false},
		"Offline with a picked chat, and away for too long": {func(a *agentTest) {
			a.do(SetStatus{Status: offline})
			a.held = 1
			a.do(Depart{tab})
			a.pass(time.Hour)
		}, offline, "Offline", true, true},
		"the node of a tab has died": {func(a *agentTest) {
			a.do(Arrive{other})
			a.do(Depart{Client{Node: "a"}})
			a.do(Depart{Client{Node: "b"}})
			a.do(Depart{Client{Node: "b"}})
		}, available, "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgentTest(t)
			a.do(Arrive{tab})
			a.do(Arrive{tab})
			a.do(SetStatus{Status: available})
			c.do(a)
			a.want(c.status, c.next, c.barred)
			if a.last.Take != c.taken {
				t.Errorf("contacts are taken: %t; want %t", a.last.Take, c.taken)
			}
		})
	}
}

func TestClientsHaveABound(t *testing.T) {
	a := newAgentTest(t)
	for i := range MaxClients + 3 {
		a.do(Arrive{Client{ID: fmt.Sprint(i), Node: "a"}})
	}
	if n := len(a.agent.Clients); n != MaxClients || a.agent.Clients[0].ID != "3" {
		t.Errorf("%d clients, the first is %s; want the last %d", n, a.agent.Clients[0].ID, MaxClients)
	}
}

// Whatever happens in whatever order, what the store counts agrees with the agent, a status
// that is not routable is never applied while something is in hand, and an agent whose hands are
// empty has no next status once he has been told so.
func TestRandomAgents(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	all := []Status{available, offline, lunch, meeting}
	reached := map[string]int{}
	for range 300 {
		a := newAgentTest(t)
		for range 80 {
			client := []Client{tab, other, {ID: "third", Node: "a"}}[chance.IntN(3)]
			var before Status
			if a.agent != nil {
				before = a.agent.Status
			}
			switch chance.IntN(8) {
			case 0, 1:
				a.try(SetStatus{Status: all[chance.IntN(4)]}) // refused without a client: tested above
			case 2:
				a.do(Arrive{client})
			case 3:
				a.do(Depart{client})
			case 4:
				a.do(SignOut{Session{ID: client.Session}, offline})
			case 5:
				if a.agent != nil && !a.agent.Barred() {
					a.held++
				}
			case 6:
				if a.held > 0 {
					a.held--
				}
				a.do(Settle{})
				if a.agent != nil && a.held == 0 && a.agent.Next != nil {
					t.Fatalf("with empty hands %s is still to follow", a.agent.Next.Name)
				}
			case 7:
				if a.pass(time.Duration(chance.IntN(300)) * time.Second); a.last.Take {
					reached["taken"]++
					a.held = 0
					a.do(Settle{})
				}
			}
			if a.agent == nil {
				continue
			}
			if a.held > 0 && a.agent.Status != before && a.agent.Status.Type != Routable {
				t.Fatalf("from %s to %s with %d contacts in hand", before.Name, a.agent.Status.Name, a.held)
			}
			reached[a.agent.Status.Name]++
			if a.agent.Next != nil {
				reached["next"]++
			}
		}
	}
	for _, what := range []string{"Available", "Offline", "Lunch", "next", "taken"} {
		if reached[what] < 5 {
			t.Errorf("reached %q %d times", what, reached[what])
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, bad := range []string{"", "{", "{}", `{"user":"bo"}`} {
		if a, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%q decodes as %+v", bad, a)
		}
	}
}
