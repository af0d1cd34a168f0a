package amazon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/api/connect"
)

// all copies kind by kind: what others refer to comes first.
func (c *copier) all(ctx context.Context) error {
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return copyAll(ctx, c, hours) },
		func(ctx context.Context) error { return copyAll(ctx, c, statuses) },
		func(ctx context.Context) error { return copyAll(ctx, c, levels) },
		func(ctx context.Context) error { return copyAll(ctx, c, groups) },
		func(ctx context.Context) error { return copyAll(ctx, c, securityProfiles) },
		func(ctx context.Context) error { return copyAll(ctx, c, attributes) },
		func(ctx context.Context) error { return copyAll(ctx, c, queues) },
		func(ctx context.Context) error { return copyAll(ctx, c, routingProfiles) },
		func(ctx context.Context) error { return copyAll(ctx, c, views) },
		func(ctx context.Context) error { return copyAll(ctx, c, c.users()) },
		// Flows refer to each other: each is there before the content of any is written.
		c.placeholders,
		func(ctx context.Context) error { return copyAll(ctx, c, modules) },
		func(ctx context.Context) error { return copyAll(ctx, c, flows) },
		func(ctx context.Context) error { return copyAll(ctx, c, quickConnects) },
		func(ctx context.Context) error { return copyAll(ctx, c, queueConnects) },
		c.others,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ignore is a thing that needs no update of its own.
func ignore[T any](context.Context, *side, string, *T, *T) error { return nil }

type hoursOf struct {
	Name, Description, TimeZone string
	Config                      []connect.HoursOfOperationConfig
	Overrides                   []connect.HoursOfOperationOverride
}

