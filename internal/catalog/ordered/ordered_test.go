package ordered

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// is compares numbers with n.
func is(n int) func(int) int { return func(item int) int { return cmp.Compare(item, n) } }

// TestLikeASortedSlice makes random changes of a list and of a sorted slice, and compares
// the two by everything that a list can be asked.
func TestLikeASortedSlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const numbers = 3000
	var l List[int]
	var want []int
	grown := 0
	for step := range 20000 {
		n := random.IntN(numbers)
		at, there := slices.BinarySearch(want, n)
		if add := random.IntN(numbers) >= len(want)*(1+step/10000); add { // it grows, then shrinks
			l = l.With(n, is(n))
			if !there {
				want = slices.Insert(want, at, n)
			}
		} else {
			l = l.Without(is(n))
			if there {
				want = slices.Delete(want, at, at+1)
			}
		}
		grown = max(grown, len(l.chunks))
		got, ok := l.Get(is(n))
		at, there = slices.BinarySearch(want, n)
		if ok != there || ok && got != n || l.Before(is(n)) != at || l.Len() != len(want) {
			t.Fatalf("step %d: %d is there: %v, at %d of %d; want %v, %d, %d", step, n, ok, l.Before(is(n)), l.Len(), there, at, len(want))
		}
		if step%500 == 0 {
			if all := slices.Collect(l.All()); !slices.Equal(all, want) {
				t.Fatalf("step %d: the list is %v; want %v", step, all, want)
			}
			if from := slices.Collect(l.From(is(n))); !slices.Equal(from, want[at:]) {
				t.Fatalf("step %d: from %d it is %v; want %v", step, n, from, want[at:])
			}
		}
	}
	if grown < 10 {
		t.Errorf("the list never had more than %d chunks", grown)
	}
	for _, n := range want {
		l = l.Without(is(n))
	}
	if l.Len() != 0 || len(l.chunks) != 0 {
		t.Errorf("emptied, the list has %d items in %d chunks", l.Len(), len(l.chunks))
	}
}

// TestOldListsStay holds on to each list while the next ones are made of it.
func TestOldListsStay(t *testing.T) {
	lists := []List[int]{Of([]int{})}
	for n := range 500 {
		lists = append(lists, lists[n].With(n*7%500, is(n*7%500)))
	}
	for n := range 500 {
		lists = append(lists, lists[len(lists)-1].Without(is(n*3%500)))
	}
	for n, l := range lists {
		want := min(n, 1000-n)
		all := slices.Collect(l.All())
		if l.Len() != want || len(all) != want || !slices.IsSorted(all) {
			t.Fatalf("list %d has %d items, %v; want %d", n, l.Len(), all, want)
		}
	}
	if l := Of([]int{1, 2, 4}).With(3, is(3)).Without(is(9)); !slices.Equal(slices.Collect(l.From(is(2))), []int{2, 3, 4}) {
		t.Errorf("from 2 the list is %v", slices.Collect(l.From(is(2))))
	}
	for range Of([]int{1, 2}).All() {
		break // a reader may stop
	}
	for range Of([]int{1, 2}).From(is(1)) {
		break
	}
}

// BenchmarkChange takes an item out of a list and puts it back.
func BenchmarkChange(b *testing.B) {
	for _, size := range []int{100, 10_000, 100_000} {
		items := make([]int, size)
		for i := range items {
			items[i] = i
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l, n := Of(items), 0
			b.ReportAllocs()
			for b.Loop() {
				n = (n + 7919) % size
				l = l.Without(is(n)).With(n, is(n))
			}
		})
	}
}
