package agentcases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var heldCases = []testCase{
	{Name: "what users have on their hands is replaced as a whole", Run: heldReplaced},
	{Name: "a user with many chats, and many users", Run: heldPages},
	{Name: "a chat that has ended is held until its head says no more", Run: heldAfterEnd},
	{Name: "a refused change leaves what was held", Run: heldRefused},
	{Name: "holdings out of bounds", Run: heldBounds},
	{Name: "an erased chat is not held", Run: heldErased},
	{Name: "slots and holdings agree among many submitters", Run: heldAndSlots},
	{Name: "holdings last", Run: heldLasts, Reopens: true},
}

// holds is a holding since the n-th moment.
func holds(user center.UserID, since int, work string) store.Holding {
	return store.Holding{User: user, Since: kit.At(since), Work: work}
}

func heldChange(id center.ContactID, version int64, held ...store.Holding) *store.Change {
	c := kit.StateChange(id, version, "x")
	c.State.Held = held
	return c
}

// wantHeld fails unless a user, or all of an instance, have chats on their hands, each as CHAT USER SINCE WORK.
func (s *env) wantHeld(t *testing.T, i center.InstanceID, user center.UserID, want ...string) {
	t.Helper()
	for _, on := range s.Nodes() {
		var got []string
		for h, err := range on.Held(t.Context(), i, user) {
			if err != nil {
				t.Fatalf("Held: %v", err)
			}
			got = append(got, heldText(h.Chat, h.Holding))
		}
		if !slices.Equal(got, want) {
			t.Errorf("Held(%s, %q) = %d: %q; want %d: %q", i, user, len(got), got, len(want), want)
		}
	}
}

func heldText(chat center.ContactID, h store.Holding) string {
	return fmt.Sprintf("%s %s %d %s", chat, h.User, h.Since.Sub(kit.Epoch)/time.Second, h.Work)
}

func heldReplaced(t *testing.T, s *env) {
	a, b := s.Create(t, 1), s.Create(t, 1)
	s.wantHeld(t, kit.Instance, "")
	s.Must(t, heldChange(a, 1, holds("u", 2, "offered"), holds("v", 1, "talks")))
	s.Must(t, heldChange(b, 1, holds("u", 1, "talks")))
	s.wantHeld(t, kit.Instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")))
	s.wantHeld(t, kit.Instance, "v", heldText(a, holds("v", 1, "talks")))
	s.wantHeld(t, kit.Instance, "", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")), heldText(a, holds("v", 1, "talks")))
	s.wantHeld(t, kit.Instance, "nobody")
	s.wantHeld(t, kit.Elsewhere, "u")
	// A change without a state leaves them, one with a state says them anew.
	s.Must(t, &store.Change{Chat: a, Items: kit.Items(a, 2, 1)})
	s.Must(t, heldChange(a, 2, holds("v", 1, "talks"), holds("u", 2, "offered"))) // in another order
	s.wantHeld(t, kit.Instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")))
	s.Must(t, heldChange(a, 3, holds("u", 3, "talks")))
	s.wantHeld(t, kit.Instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 3, "talks")))
	s.wantHeld(t, kit.Instance, "v")
	// One user may have a chat twice, and what is said twice is so once.
	s.Must(t, heldChange(a, 4, holds("u", 3, "missed"), holds("u", 3, "talks"), holds("u", 9, "talks"), holds("u", 3, "talks")))
	s.wantHeld(t, kit.Instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 3, "missed")), heldText(a, holds("u", 3, "talks")), heldText(a, holds("u", 9, "talks")))
	moved := heldChange(a, 5, holds("u", 3, "missed"))
	moved.State.Instance = kit.Elsewhere
	s.Must(t, moved)
	s.wantHeld(t, kit.Elsewhere, "", heldText(a, holds("u", 3, "missed")))
	s.Must(t, kit.StateChange(b, 2, "nobody"))
	s.wantHeld(t, kit.Instance, "")
	s.Must(t, heldChange(b, 3, store.Holding{User: "w"}))
	for h, err := range s.Held(t.Context(), kit.Instance, "w") {
		if err != nil || h.Chat != b || !h.Since.IsZero() || h.Work != "" {
			t.Errorf("a holding without more than its user is %+v, %v", h, err)
		}
	}
}

