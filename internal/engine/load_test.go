package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"parley/internal/center"
	"parley/internal/contact"
	"parley/internal/store"
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
func TestLoadMeetsTheEnd(t *testing.T) {
	s := memory(t)
	w := open(t, s)
	chat, ana := talk(t, w)
	late := open(t, &between{Store: s, happen: func() { do(t, w, chat, contact.Stop{}) }})
	if _, err := late.Do(t.Context(), chat, say(ana, "too late")); center.ReasonOf(err) != center.Denied {
		t.Errorf("Send = %v; want Denied: the chat has ended", err)
	}
	if list := items(t, w, chat); list[len(list)-1].ContentType != center.EventEnded {
		t.Errorf("the transcript ends with %+v; want the end of the chat", list[len(list)-1])
	}
	late.Close()
	w.end(t)
}

// A chat whose commits fail has one place in memory all the same: whoever
// comes meanwhile decides on what those before have decided.
func TestFailedCommitsKeepOnePlace(t *testing.T) {
	s := &flaky{Store: memory(t)}
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
	said := texts(items(t, w, chat))[1:]
	if len(said) != len(taken) || len(said) == 0 {
		t.Errorf("%d messages are there; %d were acknowledged", len(said), len(taken))
	}
	for _, text := range said {
		if !taken[text] {
			t.Errorf("%q was refused and is there", text)
		}
	}
	w.end(t)
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
			c = &store.Change{Quotas: []store.Quota{{Counter: "none", Delta: 1}}} // refused in its turn
			told := done
			done = func(error) { told(errors.New("the disk is full")) }
		}
	}
	f.Store.Submit(c, done)
}
