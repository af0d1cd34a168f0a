package people

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// ListAgentStatuses lists the agent statuses of an instance by name, of
// AgentStatusTypes when given.
func (s *People) ListAgentStatuses(ctx context.Context, in *connect.ListAgentStatusRequest) (*connect.ListAgentStatusResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListAgentStatuses", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.AgentStatusTypes}},
		func(a *catalog.AgentStatus) bool {
			return len(in.AgentStatusTypes) == 0 || slices.Contains(in.AgentStatusTypes, connect.AgentStatusType(a.Type))
		},
		func(snap *catalog.Snapshot, a *catalog.AgentStatus) connect.AgentStatusSummary {
			return connect.AgentStatusSummary{
				Id: new(string(a.ID)), Arn: new(snap.ARNOf(a)), Name: &a.Name, Type: connect.AgentStatusType(a.Type),
				LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region()),
			}
		})
	return &connect.ListAgentStatusResponse{AgentStatusSummaryList: list, NextToken: next}, err
}

// DescribeAgentStatus describes an agent status.
func (s *People) DescribeAgentStatus(ctx context.Context, in *connect.DescribeAgentStatusRequest) (*connect.DescribeAgentStatusResponse, error) {
	a, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.AgentStatusId, agentStatus)
	return &connect.DescribeAgentStatusResponse{AgentStatus: a}, err
}

func agentStatus(snap *catalog.Snapshot, a *catalog.AgentStatus) connect.AgentStatus {
	out := connect.AgentStatus{
		AgentStatusARN: new(snap.ARNOf(a)), AgentStatusId: new(string(a.ID)), Name: &a.Name, Description: wire.Optional(a.Description),
		Type: connect.AgentStatusType(a.Type), State: connect.AgentStatusState(a.State()), Tags: wire.Tags(a.Tags),
		LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region()),
	}
	if a.Order > 0 {
		out.DisplayOrder = &a.Order
	}
	return out
}

// CreateAgentStatus adds an agent status of the type CUSTOM. Name is unique in
// the instance (DuplicateResourceException); over the quota of agent statuses it is a
// LimitExceededException. A status cannot be deleted, only disabled.
func (s *People) CreateAgentStatus(ctx context.Context, in *connect.CreateAgentStatusRequest) (*connect.CreateAgentStatusResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	n := queueing.NewStatus{Name: in.Name, Description: wire.Text(in.Description), Disabled: in.State == connect.AgentStatusStateDISABLED, Tags: in.Tags}
	if in.DisplayOrder != nil {
		n.Order = *in.DisplayOrder
	}
	a, err := queueing.CreateStatus(ctx, s.Catalog, snap.ID(), n)
	if err != nil {
		return nil, err
	}
	return &connect.CreateAgentStatusResponse{AgentStatusId: new(string(a.ID)), AgentStatusARN: new(snap.ARNOf(a))}, nil
}

// UpdateAgentStatus changes an agent status; members that are not given stay.
// ResetOrderNumber takes the display order away, and goes with no DisplayOrder
// (InvalidRequestException). The two statuses that an instance comes with, of the types
// ROUTABLE and OFFLINE, are neither renamed nor disabled (InvalidRequestException).
func (s *People) UpdateAgentStatus(ctx context.Context, in *connect.UpdateAgentStatusRequest) (*connect.UpdateAgentStatusResponse, error) {
	change := queueing.StatusChange{Name: in.Name, Description: in.Description, Order: in.DisplayOrder}
	if in.State != "" {
		change.Disabled = new(in.State == connect.AgentStatusStateDISABLED)
	}
	if in.ResetOrderNumber != nil && *in.ResetOrderNumber {
		if in.DisplayOrder != nil {
			return nil, center.Errorf(center.BadRequest, "DisplayOrder and ResetOrderNumber exclude each other")
		}
		change.Order = new(int32(0))
	}
	return &connect.UpdateAgentStatusResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.AgentStatusId, func(a *catalog.AgentStatus) error {
		return queueing.UpdateStatus(ctx, s.Catalog, a.Instance, a.ID, change)
	})
}

// SearchAgentStatuses finds agent statuses by criteria and filter.
func (s *People) SearchAgentStatuses(ctx context.Context, in *connect.SearchAgentStatusesRequest) (*connect.SearchAgentStatusesResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchAgentStatuses", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, statusCriteria), query.Filter(in.SearchFilter, statusFilter), agentStatus)
	return &connect.SearchAgentStatusesResponse{AgentStatuses: found, NextToken: next, ApproximateTotalCount: total}, err
}

func statusCriteria(c *connect.AgentStatusSearchCriteria) query.Criteria[connect.AgentStatusSearchCriteria, *catalog.AgentStatus] {
	return query.Named[*catalog.AgentStatus](c.OrConditions, c.AndConditions, c.StringCondition)
}

func statusFilter(f *connect.AgentStatusSearchFilter) query.Match[*catalog.AgentStatus] {
	return query.AttributeFilter[*catalog.AgentStatus](f.AttributeFilter)
}
