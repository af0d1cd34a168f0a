package routing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/process/cputest"
)

// floor is a contact centre at work: all agents have as many chats as they may, and contacts wait.
type floor struct {
	router   *Router
	rng      *rand.Rand
	now      time.Time
	agents   []Agent
	at       map[center.UserID]int
	queues   int
	criteria int // every how many contacts there are routing criteria; 0 for none
	contacts int
	assigned int
}

func newFloor(queues, profiles, of, criteria int) *floor {
	const agents, waiting = 10_000, 100_000
	f := &floor{router: New(), rng: rand.New(rand.NewPCG(1, 2)), now: start, queues: queues, criteria: criteria, at: map[center.UserID]int{}}
	for p := range profiles {
		profile := Profile{ID: center.RoutingProfileID(fmt.Sprint("p", p)), Max: Slots{Chat: 3}}
		for _, q := range f.rng.Perm(queues)[:of] {
			profile.Queues = append(profile.Queues, ProfileQueue{center.QueueID(fmt.Sprint("q", q)), Chat, 1 + f.rng.IntN(5),
				[]time.Duration{0, 0, 0, 30 * time.Second, time.Minute}[f.rng.IntN(5)]})
		}
		f.router.SetProfile(profile)
	}
	for i := range agents {
		a := Agent{User: center.UserID(fmt.Sprintf("u%05d", i)), Profile: center.RoutingProfileID(fmt.Sprint("p", i%profiles)), SignedIn: true, Routable: true, LastActivity: f.now}
		for _, language := range []string{"English", "French", "Spanish", "Dutch"} {
			if f.rng.IntN(4) == 0 {
				a.Proficiencies = append(a.Proficiencies, Proficiency{"Language", language, float64(1 + f.rng.IntN(5))})
			}
		}
		f.agents = append(f.agents, a)
		f.at[a.User] = i
		f.router.SetAgent(a)
	}
	for range waiting + 3*agents {
		f.now = f.now.Add(time.Millisecond)
		f.arrive()
	}
	f.next()
	return f
}

// arrive puts a contact into some queue.
func (f *floor) arrive() {
	f.contacts++
	c := Contact{ID: center.ContactID(fmt.Sprintf("c%09d", f.contacts)), Channel: Chat, Queue: center.QueueID(fmt.Sprint("q", f.rng.IntN(f.queues))),
		Rank: f.now, Enqueued: f.now}
	if f.criteria > 0 && f.contacts%f.criteria == 0 {
		c.Step = flow.Criterion{Expression: fmt.Appendf(nil, `{"AttributeCondition":{"Name":"Language","Value":"%s","ProficiencyLevel":%d}}`,
			[]string{"English", "French", "Spanish", "Dutch"}[f.rng.IntN(4)], 1+f.rng.IntN(4))}
	}
	if err := f.router.SetContact(c); err != nil {
		panic(err)
	}
}

// next makes the offers that the router asks for, and accepts them.
func (f *floor) next() {
	list, _ := f.router.Next(f.now)
	for _, a := range list {
		agent := &f.agents[f.at[a.User]]
		agent.Held[Chat]++
		agent.LastActivity = f.now
		f.router.SetAgent(*agent)
		f.router.DropContact(a.Contact)
	}
	f.assigned += len(list)
}

// end ends one contact of somebody.
func (f *floor) end() {
	if agent := &f.agents[f.rng.IntN(len(f.agents))]; agent.Held[Chat] > 0 {
		agent.Held[Chat]--
		f.router.SetAgent(*agent)
	}
}

// BenchmarkBusy is a centre in which 10,000 agents are busy and 100,000 contacts
// wait: one contact ends, its agent gets the next, and another arrives. Each of them is an event of its own.
func BenchmarkBusy(b *testing.B) {
	benchmark(b, func(f *floor) {}, (*floor).end, (*floor).arrive)
}

// BenchmarkIdle is a centre in which everybody has time: a contact arrives, an
// agent takes it, and another contact ends.
func BenchmarkIdle(b *testing.B) {
	benchmark(b, func(f *floor) {
		for i := 0; len(f.router.contacts) > 0 || i < 20_000; i++ {
			f.now = f.now.Add(10 * time.Millisecond)
			f.end()
			f.next()
		}
	}, (*floor).arrive, (*floor).end)
}

func benchmark(b *testing.B, before, first, second func(*floor)) {
	for _, size := range []struct{ queues, profiles, of, criteria int }{
		{500, 100, 50, 0}, {500, 100, 50, 10}, {20, 10, 10, 0}, {20, 10, 10, 10}, {100, 200, 100, 0}, {100, 200, 100, 10},
	} {
		b.Run(fmt.Sprintf("queues=%d/profiles=%dx%d/criteria=%d", size.queues, size.profiles, size.of, size.criteria), func(b *testing.B) {
			f := newFloor(size.queues, size.profiles, size.of, size.criteria)
			before(f)
			f.assigned = 0
			used := cputest.Start()
			for b.Loop() {
				f.now = f.now.Add(time.Millisecond)
				first(f)
				f.next()
				second(f)
				f.next()
			}
			used.Report(b, f.assigned, "assignments")
			b.ReportMetric(float64(f.assigned)/b.Elapsed().Seconds(), "assignments/s")
		})
	}
}

// BenchmarkRebuild is a router that learns all of it anew.
func BenchmarkRebuild(b *testing.B) {
	for b.Loop() {
		newFloor(500, 100, 50, 10)
	}
}
