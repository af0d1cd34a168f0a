package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
)

// Write is what a change of an instance comes to. Quotas, names that must be
// unique and versions are checked by [Catalog.Change].
type Write struct {
	Put  []Resource // with the version they were read at, 0 for new ones
	Drop []Resource

	stowed   []center.Resource // new contents
	unneeded []center.Resource // contents and secrets to remove
	secrets  []center.Resource // new ones
}

// Add makes a new resource of an instance. Errors: those of make and [Catalog.Change].
func Add[T Resource](ctx context.Context, c *Catalog, instance center.InstanceID, make func(snap *Snapshot) (T, error)) (made T, err error) {
	err = c.Change(ctx, instance, func(snap *Snapshot) (Write, error) {
		r, err := make(snap)
		if err != nil {
			return Write{}, err
		}
		made = r
		return Write{Put: []Resource{r}}, nil
	})
	return made, err
}

// Update changes one resource: alter gets a copy that it may write to, marked as
// changed now. Errors: NotFound, those of alter and [Catalog.Change].
func Update[T Of[ID], ID ~string](ctx context.Context, c *Catalog, instance center.InstanceID, id ID, alter func(snap *Snapshot, r T) error) error {
	return revise(ctx, c, instance, id, func(snap *Snapshot, r T, _ *Write) error { return alter(snap, r) })
}

// EditContents changes a flow, module or view of the instance as [Update] does;
// alter may add to what is written. What no chat can need any more of what
// earlier changes left behind is removed by the way.
func EditContents[T HolderOf[ID], ID ~string](ctx context.Context, c *Catalog, instance center.InstanceID, id ID, alter func(snap *Snapshot, h T, w *Write) error) error {
	return revise(ctx, c, instance, id, func(snap *Snapshot, h T, w *Write) error {
		w.sweep(snap, h, c.Now())
		return alter(snap, h, w)
	})
}

func revise[T Of[ID], ID ~string](ctx context.Context, c *Catalog, instance center.InstanceID, id ID, alter func(snap *Snapshot, r T, w *Write) error) error {
	return c.Change(ctx, instance, func(snap *Snapshot) (Write, error) {
		found, err := Get[T](snap, id)
		if err != nil {
			return Write{}, err
		}
		r, err := Edit(c, found)
		if err != nil {
			return Write{}, err
		}
		w := Write{Put: []Resource{r}}
		err = alter(snap, r, &w)
		return w, err
	})
}

// Remove removes one resource, unless may says why not. Errors: NotFound, those
// of may and [Catalog.Change].
func Remove[T Of[ID], ID ~string](ctx context.Context, c *Catalog, instance center.InstanceID, id ID, may func(snap *Snapshot, r T) error) error {
	return c.Change(ctx, instance, func(snap *Snapshot) (Write, error) {
		found, err := Get[T](snap, id)
		if err != nil {
			return Write{}, err
		}
		return Write{Drop: []Resource{found}}, may(snap, found)
	})
}

// Edit returns a copy of a resource that can be changed, marked as changed now.
func Edit[T Resource](c *Catalog, r T) (copied T, err error) {
	row, err := encode(r)
	if err != nil {
		return copied, err
	}
	row.Updated, row.Tags = c.Now(), maps.Clone(row.Tags)
	decoded, err := decode(row)
	if err != nil {
		return copied, err
	}
	return decoded.(T), nil
}

// NewMeta is what all resources have, of one that is made now.
func NewMeta[ID ~string](c *Catalog, instance center.InstanceID, id ID, name string, tags map[string]string) Meta[ID] {
	now := c.Now()
	return Meta[ID]{Instance: instance, ID: id, Name: name, Created: now, Updated: now, Tags: tags}
}

// Rename gives a resource that can be changed another name.
func Rename(r Resource, name string) {
	about := r.About()
	about.Name = name
	r.set(about)
}

// InUse is the error of a resource that something refers to.
func InUse(r Resource, why string) error {
	return &center.Error{Reason: center.InUse, Message: string(r.Kind()) + " " + r.About().ID + " cannot be deleted: " + why, Kind: r.Kind(), ID: r.About().ID}
}

// Unheld refuses, as [Remove] asks, to remove what users have: a routing profile or a
// security profile.
func Unheld[T Resource](snap *Snapshot, r T) error {
	if n := snap.Uses(center.KindUser, r.Kind(), r.About().ID); n > 0 {
		return InUse(r, fmt.Sprintf("users have it, %d of them; give them another one first", n))
	}
	return nil
}

