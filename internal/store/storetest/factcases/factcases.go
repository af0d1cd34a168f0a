// Package factcases is the part of the contract of [store.Store] that is about what historical metrics are made of.
package factcases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/storetest/kit"
)

// Run runs these cases.
func Run(t *testing.T, o kit.Opener) {
	kit.Run(t, o, func(e *kit.Env) *env { return &env{e} }, kit.About("facts", cases))
}

type env struct{ *kit.Env }

var cases = []kit.Case[*env]{
	{Name: "commits leave tallies in their order", Run: leaves},
	{Name: "a refused change leaves none", Run: refused},
	{Name: "a tally is counted once", Run: countedOnce},
	{Name: "an agent is counted from where he was", Run: agents},
	{Name: "a fact is kept once", Run: once},
	{Name: "rollups are good for the facts they are made of", Run: rollups},
	{Name: "a history is of one moment", Run: moment},
	{Name: "what is old is forgotten, and what is of no instance", Run: forgets},
	{Name: "all of it lasts", Run: lasts, Reopens: true},
}

const (
	instance = center.InstanceID("i")
	quarter  = int64(900_000)
)

func tally(text string) store.Tally { return store.Tally{Instance: instance, Body: []byte(text)} }

// left returns what is left to be counted.
func (s *env) left(t *testing.T, limit int) (ids []int64, bodies string) {
	t.Helper()
	all, err := s.Tallies(t.Context(), limit)
	if err != nil {
		t.Fatalf("Tallies: %v", err)
	}
	for _, one := range all {
		if one.Instance != instance {
			t.Errorf("the tally %s is of %q", one.Body, one.Instance)
		}
		ids = append(ids, one.ID)
		bodies += string(one.Body) + " "
	}
	return ids, strings.TrimSpace(bodies)
}

// leave makes a chat and an agent, whose changes leave tallies.
func (s *env) leave(t *testing.T) {
	t.Helper()
	id := kit.NewID()
	s.Must(t, &store.Change{Chat: id, State: &store.Head{Instance: instance}, Tallies: []store.Tally{tally("a"), tally("b")}})
	done := make(chan error, 1)
	s.SubmitAgent(&store.AgentChange{User: "u", State: &store.AgentHead{Instance: instance}, Tallies: []store.Tally{tally("c")}}, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.Must(t, &store.Change{Chat: id, Version: 1, Erase: &store.Remove{Parts: center.AllParts}, Tallies: []store.Tally{tally("d")}})
}

func leaves(t *testing.T, s *env) {
	s.leave(t)
	if _, got := s.left(t, 10); got != "a b c d" {
		t.Errorf("left is %q; want a b c d", got)
	}
	if _, got := s.left(t, 2); got != "a b" {
		t.Errorf("the first two are %q", got)
	}
}

func refused(t *testing.T, s *env) {
	id := kit.NewID()
	if err := s.Apply(&store.Change{Chat: id, Version: 5, State: &store.Head{Instance: instance}, Tallies: []store.Tally{tally("a")}}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Submit: %v; want ErrConflict", err)
	}
	if _, got := s.left(t, 10); got != "" {
		t.Errorf("left is %q; want nothing", got)
	}
}

func fact(kind, id string, at int64, body string) store.Fact {
	return store.Fact{Instance: instance, Kind: kind, ID: id, Quarter: at * quarter, Body: []byte(body)}
}

// keep writes what has to succeed.
func (s *env) keep(t *testing.T, n *store.Counting) {
	t.Helper()
	if err := s.KeepFacts(t.Context(), n); err != nil {
		t.Fatalf("KeepFacts: %v", err)
	}
}

// read reads a history.
func (s *env) read(t *testing.T, f func(h store.History) error) {
	t.Helper()
	if err := s.ReadHistory(t.Context(), instance, f); err != nil {
		t.Fatalf("ReadHistory: %v", err)
	}
}

// facts returns the facts of a kind.
func (s *env) facts(t *testing.T, kind string, from, to int64) (got string) {
	t.Helper()
	s.read(t, func(h store.History) error {
		return h.Facts(kind, from*quarter, to*quarter, func(q int64, body []byte) error {
			got += fmt.Sprintf("%d:%s ", q/quarter, body)
			return nil
		})
	})
	return strings.TrimSpace(got)
}

// versions returns the versions of quarters.
func (s *env) versions(t *testing.T) map[int64]int64 {
	t.Helper()
	all := map[int64]int64{}
	s.read(t, func(h store.History) error {
		last := int64(-1)
		return h.Quarters(0, 100*quarter, func(q, version int64) {
			if q <= last || version == 0 {
				t.Errorf("the quarter %d has the version %d, behind %d", q, version, last)
			}
			last, all[q/quarter] = q, version
		})
	})
	return all
}

func countedOnce(t *testing.T, s *env) {
	s.leave(t)
	ids, _ := s.left(t, 10)
	s.keep(t, &store.Counting{Done: ids[:2], Facts: []store.Fact{fact("contact", "x", 1, "1")}})
	if _, got := s.left(t, 10); got != "c d" {
		t.Errorf("left is %q; want c d", got)
	}
	// Another node has read the same tallies.
	err := s.Second.KeepFacts(t.Context(), &store.Counting{Done: ids[1:3], Facts: []store.Fact{fact("contact", "y", 1, "2")}})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("what was counted is counted again: %v; want ErrConflict", err)
	}
	if _, got := s.left(t, 10); got != "c d" {
		t.Errorf("a refused counting has taken something away: %q is left", got)
	}
	if got := s.facts(t, "contact", 0, 9); got != "1:1" {
		t.Errorf("the facts are %q", got)
	}
}

