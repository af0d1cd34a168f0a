package router_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/process/cputest"
	"parley.example/parley/internal/store/sqlite"
)

// offered notes when chats came into the queue and when they began to ring, both as committed.
type offered struct {
	mu     sync.Mutex // guards what follows
	queued map[center.ContactID]time.Time
	took   []time.Duration
	left   int
	done   chan struct{}
}

// Committed implements [engine.Observer].
func (o *offered) Committed(c *engine.Commit) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(c.Change.Queues) > 0 && c.Change.Queues[0].Delta > 0 {
		o.queued[c.Chat] = now
	}
	for _, m := range c.Change.Work {
		if m.Was == nil && m.Is.State == contact.WorkConnecting {
			o.took = append(o.took, now.Sub(o.queued[c.Chat]))
			if o.left--; o.left == 0 {
				close(o.done)
			}
		}
	}
}

// BenchmarkOffers measures offers, durable on disk, of chats that come into a queue with free agents: how many a
// second, and how long it takes from the commit that queues a chat to that of its offer. In the first case chats come as fast as they can,
// in the second 1,500 a second.
//
//	go test ./internal/router -run xxx -bench Offers -benchtime 5000x
func BenchmarkOffers(b *testing.B) {
	for name, every := range map[string]time.Duration{"AtOnce": 0, "1500EachSecond": time.Second / 1500} {
		b.Run(name, func(b *testing.B) { benchmarkOffers(b, every) })
	}
}

func benchmarkOffers(b *testing.B, every time.Duration) {
	s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir(), New: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	seen := &offered{queued: map[center.ContactID]time.Time{}, left: b.N, done: make(chan struct{})}
	c := open(b, s, seen)
	c.concurrency(10)
	for i := range b.N/10 + 20 {
		c.arrive(c.hire(fmt.Sprint("agent", i), nil))
	}
	type customer struct {
		chat center.ContactID
		who  center.ParticipantID
	}
	var customers []customer
	for range b.N {
		id := center.NewContactID(c.Clock.Now())
		r, err := c.Engine.Start(b.Context(), c.start(id), "")
		if err != nil {
			b.Fatal(err)
		}
		customers = append(customers, customer{id, r.Participant})
	}
	ready := make(chan customer, b.N)
	used := cputest.Start()
	b.ResetTimer()
	began := time.Now()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for k := range ready {
				if _, err := c.Do(context.WithoutCancel(b.Context()), k.chat, contact.Connect{Participant: k.who}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i, k := range customers {
		time.Sleep(time.Until(began.Add(time.Duration(i) * every)))
		ready <- k
	}
	close(ready)
	wg.Wait()
	<-seen.done
	b.StopTimer()
	used.Report(b, b.N, "offers")
	slices.Sort(seen.took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "offers/s")
	b.ReportMetric(float64(seen.took[len(seen.took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(seen.took[len(seen.took)*99/100].Microseconds())/1000, "p99-ms")
}
