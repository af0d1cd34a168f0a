package queueing

import (
	"context"
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// transferFlows are the types of the flows that transferred contacts run, by the
// type of the quick connect. A contact that goes to a phone number runs none.
var transferFlows = map[string]string{
	catalog.ToUser:  "AGENT_TRANSFER",
	catalog.ToQueue: "QUEUE_TRANSFER",
	catalog.ToFlow:  "QUEUE_TRANSFER",
}

// Destination is where a quick connect leads (QuickConnectConfig).
type Destination struct {
	Type  string
	User  center.UserID  // of USER
	Queue center.QueueID // of QUEUE
	Flow  center.FlowRef // of the type that the quick connect needs
	Phone string         // of PHONE_NUMBER
}

// NewQuickConnect is what CreateQuickConnect takes.
type NewQuickConnect struct {
	Name, Description string
	To                Destination
	Tags              map[string]string
}

// CreateQuickConnect adds a quick connect to an instance. Errors: NotFound for
// the instance and what the quick connect names, BadRequest for a flow of
// another type, Duplicate for the name, LimitExceeded.
func CreateQuickConnect(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewQuickConnect) (*catalog.QuickConnect, error) {
	id := center.QuickConnectID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.QuickConnect, error) {
		k := &catalog.QuickConnect{Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Description: n.Description}
		return k, lead(snap, k, n.To)
	})
}

// QuickConnectChange is what UpdateQuickConnectName and UpdateQuickConnectConfig change; nil members stay.
type QuickConnectChange struct {
	Name, Description *string
	To                *Destination
}

// UpdateQuickConnect changes a quick connect. Errors: those of CreateQuickConnect.
func UpdateQuickConnect(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QuickConnectID, n QuickConnectChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, k *catalog.QuickConnect) error {
		if n.Name != nil {
			k.Name = *n.Name
		}
		if n.Description != nil {
			k.Description = *n.Description
		}
		if n.To != nil {
			return lead(snap, k, *n.To)
		}
		return nil
	})
}

// lead sets where a quick connect leads.
func lead(snap *catalog.Snapshot, k *catalog.QuickConnect, to Destination) error {
	k.Type, k.User, k.Queue, k.Flow, k.Phone = to.Type, to.User, to.Queue, to.Flow, to.Phone
	if typ := transferFlows[to.Type]; typ != "" {
		if err := checkFlow(snap, "ContactFlowId of a quick connect of the type "+to.Type, to.Flow, typ); err != nil {
			return err
		}
	}
	switch to.Type {
	case catalog.ToQueue:
		_, err := catalog.Get[*catalog.Queue](snap, to.Queue)
		return err
	case catalog.ToUser:
		_, err := catalog.Get[*catalog.User](snap, to.User)
		return err
	}
	return nil
}

// DeleteQuickConnect removes a quick connect, and takes it off the queues that
// have it. Errors: NotFound.
func DeleteQuickConnect(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QuickConnectID) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		k, err := catalog.Get[*catalog.QuickConnect](snap, id)
		if err != nil {
			return w, err
		}
		w.Drop = []catalog.Resource{k}
		for _, found := range catalog.All[*catalog.Queue](snap) {
			if !slices.Contains(found.QuickConnects, id) {
				continue
			}
			q, err := catalog.Edit(c, found)
			if err != nil {
				return w, err
			}
			q.QuickConnects = slices.DeleteFunc(q.QuickConnects, func(other center.QuickConnectID) bool { return other == id })
			w.Put = append(w.Put, q)
		}
		return w, nil
	})
}

// maxOffered bounds the quick connects of one queue.
const maxOffered = 1000

// OfferQuickConnects adds quick connects to a queue; those that it has already
// are no error. Errors: NotFound, LimitExceeded for more than 1,000.
func OfferQuickConnects(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QueueID, add []center.QuickConnectID) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, q *catalog.Queue) error { return offer(snap, q, add) })
}

// offer adds quick connects to a queue that can be changed.
func offer(snap *catalog.Snapshot, q *catalog.Queue, add []center.QuickConnectID) error {
	for _, id := range add {
		k, err := catalog.Get[*catalog.QuickConnect](snap, id)
		if err != nil {
			return err
		}
		if !slices.Contains(q.QuickConnects, k.ID) {
			q.QuickConnects = append(q.QuickConnects, k.ID)
		}
	}
	if len(q.QuickConnects) > maxOffered {
		return center.Errorf(center.LimitExceeded, "a queue has at most %d quick connects", maxOffered)
	}
	return nil
}

// WithdrawQuickConnects takes quick connects off a queue; those that it does not
// have are no error. Errors: NotFound.
func WithdrawQuickConnects(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QueueID, remove []center.QuickConnectID) error {
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, q *catalog.Queue) error {
		q.QuickConnects = slices.DeleteFunc(q.QuickConnects, func(k center.QuickConnectID) bool { return slices.Contains(remove, k) })
		return nil
	})
}
