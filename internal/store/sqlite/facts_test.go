package sqlite

import (
	"fmt"
	"testing"

	"parley.example/parley/internal/store"
)

// Contacts that had ended before there were facts are left to be counted, those of whom somebody still has the chat in hand excepted.
func TestMigratesToFacts(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: older(t, 12,
		"INSERT INTO chats (id, instance, version, active, state, held) VALUES ('a', 'i', 1, 1, x'61', NULL), ('b', 'i', 1, 1, x'61', 1)",
		`INSERT INTO contacts (id, chat, instance, initiated, record, disconnected) VALUES
			('a', 'a', 'i', 1, '{"id":"a"}', 9), ('a2', 'a', 'i', 9, '{"id":"a2"}', NULL), ('b', 'b', 'i', 1, '{"id":"b"}', 5)`)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Tallies(t.Context(), 10)
	if err != nil || len(all) != 1 || all[0].Instance != "i" || string(all[0].Body) != `{"c":{"id":"a","chat":"a"}}` {
		t.Errorf("Tallies = %+v, %v; want the contact a", all, err)
	}
}

// What is kept of metrics by an older format is dropped, and made anew from facts.
func TestMigratesToPieces(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: older(t, 14,
		"INSERT INTO fact_quarters (instance, quarter, version, rolled) VALUES ('i', 900000, 3, 3), ('i', 1800000, 5, 4)",
		"INSERT INTO rollups (instance, part, length, start, version, body, times) VALUES ('i', 'all', 900000, 900000, 3, x'00', x'')")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stale, err := s.Stale(t.Context(), epoch, 10)
	if want := "[{i 900000 3} {i 1800000 5}]"; err != nil || fmt.Sprint(stale) != want {
		t.Errorf("Stale = %v, %v; want %s", stale, err, want)
	}
	if err := s.ReadHistory(t.Context(), "i", func(h store.History) error {
		piece, err := h.Piece("all", 900_000, 900_000, 3, 0)
		if piece != nil {
			t.Errorf("what an older format kept is read as %x", piece)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// What counting and answering prepare finds its rows by an index.
func TestFactsUseIndexes(t *testing.T) {
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, now := t.Context(), epoch
	_, tallies := s.Tallies(ctx, 1)
	_, behind := s.Behind(ctx, now, 1)
	_, stale := s.Stale(ctx, now, 1)
	kept := s.KeepFacts(ctx, &store.Counting{Facts: []store.Fact{{Instance: "i", Kind: "contact", ID: "x", Body: []byte("{}")}}, Agents: []store.AgentTime{{Instance: "i", User: "u", Body: []byte("{}")}}})
	rolled := s.KeepRollups(ctx, []store.Rollup{{Instance: "i", Part: "all", Length: 1, Pieces: [][]byte{{1}}}}, []store.FactQuarter{{Instance: "i", Version: 1}})
	history := s.ReadHistory(ctx, "i", func(h store.History) error {
		if err := h.Quarters(0, 9, func(int64, int64) {}); err != nil {
			return err
		}
		if _, err := h.Piece("all", 0, 1, 1, 0); err != nil {
			return err
		}
		if err := h.Agents(func([]byte) error { return nil }); err != nil {
			return err
		}
		return h.Facts("contact", 0, 9, func(int64, []byte) error { return nil })
	})
	for what, err := range map[string]error{"Tallies": tallies, "Behind": behind, "Stale": stale, "KeepFacts": kept, "KeepRollups": rolled, "ReadHistory": history} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	checkPlans(t, s, map[string]string{
		"FROM facts WHERE instance = ? AND kind = ? AND":       "USING PRIMARY KEY (instance=? AND kind=? AND quarter>? AND quarter<?)",
		"body FROM rollups WHERE instance":                     "USING INDEX sqlite_autoindex_rollups_1 (instance=? AND part=? AND length=? AND start=? AND piece=?)",
		"rolled <> version AND":                                "INDEX fact_quarters_stale (quarter<?)",
		"idle = 0 AND since":                                   "INDEX agent_times_behind (since<?)",
		"instance = ? AND idle = 0":                            "INDEX agent_times_instance (instance=?)",
		"FROM fact_quarters WHERE instance = ? AND quarter >=": "USING PRIMARY KEY (instance=? AND quarter>? AND quarter<?)",
	})
}
