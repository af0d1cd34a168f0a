package routingsim

import (
	"fmt"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/routing"
)

// rebuild makes a new router of the facts that the desk keeps.
func (s *Simulation) rebuild() {
	s.router, s.facts = routing.New(), NewFacts()
	for _, p := range s.profiles {
		s.free[p.ID] = map[center.UserID][4]bool{}
		s.router.SetProfile(p)
		s.facts.Profiles[p.ID] = p
	}
	s.desk.Changed() // all of it
	agents, contacts := s.desk.All()
	for _, a := range agents {
		s.router.SetAgent(a)
		s.facts.Agents[a.User] = a
		s.look(a.User)
	}
	for _, c := range contacts {
		s.setContact(c)
	}
}

func (s *Simulation) setContact(c routing.Contact) {
	if err := s.router.SetContact(c); err != nil {
		s.breach("the router does not take %s: %v", c.ID, err)
	}
	s.facts.Contacts[c.ID] = c
}

func (s *Simulation) breach(format string, args ...any) {
	if s.problem == nil {
		s.problem = fmt.Errorf(format, args...)
	}
}

// tell tells the router what has changed: of agents first.
func (s *Simulation) tell() {
	users, contacts := s.desk.Changed()
	for _, user := range users {
		a := s.desk.Agent(user)
		s.router.SetAgent(a)
		s.facts.Agents[user] = a
		s.look(user)
	}
	for _, id := range contacts {
		held, reserved := s.facts.Reserved[id]
		c, waits := s.desk.Contact(id)
		if waits {
			s.setContact(c)
		} else {
			s.router.DropContact(id)
			delete(s.facts.Contacts, id)
		}
		if reserved && (!waits || c.Ringing != "") {
			delete(s.facts.Reserved, id)
			s.look(held.User)
		}
	}
}

// look notes of which channels an agent can take another contact.
func (s *Simulation) look(user center.UserID) {
	a := s.facts.Agents[user]
	if free := s.facts.Free(a); free != [4]bool{} {
		s.free[a.Profile][user] = free
	} else {
		delete(s.free[a.Profile], user)
	}
}

// route tells the router what has changed, and plans the offers it asks for.
func (s *Simulation) route() {
	s.tell()
	list, wake := s.router.Next(s.now)
	for _, a := range list {
		s.judge(a)
		s.facts.Reserve(a, s.now)
		s.look(a.User)
		s.note("%s is for %s", a.Contact, a.User)
		by, takes := s.report.Deaths, s.between(0, 20*time.Millisecond)
		if s.rng.IntN(10) == 0 {
			takes = s.between(0, 5*time.Second)
		}
		s.after(takes, func() { s.offer(a, by != s.report.Deaths) })
	}
	if !wake.IsZero() && (!s.wake.After(s.now) || wake.Before(s.wake)) {
		s.wake = wake
		s.after(wake.Sub(s.now), func() {})
	}
}

// judge checks an assignment: that the agent has a slot, and that the contact is
// the first of all that it could take.
func (s *Simulation) judge(a routing.Assignment) {
	agent := s.facts.Agents[a.User]
	c, known := s.facts.Contacts[a.Contact]
	free := s.facts.Free(agent)
	at, ok := s.facts.Place(agent, c, s.now)
	if !known || !ok || !free[c.Channel] || a.Channel != c.Channel {
		s.breach("%+v may not be: the contact is %+v, the agent %+v", a, c, agent)
		return
	}
	for _, other := range s.facts.Contacts {
		if place, ok := s.facts.Place(agent, other, s.now); ok && free[other.Channel] && place.Before(at) {
			s.breach("%s gets %s, and %s overtakes %s", a.User, a.Contact, a.Contact, other.ID)
		}
	}
}

// check looks for an agent who could take a contact that waits.
func (s *Simulation) check() {
	for _, c := range s.facts.Contacts {
		if !s.facts.waits(c) {
			continue
		}
		for _, p := range s.profiles {
			if _, ok := s.facts.entry(p, c, s.now); !ok && c.Own == "" {
				continue
			}
			for user, free := range s.free[p.ID] {
				if !free[c.Channel] {
					continue
				}
				if _, ok := s.facts.Place(s.facts.Agents[user], c, s.now); ok {
					s.breach("%s waits and %s, who could take it, has time: %v", c.ID, user, s.router.Explain(c.ID, s.now, nil))
				}
			}
		}
	}
}

// over checks that nothing is left when everybody has gone home.
func (s *Simulation) over() {
	if s.problem != nil {
		return
	}
	agents, contacts := s.desk.All()
	for _, a := range agents {
		if a.Held != (routing.Slots{}) || a.NextStatus != "" {
			s.breach("at the end %s has %v in hand", a.User, a.Held)
		}
	}
	if len(contacts) > 0 || len(s.facts.Reserved) > 0 || s.arrived != s.size.Chats {
		s.breach("at the end %d contacts wait, %d are reserved and %d have arrived", len(contacts), len(s.facts.Reserved), s.arrived)
	}
	if out := s.report.Abandoned + s.report.Handled; out != s.arrived {
		s.breach("%d chats arrived, and %d left", s.arrived, out)
	}
}
