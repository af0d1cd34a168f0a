package flows

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// CreateView adds a view. With Status SAVED, Content.Template need only be the
// text of a JSON object; with PUBLISHED it must have a Head with a Configuration and
// a Body of components that the service has, with properties that they have.
// Otherwise it is an InvalidParameterException that says where, and what is wrong. Name is unique in the instance
// (DuplicateResourceException). The same ClientToken gives the same view. Over
// the quota of views it is a ServiceQuotaExceededException.
func (s *Flows) CreateView(ctx context.Context, in *connect.CreateViewRequest) (*connect.CreateViewResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	v, err := publishing.CreateView(ctx, s.Catalog, snap.ID(), publishing.NewView{
		Name: in.Name, Description: wire.Text(in.Description), Content: viewContent(in.Content), Draft: in.Status == connect.ViewStatusSAVED,
		Tags: in.Tags, Token: wire.Text(in.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, string(v.ID)+savedView)
	return &connect.CreateViewResponse{View: out}, err
}

// savedView is what follows the id of a view to name its latest content, published or not.
const savedView = ":$SAVED"

func viewContent(in *connect.ViewInputContent) catalog.ViewContent {
	return catalog.ViewContent{Template: wire.Text(in.Template), Actions: in.Actions}
}

// DescribeView describes a view with its published content; with :$SAVED
// behind the id with its saved content, with :N with that of version N. Without
// published content it is an InvalidRequestException. The views managed by the
// service, such as form, are described by their names or ARNs.
func (s *Flows) DescribeView(ctx context.Context, in *connect.DescribeViewRequest) (*connect.DescribeViewResponse, error) {
	out, err := s.view(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeViewResponse{View: out}, nil
}

// view describes a view with the content that a reference names.
func (s *Flows) view(ctx context.Context, instance, ref string) (*connect.View, error) {
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return nil, err
	}
	v, which, err := snap.FindView(ref)
	if err != nil {
		return nil, err
	}
	content, hash, err := s.Catalog.ViewContent(ctx, v, which)
	if err != nil {
		return nil, err
	}
	out := viewSummary(snap, v)
	out.Content = &connect.ViewContent{InputSchema: &content.InputSchema, Template: &content.Template, Actions: wire.List(content.Actions)}
	out.ViewContentSha256 = &hash
	if hash == v.Published {
		out.Status = connect.ViewStatusPUBLISHED
	} else if out.Status = connect.ViewStatusSAVED; which > 0 {
		out.Status = connect.ViewStatusPUBLISHED
	}
	if n, ok := v.VersionOf(which); ok {
		out.Version, out.VersionDescription = new(int32(n.Number)), wire.Optional(n.Description)
	}
	if which > 0 {
		out.Arn = new(viewARN(snap, v, int64(which)))
	}
	return &out, nil
}

// ownView finds a view that can be changed: one that is not managed by the service.
func (s *Flows) ownView(ctx context.Context, instance, ref string) (*catalog.View, error) {
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return nil, err
	}
	return snap.FindOwnView(ref)
}

func viewARN(snap *catalog.Snapshot, v *catalog.View, version int64) string {
	return fmt.Sprintf("%s:%d", snap.ViewARN(v), version)
}

// viewSummary makes a view as SearchViews shows it: without content.
func viewSummary(snap *catalog.Snapshot, v *catalog.View) connect.View {
	return connect.View{
		Id: new(string(v.ID)), Arn: new(snap.ViewARN(v)), Name: &v.Name, Type: viewType(v), Status: viewStatus(v),
		Description: wire.Optional(v.Description), Tags: wire.Tags(v.Tags), CreatedTime: &v.Created, LastModifiedTime: &v.Updated,
		ViewContentSha256: wire.Optional(cmp.Or(v.Published, v.Draft)),
	}
}

func viewType(v *catalog.View) connect.ViewType {
	if v.Managed() {
		return connect.ViewTypeAWS_MANAGED
	}
	return connect.ViewTypeCUSTOMER_MANAGED
}

func viewStatus(v *catalog.View) connect.ViewStatus {
	if v.Published == "" {
		return connect.ViewStatusSAVED
	}
	return connect.ViewStatusPUBLISHED
}

// ListViews lists the views of an instance, those managed by the service
// first, then its own, each by name; those of a Type when that is given.
func (s *Flows) ListViews(ctx context.Context, in *connect.ListViewsRequest) (*connect.ListViewsResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	list, next, _, err := query.Among(snap, query.Page{List: "ListViews", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.Type}},
		snap.Views(), viewPosition, query.Is(func(v *catalog.View) bool { return in.Type == "" || in.Type == viewType(v) }), nil,
		func(snap *catalog.Snapshot, v *catalog.View) connect.ViewSummary {
			return connect.ViewSummary{
				Id: new(string(v.ID)), Arn: new(snap.ViewARN(v)), Name: &v.Name, Type: viewType(v), Status: viewStatus(v), Description: wire.Optional(v.Description),
			}
		})
	return &connect.ListViewsResponse{ViewsSummaryList: list, NextToken: next}, err
}

// viewPosition is where a view stands in a list: by type, then name.
func viewPosition(v **catalog.View) string { return string(viewType(*v)) + "\x00" + query.Position(v) }

