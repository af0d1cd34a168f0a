// Package publishing changes flows, flow modules and views: it creates, saves,
// publishes, describes and deletes them, and keeps their versions and aliases.
//
// The three are published alike. What differs between them is a row of [rules];
// what a content has to be is in the file of its kind. Every function makes one
// change of the catalog: it blocks until the change is durable, is whole or not
// made at all, and returns a *center.Error unless the store fails. Chats that
// run go on with the contents that they began with. Start reading at [CreateFlow].
package publishing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/check"
)

// rule is what differs between kinds.
type rule struct {
	// texts have the bounds of flows; the model bounds those of other kinds.
	texts bool
	// hash is the member that names the hash of a content.
	hash string
	// reuses versions: a content that the latest version has gets no other one.
	reuses bool
	// fixed refuses to archive or delete some; nil for none.
	fixed func(h catalog.Holder, what string) error
	// used refuses to delete what something else of the instance cannot do without; nil for nothing.
	used func(snap *catalog.Snapshot, h catalog.Holder) error
}

var rules = map[center.Kind]rule{
	center.KindFlow:       {texts: true, hash: "FlowContentSha256", fixed: isDefault, used: ofQuickConnect},
	center.KindFlowModule: {texts: true, hash: "FlowModuleContentSha256"},
	center.KindView:       {hash: "ViewContentSha256", reuses: true},
}

func isDefault(h catalog.Holder, what string) error {
	if f := h.(*catalog.Flow); f.Default {
		return center.Errorf(center.BadRequest, "flow %q is a default flow and cannot be %s", f.Name, what)
	}
	return nil
}

// ofQuickConnect refuses a flow that contacts run which are transferred by a quick connect.
func ofQuickConnect(snap *catalog.Snapshot, h catalog.Holder) error {
	for _, k := range catalog.All[*catalog.QuickConnect](snap) {
		if string(k.Flow.ID()) == h.About().ID {
			return catalog.InUse(h, "the quick connect "+k.Name+" leads through it")
		}
	}
	return nil
}

// creation is what is to be made.
type creation[T catalog.HolderOf[ID], ID ~string] struct {
	id      ID
	name    string
	tags    map[string]string
	content catalog.Content
	draft   bool
	admit   func(snap *catalog.Snapshot) error
	make    func(meta catalog.Meta[ID]) T

	// A ClientToken makes the id, so that a repeated request finds what the
	// first one made: repeated refuses it, reused is the error when it has been
	// deleted since. Neither is asked for random ids.
	repeated func(old T) error
	reused   center.Reason
}

// idOf is the id that an operation gives what it makes: with a ClientToken always the same.
func idOf[ID ~string](operation string, instance center.InstanceID, token string) ID {
	if token == "" {
		return ID(center.NewUUID())
	}
	return ID(catalog.DerivedID(operation, string(instance), token))
}

// create makes it, unless it has been made.
func create[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n creation[T, ID]) (made T, err error) {
	err = c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		if old, err := catalog.Get[T](snap, n.id); err == nil {
			made = old
			return catalog.Write{}, n.repeated(old)
		}
		if h, ok := snap.Buried(string(n.id)); ok {
			return catalog.Write{}, center.Errorf(n.reused, "ClientToken came with a %s before that has been deleted", catalog.Noun(h))
		}
		if err := n.admit(snap); err != nil {
			return catalog.Write{}, err
		}
		made = n.make(catalog.NewMeta(c, instance, n.id, n.name, n.tags))
		w := catalog.Write{Put: []catalog.Resource{made}}
		err := c.Stow(made, n.content, n.draft, &w)
		return w, err
	})
	return made, err
}

// Describing is what UpdateContactFlowMetadata and its like change; nil members stay.
type Describing struct {
	Name, Description *string
	Archived          *bool
}

// Describe changes name, description and state. Errors: NotFound, Invalid,
// Duplicate for the name, BadRequest when a default flow is to be archived.
func Describe[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, d Describing) error {
	return catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) error {
		r, a := rules[h.Kind()], h.Authoring()
		if r.texts {
			if err := checkTexts(d.Name, d.Description); err != nil {
				return err
			}
		}
		if d.Name != nil {
			catalog.Rename(h, *d.Name)
		}
		if d.Description != nil {
			a.Description = *d.Description
		}
		if d.Archived != nil {
			if *d.Archived && r.fixed != nil {
				if err := r.fixed(h, "archived"); err != nil {
					return err
				}
			}
			a.Archived = *d.Archived
		}
		return nil
	})
}

// Delete removes one with its versions and aliases. Chats that run it, and
// participants who were shown it, go on; flows that name it take their error
// branch from then on. Errors: NotFound, BadRequest for a default flow, InUse for
// one that a quick connect leads through.
func Delete[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID) error {
	return catalog.EditContents(ctx, c, instance, id, func(snap *catalog.Snapshot, h T, _ *catalog.Write) error {
		r := rules[h.Kind()]
		if r.fixed != nil {
			if err := r.fixed(h, "deleted"); err != nil {
				return err
			}
		}
		if r.used != nil {
			if err := r.used(snap, h); err != nil {
				return err
			}
		}
		c.Bury(h)
		settle(h)
		return nil
	})
}

