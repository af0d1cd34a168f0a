package office

import (
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/center"
)

// apart is the refusal of numbers that would count queues that the user may not see.
func apart() error {
	return access.Denied("your security profiles do not let you see every queue: filter by queues that you see, or group by QUEUE")
}

// GetCurrentMetricData tells how things stand with the queues that the user sees.
func (s *Service) GetCurrentMetricData(ctx context.Context, in *connect.GetCurrentMetricDataRequest) (*connect.GetCurrentMetricDataResponse, error) {
	a, err := s.admit(ctx, "GetCurrentMetricData", in)
	if err == nil {
		err = all(in.Filters.Queues, a.queue)
	}
	if err != nil {
		return nil, err
	}
	narrow := a.scope.Narrow(center.KindQueue)
	if narrow && len(in.Filters.Queues) == 0 && !slices.Contains(in.Groupings, connect.GroupingQUEUE) {
		return nil, apart()
	}
	out, err := s.Connect.GetCurrentMetricData(ctx, in)
	if err != nil || !narrow || len(in.Filters.Queues) > 0 {
		return out, err
	}
	some := *out // the rows are those that are kept for the pages of the answer
	some.ApproximateTotalCount, some.MetricResults = nil, nil
	for _, r := range out.MetricResults {
		if r.Dimensions != nil && r.Dimensions.Queue != nil && a.scope.SeesQueue(center.QueueID(text(r.Dimensions.Queue.Id))) {
			some.MetricResults = append(some.MetricResults, r)
		}
	}
	return &some, nil
}

// GetCurrentUserData tells what the agents do whom the user sees. A queue that he does not see is not named.
func (s *Service) GetCurrentUserData(ctx context.Context, in *connect.GetCurrentUserDataRequest) (*connect.GetCurrentUserDataResponse, error) {
	a, err := s.admit(ctx, "GetCurrentUserData", in)
	if err == nil {
		err = all(in.Filters.Queues, a.queue)
	}
	if err == nil {
		err = all(in.Filters.Agents, a.agent)
	}
	if err != nil {
		return nil, err
	}
	out, err := s.Connect.GetCurrentUserData(ctx, in)
	if err != nil {
		return nil, err
	}
	if a.scope.Narrow(center.KindUser) {
		out.ApproximateTotalCount = nil
		out.UserDataList = slices.DeleteFunc(out.UserDataList, func(u connect.UserData) bool {
			return u.User == nil || !a.scope.SeesUser(center.UserID(text(u.User.Id)))
		})
	}
	if a.scope.Narrow(center.KindQueue) {
		for _, u := range out.UserDataList {
			for i, c := range u.Contacts {
				if c.Queue != nil && !a.scope.SeesQueue(center.QueueID(text(c.Queue.Id))) {
					u.Contacts[i].Queue = nil
				}
			}
		}
	}
	return out, nil
}

// The keys of filters and groupings of GetMetricDataV2 that are restricted.
const (
	byQueue = "QUEUE"
	byAgent = "AGENT"
)

// GetMetricDataV2 tells what has happened in the queues that the user sees, and what the agents did whom he sees.
func (s *Service) GetMetricDataV2(ctx context.Context, in *connect.GetMetricDataV2Request) (*connect.GetMetricDataV2Response, error) {
	a, err := s.admit(ctx, "GetMetricDataV2", in)
	if err != nil {
		return nil, err
	}
	filtered := map[string]bool{}
	for _, f := range in.Filters {
		key := text(f.FilterKey)
		one := map[string]func(string) error{byQueue: a.queue, byAgent: a.agent}[key]
		if one == nil {
			continue
		}
		if err := all(f.FilterValues, one); err != nil {
			return nil, err
		}
		filtered[key] = true
	}
	queues, agents := a.scope.Narrow(center.KindQueue), a.scope.Narrow(center.KindUser)
	// By agents who are seen there is nothing of a queue but what those agents did.
	if queues && !filtered[byQueue] && !filtered[byAgent] && !slices.Contains(in.Groupings, byQueue) {
		return nil, apart()
	}
	out, err := s.Connect.GetMetricDataV2(ctx, in)
	if err != nil {
		return nil, err
	}
	out.MetricResults = slices.DeleteFunc(out.MetricResults, func(r connect.MetricResultV2) bool {
		queue, ofQueue := r.Dimensions[byQueue]
		agent, ofAgent := r.Dimensions[byAgent]
		return queues && ofQueue && !a.scope.SeesQueue(center.QueueID(queue)) || agents && ofAgent && !a.scope.SeesUser(center.UserID(agent))
	})
	return out, nil
}
