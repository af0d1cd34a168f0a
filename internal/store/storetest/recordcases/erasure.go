package recordcases

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var erasureCases = []testCase{
	{Name: "a chat is gone at once, and its rows step by step", Run: erasesChat},
	{Name: "parts of a chat go without it", Run: erasesParts},
	{Name: "what was decided on another state erases nothing", Run: erasureConflicts},
	{Name: "chats by how long they are kept", Run: erasureDue},
	{Name: "chats by customer and by attribute", Run: erasureMatches},
	{Name: "an erasure is finished when nothing is left", Run: erasureFinishes},
	{Name: "a deleted instance takes the chats that it had", Run: erasureOfInstance},
	{Name: "a deleted instance takes its agents, their deliveries and counters", Run: erasureOfAgents},
	{Name: "no chat outlives its instance", Run: instanceOutlivesChats},
	{Name: "erasures last", Run: erasureLasts, Reopens: true},
}

// remains returns what is left, and clears it.
func (s *env) remains(t *testing.T) []store.Remains {
	t.Helper()
	left, err := s.Remains(t.Context(), 100)
	if err == nil {
		err = s.Cleared(t.Context(), left)
	}
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func erasesChat(t *testing.T, s *env) {
	id, other := s.Ended(t), s.Ended(t)
	if err := s.Keep(t.Context(), &store.Chores{Dead: []store.Delivery{{ID: 1}}}); err != nil {
		t.Fatal(err)
	}
	s.EraseAll(t, id, "")
	for _, on := range s.Nodes() {
		_, err := on.Chat(t.Context(), id)
		kit.WantReason(t, err, center.NotFound)
		_, err = on.ChatOf(t.Context(), id)
		kit.WantReason(t, err, center.NotFound)
		_, err = on.Items(t.Context(), store.ItemQuery{Chat: id})
		kit.WantReason(t, err, center.NotFound)
		_, err = on.Replayed(t.Context(), "once/"+string(id))
		kit.WantReason(t, err, center.NotFound)
	}
	// What is left does not become that of a newer chat.
	fresh := s.Create(t, 2)
	if left, err := s.Remains(t.Context(), 9); err != nil || len(left) > 0 {
		t.Errorf("with rows there are remains already: %v, %v", left, err)
	}
	if steps := s.EraseSteps(t, 2); steps < 4 {
		t.Errorf("10 rows went in %d steps of 2", steps)
	}
	if got := s.Transcript(t, fresh); len(got) != 2 {
		t.Errorf("a newer chat has %d items; want 2", len(got))
	}
	left := s.remains(t)
	if len(left) != 1 || left[0].Chat != id || left[0].Instance != kit.Instance || !slices.Equal(left[0].Files, []string{"file"}) || !slices.Equal(left[0].Contacts, []center.ContactID{id}) {
		t.Errorf("remains are %+v", left)
	}
	if left := s.remains(t); len(left) > 0 {
		t.Errorf("what was cleared remains: %+v", left)
	}
	waiting, err := s.Outbox(t.Context(), store.AllShards, kit.At(99), 99)
	if err != nil || len(waiting) != 3 || slices.ContainsFunc(waiting, func(d store.Delivery) bool { return d.Chat != other }) {
		t.Errorf("the outbox has %v, %v; want three of the other chat", waiting, err)
	}
	s.WantUploads(t, kit.At(99), 9, fmt.Sprintf("upload/%s of %[1]s at 9", other))
	if got := s.Transcript(t, other); len(got) != 5 {
		t.Errorf("the other chat has %d items", len(got))
	}
	// The key is free for another chat.
	s.Must(t, &store.Change{Once: &store.Once{Key: "once/" + string(id), At: kit.Epoch}})
}

func erasesParts(t *testing.T, s *env) {
	id := s.Ended(t)
	change := kit.StateChange(id, s.HeadOf(t, id).Version, "without a transcript")
	change.State.Active, change.State.Ended, change.State.Kept = false, kit.At(10), center.PartContacts
	change.Erase = &store.Remove{Parts: center.PartTranscript | center.PartAttachments, Files: []string{"file"}}
	s.Must(t, change)
	s.EraseSteps(t, 3)
	if h := s.HeadOf(t, id); string(h.State) != "without a transcript" || len(s.Transcript(t, id)) != 0 {
		t.Errorf("the chat has the state %q and %d items", h.State, len(s.Transcript(t, id)))
	}
	if chat, err := s.ChatOf(t.Context(), id); err != nil || chat != id {
		t.Errorf("ChatOf = %v, %v", chat, err)
	}
	if traces, err := s.Traces(t.Context()); err != nil || !traces {
		t.Errorf("Traces = %v, %v; want some", traces, err)
	}
	for want := range 2 {
		if err := s.Spotless(t.Context()); err != nil {
			t.Fatal(err)
		}
		if traces, err := s.Traces(t.Context()); err != nil || traces != (want == 0) {
			t.Errorf("Traces = %v, %v", traces, err)
		}
		s.remains(t) // with remains nothing is spotless
	}
	change = kit.StateChange(id, s.HeadOf(t, id).Version, "without files")
	change.Erase = &store.Remove{Parts: center.PartAttachments, Files: []string{"file"}}
	s.Must(t, change)
	if left := s.remains(t); len(left) != 1 || left[0].Parts != center.PartAttachments {
		t.Errorf("of files alone remains are at once %+v", left)
	}
}

func erasureConflicts(t *testing.T, s *env) {
	id := s.Ended(t)
	version := s.HeadOf(t, id).Version
	s.Must(t, kit.StateChange(id, version, "newer"))
	erase := &store.Remove{Parts: center.AllParts}
	s.Refused(t, &store.Change{Chat: id, Version: version, Erase: erase}, store.ErrConflict)
	s.Refused(t, &store.Change{Chat: "nobody", Version: 1, Erase: erase}, store.ErrConflict)
	kit.WantReason(t, s.Apply(&store.Change{Chat: id, Erase: erase}), center.Invalid)
	if h := s.HeadOf(t, id); string(h.State) != "newer" {
		t.Errorf("the state is %q", h.State)
	}
	s.EraseAll(t, id, "")
	s.Refused(t, &store.Change{Chat: id, Version: version + 1, Items: kit.Items(id, 6, 1)}, store.ErrConflict)
}

func erasureDue(t *testing.T, s *env) {
	old := s.Ended(t, func(c *store.Change) { c.State.Ended = kit.At(5) })
	late := s.Ended(t)
	own := s.Ended(t, func(c *store.Change) { c.State.Kept, c.State.Expires = center.PartTranscript, kit.At(7) })
	s.Create(t, 1)
	want := func(part center.Part, ended int, limit int, chats ...center.ContactID) {
		t.Helper()
		got, err := s.Expired(t.Context(), kit.Instance, part, kit.At(ended), limit)
		if err != nil || !slices.Equal(got, chats) {
			t.Errorf("Expired(%s, %d) = %v, %v; want %v", part, ended, got, err, chats)
		}
	}
	want(center.PartContacts, 4, 9)
	want(center.PartContacts, 5, 9, old)
	want(center.PartContacts, 99, 9, old, late)
	want(center.PartContacts, 99, 1, old)
	want(center.PartTranscript, 99, 9, old, late, own)
	want(center.PartAttachments, 99, 9, old, late)
	for now, chats := range map[int][]center.ContactID{6: nil, 7: {own}} {
		if got, err := s.Expiring(t.Context(), kit.At(now), 9); err != nil || !slices.Equal(got, chats) {
			t.Errorf("Expiring(%d) = %v, %v; want %v", now, got, err, chats)
		}
	}
	s.Must(t, kit.StateChange(late, s.HeadOf(t, late).Version, "kept no more"))
	want(center.PartContacts, 99, 9, old)
}

func erasureMatches(t *testing.T, s *env) {
	odd := `quo"ted\ <é>`
	a, b := s.Ended(t), s.Ended(t, func(c *store.Change) {
		c.Contacts[0].CustomerID = odd
		c.State.State = []byte(`{"attributes":{"tier":"gold","odd":"quo\"ted\\ \u003cé\u003e"}}`)
	})
	s.Ended(t, func(c *store.Change) {
		c.State.Instance, c.Contacts[0].Instance = kit.Elsewhere, kit.Elsewhere
	})
	for _, c := range []struct {
		sel  store.Selection
		want []center.ContactID
	}{
		{store.Selection{Instance: kit.Instance, Customer: "customer"}, []center.ContactID{a}},
		{store.Selection{Instance: kit.Instance, Customer: "custom"}, nil},
		{store.Selection{Instance: kit.Instance, Customer: odd}, []center.ContactID{b}},
		{store.Selection{Instance: kit.Instance, Attribute: "tier", Value: "gold"}, []center.ContactID{a, b}},
		{store.Selection{Instance: kit.Instance, Attribute: "odd", Value: odd}, []center.ContactID{b}},
		{store.Selection{Instance: kit.Instance, Attribute: "gold", Value: "tier"}, nil},
		{store.Selection{Instance: "nowhere", Attribute: "tier", Value: "gold"}, nil},
	} {
		var got []center.ContactID
		for id, err := range s.Matching(t.Context(), c.sel) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, id)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Matching(%+v) = %v; want %v", c.sel, got, c.want)
		}
	}
}

