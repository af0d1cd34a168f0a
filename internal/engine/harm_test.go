package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// faulty is a catalog that, while wrong is set, panics at the content of one
// flow and cannot be read for one instance.
type faulty struct {
	enginetest.Flows
	wrong *atomic.Bool
}

const elsewhere = center.InstanceID("22222222-2222-4222-8222-222222222222")

func (f faulty) Content(id center.FlowID, hash string) (*flow.Flow, error) {
	if id == "nap" && f.wrong.Load() {
		panic("a flow that nobody thought of")
	}
	return f.Flows.Content(id, hash)
}

func (f faulty) Prepare(ctx context.Context, i center.InstanceID, runs ...*machine.Run) error {
	if i == elsewhere && f.wrong.Load() {
		return center.Errorf(center.Internal, "what is set up in the instance cannot be read")
	}
	return f.Flows.Prepare(ctx, i, runs...)
}

func withFaults(t *testing.T, wrong *atomic.Bool) setting {
	c := flows(t)
	nap, err := flow.Parse([]byte(strings.Replace(enginetest.Greet, "604800", "60", 1)))
	if err != nil {
		t.Fatal(err)
	}
	c.ByName["nap"] = nap
	return func(o *enginetest.Options) { o.Catalog = faulty{c, wrong} }
}

// A panic of the rules is an error of the one command: the chat is not locked
// for ever, and what follows meets the state that is on disk.
func TestPanicHarmsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrong atomic.Bool
		w := open(t, enginetest.Memory(t), withFaults(t, &wrong))
		chat, ana := start(t, w, "nap", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		wrong.Store(true)
		enginetest.Pass(2 * time.Minute) // the flow's timer falls due, and the rules panic, time and again
		if state, err := w.State(t.Context(), chat); err != nil || state.Run == nil {
			t.Fatalf("after the panics: %+v, %v; want the chat as it was", state, err)
		}
		do(t, w, chat, say(ana, "still here"))
		if _, err := w.Do(t.Context(), chat, contact.Tick{}); err == nil || center.ReasonOf(err) != center.Internal {
			t.Errorf("a command that panics = %v; want an internal error", err)
		}
		other, bob := start(t, w, "greet", "")
		do(t, w, other, contact.Connect{Participant: bob})
		wrong.Store(false)
		enginetest.Pass(2 * time.Second)
		if state, err := w.State(t.Context(), chat); err != nil || !state.Ended {
			t.Errorf("when the rules are right again: %v; want the timer fired", err)
		}
	})
}

// A function or a bot whose answer makes the integration panic fails alone.
func TestPanicOfAnEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, enginetest.Memory(t), func(c *enginetest.Options) {
			c.Invoke = func(context.Context, machine.Invoke, []byte) (json.RawMessage, error) {
				panic("an answer that nobody thought of")
			}
		})
		chat, ana := start(t, w, "ask", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		synctest.Wait()
		if got := texts(w.Items(chat)); len(got) != 1 || got[0] != "It failed" {
			t.Errorf("the chat says %q; want the error branch", got)
		}
	})
}

// A timer that falls due within a millisecond is fired once, when it is due, and
// not looked at until then.
func TestTimersWithinAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrong atomic.Bool
		w := open(t, enginetest.Memory(t), withFaults(t, &wrong))
		w.Clock.Advance(300 * time.Microsecond)
		chat, ana := start(t, w, "nap", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		began := w.TimersFired()
		enginetest.Pass(time.Minute + time.Millisecond)
		if state, err := w.State(t.Context(), chat); err != nil || !state.Ended {
			t.Errorf("after the minute: %v; want the timer fired", err)
		}
		if n := w.TimersFired() - began; n != 1 {
			t.Errorf("the chat was looked at %d times; want once", n)
		}
	})
}

// More chats than are looked at at a time cannot be told that their timers are
// due: those of others fire all the same, and their own when they can be.
func TestTimersThatFailHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrong atomic.Bool
		w := open(t, enginetest.Memory(t), withFaults(t, &wrong))
		var stuck []center.ContactID
		for range 700 {
			r, err := w.Start(t.Context(), contact.Start{Instance: elsewhere, Contact: center.NewContactID(time.Now()), Flow: "greet", DisplayName: "Eve"}, "")
			if err != nil {
				t.Fatal(err)
			}
			stuck = append(stuck, r.Contact)
		}
		wrong.Store(true)
		enginetest.Pass(time.Second)
		chat, _ := start(t, w, "greet", "")
		enginetest.Pass(5*time.Minute + 2*time.Second)
		if state, err := w.State(t.Context(), chat); err != nil || !state.Ended {
			t.Errorf("behind %d timers that fail: %v; want its own fired", len(stuck), err)
		}
		wrong.Store(false)
		enginetest.Pass(2 * time.Second)
		for _, id := range stuck {
			if state, err := w.State(t.Context(), id); err != nil || !state.Ended {
				t.Fatalf("when the instance can be read again: %v; want the timer fired", err)
			}
		}
	})
}
