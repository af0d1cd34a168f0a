package sqlite

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/process/cputest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/rules"
	"parley.example/parley/internal/store/sqlite/contactsql"
	"parley.example/parley/internal/store/sqlite/datadir"
)

// Searches find contacts by an index of what is asked for, and sort nothing that an index has in order.
func TestSearchesUseIndexes(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	within := func(of store.ContactTime) store.ContactSearch {
		return store.ContactSearch{Instance: "i", Range: store.TimeRange{Of: of, From: epoch, To: epoch}, Sort: store.ContactSort{Time: of}, Limit: 1, After: &store.ContactKey{ID: "x"}}
	}
	agents, queues, attributes := within(store.TimeInitiated), within(store.TimeInitiated), within(store.TimeInitiated)
	attributes.Attributes.All = []store.KeyValues{{Key: "k", Values: []string{"v"}}}
	heard := within(store.TimeInitiated)
	heard.Said = []store.Said{{Role: center.RoleCustomer, Texts: []string{"word", "another"}}}
	queued := heard
	queued.Queues = []center.QueueID{"q"}
	agents.Agents, queues.Queues = []center.UserID{"u"}, []center.QueueID{"q"}
	for want, q := range map[string]store.ContactSearch{
		"contacts_initiated (instance=? AND initiated>? AND initiated<?)":                                                     within(store.TimeInitiated),
		"contacts_disconnected (instance=? AND disconnected>? AND disconnected<?)":                                            within(store.TimeDisconnected),
		"contacts_enqueued (instance=? AND enqueued>? AND enqueued<?)":                                                        within(store.TimeEnqueued),
		"contacts_connected (instance=? AND agent_connected>? AND agent_connected<?)":                                         within(store.TimeConnected),
		"contacts_agent (instance=? AND agent=? AND ":                                                                         agents,
		"contacts_queue (instance=? AND queue=? AND ":                                                                         queues,
		"\nSEARCH contact_attributes USING PRIMARY KEY (instance=? AND name=? AND value=? AND initiated>? AND initiated<?)\n": attributes,
		"\nSEARCH c USING INDEX chats_active (instance=?)\nSEARCH k USING INDEX contacts_chat (chat=?)\n":                     attributes,
		"\nSEARCH d USING INTEGER PRIMARY KEY (rowid=?)\nSEARCH contacts USING INTEGER PRIMARY KEY (rowid=?)":                 queued,
	} {
		sorts := q.Attributes.All != nil || q.Agents != nil || q.Queues != nil && q.Said == nil
		for _, statement := range []func(*store.ContactSearch) (string, []any){contactsql.Search, func(q *store.ContactSearch) (string, []any) { return contactsql.Count(q, 1000) }} {
			sql, args := statement(&q)
			var plan []string
			if err := s.read(t.Context(), ourselves, func(c *conn) error {
				return c.QueryOnce(func(r row) error { plan = append(plan, r.Text(3)); return nil }, "EXPLAIN QUERY PLAN "+sql, args...)
			}); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(plan, "\n")
			if !strings.Contains(got, want) || !sorts && strings.Contains(got, "TEMP B-TREE") {
				t.Errorf("%s\nis planned as\n%s\nwant %s", sql, got, want)
			}
		}
	}
}

// Data of the format before has attributes of contacts that go on in the index: they would be found by what they were.
func TestUpgradeTakesAttributesOutOfTheIndex(t *testing.T) {
	dir := older(t, 14, `INSERT INTO chats (n, id, instance, version, active) VALUES (1, 'a', 'i', 1, 1), (2, 'b', 'i', 1, 0);
		INSERT INTO contacts (n, id, chat, instance, initiated, disconnected, record) VALUES
			(1, 'a', 'a', 'i', 1, NULL, '{"id":"a","attributes":{"tier":"gold"}}'), (2, 'b', 'b', 'i', 1, 2, '{"id":"b","attributes":{"tier":"gold"}}');
		INSERT INTO contact_attributes (instance, name, value, initiated, contact) VALUES ('i', 'tier', 'gold', 1, 1), ('i', 'tier', 'gold', 1, 2);`)
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := look(t, filepath.Join(dir, datadir.DatabaseName), "SELECT group_concat(contact) FROM contact_attributes").Text(0); got != "2" {
		t.Errorf("the index has %s; want only what is over, 2", got)
	}
}

