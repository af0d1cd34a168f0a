package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/datadir"
	"parley.example/parley/internal/store/sqlite/schema"
	"parley.example/parley/internal/store/sqlite/sqlconn"
)

// older makes a data directory of an older format, with data.
func older(t *testing.T, format int, data ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d, err := datadir.Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := connect(t.Context(), d.DSN())
	if err != nil {
		t.Fatal(err)
	}
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps[:format] {
		if err := c.Script(step.SQL); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range data {
		if err := c.Script(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.Script(fmt.Sprintf("PRAGMA application_id = 1349676153; PRAGMA user_version = %d", format)), c.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A database of an earlier format that has secrets in clear says so, one without does not; when keys
// were used is not among what administrators set up.
func TestMigratesClearSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		row  string
		want bool
	}{
		"a key":                {"'access-key', 'AKIA'", true},
		"the secret of tokens": {"'setting', 'token-secret'", true},
		"another setting":      {"'setting', 'alias'", false},
	} {
		s, err := Open(t.Context(), Options{Dir: older(t, 7, "INSERT INTO resources (kind, id, instance, name, version) VALUES ("+c.row+", '', '', 1)")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Resource(t.Context(), center.KindSetting, "clear-secrets"); (err == nil) != c.want {
			t.Errorf("%s: the setting that there are clear secrets: %v; want %v", name, err == nil, c.want)
		}
		if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{{Kind: center.KindKeyUse, ID: "used"}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			r, err := c.First("SELECT count(*) FROM report_resources WHERE kind IN ('access-key', 'key-use')")
			if err == nil && r.Int(0) != 0 {
				t.Errorf("%s: report_resources has %d rows of keys", name, r.Int(0))
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A database of the first format is brought to the newest, with its data.
func TestMigrates(t *testing.T) {
	dir := older(t, 1,
		"INSERT INTO chats (id, instance, version, busy, active, state) VALUES ('old', 'i', 7, 0, 1, x'61')",
		`INSERT INTO chats (id, instance, version, busy, active, state) VALUES ('none', 'i', 1, 0, 1, NULL), ('files', 'i', 1, 0, 0, CAST('{"attachments":[
			{"id":"done","status":"APPROVED","started":"2026-03-01T09:00:00.123Z"}, {"id":"left","status":"","started":"2026-03-01T09:00:00.123Z"}]}' AS BLOB))`)
	var log strings.Builder
	for range 2 { // the second time there is nothing to do
		s, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if h, err := s.Chat(t.Context(), "old"); err != nil || h.Version != 7 || string(h.State) != "a" {
			t.Errorf("head %+v, %v; want version 7", h, err)
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			_, err := c.First("SELECT * FROM report_active_chats")
			return err
		}); err != nil {
			t.Errorf("the views are not there: %v", err)
		}
		left := []store.Upload{{ID: "left", Chat: "files", Expires: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}}
		if got, err := s.Uploads(t.Context(), store.AllShards, left[0].Expires, 9); err != nil || !slices.Equal(got, left) {
			t.Errorf("Uploads = %v, %v; want %v", got, err, left)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "was upgraded"); n != 1 || !strings.Contains(log.String(), "format=1 ") {
		t.Errorf("two starts log %d upgrades; want one, from format 1:\n%s", n, &log)
	}
}

// In a database of the format before nodes had names, whoever ran effects is
// gone, and counters of chats are counted again.
func TestMigratesFromOneNode(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: older(t, 5, `INSERT INTO chats (id, instance, version, busy, active, state, due) VALUES
		('a', 'i', 1, 1, 1, x'61', NULL), ('b', 'i', 2, 0, 1, x'62', 5), ('c', 'i', 3, 1, 0, x'63', NULL)`,
		"INSERT INTO counters (name, value) VALUES ('active-chats/i', 99), ('queued/i/q', 1)")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []center.ContactID
	for id, err := range s.Orphans(t.Context(), store.AllShards, []string{"node"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
	}
	if !slices.Equal(got, []center.ContactID{"a", "c"}) {
		t.Errorf("the orphans are %v; want a and c", got)
	}
	if h, err := s.Chat(t.Context(), "b"); err != nil || h.Version != 2 || len(h.Workers) > 0 || !h.Due.Equal(time.UnixMilli(5)) {
		t.Errorf("head %+v, %v", h, err)
	}
	quota := []store.Quota{{Counter: store.ActiveChats("i"), Delta: 1, Limit: 3}}
	if err := submit(s, &store.Change{Chat: "d", State: &store.Head{Instance: "i", Workers: []string{"node"}, Active: true}, Quotas: quota}); err != nil {
		t.Errorf("a third active chat: done(%v)", err)
	}
	if err := submit(s, &store.Change{Chat: "e", State: &store.Head{Instance: "i"}, Quotas: quota}); !errors.Is(err, store.ErrQuota) {
		t.Errorf("a fourth active chat: done(%v); want ErrQuota", err)
	}
}

// Chats of a format that kept neither sizes nor tokens go on with both, if they go on.
func TestMigratesTranscripts(t *testing.T) {
	fill := func(chat string, n int) string {
		return fmt.Sprintf(`WITH RECURSIVE seq (s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM seq WHERE s < %[2]d)
			INSERT INTO items (chat, seq, id, time, type, content, participant, display_name, client_token)
			SELECT n, s, id || s, 1000 * s, 'MESSAGE', 'schön', 'ana', 'Ana', CASE WHEN s %% 2 = 1 THEN 'token' || iif(s = 7, 5, s) END FROM seq, chats WHERE id = '%[1]s'`, chat, n)
	}
	s, err := Open(t.Context(), Options{Dir: older(t, 7, `INSERT INTO chats (id, instance, version, active, state) VALUES
		('long', 'i', 1, 1, x'61'), ('short', 'i', 1, 1, x'61'), ('over', 'i', 1, 0, x'61'), ('empty', 'i', 1, 1, x'61')`,
		fill("long", store.RecentItems+1), fill("short", store.RecentItems), fill("over", store.RecentItems+5))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const each = 128 + int64(len("schön")+len("Ana"))
	for chat, want := range map[center.ContactID]int64{ // items, tokens without their numbers, and the numbers of 1, 2, 3 and 4 digits
		"long": each*(store.RecentItems+1) + 5*513 + 5 + 45*2 + 450*3 + 13*4, "short": each*store.RecentItems + 5*512 + 5 + 45*2 + 450*3 + 12*4,
		"over": 0, "empty": 0,
	} {
		if h, err := s.Chat(t.Context(), chat); err != nil || h.Size != want {
			t.Errorf("the size of the chat %s is %d, %v; want %d", chat, h.Size, err, want)
		}
	}
	for _, c := range []struct {
		chat  center.ContactID
		token string
		want  center.ItemID
	}{{"long", "token1", "long1"}, {"long", "token5", "long5"}, {"long", "token1025", "long1025"}, {"long", "token2", ""}, {"short", "token1", ""}, {"over", "token1", ""}} {
		if got, err := s.Sent(t.Context(), c.chat, store.SentQuery{Participant: "ana", ClientToken: c.token}); got.ID != c.want || c.want == "" != (err != nil) {
			t.Errorf("%s of the chat %s leads to %q, %v; want %q", c.token, c.chat, got.ID, err, c.want)
		}
	}
}

// A database of the format before there were agents comes along: its chats are on nobody's hands, and can be
// from then on; what had no chat in its outbox is delivered; and an erasure that was under way takes no agents.
func TestMigratesToAgents(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: older(t, 10, `INSERT INTO chats (id, instance, version, active, state) VALUES ('a', 'i', 7, 1, x'61')`,
		"INSERT INTO counters (name, value) VALUES ('active-chats/i', 1)",
		"INSERT INTO outbox (stream, chat, instance, endpoint, due, attempts, first) VALUES ('s', 'a', 'i', 'e', 1, 0, 1)",
		"INSERT INTO dead_letters (id, stream, chat, instance, endpoint, attempts) VALUES (9, 's', 'a', 'i', 'e', 0)",
		"INSERT INTO erasures (id, instance, selected, asked, upto) VALUES ('e', 'gone', 'instance', 1, 5)")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range s.Held(t.Context(), "i", "") {
		t.Error("a chat is on somebody's hands")
	}
	done := make(chan error, 1)
	s.SubmitAgent(&store.AgentChange{User: "u", State: &store.AgentHead{Instance: "gone"}}, func(err error) { done <- err })
	held := []store.Holding{{User: "u", Since: epoch, Work: "talks"}}
	if err := errors.Join(<-done, submit(s, &store.Change{Chat: "a", Version: 7, State: &store.Head{Instance: "i", Active: true, Held: held},
		Quotas: []store.Quota{{Counter: store.ActiveChats("i"), Limit: 1}}})); err != nil {
		t.Fatal(err)
	}
	n := 0
	for h, err := range s.Held(t.Context(), "i", "u") {
		if n++; err != nil || h.Chat != "a" || h.Holding != held[0] {
			t.Errorf("held is %+v, %v; want %v of a", h, err, held)
		}
	}
	if out, err := s.Outbox(t.Context(), store.AllShards, epoch, 9); err != nil || len(out) != 1 || n != 1 {
		t.Errorf("Outbox = %v, %v; %d holdings", out, err, n)
	}
	if more, err := s.EraseRows(t.Context(), 9); err != nil || more {
		t.Errorf("EraseRows = %v, %v", more, err)
	}
	if _, err := s.Agent(t.Context(), "u"); err != nil {
		t.Errorf("the agent: %v", err)
	}
	if ready, err := s.Ready(t.Context()); err != nil || len(ready) != 1 {
		t.Errorf("Ready = %v, %v; want the erasure from before", ready, err)
	}
}

// Of the dead letters the newest are kept, in order of their giving up.
func TestPurgeDeadLetters(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n, keep = purgeStep + 30, 20
	var c store.Change
	var chores store.Chores
	for i := range n {
		c.Deliveries = append(c.Deliveries, store.Delivery{Stream: "s", Endpoint: "e"})
		chores.Dead = append(chores.Dead, store.Delivery{ID: int64(i + 1), Error: "gone"})
	}
	c.Deliveries = append(c.Deliveries, store.Delivery{Stream: "s", Endpoint: "e"})
	if err := errors.Join(submit(s, &c), s.Keep(t.Context(), &chores)); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ keep, first, left int64 }{{n, 1, n}, {keep, n - keep + 1, keep}, {keep, n - keep + 1, keep}, {0, 0, 0}} {
		if err := s.Purge(t.Context(), store.AllShards, time.Time{}, int(step.keep)); err != nil {
			t.Fatalf("Purge: %v", err)
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			r, err := c.First("SELECT count(*), min(id) FROM dead_letters")
			if err == nil && (r.Int(0) != step.left || r.Int(1) != step.first) {
				t.Errorf("with %d kept there are %d from %d on; want %d from %d on", step.keep, r.Int(0), r.Int(1), step.left, step.first)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	if waiting, err := s.Outbox(t.Context(), store.AllShards, time.Now(), 9); err != nil || len(waiting) != 1 {
		t.Errorf("%d deliveries wait, %v; want the one that was not given up", len(waiting), err)
	}
}

// Counters of chats have rows only while a limit is kept.
func TestNoCountersWithoutLimit(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, step := range []struct{ limit, rows, value int64 }{{-1, 0, 0}, {-1, 0, 0}, {5, 1, 3}, {-1, 0, 0}, {-1, 0, 0}, {9, 1, 6}} {
		if err := submit(s, &store.Change{Chat: center.NewContactID(epoch), State: &store.Head{Instance: "i", Active: true},
			Quotas: []store.Quota{{Counter: store.ActiveChats("i"), Delta: 1, Limit: step.limit}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			r, err := c.First("SELECT count(*), sum(value) FROM counters")
			if err == nil && (r.Int(0) != step.rows || r.Int(1) != step.value) {
				t.Errorf("step %d: %d rows with %d in all; want %d with %d", i, r.Int(0), r.Int(1), step.rows, step.value)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

// Submit waits while the queue is full, and goes on when the writer takes.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		hold, held := make(chan struct{}), make(chan struct{})
		s.submit(entry{job: func(*writer) error { close(held); <-hold; return nil }, done: func(error) {}})
		<-held
		answered, submitted := 0, 0
		go func() {
			one := []store.Quota{{Counter: tally("c"), Delta: 1, Limit: -1}}
			done := func(err error) {
				if err == nil {
					answered++
				}
			}
			for n := range maxQueue + 10 { // changes of agents and of chats share the bound
				if n%2 == 0 {
					s.SubmitAgent(&store.AgentChange{User: center.UserID(fmt.Sprint(n)), State: &store.AgentHead{}, Quotas: one}, done)
				} else {
					s.Submit(&store.Change{Quotas: one}, done)
				}
				submitted++
			}
		}()
		synctest.Wait()
		if submitted != maxQueue {
			t.Errorf("%d changes wait; want %d", submitted, maxQueue)
		}
		close(hold)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if submitted != maxQueue+10 || answered != submitted {
			t.Errorf("%d of %d changes were answered", answered, submitted)
		}
	})
}

func TestCacheEvictsTheOldest(t *testing.T) {
	c := newCache[int, int](10)
	for i := range 1000 {
		c.put(i, i)
		if v, ok := c.get(7); i >= 7 && (!ok || v != 7) {
			t.Fatalf("after %d others, a value in use is evicted", i)
		}
		if n := len(c.young) + len(c.old); n > 20 {
			t.Fatalf("%d values are kept; want at most 20", n)
		}
	}
	for i := 991; i < 1000; i++ {
		if _, ok := c.get(i); !ok {
			t.Errorf("value %d, one of the last ten, is evicted", i)
		}
	}
	if _, ok := c.get(500); ok {
		t.Error("a value not in use is kept")
	}
}

func TestPackedIDs(t *testing.T) {
	for id, packed := range map[string]bool{
		"c0ffee00-1111-4222-8333-444455556666": true, "C0FFEE00-1111-4222-8333-444455556666": false,
		"c0ffee0011114222833344445555666677aa": false, "short": false, "urn:uuid:c0ffee00-1111-4222-8333-44445": false,
		string(center.NewItemID(epoch, 1, 1)): true,
	} {
		v := sqlconn.PackID(id)
		if _, ok := v.([]byte); ok != packed {
			t.Errorf("packID(%q) = %v; want packed: %v", id, v, packed)
		}
		if got := (row{v}).ID(0); got != id {
			t.Errorf("%q is read as %q", id, got)
		}
	}
	if sqlconn.PackID("") != nil || (row{nil}).ID(0) != "" {
		t.Error("no id is not NULL")
	}
}

// The result of a job belongs to the job when nobody waits for it any more.
func TestJobOutlivesItsCaller(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	began, goOn := make(chan struct{}), make(chan struct{})
	gave := make(chan int, 1)
	go func() {
		n, err := give(ctx, s, func(*writer) (int, error) {
			close(began)
			<-goOn
			return 7, nil
		})
		if err == nil {
			n = -1
		}
		gave <- n
	}()
	<-began
	cancel()
	if n := <-gave; n != 0 {
		t.Errorf("a caller that gave up was given %d", n)
	}
	close(goOn)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
