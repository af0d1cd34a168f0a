package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/storetest/kit"
)

// grown fills the tables as years do: chats that have ended, with contacts, items, answers and words, and some that go on.
const grown = `
	INSERT INTO chats (n, id, version, instance, active, kept, ended, shard) SELECT nextval('chat_numbers'), 'old-' || g, 1, '%[1]s', false, 7, g, g %% 64 FROM generate_series(1, 6000) AS g;
	INSERT INTO chats (n, id, version, instance, active, kept, due, shard, queue, priority, rank, since) SELECT nextval('chat_numbers'), 'new-' || g, 1, '%[1]s', true, 0, 4000000000000 + g, g %% 64,
		CASE WHEN g %% 10 = 0 THEN 'q' END, 5, g, g FROM generate_series(1, 600) AS g;
	INSERT INTO items (chat, seq, id, time, type, content_type, content, role) SELECT c.n, s, c.n || '-' || s, c.n * 1000 + s, 'MESSAGE', 'text/plain', 'hello', 'CUSTOMER' FROM chats AS c, generate_series(1, 10) AS s;
	INSERT INTO contacts (id, chat, instance, initiated, disconnected, agent, queue, method, record) SELECT id, id, instance, n * 1000, CASE WHEN active THEN NULL ELSE n * 1000 + 500 END, 'u' || n %% 50, 'q' || n %% 20, 'API',
		'{"id":"' || id || '","chat":"' || id || '","instance":"' || instance || '","method":"API","initiated":"2026-03-01T09:00:00Z"}' FROM chats;
	INSERT INTO contact_attributes (instance, name, value, initiated, contact) SELECT instance, 'order', id, initiated, n FROM contacts WHERE disconnected IS NOT NULL;
	INSERT INTO said_docs (contact, chat, instance, initiated, customer_line, customer) SELECT k.n, c.n, k.instance, k.initiated, 'x hello w' || k.n || ' x', ('hello w' || k.n)::tsvector FROM contacts AS k JOIN chats AS c ON c.id = k.chat WHERE NOT c.active;
	INSERT INTO once (key, at, shard, chat) SELECT 'key-' || n, n, n %% 64, id FROM chats;
	INSERT INTO receipts (chat, item, recipient, read) SELECT chat, id, 'r', time FROM items WHERE seq < 3;
	INSERT INTO outbox (stream, chat, instance, endpoint, due, attempts, shard, first) SELECT 's' || g / 20, 'old-' || g / 20, '%[1]s', 'e', 4000000000000, 0, g %% 64, g %% 20 = 0 FROM generate_series(0, 5999) AS g;
	INSERT INTO dead_letters (id, stream, chat, instance, endpoint, attempts, shard) SELECT g, 's', 'c', '%[1]s', 'e', 1, g %% 64 FROM generate_series(100000, 105000) AS g;
	INSERT INTO agents (n, member, version, instance, online, shard) SELECT nextval('agent_numbers'), 'u' || g, 1, '%[1]s', g %% 10 = 0, g %% 64 FROM generate_series(1, 3000) AS g;
	INSERT INTO holdings (instance, member, since, chat, work) SELECT instance, 'u' || n %% 3000, n, n, 'x' FROM chats;
	ANALYZE`