// settle keeps what a resource says of its contents in step with them.
func settle(h catalog.Holder) {
	if v, ok := h.(*catalog.View); ok {
		v.DropActions()
	}
}

// NewVersion is what CreateContactFlowVersion and its like take.
type NewVersion struct {
	Description string
	Hash        string    // of the published content; "" for whatever it is
	Number      int64     // above all former ones, at most contents.MaxVersion; 0 for the next
	Modified    time.Time // when it was made in another region, of which it is a copy; zero for now
	Region      string    // that region; "" for the instance's own
}

// CreateVersion keeps the published content under a number. When the latest
// version of a view has that content, it is given instead. Errors: NotFound,
// Invalid for the number, the quota's, and BadRequest when there is no published
// content and when it has another hash.
func CreateVersion[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, n NewVersion) (made T, number int64, err error) {
	err = catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) (err error) {
		made = h
		number, err = addVersion(c, h, n)
		return err
	})
	return made, number, err
}

func addVersion(c *catalog.Catalog, h catalog.Holder, n NewVersion) (int64, error) {
	r, a := rules[h.Kind()], h.Authoring()
	if r.texts {
		if err := checkTexts(nil, &n.Description); err != nil {
			return 0, err
		}
	}
	switch last := len(a.Versions) - 1; {
	case a.Published == "":
		return 0, center.Errorf(center.BadRequest, "%s %s has not been published", catalog.Noun(h), h.About().ID)
	case n.Hash != "" && n.Hash != a.Published:
		return 0, center.Errorf(center.BadRequest, "%s %s is not that of the published content, %s", r.hash, n.Hash, a.Published)
	case r.reuses && last >= 0 && a.Versions[last].Hash == a.Published:
		return a.Versions[last].Number, nil
	}
	if err := c.AdmitVersion(h); err != nil {
		return 0, err
	}
	made := contents.Version{Number: n.Number, Description: n.Description, Created: n.Modified, Region: n.Region}
	if made.Created.IsZero() {
		made.Created = c.Now()
	}
	number, ok := a.AddVersion(made)
	if !ok {
		return 0, center.Errorf(center.Invalid, "the number of a version must be above the latest, %d, and at most %d; it is %d", a.LastVersion, contents.MaxVersion, cmp.Or(n.Number, a.LastVersion+1))
	}
	return number, nil
}

// DeleteVersion removes a version; runs of it go on. Its number is not given
// again. Errors: NotFound, InUse when an alias names it.
func DeleteVersion[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, number int64) error {
	return catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) error {
		a := h.Authoring()
		if _, ok := a.FindVersion(number); !ok {
			return catalog.MissingVersion(h, number)
		}
		if i := slices.IndexFunc(a.Aliases, func(alias contents.Alias) bool { return alias.Version == number }); i >= 0 {
			return &center.Error{Reason: center.InUse, Message: fmt.Sprintf("the alias %q names version %d; move the alias to another version first, or delete it", a.Aliases[i].Name, number), Kind: h.Kind(), ID: h.About().ID}
		}
		a.DeleteVersion(number, c.Now())
		settle(h)
		return nil
	})
}

// Bounds of the texts of flows and modules, as the service's console has them; the model has none.
const (
	maxName        = 127
	maxDescription = 500
)

// checkTexts checks a name and a description, where given.
func checkTexts(name, description *string) error {
	if name != nil {
		if n := utf8.RuneCountInString(*name); n < 1 || n > maxName {
			return center.Errorf(center.Invalid, "Name has %d characters; it must have 1 to %d", n, maxName)
		}
		if strings.ContainsFunc(*name, unicode.IsControl) {
			return center.Errorf(center.Invalid, "Name contains control characters")
		}
	}
	if description != nil {
		if n := utf8.RuneCountInString(*description); n > maxDescription {
			return center.Errorf(center.Invalid, "Description has %d characters; it may have %d", n, maxDescription)
		}
	}
	return nil
}

// maxProblems bounds what InvalidContactFlowException carries.
const maxProblems = 50

// maxWhy bounds the characters of what is said beside the problems.
const maxWhy = 1000

// invalidFlow is the error of a content that cannot be published. Its Problems
// are in the words of the service, each once, since the service words alike what
// ails several actions; the message says in ours what is wrong where. The first
// problems are those that the message has room for.
func invalidFlow(problems ...check.Problem) error {
	e := &center.Error{Reason: center.InvalidFlow}
	for _, p := range problems[:min(len(problems), maxProblems)] {
		if text := flow.Shorten(p.Text, flow.MaxMessage); !slices.Contains(e.Problems, text) {
			e.Problems = append(e.Problems, text)
		}
		if len(e.Message) < maxWhy {
			e.Message = strings.TrimPrefix(e.Message+"; "+p.Why, "; ")
		}
	}
	e.Message = flow.Shorten(e.Message, maxWhy)
	return e
}
