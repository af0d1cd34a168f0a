package catalog

import (
	"context"
	"maps"
	"strings"

	"parley.example/parley/internal/center"
)

// maxTags bounds the tags of one resource (TagMap).
const maxTags = 50

// Tagged returns what an ARN names among the resources that can be tagged: an
// instance, or a flow, flow module, view, queue, hours of operation, routing
// profile, quick connect, security profile, agent status, user or hierarchy group of one. Errors: Invalid when it is
// no ARN of those, NotFound, also for a version or alias behind it.
func (c *Catalog) Tagged(ctx context.Context, arn string) (Resource, error) {
	a, err := taggable(arn)
	if err != nil {
		return nil, err
	}
	snap, err := c.SnapshotWith(ctx, a.Kind, a.InstanceARN(a.Instance))
	if center.ReasonOf(err) == center.NotFound {
		return nil, missingARN(arn)
	}
	if err != nil {
		return nil, err
	}
	return snap.tagged(a, arn)
}

func taggable(arn string) (center.ARN, error) {
	a, ok := center.ParseARN(arn)
	if !ok {
		return a, center.Errorf(center.Invalid, "%q is not the ARN of an Amazon Connect resource", arn)
	}
	if k, ok := kinds[a.Kind]; !ok || !k.taggable {
		return a, center.Errorf(center.Invalid, "a resource of the kind %s cannot be tagged", a.Kind)
	}
	return a, nil
}

// tagged finds the resource whose tags are meant. All contents of a flow, module or
// view have its tags, but only those that are there can be named.
func (snap *Snapshot) tagged(a center.ARN, arn string) (Resource, error) {
	if a.Kind == center.KindInstance {
		return snap.Instance, nil
	}
	id, qualifier, qualified := strings.Cut(snap.local(a.Kind, arn), ":")
	r, ok := snap.shelf(a.Kind).get(id)
	if ok && qualified {
		var h Holder
		if h, ok = r.(Holder); ok {
			if _, err := resolve(h, latest(qualifier)); err != nil {
				return nil, err
			}
		}
	}
	if !ok {
		return nil, missingARN(arn)
	}
	return r, nil
}

func missingARN(arn string) error {
	return center.Errorf(center.NotFound, "the resource %s does not exist", arn)
}

// Tag adds tags to a resource, or changes them. Errors: those of
// [Catalog.Tagged]; BadRequest when it would have more than 50, or the tag of an instance that
// says how long chats are kept ([center.RetentionKey]) cannot be read.
func (c *Catalog) Tag(ctx context.Context, arn string, tags map[string]string) error {
	return c.retag(ctx, arn, func(r Resource, have map[string]string) error {
		maps.Copy(have, tags)
		if len(have) > maxTags {
			return center.Errorf(center.BadRequest, "a resource may have %d tags; this one would have %d", maxTags, len(have))
		}
		return checkTags(r, tags)
	})
}

// checkTags refuses tags that mean something here and do not say it.
func checkTags(r Resource, tags map[string]string) error {
	if r.Kind() != center.KindInstance {
		return nil
	}
	if _, err := center.ParseRetention(tags[center.RetentionKey]); err != nil {
		return center.Errorf(center.BadRequest, "tag %s: %w", center.RetentionKey, err)
	}
	return nil
}

// Untag removes tags from a resource; those it does not have are ignored.
// Errors: those of [Catalog.Tagged].
func (c *Catalog) Untag(ctx context.Context, arn string, keys []string) error {
	return c.retag(ctx, arn, func(_ Resource, have map[string]string) error {
		for _, k := range keys {
			delete(have, k)
		}
		return nil
	})
}

func (c *Catalog) retag(ctx context.Context, arn string, alter func(r Resource, have map[string]string) error) error {
	a, err := taggable(arn)
	if err != nil {
		return err
	}
	if a.Partition != c.cfg.Partition {
		return missingARN(arn)
	}
	err = c.Change(ctx, a.Instance, func(snap *Snapshot) (Write, error) {
		r, err := snap.tagged(a, arn)
		if err != nil {
			return Write{}, err
		}
		tags := maps.Clone(r.About().Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		if err := alter(r, tags); err != nil {
			return Write{}, err
		}
		changed, err := Edit(c, r)
		if err != nil {
			return Write{}, err
		}
		about := changed.About()
		about.Tags = tags
		changed.set(about)
		return Write{Put: []Resource{changed}}, nil
	})
	if center.ReasonOf(err) == center.NotFound {
		return missingARN(arn)
	}
	return err
}
