package lease_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/lease"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// cluster is some nodes on one store.
type cluster struct {
	t     *testing.T
	store *flaky
	nodes map[string]*lease.Holder
	stops map[string]func()
	step  atomic.Int64 // of the wall clock of all nodes
}

// flaky is a store that some nodes do not reach.
type flaky struct {
	*sqlite.Store
	lag  time.Duration // how late the answer to a Release comes
	mu   sync.Mutex
	away string // the node that cannot reach it
}

func (f *flaky) Release(ctx context.Context, node string, names ...string) error {
	defer time.Sleep(f.lag) // of the bubble's clock
	return f.Store.Release(ctx, node, names...)
}

func (f *flaky) Claim(ctx context.Context, node string, now time.Time, ttl time.Duration, names ...string) ([]store.Lease, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if node == f.away {
		return nil, errors.New("the store is away")
	}
	return f.Store.Claim(ctx, node, now, ttl, names...)
}

func (f *flaky) cut(node string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = node
}

func inCluster(t *testing.T, test func(c *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := &cluster{t: t, store: &flaky{Store: s}, nodes: map[string]*lease.Holder{}, stops: map[string]func(){}}
		test(c)
		for name := range c.stops {
			c.leave(name)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (c *cluster) join(name string) *lease.Holder {
	h := &lease.Holder{Store: c.store, Node: name, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(time.Duration(c.step.Load())) }}
	ctx, stop := context.WithCancel(c.t.Context())
	var done sync.WaitGroup
	done.Go(func() { h.Run(ctx) })
	c.nodes[name], c.stops[name] = h, func() { stop(); done.Wait() }
	synctest.Wait()
	return h
}

func (c *cluster) leave(name string) {
	c.stops[name]()
	delete(c.stops, name)
	delete(c.nodes, name)
}

func (c *cluster) pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

// shares checks that no shard has two holders and returns how many each node holds.
func (c *cluster) shares() map[string]int {
	c.t.Helper()
	var held store.Shards
	shares := map[string]int{}
	for name, h := range c.nodes {
		mine := h.Shards()
		if held&mine != 0 {
			c.t.Errorf("two nodes hold the shards %064b", held&mine)
		}
		held |= mine
		shares[name] = bits.OnesCount64(uint64(mine))
	}
	return shares
}

func (c *cluster) want(when string, want map[string]int) {
	c.t.Helper()
	if got := c.shares(); fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("%s the nodes hold %v shards; want %v", when, got, want)
	}
}

func TestNodesShareTheWork(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a := c.join("a")
		c.want("alone", map[string]int{"a": 64})
		first := a.Fence(5)
		b := c.join("b")
		for range 4 {
			c.pass(lease.Beat)
			c.shares()
		}
		c.want("in balance", map[string]int{"a": 32, "b": 32})
		if !slices.Equal(a.Alive(), []string{"a", "b"}) || !slices.Equal(b.Alive(), []string{"a", "b"}) {
			t.Errorf("alive are %v and %v", a.Alive(), b.Alive())
		}
		c.join("c")
		for range 4 {
			c.pass(lease.Beat)
			c.shares()
		}
		if got := c.shares(); got["a"]+got["b"]+got["c"] != 64 || got["a"] > 22 || got["b"] > 22 || got["c"] > 22 {
			t.Errorf("three nodes hold %v shards", got)
		}
		c.leave("b")
		c.leave("c")
		c.pass(lease.Beat)
		c.want("after the others left in order", map[string]int{"a": 64})

		// What was done under a lease that another node had meanwhile is refused.
		again := a.Fence(5)
		old := c.store.Keep(c.t.Context(), &store.Chores{Fence: first, Delivered: []int64{1}})
		now := c.store.Keep(c.t.Context(), &store.Chores{Fence: again, Delivered: []int64{1}})
		if now != nil || first.Version != again.Version && !errors.Is(old, store.ErrFenced) {
			t.Errorf("chores under version %d = %v, under version %d = %v", first.Version, old, again.Version, now)
		}
	})
}

func TestDeadNodeIsReplaced(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.join("a"), c.join("b")
		c.pass(4 * lease.Beat)
		c.store.cut("b")
		c.pass(lease.TTL - lease.Beat - time.Second)
		if n := c.shares(); n["b"] != 32 {
			t.Errorf("a node that missed a beat holds %d shards; want its 32", n["b"])
		}
		c.pass(2*lease.Beat + time.Second)
		c.pass(lease.Beat)
		c.want("when the other is cut off", map[string]int{"a": 64, "b": 0})
		if slices.Contains(a.Alive(), "b") {
			t.Errorf("alive are %v", a.Alive())
		}
		fence := b.Fence(0)
		if err := c.store.Keep(c.t.Context(), &store.Chores{Fence: fence, Delivered: []int64{1}}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("chores of a node that lost its lease = %v; want ErrFenced", err)
		}
		c.store.cut("")
		c.pass(4 * lease.Beat)
		c.want("when it is back", map[string]int{"a": 32, "b": 32})
	})
}

// TestClockIsSetBack: nodes that live keep their shares when the wall clock is set back an
// hour, and one that died before is replaced as soon as ever.
func TestClockIsSetBack(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.join("a")
		c.join("b")
		c.join("dead")
		c.pass(4 * lease.Beat)
		c.store.cut("dead")
		c.step.Store(-int64(time.Hour))
		c.pass(lease.TTL + 4*lease.Beat)
		dead := c.nodes["dead"]
		delete(c.nodes, "dead") // it cannot know that the clock of the others was set back
		c.want("after the step", map[string]int{"a": 32, "b": 32})
		if alive := c.nodes["a"].Alive(); !slices.Equal(alive, []string{"a", "b"}) {
			t.Errorf("alive are %v", alive)
		}
		c.nodes["dead"] = dead
	})
}

func TestChangesAreReported(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a := c.join("a")
		changes := 0
		c.leave("a")
		a = &lease.Holder{Store: c.store, Node: "a", Log: slog.New(slog.DiscardHandler), Changed: func() { changes++ }}
		ctx, stop := context.WithCancel(c.t.Context())
		var done sync.WaitGroup
		done.Go(func() { a.Run(ctx) })
		c.pass(5 * lease.Beat)
		if changes != 1 {
			t.Errorf("%d changes in a quiet cluster; want the first", changes)
		}
		c.join("b")
		c.pass(3 * lease.Beat)
		if changes != 2 {
			t.Errorf("%d changes after another node joined; want one more", changes)
		}
		stop()
		done.Wait()
	})
}

// What a node gives back it does not count as its own any more, although it has
// not heard yet that it is given back.
func TestSharesPassBeforeTheAnswer(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.store.lag = lease.Beat
		c.join("one")
		c.pass(lease.Beat / 2)
		c.join("two")
		for range 30 {
			c.pass(lease.Beat / 10)
			c.shares()
		}
		c.want("after the hand-over", map[string]int{"one": 32, "two": 32})
	})
}
