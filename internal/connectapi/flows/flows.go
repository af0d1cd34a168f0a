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

// Flows answers the operations on flows, modules and views.
type Flows struct {
	Catalog *catalog.Catalog
}

// find returns a flow or a module of an instance, both by id or ARN; what may
// follow the id behind a colon must name something, and does not matter.
func find[T catalog.Holder](ctx context.Context, s *Flows, instance, ref string) (*catalog.Snapshot, T, error) {
	var none T
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return nil, none, err
	}
	h, _, err := catalog.FindContent[T](snap, ref)
	return snap, h, err
}

// with does something with a flow or a module that find finds.
func with[T catalog.Holder](ctx context.Context, s *Flows, instance, ref string, do func(h T) error) error {
	_, h, err := find[T](ctx, s, instance, ref)
	if err != nil {
		return err
	}
	return do(h)
}
