package router

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
)

// Whatever comes and goes, the census has what counting everybody gives.
func TestCensusAgreesWithCounting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c, members, waiting := newCensus(), make([]member, 20), make([]*waiter, 40)
	begin := time.Unix(1e9, 0)
	for round := range 5000 {
		if i := r.IntN(len(members)); r.IntN(2) == 0 {
			is := member{
				crew: Crew{center.RoutingProfileID(fmt.Sprint(r.IntN(3))), center.AgentStatusID(fmt.Sprint(r.IntN(2)))},
				in:   r.IntN(4) > 0, Counts: Counts{Online: 1, Free: r.Int64N(5), Active: r.Int64N(3)},
			}
			c.count(&members[i], is)
		}
		if i := r.IntN(len(waiting)); r.IntN(4) == 0 {
			c.wait(&waiting[i], nil)
		} else {
			c.wait(&waiting[i], &waiter{
				queue: center.QueueID(fmt.Sprint(r.IntN(3))), part: Part{Step: fmt.Sprint(r.IntN(2)), Subtype: fmt.Sprint(r.IntN(2))}, since: begin.Add(time.Duration(r.IntN(1000))),
			})
		}
		crews := map[Crew]crew{}
		for _, m := range members {
			if m.in {
				at := crews[m.crew]
				at.Add(m.Counts, 1)
				at.members++
				crews[m.crew] = at
			}
		}
		got := map[Crew]crew{}
		for k, v := range c.crews {
			got[k] = *v
		}
		if !maps.Equal(got, crews) {
			t.Fatalf("round %d: the crews are %v; want %v", round, got, crews)
		}
		lines, parts := map[center.QueueID]Line{}, map[string]Line{}
		for _, w := range waiting {
			if w == nil {
				continue
			}
			part := fmt.Sprint(w.queue, w.part)
			lines[w.queue], parts[part] = longer(lines[w.queue], w.since), longer(parts[part], w.since)
		}
		gotLines, gotParts := map[center.QueueID]Line{}, map[string]Line{}
		for q, is := range c.queues {
			gotLines[q] = is.all.line()
			for p, some := range is.parts {
				gotParts[fmt.Sprint(q, p)] = some.line()
			}
		}
		if !maps.Equal(gotLines, lines) || !maps.Equal(gotParts, parts) {
			t.Fatalf("round %d: the lines are %v, %v; want %v, %v", round, gotLines, gotParts, lines, parts)
		}
	}
}

func longer(l Line, since time.Time) Line {
	l.Waiting++
	if l.Oldest.IsZero() || since.Before(l.Oldest) {
		l.Oldest = since
	}
	return l
}

