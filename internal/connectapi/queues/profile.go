package queues

import (
	"context"
	"fmt"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// ListRoutingProfiles lists the routing profiles of an instance by name.
func (s *Queues) ListRoutingProfiles(ctx context.Context, in *connect.ListRoutingProfilesRequest) (*connect.ListRoutingProfilesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListRoutingProfiles", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, p *catalog.RoutingProfile) connect.RoutingProfileSummary {
			return connect.RoutingProfileSummary{Id: new(string(p.ID)), Arn: new(snap.ARNOf(p)), Name: &p.Name, LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region())}
		})
	return &connect.ListRoutingProfilesResponse{RoutingProfileSummaryList: list, NextToken: next}, err
}

// DescribeRoutingProfile describes a routing profile.
func (s *Queues) DescribeRoutingProfile(ctx context.Context, in *connect.DescribeRoutingProfileRequest) (*connect.DescribeRoutingProfileResponse, error) {
	p, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.RoutingProfileId, routingProfile)
	return &connect.DescribeRoutingProfileResponse{RoutingProfile: p}, err
}

// routingProfile describes a routing profile. NumberOfAssociatedQueues counts
// pairs of queue and channel, AssociatedQueueIds names each queue once.
func routingProfile(snap *catalog.Snapshot, p *catalog.RoutingProfile) connect.RoutingProfile {
	out := connect.RoutingProfile{
		InstanceId: new(string(snap.Instance.ID)), Name: &p.Name, RoutingProfileArn: new(snap.ARNOf(p)), RoutingProfileId: new(string(p.ID)),
		Description: wire.Optional(p.Description), DefaultOutboundQueueId: wire.Optional(string(p.DefaultOutbound)), Tags: wire.Tags(p.Tags),
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
			Channel: connect.Channel(c.Channel), Concurrency: &c.Max, CrossChannelBehavior: &connect.CrossChannelBehavior{BehaviorType: behavior},
		})
	}
	for _, q := range p.Queues {
		if !slices.Contains(out.AssociatedQueueIds, string(q.Queue)) {
			out.AssociatedQueueIds = append(out.AssociatedQueueIds, string(q.Queue))
		}
	}
	return out
}

// ListRoutingProfileQueues lists the queues of a routing profile, once per
// channel, in the order in which they were added.
func (s *Queues) ListRoutingProfileQueues(ctx context.Context, in *connect.ListRoutingProfileQueuesRequest) (*connect.ListRoutingProfileQueuesResponse, error) {
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	var all []queueEntry
	for i, q := range p.Queues {
		all = append(all, queueEntry{q, fmt.Sprintf("%06d", i)})
	}
	some, next, err := query.Cut(query.Page{List: "ListRoutingProfileQueues", Token: in.NextToken, Max: in.MaxResults, Request: []any{p.ID, p.Version}},
		all, func(e *queueEntry) string { return e.place })
	if err != nil {
		return nil, err
	}
	out := &connect.ListRoutingProfileQueuesResponse{
		NextToken: next, RoutingProfileQueueConfigSummaryList: []connect.RoutingProfileQueueConfigSummary{},
		LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
	}
	for _, e := range some {
		q, err := catalog.Get[*catalog.Queue](snap, e.Queue)
		if err != nil {
			continue // deleted since
		}
		out.RoutingProfileQueueConfigSummaryList = append(out.RoutingProfileQueueConfigSummaryList, connect.RoutingProfileQueueConfigSummary{
			QueueId: string(q.ID), QueueArn: snap.ARNOf(q), QueueName: q.Name,
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

// SearchRoutingProfiles finds routing profiles by criteria and filter.
func (s *Queues) SearchRoutingProfiles(ctx context.Context, in *connect.SearchRoutingProfilesRequest) (*connect.SearchRoutingProfilesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchRoutingProfiles", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, profileCriteria), query.Filter(in.SearchFilter, profileFilter), routingProfile)
	return &connect.SearchRoutingProfilesResponse{RoutingProfiles: found, NextToken: next, ApproximateTotalCount: total}, err
}

func profileCriteria(c *connect.RoutingProfileSearchCriteria) query.Criteria[connect.RoutingProfileSearchCriteria, *catalog.RoutingProfile] {
	return query.Named[*catalog.RoutingProfile](c.OrConditions, c.AndConditions, c.StringCondition)
}

func profileFilter(f *connect.RoutingProfileSearchFilter) query.Match[*catalog.RoutingProfile] {
	return query.TagFilter[*catalog.RoutingProfile](f.TagFilter)
}

// ListRoutingProfileManualAssignmentQueues lists the queues of a routing
// profile from which agents pick by hand: none.
func (s *Queues) ListRoutingProfileManualAssignmentQueues(ctx context.Context, in *connect.ListRoutingProfileManualAssignmentQueuesRequest) (*connect.ListRoutingProfileManualAssignmentQueuesResponse, error) {
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	list, err := query.Nothing[connect.RoutingProfileManualAssignmentQueueConfigSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListRoutingProfileManualAssignmentQueues", Token: in.NextToken})
	return &connect.ListRoutingProfileManualAssignmentQueuesResponse{
		RoutingProfileManualAssignmentQueueConfigSummaryList: list, LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
	}, err
}
