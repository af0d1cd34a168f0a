package storetest

import (
	"fmt"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var sentCases = []testCase{
	{Name: "tokens are found however long ago", Run: sentLongAgo},
	{Name: "tokens of a chat that becomes long at once", Run: sentAtOnce},
	{Name: "the first item with a token counts", Run: sentFirst},
	{Name: "tokens of others are others", Run: sentByOthers},
	{Name: "a refused change leaves no token", Run: sentRefused},
	{Name: "tokens last", Run: sentLasts, Reopens: true},
}

// tokened returns n messages from seq on, of which each but every seventh has a ClientToken.
func tokened(chat center.ContactID, seq int64, n int) []center.Item {
	all := kit.Items(chat, seq, n)
	for i := range all {
		if all[i].Seq%7 != 0 {
			all[i].ClientToken = fmt.Sprintf("token %d", all[i].Seq)
		}
	}
	return all
}

// wantSent fails unless the items' tokens lead to them. Of the last
// store.RecentItems up to last it does not matter whether they do.
func (s *env) wantSent(t *testing.T, items []center.Item, last int64) {
	t.Helper()
	for _, it := range items {
		if it.ClientToken == "" {
			continue
		}
		got, err := s.Sent(t.Context(), it.Chat, store.SentQuery{Participant: it.Participant, ClientToken: it.ClientToken, Attachment: it.Type == center.TypeAttachment})
		if center.ReasonOf(err) == center.NotFound && err != nil && it.Seq > last-store.RecentItems {
			continue
		}
		if want := (store.SentItem{ID: it.ID, Time: it.Time}); err != nil || got != want {
			t.Fatalf("with %d items, %q was sent as %v, %v; want %v", last, it.ClientToken, got, err, want)
		}
	}
}

// unsent fails if there is an item with a token.
func (s *env) unsent(t *testing.T, chat center.ContactID, q store.SentQuery) {
	t.Helper()
	got, err := s.Sent(t.Context(), chat, q)
	if err == nil {
		t.Errorf("%+v was sent as %v; want nothing", q, got)
	}
	kit.WantReason(t, err, center.NotFound)
}

func sentLongAgo(t *testing.T, s *env) {
	id := s.Create(t, 0)
	all := tokened(id, 1, store.RecentItems+40)
	for i := range all {
		if len(all)-i > 80 && i%100 != 0 {
			continue // in groups at first, one by one where the chat becomes long
		}
		from := i
		if len(all)-i > 80 {
			i = min(i+100, len(all)-80)
		} else {
			i++
		}
		s.Must(t, &store.Change{Chat: id, Items: all[from:i], Size: int64(i)})
	}
	s.wantSent(t, all, int64(len(all)))
	second := s.nodes()[1]
	second.wantSent(t, all, int64(len(all)))
	s.unsent(t, id, store.SentQuery{Participant: kit.Customer, ClientToken: "token 7"})
	s.unsent(t, id, store.SentQuery{Participant: kit.Customer})
	s.unsent(t, kit.NewID(), store.SentQuery{Participant: kit.Customer, ClientToken: "token 1"})
	if h := s.HeadOf(t, id); h.Size != int64(len(all)) {
		t.Errorf("the size is %d; want that of the last change, %d", h.Size, len(all))
	}
}

func sentAtOnce(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	c.Items = tokened(id, 1, store.RecentItems+300)
	s.Must(t, c)
	more := tokened(id, store.RecentItems+301, 900)
	s.Must(t, &store.Change{Chat: id, Items: more})
	s.wantSent(t, append(c.Items, more...), store.RecentItems+1200)
}

func sentFirst(t *testing.T, s *env) {
	id := s.Create(t, 0)
	all := tokened(id, 1, 2*store.RecentItems+10)
	for _, again := range []int{20, store.RecentItems + 3, store.RecentItems + 50} {
		all[again].ClientToken = "token 5"
	}
	s.Must(t, &store.Change{Chat: id, Items: all[:store.RecentItems-1]})
	s.Must(t, &store.Change{Chat: id, Items: all[store.RecentItems-1 : store.RecentItems+10]})
	s.Must(t, &store.Change{Chat: id, Items: all[store.RecentItems+10:]})
	s.wantSent(t, all[4:5], int64(len(all)))
}

func sentByOthers(t *testing.T, s *env) {
	id, other := kit.NewID(), s.Create(t, 3)
	c := kit.ChatChange(id, "x")
	c.Items = kit.Items(id, 1, store.RecentItems+4)
	file := &center.Attachment{ID: "f", Status: center.AttachmentApproved}
	for i, who := range []center.ParticipantID{kit.Customer, kit.Agent, kit.Customer, "not a UUID"} {
		c.Items[i].ClientToken, c.Items[i].Participant = "2fb9a5ee-12f5-4a37-9e01-4b1b5d8a7f00", who
	}
	c.Items[2].Type, c.Items[2].Attachment = center.TypeAttachment, file
	s.Must(t, c)
	s.wantSent(t, c.Items, store.RecentItems+4)
	s.unsent(t, other, store.SentQuery{Participant: kit.Customer, ClientToken: c.Items[0].ClientToken})
	s.unsent(t, id, store.SentQuery{Participant: kit.Agent, ClientToken: c.Items[0].ClientToken, Attachment: true})
	s.unsent(t, id, store.SentQuery{Participant: "another", ClientToken: c.Items[0].ClientToken})
}

func sentRefused(t *testing.T, s *env) {
	id := s.Create(t, store.RecentItems+5)
	wrong := tokened(id, store.RecentItems+6, 1)
	wrong[0].ClientToken = "once more"
	s.Refused(t, &store.Change{Chat: id, Version: 77, Items: wrong}, store.ErrConflict)
	s.unsent(t, id, store.SentQuery{Participant: kit.Customer, ClientToken: "once more"})
}

func sentLasts(t *testing.T, s *env) {
	id := s.Create(t, 0)
	first := tokened(id, 1, store.RecentItems-2)
	s.Must(t, &store.Change{Chat: id, Items: first, Size: 1 << 40})
	s.Restart(t)
	if h := s.HeadOf(t, id); h.Size != 1<<40 {
		t.Errorf("the size is %d; want %d", h.Size, int64(1)<<40)
	}
	for _, it := range tokened(id, store.RecentItems-1, 10) {
		first = append(first, it)
		s.Must(t, &store.Change{Chat: id, Items: []center.Item{it}})
		s.Restart(t)
	}
	s.wantSent(t, first, int64(len(first)))
}
