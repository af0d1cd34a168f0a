package sqlite

import (
	"errors"
	"testing"

	"parley.example/parley/internal/store"
)

// A change that begins a chat is not looked up first. One whose id is taken,
// by a chat that the writer does not remember, is a conflict all the same, and
// the others of its batch are as they would be without it.
func TestBeginningsAreBelieved(t *testing.T) {
	dir := t.TempDir()
	again := func(s *Store) *Store { // one that remembers nothing
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := again(nil)
	taken := create(t, s)
	begin := func(key string) *store.Change {
		return &store.Change{
			Chat: taken, State: &store.Head{Instance: "i", State: []byte("second")},
			Quotas: []store.Quota{{Counter: tally("chats"), Delta: 1, Limit: 10}},
			Once:   &store.Once{Key: key, Answer: []byte("answer of " + key), At: epoch},
		}
	}
	other, another := begin("other"), begin("another")
	other.Chat, another.Chat = "other", "another"
	s = again(s)
	errs := together(t, s, other, begin("mine"), another)
	if errs[0] != nil || !errors.Is(errs[1], store.ErrConflict) || errs[2] != nil {
		t.Errorf("errors = %v; want a conflict of the second alone", errs)
	}
	if n, err := s.Count(t.Context(), tally("chats")); n != 2 || err != nil {
		t.Errorf("the counter is %d, %v; want 2", n, err)
	}
	if head, err := s.Chat(t.Context(), taken); err != nil || string(head.State) != "first" {
		t.Errorf("the chat's state is %q, %v", head.State, err)
	}
	if _, err := s.Replayed(t.Context(), "mine"); err == nil {
		t.Error("the refused change has used up its key")
	}
	s = again(s)
	if err := submit(s, begin("other")); !errors.Is(err, store.ErrReplay) {
		t.Errorf("a key used before = %v; want %v, whatever the chat", err, store.ErrReplay)
	}
}
