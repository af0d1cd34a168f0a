package publishing

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/center"
)

// NewAlias is what CreateContactFlowAlias and CreateContactFlowModuleAlias take.
type NewAlias struct {
	Name, Description string
	Version           int64
}

// AliasChange is what UpdateContactFlowAlias and UpdateContactFlowModuleAlias
// change; nil members stay.
type AliasChange struct {
	Name, Description *string
	Version           *int64
}

// CreateAlias names a version. Errors: NotFound, also for the version, Invalid
// for the texts, Duplicate for the name, LimitExceeded.
func CreateAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, n NewAlias) (made contents.Alias, err error) {
	alias := center.AliasID(center.NewUUID())
	err = catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) (err error) {
		if err := c.AdmitAlias(h); err != nil {
			return err
		}
		a := h.Authoring()
		a.Aliases = append(a.Aliases, contents.Alias{ID: alias})
		made, err = alterAlias(c, h, alias, AliasChange{&n.Name, &n.Description, &n.Version})
		return err
	})
	return made, err
}

// UpdateAlias changes an alias. Errors: those of CreateAlias.
func UpdateAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, alias center.AliasID, change AliasChange) error {
	return catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) error {
		_, err := alterAlias(c, h, alias, change)
		return err
	})
}

// DeleteAlias removes an alias. Errors: NotFound.
func DeleteAlias[T catalog.HolderOf[ID], ID ~string](ctx context.Context, c *catalog.Catalog, instance center.InstanceID, id ID, alias center.AliasID) error {
	return catalog.EditContents(ctx, c, instance, id, func(_ *catalog.Snapshot, h T, _ *catalog.Write) error {
		a := h.Authoring()
		i, err := indexOfAlias(h, alias)
		if err == nil {
			a.Aliases = slices.Delete(a.Aliases, i, i+1)
		}
		return err
	})
}

func indexOfAlias(h catalog.Holder, id center.AliasID) (int, error) {
	i := slices.IndexFunc(h.Authoring().Aliases, func(a contents.Alias) bool { return a.ID == id })
	if i < 0 {
		return 0, catalog.MissingAlias(h, string(id))
	}
	return i, nil
}

// alterAlias changes the alias with an id, and keeps the list in order.
func alterAlias(c *catalog.Catalog, h catalog.Holder, id center.AliasID, change AliasChange) (contents.Alias, error) {
	list := h.Authoring().Aliases
	i, err := indexOfAlias(h, id)
	if err != nil {
		return contents.Alias{}, err
	}
	a := &list[i]
	if change.Name != nil {
		if err := checkAlias(h, id, *change.Name); err != nil {
			return *a, err
		}
		a.Name = *change.Name
	}
	if change.Description != nil {
		if err := checkTexts(nil, change.Description); err != nil {
			return *a, err
		}
		a.Description = *change.Description
	}
	if change.Version != nil {
		if _, ok := h.Authoring().FindVersion(*change.Version); !ok {
			return *a, catalog.MissingVersion(h, *change.Version)
		}
		a.Version = *change.Version
	}
	a.Updated = c.Now()
	altered := *a
	slices.SortFunc(list, func(a, b contents.Alias) int { return strings.Compare(a.Name, b.Name) })
	return altered, nil
}

// checkAlias holds the name of an alias to what can stand behind a colon of an
// ARN and mean nothing else there.
func checkAlias(h catalog.Holder, id center.AliasID, name string) error {
	if err := checkTexts(&name, nil); err != nil {
		return err
	}
	if _, err := strconv.ParseInt(name, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) || strings.HasPrefix(name, "$") || strings.ContainsAny(name, ":/") {
		return center.Errorf(center.Invalid, "the name of an alias must not be a number, begin with $, or contain : or /; %q is not valid", name)
	}
	for _, other := range h.Authoring().Aliases {
		if other.ID != id && (other.Name == name || string(other.ID) == name) {
			return &center.Error{Reason: center.Duplicate, Kind: h.Kind(), ID: h.About().ID,
				Message: "the " + catalog.Noun(h) + " has an alias with the name " + name}
		}
	}
	return nil
}
