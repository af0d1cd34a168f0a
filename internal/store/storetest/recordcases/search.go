package recordcases

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var searchCases = []testCase{
	{Name: "each condition", Run: searchConditions},
	{Name: "each order, in pages", Run: searchOrders},
	{Name: "a walk sees once what stays", Run: searchWalk},
	{Name: "a record that changes is found as it is", Run: searchChanged},
}

// searched makes contacts a to e of an instance, and one of another.
func searched(t *testing.T, s *env) (names map[center.ContactID]string) {
	t.Helper()
	names = map[center.ContactID]string{}
	text := func(s string) center.SegmentAttribute { return center.SegmentAttribute{String: &s} }
	for i, change := range []func(c *center.Contact){
		func(c *center.Contact) {
			c.Agent, c.Queue, c.AgentConnected, c.Enqueued, c.Disconnected = "bo", "q", kit.At(15), kit.At(12), kit.At(90)
			c.Name, c.Attributes = "Lost Parcel", map[string]string{"tier": "Gold", "lang": "fr"}
		},
		func(c *center.Contact) {
			c.Agent, c.Queue, c.AgentConnected, c.Enqueued, c.Disconnected = "cy", "q", kit.At(29), kit.At(22), kit.At(80)
			c.Name, c.Tags = "parcel", map[string]string{"site": "x", "team": "a"}
		},
		func(c *center.Contact) {
			c.Queue, c.Enqueued, c.InitiationMethod = "r", kit.At(31), center.MethodTransfer
			c.SegmentAttrs = map[string]center.SegmentAttribute{"connect:Subtype": text("connect:Guide"), "n": {Integer: new(int64(7))}}
		},
		func(c *center.Contact) { c.Attributes = map[string]string{"tier": "silver", `o"dd]`: "it's"} },
		func(c *center.Contact) {
			c.Agent, c.Tags, c.Sought = "bo", map[string]string{"site": "y"}, []center.UserID{"bo", "di"}
		},
		func(c *center.Contact) { c.Instance, c.Agent = kit.Elsewhere, "bo" },
	} {
		id := kit.NewID()
		c := kit.ChatChange(id, "x")
		c.Contacts = []center.Contact{kit.Contact(id, id, kit.At(10*(i+1)))}
		c.Contacts[0].InitiationMethod = center.MethodAPI
		change(&c.Contacts[0])
		s.Must(t, c)
		names[id] = string(rune('a' + i))
	}
	return names
}

func in(of store.ContactTime, from, to int) store.TimeRange {
	return store.TimeRange{Of: of, From: kit.At(from), To: kit.At(to)}
}

