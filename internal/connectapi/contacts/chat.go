package contacts

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
)

// chatOf finds the contact that the members InstanceId and ContactId name, by
// id or ARN, and its chat. A contact of another instance does not exist.
func (s *Contacts) chatOf(ctx context.Context, instance, ref string) (*contact.Chat, *center.Contact, error) {
	snap, err := query.Instance(ctx, s.Catalog, instance)
	if err != nil {
		return nil, nil, err
	}
	chat, c, err := s.contactOf(ctx, snap, ref)
	return chat, c, wire.InMember("ContactId", err)
}

// contactOf finds a contact of an instance, and its chat.
func (s *Contacts) contactOf(ctx context.Context, snap *catalog.Snapshot, ref string) (*contact.Chat, *center.Contact, error) {
	return query.Contact(ctx, s.Engine, snap, ref)
}
