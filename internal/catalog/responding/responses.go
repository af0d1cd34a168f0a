package responding

import (
	"context"
	"strings"
	"unicode"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Draft is what CreateQuickResponse takes.
type Draft struct {
	Name, Content, Shortcut, Description string
	Markdown                             bool
	Disabled                             bool
	Profiles                             []center.RoutingProfileID // none for everybody
	Token                                string                    // with it, made again, there is one
	Tags                                 map[string]string
}

// Create adds a quick response to an instance. Errors: NotFound for the instance and routing profiles, Duplicate for
// the name and the shortcut, Invalid for a shortcut with white space, LimitExceeded.
func Create(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n Draft) (*catalog.QuickResponse, error) {
	id := center.QuickResponseID(center.NewUUID())
	before := func() *catalog.QuickResponse { return nil } // what the same request has made
	if n.Token != "" {
		id = center.QuickResponseID(catalog.DerivedID("quick-response", string(instance), n.Token))
		before = func() *catalog.QuickResponse {
			snap, err := c.SnapshotWith(ctx, center.KindQuickResponse, string(instance))
			if err != nil {
				return nil // adding says so, too
			}
			made, _ := catalog.Get[*catalog.QuickResponse](snap, id)
			return made
		}
	}
	if made := before(); made != nil {
		return made, nil
	}
	made, err := catalog.Add(ctx, c, instance, func(snap *catalog.Snapshot) (*catalog.QuickResponse, error) {
		r := &catalog.QuickResponse{
			Meta: catalog.NewMeta(c, instance, id, n.Name, n.Tags), Description: n.Description, Shortcut: n.Shortcut, Content: n.Content,
			Markdown: n.Markdown, Disabled: n.Disabled, Profiles: n.Profiles,
		}
		return r, check(snap, r)
	})
	if err != nil {
		if meanwhile := before(); meanwhile != nil {
			return meanwhile, nil
		}
	}
	return made, err
}

// Change is what UpdateQuickResponse changes; nil members stay. A shortcut or a description of "" is taken away.
type Change struct {
	Name, Content, Shortcut, Description *string
	Markdown, Disabled                   *bool
	Profiles                             *[]center.RoutingProfileID
}

// Update changes a quick response. Errors: those of [Create], and NotFound for the quick response.
func Update(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QuickResponseID, n Change) error {
	return catalog.Update(ctx, c, instance, id, func(snap *catalog.Snapshot, r *catalog.QuickResponse) error {
		set(&r.Name, n.Name)
		set(&r.Content, n.Content)
		set(&r.Shortcut, n.Shortcut)
		set(&r.Description, n.Description)
		set(&r.Markdown, n.Markdown)
		set(&r.Disabled, n.Disabled)
		set(&r.Profiles, n.Profiles)
		return check(snap, r)
	})
}

func set[T any](of, to *T) {
	if to != nil {
		*of = *to
	}
}

// Delete removes a quick response. Errors: NotFound.
func Delete(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.QuickResponseID) error {
	return catalog.Remove(ctx, c, instance, id, func(*catalog.Snapshot, *catalog.QuickResponse) error { return nil })
}

// check refuses a quick response that the instance cannot have.
func check(snap *catalog.Snapshot, r *catalog.QuickResponse) error {
	if strings.ContainsFunc(r.Shortcut, unicode.IsSpace) {
		return center.Errorf(center.Invalid, "ShortcutKey %q has white space; it is typed behind a /", r.Shortcut)
	}
	for _, id := range r.Profiles {
		if _, err := catalog.Get[*catalog.RoutingProfile](snap, id); err != nil {
			return err
		}
	}
	for _, other := range catalog.All[*catalog.QuickResponse](snap) {
		if r.Shortcut != "" && other.ID != r.ID && folded(other.Shortcut) == folded(r.Shortcut) {
			return center.Errorf(center.Duplicate, "the quick response %s has the shortcut %s already", other.Name, other.Shortcut)
		}
	}
	return nil
}
