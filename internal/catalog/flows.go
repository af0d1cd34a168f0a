package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/internal/center"
	"parley/internal/flow"
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

// retention is how long a replaced content is kept: longer than the longest chat (7 days).
const retention = 8 * 24 * time.Hour

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
	parsed, err := read(n.Content, !n.Draft)
	if err != nil {
		return nil, err
	}
	id := center.NewUUID()
	err = c.change(ctx, instance, func(v *View) (write, error) {
		own := 0
		for _, f := range All[*Flow](v) {
			if f.Name == n.Name {
				return write{}, nameTaken(center.KindFlow, n.Name)
			}
			if !f.Default {
				own++
			}
		}
		if own >= c.cfg.Limits.Flows {
			return write{}, center.Errorf(center.LimitExceeded, "the instance has reached its quota of %d flows", c.cfg.Limits.Flows)
		}
		now := c.now()
		f := &Flow{
			Meta: Meta{Instance: v.Instance.InstanceID(), ID: id, Name: n.Name, Created: now, Updated: now, Tags: n.Tags},
			Type: n.Type, Description: n.Description,
		}
		created = f
		w := write{put: []Resource{f}}
		return w, c.store(f, parsed, n.Draft, &w)
	})
	return created, err
}

// UpdateContent replaces the published content of a flow, or its draft when
// the reference ends in :$SAVED. Publishing drops the draft. Errors: NotFound,
// InvalidFlow with all problems, Invalid for the qualifier of a version.
func (c *Catalog) UpdateContent(ctx context.Context, instance, ref, content string) error {
	v, err := c.View(ctx, instance)
	if err != nil {
		return err
	}
	_, which, err := v.FindFlow(ref)
	if err != nil {
		return err
	}
	if which > 0 {
		return center.Errorf(center.Invalid, "version %d of a flow cannot be changed", which)
	}
	parsed, err := read(content, which != Saved)
	if err != nil {
		return err
	}
	return c.changeFlow(ctx, instance, ref, func(_ *View, f *Flow, w *write) error {
		return c.store(f, parsed, which == Saved, w)
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
	return c.changeFlow(ctx, instance, ref, func(v *View, f *Flow, _ *write) error {
		if d.Name != nil {
			for _, other := range All[*Flow](v) {
				if other.Name == *d.Name && other.ID != f.ID {
					return nameTaken(center.KindFlow, *d.Name)
				}
			}
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
	return c.changeFlow(ctx, instance, ref, func(_ *View, f *Flow, _ *write) error {
		if f.Default {
			return center.Errorf(center.BadRequest, "flow %q is a default flow and cannot be deleted", f.Name)
		}
		f.retire(func() { f.Published, f.Draft, f.Versions = "", "", nil }, c.now())
		f.Deleted, f.Name, f.Tags = c.now(), "", nil
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
	err = c.changeFlow(ctx, instance, ref, func(_ *View, found *Flow, _ *write) error {
		f, version = found, number
		switch {
		case f.Type != typeCampaign:
			return center.Errorf(center.BadRequest, "versions are made of flows of the type %s; flow %s is of the type %s", typeCampaign, f.ID, f.Type)
		case f.Published == "":
			return center.Errorf(center.BadRequest, "flow %s has not been published", f.ID)
		case hash != "" && hash != f.Published:
			return center.Errorf(center.BadRequest, "FlowContentSha256 %s is not that of the published content, %s", hash, f.Published)
		case number != 0 && number <= f.LastVersion:
			return center.Errorf(center.Invalid, "version %d is not above the latest, %d", number, f.LastVersion)
		case len(f.Versions) >= c.cfg.Limits.FlowVersions:
			return center.Errorf(center.LimitExceeded, "the flow has reached its quota of %d versions", c.cfg.Limits.FlowVersions)
		}
		if version == 0 {
			version = f.LastVersion + 1
		}
		f.LastVersion = version
		f.Versions = append(f.Versions, FlowVersion{Number: version, Hash: f.Published, Description: description, Created: c.now()})
		return nil
	})
	return f, version, err
}

// DeleteVersion removes a version of a flow. Errors: NotFound.
func (c *Catalog) DeleteVersion(ctx context.Context, instance, ref string, number int64) error {
	return c.changeFlow(ctx, instance, ref, func(_ *View, f *Flow, _ *write) error {
		if _, ok := f.FindVersion(number); !ok {
			return noVersion(f, number)
		}
		f.retire(func() {
			f.Versions = slices.DeleteFunc(f.Versions, func(v FlowVersion) bool { return v.Number == number })
		}, c.now())
		return nil
	})
}

func noVersion(f *Flow, number int64) error {
	return &center.Error{Reason: center.NotFound, Message: fmt.Sprintf("flow %s has no version %d", f.ID, number), Kind: center.KindFlowVersion, ID: f.ID}
}

// changeFlow changes one flow: alter gets a copy that it may write to, with
// Updated set, and may add to what is written. What no chat can need any more
// of what earlier changes left behind is removed by the way.
func (c *Catalog) changeFlow(ctx context.Context, instance, ref string, alter func(v *View, f *Flow, w *write) error) error {
	return c.change(ctx, instance, func(v *View) (write, error) {
		found, _, err := v.FindFlow(ref)
		if err != nil {
			return write{}, err
		}
		f := found.copy()
		f.Updated = c.now()
		w := write{put: []Resource{f}}
		c.sweep(v, f, &w)
		return w, alter(v, f, &w)
	})
}

func (f *Flow) copy() *Flow {
	g := *f
	g.Versions, g.Retired, g.Tags = slices.Clone(f.Versions), slices.Clone(f.Retired), maps.Clone(f.Tags)
	return &g
}

// read parses a content, and checks it when it is to be published.
func read(content string, publish bool) (*flow.Flow, error) {
	parsed, err := flow.Parse([]byte(content))
	if err != nil || !publish {
		return parsed, err
	}
	if problems := parsed.Problems(); len(problems) > 0 {
		return nil, &center.Error{Reason: center.InvalidFlow, Message: problems[0], Problems: problems}
	}
	return parsed, nil
}

// store makes a content the flow's draft or its published one.
func (c *Catalog) store(f *Flow, parsed *flow.Flow, draft bool, w *write) error {
	id := contentID(f.ID, parsed.Hash)
	if i := slices.IndexFunc(w.gone, func(r center.Resource) bool { return r.ID == id }); i >= 0 {
		w.gone = slices.Delete(w.gone, i, i+1) // about to be removed, and needed again
	} else if !f.holds(parsed.Hash) {
		row, err := c.contentRow(f, parsed)
		if err != nil {
			return err
		}
		w.also = append(w.also, row)
	}
	f.retire(func() {
		switch {
		case !draft:
			f.Published, f.Draft = parsed.Hash, ""
		case parsed.Hash == f.Published:
			f.Draft = ""
		default:
			f.Draft = parsed.Hash
		}
	}, c.now())
	if !draft {
		c.keep(contentKey{center.FlowID(f.ID), parsed.Hash}, parsed.As(f.Type))
	}
	return nil
}

// at returns the hash of the content that which stands for, "" for none. A
// flow without a saved content has its published one saved.
func (f *Flow) at(which Which) string {
	switch {
	case which == Saved && f.Draft != "":
		return f.Draft
	case which > 0:
		v, _ := f.FindVersion(int64(which))
		return v.Hash
	}
	return f.Published
}

// FindVersion returns the version with a number.
func (f *Flow) FindVersion(number int64) (FlowVersion, bool) {
	i := slices.IndexFunc(f.Versions, func(v FlowVersion) bool { return v.Number == number })
	if i < 0 {
		return FlowVersion{}, false
	}
	return f.Versions[i], true
}

// shown returns the hashes of the contents that the flow shows.
func (f *Flow) shown() []string {
	var hashes []string
	add := func(hash string) {
		if hash != "" && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	add(f.Published)
	add(f.Draft)
	for _, v := range f.Versions {
		add(v.Hash)
	}
	return hashes
}

// holds reports whether the store has a content of the flow.
func (f *Flow) holds(hash string) bool {
	return slices.Contains(f.shown(), hash) || f.retired(hash) >= 0
}

func (f *Flow) retired(hash string) int {
	return slices.IndexFunc(f.Retired, func(r Retired) bool { return r.Hash == hash })
}

// maxRetired bounds what a flow, or an instance of deleted flows, leaves
// behind for running chats. Beyond it the oldest goes.
const maxRetired = 1000

// retire makes a change to the flow and notes which contents it leaves behind.
// Only one that was published may still be run. It is noted even when a draft
// or version goes on showing it, since those may be dropped before the chats end.
func (f *Flow) retire(change func(), now time.Time) {
	before, ran := f.shown(), f.Published
	change()
	if ran != "" && ran != f.Published {
		if i := f.retired(ran); i >= 0 {
			f.Retired = slices.Delete(f.Retired, i, i+1)
		}
		f.Retired = append(f.Retired, Retired{Hash: ran, At: now})
	}
	after := f.shown()
	for _, hash := range before {
		if !slices.Contains(after, hash) && f.retired(hash) < 0 {
			f.Retired = slices.Insert(f.Retired, 0, Retired{Hash: hash})
		}
	}
}

// sweep removes what earlier changes left behind and no chat can need any
// more: of the flow that is changed, and of deleted flows. It comes before the
// change: a content that is needed again is held again.
func (c *Catalog) sweep(v *View, f *Flow, w *write) {
	old := c.now().Add(-retention)
	row := func(f *Flow, hash string) {
		w.gone = append(w.gone, center.Resource{Instance: f.Instance, Kind: center.KindFlowVersion, ID: contentID(f.ID, hash)})
	}
	excess, shown := len(f.Retired)-maxRetired, f.shown()
	var keep []Retired
	for i, r := range f.Retired {
		switch {
		case r.At.After(old) && i >= excess:
			keep = append(keep, r)
		case !slices.Contains(shown, r.Hash):
			row(f, r.Hash)
		}
	}
	f.Retired = keep

	graves := slices.SortedFunc(maps.Values(v.graves), func(a, b *Flow) int { return a.Deleted.Compare(b.Deleted) })
	for i, g := range graves {
		needed := slices.ContainsFunc(g.Retired, func(r Retired) bool { return r.At.After(old) })
		if needed && i >= len(graves)-maxRetired {
			continue
		}
		for _, r := range g.Retired {
			row(g, r.Hash)
		}
		w.drop = append(w.drop, g)
	}
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

// nameTaken is the error of a name that another resource has.
func nameTaken(kind center.Kind, name string) error {
	return &center.Error{Reason: center.Duplicate, Message: fmt.Sprintf("a %s with the name %q exists", kind, name), Kind: kind}
}
