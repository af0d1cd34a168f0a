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
	tell  atomic.Pointer[func()] // what nodes call to tell the others
}

// flaky is a store that some nodes do not reach.
type flaky struct {
	*sqlite.Store
	lag  time.Duration // how late the answer to a Release comes
	step atomic.Int64  // of the store's clock
	slow atomic.Int64  // how long an answer to Time is on its way
	gone atomic.Bool   // nothing is answered
	mu   sync.Mutex
	away string // the node that cannot reach it
}

func (f *flaky) Time(ctx context.Context) (time.Time, error) {
	if f.gone.Load() {
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}
	at, err := f.Store.Time(ctx)
	time.Sleep(time.Duration(f.slow.Load()))
	return at.Add(time.Duration(f.step.Load())), err
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
	h := &lease.Holder{Store: c.store, Node: name, Log: slog.New(slog.DiscardHandler), Tell: func() {
		if tell := c.tell.Load(); tell != nil {
			(*tell)()
		}
	}}
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
		_, first := a.Held()
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
		_, again := a.Held()
		old := c.store.Keep(c.t.Context(), &store.Chores{Fences: first, Delivered: []int64{1}})
		now := c.store.Keep(c.t.Context(), &store.Chores{Fences: again, Delivered: []int64{1}})
		if now != nil || !errors.Is(old, store.ErrFenced) {
			t.Errorf("chores under former leases = %v, under those held now = %v", old, now)
		}
	})
}

func TestDeadNodeIsReplaced(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.join("a"), c.join("b")
		c.pass(4 * lease.Beat)
		c.store.cut("b")
		_, fences := b.Held()
		if !a.Current() || !b.Current() {
			t.Error("nodes that renew their leases are not current")
		}
		c.pass(lease.TTL - lease.Beat - time.Second)
		if n := c.shares(); n["b"] != 32 {
			t.Errorf("a node that missed a beat holds %d shards; want its 32", n["b"])
		}
		c.pass(2*lease.Beat + 100*time.Millisecond) // and no more than the leases last
		c.want("when the other is cut off", map[string]int{"a": 64, "b": 0})
		if !a.Current() || b.Current() {
			t.Errorf("current are a: %t, b: %t; want the one that is not cut off", a.Current(), b.Current())
		}
		if slices.Contains(a.Alive(), "b") {
			t.Errorf("alive are %v", a.Alive())
		}
		if err := c.store.Keep(c.t.Context(), &store.Chores{Fences: fences, Delivered: []int64{1}}); !errors.Is(err, store.ErrFenced) {
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
		c.store.step.Store(-int64(time.Hour))
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

// TestYield: a node that stops gives its shards back first of all, and the others, who are told, have
// them within a fifth of a second, while it counts as alive until it has ended.
func TestYield(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.join("a"), c.join("b")
		tell := func() { a.Look(); b.Look() }
		c.tell.Store(&tell)
		c.pass(4 * lease.Beat)
		if err := b.Yield(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.pass(200 * time.Millisecond)
		c.want("after b was told to leave", map[string]int{"a": 64, "b": 0})
		for range 10 { // however long it takes to end
			c.pass(lease.Beat)
			c.want("while b is leaving", map[string]int{"a": 64, "b": 0})
			if !slices.Equal(a.Alive(), []string{"a", "b"}) {
				t.Fatalf("while b is leaving, alive are %v", a.Alive())
			}
		}
		c.leave("b")
		c.pass(200 * time.Millisecond)
		if !slices.Equal(a.Alive(), []string{"a"}) {
			t.Errorf("after b has left, alive are %v", a.Alive())
		}
	})
}

// TestYieldWhileItBeats: a node that is told to stop while it looks at its leases, however slowly, gives all of them back.
func TestYieldWhileItBeats(t *testing.T) {
	inCluster(t, func(c *cluster) {
		a, b := c.join("a"), c.join("b")
		tell := a.Look
		c.tell.Store(&tell)
		c.pass(4 * lease.Beat)
		for _, slow := range []time.Duration{0, 100 * time.Millisecond, time.Second} {
			c.store.slow.Store(int64(slow))
			c.pass(3*lease.Beat - 50*time.Millisecond) // the last one may be under way
		}
		if err := b.Yield(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		c.store.slow.Store(0)
		c.pass(3 * lease.Beat)
		c.want("after b was told to leave", map[string]int{"a": 64, "b": 0})
	})
}

// TestYieldWithoutTheStore: a node that is told to stop while the store does not answer, and a beat waits for it, waits two seconds itself; when the store is
// back it takes nothing any more.
func TestYieldWithoutTheStore(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.join("a")
		b := c.join("b")
		c.pass(4 * lease.Beat)
		c.store.gone.Store(true)
		c.pass(lease.Beat + 100*time.Millisecond) // a beat is under way
		began := time.Now()
		if err := b.Yield(c.t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("after %s, Yield = %v; want that its time is over after two seconds", time.Since(began), err)
		}
		c.store.gone.Store(false)
		c.pass(2 * lease.TTL)
		c.want("after b was told to leave", map[string]int{"a": 64, "b": 0})
	})
}

// TestTime: a node knows what the store's clock shows, whatever its own does, to what the way there takes, and does not follow
// answers that are late.
func TestTime(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.store.step.Store(int64(time.Minute))
		a := c.join("a")
		off := func() time.Duration { return -time.Since(a.Time()) - time.Duration(c.store.step.Load()) }
		if off() != 0 {
			t.Errorf("the time is off by %s", off())
		}
		c.store.slow.Store(int64(800 * time.Millisecond))
		c.pass(20 * lease.Beat)
		if off() != 0 {
			t.Errorf("while answers are late, the time is off by %s", off())
		}
		c.store.step.Add(int64(-time.Hour))
		c.store.slow.Store(int64(10 * time.Millisecond))
		c.pass(3 * lease.Beat)
		if off() > 10*time.Millisecond || off() < -10*time.Millisecond {
			t.Errorf("after the store's clock was set back, the time is off by %s", off())
		}
		c.want("then", map[string]int{"a": 64})
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
