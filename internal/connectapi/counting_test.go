package connectapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/measurer"
	"parley.example/parley/internal/store"
)

// busy lets an agent take some chats, one of them over the end of a quarter of an hour.
func (c *centre) busy() (ids []string) {
	c.Helper()
	bo := center.UserID(c.hire("bo", c.one))
	c.arrive(string(bo), "Available")
	for i := range 4 {
		id := c.customer(c.basic)
		enginetest.Pass(3 * time.Second)
		c.does(id, contact.Accept{User: bo})
		enginetest.Pass(time.Duration(5+i) * time.Minute)
		c.does(id, contact.Stop{})
		enginetest.Pass(20 * time.Second)
		c.does(id, contact.Clear{User: bo})
		ids = append(ids, id)
	}
	synctest.Wait()
	return ids
}

func (c *centre) measurer(s measurer.Store) *measurer.Measurer {
	return measurer.New(c.engine.Catalog, s, c.engine.Clock, enginetest.NoLog)
}

// facts are all facts of the centre, by kind, id and quarter, and everything that is kept.
func (c *centre) facts() (facts, kept []string) {
	c.Helper()
	if err := c.engine.Store.ReadHistory(c.Context(), center.InstanceID(c.instance), func(h store.History) error {
		for _, kind := range []measure.Kind{measure.KindContact, measure.KindRing, measure.KindSpan} {
			if err := h.Facts(string(kind), 0, 1<<60, func(q int64, body []byte) error {
				facts = append(facts, fmt.Sprint(kind, q, string(body)))
				return nil
			}); err != nil {
				return err
			}
		}
		versions := map[int64]int64{}
		var quarters []int64
		if err := h.Quarters(0, 1<<60, func(q, version int64) { versions[q] = version; quarters = append(quarters, q) }); err != nil {
			return err
		}
		for _, part := range []measure.Part{measure.ByQueue, measure.ByWay, measure.ByAgent, measure.Contacts, measure.Agents} {
			for _, length := range []int64{measure.Quarter, measure.Hour} {
				for _, q := range quarters {
					version := int64(0)
					for in := q; in < q+length; in += measure.Quarter {
						version += versions[in]
					}
					for n := 0; ; n++ {
						piece, err := h.Piece(string(part), q, length, version, n)
						if err != nil {
							return err
						}
						if piece == nil {
							break
						}
						kept = append(kept, fmt.Sprintf("%s %d %d %d %x", part, length, q, n, piece))
					}
				}
			}
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
	return facts, kept
}

// What is kept is the same when it is made anew from facts, and a contact that is complete long after its end changes it.
func TestRebuildingEqualsWhatWasKept(t *testing.T) {
	inCentre(t, func(c *centre) {
		c.busy()
		late := c.customer(c.basic)
		enginetest.Pass(3 * time.Second)
		cy := center.UserID(c.hire("cy", c.one))
		c.arrive(string(cy), "Available")
		enginetest.Pass(time.Minute)
		c.does(late, contact.Stop{})
		enginetest.Pass(time.Hour)
		m := c.measurer(c.engine.Store)
		if err := m.RollUp(c.Context()); err != nil {
			t.Fatal(err)
		}
		_, first := c.facts()
		if len(first) < 9 {
			t.Fatalf("%d rollups are kept; want those of some quarters and hours", len(first))
		}
		if err := m.Rebuild(c.Context(), center.InstanceID(c.instance)); err != nil {
			t.Fatal(err)
		}
		if _, again := c.facts(); !slices.Equal(first, again) {
			t.Errorf("made anew, what is kept is\n%q\nit was\n%q", again, first)
		}
		bare := &store.Change{Tallies: []store.Tally{{Instance: center.InstanceID(c.instance), Body: fmt.Appendf(nil, `{"c":{"id":%q,"chat":%q}}`, "unknown", "unknown")}}}
		done := make(chan error, 1)
		c.engine.Store.Submit(bare, func(err error) { done <- err })
		if err := errors.Join(<-done, m.RollUp(c.Context())); err != nil {
			t.Fatal(err)
		}
		if _, again := c.facts(); !slices.Equal(first, again) {
			t.Error("a contact that was erased before it was counted has changed something")
		}
	})
}

// shaky is a store whose writes of facts fail at times: before they are done, and after.
type shaky struct {
	store.Store
	mu sync.Mutex
	n  int
}

var errShaky = errors.New("killed")

// KeepFacts implements [store.FactKeeper].
func (s *shaky) KeepFacts(ctx context.Context, n *store.Counting) error {
	s.mu.Lock()
	s.n++
	turn := s.n
	s.mu.Unlock()
	switch turn % 3 {
	case 0:
		return errShaky
	case 1:
		return errors.Join(s.Store.KeepFacts(ctx, n), errShaky)
	}
	return s.Store.KeepFacts(ctx, n)
}

// However often whoever counts is killed, and however many count, everything counts once.
func TestCountsOnceWhateverFails(t *testing.T) {
	count := func(with func(c *centre)) (rows string) {
		inCentre(t, func(c *centre) {
			start := time.Now()
			c.busy()
			enginetest.Pass(time.Hour)
			with(c)
			out, err := c.report(start, time.Now(), "CONTACTS_CREATED CONTACTS_HANDLED AGENT_ANSWER_RATE AVG_AGENT_CONNECTING_TIME AVG_HANDLE_TIME AVG_AGENT_CONCURRENCY", grouped("QUEUE"), every(connect.IntervalPeriodFIFTEEN_MIN, "UTC"))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.MetricResults {
				rows += r.MetricInterval.StartTime.Sub(start).String()
				for _, m := range r.Collections {
					if m.Value != nil {
						rows += fmt.Sprint(" ", *m.Value)
					}
				}
				rows += "; "
			}
			facts, _ := c.facts()
			seen := map[string]bool{}
			for _, f := range facts {
				if seen[f] {
					t.Errorf("twice: %s", f)
				}
				seen[f] = true
			}
		})
		return rows
	}
	want := count(func(*centre) {})
	if want == "" {
		t.Fatal("nothing was counted")
	}
	failing := count(func(c *centre) {
		m := c.measurer(&shaky{Store: c.engine.Store})
		for range 20 {
			if err := m.RollUp(c.Context()); err != nil && !errors.Is(err, errShaky) {
				t.Fatal(err)
			}
		}
	})
	if failing != want {
		t.Errorf("killed again and again: %s\nwant %s", failing, want)
	}
	several := count(func(c *centre) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := c.measurer(c.engine.Store).RollUp(c.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	if several != want {
		t.Errorf("by four at once: %s\nwant %s", several, want)
	}
}