func erasureFinishes(t *testing.T, s *env) {
	a, b := s.Ended(t), s.Ended(t)
	id := store.NewErasureID(kit.Epoch)
	if err := s.PutErasure(t.Context(), store.Erasure{ID: id, Instance: kit.Instance, By: store.ByCustomer, Key: "AKIA", Asked: kit.At(1)}, []center.ContactID{a, b, "gone"}); err != nil {
		t.Fatal(err)
	}
	ready := func(want bool) {
		t.Helper()
		if got, err := s.Ready(t.Context()); err != nil || len(got) == 1 != want {
			t.Errorf("Ready = %v, %v; want %v", got, err, want)
		}
	}
	s.EraseAll(t, a, id)
	ready(false)
	listed, err := s.Listed(t.Context(), 9)
	if err != nil || !slices.Equal(listed, []store.Doomed{{Erasure: id, Chat: b}, {Erasure: id, Chat: "gone"}}) {
		t.Errorf("Listed = %v, %v", listed, err)
	}
	s.EraseAll(t, b, id)
	if err := s.Unlist(t.Context(), []store.Doomed{{Erasure: id, Chat: "gone"}}); err != nil {
		t.Fatal(err)
	}
	ready(false)
	s.EraseSteps(t, 100)
	ready(false)
	s.remains(t)
	ready(true)
	if n, err := s.FinishErasures(t.Context(), kit.At(7)); n != 1 || err != nil {
		t.Errorf("FinishErasures = %d, %v", n, err)
	}
	ready(false)
	e, err := s.Erasure(t.Context(), id)
	if err != nil || e.Instance != kit.Instance || e.By != store.ByCustomer || e.Key != "AKIA" || !e.Asked.Equal(kit.At(1).Truncate(1e6)) || !e.Finished.Equal(kit.At(7).Truncate(1e6)) || e.Waiting != 0 {
		t.Errorf("the erasure is %+v, %v", e, err)
	}
	want := map[string]int64{"chats": 2, "contacts": 2, "items": 10, "receipts": 2, "requestAnswers": 2, "deliveries": 6, "uploads": 2, "attachments": 2}
	if fmt.Sprint(e.Counts) != fmt.Sprint(want) || !slices.Equal(e.Contacts, []center.ContactID{a, b}) {
		t.Errorf("counted are %v, listed %v; want %v", e.Counts, e.Contacts, want)
	}
	second := store.NewErasureID(kit.At(2))
	if err := s.PutErasure(t.Context(), store.Erasure{ID: second, Instance: kit.Instance, By: store.ByContact, Asked: kit.At(2)}, nil); err != nil {
		t.Fatal(err)
	}
	for before, want := range map[string][]string{"": {second, id}, second: {id}, id: nil} {
		list, err := s.Erasures(t.Context(), before, 9)
		var got []string
		for _, e := range list {
			got = append(got, e.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Erasures(%q) = %v, %v; want %v", before, got, err, want)
		}
	}
	_, err = s.Erasure(t.Context(), "nothing")
	kit.WantReason(t, err, center.NotFound)
}

func erasureOfInstance(t *testing.T, s *env) {
	old := s.Ended(t)
	if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Erase: &store.Erasure{ID: "e", Instance: kit.Instance, By: store.ByInstance, Asked: kit.Epoch}}); err != nil {
		t.Fatal(err)
	}
	fresh := s.Ended(t) // of an instance with the same id, made again
	listed, err := s.Listed(t.Context(), 9)
	if err != nil || !slices.Equal(listed, []store.Doomed{{Erasure: "e", Chat: old}}) {
		t.Errorf("Listed = %v, %v; want the chat from before", listed, err)
	}
	if got, err := s.Ready(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("Ready = %v, %v", got, err)
	}
	s.EraseAll(t, old, "e")
	s.EraseSteps(t, 100)
	s.remains(t)
	if n, err := s.FinishErasures(t.Context(), kit.At(1)); n != 1 || err != nil {
		t.Errorf("FinishErasures = %d, %v", n, err)
	}
	if e, err := s.Erasure(t.Context(), "e"); err != nil || len(e.Contacts) > 0 || e.Counts["chats"] != 1 {
		t.Errorf("the erasure is %+v, %v; want counts only", e, err)
	}
	s.HeadOf(t, fresh)
}

