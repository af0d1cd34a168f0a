// Package flows answers the operations on contact flows, flow modules and
// views: their contents, drafts, versions and aliases.
//
// Each method translates a request, asks or changes the catalog, and translates
// the result; it returns when what it did is durable. Start reading at [Flows].
package flows

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/connectapi/query"
)

// Flows answers the operations on flows and views.
type Flows struct {
	Catalog *catalog.Catalog
}

// Modules answers the operations on flow modules.
type Modules struct {
	Catalog *catalog.Catalog
}

// find returns a flow or a module of an instance, both by id or ARN, for an
// operation that is about the whole of it: see [query.Whole].
func find[T catalog.Holder](ctx context.Context, c *catalog.Catalog, instance, ref string) (*catalog.Snapshot, T, error) {
	var none T
	snap, err := query.Instance(ctx, c, instance)
	if err != nil {
		return nil, none, err
	}
	h, err := query.Whole[T](snap, ref)
	return snap, h, err
}

// with does something with a flow or a module that find finds.
func with[T catalog.Holder](ctx context.Context, c *catalog.Catalog, instance, ref string, do func(h T) error) error {
	_, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return err
	}
	return do(h)
}
