package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Prepare sees to an instance's flows, and the contents that runs and the
// callers of their modules began with, being in memory, so that
// [Catalog.Published] and [Catalog.Content] need no I/O. An instance or content
// that does not exist is no error here: the chat hears of it from those two.
// A run may be nil.
func (c *Catalog) Prepare(ctx context.Context, instance center.InstanceID, runs ...*flow.Run) error {
	if _, ok := c.cache.fresh(instance); !ok {
		if _, err := c.Snapshot(ctx, string(instance)); err != nil && center.ReasonOf(err) != center.NotFound {
			return err
		}
	}
	for _, run := range runs {
		if run == nil {
			continue
		}
		if err := c.fetch(ctx, contentKey{run.Flow, run.Hash}); err != nil {
			return err
		}
		for i := range run.Stack {
			if err := c.fetch(ctx, contentKey{run.Stack[i].Flow, run.Stack[i].Hash}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch sees to a content being in memory, if there is one.
func (c *Catalog) fetch(ctx context.Context, key contentKey) error {
	if _, ok := c.running.get(key); ok {
		return nil
	}
	f, err := c.content(ctx, string(key.flow), key.hash)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil
		}
		return err
	}
	c.keep(key, f)
	return nil
}

func (c *Catalog) keep(key contentKey, f *flow.Flow) { c.running.put(key, f, 4*len(f.Content())) }

// Published returns the published content of an active flow, by id or ARN, told
// its type: see [Snapshot.Published].
func (c *Catalog) Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	snap, err := c.prepared(instance)
	if err != nil {
		return nil, "", err
	}
	f, id, err := snap.Published(ref)
	if err != nil {
		return nil, "", err
	}
	if key := (contentKey{id, f.Hash}); !c.running.has(key) {
		c.keep(key, f) // whoever begins with it asks for it by its hash next
	}
	return f, id, nil
}

// Content returns the content of a flow with a hash, published or not any
// more. It must have been prepared.
func (c *Catalog) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	if f, ok := c.running.get(contentKey{id, hash}); ok {
		return f, nil
	}
	return nil, center.Missing(center.KindFlowVersion, contentID(string(id), hash))
}

// Text returns a content of a flow as it was given: the published one, or another
// that [Snapshot.FindFlow] found. Saved without a saved content is the published
// one. NotPublished when there is no published content.
func (c *Catalog) Text(ctx context.Context, snap *Snapshot, f *Flow, which Which) (text, hash string, err error) {
	hash = f.At(which)
	if hash == "" {
		return "", "", &center.Error{Reason: center.NotPublished, Message: "flow " + f.ID + " has not been published; its saved content is " + f.ID + ":" + savedQualifier, Kind: center.KindFlow, ID: f.ID}
	}
	if p := snap.runnable[contentKey{center.FlowID(f.ID), hash}]; p.flow != nil {
		return string(p.flow.Content()), hash, nil
	}
	d, err := c.document(ctx, f.ID, hash)
	return d.Content, hash, err
}

// prepareRunnable parses what chats may come to in a new snapshot.
func (c *Catalog) prepareRunnable(ctx context.Context, snap *Snapshot) error {
	for _, list := range snap.lists {
		for _, r := range list {
			if h, ok := r.(holder); ok {
				if err := c.parse(ctx, snap, h); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// parse makes the contents that chats may come to ready in a snapshot
// under construction: the published one of a flow, those of a module that a
// reference may name.
func (c *Catalog) parse(ctx context.Context, snap *Snapshot, h holder) error {
	id := center.FlowID(h.About().ID)
	hashes, typ := []string{h.contents().Published}, ""
	switch h := h.(type) {
	case *Flow:
		typ = h.Type
	case *Module:
		hashes = h.runs()
	default:
		return nil
	}
	for _, hash := range hashes {
		if hash == "" {
			continue
		}
		key := contentKey{id, hash}
		parsed, ok := c.running.get(key)
		if !ok {
			var err error
			parsed, err = c.content(ctx, string(id), hash)
			switch center.ReasonOf(err) {
			case center.InvalidFlow, center.NotFound:
				c.cfg.Log.ErrorContext(ctx, "a published flow cannot be read", "instance", h.About().Instance, "flow", id, "error", err)
				snap.runnable[key] = published{err: fmt.Errorf("%s %s: %w", h.Kind(), id, err)}
				continue
			}
			if err != nil {
				return err
			}
		}
		snap.runnable[key] = published{flow: parsed.As(typ)}
	}
	return nil
}

// content reads and parses a content.
func (c *Catalog) content(ctx context.Context, id, hash string) (*flow.Flow, error) {
	d, err := c.document(ctx, id, hash)
	if err != nil {
		return nil, err
	}
	return d.parse()
}

// document is a content as the store keeps it: of a flow the bare text, of a
// module with settings both.
type document struct {
	Content  string `json:"content"`
	Settings string `json:"settings,omitempty"` // of a module
}

// UnmarshalJSON reads both forms.
func (d *document) UnmarshalJSON(body []byte) error {
	if len(body) > 0 && body[0] == '"' {
		return json.Unmarshal(body, &d.Content)
	}
	type plain document
	return json.Unmarshal(body, (*plain)(d))
}

// MarshalJSON writes the shorter form.
func (d document) MarshalJSON() ([]byte, error) {
	if d.Settings == "" {
		return json.Marshal(d.Content)
	}
	type plain document
	return json.Marshal(plain(d))
}

// document reads a content of a flow or module.
func (c *Catalog) document(ctx context.Context, id, hash string) (d document, err error) {
	return d, c.readContent(ctx, center.KindFlow, id, hash, &d)
}

// contentID is where the store keeps a content.
func contentID(id, hash string) string { return id + ":" + hash }

// stow makes a content, told by its hash, the draft or the published one of
// its resource, and sees to its being written.
func (c *Catalog) stow(h holder, hash string, body any, draft bool, w *write) error {
	id := contentID(h.About().ID, hash)
	if i := slices.IndexFunc(w.gone, func(r center.Resource) bool { return r.ID == id }); i >= 0 {
		w.gone = slices.Delete(w.gone, i, i+1) // about to be removed, and needed again
	} else if !h.contents().holds(hash) {
		row, err := c.contentRow(h, hash, body)
		if err != nil {
			return err
		}
		w.also = append(w.also, row)
	}
	h.contents().publish(hash, draft, c.now())
	return nil
}

// contentRow is a content as the store keeps it.
func (c *Catalog) contentRow(h holder, hash string, body any) (center.Resource, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return center.Resource{}, fmt.Errorf("encode content: %w", err)
	}
	now := c.now()
	return center.Resource{
		Instance: h.About().Instance, Kind: kinds[h.Kind()].contents, ID: contentID(h.About().ID, hash),
		Created: now, Updated: now, Body: text,
	}, nil
}
