package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/datadir"
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// open opens a store on a file and runs SQL on the writer's connection first.
func open(t *testing.T, sql string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	prepare(t, s, sql)
	return s
}

// prepare runs SQL as the writer and outside of its transaction.
func prepare(t *testing.T, s *Store, sql string) {
	t.Helper()
	if err := s.do(t.Context(), func(c *conn) error {
		if err := c.Script("ROLLBACK"); err != nil {
			return err
		}
		return errors.Join(c.Script(sql), c.Script("BEGIN; SAVEPOINT change"))
	}); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, s *Store) center.ContactID {
	t.Helper()
	id := center.NewContactID(epoch)
	if err := submit(s, &store.Change{Chat: id, State: &store.Head{Instance: "i", State: []byte("first")}}); err != nil {
		t.Fatal(err)
	}
	return id
}

func submit(s *Store, c *store.Change) error {
	done := make(chan error, 1)
	s.Submit(c, func(err error) { done <- err })
	return <-done
}

// tally is a counter that counts nothing in the store.
func tally(name string) store.Counter { return store.Counter{Type: "tally", Key: name} }

func item(seq int64, content string) center.Item {
	return center.Item{Seq: seq, ID: center.NewItemID(epoch, seq, 1), Time: epoch, Type: center.TypeMessage, Content: content}
}

// together submits changes so that they share a batch and returns what became of each.
func together(t *testing.T, s *Store, changes ...*store.Change) []error {
	t.Helper()
	var entries []entry
	for _, c := range changes {
		entries = append(entries, entry{change: c})
	}
	return batch(t, s, entries...)
}

// batch submits entries so that they share a batch and returns what became of each.
func batch(t *testing.T, s *Store, entries ...entry) []error {
	t.Helper()
	errs := make([]error, len(entries))
	hold, held := make(chan struct{}), make(chan struct{})
	s.submit(entry{job: func(*writer) error { close(held); <-hold; return nil }, done: func(error) {}})
	<-held // the writer is busy: what follows waits and becomes one batch
	var wg sync.WaitGroup
	wg.Add(len(entries))
	for i, e := range entries {
		e.done = func(err error) { errs[i] = err; wg.Done() }
		s.submit(e)
	}
	close(hold)
	wg.Wait()
	return errs
}

// A change whose statement fails, after others of its own were executed, fails alone.
func TestPoison(t *testing.T) {
	s := open(t, `CREATE TRIGGER poison BEFORE INSERT ON items WHEN new.content = 'poison' BEGIN SELECT raise(ABORT, 'poisoned'); END`)
	a, b, c := create(t, s), create(t, s), create(t, s)
	one := func(chat center.ContactID, seq int64, text string) *store.Change {
		return &store.Change{Chat: chat, Items: []center.Item{item(seq, text)}, Quotas: []store.Quota{{Counter: tally("q"), Delta: 1, Limit: 3}}}
	}
	bad := &store.Change{
		Chat: b, Version: 1, State: &store.Head{Instance: "i", State: []byte("spoilt")}, Items: []center.Item{item(1, "fine"), item(2, "poison")},
		Once: &store.Once{Key: "k", At: epoch}, Quotas: []store.Quota{{Counter: tally("q"), Delta: 1, Limit: 3}},
	}
	errs := together(t, s, one(a, 1, "before"), bad, one(b, 1, "after"), one(c, 9, "refused"), one(c, 1, "after"), one(a, 2, "over the quota"))
	for i, want := range []string{"", "poisoned", "", store.ErrConflict.Error(), "", store.ErrQuota.Error()} {
		if got := fmt.Sprint(errs[i]); (errs[i] == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("change %d: done(%v); want %q", i, errs[i], want)
		}
	}
	if h, err := s.Chat(t.Context(), b); err != nil || h.Version != 1 || string(h.State) != "first" || h.LastSeq != 1 {
		t.Errorf("head %+v, %v; want it as before the bad change, with one item", h, err)
	}
	if n, err := s.Count(t.Context(), tally("q")); err != nil || n != 3 {
		t.Errorf("the counter is %d, %v; want 3", n, err)
	}
	if _, err := s.Replayed(t.Context(), "k"); center.ReasonOf(err) != center.NotFound {
		t.Errorf("Replayed = %v; want NotFound", err)
	}
}

