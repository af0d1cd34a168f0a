package people

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
)

// SearchUsers finds users by criteria and filter, by username. AfterContactWorkTimeLimit is in
// milliseconds, as in the cloud.
//
// A ListCondition is about proficiencies. The API reference does not say what its fields are called:
// AttributeName, AttributeValue and Level (or name, value and level) are those of a proficiency, and conditions on them hold
// for one and the same; any other FieldName is that of a predefined attribute, whose value a StringCondition and whose
// level a NumberCondition compares. A HierarchyGroupCondition on a group that does not exist finds nobody.
func (s *Users) SearchUsers(ctx context.Context, in *connect.SearchUsersRequest) (*connect.SearchUsersResponse, error) {
	snap, err := query.Holding[*catalog.User](ctx, s.Catalog, in.InstanceId)
	if err != nil {
		return nil, err
	}
	if n := conditions(in.SearchFilter); n > maxConditions {
		return nil, center.Errorf(center.Invalid, "SearchFilter has %d conditions; it may have %d", n, maxConditions)
	}
	found, next, total, err := query.Among(snap,
		query.Page{List: "SearchUsers", Token: in.NextToken, Max: in.MaxResults, Request: []any{in.SearchCriteria, in.SearchFilter}},
		catalog.All[*catalog.User](snap), query.Position[*catalog.User], query.Where(in.SearchCriteria, userCriteria(snap)), query.Filter(in.SearchFilter, userFilter(snap)), userFound)
	return &connect.SearchUsersResponse{Users: found, NextToken: next, ApproximateTotalCount: total}, err
}

type userMatch = query.Match[*catalog.User]

func userCriteria(snap *catalog.Snapshot) func(c *connect.UserSearchCriteria) query.Criteria[connect.UserSearchCriteria, *catalog.User] {
	return func(c *connect.UserSearchCriteria) query.Criteria[connect.UserSearchCriteria, *catalog.User] {
		return query.Criteria[connect.UserSearchCriteria, *catalog.User]{
			Or: c.OrConditions, And: c.AndConditions,
			Beside: []query.Condition[*catalog.User]{userText(c.StringCondition), proficient(c.ListCondition), query.Is(inGroup(snap, c.HierarchyGroupCondition))},
		}
	}
}

// userFields are the FieldNames of SearchUsers.
var userFields = []string{"Username", "FirstName", "LastName", "RoutingProfileId", fieldSecurity, "resourceId"}

const fieldSecurity = "SecurityProfileId"

// userText translates a StringCondition on a user. Ids may be given as ARNs.
func userText(c *connect.StringCondition) query.Condition[*catalog.User] {
	if c == nil || !strings.HasSuffix(wire.Text(c.FieldName), "Id") {
		return bounded(c, query.TextOf(c, userFields, userField))
	}
	c = &connect.StringCondition{FieldName: c.FieldName, Value: new(center.IDOf(wire.Text(c.Value))), ComparisonType: c.ComparisonType}
	if wire.Text(c.FieldName) != fieldSecurity {
		return bounded(c, query.TextOf(c, userFields, userField))
	}
	return bounded(c, func() (userMatch, error) {
		one, err := query.TextOf(c, userFields, func(id center.SecurityProfileID, _ string) string { return string(id) })()
		return func(u *catalog.User) bool { return slices.ContainsFunc(u.SecurityProfiles, one) }, err
	})
}

// userField returns what a user has in a field with one value.
func userField(u *catalog.User, field string) string {
	switch field {
	case "Username":
		return u.Name
	case "FirstName":
		return u.Identity.FirstName
	case "LastName":
		return u.Identity.LastName
	case "RoutingProfileId":
		return string(u.RoutingProfile)
	}
	return string(u.ID)
}

// How many characters are looked for within texts (UserSearchCriteria and its like, API reference).
const (
	leastContained = 2
	mostContained  = 25
)

// bounded refuses to look for too little or too much within texts.
func bounded[T any](c *connect.StringCondition, cond query.Condition[T]) query.Condition[T] {
	return func() (query.Match[T], error) {
		if c != nil && c.ComparisonType == connect.StringComparisonTypeCONTAINS {
			if n := utf8.RuneCountInString(wire.Text(c.Value)); n < leastContained || n > mostContained {
				return nil, center.Errorf(center.BadRequest, "StringCondition.Value has %d to %d characters with %s, not %d", leastContained, mostContained, c.ComparisonType, n)
			}
		}
		return cond()
	}
}

// inGroup translates a HierarchyGroupCondition: without a HierarchyGroupMatchType it is EXACT.
func inGroup(snap *catalog.Snapshot, c *connect.HierarchyGroupCondition) userMatch {
	return query.Filter(c, func(c *connect.HierarchyGroupCondition) userMatch {
		wanted := map[center.HierarchyGroupID]bool{}
		if g, err := catalog.Find[*catalog.Group](snap, wire.Text(c.Value)); err == nil {
			wanted[g.ID] = true
			for _, below := range catalog.All[*catalog.Group](snap) {
				if c.HierarchyGroupMatchType == connect.HierarchyGroupMatchTypeWITH_CHILD_GROUPS && slices.Contains(catalog.Path(snap, below), g) {
					wanted[below.ID] = true
				}
			}
		}
		return func(u *catalog.User) bool { return wanted[u.Group] }
	})
}

// maxConditions bounds a filter: each of its conditions is asked about each user.
const maxConditions = 100

// conditions counts the conditions of a filter.
func conditions(f *connect.UserSearchFilter) (n int) {
	if f == nil {
		return 0
	}
	if t := f.TagFilter; t != nil {
		n += len(t.AndConditions)
		for _, group := range t.OrConditions {
			n += 1 + len(group)
		}
	}
	if a := f.UserAttributeFilter; a != nil {
		for _, c := range a.OrConditions {
			n += 1 + len(c.TagConditions)
		}
		if a.AndCondition != nil {
			n += len(a.AndCondition.TagConditions)
		}
	}
	return n
}

func userFilter(snap *catalog.Snapshot) func(f *connect.UserSearchFilter) userMatch {
	all := func(c *connect.AttributeAndCondition) userMatch {
		return query.Every(query.Tags[*catalog.User](c.TagConditions), inGroup(snap, c.HierarchyGroupCondition))
	}
	return func(f *connect.UserSearchFilter) userMatch {
		attributes := query.Filter(f.UserAttributeFilter, func(f *connect.ControlPlaneUserAttributeFilter) userMatch {
			var anyOf []userMatch
			for i := range f.OrConditions {
				anyOf = append(anyOf, all(&f.OrConditions[i]))
			}
			return query.Every(query.Tag[*catalog.User](f.TagCondition), inGroup(snap, f.HierarchyGroupCondition), query.Filter(f.AndCondition, all), query.Any(anyOf))
		})
		return query.Every(query.TagFilter[*catalog.User](f.TagFilter), attributes)
	}
}
