package queues

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/engine"
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
				Id: &q.ID, Arn: new(snap.ARNOf(q)), Name: &q.Name, QueueType: connect.QueueTypeSTANDARD,
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
		Name: &q.Name, QueueArn: new(snap.ARNOf(q)), QueueId: &q.ID, Description: wire.Optional(q.Description),
		HoursOfOperationId: wire.Optional(q.Hours), MaxContacts: q.MaxContacts, Status: connect.QueueStatusENABLED, Tags: wire.Tags(q.Tags),
		LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region()),
	}
	if q.Disabled {
		out.Status = connect.QueueStatusDISABLED
	}
	if q.OutboundFlow != "" || q.OutboundName != "" {
		out.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundCallerIdName: wire.Optional(q.OutboundName), OutboundFlowId: wire.Optional(q.OutboundFlow)}
	}
	return out
}

// CreateQueue adds a queue. Name is unique in the instance
// (DuplicateResourceException); HoursOfOperationId and the flow of
// OutboundCallerConfig must exist. There are neither phone numbers nor quick
// connects nor e-mail addresses in Parley, so whoever names one is told that it
// does not exist. Over the quota of queues it is a LimitExceededException.
func (s *Queues) CreateQueue(ctx context.Context, in *connect.CreateQueueRequest) (*connect.CreateQueueResponse, error) {
	switch {
	case len(in.QuickConnectIds) > 0:
		return nil, center.Errorf(center.NotFound, "quick connect %s does not exist", in.QuickConnectIds[0])
	case len(in.EmailAddressesConfig) > 0 || in.OutboundEmailConfig != nil:
		return nil, center.Errorf(center.NotFound, "the e-mail address does not exist")
	}
	q, err := s.Catalog.CreateQueue(ctx, in.InstanceId, catalog.NewQueue{
		Name: in.Name, Description: wire.Text(in.Description), Hours: in.HoursOfOperationId, MaxContacts: in.MaxContacts,
		Outbound: outbound(in.OutboundCallerConfig), Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateQueueResponse{QueueId: &q.ID, QueueArn: new(s.Catalog.Partition().ARN(q.Instance, q.Kind(), q.ID))}, nil
}

func outbound(in *connect.OutboundCallerConfig) catalog.Outbound {
	if in == nil {
		return catalog.Outbound{}
	}
	return catalog.Outbound{Name: wire.Text(in.OutboundCallerIdName), Number: wire.Text(in.OutboundCallerIdNumberId), Flow: wire.Text(in.OutboundFlowId)}
}

// UpdateQueueStatus opens or closes a queue for new contacts. Those in it go on waiting.
func (s *Queues) UpdateQueueStatus(ctx context.Context, in *connect.UpdateQueueStatusRequest) (*connect.UpdateQueueStatusResponse, error) {
	return &connect.UpdateQueueStatusResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Disabled: new(in.Status == connect.QueueStatusDISABLED)})
}

// UpdateQueueMaxContacts sets how many contacts may wait in a queue; without
// MaxContacts it is the instance's limit.
func (s *Queues) UpdateQueueMaxContacts(ctx context.Context, in *connect.UpdateQueueMaxContactsRequest) (*connect.UpdateQueueMaxContactsResponse, error) {
	return &connect.UpdateQueueMaxContactsResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{MaxContacts: &in.MaxContacts})
}

// UpdateQueueName changes name and description of a queue, those given. One of
// the two is needed (InvalidRequestException).
func (s *Queues) UpdateQueueName(ctx context.Context, in *connect.UpdateQueueNameRequest) (*connect.UpdateQueueNameResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, center.Errorf(center.BadRequest, "Name or Description is needed")
	}
	return &connect.UpdateQueueNameResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Name: in.Name, Description: in.Description})
}

// UpdateQueueHoursOfOperation gives a queue other hours of operation.
func (s *Queues) UpdateQueueHoursOfOperation(ctx context.Context, in *connect.UpdateQueueHoursOfOperationRequest) (*connect.UpdateQueueHoursOfOperationResponse, error) {
	return &connect.UpdateQueueHoursOfOperationResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Hours: &in.HoursOfOperationId})
}

// UpdateQueueOutboundCallerConfig sets how a queue calls out: see CreateQueue.
func (s *Queues) UpdateQueueOutboundCallerConfig(ctx context.Context, in *connect.UpdateQueueOutboundCallerConfigRequest) (*connect.UpdateQueueOutboundCallerConfigResponse, error) {
	return &connect.UpdateQueueOutboundCallerConfigResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Outbound: new(outbound(in.OutboundCallerConfig))})
}

// DeleteQueue removes a queue. While a routing profile has it, or contacts
// wait in it, it is a ResourceInUseException.
func (s *Queues) DeleteQueue(ctx context.Context, in *connect.DeleteQueueRequest) (*connect.DeleteQueueResponse, error) {
	return &connect.DeleteQueueResponse{}, s.Catalog.DeleteQueue(ctx, in.InstanceId, in.QueueId, func(ctx context.Context, q *catalog.Queue) (int64, error) {
		return s.Store.Count(ctx, engine.QueueCounter(q.Instance, center.QueueID(q.ID)))
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
