package connectapi

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// The lists in this file are empty because an instance of Parley can have
// nothing of the kind: what they would show cannot be created yet.

// ListUsers lists no users.
func (s *Service) ListUsers(ctx context.Context, in *connect.ListUsersRequest) (*connect.ListUsersResponse, error) {
	list, err := nothing[connect.UserSummary](ctx, s, "ListUsers", in.InstanceId, in.NextToken)
	return &connect.ListUsersResponse{UserSummaryList: list}, err
}

// ListPrompts lists no prompts: a chat plays none.
func (s *Service) ListPrompts(ctx context.Context, in *connect.ListPromptsRequest) (*connect.ListPromptsResponse, error) {
	list, err := nothing[connect.PromptSummary](ctx, s, "ListPrompts", in.InstanceId, in.NextToken)
	return &connect.ListPromptsResponse{PromptSummaryList: list}, err
}

// ListPhoneNumbers lists no phone numbers: Parley has no voice.
func (s *Service) ListPhoneNumbers(ctx context.Context, in *connect.ListPhoneNumbersRequest) (*connect.ListPhoneNumbersResponse, error) {
	list, err := nothing[connect.PhoneNumberSummary](ctx, s, "ListPhoneNumbers", in.InstanceId, in.NextToken)
	return &connect.ListPhoneNumbersResponse{PhoneNumberSummaryList: list}, err
}

// ListQuickConnects lists no quick connects.
func (s *Service) ListQuickConnects(ctx context.Context, in *connect.ListQuickConnectsRequest) (*connect.ListQuickConnectsResponse, error) {
	list, err := nothing[connect.QuickConnectSummary](ctx, s, "ListQuickConnects", in.InstanceId, in.NextToken)
	return &connect.ListQuickConnectsResponse{QuickConnectSummaryList: list}, err
}

// ListUserHierarchyGroups lists no hierarchy groups.
func (s *Service) ListUserHierarchyGroups(ctx context.Context, in *connect.ListUserHierarchyGroupsRequest) (*connect.ListUserHierarchyGroupsResponse, error) {
	list, err := nothing[connect.HierarchyGroupSummary](ctx, s, "ListUserHierarchyGroups", in.InstanceId, in.NextToken)
	return &connect.ListUserHierarchyGroupsResponse{UserHierarchyGroupSummaryList: list}, err
}

// ListQueueQuickConnects lists the quick connects of a queue: none.
func (s *Service) ListQueueQuickConnects(ctx context.Context, in *connect.ListQueueQuickConnectsRequest) (*connect.ListQueueQuickConnectsResponse, error) {
	_, q, err := find[*catalog.Queue](ctx, s, in.InstanceId, in.QueueId)
	if err != nil {
		return nil, err
	}
	list, err := nothing[connect.QuickConnectSummary](ctx, s, "ListQueueQuickConnects", in.InstanceId, in.NextToken)
	return &connect.ListQueueQuickConnectsResponse{QuickConnectSummaryList: list, LastModifiedTime: &q.Updated, LastModifiedRegion: s.region()}, err
}

// ListRoutingProfileManualAssignmentQueues lists the queues of a routing
// profile from which agents pick by hand: none.
func (s *Service) ListRoutingProfileManualAssignmentQueues(ctx context.Context, in *connect.ListRoutingProfileManualAssignmentQueuesRequest) (*connect.ListRoutingProfileManualAssignmentQueuesResponse, error) {
	_, p, err := find[*catalog.RoutingProfile](ctx, s, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	list, err := nothing[connect.RoutingProfileManualAssignmentQueueConfigSummary](ctx, s, "ListRoutingProfileManualAssignmentQueues", in.InstanceId, in.NextToken)
	return &connect.ListRoutingProfileManualAssignmentQueuesResponse{
		RoutingProfileManualAssignmentQueueConfigSummaryList: list, LastModifiedTime: &p.Updated, LastModifiedRegion: s.region(),
	}, err
}

// nothing is an empty list of an instance that exists. No token is right, as
// none was given out.
func nothing[O any](ctx context.Context, s *Service, operation, instance string, token *string) ([]O, error) {
	snap, err := s.instance(ctx, instance)
	if err != nil {
		return nil, err
	}
	empty, _, err := page([]O{}, func(*O) string { return "" }, request{token: token, size: 1, print: fingerprint(operation, snap.Instance.ID)})
	return empty, err
}
