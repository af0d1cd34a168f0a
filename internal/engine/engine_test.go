package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/steady"
	"parley.example/parley/internal/store"
)

const instance = center.InstanceID("11111111-1111-4111-8111-111111111111")

// ask calls a function and says its answer.
const ask = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":"It is $.External.it"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"c","Type":"MessageParticipant","Parameters":{"Text":"It failed"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// flows returns a catalog with the two flows.
func flows(t testing.TB) enginetest.Flows {
	return enginetest.ParseFlows(t, map[string]string{"greet": enginetest.Greet, "ask": ask})
}

type setting func(*enginetest.Options)

// open starts an engine on a store, with the two flows unless a setting says otherwise.
func open(t testing.TB, s store.Store, set ...setting) *enginetest.Engine {
	o := enginetest.Options{Store: s, Catalog: flows(t)}
	for _, f := range set {
		f(&o)
	}
	return enginetest.Start(t, o)
}

func start(t testing.TB, w *enginetest.Engine, flowName, token string) (center.ContactID, center.ParticipantID) {
	t.Helper()
	r, err := w.Start(t.Context(), contact.Start{
		Instance: instance, Contact: center.NewContactID(time.Now()), Flow: flowName, DisplayName: "Ana"}, token)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return r.Contact, r.Participant
}

func do(t testing.TB, w *enginetest.Engine, chat center.ContactID, cmd contact.Command) contact.Reply {
	t.Helper()
	r, err := w.Do(t.Context(), chat, cmd)
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	return r
}

// retry gives a command until the chat is not too busy for it, and reports
// whether it was taken.
func retry(t testing.TB, w *enginetest.Engine, chat center.ContactID, cmd contact.Command) bool {
	t.Helper()
	for {
		_, err := w.Do(t.Context(), chat, cmd)
		if err == nil {
			return true
		}
		if r := center.ReasonOf(err); r != center.Unavailable && r != center.Throttled {
			t.Errorf("%T: %v", cmd, err)
			return false
		}
	}
}

func texts(list []center.Item) (out []string) {
	for _, it := range list {
		if it.Type == center.TypeMessage {
			out = append(out, it.Content)
		}
	}
	return out
}

func say(p center.ParticipantID, text string) contact.Send {
	return contact.Send{Participant: p, ContentType: center.PlainText, Content: text, ClientToken: text}
}

