package engine_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// between is a store in which something happens between the reads of one load:
// behind that of the state, before those of the items.
type between struct {
	store.Store
	once   sync.Once
	happen func()
}

func (b *between) Chat(ctx context.Context, id center.ContactID) (store.Head, error) {
	h, err := b.Store.Chat(ctx, id)
	b.once.Do(b.happen)
	return h, err
}

// A chat ends while another engine loads it. A message that is decided on the
// state from before the end must not be put behind it.
func TestLoadDuringTheEnd(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := talk(t, w)
	late := open(t, &between{Store: s, happen: func() { do(t, w, chat, contact.Stop{}) }})
	if _, err := late.Do(t.Context(), chat, say(ana, "too late")); center.ReasonOf(err) != center.Denied {
		t.Errorf("Send = %v; want Denied: the chat has ended", err)
	}
	if list := w.Items(chat); list[len(list)-1].ContentType != center.EventEnded {
		t.Errorf("the transcript ends with %+v; want the end of the chat", list[len(list)-1])
	}
	late.Close()
}

// A chat whose commits fail has one place in memory all the same: whoever
// comes meanwhile decides on what those before have decided.
func TestFailedCommitsKeepOneEntry(t *testing.T) {
	s := &flaky{Store: enginetest.Memory(t)}
	w := open(t, s)
	chat, ana := talk(t, w)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards taken
	taken := map[string]bool{}
	for n := range 8 {
		wg.Go(func() {
			for i := range 25 {
				text := string(rune('a'+n)) + string(rune('a'+i))
				if _, err := w.Do(t.Context(), chat, say(ana, text)); err == nil {
					mu.Lock()
					taken[text] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	said := texts(w.Items(chat))[1:]
	if len(said) != len(taken) || len(said) == 0 {
		t.Errorf("%d messages are there; %d were acknowledged", len(said), len(taken))
	}
	for _, text := range said {
		if !taken[text] {
			t.Errorf("%q was refused and is there", text)
		}
	}
}

// flaky is a store that cannot write each seventh change with items.
type flaky struct {
	store.Store
	mu sync.Mutex // guards n; held over Submit, to keep the order
	n  int
}

func (f *flaky) Submit(c *store.Change, done func(error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(c.Items) > 0 {
		if f.n++; f.n%7 == 0 {
			c = &store.Change{Quotas: []store.Quota{{Counter: store.ActiveChats("none"), Delta: 1}}} // refused in its turn
			told := done
			done = func(error) { told(errors.New("the disk is full")) }
		}
	}
	f.Store.Submit(c, done)
}

// held is a store that keeps the next change to itself until it is told what
// becomes of it.
type held struct {
	store.Store
	hold atomic.Bool
	fail chan error // nil lets the change through
}

func (h *held) Submit(c *store.Change, done func(error)) {
	if !h.hold.Swap(false) {
		h.Store.Submit(c, done)
		return
	}
	go func() {
		if err := <-h.fail; err != nil {
			done(err)
			return
		}
		h.Store.Submit(c, done)
	}()
}

// A refusal that rests on a change waits for it, like every other answer: the
// end of a chat that does not come to be on disk refuses nobody.
func TestRefusalsWait(t *testing.T) {
	for name, c := range map[string]struct {
		fails error
		want  center.Reason
		said  int
	}{
		"the end is durable":  {nil, center.Denied, 1},
		"the end is not kept": {store.ErrConflict, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &held{Store: enginetest.Memory(t), fail: make(chan error)}
				w := open(t, s)
				chat, ana := talk(t, w)
				s.hold.Store(true)
				ending, cancel := context.WithCancel(t.Context())
				go w.Do(ending, chat, contact.Stop{})
				synctest.Wait()
				cancel() // nobody ends it again
				answered := make(chan error, 1)
				go func() {
					_, err := w.Do(t.Context(), chat, say(ana, "still there?"))
					answered <- err
				}()
				synctest.Wait()
				if len(answered) > 0 {
					t.Error("answered before the end is durable")
				}
				s.fail <- c.fails
				if err := <-answered; (err == nil) != (c.want == 0) || center.ReasonOf(err) != c.want {
					t.Errorf("Send = %v; want the reason %q", err, c.want)
				}
				if got := texts(w.Items(chat)); len(got) != c.said {
					t.Errorf("the chat says %q", got)
				}
			})
		})
	}
}