// TestNothingReadsWholeTables does what servers do all the time in a store that has grown: all of it goes by an index.
func TestNothingReadsWholeTables(t *testing.T) {
	database := server.Database(t, template)
	if err := server.Exec(t.Context(), database, fmt.Sprintf(grown, kit.Instance)); err != nil {
		t.Fatal(err)
	}
	before := wholeReads(t, database)
	ctx := t.Context()
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database)})}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 12 { // more than the server takes to settle for a plan
		id := center.ContactID(fmt.Sprint("new-", i+1))
		c := kit.StateChange(id, 1, "x")
		c.Items, c.Once = kit.Items(id, 11, 2), &store.Once{Key: fmt.Sprint("fresh", i), At: kit.Epoch}
		c.Receipts = []center.Receipt{{Chat: id, Item: c.Items[0].ID, Recipient: kit.Agent, Read: kit.Epoch}}
		c.Contacts = []center.Contact{kit.Contact(id, id, kit.Epoch)}
		c.Contacts[0].Disconnected, c.Contacts[0].Attributes = kit.At(9), map[string]string{"order": "7"}
		c.Deliveries = []store.Delivery{kit.Delivery(fmt.Sprint("s", i), 0)}
		c.Quotas = []store.Quota{{Counter: store.ActiveChats(kit.Instance), Delta: -1, Limit: -1}}
		c.State.Held = []store.Holding{{User: "u1", Since: kit.Epoch, Work: "x"}}
		s.Must(t, c)
		s.MustAgent(t, kit.AgentChange(center.UserID(fmt.Sprint("u", i+1)), 1, "x"))
		s.HeadOf(t, id)
		_, err := s.Items(ctx, store.ItemQuery{Chat: id, Before: kit.Epoch, Contact: id})
		must(err)
		_, err = s.Versions(ctx, []center.ContactID{id, "new-50", "nobody"})
		must(err)
		_, err = s.Receipts(ctx, id, []center.ItemID{c.Items[0].ID})
		must(err)
		_, err = s.Replayed(ctx, "key-77")
		must(err)
		_, _, err = s.Due(ctx, kit.Halves[i%2], kit.Epoch, 100)
		must(err)
		due, err := s.Outbox(ctx, kit.Halves[0]|kit.Halves[1], kit.At(1), 100)
		must(err)
		s.MustKeep(t, &store.Chores{Delivered: []int64{int64(i*20 + 1)}, Postponed: due, Dead: []store.Delivery{{ID: int64(i*20 + 2)}}})
		_, err = s.DeadLetters(ctx, store.DeadQuery{Limit: 5})
		must(err)
		_, err = s.Expired(ctx, kit.Instance, center.PartTranscript, time.UnixMilli(30), 10)
		must(err)
		_, err = s.Expiring(ctx, kit.Epoch, 10)
		must(err)
		_, err = s.QueueStatus(ctx, store.QueueQuery{Instance: kit.Instance, QueueEntry: store.QueueEntry{Queue: "q"}})
		must(err)
		for _, err := range s.Orphans(ctx, store.AllShards, nil) {
			must(err)
		}
		for _, err := range s.Waiting(ctx, kit.Instance, "q") {
			must(err)
		}
		for _, err := range s.Held(ctx, kit.Instance, "u5") {
			must(err)
		}
		for _, err := range s.Contacts(ctx, store.ContactQuery{Chat: id}) {
			must(err)
		}
		q := store.ContactSearch{Instance: kit.Instance, Sort: store.ContactSort{Time: store.TimeInitiated}, Descending: true, Limit: 10,
			Range: store.TimeRange{Of: store.TimeInitiated, From: time.UnixMilli(100_000), To: time.UnixMilli(160_000)}}
		for _, narrow := range []func(){func() {}, func() { q.Agents = []center.UserID{"u7"} }, func() { q.Said = []store.Said{{Role: center.RoleCustomer, Texts: []string{"w120"}}} }} {
			narrow()
			_, err = s.SearchContacts(ctx, q)
			must(err)
		}
		_, err = s.IndexTranscripts(ctx, 5)
		must(err)
		s.EraseAll(t, center.ContactID(fmt.Sprint("old-", i+1)), "")
	}
	s.EraseSteps(t, 50)
	must(s.Close())
	for table, n := range wholeReads(t, database) {
		if n != before[table] {
			t.Errorf("the table %s was read as a whole %d times", table, n-before[table])
		}
	}
}

// wholeReads returns how often each large table was read as a whole, as soon as all connections have said what they did, which they do when they end.
func wholeReads(t *testing.T, database string) map[string]int64 {
	t.Helper()
	for rows(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", database)[0][0] != int64(0) {
	}
	reads := map[string]int64{}
	for _, row := range rows(t, database, "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE relname IN ('chats', 'items', 'contacts', 'contact_attributes', 'said_docs', 'once', 'receipts', 'outbox', 'dead_letters', 'agents', 'holdings')") {
		reads[row[0].(string)] = row[1].(int64)
	}
	if len(reads) != 11 {
		t.Fatalf("the tables are %v", reads)
	}
	return reads
}