// Contacts of before are found by how they began.
func TestMigratesMethods(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: older(t, 14, `INSERT INTO contacts (id, chat, instance, initiated, record) VALUES
		('a', 'a', 'i', 1, '{"id":"a","method":"API"}'), ('b', 'a', 'i', 2, '{"id":"b","method":"TRANSFER"}'), ('c', 'c', 'i', 3, 'damaged')`)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found, err := s.SearchContacts(t.Context(), store.ContactSearch{
		Instance: "i", Range: store.TimeRange{Of: store.TimeInitiated, From: time.UnixMilli(0), To: time.UnixMilli(9)}, Methods: []string{center.MethodTransfer},
		Sort: store.ContactSort{Method: true}, Limit: 9,
	})
	if err != nil || len(found) != 1 || found[0].ID != "b" || found[0].Key.Text != center.MethodTransfer {
		t.Errorf("SearchContacts = %+v, %v; want b", found, err)
	}
}

// Counting what was said reads documents, and contacts only at the ends of the range.
func TestCountingReadsDocumentsAlone(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sql, args := contactsql.Count(&store.ContactSearch{
		Instance: "i", Range: store.TimeRange{Of: store.TimeInitiated, From: epoch, To: epoch}, Sort: store.ContactSort{Time: store.TimeInitiated},
		Said: []store.Said{{Role: center.RoleCustomer, Texts: []string{"word"}}},
	}, 1000)
	var plan []string
	if err := s.read(t.Context(), ourselves, func(c *conn) error {
		return c.QueryOnce(func(r row) error { plan = append(plan, r.Text(3)); return nil }, "EXPLAIN QUERY PLAN "+sql, args...)
	}); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(plan, "\n")
	for _, want := range []string{"SCAN said VIRTUAL TABLE INDEX", "SEARCH said_docs USING COVERING INDEX sqlite_autoindex_said_docs_1 (contact=?)", "CORRELATED SCALAR SUBQUERY 7\nSEARCH d USING INTEGER PRIMARY KEY (rowid=?)\nSEARCH contacts USING"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nis planned as\n%s\nwant %s", sql, got, want)
		}
	}
}

// benchContacts is how many contacts [BenchmarkSearchContacts] searches among, unless PARLEY_BENCH_CONTACTS says
// otherwise, up to some millions.
const benchContacts = 20_000

