package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// Module is a flow module (ContactFlowModule): a piece of a flow that other
// flows call. Every one of its versions can be run.
type Module struct {
	Meta `json:"-"`
	Contents
	Description string  `json:"description,omitempty"`
	Archived    bool    `json:"archived,omitempty"` // ContactFlowModuleState ARCHIVED
	External    *bool   `json:"external,omitempty"` // ExternalInvocationConfiguration.Enabled
	Aliases     []Alias `json:"aliases,omitempty"`  // by name
}

// Kind returns KindFlowModule.
func (*Module) Kind() center.Kind { return center.KindFlowModule }

// Alias is a name for a version of a module (ContactFlowModuleAliasInfo).
type Alias struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Version     int64     `json:"version"`
	Updated     time.Time `json:"updated"`
}

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
func (c *Catalog) CreateModule(ctx context.Context, instance string, n NewModule) (created *Module, err error) {
	if err := checkTexts(&n.Name, &n.Description); err != nil {
		return nil, err
	}
	text := document{n.Content, n.Settings}
	parsed, problems, err := text.module(true)
	if err != nil {
		return nil, err
	}
	random := center.NewUUID()
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		id := random
		if n.Token != "" {
			id = derivedID("CreateContactFlowModule", snap.Instance.ID, n.Token)
		}
		if r, ok := snap.index[center.KindFlowModule][id]; ok {
			created = r.(*Module)
			if created.Name != n.Name || created.Published != parsed.Hash {
				return write{}, center.Errorf(center.Conflict, "ClientToken came with another module before: %s", created.ID)
			}
			return write{}, nil
		}
		if _, ok := snap.graves[id]; ok {
			return write{}, center.Errorf(center.Conflict, "ClientToken came with a module before that has been deleted")
		}
		if err := c.vet(snap, n.Content, problems); err != nil {
			return write{}, err
		}
		created = &Module{
			Meta:        c.newMeta(snap, id, n.Name, n.Tags),
			Description: n.Description, External: n.External,
		}
		w := write{put: []Resource{created}}
		return w, c.storeModule(created, text, parsed, false, &w)
	})
	return created, err
}

// UpdateModule replaces the published content and settings of a module, those
// given, or its draft's when the reference ends in :$SAVED. Publishing drops
// the draft. Errors: NotFound, InvalidFlow with all problems, Invalid for a
// reference to a version or an alias, and BadRequest when nothing is given.
func (c *Catalog) UpdateModule(ctx context.Context, instance, ref string, content, settings *string) error {
	if content == nil && settings == nil {
		return center.Errorf(center.BadRequest, "Content or Settings is needed")
	}
	return c.changeModule(ctx, instance, ref, func(snap *Snapshot, m *Module, w *write) error {
		_, which, err := snap.FindModule(ref)
		if err != nil {
			return err
		}
		if which > 0 {
			return center.Errorf(center.Invalid, "version %d of a module cannot be changed", which)
		}
		text, err := c.amended(ctx, m, which, content, settings)
		if err != nil {
			return err
		}
		parsed, problems, err := text.module(which != Saved)
		if err != nil {
			return err
		}
		if err := c.vet(snap, text.Content, problems); which != Saved && err != nil {
			return err
		}
		return c.storeModule(m, text, parsed, which == Saved, w)
	})
}

