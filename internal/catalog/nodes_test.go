package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/catalog/contents"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/queueing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// cluster is two nodes on one store, and an instance that both have in memory.
type cluster struct {
	*testing.T
	*catalogtest.Fixture
	a, b  *catalog.Catalog
	links [2]bustest.Link // of a and b
	id    center.InstanceID
}

// inCluster runs a test in a bubble of its own time.
func inCluster(t *testing.T, limits catalog.Limits, test func(t *testing.T, c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{T: t, Fixture: catalogtest.New(t, limits)}
		local := new(bus.Local)
		c.links[0].Bus, c.links[1].Bus = local, local
		c.a = c.Again(limits, shared("a", &c.links[0]))
		c.b = c.Again(limits, shared("b", &c.links[1]))
		c.Catalog = c.a
		c.id = c.NewInstance(t, "acme")
		c.snapshot(c.a)
		c.snapshot(c.b)
		test(t, c)
	})
}

func shared(node string, b bus.Bus) func(*catalog.Config) {
	return func(cfg *catalog.Config) { cfg.Bus, cfg.Node, cfg.Shared = b, node, true }
}

// cut loses all notices from now on.
func (c *cluster) cut() {
	for i := range c.links {
		c.links[i].Break(bustest.Lose)
	}
}

func (c *cluster) snapshot(node *catalog.Catalog) *catalog.Snapshot {
	c.Helper()
	snap, err := node.Snapshot(c.Context(), string(c.id))
	if err != nil {
		c.Fatalf("Snapshot: %v", err)
	}
	return snap
}

// newQueue makes a queue on a node.
func (c *cluster) newQueue(node *catalog.Catalog, name string) (*catalog.Queue, error) {
	hours := catalog.All[*catalog.Hours](c.snapshot(node))[0]
	return queueing.CreateQueue(c.Context(), node, c.id, queueing.NewQueue{Name: name, Hours: hours.ID})
}

// runs returns the text of what a chat on a node runs of a flow.
func (c *cluster) runs(node *catalog.Catalog, ref string) string {
	c.Helper()
	if err := node.Chats().Prepare(c.Context(), c.id); err != nil {
		c.Fatalf("Prepare: %v", err)
	}
	f, _, err := catalogtest.Comes(c.T, node, c.id, ref, false)
	if err != nil {
		return center.ReasonOf(err).String()
	}
	return string(f.Content())
}

// contentsOf is all that a snapshot shows of flows and queues, and its revision.
func contentsOf(snap *catalog.Snapshot) string {
	var text strings.Builder
	fmt.Fprintln(&text, "revision", snap.Revision, "version", snap.Instance.Version)
	for _, f := range catalog.All[*catalog.Flow](snap) {
		fmt.Fprintln(&text, f.About(), f.Published)
	}
	for _, q := range catalog.All[*catalog.Queue](snap) {
		fmt.Fprintln(&text, q.About(), q.Hours)
	}
	return text.String()
}

func third[A, B any](_ A, _ B, err error) error { return err }

// changes makes one change after the other on node a, and has seen called with a
// check that node b shows it.
func (c *cluster) changes(seen func(what string, shown func() bool)) {
	c.Helper()
	must := func(err error) {
		c.Helper()
		if err != nil {
			c.Fatal(err)
		}
	}
	made := c.NewFlow(c.T, c.id, "one", catalogtest.Says("first"))
	seen("a new flow", func() bool { return c.runs(c.b, string(made.ID)) == catalogtest.Says("first") })
	must(publishing.UpdateFlow(c.Context(), c.a, c.id, made.ID, contents.Live, catalogtest.Says("second")))
	seen("a flow that is published anew", func() bool { return c.runs(c.b, string(made.ID)) == catalogtest.Says("second") })
	for range 2 { // versions 1 and 2
		must(third(publishing.CreateVersion[*catalog.Flow](c.Context(), c.a, c.id, made.ID, publishing.NewVersion{})))
		must(publishing.UpdateFlow(c.Context(), c.a, c.id, made.ID, contents.Live, catalogtest.Says("third")))
	}
	alias, err := publishing.CreateAlias[*catalog.Flow](c.Context(), c.a, c.id, made.ID, publishing.NewAlias{Name: "prod", Version: 1})
	must(err)
	prod := string(made.ID) + ":prod"
	seen("a new alias", func() bool { return c.runs(c.b, prod) == catalogtest.Says("second") })
	must(publishing.UpdateAlias[*catalog.Flow](c.Context(), c.a, c.id, made.ID, alias.ID, publishing.AliasChange{Version: new(int64(2))}))
	seen("an alias that moved", func() bool { return c.runs(c.b, prod) == catalogtest.Says("third") })
	must(publishing.Delete[*catalog.Flow](c.Context(), c.a, c.id, made.ID))
	seen("a deleted flow", func() bool { return c.runs(c.b, string(made.ID)) == center.NotFound.String() })
	must(setup.SetAttribute(c.Context(), c.a, c.id, "CONTACTFLOW_LOGS", "true"))
	seen("an attribute", func() bool {
		value, _ := c.snapshot(c.b).Instance.Attribute("CONTACTFLOW_LOGS")
		return value == "true"
	})
	must(c.a.Delete(c.Context(), c.id, store.Erasure{ID: "gone"}))
	seen("the deleted instance", func() bool {
		_, err := c.b.Snapshot(c.Context(), string(c.id))
		return center.ReasonOf(err) == center.NotFound
	})
}