// BenchmarkSearchContacts searches among contacts of one instance, 1,000 of each agent, 10,000 of each queue, and of 100 days, in each of
// which 23 words were said: some in all of them, some in few. Each search has its count and its first page, and is from a cold start: the store is opened
// for each. It reports the 95th percentile of the time, by the clock and of the processor, and those of a probe. PARLEY_BENCH_DIR names a directory that the contacts are
// kept in from one run to the next: with -benchtime 1x each run is then a new process.
func BenchmarkSearchContacts(b *testing.B) {
	n := benchContacts
	if text := os.Getenv("PARLEY_BENCH_CONTACTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1000 || n > 5_000_000 {
			b.Fatalf("PARLEY_BENCH_CONTACTS is %q; want a number of contacts from 1,000 to 5,000,000", text)
		}
	}
	dir := cmp.Or(os.Getenv("PARLEY_BENCH_DIR"), b.TempDir())
	s, err := Open(b.Context(), Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { s.Close() }()
	ever := store.ContactSearch{
		Instance: "i", Range: store.TimeRange{Of: store.TimeInitiated, From: epoch, To: epoch.Add(100 * 24 * time.Hour)},
		Sort: store.ContactSort{Time: store.TimeInitiated}, Descending: true, Limit: 101,
	}
	there, err := s.CountContacts(b.Context(), ever, int64(n))
	if err != nil {
		b.Fatal(err)
	}
	agents, queues := max(n/1000, 10), max(n/10_000, 10)
	step := 100 * 24 * time.Hour / time.Duration(n)
	for from := int(there); from < n; from += 10_000 {
		if err := s.wait(b.Context(), entry{job: func(w *writer) error {
			for i := from; i < min(from+10_000, n); i++ {
				at := epoch.Add(time.Duration(i) * step)
				id := center.NewContactID(at)
				if err := w.writeContact(&center.Contact{
					ID: id, Chat: id, Instance: "i", InitiationMethod: center.MethodAPI, Initiated: at, Enqueued: at.Add(time.Second), AgentConnected: at.Add(time.Minute), Disconnected: at.Add(time.Hour),
					Agent: center.UserID(fmt.Sprint("agent-", i%agents)), Queue: center.QueueID(fmt.Sprint("queue-", i%queues)), Name: "a contact",
					Attributes: map[string]string{"order": fmt.Sprint(i), "tier": fmt.Sprint(i % 5)},
				}); err != nil {
					return err
				}
				d := &document{contact: int64(i + 1), chat: int64(i + 1), instance: "i", initiated: at.UnixMilli()}
				rules.Say(&d.said[0], center.PlainText, fmt.Sprintf("hello my order is number %d and the parcel of week w%d", i, i%50))
				rules.Say(&d.said[1], center.PlainText, "how can I help you today "+fmt.Sprintf("word%d ", i*i%9973)+fmt.Sprint("said ", i%977, " goodbye ", i%31))
				if err := w.conn.writeSaid(d); err != nil {
					return err
				}
			}
			return nil
		}}); err != nil {
			b.Fatal(err)
		}
	}
	reopen := func() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if s, err = Open(b.Context(), Options{Dir: dir}); err != nil {
			b.Fatal(err)
		}
	}
	heard := func(role center.Role, match store.Match, texts ...string) func(q *store.ContactSearch) {
		return func(q *store.ContactSearch) { q.Said = []store.Said{{Role: role, Texts: texts, Match: match}} }
	}
	day := ever
	day.Range.From = epoch.Add(99 * 24 * time.Hour)
	for name, c := range map[string]struct {
		q      store.ContactSearch
		change func(q *store.ContactSearch)
	}{
		"a day":          {day, func(*store.ContactSearch) {}},
		"an agent's day": {day, func(q *store.ContactSearch) { q.Agents = []center.UserID{"agent-7"} }},
		"an agent, ever": {ever, func(q *store.ContactSearch) { q.Agents = []center.UserID{"agent-7"} }},
		"a queue's day by its end": {day, func(q *store.ContactSearch) {
			q.Queues = []center.QueueID{"queue-7"}
			q.Sort.Time = store.TimeDisconnected
		}},
		"by what ended in a day": {day, func(q *store.ContactSearch) { q.Range.Of, q.Sort.Time = store.TimeDisconnected, store.TimeDisconnected }},
		"by an attribute in a day": {day, func(q *store.ContactSearch) {
			q.Attributes.All = []store.KeyValues{{Key: "order", Values: []string{fmt.Sprint(n - 9)}}}
		}},
		"everything, of which one page": {ever, func(*store.ContactSearch) {}},
		"by an attribute, ever": {ever, func(q *store.ContactSearch) {
			q.Attributes.All = []store.KeyValues{{Key: "order", Values: []string{fmt.Sprint(n - 9)}}}
		}},
		"a rare word, ever":                {ever, heard(center.RoleCustomer, store.MatchAll, fmt.Sprint(n-9))},
		"a common word, ever":              {ever, heard(center.RoleCustomer, store.MatchAll, "parcel")},
		"a common phrase, ever":            {ever, heard(center.RoleCustomer, store.MatchExact, "my order")},
		"a phrase that nobody said, ever":  {ever, heard(center.RoleCustomer, store.MatchExact, "order parcel")},
		"a common and a seldom word, ever": {ever, heard(center.RoleCustomer, store.MatchAll, "parcel", "w7")},
		"a word of a day":                  {day, heard(center.RoleAgent, store.MatchAny, "help")},
		"without a word, in a day":         {day, heard(center.RoleCustomer, store.MatchNone, "w7")},
		"an agent's day with a word": {day, func(q *store.ContactSearch) {
			q.Agents = []center.UserID{"agent-7"}
			heard(center.RoleCustomer, store.MatchAll, "parcel")(q)
		}},
		"a seldom word by the end, in a day": {day, func(q *store.ContactSearch) {
			heard(center.RoleCustomer, store.MatchAll, "w7")(q)
			q.Sort.Time = store.TimeDisconnected
		}},
		"a day's names": {day, func(q *store.ContactSearch) { q.Name = []string{"contact"} }},
		"a day's methods, by method": {day, func(q *store.ContactSearch) {
			q.Methods, q.Sort = []string{center.MethodAPI}, store.ContactSort{Method: true}
		}},
		"a day's tags": {day, func(q *store.ContactSearch) {
			q.Tags.Match, q.Tags.All = store.MatchNone, []store.KeyValues{{Key: "k", Values: []string{}}}
		}},
		"by what was queued in a day": {day, func(q *store.ContactSearch) { q.Range.Of, q.Sort.Time = store.TimeEnqueued, store.TimeEnqueued }},
	} {
		b.Run(name, func(b *testing.B) {
			q := c.q
			c.change(&q)
			var cold cputest.Times
			for b.Loop() {
				reopen()
				cold.Measure(func() {
					n, err := s.CountContacts(b.Context(), q, 10_000)
					if err != nil {
						b.Fatal(err)
					}
					var found []store.FoundContact
					if n > 0 { // as connectapi does it
						found, err = s.SearchContacts(b.Context(), q)
					}
					if err != nil || n == 0 != strings.Contains(name, "nobody") || len(found) != int(min(n, 101)) {
						b.Fatal(n, len(found), err)
					}
				})
			}
			cold.Report(b)
		})
	}
}
