package nats

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"parley.example/parley/internal/bus/nats/natstest"
)

func echo(_ context.Context, request []byte) []byte { return request }

// asked is a request that a test asks in the background.
type asked struct {
	answer []byte
	err    error
}

func ask(t *testing.T, b *Bus, node string) chan asked {
	done := make(chan asked, 1)
	go func() {
		answer, err := b.Ask(t.Context(), node, nil)
		done <- asked{answer, err}
	}()
	return done
}

func TestNodesAskEachOther(t *testing.T) {
	s := natstest.Start(t, func(o *server.Options) { o.MaxPayload = 4096 })
	a, b := open(t, Options{URL: s.URL()}), open(t, Options{URL: s.URL()})
	for node, handle := range map[string]func(context.Context, []byte) []byte{
		"b 1":   func(_ context.Context, request []byte) []byte { return append(request, '!') },
		"large": func(context.Context, []byte) []byte { return make([]byte, 5000) },
		"empty": func(context.Context, []byte) []byte { return nil },
	} {
		if err := b.Serve(node, handle); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, b)
	for _, c := range []struct {
		from    *Bus
		node    string
		request []byte
		want    string
		err     error
	}{
		{a, "b 1", []byte("hello"), "hello!", nil},
		{a, "b 1", nil, "!", nil},
		{a, "empty", []byte("x"), "", nil},
		{a, "nobody", nil, "", ErrNoNode},
		{b, "b 1", nil, "", ErrNoNode}, // itself
		{a, "b 1", make([]byte, 5000), "", ErrTooLarge},
		{a, "large", nil, "", ErrTooLarge},
	} {
		if got, err := c.from.Ask(t.Context(), c.node, c.request); string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s answers %q, %v; want %q, %v", c.node, got, err, c.want, c.err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Ask(ended, "b 1", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("asked when the time is over: %v", err)
	}
}

// TestRequestsAreBounded on both sides: what is too much is refused at once.
func TestRequestsAreBounded(t *testing.T) {
	s := natstest.Start(t)
	const bound = 3
	b := open(t, Options{URL: s.URL(), limits: limits{requests: bound}})
	a, c := open(t, Options{URL: s.URL()}), open(t, Options{URL: s.URL(), limits: limits{requests: bound}})
	entered, proceed := make(chan bool, bound), make(chan bool)
	if err := b.Serve("b", func(context.Context, []byte) []byte {
		entered <- true
		<-proceed
		return []byte("done")
	}); err != nil {
		t.Fatal(err)
	}
	settle(t, b)
	var all []chan asked
	for range bound {
		all = append(all, ask(t, c, "b"))
		<-entered
	}
	for from, b := range map[string]*Bus{"the node is asked too much": a, "too much is asked by the node": c} {
		if _, err := b.Ask(t.Context(), "b", nil); !errors.Is(err, ErrBusy) {
			t.Errorf("%s: %v; want %v", from, err, ErrBusy)
		}
	}
	close(proceed)
	for _, done := range all {
		if r := <-done; r.err != nil || string(r.answer) != "done" {
			t.Errorf("answered %q, %v", r.answer, r.err)
		}
	}
	if _, err := c.Ask(t.Context(), "b", nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestRequestsEndWithTheConnection of who asks, and with the bus of who answers.
func TestRequestsEndWithTheConnection(t *testing.T) {
	s := natstest.Start(t)
	log := newEvents()
	a := open(t, Options{URL: s.URL(), Log: log.log()})
	b := open(t, Options{URL: s.URL()})
	entered := make(chan bool, 8)
	var mu sync.Mutex
	var ended []error
	if err := b.Serve("b", func(ctx context.Context, _ []byte) []byte {
		entered <- true
		<-ctx.Done()
		mu.Lock()
		defer mu.Unlock()
		ended = append(ended, ctx.Err())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	settle(t, b)
	waiting := ask(t, a, "b")
	<-entered
	s.Stop()
	if r := <-waiting; !errors.Is(r.err, ErrDisconnected) {
		t.Errorf("the server stops: %v; want %v", r.err, ErrDisconnected)
	}
	if _, err := a.Ask(t.Context(), "b", nil); !errors.Is(err, ErrDisconnected) {
		t.Errorf("without a server: %v; want %v", err, ErrDisconnected)
	}
	b.Close()
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(ended, []error{context.Canceled}) {
		t.Errorf("Close returns while a request is being answered: %v", ended)
	}
}
