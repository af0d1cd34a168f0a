package catalog

import (
	"context"
	"errors"
	"strings"
	"time"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/bare"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Chats is what chats ask a catalog: [Chats.Prepare] loads, the other methods
// answer from memory.
type Chats struct{ catalog *Catalog }

var _ contact.Catalog = Chats{}

// Chats returns what the chats of the catalog's instances ask.
func (c *Catalog) Chats() Chats { return Chats{c} }

// Prepare loads an instance's resources, users among them since each has a queue, and the contents that runs and the callers
// of their modules began with, into memory, so that
// [Chats.Published] and [Chats.Content] need no I/O. An instance or content
// that does not exist is not an error here: those two report it.
// A run may be nil.
func (c Chats) Prepare(ctx context.Context, instance center.InstanceID, runs ...*machine.Run) error {
	if _, err := c.catalog.SnapshotWith(ctx, center.KindUser, string(instance)); err != nil && center.ReasonOf(err) != center.NotFound {
		return err
	}
	for _, run := range runs {
		if run == nil || run.Flow == "" { // the latter in place of a flow: see contact.Start, AIAgent
			continue
		}
		if err := c.fetch(ctx, contact.ContentKey{Flow: run.Flow, Hash: run.Hash}); err != nil {
			return err
		}
		for i := range run.Stack {
			if err := c.fetch(ctx, contact.ContentKey{Flow: run.Stack[i].Flow, Hash: run.Stack[i].Hash}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch loads a content into memory, if there is one.
func (c Chats) fetch(ctx context.Context, key contact.ContentKey) error {
	if c.catalog.loader.running.has(key) {
		return nil
	}
	f, err := c.catalog.loader.content(ctx, string(key.Flow), key.Hash)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil
		}
		return err
	}
	c.catalog.loader.keep(key, f)
	return nil
}

// prepared returns the snapshot of an instance, which [Chats.Prepare] has loaded.
func (c Chats) prepared(instance center.InstanceID) (*Snapshot, error) {
	if e, ok := c.catalog.cache.lru.get(instance); ok {
		return e.snap, nil
	}
	return nil, center.Missing(center.KindInstance, string(instance))
}

// Content returns the content of a flow with a hash, published or not any
// more. It must have been prepared.
func (c Chats) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	if f, ok := c.catalog.loader.running.get(contact.ContentKey{Flow: id, Hash: hash}); ok {
		return f, nil
	}
	return nil, center.Missing(center.KindFlowVersion, contentID(string(id), hash))
}

// Published returns the content of an active flow, by id or ARN, with its type:
// see [Snapshot.Published]. One of a version may have been read before.
func (c Chats) Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return c.runs(instance, ref, (*Snapshot).Published)
}

// Module returns the content of a flow module: see [Snapshot.PublishedModule].
func (c Chats) Module(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	return c.runs(instance, ref, (*Snapshot).PublishedModule)
}

func (c Chats) runs(instance center.InstanceID, ref string, find func(*Snapshot, string) (*flow.Flow, center.FlowID, error)) (*flow.Flow, center.FlowID, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return nil, "", err
	}
	f, id, err := find(snap, ref)
	if need, ok := errors.AsType[*contact.Need](err); ok {
		if f, ok = c.catalog.loader.running.get(need.Content); ok {
			return f.As(snap.typeOf(id)), id, nil
		}
	}
	if err != nil {
		return nil, id, err
	}
	if key := (contact.ContentKey{Flow: id, Hash: f.Hash}); !c.catalog.loader.running.has(key) {
		c.catalog.loader.keep(key, f) // a chat that begins with it asks for it by its hash next
	}
	return f, id, nil
}

// Default returns the default flow of a type, as CUSTOMER_QUEUE. NotFound when
// the instance has none that can be run.
func (c Chats) Default(instance center.InstanceID, typ string) (*flow.Flow, center.FlowID, error) {
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
// agent's id or an ARN that ends so, has no name, hours or limit.
func (c Chats) Queue(instance center.InstanceID, ref string) (machine.Queue, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return machine.Queue{}, err
	}
	if user, ok := strings.CutPrefix(snap.local(center.KindQueue, ref), machine.AgentQueue); ok {
		u, err := Get[*User](snap, center.UserID(user))
		if err != nil {
			return machine.Queue{}, center.Errorf(center.NotFound, "agent %s does not exist, and neither does a queue of that agent", user)
		}
		id := machine.AgentQueue + string(u.ID)
		return machine.Queue{ID: center.QueueID(id), ARN: snap.ARN(center.KindQueue, id), Max: -1}, nil
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
func (c Chats) Hours(instance center.InstanceID, ref string, at time.Time) (machine.Opening, error) {
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
func (c Chats) FindView(instance center.InstanceID, ref string) (machine.View, error) {
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
func (c Chats) LambdaAllowed(instance center.InstanceID, function string) error {
	snap, err := c.prepared(instance)
	if err != nil {
		return err
	}
	return c.catalog.MayCall(snap, function)
}

// Assistant is nil when [Config.AssistantSessions] is set.
func (c Chats) Assistant(instance center.InstanceID, assistant string) error {
	if c.catalog.cfg.AssistantSessions {
		return nil
	}
	return bare.Empty{}.Assistant(instance, assistant)
}

// BotAllowed is nil when flows of the instance may ask a bot, by the ARN of its
// alias or, for Lex V1, its name.
func (c Chats) BotAllowed(instance center.InstanceID, bot string) error {
	snap, err := c.prepared(instance)
	if err != nil {
		return err
	}
	return c.catalog.MayAsk(snap, bot)
}
