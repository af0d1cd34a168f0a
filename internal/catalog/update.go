package catalog

import (
	"context"
	"maps"

	"parley.example/parley/internal/center"
)

// update changes one resource, by id or ARN: alter gets a copy that it may write to.
func update[T Resource](ctx context.Context, c *Catalog, instance, ref string, alter func(snap *Snapshot, r T) error) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		found, err := Find[T](snap, ref)
		if err != nil {
			return write{}, err
		}
		r, err := c.edit(found)
		if err != nil {
			return write{}, err
		}
		return write{put: []Resource{r}}, alter(snap, r.(T))
	})
}

// remove removes one resource, by id or ARN, unless may says why not.
func remove[T Resource](ctx context.Context, c *Catalog, instance, ref string, may func(snap *Snapshot, r T) error) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		found, err := Find[T](snap, ref)
		if err != nil {
			return write{}, err
		}
		return write{drop: []Resource{found}}, may(snap, found)
	})
}

// edit returns a copy of a resource that can be changed, marked as changed now.
func (c *Catalog) edit(r Resource) (Resource, error) {
	row, err := encode(r)
	if err != nil {
		return nil, err
	}
	row.Updated, row.Tags = c.now(), maps.Clone(row.Tags)
	return decode(row)
}

// newMeta is what all resources have, of one that is made now.
func (c *Catalog) newMeta(snap *Snapshot, id, name string, tags map[string]string) Meta {
	now := c.now()
	return Meta{Instance: snap.ID(), ID: id, Name: name, Created: now, Updated: now, Tags: tags}
}

// inUse is the error of a resource that something refers to.
func inUse(r Resource, why string) error {
	return &center.Error{Reason: center.InUse, Message: string(r.Kind()) + " " + r.About().ID + " cannot be deleted: " + why, Kind: r.Kind(), ID: r.About().ID}
}
