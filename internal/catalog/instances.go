package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

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
func (c *Catalog) CreateInstance(ctx context.Context, n NewInstance) (*Instance, error) {
	switch {
	case n.Identity == identityDirectory && n.DirectoryID == "":
		return nil, center.Errorf(center.BadRequest, "DirectoryId is required with IdentityManagementType %s", identityDirectory)
	case n.Identity != identityDirectory && n.DirectoryID != "":
		return nil, center.Errorf(center.BadRequest, "DirectoryId goes with IdentityManagementType %s only", identityDirectory)
	case n.Alias == "" && n.DirectoryID == "":
		return nil, center.Errorf(center.BadRequest, "InstanceAlias is required without DirectoryId")
	}
	id := center.NewUUID()
	if n.Token != "" {
		id = derivedID("CreateInstance", n.Token)
	}
	c.founding.Lock()
	defer c.founding.Unlock()
	if n.Token != "" {
		if snap, err := c.Snapshot(ctx, id); err == nil {
			return snap.Instance, nil
		}
	}
	if err := c.admitInstance(ctx); err != nil {
		return nil, err
	}
	now := c.now()
	i := &Instance{
		Meta:     Meta{Instance: center.InstanceID(id), ID: id, Name: n.Alias, Created: now, Updated: now, Tags: n.Tags},
		Identity: n.Identity, DirectoryID: n.DirectoryID, Attributes: attributes(n.Inbound, n.Outbound),
	}
	err := c.found(ctx, i, newIDs)
	if duplicate(err) {
		return nil, &center.Error{Reason: center.Duplicate, Message: "an instance with the alias " + n.Alias + " exists", Kind: center.KindInstance}
	}
	return i, err
}

// found writes a new instance with all that it comes with.
func (c *Catalog) found(ctx context.Context, i *Instance, ids func(center.Kind, string) string) error {
	rows, err := c.seeds(i, ids)
	if err != nil {
		return err
	}
	if i.Name != "" {
		rows = append(rows, aliasRow(i))
	}
	return c.write(ctx, i.InstanceID(), rows, nil)
}

// admitInstance refuses another instance above the quota: QuotaExceeded.
func (c *Catalog) admitInstance(ctx context.Context) error {
	all, err := c.list(ctx, "", center.KindInstance)
	if err != nil {
		return err
	}
	if len(all) >= c.cfg.Limits.Instances {
		return center.Errorf(center.QuotaExceeded, "the quota of %d instances is used up", c.cfg.Limits.Instances)
	}
	return nil
}

// Instances returns all instances, by alias, then id.
func (c *Catalog) Instances(ctx context.Context) ([]*Instance, error) {
	rs, err := c.list(ctx, "", center.KindInstance)
	if err != nil {
		return nil, err
	}
	all := make([]*Instance, len(rs))
	for i, r := range rs {
		all[i] = r.(*Instance)
	}
	return all, nil
}

// newIDs makes ids for what comes with an instance.
func newIDs(center.Kind, string) string { return center.NewUUID() }

// space is the name space of derived ids.
var space = uuid.MustParse("6b0c6a52-6f3e-4f0e-9d0b-0d6b1f5a7c11")

// derivedID returns the id that is always made of the same words.
func derivedID(words ...string) string {
	return uuid.NewSHA1(space, []byte(strings.Join(words, "\x00"))).String()
}

// attributes are those of a new instance. The calls are the caller's choice;
// the others are as Terraform's documentation gives the service's defaults,
// and off where nothing is known.
func attributes(inbound, outbound bool) map[string]string {
	text := map[bool]string{false: "false", true: "true"}
	return map[string]string{
		"INBOUND_CALLS":               text[inbound],
		"OUTBOUND_CALLS":              text[outbound],
		"CONTACTFLOW_LOGS":            "false",
		"CONTACT_LENS":                "true",
		"AUTO_RESOLVE_BEST_VOICES":    "true",
		"USE_CUSTOM_TTS_VOICES":       "false",
		"EARLY_MEDIA":                 "true",
		"MULTI_PARTY_CONFERENCE":      "false",
		"HIGH_VOLUME_OUTBOUND":        "false",
		"ENHANCED_CONTACT_MONITORING": "false",
		"ENHANCED_CHAT_MONITORING":    "false",
		"MULTI_PARTY_CHAT_CONFERENCE": "false",
		"MESSAGE_STREAMING":           "false",
	}
}

// Attribute returns an instance attribute, "true" or "false"; ok is false when
// there is no such InstanceAttributeType.
func (i *Instance) Attribute(name string) (value string, ok bool) {
	if value, ok = i.Attributes[name]; ok {
		return value, true
	}
	value, ok = attributes(false, false)[name] // one that is younger than the instance
	return value, ok
}

// AttributeNames returns the InstanceAttributeTypes, in order.
func (i *Instance) AttributeNames() []string {
	return slices.Sorted(maps.Keys(attributes(false, false)))
}

// SetAttribute changes an instance attribute. Errors: NotFound for the
// instance, Invalid for the attribute or a value other than true and false.
func (c *Catalog) SetAttribute(ctx context.Context, instance, name, value string) error {
	if value != "true" && value != "false" {
		return center.Errorf(center.Invalid, "Value must be true or false, not %q", value)
	}
	return c.change(ctx, instance, func(snap *Snapshot) (write, error) {
		if _, ok := snap.Instance.Attribute(name); !ok {
			return write{}, center.Errorf(center.Invalid, "AttributeType %s is not known", name)
		}
		i, err := c.edit(snap.Instance)
		if err != nil {
			return write{}, err
		}
		i.(*Instance).Attributes[name] = value
		return write{put: []Resource{i}}, nil
	})
}
