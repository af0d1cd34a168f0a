package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

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
func (c *Catalog) AddOverride(ctx context.Context, instance, ref string, o hours.Override) (id string, err error) {
	id = center.NewUUID()
	err = update(ctx, c, instance, ref, func(_ *Snapshot, h *Hours) error {
		if len(h.Overrides) >= maxOverrides {
			return center.Errorf(center.LimitExceeded, "hours of operation have at most %d overrides", maxOverrides)
		}
		made := o
		made.ID, made.Created = id, c.now()
		h.Overrides = append(h.Overrides, made)
		return h.settle(id)
	})
	return id, err
}

// UpdateOverride changes an override. Errors: those of AddOverride.
func (c *Catalog) UpdateOverride(ctx context.Context, instance, ref, id string, n OverrideChange) error {
	return update(ctx, c, instance, ref, func(_ *Snapshot, h *Hours) error {
		i := slices.IndexFunc(h.Overrides, func(o hours.Override) bool { return o.ID == id })
		if i < 0 {
			return noOverride(h, id)
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
		return h.settle(id)
	})
}

// RemoveOverride removes an override. Errors: NotFound.
func (c *Catalog) RemoveOverride(ctx context.Context, instance, ref, id string) error {
	return update(ctx, c, instance, ref, func(_ *Snapshot, h *Hours) error {
		if _, err := h.FindOverride(id); err != nil {
			return err
		}
		h.Overrides = slices.DeleteFunc(h.Overrides, func(o hours.Override) bool { return o.ID == id })
		return nil
	})
}

// FindOverride returns the override with an id. Errors: NotFound.
func (h *Hours) FindOverride(id string) (hours.Override, error) {
	i := slices.IndexFunc(h.Overrides, func(o hours.Override) bool { return o.ID == id })
	if i < 0 {
		return hours.Override{}, noOverride(h, id)
	}
	return h.Overrides[i], nil
}

func noOverride(h *Hours, id string) error {
	return center.Errorf(center.NotFound, "hours of operation %s have no override %s", h.ID, id)
}

// settle checks the override with an id after a change, and keeps the list in order.
func (h *Hours) settle(id string) error {
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
				return &center.Error{Reason: center.Duplicate, Message: "the hours of operation have an override with the name " + o.Name, Kind: center.KindHours, ID: h.ID}
			}
		}
	}
	slices.SortFunc(h.Overrides, func(a, b hours.Override) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
