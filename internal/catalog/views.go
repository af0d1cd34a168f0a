package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// ViewContent is the content of a view (ViewContent). InputSchema is made
// from the template of a view that is not managed.
type ViewContent struct {
	Template    string   `json:"template,omitempty"`
	Actions     []string `json:"actions,omitempty"`
	InputSchema string   `json:"schema,omitempty"`
}

// Hash distinguishes contents (ViewContentSha256).
func (s *ViewContent) Hash() string {
	text, err := json.Marshal([]any{s.Template, s.Actions})
	if err != nil {
		panic("catalog: hash of a view: " + err.Error()) // strings only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// FindView returns the view that an id or ARN names, managed ones included,
// and which content, as [FindContent] does.
func (snap *Snapshot) FindView(ref string) (*View, contents.Which, error) {
	if v, qualifier, ok := snap.managed(ref); ok {
		which, err := resolve(v, latest(qualifier))
		return v, which, err
	}
	if id, qualifier, ok := strings.Cut(snap.local(center.KindView, ref), ":"); ok {
		ref = id + ":" + latest(qualifier)
	}
	return FindContent[*View](snap, ref)
}

// FindOwnView returns the view that an id or ARN names, for a change: a managed
// one, and a version, is refused as BadRequest.
func (snap *Snapshot) FindOwnView(ref string) (*View, error) {
	v, which, err := snap.FindView(ref)
	switch {
	case err != nil:
		return nil, err
	case v.Managed():
		return nil, center.Errorf(center.BadRequest, "view %s is managed by the service and cannot be changed", v.ID)
	case which > 0:
		return nil, center.Errorf(center.BadRequest, "version %d of a view cannot be changed", which)
	}
	return v, nil
}

// latest spells a qualifier as [contents.Contents.Resolve] does: ViewResource.Version
// of ShowView has Latest.
func latest(qualifier string) string {
	if strings.EqualFold(qualifier, "Latest") {
		return contents.QualifierLatest
	}
	return qualifier
}

// Views returns the views of an instance: the managed ones, then its own, by name.
func (snap *Snapshot) Views() []*View {
	all := managedViews()
	return append(all, All[*View](snap)...)
}

// ViewARN returns the ARN of a view.
func (snap *Snapshot) ViewARN(v *View) string {
	if v.Managed() {
		return managedARN(snap.partition.Region) + string(v.ID)
	}
	return snap.ARNOf(v)
}

// ViewContent returns a content of a view. Errors: BadRequest when there is
// no published content.
func (c *Catalog) ViewContent(ctx context.Context, v *View, which contents.Which) (content ViewContent, hash string, err error) {
	if hash, err = shownHash(v, which); err == nil {
		content, err = c.viewContent(ctx, v.ID, hash)
	}
	return content, hash, err
}

// Shown is a view as a flow showed it to a participant of a chat.
type Shown struct {
	ViewContent
	ID        center.ViewID
	ARN, Name string // Name is "" when the view has been deleted since
	Version   int64  // 0 for a content that no version has
}

// ShownDetail is what a ViewToken says of the view that it names: see [Catalog.Shown].
func ShownDetail(v machine.View) string { return v.ID + ":" + v.Hash }

// Shown returns a view as a flow of an instance showed it. It may have been
// changed or deleted since: contents are kept for longer than a chat can last.
// Errors: NotFound.
func (c *Catalog) Shown(ctx context.Context, instance center.InstanceID, detail string) (Shown, error) {
	text, hash, _ := strings.Cut(detail, ":")
	id := center.ViewID(text)
	snap, err := c.Snapshot(ctx, string(instance))
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{ID: id, ARN: snap.ARN(center.KindView, text)}
	if v, ok := managed[id]; ok {
		shown.ViewContent, shown.ARN, shown.Name, shown.Version = *v.managed, snap.ViewARN(v), v.Name, v.LastVersion
		return shown, nil
	}
	v, _, err := snap.FindView(text)
	if err == nil {
		shown.Name = v.Name
		for _, n := range v.Versions {
			if n.Hash == hash {
				shown.Version = n.Number
			}
		}
	} else if _, ok := snap.graves[text]; !ok {
		return Shown{}, err // of another instance, or of none
	}
	shown.ViewContent, err = c.viewContent(ctx, id, hash)
	return shown, err
}

// viewContent reads a content of a view, which may be one that was replaced.
func (c *Catalog) viewContent(ctx context.Context, id center.ViewID, hash string) (content ViewContent, err error) {
	if v, ok := managed[id]; ok {
		return *v.managed, nil
	}
	if err := c.rows.readContent(ctx, center.KindView, string(id), hash, &content); err != nil {
		return content, err
	}
	content.InputSchema = inputSchema(content.Template)
	return content, nil
}
