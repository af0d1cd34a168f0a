package contacts

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi/query"
	"parley.example/parley/internal/connectapi/wire"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/store"
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
	missing := &center.Error{Reason: center.NotFound, Kind: kindContact, ID: ref, Message: "contact " + ref + " does not exist"}
	id, ok := center.ParseContactID(ref)
	if !ok {
		return nil, nil, missing
	}
	chatID, err := s.Store.ChatOf(ctx, id)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil, nil, missing
		}
		return nil, nil, err
	}
	chat, err := s.Engine.State(ctx, chatID)
	if err != nil {
		return nil, nil, err
	}
	if chat.Instance != snap.ID() || !chat.Has(id) {
		return nil, nil, missing
	}
	if id == chat.Current().ID {
		return chat, chat.Current(), nil
	}
	for c, err := range s.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{id}}) {
		return chat, &c, err
	}
	return nil, nil, missing
}

// kindContact is what ARNs and errors call a contact.
const kindContact center.Kind = "contact"
