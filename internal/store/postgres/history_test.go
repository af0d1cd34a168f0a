package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/pgtest"
	"parley.example/parley/internal/store/storetest/kit"
)

// history is what writers were told of one chat: for each of them, in order, what it has written.
type history struct {
	chat    center.ContactID
	writers []*written
}

// written is what one writer was told: it writes 1, 2, 3 … one after another.
type written struct {
	name         string
	acknowledged int
	unknown      int // failed: it may be there, once
}

// faults compares a transcript with what the writers were told: nothing that was acknowledged is missing, doubled or in another order.
func (h *history) faults(items []center.Item) (faults []string) {
	next := map[string]int{}
	for i, it := range items {
		if it.Seq != int64(i)+1 {
			faults = append(faults, fmt.Sprintf("item %d has the number %d", i+1, it.Seq))
		}
		name, n, _ := strings.Cut(it.Content, " ")
		got, _ := strconv.Atoi(n)
		if next[name]++; got != next[name] {
			faults = append(faults, fmt.Sprintf("%s wrote %d where %d was due", name, got, next[name]))
		}
	}
	for _, w := range h.writers {
		if got := next[w.name]; got < w.acknowledged || got > w.acknowledged+w.unknown {
			faults = append(faults, fmt.Sprintf("%s was told of %d and %d are there", w.name, w.acknowledged, got))
		}
	}
	return faults
}

// TestFaultsAreFound plants what a store must not do.
func TestFaultsAreFound(t *testing.T) {
	h := &history{writers: []*written{{name: "a", acknowledged: 3}, {name: "b", acknowledged: 1, unknown: 1}}}
	transcript := func(contents ...string) (items []center.Item) {
		for i, content := range contents {
			items = append(items, kit.Message("chat", int64(i)+1, content))
		}
		return items
	}
	for _, good := range [][]string{{"a 1", "a 2", "b 1", "a 3"}, {"a 1", "b 1", "b 2", "a 2", "a 3"}} {
		if got := h.faults(transcript(good...)); got != nil {
			t.Errorf("%v: %v", good, got)
		}
	}
	for what, bad := range map[string][]string{
		"lost": {"a 1", "a 2", "b 1"}, "lost in the middle": {"a 1", "a 3", "b 1"}, "doubled": {"a 1", "a 2", "a 2", "a 3", "b 1"},
		"reordered": {"a 2", "a 1", "a 3", "b 1"}, "more than there was": {"a 1", "a 2", "a 3", "b 1", "b 2", "b 3"},
	} {
		if h.faults(transcript(bad...)) == nil {
			t.Errorf("%s: %v has no fault", what, bad)
		}
	}
	gap := transcript("a 1", "a 2", "a 3", "b 1")
	gap[3].Seq = 9
	if h.faults(gap) == nil {
		t.Error("a gap has no fault")
	}
}

// load writes to chats from several nodes until it is told to end, and knows what it was told.
type load struct {
	nodes  []*kit.Env
	chats  []*history
	count  atomic.Int64 // of what was acknowledged
	moved  chan struct{}
	ending chan struct{}
	wg     sync.WaitGroup
}

const perChat = 2 // writers, of different nodes

func startLoad(t *testing.T, chats int, nodes ...store.Store) *load {
	l := &load{moved: make(chan struct{}, 1), ending: make(chan struct{})}
	for _, s := range nodes {
		l.nodes = append(l.nodes, &kit.Env{Store: s})
	}
	for range chats {
		h := &history{chat: l.nodes[0].Create(t, 0)}
		l.chats = append(l.chats, h)
		for n := range perChat {
			w := &written{name: fmt.Sprint("writer-", n)}
			h.writers = append(h.writers, w)
			l.wg.Go(func() { l.write(t, l.nodes[n%len(l.nodes)], h, w) })
		}
	}
	return l
}

