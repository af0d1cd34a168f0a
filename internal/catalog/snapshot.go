package catalog

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/ordered"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/hours"
)

// Snapshot is everything of one instance at one moment. It never changes and may
// be used by many goroutines.
type Snapshot struct {
	Instance *Instance
	// Revision counts the writes to the instance that the snapshot is known to
	// have; 0 unless other nodes write too ([Config.Shared]).
	Revision int64

	partition center.Partition
	shelves   map[center.Kind]shelf
	uses      uses                             // what refers to what
	whole     bool                             // it has the kinds that are kept apart
	graves    map[string]Holder                // deleted ones whose contents are still kept
	runnable  map[contact.ContentKey]published // what is published of flows and modules
}

// published is what chats run of a flow.
type published struct {
	flow *flow.Flow
	err  error // why it cannot be run
}

// All returns the resources of a type, by name, then id.
func All[T Resource](snap *Snapshot) []T {
	var none T
	s := snap.shelf(none.Kind())
	all := make([]T, 0, s.byName.Len())
	for e := range s.byName.All() {
		all = append(all, e.resource.(T))
	}
	return all
}

// Behind yields the resources of a type that All has behind a name and id, without
// going through those before.
func Behind[T Resource](snap *Snapshot, name, id string) iter.Seq[T] {
	return func(yield func(T) bool) {
		var none T
		for e := range snap.shelf(none.Kind()).byName.From(withName(name, id)) {
			if (e.name != name || e.id != id) && !yield(e.resource.(T)) {
				return
			}
		}
	}
}

// Get returns the resource that has an id: NotFound when there is none.
func Get[T Of[ID], ID ~string](snap *Snapshot, id ID) (T, error) {
	var none T
	r, ok := snap.shelf(none.Kind()).get(string(id))
	if !ok {
		return none, snap.missing(none.Kind(), string(id))
	}
	return r.(T), nil
}

// Find returns the resource that an id or ARN names. An ARN of another kind,
// instance, account or region names nothing: NotFound.
func Find[T Resource](snap *Snapshot, ref string) (T, error) {
	var none T
	r, ok := snap.shelf(none.Kind()).get(snap.local(none.Kind(), ref))
	if !ok {
		return none, snap.missing(none.Kind(), ref)
	}
	return r.(T), nil
}

// FindContent returns the flow, module or view of the instance that an id or ARN
// names, and which content: what follows a colon behind it, $SAVED, $LATEST,
// the number of a version or, of a flow or module, the name or id of an alias;
// no colon for the published one. Errors: NotFound for the resource and the
// version or alias, Invalid for any other qualifier, nothing at all among them.
func FindContent[T Holder](snap *Snapshot, ref string) (T, contents.Which, error) {
	var none T
	id, qualifier, qualified := strings.Cut(snap.local(none.Kind(), ref), ":")
	r, ok := snap.shelf(none.Kind()).get(id)
	if !ok {
		return none, 0, snap.missing(none.Kind(), ref)
	}
	if qualified && qualifier == "" { // a script whose $ALIAS is not set does not mean what is published
		return none, 0, center.Errorf(center.Invalid, "nothing stands behind the colon of %q", ref)
	}
	which, err := resolve(r.(T), qualifier)
	if err != nil {
		return none, 0, err
	}
	return r.(T), which, nil
}

// resolve reads the qualifier behind the id of a resource.
func resolve(h Holder, qualifier string) (contents.Which, error) {
	k := kinds[h.Kind()]
	switch which, isQualifier, found := h.Authoring().Resolve(qualifier); {
	case found:
		return which, nil
	case isQualifier:
		return 0, MissingVersion(h, int64(which))
	case k.contents.typ != nil && !strings.HasPrefix(qualifier, "$"):
		return 0, MissingAlias(h, qualifier)
	}
	return 0, center.Errorf(center.Invalid, "the id of a %[3]s may be followed by %[1]s, %[2]s, the number of a version or, of a flow or module, an alias, not %[4]q",
		contents.QualifierSaved, contents.QualifierLatest, k.kind, qualifier)
}

// FindFlow is [FindContent] for flows.
func (snap *Snapshot) FindFlow(ref string) (*Flow, contents.Which, error) {
	return FindContent[*Flow](snap, ref)
}

// FindModule is [FindContent] for modules.
func (snap *Snapshot) FindModule(ref string) (*Module, contents.Which, error) {
	return FindContent[*Module](snap, ref)
}

// Buried returns the tombstone that has an id.
func (snap *Snapshot) Buried(id string) (Holder, bool) {
	h, ok := snap.graves[id]
	return h, ok
}

// ParentHours returns the hours whose overrides h shares.
func (snap *Snapshot) ParentHours(h *Hours) []*Hours {
	var parents []*Hours
	for _, id := range h.Parents {
		if p, err := Get[*Hours](snap, id); err == nil {
			parents = append(parents, p)
		}
	}
	return parents
}

// Shared returns what decides beside the schedule of h itself: those of its parents.
func (snap *Snapshot) Shared(h *Hours) []*hours.Schedule {
	var shared []*hours.Schedule
	for _, p := range snap.ParentHours(h) {
		shared = append(shared, &p.Schedule)
	}
	return shared
}

// ChildrenOf returns the hours of a snapshot that share the overrides of h, by name.
func ChildrenOf(snap *Snapshot, h *Hours) []*Hours {
	return slices.DeleteFunc(All[*Hours](snap), func(child *Hours) bool { return !slices.Contains(child.Parents, h.ID) })
}

