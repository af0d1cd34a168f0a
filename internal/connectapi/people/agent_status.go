package people

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
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
		Type: connect.AgentStatusType(a.Type), DisplayOrder: &a.Order, State: connect.AgentStatusStateENABLED, Tags: wire.Tags(a.Tags),
		LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region()),
	}
	if a.Disabled {
		out.State = connect.AgentStatusStateDISABLED
	}
	return out
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
