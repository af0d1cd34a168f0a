package publishing

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// NewFlow is what CreateContactFlow takes.
type NewFlow struct {
	Name, Type, Description string
	Content                 string
	Draft                   bool // Status SAVED
	Tags                    map[string]string
}

// CreateFlow adds a flow to an instance. Unless it is a draft its content must
// have no problems. Errors: NotFound for the instance, Invalid for the texts,
// InvalidFlow with all problems, Duplicate for the name, LimitExceeded.
func CreateFlow(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewFlow) (*catalog.Flow, error) {
	if err := checkTexts(&n.Name, &n.Description); err != nil {
		return nil, err
	}
	parsed, err := flow.Parse([]byte(n.Content))
	if err != nil {
		return nil, err
	}
	problems := problemsOf(parsed, n.Type, n.Draft)
	return create(ctx, c, instance, creation[*catalog.Flow, center.FlowID]{
		id: idOf[center.FlowID]("CreateContactFlow", instance, ""), name: n.Name, tags: n.Tags, content: contentOf(parsed), draft: n.Draft,
		admit: func(snap *catalog.Snapshot) error { return vet(c, snap, n.Content, problems, n.Draft) },
		make: func(meta catalog.Meta[center.FlowID]) *catalog.Flow {
			return &catalog.Flow{Meta: meta, Authored: catalog.Authored{Description: n.Description}, Type: n.Type}
		},
	})
}

// UpdateFlow replaces the published content of a flow, or its draft for Saved.
// Publishing drops the draft. Errors: NotFound, InvalidFlow with all problems,
// Invalid for a version.
func UpdateFlow(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.FlowID, which contents.Which, content string) error {
	if which > 0 {
		return center.Errorf(center.Invalid, "version %d of a flow cannot be changed", which)
	}
	draft := which == contents.Saved
	parsed, err := flow.Parse([]byte(content))
	if err != nil {
		return err
	}
	return catalog.EditContents(ctx, c, instance, id, func(snap *catalog.Snapshot, f *catalog.Flow, w *catalog.Write) error {
		if err := vet(c, snap, content, problemsOf(parsed, f.Type, draft), draft); err != nil {
			return err
		}
		return c.Stow(f, contentOf(parsed), draft, w)
	})
}

func contentOf(parsed *flow.Flow) catalog.Content {
	return catalog.Content{Hash: parsed.Hash, Body: string(parsed.Content()), Flow: parsed}
}

// problemsOf says what keeps a content from being published as a flow of a type;
// nothing is asked of a draft.
func problemsOf(parsed *flow.Flow, typ string, draft bool) []check.Problem {
	if draft {
		return nil
	}
	return check.Problems(parsed.As(typ))
}
