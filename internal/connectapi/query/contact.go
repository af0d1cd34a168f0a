package query

import (
	"context"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/store"
)

// KindContact is what ARNs and errors call a contact.
const KindContact center.Kind = "contact"

// Contact finds a contact of an instance, by id or ARN, and its chat. One of another instance does not exist.
func Contact(ctx context.Context, e *engine.Engine, snap *catalog.Snapshot, ref string) (*contact.Chat, *center.Contact, error) {
	missing := &center.Error{Reason: center.NotFound, Kind: KindContact, ID: ref, Message: "contact " + ref + " does not exist"}
	id, ok := center.ParseContactID(ref)
	if !ok {
		return nil, nil, missing
	}
	chatID, err := e.Store.ChatOf(ctx, id)
	if err != nil {
		if center.ReasonOf(err) == center.NotFound {
			return nil, nil, missing
		}
		return nil, nil, err
	}
	chat, err := e.State(ctx, chatID)
	if err != nil {
		return nil, nil, err
	}
	if chat.Instance != snap.ID() || !chat.Has(id) {
		return nil, nil, missing
	}
	if id == chat.Current().ID {
		return chat, chat.Current(), nil
	}
	for c, err := range e.Store.Contacts(ctx, store.ContactQuery{IDs: []center.ContactID{id}}) {
		return chat, &c, err
	}
	return nil, nil, missing
}