func heldPages(t *testing.T, s *env) {
	const chats, users = 500, 7
	user := func(n int) center.UserID { return center.UserID(fmt.Sprint("user ", n)) }
	ids := make([]center.ContactID, chats)
	var of [users][]string
	for i := range ids {
		ids[i] = kit.NewID()
		h := holds(user(i%users), i/3, "talks") // several since one moment
		of[i%users] = append(of[i%users], heldText(ids[i], h))
		of[0] = append(of[0], heldText(ids[i], holds(user(0), i, "watches")))
	}
	s.MustAll(t, chats, func(i int) *store.Change {
		c := kit.ChatChange(ids[i], "x")
		c.State.Held = []store.Holding{holds(user(i%users), i/3, "talks"), holds(user(0), i, "watches")}
		return c
	})
	read := func(user center.UserID) (got []string, sorted bool) {
		var last store.HeldChat
		sorted = true
		for h, err := range s.Held(t.Context(), kit.Instance, user) {
			if err != nil {
				t.Fatalf("Held: %v", err)
			}
			sorted = sorted && (last.User < h.User || last.User == h.User && !last.Since.After(h.Since))
			last = h
			got = append(got, heldText(h.Chat, h.Holding))
		}
		slices.Sort(got)
		return got, sorted
	}
	for n := range users {
		slices.Sort(of[n])
		if got, sorted := read(user(n)); !slices.Equal(got, of[n]) || !sorted {
			t.Errorf("user %d has %d chats, in order: %v; want %d", n, len(got), sorted, len(of[n]))
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(of[:]...)))
	if got, sorted := read(""); !slices.Equal(got, all) || !sorted {
		t.Errorf("all users have %d chats, in order: %v; want %d", len(got), sorted, len(all))
	}
	for range s.Held(t.Context(), kit.Instance, user(0)) { // a reader may stop
		break
	}
}

