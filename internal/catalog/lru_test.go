package catalog

import (
	"fmt"
	"testing"
)

func TestLRUBounds(t *testing.T) {
	l := lru[int, string]{max: 3, maxWeight: 10}
	for i := range 5 {
		l.put(i, fmt.Sprint(i), 1)
	}
	if _, ok := l.get(1); ok {
		t.Error("1 is kept beyond the number")
	}
	l.get(2)
	l.put(9, "9", 9)
	if _, ok := l.get(2); !ok {
		t.Error("2, used latest, went before others")
	}
	for _, gone := range []int{3, 4} {
		if _, ok := l.get(gone); ok {
			t.Errorf("%d is kept beyond the weight", gone)
		}
	}
	l.put(10, "10", 100)
	if v, ok := l.get(10); !ok || v != "10" {
		t.Error("the last one was not kept")
	}
	l.drop(10)
	if l.weight != 0 || l.order.Len() != 0 {
		t.Errorf("weight %d, %d entries after all went", l.weight, l.order.Len())
	}
}
