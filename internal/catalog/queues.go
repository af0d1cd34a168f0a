package catalog

import (
	"context"

	"parley.example/parley/internal/center"
)

// Queue is a queue of the type STANDARD (Queue).
type Queue struct {
	Meta         `json:"-"`
	Description  string `json:"description,omitempty"`
	Hours        string `json:"hours"`                 // HoursOfOperationId
	Disabled     bool   `json:"disabled,omitempty"`    // takes no more contacts; those in it go on waiting
	MaxContacts  *int32 `json:"maxContacts,omitempty"` // nil for the instance's limit
	OutboundName string `json:"outboundName,omitempty"`
	OutboundFlow string `json:"outboundFlow,omitempty"`
}

// Kind returns KindQueue.
func (*Queue) Kind() center.Kind { return center.KindQueue }

// typeOutbound is the type of the flows that a queue's outbound contacts run.
const typeOutbound = "OUTBOUND_WHISPER"

// NewQueue is what CreateQueue takes.
type NewQueue struct {
	Name, Description string
	Hours             string // id or ARN
	MaxContacts       *int32
	Outbound          Outbound
	Tags              map[string]string
}

// Outbound is how a queue calls out (OutboundCallerConfig). Parley has no
// voice: the flow is kept, a number cannot exist.
type Outbound struct {
	Name   string
	Number string // OutboundCallerIdNumberId
	Flow   string // id or ARN of a flow of the type OUTBOUND_WHISPER
}

// CreateQueue adds a queue to an instance. Errors: NotFound for the instance
// and for what the queue names, BadRequest for a flow of another type,
// Duplicate for the name, LimitExceeded.
func (c *Catalog) CreateQueue(ctx context.Context, instance string, n NewQueue) (created *Queue, err error) {
	id := center.NewUUID()
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		hours, err := Find[*Hours](snap, n.Hours)
		if err != nil {
			return write{}, err
		}
		created = &Queue{
			Meta:        c.newMeta(snap, id, n.Name, n.Tags),
			Description: n.Description, Hours: hours.ID, MaxContacts: n.MaxContacts,
		}
		return write{put: []Resource{created}}, created.callOut(snap, n.Outbound)
	})
	return created, err
}

// QueueChange is what the UpdateQueue… operations change; nil members stay.
type QueueChange struct {
	Name, Description *string
	Hours             *string // id or ARN
	Disabled          *bool
	MaxContacts       **int32 // nil inside for the instance's limit
	Outbound          *Outbound
}

// UpdateQueue changes a queue. What waits in it goes on waiting, also above a
// new limit. Errors: those of CreateQueue.
func (c *Catalog) UpdateQueue(ctx context.Context, instance, ref string, n QueueChange) error {
	return update(ctx, c, instance, ref, func(snap *Snapshot, q *Queue) error {
		if n.Name != nil {
			q.Name = *n.Name
		}
		if n.Description != nil {
			q.Description = *n.Description
		}
		if n.Hours != nil {
			hours, err := Find[*Hours](snap, *n.Hours)
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
			return q.callOut(snap, *n.Outbound)
		}
		return nil
	})
}

// callOut sets how the queue calls out.
func (q *Queue) callOut(snap *Snapshot, o Outbound) error {
	if o.Number != "" {
		return center.Errorf(center.NotFound, "the phone number %s does not exist: there is no voice", o.Number)
	}
	q.OutboundName, q.OutboundFlow = o.Name, ""
	if o.Flow == "" {
		return nil
	}
	f, _, err := snap.FindFlow(o.Flow)
	if err != nil {
		return err
	}
	if f.Type != typeOutbound {
		return center.Errorf(center.BadRequest, "OutboundFlowId is a flow of the type %s; flow %s is of the type %s", typeOutbound, f.ID, f.Type)
	}
	q.OutboundFlow = f.ID
	return nil
}

// DeleteQueue removes a queue that no routing profile has; waiting tells, when
// it is asked, how many contacts wait in the queue. Errors: NotFound, InUse,
// those of waiting.
func (c *Catalog) DeleteQueue(ctx context.Context, instance, ref string, waiting func(ctx context.Context, q *Queue) (int64, error)) error {
	return remove(ctx, c, instance, ref, func(snap *Snapshot, q *Queue) error {
		for _, p := range All[*RoutingProfile](snap) {
			if p.DefaultOutbound == q.ID {
				return inUse(q, "the routing profile "+p.Name+" calls out by it")
			}
			for _, e := range p.Queues {
				if e.Queue == q.ID {
					return inUse(q, "the routing profile "+p.Name+" has it")
				}
			}
		}
		n, err := waiting(ctx, q)
		if err != nil {
			return err
		}
		if n > 0 {
			return inUse(q, "contacts wait in it")
		}
		return nil
	})
}
