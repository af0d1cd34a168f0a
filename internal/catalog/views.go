package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
)

// View is what a flow shows a customer or an agent to read, fill in or choose
// from (View).
type View struct {
	Meta `json:"-"`
	Contents
	Description string              `json:"description,omitempty"`
	Actions     map[string][]string `json:"actions"` // by the hash of each content shown

	managed *ViewContent // of a managed view
}

// Kind returns KindView.
func (*View) Kind() center.Kind { return center.KindView }

// Managed reports whether the view comes with the service (ViewType AWS_MANAGED).
func (v *View) Managed() bool { return v.managed != nil }

// ViewContent is the content of a view (ViewContent). InputSchema is made
// from the template of a view that is not managed.
type ViewContent struct {
	Template    string   `json:"template,omitempty"`
	Actions     []string `json:"actions,omitempty"`
	InputSchema string   `json:"schema,omitempty"`
}

// hash tells contents apart (ViewContentSha256).
func (s *ViewContent) hash() string {
	text, err := json.Marshal([]any{s.Template, s.Actions})
	if err != nil {
		panic("catalog: hash of a view: " + err.Error()) // strings only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Bounds of a view. The model has none but that of one action's length.
const (
	maxTemplate = 1 << 20 // bytes
	maxActions  = 1000
)

// NewView is what CreateView takes.
type NewView struct {
	Name, Description string
	Content           ViewContent
	Draft             bool // Status SAVED
	Tags              map[string]string
	Token             string // ClientToken: a second request with it is given the first one's view
}

// CreateView adds a view to an instance. Errors: NotFound for the instance,
// Invalid for the content, Duplicate for the name, QuotaExceeded.
func (c *Catalog) CreateView(ctx context.Context, instance string, n NewView) (created *View, err error) {
	if err := n.Content.check(!n.Draft); err != nil {
		return nil, err
	}
	random := center.NewUUID()
	err = c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		id := random
		if n.Token != "" {
			id = derivedID("CreateView", snap.Instance.ID, n.Token)
			if r, ok := snap.index[center.KindView][id]; ok {
				created = r.(*View)
				return write{}, nil
			}
			if _, ok := snap.graves[id]; ok {
				return write{}, center.Errorf(center.Duplicate, "ClientToken came with a view before that has been deleted")
			}
		}
		created = &View{
			Meta:        c.newMeta(snap, id, n.Name, n.Tags),
			Description: n.Description,
		}
		w := write{put: []Resource{created}}
		return w, c.storeView(created, n.Content, n.Draft, &w)
	})
	return created, err
}

// UpdateView saves a content of a view, or publishes it. Errors: NotFound,
// Invalid for the content, BadRequest for a managed view or a version.
func (c *Catalog) UpdateView(ctx context.Context, instance, ref string, content ViewContent, draft bool) (changed *View, err error) {
	if err := content.check(!draft); err != nil {
		return nil, err
	}
	err = c.changeView(ctx, instance, ref, func(_ *Snapshot, v *View, w *write) error {
		changed = v
		return c.storeView(v, content, draft, w)
	})
	return changed, err
}

// DescribeView changes name and description of a view; nil stays. Errors:
// NotFound, Duplicate for the name, BadRequest for a managed view and when nothing is given.
func (c *Catalog) DescribeView(ctx context.Context, instance, ref string, name, description *string) error {
	if name == nil && description == nil {
		return center.Errorf(center.BadRequest, "Name or Description is needed")
	}
	return c.changeView(ctx, instance, ref, func(snap *Snapshot, v *View, _ *write) error {
		if name != nil {
			v.Name = *name
		}
		if description != nil {
			v.Description = *description
		}
		return nil
	})
}

// DeleteView removes a view with its versions. Whoever was shown it can still
// read it; flows that name it take their error branch from then on. Errors:
// NotFound, BadRequest for a managed view.
func (c *Catalog) DeleteView(ctx context.Context, instance, ref string) error {
	return c.changeView(ctx, instance, ref, func(_ *Snapshot, v *View, _ *write) error {
		v.bury(c.now())
		v.Name, v.Tags, v.Actions = "", nil, nil
		return nil
	})
}