// UpdateViewContent saves a content of a view, and with Status PUBLISHED
// publishes it. A view managed by the service cannot be changed
// (InvalidRequestException).
func (s *Flows) UpdateViewContent(ctx context.Context, in *connect.UpdateViewContentRequest) (*connect.UpdateViewContentResponse, error) {
	v, err := s.ownView(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	if err := publishing.UpdateView(ctx, s.Catalog, v.Instance, v.ID, viewContent(in.Content), in.Status == connect.ViewStatusSAVED); err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, string(v.ID)+savedView)
	return &connect.UpdateViewContentResponse{View: out}, err
}

// UpdateViewMetadata changes name and description of a view. One of the two is
// needed (InvalidRequestException).
func (s *Flows) UpdateViewMetadata(ctx context.Context, in *connect.UpdateViewMetadataRequest) (*connect.UpdateViewMetadataResponse, error) {
	if in.Name == nil && in.Description == nil {
		return nil, center.Errorf(center.BadRequest, "Name or Description is required")
	}
	v, err := s.ownView(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	return &connect.UpdateViewMetadataResponse{},
		publishing.Describe[*catalog.View](ctx, s.Catalog, v.Instance, v.ID, publishing.Describing{Name: in.Name, Description: in.Description})
}

// DeleteView removes a view with its versions. Flows that name it are no
// hindrance: they take their error branch from then on.
func (s *Flows) DeleteView(ctx context.Context, in *connect.DeleteViewRequest) (*connect.DeleteViewResponse, error) {
	v, err := s.ownView(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	return &connect.DeleteViewResponse{}, publishing.Delete[*catalog.View](ctx, s.Catalog, v.Instance, v.ID)
}

// CreateViewVersion keeps the published content of a view under the next
// number; when the latest version has that content, it is given instead.
// ViewContentSha256, when given, must be that content's (InvalidRequestException).
func (s *Flows) CreateViewVersion(ctx context.Context, in *connect.CreateViewVersionRequest) (*connect.CreateViewVersionResponse, error) {
	v, err := s.ownView(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	_, n, err := publishing.CreateVersion[*catalog.View](ctx, s.Catalog, v.Instance, v.ID, publishing.NewVersion{
		Description: wire.Text(in.VersionDescription), Hash: wire.Text(in.ViewContentSha256),
	})
	if err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, fmt.Sprintf("%s:%d", v.ID, n))
	return &connect.CreateViewVersionResponse{View: out}, err
}

// ListViewVersions lists the versions of a view, the latest first.
func (s *Flows) ListViewVersions(ctx context.Context, in *connect.ListViewVersionsRequest) (*connect.ListViewVersionsResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	v, _, err := snap.FindView(in.ViewId)
	if err != nil {
		return nil, err
	}
	latest := slices.Clone(v.Versions)
	slices.Reverse(latest)
	// Later versions stand first, so positions count down.
	list, next, err := query.Within(query.Page{List: "ListViewVersions", Token: in.NextToken, Max: in.MaxResults}, string(v.ID),
		latest, func(n *contents.Version) string { return fmt.Sprintf("%020d", int64(1)<<62-n.Number) },
		func(n contents.Version) connect.ViewVersionSummary {
			return connect.ViewVersionSummary{
				Id: new(string(v.ID)), Arn: new(viewARN(snap, v, n.Number)), Description: wire.Optional(v.Description), Name: &v.Name,
				Type: viewType(v), Version: new(int32(n.Number)), VersionDescription: wire.Optional(n.Description),
			}
		})
	return &connect.ListViewVersionsResponse{ViewVersionSummaryList: list, NextToken: next}, err
}

// DeleteViewVersion removes a version of a view. Its number is not given again.
func (s *Flows) DeleteViewVersion(ctx context.Context, in *connect.DeleteViewVersionRequest) (*connect.DeleteViewVersionResponse, error) {
	v, err := s.ownView(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	return &connect.DeleteViewVersionResponse{}, publishing.DeleteVersion[*catalog.View](ctx, s.Catalog, v.Instance, v.ID, int64(in.ViewVersion))
}

// SearchViews finds views by criteria and filter, those managed by the service
// included. It shows them without Content, by type, then name.
func (s *Flows) SearchViews(ctx context.Context, in *connect.SearchViewsRequest) (*connect.SearchViewsResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	found, next, total, err := query.Among(snap,
		query.Page{List: "SearchViews", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		snap.Views(), viewPosition, query.Where(in.SearchCriteria, viewCriteria), query.Filter(in.SearchFilter, viewFilter), viewSummary)
	return &connect.SearchViewsResponse{Views: found, NextToken: next, ApproximateTotalCount: total}, err
}

func viewCriteria(c *connect.ViewSearchCriteria) query.Criteria[connect.ViewSearchCriteria, *catalog.View] {
	return query.Named(c.OrConditions, c.AndConditions, c.StringCondition, query.Is(func(v *catalog.View) bool {
		return (c.ViewTypeCondition == "" || c.ViewTypeCondition == viewType(v)) && (c.ViewStatusCondition == "" || c.ViewStatusCondition == viewStatus(v))
	}))
}

func viewFilter(f *connect.ViewSearchFilter) query.Match[*catalog.View] {
	return query.AttributeFilter[*catalog.View](f.AttributeFilter)
}
