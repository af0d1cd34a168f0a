package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
)

// TestAIAgentAcrossRestarts stops the process while an AI agent thinks, and lets two
// nodes of a cluster answer in turn: what the agent was asked is asked again under the
// same effect, what it answers is said once, and the next node goes on with its state.
// Decisions look into the real catalog, which has no flow for such a chat.
func TestAIAgentAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.Memory(t)
		if _, err := s.WriteResources(t.Context(), store.ResourceWrite{Put: []center.Resource{{Instance: instance, Kind: center.KindInstance, ID: string(instance), Name: "own", Body: []byte("{}")}}}); err != nil {
			t.Fatal(err)
		}
		const agent = center.AIAgentID("11111111-2222-4333-8444-555555555555")
		var mu sync.Mutex // guards asked
		var asked []string
		start := func(name string, takes time.Duration) *node {
			ask := func(ctx context.Context, ask machine.Ask) (machine.Answer, error) {
				mu.Lock()
				asked = append(asked, fmt.Sprintf("%s %s %s %s", name, ask.Agent, ask.Text, ask.State))
				mu.Unlock()
				select {
				case <-time.After(takes):
				case <-ctx.Done():
					return machine.Answer{}, ctx.Err()
				}
				a := machine.Answer{Messages: []machine.BotMessage{{ContentType: center.PlainText, Content: "You said " + ask.Text}}, DialogAction: "ElicitIntent", Session: []byte(`{"said":"` + ask.Text + `"}`)}
				if ask.Text == "bye" {
					a.DialogAction = "Close"
				}
				return a, nil
			}
			return join(t, s, name, nil, func(o *enginetest.Options) { o.Catalog, o.Ask = nil, ask })
		}
		want := func(w *node, chat center.ContactID, texts ...string) {
			t.Helper()
			synctest.Wait()
			w.WantScript(chat, texts...)
		}

		one := start("one", 10*time.Second)
		r, err := one.Start(t.Context(), contact.Start{Instance: instance, Contact: center.NewContactID(time.Now()), AIAgent: agent, DisplayName: "Ana"}, "")
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		chat, ana := r.Contact, r.Participant
		do(t, one.Engine, chat, contact.Connect{Participant: ana})
		do(t, one.Engine, chat, say(ana, "hello"))
		enginetest.Pass(time.Second)
		one.leave() // in the middle of the agent's answer
		two := start("two", time.Second)
		enginetest.Pass(5 * time.Second)
		want(two, chat, "joined CUSTOMER", "hello", "You said hello")

		// A second node beside it, which has never seen the chat, goes on.
		three := start("three", time.Second)
		enginetest.Pass(5 * time.Second) // until the two know of each other
		do(t, three.Engine, chat, say(ana, "more"))
		enginetest.Pass(2 * time.Second)
		want(three, chat, "joined CUSTOMER", "hello", "You said hello", "more", "You said more")
		do(t, two.Engine, chat, say(ana, "bye"))
		enginetest.Pass(2 * time.Second)
		want(three, chat, "joined CUSTOMER", "hello", "You said hello", "more", "You said more", "bye", "You said bye", "left CUSTOMER", "ended ")
		if state, err := three.State(t.Context(), chat); err != nil || !state.Over() || state.Latest.DisconnectReason != center.ReasonFlow || len(state.Effects) > 0 {
			t.Errorf("the chat has ended as %+v, %v", state.Latest, err)
		}
		two.leave()
		three.leave()
		expected := []string{
			"one " + string(agent) + " hello ", "two " + string(agent) + " hello ",
			"three " + string(agent) + ` more {"said":"hello"}`, "two " + string(agent) + ` bye {"said":"more"}`,
		}
		if !slices.Equal(asked, expected) {
			t.Errorf("the agent was asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(expected, "\n"))
		}
	})
}
