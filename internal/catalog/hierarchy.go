package catalog

import (
	"time"

	"parley.example/parley/internal/center"
)

// MaxLevels is how many levels a hierarchy may have.
const MaxLevels = 5

// Hierarchy is how the groups of an instance are stacked (HierarchyStructure). An
// instance has at most one.
type Hierarchy struct {
	Meta[center.InstanceID] `json:"-"`
	Levels                  []Level `json:"levels"` // from the top, at most five, without gaps
}

// Kind returns KindHierarchy.
func (*Hierarchy) Kind() center.Kind { return center.KindHierarchy }

// Level is one level of a hierarchy (HierarchyLevel).
type Level struct {
	ID      center.HierarchyLevelID `json:"id"`
	Name    string                  `json:"name"`
	Updated time.Time               `json:"updated"`
}

// Levels returns the levels of the instance's hierarchy, from the top; none when none has been set up.
func Levels(snap *Snapshot) []Level {
	for _, h := range All[*Hierarchy](snap) {
		return h.Levels
	}
	return nil
}

// Group is a group of users, or of groups below it (HierarchyGroup).
type Group struct {
	Meta[center.HierarchyGroupID] `json:"-"`
	Parent                        center.HierarchyGroupID `json:"parent,omitempty"` // "" on the first level
	Level                         int                     `json:"level"`            // from 1 at the top
}

// Kind returns KindHierarchyGroup.
func (*Group) Kind() center.Kind { return center.KindHierarchyGroup }

// Path returns a group with those above it, the topmost first. The group of the first level is
// the first of it, and so on.
func Path(snap *Snapshot, g *Group) []*Group {
	path := make([]*Group, g.Level)
	for at := g; at != nil && at.Level > 0 && at.Level <= len(path); {
		path[at.Level-1] = at
		at, _ = Get[*Group](snap, at.Parent)
	}
	return path
}

// PredefinedAttribute is an attribute with the values that it may have, by which users are
// told apart (PredefinedAttribute). The API knows it by its name, which stays.
type PredefinedAttribute struct {
	Meta[center.AttributeID] `json:"-"`
	Values                   []string `json:"values,omitempty"`
	Purposes                 []string `json:"purposes,omitempty"`
	Validate                 bool     `json:"validate,omitempty"` // EnableValueValidationOnAssociation
}

// Kind returns KindAttribute.
func (*PredefinedAttribute) Kind() center.Kind { return center.KindAttribute }

// FindAttribute returns the predefined attribute with a name. Errors: NotFound.
func FindAttribute(snap *Snapshot, name string) (*PredefinedAttribute, error) {
	for e := range snap.shelf(center.KindAttribute).named(name) {
		return e.resource.(*PredefinedAttribute), nil
	}
	return nil, center.Missing(center.KindAttribute, name)
}
