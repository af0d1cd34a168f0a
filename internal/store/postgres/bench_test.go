package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/postgres/pgtest"
	"parley.example/parley/internal/store/storetest/kit"
)

// BenchmarkAppend commits messages, durably, of so many chats that have one under way each.
func BenchmarkAppend(b *testing.B) {
	own, err := pgtest.New(pgtest.Options{Fsync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer own.Close()
	groups, changes := 0, 0
	var mu sync.Mutex // guards groups, changes
	s, err := postgres.Open(b.Context(), postgres.Options{URL: own.URL("postgres"), Observe: func(n int, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		groups, changes = groups+1, changes+n
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, chats := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(chats, " chats"), func(b *testing.B) {
			e := &kit.Env{Store: s}
			var wg sync.WaitGroup
			left := make(chan struct{}, b.N)
			for range b.N {
				left <- struct{}{}
			}
			close(left)
			b.ResetTimer()
			groups, changes = 0, 0
			for range chats {
				wg.Go(func() {
					id := kit.NewID()
					if err := e.Apply(kit.ChatChange(id, "x")); err != nil {
						b.Error(err)
						return
					}
					seq := int64(0)
					for range left {
						seq++
						if err := e.Apply(&store.Change{Chat: id, Items: kit.Items(id, seq, 1)}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			b.ReportMetric(float64(changes)/float64(max(groups, 1)), "changes/group")
		})
	}
}
