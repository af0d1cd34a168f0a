package queueing

import (
	"context"
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Bounds of routing profiles, as in the service.
const (
	maxProfileQueues = 50 // pairs of queue and channel, of each of the two lists
	maxWorkloads     = 10 // contacts of all workload types of a channel
)

// longestIdle is how agents with a profile take turns unless something else is said.
const longestIdle = "TIME_SINCE_LAST_ACTIVITY"

// workloadChannels are the channels that have workload types.
var workloadChannels = []string{"TASK", "EMAIL"}

// NewProfile is what CreateRoutingProfile takes.
type NewProfile struct {
	Name, Description string
	DefaultOutbound   center.QueueID
	Concurrency       []catalog.Concurrency
	Queues            []catalog.ProfileQueue
	Manual            []catalog.QueueChannel
	Timer             string // "" for TIME_SINCE_LAST_ACTIVITY
	Tags              map[string]string
}

// CreateProfile adds a routing profile to an instance. Errors: NotFound for the
// instance and the queues, Duplicate for the name, LimitExceeded and
// QuotaExceeded, BadRequest for a channel or a queue named twice and for a queue whose channel has no concurrency.
func CreateProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewProfile) (*catalog.RoutingProfile, error) {
	id := center.RoutingProfileID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.RoutingProfile, error) {
		p := &catalog.RoutingProfile{Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Description: n.Description, Timer: longestIdle}
		err := applyProfile(snap, p, ProfileChange{DefaultOutbound: &n.DefaultOutbound, Concurrency: n.Concurrency, Timer: n.Timer})
		if err != nil {
			return nil, err
		}
		return p, attach(snap, p, n.Queues, n.Manual)
	})
}

// ProfileChange is what the UpdateRoutingProfile… operations change; nil and empty members stay.
type ProfileChange struct {
	Name, Description *string
	DefaultOutbound   *center.QueueID
	Concurrency       []catalog.Concurrency
	Timer             string
}

// UpdateProfile changes a routing profile. Queues of a channel that loses its
// concurrency stay in its lists and give nothing: a tool that takes a channel
// away changes the concurrency first and the queues then. Errors: those of CreateProfile.
func UpdateProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.RoutingProfileID, n ProfileChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, p *catalog.RoutingProfile) error { return applyProfile(snap, p, n) })
}

// applyProfile changes a profile that can be changed.
func applyProfile(snap *catalog.Snapshot, p *catalog.RoutingProfile, n ProfileChange) error {
	if n.Name != nil {
		p.Name = *n.Name
	}
	if n.Description != nil {
		p.Description = *n.Description
	}
	if n.DefaultOutbound != nil {
		q, err := catalog.Get[*catalog.Queue](snap, *n.DefaultOutbound)
		if err != nil {
			return err
		}
		p.DefaultOutbound = q.ID
	}
	if n.Timer != "" {
		p.Timer = n.Timer
	}
	if n.Concurrency != nil {
		p.Concurrency = n.Concurrency
		return checkConcurrency(p)
	}
	return nil
}

func checkConcurrency(p *catalog.RoutingProfile) error {
	if len(p.Concurrency) == 0 {
		return center.Errorf(center.BadRequest, "MediaConcurrencies needs a channel at least")
	}
	if channel, twice := catalog.Twice(p.Concurrency, func(c catalog.Concurrency) string { return c.Channel }); twice {
		return center.Errorf(center.BadRequest, "MediaConcurrencies names the channel %s twice", channel)
	}
	for _, c := range p.Concurrency {
		if len(c.Workloads) > 0 && !slices.Contains(workloadChannels, c.Channel) {
			return center.Errorf(center.BadRequest, "WorkloadTypeConcurrencies are for the channels TASK and EMAIL, not %s", c.Channel)
		}
		if typ, twice := catalog.Twice(c.Workloads, func(w catalog.Workload) string { return w.Type }); twice {
			return center.Errorf(center.BadRequest, "WorkloadTypeConcurrencies of the channel %s name %s twice", c.Channel, typ)
		}
		if sum := c.AllWorkloads(); sum > maxWorkloads {
			return center.Errorf(center.BadRequest, "WorkloadTypeConcurrencies of the channel %s come to %d contacts; they may come to %d", c.Channel, sum, maxWorkloads)
		}
	}
	return nil
}

// AddProfileQueues adds queues to the two lists of a routing profile. One that is
// there already, as it is to be, is no error: a request may be repeated. Errors:
// NotFound, BadRequest for one that is there with another priority or delay or is named twice, and
// for a channel without concurrency, QuotaExceeded.
func AddProfileQueues(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.RoutingProfileID, queues []catalog.ProfileQueue, manual []catalog.QueueChannel) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, p *catalog.RoutingProfile) error { return attach(snap, p, queues, manual) })
}