func heldAfterEnd(t *testing.T, s *env) {
	id := s.Ended(t, func(c *store.Change) { c.State.Held = []store.Holding{holds("u", 1, "after-contact work")} })
	s.wantHeld(t, kit.Instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	over := heldChange(id, 1, holds("u", 1, "after-contact work"))
	over.State.Active = false
	s.Must(t, over)
	s.wantHeld(t, kit.Instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	// The end of the transcript is not the end of that work.
	parts := heldChange(id, 2, holds("u", 1, "after-contact work"))
	parts.State.Active, parts.Erase = false, &store.Remove{Parts: center.PartTranscript}
	s.Must(t, parts)
	s.EraseSteps(t, 100)
	s.wantHeld(t, kit.Instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	done := kit.StateChange(id, 3, "done")
	done.State.Active = false
	s.Must(t, done)
	s.wantHeld(t, kit.Instance, "u")
}

func heldRefused(t *testing.T, s *env) {
	id := s.Create(t, 1)
	s.Must(t, heldChange(id, 1, holds("u", 1, "talks")))
	s.Refused(t, heldChange(id, 1, holds("v", 1, "talks")), store.ErrConflict)
	over := heldChange(id, 2, holds("v", 1, "talks"))
	over.Quotas = []store.Quota{{Counter: store.Slots(kit.Instance, "v", "CHAT"), Delta: 1, Limit: 0}}
	s.Refused(t, over, store.ErrQuota)
	s.wantHeld(t, kit.Instance, "", heldText(id, holds("u", 1, "talks")))
	s.Must(t, heldChange(id, 2, holds("v", 1, "talks")))
	s.wantHeld(t, kit.Instance, "", heldText(id, holds("v", 1, "talks")))
}

func heldBounds(t *testing.T, s *env) {
	id := s.Create(t, 1)
	var many []store.Holding
	for n := range store.MaxHeld {
		many = append(many, holds("u", n, strings.Repeat("w", store.MaxWork)))
	}
	for what, held := range map[string][]store.Holding{
		"too many": append(slices.Clone(many), holds("v", 1, "x")), "too much work": {holds("u", 1, strings.Repeat("w", store.MaxWork+1))}, "no user": {holds("", 1, "x")},
	} {
		if err := s.Apply(heldChange(id, 1, held...)); center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: done(%v); want it to be invalid", what, err)
		}
	}
	s.Must(t, heldChange(id, 1, many...))
	n := 0
	for range s.Held(t.Context(), kit.Instance, "u") {
		n++
	}
	if n != store.MaxHeld {
		t.Errorf("%d holdings; want %d", n, store.MaxHeld)
	}
}

func heldErased(t *testing.T, s *env) {
	held := func(c *store.Change) {
		c.State.Held = []store.Holding{holds("u", 1, "missed"), holds("v", 1, "after-contact work")}
	}
	id, other := s.Ended(t, held), s.Ended(t, held)
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e", Instance: kit.Instance, By: store.ByContact, Asked: kit.Epoch}, nil); err != nil {
		t.Fatal(err)
	}
	s.EraseAll(t, id, "e")
	s.wantHeld(t, kit.Instance, "", heldText(other, holds("u", 1, "missed")), heldText(other, holds("v", 1, "after-contact work")))
	if e, err := s.Erasure(t.Context(), "e"); err != nil || e.Counts["holdings"] != 2 {
		t.Errorf("the erasure counts %v, %v; want 2 holdings", e.Counts, err)
	}
}

// heldAndSlots lets many chats contend for the slots of a few users on two nodes: each takes one, with
// what says so, in one change, and gives it back in another.
func heldAndSlots(t *testing.T, s *env) {
	const chats, users, slots = 200, 3, 5
	nodes := s.Nodes()
	user := func(n int) center.UserID { return center.UserID(fmt.Sprint("user ", n%users)) }
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range chats {
		wg.Go(func() {
			s, id := nodes[i%2], kit.NewID()
			c := kit.ChatChange(id, "offered")
			c.State.Held = []store.Holding{holds(user(i), i, "offered")}
			c.Quotas = []store.Quota{{Counter: store.Barred(kit.Instance, user(i))}, {Counter: store.Slots(kit.Instance, user(i), "CHAT"), Delta: 1, Limit: slots}}
			switch err := s.Apply(c); {
			case errors.Is(err, store.ErrQuota):
				refused.Add(1)
				return
			case err != nil:
				t.Errorf("done(%v)", err)
				return
			}
			taken.Add(1)
			if i%4 < 2 { // of both nodes: one of them may be the first everywhere
				free := kit.StateChange(id, 1, "done")
				free.Quotas = []store.Quota{{Counter: store.Slots(kit.Instance, user(i), "CHAT"), Delta: -1, Limit: -1}}
				if err := s.Apply(free); err != nil {
					t.Errorf("done(%v)", err)
				}
				taken.Add(-1)
			}
		})
	}
	wg.Wait()
	if refused.Load() == 0 || taken.Load() == 0 {
		t.Errorf("%d were refused, %d stay: the case shows nothing", refused.Load(), taken.Load())
	}
	all := int64(0)
	for n := range users {
		have := int64(0)
		for _, err := range s.Held(t.Context(), kit.Instance, user(n)) {
			if err != nil {
				t.Fatal(err)
			}
			have++
		}
		if got := s.Value(t, store.Slots(kit.Instance, user(n), "CHAT")); got != have || got > slots {
			t.Errorf("user %d has %d chats in %d slots; want as many, and at most %d", n, have, got, slots)
		}
		all += have
	}
	if all != taken.Load() {
		t.Errorf("%d chats are held; want %d", all, taken.Load())
	}
}

func heldLasts(t *testing.T, s *env) {
	id := s.Create(t, 1)
	s.Must(t, heldChange(id, 1, holds("u", 1, "talks"), holds("v", 2, "offered")))
	s.Restart(t)
	s.wantHeld(t, kit.Instance, "", heldText(id, holds("u", 1, "talks")), heldText(id, holds("v", 2, "offered")))
	s.Must(t, heldChange(id, 2, holds("u", 1, "talks"), holds("v", 3, "talks"))) // the store reads again what was held
	s.wantHeld(t, kit.Instance, "", heldText(id, holds("u", 1, "talks")), heldText(id, holds("v", 3, "talks")))
	s.Restart(t)
	s.Must(t, kit.StateChange(id, 3, "nobody"))
	s.Restart(t)
	s.wantHeld(t, kit.Instance, "")
}
