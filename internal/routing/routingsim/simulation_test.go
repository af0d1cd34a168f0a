package routingsim

import (
	"os"
	"strconv"
	"testing"
)

// size is what a working day is: small in the usual tests, and as many chats as
// PARLEY_ROUTINGSIM_CHATS says, 100,000 for the real one.
func size(t testing.TB) Size {
	s := Size{Seed: 1, Agents: 40, Queues: 8, Profiles: 5, Chats: 3000, Deaths: 701}
	if testing.Short() {
		s.Chats = 500
	}
	if n, ok := os.LookupEnv("PARLEY_ROUTINGSIM_CHATS"); ok {
		chats, err := strconv.Atoi(n)
		if err != nil {
			t.Fatalf("PARLEY_ROUTINGSIM_CHATS is %q, not a number", n)
		}
		s.Agents, s.Queues, s.Profiles, s.Chats, s.Deaths = 200, 20, 10, chats, 5003
	}
	return s
}

func run(t testing.TB, s Size) Report {
	r, err := Run(s, NewModel(Setting(s)))
	if err != nil {
		t.Fatalf("seed %d: %v", s.Seed, err)
	}
	return r
}

// TestDay runs a day twice: no rule is broken, everything happens, and both are the same.
func TestDay(t *testing.T) {
	s := size(t)
	first, second := run(t, s), run(t, s)
	if first != second {
		t.Errorf("the same day twice:\n%+v\n%+v", first, second)
	}
	t.Logf("%+v", first)
	for name, n := range map[string]int{
		"offers": first.Offers, "accepted": first.Accepted, "missed": first.Missed, "rejected": first.Rejected, "conflicts": first.Conflicts,
		"abandoned": first.Abandoned, "handled": first.Handled, "transfers": first.Transfers, "deaths": first.Deaths,
	} {
		if n == 0 {
			t.Errorf("%s: none in %d events", name, first.Events)
		}
	}
	s.Chats /= 10
	first = run(t, s)
	s.Seed++
	if other := run(t, s); other.Log == first.Log {
		t.Error("another seed gives the same day")
	}
}

// TestSeeds runs short days of many seeds.
func TestSeeds(t *testing.T) {
	for seed := range uint64(20) {
		run(t, Size{Seed: 100 + seed, Agents: 6 + int(seed), Queues: 1 + int(seed%7), Profiles: 1 + int(seed%4), Chats: 200, Deaths: 97})
	}
}

// BenchmarkDay is a day of 100,000 chats with 200 agents, with all checks.
func BenchmarkDay(b *testing.B) {
	for b.Loop() {
		run(b, Size{Seed: 1, Agents: 200, Queues: 20, Profiles: 10, Chats: 100_000, Deaths: 5003})
	}
}
