// Package flows answers the operations on contact flows, flow modules and
// views: their contents, drafts, versions and aliases.
//
// Each method translates a request, asks or changes the catalog, and translates
// the result; it returns when what it did is durable. Start reading at [Flows].
package flows

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
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

// find returns a flow or a module of an instance, both by id or ARN. The
// operation is about the whole of it: $LATEST may stand behind the id, but a
// version, an alias or $SAVED is BadRequest, so that nobody who names a version
// deletes or renames the flow. What the service does there is not documented.
func find[T catalog.Holder](ctx context.Context, c *catalog.Catalog, instance, ref string) (*catalog.Snapshot, T, error) {
	var none T
	snap, err := query.Instance(ctx, c, instance)
	if err != nil {
		return nil, none, err
	}
	h, which, err := catalog.FindContent[T](snap, ref)
	if err == nil && which != contents.Live {
		err = center.Errorf(center.BadRequest, "%[1]s names a version, an alias or the draft of a %[2]s, and this call is about the whole %[2]s: give its id alone, %[3]s", ref, catalog.Noun(h), h.About().ID)
	}
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
