package queues

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
)

// ListQuickConnects lists no quick connects.
func (s *Queues) ListQuickConnects(ctx context.Context, in *connect.ListQuickConnectsRequest) (*connect.ListQuickConnectsResponse, error) {
	list, err := query.Nothing[connect.QuickConnectSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListQuickConnects", Token: in.NextToken})
	return &connect.ListQuickConnectsResponse{QuickConnectSummaryList: list}, err
}

// ListQueueQuickConnects lists the quick connects of a queue: none.
func (s *Queues) ListQueueQuickConnects(ctx context.Context, in *connect.ListQueueQuickConnectsRequest) (*connect.ListQueueQuickConnectsResponse, error) {
	snap, q, err := query.Find[*catalog.Queue](ctx, s.Catalog, in.InstanceId, in.QueueId)
	if err != nil {
		return nil, err
	}
	list, err := query.Nothing[connect.QuickConnectSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListQueueQuickConnects", Token: in.NextToken})
	return &connect.ListQueueQuickConnectsResponse{QuickConnectSummaryList: list, LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region())}, err
}
