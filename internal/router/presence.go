package router

import (
	"context"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Presence is who could take a contact at one moment, as the last commit left it.
type Presence struct {
	Agents map[center.UserID]Reach // of those whom something is known of: who is missing is Offline
	Lines  map[center.QueueID]Load
}

// Reach says whether a contact could ring at an agent.
type Reach struct {
	Status agent.Status
	Free   bool // his status is ROUTABLE, none is to follow, nothing bars him, and he has a slot
}

// Load is what goes on in a queue. The agents are those whose routing profile has it for chats.
type Load struct {
	Waiting int64 // contacts
	Staffed int64 // agents with a ROUTABLE status
	Free    int64 // their slots in which nothing is
}

// Presence returns who could take a contact: which of some agents, and who of some queues. What it takes depends on how
// many those are, and on how many profiles and statuses there are, not on how many agents and contacts.
func (r *Router) Presence(ctx context.Context, id center.InstanceID, users []center.UserID, queues []center.QueueID) (*Presence, error) {
	p := &Presence{Agents: map[center.UserID]Reach{}, Lines: map[center.QueueID]Load{}}
	return p, r.knowing(ctx, id, func(in *instance) {
		if in == nil {
			return
		}
		for _, user := range users {
			if s, u := in.agents[user], in.user(user); s != nil && s.agent != nil && u != nil {
				p.Agents[user] = Reach{s.agent.Status, s.agent.Present() && countsOf(s.agent, slotsOf(in.snap, u), s.hands).Free > 0}
			}
		}
		for _, queue := range queues {
			var load Load
			if line := in.census.queues[queue]; line != nil {
				load.Waiting = line.all.line().Waiting
			}
			for c, is := range in.census.crews {
				if profile, err := catalog.Get[*catalog.RoutingProfile](in.snap, c.Profile); err == nil && Serves(profile, queue, chatChannel) {
					load.Staffed += is.Staffed
					load.Free += is.Free
				}
			}
			p.Lines[queue] = load
		}
	})
}
