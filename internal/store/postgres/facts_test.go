package postgres_test

import (
	"sync"
	"testing"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/postgres"
	"parley.example/parley/internal/store/storetest/kit"
)

// TestRollupsAreWhole: of nodes that keep the same rollup at once one is the last, and nothing of another is left.
func TestRollupsAreWhole(t *testing.T) {
	database := server.Recycled(t, template)
	var nodes []*postgres.Store
	for range 4 {
		nodes = append(nodes, open(t, postgres.Options{URL: server.URL(database)}))
	}
	for round := range 10 {
		var wg sync.WaitGroup
		for n, s := range nodes {
			r := store.Rollup{Instance: kit.Instance, Part: "all", Start: 900_000, Length: 900_000, Version: int64(n + 1), Pieces: make([][]byte, n+1)}
			wg.Go(func() {
				if err := s.KeepRollups(t.Context(), []store.Rollup{r}, nil); err != nil {
					t.Errorf("KeepRollups: %v", err)
				}
			})
		}
		wg.Wait()
		got := rows(t, database, "SELECT version, count(*), max(piece) FROM rollups GROUP BY version")
		if len(got) != 1 || got[0][0] != got[0][1] || got[0][2] != got[0][1].(int64)-1 {
			t.Fatalf("round %d: versions, how many pieces, and the last of them are %v", round, got)
		}
	}
}
