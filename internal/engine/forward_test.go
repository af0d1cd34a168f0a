package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/bus/bustest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/contact/transcript"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// peers are two engines on one store, of which the first is the home of all chats.
type peers struct {
	home, other *enginetest.Engine
	asked       atomic.Int64
	// ask, when set, stands between the two.
	ask func(ctx context.Context, answer func(context.Context) []byte) ([]byte, error)
}

func (p *peers) Home(center.ContactID) string { return "home" }

func (p *peers) Ask(ctx context.Context, node string, request []byte) ([]byte, error) {
	if p.asked.Add(1); node != "home" {
		return nil, errors.New("there is no such node")
	}
	answer := func(ctx context.Context) []byte { return p.home.Homes.Answer(ctx, request) }
	if p.ask != nil {
		return p.ask(ctx, answer)
	}
	return answer(ctx), nil
}

func neighbours(t *testing.T) *peers {
	s, p := enginetest.Memory(t), &peers{}
	var shared bus.Local
	node := func(name string) *enginetest.Engine {
		return open(t, s, func(o *enginetest.Options) {
			o.Node, o.Shared, o.Link, o.Peers = name, true, &bustest.Link{Bus: &shared}, p
		})
	}
	p.home, p.other = node("home"), node("other")
	return p
}

// TestMessagesAreDecidedAtHome: what is sent through two nodes at once is in order and once, and nothing of it meets a conflict;
// refusals are those of the home.
func TestMessagesAreDecidedAtHome(t *testing.T) {
	p := neighbours(t)
	chat, ana := talk(t, p.other)
	var wg sync.WaitGroup
	for n, node := range []*enginetest.Engine{p.home, p.other} {
		wg.Go(func() {
			for i := range 200 {
				text := fmt.Sprint(n, " ", i)
				first := do(t, node, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: text})
				if first.Item == "" || first.Time.IsZero() {
					t.Errorf("%s was answered %+v", text, first)
				}
			}
		})
	}
	wg.Wait()
	said := texts(p.home.Items(chat))[1:]
	for n := range 2 {
		var own, want []string
		for i := range 200 {
			want = append(want, fmt.Sprint(n, " ", i))
		}
		for _, text := range said {
			if text[:1] == fmt.Sprint(n) {
				own = append(own, text)
			}
		}
		if !slices.Equal(own, want) {
			t.Errorf("through node %d came %q; want 200 in order", n, own)
		}
	}
	if asked := p.asked.Load(); asked != 200 {
		t.Errorf("the home was asked %d times; want 200", asked)
	}
	first := do(t, p.other, chat, say(ana, "again"))
	if second := do(t, p.home, chat, say(ana, "again")); second != first {
		t.Errorf("repeated at the home, a message is answered %+v; want %+v", second, first)
	}
	_, err := p.other.Do(t.Context(), chat, contact.Send{Participant: "nobody", ContentType: center.PlainText, Content: "x"})
	if _, want := p.home.Do(t.Context(), chat, contact.Send{Participant: "nobody", ContentType: center.PlainText, Content: "x"}); center.ReasonOf(err) != center.ReasonOf(want) || err == nil || err.Error() != want.Error() {
		t.Errorf("a refusal through the other node is %v; want %v", err, want)
	}
	do(t, p.home, chat, contact.Stop{})
	if _, err := p.other.Do(t.Context(), chat, say(ana, "too late")); center.ReasonOf(err) != center.Denied {
		t.Errorf("after the end, Send = %v; want Denied", err)
	}
	p.home.Close()
	p.other.Close()
}

