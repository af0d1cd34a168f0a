package connectapi

import (
	"context"
	"fmt"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// CreateView adds a view. With Status SAVED, Content.Template need only be the
// text of a JSON object; with PUBLISHED it must have a Head and a Body of
// components, each an object with a Type. Otherwise it is an
// InvalidParameterException that says where. Name is unique in the instance
// (DuplicateResourceException). The same ClientToken gives the same view. Over
// the quota of views it is a ServiceQuotaExceededException.
func (s *Service) CreateView(ctx context.Context, in *connect.CreateViewRequest) (*connect.CreateViewResponse, error) {
	made, err := s.Catalog.CreateScreen(ctx, in.InstanceId, catalog.NewScreen{
		Name: in.Name, Description: deref(in.Description), Content: screenContent(in.Content), Draft: in.Status == connect.ViewStatusSAVED,
		Tags: in.Tags, Token: deref(in.ClientToken),
	})
	if err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, made.ID+savedView)
	return &connect.CreateViewResponse{View: out}, err
}

// savedView is what follows the id of a view to name its latest content, published or not.
const savedView = ":$SAVED"

func screenContent(in *connect.ViewInputContent) catalog.ScreenContent {
	return catalog.ScreenContent{Template: deref(in.Template), Actions: in.Actions}
}

// DescribeView describes a view with its published content; with :$SAVED
// behind the id with its saved content, with :N with that of version N. Without
// published content it is an InvalidRequestException. The views managed by the
// service, such as form, are described by their names or ARNs.
func (s *Service) DescribeView(ctx context.Context, in *connect.DescribeViewRequest) (*connect.DescribeViewResponse, error) {
	out, err := s.view(ctx, in.InstanceId, in.ViewId)
	if err != nil {
		return nil, err
	}
	return &connect.DescribeViewResponse{View: out}, nil
}

// view describes a view with the content that a reference names.
func (s *Service) view(ctx context.Context, instance, ref string) (*connect.View, error) {
	v, err := s.instance(ctx, instance)
	if err != nil {
		return nil, err
	}
	screen, which, err := v.FindScreen(ref)
	if err != nil {
		return nil, err
	}
	content, hash, err := s.Catalog.ScreenContent(ctx, screen, which)
	if err != nil {
		return nil, err
	}
	out := viewSummary(v)(screen)
	out.Content = &connect.ViewContent{InputSchema: &content.InputSchema, Template: &content.Template, Actions: content.Actions}
	out.ViewContentSha256 = &hash
	if hash == screen.Published {
		out.Status = connect.ViewStatusPUBLISHED
	} else if out.Status = connect.ViewStatusSAVED; which > 0 {
		out.Status = connect.ViewStatusPUBLISHED
	}
	if n, ok := screen.FindVersion(screen.ScreenVersion(which)); ok {
		out.Version, out.VersionDescription = new(int32(n.Number)), optional(n.Description)
	}
	if which > 0 {
		out.Arn = new(viewARN(v, screen, int64(which)))
	}
	return &out, nil
}

func viewARN(v *catalog.View, s *catalog.Screen, version int64) string {
	return fmt.Sprintf("%s:%d", v.ScreenARN(s), version)
}

// viewSummary makes a view as SearchViews shows it: without content.
func viewSummary(v *catalog.View) func(s *catalog.Screen) connect.View {
	return func(s *catalog.Screen) connect.View {
		return connect.View{
			Id: &s.ID, Arn: new(v.ScreenARN(s)), Name: &s.Name, Type: viewType(s), Status: viewStatus(s),
			Description: optional(s.Description), Tags: shown(s.Tags), CreatedTime: &s.Created, LastModifiedTime: &s.Updated,
		}
	}
}

func viewType(s *catalog.Screen) connect.ViewType {
	if s.Managed() {
		return connect.ViewTypeAWS_MANAGED
	}
	return connect.ViewTypeCUSTOMER_MANAGED
}

func viewStatus(s *catalog.Screen) connect.ViewStatus {
	if s.Published == "" {
		return connect.ViewStatusSAVED
	}
	return connect.ViewStatusPUBLISHED
}

// ListViews lists the views of an instance, those managed by the service
// first, then its own, each by name; those of a Type when that is given.
func (s *Service) ListViews(ctx context.Context, in *connect.ListViewsRequest) (*connect.ListViewsResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	var all []*catalog.Screen
	for _, screen := range v.Screens() {
		if in.Type == "" || in.Type == viewType(screen) {
			all = append(all, screen)
		}
	}
	some, next, err := page(all, viewPosition, request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListViews", v.Instance.ID, in.Type)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListViewsResponse{ViewsSummaryList: []connect.ViewSummary{}, NextToken: next}
	for _, s := range some {
		out.ViewsSummaryList = append(out.ViewsSummaryList, connect.ViewSummary{
			Id: &s.ID, Arn: new(v.ScreenARN(s)), Name: &s.Name, Type: viewType(s), Status: viewStatus(s), Description: optional(s.Description),
		})
	}
	return out, nil
}

// viewPosition is where a view stands in a list: by type, then name.
func viewPosition(s **catalog.Screen) string { return string(viewType(*s)) + "\x00" + position(s) }

// UpdateViewContent saves a content of a view, and with Status PUBLISHED
// publishes it. A view managed by the service cannot be changed
// (InvalidRequestException).
func (s *Service) UpdateViewContent(ctx context.Context, in *connect.UpdateViewContentRequest) (*connect.UpdateViewContentResponse, error) {
	changed, err := s.Catalog.UpdateScreen(ctx, in.InstanceId, in.ViewId, screenContent(in.Content), in.Status == connect.ViewStatusSAVED)
	if err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, changed.ID+savedView)
	return &connect.UpdateViewContentResponse{View: out}, err
}

