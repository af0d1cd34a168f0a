package queues

import (
	"context"
	"regexp"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// QuickConnects answers the operations on quick connects.
type QuickConnects struct {
	Catalog *catalog.Catalog
}

// ListQuickConnects lists the quick connects of an instance by name, of
// QuickConnectTypes when given.
func (s *QuickConnects) ListQuickConnects(ctx context.Context, in *connect.ListQuickConnectsRequest) (*connect.ListQuickConnectsResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListQuickConnects", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.QuickConnectTypes}},
		func(k *catalog.QuickConnect) bool {
			return len(in.QuickConnectTypes) == 0 || slices.Contains(in.QuickConnectTypes, connect.QuickConnectType(k.Type))
		}, quickConnectSummary)
	return &connect.ListQuickConnectsResponse{QuickConnectSummaryList: list, NextToken: next}, err
}

func quickConnectSummary(snap *catalog.Snapshot, k *catalog.QuickConnect) connect.QuickConnectSummary {
	return connect.QuickConnectSummary{
		Id: new(string(k.ID)), Arn: new(snap.ARNOf(k)), Name: &k.Name, QuickConnectType: connect.QuickConnectType(k.Type),
		LastModifiedTime: &k.Updated, LastModifiedRegion: new(snap.Region()),
	}
}

// DescribeQuickConnect describes a quick connect.
func (s *QuickConnects) DescribeQuickConnect(ctx context.Context, in *connect.DescribeQuickConnectRequest) (*connect.DescribeQuickConnectResponse, error) {
	k, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.QuickConnectId, quickConnect)
	return &connect.DescribeQuickConnectResponse{QuickConnect: k}, err
}

func quickConnect(snap *catalog.Snapshot, k *catalog.QuickConnect) connect.QuickConnect {
	out := connect.QuickConnect{
		QuickConnectARN: new(snap.ARNOf(k)), QuickConnectId: new(string(k.ID)), Name: &k.Name, Description: wire.Optional(k.Description), Tags: wire.Tags(k.Tags),
		QuickConnectConfig: &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectType(k.Type)},
		LastModifiedTime:   &k.Updated, LastModifiedRegion: new(snap.Region()),
	}
	switch to := out.QuickConnectConfig; k.Type {
	case catalog.ToUser:
		to.UserConfig = &connect.UserQuickConnectConfig{UserId: string(k.User), ContactFlowId: string(k.Flow)}
	case catalog.ToQueue:
		to.QueueConfig = &connect.QueueQuickConnectConfig{QueueId: string(k.Queue), ContactFlowId: string(k.Flow)}
	case catalog.ToFlow:
		to.FlowConfig = &connect.FlowQuickConnectConfig{ContactFlowId: string(k.Flow)}
	case catalog.ToPhone:
		to.PhoneConfig = &connect.PhoneNumberQuickConnectConfig{PhoneNumber: k.Phone}
	}
	return out
}

// destinationOf reads a QuickConnectConfig, given a snapshot with users: exactly the member that belongs to its
// type is there. Users, queues and flows are named by id or ARN, a flow also with a
// version or an alias.
func destinationOf(snap *catalog.Snapshot, in *connect.QuickConnectConfig) (to queueing.Destination, err error) {
	to.Type = string(in.QuickConnectType)
	given := map[string]bool{catalog.ToUser: in.UserConfig != nil, catalog.ToQueue: in.QueueConfig != nil, catalog.ToPhone: in.PhoneConfig != nil, catalog.ToFlow: in.FlowConfig != nil}
	for _, m := range configMembers {
		switch {
		case m.typ == to.Type && !given[m.typ]:
			return to, center.Errorf(center.BadRequest, "a quick connect of the type %s needs %s", to.Type, m.member)
		case m.typ != to.Type && given[m.typ]:
			return to, center.Errorf(center.BadRequest, "a quick connect of the type %s has no %s", to.Type, m.member)
		}
	}
	flow := ""
	switch to.Type {
	case catalog.ToUser:
		u, err := catalog.Find[*catalog.User](snap, in.UserConfig.UserId)
		if err != nil {
			return to, err
		}
		flow, to.User = in.UserConfig.ContactFlowId, u.ID
	case catalog.ToQueue:
		q, err := catalog.Find[*catalog.Queue](snap, in.QueueConfig.QueueId)
		if err != nil {
			return to, err
		}
		flow, to.Queue = in.QueueConfig.ContactFlowId, q.ID
	case catalog.ToFlow:
		flow = in.FlowConfig.ContactFlowId
	case catalog.ToPhone:
		if to.Phone = in.PhoneConfig.PhoneNumber; !e164.MatchString(to.Phone) {
			return to, center.Errorf(center.Invalid, "PhoneNumber is in the form of E.164, as +14155550123, not %q", to.Phone)
		}
		return to, nil
	}
	f, _, err := snap.FindFlow(flow)
	if err != nil {
		return to, err
	}
	to.Flow = f.ID.Ref(flow)
	return to, nil
}

