package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/store"
)

// memoryOutbox is an outbox in memory, with the contract of store.Store.
type memoryOutbox struct {
	mu      sync.Mutex
	waiting []store.Delivery
	dead    []store.Delivery
	last    int64
	fail    error // what commits are refused with
	commits int
	takes   time.Duration // for a commit, of the bubble's time
}

// put adds n deliveries to a stream.
func (s *memoryOutbox) put(stream, endpoint string, n int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.last++
		s.waiting = append(s.waiting, store.Delivery{ID: s.last, Stream: stream, Endpoint: endpoint, Created: now, Due: now,
			Body: fmt.Appendf(nil, `{"Message":"%s %d"}`, stream, s.last)})
	}
}

func (s *memoryOutbox) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

func (s *memoryOutbox) Keep(_ context.Context, c *store.Chores) error {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	if s.fail != nil {
		return s.fail
	}
	for _, p := range c.Postponed {
		if i := s.find(p.ID); i >= 0 {
			s.waiting[i].Due, s.waiting[i].Attempts, s.waiting[i].Error = p.Due, p.Attempts, p.Error
		}
	}
	for _, d := range c.Dead {
		if i := s.find(d.ID); i >= 0 {
			s.dead = append(s.dead, d)
			s.waiting = slices.Delete(s.waiting, i, i+1)
		}
	}
	for _, id := range c.Delivered {
		if i := s.find(id); i >= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
		}
	}
	return nil
}

func (s *memoryOutbox) find(id int64) int {
	i, found := slices.BinarySearchFunc(s.waiting, id, func(d store.Delivery, id int64) int { return int(d.ID - id) })
	if !found {
		return -1
	}
	return i
}

func (s *memoryOutbox) Outbox(_ context.Context, _ store.Shards, now time.Time, limit int) ([]store.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var order []string
	streams, stopped := map[string][]store.Delivery{}, map[string]bool{}
	for _, d := range s.waiting {
		if stopped[d.Stream] || d.Due.After(now) {
			stopped[d.Stream] = true
			continue
		}
		if streams[d.Stream] == nil {
			order = append(order, d.Stream)
		}
		streams[d.Stream] = append(streams[d.Stream], d)
	}
	order = order[:min(len(order), limit)]
	var page []store.Delivery
	for i, stream := range order {
		share := min((limit-len(page))/(len(order)-i), len(streams[stream]))
		page = append(page, streams[stream][:share]...)
	}
	return page, nil
}

func (s *memoryOutbox) Overflow(_ context.Context, _ store.Shards, keep, limit int) ([]store.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := map[string]int{}
	for _, d := range s.waiting {
		count[d.Stream]++
	}
	var over []store.Delivery
	for _, d := range s.waiting {
		if count[d.Stream] > keep && len(over) < limit {
			count[d.Stream]--
			over = append(over, d)
		}
	}
	return over, nil
}

// post is a Sender that writes down what it is given.
type post struct {
	t       *testing.T
	answer  func(ctx context.Context, d *store.Delivery) error // nil takes everything
	mu      sync.Mutex
	tried   []attempt
	taken   map[string][]int64 // ids by stream
	running map[string]int     // attempts by stream, "" for all
	most    int                // attempts at one time
}

type attempt struct {
	id      int64
	message string
	at      time.Time
}

func (p *post) Destination(endpoint string) string { return endpoint }

func (p *post) Send(ctx context.Context, d *store.Delivery, now time.Time) error {
	p.mu.Lock()
	if p.taken == nil {
		p.taken, p.running = map[string][]int64{}, map[string]int{}
	}
	p.tried = append(p.tried, attempt{d.ID, messageID(d), now})
	p.running[d.Stream]++
	p.running[""]++
	p.most = max(p.most, p.running[""])
	if p.running[d.Stream] > 1 {
		p.t.Errorf("two deliveries of stream %s at one time", d.Stream)
	}
	p.mu.Unlock()
	var err error
	if p.answer != nil {
		err = p.answer(ctx, d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[d.Stream]--
	p.running[""]--
	if err == nil {
		p.taken[d.Stream] = append(p.taken[d.Stream], d.ID)
	}
	return err
}

// of returns what a stream's endpoint has taken.
func (p *post) of(stream string) []int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken[stream])
}

func (p *post) attempts(id int64) (all []attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.tried {
		if a.id == id {
			all = append(all, a)
		}
	}
	return all
}

// after waits for d of a synctest bubble's time, or until ctx is done.
func after(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// running starts an outbox for the rest of the test and returns what ends it early.
func running(t *testing.T, o *Outbox) (stop func() error) {
	t.Helper()
	o.Now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	return stop
}

// wait lets d pass in a synctest bubble, and what happens then come to rest.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	if err := after(t.Context(), d); err != nil {
		t.Fatalf("the test ended: %v", err)
	}
	synctest.Wait()
}