func agents(t *testing.T, s *env) {
	ctx := t.Context()
	at := func(user center.UserID, version, since int64, idle bool) store.AgentTime {
		return store.AgentTime{Instance: instance, User: user, Version: version, Since: since, Idle: idle, Body: []byte(string(user) + fmt.Sprint(since))}
	}
	s.keep(t, &store.Counting{Agents: []store.AgentTime{at("u", 0, 10, false), at("v", 0, 20, true), at("w", 0, 5, false)}})
	if err := s.Second.KeepFacts(ctx, &store.Counting{Agents: []store.AgentTime{at("u", 0, 99, false)}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("somebody new who is known: %v; want ErrConflict", err)
	}
	all, err := s.AgentTimes(ctx, []center.UserID{"u", "nobody", "v"})
	if err != nil || len(all) != 2 || all[0].User != "u" || all[0].Since != 10 || all[0].Idle || string(all[0].Body) != "u10" || !all[1].Idle || all[1].Instance != instance {
		t.Fatalf("AgentTimes = %+v, %v", all, err)
	}
	moved := all[0]
	moved.Since = 40
	s.keep(t, &store.Counting{Agents: []store.AgentTime{moved}})
	if err := s.KeepFacts(ctx, &store.Counting{Agents: []store.AgentTime{moved}, Facts: []store.Fact{fact("span", "x", 1, "1")}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an agent who was counted meanwhile: %v; want ErrConflict", err)
	}
	if got := s.facts(t, "span", 0, 9); got != "" {
		t.Errorf("a refused counting has left %q", got)
	}
	for before, want := range map[int64]string{40: "w", 41: "wu", 5: ""} {
		behind, err := s.Behind(ctx, time.UnixMilli(before), 10)
		var got strings.Builder
		for _, a := range behind {
			got.WriteString(string(a.User))
		}
		if err != nil || got.String() != want {
			t.Errorf("behind %d are %q, %v; want %q", before, got.String(), err, want)
		}
	}
	var busy []string
	s.read(t, func(h store.History) error {
		return h.Agents(func(body []byte) error { busy = append(busy, string(body)); return nil })
	})
	if slices.Sort(busy); !slices.Equal(busy, []string{"u10", "w5"}) { // the body of u is what was given with it
		t.Errorf("agents who are not idle: %q", busy)
	}
}

func once(t *testing.T, s *env) {
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "x", 1, "1"), fact("contact", "x", 2, "1"), fact("ring", "x", 1, "r"), fact("contact", "a", 2, "2")}})
	before := s.versions(t)
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "x", 1, "other")}})
	if after := s.versions(t); after[1] != before[1] {
		t.Errorf("a fact that is there already has changed the version %d to %d", before[1], after[1])
	}
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "y", 1, "3")}})
	if after := s.versions(t); after[1] <= before[1] || after[2] != before[2] {
		t.Errorf("versions were %v and are %v; want a new one for quarter 1 alone", before, after)
	}
	if got := s.facts(t, "contact", 1, 3); got != "1:1 1:3 2:2 2:1" {
		t.Errorf("the facts are %q", got)
	}
	if got := s.facts(t, "contact", 2, 3) + ", " + s.facts(t, "ring", 0, 9); got != "2:2 2:1, 1:r" {
		t.Errorf("the facts of a quarter, and of a kind, are %q", got)
	}
}

