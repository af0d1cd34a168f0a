package publishing

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// Bounds of a view. The model has none but that of one action's length; the
// service's content is 400 kB before it is compressed (admin guide, 2026-11).
const (
	maxTemplate = 400 << 10 // bytes
	maxActions  = 1000
)

// NewView is what CreateView takes.
type NewView struct {
	Name, Description string
	Content           catalog.ViewContent
	Draft             bool // Status SAVED
	Tags              map[string]string
	Token             string // ClientToken: a second request with it is given the first one's view
}

// CreateView adds a view to an instance. Errors: NotFound for the instance,
// Invalid for the content, Duplicate for the name and for a token whose view has
// been deleted, QuotaExceeded.
func CreateView(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewView) (*catalog.View, error) {
	if err := checkView(n.Content, !n.Draft); err != nil {
		return nil, err
	}
	content := viewContent(n.Content)
	return create(ctx, c, instance, creation[*catalog.View, center.ViewID]{
		id: idOf[center.ViewID]("CreateView", instance, n.Token), name: n.Name, tags: n.Tags, content: content, draft: n.Draft,
		admit: func(*catalog.Snapshot) error { return nil },
		make: func(meta catalog.Meta[center.ViewID]) *catalog.View {
			return &catalog.View{
				Meta: meta, Authored: catalog.Authored{Description: n.Description}, Actions: map[string][]string{content.Hash: n.Content.Actions},
			}
		},
		repeated: func(*catalog.View) error { return nil },
		reused:   center.Duplicate,
	})
}

// UpdateView saves a content of a view, or publishes it. Errors: NotFound,
// Invalid for the content.
func UpdateView(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.ViewID, content catalog.ViewContent, draft bool) error {
	if err := checkView(content, !draft); err != nil {
		return err
	}
	return catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, v *catalog.View, w *catalog.Write) error {
		stored := viewContent(content)
		if err := c.Stow(v, stored, draft, w); err != nil {
			return err
		}
		v.Actions[stored.Hash] = content.Actions
		settle(v)
		return nil
	})
}

// viewContent is a content as the store keeps it: its schema follows from the template.
func viewContent(content catalog.ViewContent) catalog.Content {
	content.InputSchema = ""
	return catalog.Content{Hash: content.Hash(), Body: content}
}

// checkView returns what keeps a content from being saved, or published: a template
// is a JSON object, and a published one is right in every component.
func checkView(s catalog.ViewContent, publish bool) error {
	if len(s.Actions) > maxActions {
		return center.Errorf(center.Invalid, "Content.Actions has %d members; it may have %d", len(s.Actions), maxActions)
	}
	if s.Template == "" && !publish {
		return nil
	}
	if len(s.Template) > maxTemplate || !utf8.ValidString(s.Template) {
		return center.Errorf(center.Invalid, "Content.Template has %d bytes; it may have %d, in UTF-8", len(s.Template), maxTemplate)
	}
	var template map[string]json.RawMessage
	if json.Unmarshal([]byte(s.Template), &template) != nil || template == nil {
		return center.Errorf(center.Invalid, "Content.Template is not the text of a JSON object")
	}
	if !publish {
		return nil
	}
	return checkTemplate(template)
}