// CreateViewVersion keeps the published content of a view under the next
// number. When the latest version has that content, it is given instead. hash,
// when set, must be the content's. Errors: NotFound, QuotaExceeded, and
// BadRequest when the view is managed, was never published, or has another hash.
func (c *Catalog) CreateViewVersion(ctx context.Context, instance, ref, description, hash string) (v *View, version int64, err error) {
	err = c.changeView(ctx, instance, ref, func(_ *Snapshot, found *View, _ *write) (err error) {
		v = found
		switch {
		case v.Published == "":
			return center.Errorf(center.BadRequest, "view %s has not been published", v.ID)
		case hash != "" && hash != v.Published:
			return center.Errorf(center.BadRequest, "ViewContentSha256 %s is not that of the published content, %s", hash, v.Published)
		}
		if n := len(v.Versions); n > 0 && v.Versions[n-1].Hash == v.Published {
			version = v.Versions[n-1].Number
			return nil
		}
		version, err = v.number(0, description, c.cfg.Limits.FlowVersions, c.now())
		if center.ReasonOf(err) == center.LimitExceeded {
			return center.Errorf(center.QuotaExceeded, "%w", err)
		}
		return err
	})
	return v, version, err
}

// DeleteViewVersion removes a version of a view. Errors: NotFound,
// BadRequest for a managed view.
func (c *Catalog) DeleteViewVersion(ctx context.Context, instance, ref string, number int64) error {
	return c.changeView(ctx, instance, ref, func(_ *Snapshot, v *View, _ *write) error {
		if _, ok := v.FindVersion(number); !ok {
			return noVersion(v, number)
		}
		v.unnumber(number, c.now())
		v.dropActions()
		return nil
	})
}

// changeView changes one view, as changeFlow does a flow.
func (c *Catalog) changeView(ctx context.Context, instance, ref string, alter func(snap *Snapshot, v *View, w *write) error) error {
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		found, which, err := snap.FindView(ref)
		switch {
		case err != nil:
			return write{}, err
		case found.Managed():
			return write{}, center.Errorf(center.BadRequest, "view %s is managed by the service and cannot be changed", found.ID)
		case which > 0:
			return write{}, center.Errorf(center.BadRequest, "version %d of a view cannot be changed", which)
		}
		v := *found
		v.Contents, v.Tags, v.Actions = found.Contents.copy(), maps.Clone(found.Tags), maps.Clone(found.Actions)
		v.Updated = c.now()
		w := write{put: []Resource{&v}}
		c.sweep(snap, &v, &w)
		return w, alter(snap, &v, &w)
	})
}

// storeView makes a content the view's draft or its published one.
func (c *Catalog) storeView(v *View, content ViewContent, draft bool, w *write) error {
	content.InputSchema = "" // it follows from the template
	hash := content.hash()
	if err := c.stow(v, hash, content, draft, w); err != nil {
		return err
	}
	if v.Actions == nil {
		v.Actions = map[string][]string{}
	}
	v.Actions[hash] = content.Actions
	v.dropActions()
	return nil
}

// dropActions drops the actions of contents that the view does not show any more.
func (v *View) dropActions() {
	shown := v.shown()
	maps.DeleteFunc(v.Actions, func(hash string, _ []string) bool { return !slices.Contains(shown, hash) })
}

// FindView returns the view that an id or ARN names, managed ones included,
// and which content: what follows a colon behind it, $SAVED, $LATEST or the
// number of a version; nothing for the published one. Errors: NotFound for the
// view or the version, Invalid for any other qualifier.
func (snap *Snapshot) FindView(ref string) (*View, Which, error) {
	v, qualifier, ok := snap.managed(ref)
	if !ok {
		var id string
		id, qualifier, _ = strings.Cut(snap.local(center.KindView, ref), ":")
		r, ok := snap.index[center.KindView][id]
		if !ok {
			return nil, 0, snap.missing(center.KindView, ref)
		}
		v = r.(*View)
	}
	if strings.EqualFold(qualifier, "Latest") { // as ViewResource.Version of ShowView has it
		qualifier = latestQualifier
	}
	which, err := v.which(v, qualifier)
	return v, which, err
}

// Views returns the views of an instance: the managed ones, then its own, by name.
func (snap *Snapshot) Views() []*View {
	all := managedViews()
	return append(all, All[*View](snap)...)
}

