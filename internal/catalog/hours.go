package catalog

import (
	"context"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/hours"
)

// Hours are hours of operation (HoursOfOperation).
type Hours struct {
	Meta `json:"-"`
	hours.Schedule
	Description string   `json:"description,omitempty"`
	Parents     []string `json:"parents,omitempty"` // ids of hours whose overrides are shared
}

// Kind returns KindHours.
func (*Hours) Kind() center.Kind { return center.KindHours }

// maxParents bounds whose overrides hours of operation share.
const maxParents = 3

// NewHours is what CreateHoursOfOperation takes.
type NewHours struct {
	Name, Description string
	TimeZone          string
	Config            []hours.OpenTime
	Parents           []string // ids or ARNs
	Tags              map[string]string
}

// HoursChange is what UpdateHoursOfOperation changes; nil members stay.
type HoursChange struct {
	Name, Description, TimeZone *string
	Config                      []hours.OpenTime
}

// CreateHours adds hours of operation to an instance. Errors: NotFound for the
// instance or a parent, Invalid, Duplicate for the name, LimitExceeded.
func (c *Catalog) CreateHours(ctx context.Context, instance string, n NewHours) (created *Hours, err error) {
	if _, err := hours.Zone(n.TimeZone); err != nil {
		return nil, err
	}
	id := center.NewUUID()
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		created = &Hours{
			Meta:        c.newMeta(snap, id, n.Name, n.Tags),
			Description: n.Description, Schedule: hours.Schedule{TimeZone: n.TimeZone, Config: n.Config},
		}
		return write{put: []Resource{created}}, created.adopt(snap, n.Parents)
	})
	return created, err
}

// UpdateHours changes hours of operation. Errors: NotFound, Invalid, Duplicate for the name.
func (c *Catalog) UpdateHours(ctx context.Context, instance, ref string, n HoursChange) error {
	return update(ctx, c, instance, ref, func(snap *Snapshot, h *Hours) error {
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
func (c *Catalog) DeleteHours(ctx context.Context, instance, ref string) error {
	return remove(ctx, c, instance, ref, func(snap *Snapshot, h *Hours) error {
		for _, q := range All[*Queue](snap) {
			if q.Hours == h.ID {
				return inUse(h, "the queue "+q.Name+" has them")
			}
		}
		if children := snap.Children(h); len(children) > 0 {
			return inUse(h, "the hours of operation "+children[0].Name+" share their overrides")
		}
		return nil
	})
}

// ShareHours lets hours of operation share the overrides of others, up to
// three. Errors: NotFound, QuotaExceeded, BadRequest when they would be their own parent.
func (c *Catalog) ShareHours(ctx context.Context, instance, ref string, parents []string) error {
	return update(ctx, c, instance, ref, func(snap *Snapshot, h *Hours) error { return h.adopt(snap, parents) })
}

// UnshareHours takes back what [Catalog.ShareHours] did. Errors: NotFound, and
// BadRequest when one is no parent.
func (c *Catalog) UnshareHours(ctx context.Context, instance, ref string, parents []string) error {
	return update(ctx, c, instance, ref, func(snap *Snapshot, h *Hours) error {
		for _, p := range parents {
			i := slices.Index(h.Parents, snap.local(center.KindHours, p))
			if i < 0 {
				return center.Errorf(center.BadRequest, "the hours of operation %s do not share the overrides of %s", h.ID, p)
			}
			h.Parents = slices.Delete(h.Parents, i, i+1)
		}
		return nil
	})
}

// adopt adds parents; those that are there already are no error.
func (h *Hours) adopt(snap *Snapshot, parents []string) error {
	for _, ref := range parents {
		p, err := Find[*Hours](snap, ref)
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

// ParentHours returns the hours whose overrides h shares.
func (snap *Snapshot) ParentHours(h *Hours) []*Hours {
	var parents []*Hours
	for _, id := range h.Parents {
		if p, err := Find[*Hours](snap, id); err == nil {
			parents = append(parents, p)
		}
	}
	return parents
}

// Shared returns what decides beside the schedule of h itself: those of its parents.
func (snap *Snapshot) Shared(h *Hours) []*hours.Schedule {
	var shared []*hours.Schedule
	for _, p := range snap.ParentHours(h) {
		shared = append(shared, &p.Schedule)
	}
	return shared
}

// Children returns the hours that share the overrides of h, by name.
func (snap *Snapshot) Children(h *Hours) []*Hours {
	return slices.DeleteFunc(All[*Hours](snap), func(child *Hours) bool { return !slices.Contains(child.Parents, h.ID) })
}