// write loads, decides and commits, and again when another writer was first.
func (l *load) write(t *testing.T, s *kit.Env, h *history, w *written) {
	for {
		select {
		case <-l.ending:
			return
		default:
		}
		head, err := s.Chat(t.Context(), h.chat)
		if err != nil {
			t.Errorf("Chat: %v", err)
			return
		}
		n := w.acknowledged + 1
		c := kit.StateChange(h.chat, head.Version, w.name)
		c.Items = []center.Item{kit.Message(h.chat, head.LastSeq+1, fmt.Sprint(w.name, " ", n))}
		c.Quotas = []store.Quota{{Counter: kit.Tally("written"), Delta: 1, Limit: 1 << 40}}
		switch err := s.Apply(c); {
		case err == nil:
			w.acknowledged = n
			l.count.Add(1)
			select {
			case l.moved <- struct{}{}:
			default:
			}
		case !errors.Is(err, store.ErrConflict):
			t.Errorf("%s of %s, item %d: %v", w.name, h.chat, n, err)
			w.unknown = 1
			return
		}
	}
}

// more waits until so many more are acknowledged.
func (l *load) more(n int64) {
	for until := l.count.Load() + n; l.count.Load() < until; {
		<-l.moved
	}
}

// end stops the writers and compares every chat with what they were told.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.ending)
	l.wg.Wait()
	s := l.nodes[0]
	for _, h := range l.chats {
		var all []center.Item
		for {
			items, err := s.Items(t.Context(), store.ItemQuery{Chat: h.chat, From: int64(len(all)) + 1})
			if err != nil {
				t.Fatal(err)
			}
			if all = append(all, items...); len(items) < 1000 {
				break
			}
		}
		for _, fault := range h.faults(all) {
			t.Errorf("chat %s: %s", h.chat, fault)
		}
	}
	if got := s.Value(t, kit.Tally("written")); got != l.count.Load() {
		t.Errorf("%d changes have moved the counter, and %d were acknowledged", got, l.count.Load())
	}
}

// TestNodesRaceForChats: two nodes write to the same chats at once.
func TestNodesRaceForChats(t *testing.T) {
	a, b := openBoth(t, server.Database(t, template))
	l := startLoad(t, 6, a, b)
	l.more(300)
	l.end(t)
}

// TestCutConnections cuts connections before, while and after transactions are committed: each is done once, and nobody notices.
func TestCutConnections(t *testing.T) {
	database, proxy := server.Database(t, template), server.NewProxy(t)
	a, b := open(t, postgres.Options{URL: proxy.URL(database), Patience: time.Hour}), open(t, postgres.Options{URL: proxy.URL(database), Patience: time.Hour})
	l := startLoad(t, 8, a, b)
	l.more(50)
	proxy.CutEvery(5)
	l.more(150)
	for i := range int64(20) { // what is no change, too
		got, err := a.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{{Instance: kit.Instance, Kind: center.KindQueue, ID: fmt.Sprint("q", i), Name: fmt.Sprint("Queue ", i)}}})
		if err != nil || got[kit.Instance] != i+1 {
			t.Errorf("WriteResources = %v, %v; want revision %d", got, err, i+1)
		}
	}
	for _, at := range []pgtest.Cut{pgtest.BeforeCommit, pgtest.DuringCommit, pgtest.AfterCommit} {
		if n := proxy.Made(at); n < 3 {
			t.Errorf("at place %d only %d connections were cut", at, n)
		}
	}
	proxy.CutEvery(0)
	l.end(t)
}