// attach adds queues to a profile that can be changed.
func attach(snap *catalog.Snapshot, p *catalog.RoutingProfile, queues []catalog.ProfileQueue, manual []catalog.QueueChannel) error {
	if err := namedOnce(queues, key); err != nil {
		return err
	}
	if err := namedOnce(manual, same); err != nil {
		return err
	}
	for _, q := range queues {
		if err := routable(snap, p, q.QueueChannel); err != nil {
			return err
		}
		switch there := entryOf(p, q.QueueChannel); {
		case there == nil:
			p.Queues = append(p.Queues, q)
		case *there != q:
			return center.Errorf(center.BadRequest, "the routing profile %s has the queue %s for %s already, with priority %d and delay %d; UpdateRoutingProfileQueues changes them",
				p.ID, q.Queue, q.Channel, there.Priority, there.Delay)
		}
	}
	for _, q := range manual {
		if err := routable(snap, p, q); err != nil {
			return err
		}
		if !slices.Contains(p.Manual, q) {
			p.Manual = append(p.Manual, q)
		}
	}
	if most := max(len(p.Queues), len(p.Manual)); most > maxProfileQueues {
		return center.Errorf(center.QuotaExceeded, "a routing profile has at most %d queues, counted for each channel; this one would have %d", maxProfileQueues, most)
	}
	return nil
}

func key(q catalog.ProfileQueue) catalog.QueueChannel  { return q.QueueChannel }
func same(q catalog.QueueChannel) catalog.QueueChannel { return q }

// namedOnce refuses a list that names a queue twice for one channel.
func namedOnce[T any](list []T, key func(T) catalog.QueueChannel) error {
	if q, twice := catalog.Twice(list, key); twice {
		return center.Errorf(center.BadRequest, "the queue %s is named twice for the channel %s", q.Queue, q.Channel)
	}
	return nil
}

// routable refuses a queue that does not exist and a channel that the profile does not have.
func routable(snap *catalog.Snapshot, p *catalog.RoutingProfile, q catalog.QueueChannel) error {
	if _, err := catalog.Get[*catalog.Queue](snap, q.Queue); err != nil {
		return err
	}
	if _, ok := p.On(q.Channel); !ok {
		return center.Errorf(center.BadRequest, "the queue %s is named for the channel %s, which MediaConcurrencies of the routing profile does not have", q.Queue, q.Channel)
	}
	return nil
}

// entryOf returns the entry of a profile for a queue and channel, nil for none.
func entryOf(p *catalog.RoutingProfile, q catalog.QueueChannel) *catalog.ProfileQueue {
	i := slices.IndexFunc(p.Queues, func(e catalog.ProfileQueue) bool { return e.QueueChannel == q })
	if i < 0 {
		return nil
	}
	return &p.Queues[i]
}

// UpdateProfileQueues changes priority and delay of queues that a routing profile
// has. Errors: NotFound, also for one that it does not have, BadRequest for one that is named twice.
func UpdateProfileQueues(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.RoutingProfileID, queues []catalog.ProfileQueue) error {
	if err := namedOnce(queues, key); err != nil {
		return err
	}
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, p *catalog.RoutingProfile) error {
		for _, q := range queues {
			there := entryOf(p, q.QueueChannel)
			if there == nil {
				return center.Errorf(center.NotFound, "the routing profile %s does not have the queue %s for the channel %s; AssociateRoutingProfileQueues adds it", p.ID, q.Queue, q.Channel)
			}
			*there = q
		}
		return nil
	})
}

// RemoveProfileQueues takes queues from the two lists of a routing profile; those
// that it does not have are no error. Errors: NotFound for the profile.
func RemoveProfileQueues(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.RoutingProfileID, queues, manual []catalog.QueueChannel) error {
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, p *catalog.RoutingProfile) error {
		p.Queues = slices.DeleteFunc(p.Queues, func(q catalog.ProfileQueue) bool { return slices.Contains(queues, q.QueueChannel) })
		p.Manual = slices.DeleteFunc(p.Manual, func(q catalog.QueueChannel) bool { return slices.Contains(manual, q) })
		return nil
	})
}

// DeleteProfile removes a routing profile that no user has, also the one that
// came with the instance. Errors: NotFound, InUse.
func DeleteProfile(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.RoutingProfileID) error {
	return catalog.Remove(ctx, c, instance, id, catalog.Unheld[*catalog.RoutingProfile])
}

// profileWith returns a routing profile that has a queue, nil for none; calls
// says that it calls out by it.
func profileWith(snap *catalog.Snapshot, queue center.QueueID) (p *catalog.RoutingProfile, calls bool) {
	for _, p := range catalog.All[*catalog.RoutingProfile](snap) {
		if p.DefaultOutbound == queue {
			return p, true
		}
		if slices.ContainsFunc(p.Queues, func(q catalog.ProfileQueue) bool { return q.Queue == queue }) ||
			slices.ContainsFunc(p.Manual, func(q catalog.QueueChannel) bool { return q.Queue == queue }) {
			return p, false
		}
	}
	return nil, false
}
