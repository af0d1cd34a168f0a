package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
)

// waits is a flow that waits as often as told, asks a function after each time, and then hangs up.
func waits(times int, seconds string) string {
	var text strings.Builder
	text.WriteString(`{"Version":"2019-10-30","StartAction":"wait 1","Actions":[`)
	for n := 1; n <= times; n++ {
		wait, ask, next := fmt.Sprintf("wait %d", n), fmt.Sprintf("ask %d", n), fmt.Sprintf("wait %d", n+1)
		text.WriteString(fmt.Sprintf(`{"Identifier":%q,"Type":"Wait","Parameters":{"TimeLimitSeconds":%q},"Transitions":{"NextAction":%q,"Conditions":[{"NextAction":%q,"Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],"Errors":[{"NextAction":%q,"ErrorType":"NoMatchingError"}]}},
			{"Identifier":%q,"Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"answered %d","Errors":[{"NextAction":"failed %d","ErrorType":"NoMatchingError"}]}},
			{"Identifier":"answered %d","Type":"MessageParticipant","Parameters":{"Text":"answered"},"Transitions":{"NextAction":%q}},
			{"Identifier":"failed %d","Type":"MessageParticipant","Parameters":{"Text":"failed"},"Transitions":{"NextAction":%q}},`,
			wait, seconds, ask, ask, ask, ask, n, n, n, next, n, next))
	}
	return text.String() + fmt.Sprintf(`{"Identifier":"wait %d","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, times+1)
}

func moved(w *enginetest.Engine) *engine.Mover { return &engine.Mover{Engine: w.Engine} }

// When the clock is moved on, everything on the way happens at its own time, effects included, before the
// call returns: with a clock that stands as with one that runs.
func TestAdvanceGoesFromTimerToTimer(t *testing.T) {
	for _, frozen := range []bool{true, false} {
		t.Run(fmt.Sprintf("frozen %t", frozen), func(t *testing.T) {
			clock := &engine.Clock{}
			w := open(t, enginetest.Memory(t), func(o *enginetest.Options) {
				o.Clock, o.Catalog = clock, enginetest.ParseFlows(t, map[string]string{"waits": waits(3, "300")})
				o.Invoke = func(context.Context, machine.Invoke, []byte) (json.RawMessage, error) {
					return json.RawMessage(`{}`), nil
				}
			})
			clock.Freeze(frozen)
			chat, ana := start(t, w, "waits", "")
			do(t, w, chat, contact.Connect{Participant: ana})
			began := w.Items(chat)[0].Time

			moved(w).Advance(t.Context(), 299*time.Second)
			if got := texts(w.Items(chat)); len(got) != 0 {
				t.Fatalf("after 299 s the flow has said %q; it waits 300", got)
			}
			rest := 601 * time.Second
			if !frozen {
				rest += time.Second // it runs on between the timers
			}
			want := clock.Now().Add(rest)
			if got := moved(w).Advance(t.Context(), rest); frozen && !got.Equal(want) || got.Before(want) {
				t.Errorf("Advance = %s; want %s", got, want)
			}
			var at []time.Duration
			for _, it := range w.Items(chat) {
				if it.Type == center.TypeMessage {
					at = append(at, it.Time.Sub(began).Round(time.Minute))
				}
			}
			if want := []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute}; !slices.Equal(at, want) {
				t.Errorf("the flow spoke at %v; want %v", at, want)
			}
			if list := w.Items(chat); list[len(list)-1].ContentType != center.EventEnded {
				t.Errorf("the last item is %s; want the end of the chat", list[len(list)-1].ContentType)
			}
		})
	}
}

// A function that does not answer does not hold the clock up, and its time limit strikes.
func TestAdvancePassesDeadFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t, enginetest.Memory(t), func(o *enginetest.Options) {
			o.Catalog = enginetest.ParseFlows(t, map[string]string{"waits": waits(1, "300")})
			o.Invoke = func(ctx context.Context, _ machine.Invoke, _ []byte) (json.RawMessage, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})
		chat, ana := start(t, w, "waits", "")
		do(t, w, chat, contact.Connect{Participant: ana})
		moved(w).Advance(t.Context(), 10*time.Minute)
		if got := texts(w.Items(chat)); !slices.Equal(got, []string{"failed"}) {
			t.Errorf("the flow has said %q; want the function's error", got)
		}
	})
}

// The clock arrives at its time also when nobody waits for it any more, and never goes back.
func TestAdvanceWithoutPatience(t *testing.T) {
	clock := &engine.Clock{}
	w := open(t, enginetest.Memory(t), func(o *enginetest.Options) { o.Clock = clock })
	clock.Freeze(true)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	want := clock.Now().Add(time.Hour)
	if got := moved(w).Advance(gone, time.Hour); !got.Equal(want) {
		t.Errorf("Advance = %s; want %s", got, want)
	}
	if got := moved(w).Advance(t.Context(), -time.Hour); !got.Equal(want) {
		t.Errorf("Advance(-1h) = %s; want %s", got, want)
	}
}

// The clock has an end, 292 years ahead, where it stays; and it moves on from where it stood.
func TestAdvanceToTheEnd(t *testing.T) {
	for _, stood := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			clock := &engine.Clock{}
			if stood {
				clock.Freeze(true)
				time.Sleep(time.Hour)
				clock.Freeze(false)
			}
			before := clock.Now()
			if got := clock.Advance(time.Minute); !got.Equal(before.Add(time.Minute)) {
				t.Errorf("a minute after %s it is %s", before, got)
			}
			for range 3 {
				before = clock.Now()
				if got := clock.Advance(math.MaxInt64); got.Before(before) {
					t.Fatalf("from %s the clock went back to %s", before, got)
				}
			}
		})
	}
}
