package engine_test

import (
	"fmt"
	"sync"
	"testing"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// Two engines change the state of one chat, each with many commands under way
// at the same time. What was acknowledged is there: a change does not land on
// the other engine's by having its number.
func TestTwoEnginesPipelined(t *testing.T) {
	s := enginetest.Memory(t)
	nodes := []*enginetest.Engine{open(t, s), open(t, s)}
	chat, ana := start(t, nodes[0], "greet", "")
	do(t, nodes[0], chat, contact.Connect{Participant: ana})
	const writers, each = 6, 15
	var wg sync.WaitGroup
	for n, node := range nodes {
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					set := contact.SetAttributes{Attributes: map[string]string{fmt.Sprintf("k%d-%d-%d", n, w, i): "v"}}
					if !retry(t, node, chat, set) {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for _, node := range nodes {
		node.Close()
	}
	fresh := open(t, s)
	state, err := fresh.State(t.Context(), chat)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(state.Attributes), len(nodes)*writers*each; got != want {
		t.Errorf("%d attributes; want the %d that were acknowledged", got, want)
	}
	fresh.Close()
}