func TestWritesOfAnotherNodeAreSeenAtOnce(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		c.changes(func(what string, shown func() bool) {
			if !shown() {
				t.Errorf("%s is not seen by the other node", what)
			}
		})
	})
}

func TestWritesOfAnotherNodeAreSeenWithoutNotices(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		c.cut()
		c.changes(func(what string, shown func() bool) {
			if shown() {
				t.Errorf("%s is seen at once; want the node to have missed the notice", what)
			}
			time.Sleep(catalog.Fresh)
			if !shown() {
				t.Errorf("%s is not seen after %v", what, catalog.Fresh)
			}
		})
	})
}

func TestChatFinishesOnWhatItHas(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		if err := c.b.Chats().Prepare(t.Context(), c.id); err != nil {
			t.Fatal(err)
		}
		if err := c.a.Delete(t.Context(), c.id, store.Erasure{ID: "e"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.b.Chats().Default(c.id, "CUSTOMER_QUEUE"); err != nil {
			t.Errorf("after the notice the default flow cannot be found in the middle of a command: %v", err)
		}
		if err := c.b.Chats().Prepare(t.Context(), c.id); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.b.Chats().Default(c.id, "CUSTOMER_QUEUE")
		catalogtest.WantReason(t, "a default flow of a deleted instance", err, center.NotFound)
	})
}

func TestWritesOfTwoNodesKeepQuotasAndNames(t *testing.T) {
	for name, lose := range map[string]bool{"with notices": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			const quota, writers = 10, 24
			inCluster(t, catalog.Limits{Queues: quota}, func(t *testing.T, c *cluster) {
				if lose {
					c.cut()
				}
				// Each name is tried once by each node.
				won := catalogtest.Race(writers, func(i int) error {
					node := []*catalog.Catalog{c.a, c.b}[i%2]
					_, err := c.newQueue(node, fmt.Sprint("q", i/2))
					if reason := center.ReasonOf(err); err != nil && reason != center.LimitExceeded && reason != center.Duplicate {
						t.Errorf("CreateQueue = %v; want Duplicate or LimitExceeded", err)
					}
					return err
				})
				if n := c.Count(t, c.id, center.KindQueue); n != quota || won != quota-1 { // one comes with the instance
					t.Errorf("%d queues of %d, %d made", n, quota, won)
				}
				time.Sleep(catalog.Fresh)
				if a, b := contentsOf(c.snapshot(c.a)), contentsOf(c.snapshot(c.b)); a != b {
					t.Errorf("the nodes show\n%s\nand\n%s", a, b)
				}
			})
		})
	}
}

// A decision may rest on resources that it does not change.
func TestWritesOfTwoNodesDecideOnWhatIsThere(t *testing.T) {
	inCluster(t, catalog.Limits{Queues: 2}, func(t *testing.T, c *cluster) {
		late, err := queueing.CreateHours(t.Context(), c.a, c.id, queueing.NewHours{Name: "late", TimeZone: "UTC"})
		if err != nil {
			t.Fatal(err)
		}
		other := c.Again(catalog.Limits{Queues: 2}, shared("c", &c.links[1]))
		c.snapshot(c.b)
		c.snapshot(other)
		c.cut()
		if _, err := queueing.CreateQueue(t.Context(), c.a, c.id, queueing.NewQueue{Name: "q", Hours: late.ID}); err != nil {
			t.Fatal(err)
		}
		// The other nodes have not noticed the queue: it keeps the hours and is the last of two.
		catalogtest.WantReason(t, "DeleteHours", queueing.DeleteHours(t.Context(), c.b, c.id, late.ID), center.InUse)
		_, err = c.newQueue(other, "r")
		catalogtest.WantReason(t, "CreateQueue", err, center.LimitExceeded)
	})
}

func TestWriteThatHasMissedAnotherReloads(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		now := c.a.Now()
		row := center.Resource{Instance: c.id, Kind: center.KindQueue, ID: "elsewhere", Name: "elsewhere", Created: now, Updated: now, Body: []byte(`{}`)}
		if _, err := c.Store.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{row}}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.newQueue(c.a, "own"); err != nil {
			t.Fatal(err)
		}
		snap := c.snapshot(c.a)
		for _, name := range []string{"own", "elsewhere"} {
			if _, ok := find(snap, name); !ok {
				t.Errorf("queue %s is not in the snapshot after a write that came after another one", name)
			}
		}
		if want, err := c.Store.Revision(t.Context(), c.id); snap.Revision != want || err != nil {
			t.Errorf("the snapshot has revision %d, %v; want %d", snap.Revision, err, want)
		}
	})
}

func find(snap *catalog.Snapshot, queue string) (*catalog.Queue, bool) {
	for _, q := range catalog.All[*catalog.Queue](snap) {
		if q.Name == queue {
			return q, true
		}
	}
	return nil, false
}

