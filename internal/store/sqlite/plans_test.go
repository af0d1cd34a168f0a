package sqlite

import (
	"context"
	"database/sql/driver"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// indexes are those by which the lists of work are read, by a part of the query.
var indexes = map[string]string{
	"AND active = 1": "COVERING INDEX chats_active (instance=?)", "AND queue = ?": "COVERING INDEX chats_queue (instance=? AND queue=?)",
	"FROM chats WHERE due IS NOT NULL": "INDEX chats_due", "WHERE workers IS NOT NULL": "INDEX chats_workers", "FROM uploads WHERE expires": "INDEX uploads_expires",
	"WHERE name BETWEEN": "USING PRIMARY KEY (name>? AND name<?)", "FROM outbox WHERE first = 1": "INDEX outbox_ready", "key FROM once WHERE": "INDEX once_at", "FROM json_each": "INDEX sqlite_autoindex_chats_1 (id=?)",
	"CROSS JOIN tokens": "SEARCH tokens USING PRIMARY KEY (chat=? AND token=? AND participant=? AND file=?)", "participant, type = 'ATTACHMENT'": "INDEX items_seq (chat=?)",
	"FROM agents WHERE due": "INDEX agents_due", "FROM agents WHERE instance": "INDEX agents_instance (instance=? AND user>?)", "FROM agents WHERE online": "INDEX agents_online (instance=? AND user>?)",
	"FROM agents WHERE user": "INDEX sqlite_autoindex_agents_1 (user=?)", "FROM holdings WHERE chat": "INDEX holdings_chat (chat=?)",
	"h.user = ?": "h USING PRIMARY KEY (instance=? AND user=? AND (since,chat,work)>(?,?,?))", "(h.user, h.since": "h USING PRIMARY KEY (instance=? AND (user,since,chat,work)>(?,?,?,?))",
	"DELETE FROM holdings WHERE instance": "INDEX holdings_chat (chat=? AND instance=? AND user=? AND since=? AND work=?)",
	"CROSS JOIN agents AS a":              "INDEX agents_instance (instance=?)", "CROSS JOIN outbox AS d": "INDEX outbox_agents (instance=?)", "CROSS JOIN dead_letters AS d": "INDEX dead_agents (instance=?)",
	"FROM said_due AS d CROSS": "SEARCH k USING INTEGER PRIMARY KEY (rowid=?)", "FROM said_docs WHERE contact": "said_docs_1 (contact=?)", "FROM said_docs WHERE chat": "INDEX said_docs_chat (chat=?)",
	"max(doc)": "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "AND processing IS NULL": "INDEX items_seq (chat=? AND seq>? AND seq<?)", "DELETE FROM said WHERE": "said VIRTUAL TABLE INDEX 0:=",
	"time FROM items": "INDEX items_seq (chat=? AND seq>?)", "processing FROM items": "INDEX items_seq (chat=? AND seq>? AND seq<?)",
}

// Nothing that a server does all the time reads a whole table or sorts: every
// statement that the methods of the store prepare finds its rows by an index.
func TestQueriesUseIndexes(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, now := t.Context(), epoch.Add(time.Hour)
	id := center.NewContactID(epoch)
	user := center.UserID(id) // of the same shard
	if err := submit(s, &store.Change{
		Chat: id, State: &store.Head{Instance: "i", Due: epoch, Workers: []string{"dead"}, Active: true, Held: []store.Holding{{User: user, Work: "offered"}}},
		Items: []center.Item{item(1, "text")}, Contacts: []center.Contact{{ID: id, Chat: id, Initiated: epoch}},
		Deliveries: []store.Delivery{{Stream: "s", Chat: id, Due: epoch}, {Stream: "s", Chat: id, Due: epoch}},
		Uploads:    []store.Upload{{ID: "u", Chat: id, Expires: epoch}}, Once: &store.Once{Key: "k", At: epoch},
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	for _, c := range []*store.AgentChange{
		{User: user, State: &store.AgentHead{Instance: "i", Due: epoch, Online: true}, Deliveries: []store.Delivery{{Stream: "u", Instance: "i"}}},
		{User: user, Version: 1, State: &store.AgentHead{Instance: "i", Due: epoch, Online: true}},
		{User: "v", State: &store.AgentHead{Instance: "i"}}, {User: "v", Version: 1, Gone: true},
	} {
		s.SubmitAgent(c, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if err := s.wait(ctx, entry{job: func(w *writer) error { w.chats.clear(); w.agents.clear(); return nil }}); err != nil {
		t.Fatal(err)
	}
	if err := submit(s, &store.Change{Chat: id, Version: 1, State: &store.Head{Instance: "i", Due: epoch, Workers: []string{"dead"}, Active: true, Held: []store.Holding{{User: user, Work: "talks"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Agent(ctx, user); err != nil {
		t.Fatal(err)
	}
	for of, online := range map[center.UserID]bool{"": false, user: true} {
		n := 0
		for _, err := range s.Held(ctx, "i", of) {
			n++
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range s.Agents(ctx, "i", online) {
			n++
			if err != nil {
				t.Fatal(err)
			}
		}
		if n != 2 {
			t.Errorf("there are %d agents and holdings; want one each", n)
		}
	}
	for _, shards := range []store.Shards{store.AllShards, 1 << store.ShardOf(id)} {
		check := func(rows int, err error) {
			t.Helper()
			if rows == 0 || err != nil {
				t.Errorf("a query gave %d rows, %v", rows, err)
			}
		}
		due, _, err := s.Due(ctx, shards, now, 9)
		check(len(due), err)
		uploads, err := s.Uploads(ctx, shards, now, 9)
		check(len(uploads), err)
		outbox, err := s.Outbox(ctx, shards, now, 9)
		check(len(outbox), err)
		over, err := s.Overflow(ctx, shards, 1, 9)
		check(len(over), err)
		versions, err := s.Versions(ctx, []center.ContactID{id, "unknown"})
		check(len(versions), err)
		for _, err := range s.Orphans(ctx, shards, nil) {
			check(1, err)
		}
		agents, _, err := s.DueAgents(ctx, shards, now, 9)
		check(len(agents), err)
		items, err := s.Items(ctx, store.ItemQuery{Chat: id, Before: now, After: epoch, Contact: id})
		check(len(items), err)
	}
	long := &store.Change{Chat: id}
	for seq := range int64(store.RecentItems) {
		long.Items = append(long.Items, item(seq+2, "text"))
	}
	long.Items[0].ClientToken, long.Items[0].Participant = "token", "p"
	if err := submit(s, long); err != nil {
		t.Fatal(err)
	}
	if sent, err := s.Sent(ctx, id, store.SentQuery{Participant: "p", ClientToken: "token"}); err != nil || sent.ID != long.Items[0].ID {
		t.Errorf("Sent = %v, %v", sent, err)
	}
	if err := s.Keep(ctx, &store.Chores{Dead: []store.Delivery{{ID: 1}}, Delivered: []int64{2}, Settled: []string{"u"}}); err != nil {
		t.Fatal(err)
	}
	said := item(store.RecentItems+2, "text")
	said.Chat, said.Contact, said.Type, said.Role, said.ContentType = id, id, center.TypeMessage, center.RoleCustomer, center.PlainText
	if err := submit(s, &store.Change{Chat: id, Items: []center.Item{said}, Contacts: []center.Contact{{ID: id, Chat: id, Initiated: epoch, Disconnected: now}}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.IndexTranscripts(ctx, 9); err != nil || n != 1 {
		t.Errorf("%d contacts were indexed, %v", n, err)
	}
	if err := submit(s, &store.Change{Chat: id, Version: 2, Erase: &store.Remove{Parts: center.PartTranscript}}); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = s.EraseRows(ctx, 9999); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Claim(ctx, "node", now, time.Minute, "work"); err != nil {
		t.Fatal(err)
	}
	if leases, err := s.Leases(ctx, "work"); err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	if err := s.PutErasure(ctx, store.Erasure{ID: "e", Instance: "i", By: store.ByInstance, Asked: now}, nil); err != nil {
		t.Fatal(err)
	}
	if more, err := s.EraseRows(ctx, 9); err != nil || more {
		t.Fatal(more, err)
	}
	if err := s.Purge(ctx, store.AllShards, now, 0); err != nil {
		t.Fatal(err)
	}
	for _, counter := range []store.Counter{store.ActiveChats("i"), store.QueuedChats("i", "q")} {
		if _, err := s.Count(ctx, counter); err != nil {
			t.Fatal(err)
		}
	}
	checkPlans(t, s, indexes)
}

// checkPlans checks that every statement that a store in memory has prepared finds its rows by an index, and
// those that have a part in them by the one that is named for it.
func checkPlans(t *testing.T, s *Store, indexes map[string]string) {
	t.Helper()
	c, err := s.pool.get(t.Context(), ourselves) // the one connection, which has prepared all statements
	if err != nil {
		t.Fatal(err)
	}
	defer s.pool.put(c, ourselves)
	for _, sql := range slices.Collect(maps.Keys(c.Stmts)) {
		verb, _, _ := strings.Cut(sql, " ")
		if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) || strings.Contains(sql, "sqlite_schema") {
			continue
		}
		var steps []string
		if err := c.Query(func(r row) error {
			step := r.Text(3)
			steps = append(steps, step)
			scans := strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX") && !strings.HasPrefix(step, "SCAN wanted")
			if step == "SCAN leases" || step == "SCAN d" && strings.Contains(sql, "said_due") || strings.HasPrefix(step, "SCAN said VIRTUAL TABLE INDEX 0:=") { // a handful, once an hour; a list of work, from its end; one row
				return nil
			}
			if scans || strings.Contains(step, "TEMP B-TREE") && !strings.Contains(sql, "ORDER BY o.id DESC") { // those of one chat's streams
				t.Errorf("%s\nis done by %s", sql, step)
			}
			return nil
		}, "EXPLAIN QUERY PLAN "+sql, make([]any, strings.Count(sql, "?"))...); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		for part, index := range indexes {
			if strings.Contains(sql, part) && !strings.Contains(strings.Join(steps, "; "), index) {
				t.Errorf("%s\nis done by %q; want it to use %s", sql, steps, index)
			}
		}
	}
}

// counted is a statement that counts how often it runs.
type counted struct {
	sqlconn.Statement
	runs int
}

func (s *counted) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.runs++
	return s.Statement.QueryContext(ctx, args)
}

// A part of a transcript is found by time and by contact without reading what lies
// before it: bounds are narrowed to the items, by one look for each doubling of the length.
func TestPartsOfTranscriptsAreNotScannedFor(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const length = 5000
	id, second := center.NewContactID(epoch), center.NewContactID(epoch)
	c := &store.Change{Chat: id, State: &store.Head{Instance: "i", Active: true}, Contacts: []center.Contact{
		{ID: id, Chat: id, Initiated: epoch}, {ID: second, Chat: id, Initiated: epoch.Add(time.Hour)},
	}}
	at := func(seq int64) time.Time { return epoch.Add(time.Duration(seq) * time.Second) }
	for seq := range int64(length) {
		it := item(seq+1, "text")
		it.Chat, it.Contact, it.Time = id, id, at(seq+1)
		if seq+1 >= 3600 {
			it.Contact = second
		}
		c.Items = append(c.Items, it)
	}
	if err := submit(s, c); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		q     store.ItemQuery
		want  span
		looks int
	}{
		{"all of it needs no look", store.ItemQuery{From: 7}, span{7, math.MaxInt64}, 0},
		{"from a time on", store.ItemQuery{After: at(4000)}, span{4000, length}, 13},
		{"up to a time", store.ItemQuery{Before: at(42)}, span{1, 42}, 13},
		{"between two times", store.ItemQuery{After: at(42), Before: at(43)}, span{42, 43}, 26},
		{"before the first", store.ItemQuery{Before: at(0)}, span{1, 0}, 13},
		{"after the last", store.ItemQuery{After: at(length + 1)}, span{length + 1, length}, 13},
		{"the first contact", store.ItemQuery{Contact: id}, span{1, 3599}, 26},
		{"the second contact", store.ItemQuery{Contact: second}, span{3600, length}, 26},
	} {
		if err := s.read(t.Context(), ourselves, func(conn *conn) error {
			byTime, byContact := &counted{}, &counted{}
			for sql, s := range map[string]*counted{timeAt: byTime, contactAt: byContact} {
				if _, err := conn.First(sql, int64(0), int64(0)); err != nil {
					return err
				}
				s.Statement = conn.Stmts[sql]
				conn.Stmts[sql] = s
				defer func() { conn.Stmts[sql] = s.Statement }()
			}
			n, err := conn.chatNumber(id)
			if err != nil {
				return err
			}
			c.q.Chat = id
			got, err := conn.narrow(n, &c.q)
			if looks := byTime.runs + byContact.runs; got != c.want || looks > c.looks {
				t.Errorf("%s: %+v after %d looks; want %+v after at most %d", c.name, got, looks, c.want, c.looks)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLimitsKeepStatementsCompiled: see [sqlconn.Conn.Query].
func TestLimitsKeepStatementsCompiled(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	bare, found := regexp.MustCompile(`LIMIT \?\d*[^\d+]`), 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found += strings.Count(string(text), "LIMIT ?")
		if at := bare.FindIndex(text); at != nil && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s has a limit that is a parameter alone: %.40s", file, text[at[0]:])
		}
	}
	if found < 10 {
		t.Errorf("%d limits are bound; there are more", found)
	}
}
