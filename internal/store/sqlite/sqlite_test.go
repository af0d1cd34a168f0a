package sqlite_test

import (
	"time"

	"parley/internal/center"
	"parley/internal/store"
)

const instance = center.InstanceID("11111111-2222-4333-8444-555555555555")

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newID() center.ContactID { return center.NewContactID(start) }

// submit submits a change and waits for it.
func submit(s store.Store, c *store.Change) error {
	done := make(chan error, 1)
	s.Submit(c, func(err error) { done <- err })
	return <-done
}

// newChat is the change that creates a chat with one contact.
func newChat(id center.ContactID, now time.Time) *store.Change {
	return &store.Change{
		Chat:     id,
		State:    &store.Head{Instance: instance, State: []byte(`{"step":1}`), Active: true},
		Contacts: []center.Contact{{ID: id, Chat: id, Instance: instance, InitiationMethod: center.MethodAPI, Initiated: now}},
	}
}

func item(chat center.ContactID, seq int64, now time.Time) center.Item {
	return center.Item{
		Chat: chat, Seq: seq, ID: center.NewItemID(now, seq, 42), Contact: chat, Time: now, Type: center.TypeMessage,
		ContentType: center.PlainText, Content: "Hello", Participant: "99999999-2222-4333-8444-555555555555",
		DisplayName: "Jane", Role: center.RoleCustomer,
	}
}