// slowStore counts questions for revisions, and answers them when the test does.
type slowStore struct {
	store.Store
	asked  atomic.Int64
	answer chan error // nil answers at once
}

func (s *slowStore) Revision(ctx context.Context, id center.InstanceID) (int64, error) {
	s.asked.Add(1)
	if s.answer != nil {
		if err := <-s.answer; err != nil {
			return 0, err
		}
	}
	return s.Store.Revision(ctx, id)
}

func TestOneCallerComparesAndNobodyElseWaitsLonger(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		slow := &slowStore{Store: c.Store}
		c.Store = slow
		node := c.Again(catalog.Limits{}, shared("slow", new(bus.Local)))
		c.snapshot(node)
		slow.answer = make(chan error)
		var done, failed atomic.Int64
		var wg sync.WaitGroup
		call := func(n int) {
			for range n {
				wg.Go(func() {
					if _, err := node.Snapshot(t.Context(), string(c.id)); err != nil {
						failed.Add(1)
					}
					done.Add(1)
				})
			}
			synctest.Wait()
		}
		want := func(when string, asked, answered, errors int64) {
			t.Helper()
			if a, d, f := slow.asked.Load(), done.Load(), failed.Load(); a != asked || d != answered || f != errors {
				t.Errorf("%s: %d questions, %d answers, %d failures; want %d, %d, %d", when, a, d, f, asked, answered, errors)
			}
		}
		call(5)
		want("right after the load", 1, 5, 0)
		time.Sleep(catalog.Fresh / 2)
		call(5)
		want("half way", 2, 9, 0) // four go on with what there is
		time.Sleep(catalog.Fresh / 2)
		call(5)
		want("at the bound", 2, 9, 0) // which all have to keep
		slow.answer <- errors.New("the store is down")
		synctest.Wait()
		want("when the store fails", 2, 15, 6)
		call(5)
		want("with the next callers", 3, 15, 6)
		slow.answer <- nil
		wg.Wait()
		want("when the store answers", 3, 20, 6)
		call(5)
		want("right after", 3, 25, 6)
	})
}

// quiet fails a test in which anything is published or subscribed to.
type quiet struct{ *testing.T }

func (q quiet) Publish(m bus.Message) { q.Errorf("%+v was published", m) }

func (q quiet) Subscribe(s *bus.Subscription) { q.Errorf("%s was subscribed to", s.Subject) }

func (q quiet) Unsubscribe(s *bus.Subscription) { q.Errorf("%s was unsubscribed from", s.Subject) }

func TestNodeAloneNeitherPublishesNorCompares(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		counting := &slowStore{Store: c.Store}
		c.Store = counting
		alone := c.Again(catalog.Limits{}, func(cfg *catalog.Config) { cfg.Bus = quiet{t} })
		for range 3 {
			c.snapshot(alone)
			if err := setup.SetAttribute(t.Context(), alone, c.id, "CONTACTFLOW_LOGS", "true"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * catalog.Fresh)
		}
		if n := counting.asked.Load(); n != 0 {
			t.Errorf("a node alone asks for %d revisions; want none", n)
		}
	})
}

// subscribers counts those who listen.
type subscribers struct {
	bus.Local
	n atomic.Int64
}

func (s *subscribers) Subscribe(sub *bus.Subscription) {
	s.n.Add(1)
	s.Local.Subscribe(sub)
}

func (s *subscribers) Unsubscribe(sub *bus.Subscription) {
	s.n.Add(-1)
	s.Local.Unsubscribe(sub)
}

func TestSubscriptionsAreThoseOfTheSnapshotsInMemory(t *testing.T) {
	inCluster(t, catalog.Limits{}, func(t *testing.T, c *cluster) {
		var b subscribers
		node := c.Again(catalog.Limits{}, shared("counted", &b))
		catalog.Keep(node, 2)
		want := func(when string, n int64) {
			t.Helper()
			if got := b.n.Load(); got != n {
				t.Errorf("%s there are %d subscriptions; want %d", when, got, n)
			}
		}
		c.Catalog = node
		ids := []center.InstanceID{c.id, c.NewInstance(t, "two"), c.NewInstance(t, "three")}
		want("before anything is in memory", 0)
		for _, id := range ids {
			if _, err := node.Snapshot(t.Context(), string(id)); err != nil {
				t.Fatal(err)
			}
		}
		want("with two of three in memory", 2)
		if err := setup.SetAttribute(t.Context(), node, ids[2], "CONTACTFLOW_LOGS", "true"); err != nil {
			t.Fatal(err)
		}
		want("after a write", 2)
		if err := setup.SetAttribute(t.Context(), node, ids[2], "NONE", "true"); err == nil {
			t.Error("SetAttribute of none: no error")
		}
		if _, err := node.Snapshot(t.Context(), "none"); err == nil {
			t.Error("Snapshot of none: no error")
		}
		want("after failures", 2)
		if err := node.Delete(t.Context(), ids[2], store.Erasure{ID: "f"}); err != nil {
			t.Fatal(err)
		}
		want("after a deletion", 1)
	})
}
