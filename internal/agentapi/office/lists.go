package office

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

// ListAgentStatuses lists the statuses that agents may have.
func (s *Service) ListAgentStatuses(ctx context.Context, in *connect.ListAgentStatusRequest) (*connect.ListAgentStatusResponse, error) {
	if _, err := s.admit(ctx, "ListAgentStatuses", in); err != nil {
		return nil, err
	}
	return s.Connect.ListAgentStatuses(ctx, in)
}

// ListRoutingProfiles lists the routing profiles.
func (s *Service) ListRoutingProfiles(ctx context.Context, in *connect.ListRoutingProfilesRequest) (*connect.ListRoutingProfilesResponse, error) {
	if _, err := s.admit(ctx, "ListRoutingProfiles", in); err != nil {
		return nil, err
	}
	return s.Connect.ListRoutingProfiles(ctx, in)
}

// ListQueues lists the queues that the user sees.
func (s *Service) ListQueues(ctx context.Context, in *connect.ListQueuesRequest) (*connect.ListQueuesResponse, error) {
	a, err := s.admit(ctx, "ListQueues", in)
	if err != nil {
		return nil, err
	}
	out, err := s.Connect.ListQueues(ctx, in)
	if err == nil && a.scope.Narrow(center.KindQueue) {
		out.QueueSummaryList = slices.DeleteFunc(out.QueueSummaryList, func(q connect.QueueSummary) bool { return !a.scope.SeesQueue(center.QueueID(text(q.Id))) })
	}
	return out, err
}

// ListUsers lists the users whom the user sees.
func (s *Service) ListUsers(ctx context.Context, in *connect.ListUsersRequest) (*connect.ListUsersResponse, error) {
	a, err := s.admit(ctx, "ListUsers", in)
	if err != nil {
		return nil, err
	}
	out, err := s.Connect.ListUsers(ctx, in)
	if err == nil && a.scope.Narrow(center.KindUser) {
		out.UserSummaryList = slices.DeleteFunc(out.UserSummaryList, func(u connect.UserSummary) bool { return !a.scope.SeesUser(center.UserID(text(u.Id))) })
	}
	return out, err
}

// PutUserStatus gives an agent whom the user sees a status.
func (s *Service) PutUserStatus(ctx context.Context, in *connect.PutUserStatusRequest) (*connect.PutUserStatusResponse, error) {
	a, err := s.admit(ctx, "PutUserStatus", in)
	if err == nil {
		err = a.agent(in.UserId)
	}
	if err != nil {
		return nil, err
	}
	return s.Connect.PutUserStatus(ctx, in)
}