// TestSilentHome: a home that is gone, or does not answer in time, holds up nobody, and what it does late after all
// doubles nothing.
func TestSilentHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := neighbours(t)
		chat, ana := talk(t, p.other)
		var late []func()
		p.ask = func(ctx context.Context, answer func(context.Context) []byte) ([]byte, error) {
			late = append(late, func() { answer(context.WithoutCancel(ctx)) })
			<-ctx.Done()
			return nil, ctx.Err()
		}
		send := func(text string) time.Duration {
			began := time.Now()
			do(t, p.other, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: text})
			return time.Since(began)
		}
		if took := send("one"); took > time.Second {
			t.Errorf("a home that does not answer held up a message for %s", took)
		}
		if took := send("two"); took > 0 || p.asked.Load() != 1 {
			t.Errorf("the next message took %s, and the home was asked %d times; want at once, without it", took, p.asked.Load())
		}
		for _, answer := range late { // it wakes
			answer()
		}
		p.ask = func(_ context.Context, answer func(context.Context) []byte) ([]byte, error) {
			answer(context.Background())
			return nil, errors.New("the connection was lost")
		}
		time.Sleep(6 * time.Second) // by then it is trusted again
		send("three")
		p.ask = func(context.Context, func(context.Context) []byte) ([]byte, error) { return nil, engine.ErrDeclined }
		time.Sleep(6 * time.Second)
		send("four")
		p.ask = nil
		asked := p.asked.Load()
		if send("five"); p.asked.Load() != asked+1 {
			t.Error("a home that has declined one message was not asked for the next")
		}
		if said := texts(p.home.Items(chat))[1:]; !slices.Equal(said, []string{"one", "two", "three", "four", "five"}) {
			t.Errorf("said is %q", said)
		}
		p.home.Close()
		p.other.Close()
	})
}

// readings counts the items that are read.
type readings struct {
	store.Store
	read atomic.Int64
}

func (c *readings) Items(ctx context.Context, q store.ItemQuery) ([]center.Item, error) {
	items, err := c.Store.Items(ctx, q)
	c.read.Add(int64(len(items)))
	return items, err
}

// TestReloadReadsWhatIsNew: a node whose chat another has changed reads what was said since, and knows the ClientTokens of that and of
// what was before.
func TestReloadReadsWhatIsNew(t *testing.T) {
	s := &readings{Store: enginetest.Memory(t)}
	var shared bus.Local
	node := func(name string, s store.Store) *enginetest.Engine {
		return open(t, s, func(o *enginetest.Options) { o.Node, o.Shared, o.Link = name, true, &bustest.Link{Bus: &shared} })
	}
	one, two := node("one", s), node("two", s.Store)
	chat, ana := talk(t, one)
	replies := map[string]contact.Reply{}
	for i := range 300 {
		text := fmt.Sprint(i)
		replies[text] = do(t, one, chat, say(ana, text))
	}
	s.read.Store(0)
	for i := range 50 {
		at, text := []*enginetest.Engine{two, one}[i%2], fmt.Sprint("then ", i)
		replies[text] = do(t, at, chat, say(ana, text))
	}
	if n := s.read.Load(); n > 50 {
		t.Errorf("%d items were read to go on behind 25 of another node", n)
	}
	for _, text := range []string{"0", "299", "then 0", "then 48"} {
		if again := do(t, one, chat, say(ana, text)); again != replies[text] {
			t.Errorf("%q said again is answered %+v; want %+v", text, again, replies[text])
		}
	}
	one.Close()
	two.Close()
}

// slow is a store whose look for a ClientToken waits.
type slow struct {
	store.Store
	asked chan struct{}
	held  chan struct{} // until it is closed
}

func (s *slow) Sent(ctx context.Context, chat center.ContactID, q store.SentQuery) (store.SentItem, error) {
	if q.ClientToken == "held" {
		close(s.asked)
		<-s.held
	}
	return s.Store.Sent(ctx, chat, q)
}

// TestLookingForATokenHoldsUpNobody: in a chat that is longer than what memory knows, messages go on while the store looks whether one was
// sent before; and that one is there once, however many come before it is decided.
func TestLookingForATokenHoldsUpNobody(t *testing.T) {
	s := &slow{Store: enginetest.Memory(t), asked: make(chan struct{}), held: make(chan struct{})}
	w := open(t, s)
	chat, ana := talk(t, w)
	for i := range transcript.TailSize + 10 {
		do(t, w, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: fmt.Sprint(i)})
	}
	held := contact.Send{Participant: ana, ContentType: center.PlainText, Content: "held", ClientToken: "held"}
	answered := make(chan contact.Reply, 1)
	go func() {
		r, err := w.Do(context.Background(), chat, held)
		if err != nil {
			t.Error(err)
		}
		answered <- r
	}()
	<-s.asked
	for i := range 2 * transcript.TailSize { // so that what is looked up is too old
		do(t, w, chat, contact.Send{Participant: ana, ContentType: center.PlainText, Content: fmt.Sprint("meanwhile ", i)})
	}
	s.asked = make(chan struct{})
	close(s.held)
	first := <-answered
	s.asked = make(chan struct{})
	if again := do(t, w, chat, held); again != first {
		t.Errorf("sent again it is answered %+v; want %+v", again, first)
	}
	w.Close()
}
