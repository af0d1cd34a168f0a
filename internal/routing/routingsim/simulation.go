package routingsim

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/routing"
)

// Size is how large a simulation is. The same size gives the same events.
type Size struct {
	Seed     uint64
	Agents   int
	Queues   int
	Profiles int
	Chats    int // arrivals, one in ten of them a task
	Deaths   int // after how many events the router dies, again and again
}

// Report is what happened.
type Report struct {
	Log                           [sha256.Size]byte // a hash of every event, in order
	Events, Offers, Accepted      int
	Missed, Rejected, Conflicts   int
	Abandoned, Handled, Transfers int
	Deaths                        int
	Took                          time.Duration // of virtual time
}

// Simulation is a contact centre at work.
type Simulation struct {
	size    Size
	desk    Desk
	router  *routing.Router
	facts   *Facts
	rng     *rand.Rand
	now     time.Time
	events  schedule
	planned int
	wake    time.Time // of the next event that does nothing but ask the router

	profiles []routing.Profile
	free     map[center.RoutingProfileID]map[center.UserID][4]bool // the agents who can take something
	arrived  int
	log      hash.Hash
	recent   []string // the last lines of the log, for people
	report   Report
	problem  error
}

// event is something that happens at a time.
type event struct {
	at  time.Time
	seq int
	do  func()
}

type schedule []event

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	return cmp.Or(s[i].at.Compare(s[j].at), cmp.Compare(s[i].seq, s[j].seq)) < 0
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *schedule) Push(x any)   { *s = append(*s, x.(event)) }
func (s *schedule) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	*s = (*s)[:last]
	return x
}

// Setting returns the routing profiles and the agents of a simulation: what a
// desk has to know before it begins.
func Setting(size Size) (profiles []routing.Profile, agents []routing.Agent) {
	rng := rand.New(rand.NewPCG(size.Seed, 1))
	for i := range size.Profiles {
		p := routing.Profile{ID: center.RoutingProfileID(fmt.Sprintf("p%02d", i)), Inbound: i%3 == 1, LeastBusy: i%4 == 3}
		p.Max[routing.Chat], p.Max[routing.Task] = 3, 1
		p.Any[routing.Chat], p.Any[routing.Task] = i%2 == 0, i%3 > 0
		for _, q := range rng.Perm(size.Queues)[:max(1, size.Queues/2)] {
			for channel := routing.Chat; channel <= routing.Task; channel++ {
				p.Queues = append(p.Queues, routing.ProfileQueue{Queue: queueName(q), Channel: channel, Priority: 1 + rng.IntN(3),
					Delay: []time.Duration{0, 0, 10 * time.Second, 45 * time.Second}[rng.IntN(4)]})
			}
		}
		profiles = append(profiles, p)
	}
	for i := range size.Agents {
		a := routing.Agent{User: center.UserID(fmt.Sprintf("u%03d", i)), Profile: profiles[i%len(profiles)].ID,
			SignedIn: true, Status: Available.Name, Routable: true, LastActivity: opening, LastInbound: opening}
		for _, language := range languages {
			if rng.IntN(3) == 0 {
				a.Proficiencies = append(a.Proficiencies, routing.Proficiency{Name: "Language", Value: language, Level: float64(1 + rng.IntN(5))})
			}
		}
		agents = append(agents, a)
	}
	return profiles, agents
}

// opening is when a simulation begins.
var opening = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

var languages = []string{"French", "Dutch", "Spanish"}

func queueName(i int) center.QueueID { return center.QueueID(fmt.Sprintf("q%02d", i)) }

