package connectapi

import (
	"context"
	"fmt"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// pageSize is how many items a page of a list has unless MaxResults says otherwise.
const pageSize = 100

// find returns a resource of an instance, both by id or ARN.
func find[T catalog.Resource](ctx context.Context, s *Service, instance, ref string) (*catalog.Snapshot, T, error) {
	var none T
	snap, err := s.instance(ctx, instance)
	if err != nil {
		return nil, none, err
	}
	r, err := catalog.Find[T](snap, ref)
	return snap, r, err
}

// ListRoutingProfiles lists the routing profiles of an instance by name.
func (s *Service) ListRoutingProfiles(ctx context.Context, in *connect.ListRoutingProfilesRequest) (*connect.ListRoutingProfilesResponse, error) {
	snap, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, err := list(catalog.All[*catalog.RoutingProfile](snap), request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListRoutingProfiles", snap.Instance.ID)},
		func(p *catalog.RoutingProfile) connect.RoutingProfileSummary {
			return connect.RoutingProfileSummary{Id: &p.ID, Arn: new(snap.ARNOf(p)), Name: &p.Name, LastModifiedTime: &p.Updated, LastModifiedRegion: s.region()}
		})
	return &connect.ListRoutingProfilesResponse{RoutingProfileSummaryList: list, NextToken: next}, err
}

// DescribeRoutingProfile describes a routing profile.
func (s *Service) DescribeRoutingProfile(ctx context.Context, in *connect.DescribeRoutingProfileRequest) (*connect.DescribeRoutingProfileResponse, error) {
	snap, p, err := find[*catalog.RoutingProfile](ctx, s, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeRoutingProfileResponse{RoutingProfile: new(routingProfile(snap)(p))}, nil
}

// routingProfile describes a routing profile. NumberOfAssociatedQueues counts
// pairs of queue and channel, AssociatedQueueIds names each queue once.
func routingProfile(snap *catalog.Snapshot) func(p *catalog.RoutingProfile) connect.RoutingProfile {
	return func(p *catalog.RoutingProfile) connect.RoutingProfile {
		out := connect.RoutingProfile{
			InstanceId: &snap.Instance.ID, Name: &p.Name, RoutingProfileArn: new(snap.ARNOf(p)), RoutingProfileId: &p.ID,
			Description: optional(p.Description), DefaultOutboundQueueId: optional(p.DefaultOutbound), Tags: shown(p.Tags),
			NumberOfAssociatedQueues: new(int64(len(p.Queues))), NumberOfAssociatedManualAssignmentQueues: new(int64(0)), NumberOfAssociatedUsers: new(int64(0)),
			AgentAvailabilityTimer: connect.AgentAvailabilityTimer(p.Timer), IsDefault: &p.Default,
			LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()), AssociatedQueueIds: []string{}, AssociatedManualAssignmentQueueIds: []string{},
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
	snap, p, err := find[*catalog.RoutingProfile](ctx, s, in.InstanceId, in.RoutingProfileId)
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
		q, err := catalog.Find[*catalog.Queue](snap, e.Queue)
		if err != nil {
			continue // deleted since
		}
		out.RoutingProfileQueueConfigSummaryList = append(out.RoutingProfileQueueConfigSummaryList, connect.RoutingProfileQueueConfigSummary{
			QueueId: e.Queue, QueueArn: snap.ARN(center.KindQueue, e.Queue), QueueName: q.Name,
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
