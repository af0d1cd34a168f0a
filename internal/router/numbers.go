package router

import (
	"cmp"
	"context"
	"slices"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// Numbers is what goes on in an instance at one moment.
type Numbers struct {
	At      time.Time
	Crews   map[Crew]Counts
	Lines   map[center.QueueID]Line
	Parts   map[center.QueueID]map[Part]Line // of the queues that were asked for
	Handled map[center.QueueID]time.Duration // how long contacts took a slot lately
}

// Numbers returns what goes on in an instance, as the last commit left it. Parts are of the
// queues for which parts is true; it may be nil. What it takes depends on how many profiles, statuses and queues there
// are, not on how many agents and contacts; of those queues, on how many kinds of steps are in force.
func (r *Router) Numbers(ctx context.Context, id center.InstanceID, parts func(center.QueueID) bool) (*Numbers, error) {
	n := &Numbers{
		Crews: map[Crew]Counts{}, Lines: map[center.QueueID]Line{}, Parts: map[center.QueueID]map[Part]Line{},
		Handled: map[center.QueueID]time.Duration{},
	}
	return n, r.knowing(ctx, id, func(in *instance) {
		n.At = r.Clock.Now()
		if in == nil {
			return
		}
		for c, is := range in.census.crews {
			n.Crews[c] = is.Counts
		}
		for q, is := range in.census.queues {
			n.Lines[q] = is.all.line()
			if parts != nil && parts(q) {
				n.Parts[q] = map[Part]Line{}
				for p, some := range is.parts {
					n.Parts[q][p] = some.line()
				}
			}
		}
		for q, m := range in.census.handled {
			n.Handled[q] = m.took
		}
	})
}

// knowing does something with what is known of an instance, nil for nothing, when all has been
// learnt that was told before.
func (r *Router) knowing(ctx context.Context, id center.InstanceID, do func(in *instance)) error {
	r.work.Lock()
	defer r.work.Unlock()
	r.mu.Lock()
	told := r.told[id]
	delete(r.told, id)
	if told != nil {
		r.busy++
	}
	r.mu.Unlock()
	var err error
	if told != nil {
		if err = r.learn(ctx, id, told); err != nil {
			r.later(id, told)
		}
		r.tell(id, func(*news) { r.busy-- }) // what has become known is still to be assigned
	}
	if err != nil {
		return err
	}
	do(r.instances[id])
	return nil
}

// Staffing counts the agents whose routing profile has a queue for chats, and estimates how long a
// chat waits there that ahead others are taken before.
func (r *Router) Staffing(ctx context.Context, id center.InstanceID, queue center.QueueID) (s engine.Staffing, err error) {
	err = r.knowing(ctx, id, func(in *instance) {
		if in == nil {
			return
		}
		var of Counts
		for c, is := range in.census.crews {
			if p, err := catalog.Get[*catalog.RoutingProfile](in.snap, c.Profile); err == nil && Serves(p, queue, chatChannel) {
				of.Add(is.Counts, 1)
			}
		}
		s.Staffing = contact.Staffing{
			Online: of.Online, Staffed: of.Staffed, Available: of.Available,
			AfterWork: of.AfterWork, Busy: of.OnContact, Missed: of.Barred, NonProductive: of.NonProductive,
		}
		var took time.Duration
		if m := in.census.handled[queue]; m != nil {
			took = m.took
		}
		s.Wait = func(ahead int64) (time.Duration, bool) { return of.Wait(ahead, took) }
	})
	return s, err
}

// Serves reports whether agents with a routing profile are offered contacts of a channel from a queue.
func Serves(p *catalog.RoutingProfile, queue center.QueueID, channel string) bool {
	return slices.ContainsFunc(p.Queues, func(q catalog.ProfileQueue) bool { return q.Queue == queue && q.Channel == channel })
}

// Desk is an agent, with what he has in hand.
type Desk struct {
	User  *catalog.User
	Agent *agent.Agent // nil when nothing is known of him
	Hands []InHand     // longest first
}

// InHand is a contact in an agent's hands.
type InHand struct {
	Contact  center.ContactID
	State    contact.WorkState
	Since    time.Time // of State
	Accepted time.Time // zero when it has not been
}

// Desks returns the agents of an instance who are not Offline, or have something in hand, as the last commit left
// them: those that match, in order of their ids.
func (r *Router) Desks(ctx context.Context, id center.InstanceID, match func(u *catalog.User) bool) (desks []Desk, err error) {
	err = r.knowing(ctx, id, func(in *instance) {
		if in == nil {
			return
		}
		for user, s := range in.agents {
			u := in.user(user)
			if u == nil || !match(u) || len(s.hands) == 0 && (s.agent == nil || !s.agent.Online()) {
				continue
			}
			d := Desk{User: u, Agent: s.agent}
			for _, h := range s.hands {
				d.Hands = append(d.Hands, InHand{h.contact, h.state, h.since, h.accepted})
			}
			slices.SortFunc(d.Hands, func(a, b InHand) int {
				if c := a.Since.Compare(b.Since); c != 0 {
					return c
				}
				return cmp.Compare(a.Contact, b.Contact)
			})
			desks = append(desks, d)
		}
	})
	slices.SortFunc(desks, func(a, b Desk) int { return cmp.Compare(a.User.ID, b.User.ID) })
	return desks, err
}
