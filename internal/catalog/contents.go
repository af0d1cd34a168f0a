package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/internal/center"
	"parley/internal/flow"
)

// Prepare sees to an instance's flows, and the contents that runs and the
// callers of their modules began with, being in memory, so that
// [Catalog.Published] and [Catalog.Content] need no I/O. An instance or content
// that does not exist is no error here: the chat hears of it from those two.
// A run may be nil.
func (c *Catalog) Prepare(ctx context.Context, instance center.InstanceID, runs ...*flow.Run) error {
	if _, ok := c.views.get(instance); !ok {
		if _, err := c.View(ctx, string(instance)); err != nil && center.ReasonOf(err) != center.NotFound {
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
// its type: see [View.Published].
func (c *Catalog) Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	v, ok := c.views.get(instance)
	if !ok {
		return nil, "", missingInstance(string(instance))
	}
	f, id, err := v.Published(ref)
	if err != nil {
		return nil, "", err
	}
	key := contentKey{id, f.Hash}
	if _, ok := c.running.get(key); !ok {
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
// that [View.FindFlow] found. Saved without a saved content is the published
// one. NotPublished when there is no published content.
func (c *Catalog) Text(ctx context.Context, v *View, f *Flow, which Which) (text, hash string, err error) {
	hash = f.at(which)
	if hash == "" {
		return "", "", &center.Error{Reason: center.NotPublished, Message: "flow " + f.ID + " has not been published; its saved content is " + f.ID + ":" + savedQualifier, Kind: center.KindFlow, ID: f.ID}
	}
	if p := v.runnable[f.ID]; p.flow != nil && p.flow.Hash == hash {
		return string(p.flow.Content()), hash, nil
	}
	text, err = c.text(ctx, f.ID, hash)
	return text, hash, err
}

// parse makes the published content of a flow ready in a view under construction.
func (c *Catalog) parse(ctx context.Context, v *View, f *Flow) error {
	if f.Published == "" {
		return nil
	}
	key := contentKey{center.FlowID(f.ID), f.Published}
	parsed, ok := c.running.get(key)
	if !ok {
		var err error
		parsed, err = c.content(ctx, f.ID, f.Published)
		switch center.ReasonOf(err) {
		case center.InvalidFlow, center.NotFound:
			c.cfg.Log.ErrorContext(ctx, "a published flow cannot be read", "instance", f.Instance, "flow", f.ID, "error", err)
			v.runnable[f.ID] = published{err: fmt.Errorf("flow %s: %w", f.ID, err)}
			return nil
		}
		if err != nil {
			return err
		}
	}
	v.runnable[f.ID] = published{flow: parsed.As(f.Type)}
	return nil
}

// content reads and parses a content.
func (c *Catalog) content(ctx context.Context, id, hash string) (*flow.Flow, error) {
	text, err := c.text(ctx, id, hash)
	if err != nil {
		return nil, err
	}
	return flow.Parse([]byte(text))
}

func (c *Catalog) text(ctx context.Context, id, hash string) (string, error) {
	r, err := c.cfg.Store.Resource(ctx, center.KindFlowVersion, contentID(id, hash))
	if err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(r.Body, &text); err != nil {
		return "", fmt.Errorf("decode content %s: %w", r.ID, err)
	}
	return text, nil
}

// contentID is where the store keeps a content.
func contentID(flow, hash string) string { return flow + ":" + hash }

// contentRow is a content as the store keeps it.
func (c *Catalog) contentRow(f *Flow, parsed *flow.Flow) (center.Resource, error) {
	body, err := json.Marshal(string(parsed.Content()))
	if err != nil {
		return center.Resource{}, fmt.Errorf("encode content: %w", err)
	}
	now := c.now()
	return center.Resource{
		Instance: f.Instance, Kind: center.KindFlowVersion, ID: contentID(f.ID, parsed.Hash),
		Created: now, Updated: now, Body: body,
	}, nil
}
