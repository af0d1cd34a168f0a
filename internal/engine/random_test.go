package engine

import (
	"sync"
	"testing"
)

// Many decisions share the source of randomness; run with the race detector.
func TestRandomIsShared(t *testing.T) {
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				n := random.Uint64()
				if i := random.IntN(100); i < 0 || i >= 100 {
					t.Errorf("IntN(100) = %d", i)
				}
				mu.Lock()
				if seen[n] {
					t.Errorf("%d was drawn twice", n)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 8*500 {
		t.Errorf("%d numbers; want %d", len(seen), 8*500)
	}
}

func BenchmarkRandom(b *testing.B) {
	b.ReportAllocs()
	var sum uint64
	for b.Loop() {
		sum += random.Uint64()
	}
	if sum == 0 {
		b.Error("nothing but zeros")
	}
}

// BenchmarkEnv is what each decision needs made for it.
func BenchmarkEnv(b *testing.B) {
	e := &Engine{Config: Config{Clock: &Clock{}}}
	b.ReportAllocs()
	for b.Loop() {
		if env := e.env(); env.Rand.Uint64() == 0 {
			b.Error("drew a zero")
		}
	}
}
