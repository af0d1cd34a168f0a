package agent

import (
	"cmp"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Command is a request to an agent, or something that happened to him: the
// exported types of this package with a decide method.
type Command interface {
	decide(d *decision) error
}

// Env is what a decision depends on beside the agent.
type Env struct {
	Now  time.Time
	Held int64 // how many contacts the agent has in hand
}

// Change is the result of a command.
type Change struct {
	Agent  *Agent    // the new state; nil when it stays as it is
	Due    time.Time // with Agent: when its timer falls due, zero for never
	Barred int       // +1 when nothing may be offered to the agent any more, -1 when it may again
	// Empty says that the agent must have nothing in hand: the change is refused
	// when he has.
	Empty bool
	// Clear asks for an end of after-contact work: a next status has been chosen. Take asks
	// for all contacts of an agent who does not come back, and Unwatch for an end of what he supervises.
	Clear, Take, Unwatch bool
	Events               []Event
}

// Event is something that others are told of an agent (EventType of the agent event stream).
type Event string

// The events of agents.
const (
	Login       Event = "LOGIN"
	Logout      Event = "LOGOUT"
	StateChange Event = "STATE_CHANGE"
)

type decision struct {
	agent  *Agent
	env    Env
	change Change
}

// Decide returns the result of a command. a is nil for an agent of whom nothing is
// known yet; he is Offline, which first describes. It changes nothing it is given. An
// error is a *center.Error, and means that nothing happened.
func Decide(a *Agent, first Agent, cmd Command, env Env) (Change, error) {
	barred := false
	d := decision{agent: a, env: env}
	if a == nil {
		d.agent = &first
		d.agent.Since = env.Now
	} else {
		barred = a.Barred()
	}
	if err := cmd.decide(&d); err != nil {
		return Change{}, err
	}
	if n := d.change.Agent; n != nil {
		n.watch(env.Now, env.Held)
		d.change.Due = n.By
		if is := n.Barred(); is && !barred {
			d.change.Barred = 1
		} else if !is && barred {
			d.change.Barred = -1
		}
	}
	return d.change, nil
}

// watch starts and stops the clock of an agent who is not there. Once it has been decided what becomes of him it starts
// again when there is something to decide: he is not Offline any more, or has contacts in hand.
func (a *Agent) watch(now time.Time, held int64) {
	switch {
	case a.Present():
		a.Absent, a.By = time.Time{}, time.Time{}
	case a.Absent.IsZero(), a.By.IsZero() && (a.Online() || held > 0):
		a.Absent, a.By = now, now.Add(Grace)
	}
}

func (d *decision) edit() *Agent {
	if d.change.Agent == nil {
		d.agent = d.agent.clone()
		d.change.Agent = d.agent
	}
	return d.agent
}

// set makes a status the agent's. Nothing is to follow it any more.
func (d *decision) set(s Status, by Setter) {
	a := d.edit()
	if a.Status == s && a.Next == nil {
		return
	}
	if a.Next, a.Chosen, a.ChosenBy = nil, (time.Time{}), ""; a.Status != s {
		a.Status, a.Since, a.SetBy = s, d.env.Now, by
	}
	d.change.Events = append(d.change.Events, StateChange)
}

// follow has a status follow when nothing is in hand any more.
func (d *decision) follow(s Status, by Setter) {
	a := d.edit()
	a.Next, a.Chosen, a.ChosenBy = &s, d.env.Now, by
	d.change.Events = append(d.change.Events, StateChange)
}

// SetStatus gives the agent a status (PutUserStatus, and the agent himself). A
// routable one applies at once, and cancels the next status. Any other applies at
// once when nothing is in hand; otherwise it is to follow, nothing more is offered, and
// after-contact work ends: the rules of the API's next status.
//
// A routable status of an agent who has no client is refused as BadRequest: nobody would answer.
type SetStatus struct {
	Status
	By Setter // "" for the agent himself
}

func (s SetStatus) decide(d *decision) error {
	a, by := d.agent, cmp.Or(s.By, ByAgent)
	switch {
	case s.Type == Routable && !a.Present():
		return center.Errorf(center.BadRequest, "the agent is not signed in; only an agent who is can be set to %s", s.Name)
	case s.Type == Routable, s.Status == a.Status:
		if a.Status != s.Status || a.Next != nil {
			d.set(s.Status, by)
		}
	case d.env.Held == 0:
		d.change.Empty = true
		d.set(s.Status, by)
	case a.Next == nil || *a.Next != s.Status:
		d.follow(s.Status, by)
		d.change.Clear = true
	default:
		d.change.Clear = true // what followed from the first time may have failed
	}
	return nil
}

// Settle applies the next status when nothing is in hand any more.
type Settle struct{}

func (Settle) decide(d *decision) error {
	if d.agent.Next != nil && d.env.Held == 0 {
		d.change.Empty = true
		d.set(*d.agent.Next, d.agent.ChosenBy)
	}
	return nil
}

// Arrive reports that a client of the agent has come.
type Arrive struct{ Client }

func (c Arrive) decide(d *decision) error {
	a := d.agent
	if slices.ContainsFunc(a.Clients, c.Client.same) {
		return nil
	}
	if !a.Present() {
		d.change.Events = append(d.change.Events, Login)
	}
	a = d.edit()
	if len(a.Clients) >= MaxClients {
		a.Clients = a.Clients[1:]
	}
	a.Clients = append(a.Clients, c.Client)
	return nil
}

// Depart reports that clients of the agent have gone: one, or with an empty ID all those of a node.
// He stays what he is for the time of [Grace] or [LongGrace], but is offered nothing.
type Depart struct{ Client }

func (c Depart) decide(d *decision) error {
	gone := func(k Client) bool { return k.same(c.Client) || c.ID == "" && k.Node == c.Node }
	if !slices.ContainsFunc(d.agent.Clients, gone) {
		return nil
	}
	a := d.edit()
	a.Clients = slices.DeleteFunc(a.Clients, gone)
	if !a.Present() && !a.Online() {
		d.change.Events = append(d.change.Events, Logout)
	}
	return nil
}

// Summon reports that the agent is given something that he sees at his desk alone, as what he supervises is: if he has no
// client he is waited for as one who has gone.
type Summon struct{}

func (Summon) decide(d *decision) error {
	if a := d.agent; !a.Present() && a.By.IsZero() {
		d.edit().Absent = time.Time{}
	}
	return nil
}

// Late reports whether the agent has been away for so long that something is to be decided: see [Tick].
func (a *Agent) Late(now time.Time) bool { return !a.By.IsZero() && !a.By.After(now) }

// Tick fires the agent's timer, if it is due: one who does not come back is Offline if he has nothing in hand;
// his contacts are taken from him if he stays away for longer. What he supervises has to have ended before: it
// is nothing that he has in hand, and nobody asks for it again.
type Tick struct{ Offline Status }

func (t Tick) decide(d *decision) error {
	if !d.agent.Late(d.env.Now) {
		return nil
	}
	a := d.edit()
	lost := a.Absent.Add(LongGrace)
	switch {
	case d.env.Held == 0:
		was := a.Online()
		d.change.Empty, a.By = true, time.Time{}
		if d.set(t.Offline, BySystem); was {
			d.change.Events = append(d.change.Events, Logout)
		}
	case d.env.Now.Before(lost):
		a.By = lost
	default:
		if a.Next == nil {
			d.follow(t.Offline, BySystem)
		}
		a.By = d.env.Now.Add(takeAgain)
		d.change.Take = true
	}
	return nil
}
