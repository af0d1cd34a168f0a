package queueing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/hours"
)

// maxOverrides bounds the overrides of hours of operation, as in the service.
const maxOverrides = 50

// OverrideChange is what UpdateHoursOfOperationOverride changes; nil and empty members stay.
type OverrideChange struct {
	Name, Description *string
	Type              hours.OverrideType
	From, Till        *hours.Date
	Config            []hours.OverrideTime
	Recurs            *hours.Recurrence
}

// AddOverride adds an override to hours of operation; ID and Created are given
// to it. Errors: NotFound, Invalid, BadRequest when its members do not go
// together, Duplicate for the name, LimitExceeded.
func AddOverride(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, o hours.Override) (made center.OverrideID, err error) {
	made = center.OverrideID(center.NewUUID())
	err = catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, h *catalog.Hours) error {
		if len(h.Overrides) >= maxOverrides {
			return center.Errorf(center.LimitExceeded, "hours of operation have at most %d overrides", maxOverrides)
		}
		o.ID, o.Created = made, c.Now()
		h.Overrides = append(h.Overrides, o)
		return settle(h, made)
	})
	return made, err
}

// UpdateOverride changes an override. Errors: those of AddOverride.
func UpdateOverride(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, override center.OverrideID, n OverrideChange) error {
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, h *catalog.Hours) error {
		i := slices.IndexFunc(h.Overrides, func(o hours.Override) bool { return o.ID == override })
		if i < 0 {
			return catalog.MissingOverride(h, override)
		}
		o := &h.Overrides[i]
		if n.Name != nil {
			o.Name = *n.Name
		}
		if n.Description != nil {
			o.Description = *n.Description
		}
		if n.Type != "" {
			o.Type = n.Type
		}
		if n.From != nil {
			o.From = *n.From
		}
		if n.Till != nil {
			o.Till = *n.Till
		}
		if n.Config != nil {
			o.Config = n.Config
		}
		if n.Recurs != nil {
			o.Recurs = n.Recurs
		}
		return settle(h, override)
	})
}

// RemoveOverride removes an override. Errors: NotFound.
func RemoveOverride(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.HoursID, override center.OverrideID) error {
	return catalog.Update(ctx, c, instance, id, func(_ *catalog.Snapshot, h *catalog.Hours) error {
		if _, err := h.FindOverride(override); err != nil {
			return err
		}
		h.Overrides = slices.DeleteFunc(h.Overrides, func(o hours.Override) bool { return o.ID == override })
		return nil
	})
}

// settle checks the override with an id after a change, and keeps the list in order.
func settle(h *catalog.Hours, id center.OverrideID) error {
	for i := range h.Overrides {
		o := &h.Overrides[i]
		if o.ID != id {
			continue
		}
		o.Type = cmp.Or(o.Type, hours.Standard)
		if err := o.Check(); err != nil {
			return err
		}
		for _, other := range h.Overrides {
			if other.ID != id && other.Name == o.Name {
				return &center.Error{Reason: center.Duplicate, Message: "the hours of operation have an override with the name " + o.Name, Kind: center.KindHours, ID: string(h.ID)}
			}
		}
	}
	slices.SortFunc(h.Overrides, func(a, b hours.Override) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
