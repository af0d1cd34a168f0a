package routing

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Cause is why a contact has no agent yet. Those of agents are in the order of
// how near the agent is to taking the contact.
type Cause int

// The causes. The first ones are of the contact, the others of an agent.
const (
	NotWaiting Cause = iota // it is not known to wait
	Rings                   // it has been offered to Reason.User
	Reserved                // it is about to be offered to Reason.User
	SetAside                // an offer of it to Reason.User has failed, as Reason.Name says: it is offered to nobody until Reason.Until
	NoProfile               // no routing profile has its queue for its channel
	ManualOnly              // profiles have its queue, but only for agents to pick contacts themselves
	NoAgents                // profiles have its queue, and no agent has one of them

	Due          // nothing stands in the way: the next Next assigns it
	Others       // Reason.Count contacts come first, at most MaxAhead
	NoSlot       // Reason.Count of Reason.Limit slots are in use
	TooEarly     // Reason.Wait of the Delay is to go
	Barred       // a missed or rejected contact, or one in error, is in hand
	OtherChannel // a contact of Reason.Channel is held that forbids others
	NextStatus   // a next status, Reason.Name, is pending
	NotRoutable  // the status, Reason.Name, is not routable
	Offline      // not signed in
	Excluded     // does not get it for now
	StepUnmet    // the active step of its routing criteria asks for what Reason.Name says

	causes
)

// Bounds of an [Explanation].
const (
	MaxExplained = 50   // agents with reasons
	MaxAhead     = 1000 // contacts that are counted
)

// Reason is one reason for which a contact has no agent, or not a certain one.
type Reason struct {
	Cause   Cause
	User    center.UserID
	Profile center.RoutingProfileID // of the agent
	Channel Channel                 // of the contact; of the other contact for OtherChannel
	Name    string
	Count   int
	Limit   int
	Wait    time.Duration
	Until   time.Time
}

// String says the reason in a sentence.
func (r Reason) String() string {
	agent := "agent " + string(r.User)
	switch r.Cause {
	case NotWaiting:
		return "the contact does not wait for an agent"
	case Rings:
		return "it rings with " + agent
	case Reserved:
		return "it is being offered to " + agent
	case SetAside:
		return fmt.Sprintf("it could not be offered to %s (%s): it is set aside until %s, and offered again then", agent, r.Name, r.Until.UTC().Format(time.RFC3339))
	case NoProfile:
		return "no routing profile has its queue for " + r.Channel.String()
	case ManualOnly:
		return "routing profiles have its queue for manual assignment only: an agent has to pick it"
	case NoAgents:
		return "no agent has a routing profile with its queue for " + r.Channel.String()
	case Due:
		return agent + " gets it next"
	case Others:
		return fmt.Sprintf("for %s, contacts that come first: %d", agent, r.Count)
	case NoSlot:
		return fmt.Sprintf("%s has %d of %d slots for %s in use", agent, r.Count, r.Limit, r.Channel)
	case TooEarly:
		return fmt.Sprintf("%s may have it in %v: the Delay of routing profile %s", agent, r.Wait, r.Profile)
	case Barred:
		return agent + " has not cleared a contact that was missed or rejected, or is in error"
	case OtherChannel:
		return fmt.Sprintf("%s has a contact of %s, beside which routing profile %s allows no others", agent, r.Channel, r.Profile)
	case NextStatus:
		return agent + " is going to the status " + r.Name
	case NotRoutable:
		return agent + " has the status " + r.Name
	case Offline:
		return agent + " is not signed in"
	case Excluded:
		return agent + " does not get it again for now"
	}
	return agent + " does not meet its routing criteria: " + r.Name
}

// Explanation says why a contact has no agent yet.
type Explanation struct {
	Reasons []Reason      // all reasons of each agent, for at most MaxExplained agents, those first who are nearest to taking it
	Agents  int           // how many agents have the contact's queue
	More    int           // of how many of them Reasons says nothing, those left out included
	Counts  map[Cause]int // how many of them each cause stops, from NoSlot on
}

// candidate is an agent who may come into question for a contact.
type candidate struct {
	*agent
	stops [causes]bool
	worst Cause
	delay time.Duration
}

// Explain says why a contact waits. It looks at every agent whose profile has the
// contact's queue, so it is for people who ask, not for every event. Of agents whom tell is
// false for it says nothing by themselves; a nil tell is true for all.
func (r *Router) Explain(id center.ContactID, now time.Time, tell func(center.UserID) bool) Explanation {
	c := r.contacts[id]
	switch {
	case c == nil:
		return Explanation{Reasons: []Reason{{Cause: NotWaiting}}}
	case c.Ringing != "":
		return Explanation{Reasons: []Reason{{Cause: Rings, User: c.Ringing, Channel: c.Channel}}}
	case c.holder != nil:
		return Explanation{Reasons: []Reason{{Cause: Reserved, User: c.holder.User, Channel: c.Channel}}}
	}
	all, cause := r.candidatesOf(c)
	if len(all) == 0 {
		return Explanation{Reasons: []Reason{{Cause: cause, Channel: c.Channel}}}
	}
	e := Explanation{Agents: len(all), Counts: map[Cause]int{}}
	waited := max(r.now, nanos(now)) - nanos(c.Enqueued)
	for i := range all {
		all[i].judge(c, waited)
		for cause, stops := range all[i].stops {
			if stops {
				e.Counts[Cause(cause)]++
			}
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.worst, b.worst), cmp.Compare(a.User, b.User))
	})
	told := 0
	for _, a := range all {
		if told == MaxExplained {
			break
		}
		if tell == nil || tell(a.User) {
			e.Reasons = append(e.Reasons, r.reasons(c, a, waited)...)
			told++
		}
	}
	e.More = len(all) - told
	return e
}