// FindStorage returns a storage configuration by its type of data and id.
func (snap *Snapshot) FindStorage(dataType string, id center.StorageID) (*StorageConfig, error) {
	s, err := Get[*StorageConfig](snap, id)
	if err != nil || s.Name != dataType {
		return nil, center.Errorf(center.NotFound, "%s has no storage configuration %s", dataType, id)
	}
	return s, nil
}

// ID returns the id of the instance.
func (snap *Snapshot) ID() center.InstanceID { return snap.Instance.ID }

// ARN returns the ARN of a resource of the instance.
func (snap *Snapshot) ARN(kind center.Kind, id string) string {
	return snap.partition.ARN(snap.ID(), kind, id)
}

// ARNOf returns the ARN of a resource.
func (snap *Snapshot) ARNOf(r Resource) string {
	if r.Kind() == center.KindInstance {
		return snap.partition.InstanceARN(snap.ID())
	}
	return snap.ARN(r.Kind(), r.About().ID)
}

// Region is the region of the instance.
func (snap *Snapshot) Region() string { return snap.partition.Region }

// local returns the id within the instance that a reference names, "" when it names something elsewhere.
func (snap *Snapshot) local(kind center.Kind, ref string) string {
	if !strings.HasPrefix(ref, "arn:") {
		return ref
	}
	a, ok := center.ParseARN(ref)
	if !ok || a.Partition != snap.partition || a.Instance != snap.ID() || a.Kind != kind {
		return ""
	}
	return a.ID
}

// hasName reports whether a resource of a kind other than except has a name.
func (snap *Snapshot) hasName(kind center.Kind, name, except string) bool {
	for e := range snap.shelf(kind).named(name) {
		if e.id != except {
			return true
		}
	}
	return false
}

// count returns how many resources count against the quota of their kind.
func (snap *Snapshot) count(k *kind) int {
	s := snap.shelf(k.kind)
	if k.counts == nil {
		return s.byName.Len()
	}
	n := 0
	for e := range s.byName.All() {
		if k.counts(e.resource) {
			n++
		}
	}
	return n
}

// copy returns a snapshot that can be changed before it is shown.
func (snap *Snapshot) copy() *Snapshot {
	c := *snap
	c.shelves = maps.Clone(snap.shelves)
	c.graves, c.runnable = maps.Clone(snap.graves), maps.Clone(snap.runnable)
	return &c
}

// newSnapshot returns a snapshot without anything but the instance.
func newSnapshot(p center.Partition, i *Instance) *Snapshot {
	return &Snapshot{
		Instance: i, partition: p,
		shelves: map[center.Kind]shelf{},
		graves:  map[string]Holder{}, runnable: map[contact.ContentKey]published{},
	}
}

// shelf returns the resources of a kind. One that is kept apart has to be asked
// for: an answer without it would be that of an instance which has none.
func (snap *Snapshot) shelf(kind center.Kind) shelf {
	if k := kinds[kind]; k != nil && k.apart && !snap.whole {
		panic(fmt.Sprintf("catalog: a snapshot that was taken without %s resources is asked for them; SnapshotWith has them", kind))
	}
	return snap.shelves[kind]
}

// fill puts all resources of a kind into a snapshot under construction.
func (snap *Snapshot) fill(kind center.Kind, rs []Resource) {
	var refers []use
	live := make([]Resource, 0, len(rs))
	for _, r := range rs {
		if snap.bury(r) {
			continue
		}
		live = append(live, r)
		refers = append(refers, usesOf(r)...)
	}
	snap.shelves[kind] = newShelf(live)
	if len(refers) > 0 {
		refers = slices.AppendSeq(refers, snap.uses.All())
		slices.SortFunc(refers, use.compare)
		snap.uses.List = ordered.Of(refers)
	}
}

// put adds a resource to a snapshot under construction, or replaces the one that is there.
func (snap *Snapshot) put(r Resource) {
	snap.remove(r.Kind(), r.About().ID)
	if !snap.bury(r) {
		snap.shelves[r.Kind()] = snap.shelves[r.Kind()].with(r)
		snap.uses = snap.uses.with(r)
	}
}

// bury keeps a tombstone, and reports whether a resource is one.
func (snap *Snapshot) bury(r Resource) bool {
	h, ok := r.(Holder)
	if ok = ok && !h.Authoring().Deleted.IsZero(); ok {
		snap.graves[r.About().ID] = h
	}
	return ok
}

// remove takes a resource out of a snapshot under construction.
func (snap *Snapshot) remove(kind center.Kind, id string) {
	if kinds[kind].contents != nil {
		delete(snap.graves, id)
		maps.DeleteFunc(snap.runnable, func(key contact.ContentKey, _ published) bool { return string(key.Flow) == id })
	}
	if r, ok := snap.shelf(kind).get(id); ok {
		snap.uses = snap.uses.without(r)
		snap.shelves[kind] = snap.shelves[kind].without(id)
	}
}

// weight is about how many bytes the snapshot holds.
func (snap *Snapshot) weight() int {
	w := 0
	for _, s := range snap.shelves {
		w += 1024 * s.byID.Len()
	}
	for _, p := range snap.runnable {
		if p.flow != nil {
			w += 4 * len(p.flow.Content()) // the text, and what it was parsed into
		}
	}
	return w
}
