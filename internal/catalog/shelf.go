package catalog

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog/ordered"
	"parley.example/parley/internal/center"
)

// shelf holds the resources of one kind of a snapshot. It never changes, and
// what a write makes of it costs little however much it holds.
type shelf struct {
	byName ordered.List[entry] // then by id
	byID   ordered.List[entry]
}

// entry is a resource, with what it is found by at hand.
type entry struct {
	id, name string
	resource Resource
}

func newEntry(r Resource) entry {
	m := r.About()
	return entry{m.ID, m.Name, r}
}

// newShelf returns the shelf of resources in any order.
func newShelf(rs []Resource) shelf {
	entries := make([]entry, len(rs))
	for i, r := range rs {
		entries[i] = newEntry(r)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	byName := ordered.Of(slices.Clone(entries))
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.id, b.id) })
	return shelf{byName, ordered.Of(entries)}
}

func (s shelf) get(id string) (Resource, bool) {
	e, ok := s.byID.Get(withID(id))
	return e.resource, ok
}

// named yields what has a name.
func (s shelf) named(name string) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		for e := range s.byName.From(withName(name, "")) {
			if e.name != name || !yield(e) {
				return
			}
		}
	}
}

// with returns the shelf with a resource more, or in place of the one with its id.
func (s shelf) with(r Resource) shelf {
	e := newEntry(r)
	s = s.without(e.id)
	return shelf{s.byName.With(e, withName(e.name, e.id)), s.byID.With(e, withID(e.id))}
}

func (s shelf) without(id string) shelf {
	e, ok := s.byID.Get(withID(id))
	if !ok {
		return s
	}
	return shelf{s.byName.Without(withName(e.name, id)), s.byID.Without(withID(id))}
}

func withID(id string) func(entry) int {
	return func(e entry) int { return strings.Compare(e.id, id) }
}

func withName(name, id string) func(entry) int {
	return func(e entry) int { return cmp.Or(strings.Compare(e.name, name), strings.Compare(e.id, id)) }
}

// target names a resource that another one refers to.
type target struct {
	kind center.Kind
	id   string
}

// use is one reference of one resource.
type use struct {
	of target
	by target
}

func (u use) compare(v use) int {
	return cmp.Or(cmp.Compare(u.of.kind, v.of.kind), strings.Compare(u.of.id, v.of.id), cmp.Compare(u.by.kind, v.by.kind), strings.Compare(u.by.id, v.by.id))
}

// usesOf returns what a resource refers to, as far as its kind keeps account of it, each once and in order.
func usesOf(r Resource) []use {
	k := kinds[r.Kind()]
	if k.refers == nil {
		return nil
	}
	by := target{k.kind, r.About().ID}
	var all []use
	for _, of := range k.refers(r) {
		if of.id != "" {
			all = append(all, use{of, by})
		}
	}
	slices.SortFunc(all, use.compare)
	return slices.Compact(all)
}

// uses are all references between resources, in order. They never change.
type uses struct{ ordered.List[use] }

// with adds what a resource refers to.
func (us uses) with(r Resource) uses {
	for _, u := range usesOf(r) {
		us.List = us.With(u, func(v use) int { return v.compare(u) })
	}
	return us
}

// without is the reverse of with.
func (us uses) without(r Resource) uses {
	for _, u := range usesOf(r) {
		us.List = us.Without(func(v use) int { return v.compare(u) })
	}
	return us
}

// Uses returns how many resources of a kind refer to the one of another kind that has an
// id: the users of a routing profile, a security profile, a hierarchy group or, by its
// name, a predefined attribute; the groups below a group. For users the snapshot has to have them:
// see [Catalog.SnapshotWith]; those of changes do. It counts without going through them.
func (snap *Snapshot) Uses(by, of center.Kind, id string) int {
	snap.shelf(by) // it has to be there
	first := use{target{of, id}, target{kind: by}}
	last := use{target{of, id}, target{by, "\U0010FFFF"}} // behind all ids
	return snap.uses.Before(func(u use) int { return u.compare(last) }) - snap.uses.Before(func(u use) int { return u.compare(first) })
}
