package publishing

import (
	"context"
	"slices"

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
	problems := problemsOf(ctx, c, parsed.As(n.Type), n.Draft)
	return create(ctx, c, instance, creation[*catalog.Flow, center.FlowID]{
		id: idOf[center.FlowID]("CreateContactFlow", instance, ""), name: n.Name, tags: n.Tags, content: contentOf(parsed), draft: n.Draft,
		admit: func(snap *catalog.Snapshot) error { return vet(ctx, c, snap, parsed, problems, n.Draft) },
		make: func(meta catalog.Meta[center.FlowID]) *catalog.Flow {
			return &catalog.Flow{Meta: meta, Authored: catalog.Authored{Description: n.Description}, Type: n.Type}
		},
	})
}

// UpdateFlow replaces the published content of a flow, or its draft for Saved.
// Publishing drops the draft. Errors: NotFound, InvalidFlow with all problems,
// Invalid for a version.
func UpdateFlow(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.FlowID, which contents.Which, content string) error {
	if err := changeable(which); err != nil {
		return err
	}
	draft := which == contents.Saved
	parsed, err := flow.Parse([]byte(content))
	if err != nil {
		return err
	}
	return catalog.EditContents(ctx, c, instance, id, func(snap *catalog.Snapshot, f *catalog.Flow, w *catalog.Write) error {
		if err := vet(ctx, c, snap, parsed, problemsOf(ctx, c, parsed.As(f.Type), draft), draft); err != nil {
			return err
		}
		return c.Stow(f, contentOf(parsed), draft, w)
	})
}

func contentOf(parsed *flow.Flow) catalog.Content {
	return catalog.Content{Hash: parsed.Hash, Body: string(parsed.Content()), Flow: parsed}
}

// changeable refuses a content that is there to stay. An alias stands for one.
func changeable(which contents.Which) error {
	if which > 0 {
		return center.Errorf(center.Invalid, "version %d cannot be changed; publish the content without a version behind the id, and make another", which)
	}
	return nil
}

// problemsOf says what keeps a content from being published as a flow of its type,
// or as a module; nothing is asked of a draft. It is asked here alone: what is
// published already goes on, whatever is asked of flows later.
func problemsOf(ctx context.Context, c *catalog.Catalog, parsed *flow.Flow, draft bool) []check.Problem {
	if draft {
		return nil
	}
	problems := check.Options{OldSpellings: c.TakesOldSpellings()}.Problems(parsed)
	if i := slices.IndexFunc(parsed.Actions, func(a flow.Action) bool { return a.Wrote != "" }); i >= 0 && len(problems) == 0 {
		a := &parsed.Actions[i]
		c.Log().WarnContext(ctx, "a flow is published with an action type that the cloud refuses", "action", flow.Clip(a.ID), "type", a.Wrote, "today", a.Type)
	}
	return problems
}
