// Package queueing changes what contacts wait in and how they get to agents:
// queues, the hours of operation that they keep, with their overrides, routing
// profiles, quick connects, agent statuses.
//
// Every function makes one change of the catalog: it blocks until the change is
// durable, is whole or not made at all, and returns a *center.Error unless the
// store fails. Start reading at [CreateQueue] and [CreateHours].
package queueing

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
)

// typeOutbound is the type of the flows that a queue's outbound contacts run.
const typeOutbound = "OUTBOUND_WHISPER"

// NewQueue is what CreateQueue takes.
type NewQueue struct {
	Name, Description string
	Hours             center.HoursID
	MaxContacts       *int32
	Outbound          Outbound
	QuickConnects     []center.QuickConnectID
	Tags              map[string]string
}

// Outbound is how a queue calls out (OutboundCallerConfig). Parley has no
// voice: the flow is kept, a number cannot exist.
type Outbound struct {
	Name string
	Flow center.FlowRef // of the type OUTBOUND_WHISPER; "" for none
}

// CreateQueue adds a queue to an instance. Errors: NotFound for the instance
// and for what the queue names, BadRequest for a flow of another type,
// Duplicate for the name, LimitExceeded.
func CreateQueue(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewQueue) (*catalog.Queue, error) {
	id := center.QueueID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.Queue, error) {
		q := &catalog.Queue{Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Description: n.Description, MaxContacts: n.MaxContacts}
		if err := apply(snap, q, QueueChange{Hours: &n.Hours, Outbound: &n.Outbound}); err != nil {
			return nil, err
		}
		return q, offer(snap, q, n.QuickConnects)
	})
}

// QueueChange is what the UpdateQueue… operations change; nil members stay.
type QueueChange struct {
	Name, Description *string
	Hours             *center.HoursID
	Disabled          *bool
	MaxContacts       **int32 // nil inside for the instance's limit
	Outbound          *Outbound
}

// UpdateQueue changes a queue. What waits in it goes on waiting, also above a
// new limit. Errors: those of CreateQueue.
func UpdateQueue(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QueueID, n QueueChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, q *catalog.Queue) error { return apply(snap, q, n) })
}

// apply changes a queue that can be changed.
func apply(snap *catalog.Snapshot, q *catalog.Queue, n QueueChange) error {
	if n.Name != nil {
		q.Name = *n.Name
	}
	if n.Description != nil {
		q.Description = *n.Description
	}
	if n.Hours != nil {
		hours, err := catalog.Get[*catalog.Hours](snap, *n.Hours)
		if err != nil {
			return err
		}
		q.Hours = hours.ID
	}
	if n.Disabled != nil {
		q.Disabled = *n.Disabled
	}
	if n.MaxContacts != nil {
		q.MaxContacts = *n.MaxContacts
	}
	if n.Outbound != nil {
		return callOut(snap, q, *n.Outbound)
	}
	return nil
}

// callOut sets how a queue calls out.
func callOut(snap *catalog.Snapshot, q *catalog.Queue, o Outbound) error {
	q.OutboundName, q.OutboundFlow = o.Name, o.Flow
	if o.Flow == "" {
		return nil
	}
	return checkFlow(snap, "OutboundFlowId", o.Flow, typeOutbound)
}

// checkFlow refuses a flow that is not there, is not what is published, or is not of a type.
func checkFlow(snap *catalog.Snapshot, member string, ref center.FlowRef, typ string) error {
	f, which, err := snap.FindFlow(string(ref))
	switch {
	case err != nil:
		return err
	case which == contents.Saved:
		return center.Errorf(center.BadRequest, "%s is what is published of a flow, not %q", member, ref)
	case f.Type != typ:
		return center.Errorf(center.BadRequest, "%s is a flow of the type %s; flow %s is of the type %s", member, typ, f.ID, f.Type)
	}
	return nil
}

// DeleteQueue removes a queue that no routing profile and no quick connect has; waiting returns,
// when it is asked, how many contacts wait in the queue. Errors: NotFound, InUse,
// those of waiting.
func DeleteQueue(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QueueID, waiting func(ctx context.Context, q *catalog.Queue) (int64, error)) error {
	return catalog.Remove(ctx, c, instance, id, func(snap *catalog.Snapshot, q *catalog.Queue) error {
		switch p, calls := profileWith(snap, q.ID); {
		case p != nil && calls:
			return catalog.InUse(q, "the routing profile "+p.Name+" calls out by it")
		case p != nil:
			return catalog.InUse(q, "the routing profile "+p.Name+" has it")
		}
		for _, k := range catalog.All[*catalog.QuickConnect](snap) {
			if k.Queue == q.ID {
				return catalog.InUse(q, "the quick connect "+k.Name+" leads to it")
			}
		}
		n, err := waiting(ctx, q)
		if err != nil {
			return err
		}
		if n > 0 {
			return catalog.InUse(q, "contacts wait in it")
		}
		return nil
	})
}
