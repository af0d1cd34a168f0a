package catalog

import (
	"strings"
	"time"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

var _ contact.Catalog = (*Catalog)(nil)

// Published returns the published content of an active flow, by id or ARN, with
// its type: see [Snapshot.Published].
func (c *Catalog) Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return c.runs(instance, ref, (*Snapshot).Published)
}

// Module returns the content of a flow module: see [Snapshot.PublishedModule].
func (c *Catalog) Module(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return c.runs(instance, ref, (*Snapshot).PublishedModule)
}

func (c *Catalog) runs(instance center.InstanceID, ref string, find func(*Snapshot, string) (*flow.Flow, center.FlowID, error)) (*flow.Flow, center.FlowID, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return nil, "", err
	}
	f, id, err := find(snap, ref)
	if err != nil {
		return nil, "", err
	}
	if key := (contentKey{id, f.Hash}); !c.running.has(key) {
		c.keep(key, f) // a chat that begins with it asks for it by its hash next
	}
	return f, id, nil
}

// Default returns the default flow of a type, as CUSTOMER_QUEUE. NotFound when
// the instance has none that can be run.
func (c *Catalog) Default(instance center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return nil, "", err
	}
	for _, f := range All[*Flow](snap) {
		if f.Default && f.Type == typ {
			return c.Published(instance, string(f.ID))
		}
	}
	return nil, "", center.Errorf(center.NotFound, "the instance has no default flow of the type %s", typ)
}

// Queue finds a queue by id or ARN. The queue of an agent, "agent/" and the
// agent's id or an ARN that ends so, is NotFound: there are no users yet.
func (c *Catalog) Queue(instance center.InstanceID, ref string) (machine.Queue, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return machine.Queue{}, err
	}
	if user, ok := strings.CutPrefix(snap.local(center.KindQueue, ref), machine.AgentQueue); ok {
		return machine.Queue{}, center.Errorf(center.NotFound, "agent %s does not exist, and neither does a queue of that agent", user)
	}
	q, err := Find[*Queue](snap, ref)
	if err != nil {
		return machine.Queue{}, err
	}
	found := machine.Queue{ID: q.ID, ARN: snap.ARNOf(q), Name: q.Name, Hours: string(q.Hours), Disabled: q.Disabled, Max: -1}
	if q.MaxContacts != nil {
		found.Max = int64(*q.MaxContacts)
	}
	return found, nil
}

// Hours reports whether hours of operation, by id or ARN, are open at a time.
func (c *Catalog) Hours(instance center.InstanceID, ref string, at time.Time) (machine.Opening, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return machine.Opening{}, err
	}
	h, err := Find[*Hours](snap, ref)
	if err != nil {
		return machine.Opening{}, err
	}
	open, override, err := h.At(at, snap.Shared(h))
	return machine.Opening{Open: open, Override: override}, err
}

// FindView finds what a flow shows when it names a view, by id or ARN, with a
// version behind a colon or without: a published content.
func (c *Catalog) FindView(instance center.InstanceID, ref string) (machine.View, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return machine.View{}, err
	}
	v, which, err := snap.FindView(ref)
	if err != nil {
		return machine.View{}, err
	}
	hash := v.At(which)
	switch {
	case which == contents.Saved:
		return machine.View{}, center.Errorf(center.BadRequest, "a chat is shown what is published of a view, not %q", ref)
	case hash == "":
		return machine.View{}, center.Errorf(center.NotPublished, "view %s has not been published", v.ID)
	}
	version, _ := v.VersionOf(which)
	return machine.View{ID: string(v.ID), ARN: snap.ViewARN(v), Name: v.Name, Version: int(version.Number), Hash: hash, Actions: v.Actions[hash]}, nil
}

// LambdaAllowed is nil when flows of the instance may call a function, by ARN
// or name: when it is associated, or [Config.Unassociated] is set.
func (c *Catalog) LambdaAllowed(instance center.InstanceID, function string) error {
	snap, err := c.prepared(instance)
	if err != nil {
		return err
	}
	return c.MayCall(snap, function)
}

// BotAllowed is nil when flows of the instance may ask a bot, by the ARN of its
// alias or, for Lex V1, its name.
func (c *Catalog) BotAllowed(instance center.InstanceID, bot string) error {
	snap, err := c.prepared(instance)
	if err != nil {
		return err
	}
	return c.MayAsk(snap, bot)
}
