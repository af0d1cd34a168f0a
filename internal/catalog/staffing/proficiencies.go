package staffing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// maxInRequest bounds the proficiencies of one request; the model does not.
const maxInRequest = 100

// skill is what a user has at most one level of.
type skill struct{ attribute, value string }

func skillOf(p catalog.Proficiency) skill { return skill{p.Attribute, p.Value} }

// AddProficiencies gives a user proficiencies. One that the user has already, on the same
// level, is no error, so that a request can be repeated. Errors: NotFound for the user and a predefined
// attribute; Invalid for a value that the attribute does not have; BadRequest for one that is named
// twice or that the user has on another level, and above the quota of proficiencies, for which the operation declares no exception.
func AddProficiencies(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, user center.UserID, add []catalog.Proficiency) error {
	return changeProficiencies(ctx, c, instance, user, add, func(snap *catalog.Snapshot, u *catalog.User) error {
		for _, p := range add {
			a, err := catalog.FindAttribute(snap, p.Attribute)
			if err != nil {
				return err
			}
			if !slices.Contains(a.Values, p.Value) {
				return center.Errorf(center.Invalid, "the predefined attribute %q does not have the value %q", a.Name, p.Value)
			}
			i, there := find(u, skillOf(p))
			if there && u.Proficiencies[i].Level != p.Level {
				return center.Errorf(center.BadRequest, "the user has %s %q on the level %v; UpdateUserProficiencies changes that", p.Attribute, p.Value, u.Proficiencies[i].Level)
			}
			if !there {
				u.Proficiencies = slices.Insert(u.Proficiencies, i, p)
			}
		}
		return c.Admit(len(u.Proficiencies)-1, "proficiencies", "the user", "proficiencies", center.BadRequest)
	})
}

// SetLevels changes the levels of proficiencies that a user has. Errors: NotFound for the
// user and a proficiency; BadRequest for one that is named twice.
func SetLevels(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, user center.UserID, set []catalog.Proficiency) error {
	return changeProficiencies(ctx, c, instance, user, set, func(_ *catalog.Snapshot, u *catalog.User) error {
		for _, p := range set {
			i, there := find(u, skillOf(p))
			if !there {
				return missingProficiency(p)
			}
			u.Proficiencies[i].Level = p.Level
		}
		return nil
	})
}

// RemoveProficiencies takes proficiencies from a user, whatever their levels are. Errors:
// NotFound for the user and a proficiency; BadRequest for one that is named twice.
func RemoveProficiencies(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, user center.UserID, remove []catalog.Proficiency) error {
	return changeProficiencies(ctx, c, instance, user, remove, func(_ *catalog.Snapshot, u *catalog.User) error {
		for _, p := range remove {
			i, there := find(u, skillOf(p))
			if !there {
				return missingProficiency(p)
			}
			u.Proficiencies = slices.Delete(u.Proficiencies, i, i+1)
		}
		return nil
	})
}

func changeProficiencies(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, user center.UserID, list []catalog.Proficiency, alter func(snap *catalog.Snapshot, u *catalog.User) error) error {
	if len(list) > maxInRequest {
		return center.Errorf(center.Invalid, "UserProficiencies may have %d proficiencies, not %d", maxInRequest, len(list))
	}
	err := once(list, skillOf, func(p catalog.Proficiency) string { return "UserProficiencies: " + p.Attribute + " " + p.Value })
	if err != nil {
		return err
	}
	return catalog.Update(ctx, c, instance, user, alter)
}

// find returns where a user has a skill, or would have it.
func find(u *catalog.User, s skill) (int, bool) {
	return slices.BinarySearchFunc(u.Proficiencies, s, func(p catalog.Proficiency, s skill) int {
		return cmp.Or(strings.Compare(p.Attribute, s.attribute), strings.Compare(p.Value, s.value))
	})
}

func missingProficiency(p catalog.Proficiency) error {
	return center.Errorf(center.NotFound, "the user does not have the proficiency %s %q", p.Attribute, p.Value)
}
