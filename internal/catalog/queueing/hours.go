package queueing

import (
	"context"
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/hours"
)

// maxParents bounds whose overrides hours of operation share.
const maxParents = 3

// NewHours is what CreateHoursOfOperation takes.
type NewHours struct {
	Name, Description string
	TimeZone          string
	Config            []hours.OpenTime
	Parents           []center.HoursID
	Tags              map[string]string
}

// HoursChange is what UpdateHoursOfOperation changes; nil members stay.
type HoursChange struct {
	Name, Description, TimeZone *string
	Config                      []hours.OpenTime
}

// CreateHours adds hours of operation to an instance. Errors: NotFound for the
// instance or a parent, Invalid, Duplicate for the name, LimitExceeded.
func CreateHours(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewHours) (*catalog.Hours, error) {
	if _, err := hours.Zone(n.TimeZone); err != nil {
		return nil, err
	}
	id := center.HoursID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.Hours, error) {
		h := &catalog.Hours{
			Meta:        catalog.NewMeta(c, instance, id, n.Name, n.Tags),
			Description: n.Description, Schedule: hours.Schedule{TimeZone: n.TimeZone, Config: n.Config},
		}
		return h, adopt(snap, h, n.Parents)
	})
}

// UpdateHours changes hours of operation. Errors: NotFound, Invalid, Duplicate for the name.
func UpdateHours(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, n HoursChange) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, h *catalog.Hours) error {
		if n.Name != nil {
			h.Name = *n.Name
		}
		if n.Description != nil {
			h.Description = *n.Description
		}
		if n.TimeZone != nil {
			if _, err := hours.Zone(*n.TimeZone); err != nil {
				return err
			}
			h.TimeZone = *n.TimeZone
		}
		if n.Config != nil {
			h.Config = n.Config
		}
		return nil
	})
}

// DeleteHours removes hours of operation with their overrides. Errors:
// NotFound, InUse when a queue has them or other hours share their overrides.
func DeleteHours(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID) error {
	return catalog.Remove(ctx, c, instance, id, func(snap *catalog.Snapshot, h *catalog.Hours) error {
		for _, q := range catalog.All[*catalog.Queue](snap) {
			if q.Hours == h.ID {
				return catalog.InUse(h, "the queue "+q.Name+" has them")
			}
		}
		if children := catalog.ChildrenOf(snap, h); len(children) > 0 {
			return catalog.InUse(h, "the hours of operation "+children[0].Name+" share their overrides")
		}
		return nil
	})
}

// ShareHours lets hours of operation share the overrides of others, up to
// three. Errors: NotFound, QuotaExceeded, BadRequest when they would be their own parent.
func ShareHours(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, parents []center.HoursID) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, h *catalog.Hours) error { return adopt(snap, h, parents) })
}

// UnshareHours takes back what [ShareHours] did. Errors: NotFound, and
// BadRequest when one is no parent.
func UnshareHours(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, parents []center.HoursID) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, h *catalog.Hours) error {
		for _, p := range parents {
			i := slices.Index(h.Parents, p)
			if i < 0 {
				return center.Errorf(center.BadRequest, "the hours of operation %s do not share the overrides of %s", h.ID, p)
			}
			h.Parents = slices.Delete(h.Parents, i, i+1)
		}
		return nil
	})
}

// adopt adds parents; those that are there already are no error.
func adopt(snap *catalog.Snapshot, h *catalog.Hours, parents []center.HoursID) error {
	for _, id := range parents {
		p, err := catalog.Get[*catalog.Hours](snap, id)
		switch {
		case err != nil:
			return err
		case p.ID == h.ID:
			return center.Errorf(center.BadRequest, "hours of operation cannot share their own overrides")
		case !slices.Contains(h.Parents, p.ID):
			h.Parents = append(h.Parents, p.ID)
		}
	}
	if len(h.Parents) > maxParents {
		return center.Errorf(center.QuotaExceeded, "hours of operation share the overrides of at most %d others", maxParents)
	}
	return nil
}
