package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite/datadir"
)

func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	for _, name := range []string{datadir.DatabaseName, datadir.DatabaseName + "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

// emptyLog empties the log, which takes several attempts when it is long.
func emptyLog(t *testing.T, s *Store) {
	t.Helper()
	err := store.ErrBusy
	for errors.Is(err, store.ErrBusy) {
		err = s.EmptyLog(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, datadir.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestErasedRowsLeaveNoTrace fills pages with rows of two people in turns, erases one of them, and finds
// nothing of it in the files, while the space of large ones is given back.
func TestErasedRowsLeaveNoTrace(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	versions := map[string]int64{}
	for n := range 400 {
		for _, who := range []string{"zqgone", "zqkeep"} {
			id := center.ContactID(fmt.Sprintf("%s-%d", who, n))
			text := strings.Repeat(fmt.Sprintf("%s %d ", who, n), 1+n%7*n)
			c := &store.Change{Chat: id, State: &store.Head{Instance: "i", State: []byte(text), Held: []store.Holding{{User: center.UserID(who), Work: text[:min(len(text), store.MaxWork)]}, {User: center.UserID(id)}}},
				Contacts: []center.Contact{{ID: id, Chat: id, Instance: "i", Name: text, Initiated: epoch, Disconnected: epoch}},
				Items: []center.Item{{Chat: id, Seq: 1, ID: "i", Content: text}, {Chat: id, Seq: 2, ID: "j", Contact: id, Type: center.TypeMessage, Role: center.RoleAgent, ContentType: center.PlainText,
					Content: fmt.Sprintf("%s x%dqz%[1]s y%[2]d common words", who, n*2654435761)}},
				Once: &store.Once{Key: text, Answer: []byte(text)}, Deliveries: []store.Delivery{{Stream: string(id), Chat: id, Body: []byte(text)}}}
			user := center.UserID("agent of " + id)
			errs := batch(t, s, entry{change: c}, entry{agent: &store.AgentChange{User: user, State: &store.AgentHead{Instance: center.InstanceID(who[2:]), State: []byte(text)},
				Deliveries: []store.Delivery{{Stream: string(user), Instance: center.InstanceID(who[2:]), Body: []byte(text)}}}})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			// States that shrink and grow leave what they were in free space.
			for v := range int64(n % 4) {
				c := &store.Change{Chat: id, Version: v + 1, State: &store.Head{Instance: "i", State: []byte(text[:len(text)/int(v+2)])}}
				if err := submit(s, c); err != nil {
					t.Fatal(err)
				}
			}
			versions[string(id)] = int64(n%4) + 1
		}
	}
	for taken := 1; taken > 0; {
		if taken, err = s.IndexTranscripts(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
	said := func(texts ...string) int64 {
		t.Helper()
		n, err := s.CountContacts(t.Context(), store.ContactSearch{Instance: "i", Range: store.TimeRange{Of: store.TimeInitiated, From: epoch, To: epoch},
			Sort: store.ContactSort{Time: store.TimeInitiated}, Said: []store.Said{{Role: center.RoleAgent, Texts: texts}}}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if a, b, c := said("zqgone"), said("zqkeep"), said("common words"); a != 400 || b != 400 || c != 800 {
		t.Errorf("%d, %d and %d contacts are found by what was said", a, b, c)
	}
	emptyLog(t, s)
	before := size(t, dir)
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e", Instance: "gone", By: store.ByInstance, Asked: epoch}, nil); err != nil {
		t.Fatal(err)
	}
	for n := range 400 {
		id := center.ContactID(fmt.Sprintf("zqgone-%d", n))
		if err := submit(s, &store.Change{Chat: id, Version: versions[string(id)], Erase: &store.Remove{Parts: center.AllParts}}); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		if more, err = s.EraseRows(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
	}
	left, err := s.Remains(t.Context(), 1000)
	if err == nil {
		err = s.Cleared(t.Context(), left)
	}
	for section, first := int64(0), true; err == nil && (first || section > 0); first = false {
		section, err = s.Scrub(t.Context(), section)
	}
	for more := true; more && err == nil; {
		more, err = s.Shrink(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	emptyLog(t, s)
	if a, b, c := said("zqgone"), said("zqkeep"), said("common words"); a != 0 || b != 400 || c != 400 {
		t.Errorf("%d, %d and %d contacts are found by what was said, after the erasure", a, b, c)
	}
	if err := s.do(t.Context(), func(c *conn) error { return c.Script("INSERT INTO said (said) VALUES ('integrity-check')") }); err != nil {
		t.Errorf("the index of transcripts: %v", err)
	}
	if holds(t, dir, "zqgone") {
		t.Error("the files have what was erased")
	}
	if !holds(t, dir, "zqkeep 399") {
		t.Error("the files have not what was kept")
	}
	if after := size(t, dir); after > before*2/3 {
		t.Errorf("the file had %d bytes and has %d; half of it was erased", before, after)
	}
	if err := s.read(t.Context(), ourselves, func(c *conn) error {
		r, err := c.First("SELECT integrity_check FROM pragma_integrity_check")
		if err == nil && r.Text(0) != "ok" {
			t.Errorf("integrity_check: %s", r.Text(0))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestOlderDatabaseIsOverhauled opens a database from before there was a way to give back space: it is
// rewritten once, and what was deleted before is gone.
func TestOlderDatabaseIsOverhauled(t *testing.T) {
	dir := older(t, 7, `INSERT INTO chats (id, instance, version, active, state) VALUES ('a', 'i', 1, 0, CAST('{"attachments":[{"id":"f"}]}' AS BLOB)), ('b', 'i', 1, 1, x'7b7d'), ('c', 'i', 1, 0, x'7b7d')`,
		`INSERT INTO contacts (id, chat, instance, initiated, record) VALUES ('a', 'a', 'i', 0, '{"disconnected":"2026-03-01T09:00:00.123456Z"}')`,
		`INSERT INTO items (chat, seq, id, time, type) VALUES (3, 1, 'x', 777, 'EVENT')`,
		`INSERT INTO once (key, answer, at) VALUES ('k', CAST('{"contact":"00000000-1111-4222-8333-444455556666"}' AS BLOB), 0), ('l', CAST('{"contact":"short"}' AS BLOB), 0), ('m', x'00', 0)`,
		"INSERT INTO dead_letters (id, stream, chat, instance, endpoint, body, attempts) VALUES (1, 's', 'a', 'i', 'e', CAST('"+strings.Repeat("zqdeleted", 5000)+"' AS BLOB), 0); DELETE FROM dead_letters")
	if !holds(t, dir, "zqdeleted") {
		t.Fatal("the file has nothing of what was deleted: the test shows nothing")
	}
	var log strings.Builder
	for range 2 {
		s, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if holds(t, dir, "zqdeleted") {
			t.Error("the file has what was deleted")
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			if mode, err := c.Pragma("auto_vacuum"); err != nil || mode != 2 {
				t.Errorf("auto_vacuum is %d, %v; want 2", mode, err)
			}
			var got []string
			if err := c.Query(func(r row) error {
				got = append(got, fmt.Sprint(r.Text(0), r.Int(1), " ", r.Int(2)))
				return nil
			}, "SELECT id, kept, ended FROM chats ORDER BY id"); err != nil {
				return err
			}
			if want := "[a7 1772355600123 b0 0 c5 777]"; fmt.Sprint(got) != want {
				t.Errorf("chats are kept as %v; want %s", got, want)
			}
			r, err := c.First("SELECT sum(chat = x'00000000111142228333444455556666'), sum(chat = 'short'), count(chat) FROM once")
			if err == nil && fmt.Sprint(r) != "[1 1 2]" {
				t.Errorf("the answers belong to %v", r)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "was rewritten"); n != 1 {
		t.Errorf("two starts rewrote the database %d times; want once:\n%s", n, &log)
	}
}