// ViewARN returns the ARN of a view.
func (snap *Snapshot) ViewARN(v *View) string {
	if v.Managed() {
		return managedARN(snap.partition.Region) + v.ID
	}
	return snap.ARN(center.KindView, v.ID)
}

// VersionNumber returns the number of the version that has the content which
// stands for, 0 when none has it.
func (v *View) VersionNumber(which Which) int64 {
	if which > 0 {
		return int64(which)
	}
	hash := v.At(which)
	for _, v := range slices.Backward(v.Versions) {
		if v.Hash == hash {
			return v.Number
		}
	}
	return 0
}

// ViewContent returns a content of a view. Errors: BadRequest when there is
// no published content.
func (c *Catalog) ViewContent(ctx context.Context, v *View, which Which) (content ViewContent, hash string, err error) {
	hash = v.At(which)
	if hash == "" {
		return content, "", &center.Error{Reason: center.BadRequest, Message: "view " + v.ID + " has not been published; its saved content is " + v.ID + ":" + savedQualifier, Kind: center.KindView, ID: v.ID}
	}
	content, err = c.viewContent(ctx, v.ID, hash)
	return content, hash, err
}

// Shown is a view as a flow showed it to a participant of a chat.
type Shown struct {
	ViewContent
	ID, ARN, Name string // Name is "" when the view has been deleted since
	Version       int64  // 0 for a content that no version has
}

// ShownDetail is what a ViewToken says of the view that it names: see [Catalog.Shown].
func ShownDetail(v flow.View) string { return v.ID + ":" + v.Hash }

// Shown returns a view as a flow of an instance showed it. It may have been
// changed or deleted since: contents are kept for longer than a chat can last.
// Errors: NotFound.
func (c *Catalog) Shown(ctx context.Context, instance center.InstanceID, detail string) (Shown, error) {
	id, hash, _ := strings.Cut(detail, ":")
	snap, err := c.Snapshot(ctx, string(instance))
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{ID: id, ARN: snap.ARN(center.KindView, id)}
	if v, ok := managed[id]; ok {
		shown.ViewContent, shown.ARN, shown.Name, shown.Version = *v.managed, snap.ViewARN(v), v.Name, v.LastVersion
		return shown, nil
	}
	v, _, err := snap.FindView(id)
	if err == nil {
		shown.Name = v.Name
		for _, n := range v.Versions {
			if n.Hash == hash {
				shown.Version = n.Number
			}
		}
	} else if _, ok := snap.graves[id]; !ok {
		return Shown{}, err // of another instance, or of none
	}
	shown.ViewContent, err = c.viewContent(ctx, id, hash)
	return shown, err
}

// viewContent reads a content of a view, which may be one that was replaced.
func (c *Catalog) viewContent(ctx context.Context, id, hash string) (content ViewContent, err error) {
	if v, ok := managed[id]; ok {
		return *v.managed, nil
	}
	if err := c.readContent(ctx, center.KindView, id, hash, &content); err != nil {
		return content, err
	}
	content.InputSchema = inputSchema(content.Template)
	return content, nil
}

// check tells what keeps a content from being saved, or published: a template
// is a JSON object, and a published one has a Head and a Body of components.
func (s *ViewContent) check(publish bool) error {
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
	if !isObject(template["Head"]) {
		return center.Errorf(center.Invalid, "Content.Template has no Head, or one that is no object")
	}
	return components(template["Body"], "Body", 0)
}

// maxNesting bounds how deep components lie in each other.
const maxNesting = 50

// components checks a list of components: each is an object with a Type, and
// its Content, when there is some, a list of texts and components.
func components(raw json.RawMessage, path string, depth int) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return center.Errorf(center.Invalid, "Content.Template: %s is not a list", path)
	}
	if depth > maxNesting {
		return center.Errorf(center.Invalid, "Content.Template: components lie more than %d deep", maxNesting)
	}
	for i, item := range list {
		if depth > 0 && item[0] == '"' {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		var c struct {
			Type    string
			Content json.RawMessage
		}
		if json.Unmarshal(item, &c) != nil || c.Type == "" {
			return center.Errorf(center.Invalid, "Content.Template: %s is not an object with a Type", at)
		}
		if len(c.Content) > 0 && c.Content[0] == '[' {
			if err := components(c.Content, at+".Content", depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
