package catalog

import (
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// View is everything of one instance at one moment. It never changes and may
// be used by many goroutines.
type View struct {
	Instance *Instance

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
func All[T Resource](v *View) []T {
	var none T
	list := v.lists[none.Kind()]
	all := make([]T, len(list))
	for i, r := range list {
		all[i] = r.(T)
	}
	return all
}

// Find returns the resource that an id or ARN names. An ARN of another kind,
// instance, account or region names nothing: NotFound.
func Find[T Resource](v *View, ref string) (T, error) {
	var none T
	r, ok := v.index[none.Kind()][v.local(none.Kind(), ref)]
	if !ok {
		return none, v.missing(none.Kind(), ref)
	}
	return r.(T), nil
}

// FindFlow returns the flow that an id or ARN names, and which content: what
// follows a colon behind it, $SAVED, $LATEST or the number of a version, or
// nothing for the published one. Errors: NotFound for the flow or the version,
// Invalid for any other qualifier.
func (v *View) FindFlow(ref string) (*Flow, Which, error) {
	id, qualifier, _ := strings.Cut(v.local(center.KindFlow, ref), ":")
	r, ok := v.index[center.KindFlow][id]
	if !ok {
		return nil, 0, v.missing(center.KindFlow, ref)
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
// and [View.CanStart].
func (v *View) Published(ref string) (*flow.Flow, center.FlowID, error) {
	f, which, err := v.FindFlow(ref)
	if err != nil {
		return nil, "", err
	}
	switch p := v.runnable[contentKey{center.FlowID(f.ID), f.Published}]; {
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
// [View.Published], and BadRequest when its type is not CONTACT_FLOW
// (StartChatContact, ContactFlowId).
func (v *View) CanStart(ref string) error {
	_, id, err := v.Published(ref)
	if err != nil {
		return err
	}
	if f := v.index[center.KindFlow][string(id)].(*Flow); f.Type != TypeInbound {
		return center.Errorf(center.BadRequest, "a chat begins with a flow of the type %s; flow %s is of the type %s", TypeInbound, id, f.Type)
	}
	return nil
}

// ARN returns the ARN of a resource of the instance.
func (v *View) ARN(kind center.Kind, id string) string {
	return v.partition.ARN(v.Instance.InstanceID(), kind, id)
}

// ARNOf returns the ARN of a resource.
func (v *View) ARNOf(r Resource) string {
	if r.Kind() == center.KindInstance {
		return v.partition.InstanceARN(v.Instance.InstanceID())
	}
	return v.ARN(r.Kind(), r.About().ID)
}

// Region is the region of the instance.
func (v *View) Region() string { return v.partition.Region }

// local returns the id within the instance that a reference names, "" when it leads elsewhere.
func (v *View) local(kind center.Kind, ref string) string {
	if !strings.HasPrefix(ref, "arn:") {
		return ref
	}
	a, ok := center.ParseARN(ref)
	if !ok || a.Partition != v.partition || a.Instance != v.Instance.InstanceID() || a.Kind != kind {
		return ""
	}
	return a.ID
}

// copy returns a view that can be changed before it is shown.
func (v *View) copy() *View {
	c := *v
	c.lists, c.index = maps.Clone(v.lists), maps.Clone(v.index)
	c.graves, c.runnable = maps.Clone(v.graves), maps.Clone(v.runnable)
	return &c
}

// newView returns a view without anything but the instance.
func newView(p center.Partition, i *Instance) *View {
	return &View{
		Instance: i, partition: p,
		lists:  map[center.Kind][]Resource{},
		index:  map[center.Kind]map[string]Resource{},
		graves: map[string]holder{}, runnable: map[contentKey]published{},
	}
}

// add puts resources of one kind, none of which is there yet, into a view under construction.
func (v *View) add(kind center.Kind, rs []Resource) {
	list, index := slices.Clone(v.lists[kind]), maps.Clone(v.index[kind])
	if index == nil {
		index = make(map[string]Resource, len(rs))
	}
	for _, r := range rs {
		if h, ok := r.(holder); ok && !h.contents().Deleted.IsZero() {
			v.graves[r.About().ID] = h
			continue
		}
		list = append(list, r)
		index[r.About().ID] = r
	}
	slices.SortFunc(list, byName)
	v.lists[kind], v.index[kind] = list, index
}

// remove takes a resource out of a view under construction.
func (v *View) remove(kind center.Kind, id string) {
	delete(v.graves, id)
	maps.DeleteFunc(v.runnable, func(key contentKey, _ published) bool { return string(key.flow) == id })
	if _, ok := v.index[kind][id]; !ok {
		return
	}
	v.lists[kind] = without(v.lists[kind], id)
	v.index[kind] = maps.Clone(v.index[kind])
	delete(v.index[kind], id)
}

// weight is about how many bytes the view holds.
func (v *View) weight() int {
	w := 0
	for _, list := range v.lists {
		w += 1024 * len(list)
	}
	for _, p := range v.runnable {
		if p.flow != nil {
			w += 4 * len(p.flow.Content()) // the text, and what it was parsed into
		}
	}
	return w
}
