package recordcases

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var transcriptCases = []testCase{
	{Name: "what was said, by role and by how much of it has to be found", Run: saidConditions},
	{Name: "contacts are indexed once they are over, and only what was delivered in them", Run: saidWhenOver},
	{Name: "a walk through what was found, and other orders and ranges", Run: saidWalk},
	{Name: "what was said, at the ends of a range", Run: saidAtTheEnds},
	{Name: "what was said, beside each other condition", Run: saidBeside},
	{Name: "nodes index each contact once", Run: saidOnce},
	{Name: "what is erased is found no more, and does not come back", Run: saidErased},
	{Name: "what is left to be indexed lasts", Run: saidLasts, Reopens: true},
}

// say is a message of a role.
func say(chat center.ContactID, seq int64, role center.Role, content string) center.Item {
	it := kit.Message(chat, seq, content)
	it.Role = role
	return it
}

// talk makes a chat that was initiated at a second and is over, in which the roles and texts of said take turns.
func (s *env) talk(t *testing.T, second int, said ...string) center.ContactID {
	t.Helper()
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	c.Contacts[0].Initiated, c.Contacts[0].Disconnected = kit.At(second), kit.At(second+100)
	for i := 0; i < len(said); i += 2 {
		c.Items = append(c.Items, say(id, int64(i/2+1), center.Role(said[i]), said[i+1]))
	}
	s.Must(t, c)
	return id
}

// index indexes all that there is to be indexed, and returns how many contacts that were.
func (s *env) index(t *testing.T) (taken int) {
	t.Helper()
	for {
		n, err := s.IndexTranscripts(t.Context(), 2)
		if err != nil {
			t.Fatalf("IndexTranscripts: %v", err)
		}
		if taken += n; n == 0 {
			if left, err := s.Unindexed(t.Context()); err != nil || left != 0 {
				t.Errorf("Unindexed = %d, %v; want none", left, err)
			}
			return taken
		}
	}
}

// heard is a search of the first hundred seconds for what was said.
func heard(said ...store.Said) store.ContactSearch {
	return store.ContactSearch{Instance: kit.Instance, Range: in(store.TimeInitiated, 0, 99), Sort: store.ContactSort{Time: store.TimeInitiated}, Limit: 9, Said: said}
}

func of(role center.Role, match store.Match, texts ...string) store.Said {
	return store.Said{Role: role, Match: match, Texts: texts}
}

const (
	byCustomer = center.RoleCustomer
	byAgent    = center.RoleAgent
)

