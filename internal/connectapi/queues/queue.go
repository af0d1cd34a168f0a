package queues

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/store"
)

// ListQueues lists the queues of an instance by name. All are of the type
// STANDARD: without users there are no AGENT queues.
func (s *Queues) ListQueues(ctx context.Context, in *connect.ListQueuesRequest) (*connect.ListQueuesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListQueues", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.QueueTypes}},
		func(*catalog.Queue) bool {
			return len(in.QueueTypes) == 0 || slices.Contains(in.QueueTypes, connect.QueueTypeSTANDARD)
		},
		func(snap *catalog.Snapshot, q *catalog.Queue) connect.QueueSummary {
			return connect.QueueSummary{
				Id: new(string(q.ID)), Arn: new(snap.ARNOf(q)), Name: &q.Name, QueueType: connect.QueueTypeSTANDARD,
				LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region()),
			}
		})
	return &connect.ListQueuesResponse{QueueSummaryList: list, NextToken: next}, err
}

// DescribeQueue describes a queue.
func (s *Queues) DescribeQueue(ctx context.Context, in *connect.DescribeQueueRequest) (*connect.DescribeQueueResponse, error) {
	q, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.QueueId, queue)
	return &connect.DescribeQueueResponse{Queue: q}, err
}

func queue(snap *catalog.Snapshot, q *catalog.Queue) connect.Queue {
	out := connect.Queue{
		Name: &q.Name, QueueArn: new(snap.ARNOf(q)), QueueId: new(string(q.ID)), Description: wire.Optional(q.Description),
		HoursOfOperationId: wire.Optional(string(q.Hours)), MaxContacts: q.MaxContacts, Status: connect.QueueStatusENABLED, Tags: wire.Tags(q.Tags),
		LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region()),
	}
	if q.Disabled {
		out.Status = connect.QueueStatusDISABLED
	}
	if q.OutboundFlow != "" || q.OutboundName != "" {
		out.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundCallerIdName: wire.Optional(q.OutboundName), OutboundFlowId: wire.Optional(string(q.OutboundFlow))}
	}
	return out
}

