package queues

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// Profiles answers the operations on routing profiles.
type Profiles struct {
	Catalog *catalog.Catalog
}

// ListRoutingProfiles lists the routing profiles of an instance by name.
func (s *Profiles) ListRoutingProfiles(ctx context.Context, in *connect.ListRoutingProfilesRequest) (*connect.ListRoutingProfilesResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListRoutingProfiles", Token: in.NextToken, Max: in.MaxResults}, nil,
		func(snap *catalog.Snapshot, p *catalog.RoutingProfile) connect.RoutingProfileSummary {
			return connect.RoutingProfileSummary{Id: new(string(p.ID)), Arn: new(snap.ARNOf(p)), Name: &p.Name, LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region())}
		})
	return &connect.ListRoutingProfilesResponse{RoutingProfileSummaryList: list, NextToken: next}, err
}

// DescribeRoutingProfile describes a routing profile.
func (s *Profiles) DescribeRoutingProfile(ctx context.Context, in *connect.DescribeRoutingProfileRequest) (*connect.DescribeRoutingProfileResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	p, err := catalog.Find[*catalog.RoutingProfile](snap, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeRoutingProfileResponse{RoutingProfile: new(routingProfile(snap, p))}, nil
}

// routingProfile describes a routing profile, given a snapshot with users. NumberOfAssociatedQueues and
// NumberOfAssociatedManualAssignmentQueues count pairs of queue and channel, AssociatedQueueIds and
// AssociatedManualAssignmentQueueIds name each queue once.
func routingProfile(snap *catalog.Snapshot, p *catalog.RoutingProfile) connect.RoutingProfile {
	out := connect.RoutingProfile{
		InstanceId: new(string(snap.Instance.ID)), Name: &p.Name, RoutingProfileArn: new(snap.ARNOf(p)), RoutingProfileId: new(string(p.ID)),
		Description: wire.Optional(p.Description), DefaultOutboundQueueId: wire.Optional(string(p.DefaultOutbound)), Tags: wire.Tags(p.Tags),
		NumberOfAssociatedQueues: new(int64(len(p.Queues))), AssociatedQueueIds: wire.List(p.QueueIDs()),
		NumberOfAssociatedManualAssignmentQueues: new(int64(len(p.Manual))), AssociatedManualAssignmentQueueIds: wire.List(p.ManualIDs()),
		NumberOfAssociatedUsers: new(int64(snap.Uses(center.KindUser, center.KindRoutingProfile, string(p.ID)))), AgentAvailabilityTimer: connect.AgentAvailabilityTimer(p.Timer), IsDefault: &p.Default,
		LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
	}
	for _, c := range p.Concurrency {
		out.MediaConcurrencies = append(out.MediaConcurrencies, mediaConcurrency(c))
	}
	return out
}

func mediaConcurrency(c catalog.Concurrency) connect.MediaConcurrency {
	behavior := connect.BehaviorTypeROUTE_CURRENT_CHANNEL_ONLY
	if c.AnyChannel {
		behavior = connect.BehaviorTypeROUTE_ANY_CHANNEL
	}
	out := connect.MediaConcurrency{
		Channel: connect.Channel(c.Channel), Concurrency: &c.Max, CrossChannelBehavior: &connect.CrossChannelBehavior{BehaviorType: behavior},
	}
	for _, w := range c.Workloads {
		shown := connect.WorkloadTypeConcurrency{WorkloadType: w.Type, Concurrency: w.Max}
		if w.Behavior != "" {
			shown.CrossChannelWorkloadBehavior = &connect.CrossChannelWorkloadBehavior{ChannelWorkloadBehaviorType: connect.ChannelWorkloadBehaviorType(w.Behavior)}
		}
		out.WorkloadTypeConcurrencies = append(out.WorkloadTypeConcurrencies, shown)
	}
	return out
}

// concurrencyOf reads MediaConcurrencies. CrossChannelBehavior is
// ROUTE_CURRENT_CHANNEL_ONLY when not given. Concurrency is what the workload types
// come to when it is not given; one of the two is needed.
func concurrencyOf(in []connect.MediaConcurrency) ([]catalog.Concurrency, error) {
	all := make([]catalog.Concurrency, 0, len(in))
	for _, m := range in {
		c := catalog.Concurrency{
			Channel:    string(m.Channel),
			AnyChannel: m.CrossChannelBehavior != nil && m.CrossChannelBehavior.BehaviorType == connect.BehaviorTypeROUTE_ANY_CHANNEL,
		}
		for _, w := range m.WorkloadTypeConcurrencies {
			of := catalog.Workload{Type: w.WorkloadType, Max: w.Concurrency}
			if w.CrossChannelWorkloadBehavior != nil {
				of.Behavior = string(w.CrossChannelWorkloadBehavior.ChannelWorkloadBehaviorType)
			}
			c.Workloads = append(c.Workloads, of)
		}
		switch {
		case m.Concurrency != nil:
			c.Max = *m.Concurrency
		case len(c.Workloads) > 0:
			c.Max = c.AllWorkloads()
		default:
			return nil, center.Errorf(center.BadRequest, "MediaConcurrencies: the channel %s needs Concurrency", c.Channel)
		}
		all = append(all, c)
	}
	return all, nil
}

// entriesOf reads QueueConfigs and ManualAssignmentQueueConfigs.
func entriesOf(snap *catalog.Snapshot, in []connect.RoutingProfileQueueConfig, byHand []connect.RoutingProfileManualAssignmentQueueConfig) (queues []catalog.ProfileQueue, manual []catalog.QueueChannel, err error) {
	for _, c := range in {
		q, err := queueChannelOf(snap, c.QueueReference)
		if err != nil {
			return nil, nil, err
		}
		queues = append(queues, catalog.ProfileQueue{QueueChannel: q, Priority: c.Priority, Delay: c.Delay})
	}
	for _, c := range byHand {
		q, err := queueChannelOf(snap, c.QueueReference)
		if err != nil {
			return nil, nil, err
		}
		manual = append(manual, q)
	}
	return queues, manual, nil
}

func queueChannelOf(snap *catalog.Snapshot, r *connect.RoutingProfileQueueReference) (catalog.QueueChannel, error) {
	q, err := catalog.Find[*catalog.Queue](snap, r.QueueId)
	if err != nil {
		return catalog.QueueChannel{}, err
	}
	return catalog.QueueChannel{Queue: q.ID, Channel: string(r.Channel)}, nil
}

// CreateRoutingProfile adds a routing profile. Name is unique in the instance
// (DuplicateResourceException). The queues must exist; a queue is named once for a
// channel, in each of the two lists, and the channel is one of
// MediaConcurrencies (InvalidRequestException). A profile has at most 50 pairs of queue and
// channel, of which a request takes 10. Over a quota it is a LimitExceededException.
func (s *Profiles) CreateRoutingProfile(ctx context.Context, in *connect.CreateRoutingProfileRequest) (*connect.CreateRoutingProfileResponse, error) {
	concurrency, err := concurrencyOf(in.MediaConcurrencies)
	if err != nil {
		return nil, err
	}
	snap, outbound, err := query.Find[*catalog.Queue](ctx, s.Catalog, in.InstanceId, in.DefaultOutboundQueueId)
	if err != nil {
		return nil, err
	}
	queues, manual, err := entriesOf(snap, in.QueueConfigs, in.ManualAssignmentQueueConfigs)
	if err != nil {
		return nil, err
	}
	p, err := queueing.CreateProfile(ctx, s.Catalog, snap.ID(), queueing.NewProfile{
		Name: in.Name, Description: in.Description, DefaultOutbound: outbound.ID, Concurrency: concurrency,
		Queues: queues, Manual: manual, Timer: string(in.AgentAvailabilityTimer), Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateRoutingProfileResponse{RoutingProfileId: new(string(p.ID)), RoutingProfileArn: new(snap.ARNOf(p))}, nil
}

// update changes a routing profile.
func (s *Profiles) update(ctx context.Context, instance, ref string, change queueing.ProfileChange) error {
	return query.With(ctx, s.Catalog, instance, ref, func(p *catalog.RoutingProfile) error {
		return queueing.UpdateProfile(ctx, s.Catalog, p.Instance, p.ID, change)
	})
}

// UpdateRoutingProfileName changes name and description of a routing profile,
// those given. One of the two is needed (InvalidRequestException).
func (s *Profiles) UpdateRoutingProfileName(ctx context.Context, in *connect.UpdateRoutingProfileNameRequest) (*connect.UpdateRoutingProfileNameResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, noName
	}
	return &connect.UpdateRoutingProfileNameResponse{}, s.update(ctx, in.InstanceId, in.RoutingProfileId, queueing.ProfileChange{Name: in.Name, Description: in.Description})
}

// UpdateRoutingProfileConcurrency gives a routing profile other channels, which take the place
// of all that it has. Queues of a channel that goes stay in the profile and give no contacts:
// Terraform changes the channels first and the queues then (provider v6, read 2026-11).
func (s *Profiles) UpdateRoutingProfileConcurrency(ctx context.Context, in *connect.UpdateRoutingProfileConcurrencyRequest) (*connect.UpdateRoutingProfileConcurrencyResponse, error) {
	concurrency, err := concurrencyOf(in.MediaConcurrencies)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateRoutingProfileConcurrencyResponse{}, s.update(ctx, in.InstanceId, in.RoutingProfileId, queueing.ProfileChange{Concurrency: concurrency})
}

// UpdateRoutingProfileDefaultOutboundQueue sets the queue by which agents with the profile call out.
func (s *Profiles) UpdateRoutingProfileDefaultOutboundQueue(ctx context.Context, in *connect.UpdateRoutingProfileDefaultOutboundQueueRequest) (*connect.UpdateRoutingProfileDefaultOutboundQueueResponse, error) {
	return &connect.UpdateRoutingProfileDefaultOutboundQueueResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.DefaultOutboundQueueId, func(q *catalog.Queue) error {
		return s.update(ctx, in.InstanceId, in.RoutingProfileId, queueing.ProfileChange{DefaultOutbound: &q.ID})
	})
}

// UpdateRoutingProfileAgentAvailabilityTimer sets whether outbound contacts count for how long an agent has been waiting.
func (s *Profiles) UpdateRoutingProfileAgentAvailabilityTimer(ctx context.Context, in *connect.UpdateRoutingProfileAgentAvailabilityTimerRequest) (*connect.UpdateRoutingProfileAgentAvailabilityTimerResponse, error) {
	return &connect.UpdateRoutingProfileAgentAvailabilityTimerResponse{}, s.update(ctx, in.InstanceId, in.RoutingProfileId, queueing.ProfileChange{Timer: string(in.AgentAvailabilityTimer)})
}

// AssociateRoutingProfileQueues adds queues to a routing profile. What it has
// already with the same priority and delay is no error, so that a request can be
// repeated; with others it is an InvalidRequestException, as is a request that names no queue.
func (s *Profiles) AssociateRoutingProfileQueues(ctx context.Context, in *connect.AssociateRoutingProfileQueuesRequest) (*connect.AssociateRoutingProfileQueuesResponse, error) {
	if len(in.QueueConfigs)+len(in.ManualAssignmentQueueConfigs) == 0 {
		return nil, center.Errorf(center.BadRequest, "QueueConfigs or ManualAssignmentQueueConfigs is required")
	}
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	queues, manual, err := entriesOf(snap, in.QueueConfigs, in.ManualAssignmentQueueConfigs)
	if err != nil {
		return nil, err
	}
	return &connect.AssociateRoutingProfileQueuesResponse{}, queueing.AddProfileQueues(ctx, s.Catalog, p.Instance, p.ID, queues, manual)
}

// UpdateRoutingProfileQueues changes priority and delay of queues that a routing
// profile has; for one that it does not have it is a ResourceNotFoundException, and nothing is changed.
func (s *Profiles) UpdateRoutingProfileQueues(ctx context.Context, in *connect.UpdateRoutingProfileQueuesRequest) (*connect.UpdateRoutingProfileQueuesResponse, error) {
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	queues, _, err := entriesOf(snap, in.QueueConfigs, nil)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateRoutingProfileQueuesResponse{}, queueing.UpdateProfileQueues(ctx, s.Catalog, p.Instance, p.ID, queues)
}

// DisassociateRoutingProfileQueues takes queues from a routing profile. A queue
// that it does not have is no error, so that a request can be repeated; one that does not
// exist is a ResourceNotFoundException.
func (s *Profiles) DisassociateRoutingProfileQueues(ctx context.Context, in *connect.DisassociateRoutingProfileQueuesRequest) (*connect.DisassociateRoutingProfileQueuesResponse, error) {
	if len(in.QueueReferences)+len(in.ManualAssignmentQueueReferences) == 0 {
		return nil, center.Errorf(center.BadRequest, "QueueReferences or ManualAssignmentQueueReferences is required")
	}
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	var lists [2][]catalog.QueueChannel
	for i, refs := range [2][]connect.RoutingProfileQueueReference{in.QueueReferences, in.ManualAssignmentQueueReferences} {
		for j := range refs {
			q, err := queueChannelOf(snap, &refs[j])
			if err != nil {
				return nil, err
			}
			lists[i] = append(lists[i], q)
		}
	}
	return &connect.DisassociateRoutingProfileQueuesResponse{}, queueing.RemoveProfileQueues(ctx, s.Catalog, p.Instance, p.ID, lists[0], lists[1])
}

// DeleteRoutingProfile removes a routing profile. While users have it, it is a ResourceInUseException.
func (s *Profiles) DeleteRoutingProfile(ctx context.Context, in *connect.DeleteRoutingProfileRequest) (*connect.DeleteRoutingProfileResponse, error) {
	return &connect.DeleteRoutingProfileResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.RoutingProfileId, func(p *catalog.RoutingProfile) error {
		return queueing.DeleteProfile(ctx, s.Catalog, p.Instance, p.ID)
	})
}