// TestManyWritersOneChat lets many goroutines talk in one chat, half of them
// repeating their requests: every message is there once, what is published is what
// is stored, in the same order.
func TestManyWritersOneChat(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "")
	do(t, w, chat, contact.Connect{Participant: ana})
	const writers, each = 16, 50
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			for i := range each {
				text := fmt.Sprintf("%d/%d", n, i)
				for range 1 + n%2 {
					if _, err := w.Do(t.Context(), chat, say(ana, text)); err != nil {
						t.Errorf("Send: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	w.Close()
	list := w.Items(chat)
	if want := 2 + writers*each; len(list) != want {
		t.Fatalf("%d items; want %d", len(list), want)
	}
	published := w.Bus.Events()
	if len(published) != len(list) {
		t.Fatalf("%d pushes; want %d", len(published), len(list))
	}
	last := map[string]string{}
	for i, it := range list {
		if it.Seq != int64(i+1) || published[i].Item.ID != string(it.ID) {
			t.Fatalf("item %d: Seq %d, published %s, stored %s", i, it.Seq, published[i].Item.ID, it.ID)
		}
		if last[it.Content] != "" {
			t.Errorf("%q is there twice", it.Content)
		}
		last[it.Content] = it.Content
	}
}

// TestTwoEnginesOneStore is a cluster of two without a bus: each keeps its own
// idea of the chat, and the store's checks keep them right.
func TestTwoEnginesOneStore(t *testing.T) {
	s := enginetest.Memory(t)
	nodes := []*enginetest.Engine{open(t, s), open(t, s)}
	chat, ana := start(t, nodes[0], "greet", "")
	do(t, nodes[0], chat, contact.Connect{Participant: ana})
	const each = 60
	var wg sync.WaitGroup
	for n, node := range nodes {
		wg.Go(func() {
			for i := range each {
				if !retry(t, node, chat, say(ana, fmt.Sprintf("%d/%d", n, i))) {
					return
				}
				if i%10 == 0 {
					key := fmt.Sprintf("k%d-%d", n, i)
					if _, err := node.Do(t.Context(), chat, contact.SetAttributes{Attributes: map[string]string{key: "v"}}); err != nil {
						t.Errorf("SetAttributes: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, node := range nodes {
		node.Close()
	}
	if got := len(texts(nodes[0].Items(chat))); got != 1+2*each {
		t.Errorf("%d messages; want %d", got, 1+2*each)
	}
	fresh := open(t, s)
	state, err := fresh.State(t.Context(), chat)
	if err != nil || len(state.Attributes) != 12 {
		t.Errorf("attributes %v, %v; want 12", state.Attributes, err)
	}
	fresh.Close()
}

func TestStartIsIdempotent(t *testing.T) {
	s := enginetest.Memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "token")
	again, anaAgain := start(t, w, "greet", "token")
	if again != chat || anaAgain != ana {
		t.Errorf("the second start gave %s/%s; want %s/%s", again, anaAgain, chat, ana)
	}
	if other, _ := start(t, w, "greet", "other"); other == chat {
		t.Error("another token gave the same chat")
	}
	if n, err := s.Count(t.Context(), store.ActiveChats(instance)); n != 2 || err != nil {
		t.Errorf("active chats = %d, %v; want 2", n, err)
	}
	w.Close()
}

// TestQuotaIsExact starts more chats at once than the quota allows.
func TestQuotaIsExact(t *testing.T) {
	const limit = 20
	w := open(t, enginetest.Memory(t), func(c *enginetest.Options) { c.MaxActive = limit })
	defer w.Close()
	var good, refused atomic.Int64
	var one center.ContactID
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 5 * limit {
		wg.Go(func() {
			r, err := w.Start(t.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), Flow: "greet", DisplayName: "A"}, "")
			switch {
			case err == nil:
				good.Add(1)
				mu.Lock()
				one = r.Contact
				mu.Unlock()
			case center.ReasonOf(err) == center.LimitExceeded:
				refused.Add(1)
			default:
				t.Errorf("Start: %v", err)
			}
		})
	}
	wg.Wait()
	if good.Load() != limit || refused.Load() != 4*limit {
		t.Fatalf("%d started, %d refused; want %d and %d", good.Load(), refused.Load(), limit, 4*limit)
	}
	do(t, w, one, contact.Stop{})
	start(t, w, "greet", "") // the place is free again
}

// TestTimersFireAndSurvive lets a chat's five minutes pass on a running
// engine, and another chat's on an engine that was down when they were over.
func TestTimersFireAndSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		w := open(t, s)
		first, _ := start(t, w, "greet", "")
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		state, err := w.State(t.Context(), first)
		if err != nil || !state.Ended {
			t.Fatalf("after five minutes: %+v, %v; want it ended", state, err)
		}
		second, _ := start(t, w, "greet", "")
		third, ana := start(t, w, "greet", "")
		do(t, w, third, contact.Connect{Participant: ana})
		w.Close()
		time.Sleep(10 * time.Minute)

		w = open(t, s)
		time.Sleep(time.Second)
		synctest.Wait()
		if state, err = w.State(t.Context(), second); err != nil || !state.Ended || state.Current().DisconnectReason != center.ReasonNotConnected {
			t.Errorf("after the restart: %+v, %v; want the deadline to have fired", state, err)
		}
		do(t, w, third, say(ana, "still here"))
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		if state, err = w.State(t.Context(), third); err != nil || state.Current().DisconnectReason != center.ReasonExpired {
			t.Errorf("after 25 hours: %+v, %v; want it expired", state, err)
		}
		w.Close()
	})
}

// TestWallClockStepsBack sets the wall clock an hour back while timers run: none stands still,
// those that were set before the step and after it are late by a sixteenth at most, also when the
// engine starts anew on the clock.
func TestWallClockStepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step atomic.Int64
		clock := &engine.Clock{Steady: steady.Clock{Wall: func() time.Time { return time.Now().Add(time.Duration(step.Load())) }}}
		s := enginetest.Memory(t)
		w := open(t, s, func(o *enginetest.Options) { o.Clock = clock })
		ended := func(when string, chat center.ContactID, want bool) {
			t.Helper()
			synctest.Wait()
			if state, err := w.State(t.Context(), chat); err != nil || state.Ended != want {
				t.Errorf("%s: ended %t, %v; want %t", when, state.Ended, err, want)
			}
		}
		before, _ := start(t, w, "greet", "")
		time.Sleep(time.Minute)
		step.Store(-int64(time.Hour))
		after, _ := start(t, w, "greet", "")
		time.Sleep(3*time.Minute + 50*time.Second)
		ended("before its five minutes", before, false)
		time.Sleep(30 * time.Second)
		ended("set before the step", before, true)
		ended("before its five minutes", after, false)
		time.Sleep(time.Minute)
		ended("set after the step", after, true)
		last, _ := start(t, w, "greet", "")
		w.Close()
		w = open(t, s, func(o *enginetest.Options) { o.Clock = clock })
		time.Sleep(5*time.Minute + 20*time.Second)
		ended("of an engine that is gone", last, true)
		w.Close()
	})
}

