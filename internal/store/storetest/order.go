package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

var orderCases = []testCase{
	{Name: "a change builds on one not yet durable", Run: pipelined},
	{Name: "done is called in the order of each chat, one at a time", Run: doneOrder},
	{Name: "what done announced can be read", Run: readAfterDone},
	{Name: "a refusal does not harm its neighbours", Run: neighbours},
	{Name: "many submitters on many chats", Run: manyChats},
	{Name: "many submitters on one chat, of two nodes: one wins each round", Run: oneChat},
}

func pipelined(t *testing.T, s *env) {
	id := kit.NewID()
	const n = 3000 // more than one flush and more than the queue may hold at once
	errs := make([]error, n)
	var wg sync.WaitGroup
	wg.Add(n)
	submit := func(i int, c *store.Change) {
		s.Submit(c, func(err error) { errs[i] = err; wg.Done() })
	}
	submit(0, kit.ChatChange(id, "first"))
	for i := 1; i < n; i++ {
		c := &store.Change{Chat: id, Items: kit.Items(id, int64(i), 1)}
		if i%10 == 0 {
			c = kit.StateChange(id, int64(i/10), "later")
			c.Items = kit.Items(id, int64(i), 1)
		}
		submit(i, c)
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("change %d of the chain: %v", i, err)
		}
	}
	if h := s.HeadOf(t, id); h.LastSeq != n-1 || h.Version != 1+(n-1)/10 {
		t.Errorf("last item %d, version %d; want %d, %d", h.LastSeq, h.Version, n-1, 1+(n-1)/10)
	}
}

// Nothing is promised about different chats: a store may answer them side by side.
func doneOrder(t *testing.T, s *env) {
	const chats, each = 12, 100
	var orders [chats][]int // each written by the done functions of its chat, without a lock: the race detector watches
	var wg sync.WaitGroup
	wg.Add(chats * each)
	for n := range chats {
		go func() {
			id := kit.NewID()
			seq := int64(0)
			for i := range each {
				c := kit.ChatChange(id, "x") // refused, but for the first
				if i > 0 && i%3 > 0 {
					seq++
					c = &store.Change{Chat: id, Items: kit.Items(id, seq, 1)}
				}
				s.Submit(c, func(error) {
					orders[n] = append(orders[n], i)
					wg.Done()
				})
			}
		}()
	}
	wg.Wait()
	for n, order := range orders {
		if len(order) != each || !slices.IsSorted(order) {
			t.Errorf("the changes of chat %d were answered in the order %v", n, order)
		}
	}
}

func readAfterDone(t *testing.T, s *env) {
	id := s.Create(t, 0)
	var wg sync.WaitGroup
	for range 4 { // others keep the store busy
		wg.Go(func() {
			other := kit.NewID()
			if err := s.Apply(kit.ChatChange(other, "x")); err != nil {
				t.Errorf("creating: %v", err)
				return
			}
			for i := range int64(50) {
				if err := s.Apply(&store.Change{Chat: other, Items: kit.Items(other, i+1, 1)}); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	for i := range int64(50) {
		s.Must(t, &store.Change{Chat: id, Items: kit.Items(id, i+1, 1)})
		if h := s.HeadOf(t, id); h.LastSeq != i+1 {
			t.Fatalf("done was called for item %d, and the store reads %d", i+1, h.LastSeq)
		}
	}
	wg.Wait()
}

func neighbours(t *testing.T, s *env) {
	const n = 200
	good := make([]center.ContactID, n)
	bad := s.Create(t, 3)
	var wg sync.WaitGroup
	expect := func(want error) func(error) {
		wg.Add(1)
		return func(err error) {
			if !errors.Is(err, want) {
				t.Errorf("done(%v); want %v", err, want)
			}
			wg.Done()
		}
	}
	for i := range good {
		good[i] = kit.NewID()
		c := kit.ChatChange(good[i], "good")
		c.Items = kit.Items(good[i], 1, 2)
		s.Submit(c, expect(nil))
		s.Submit(&store.Change{Chat: bad, Items: kit.Items(bad, 9, 1)}, expect(store.ErrConflict))
		s.Submit(kit.StateChange(bad, 7, "bad"), expect(store.ErrConflict))
		s.Submit(&store.Change{Quotas: []store.Quota{{Counter: kit.Tally("none"), Delta: 1, Limit: 0}}}, expect(store.ErrQuota))
	}
	wg.Wait()
	for _, id := range good {
		if got := kit.Seqs(s.Transcript(t, id)); !slices.Equal(got, []int64{1, 2}) {
			t.Fatalf("a neighbour of a refused change has the transcript %v", got)
		}
	}
	if h := s.HeadOf(t, bad); h.Version != 1 || h.LastSeq != 3 {
		t.Errorf("the refused changes left version %d, last item %d", h.Version, h.LastSeq)
	}
}

func manyChats(t *testing.T, s *env) {
	const submitters, each = 64, 20
	chats := make([]center.ContactID, submitters)
	var wg sync.WaitGroup
	for i := range chats {
		chats[i] = kit.NewID()
		wg.Go(func() {
			if err := s.Apply(kit.ChatChange(chats[i], "x")); err != nil {
				t.Errorf("creating: %v", err)
				return
			}
			for n := range int64(each) {
				if err := s.Apply(&store.Change{Chat: chats[i], Items: kit.Items(chats[i], n+1, 1)}); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for _, id := range chats {
		got := s.Transcript(t, id)
		if len(got) != each || got[0].Seq != 1 || got[each-1].Seq != each {
			t.Fatalf("transcript %v; want 1 to %d", kit.Seqs(got), each)
		}
	}
}

func oneChat(t *testing.T, s *env) {
	id := s.Create(t, 0)
	const submitters = 32
	nodes := s.nodes()
	var wg sync.WaitGroup
	for i := range submitters {
		wg.Go(func() {
			s := nodes[i%2]
			for { // load, decide, submit, and again when another was first
				h, err := s.Chat(t.Context(), id)
				if err != nil {
					t.Errorf("Chat: %v", err)
					return
				}
				c := kit.StateChange(id, h.Version, "next")
				c.Items = kit.Items(id, h.LastSeq+1, 1)
				err = s.Apply(c)
				if err == nil {
					return
				}
				if !errors.Is(err, store.ErrConflict) {
					t.Errorf("done(%v); want nil or ErrConflict", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if h := s.HeadOf(t, id); h.Version != 1+submitters || h.LastSeq != submitters {
		t.Errorf("version %d, last item %d; want %d, %d", h.Version, h.LastSeq, 1+submitters, submitters)
	}
}