// When the commit itself fails, all fail, nothing was applied, and what comes after is judged by what is stored.
func TestCommitFails(t *testing.T) {
	s := open(t, `CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
		CREATE TEMP TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
		CREATE TEMP TRIGGER orphan AFTER INSERT ON items WHEN new.content = 'orphan' BEGIN INSERT INTO child VALUES (1); END`)
	a, b := create(t, s), create(t, s)
	errs := together(t, s,
		&store.Change{Chat: a, Items: []center.Item{item(1, "fine")}, Quotas: []store.Quota{{Counter: tally("q"), Delta: 1, Limit: -1}}},
		&store.Change{Chat: b, Items: []center.Item{item(1, "orphan")}},
		&store.Change{Chat: a, Items: []center.Item{item(2, "builds on the first")}},
		&store.Change{Chat: a, Items: []center.Item{item(9, "would be refused")}},
	)
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
			t.Errorf("change %d of the failed batch: done(%v)", i, err)
		}
	}
	if n, err := s.Count(t.Context(), tally("q")); err != nil || n != 0 {
		t.Errorf("the counter is %d, %v; want 0", n, err)
	}
	if err := submit(s, &store.Change{Chat: a, Items: []center.Item{item(3, "builds on what was lost")}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("done(%v); want ErrConflict", err)
	}
	for seq := range int64(3) {
		if err := submit(s, &store.Change{Chat: a, Items: []center.Item{item(seq+1, "again")}}); err != nil {
			t.Errorf("after the failure: done(%v)", err)
		}
	}
}

// A full disk fails changes and does no other harm; when there is space again the store goes on.
func TestDiskFull(t *testing.T) {
	s := open(t, "")
	id := create(t, s)
	var pages int64
	prepare(t, s, "")
	if err := s.do(t.Context(), func(c *conn) (err error) { pages, err = c.Pragma("page_count"); return err }); err != nil {
		t.Fatal(err)
	}
	prepare(t, s, fmt.Sprintf("PRAGMA max_page_count = %d", pages+20))
	text := strings.Repeat("x", 10_000)
	stored := int64(0)
	for {
		err := submit(s, &store.Change{Chat: id, Items: []center.Item{item(stored+1, text)}})
		if err != nil {
			if !strings.Contains(err.Error(), "full") {
				t.Fatalf("done(%v); want that the disk is full", err)
			}
			break
		}
		stored++
	}
	errs := together(t, s, &store.Change{Chat: id, Items: []center.Item{item(stored+1, text)}}, &store.Change{Chat: id, Items: []center.Item{item(stored+2, text)}})
	if errs[0] == nil || errs[1] == nil {
		t.Errorf("done(%v), done(%v) on a full disk", errs[0], errs[1])
	}
	prepare(t, s, "PRAGMA max_page_count = 100000")
	for range 3 {
		if err := submit(s, &store.Change{Chat: id, Items: []center.Item{item(stored+1, text)}}); err != nil {
			t.Fatalf("with space again: done(%v)", err)
		}
		stored++
	}
	if h, err := s.Chat(t.Context(), id); err != nil || h.LastSeq != stored {
		t.Errorf("head %+v, %v; want last item %d", h, err, stored)
	}
}

// The log does not grow without bound either when servers are killed before they have written much.
func TestLogOfKilledServersIsBounded(t *testing.T) {
	const lives, each, pages = 25, 10, 50
	dir := t.TempDir()
	var id center.ContactID
	text := strings.Repeat("0123456789abcdef", 256) // a page
	for life := range int64(lives) {
		s, err := Open(t.Context(), Options{Dir: dir, walPages: pages})
		if err != nil {
			t.Fatal(err)
		}
		if life == 0 {
			id = create(t, s)
		}
		for n := range int64(each) {
			if err := submit(s, &store.Change{Chat: id, Items: []center.Item{item(life*each+n+1, text)}}); err != nil {
				t.Fatalf("done(%v)", err)
			}
		}
		killed := t.TempDir() // has what a kill would leave
		if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		dir = killed
	}
	log, err := os.Stat(filepath.Join(dir, datadir.DatabaseName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	// A page of an item comes with some of its indices. The writer waits for checkpoints at four times the mark.
	if got := log.Size() / walFrame; got > 8*pages {
		t.Errorf("the log has %d pages after %d lives; want at most %d", got, lives, 8*pages)
	}
}

// The log does not grow without bound under a load that never pauses, and readers see new rows while it lasts.
func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir, walPages: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const chats, each, atOnce = 8, 400, 10
	text := strings.Repeat("0123456789abcdef", 256) // a page
	var wg sync.WaitGroup
	for range chats {
		id := create(t, s)
		wg.Go(func() {
			for seq := int64(1); seq <= each; seq += atOnce {
				c := &store.Change{Chat: id}
				for i := range int64(atOnce) {
					c.Items = append(c.Items, item(seq+i, text))
				}
				if err := submit(s, c); err != nil {
					t.Errorf("done(%v)", err)
					return
				}
				got, err := s.Items(t.Context(), store.ItemQuery{Chat: id, Descending: true, Limit: atOnce})
				if err != nil || len(got) != atOnce || got[0].Seq != seq+atOnce-1 {
					t.Errorf("%d items, %v; want %d up to %d", len(got), err, atOnce, seq+atOnce-1)
				}
			}
		})
	}
	wg.Wait()
	log, err := os.Stat(filepath.Join(dir, datadir.DatabaseName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	// The mark is at 0.4 MB. A machine that is slow to schedule the readers lets it grow a few times that.
	if written := int64(chats * each * len(text)); log.Size() > written/2 {
		t.Errorf("the log has %d bytes after %d were written; want at most half", log.Size(), written)
	}
}