func erasureOfAgents(t *testing.T, s *env) {
	slots, elsewhere := store.Slots(kit.Instance, "u", "CHAT"), center.InstanceID("another")
	other := kit.AgentChange(kit.NewUser(), 0, "of another instance")
	other.State.Instance, other.Deliveries = elsewhere, []store.Delivery{kit.Delivery("another", 0)}
	other.Deliveries[0].Instance = elsewhere
	other.Quotas = []store.Quota{{Counter: store.Slots(elsewhere, "u", "CHAT"), Delta: 1, Limit: -1}}
	s.MustAgent(t, other)
	var users []center.UserID
	for range 5 {
		c := kit.AgentChange(kit.NewUser(), 0, "x")
		c.Deliveries = []store.Delivery{kit.Delivery(string(c.User), -1), kit.Delivery(string(c.User), -1)}
		c.Quotas = []store.Quota{{Counter: slots, Delta: 1, Limit: -1}, {Counter: store.Barred(kit.Instance, c.User), Delta: 1, Limit: -1}}
		s.MustAgent(t, c)
		users = append(users, c.User)
	}
	waiting, err := s.Outbox(t.Context(), store.AllShards, kit.At(0), 99)
	if err != nil || len(waiting) != 11 {
		t.Fatalf("Outbox = %v, %v", waiting, err)
	}
	s.MustKeep(t, &store.Chores{Dead: []store.Delivery{waiting[len(waiting)-1]}})
	if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Erase: &store.Erasure{ID: "e", Instance: kit.Instance, By: store.ByInstance, Asked: kit.Epoch}}); err != nil {
		t.Fatal(err)
	}
	ready := func(want int) {
		t.Helper()
		if got, err := s.Ready(t.Context()); err != nil || len(got) != want {
			t.Errorf("Ready = %v, %v; want %d", got, err, want)
		}
	}
	ready(0)
	if steps := s.EraseSteps(t, 2); steps < 5 {
		t.Errorf("15 rows went in %d steps of 2", steps)
	}
	ready(1)
	s.WantAgents(t, kit.Instance, false)
	s.WantAgents(t, elsewhere, false, other.User)
	s.RefusedAgent(t, kit.AgentChange(users[0], 1, "of an agent that is gone"), store.ErrConflict)
	waiting, err = s.Outbox(t.Context(), store.AllShards, kit.At(0), 99)
	if err != nil || len(waiting) != 1 || waiting[0].Instance != elsewhere {
		t.Errorf("Outbox = %v, %v; want that of the other instance", waiting, err)
	}
	if b, err := s.Backlog(t.Context()); err != nil || b.Dead != 0 {
		t.Errorf("Backlog = %+v, %v; want no dead letter", b, err)
	}
	// What a node that has not heard of it makes meanwhile goes at the end.
	late := kit.AgentChange(kit.NewUser(), 0, "late")
	late.Quotas = []store.Quota{{Counter: slots, Delta: 1, Limit: -1}}
	s.MustAgent(t, late)
	ready(1)
	if n, err := s.FinishErasures(t.Context(), kit.At(1)); n != 1 || err != nil {
		t.Errorf("FinishErasures = %d, %v", n, err)
	}
	s.WantNoAgent(t, late.User)
	for _, counter := range []store.Counter{slots, store.Barred(kit.Instance, users[0])} {
		s.Must(t, &store.Change{Quotas: []store.Quota{{Counter: counter}, {Counter: counter, Delta: 1, Limit: 1}}}) // from 0
		if n := s.Value(t, counter); n != 1 {
			t.Errorf("the counter %s is %d; want 1", counter, n)
		}
	}
	if n := s.Value(t, store.Slots(elsewhere, "u", "CHAT")); n != 1 {
		t.Errorf("a counter of the other instance is %d; want 1", n)
	}
	want := map[string]int64{"agents": 5, "deliveries": 9, "deadLetters": 1}
	if e, err := s.Erasure(t.Context(), "e"); err != nil || fmt.Sprint(e.Counts) != fmt.Sprint(want) {
		t.Errorf("the erasure counts %v, %v; want %v", e.Counts, err, want)
	}
}

