package contact

import (
	"maps"
	"strings"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// MaxAttributeBytes bounds a chat's user-defined attributes: keys and values together, in UTF-8.
const MaxAttributeBytes = 32768

// checkAttributes applies the rules of user-defined attributes that
// a caller sets: keys have letters, digits, '-' and '_', which does not hold for flows, whose
// designer accepts spaces too; and how long the chat is kept can be read.
func checkAttributes(m map[string]string) error {
	for k := range m {
		if k == "" || strings.IndexFunc(k, notKeyRune) >= 0 {
			return center.Errorf(center.Invalid, "Attributes: the key %.64q may only contain letters, digits, '-' and '_'", k)
		}
	}
	if _, err := center.ParseRetention(m[center.RetentionKey]); err != nil {
		return center.Errorf(center.Invalid, "Attributes: %s: %w", center.RetentionKey, err)
	}
	return nil
}

// checkAttributeBytes applies the bound of all user-defined attributes of a chat together.
func checkAttributeBytes(m map[string]string) error {
	total := 0
	for k, v := range m {
		total += len(k) + len(v)
	}
	if total > MaxAttributeBytes {
		return center.Errorf(center.Invalid, "Attributes have %d bytes; keys and values together may have %d", total, MaxAttributeBytes)
	}
	return nil
}

func notKeyRune(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

// checkSegmentAttributes applies the rules of segment attributes that a caller gives: keys of at
// most 128 characters, connect: only for what the service lets callers set.
func checkSegmentAttributes(m map[string]center.SegmentAttribute) error {
	if len(m) > maxDetails {
		return center.Errorf(center.Invalid, "SegmentAttributes: a contact may have at most %d", maxDetails)
	}
	for k := range m {
		name, system := strings.CutPrefix(k, "connect:")
		switch {
		case len(k) > 128 || name == "" || strings.IndexFunc(name, notKeyRune) >= 0:
			return center.Errorf(center.Invalid, "SegmentAttributes: the key %.140q must have at most 128 letters, digits, '-' or '_'", k)
		case system && name != "Subtype" && name != "CustomerAuthentication":
			return center.Errorf(center.Invalid, "SegmentAttributes: %s is set by the service; connect:Subtype and connect:CustomerAuthentication may be given", k)
		}
	}
	return nil
}

// checkSegmentBytes applies a bound of our own to all segment attributes
// of a contact together: Amazon's model bounds each text, but neither the size
// nor the depth of a ValueMap. They are stored with every state of the chat.
func checkSegmentBytes(m map[string]center.SegmentAttribute) error {
	if n := segmentBytes(m); n > MaxAttributeBytes {
		return center.Errorf(center.Invalid, "SegmentAttributes have %d bytes; keys and values together may have %d", n, MaxAttributeBytes)
	}
	return nil
}

// checkReferenceBytes applies a bound of our own to all references of a contact together: a
// hundred of the longest would be 800 KB in every state of the chat.
func checkReferenceBytes(m map[string]center.Reference) error {
	if n := machine.ReferenceBytes(m); n > machine.MaxReferenceBytes {
		return center.Errorf(center.BadRequest, "References have %d bytes; keys and values together may have %d", n, machine.MaxReferenceBytes)
	}
	return nil
}

// segmentBytes counts keys, texts and, as 8 bytes each, other values.
func segmentBytes(m map[string]center.SegmentAttribute) int {
	n := 0
	for k, v := range m {
		n += len(k) + segmentBytes(v.Map)
		if v.String != nil {
			n += len(*v.String)
		} else {
			n += 8
		}
	}
	return n
}

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
		if err := checkAttributes(s.Attributes); err != nil {
			return err
		}
	}
	merged := mergeMaps(d.chat.Attributes, s.Attributes)
	if err := checkAttributeBytes(merged); err != nil {
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

// maxDetails bounds the references and, apart, the segment attributes of a contact.
const maxDetails = 100

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
	if err := checkSegmentAttributes(u.SegmentAttrs); err != nil {
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
		if err := checkSegmentBytes(c.SegmentAttrs); err != nil {
			return err
		}
	}
	if err := checkReferenceBytes(c.References); err != nil {
		return err
	}
	if len(c.References) > maxDetails || len(c.SegmentAttrs) > maxDetails {
		return center.Errorf(center.BadRequest, "a contact may have at most %d references and %d segment attributes", maxDetails, maxDetails)
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
	if live(d.chat, id) != nil {
		return d.touch(id), nil
	}
	if !d.chat.Has(id) {
		return nil, center.Errorf(center.NotFound, "contact %s does not exist", id)
	}
	record, ok := d.env.Records[id]
	if !ok {
		return nil, &Need{Record: id}
	}
	d.edit() // increments the chat's version: the record has none of its own
	record.Updated = d.env.Now
	d.change.Contacts = append(d.change.Contacts, record)
	return &d.change.Contacts[len(d.change.Contacts)-1], nil
}