func searchConditions(t *testing.T, s *env) {
	names := searched(t, s)
	kv := func(key string, values ...string) store.KeyValues { return store.KeyValues{Key: key, Values: values} }
	some := func(m store.Match, all ...store.KeyValues) store.Conditions {
		return store.Conditions{All: all, Match: m}
	}
	absent := store.TimeRange{Of: store.TimeDisconnected, Absent: true}
	for want, list := range map[string][]func(q *store.ContactSearch){
		"[a b c d e]": {func(*store.ContactSearch) {}, func(q *store.ContactSearch) { q.AlsoAs, q.Attributes.Match = store.MatchAny, store.MatchNone }},
		"[b c d]":     {func(q *store.ContactSearch) { q.Range = in(store.TimeInitiated, 20, 40) }},
		"[a b]": {
			func(q *store.ContactSearch) { q.Range = in(store.TimeDisconnected, 80, 90) },
			func(q *store.ContactSearch) { q.Range = in(store.TimeConnected, 0, 99) },
			func(q *store.ContactSearch) { q.Range = in(store.TimeEnqueued, 12, 22) },
			func(q *store.ContactSearch) { q.Queues = []center.QueueID{"q", "none"} },
			func(q *store.ContactSearch) { q.Name = []string{"PARCEL"} },
			func(q *store.ContactSearch) { q.Name, q.NameAs = []string{"lost", "parcel"}, store.MatchAny },
		},
		"[c d e]": {
			func(q *store.ContactSearch) { q.Also = []store.TimeRange{absent} },
			func(q *store.ContactSearch) { q.Name, q.NameAs = []string{"lost", "parcel"}, store.MatchNone },
		},
		"[a]": {
			func(q *store.ContactSearch) { q.Name = []string{"parcel", "lost"} },
			func(q *store.ContactSearch) {
				q.Attributes = some(store.MatchAll, kv("tier", "bronze", "gold"), kv("lang", "fr"))
			},
			func(q *store.ContactSearch) { q.Also = []store.TimeRange{in(store.TimeConnected, 0, 20)} },
		},
		"[b]": {
			func(q *store.ContactSearch) { q.Name, q.NameAs = []string{"Parcel"}, store.MatchExact },
			func(q *store.ContactSearch) { q.Tags = some(store.MatchAll, kv("site", "x"), kv("team")) },
			func(q *store.ContactSearch) { q.Agents, q.Queues = []center.UserID{"cy"}, []center.QueueID{"q"} },
		},
		"[c]": {
			func(q *store.ContactSearch) { q.Methods = []string{center.MethodTransfer} },
			func(q *store.ContactSearch) {
				q.Segment = some(store.MatchAll, kv("connect:Subtype", "CONNECT:GUIDE"), kv("n", "7"))
			},
		},
		"[e]": {func(q *store.ContactSearch) {
			q.Sought = []store.SoughtAgents{{Agents: []center.UserID{"bo", "di"}}, {Agents: []center.UserID{"bo", "cy"}, Match: store.MatchAny}, {Agents: []center.UserID{"ed"}, Match: store.MatchNone}}
		}},
		"[d]": {func(q *store.ContactSearch) { q.Attributes = some(store.MatchAll, kv(`o"dd]`, "it's")) }},
		"[a d]": {func(q *store.ContactSearch) {
			q.Attributes = some(store.MatchAny, kv("tier", "gold"), kv("tier", "silver"))
		}},
		"[b e]": {
			func(q *store.ContactSearch) {
				q.TagsAny = []store.Conditions{some(store.MatchAll, kv("site", "y")), some(store.MatchAll, kv("site", "x"), kv("team", "a"))}
			},
			func(q *store.ContactSearch) { q.Tags = some(store.MatchAll, kv("site")) },
		},
		"[b c e]": {func(q *store.ContactSearch) {
			q.Attributes = some(store.MatchNone, kv("tier", "gold"), kv("tier", "silver"))
		}},
		"[a e]": {func(q *store.ContactSearch) { q.Agents = []center.UserID{"bo"} }},
		"[a c d e]": {func(q *store.ContactSearch) {
			q.Also, q.AlsoAs = []store.TimeRange{absent, in(store.TimeConnected, 0, 20)}, store.MatchAny
		}},
		"[]": {
			func(q *store.ContactSearch) { q.Range = in(store.TimeScheduled, 0, 99) },
			func(q *store.ContactSearch) { q.Agents = []center.UserID{} },
			func(q *store.ContactSearch) { q.Instance = "none" },
			func(q *store.ContactSearch) {
				q.Also, q.AlsoAs = []store.TimeRange{absent, in(store.TimeInitiated, 0, 99)}, store.MatchNone
			},
		},
		"[f]": {func(q *store.ContactSearch) { q.Instance = kit.Elsewhere }},
	} {
		for i, change := range list {
			q := store.ContactSearch{Instance: kit.Instance, Range: in(store.TimeInitiated, 0, 99), Sort: store.ContactSort{Time: store.TimeInitiated}, Limit: 9}
			change(&q)
			if got := fmt.Sprint(s.search(t, q, names)); got != want {
				t.Errorf("search %d for %s (%+v) gives %s", i, want, q, got)
			}
		}
	}
}

// search returns the names of what is found, which is as many as are counted.
func (s *env) search(t *testing.T, q store.ContactSearch, names map[center.ContactID]string) []string {
	t.Helper()
	found, err := s.SearchContacts(t.Context(), q)
	if err != nil {
		t.Fatalf("SearchContacts(%+v): %v", q, err)
	}
	list := []string{}
	for _, c := range found {
		list = append(list, names[c.ID])
	}
	if n, err := s.CountContacts(t.Context(), q, 1000); err != nil || int(n) != len(list) && len(list) < q.Limit && q.After == nil {
		t.Errorf("CountContacts(%+v) = %d, %v; want %d", q, n, err, len(list))
	}
	return list
}