func saidConditions(t *testing.T, s *env) {
	names := map[center.ContactID]string{
		s.talk(t, 10, "CUSTOMER", "My parcel is lost.", "AGENT", "Which order?", "CUSTOMER", "AB-1234, from Zürich", "SYSTEM", "Welcome"): "a",
		s.talk(t, 20, "CUSTOMER", "The order is fine", "AGENT", "Your parcel was LOST?", "CUSTOMER", "no, 東京駅へ"):                          "b",
		s.talk(t, 30, "SUPERVISOR", "parcel", "CUSTOM_BOT", "lost parcel", "CUSTOMER", "is it\nlost, my parcel"):                          "c",
		s.talk(t, 40, "CUSTOMER", "parcel", "CUSTOMER", "lost"):                                                                           "d",
		s.talk(t, 50): "e",
		s.talk(t, 60, "CUSTOMER", `"quoted" OR parcel* NEAR(lost) -minus`): "f",
	}
	foreign := kit.ChatChange(kit.NewID(), "x")
	foreign.State.Instance = kit.Elsewhere
	foreign.Contacts[0].Instance, foreign.Contacts[0].Initiated, foreign.Contacts[0].Disconnected = kit.Elsewhere, kit.At(30), kit.At(31)
	foreign.Items = []center.Item{say(foreign.Chat, 1, byCustomer, "parcel lost")}
	s.Must(t, foreign)
	if n := s.index(t); n != 7 {
		t.Errorf("%d contacts were indexed; want 7", n)
	}
	for _, c := range []struct {
		want string
		as   store.Match
		said []store.Said
	}{
		{"[a c d f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "PARCEL")}},
		{"[b]", store.MatchAll, []store.Said{of(byAgent, store.MatchAll, "parcel lost")}},
		{"[c]", store.MatchAll, []store.Said{of(center.RoleCustomBot, store.MatchExact, "lost parcel")}},
		{"[c]", store.MatchAll, []store.Said{of(center.RoleSupervisor, store.MatchAny, "parcel")}},
		{"[a]", store.MatchAll, []store.Said{of(center.RoleSystem, store.MatchAny, "welcome")}},
		{"[a c d f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "lost parcel")}},
		{"[a c d f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "lost", "parcel")}},
		{"[c]", store.MatchAll, []store.Said{of(byCustomer, store.MatchExact, "lost my parcel")}},
		{"[]", store.MatchAll, []store.Said{of(byCustomer, store.MatchExact, "parcel lost")}}, // not over two messages
		{"[a]", store.MatchAll, []store.Said{of(byCustomer, store.MatchExact, "is lost", "my parcel")}},
		{"[a b]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAny, "zurich", "fine")}},
		{"[b e]", store.MatchAll, []store.Said{of(byCustomer, store.MatchNone, "parcel", "fin")}},
		{"[a]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "ab-1234")}},
		{"[]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "1234-ab")}},
		{"[b]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "東京")}},
		{"[]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "京東")}},
		{"[]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "parce")}},
		{"[f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, `"OR" NEAR -minus`)}},
		{"[]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "parcel", "?!")}},
		{"[a c d f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAny, "parcel", "?!")}},
		{"[a b c d e f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchNone, "?!")}},
		{"[a b c d e f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll)}},
		{"[a]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "parcel"), of(byAgent, store.MatchAny, "order")}},
		{"[c d f]", store.MatchAll, []store.Said{of(byCustomer, store.MatchAll, "parcel"), of(byAgent, store.MatchNone, "order")}},
		{"[a b c d f]", store.MatchAny, []store.Said{of(byCustomer, store.MatchAll, "parcel"), of(byAgent, store.MatchAll, "parcel")}},
		{"[a b d e f]", store.MatchAny, []store.Said{of(byCustomer, store.MatchAll, "zurich"), of(center.RoleCustomBot, store.MatchNone, "parcel")}},
		{"[a b c d e f]", store.MatchAny, []store.Said{of(byCustomer, store.MatchAll, "zurich"), of(byCustomer, store.MatchAny)}},
		{"[a]", store.MatchAny, []store.Said{of(byCustomer, store.MatchAll, "zurich"), of(byCustomer, store.MatchAny, "!")}},
		{"[b e]", store.MatchNone, []store.Said{of(byCustomer, store.MatchAll, "parcel"), of(byCustomer, store.MatchAll, "zurich")}},
		{"[b]", store.MatchNone, []store.Said{of(byAgent, store.MatchNone, "parcel"), of(byCustomer, store.MatchAll, "zurich")}},
		{"[a b c d e f]", store.MatchNone, []store.Said{of(byCustomer, store.MatchAll, "!")}},
		{"[]", store.MatchNone, []store.Said{of(byCustomer, store.MatchAll)}},
	} {
		q := heard(c.said...)
		q.SaidAs = c.as
		for _, by := range []store.ContactTime{store.TimeInitiated, store.TimeScheduled} {
			q.Sort.Time = by
			got := s.search(t, q, names)
			slices.Sort(got)
			if fmt.Sprint(got) != c.want {
				t.Errorf("%+v (%q) by %s: %v; want %s", c.said, c.as, by, got, c.want)
			}
		}
	}
}

func saidWhenOver(t *testing.T, s *env) {
	id, second := kit.NewID(), kit.NewID()
	c := kit.ChatChange(id, "x")
	c.Contacts[0].Initiated = kit.At(1)
	held := say(id, 2, byCustomer, "rejected")
	held.Processing = center.ProcessingRejected
	event := say(id, 3, byCustomer, "eventful")
	event.Type = center.TypeEvent
	form := say(id, 4, byCustomer, `{"key":"chosen","list":["first choice",{"a":7}]}`)
	form.ContentType = center.InteractiveResponse
	broken := say(id, 5, byCustomer, "{broken")
	broken.ContentType = center.JSON
	c.Items = []center.Item{say(id, 1, byCustomer, "early"), held, event, form, broken}
	s.Must(t, c)
	names := map[center.ContactID]string{id: "first", second: "second"}
	finds := func(text, want string) {
		t.Helper()
		if got := fmt.Sprint(s.search(t, heard(of(byCustomer, store.MatchAll, text)), names)); got != want {
			t.Errorf("%q finds %s; want %s", text, got, want)
		}
	}
	if n := s.index(t); n != 0 {
		t.Errorf("%d contacts that go on were indexed", n)
	}
	finds("early", "[]")
	// The first contact ends, and the chat goes on as another.
	ended := c.Contacts[0]
	ended.Disconnected, ended.Next = kit.At(20), second
	last := say(id, 6, byCustomer, "late")
	last.Contact = second
	s.Must(t, &store.Change{Chat: id, Items: []center.Item{last}, Contacts: []center.Contact{ended, kit.Contact(second, id, kit.At(20))}})
	if n := s.index(t); n != 1 {
		t.Errorf("%d contacts were indexed; want the one that is over", n)
	}
	for text, want := range map[string]string{"early": "[first]", "late": "[]", "rejected": "[]", "eventful": "[]", "choice": "[first]", "chosen": "[first]", "key": "[]", "broken": "[]"} {
		finds(text, want)
	}
	then := kit.Contact(second, id, kit.At(20))
	then.Disconnected = kit.At(30)
	ended.Tags = map[string]string{"k": "v"} // a record that is written again is not indexed again
	s.Must(t, &store.Change{Chat: id, Contacts: []center.Contact{ended, then}})
	if n := s.index(t); n != 1 {
		t.Errorf("%d contacts were indexed; want the second", n)
	}
	finds("late", "[second]")
	finds("early", "[first]")
}

func saidWalk(t *testing.T, s *env) {
	names := map[center.ContactID]string{}
	for i := range 7 { // three of them at one moment
		names[s.talk(t, 10*max(i, 2), "CUSTOMER", "the word", "AGENT", fmt.Sprint("number ", i%2))] = string(rune('a' + i))
	}
	s.talk(t, 200, "CUSTOMER", "the word")
	s.index(t)
	for _, by := range []store.ContactTime{store.TimeInitiated, store.TimeDisconnected} {
		for _, descending := range []bool{false, true} {
			q := heard(of(byCustomer, store.MatchAll, "word"))
			q.Sort.Time, q.Descending, q.Limit = by, descending, 2
			var got []string
			for len(got) < 20 {
				found, err := s.SearchContacts(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for i := range found {
					got = append(got, names[found[i].ID])
					q.After = &found[i].Key
				}
				if len(found) < q.Limit {
					break
				}
			}
			if descending {
				slices.Reverse(got)
			}
			if len(got) == 7 {
				slices.Sort(got[:3])
			}
			if fmt.Sprint(got) != "[a b c d e f g]" {
				t.Errorf("by %s (descending %v) come %v", by, descending, got)
			}
		}
	}
	q := heard(of(byCustomer, store.MatchAll, "word"))
	if n, err := s.CountContacts(t.Context(), q, 3); err != nil || n != 3 {
		t.Errorf("counted to 3: %d, %v", n, err)
	}
	q.Range = in(store.TimeDisconnected, 130, 150)
	if got := fmt.Sprint(s.search(t, q, names)); got != "[d e f]" {
		t.Errorf("by when they ended: %s; want [d e f]", got)
	}
	q.Range = in(store.TimeInitiated, 30, 60)
	q.Said = append(q.Said, of(byAgent, store.MatchAll, "number 1"))
	if got := fmt.Sprint(s.search(t, q, names)); got != "[d f]" {
		t.Errorf("by both roles: %s; want [d f]", got)
	}
}

// The number of a document tells of most contacts that they are in the range: not of those at its ends, where more began in a moment than it has
// numbers for.
func saidAtTheEnds(t *testing.T, s *env) {
	const crowded = 300
	ids := map[center.ContactID]string{}
	for range crowded {
		ids[s.talk(t, 1000, "CUSTOMER", "word")] = "crowd"
	}
	for i, name := range []string{"a", "b", "c"} {
		ids[s.talk(t, 5000+i, "CUSTOMER", "word")] = name
	}
	s.index(t)
	for _, c := range []struct {
		from, to int // milliseconds behind the crowd
		want     int
	}{{-1, -1, 0}, {0, 0, crowded}, {-5, 5, crowded}, {1, 1, 0}, {1, 4_000_000, 1}, {1, 4_001_000, 2}, {1, 3_999_999, 0}, {0, 9_000_000, crowded + 3}, {1, 9_000_000, 3}, {4_000_001, 4_001_999, 1}} {
		q := heard(of(byCustomer, store.MatchAll, "word"))
		q.Limit = 1000
		q.Range.From, q.Range.To = kit.At(1000).Add(time.Duration(c.from)*time.Millisecond), kit.At(1000).Add(time.Duration(c.to)*time.Millisecond)
		if got := s.search(t, q, ids); len(got) != c.want {
			t.Errorf("from %d to %d there are %d; want %d", c.from, c.to, len(got), c.want)
		}
	}
}

func saidBeside(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	text := "a segment"
	k := &c.Contacts[0]
	k.Initiated, k.Enqueued, k.AgentConnected, k.Disconnected = kit.At(10), kit.At(11), kit.At(12), kit.At(13)
	k.Agent, k.Queue, k.Name, k.Tags, k.Sought = "bo", "q", "Lost parcel", map[string]string{"site": "x"}, []center.UserID{"bo"}
	k.Attributes, k.SegmentAttrs = map[string]string{"tier": "gold"}, map[string]center.SegmentAttribute{"s": {String: &text}}
	c.Items = []center.Item{say(id, 1, byCustomer, "word"), say(id, 2, byAgent, "answer")}
	s.Must(t, c)
	s.talk(t, 20, "CUSTOMER", "word")
	s.index(t)
	names := map[center.ContactID]string{id: "it"}
	for what, change := range map[string]func(q *store.ContactSearch){
		"agent":  func(q *store.ContactSearch) { q.Agents = []center.UserID{"bo"} },
		"queue":  func(q *store.ContactSearch) { q.Queues = []center.QueueID{"q"} },
		"name":   func(q *store.ContactSearch) { q.Name = []string{"lost"} },
		"tag":    func(q *store.ContactSearch) { q.Tags.All = []store.KeyValues{{Key: "site", Values: []string{"x"}}} },
		"sought": func(q *store.ContactSearch) { q.Sought = []store.SoughtAgents{{Agents: []center.UserID{"bo"}}} },
		"attribute": func(q *store.ContactSearch) {
			q.Attributes.All = []store.KeyValues{{Key: "tier", Values: []string{"gold"}}}
		},
		"segment": func(q *store.ContactSearch) { q.Segment.All = []store.KeyValues{{Key: "s", Values: []string{text}}} },
		"time":    func(q *store.ContactSearch) { q.Also = []store.TimeRange{in(store.TimeConnected, 12, 12)} },
		"method": func(q *store.ContactSearch) {
			q.Methods, q.Queues = []string{k.InitiationMethod}, []center.QueueID{"q"}
		},
	} {
		for _, sort := range []store.ContactSort{{Time: store.TimeInitiated}, {Time: store.TimeEnqueued}, {Method: true}} {
			for _, asked := range [][]store.Said{{of(byCustomer, store.MatchAll, "word")}, {of(byAgent, store.MatchNone, "another")}} {
				q := heard(asked...)
				change(&q)
				q.Sort = sort
				if got := fmt.Sprint(s.search(t, q, names)); got != "[it]" {
					t.Errorf("by %s and %+v, sorted by %+v: %s; want [it]", what, asked, sort, got)
				}
			}
		}
	}
}

func saidOnce(t *testing.T, s *env) {
	const contacts = 40
	for i := range contacts {
		s.talk(t, i, "CUSTOMER", "word")
	}
	done := make(chan error)
	for _, on := range s.Nodes() {
		go func() {
			for {
				if n, err := on.IndexTranscripts(t.Context(), 5); err != nil || n == 0 {
					done <- err
					return
				}
			}
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	q := heard(of(byCustomer, store.MatchAll, "word"))
	if n, err := s.CountContacts(t.Context(), q, 1000); err != nil || n != contacts {
		t.Errorf("%d contacts are found, %v; want %d", n, err, contacts)
	}
}

func saidErased(t *testing.T, s *env) {
	erase := func(id center.ContactID, parts center.Part) {
		t.Helper()
		s.Must(t, &store.Change{Chat: id, Version: s.HeadOf(t, id).Version, Erase: &store.Remove{Parts: parts, Contacts: []center.ContactID{id}}})
	}
	whole, part, kept := s.talk(t, 10, "CUSTOMER", "word"), s.talk(t, 20, "CUSTOMER", "word"), s.talk(t, 30, "CUSTOMER", "word")
	s.index(t)
	late, lateToo := s.talk(t, 40, "CUSTOMER", "word"), s.talk(t, 50, "CUSTOMER", "word")
	for id, parts := range map[center.ContactID]center.Part{whole: center.AllParts, late: center.AllParts, part: center.PartTranscript, lateToo: center.PartTranscript} {
		erase(id, parts)
	}
	record := kit.Contact(part, part, kit.At(20))
	record.Disconnected, record.Updated = kit.At(120), kit.At(130)
	s.Must(t, &store.Change{Chat: part, Contacts: []center.Contact{record}}) // while its rows are still there
	if n := s.index(t); n != 0 {
		t.Errorf("%d contacts were indexed that are being erased", n)
	}
	s.EraseSteps(t, 10)
	record.Updated = kit.At(140)
	s.Must(t, &store.Change{Chat: part, Contacts: []center.Contact{record}})
	s.index(t)
	names := map[center.ContactID]string{whole: "whole", part: "part", kept: "kept", late: "late", lateToo: "late too"}
	if got := fmt.Sprint(s.search(t, heard(of(byCustomer, store.MatchAll, "word")), names)); got != "[kept]" {
		t.Errorf("what is left is %s; want [kept]", got)
	}
	if n := s.talk(t, 60, "CUSTOMER", "word"); n != "" { // which may have the number of one that is gone
		names[n] = "next"
	}
	s.index(t)
	if got := fmt.Sprint(s.search(t, heard(of(byCustomer, store.MatchAll, "word")), names)); got != "[kept next]" {
		t.Errorf("then there is %s; want [kept next]", got)
	}
}

func saidLasts(t *testing.T, s *env) {
	first := s.talk(t, 10, "CUSTOMER", "word")
	s.index(t)
	second := s.talk(t, 20, "CUSTOMER", "word")
	s.Restart(t)
	names := map[center.ContactID]string{first: "first", second: "second"}
	q := heard(of(byCustomer, store.MatchAll, "word"))
	if got := fmt.Sprint(s.search(t, q, names)); got != "[first]" {
		t.Errorf("what was indexed is %s; want [first]", got)
	}
	if n, err := s.Unindexed(t.Context()); err != nil || n != 1 {
		t.Errorf("Unindexed = %d, %v; want 1", n, err)
	}
	s.index(t)
	if got := fmt.Sprint(s.search(t, q, names)); got != "[first second]" {
		t.Errorf("in the end there is %s; want [first second]", got)
	}
}
