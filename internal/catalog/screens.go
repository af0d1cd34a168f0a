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
	"parley.example/parley/internal/flow/machine"
)

// Screen is a view (View): what a flow shows a customer or an agent to read,
// fill in or choose from. It goes by another name here because a [View] is
// everything of an instance.
type Screen struct {
	Meta `json:"-"`
	Contents
	Description string              `json:"description,omitempty"`
	Actions     map[string][]string `json:"actions"` // by the hash of each content shown

	managed *ScreenContent // of a managed view
}

// Kind returns KindView.
func (*Screen) Kind() center.Kind { return center.KindView }

// Managed reports whether the view comes with the service (ViewType AWS_MANAGED).
func (s *Screen) Managed() bool { return s.managed != nil }

// ScreenContent is the content of a view (ViewContent). InputSchema is made
// from the template of a view that is not managed.
type ScreenContent struct {
	Template    string   `json:"template,omitempty"`
	Actions     []string `json:"actions,omitempty"`
	InputSchema string   `json:"schema,omitempty"`
}

// hash tells contents apart (ViewContentSha256).
func (s *ScreenContent) hash() string {
	text, err := json.Marshal([]any{s.Template, s.Actions})
	if err != nil {
		panic("catalog: hash of a view: " + err.Error()) // strings only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Bounds of a view. The model has none but that of one action's length.
const (
	maxTemplate          = 1 << 20 // bytes
	maxActions           = 1000
	maxScreenDescription = 4096 // characters
)

// NewScreen is what CreateView takes.
type NewScreen struct {
	Name, Description string
	Content           ScreenContent
	Draft             bool // Status SAVED
	Tags              map[string]string
	Token             string // ClientToken: a second request with it is given the first one's view
}

// CreateScreen adds a view to an instance. Errors: NotFound for the instance,
// Invalid for the content, Duplicate for the name, QuotaExceeded.
func (c *Catalog) CreateScreen(ctx context.Context, instance string, n NewScreen) (created *Screen, err error) {
	if err := n.Content.check(!n.Draft); err != nil {
		return nil, err
	}
	random := center.NewUUID()
	err = c.change(ctx, instance, func(v *View) (write, error) {
		id := random
		if n.Token != "" {
			id = derivedID("CreateView", v.Instance.ID, n.Token)
			if r, ok := v.index[center.KindView][id]; ok {
				created = r.(*Screen)
				return write{}, nil
			}
			if _, ok := v.graves[id]; ok {
				return write{}, center.Errorf(center.Duplicate, "ClientToken came with a view before that has been deleted")
			}
		}
		if err := freeName[*Screen](v, n.Name, ""); err != nil {
			return write{}, err
		}
		if len(v.lists[center.KindView]) >= c.cfg.Limits.Views {
			return write{}, center.Errorf(center.QuotaExceeded, "the instance has reached its quota of %d views", c.cfg.Limits.Views)
		}
		now := c.now()
		created = &Screen{
			Meta:        Meta{Instance: v.Instance.InstanceID(), ID: id, Name: n.Name, Created: now, Updated: now, Tags: n.Tags},
			Description: n.Description,
		}
		w := write{put: []Resource{created}}
		return w, c.storeScreen(created, n.Content, n.Draft, &w)
	})
	return created, err
}

// UpdateScreen saves a content of a view, or publishes it. Errors: NotFound,
// Invalid for the content, BadRequest for a managed view or a version.
func (c *Catalog) UpdateScreen(ctx context.Context, instance, ref string, content ScreenContent, draft bool) (changed *Screen, err error) {
	if err := content.check(!draft); err != nil {
		return nil, err
	}
	err = c.changeScreen(ctx, instance, ref, func(_ *View, s *Screen, w *write) error {
		changed = s
		return c.storeScreen(s, content, draft, w)
	})
	return changed, err
}

// DescribeScreen changes name and description of a view; nil stays. Errors:
// NotFound, Duplicate for the name, BadRequest for a managed view and when nothing is given.
func (c *Catalog) DescribeScreen(ctx context.Context, instance, ref string, name, description *string) error {
	if name == nil && description == nil {
		return center.Errorf(center.BadRequest, "Name or Description is needed")
	}
	return c.changeScreen(ctx, instance, ref, func(v *View, s *Screen, _ *write) error {
		if name != nil {
			if err := freeName[*Screen](v, *name, s.ID); err != nil {
				return err
			}
			s.Name = *name
		}
		if description != nil {
			s.Description = *description
		}
		return nil
	})
}

// DeleteScreen removes a view with its versions. Whoever was shown it can still
// read it; flows that name it take their error branch from then on. Errors:
// NotFound, BadRequest for a managed view.
func (c *Catalog) DeleteScreen(ctx context.Context, instance, ref string) error {
	return c.changeScreen(ctx, instance, ref, func(_ *View, s *Screen, _ *write) error {
		s.bury(c.now())
		s.Name, s.Tags, s.Actions = "", nil, nil
		return nil
	})
}

// CreateScreenVersion keeps the published content of a view under the next
// number. When the latest version has that content, it is given instead. hash,
// when set, must be the content's. Errors: NotFound, QuotaExceeded, and
// BadRequest when the view is managed, was never published, or has another hash.
func (c *Catalog) CreateScreenVersion(ctx context.Context, instance, ref, description, hash string) (s *Screen, version int64, err error) {
	err = c.changeScreen(ctx, instance, ref, func(_ *View, found *Screen, _ *write) (err error) {
		s = found
		switch {
		case s.Published == "":
			return center.Errorf(center.BadRequest, "view %s has not been published", s.ID)
		case hash != "" && hash != s.Published:
			return center.Errorf(center.BadRequest, "ViewContentSha256 %s is not that of the published content, %s", hash, s.Published)
		}
		if n := len(s.Versions); n > 0 && s.Versions[n-1].Hash == s.Published {
			version = s.Versions[n-1].Number
			return nil
		}
		version, err = s.number(0, description, c.cfg.Limits.FlowVersions, c.now())
		if center.ReasonOf(err) == center.LimitExceeded {
			return center.Errorf(center.QuotaExceeded, "%w", err)
		}
		return err
	})
	return s, version, err
}

// DeleteScreenVersion removes a version of a view. Errors: NotFound,
// BadRequest for a managed view.
func (c *Catalog) DeleteScreenVersion(ctx context.Context, instance, ref string, number int64) error {
	return c.changeScreen(ctx, instance, ref, func(_ *View, s *Screen, _ *write) error {
		if _, ok := s.FindVersion(number); !ok {
			return noVersion(s, number)
		}
		s.unnumber(number, c.now())
		s.forget()
		return nil
	})
}

// changeScreen changes one view, as changeFlow does a flow.
func (c *Catalog) changeScreen(ctx context.Context, instance, ref string, alter func(v *View, s *Screen, w *write) error) error {
	return c.change(ctx, instance, func(v *View) (write, error) {
		found, which, err := v.FindScreen(ref)
		switch {
		case err != nil:
			return write{}, err
		case found.Managed():
			return write{}, center.Errorf(center.BadRequest, "view %s is managed by the service and cannot be changed", found.ID)
		case which > 0:
			return write{}, center.Errorf(center.BadRequest, "version %d of a view cannot be changed", which)
		}
		s := *found
		s.Contents, s.Tags, s.Actions = found.Contents.copy(), maps.Clone(found.Tags), maps.Clone(found.Actions)
		s.Updated = c.now()
		w := write{put: []Resource{&s}}
		c.sweep(v, &s, &w)
		return w, alter(v, &s, &w)
	})
}

// storeScreen makes a content the view's draft or its published one.
func (c *Catalog) storeScreen(s *Screen, content ScreenContent, draft bool, w *write) error {
	content.InputSchema = "" // it follows from the template
	hash := content.hash()
	if err := c.stow(s, hash, content, draft, w); err != nil {
		return err
	}
	if s.Actions == nil {
		s.Actions = map[string][]string{}
	}
	s.Actions[hash] = content.Actions
	s.forget()
	return nil
}

// forget drops the actions of contents that the view does not show any more.
func (s *Screen) forget() {
	shown := s.shown()
	maps.DeleteFunc(s.Actions, func(hash string, _ []string) bool { return !slices.Contains(shown, hash) })
}

// FindScreen returns the view that an id or ARN names, managed ones included,
// and which content: what follows a colon behind it, $SAVED, $LATEST or the
// number of a version; nothing for the published one. Errors: NotFound for the
// view or the version, Invalid for any other qualifier.
func (v *View) FindScreen(ref string) (*Screen, Which, error) {
	s, qualifier, ok := v.managed(ref)
	if !ok {
		var id string
		id, qualifier, _ = strings.Cut(v.local(center.KindView, ref), ":")
		r, ok := v.index[center.KindView][id]
		if !ok {
			return nil, 0, v.missing(center.KindView, ref)
		}
		s = r.(*Screen)
	}
	if strings.EqualFold(qualifier, "Latest") { // as ViewResource.Version of ShowView has it
		qualifier = latestQualifier
	}
	which, err := s.which(s, qualifier)
	return s, which, err
}

// Screens returns the views of an instance: the managed ones, then its own, by name.
func (v *View) Screens() []*Screen {
	all := managedScreens()
	return append(all, All[*Screen](v)...)
}

// ScreenARN returns the ARN of a view.
func (v *View) ScreenARN(s *Screen) string {
	if s.Managed() {
		return managedARN(v.partition.Region) + s.ID
	}
	return v.ARN(center.KindView, s.ID)
}

// ScreenVersion returns the number of the version that has the content which
// stands for, 0 when none has it.
func (s *Screen) ScreenVersion(which Which) int64 {
	if which > 0 {
		return int64(which)
	}
	hash := s.At(which)
	for _, v := range slices.Backward(s.Versions) {
		if v.Hash == hash {
			return v.Number
		}
	}
	return 0
}

// ScreenContent returns a content of a view. Errors: BadRequest when there is
// no published content.
func (c *Catalog) ScreenContent(ctx context.Context, s *Screen, which Which) (content ScreenContent, hash string, err error) {
	hash = s.At(which)
	if hash == "" {
		return content, "", &center.Error{Reason: center.BadRequest, Message: "view " + s.ID + " has not been published; its saved content is " + s.ID + ":" + savedQualifier, Kind: center.KindView, ID: s.ID}
	}
	content, err = c.screenContent(ctx, s.ID, hash)
	return content, hash, err
}

// Shown is a view as a flow showed it to a participant of a chat.
type Shown struct {
	ScreenContent
	ID, ARN, Name string // Name is "" when the view has been deleted since
	Version       int64  // 0 for a content that no version has
}

// ShownDetail is what a ViewToken says of the view that it names: see [Catalog.Shown].
func ShownDetail(v machine.View) string { return v.ID + ":" + v.Hash }

// Shown returns a view as a flow of an instance showed it. It may have been
// changed or deleted since: contents are kept for longer than a chat can last.
// Errors: NotFound.
func (c *Catalog) Shown(ctx context.Context, instance center.InstanceID, detail string) (Shown, error) {
	id, hash, _ := strings.Cut(detail, ":")
	v, err := c.View(ctx, string(instance))
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{ID: id, ARN: v.ARN(center.KindView, id)}
	if s, ok := managed[id]; ok {
		shown.ScreenContent, shown.ARN, shown.Name, shown.Version = *s.managed, v.ScreenARN(s), s.Name, s.LastVersion
		return shown, nil
	}
	s, _, err := v.FindScreen(id)
	if err == nil {
		shown.Name = s.Name
		for _, n := range s.Versions {
			if n.Hash == hash {
				shown.Version = n.Number
			}
		}
	} else if _, ok := v.graves[id]; !ok {
		return Shown{}, err // of another instance, or of none
	}
	shown.ScreenContent, err = c.screenContent(ctx, id, hash)
	return shown, err
}

// screenContent reads a content of a view, which may be one that was replaced.
func (c *Catalog) screenContent(ctx context.Context, id, hash string) (content ScreenContent, err error) {
	if s, ok := managed[id]; ok {
		return *s.managed, nil
	}
	r, err := c.cfg.Store.Resource(ctx, center.KindViewVersion, contentID(id, hash))
	if err != nil {
		return content, err
	}
	if err := json.Unmarshal(r.Body, &content); err != nil {
		return content, fmt.Errorf("decode content %s: %w", r.ID, err)
	}
	content.InputSchema = inputSchema(content.Template)
	return content, nil
}

// check tells what keeps a content from being saved, or published: a template
// is a JSON object, and a published one has a Head and a Body of components.
func (s *ScreenContent) check(publish bool) error {
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
