package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/bus"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

const instance = center.InstanceID("11111111-1111-4111-8111-111111111111")

// greet says hello, waits a week and disconnects.
const greet = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":"Hello"},"Transitions":{"NextAction":"b"}},
 {"Identifier":"b","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"c","Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"c","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// ask calls a function and says its answer.
const ask = `{"Version":"2019-10-30","StartAction":"a","Actions":[
 {"Identifier":"a","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"c","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"b","Type":"MessageParticipant","Parameters":{"Text":"It is $.External.it"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"c","Type":"MessageParticipant","Parameters":{"Text":"It failed"},"Transitions":{"NextAction":"d"}},
 {"Identifier":"d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

// catalog has the two flows.
type catalog struct {
	contact.Empty
	flows map[string]*flow.Flow
}

func newCatalog(t *testing.T) catalog {
	c := catalog{flows: map[string]*flow.Flow{}}
	for name, text := range map[string]string{"greet": greet, "ask": ask} {
		f, err := flow.Parse([]byte(text))
		if err != nil {
			t.Fatalf("Parse(%s): %v", name, err)
		}
		c.flows[name] = f
	}
	return c
}

func (c catalog) Prepare(context.Context, center.InstanceID, ...*machine.Run) error { return nil }

func (c catalog) Published(_ center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	if f := c.flows[ref]; f != nil {
		return f, center.FlowID(ref), nil
	}
	return nil, "", center.Missing(center.KindFlow, ref)
}

func (c catalog) Content(id center.FlowID, _ string) (*flow.Flow, error) {
	return c.flows[string(id)], nil
}

// world is an engine over a store, and what it told.
type world struct {
	*engine.Engine
	store store.Store

	mu   sync.Mutex // guards told
	told []center.Push
}

type setting func(*engine.Config)

func open(t *testing.T, s store.Store, set ...setting) *world {
	w := &world{store: s}
	cfg := engine.Config{
		Store: s, Catalog: newCatalog(t), Clock: &engine.Clock{}, Log: slog.New(slog.DiscardHandler),
		Partition: center.Partition{Region: "us-east-1", Account: "123456789012"},
		MaxActive: func(center.InstanceID) int64 { return -1 },
		Bus: &bus.Local{Listeners: []bus.Listener{func(ps []center.Push) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, ps...)
		}}},
		Invoke: func(context.Context, machine.Invoke, []byte) (json.RawMessage, error) {
			return nil, errors.New("no function")
		},
	}
	for _, f := range set {
		f(&cfg)
	}
	w.Engine = engine.New(cfg)
	return w
}

func memory(t *testing.T) store.Store {
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func start(t *testing.T, w *world, flowName, token string) (center.ContactID, center.ParticipantID) {
	t.Helper()
	r, err := w.Start(t.Context(), contact.Start{
		Instance: instance, Contact: center.NewContactID(time.Now()), Flow: flowName, DisplayName: "Ana"}, token)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return r.Contact, r.Participant
}

func do(t *testing.T, w *world, chat center.ContactID, cmd contact.Command) contact.Reply {
	t.Helper()
	r, err := w.Do(t.Context(), chat, cmd)
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	return r
}

// insist gives a command until the chat is not too busy for it, and reports
// whether it was taken.
func insist(t *testing.T, w *world, chat center.ContactID, cmd contact.Command) bool {
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

func items(t *testing.T, w *world, chat center.ContactID) []center.Item {
	t.Helper()
	list, err := w.store.Items(t.Context(), store.ItemQuery{Chat: chat, From: 1})
	if err != nil {
		t.Fatalf("Items: %v", err)
	}
	return list
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
// repeating their requests: every message is there once, what is told is what
// is stored, in the same order.
func TestManyWritersOneChat(t *testing.T) {
	s := memory(t)
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
	list := items(t, w, chat)
	if want := 2 + writers*each; len(list) != want {
		t.Fatalf("%d items; want %d", len(list), want)
	}
	if len(w.told) != len(list) {
		t.Fatalf("%d pushes; want %d", len(w.told), len(list))
	}
	last := map[string]string{}
	for i, it := range list {
		if it.Seq != int64(i+1) || w.told[i].Item.ID != it.ID {
			t.Fatalf("item %d: Seq %d, told %s, stored %s", i, it.Seq, w.told[i].Item.ID, it.ID)
		}
		if last[it.Content] != "" {
			t.Errorf("%q is there twice", it.Content)
		}
		last[it.Content] = it.Content
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestTwoEnginesOneStore is a cluster of two without a bus: each keeps its own
// idea of the chat, and the store's checks keep them right.
func TestTwoEnginesOneStore(t *testing.T) {
	s := memory(t)
	nodes := []*world{open(t, s), open(t, s)}
	chat, ana := start(t, nodes[0], "greet", "")
	do(t, nodes[0], chat, contact.Connect{Participant: ana})
	const each = 60
	var wg sync.WaitGroup
	for n, node := range nodes {
		wg.Go(func() {
			for i := range each {
				if !insist(t, node, chat, say(ana, fmt.Sprintf("%d/%d", n, i))) {
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
	if got := len(texts(items(t, nodes[0], chat))); got != 1+2*each {
		t.Errorf("%d messages; want %d", got, 1+2*each)
	}
	fresh := open(t, s)
	state, err := fresh.View(t.Context(), chat)
	if err != nil || len(state.Attributes) != 12 {
		t.Errorf("attributes %v, %v; want 12", state.Attributes, err)
	}
	fresh.Close()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestStartIsIdempotent(t *testing.T) {
	s := memory(t)
	w := open(t, s)
	chat, ana := start(t, w, "greet", "token")
	again, anaAgain := start(t, w, "greet", "token")
	if again != chat || anaAgain != ana {
		t.Errorf("the second start gave %s/%s; want %s/%s", again, anaAgain, chat, ana)
	}
	if other, _ := start(t, w, "greet", "other"); other == chat {
		t.Error("another token gave the same chat")
	}
	if n, err := s.Count(t.Context(), engine.ActiveCounter(instance)); n != 2 || err != nil {
		t.Errorf("active chats = %d, %v; want 2", n, err)
	}
	w.Close()
}

// TestQuotaIsExact starts more chats at once than the quota allows.
func TestQuotaIsExact(t *testing.T) {
	const limit = 20
	w := open(t, memory(t), func(c *engine.Config) { c.MaxActive = func(center.InstanceID) int64 { return limit } })
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
		s := memory(t)
		w := open(t, s)
		first, _ := start(t, w, "greet", "")
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		state, err := w.View(t.Context(), first)
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
		if state, err = w.View(t.Context(), second); err != nil || !state.Ended || state.Current().DisconnectReason != center.ReasonNotConnected {
			t.Errorf("after the restart: %+v, %v; want the deadline to have fired", state, err)
		}
		do(t, w, third, say(ana, "still here"))
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		if state, err = w.View(t.Context(), third); err != nil || state.Current().DisconnectReason != center.ReasonExpired {
			t.Errorf("after 25 hours: %+v, %v; want it expired", state, err)
		}
		w.Close()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestAdvance moves the clock instead of waiting.
func TestAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		clock := &engine.Clock{}
		clock.Freeze(true)
		w := open(t, s, func(c *engine.Config) { c.Clock = clock })
		chat, _ := start(t, w, "greet", "")
		synctest.Wait()
		clock.Advance(4 * time.Minute)
		synctest.Wait()
		if state, err := w.View(t.Context(), chat); err != nil || state.Ended {
			t.Fatalf("after four minutes: ended %t, %v", state.Ended, err)
		}
		clock.Advance(time.Minute)
		synctest.Wait()
		if state, err := w.View(t.Context(), chat); err != nil || !state.Ended {
			t.Fatalf("after five minutes: ended %t, %v", state.Ended, err)
		}
		w.Close()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestEffects calls functions: one that answers, one that fails, and one that
// is under way when the process stops.
func TestEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		answer := func(text string, err error) setting {
			return func(c *engine.Config) {
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
			if got := texts(items(t, w, chat)); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s: the flow said %q; want %q", name, got, c.want)
			}
			w.Close()
		}

		var ids []string
		hang := func(c *engine.Config) {
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
		w = open(t, s, func(c *engine.Config) {
			c.Invoke = func(_ context.Context, call machine.Invoke, _ []byte) (json.RawMessage, error) {
				ids = append(ids, call.ID)
				return json.RawMessage(`{"it":"back"}`), nil
			}
		})
		synctest.Wait()
		if got := texts(items(t, w, chat)); len(got) != 1 || got[0] != "It is back" {
			t.Errorf("after the restart the flow said %q; want It is back", got)
		}
		if len(ids) != 2 || ids[0] != ids[1] {
			t.Errorf("effect ids %q; want the same one twice", ids)
		}
		w.Close()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestCacheIsBounded talks in more chats than the engine keeps.
func TestCacheIsBounded(t *testing.T) {
	w := open(t, memory(t), func(c *engine.Config) { c.Hot = 64 })
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
		if n := len(items(t, w, c.id)); n != 4 {
			t.Fatalf("chat %s has %d items; want 4", c.id, n)
		}
	}
}