// instanceOutlivesChats: an instance with a chat that has not ended is not erased, and no chat begins in one that does not exist.
func instanceOutlivesChats(t *testing.T, s *env) {
	const own = center.InstanceID("own")
	begin := func() (center.ContactID, error) {
		id := kit.NewID()
		c := kit.ChatChange(id, "state")
		c.Within, c.State.Instance, c.Contacts[0].Instance, c.State.Active = own, own, own, true
		c.Once = &store.Once{Key: "once", Answer: []byte("answer"), At: kit.Epoch}
		return id, s.Apply(c)
	}
	if _, err := begin(); !errors.Is(err, store.ErrNoInstance) {
		t.Errorf("a chat without an instance: %v", err)
	}
	if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{{Instance: own, Kind: center.KindInstance, ID: string(own), Name: "own"}}}); err != nil {
		t.Fatal(err)
	}
	id, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	goes := store.ResourceWrite{
		Drop:  []center.Resource{{Kind: center.KindInstance, ID: string(own)}},
		Erase: &store.Erasure{ID: "e", Instance: own, By: store.ByInstance, Asked: kit.Epoch},
	}
	_, err = s.WriteResources(t.Context(), goes)
	kit.WantReason(t, err, center.BadRequest)
	if _, err := s.Resource(t.Context(), center.KindInstance, string(own)); err != nil {
		t.Errorf("the instance that was not erased: %v", err)
	}
	end := kit.StateChange(id, s.HeadOf(t, id).Version, "over")
	end.State.Instance, end.State.Active, end.State.Ended, end.State.Kept = own, false, kit.At(1), center.AllParts
	s.Must(t, end)
	if _, err := s.WriteResources(t.Context(), goes); err != nil {
		t.Fatal(err)
	}
	// Nor is a request answered that was made before.
	if _, err := begin(); !errors.Is(err, store.ErrNoInstance) {
		t.Errorf("a chat of a deleted instance: %v", err)
	}
}

