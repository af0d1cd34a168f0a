package people

import (
	"context"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/staffing"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// Hierarchy answers the operations on the groups of users and their levels.
type Hierarchy struct {
	Catalog *catalog.Catalog
}

// CreateUserHierarchyGroup adds a group: on the first level, or below ParentGroupId. The level has to be
// there (InvalidRequestException): UpdateUserHierarchyStructure adds it. Name has up to 100 characters, and is unique
// in the instance (DuplicateResourceException). Over the quota of hierarchy groups it is a LimitExceededException.
func (s *Hierarchy) CreateUserHierarchyGroup(ctx context.Context, in *connect.CreateUserHierarchyGroupRequest) (*connect.CreateUserHierarchyGroupResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	parent, err := groupOf(snap, "ParentGroupId", in.ParentGroupId)
	if err != nil {
		return nil, err
	}
	g, err := staffing.CreateGroup(ctx, s.Catalog, snap.ID(), staffing.NewGroup{Name: in.Name, Parent: parent, Tags: in.Tags})
	if err != nil {
		return nil, err
	}
	return &connect.CreateUserHierarchyGroupResponse{HierarchyGroupId: new(string(g.ID)), HierarchyGroupArn: new(snap.ARNOf(g))}, nil
}

// DescribeUserHierarchyGroup describes a group, with the groups above it and itself as its HierarchyPath.
func (s *Hierarchy) DescribeUserHierarchyGroup(ctx context.Context, in *connect.DescribeUserHierarchyGroupRequest) (*connect.DescribeUserHierarchyGroupResponse, error) {
	g, err := query.Describe(ctx, s.Catalog, in.InstanceId, in.HierarchyGroupId, group)
	return &connect.DescribeUserHierarchyGroupResponse{HierarchyGroup: g}, err
}

func group(snap *catalog.Snapshot, g *catalog.Group) connect.HierarchyGroup {
	out := connect.HierarchyGroup{
		Id: new(string(g.ID)), Arn: new(snap.ARNOf(g)), Name: &g.Name, LevelId: wire.Optional(levelOf(snap, g)), Tags: wire.Tags(g.Tags),
		LastModifiedTime: &g.Updated, LastModifiedRegion: new(snap.Region()), HierarchyPath: &connect.HierarchyPath{},
	}
	places := []**connect.HierarchyGroupSummary{&out.HierarchyPath.LevelOne, &out.HierarchyPath.LevelTwo, &out.HierarchyPath.LevelThree, &out.HierarchyPath.LevelFour, &out.HierarchyPath.LevelFive}
	for i, above := range catalog.Path(snap, g) {
		if above != nil && i < len(places) {
			*places[i] = new(groupSummary(snap, above))
		}
	}
	return out
}

func groupSummary(snap *catalog.Snapshot, g *catalog.Group) connect.HierarchyGroupSummary {
	return connect.HierarchyGroupSummary{
		Id: new(string(g.ID)), Arn: new(snap.ARNOf(g)), Name: &g.Name, LastModifiedTime: &g.Updated, LastModifiedRegion: new(snap.Region()),
	}
}

// levelOf returns the id of the level that a group is on.
func levelOf(snap *catalog.Snapshot, g *catalog.Group) string {
	if levels := catalog.Levels(snap); g.Level <= len(levels) {
		return string(levels[g.Level-1].ID)
	}
	return ""
}

// ListUserHierarchyGroups lists the groups of an instance by name.
func (s *Hierarchy) ListUserHierarchyGroups(ctx context.Context, in *connect.ListUserHierarchyGroupsRequest) (*connect.ListUserHierarchyGroupsResponse, error) {
	list, next, err := query.List(ctx, s.Catalog, in.InstanceId, query.Page{List: "ListUserHierarchyGroups", Token: in.NextToken, Max: in.MaxResults}, nil, groupSummary)
	return &connect.ListUserHierarchyGroupsResponse{UserHierarchyGroupSummaryList: list, NextToken: next}, err
}

// UpdateUserHierarchyGroupName gives a group another name, which is as CreateUserHierarchyGroup wants it.
func (s *Hierarchy) UpdateUserHierarchyGroupName(ctx context.Context, in *connect.UpdateUserHierarchyGroupNameRequest) (*connect.UpdateUserHierarchyGroupNameResponse, error) {
	return &connect.UpdateUserHierarchyGroupNameResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HierarchyGroupId, func(g *catalog.Group) error {
		return staffing.RenameGroup(ctx, s.Catalog, g.Instance, g.ID, in.Name)
	})
}

