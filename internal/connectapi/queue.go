package connectapi

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// ListQueues lists the queues of an instance by name. All are of the type
// STANDARD: without users there are no AGENT queues.
func (s *Service) ListQueues(ctx context.Context, in *connect.ListQueuesRequest) (*connect.ListQueuesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	all := catalog.All[*catalog.Queue](snap)
	if len(in.QueueTypes) > 0 && !slices.Contains(in.QueueTypes, connect.QueueTypeSTANDARD) {
		all = nil
	}
	list, next, err := list(all, request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListQueues", snap.Instance.ID, in.QueueTypes)},
		func(q *catalog.Queue) connect.QueueSummary {
			return connect.QueueSummary{
				Id: &q.ID, Arn: new(snap.ARNOf(q)), Name: &q.Name, QueueType: connect.QueueTypeSTANDARD,
				LastModifiedTime: &q.Updated, LastModifiedRegion: s.region(),
			}
		})
	return &connect.ListQueuesResponse{QueueSummaryList: list, NextToken: next}, err
}

// DescribeQueue describes a queue.
func (s *Service) DescribeQueue(ctx context.Context, in *connect.DescribeQueueRequest) (*connect.DescribeQueueResponse, error) {
	snap, q, err := find[*catalog.Queue](ctx, s, in.InstanceId, in.QueueId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeQueueResponse{Queue: new(queue(snap)(q))}, nil
}

func queue(snap *catalog.Snapshot) func(q *catalog.Queue) connect.Queue {
	return func(q *catalog.Queue) connect.Queue {
		out := connect.Queue{
			Name: &q.Name, QueueArn: new(snap.ARNOf(q)), QueueId: &q.ID, Description: optional(q.Description),
			HoursOfOperationId: optional(q.Hours), MaxContacts: q.MaxContacts, Status: connect.QueueStatusENABLED, Tags: shown(q.Tags),
			LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region()),
		}
		if q.Disabled {
			out.Status = connect.QueueStatusDISABLED
		}
		if q.OutboundFlow != "" || q.OutboundName != "" {
			out.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundCallerIdName: optional(q.OutboundName), OutboundFlowId: optional(q.OutboundFlow)}
		}
		return out
	}
}

// CreateQueue adds a queue. Name is unique in the instance
// (DuplicateResourceException); HoursOfOperationId and the flow of
// OutboundCallerConfig must exist. There are neither phone numbers nor quick
// connects nor e-mail addresses in Parley, so whoever names one is told that it
// does not exist. Over the quota of queues it is a LimitExceededException.
func (s *Service) CreateQueue(ctx context.Context, in *connect.CreateQueueRequest) (*connect.CreateQueueResponse, error) {
	switch {
	case len(in.QuickConnectIds) > 0:
		return nil, center.Errorf(center.NotFound, "quick connect %s does not exist", in.QuickConnectIds[0])
	case len(in.EmailAddressesConfig) > 0 || in.OutboundEmailConfig != nil:
		return nil, center.Errorf(center.NotFound, "the e-mail address does not exist")
	}
	q, err := s.Catalog.CreateQueue(ctx, in.InstanceId, catalog.NewQueue{
		Name: in.Name, Description: deref(in.Description), Hours: in.HoursOfOperationId, MaxContacts: in.MaxContacts,
		Outbound: outbound(in.OutboundCallerConfig), Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateQueueResponse{QueueId: &q.ID, QueueArn: new(s.Partition.ARN(q.Instance, q.Kind(), q.ID))}, nil
}

func outbound(in *connect.OutboundCallerConfig) catalog.Outbound {
	if in == nil {
		return catalog.Outbound{}
	}
	return catalog.Outbound{Name: deref(in.OutboundCallerIdName), Number: deref(in.OutboundCallerIdNumberId), Flow: deref(in.OutboundFlowId)}
}

// UpdateQueueStatus opens or closes a queue for new contacts. Those in it go on waiting.
func (s *Service) UpdateQueueStatus(ctx context.Context, in *connect.UpdateQueueStatusRequest) (*connect.UpdateQueueStatusResponse, error) {
	return &connect.UpdateQueueStatusResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Disabled: new(in.Status == connect.QueueStatusDISABLED)})
}

// UpdateQueueMaxContacts sets how many contacts may wait in a queue; without
// MaxContacts it is the instance's limit.
func (s *Service) UpdateQueueMaxContacts(ctx context.Context, in *connect.UpdateQueueMaxContactsRequest) (*connect.UpdateQueueMaxContactsResponse, error) {
	return &connect.UpdateQueueMaxContactsResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{MaxContacts: &in.MaxContacts})
}

// UpdateQueueName changes name and description of a queue, those given. One of
// the two is needed (InvalidRequestException).
func (s *Service) UpdateQueueName(ctx context.Context, in *connect.UpdateQueueNameRequest) (*connect.UpdateQueueNameResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, center.Errorf(center.BadRequest, "Name or Description is needed")
	}
	return &connect.UpdateQueueNameResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Name: in.Name, Description: in.Description})
}

// UpdateQueueHoursOfOperation gives a queue other hours of operation.
func (s *Service) UpdateQueueHoursOfOperation(ctx context.Context, in *connect.UpdateQueueHoursOfOperationRequest) (*connect.UpdateQueueHoursOfOperationResponse, error) {
	return &connect.UpdateQueueHoursOfOperationResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Hours: &in.HoursOfOperationId})
}

// UpdateQueueOutboundCallerConfig sets how a queue calls out: see CreateQueue.
func (s *Service) UpdateQueueOutboundCallerConfig(ctx context.Context, in *connect.UpdateQueueOutboundCallerConfigRequest) (*connect.UpdateQueueOutboundCallerConfigResponse, error) {
	return &connect.UpdateQueueOutboundCallerConfigResponse{}, s.Catalog.UpdateQueue(ctx, in.InstanceId, in.QueueId,
		catalog.QueueChange{Outbound: new(outbound(in.OutboundCallerConfig))})
}

// DeleteQueue removes a queue. While a routing profile has it, or contacts
// wait in it, it is a ResourceInUseException.
func (s *Service) DeleteQueue(ctx context.Context, in *connect.DeleteQueueRequest) (*connect.DeleteQueueResponse, error) {
	return &connect.DeleteQueueResponse{}, s.Catalog.DeleteQueue(ctx, in.InstanceId, in.QueueId, func(ctx context.Context, q *catalog.Queue) (int64, error) {
		return s.Store.Count(ctx, store.QueuedChats(q.Instance, center.QueueID(q.ID)))
	})
}
