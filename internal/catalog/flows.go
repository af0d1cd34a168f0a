package catalog

import (
	"context"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// TypeInbound is the type of the flows that StartChatContact takes.
const TypeInbound = "CONTACT_FLOW"

// typeCampaign is the only type whose flows have versions (CreateContactFlowVersion).
const typeCampaign = "CAMPAIGN"

// Bounds of a flow's texts, as the service's console has them; the model has none.
const (
	maxFlowName        = 127
	maxFlowDescription = 500
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
func (c *Catalog) CreateFlow(ctx context.Context, instance string, n NewFlow) (created *Flow, err error) {
	if err := checkTexts(&n.Name, &n.Description); err != nil {
		return nil, err
	}
	parsed, problems, err := read(n.Content, !n.Draft)
	if err != nil {
		return nil, err
	}
	id := center.NewUUID()
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		if err := c.vet(snap, n.Content, problems); !n.Draft && err != nil {
			return write{}, err
		}
		f := &Flow{
			Meta: c.newMeta(snap, id, n.Name, n.Tags),
			Type: n.Type, Description: n.Description,
		}
		created = f
		w := write{put: []Resource{f}}
		return w, c.storeFlow(f, parsed, n.Draft, &w)
	})
	return created, err
}

// UpdateContent replaces the published content of a flow, or its draft when
// the reference ends in :$SAVED. Publishing drops the draft. Errors: NotFound,
// InvalidFlow with all problems, Invalid for the qualifier of a version.
func (c *Catalog) UpdateContent(ctx context.Context, instance, ref, content string) error {
	snap, err := c.Snapshot(ctx, instance)
	if err != nil {
		return err
	}
	_, which, err := snap.FindFlow(ref)
	if err != nil {
		return err
	}
	if which > 0 {
		return center.Errorf(center.Invalid, "version %d of a flow cannot be changed", which)
	}
	parsed, problems, err := read(content, which != Saved)
	if err != nil {
		return err
	}
	return c.changeFlow(ctx, instance, ref, func(snap *Snapshot, f *Flow, w *write) error {
		if err := c.vet(snap, content, problems); which != Saved && err != nil {
			return err
		}
		return c.storeFlow(f, parsed, which == Saved, w)
	})
}

// Describing is what UpdateContactFlowMetadata changes; nil members stay.
type Describing struct {
	Name, Description *string
	Archived          *bool
}

// DescribeFlow changes name, description and state of a flow. Errors:
// NotFound, Invalid, Duplicate for the name, BadRequest when a default flow is
// to be archived.
func (c *Catalog) DescribeFlow(ctx context.Context, instance, ref string, d Describing) error {
	if err := checkTexts(d.Name, d.Description); err != nil {
		return err
	}
	return c.changeFlow(ctx, instance, ref, func(snap *Snapshot, f *Flow, _ *write) error {
		if d.Name != nil {
			f.Name = *d.Name
		}
		if d.Description != nil {
			f.Description = *d.Description
		}
		if d.Archived != nil {
			if *d.Archived && f.Default {
				return center.Errorf(center.BadRequest, "flow %q is a default flow and cannot be archived", f.Name)
			}
			f.Archived = *d.Archived
		}
		return nil
	})
}

// DeleteFlow removes a flow. Chats that run it go on; what else refers to it
// takes its error branch from then on. Errors: NotFound, BadRequest for a default flow.
func (c *Catalog) DeleteFlow(ctx context.Context, instance, ref string) error {
	return c.changeFlow(ctx, instance, ref, func(_ *Snapshot, f *Flow, _ *write) error {
		if f.Default {
			return center.Errorf(center.BadRequest, "flow %q is a default flow and cannot be deleted", f.Name)
		}
		f.bury(c.now())
		f.Name, f.Tags = "", nil
		return nil
	})
}