// Run runs a simulation until the last chat is over. The error is the first
// breach of a rule, with what happened before it.
func Run(size Size, desk Desk) (Report, error) {
	s := &Simulation{size: size, desk: desk, rng: rand.New(rand.NewPCG(size.Seed, 2)), now: opening, log: sha256.New(),
		free: map[center.RoutingProfileID]map[center.UserID][4]bool{}}
	s.profiles, _ = Setting(size)
	s.rebuild()
	agents, _ := desk.All()
	for _, a := range agents {
		s.after(s.exponential(20*time.Minute), func() { s.rest(a.User) })
	}
	s.after(0, s.arrive)
	for len(s.events) > 0 && s.problem == nil {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
		s.route()
		if s.report.Events++; size.Deaths > 0 && s.report.Events%size.Deaths == 0 {
			s.note("the router dies")
			s.report.Deaths++
			s.rebuild()
			s.route()
		}
		s.check()
	}
	s.over()
	s.log.Sum(s.report.Log[:0])
	s.report.Took = s.now.Sub(opening)
	if s.problem != nil {
		return s.report, fmt.Errorf("%w\nafter\n%s", s.problem, strings.Join(s.recent, "\n"))
	}
	return s.report, nil
}

// after plans an event.
func (s *Simulation) after(d time.Duration, do func()) {
	s.planned++
	heap.Push(&s.events, event{s.now.Add(d), s.planned, do})
}

// exponential returns a random time with a mean, to the millisecond.
func (s *Simulation) exponential(mean time.Duration) time.Duration {
	return time.Duration(-float64(mean) * math.Log(1-s.rng.Float64())).Round(time.Millisecond)
}

// between returns a random time.
func (s *Simulation) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from))).Round(time.Millisecond)
}

func (s *Simulation) note(format string, args ...any) {
	line := fmt.Sprintf("%v "+format, append([]any{s.now.Sub(opening)}, args...)...)
	s.log.Write(append([]byte(line), '\n'))
	if s.recent = append(s.recent, line); len(s.recent) > 200 {
		s.recent = append(s.recent[:0], s.recent[100:]...)
	}
}

// did notes a command, and whether it was refused.
func (s *Simulation) did(err error, count *int, format string, args ...any) bool {
	if err != nil {
		s.note(format+": refused", args...)
		return false
	}
	*count++
	s.note(format, args...)
	return true
}

// arrive lets a chat arrive, in waves: for half an hour more than the agents can take, then less.
func (s *Simulation) arrive() {
	if s.arrived == s.size.Chats {
		return
	}
	s.arrived++
	c := routing.Contact{ID: center.ContactID(fmt.Sprintf("c%06d", s.arrived)), Channel: routing.Chat, Queue: queueName(s.rng.IntN(s.size.Queues)), Rank: s.now, Enqueued: s.now}
	switch s.rng.IntN(40) {
	case 0, 1, 2, 3:
		c.Channel = routing.Task
	case 4:
		c.Queue, c.Own = "", center.UserID(fmt.Sprintf("u%03d", s.rng.IntN(s.size.Agents)))
	case 5, 6, 7:
		c.Priority = int64(1 + s.rng.IntN(9))
	case 8, 9, 10, 11:
		c.Step = flow.Criterion{Expression: fmt.Appendf(nil, `{"AttributeCondition":{"Name":"Language","Value":%q,"ProficiencyLevel":%d}}`,
			languages[s.rng.IntN(len(languages))], 1+s.rng.IntN(5))}
	case 12:
		c.Rank = s.now.Add(-time.Duration(s.rng.IntN(600)) * time.Second) // QueueTimeAdjustmentSeconds
	}
	s.note("%s arrives in %s%s for %v, priority %d, %s", c.ID, c.Queue, c.Own, c.Channel, c.Priority, c.Step.Expression)
	s.desk.Enqueue(s.now, c)
	s.after(s.exponential(5*time.Minute), func() { s.lose(c.ID) })
	mean := 330 * time.Second / time.Duration(s.size.Agents)
	if s.now.Sub(opening)/(30*time.Minute)%2 == 1 {
		mean = mean * 5 / 2
	}
	s.after(s.exponential(max(mean/3, time.Millisecond)), s.arrive)
}