// UpdateViewMetadata changes name and description of a view. One of the two is
// needed (InvalidRequestException).
func (s *Service) UpdateViewMetadata(ctx context.Context, in *connect.UpdateViewMetadataRequest) (*connect.UpdateViewMetadataResponse, error) {
	return &connect.UpdateViewMetadataResponse{}, s.Catalog.DescribeScreen(ctx, in.InstanceId, in.ViewId, in.Name, in.Description)
}

// DeleteView removes a view with its versions. Flows that name it are no
// hindrance: they take their error branch from then on.
func (s *Service) DeleteView(ctx context.Context, in *connect.DeleteViewRequest) (*connect.DeleteViewResponse, error) {
	return &connect.DeleteViewResponse{}, s.Catalog.DeleteScreen(ctx, in.InstanceId, in.ViewId)
}

// CreateViewVersion keeps the published content of a view under the next
// number; when the latest version has that content, it is given instead.
// ViewContentSha256, when given, must be that content's (InvalidRequestException).
func (s *Service) CreateViewVersion(ctx context.Context, in *connect.CreateViewVersionRequest) (*connect.CreateViewVersionResponse, error) {
	made, n, err := s.Catalog.CreateScreenVersion(ctx, in.InstanceId, in.ViewId, deref(in.VersionDescription), deref(in.ViewContentSha256))
	if err != nil {
		return nil, err
	}
	out, err := s.view(ctx, in.InstanceId, fmt.Sprintf("%s:%d", made.ID, n))
	return &connect.CreateViewVersionResponse{View: out}, err
}

// ListViewVersions lists the versions of a view, the latest first.
func (s *Service) ListViewVersions(ctx context.Context, in *connect.ListViewVersionsRequest) (*connect.ListViewVersionsResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	screen, _, err := v.FindScreen(in.ViewId)
	if err != nil {
		return nil, err
	}
	var latest []catalog.Version
	for i := len(screen.Versions) - 1; i >= 0; i-- {
		latest = append(latest, screen.Versions[i])
	}
	// Later versions stand first, so positions count down.
	some, next, err := page(latest, func(n *catalog.Version) string { return fmt.Sprintf("%020d", int64(1)<<62-n.Number) },
		request{in.NextToken, in.MaxResults, pageSize, fingerprint("ListViewVersions", screen.ID)})
	if err != nil {
		return nil, err
	}
	out := &connect.ListViewVersionsResponse{ViewVersionSummaryList: []connect.ViewVersionSummary{}, NextToken: next}
	for _, n := range some {
		out.ViewVersionSummaryList = append(out.ViewVersionSummaryList, connect.ViewVersionSummary{
			Id: &screen.ID, Arn: new(viewARN(v, screen, n.Number)), Description: optional(screen.Description), Name: &screen.Name,
			Type: viewType(screen), Version: new(int32(n.Number)), VersionDescription: optional(n.Description),
		})
	}
	return out, nil
}

// DeleteViewVersion removes a version of a view. Its number is not given again.
func (s *Service) DeleteViewVersion(ctx context.Context, in *connect.DeleteViewVersionRequest) (*connect.DeleteViewVersionResponse, error) {
	return &connect.DeleteViewVersionResponse{}, s.Catalog.DeleteScreenVersion(ctx, in.InstanceId, in.ViewId, int64(in.ViewVersion))
}

// SearchViews finds views by criteria and filter, those managed by the service
// included. It shows them without Content, by type, then name.
func (s *Service) SearchViews(ctx context.Context, in *connect.SearchViewsRequest) (*connect.SearchViewsResponse, error) {
	v, err := s.instance(ctx, in.InstanceId)
	if err != nil {
		return nil, err
	}
	m, err := viewCriteria(in.SearchCriteria)
	if err != nil {
		return nil, err
	}
	if f := in.SearchFilter; f != nil && f.AttributeFilter != nil {
		m = every(m, attributeFilter(f.AttributeFilter))
	}
	var all []*catalog.Screen
	for _, screen := range v.Screens() {
		if m(screen) {
			all = append(all, screen)
		}
	}
	some, next, err := page(all, viewPosition, request{in.NextToken, in.MaxResults, pageSize, fingerprint("SearchViews", v.Instance.ID, in.SearchCriteria, in.SearchFilter)})
	if err != nil {
		return nil, err
	}
	out := &connect.SearchViewsResponse{Views: []connect.View{}, NextToken: next, ApproximateTotalCount: new(int64(len(all)))}
	for _, screen := range some {
		out.Views = append(out.Views, viewSummary(v)(screen))
	}
	return out, nil
}

func viewCriteria(c *connect.ViewSearchCriteria) (match, error) {
	if c == nil {
		return every(), nil
	}
	named, err := text(c.StringCondition)
	if err != nil {
		return nil, err
	}
	return either(c.OrConditions, c.AndConditions, viewCriteria, named, func(r catalog.Resource) bool {
		s := r.(*catalog.Screen)
		return (c.ViewTypeCondition == "" || c.ViewTypeCondition == viewType(s)) && (c.ViewStatusCondition == "" || c.ViewStatusCondition == viewStatus(s))
	})
}