// candidatesOf returns the agents who have a contact's queue; the cause when there are none.
func (r *Router) candidatesOf(c *contact) (all []candidate, cause Cause) {
	if c.queue.owner != nil {
		return []candidate{{agent: c.queue.owner}}, 0
	}
	seen := map[*profile]bool{}
	for _, s := range c.queue.stages {
		for _, p := range s.profiles {
			if !seen[p] {
				seen[p] = true
				for _, a := range p.agents {
					all = append(all, candidate{agent: a, delay: s.delay})
				}
			}
		}
	}
	if len(seen) > 0 {
		return all, NoAgents
	}
	for _, p := range r.profiles {
		if slices.Contains(p.Manual, ManualQueue{c.Queue, c.Channel}) {
			return nil, ManualOnly
		}
	}
	return nil, NoProfile
}

// judge finds what stops an agent from taking a contact that has waited so many nanoseconds.
func (a *candidate) judge(c *contact, waited int64) {
	stop := func(cause Cause, stops bool) {
		if stops {
			a.stops[cause], a.worst = true, max(a.worst, cause)
		}
	}
	stop(Excluded, slices.Contains(c.Excluded, a.User))
	stop(StepUnmet, c.selector != nil && c.selector.step != nil && !c.selector.step.Matches(a.User, a.Proficiencies))
	stop(TooEarly, waited < int64(a.delay))
	if stop(Offline, !a.SignedIn); !a.SignedIn {
		return
	}
	stop(NotRoutable, !a.Routable)
	stop(NextStatus, a.NextStatus != "")
	stop(Barred, a.Agent.Barred)
	used := a.used()
	_, forbidden := a.forbids(c.Channel, used)
	stop(OtherChannel, forbidden)
	stop(NoSlot, used[c.Channel] >= a.limit(c.Channel))
}

// reasons returns what stops an agent, in words and figures.
func (r *Router) reasons(c *contact, a candidate, waited int64) (list []Reason) {
	add := func(cause Cause) *Reason {
		list = append(list, Reason{Cause: cause, User: a.User, Profile: a.Profile, Channel: c.Channel})
		return &list[len(list)-1]
	}
	if a.worst < NextStatus {
		if n := r.ahead(c, a.agent); n > 0 {
			add(Others).Count = n
		}
	}
	for cause, stops := range a.stops {
		if !stops {
			continue
		}
		switch why := add(Cause(cause)); why.Cause {
		case NoSlot:
			why.Count, why.Limit = a.used()[c.Channel], a.limit(c.Channel)
		case TooEarly:
			why.Wait = (a.delay - time.Duration(waited)).Round(time.Millisecond)
		case OtherChannel:
			why.Channel, _ = a.forbids(c.Channel, a.used())
		case NextStatus:
			why.Name = a.NextStatus
		case NotRoutable:
			why.Name = a.Status
		case StepUnmet:
			why.Name = c.selector.step.unmet(a.User, a.Proficiencies)
		}
	}
	if len(list) == 0 {
		add(Due)
	}
	return list
}

// ahead counts the contacts that an agent, who has a profile, would take before c, as far as MaxAhead.
func (r *Router) ahead(c *contact, a *agent) (n int) {
	count := func(s *stage, bound ticket) {
		if a.profile.Max[s.queue.key.channel] == 0 {
			return
		}
		n += s.plain.contacts.below(bound, MaxAhead-n)
		for _, l := range s.choosy {
			if l.selector.takes(&a.Agent) {
				n += l.contacts.below(bound, MaxAhead-n)
			}
		}
	}
	last := ticket{priority: 1<<63 - 1, rank: 1<<63 - 1, c: &contact{Contact: Contact{ID: "\xff"}}}
	for _, q := range a.own {
		switch {
		case q == nil:
		case c.queue.owner == nil:
			count(q.stages[0], last)
		default:
			count(q.stages[0], c.ticket)
		}
	}
	if c.queue.owner != nil {
		return n
	}
	mine := slices.IndexFunc(a.profile.entries, func(e entry) bool { return e.stage.queue == c.queue })
	seen := map[*stage]bool{}
	for _, e := range a.profile.entries {
		bound := c.ticket
		if e.priority < a.profile.entries[mine].priority {
			bound = last
		} else if e.priority > a.profile.entries[mine].priority {
			break
		}
		if !seen[e.stage] {
			seen[e.stage] = true
			count(e.stage, bound)
		}
	}
	return n
}
