// Package people answers the operations on who works in an instance and what
// they may do: users and their hierarchy, security profiles, agent statuses.
//
// Each method translates a request, asks the catalog, and translates the
// result. Start reading at [People].
package people

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
)

// People answers the operations on users and what belongs to them.
type People struct {
	Catalog *catalog.Catalog
}

// ListUsers lists no users.
func (s *People) ListUsers(ctx context.Context, in *connect.ListUsersRequest) (*connect.ListUsersResponse, error) {
	list, err := query.Nothing[connect.UserSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListUsers", Token: in.NextToken})
	return &connect.ListUsersResponse{UserSummaryList: list}, err
}

// ListUserHierarchyGroups lists no hierarchy groups.
func (s *People) ListUserHierarchyGroups(ctx context.Context, in *connect.ListUserHierarchyGroupsRequest) (*connect.ListUserHierarchyGroupsResponse, error) {
	list, err := query.Nothing[connect.HierarchyGroupSummary](ctx, s.Catalog, in.InstanceId, query.Page{List: "ListUserHierarchyGroups", Token: in.NextToken})
	return &connect.ListUserHierarchyGroupsResponse{UserHierarchyGroupSummaryList: list}, err
}
