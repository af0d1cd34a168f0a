package flows

import (
	"cmp"
	"context"
	"fmt"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/connectapi/query"
)

// Flows and modules have versions and aliases alike: what their operations do is
// here, what a request of the one or the other looks like is in flow_version.go
// and module_version.go.

// qualified is the ARN of a flow or a module with a qualifier.
func qualified(snap *catalog.Snapshot, h catalog.Holder, qualifier any) *string {
	return new(fmt.Sprint(snap.ARNOf(h), ":", qualifier))
}

// shown is a content that a request names, as the Describe operations show it.
type shown struct {
	catalog.Document
	hash      string
	published bool             // Status PUBLISHED, not SAVED
	version   contents.Version // of a version or an alias; Number 0 for another content
}

// findContent finds a flow or a module and a content of it: the published one, with
// :$SAVED behind the id the saved one, which is the published one when nothing
// was saved since, with :N that of version N, with the name or id of an alias that
// of the alias's version.
func findContent[T catalog.Holder](ctx context.Context, c *catalog.Catalog, instance, ref string) (snap *catalog.Snapshot, h T, is shown, err error) {
	if snap, err = query.Instance(ctx, c, instance); err != nil {
		return snap, h, is, err
	}
	h, which, err := catalog.FindContent[T](snap, ref)
	if err != nil {
		return snap, h, is, err
	}
	is.Document, is.hash, err = c.Text(ctx, h, which)
	var isVersion bool
	is.version, isVersion = h.Authoring().FindVersion(int64(which))
	is.published = isVersion || is.hash == h.Authoring().Published
	return snap, h, is, err
}

// makeVersion keeps the published content, and returns the ARN and the number of the version.
func makeVersion[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance, ref string, n publishing.NewVersion) (arn *string, number *int64, err error) {
	snap, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, nil, err
	}
	_, made, err := publishing.CreateVersion[T](ctx, c, snap.ID(), h.Key(), n)
	if err != nil {
		return nil, nil, err
	}
	return qualified(snap, h, made), &made, nil
}

// listVersions gives one page of the versions, oldest first.
func listVersions[T catalog.Holder, O any](ctx context.Context, c *catalog.Catalog, instance, ref string, p query.Page, show func(snap *catalog.Snapshot, h T, n contents.Version) O) ([]O, *string, error) {
	snap, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, nil, err
	}
	return query.Within(p, h.About().ID, h.Authoring().Versions, func(n *contents.Version) string { return fmt.Sprintf("%020d", n.Number) },
		func(n contents.Version) O { return show(snap, h, n) })
}

// deleteVersion removes a version.
func deleteVersion[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance, ref string, number int64) error {
	return with(ctx, c, instance, ref, func(h T) error {
		return publishing.DeleteVersion[T](ctx, c, h.About().Instance, h.Key(), number)
	})
}

// regionOf is the region in which a version was made (LastModifiedRegion).
func regionOf(snap *catalog.Snapshot, n contents.Version) *string {
	return new(cmp.Or(n.Region, snap.Region()))
}

// makeAlias names a version, and returns the ARN and the id of the alias.
func makeAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance, ref string, n publishing.NewAlias) (arn, id *string, err error) {
	snap, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, nil, err
	}
	a, err := publishing.CreateAlias[T](ctx, c, snap.ID(), h.Key(), n)
	if err != nil {
		return nil, nil, err
	}
	return qualified(snap, h, a.Name), new(string(a.ID)), nil
}

// findAlias returns an alias, by its id or its name.
func findAlias[T catalog.Holder](ctx context.Context, c *catalog.Catalog, instance, ref, alias string) (*catalog.Snapshot, T, contents.Alias, error) {
	snap, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, h, contents.Alias{}, err
	}
	a, ok := h.Authoring().FindAlias(alias)
	if !ok {
		err = catalog.MissingAlias(h, alias)
	}
	return snap, h, a, err
}

// listAliases gives one page of the aliases, by name.
func listAliases[T catalog.Holder, O any](ctx context.Context, c *catalog.Catalog, instance, ref string, p query.Page, show func(snap *catalog.Snapshot, h T, a contents.Alias) O) ([]O, *string, error) {
	snap, h, err := find[T](ctx, c, instance, ref)
	if err != nil {
		return nil, nil, err
	}
	return query.Within(p, h.About().ID, h.Authoring().Aliases, func(a *contents.Alias) string { return a.Name },
		func(a contents.Alias) O { return show(snap, h, a) })
}

// updateAlias changes an alias.
func updateAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance, ref, alias string, change publishing.AliasChange) error {
	snap, h, a, err := findAlias[T](ctx, c, instance, ref, alias)
	if err != nil {
		return err
	}
	return publishing.UpdateAlias[T](ctx, c, snap.ID(), h.Key(), a.ID, change)
}

// deleteAlias removes an alias.
func deleteAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance, ref, alias string) error {
	snap, h, a, err := findAlias[T](ctx, c, instance, ref, alias)
	if err != nil {
		return err
	}
	return publishing.DeleteAlias[T](ctx, c, snap.ID(), h.Key(), a.ID)
}
