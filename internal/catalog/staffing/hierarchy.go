package staffing

import (
	"context"
	"fmt"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// How long names may be, in characters (texts of the API reference; the shapes have no length).
const (
	maxGroupName = 100
	maxLevelName = 50
)

// NewGroup is what CreateUserHierarchyGroup takes.
type NewGroup struct {
	Name   string
	Parent center.HierarchyGroupID // "" for the first level
	Tags   map[string]string
}

// CreateGroup adds a group below its parent, or on the first level. Errors: Invalid for
// the name; NotFound for the instance and the parent; BadRequest when the hierarchy does not have the
// level; Duplicate for the name; LimitExceeded.
func CreateGroup(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewGroup) (*catalog.Group, error) {
	if err := named("Name", n.Name, maxGroupName); err != nil {
		return nil, err
	}
	id := center.HierarchyGroupID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.Group, error) {
		g := &catalog.Group{Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Level: 1}
		if n.Parent != "" {
			parent, err := catalog.Get[*catalog.Group](snap, n.Parent)
			if err != nil {
				return nil, err
			}
			g.Parent, g.Level = parent.ID, parent.Level+1
		}
		if have := len(catalog.Levels(snap)); g.Level > have {
			return nil, center.Errorf(center.BadRequest, "the hierarchy has %d levels, and the group would be on level %d; UpdateUserHierarchyStructure adds levels, up to %d", have, g.Level, catalog.MaxLevels)
		}
		return g, nil
	})
}

// RenameGroup gives a group another name. Errors: Invalid and Duplicate for the name; NotFound.
func RenameGroup(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HierarchyGroupID, name string) error {
	if err := named("Name", name, maxGroupName); err != nil {
		return err
	}
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, g *catalog.Group) error {
		g.Name = name
		return nil
	})
}

// DeleteGroup removes a group that has neither users nor groups below it, and to
// which no security profile is restricted. Errors: NotFound, InUse.
func DeleteGroup(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HierarchyGroupID) error {
	return catalog.Remove(ctx, c, instance, id, func(snap *catalog.Snapshot, g *catalog.Group) error {
		if n := snap.Uses(center.KindHierarchyGroup, center.KindHierarchyGroup, string(g.ID)); n > 0 {
			return catalog.InUse(g, fmt.Sprintf("groups below it: %d", n))
		}
		if n := snap.Uses(center.KindUser, center.KindHierarchyGroup, string(g.ID)); n > 0 {
			return catalog.InUse(g, fmt.Sprintf("users in it: %d", n))
		}
		if n := snap.Uses(center.KindSecurityProfile, center.KindHierarchyGroup, string(g.ID)); n > 0 {
			return catalog.InUse(g, fmt.Sprintf("security profiles that are restricted to it: %d", n))
		}
		return nil
	})
}

// SetStructure makes the levels of the hierarchy those with the names, from the top; a level that
// was there keeps its id. Errors: Invalid for a name; BadRequest for more than five; NotFound for the instance; InUse when a
// level that goes has groups.
func SetStructure(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, names []string) error {
	if len(names) > catalog.MaxLevels {
		return center.Errorf(center.BadRequest, "a hierarchy has at most %d levels, not %d", catalog.MaxLevels, len(names))
	}
	for i, name := range names {
		if err := named(fmt.Sprintf("the Name of level %d", i+1), name, maxLevelName); err != nil {
			return err
		}
	}
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		for _, g := range catalog.All[*catalog.Group](snap) {
			if g.Level > len(names) {
				return catalog.Write{}, &center.Error{Reason: center.InUse, Kind: g.Kind(), ID: string(g.ID),
					Message: fmt.Sprintf("level %d cannot go: it has the group %s", g.Level, g.Name)}
			}
		}
		h, err := structure(c, snap)
		if err != nil {
			return catalog.Write{}, err
		}
		levels := make([]catalog.Level, len(names))
		for i, name := range names {
			switch {
			case i >= len(h.Levels):
				levels[i] = catalog.Level{ID: center.HierarchyLevelID(center.NewUUID()), Name: name, Updated: c.Now()}
			case h.Levels[i].Name == name:
				levels[i] = h.Levels[i]
			default:
				levels[i] = catalog.Level{ID: h.Levels[i].ID, Name: name, Updated: c.Now()}
			}
		}
		h.Levels = levels
		return catalog.Write{Put: []catalog.Resource{h}}, nil
	})
}

// structure returns the hierarchy of an instance, which can be changed: a new one when there is none.
func structure(c *catalog.Catalog, snap *catalog.Snapshot) (*catalog.Hierarchy, error) {
	for _, h := range catalog.All[*catalog.Hierarchy](snap) {
		return catalog.Edit(c, h)
	}
	return &catalog.Hierarchy{Meta: catalog.NewMeta(c, snap.ID(), snap.ID(), "", nil)}, nil
}
