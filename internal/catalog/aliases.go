package catalog

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"parley.example/parley/internal/center"
)

// NewAlias is what CreateContactFlowModuleAlias takes.
type NewAlias struct {
	Name, Description string
	Version           int64
}

// AliasChange is what UpdateContactFlowModuleAlias changes; nil members stay.
type AliasChange struct {
	Name, Description *string
	Version           *int64
}

// CreateAlias names a version of a module. Errors: NotFound for the module or
// the version, Invalid for the texts, Duplicate for the name, LimitExceeded.
func (c *Catalog) CreateAlias(ctx context.Context, instance, ref string, n NewAlias) (m *Module, a Alias, err error) {
	id := center.NewUUID()
	err = c.changeModule(ctx, instance, ref, func(_ *Snapshot, found *Module, _ *write) error {
		m = found
		if len(m.Aliases) >= c.cfg.Limits.Aliases {
			return center.Errorf(center.LimitExceeded, "the module has reached its quota of %d aliases", c.cfg.Limits.Aliases)
		}
		m.Aliases = append(m.Aliases, Alias{ID: id})
		a, err = c.alterAlias(m, id, AliasChange{&n.Name, &n.Description, &n.Version})
		return err
	})
	return m, a, err
}

// UpdateAlias changes an alias, by its id. Errors: those of CreateAlias.
func (c *Catalog) UpdateAlias(ctx context.Context, instance, ref, id string, change AliasChange) error {
	return c.changeModule(ctx, instance, ref, func(_ *Snapshot, m *Module, _ *write) error {
		a, ok := m.FindAlias(id)
		if !ok {
			return noAlias(m, id)
		}
		_, err := c.alterAlias(m, a.ID, change)
		return err
	})
}

// DeleteAlias removes an alias, by its id. Errors: NotFound.
func (c *Catalog) DeleteAlias(ctx context.Context, instance, ref, id string) error {
	return c.changeModule(ctx, instance, ref, func(_ *Snapshot, m *Module, _ *write) error {
		a, ok := m.FindAlias(id)
		if !ok {
			return noAlias(m, id)
		}
		m.Aliases = slices.DeleteFunc(m.Aliases, func(b Alias) bool { return b.ID == a.ID })
		return nil
	})
}

// alterAlias changes the alias with an id, and keeps the list in order.
func (c *Catalog) alterAlias(m *Module, id string, change AliasChange) (Alias, error) {
	i := slices.IndexFunc(m.Aliases, func(a Alias) bool { return a.ID == id })
	a := &m.Aliases[i]
	if change.Name != nil {
		if err := checkAlias(m, id, *change.Name); err != nil {
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
		if _, ok := m.FindVersion(*change.Version); !ok {
			return *a, noVersion(m, *change.Version)
		}
		a.Version = *change.Version
	}
	a.Updated = c.now()
	altered := *a
	slices.SortFunc(m.Aliases, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
	return altered, nil
}

// checkAlias holds the name of an alias to what can stand behind a colon of an
// ARN and mean nothing else there.
func checkAlias(m *Module, id, name string) error {
	if err := checkTexts(&name, nil); err != nil {
		return err
	}
	if _, err := strconv.ParseInt(name, 10, 64); err == nil || strings.HasPrefix(name, "$") || strings.ContainsAny(name, ":/") {
		return center.Errorf(center.Invalid, "the name of an alias is no number, does not begin with $ and holds neither : nor /; %q does not do", name)
	}
	for _, other := range m.Aliases {
		if other.ID != id && (other.Name == name || other.ID == name) {
			return &center.Error{Reason: center.Duplicate, Message: "the module has an alias with the name " + name, Kind: center.KindFlowModule, ID: m.ID}
		}
	}
	return nil
}

// FindAlias returns an alias, by its id or name, and its module. Errors: NotFound.
func (snap *Snapshot) FindAlias(module, ref string) (*Module, Alias, error) {
	m, _, err := snap.FindModule(module)
	if err != nil {
		return nil, Alias{}, err
	}
	a, ok := m.FindAlias(ref)
	if !ok {
		return nil, Alias{}, noAlias(m, ref)
	}
	return m, a, nil
}

// FindAlias returns the alias with an id or a name.
func (m *Module) FindAlias(ref string) (Alias, bool) {
	i := slices.IndexFunc(m.Aliases, func(a Alias) bool { return ref != "" && (a.ID == ref || a.Name == ref) })
	if i < 0 {
		return Alias{}, false
	}
	return m.Aliases[i], true
}

func noAlias(m *Module, id string) error {
	return &center.Error{Reason: center.NotFound, Message: "module " + m.ID + " has no alias " + id, Kind: center.KindFlowModule, ID: m.ID}
}
