package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// written returns how many rows of tables a change writes or deletes.
func written(t *testing.T, s *Store, c *store.Change) int64 {
	t.Helper()
	total := func() (n int64) {
		if err := s.do(t.Context(), func(c *conn) error {
			r, err := c.First("SELECT total_changes()")
			n = r.Int(0)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := total()
	if err := submit(s, c); err != nil {
		t.Fatal(err)
	}
	return total() - before
}

// Of what a chat's head says of its holdings those rows are written that differ, and without any
// nothing is done for them: whether or not the writer has the chat cached.
func TestHoldingsAreWrittenOnce(t *testing.T) {
	s := open(t, "")
	for _, cached := range []bool{true, false} {
		id, version := create(t, s), int64(0)
		held := func(held ...store.Holding) *store.Change {
			if !cached {
				if err := s.wait(t.Context(), entry{job: func(w *writer) error { w.chats.clear(); return nil }}); err != nil {
					t.Fatal(err)
				}
			}
			version++
			return &store.Change{Chat: id, Version: version, State: &store.Head{Instance: "i", Held: held}}
		}
		a, b := store.Holding{User: "u", Since: epoch, Work: "talks"}, store.Holding{User: "v", Since: epoch}
		later := a
		later.Work = "after-contact work"
		for i, step := range []struct {
			held []store.Holding
			rows int64 // beside that of the chat
		}{{nil, 0}, {[]store.Holding{a, b}, 2}, {[]store.Holding{b, a}, 0}, {[]store.Holding{later, b}, 2}, {[]store.Holding{later}, 1}, {nil, 1}, {nil, 0}} {
			if n := written(t, s, held(step.held...)) - 1; n != step.rows {
				t.Errorf("cached: %v, step %d: %d rows of holdings were written; want %d", cached, i, n, step.rows)
			}
			var rows int64
			if err := s.read(t.Context(), ourselves, func(c *conn) error {
				r, err := c.First("SELECT count(*) FROM holdings WHERE chat = (SELECT n FROM chats WHERE id = ?)", string(id))
				rows = r.Int(0)
				return err
			}); err != nil || rows != int64(len(step.held)) {
				t.Errorf("cached: %v, step %d: there are %d rows, %v; want %d", cached, i, rows, err, len(step.held))
			}
		}
	}
}

// A counter that counts by itself has a row only while it is not 0, and a condition writes none.
func TestNoCountersAtZero(t *testing.T) {
	s := open(t, "")
	slots, barred := store.Slots("i", "u", "CHAT"), store.Barred("i", "u")
	for i, step := range []struct {
		quotas []store.Quota
		rows   string
	}{
		{[]store.Quota{{Counter: barred}, {Counter: slots, Limit: 3}, {Counter: store.ActiveChats("i")}}, ""},
		{[]store.Quota{{Counter: barred}, {Counter: slots, Delta: 1, Limit: 3}}, "slots/i/u/CHAT 1"},
		{[]store.Quota{{Counter: slots, Delta: 2, Limit: 3}, {Counter: slots, Delta: -3, Limit: -1}, {Counter: barred, Delta: 1, Limit: -1}}, "barred/i/u 1"},
		{[]store.Quota{{Counter: barred, Delta: -1, Limit: -1}, {Counter: tally("other"), Delta: 1, Limit: -1}}, "tally//other 1"},
		{[]store.Quota{{Counter: tally("other"), Delta: -1, Limit: -1}}, ""},
	} {
		if err := submit(s, &store.Change{Quotas: step.quotas}); err != nil {
			t.Fatal(err)
		}
		if err := s.read(t.Context(), ourselves, func(c *conn) error {
			r, err := c.First("SELECT group_concat(name || ' ' || value) FROM counters")
			if err == nil && r.Text(0) != step.rows {
				t.Errorf("step %d: the counters are %q; want %q", i, r.Text(0), step.rows)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

// A change of an agent whose statement fails fails alone, in a batch with changes of chats.
func TestPoisonedAgent(t *testing.T) {
	s := open(t, `CREATE TRIGGER poison BEFORE INSERT ON outbox WHEN new.stream = 'poison' BEGIN SELECT raise(ABORT, 'poisoned'); END`)
	chat := create(t, s)
	of := func(user center.UserID, version int64, stream string) entry {
		return entry{agent: &store.AgentChange{User: user, Version: version, State: &store.AgentHead{Instance: "i", State: []byte(stream)},
			Quotas: []store.Quota{{Counter: store.Slots("i", user, "CHAT"), Delta: 1, Limit: 2}}, Deliveries: []store.Delivery{{Stream: stream}}}}
	}
	errs := batch(t, s, of("a", 0, "fine"), of("b", 0, "poison"), of("a", 1, "poison"), of("a", 1, "fine"),
		entry{change: &store.Change{Chat: chat, Items: []center.Item{item(1, "fine")}}}, of("a", 2, "over the quota"), of("b", 0, "fine"))
	for i, want := range []string{"", "poisoned", "poisoned", "", "", store.ErrQuota.Error(), ""} {
		if got := fmt.Sprint(errs[i]); (errs[i] == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("change %d: done(%v); want %q", i, errs[i], want)
		}
	}
	for user, version := range map[center.UserID]int64{"a": 2, "b": 1} {
		if h, err := s.Agent(t.Context(), user); err != nil || h.Version != version || string(h.State) != "fine" {
			t.Errorf("agent %s is %+v, %v; want version %d", user, h, err, version)
		}
		if n, err := s.Count(t.Context(), store.Slots("i", user, "CHAT")); err != nil || n != version {
			t.Errorf("agent %s has %d slots, %v; want %d", user, n, err, version)
		}
	}
}

// What a deleted instance has counted is gone also where it is still to be written, and a job that fails
// after that has forgotten nothing.
func TestDroppedInstanceInOneBatch(t *testing.T) {
	s := open(t, "")
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e", Instance: "i", By: store.ByInstance, Asked: epoch}, nil); err != nil {
		t.Fatal(err)
	}
	take := func(i center.InstanceID) entry {
		return entry{change: &store.Change{Quotas: []store.Quota{{Counter: store.Slots(i, "u", "CHAT"), Delta: 1, Limit: -1}}}}
	}
	fails := entry{job: func(w *writer) error {
		if err := w.dropInstance("i"); err != nil {
			return err
		}
		return errors.New("it fails")
	}}
	if errs := batch(t, s, take("i"), take("other"), fails, take("i")); errs[0] != nil || errs[1] != nil || errs[2] == nil || errs[3] != nil {
		t.Fatalf("errors %v; want one of the job alone", errs)
	}
	want := func(when string, dropped, other int64) {
		t.Helper()
		for i, want := range map[center.InstanceID]int64{"i": dropped, "other": other} {
			if n, err := s.Count(t.Context(), store.Slots(i, "u", "CHAT")); err != nil || n != want {
				t.Errorf("%s %s counts %d, %v; want %d", when, i, n, err, want)
			}
		}
	}
	want("after a job that failed", 2, 1)
	hold, held := make(chan struct{}), make(chan struct{})
	s.submit(entry{job: func(*writer) error { close(held); <-hold; return nil }, done: func(error) {}})
	<-held
	finished := make(chan error, 1)
	s.submit(entry{change: take("i").change, done: func(error) {}})
	s.submit(entry{change: take("other").change, done: func(error) {}})
	go func() {
		_, err := s.FinishErasures(t.Context(), epoch.Add(time.Minute))
		finished <- err
	}()
	close(hold)
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	want("when it is dropped", 0, 2)
	if err := submit(s, take("i").change); err != nil {
		t.Fatal(err)
	}
	want("after it", 1, 2)
}
