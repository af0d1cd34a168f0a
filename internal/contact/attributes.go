package contact

import (
	"maps"
	"slices"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact/content"
)

// SetAttributes merges user-defined attributes (UpdateContactAttributes), also
// after the chat has ended. The rule for keys applies to callers of the API
// only: a flow may use any names, also those of a related contact, and that does
// not keep callers from setting others.
type SetAttributes struct {
	Attributes map[string]string
	Flow       bool // they are a flow's
}

func (s SetAttributes) decide(d *decision) error {
	if !s.Flow {
		if err := content.Attributes(s.Attributes); err != nil {
			return err
		}
	}
	merged := mergeMaps(d.chat.Attributes, s.Attributes)
	if err := content.AttributeBytes(merged); err != nil {
		return err
	}
	d.current()
	d.edit().Attributes = merged
	return nil
}

// mergeMaps returns a new map with the entries of a and b; b wins.
func mergeMaps[K comparable, V any](a, b map[K]V) map[K]V {
	m := make(map[K]V, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}

// UpdateDetails changes the description of a contact (UpdateContact). Nil members stay.
type Describe struct {
	Contact      center.ContactID
	Name         *string
	Description  *string
	References   map[string]center.Reference
	SegmentAttrs map[string]center.SegmentAttribute
}

func (u Describe) decide(d *decision) error {
	if u.Name == nil && u.Description == nil && u.References == nil && u.SegmentAttrs == nil {
		return center.Errorf(center.BadRequest, "give at least one of Name, Description, References and SegmentAttributes")
	}
	for k := range u.SegmentAttrs {
		if strings.HasPrefix(k, "connect:") {
			return center.Errorf(center.Invalid, "SegmentAttributes: %s is set by the service", k)
		}
	}
	if err := content.SegmentAttributes(u.SegmentAttrs); err != nil {
		return err
	}
	c, err := d.contact(u.Contact)
	if err != nil {
		return err
	}
	if u.Name != nil {
		c.Name = *u.Name
	}
	if u.Description != nil {
		c.Description = *u.Description
	}
	if u.References != nil {
		c.References = mergeMaps(c.References, u.References)
	}
	if u.SegmentAttrs != nil {
		c.SegmentAttrs = mergeMaps(c.SegmentAttrs, u.SegmentAttrs)
		if err := content.SegmentBytes(c.SegmentAttrs); err != nil {
			return err
		}
	}
	if err := content.ReferenceBytes(c.References); err != nil {
		return err
	}
	if len(c.References) > content.MaxDetails || len(c.SegmentAttrs) > content.MaxDetails {
		return center.Errorf(center.BadRequest, "a contact may have at most %d references and %d segment attributes", content.MaxDetails, content.MaxDetails)
	}
	return nil
}

// Tag sets and removes tags of a contact (TagContact, UntagContact). A contact
// has at most 50 tags of its users.
type Tag struct {
	Contact center.ContactID
	Set     map[string]string
	Remove  []string
}

func (t Tag) decide(d *decision) error {
	for k := range t.Set {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return center.Errorf(center.Invalid, "Tags: the key %q begins with aws:, which is reserved for the service", k)
		}
	}
	c, err := d.contact(t.Contact)
	if err != nil {
		return err
	}
	tags := mergeMaps(c.Tags, t.Set)
	for _, k := range t.Remove {
		if !strings.HasPrefix(k, "aws:") {
			delete(tags, k)
		}
	}
	if len(tags) > 51 { // the instance's own tag and 50 more
		return center.Errorf(center.BadRequest, "a contact may have at most 50 tags")
	}
	c.Tags = tags
	return nil
}

// contact returns the record of a contact of the chain for changes. The record
// of an ended contact has to be provided: see [Need].
func (d *decision) contact(id center.ContactID) (*center.Contact, error) {
	if Live(d.chat, id) != nil {
		return d.touch(id), nil
	}
	if !d.chat.Has(id) {
		return nil, center.Errorf(center.NotFound, "contact %s does not exist", id)
	}
	if i := slices.IndexFunc(d.change.Contacts, func(r center.Contact) bool { return r.ID == id }); i >= 0 {
		return &d.change.Contacts[i], nil // it has been changed already, or was the current one when this decision began
	}
	record, ok := d.env.Records[id]
	if !ok {
		return nil, &Need{Record: id}
	}
	d.edit() // increments the chat's version: the record has none of its own
	d.change.Before = append(d.change.Before, record)
	record.Updated = d.env.Now
	d.change.Contacts = append(d.change.Contacts, record)
	return &d.change.Contacts[len(d.change.Contacts)-1], nil
}
