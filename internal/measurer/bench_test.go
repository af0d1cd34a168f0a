package measurer_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/measure"
	"parley.example/parley/internal/measurer"
	"parley.example/parley/internal/process/cputest"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// What the benchmarked day has: so many contacts in so many queues, of agents in so many profiles.
const (
	dayContacts = 1_000_000
	dayQueues   = 100
	dayProfiles = 10
	dayAgents   = 5000
)

var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// fillDay writes the facts of a day into a store, and keeps what they add up to.
func fillDay(b *testing.B, s store.Store, instance center.InstanceID) {
	b.Helper()
	ctx := b.Context()
	rng := rand.New(rand.NewPCG(3, 4))
	pick := func(all ...string) string { return all[rng.IntN(len(all))] }
	var n store.Counting
	for i := range dayContacts {
		at := day.Unix() + rng.Int64N(86_400-7200)
		agent := rng.IntN(dayAgents)
		c := measure.Contact{
			ID: center.ContactID(fmt.Sprintf("c%d", i)), Method: pick("API", "API", "API", "TRANSFER", "QUEUE_TRANSFER"), Reason: pick("CUSTOMER_DISCONNECT", "AGENT_DISCONNECT", "EXPIRED"), Subtype: "connect:Chat",
			Queue: center.QueueID(fmt.Sprintf("q%d", rng.IntN(dayQueues))), Initiated: at, System: at + 1, Enqueued: at + 3, Disconnected: at + 3 + rng.Int64N(600),
		}
		if rng.IntN(8) > 0 {
			c.Connected = c.Disconnected
			c.Disconnected += rng.Int64N(1200)
			c.AfterWork, c.AfterWorkEnd = c.Disconnected, c.Disconnected+rng.Int64N(60)
			c.Agent, c.Profile, c.Groups = center.UserID(fmt.Sprintf("u%d", agent)), center.RoutingProfileID(fmt.Sprintf("p%d", agent%dayProfiles)), fmt.Sprintf("g%d", agent%20)
			c.Talk = measure.Talk{Messages: 12, FirstAt: c.Connected*1000 + 2500, FirstResponse: new(int64(2500)), Close: new(int64(3000)),
				Agent: measure.Side{Sent: 6, Length: 200, Responses: 4, Waited: 40_000}, Customer: measure.Side{Sent: 6, Length: 120, Responses: 4, Waited: 50_000}}
		}
		f := measure.Fact{Contact: &c}
		for _, q := range f.Quarters() {
			n.Facts = append(n.Facts, store.Fact{Instance: instance, Kind: string(measure.KindContact), ID: f.ID(), Quarter: q, Body: f.Encode()})
		}
		if len(n.Facts) > 5000 || i == dayContacts-1 {
			if err := s.KeepFacts(ctx, &n); err != nil {
				b.Fatal(err)
			}
			n = store.Counting{}
		}
	}
}

// BenchmarkDay measures the metrics of a day of a million contacts from a cold start: the store is opened for each question.
// It reports the 95th percentile of the time of an answer, by the clock and of the processor, and those of a probe. PARLEY_BENCH_DIR names a directory that
// the day is kept in from one run to the next: with -benchtime 1x each run is then a new process.
func BenchmarkDay(b *testing.B) {
	dir := cmp.Or(os.Getenv("PARLEY_BENCH_DIR"), b.TempDir())
	clock := &engine.Clock{}
	open := func() (store.Store, *measurer.Measurer) {
		s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		c := catalog.New(catalog.Config{Store: s, Partition: enginetest.Partition, Now: clock.Now})
		return s, measurer.New(c, s, clock, enginetest.NoLog)
	}
	s, m := open()
	instances, err := m.Catalog.Instances(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if len(instances) == 0 {
		made, err := setup.CreateInstance(b.Context(), m.Catalog, setup.NewInstance{Alias: "day"})
		if err != nil {
			b.Fatal(err)
		}
		instances = append(instances, made)
		fillDay(b, s, made.ID)
	}
	instance := instances[0].ID
	filled := time.Since(began)
	if err := m.RollUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("filling took %v, rolling up %v", filled.Round(time.Second), (time.Since(began) - filled).Round(time.Second))
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	queues := measure.Filter{Key: measure.KeyQueue}
	for i := range dayQueues {
		queues.Values = append(queues.Values, fmt.Sprintf("q%d", i))
	}
	profiles := measure.Filter{Key: measure.KeyProfile}
	for i := range dayProfiles {
		profiles.Values = append(profiles.Values, fmt.Sprintf("p%d", i))
	}
	var all []string
	for _, name := range measure.Names() {
		if m := measure.Metrics[name]; m.Of != measure.Agents && slices.Contains(m.By, measure.KeyProfile) {
			all = append(all, name)
		}
	}
	one := func(by measure.Key, f measure.Filter, names ...string) *measure.Query {
		q := &measure.Query{Filters: []measure.Filter{f}, Groupings: []measure.Key{by}}
		for _, name := range names {
			q.Metrics = append(q.Metrics, measure.Asked{Metric: measure.Metrics[name], Threshold: measure.Threshold{Seconds: 20}})
		}
		return q
	}
	usual := []string{"CONTACTS_QUEUED", "CONTACTS_HANDLED", "CONTACTS_ABANDONED", "AVG_QUEUE_ANSWER_TIME", "AVG_HANDLE_TIME", "AVG_RESPONSE_TIME_AGENT"}
	whole := measure.Intervals(day, day.Add(24*time.Hour), measure.Whole, time.UTC)
	for _, c := range []struct {
		name      string
		query     *measure.Query
		intervals []measure.Interval
	}{
		{"by queue", one(measure.KeyQueue, queues, usual...), whole},
		{"by queue and hour", one(measure.KeyQueue, queues, usual...), measure.Intervals(day, day.Add(24*time.Hour), measure.PerHour, time.UTC)},
		{"service level by queue", one(measure.KeyQueue, queues, "SERVICE_LEVEL", "CONTACTS_QUEUED"), whole},
		{"by agent", one(measure.KeyAgent, profiles, usual...), whole},
		{"by agent, of all queues", one(measure.KeyAgent, queues, usual...), whole},
		{"all metrics of contacts, by profile", one(measure.KeyProfile, profiles, all...), whole},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cold cputest.Times
			for b.Loop() {
				b.StopTimer()
				s, m := open()
				b.StartTimer()
				var rows []measure.Row
				var err error
				cold.Measure(func() { rows, err = answer(b.Context(), m, instance, c.query, c.intervals) })
				b.StopTimer()
				if err != nil || len(rows) == 0 {
					b.Fatalf("%d rows, %v", len(rows), err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			cold.Report(b)
		})
	}
}

func answer(ctx context.Context, m *measurer.Measurer, instance center.InstanceID, q *measure.Query, intervals []measure.Interval) ([]measure.Row, error) {
	snap, err := m.Catalog.Snapshot(ctx, string(instance))
	if err != nil {
		return nil, err
	}
	return m.Answer(ctx, snap, q, intervals)
}