// TestServerRestarts stops and kills the server under load, which flushes as in earnest: nothing that was acknowledged is lost, doubled or reordered.
func TestServerRestarts(t *testing.T) {
	own, err := pgtest.New(pgtest.Options{Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	var told atomic.Int64
	o := postgres.Options{URL: own.URL("postgres"), Patience: time.Hour, Failing: func(err error) {
		if err != nil {
			told.Add(1)
		}
	}}
	a, b := open(t, o), open(t, o)
	l := startLoad(t, 8, a, b)
	for range 2 {
		l.more(60)
		if err := own.Stop(pgtest.Fast); err != nil {
			t.Fatal(err)
		}
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
		l.more(60)
		if err := own.Stop(pgtest.Immediate); err != nil {
			t.Fatal(err)
		}
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
	}
	l.more(60)
	l.end(t)
	t.Logf("%d changes, in all, of %d chats", l.count.Load(), len(l.chats))
}

// TestFrozenNode stops a node in the middle of a transaction. Others wait for the rows that it holds no longer than the server allows, and when it
// goes on it finds that it was late.
func TestFrozenNode(t *testing.T) {
	database, proxy := server.Database(t, template), server.NewProxy(t)
	a := &kit.Env{Store: open(t, postgres.Options{URL: proxy.URL(database) + "&idle_in_transaction_session_timeout=100", Patience: time.Hour})}
	b := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database)})}
	id := b.Create(t, 1)
	first := kit.StateChange(id, 1, "early") // prepares what the next one does
	first.Items = kit.Items(id, 2, 1)
	a.Must(t, first)
	frozen, thaw := proxy.Freeze()
	defer thaw()
	late := make(chan error, 1)
	c := kit.StateChange(id, 2, "late")
	c.Items = kit.Items(id, 3, 1)
	a.Submit(c, func(err error) { late <- err })
	<-frozen
	b.Must(t, kit.StateChange(id, 2, "in time"))
	thaw()
	if err := <-late; !errors.Is(err, store.ErrConflict) {
		t.Errorf("the frozen node's change: done(%v); want a conflict", err)
	}
	if h := a.HeadOf(t, id); string(h.State) != "in time" || h.Version != 3 || h.LastSeq != 2 {
		t.Errorf("the chat is %+v", h)
	}
}

// TestReadOnlyServer: changes fail at once, in words that say why, and succeed when the server takes writes again.
func TestReadOnlyServer(t *testing.T) {
	database := server.Database(t, template)
	var told []error
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database), Patience: time.Hour, Connections: 8, Failing: func(err error) { told = append(told, err) }})}
	s.Create(t, 1)
	renew := func(sql string) {
		t.Helper()
		if err := errors.Join(server.Exec(t.Context(), "postgres", sql), server.Exec(t.Context(), "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database+"'")); err != nil {
			t.Fatal(err)
		}
	}
	renew("ALTER DATABASE " + database + " SET default_transaction_read_only = on")
	err := s.Apply(kit.ChatChange(kit.NewID(), "x"))
	if err == nil || !strings.Contains(err.Error(), "the database takes no writes") {
		t.Errorf("done(%v); want it to say that the database takes no writes", err)
	}
	if err := s.Keep(t.Context(), &store.Chores{Delivered: []int64{1}}); err == nil || !strings.Contains(err.Error(), "takes no writes") {
		t.Errorf("Keep = %v", err)
	}
	if err := server.Exec(t.Context(), "postgres", "ALTER DATABASE "+database+" RESET default_transaction_read_only"); err != nil {
		t.Fatal(err)
	}
	for range 10 { // each connection that is still to the server as it was is given up for another
		if err = s.Apply(kit.ChatChange(kit.NewID(), "x")); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("the server takes writes again, and changes fail: %v", err)
	}
	if len(told) != 2 || told[0] == nil || told[1] != nil {
		t.Errorf("it was told %v; want a reason, and that it is over", told)
	}
}