// CreateVersion keeps the published content of a flow under the next number.
// hash, when set, must be that content's; number, when set, must be above all
// former ones and is taken. Errors: NotFound, Invalid for the number,
// LimitExceeded, and BadRequest when the flow is not of the type CAMPAIGN, as
// in the service, was never published, or has another hash.
func (c *Catalog) CreateVersion(ctx context.Context, instance, ref, description, hash string, number int64) (f *Flow, version int64, err error) {
	if err := checkTexts(nil, &description); err != nil {
		return nil, 0, err
	}
	err = c.changeFlow(ctx, instance, ref, func(_ *Snapshot, found *Flow, _ *write) (err error) {
		f = found
		switch {
		case f.Type != typeCampaign:
			return center.Errorf(center.BadRequest, "versions are made of flows of the type %s; flow %s is of the type %s", typeCampaign, f.ID, f.Type)
		case f.Published == "":
			return center.Errorf(center.BadRequest, "flow %s has not been published", f.ID)
		case hash != "" && hash != f.Published:
			return center.Errorf(center.BadRequest, "FlowContentSha256 %s is not that of the published content, %s", hash, f.Published)
		}
		version, err = f.number(number, description, c.cfg.Limits.FlowVersions, c.now())
		return err
	})
	return f, version, err
}

// DeleteVersion removes a version of a flow. Errors: NotFound.
func (c *Catalog) DeleteVersion(ctx context.Context, instance, ref string, number int64) error {
	return c.changeFlow(ctx, instance, ref, func(_ *Snapshot, f *Flow, _ *write) error {
		if _, ok := f.FindVersion(number); !ok {
			return noVersion(f, number)
		}
		f.unnumber(number, c.now())
		return nil
	})
}

// changeFlow changes one flow: alter gets a copy that it may write to, with
// Updated set, and may add to what is written. What no chat can need any more
// of what earlier changes left behind is removed by the way.
func (c *Catalog) changeFlow(ctx context.Context, instance, ref string, alter func(snap *Snapshot, f *Flow, w *write) error) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		found, _, err := snap.FindFlow(ref)
		if err != nil {
			return write{}, err
		}
		f := found.copy()
		f.Updated = c.now()
		w := write{put: []Resource{f}}
		c.sweep(snap, f, &w)
		return w, alter(snap, f, &w)
	})
}

func (f *Flow) copy() *Flow {
	g := *f
	g.Contents, g.Tags = f.Contents.copy(), maps.Clone(f.Tags)
	return &g
}

// read parses a content and tells, when it is to be published, its problems.
func read(content string, publish bool) (parsed *flow.Flow, problems []string, err error) {
	if parsed, err = flow.Parse([]byte(content)); err != nil || !publish {
		return parsed, nil, err
	}
	return parsed, parsed.Problems(), nil
}

// maxProblems bounds what InvalidContactFlowException carries.
const maxProblems = 50

// invalidFlow is the error of a content that cannot be published.
func invalidFlow(problems []string) error {
	problems = problems[:min(len(problems), maxProblems)]
	return &center.Error{Reason: center.InvalidFlow, Message: problems[0], Problems: problems}
}

// storeFlow makes a content the flow's draft or its published one.
func (c *Catalog) storeFlow(f *Flow, parsed *flow.Flow, draft bool, w *write) error {
	if err := c.stow(f, parsed.Hash, string(parsed.Content()), draft, w); err != nil {
		return err
	}
	if !draft {
		c.keep(contentKey{center.FlowID(f.ID), parsed.Hash}, parsed.As(f.Type))
	}
	return nil
}

// checkTexts checks a flow's name and description, where given.
func checkTexts(name, description *string) error {
	if name != nil {
		if n := utf8.RuneCountInString(*name); n < 1 || n > maxFlowName {
			return center.Errorf(center.Invalid, "Name has %d characters; it must have 1 to %d", n, maxFlowName)
		}
		if strings.ContainsFunc(*name, unicode.IsControl) {
			return center.Errorf(center.Invalid, "Name contains control characters")
		}
	}
	if description != nil {
		if n := utf8.RuneCountInString(*description); n > maxFlowDescription {
			return center.Errorf(center.Invalid, "Description has %d characters; it may have %d", n, maxFlowDescription)
		}
	}
	return nil
}