func rollups(t *testing.T, s *env) {
	ctx := t.Context()
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "x", 1, "1"), fact("contact", "y", 3, "2")}})
	stale, err := s.Stale(ctx, time.UnixMilli(3*quarter), 10)
	if err != nil || len(stale) != 1 || stale[0].Quarter != quarter || stale[0].Instance != instance {
		t.Fatalf("Stale = %+v, %v; want the first quarter", stale, err)
	}
	r := store.Rollup{Instance: instance, Part: "all", Start: quarter, Length: quarter, Version: stale[0].Version, Pieces: [][]byte{[]byte("sum"), []byte("more"), []byte("most")}}
	if err := s.KeepRollups(ctx, []store.Rollup{r}, stale); err != nil {
		t.Fatal(err)
	}
	kept := func(version int64) string {
		var pieces []string
		s.read(t, func(h store.History) error {
			for {
				piece, err := h.Piece("all", quarter, quarter, version, len(pieces))
				if err != nil || piece == nil {
					return err
				}
				pieces = append(pieces, string(piece))
			}
		})
		return strings.Join(pieces, " ")
	}
	if got := kept(r.Version); got != "sum more most" {
		t.Errorf("kept is %q", got)
	}
	if left, err := s.Stale(ctx, time.UnixMilli(9*quarter), 10); err != nil || len(left) != 1 || left[0].Quarter != 3*quarter {
		t.Errorf("stale is %+v, %v; want the quarter 3", left, err)
	}
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "z", 1, "3")}})
	version := s.versions(t)[1]
	if got := kept(version); got != "" {
		t.Errorf("what was kept of other facts is used: %q", got)
	}
	// One that comes late is kept under the version of its facts, and the quarter stays stale.
	if err := s.KeepRollups(ctx, []store.Rollup{r}, stale); err != nil {
		t.Fatal(err)
	}
	if got := kept(version); got != "" {
		t.Errorf("what comes late is used: %q", got)
	}
	left, err := s.Stale(ctx, time.UnixMilli(9*quarter), 10)
	if err != nil || len(left) != 2 || left[0].Quarter != quarter || left[0].Version != version {
		t.Errorf("stale is %+v, %v; want both quarters", left, err)
	}
	r.Version, r.Pieces = version, r.Pieces[1:2]
	if err := s.KeepRollups(ctx, []store.Rollup{r}, left); err != nil {
		t.Fatal(err)
	}
	if got := kept(version); got != "more" {
		t.Errorf("in place of three pieces there is %q; want the one that was kept last", got)
	}
	if err := s.DropRollups(ctx, instance); err != nil {
		t.Fatal(err)
	}
	if left, err = s.Stale(ctx, time.UnixMilli(9*quarter), 10); err != nil || len(left) != 2 || kept(version) != "" {
		t.Errorf("after dropping all, %d are stale, %v", len(left), err)
	}
}

