package sqlite_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
	"parley.example/parley/internal/store/storetest"
)

const instance = center.InstanceID("11111111-2222-4333-8444-555555555555")

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// tally is a counter that counts nothing in the store.
func tally(name string) store.Counter { return store.Counter{Type: "tally", Key: name} }

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

func TestFile(t *testing.T) {
	storetest.Run(t, storetest.Opener{Open: openFile, Reopen: reopen})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Opener{Open: func(t *testing.T) (a, b store.Store) {
		s := open(t, "")
		return s, s
	}})
}

func open(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatalf("Open(%q): %v", dir, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var dirs sync.Map // of the open stores of these tests

// openFile returns the same store twice: a data directory belongs to one process.
func openFile(t *testing.T) (a, b store.Store) {
	dir := t.TempDir()
	s := open(t, dir)
	dirs.Store(s, dir)
	return s, s
}

func reopen(t *testing.T, s, _ store.Store) (a, b store.Store) {
	t.Helper()
	dir, _ := dirs.LoadAndDelete(s)
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	again := open(t, dir.(string))
	dirs.Store(again, dir)
	return again, again
}
