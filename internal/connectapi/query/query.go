// Package query answers what all families of operations ask alike: which
// instance and which resource a request means ([Find]), descriptions
// ([Describe]), lists and searches with their pages ([List], [Search], [Page]).
//
// A family gives a function that shows a resource as a type of the API, and for
// a search how its criteria are made up ([Criteria]); tokens, sizes of pages,
// order and filters are here. Everything reads one snapshot of the instance and
// so sees one moment; nothing is kept between requests. Start reading at [List].
package query

import (
	"context"
	"iter"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/wire"
)

// Show makes a resource of an instance what the API calls it.
type Show[T, O any] func(snap *catalog.Snapshot, r T) O

// Instance finds the instance that a member InstanceId names, by id or ARN.
func Instance(ctx context.Context, c *catalog.Catalog, ref string) (*catalog.Snapshot, error) {
	snap, err := c.Snapshot(ctx, ref)
	return snap, wire.InMember("InstanceId", err)
}

// Holding finds the instance that a member InstanceId names, with the resources
// of a type: see [catalog.Catalog.SnapshotWith].
func Holding[T catalog.Resource](ctx context.Context, c *catalog.Catalog, ref string) (*catalog.Snapshot, error) {
	var none T
	snap, err := c.SnapshotWith(ctx, none.Kind(), ref)
	return snap, wire.InMember("InstanceId", err)
}

// Find returns a resource of an instance, both by id or ARN.
func Find[T catalog.Resource](ctx context.Context, c *catalog.Catalog, instance, ref string) (*catalog.Snapshot, T, error) {
	var none T
	snap, err := Holding[T](ctx, c, instance)
	if err != nil {
		return nil, none, err
	}
	r, err := catalog.Find[T](snap, ref)
	return snap, r, err
}

// Whole returns the flow or module that an id or ARN names, for a request that
// is about the whole of it: $LATEST may stand behind the id, but a version, an
// alias or $SAVED is BadRequest, so that nobody who names a version deletes or
// renames the flow. What the service does there is not documented.
func Whole[T catalog.Holder](snap *catalog.Snapshot, ref string) (T, error) {
	h, which, err := catalog.FindContent[T](snap, ref)
	if err == nil && which != contents.Live {
		err = center.Errorf(center.BadRequest, "%[1]s names a version, an alias or the draft of a %[2]s, and this call is about the whole %[2]s: give its id alone, %[3]s", ref, catalog.Noun(h), h.About().ID)
	}
	return h, err
}

// In does something in the instance that a member InstanceId names.
func In(ctx context.Context, c *catalog.Catalog, instance string, do func(snap *catalog.Snapshot) error) error {
	snap, err := Instance(ctx, c, instance)
	if err != nil {
		return err
	}
	return do(snap)
}

// With does something with a resource of an instance, both by id or ARN.
func With[T catalog.Resource](ctx context.Context, c *catalog.Catalog, instance, ref string, do func(r T) error) error {
	_, r, err := Find[T](ctx, c, instance, ref)
	if err != nil {
		return err
	}
	return do(r)
}

// Describe shows one resource of an instance, both by id or ARN.
func Describe[T catalog.Resource, O any](ctx context.Context, c *catalog.Catalog, instance, ref string, show Show[T, O]) (*O, error) {
	snap, r, err := Find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, err
	}
	return new(show(snap, r)), nil
}

// List gives one page of the resources of a type, by name, of those that match.
func List[T catalog.Resource, O any](ctx context.Context, c *catalog.Catalog, instance string, p Page, match Match[T], show Show[T, O]) ([]O, *string, error) {
	snap, err := Holding[T](ctx, c, instance)
	if err != nil {
		return nil, nil, err
	}
	if match != nil {
		return Of(snap, p, matching(catalog.All[T](snap), match), show)
	}
	p = p.of(string(snap.ID()))
	after, err := p.after()
	if err != nil {
		return nil, nil, err
	}
	name, id, _ := strings.Cut(after, "\x00") // as Position has it
	some, next, err := first(p, take(catalog.Behind[T](snap, name, id), p.size()+1), Position[T])
	return shown(some, func(r T) O { return show(snap, r) }), next, err
}

// take returns the first n of a sequence, or all that there are.
func take[T any](all iter.Seq[T], n int) []T {
	var some []T
	for r := range all {
		if len(some) == n {
			break
		}
		some = append(some, r)
	}
	return some
}

// Of gives one page of resources of an instance, which are in order of their names.
func Of[T catalog.Resource, O any](snap *catalog.Snapshot, p Page, all []T, show Show[T, O]) ([]O, *string, error) {
	return Within(p, string(snap.ID()), all, Position[T], func(r T) O { return show(snap, r) })
}

// Within gives one page of what belongs to an instance or a resource, which is
// in order of its positions.
func Within[T, O any](p Page, owner string, all []T, position func(*T) string, show func(T) O) ([]O, *string, error) {
	some, next, err := Cut(p.of(owner), all, position)
	if err != nil {
		return nil, nil, err
	}
	return shown(some, show), next, nil
}

func shown[T, O any](some []T, show func(T) O) []O {
	list := make([]O, len(some))
	for i, r := range some {
		list[i] = show(r)
	}
	return list
}

// Search gives one page of the resources of a type that meet a condition and
// match, by name, and how many there are in all.
func Search[T catalog.Resource, O any](ctx context.Context, c *catalog.Catalog, instance string, p Page, cond Condition[T], match Match[T], show Show[T, O]) (found []O, next *string, total *int64, err error) {
	snap, err := Holding[T](ctx, c, instance)
	if err != nil {
		return nil, nil, nil, err
	}
	return Among(snap, p, catalog.All[T](snap), Position[T], cond, match, show)
}

// Among is [Search] among what is given, in order of its positions.
func Among[T, O any](snap *catalog.Snapshot, p Page, all []T, position func(*T) string, cond Condition[T], match Match[T], show Show[T, O]) (found []O, next *string, total *int64, err error) {
	meets, err := cond()
	if err != nil {
		return nil, nil, nil, err
	}
	all = matching(all, Every(meets, match))
	found, next, err = Within(p, string(snap.ID()), all, position, func(r T) O { return show(snap, r) })
	return found, next, new(int64(len(all))), err
}

// Nothing gives the empty list of an instance that exists. No token is right,
// as none was given out.
func Nothing[O any](ctx context.Context, c *catalog.Catalog, instance string, p Page) ([]O, error) {
	snap, err := Instance(ctx, c, instance)
	if err != nil {
		return nil, err
	}
	empty, _, err := Within(p, string(snap.ID()), nil, func(*O) string { return "" }, func(o O) O { return o })
	return empty, err
}