// amended is a content of a module with what is given put in its place. What
// is not given of one that was never published is that of its draft.
func (c *Catalog) amended(ctx context.Context, m *Module, which Which, content, settings *string) (text document, err error) {
	if content == nil || settings == nil {
		if m.At(which) == "" {
			which = Saved
		}
		if text, _, err = c.ModuleText(ctx, m, which); err != nil {
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

// DescribeModule changes name, description and state of a module. Errors:
// NotFound, Invalid, Duplicate for the name.
func (c *Catalog) DescribeModule(ctx context.Context, instance, ref string, d Describing) error {
	if err := checkTexts(d.Name, d.Description); err != nil {
		return err
	}
	return c.changeModule(ctx, instance, ref, func(snap *Snapshot, m *Module, _ *write) error {
		if d.Name != nil {
			m.Name = *d.Name
		}
		if d.Description != nil {
			m.Description = *d.Description
		}
		if d.Archived != nil {
			m.Archived = *d.Archived
		}
		return nil
	})
}

// DeleteModule removes a module with its versions and aliases. Chats that run
// it go on; flows that name it take their error branch from then on. Errors: NotFound.
func (c *Catalog) DeleteModule(ctx context.Context, instance, ref string) error {
	return c.changeModule(ctx, instance, ref, func(_ *Snapshot, m *Module, _ *write) error {
		m.bury(c.now())
		m.Name, m.Tags, m.Aliases = "", nil, nil
		return nil
	})
}

// CreateModuleVersion keeps the published content of a module under the next
// number. hash, when set, must be that content's. Errors: NotFound,
// LimitExceeded, and BadRequest when the module was never published or has another hash.
func (c *Catalog) CreateModuleVersion(ctx context.Context, instance, ref, description, hash string) (m *Module, version int64, err error) {
	if err := checkTexts(nil, &description); err != nil {
		return nil, 0, err
	}
	err = c.changeModule(ctx, instance, ref, func(_ *Snapshot, found *Module, _ *write) (err error) {
		m = found
		switch {
		case m.Published == "":
			return center.Errorf(center.BadRequest, "module %s has not been published", m.ID)
		case hash != "" && hash != m.Published:
			return center.Errorf(center.BadRequest, "FlowModuleContentSha256 %s is not that of the published content, %s", hash, m.Published)
		}
		version, err = m.number(0, description, c.cfg.Limits.FlowVersions, c.now())
		return err
	})
	return m, version, err
}

// DeleteModuleVersion removes a version of a module; runs of it go on. Errors:
// NotFound, InUse when an alias names it.
func (c *Catalog) DeleteModuleVersion(ctx context.Context, instance, ref string, number int64) error {
	return c.changeModule(ctx, instance, ref, func(_ *Snapshot, m *Module, _ *write) error {
		if _, ok := m.FindVersion(number); !ok {
			return noVersion(m, number)
		}
		if i := slices.IndexFunc(m.Aliases, func(a Alias) bool { return a.Version == number }); i >= 0 {
			return &center.Error{Reason: center.InUse, Message: "the alias " + m.Aliases[i].Name + " names the version", Kind: center.KindFlowModule, ID: m.ID}
		}
		m.unnumber(number, c.now())
		return nil
	})
}

// changeModule changes one module, as changeFlow does a flow.
func (c *Catalog) changeModule(ctx context.Context, instance, ref string, alter func(snap *Snapshot, m *Module, w *write) error) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		found, _, err := snap.FindModule(ref)
		if err != nil {
			return write{}, err
		}
		m := *found
		m.Contents, m.Tags, m.Aliases = found.Contents.copy(), maps.Clone(found.Tags), slices.Clone(found.Aliases)
		m.Updated = c.now()
		w := write{put: []Resource{&m}}
		c.sweep(snap, &m, &w)
		return w, alter(snap, &m, &w)
	})
}

// storeModule makes a content the module's draft or its published one.
func (c *Catalog) storeModule(m *Module, text document, parsed *flow.Flow, draft bool, w *write) error {
	if err := c.stow(m, parsed.Hash, text, draft, w); err != nil {
		return err
	}
	if !draft {
		c.keep(contentKey{center.FlowID(m.ID), parsed.Hash}, parsed)
	}
	return nil
}

