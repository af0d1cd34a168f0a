package staffing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// What the API reference says of predefined attributes: characters besides letters, digits and separators, and
// beginnings that are the service's own.
const (
	maxAttributeText = 100
	attributeMarks   = `_.:/=+-@'`
)

var reserved = []string{"aws:", "connect:"}

// NewAttribute is what CreatePredefinedAttribute takes.
type NewAttribute struct {
	Name             string
	Values, Purposes []string
	Validate         bool
}

// CreateAttribute adds a predefined attribute to an instance. Errors: Invalid for the name, a value
// or a purpose; BadRequest for a value that is there twice; NotFound for the instance; Duplicate for the name; LimitExceeded.
func CreateAttribute(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, n NewAttribute) (*catalog.PredefinedAttribute, error) {
	if err := attributeText("Name", n.Name); err != nil {
		return nil, err
	}
	id := center.AttributeID(center.NewUUID())
	return catalog.Add(ctx, c, instance, func(*catalog.Snapshot) (*catalog.PredefinedAttribute, error) {
		a := &catalog.PredefinedAttribute{Meta: catalog.NewMeta(c, instance, id, n.Name, nil)}
		return a, define(a, AttributeChange{Values: n.Values, Purposes: n.Purposes, Validate: &n.Validate})
	})
}

// AttributeChange is what UpdatePredefinedAttribute changes; nil members stay.
type AttributeChange struct {
	Values, Purposes []string
	Validate         *bool
}

// UpdateAttribute changes the predefined attribute with a name. Users keep proficiencies with values that
// it has no longer. Errors: NotFound; those of CreateAttribute.
func UpdateAttribute(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, name string, n AttributeChange) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		found, err := catalog.FindAttribute(snap, name)
		if err != nil {
			return w, err
		}
		a, err := catalog.Edit(c, found)
		if err != nil {
			return w, err
		}
		w.Put = []catalog.Resource{a}
		return w, define(a, n)
	})
}

// DeleteAttribute removes the predefined attribute with a name, of which no user has a proficiency. Errors: NotFound, InUse.
func DeleteAttribute(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, name string) error {
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (w catalog.Write, err error) {
		a, err := catalog.FindAttribute(snap, name)
		if err != nil {
			return w, err
		}
		if n := snap.Uses(center.KindUser, center.KindAttribute, a.Name); n > 0 {
			return w, &center.Error{Reason: center.InUse, Kind: a.Kind(), ID: a.Name,
				Message: fmt.Sprintf("the predefined attribute %q cannot be deleted: users with proficiencies in it: %d", a.Name, n)}
		}
		w.Drop = []catalog.Resource{a}
		return w, nil
	})
}

// define says what a predefined attribute that can be changed is.
func define(a *catalog.PredefinedAttribute, n AttributeChange) error {
	for _, v := range n.Values {
		if err := attributeText("Values", v); err != nil {
			return err
		}
	}
	itself := func(s string) string { return s }
	if err := once(n.Values, itself, func(v string) string { return fmt.Sprintf("Values: %q", v) }); err != nil {
		return err
	}
	for _, p := range n.Purposes {
		if err := named("Purposes", p, maxAttributeText); err != nil {
			return err
		}
	}
	if err := once(n.Purposes, itself, func(p string) string { return fmt.Sprintf("Purposes: %q", p) }); err != nil {
		return err
	}
	if n.Values != nil {
		a.Values = n.Values
	}
	if n.Purposes != nil {
		a.Purposes = n.Purposes
	}
	if n.Validate != nil {
		a.Validate = *n.Validate
	}
	return nil
}

// attributeText refuses what cannot be the name or a value of a predefined attribute.
func attributeText(member, s string) error {
	if err := named(member, s, maxAttributeText); err != nil {
		return err
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !isWord(r, attributeMarks) }); i >= 0 {
		return center.Errorf(center.Invalid, "%s has letters, digits, spaces and %s, but not %q", member, attributeMarks, []rune(s[i:])[0])
	}
	if slices.ContainsFunc(reserved, func(prefix string) bool { return strings.HasPrefix(strings.ToLower(s), prefix) }) {
		return center.Errorf(center.Invalid, "%s cannot begin with %s, which are the service's own", member, strings.Join(reserved, " or "))
	}
	return nil
}
