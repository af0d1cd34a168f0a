// Package setup makes instances and what is set up of them as a whole: their
// attributes, where their data is kept, the functions, bots and origins that
// they may use, and the demo instance.
//
// Every function makes one change of the catalog: it blocks until the change is
// durable, is whole or not made at all, and returns a *center.Error unless the
// store fails. Start reading at [CreateInstance].
package setup

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
)

// NewInstance is what CreateInstance takes.
type NewInstance struct {
	Alias       string // may be "" with Identity EXISTING_DIRECTORY
	Identity    string // IdentityManagementType
	DirectoryID string
	Inbound     bool // InboundCallsEnabled
	Outbound    bool // OutboundCallsEnabled
	Tags        map[string]string
	Token       string // ClientToken: a second request with it is given the first one's instance
}

// identityDirectory is the IdentityManagementType that goes with a DirectoryId.
const identityDirectory = "EXISTING_DIRECTORY"

// CreateInstance makes an instance, complete with what Amazon Connect gives a
// new one: default flows, hours, queue, routing profile, security profiles and
// agent statuses. It is ready at once. Errors: BadRequest when members do not
// go together, Duplicate for the alias, QuotaExceeded.
func CreateInstance(ctx context.Context, c *catalog.Catalog, n NewInstance) (*catalog.Instance, error) {
	switch {
	case n.Identity == identityDirectory && n.DirectoryID == "":
		return nil, center.Errorf(center.BadRequest, "DirectoryId is required with IdentityManagementType %s", identityDirectory)
	case n.Identity != identityDirectory && n.DirectoryID != "":
		return nil, center.Errorf(center.BadRequest, "DirectoryId goes with IdentityManagementType %s only", identityDirectory)
	case n.Alias == "" && n.DirectoryID == "":
		return nil, center.Errorf(center.BadRequest, "InstanceAlias is required without DirectoryId")
	}
	id := center.InstanceID(center.NewUUID())
	if n.Token != "" {
		id = center.InstanceID(catalog.DerivedID("CreateInstance", n.Token))
	}
	i := &catalog.Instance{
		Meta:     catalog.NewMeta(c, id, id, n.Alias, n.Tags),
		Identity: n.Identity, DirectoryID: n.DirectoryID, Attributes: catalog.Attributes(n.Inbound, n.Outbound),
	}
	made, err := create(ctx, c, i, newIDs, true)
	if center.ReasonOf(err) == center.Duplicate {
		return nil, &center.Error{Reason: center.Duplicate, Message: "an instance with the alias " + n.Alias + " exists", Kind: center.KindInstance}
	}
	return made, err
}

// create writes a new instance with all that it comes with, unless one with its id is there.
func create(ctx context.Context, c *catalog.Catalog, i *catalog.Instance, ids func(center.Kind, string) string, counted bool) (*catalog.Instance, error) {
	with, flows, err := seeds(c, i, ids)
	if err != nil {
		return nil, err
	}
	return c.Create(ctx, i, with, flows, counted)
}

// newIDs makes ids for what comes with an instance.
func newIDs(center.Kind, string) string { return center.NewUUID() }

// SetAttribute changes an instance attribute. Errors: NotFound for the
// instance, Invalid for the attribute or a value other than true and false.
func SetAttribute(ctx context.Context, c *catalog.Catalog, instance center.InstanceID, name, value string) error {
	if value != "true" && value != "false" {
		return center.Errorf(center.Invalid, "Value must be true or false, not %q", value)
	}
	return c.Change(ctx, instance, func(snap *catalog.Snapshot) (catalog.Write, error) {
		if _, ok := snap.Instance.Attribute(name); !ok {
			return catalog.Write{}, center.Errorf(center.Invalid, "AttributeType %s is not known", name)
		}
		i, err := catalog.Edit(c, snap.Instance)
		if err != nil {
			return catalog.Write{}, err
		}
		i.Attributes[name] = value
		return catalog.Write{Put: []catalog.Resource{i}}, nil
	})
}