var hours = kind[hoursOf]{
	name: "hours of operation",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListHoursOfOperations, &connect.ListHoursOfOperationsRequest{}, func(o *connect.ListHoursOfOperationsResponse) {
			for _, h := range o.HoursOfOperationSummaryList {
				all = append(all, entry{id: text(h.Id), name: text(h.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*hoursOf, error) {
		o, err := call(ctx, s, s.api.DescribeHoursOfOperation, &connect.DescribeHoursOfOperationRequest{HoursOfOperationId: id})
		if err != nil {
			return nil, err
		}
		h := o.HoursOfOperation
		out := &hoursOf{text(h.Name), text(h.Description), text(h.TimeZone), h.Config, nil}
		day := func(a, b connect.HoursOfOperationConfig) int {
			return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(minute(a.StartTime), minute(b.StartTime)))
		}
		slices.SortFunc(out.Config, day)
		err = pages(ctx, s, s.api.ListHoursOfOperationOverrides, &connect.ListHoursOfOperationOverridesRequest{HoursOfOperationId: id}, func(o *connect.ListHoursOfOperationOverridesResponse) {
			for _, v := range o.HoursOfOperationOverrideList {
				v.HoursOfOperationArn, v.HoursOfOperationId, v.HoursOfOperationOverrideId = nil, nil, nil
				out.Overrides = append(out.Overrides, v)
			}
		})
		slices.SortFunc(out.Overrides, func(a, b connect.HoursOfOperationOverride) int { return cmp.Compare(text(a.Name), text(b.Name)) })
		return out, err
	},
	create: func(ctx context.Context, s *side, h *hoursOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateHoursOfOperation, &connect.CreateHoursOfOperationRequest{Name: h.Name, Description: optional(h.Description), TimeZone: h.TimeZone, Config: h.Config})
		if err != nil {
			return "", err
		}
		return text(o.HoursOfOperationId), overrides(ctx, s, text(o.HoursOfOperationId), h.Overrides)
	},
	update: func(ctx context.Context, s *side, id string, want, _ *hoursOf) error {
		_, err := call(ctx, s, s.api.UpdateHoursOfOperation, &connect.UpdateHoursOfOperationRequest{HoursOfOperationId: id, Description: &want.Description, TimeZone: &want.TimeZone, Config: want.Config})
		return errors.Join(err, overrides(ctx, s, id, want.Overrides))
	},
}

func minute(t *connect.HoursOfOperationTimeSlice) int32 {
	if t == nil {
		return 0
	}
	return 60*t.Hours + t.Minutes
}

// overrides makes, or changes, the overrides of hours.
func overrides(ctx context.Context, s *side, id string, want []connect.HoursOfOperationOverride) error {
	there := map[string]string{}
	if err := pages(ctx, s, s.api.ListHoursOfOperationOverrides, &connect.ListHoursOfOperationOverridesRequest{HoursOfOperationId: id}, func(o *connect.ListHoursOfOperationOverridesResponse) {
		for _, v := range o.HoursOfOperationOverrideList {
			there[text(v.Name)] = text(v.HoursOfOperationOverrideId)
		}
	}); err != nil {
		return err
	}
	for _, v := range want {
		var err error
		if have := there[text(v.Name)]; have == "" {
			_, err = call(ctx, s, s.api.CreateHoursOfOperationOverride, &connect.CreateHoursOfOperationOverrideRequest{HoursOfOperationId: id, Name: text(v.Name), Description: v.Description,
				Config: v.Config, EffectiveFrom: text(v.EffectiveFrom), EffectiveTill: text(v.EffectiveTill), RecurrenceConfig: v.RecurrenceConfig, OverrideType: v.OverrideType})
		} else {
			_, err = call(ctx, s, s.api.UpdateHoursOfOperationOverride, &connect.UpdateHoursOfOperationOverrideRequest{HoursOfOperationId: id, HoursOfOperationOverrideId: have, Name: v.Name, Description: v.Description,
				Config: v.Config, EffectiveFrom: v.EffectiveFrom, EffectiveTill: v.EffectiveTill, RecurrenceConfig: v.RecurrenceConfig, OverrideType: v.OverrideType})
		}
		if err != nil {
			return fmt.Errorf("override %s: %w", text(v.Name), err)
		}
	}
	return nil
}

type statusOf struct {
	Name, Description string
	State             connect.AgentStatusState
}

var statuses = kind[statusOf]{
	name: "agent status",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListAgentStatuses, &connect.ListAgentStatusRequest{}, func(o *connect.ListAgentStatusResponse) {
			for _, a := range o.AgentStatusSummaryList {
				all = append(all, entry{id: text(a.Id), name: text(a.Name), known: a.Type != connect.AgentStatusTypeCUSTOM})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*statusOf, error) {
		o, err := call(ctx, s, s.api.DescribeAgentStatus, &connect.DescribeAgentStatusRequest{AgentStatusId: id})
		if err != nil {
			return nil, err
		}
		return &statusOf{text(o.AgentStatus.Name), text(o.AgentStatus.Description), o.AgentStatus.State}, nil
	},
	create: func(ctx context.Context, s *side, a *statusOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateAgentStatus, &connect.CreateAgentStatusRequest{Name: a.Name, Description: optional(a.Description), State: a.State})
		if err != nil {
			return "", err
		}
		return text(o.AgentStatusId), nil
	},
	update: func(ctx context.Context, s *side, id string, want, _ *statusOf) error {
		_, err := call(ctx, s, s.api.UpdateAgentStatus, &connect.UpdateAgentStatusRequest{AgentStatusId: id, Description: &want.Description, State: want.State})
		return err
	},
}

type securityOf struct {
	Name, Description string
	Permissions       []string
	AccessTags        map[string]string
	TagRestricted     []string
	Hierarchy         []string
	Group             string
}

var securityProfiles = kind[securityOf]{
	name: "security profile",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListSecurityProfiles, &connect.ListSecurityProfilesRequest{}, func(o *connect.ListSecurityProfilesResponse) {
			for _, p := range o.SecurityProfileSummaryList {
				all = append(all, entry{id: text(p.Id), name: text(p.Name)})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, id string) (*securityOf, error) {
		o, err := call(ctx, s, s.api.DescribeSecurityProfile, &connect.DescribeSecurityProfileRequest{SecurityProfileId: id})
		if err != nil {
			return nil, err
		}
		p := o.SecurityProfile
		out := &securityOf{text(p.SecurityProfileName), text(p.Description), []string{}, p.AllowedAccessControlTags, p.TagRestrictedResources, p.HierarchyRestrictedResources, text(p.AllowedAccessControlHierarchyGroupId)}
		err = pages(ctx, s, s.api.ListSecurityProfilePermissions, &connect.ListSecurityProfilePermissionsRequest{SecurityProfileId: id}, func(o *connect.ListSecurityProfilePermissionsResponse) {
			out.Permissions = append(out.Permissions, o.Permissions...)
		})
		slices.Sort(out.Permissions)
		return out, err
	},
	create: func(ctx context.Context, s *side, p *securityOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateSecurityProfile, &connect.CreateSecurityProfileRequest{SecurityProfileName: p.Name, Description: optional(p.Description), Permissions: p.Permissions,
			AllowedAccessControlTags: p.AccessTags, TagRestrictedResources: p.TagRestricted, HierarchyRestrictedResources: p.Hierarchy, AllowedAccessControlHierarchyGroupId: optional(p.Group)})
		if err != nil {
			return "", err
		}
		return text(o.SecurityProfileId), nil
	},
	update: func(ctx context.Context, s *side, id string, p, _ *securityOf) error {
		_, err := call(ctx, s, s.api.UpdateSecurityProfile, &connect.UpdateSecurityProfileRequest{SecurityProfileId: id, Description: &p.Description, Permissions: p.Permissions,
			AllowedAccessControlTags: p.AccessTags, TagRestrictedResources: p.TagRestricted, HierarchyRestrictedResources: p.Hierarchy, AllowedAccessControlHierarchyGroupId: optional(p.Group)})
		return err
	},
}

type attributeOf struct {
	Name     string
	Values   []string
	Purposes []string
}

var attributes = kind[attributeOf]{
	name: "predefined attribute",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		err = pages(ctx, s, s.api.ListPredefinedAttributes, &connect.ListPredefinedAttributesRequest{}, func(o *connect.ListPredefinedAttributesResponse) {
			for _, a := range o.PredefinedAttributeSummaryList {
				// They have no ids. Those that begin so are in every instance.
				all = append(all, entry{id: text(a.Name), name: text(a.Name), known: strings.HasPrefix(text(a.Name), "connect:")})
			}
		})
		return all, err
	},
	read: func(ctx context.Context, s *side, name string) (*attributeOf, error) {
		o, err := call(ctx, s, s.api.DescribePredefinedAttribute, &connect.DescribePredefinedAttributeRequest{Name: name})
		if err != nil {
			return nil, err
		}
		out := &attributeOf{Name: name, Values: []string{}, Purposes: o.PredefinedAttribute.Purposes}
		if v := o.PredefinedAttribute.Values; v != nil {
			out.Values = append(out.Values, v.StringList...)
		}
		return out, nil
	},
	create: func(ctx context.Context, s *side, a *attributeOf) (string, error) {
		_, err := call(ctx, s, s.api.CreatePredefinedAttribute, &connect.CreatePredefinedAttributeRequest{Name: a.Name, Values: &connect.PredefinedAttributeValues{StringList: a.Values}, Purposes: a.Purposes})
		return a.Name, err
	},
	update: func(ctx context.Context, s *side, name string, a, _ *attributeOf) error {
		_, err := call(ctx, s, s.api.UpdatePredefinedAttribute, &connect.UpdatePredefinedAttributeRequest{Name: name, Values: &connect.PredefinedAttributeValues{StringList: a.Values}, Purposes: a.Purposes})
		return err
	},
}

type levelsOf struct{ Names [5]string }

// levels are the levels of the hierarchy, as the one thing that they are.
var levels = kind[levelsOf]{
	name: "hierarchy",
	list: func(context.Context, *side) ([]entry, error) { return []entry{{id: "hierarchy", name: "levels"}}, nil },
	read: func(ctx context.Context, s *side, _ string) (*levelsOf, error) {
		o, err := call(ctx, s, s.api.DescribeUserHierarchyStructure, &connect.DescribeUserHierarchyStructureRequest{})
		if err != nil {
			return nil, err
		}
		out := &levelsOf{}
		if h := o.HierarchyStructure; h != nil {
			for i, l := range []*connect.HierarchyLevel{h.LevelOne, h.LevelTwo, h.LevelThree, h.LevelFour, h.LevelFive} {
				if l != nil {
					out.Names[i] = text(l.Name)
				}
			}
		}
		return out, nil
	},
	create: func(context.Context, *side, *levelsOf) (string, error) {
		return "", errors.New("every instance has levels")
	},
	update: func(ctx context.Context, s *side, _ string, want, _ *levelsOf) error {
		var to [5]*connect.HierarchyLevelUpdate
		for i, name := range want.Names {
			if name != "" {
				to[i] = &connect.HierarchyLevelUpdate{Name: name}
			}
		}
		_, err := call(ctx, s, s.api.UpdateUserHierarchyStructure, &connect.UpdateUserHierarchyStructureRequest{
			HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: to[0], LevelTwo: to[1], LevelThree: to[2], LevelFour: to[3], LevelFive: to[4]}})
		return err
	},
}