// Twice returns the first key that two elements of a list have; ok is false when there is none.
func Twice[T any, K comparable](list []T, key func(T) K) (k K, ok bool) {
	seen := make(map[K]bool, len(list))
	for _, e := range list {
		if k = key(e); seen[k] {
			return k, true
		}
		seen[k] = true
	}
	return *new(K), false
}

// space is the name space of derived ids.
var space = uuid.MustParse("6b0c6a52-6f3e-4f0e-9d0b-0d6b1f5a7c11")

// DerivedID returns the id that is always made of the same words.
func DerivedID(words ...string) string {
	return uuid.NewSHA1(space, []byte(strings.Join(words, "\x00"))).String()
}

// Content is a content that is to be published or saved.
type Content struct {
	Hash string
	Body any        // what the store keeps
	Flow *flow.Flow // what chats run; nil for a view
}

// Stow makes a content the draft or the published one of its resource, and has
// it written.
func (c *Catalog) Stow(h Holder, content Content, draft bool, w *Write) error {
	id := contentID(h.About().ID, content.Hash)
	if i := slices.IndexFunc(w.unneeded, func(r center.Resource) bool { return r.ID == id }); i >= 0 {
		w.unneeded = slices.Delete(w.unneeded, i, i+1) // about to be removed, and needed again
	} else if !h.Authoring().Holds(content.Hash) {
		row, err := contentRow(h, content, c.Now())
		if err != nil {
			return err
		}
		w.stowed = append(w.stowed, row)
	}
	h.Authoring().Publish(content.Hash, draft, c.Now())
	if typ := kinds[h.Kind()].contents.typ; typ != nil && !draft {
		c.loader.keep(contact.ContentKey{Flow: center.FlowID(h.About().ID), Hash: content.Hash}, content.Flow.As(typ(h)))
	}
	return nil
}

// contentRow is a content as the store keeps it.
func contentRow(h Holder, content Content, now time.Time) (center.Resource, error) {
	text, err := json.Marshal(content.Body)
	if err != nil {
		return center.Resource{}, fmt.Errorf("encode content: %w", err)
	}
	row := rowOf(h, content.Hash)
	row.Created, row.Updated, row.Body = now, now, text
	return row, nil
}

// rowOf names the row of a content.
func rowOf(h Holder, hash string) center.Resource {
	return center.Resource{Instance: h.About().Instance, Kind: kinds[h.Kind()].contents.rows, ID: contentID(h.About().ID, hash)}
}

// contentID is where the store keeps a content.
func contentID(id, hash string) string { return id + ":" + hash }

// Bury makes a resource a tombstone, which keeps what running chats may need.
func (c *Catalog) Bury(h Holder) {
	h.Authoring().Bury(c.Now())
	about := h.About()
	about.Name, about.Tags = "", nil
	h.set(about)
}

// sweep removes what earlier changes left behind and no chat can need any
// more: of the resource that is changed, and of deleted ones. It comes before
// the change: a content that is needed again is held again.
func (w *Write) sweep(snap *Snapshot, h Holder, now time.Time) {
	for _, hash := range h.Authoring().Expire(now) {
		w.unneeded = append(w.unneeded, rowOf(h, hash))
	}
	graves := slices.SortedFunc(maps.Values(snap.graves), func(a, b Holder) int { return a.Authoring().Deleted.Compare(b.Authoring().Deleted) })
	for i, g := range graves {
		if g.Authoring().Needed(now) && i >= len(graves)-contents.MaxRetired {
			continue
		}
		for _, r := range g.Authoring().Retired {
			w.unneeded = append(w.unneeded, rowOf(g, r.Hash))
		}
		w.Drop = append(w.Drop, g)
	}
}

// MissingVersion is the error of a version that a resource does not have.
func MissingVersion(h Holder, number int64) error {
	k, id := kinds[h.Kind()].contents, h.About().ID
	return &center.Error{Reason: center.NotFound, Message: fmt.Sprintf("%s %s has no version %d", k.noun, id, number), Kind: k.rows, ID: id}
}

// MissingAlias is the error of an alias that a resource does not have.
func MissingAlias(h Holder, ref string) error {
	id := h.About().ID
	return &center.Error{Reason: center.NotFound, Message: fmt.Sprintf("%s %s has no alias %q", Noun(h), id, ref), Kind: h.Kind(), ID: id}
}