func searchOrders(t *testing.T, s *env) {
	names := searched(t, s)
	by := func(of store.ContactTime) store.ContactSort { return store.ContactSort{Time: of} }
	for _, c := range []struct {
		sort store.ContactSort
		want string // those that have nothing to be sorted by come first, by id
	}{
		{by(store.TimeInitiated), "[a b c d e]"}, {by(store.TimeDisconnected), "[- - - b a]"}, {by(store.TimeConnected), "[- - - a b]"}, {by(store.TimeEnqueued), "[- - a b c]"},
		{by(store.TimeScheduled), "[- - - - -]"}, {store.ContactSort{Method: true}, "[- - - - c]"},
	} {
		for _, descending := range []bool{false, true} {
			var got []string
			q := store.ContactSearch{Instance: kit.Instance, Range: in(store.TimeInitiated, 0, 99), Sort: c.sort, Descending: descending, Limit: 2}
			for {
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
			whole := slices.Sorted(slices.Values(got))
			for i := range got {
				if i < len(c.want)/2 && c.want[1+2*i] == '-' {
					got[i] = "-"
				}
			}
			if fmt.Sprint(got) != c.want || fmt.Sprint(whole) != "[a b c d e]" {
				t.Errorf("by %+v (descending %v) come %v, %v; want %s", c.sort, descending, got, whole, c.want)
			}
		}
	}
}

func searchWalk(t *testing.T, s *env) {
	names := searched(t, s)
	q := store.ContactSearch{Instance: kit.Instance, Range: in(store.TimeInitiated, 0, 99), Sort: store.ContactSort{Time: store.TimeInitiated}, Descending: true, Limit: 2}
	var got []string
	for len(got) < 5 {
		found, err := s.SearchContacts(t.Context(), q)
		if err != nil || len(found) == 0 {
			t.Fatalf("after %v come %v, %v", got, found, err)
		}
		for i := range found {
			got = append(got, names[found[i].ID])
			q.After = &found[i].Key
		}
		id := kit.NewID() // begins behind the walk, which goes backwards
		c := kit.ChatChange(id, "x")
		c.Contacts = []center.Contact{kit.Contact(id, id, kit.At(95))}
		s.Must(t, c)
	}
	if fmt.Sprint(got) != "[e d c b a]" {
		t.Errorf("a walk saw %v", got)
	}
}

func searchChanged(t *testing.T, s *env) {
	id := kit.NewID()
	c := kit.ChatChange(id, "x")
	c.Contacts = []center.Contact{kit.Contact(id, id, kit.At(10))}
	s.Must(t, c)
	names := map[center.ContactID]string{id: "a"}
	q := store.ContactSearch{Instance: kit.Instance, Range: in(store.TimeDisconnected, 0, 99), Sort: store.ContactSort{Time: store.TimeDisconnected}, Agents: []center.UserID{"bo"}, Limit: 9}
	if got := s.search(t, q, names); len(got) != 0 {
		t.Errorf("found before the end: %v", got)
	}
	c.Contacts[0].Disconnected, c.Contacts[0].Agent = kit.At(20).Add(999*time.Microsecond), "bo"
	s.Must(t, &store.Change{Chat: id, Contacts: c.Contacts})
	if got := s.search(t, q, names); len(got) != 1 {
		t.Errorf("found after the end: %v", got)
	}
	c.Contacts[0].Disconnected, c.Contacts[0].Agent = time.Time{}, ""
	s.Must(t, &store.Change{Chat: id, Contacts: c.Contacts})
	if got := s.search(t, q, names); len(got) != 0 {
		t.Errorf("found when neither is so any more: %v", got)
	}
	q.Range, q.Sort.Time, q.Agents = in(store.TimeInitiated, 0, 99), store.TimeInitiated, nil
	for i, tier := range []string{"gold", "silver", "", "gold", "silver", ""} {
		if i == 3 { // while the contact goes on, and when it is over
			c.Contacts[0].Disconnected = kit.At(21)
		}
		c.Contacts[0].Attributes = map[string]string{"tier": tier, "lang": "fr"}
		if tier == "" {
			c.Contacts[0].Attributes = nil
		}
		s.Must(t, &store.Change{Chat: id, Contacts: c.Contacts})
		for _, asked := range []string{"gold", "silver"} {
			q.Attributes.All = []store.KeyValues{{Key: "tier", Values: []string{asked}}}
			if got := s.search(t, q, names); len(got) == 1 != (asked == tier) {
				t.Errorf("the contact is over: %v; the tier is %q; searched for %s is %v", i >= 3, tier, asked, got)
			}
		}
	}
	for _, customer := range []string{"Ana", "ana", "bea", ""} { // of a contact that is over
		c.Contacts[0].CustomerID = customer
		s.Must(t, &store.Change{Chat: id, Contacts: c.Contacts})
		for _, asked := range []string{"ana", "bea"} {
			q.Attributes.All = []store.KeyValues{{Key: store.CustomerKey, Values: []string{asked}}}
			if got := s.search(t, q, names); len(got) == 1 != strings.EqualFold(asked, customer) {
				t.Errorf("the customer is %q; searched for %s is %v", customer, asked, got)
			}
		}
	}
}