type groupOf struct{ Name, Parent string }

// groups are known by the names from the top on.
var groups = kind[groupOf]{
	name: "hierarchy group",
	list: func(ctx context.Context, s *side) (all []entry, err error) {
		var ids []string
		if err := pages(ctx, s, s.api.ListUserHierarchyGroups, &connect.ListUserHierarchyGroupsRequest{}, func(o *connect.ListUserHierarchyGroupsResponse) {
			for _, g := range o.UserHierarchyGroupSummaryList {
				ids = append(ids, text(g.Id))
			}
		}); err != nil {
			return nil, err
		}
		for _, id := range ids {
			path, err := pathOf(ctx, s, id)
			if err != nil {
				return nil, err
			}
			var names []string
			for _, g := range path {
				names = append(names, text(g.Name))
			}
			all = append(all, entry{id: id, name: strings.Join(names, "/")})
		}
		// Those above come first.
		slices.SortFunc(all, func(a, b entry) int {
			return cmp.Or(cmp.Compare(strings.Count(a.name, "/"), strings.Count(b.name, "/")), cmp.Compare(a.name, b.name))
		})
		return all, nil
	},
	read: func(ctx context.Context, s *side, id string) (*groupOf, error) {
		path, err := pathOf(ctx, s, id)
		if err != nil || len(path) == 0 {
			return &groupOf{}, err
		}
		out := &groupOf{Name: text(path[len(path)-1].Name)}
		if len(path) > 1 {
			out.Parent = text(path[len(path)-2].Id)
		}
		return out, nil
	},
	create: func(ctx context.Context, s *side, g *groupOf) (string, error) {
		o, err := call(ctx, s, s.api.CreateUserHierarchyGroup, &connect.CreateUserHierarchyGroupRequest{Name: g.Name, ParentGroupId: optional(g.Parent)})
		if err != nil {
			return "", err
		}
		return text(o.HierarchyGroupId), nil
	},
	update: ignore[groupOf],
}

// pathOf returns the groups above a group, from the top on, and the group.
func pathOf(ctx context.Context, s *side, id string) (path []*connect.HierarchyGroupSummary, err error) {
	o, err := call(ctx, s, s.api.DescribeUserHierarchyGroup, &connect.DescribeUserHierarchyGroupRequest{HierarchyGroupId: id})
	if err != nil {
		return nil, err
	}
	if p := o.HierarchyGroup.HierarchyPath; p != nil {
		for _, g := range []*connect.HierarchyGroupSummary{p.LevelOne, p.LevelTwo, p.LevelThree, p.LevelFour, p.LevelFive} {
			if g != nil {
				path = append(path, g)
			}
		}
	}
	return path, nil
}