// e164 is the form of phone numbers. The pattern of the model takes it anywhere in a text.
var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

// configMembers are the members of QuickConnectConfig by the type that they belong to.
var configMembers = []struct{ typ, member string }{
	{catalog.ToUser, "UserConfig"}, {catalog.ToQueue, "QueueConfig"}, {catalog.ToPhone, "PhoneConfig"}, {catalog.ToFlow, "FlowConfig"},
}

// CreateQuickConnect adds a quick connect. Name is unique in the instance
// (DuplicateResourceException). The flow that a transferred contact runs is of the type
// AGENT_TRANSFER for USER, and QUEUE_TRANSFER for QUEUE and FLOW; any other is an InvalidRequestException.
// Over the quota of quick connects it is a LimitExceededException.
func (s *QuickConnects) CreateQuickConnect(ctx context.Context, in *connect.CreateQuickConnectRequest) (*connect.CreateQuickConnectResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	to, err := destinationOf(snap, in.QuickConnectConfig)
	if err != nil {
		return nil, err
	}
	k, err := queueing.CreateQuickConnect(ctx, s.Catalog, snap.ID(), queueing.NewQuickConnect{Name: in.Name, Description: wire.Text(in.Description), To: to, Tags: in.Tags})
	if err != nil {
		return nil, err
	}
	return &connect.CreateQuickConnectResponse{QuickConnectId: new(string(k.ID)), QuickConnectARN: new(snap.ARNOf(k))}, nil
}

// UpdateQuickConnectName changes name and description of a quick connect, those given. One of
// the two is needed; a name that is taken is an InvalidRequestException, since the operation declares no other.
func (s *QuickConnects) UpdateQuickConnectName(ctx context.Context, in *connect.UpdateQuickConnectNameRequest) (*connect.UpdateQuickConnectNameResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, noName
	}
	return &connect.UpdateQuickConnectNameResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.QuickConnectId, func(k *catalog.QuickConnect) error {
		return queueing.UpdateQuickConnect(ctx, s.Catalog, k.Instance, k.ID, queueing.QuickConnectChange{Name: in.Name, Description: in.Description})
	})
}

// UpdateQuickConnectConfig sets where a quick connect leads, also to another type: see CreateQuickConnect.
func (s *QuickConnects) UpdateQuickConnectConfig(ctx context.Context, in *connect.UpdateQuickConnectConfigRequest) (*connect.UpdateQuickConnectConfigResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	k, err := catalog.Find[*catalog.QuickConnect](snap, in.QuickConnectId)
	if err != nil {
		return nil, err
	}
	to, err := destinationOf(snap, in.QuickConnectConfig)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateQuickConnectConfigResponse{}, queueing.UpdateQuickConnect(ctx, s.Catalog, k.Instance, k.ID, queueing.QuickConnectChange{To: &to})
}

// DeleteQuickConnect removes a quick connect, also from the queues that have it.
func (s *QuickConnects) DeleteQuickConnect(ctx context.Context, in *connect.DeleteQuickConnectRequest) (*connect.DeleteQuickConnectResponse, error) {
	return &connect.DeleteQuickConnectResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.QuickConnectId, func(k *catalog.QuickConnect) error {
		return queueing.DeleteQuickConnect(ctx, s.Catalog, k.Instance, k.ID)
	})
}

