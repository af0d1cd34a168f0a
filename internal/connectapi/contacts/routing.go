package contacts

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/store"
)

// UpdateContactRoutingData changes how a contact that no agent has taken yet is
// routed: its priority, or how long it counts as having waited beyond what it
// has (not both), and the routing criteria. In a queue that counts at once.
func (s *Contacts) UpdateContactRoutingData(ctx context.Context, in *connect.UpdateContactRoutingDataRequest) (*connect.UpdateContactRoutingDataResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	cmd := contact.Route{Adjust: in.QueueTimeAdjustmentSeconds}
	switch {
	case in.QueuePriority != nil && in.QueueTimeAdjustmentSeconds != nil:
		return nil, center.Errorf(center.BadRequest, "give QueuePriority or QueueTimeAdjustmentSeconds, not both")
	case in.QueuePriority == nil && in.QueueTimeAdjustmentSeconds == nil && in.RoutingCriteria == nil:
		return nil, center.Errorf(center.BadRequest, "give QueuePriority, QueueTimeAdjustmentSeconds or RoutingCriteria")
	case c.ID != chat.Current().ID:
		return nil, center.Errorf(center.Conflict, "contact %s has ended", c.ID)
	}
	if in.QueuePriority != nil {
		cmd.Priority = *in.QueuePriority
	}
	if in.RoutingCriteria != nil {
		if cmd.Criteria, err = flow.ReadCriteria(restjson.Marshal(in.RoutingCriteria)); err != nil {
			return nil, center.Errorf(center.Invalid, "RoutingCriteria: %v", err)
		}
	}
	if _, err := s.Engine.Do(ctx, chat.ID, cmd); err != nil {
		return nil, err
	}
	return &connect.UpdateContactRoutingDataResponse{}, nil
}

// wireCriteria shows the routing criteria in force; nil when anybody may take
// the contact from the beginning. Index is that of the active step, and the
// number of steps when all have expired.
func wireCriteria(p *contact.QueueEntry) *connect.RoutingCriteria {
	if len(p.Steps) == 0 {
		return nil
	}
	out := &connect.RoutingCriteria{ActivationTimestamp: &p.Active, Index: new(int32(p.Step))}
	for i, step := range p.Steps {
		w := connect.Step{Status: connect.RoutingCriteriaStepStatus(step.Status), Expression: &connect.Expression{}}
		if restjson.Unmarshal(step.Expression, w.Expression) != nil {
			w.Expression = nil // it was checked when it was set
		}
		if step.Expiry > 0 {
			w.Expiry = &connect.Expiry{DurationInSeconds: new(int32(step.Expiry.Seconds()))}
			if i == p.Step {
				w.Expiry.ExpiryTimestamp = wire.Moment(p.StepBy)
			}
		}
		out.Steps = append(out.Steps, w)
	}
	return out
}

// GetContactMetrics reports where in its queue a contact waits:
// POSITION_IN_QUEUE counts from 1. ESTIMATED_WAIT_TIME is in seconds, and left out of the
// results while nothing is known from which to estimate it: nobody takes chats of the queue, or none
// of it has been handled since the server started. How it is estimated is at router.Counts.Wait.
func (s *Contacts) GetContactMetrics(ctx context.Context, in *connect.GetContactMetricsRequest) (*connect.GetContactMetricsResponse, error) {
	chat, c, err := s.chatOf(ctx, in.InstanceId, in.ContactId)
	if err != nil {
		return nil, err
	}
	queue, priority, rank, ok := chat.Rank()
	if !ok || c.ID != chat.Current().ID {
		return nil, center.Errorf(center.BadRequest, "contact %s does not wait in a queue", c.ID)
	}
	out := &connect.GetContactMetricsResponse{
		Id: new(string(c.ID)), Arn: new(s.Partition.ContactARN(c.Instance, c.ID)), MetricResults: []connect.ContactMetricResult{},
	}
	line, err := s.Store.QueueStatus(ctx, store.QueueQuery{
		Instance: chat.Instance, Except: chat.ID,
		QueueEntry: store.QueueEntry{Queue: queue, Priority: priority, Rank: rank, Since: chat.Queue.Since},
	})
	if err != nil {
		return nil, err
	}
	staff, err := s.Engine.Staff.Staffing(ctx, chat.Instance, queue)
	if err != nil {
		return nil, err
	}
	for _, m := range in.Metrics {
		value := float64(line.Ahead + 1)
		if m.Name == connect.ContactMetricNameESTIMATED_WAIT_TIME {
			wait := staff.EstimatedWait(line.Ahead)
			if wait == nil {
				continue
			}
			value = wait.Seconds()
		}
		out.MetricResults = append(out.MetricResults, connect.ContactMetricResult{Name: m.Name, Value: &connect.ContactMetricValue{Number: &value}})
	}
	return out, nil
}
