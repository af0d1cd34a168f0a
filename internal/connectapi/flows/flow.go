package flows

import (
	"cmp"
	"context"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateContactFlow adds a flow. With Status PUBLISHED, the default, Content
// must be a valid flow: what is wrong with it, up to 50 problems at once, comes
// back in an InvalidContactFlowException. With SAVED it need only be a JSON
// object. Name has 1 to 127 characters and is unique in the instance
// (DuplicateResourceException), Description at most 500. Over the quota of
// flows it is a LimitExceededException.
func (s *Flows) CreateContactFlow(ctx context.Context, in *connect.CreateContactFlowRequest) (*connect.CreateContactFlowResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	f, err := publishing.CreateFlow(ctx, s.Catalog, snap.ID(), publishing.NewFlow{
		Name: in.Name, Type: string(in.Type), Description: wire.Text(in.Description),
		Content: in.Content, Draft: in.Status == connect.ContactFlowStatusSAVED, Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowResponse{
		ContactFlowId: new(string(f.ID)), ContactFlowArn: new(snap.ARNOf(f)),
		FlowContentSha256: new(cmp.Or(f.Published, f.Draft)),
	}, nil
}

// DescribeContactFlow describes a flow with its published content; with
// :$SAVED behind the id with its saved content, which is the published one
// when nothing was saved since; with :N with that of version N, with the name or
// id of an alias with that of the alias's version. Of a version, Arn names it
// (also when an alias did), Status is PUBLISHED and LastModifiedTime and
// LastModifiedRegion are those of ListContactFlowVersions; name, type, state and
// tags are the flow's. Without published content it is a
// ContactFlowNotPublishedException.
func (s *Flows) DescribeContactFlow(ctx context.Context, in *connect.DescribeContactFlowRequest) (*connect.DescribeContactFlowResponse, error) {
	snap, f, c, err := findContent[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId)
	if err != nil {
		return nil, err
	}
	out := flowSummary(snap, f)
	out.Content, out.FlowContentSha256, out.Status = &c.Content, &c.hash, connect.ContactFlowStatusSAVED
	if c.published {
		out.Status = connect.ContactFlowStatusPUBLISHED
	}
	if n := c.version; n.Number > 0 {
		out.Arn, out.Version, out.VersionDescription = qualified(snap, f, n.Number), &n.Number, wire.Optional(n.Description)
		out.LastModifiedTime, out.LastModifiedRegion = &n.Created, regionOf(snap, n)
	}
	return &connect.DescribeContactFlowResponse{ContactFlow: &out}, nil
}

// flowSummary makes a flow as SearchContactFlows shows it: without content.
func flowSummary(snap *catalog.Snapshot, f *catalog.Flow) connect.ContactFlow {
	return connect.ContactFlow{
		Arn: new(snap.ARNOf(f)), Id: new(string(f.ID)), Name: &f.Name, Type: connect.ContactFlowType(f.Type), State: flowState(f), Status: flowStatus(f),
		Description: wire.Optional(f.Description), Tags: wire.Tags(f.Tags), FlowContentSha256: new(cmp.Or(f.Published, f.Draft)),
		LastModifiedTime: &f.Updated, LastModifiedRegion: new(snap.Region()),
	}
}

// flowStatus is SAVED for a flow that was never published.
func flowStatus(f *catalog.Flow) connect.ContactFlowStatus {
	if f.Published == "" {
		return connect.ContactFlowStatusSAVED
	}
	return connect.ContactFlowStatusPUBLISHED
}

func flowState(f *catalog.Flow) connect.ContactFlowState {
	if f.Archived {
		return connect.ContactFlowStateARCHIVED
	}
	return connect.ContactFlowStateACTIVE
}

// ListContactFlows lists the flows of an instance by name, archived ones too,
// of ContactFlowTypes when given; 100 to a page unless MaxResults says otherwise.
func (s *Flows) ListContactFlows(ctx context.Context, in *connect.ListContactFlowsRequest) (*connect.ListContactFlowsResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "ListContactFlows", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.ContactFlowTypes}},
		func(f *catalog.Flow) bool {
			return len(in.ContactFlowTypes) == 0 || slices.Contains(in.ContactFlowTypes, connect.ContactFlowType(f.Type))
		},
		func(snap *catalog.Snapshot, f *catalog.Flow) connect.ContactFlowSummary {
			return connect.ContactFlowSummary{
				Id: new(string(f.ID)), Arn: new(snap.ARNOf(f)), Name: &f.Name, ContactFlowType: connect.ContactFlowType(f.Type),
				ContactFlowState: flowState(f), ContactFlowStatus: flowStatus(f),
			}
		})
	return &connect.ListContactFlowsResponse{ContactFlowSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowContent publishes a content, or with :$SAVED behind the id
// saves it as a draft. Publishing checks it as CreateContactFlow does and drops
// the draft. A version, named by its number or an alias, does not change
// (InvalidParameterException). Chats that run go on with the content they began with.
func (s *Flows) UpdateContactFlowContent(ctx context.Context, in *connect.UpdateContactFlowContentRequest) (*connect.UpdateContactFlowContentResponse, error) {
	return &connect.UpdateContactFlowContentResponse{}, query.In(ctx, s.Catalog, in.InstanceId, func(snap *catalog.Snapshot) error {
		f, which, err := snap.FindFlow(in.ContactFlowId)
		if err != nil {
			return err
		}
		return publishing.UpdateFlow(ctx, s.Catalog, f.Instance, f.ID, which, in.Content)
	})
}

// UpdateContactFlowMetadata changes name, description and state, those given.
// A default flow cannot be archived (InvalidRequestException). An archived
// flow is not started any more; chats in it go on.
func (s *Flows) UpdateContactFlowMetadata(ctx context.Context, in *connect.UpdateContactFlowMetadataRequest) (*connect.UpdateContactFlowMetadataResponse, error) {
	d := publishing.Describing{Name: in.Name, Description: in.Description}
	if in.ContactFlowState != "" {
		d.Archived = new(in.ContactFlowState == connect.ContactFlowStateARCHIVED)
	}
	return &connect.UpdateContactFlowMetadataResponse{}, s.describe(ctx, in.InstanceId, in.ContactFlowId, d)
}

func (s *Flows) describe(ctx context.Context, instance, ref string, d publishing.Describing) error {
	return with(ctx, s.Catalog, instance, ref, func(f *catalog.Flow) error {
		return publishing.Describe[*catalog.Flow](ctx, s.Catalog, f.Instance, f.ID, d)
	})
}

// UpdateContactFlowName changes name and description, those given.
func (s *Flows) UpdateContactFlowName(ctx context.Context, in *connect.UpdateContactFlowNameRequest) (*connect.UpdateContactFlowNameResponse, error) {
	return &connect.UpdateContactFlowNameResponse{},
		s.describe(ctx, in.InstanceId, in.ContactFlowId, publishing.Describing{Name: in.Name, Description: in.Description})
}

// DeleteContactFlow removes a flow with its versions and aliases. A default flow, and one
// that a quick connect leads through, cannot be deleted (InvalidRequestException). Other flows and event hooks that name it are no
// hindrance: they take their error branch, or are left out, from then on.
// Chats that run it go on.
func (s *Flows) DeleteContactFlow(ctx context.Context, in *connect.DeleteContactFlowRequest) (*connect.DeleteContactFlowResponse, error) {
	return &connect.DeleteContactFlowResponse{}, with(ctx, s.Catalog, in.InstanceId, in.ContactFlowId, func(f *catalog.Flow) error {
		return publishing.Delete[*catalog.Flow](ctx, s.Catalog, f.Instance, f.ID)
	})
}

// SearchContactFlows finds flows by criteria and filter, both of which must
// match. It shows them without Content, by name.
func (s *Flows) SearchContactFlows(ctx context.Context, in *connect.SearchContactFlowsRequest) (*connect.SearchContactFlowsResponse, error) {
	found, next, total, err := query.Search(ctx, s.Catalog, in.InstanceId,
		query.Page{List: "SearchContactFlows", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		query.Where(in.SearchCriteria, flowCriteria), query.Filter(in.SearchFilter, flowFilter), flowSummary)
	return &connect.SearchContactFlowsResponse{ContactFlows: found, NextToken: next, ApproximateTotalCount: total}, err
}

func flowCriteria(c *connect.ContactFlowSearchCriteria) query.Criteria[connect.ContactFlowSearchCriteria, *catalog.Flow] {
	return query.Named(c.OrConditions, c.AndConditions, c.StringCondition, query.Is(func(f *catalog.Flow) bool {
		return (c.TypeCondition == "" || c.TypeCondition == connect.ContactFlowType(f.Type)) &&
			(c.StateCondition == "" || c.StateCondition == flowState(f)) && (c.StatusCondition == "" || c.StatusCondition == flowStatus(f))
	}))
}

func flowFilter(f *connect.ContactFlowSearchFilter) query.Match[*catalog.Flow] {
	return query.Every(query.TagFilter[*catalog.Flow](f.TagFilter), query.Filter(f.FlowAttributeFilter, flowAttributes))
}

func flowAttributes(f *connect.ContactFlowAttributeFilter) query.Match[*catalog.Flow] {
	typed := func(c *connect.ContactFlowTypeCondition) query.Match[*catalog.Flow] {
		return func(f *catalog.Flow) bool { return c.ContactFlowType == "" || string(c.ContactFlowType) == f.Type }
	}
	both := func(c *connect.ContactFlowAttributeAndCondition) query.Match[*catalog.Flow] {
		return query.Every(query.Tags[*catalog.Flow](c.TagConditions), query.Filter(c.ContactFlowTypeCondition, typed))
	}
	var anyOf []query.Match[*catalog.Flow]
	for i := range f.OrConditions {
		anyOf = append(anyOf, both(&f.OrConditions[i]))
	}
	return query.Every(query.Filter(f.AndCondition, both), query.Tag[*catalog.Flow](f.TagCondition), query.Filter(f.ContactFlowTypeCondition, typed), query.Any(anyOf))
}
