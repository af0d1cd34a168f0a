package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// rowStore is all that the catalog asks of the store: rows in, rows out. Other
// nodes are notified of what is written.
type rowStore struct {
	store  store.Store
	bus    bus.Bus
	node   string
	shared bool
}

// list reads the resources of a kind: of an instance, or "" for the instances.
func (s rowStore) list(ctx context.Context, instance center.InstanceID, kind center.Kind) ([]Resource, error) {
	var rs []Resource
	for stored, err := range s.store.Resources(ctx, instance, kind) {
		if err != nil {
			return nil, err
		}
		r, err := decode(stored)
		if err != nil {
			return nil, err
		}
		if renew := kinds[kind].renew; renew != nil {
			renew(r)
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// revision returns how many writes have touched an instance, 0 when no other
// node writes.
func (s rowStore) revision(ctx context.Context, id center.InstanceID) (int64, error) {
	if !s.shared {
		return 0, nil
	}
	return s.store.Revision(ctx, id)
}

// write writes rows of an instance, all of them or none. It returns the revision that
// this makes, of which other nodes are notified.
func (s rowStore) write(ctx context.Context, id center.InstanceID, w store.ResourceWrite) (revision int64, err error) {
	revisions, err := s.store.WriteResources(ctx, w)
	if err != nil {
		return 0, err
	}
	if s.shared {
		s.bus.Publish(bus.Message{Subject: bus.Instance(id), Origin: s.node, Version: revisions[id]})
	}
	return revisions[id], nil
}

// absent returns the rows that the store does not have. A content that is
// there without its flow knowing was left behind by a release that wrote a
// change in two steps; it is as good as a new one.
func (s rowStore) absent(ctx context.Context, rows []center.Resource) ([]center.Resource, error) {
	var left []center.Resource
	for _, r := range rows {
		switch _, err := s.store.Resource(ctx, r.Kind, r.ID); {
		case center.ReasonOf(err) == center.NotFound:
			left = append(left, r)
		case err != nil:
			return nil, err
		}
	}
	return left, nil
}

// owned returns the rows that go away with an instance.
func (s rowStore) owned(ctx context.Context, i *Instance) ([]center.Resource, error) {
	rows := []center.Resource{{Instance: i.ID, Kind: center.KindInstance, ID: string(i.ID)}}
	if i.Name != "" {
		rows = append(rows, center.Resource{Kind: center.KindSetting, ID: aliasID(i.Name)})
	}
	for _, k := range kinds {
		if k.kind == center.KindInstance {
			continue
		}
		for r, err := range s.store.Resources(ctx, i.ID, k.kind) {
			if err != nil {
				return nil, err
			}
			rows = append(rows, center.Resource{Instance: i.ID, Kind: k.kind, ID: r.ID})
		}
	}
	return rows, nil
}

// readContent reads a content of a resource into v. Errors: NotFound.
func (s rowStore) readContent(ctx context.Context, kind center.Kind, id, hash string, v any) error {
	r, err := s.store.Resource(ctx, kinds[kind].contents.rows, contentID(id, hash))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("decode content %s: %w", r.ID, err)
	}
	return nil
}

// aliasRow claims the alias of an instance: it is unique among all instances,
// while names are unique within one only.
func aliasRow(i *Instance) center.Resource {
	return center.Resource{Kind: center.KindSetting, ID: aliasID(i.Name), Created: i.Created, Updated: i.Created, Body: []byte(`"` + string(i.ID) + `"`)}
}

// aliasID is the id of the row that claims an alias. Aliases differ by more than case.
func aliasID(alias string) string { return "instance-alias/" + strings.ToLower(alias) }

// ofAlias returns the id of the instance that has an alias.
func (s rowStore) ofAlias(ctx context.Context, alias string) (id center.InstanceID, ok bool) {
	row, err := s.store.Resource(ctx, center.KindSetting, aliasID(alias))
	if err != nil {
		return "", false
	}
	return center.InstanceID(strings.Trim(string(row.Body), `"`)), true
}
