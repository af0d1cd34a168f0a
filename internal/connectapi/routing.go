package connectapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley/api/connect"
	"parley/internal/catalog"
	"parley/internal/center"
)

// pageSize is how many items a page of a list has unless MaxResults says otherwise.
const pageSize = 100

// ListHoursOfOperations lists the hours of operation of an instance by name.
func (s *Service) ListHoursOfOperations(ctx context.Context, in *connect.ListHoursOfOperationsRequest) (*connect.ListHoursOfOperationsResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(catalog.All[*catalog.Hours](v), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListHoursOfOperations", v.Instance.ID)},
		func(h *catalog.Hours) connect.HoursOfOperationSummary {
			return connect.HoursOfOperationSummary{Id: &h.ID, Arn: new(v.ARNOf(h)), Name: &h.Name, LastModifiedTime: &h.Updated, LastModifiedRegion: s.region()}
		})
	return &connect.ListHoursOfOperationsResponse{HoursOfOperationSummaryList: list, NextToken: next}, err
}

// DescribeHoursOfOperation describes hours of operation.
func (s *Service) DescribeHoursOfOperation(ctx context.Context, in *connect.DescribeHoursOfOperationRequest) (*connect.DescribeHoursOfOperationResponse, error) {
	v, h, err := find[*catalog.Hours](ctx, s, in.InstanceId, in.HoursOfOperationId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeHoursOfOperationResponse{HoursOfOperation: new(hours(v)(h))}, nil
}

// find returns a resource of an instance, both by id or ARN.
func find[T catalog.Resource](ctx context.Context, s *Service, instance, ref string) (*catalog.View, T, error) {
	var none T
	v, err := s.instance(ctx, instance)
	if err != nil {
		return nil, none, err
	}
	r, err := catalog.Find[T](v, ref)
	return v, r, err
}

func hours(v *catalog.View) func(h *catalog.Hours) connect.HoursOfOperation {
	return func(h *catalog.Hours) connect.HoursOfOperation {
		out := connect.HoursOfOperation{
			HoursOfOperationId: &h.ID, HoursOfOperationArn: new(v.ARNOf(h)), Name: &h.Name, Description: optional(h.Description),
			TimeZone: &h.TimeZone, Config: []connect.HoursOfOperationConfig{}, Tags: shown(h.Tags),
			LastModifiedTime: &h.Updated, LastModifiedRegion: new(v.Region()),
		}
		for _, c := range h.Config {
			out.Config = append(out.Config, connect.HoursOfOperationConfig{
				Day:       connect.HoursOfOperationDays(strings.ToUpper(c.Day.String())),
				StartTime: clock(c.Start), EndTime: clock(c.End),
			})
		}
		return out
	}
}

// clock is a time of day given in minutes after midnight.
func clock(minutes int) *connect.HoursOfOperationTimeSlice {
	return &connect.HoursOfOperationTimeSlice{Hours: int32(minutes / 60), Minutes: int32(minutes % 60)}
}

// ListQueues lists the queues of an instance by name. All are of the type
// STANDARD: without users there are no AGENT queues.
func (s *Service) ListQueues(ctx context.Context, in *connect.ListQueuesRequest) (*connect.ListQueuesResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	all := catalog.All[*catalog.Queue](v)
	if len(in.QueueTypes) > 0 && !slices.Contains(in.QueueTypes, connect.QueueTypeSTANDARD) {
		all = nil
	}
	list, next, err := list(all, request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListQueues", v.Instance.ID, in.QueueTypes)},
		func(q *catalog.Queue) connect.QueueSummary {
			return connect.QueueSummary{
				Id: &q.ID, Arn: new(v.ARNOf(q)), Name: &q.Name, QueueType: connect.QueueTypeSTANDARD,
				LastModifiedTime: &q.Updated, LastModifiedRegion: s.region(),
			}
		})
	return &connect.ListQueuesResponse{QueueSummaryList: list, NextToken: next}, err
}

// DescribeQueue describes a queue.
func (s *Service) DescribeQueue(ctx context.Context, in *connect.DescribeQueueRequest) (*connect.DescribeQueueResponse, error) {
	v, q, err := find[*catalog.Queue](ctx, s, in.InstanceId, in.QueueId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeQueueResponse{Queue: new(queue(v)(q))}, nil
}

func queue(v *catalog.View) func(q *catalog.Queue) connect.Queue {
	return func(q *catalog.Queue) connect.Queue {
		out := connect.Queue{
			Name: &q.Name, QueueArn: new(v.ARNOf(q)), QueueId: &q.ID, Description: optional(q.Description),
			HoursOfOperationId: optional(q.Hours), MaxContacts: q.MaxContacts, Status: connect.QueueStatusENABLED, Tags: shown(q.Tags),
			LastModifiedTime: &q.Updated, LastModifiedRegion: new(v.Region()),
		}
		if q.Disabled {
			out.Status = connect.QueueStatusDISABLED
		}
		if q.OutboundFlow != "" {
			out.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundFlowId: &q.OutboundFlow}
		}
		return out
	}
}

// ListRoutingProfiles lists the routing profiles of an instance by name.
func (s *Service) ListRoutingProfiles(ctx context.Context, in *connect.ListRoutingProfilesRequest) (*connect.ListRoutingProfilesResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(catalog.All[*catalog.RoutingProfile](v), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListRoutingProfiles", v.Instance.ID)},
		func(p *catalog.RoutingProfile) connect.RoutingProfileSummary {
			return connect.RoutingProfileSummary{Id: &p.ID, Arn: new(v.ARNOf(p)), Name: &p.Name, LastModifiedTime: &p.Updated, LastModifiedRegion: s.region()}
		})
	return &connect.ListRoutingProfilesResponse{RoutingProfileSummaryList: list, NextToken: next}, err
}

// DescribeRoutingProfile describes a routing profile.
func (s *Service) DescribeRoutingProfile(ctx context.Context, in *connect.DescribeRoutingProfileRequest) (*connect.DescribeRoutingProfileResponse, error) {
	v, p, err := find[*catalog.RoutingProfile](ctx, s, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeRoutingProfileResponse{RoutingProfile: new(routingProfile(v)(p))}, nil
}

// routingProfile describes a routing profile. NumberOfAssociatedQueues counts
// pairs of queue and channel, AssociatedQueueIds names each queue once.
func routingProfile(v *catalog.View) func(p *catalog.RoutingProfile) connect.RoutingProfile {
	return func(p *catalog.RoutingProfile) connect.RoutingProfile {
		out := connect.RoutingProfile{
			InstanceId: &v.Instance.ID, Name: &p.Name, RoutingProfileArn: new(v.ARNOf(p)), RoutingProfileId: &p.ID,
			Description: optional(p.Description), DefaultOutboundQueueId: optional(p.DefaultOutbound), Tags: shown(p.Tags),
			NumberOfAssociatedQueues: new(int64(len(p.Queues))), NumberOfAssociatedManualAssignmentQueues: new(int64(0)), NumberOfAssociatedUsers: new(int64(0)),
			AgentAvailabilityTimer: connect.AgentAvailabilityTimer(p.Timer), IsDefault: &p.Default,
			LastModifiedTime: &p.Updated, LastModifiedRegion: new(v.Region()), AssociatedQueueIds: []string{}, AssociatedManualAssignmentQueueIds: []string{},
		}
		for _, c := range p.Concurrency {
			behavior := connect.BehaviorTypeROUTE_CURRENT_CHANNEL_ONLY
			if c.AnyChannel {
				behavior = connect.BehaviorTypeROUTE_ANY_CHANNEL
			}
			out.MediaConcurrencies = append(out.MediaConcurrencies, connect.MediaConcurrency{
				Channel: connect.Channel(c.Channel), Concurrency: c.Max, CrossChannelBehavior: &connect.CrossChannelBehavior{BehaviorType: behavior},
			})
		}
		for _, q := range p.Queues {
			if !slices.Contains(out.AssociatedQueueIds, q.Queue) {
				out.AssociatedQueueIds = append(out.AssociatedQueueIds, q.Queue)
			}
		}
		return out
	}
}

// ListRoutingProfileQueues lists the queues of a routing profile, once per
// channel, in the order in which they were added.
func (s *Service) ListRoutingProfileQueues(ctx context.Context, in *connect.ListRoutingProfileQueuesRequest) (*connect.ListRoutingProfileQueuesResponse, error) {
	v, p, err := find[*catalog.RoutingProfile](ctx, s, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	var all []queueEntry
	for i, q := range p.Queues {
		all = append(all, queueEntry{q, fmt.Sprintf("%06d", i)})
	}
	some, next, err := page(all, func(e *queueEntry) string { return e.place },
		request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListRoutingProfileQueues", p.ID, p.Version)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListRoutingProfileQueuesResponse{
		NextToken: next, RoutingProfileQueueConfigSummaryList: []connect.RoutingProfileQueueConfigSummary{},
		LastModifiedTime: &p.Updated, LastModifiedRegion: s.region(),
	}
	for _, e := range some {
		q, err := catalog.Find[*catalog.Queue](v, e.Queue)
		if err != nil {
			continue // deleted since
		}
		out.RoutingProfileQueueConfigSummaryList = append(out.RoutingProfileQueueConfigSummaryList, connect.RoutingProfileQueueConfigSummary{
			QueueId: e.Queue, QueueArn: v.ARN(center.KindQueue, e.Queue), QueueName: q.Name,
			Priority: e.Priority, Delay: e.Delay, Channel: connect.Channel(e.Channel),
		})
	}
	return out, nil
}

// queueEntry is a queue of a routing profile at its place in the list.
type queueEntry struct {
	catalog.ProfileQueue
	place string
}