// TestClockAndWall: the clock that was moved is moved by as much behind a wall clock that stepped
// back; what others stamped is compared with the wall clock, moved as well.
func TestClockAndWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := time.Duration(0)
		began := time.Now()
		clock := &engine.Clock{Steady: steady.Clock{Wall: func() time.Time { return time.Now().Add(step) }}}
		want := func(when string, now, wall time.Duration) {
			t.Helper()
			if n, w := clock.Now().Sub(began), clock.Wall().Sub(began); n != now || w != wall {
				t.Errorf("%s the clock is at %s and the wall clock at %s; want %s and %s", when, n, w, now, wall)
			}
		}
		clock.Advance(24 * time.Hour)
		want("moved", 24*time.Hour, 24*time.Hour)
		step = -time.Hour
		want("after the step", 24*time.Hour, 23*time.Hour)
		clock.Freeze(true)
		time.Sleep(16 * time.Minute)
		want("frozen", 24*time.Hour, 24*time.Hour)
		clock.Freeze(false)
		want("running on", 24*time.Hour, 23*time.Hour+time.Minute)
		time.Sleep(16 * time.Minute)
		want("catching up", 24*time.Hour+15*time.Minute, 23*time.Hour+17*time.Minute)
	})
}

// TestAdvance moves the clock instead of waiting.
func TestAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		clock := &engine.Clock{}
		clock.Freeze(true)
		w := open(t, s, func(c *enginetest.Options) { c.Clock = clock })
		chat, _ := start(t, w, "greet", "")
		synctest.Wait()
		clock.Advance(4 * time.Minute)
		synctest.Wait()
		if state, err := w.State(t.Context(), chat); err != nil || state.Ended {
			t.Fatalf("after four minutes: ended %t, %v", state.Ended, err)
		}
		clock.Advance(time.Minute)
		synctest.Wait()
		if state, err := w.State(t.Context(), chat); err != nil || !state.Ended {
			t.Fatalf("after five minutes: ended %t, %v", state.Ended, err)
		}
		w.Close()
	})
}

// TestEffects calls functions: one that answers, one that fails, and one that
// is under way when the process stops.
func TestEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		answer := func(text string, err error) setting {
			return func(c *enginetest.Options) {
				c.Invoke = func(context.Context, machine.Invoke, []byte) (json.RawMessage, error) {
					return json.RawMessage(text), err
				}
			}
		}
		for name, c := range map[string]struct {
			set  setting
			want string
		}{
			"answers": {answer(`{"it":"fine"}`, nil), "It is fine"},
			"fails":   {answer("", errors.New("boom")), "It failed"},
		} {
			w := open(t, s, c.set)
			chat, ana := start(t, w, "ask", "")
			do(t, w, chat, contact.Connect{Participant: ana})
			synctest.Wait()
			if got := texts(w.Items(chat)); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s: the flow said %q; want %q", name, got, c.want)
			}
			w.Close()
		}

		var ids []string
		hang := func(c *enginetest.Options) {
			c.Invoke = func(ctx context.Context, call machine.Invoke, _ []byte) (json.RawMessage, error) {
				ids = append(ids, call.ID)
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}
		w := open(t, s, hang)
		chat, ana := start(t, w, "ask", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		w.Close() // while the function runs
		w = open(t, s, func(c *enginetest.Options) {
			c.Invoke = func(_ context.Context, call machine.Invoke, _ []byte) (json.RawMessage, error) {
				ids = append(ids, call.ID)
				return json.RawMessage(`{"it":"back"}`), nil
			}
		})
		synctest.Wait()
		if got := texts(w.Items(chat)); len(got) != 1 || got[0] != "It is back" {
			t.Errorf("after the restart the flow said %q; want It is back", got)
		}
		if len(ids) != 2 || ids[0] != ids[1] {
			t.Errorf("effect ids %q; want the same one twice", ids)
		}
		w.Close()
	})
}

// TestCacheIsBounded talks in more chats than the engine keeps.
func TestCacheIsBounded(t *testing.T) {
	w := open(t, enginetest.Memory(t), func(c *enginetest.Options) { c.Hot = 64 })
	defer w.Close()
	type chat struct {
		id  center.ContactID
		ana center.ParticipantID
	}
	var chats []chat
	for range 500 {
		id, ana := start(t, w, "greet", "")
		do(t, w, id, contact.Connect{Participant: ana})
		chats = append(chats, chat{id, ana})
	}
	for _, c := range chats {
		r := do(t, w, c.id, say(c.ana, "one"))
		do(t, w, c.id, say(c.ana, "two"))
		if again := do(t, w, c.id, say(c.ana, "one")); again != r {
			t.Fatalf("the repeated message was answered %v; want %v", again, r)
		}
	}
	for _, c := range chats {
		if n := len(w.Items(c.id)); n != 4 {
			t.Fatalf("chat %s has %d items; want 4", c.id, n)
		}
	}
}
