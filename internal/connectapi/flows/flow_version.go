package flows

import (
	"context"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateContactFlowVersion keeps the published content of a flow, of whatever
// type, under the next number, or under ContactFlowVersion, which must be above
// all former ones and at most 2^53-1 (InvalidParameterException).
// FlowContentSha256, when given, must be that of the published content
// (InvalidRequestException). LastModifiedTime and LastModifiedRegion are those of
// the version in another region of which this one is a copy;
// ListContactFlowVersions and DescribeContactFlow give them back. Over the quota
// of versions it is a LimitExceededException.
//
// The API reference speaks of versions of campaign flows only; the service has
// dropped that restriction (model of 2026-10).
func (s *Flows) CreateContactFlowVersion(ctx context.Context, in *connect.CreateContactFlowVersionRequest) (*connect.CreateContactFlowVersionResponse, error) {
	n := publishing.NewVersion{
		Description: wire.Text(in.Description), Hash: wire.Text(in.FlowContentSha256), Region: wire.Text(in.LastModifiedRegion),
	}
	if in.ContactFlowVersion != nil {
		n.Number = *in.ContactFlowVersion
	}
	if in.LastModifiedTime != nil {
		n.Modified = in.LastModifiedTime.UTC().Truncate(time.Millisecond)
	}
	arn, number, err := makeVersion[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, n)
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowVersionResponse{ContactFlowArn: arn, Version: number}, nil
}

// ListContactFlowVersions lists the versions of a flow, oldest first, 100 to a
// page unless MaxResults says otherwise.
func (s *Flows) ListContactFlowVersions(ctx context.Context, in *connect.ListContactFlowVersionsRequest) (*connect.ListContactFlowVersionsResponse, error) {
	list, next, err := listVersions(ctx, s.Catalog, in.InstanceId, in.ContactFlowId, query.Page{List: "ListContactFlowVersions", Token: in.NextToken, Max: in.MaxResults},
		func(snap *catalog.Snapshot, f *catalog.Flow, n contents.Version) connect.ContactFlowVersionSummary {
			return connect.ContactFlowVersionSummary{
				Arn: qualified(snap, f, n.Number), VersionDescription: wire.Optional(n.Description), Version: &n.Number,
				LastModifiedTime: &n.Created, LastModifiedRegion: regionOf(snap, n),
			}
		})
	return &connect.ListContactFlowVersionsResponse{ContactFlowVersionSummaryList: list, NextToken: next}, err
}

// DeleteContactFlowVersion removes a version; its number is not given again.
// While an alias names it, it is an InvalidRequestException. Chats that run it go on.
func (s *Flows) DeleteContactFlowVersion(ctx context.Context, in *connect.DeleteContactFlowVersionRequest) (*connect.DeleteContactFlowVersionResponse, error) {
	return &connect.DeleteContactFlowVersionResponse{}, deleteVersion[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, in.ContactFlowVersion)
}

// CreateContactFlowAlias gives a version of a flow a name, unique in the flow
// (DuplicateResourceException), which stands for the version wherever a flow is
// named: …/contact-flow/ID:NAME. It has 1 to 127 characters, is no number, does
// not begin with $ and holds neither a colon nor a slash
// (InvalidParameterException): the model bounds it less, and what else stands
// behind a colon must not be taken for it. Over the quota of aliases it is a
// LimitExceededException.
func (s *Flows) CreateContactFlowAlias(ctx context.Context, in *connect.CreateContactFlowAliasRequest) (*connect.CreateContactFlowAliasResponse, error) {
	arn, id, err := makeAlias[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, publishing.NewAlias{
		Name: in.AliasName, Description: wire.Text(in.Description), Version: in.ContactFlowVersion,
	})
	if err != nil {
		return nil, err
	}
	return &connect.CreateContactFlowAliasResponse{ContactFlowArn: arn, Id: id}, nil
}

// DescribeContactFlowAlias describes an alias, by its id or its name.
func (s *Flows) DescribeContactFlowAlias(ctx context.Context, in *connect.DescribeContactFlowAliasRequest) (*connect.DescribeContactFlowAliasResponse, error) {
	snap, f, a, err := findAlias[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, in.AliasId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeContactFlowAliasResponse{ContactFlowAlias: &connect.ContactFlowAliasInfo{
		ContactFlowId: new(string(f.ID)), ContactFlowArn: qualified(snap, f, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, Name: &a.Name,
		Description: wire.Optional(a.Description), LastModifiedRegion: new(snap.Region()), LastModifiedTime: &a.Updated,
	}}, nil
}

// ListContactFlowAliases lists the aliases of a flow by name, 100 to a page
// unless MaxResults says otherwise.
func (s *Flows) ListContactFlowAliases(ctx context.Context, in *connect.ListContactFlowAliasesRequest) (*connect.ListContactFlowAliasesResponse, error) {
	list, next, err := listAliases(ctx, s.Catalog, in.InstanceId, in.ContactFlowId, query.Page{List: "ListContactFlowAliases", Token: in.NextToken, Max: in.MaxResults},
		func(snap *catalog.Snapshot, f *catalog.Flow, a contents.Alias) connect.ContactFlowAliasSummary {
			return connect.ContactFlowAliasSummary{
				Arn: qualified(snap, f, a.Name), AliasId: new(string(a.ID)), Version: &a.Version, AliasName: &a.Name,
				AliasDescription: wire.Optional(a.Description), LastModifiedTime: &a.Updated, LastModifiedRegion: new(snap.Region()),
			}
		})
	return &connect.ListContactFlowAliasesResponse{ContactFlowAliasSummaryList: list, NextToken: next}, err
}

// UpdateContactFlowAlias changes an alias; members that are not given stay. Chats
// that came to the flow by it go on with the content they began with; whoever
// comes to it from now on gets the other one.
func (s *Flows) UpdateContactFlowAlias(ctx context.Context, in *connect.UpdateContactFlowAliasRequest) (*connect.UpdateContactFlowAliasResponse, error) {
	return &connect.UpdateContactFlowAliasResponse{}, updateAlias[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, in.AliasId,
		publishing.AliasChange{Name: in.Name, Description: in.Description, Version: in.ContactFlowVersion})
}

// DeleteContactFlowAlias removes an alias. Flows and event hooks that name it
// are no hindrance: they take their error branch, or are left out, from then on.
func (s *Flows) DeleteContactFlowAlias(ctx context.Context, in *connect.DeleteContactFlowAliasRequest) (*connect.DeleteContactFlowAliasResponse, error) {
	return &connect.DeleteContactFlowAliasResponse{}, deleteAlias[*catalog.Flow](ctx, s.Catalog, in.InstanceId, in.ContactFlowId, in.AliasId)
}