// TestTablesChangeMeanwhile: statements that were prepared before another release has altered the tables are prepared anew.
func TestTablesChangeMeanwhile(t *testing.T) {
	database := server.Database(t, template)
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database)})}
	id := s.Create(t, 0)
	work := func(seq int64) {
		t.Helper()
		s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, seq, 1), Once: &store.Once{Key: fmt.Sprint(seq), At: kit.Epoch}})
		if _, err := s.Claim(t.Context(), "node", kit.Epoch, 1e9, "work"); err != nil {
			t.Errorf("Claim: %v", err)
		}
		if _, err := s.Replayed(t.Context(), fmt.Sprint(seq)); err != nil {
			t.Errorf("Replayed: %v", err)
		}
	}
	for seq := range int64(8) {
		work(seq + 1)
	}
	if err := server.Exec(t.Context(), database, `ALTER TABLE once ALTER COLUMN key TYPE varchar COLLATE "C", ALTER COLUMN answer TYPE text USING NULL, ADD COLUMN later bigint;
		ALTER TABLE once ALTER COLUMN answer TYPE bytea USING NULL; ALTER TABLE leases ALTER COLUMN version TYPE numeric(18, 0)`); err != nil {
		t.Fatal(err)
	}
	for seq := range int64(8) {
		work(seq + 9)
	}
}

// TestServerIsGone: what is asked for while there is no server fails when the patience ends, and says why.
func TestServerIsGone(t *testing.T) {
	own, err := pgtest.New(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	s := &kit.Env{Store: open(t, postgres.Options{URL: own.URL("postgres"), Patience: 50 * time.Millisecond})}
	id := s.Create(t, 1)
	if err := own.Stop(pgtest.Immediate); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(kit.StateChange(id, 1, "x")); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("done(%v); want the reason", err)
	}
	if _, err := s.Chat(context.WithoutCancel(t.Context()), id); err == nil || center.ReasonOf(err) == center.NotFound {
		t.Errorf("Chat = %v; want the reason", err)
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	s.Must(t, kit.StateChange(id, 1, "x"))
}

// TestBadChangeFailsAlone: what the database itself refuses harms no other change of its group.
func TestBadChangeFailsAlone(t *testing.T) {
	database := server.Database(t, template)
	if err := server.Exec(t.Context(), database, "ALTER TABLE items ADD CONSTRAINT polite CHECK (content <> 'rude')"); err != nil {
		t.Fatal(err)
	}
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database)})}
	id := s.Create(t, 0)
	var wg sync.WaitGroup
	wg.Add(60)
	for i := range int64(20) {
		for _, content := range []string{"kind", "rude", "late"} {
			seq := 1 + i
			if content == "late" {
				seq = 100 + i
			}
			s.Submit(&store.Change{Chat: id, Items: []center.Item{kit.Message(id, seq, content)}}, func(err error) {
				defer wg.Done()
				if content == "kind" && err != nil || content != "kind" && err == nil {
					t.Errorf("item %d, %s: done(%v)", seq, content, err)
				}
			})
		}
	}
	wg.Wait()
	if got := s.Transcript(t, id); len(got) != 20 {
		t.Errorf("%d items; want 20", len(got))
	}
}

// TestTakenKeyIsNoRace: a row with the same key that stays is told to whoever wrote the second one, soon, and harms no other change.
func TestTakenKeyIsNoRace(t *testing.T) {
	database := server.Database(t, template)
	if err := server.Exec(t.Context(), database, "CREATE UNIQUE INDEX once_said ON items (content)"); err != nil {
		t.Fatal(err)
	}
	s := &kit.Env{Store: open(t, postgres.Options{URL: server.URL(database), Patience: time.Hour})}
	id := s.Create(t, 1)
	answers := make(chan error, 2)
	s.Submit(&store.Change{Chat: id, Receipts: []center.Receipt{{Chat: id, Item: "i", Recipient: "r", Read: kit.Epoch}}}, func(err error) { answers <- err })
	s.Submit(&store.Change{Chat: id, Items: []center.Item{kit.Message(id, 2, "message 1")}}, func(err error) { answers <- err })
	if first, second := <-answers, <-answers; first != nil || second == nil {
		t.Errorf("done(%v), done(%v); want the second refused", first, second)
	}
	e := store.Erasure{ID: "e", Instance: kit.Instance, By: store.ByContact, Asked: kit.Epoch}
	if first, second := s.PutErasure(t.Context(), e, nil), s.PutErasure(t.Context(), e, nil); first != nil || second == nil {
		t.Errorf("PutErasure = %v, then %v; want the second refused", first, second)
	}
}