func moment(t *testing.T, s *env) {
	s.keep(t, &store.Counting{Facts: []store.Fact{fact("contact", "x", 1, "1")}})
	if s.Store != s.Second { // one connection cannot read an old moment while it writes
		s.read(t, func(h store.History) error {
			before := 0
			if err := h.Facts("contact", 0, 9*quarter, func(int64, []byte) error { before++; return nil }); err != nil {
				return err
			}
			if err := s.Second.KeepFacts(t.Context(), &store.Counting{Facts: []store.Fact{fact("contact", "y", 1, "2")}}); err != nil {
				return err
			}
			after := 0
			if err := h.Facts("contact", 0, 9*quarter, func(int64, []byte) error { after++; return nil }); err != nil {
				return err
			}
			if before != 1 || after != 1 {
				t.Errorf("a history has %d facts, and then %d", before, after)
			}
			return nil
		})
	}
	failed := errors.New("enough")
	if err := s.ReadHistory(t.Context(), instance, func(store.History) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("ReadHistory = %v; want the reader's error", err)
	}
	if got := s.facts(t, "contact", 0, 9); !strings.HasPrefix(got, "1:1") {
		t.Errorf("after that the facts are %q", got)
	}
}

func forgets(t *testing.T, s *env) {
	ctx := t.Context()
	if _, err := s.WriteResources(ctx, store.ResourceWrite{Put: []center.Resource{{Kind: center.KindInstance, ID: string(instance), Instance: instance, Name: "i"}}}); err != nil {
		t.Fatal(err)
	}
	other := func(f store.Fact) store.Fact { f.Instance = "gone"; return f }
	s.keep(t, &store.Counting{
		Facts: []store.Fact{fact("contact", "x", 1, "old"), fact("contact", "y", 1, "old"), fact("span", "y", 1, "old"), fact("contact", "z", 5, "new"), other(fact("contact", "z", 5, "new"))},
		Agents: []store.AgentTime{{Instance: instance, User: "old", Since: 1, Idle: true, Body: []byte("{}")}, {Instance: instance, User: "there", Since: 1, Body: []byte("{}")},
			{Instance: "gone", User: "gone", Since: 9 * quarter, Body: []byte("{}")}},
	})
	for range 20 {
		more, err := s.ForgetFacts(ctx, time.UnixMilli(4*quarter), 2)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	if got := s.facts(t, "contact", 0, 9) + s.facts(t, "span", 0, 9); got != "5:new" {
		t.Errorf("left are %q; want what is new", got)
	}
	if got := s.versions(t); len(got) != 1 || got[5] == 0 {
		t.Errorf("quarters are %v", got)
	}
	if err := s.ReadHistory(ctx, "gone", func(h store.History) error {
		return h.Facts("contact", 0, 9*quarter, func(_ int64, body []byte) error { t.Errorf("%s of an instance that is gone", body); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	if all, err := s.AgentTimes(ctx, []center.UserID{"old", "there", "gone"}); err != nil || len(all) != 1 || all[0].User != "there" {
		t.Errorf("agents are %+v, %v; want the one who is there", all, err)
	}
}

func lasts(t *testing.T, s *env) {
	s.leave(t)
	ids, _ := s.left(t, 1)
	s.keep(t, &store.Counting{Done: ids, Facts: []store.Fact{fact("contact", "x", 1, "1")}, Agents: []store.AgentTime{{Instance: instance, User: "u", Since: 7, Body: []byte("u")}}})
	s.Restart(t)
	all, err := s.AgentTimes(t.Context(), []center.UserID{"u"})
	if _, left := s.left(t, 10); left != "b c d" || s.facts(t, "contact", 0, 9) != "1:1" || err != nil || len(all) != 1 {
		t.Errorf("left is %q, the facts are %q, agents %+v, %v", left, s.facts(t, "contact", 0, 9), all, err)
	}
}