// lose is a customer losing patience, if he still waits.
func (s *Simulation) lose(id center.ContactID) {
	if _, waits := s.desk.Contact(id); !waits {
		return
	}
	user, err := s.desk.Leave(s.now, id)
	if s.did(err, &s.report.Abandoned, "%s leaves, %s", id, user) && user != "" {
		s.clearLater(user, id)
	}
}

// offer makes the offer that the router asked for: the present one, or one that
// has died meanwhile, half of whose offers come all the same.
func (s *Simulation) offer(a routing.Assignment, lost bool) {
	if lost && s.rng.IntN(2) == 0 {
		return
	}
	if s.did(s.desk.Offer(s.now, a), &s.report.Offers, "%s is offered to %s", a.Contact, a.User) {
		s.ring(a)
		return
	}
	s.report.Conflicts++
	if s.tell(); lost {
		return
	}
	s.router.Release(a)
	if s.facts.Reserved[a.Contact].Assignment == a {
		delete(s.facts.Reserved, a.Contact)
		s.look(a.User)
	}
}

// ring is what an agent does about an offer.
func (s *Simulation) ring(a routing.Assignment) {
	user, id := a.User, a.Contact
	switch n := s.rng.IntN(20); {
	case n < 2:
		s.after(20*time.Second, func() {
			if s.did(s.desk.Miss(s.now, user, id), &s.report.Missed, "%s misses %s", user, id) {
				s.clearLater(user, id)
			}
		})
	case n < 3:
		s.after(s.between(time.Second, 10*time.Second), func() {
			if s.did(s.desk.Reject(s.now, user, id), &s.report.Rejected, "%s rejects %s", user, id) {
				s.clearLater(user, id)
				s.after(30*time.Second, func() { s.desk.Readmit(s.now, user, id) })
			}
		})
	default:
		s.after(s.between(time.Second, 15*time.Second), func() {
			if s.did(s.desk.Accept(s.now, user, id), &s.report.Accepted, "%s accepts %s", user, id) {
				s.after(s.exponential(3*time.Minute), func() { s.finish(user, id) })
			}
		})
	}
}

// finish is the end of a conversation.
func (s *Simulation) finish(user center.UserID, id center.ContactID) {
	ok := false
	switch s.rng.IntN(12) {
	case 0:
		to := queueName(s.rng.IntN(s.size.Queues))
		if ok = s.did(s.desk.Transfer(s.now, user, id, to), &s.report.Transfers, "%s transfers %s to %s", user, id, to); ok {
			s.after(s.exponential(5*time.Minute), func() { s.lose(id) })
		}
	case 1, 2, 3:
		_, err := s.desk.Leave(s.now, id)
		ok = s.did(err, &s.report.Handled, "%s leaves %s", id, user)
	default:
		ok = s.did(s.desk.End(s.now, user, id), &s.report.Handled, "%s ends %s", user, id)
	}
	if ok {
		s.clearLater(user, id)
	}
}

// clearLater clears what an agent has in hand after some work.
func (s *Simulation) clearLater(user center.UserID, id center.ContactID) {
	var cleared int
	s.after(s.between(time.Second, 40*time.Second), func() {
		s.did(s.desk.Clear(s.now, user, id), &cleared, "%s clears %s", user, id)
	})
}

// rest is an agent taking a break, or going off, and coming back.
func (s *Simulation) rest(user center.UserID) {
	if s.arrived == s.size.Chats {
		return
	}
	status := OnBreak
	if s.rng.IntN(4) == 0 {
		status = Offline
	}
	s.note("%s chooses %s", user, status.Name)
	s.desk.Status(s.now, user, status)
	s.after(s.exponential(4*time.Minute), func() {
		s.note("%s chooses %s", user, Available.Name)
		s.desk.Status(s.now, user, Available)
		s.after(s.exponential(20*time.Minute), func() { s.rest(user) })
	})
}