// DeleteUserHierarchyGroup removes a group. While there are groups below it or users in it, or a security profile
// is restricted to it, it is a ResourceInUseException.
func (s *Hierarchy) DeleteUserHierarchyGroup(ctx context.Context, in *connect.DeleteUserHierarchyGroupRequest) (*connect.DeleteUserHierarchyGroupResponse, error) {
	return &connect.DeleteUserHierarchyGroupResponse{}, query.With(ctx, s.Catalog, in.InstanceId, in.HierarchyGroupId, func(g *catalog.Group) error {
		return staffing.DeleteGroup(ctx, s.Catalog, g.Instance, g.ID)
	})
}

// SearchUserHierarchyGroups finds groups by criteria and filter.
func (s *Hierarchy) SearchUserHierarchyGroups(ctx context.Context, in *connect.SearchUserHierarchyGroupsRequest) (*connect.SearchUserHierarchyGroupsResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	filter := query.Filter(in.SearchFilter, func(f *connect.UserHierarchyGroupSearchFilter) query.Match[*catalog.Group] {
		return query.AttributeFilter[*catalog.Group](f.AttributeFilter)
	})
	found, next, total, err := query.Among(snap,
		query.Page{List: "SearchUserHierarchyGroups", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		catalog.All[*catalog.Group](snap), query.Position[*catalog.Group], query.Where(in.SearchCriteria, groupCriteria(snap)), filter, group)
	return &connect.SearchUserHierarchyGroupsResponse{UserHierarchyGroups: found, NextToken: next, ApproximateTotalCount: total}, err
}

// groupFields are the FieldNames of SearchUserHierarchyGroups.
var groupFields = []string{"name", "parentId", "levelId", "resourceID"}

func groupCriteria(snap *catalog.Snapshot) func(c *connect.UserHierarchyGroupSearchCriteria) query.Criteria[connect.UserHierarchyGroupSearchCriteria, *catalog.Group] {
	read := func(g *catalog.Group, field string) string {
		switch field {
		case "name":
			return g.Name
		case "parentId":
			return string(g.Parent)
		case "levelId":
			return levelOf(snap, g)
		}
		return string(g.ID)
	}
	return func(c *connect.UserHierarchyGroupSearchCriteria) query.Criteria[connect.UserHierarchyGroupSearchCriteria, *catalog.Group] {
		text := c.StringCondition
		if text != nil && wire.Text(text.FieldName) != "name" {
			text = &connect.StringCondition{FieldName: text.FieldName, Value: new(center.IDOf(wire.Text(text.Value))), ComparisonType: text.ComparisonType}
		}
		return query.Criteria[connect.UserHierarchyGroupSearchCriteria, *catalog.Group]{
			Or: c.OrConditions, And: c.AndConditions, Beside: []query.Condition[*catalog.Group]{bounded(text, query.TextOf(text, groupFields, read))},
		}
	}
}

// DescribeUserHierarchyStructure describes the levels of an instance's hierarchy: those that there are.
func (s *Hierarchy) DescribeUserHierarchyStructure(ctx context.Context, in *connect.DescribeUserHierarchyStructureRequest) (*connect.DescribeUserHierarchyStructureResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	out := &connect.HierarchyStructure{}
	places := []**connect.HierarchyLevel{&out.LevelOne, &out.LevelTwo, &out.LevelThree, &out.LevelFour, &out.LevelFive}
	for i, l := range catalog.Levels(snap) {
		*places[i] = &connect.HierarchyLevel{
			Id: new(string(l.ID)), Arn: new(snap.ARN(center.KindHierarchyLevel, string(l.ID))), Name: &l.Name, LastModifiedTime: &l.Updated, LastModifiedRegion: new(snap.Region()),
		}
	}
	return &connect.DescribeUserHierarchyStructureResponse{HierarchyStructure: out}, nil
}

// UpdateUserHierarchyStructure makes the levels of an instance's hierarchy those that are given: one that was
// there keeps its id and may get another name, one that is not given goes. There are no gaps between levels
// (InvalidRequestException), and a level with groups stays (ResourceInUseException). A name has up to 50 characters.
func (s *Hierarchy) UpdateUserHierarchyStructure(ctx context.Context, in *connect.UpdateUserHierarchyStructureRequest) (*connect.UpdateUserHierarchyStructureResponse, error) {
	snap, err := query.Instance(ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	var names []string
	h := in.HierarchyStructure
	for i, level := range []*connect.HierarchyLevelUpdate{h.LevelOne, h.LevelTwo, h.LevelThree, h.LevelFour, h.LevelFive} {
		switch {
		case level == nil:
		case i > len(names):
			return nil, center.Errorf(center.BadRequest, "HierarchyStructure has a level %d, but no level %d", i+1, len(names)+1)
		default:
			names = append(names, level.Name)
		}
	}
	return &connect.UpdateUserHierarchyStructureResponse{}, staffing.SetStructure(ctx, s.Catalog, snap.ID(), names)
}