// ModuleText returns a content of a module with its settings as they were
// given. Errors: NotPublished when there is no published content.
func (c *Catalog) ModuleText(ctx context.Context, m *Module, which Which) (text document, hash string, err error) {
	hash = m.At(which)
	if hash == "" {
		return text, "", &center.Error{Reason: center.NotPublished, Message: "module " + m.ID + " has not been published; its saved content is " + m.ID + ":" + savedQualifier, Kind: center.KindFlowModule, ID: m.ID}
	}
	text, err = c.document(ctx, m.ID, hash)
	return text, hash, err
}

// FindModule returns the module that an id or ARN names, and which content:
// what follows a colon behind it, $SAVED, $LATEST, the number of a version, or
// the name or id of an alias; nothing for the published one. Errors: NotFound
// for the module, version or alias.
func (snap *Snapshot) FindModule(ref string) (*Module, Which, error) {
	id, qualifier, _ := strings.Cut(snap.local(center.KindFlowModule, ref), ":")
	r, ok := snap.index[center.KindFlowModule][id]
	if !ok {
		return nil, 0, snap.missing(center.KindFlowModule, ref)
	}
	m := r.(*Module)
	if a, ok := m.FindAlias(qualifier); ok {
		return m, Which(a.Version), nil
	}
	which, err := m.which(m, qualifier)
	if center.ReasonOf(err) == center.Invalid && err != nil {
		return nil, 0, &center.Error{Reason: center.NotFound, Message: "module " + m.ID + " has no alias " + qualifier, Kind: center.KindFlowModule, ID: m.ID}
	}
	return m, which, err
}

// PublishedModule returns the content that a run comes to which invokes the
// module that an id or ARN names: the published one, or that of a version or
// alias. Errors: NotFound, NotPublished, and BadRequest for an archived module
// and for a draft.
func (snap *Snapshot) PublishedModule(ref string) (*flow.Flow, center.FlowID, error) {
	m, which, err := snap.FindModule(ref)
	if err != nil {
		return nil, "", err
	}
	switch hash := m.At(which); {
	case which == Saved:
		return nil, "", center.Errorf(center.BadRequest, "a chat runs what is published of a module, not %q", ref)
	case m.Archived:
		return nil, "", &center.Error{Reason: center.BadRequest, Message: "module " + m.ID + " is archived", Kind: center.KindFlowModule, ID: m.ID}
	case hash == "":
		return nil, "", &center.Error{Reason: center.NotPublished, Message: "module " + m.ID + " has not been published", Kind: center.KindFlowModule, ID: m.ID}
	default:
		p := snap.runnable[contentKey{center.FlowID(m.ID), hash}]
		return p.flow, center.FlowID(m.ID), p.err
	}
}

// parse reads the content as a flow, whose hash tells apart the same content
// with other settings.
func (d document) parse() (*flow.Flow, error) {
	parsed, err := flow.Parse([]byte(d.Content))
	if err != nil || d.Settings == "" {
		return parsed, err
	}
	sum := sha256.Sum256([]byte(d.Content + "\x00" + d.Settings))
	told := parsed.WithSettings([]byte(d.Settings))
	told.Hash = hex.EncodeToString(sum[:])
	return told, nil
}

// module reads the content as a module and tells, when it is to be published,
// its problems: its Settings, too, have to be given, in the content or beside
// it. Settings that are no JSON object are refused in a draft as well.
func (d document) module(publish bool) (parsed *flow.Flow, problems []string, err error) {
	if d.Settings != "" && !isObject([]byte(d.Settings)) {
		return nil, nil, invalidFlow([]string{"Invalid contact flow module settings: Settings is not a JSON object"})
	}
	if parsed, err = d.parse(); err != nil || !publish {
		return parsed, nil, err
	}
	problems = parsed.Problems()
	var own struct{ Settings json.RawMessage }
	if json.Unmarshal([]byte(d.Content), &own) == nil && d.Settings == "" && !isObject(own.Settings) {
		problems = slices.Insert(problems, 0, "JSON field is missing or null for field name: settings")
	}
	return parsed, problems, nil
}

func isObject(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && members != nil
}
