package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// inbox is a webhook that notes what it is told.
type inbox struct {
	t      *testing.T
	mu     sync.Mutex
	count  int
	ids    map[string]string // MessageId by message
	orders map[string]int    // the highest number seen, by topic
	told   func()
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e envelope
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		in.t.Errorf("a request is not JSON: %v", err)
	}
	var n int
	if _, err := fmt.Sscanf(e.Message, "%d", &n); err != nil {
		in.t.Errorf("message %q: %v", e.Message, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.count++
	key := e.TopicArn + " " + e.Message
	if id, again := in.ids[key]; again && id != e.MessageId {
		in.t.Errorf("%s came as %s and as %s", key, id, e.MessageId)
	} else if !again && n != in.orders[e.TopicArn]+1 {
		in.t.Errorf("%s came after %d", key, in.orders[e.TopicArn])
	}
	in.ids[key], in.orders[e.TopicArn] = e.MessageId, max(n, in.orders[e.TopicArn])
	in.told()
}

// TestOutboxOnDisk: the store goes away three times in the middle of the work,
// as it does when the process dies. Nothing is lost, nothing overtaken, and
// what comes twice comes under one id.
func TestOutboxOnDisk(t *testing.T) {
	const streams, each = 10, 30
	in := &inbox{t: t, ids: map[string]string{}, orders: map[string]int{}}
	srv := httptest.NewServer(in)
	defer srv.Close()
	topics := &Topics{Webhooks: map[string]Webhook{"*": {srv.URL, []byte("secret")}}, Client: NewClient()}
	dir := t.TempDir()
	open := func() *sqlite.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		return s
	}

	s := open()
	now := time.Now()
	var c store.Change
	for n := range each {
		for i := range streams {
			c.Deliveries = append(c.Deliveries, store.Delivery{Stream: fmt.Sprint(i), Endpoint: fmt.Sprint("topic ", i),
				Body: fmt.Appendf(nil, `{"Message":"%d"}`, n+1), Created: now, Due: now})
		}
	}
	done := make(chan error, 1)
	s.Submit(&c, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatalf("put: %v", err)
	}

	for _, stopAt := range []int{60, 120, 180} {
		reached, closed := make(chan struct{}), make(chan struct{})
		stop := sync.OnceFunc(func() {
			close(reached)
			<-closed // the answer comes when the store is gone
		})
		in.mu.Lock()
		in.told = func() {
			if len(in.ids) >= stopAt {
				stop()
			}
		}
		in.mu.Unlock()
		ended := make(chan error, 1)
		o := &Outbox{Store: s, Sender: topics, Now: time.Now, Workers: 4}
		go func() { ended <- o.Run(t.Context()) }()
		<-reached
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		close(closed)
		if err := <-ended; !errors.Is(err, store.ErrClosed) {
			t.Fatalf("Run = %v; want that the store is closed", err)
		}
		s = open()
	}
	left, err := s.Outbox(t.Context(), store.AllShards, now.Add(time.Hour), 1000)
	if err != nil || len(left) == 0 {
		t.Fatalf("%d wait, %v; want some left to deliver", len(left), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	delivered := 0
	o := &Outbox{Store: s, Sender: topics, Now: time.Now, Observe: func(Outcome, time.Duration) {
		if delivered++; delivered == len(left) {
			cancel()
		}
	}}
	if err := o.Run(ctx); err != nil {
		t.Fatalf("Run = %v; want nil", err)
	}
	defer func() { _ = s.Close() }()
	if left, err = s.Outbox(t.Context(), store.AllShards, now.Add(time.Hour), 1000); err != nil || len(left) != 0 {
		t.Errorf("%d wait, %v; want none", len(left), err)
	}
	if len(in.ids) != streams*each {
		t.Errorf("%d messages came; want %d", len(in.ids), streams*each)
	}
	if again := in.count - len(in.ids); again > 3*streams*(maxAhead+1) {
		t.Errorf("%d messages came again; want at most %d of each stream each time", again, maxAhead+1)
	}
	t.Logf("%d messages in %d requests", len(in.ids), in.count)
}

// TestOutboxIsFenced: a process sends, and finds that another has taken its
// lease. It asks for its shards anew, and what it sent stays in the outbox for the other.
func TestOutboxIsFenced(t *testing.T) {
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	now := time.Now()
	leases, err := s.Claim(t.Context(), "one", now, time.Second, "outbox")
	if err != nil || len(leases) != 1 {
		t.Fatalf("Claim = %v, %v; want the lease", leases, err)
	}
	done := make(chan error, 1)
	s.Submit(&store.Change{Deliveries: []store.Delivery{{Stream: "s", Endpoint: "e", Created: now, Due: now}}}, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	frozen := &post{t: t, answer: func(ctx context.Context, _ *store.Delivery) error {
		_, err := s.Claim(ctx, "two", now.Add(time.Minute), time.Minute, "outbox")
		return err
	}}
	ctx, stop := context.WithCancel(t.Context())
	held := 0
	one := &Outbox{Store: s, Sender: frozen, Now: time.Now, Held: func() (store.Shards, []store.Lease) {
		if held++; held == 1 {
			return store.AllShards, leases
		}
		stop() // it asks again because it was refused
		return 0, nil
	}}
	if err := one.Run(ctx); err != nil || held != 2 {
		t.Fatalf("Run = %v, and asked %d times for its shards; want 2", err, held)
	}
	if left, err := s.Outbox(t.Context(), store.AllShards, now.Add(time.Hour), 9); err != nil || len(left) != 1 {
		t.Errorf("%d wait, %v; want the one that was sent", len(left), err)
	}
}
