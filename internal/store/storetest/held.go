package storetest

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
)

var heldCases = []testCase{
	{name: "what users have on their hands is replaced as a whole", run: heldReplaced},
	{name: "a user with many chats, and many users", run: heldPages},
	{name: "a chat that has ended is held until its head says no more", run: heldAfterEnd},
	{name: "a refused change leaves what was held", run: heldRefused},
	{name: "holdings out of bounds", run: heldBounds},
	{name: "an erased chat is not held", run: heldErased},
	{name: "slots and holdings agree among many submitters", run: heldAndSlots},
	{name: "holdings last", run: heldLasts, reopens: true},
}

// holds is a holding since the n-th moment.
func holds(user center.UserID, since int, work string) store.Holding {
	return store.Holding{User: user, Since: at(since), Work: work}
}

func heldChange(id center.ContactID, version int64, held ...store.Holding) *store.Change {
	c := stateChange(id, version, "x")
	c.State.Held = held
	return c
}

// wantHeld fails unless a user, or all of an instance, have chats on their hands, each as CHAT USER SINCE WORK.
func (s *env) wantHeld(t *testing.T, i center.InstanceID, user center.UserID, want ...string) {
	t.Helper()
	for _, on := range s.nodes() {
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
	return fmt.Sprintf("%s %s %d %s", chat, h.User, h.Since.Sub(epoch)/time.Second, h.Work)
}

func heldReplaced(t *testing.T, s *env) {
	a, b := s.create(t, 1), s.create(t, 1)
	s.wantHeld(t, instance, "")
	s.must(t, heldChange(a, 1, holds("u", 2, "offered"), holds("v", 1, "talks")))
	s.must(t, heldChange(b, 1, holds("u", 1, "talks")))
	s.wantHeld(t, instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")))
	s.wantHeld(t, instance, "v", heldText(a, holds("v", 1, "talks")))
	s.wantHeld(t, instance, "", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")), heldText(a, holds("v", 1, "talks")))
	s.wantHeld(t, instance, "nobody")
	s.wantHeld(t, elsewhere, "u")
	// A change without a state leaves them, one with a state says them anew.
	s.must(t, &store.Change{Chat: a, Items: items(a, 2, 1)})
	s.must(t, heldChange(a, 2, holds("v", 1, "talks"), holds("u", 2, "offered"))) // in another order
	s.wantHeld(t, instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 2, "offered")))
	s.must(t, heldChange(a, 3, holds("u", 3, "talks")))
	s.wantHeld(t, instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 3, "talks")))
	s.wantHeld(t, instance, "v")
	// One user may have a chat twice, and what is said twice is so once.
	s.must(t, heldChange(a, 4, holds("u", 3, "missed"), holds("u", 3, "talks"), holds("u", 9, "talks"), holds("u", 3, "talks")))
	s.wantHeld(t, instance, "u", heldText(b, holds("u", 1, "talks")), heldText(a, holds("u", 3, "missed")), heldText(a, holds("u", 3, "talks")), heldText(a, holds("u", 9, "talks")))
	moved := heldChange(a, 5, holds("u", 3, "missed"))
	moved.State.Instance = elsewhere
	s.must(t, moved)
	s.wantHeld(t, elsewhere, "", heldText(a, holds("u", 3, "missed")))
	s.must(t, stateChange(b, 2, "nobody"))
	s.wantHeld(t, instance, "")
	s.must(t, heldChange(b, 3, store.Holding{User: "w"}))
	for h, err := range s.Held(t.Context(), instance, "w") {
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
		ids[i] = newID()
		h := holds(user(i%users), i/3, "talks") // several since one moment
		of[i%users] = append(of[i%users], heldText(ids[i], h))
		of[0] = append(of[0], heldText(ids[i], holds(user(0), i, "watches")))
	}
	s.mustAll(t, chats, func(i int) *store.Change {
		c := chatChange(ids[i], "x")
		c.State.Held = []store.Holding{holds(user(i%users), i/3, "talks"), holds(user(0), i, "watches")}
		return c
	})
	read := func(user center.UserID) (got []string, sorted bool) {
		var last store.HeldChat
		sorted = true
		for h, err := range s.Held(t.Context(), instance, user) {
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
	for range s.Held(t.Context(), instance, user(0)) { // a reader may stop
		break
	}
}

func heldAfterEnd(t *testing.T, s *env) {
	id := s.ended(t, func(c *store.Change) { c.State.Held = []store.Holding{holds("u", 1, "after-contact work")} })
	s.wantHeld(t, instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	over := heldChange(id, 1, holds("u", 1, "after-contact work"))
	over.State.Active = false
	s.must(t, over)
	s.wantHeld(t, instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	// The end of the transcript is not the end of that work.
	parts := heldChange(id, 2, holds("u", 1, "after-contact work"))
	parts.State.Active, parts.Erase = false, &store.Remove{Parts: center.PartTranscript}
	s.must(t, parts)
	s.rows(t, 100)
	s.wantHeld(t, instance, "u", heldText(id, holds("u", 1, "after-contact work")))
	done := stateChange(id, 3, "done")
	done.State.Active = false
	s.must(t, done)
	s.wantHeld(t, instance, "u")
}

func heldRefused(t *testing.T, s *env) {
	id := s.create(t, 1)
	s.must(t, heldChange(id, 1, holds("u", 1, "talks")))
	s.refused(t, heldChange(id, 1, holds("v", 1, "talks")), store.ErrConflict)
	over := heldChange(id, 2, holds("v", 1, "talks"))
	over.Quotas = []store.Quota{{Counter: store.Slots(instance, "v", "CHAT"), Delta: 1, Limit: 0}}
	s.refused(t, over, store.ErrQuota)
	s.wantHeld(t, instance, "", heldText(id, holds("u", 1, "talks")))
	s.must(t, heldChange(id, 2, holds("v", 1, "talks")))
	s.wantHeld(t, instance, "", heldText(id, holds("v", 1, "talks")))
}

func heldBounds(t *testing.T, s *env) {
	id := s.create(t, 1)
	var many []store.Holding
	for n := range store.MaxHeld {
		many = append(many, holds("u", n, strings.Repeat("w", store.MaxWork)))
	}
	for what, held := range map[string][]store.Holding{
		"too many": append(slices.Clone(many), holds("v", 1, "x")), "too much work": {holds("u", 1, strings.Repeat("w", store.MaxWork+1))}, "no user": {holds("", 1, "x")},
	} {
		if err := s.submit(heldChange(id, 1, held...)); center.ReasonOf(err) != center.Invalid {
			t.Errorf("%s: done(%v); want it to be invalid", what, err)
		}
	}
	s.must(t, heldChange(id, 1, many...))
	n := 0
	for range s.Held(t.Context(), instance, "u") {
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
	id, other := s.ended(t, held), s.ended(t, held)
	if err := s.PutErasure(t.Context(), store.Erasure{ID: "e", Instance: instance, By: store.ByContact, Asked: epoch}, nil); err != nil {
		t.Fatal(err)
	}
	s.erase(t, id, "e")
	s.wantHeld(t, instance, "", heldText(other, holds("u", 1, "missed")), heldText(other, holds("v", 1, "after-contact work")))
	if e, err := s.Erasure(t.Context(), "e"); err != nil || e.Counts["holdings"] != 2 {
		t.Errorf("the erasure counts %v, %v; want 2 holdings", e.Counts, err)
	}
}

// heldAndSlots lets many chats contend for the slots of a few users on two nodes: each takes one, with
// what says so, in one change, and gives it back in another.
func heldAndSlots(t *testing.T, s *env) {
	const chats, users, slots = 200, 3, 5
	nodes := s.nodes()
	user := func(n int) center.UserID { return center.UserID(fmt.Sprint("user ", n%users)) }
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range chats {
		wg.Go(func() {
			s, id := nodes[i%2], newID()
			c := chatChange(id, "offered")
			c.State.Held = []store.Holding{holds(user(i), i, "offered")}
			c.Quotas = []store.Quota{{Counter: store.Barred(instance, user(i))}, {Counter: store.Slots(instance, user(i), "CHAT"), Delta: 1, Limit: slots}}
			switch err := s.submit(c); {
			case errors.Is(err, store.ErrQuota):
				refused.Add(1)
				return
			case err != nil:
				t.Errorf("done(%v)", err)
				return
			}
			taken.Add(1)
			if i%2 == 0 {
				free := stateChange(id, 1, "done")
				free.Quotas = []store.Quota{{Counter: store.Slots(instance, user(i), "CHAT"), Delta: -1, Limit: -1}}
				if err := s.submit(free); err != nil {
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
		for _, err := range s.Held(t.Context(), instance, user(n)) {
			if err != nil {
				t.Fatal(err)
			}
			have++
		}
		if got := s.count(t, store.Slots(instance, user(n), "CHAT")); got != have || got > slots {
			t.Errorf("user %d has %d chats in %d slots; want as many, and at most %d", n, have, got, slots)
		}
		all += have
	}
	if all != taken.Load() {
		t.Errorf("%d chats are held; want %d", all, taken.Load())
	}
}

func heldLasts(t *testing.T, s *env) {
	id := s.create(t, 1)
	s.must(t, heldChange(id, 1, holds("u", 1, "talks"), holds("v", 2, "offered")))
	s.reopen(t)
	s.wantHeld(t, instance, "", heldText(id, holds("u", 1, "talks")), heldText(id, holds("v", 2, "offered")))
	s.must(t, heldChange(id, 2, holds("u", 1, "talks"), holds("v", 3, "talks"))) // the store reads again what was held
	s.wantHeld(t, instance, "", heldText(id, holds("u", 1, "talks")), heldText(id, holds("v", 3, "talks")))
	s.reopen(t)
	s.must(t, stateChange(id, 3, "nobody"))
	s.reopen(t)
	s.wantHeld(t, instance, "")
}