// CreateQueue adds a queue. Name is unique in the instance
// (DuplicateResourceException); HoursOfOperationId and the flow of
// OutboundCallerConfig, with the version or alias that is named, must exist.
// There are neither phone numbers nor e-mail addresses in Parley, so naming one
// is a ResourceNotFoundException, as is a quick connect that does not exist. Over the quota of queues it is a LimitExceededException.
func (s *Queues) CreateQueue(ctx context.Context, in *connect.CreateQueueRequest) (*connect.CreateQueueResponse, error) {
	if len(in.EmailAddressesConfig) > 0 || in.OutboundEmailConfig != nil {
		return nil, center.Errorf(center.NotFound, "the e-mail address does not exist")
	}
	snap, h, err := query.Find[*catalog.Hours](ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	outbound, err := outboundOf(snap, in.OutboundCallerConfig)
	if err != nil {
		return nil, err
	}
	offered, err := quickConnectsOf(snap, in.QuickConnectIds)
	if err != nil {
		return nil, err
	}
	q, err := queueing.CreateQueue(ctx, s.Catalog, snap.ID(), queueing.NewQueue{
		Name: in.Name, Description: wire.Text(in.Description), Hours: h.ID, MaxContacts: in.MaxContacts, Outbound: outbound, QuickConnects: offered, Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateQueueResponse{QueueId: new(string(q.ID)), QueueArn: new(snap.ARNOf(q))}, nil
}

// outboundOf reads how a queue calls out. No number exists.
func outboundOf(snap *catalog.Snapshot, in *connect.OutboundCallerConfig) (out queueing.Outbound, err error) {
	if in == nil {
		return out, nil
	}
	if number := wire.Text(in.OutboundCallerIdNumberId); number != "" {
		return out, center.Errorf(center.NotFound, "the phone number %s does not exist: there are no phone numbers", number)
	}
	out.Name = wire.Text(in.OutboundCallerIdName)
	if ref := wire.Text(in.OutboundFlowId); ref != "" {
		f, _, err := snap.FindFlow(ref)
		if err != nil {
			return out, err
		}
		out.Flow = f.ID.Ref(ref)
	}
	return out, nil
}

// update changes a queue.
func (s *Queues) update(ctx context.Context, instance, ref string, change queueing.QueueChange) error {
	return query.With(ctx, s.Catalog, instance, ref, func(q *catalog.Queue) error {
		return queueing.UpdateQueue(ctx, s.Catalog, q.Instance, q.ID, change)
	})
}

// UpdateQueueStatus opens or closes a queue for new contacts. Those in it go on waiting.
func (s *Queues) UpdateQueueStatus(ctx context.Context, in *connect.UpdateQueueStatusRequest) (*connect.UpdateQueueStatusResponse, error) {
	return &connect.UpdateQueueStatusResponse{}, s.update(ctx, in.InstanceId, in.QueueId, queueing.QueueChange{Disabled: new(in.Status == connect.QueueStatusDISABLED)})
}

// UpdateQueueMaxContacts sets how many contacts may wait in a queue; without
// MaxContacts it is the instance's limit.
func (s *Queues) UpdateQueueMaxContacts(ctx context.Context, in *connect.UpdateQueueMaxContactsRequest) (*connect.UpdateQueueMaxContactsResponse, error) {
	return &connect.UpdateQueueMaxContactsResponse{}, s.update(ctx, in.InstanceId, in.QueueId, queueing.QueueChange{MaxContacts: &in.MaxContacts})
}

// noName is the error of an update of a name that gives neither of its members.
var noName = center.Errorf(center.BadRequest, "Name or Description is required")

// UpdateQueueName changes name and description of a queue, those given. One of
// the two is needed (InvalidRequestException).
func (s *Queues) UpdateQueueName(ctx context.Context, in *connect.UpdateQueueNameRequest) (*connect.UpdateQueueNameResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, noName
	}
	return &connect.UpdateQueueNameResponse{}, s.update(ctx, in.InstanceId, in.QueueId, queueing.QueueChange{Name: in.Name, Description: in.Description})
}

// UpdateQueueHoursOfOperation gives a queue other hours of operation.
func (s *Queues) UpdateQueueHoursOfOperation(ctx context.Context, in *connect.UpdateQueueHoursOfOperationRequest) (*connect.UpdateQueueHoursOfOperationResponse, error) {
	return &connect.UpdateQueueHoursOfOperationResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HoursOfOperationId, func(h *catalog.Hours) error {
		return s.update(ctx, in.InstanceId, in.QueueId, queueing.QueueChange{Hours: &h.ID})
	})
}

// UpdateQueueOutboundCallerConfig sets how a queue calls out: see CreateQueue.
func (s *Queues) UpdateQueueOutboundCallerConfig(ctx context.Context, in *connect.UpdateQueueOutboundCallerConfigRequest) (*connect.UpdateQueueOutboundCallerConfigResponse, error) {
	return &connect.UpdateQueueOutboundCallerConfigResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		outbound, err := outboundOf(snap, in.OutboundCallerConfig)
		if err != nil {
			return err
		}
		return s.update(ctx, in.InstanceId, in.QueueId, queueing.QueueChange{Outbound: &outbound})
	})
}

// DeleteQueue removes a queue. While a routing profile has it, a quick connect
// leads to it, or contacts wait in it, it is a ResourceInUseException.
func (s *Queues) DeleteQueue(ctx context.Context, in *connect.DeleteQueueRequest) (*connect.DeleteQueueResponse, error) {
	waiting := func(ctx context.Context, q *catalog.Queue) (int64, error) {
		return s.Store.Count(ctx, store.QueuedChats(q.Instance, q.ID))
	}
	return &connect.DeleteQueueResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.QueueId, func(q *catalog.Queue) error {
		return queueing.DeleteQueue(ctx, s.Catalog, q.Instance, q.ID, waiting)
	})
}

// SearchQueues finds queues by criteria and filter.
func (s *Queues) SearchQueues(ctx context.Context, in *connect.SearchQueuesRequest) (*connect.SearchQueuesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchQueues", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, queueCriteria), query.Filter(in.SearchFilter, queueFilter), queue)
	return &connect.SearchQueuesResponse{Queues: found, NextToken: next, ApproximateTotalCount: total}, err
}

// queueCriteria leaves QueueTypeCondition aside: STANDARD is its only value, and all queues are.
func queueCriteria(c *connect.QueueSearchCriteria) query.Criteria[connect.QueueSearchCriteria, *catalog.Queue] {
	return query.Named[*catalog.Queue](c.OrConditions, c.AndConditions, c.StringCondition)
}

func queueFilter(f *connect.QueueSearchFilter) query.Match[*catalog.Queue] {
	return query.TagFilter[*catalog.Queue](f.TagFilter)
}
