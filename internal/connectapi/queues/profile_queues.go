package queues

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
)

// ListRoutingProfileQueues lists the queues of a routing profile that contacts are
// offered from, by name, once for each channel.
func (s *Profiles) ListRoutingProfileQueues(ctx context.Context, in *connect.ListRoutingProfileQueuesRequest) (*connect.ListRoutingProfileQueuesResponse, error) {
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListRoutingProfileQueues", Token: in.NextToken, Max: in.MaxResults}, string(p.ID),
		placed(snap, p.Queues, func(q catalog.ProfileQueue) catalog.QueueChannel { return q.QueueChannel }), placeOf[catalog.ProfileQueue],
		func(e listed[catalog.ProfileQueue]) connect.RoutingProfileQueueConfigSummary {
			return connect.RoutingProfileQueueConfigSummary{
				QueueId: string(e.queue.ID), QueueArn: snap.ARNOf(e.queue), QueueName: e.queue.Name,
				Priority: e.entry.Priority, Delay: e.entry.Delay, Channel: connect.Channel(e.entry.Channel),
			}
		})
	if err != nil {
		return nil, err
	}
	return &connect.ListRoutingProfileQueuesResponse{
		RoutingProfileQueueConfigSummaryList: list, NextToken: next, LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
	}, nil
}

// ListRoutingProfileManualAssignmentQueues lists the queues of a routing
// profile that agents may pick from by hand, by name, once for each channel.
func (s *Profiles) ListRoutingProfileManualAssignmentQueues(ctx context.Context, in *connect.ListRoutingProfileManualAssignmentQueuesRequest) (*connect.ListRoutingProfileManualAssignmentQueuesResponse, error) {
	snap, p, err := query.Find[*catalog.RoutingProfile](ctx, s.Catalog, in.InstanceId, in.RoutingProfileId)
	if err != nil {
		return nil, err
	}
	list, next, err := query.Within(query.Page{List: "ListRoutingProfileManualAssignmentQueues", Token: in.NextToken, Max: in.MaxResults}, string(p.ID),
		placed(snap, p.Manual, func(q catalog.QueueChannel) catalog.QueueChannel { return q }), placeOf[catalog.QueueChannel],
		func(e listed[catalog.QueueChannel]) connect.RoutingProfileManualAssignmentQueueConfigSummary {
			return connect.RoutingProfileManualAssignmentQueueConfigSummary{
				QueueId: string(e.queue.ID), QueueArn: snap.ARNOf(e.queue), QueueName: e.queue.Name, Channel: connect.Channel(e.entry.Channel),
			}
		})
	if err != nil {
		return nil, err
	}
	return &connect.ListRoutingProfileManualAssignmentQueuesResponse{
		RoutingProfileManualAssignmentQueueConfigSummaryList: list, NextToken: next, LastModifiedTime: &p.Updated, LastModifiedRegion: new(snap.Region()),
	}, nil
}

// listed is an entry of a routing profile at its place in the list.
type listed[T any] struct {
	entry T
	queue *catalog.Queue
	place string
}

func placeOf[T any](e *listed[T]) string { return e.place }

// placed puts the entries of a routing profile in the order of their queues'
// names, and of the channels as the model has them.
func placed[T any](snap *catalog.Snapshot, entries []T, key func(T) catalog.QueueChannel) []listed[T] {
	all := make([]listed[T], 0, len(entries))
	for _, e := range entries {
		k := key(e)
		q, err := catalog.Get[*catalog.Queue](snap, k.Queue)
		if err != nil {
			continue // a queue of a profile is not deleted; older rows may have lost one
		}
		rank := slices.Index(connect.Channel("").Values(), connect.Channel(k.Channel))
		all = append(all, listed[T]{e, q, query.Position(&q) + "\x00" + strconv.Itoa(rank)})
	}
	slices.SortFunc(all, func(a, b listed[T]) int { return strings.Compare(a.place, b.place) })
	return all
}