func TestCountsOfOneAgent(t *testing.T) {
	status := func(typ string) *agent.Agent { return &agent.Agent{Status: agent.Status{Type: typ}} }
	leaving := status(agent.Routable)
	leaving.Next = &agent.Status{Type: agent.Custom}
	for name, c := range map[string]struct {
		agent *agent.Agent
		hands []contact.WorkState
		want  Counts
	}{
		"nobody":                 {nil, nil, Counts{}},
		"Offline":                {status(agent.Offline), nil, Counts{}},
		"Available":              {status(agent.Routable), nil, Counts{Online: 1, Staffed: 1, Available: 1, Free: 3, Slots: 3, Open: 3}},
		"Lunch":                  {status(agent.Custom), nil, Counts{Online: 1, NonProductive: 1}},
		"about to leave":         {leaving, []contact.WorkState{contact.WorkConnected}, Counts{Online: 1, Staffed: 1, OnContact: 1, Active: 1}},
		"a ring":                 {status(agent.Routable), []contact.WorkState{contact.WorkConnecting}, Counts{Online: 1, Staffed: 1, Free: 2, Slots: 3, Open: 3}},
		"a talk and a clearing":  {status(agent.Routable), []contact.WorkState{contact.WorkConnected, contact.WorkEnded}, Counts{Online: 1, Staffed: 1, OnContact: 1, AfterWork: 1, Active: 2, Free: 1, Slots: 3, Open: 1}},
		"a miss beside a talk":   {status(agent.Routable), []contact.WorkState{contact.WorkMissed, contact.WorkConnected}, Counts{Online: 1, Staffed: 1, OnContact: 1, Barred: 1, Active: 1}},
		"two refusals at lunch":  {status(agent.Custom), []contact.WorkState{contact.WorkRejected, contact.WorkError}, Counts{Online: 1, NonProductive: 1, Barred: 1}},
		"more than there may be": {status(agent.Routable), []contact.WorkState{contact.WorkEnded, contact.WorkEnded, contact.WorkEnded, contact.WorkEnded}, Counts{Online: 1, Staffed: 1, OnContact: 1, AfterWork: 4, Active: 4, Slots: 3}},
	} {
		hands := map[center.ContactID]hand{}
		for i, s := range c.hands {
			hands[center.ContactID(fmt.Sprint(i))] = hand{state: s}
		}
		if got := countsOf(c.agent, 3, hands); got != c.want {
			t.Errorf("%s counts as %+v; want %+v", name, got, c.want)
		}
	}
}

func TestWaits(t *testing.T) {
	for _, c := range []struct {
		of    Counts
		ahead int64
		took  time.Duration
		want  time.Duration
		ok    bool
	}{
		{Counts{}, 0, time.Minute, 0, false},                                // nobody takes contacts
		{Counts{Slots: 2, Open: 1}, 0, 0, 0, true},                          // there is room
		{Counts{Slots: 2, Open: 1}, 1, 0, 0, false},                         // nobody knows how long contacts take
		{Counts{Slots: 2, Open: 1}, 1, time.Minute, 30 * time.Second, true}, // the next slot that becomes open
		{Counts{Slots: 4}, 9, time.Minute, 150 * time.Second, true},         // the tenth
		{Counts{Slots: 3}, 0, time.Second, time.Second, true},               // rounded up
		{Counts{Slots: 1, Open: 1}, 1 << 40, time.Hour, longest, true},      // bounded
	} {
		if d, ok := c.of.Wait(c.ahead, c.took); d != c.want || ok != c.ok {
			t.Errorf("%+v, %d ahead, %s each: %s, %v; want %s, %v", c.of, c.ahead, c.took, d, ok, c.want, c.ok)
		}
	}
}

// BenchmarkNumbers asks for all numbers of 10,000 agents, with 100 profiles, and 100,000
// contacts that wait in 500 queues.
func BenchmarkNumbers(b *testing.B) {
	r := &Router{Config: Config{Clock: &engine.Clock{}}, told: map[center.InstanceID]*news{}, instances: map[center.InstanceID]*instance{}}
	in := newInstance("i", time.Now)
	r.instances["i"] = in
	for i := range 10_000 {
		in.census.count(new(member), member{crew: Crew{center.RoutingProfileID(fmt.Sprint(i % 100)), center.AgentStatusID(fmt.Sprint(i % 5))}, in: true, Counts: Counts{Online: 1, Free: 2}})
	}
	waiting := make([]*waiter, 100_000)
	for i := range waiting {
		in.census.wait(&waiting[i], &waiter{queue: center.QueueID(fmt.Sprint(i % 500)), since: time.Unix(int64(i), 0)})
	}
	b.Run("ask", func(b *testing.B) {
		for b.Loop() {
			if n, err := r.Numbers(b.Context(), "i", nil); err != nil || len(n.Lines) != 500 || len(n.Crews) != 100 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("learn", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i = (i + 1) % len(waiting)
			in.census.wait(&waiting[i], &waiter{queue: center.QueueID(fmt.Sprint(i % 500)), since: waiting[i].since.Add(time.Hour)})
		}
	})
}
