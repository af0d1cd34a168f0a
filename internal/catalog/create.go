package catalog

import (
	"context"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
)

// Seed is a flow that comes with an instance.
type Seed struct {
	Flow    *Flow
	Content Content
}

// Create writes a new instance with all that it comes with, and returns it; when
// one with its id is there already, that one is returned and nothing written.
// One that is counted is held to the quota of instances. Errors:
// QuotaExceeded, and Duplicate when the alias is taken.
func (c *Catalog) Create(ctx context.Context, i *Instance, with []Resource, flows []Seed, counted bool) (*Instance, error) {
	c.creating.Lock()
	defer c.creating.Unlock()
	switch snap, err := c.Snapshot(ctx, string(i.ID)); {
	case err == nil:
		return snap.Instance, nil
	case center.ReasonOf(err) != center.NotFound:
		return nil, err
	}
	if counted {
		all, err := c.Instances(ctx)
		if err != nil {
			return nil, err
		}
		if err := c.Admit(len(all), "instances", "the server", "instances", center.QuotaExceeded); err != nil {
			return nil, err
		}
	}
	if err := checkTags(i, i.Tags); err != nil {
		return nil, err
	}
	var rows []center.Resource
	for _, f := range flows {
		row, err := contentRow(f.Flow, f.Content, i.Created)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		with = append(with, f.Flow)
	}
	for _, r := range append([]Resource{i}, with...) {
		row, err := encode(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if i.Name != "" {
		rows = append(rows, aliasRow(i))
	}
	if _, err := c.rows.write(ctx, i.ID, store.ResourceWrite{Put: rows}); err != nil {
		return i, err
	}
	for _, f := range flows {
		c.loader.keep(contact.ContentKey{Flow: f.Flow.ID, Hash: f.Content.Hash}, f.Content.Flow)
	}
	return i, nil
}
