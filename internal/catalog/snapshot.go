package catalog

import (
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Snapshot is everything of one instance at one moment. It never changes and may
// be used by many goroutines.
type Snapshot struct {
	Instance *Instance
	// Revision counts the changes of the instance, as far as the snapshot has
	// them; see [Catalog.Changed].
	Revision int64

	partition center.Partition
	lists     map[center.Kind][]Resource // by name, then id
	index     map[center.Kind]map[string]Resource
	graves    map[string]holder        // deleted ones whose contents are still kept
	runnable  map[contentKey]published // what chats may come to: flows and modules
}

// published is what chats run of a flow.
type published struct {
	flow *flow.Flow
	err  error // why it cannot be run
}

// All returns the resources of a type, by name, then id.
func All[T Resource](snap *Snapshot) []T {
	var none T
	list := snap.lists[none.Kind()]
	all := make([]T, len(list))
	for i, r := range list {
		all[i] = r.(T)
	}
	return all
}

// Find returns the resource that an id or ARN names. An ARN of another kind,
// instance, account or region names nothing: NotFound.
func Find[T Resource](snap *Snapshot, ref string) (T, error) {
	var none T
	r, ok := snap.index[none.Kind()][snap.local(none.Kind(), ref)]
	if !ok {
		return none, snap.missing(none.Kind(), ref)
	}
	return r.(T), nil
}

// FindFlow returns the flow that an id or ARN names, and which content: what
// follows a colon behind it, $SAVED, $LATEST or the number of a version, or
// nothing for the published one. Errors: NotFound for the flow or the version,
// Invalid for any other qualifier.
func (snap *Snapshot) FindFlow(ref string) (*Flow, Which, error) {
	id, qualifier, _ := strings.Cut(snap.local(center.KindFlow, ref), ":")
	r, ok := snap.index[center.KindFlow][id]
	if !ok {
		return nil, 0, snap.missing(center.KindFlow, ref)
	}
	f := r.(*Flow)
	which, err := f.which(f, qualifier)
	if err != nil {
		return nil, 0, err
	}
	return f, which, nil
}

// Published returns the content that chats of the instance run when they come
// to the flow that an id or ARN names. It refuses flows that do not exist
// (NotFound), that were never published (NotPublished) and that are archived
// (BadRequest). The type of the flow is the caller's matter: see [flow.Flow.As]
// and [Snapshot.CanStart].
func (snap *Snapshot) Published(ref string) (*flow.Flow, center.FlowID, error) {
	f, which, err := snap.FindFlow(ref)
	if err != nil {
		return nil, "", err
	}
	switch p := snap.runnable[contentKey{center.FlowID(f.ID), f.Published}]; {
	case which != Live:
		return nil, "", center.Errorf(center.BadRequest, "a chat runs the published content of a flow, not that of %q", ref)
	case f.Archived:
		return nil, "", &center.Error{Reason: center.BadRequest, Message: "flow " + f.ID + " is archived", Kind: center.KindFlow, ID: f.ID}
	case f.Published == "":
		return nil, "", &center.Error{Reason: center.NotPublished, Message: "flow " + f.ID + " has not been published", Kind: center.KindFlow, ID: f.ID}
	default:
		return p.flow, center.FlowID(f.ID), p.err
	}
}

// CanStart tells why a chat cannot begin with a flow: the reasons of
// [Snapshot.Published], and BadRequest when its type is not CONTACT_FLOW
// (StartChatContact, ContactFlowId).
func (snap *Snapshot) CanStart(ref string) error {
	_, id, err := snap.Published(ref)
	if err != nil {
		return err
	}
	if f := snap.index[center.KindFlow][string(id)].(*Flow); f.Type != TypeInbound {
		return center.Errorf(center.BadRequest, "a chat begins with a flow of the type %s; flow %s is of the type %s", TypeInbound, id, f.Type)
	}
	return nil
}

// ID returns the id of the instance.
func (snap *Snapshot) ID() center.InstanceID { return snap.Instance.InstanceID() }

// hasName reports whether a resource of a kind other than except has a name.
func (snap *Snapshot) hasName(kind center.Kind, name, except string) bool {
	return slices.ContainsFunc(snap.lists[kind], func(r Resource) bool {
		m := r.About()
		return m.Name == name && m.ID != except
	})
}

// count returns how many resources count against the quota of their kind.
func (snap *Snapshot) count(k *kind) int {
	n := 0
	for _, r := range snap.lists[k.kind] {
		if k.counts == nil || k.counts(r) {
			n++
		}
	}
	return n
}

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

// local returns the id within the instance that a reference names, "" when it leads elsewhere.
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

// copy returns a snapshot that can be changed before it is shown.
func (snap *Snapshot) copy() *Snapshot {
	c := *snap
	c.lists, c.index = maps.Clone(snap.lists), maps.Clone(snap.index)
	c.graves, c.runnable = maps.Clone(snap.graves), maps.Clone(snap.runnable)
	return &c
}

// newSnapshot returns a snapshot without anything but the instance.
func newSnapshot(p center.Partition, i *Instance) *Snapshot {
	return &Snapshot{
		Instance: i, partition: p,
		lists:  map[center.Kind][]Resource{},
		index:  map[center.Kind]map[string]Resource{},
		graves: map[string]holder{}, runnable: map[contentKey]published{},
	}
}

// add puts resources of one kind, none of which is there yet, into a snapshot under construction.
func (snap *Snapshot) add(kind center.Kind, rs []Resource) {
	list, index := slices.Clone(snap.lists[kind]), maps.Clone(snap.index[kind])
	if index == nil {
		index = make(map[string]Resource, len(rs))
	}
	for _, r := range rs {
		if h, ok := r.(holder); ok && !h.contents().Deleted.IsZero() {
			snap.graves[r.About().ID] = h
			continue
		}
		list = append(list, r)
		index[r.About().ID] = r
	}
	slices.SortFunc(list, byName)
	snap.lists[kind], snap.index[kind] = list, index
}

// remove takes a resource out of a snapshot under construction.
func (snap *Snapshot) remove(kind center.Kind, id string) {
	delete(snap.graves, id)
	maps.DeleteFunc(snap.runnable, func(key contentKey, _ published) bool { return string(key.flow) == id })
	if _, ok := snap.index[kind][id]; !ok {
		return
	}
	snap.lists[kind] = without(snap.lists[kind], id)
	snap.index[kind] = maps.Clone(snap.index[kind])
	delete(snap.index[kind], id)
}

// weight is about how many bytes the snapshot holds.
func (snap *Snapshot) weight() int {
	w := 0
	for _, list := range snap.lists {
		w += 1024 * len(list)
	}
	for _, p := range snap.runnable {
		if p.flow != nil {
			w += 4 * len(p.flow.Content()) // the text, and what it was parsed into
		}
	}
	return w
}