// SearchQuickConnects finds quick connects by criteria and filter.
func (s *QuickConnects) SearchQuickConnects(ctx context.Context, in *connect.SearchQuickConnectsRequest) (*connect.SearchQuickConnectsResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchQuickConnects", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, quickConnectCriteria), query.Filter(in.SearchFilter, quickConnectFilter), quickConnect)
	return &connect.SearchQuickConnectsResponse{QuickConnects: found, NextToken: next, ApproximateTotalCount: total}, err
}

func quickConnectCriteria(c *connect.QuickConnectSearchCriteria) query.Criteria[connect.QuickConnectSearchCriteria, *catalog.QuickConnect] {
	return query.Named[*catalog.QuickConnect](c.OrConditions, c.AndConditions, c.StringCondition)
}

func quickConnectFilter(f *connect.QuickConnectSearchFilter) query.Match[*catalog.QuickConnect] {
	return query.TagFilter[*catalog.QuickConnect](f.TagFilter)
}

// ListQueueQuickConnects lists the quick connects of a queue by name.
func (s *QuickConnects) ListQueueQuickConnects(ctx context.Context, in *connect.ListQueueQuickConnectsRequest) (*connect.ListQueueQuickConnectsResponse, error) {
	snap, q, err := query.Find[*catalog.Queue](ctx, s.Catalog, in.InstanceId, in.QueueId)
	if err != nil {
		return nil, err
	}
	offered := slices.DeleteFunc(catalog.All[*catalog.QuickConnect](snap), func(k *catalog.QuickConnect) bool { return !slices.Contains(q.QuickConnects, k.ID) })
	list, next, err := query.Within(query.Page{List: "ListQueueQuickConnects", Token: in.NextToken, Max: in.MaxResults}, string(q.ID), offered,
		query.Position, func(k *catalog.QuickConnect) connect.QuickConnectSummary { return quickConnectSummary(snap, k) })
	if err != nil {
		return nil, err
	}
	return &connect.ListQueueQuickConnectsResponse{QuickConnectSummaryList: list, NextToken: next, LastModifiedTime: &q.Updated, LastModifiedRegion: new(snap.Region())}, nil
}

// quickConnectsOf reads QuickConnectIds.
func quickConnectsOf(snap *catalog.Snapshot, refs []string) ([]center.QuickConnectID, error) {
	var ids []center.QuickConnectID
	for _, ref := range refs {
		k, err := catalog.Find[*catalog.QuickConnect](snap, ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, k.ID)
	}
	return ids, nil
}

// AssociateQueueQuickConnects adds quick connects to a queue, 50 at a time and
// 1,000 in all (LimitExceededException). Those that it has already are no error.
func (s *QuickConnects) AssociateQueueQuickConnects(ctx context.Context, in *connect.AssociateQueueQuickConnectsRequest) (*connect.AssociateQueueQuickConnectsResponse, error) {
	return &connect.AssociateQueueQuickConnectsResponse{}, s.offered(ctx, in.InstanceId, in.QueueId, in.QuickConnectIds, queueing.OfferQuickConnects)
}

// DisassociateQueueQuickConnects takes quick connects off a queue. Those that it
// does not have are no error.
func (s *QuickConnects) DisassociateQueueQuickConnects(ctx context.Context, in *connect.DisassociateQueueQuickConnectsRequest) (*connect.DisassociateQueueQuickConnectsResponse, error) {
	return &connect.DisassociateQueueQuickConnectsResponse{}, s.offered(ctx, in.InstanceId, in.QueueId, in.QuickConnectIds, queueing.WithdrawQuickConnects)
}

// offered changes which quick connects a queue has.
func (s *QuickConnects) offered(ctx context.Context, instance, queue string, refs []string,
	change func(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QueueID, ids []center.QuickConnectID) error) error {
	snap, q, err := query.Find[*catalog.Queue](ctx, s.Catalog, instance, queue)
	if err != nil {
		return err
	}
	ids, err := quickConnectsOf(snap, refs)
	if err != nil {
		return err
	}
	return change(ctx, s.Catalog, q.Instance, q.ID, ids)
}
