package publishing

import (
	"context"
	"encoding/json"
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// NewModule is what CreateContactFlowModule takes.
type NewModule struct {
	Name, Description string
	Content, Settings string
	External          *bool
	Tags              map[string]string
	Token             string // ClientToken: a second request with it is given the first one's module
}

// CreateModule adds a published flow module to an instance. Errors: NotFound
// for the instance, Invalid for the texts, InvalidFlow with all problems,
// Duplicate for the name, LimitExceeded, and Conflict when the token came with
// another name or content before.
func CreateModule(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewModule) (*catalog.Module, error) {
	if err := checkTexts(&n.Name, &n.Description); err != nil {
		return nil, err
	}
	text := catalog.Document{Content: n.Content, Settings: n.Settings}
	parsed, problems, err := readModule(ctx, c, text, true)
	if err != nil {
		return nil, err
	}
	return create(ctx, c, instance, creation[*catalog.Module, center.ModuleID]{
		id: idOf[center.ModuleID]("CreateContactFlowModule", instance, n.Token), name: n.Name, tags: n.Tags,
		content: catalog.Content{Hash: parsed.Hash, Body: text, Flow: parsed},
		admit:   func(snap *catalog.Snapshot) error { return vet(ctx, c, snap, parsed, problems, false) },
		make: func(meta catalog.Meta[center.ModuleID]) *catalog.Module {
			return &catalog.Module{Meta: meta, Authored: catalog.Authored{Description: n.Description}, External: n.External}
		},
		repeated: func(old *catalog.Module) error {
			if old.Name != n.Name || old.Published != parsed.Hash {
				return center.Errorf(center.Conflict, "ClientToken came with another module before: %s", old.ID)
			}
			return nil
		},
		reused: center.Conflict,
	})
}

// UpdateModule replaces the published content and settings of a module, those
// given, or its draft's for Saved. Publishing drops the draft. Errors: NotFound,
// InvalidFlow with all problems, Invalid for a version, and BadRequest when
// nothing is given.
func UpdateModule(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id center.ModuleID, which contents.Which, content, settings *string) error {
	if content == nil && settings == nil {
		return center.Errorf(center.BadRequest, "Content or Settings is required")
	}
	if err := changeable(which); err != nil {
		return err
	}
	draft := which == contents.Saved
	return catalog.EditContents(ctx, c, instance, id, func(snap *catalog.Snapshot, m *catalog.Module, w *catalog.Write) error {
		text, err := amended(ctx, c, m, which, content, settings)
		if err != nil {
			return err
		}
		parsed, problems, err := readModule(ctx, c, text, !draft)
		if err != nil {
			return err
		}
		if err := vet(ctx, c, snap, parsed, problems, draft); err != nil {
			return err
		}
		return c.Stow(m, catalog.Content{Hash: parsed.Hash, Body: text, Flow: parsed}, draft, w)
	})
}

// amended is a content of a module with what is given put in its place. What
// is not given of one that was never published is that of its draft.
func amended(ctx context.Context, c *catalog.Catalog, m *catalog.Module, which contents.Which, content, settings *string) (text catalog.Document, err error) {
	if content == nil || settings == nil {
		if m.At(which) == "" {
			which = contents.Saved
		}
		if text, _, err = c.Text(ctx, m, which); err != nil {
			return text, err
		}
	}
	if content != nil {
		text.Content = *content
	}
	if settings != nil {
		text.Settings = *settings
	}
	return text, nil
}

// readModule reads a content as a module and gives, when it is to be published,
// its problems: its Settings, too, have to be given, in the content or beside
// it. Settings that are no JSON object are refused in a draft as well.
func readModule(ctx context.Context, c *catalog.Catalog, text catalog.Document, publish bool) (parsed *flow.Flow, problems []check.Problem, err error) {
	if text.Settings != "" && !isObject([]byte(text.Settings)) {
		return nil, nil, invalidFlow(check.Problem{Text: "Invalid contact flow module settings", Why: "Settings is not a JSON object"})
	}
	if parsed, err = text.Parse(); err != nil || !publish {
		return parsed, nil, err
	}
	if parsed.Contract == nil {
		parsed = parsed.WithSettings(nil) // it declares nothing
	}
	problems = problemsOf(ctx, c, parsed.As(flow.TypeModule), false)
	var own struct{ Settings json.RawMessage }
	if json.Unmarshal([]byte(text.Content), &own) == nil && text.Settings == "" && !isObject(own.Settings) {
		problems = slices.Insert(problems, 0, check.Problem{Text: "JSON field is missing or null for field name: settings",
			Why: "a module needs Settings, an object in its content or beside it"})
	}
	return parsed, problems, nil
}

func isObject(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && members != nil
}