func erasureLasts(t *testing.T, s *env) {
	id := s.Ended(t)
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e", Instance: kit.Instance, By: store.ByContact, Asked: kit.Epoch}, []center.ContactID{id}); err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	if listed, err := s.Listed(t.Context(), 9); err != nil || len(listed) != 1 {
		t.Errorf("Listed = %v, %v", listed, err)
	}
	s.EraseAll(t, id, "e")
	s.Restart(t)
	fresh := s.Create(t, 1) // whose number is not that of what is left
	s.EraseSteps(t, 2)
	if len(s.Transcript(t, fresh)) != 1 {
		t.Error("the items of a newer chat were deleted")
	}
	s.Restart(t)
	if left := s.remains(t); len(left) != 1 {
		t.Errorf("remains are %v", left)
	}
	// In steps, whatever there is to overwrite and to give back.
	for next, first := int64(0), true; first || next != 0; first = false {
		var err error
		if next, err = s.Scrub(t.Context(), next); err != nil {
			t.Fatalf("Scrub: %v", err)
		}
	}
	if err := s.EmptyLog(t.Context()); err != nil {
		t.Errorf("EmptyLog: %v", err)
	}
	if _, err := s.Shrink(t.Context()); err != nil {
		t.Errorf("Shrink: %v", err)
	}
}