// SearchRoutingProfiles finds routing profiles by criteria and filter. The
// field associatedQueueIds is matched when one of the queues matches that contacts are offered from.
func (s *Profiles) SearchRoutingProfiles(ctx context.Context, in *connect.SearchRoutingProfilesRequest) (*connect.SearchRoutingProfilesResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	found, next, total, err := query.Among(snap,
		query.Page{List: "SearchRoutingProfiles", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		catalog.All[*catalog.RoutingProfile](snap), query.Position[*catalog.RoutingProfile],
		query.Where(in.SearchCriteria, profileCriteria), query.Filter(in.SearchFilter, profileFilter), routingProfile)
	return &connect.SearchRoutingProfilesResponse{RoutingProfiles: found, NextToken: next, ApproximateTotalCount: total}, err
}

func profileCriteria(c *connect.RoutingProfileSearchCriteria) query.Criteria[connect.RoutingProfileSearchCriteria, *catalog.RoutingProfile] {
	return query.Named[*catalog.RoutingProfile](c.OrConditions, c.AndConditions, c.StringCondition)
}

func profileFilter(f *connect.RoutingProfileSearchFilter) query.Match[*catalog.RoutingProfile] {
	return query.TagFilter[*catalog.RoutingProfile](f.TagFilter)
}
