package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// Two engines write to one chat whose messages are processed, although one of
// them was not notified of the processor: every message arrives once, processed,
// each side's in order.
func TestTwoEnginesWithProcessor(t *testing.T) { synctest.Test(t, twoEnginesWithProcessor) }

func twoEnginesWithProcessor(t *testing.T) {
	s := enginetest.Memory(t)
	processing := func(c *enginetest.Options) {
		c.Invoke = func(_ context.Context, _ machine.Invoke, event []byte) (json.RawMessage, error) {
			var in struct{ ChatContent struct{ Content string } }
			if err := json.Unmarshal(event, &in); err != nil {
				return nil, err
			}
			return json.RawMessage(`{"status":"PROCESSED","result":{"processedChatContent":{"content":"` + in.ChatContent.Content + `!"}}}`), nil
		}
	}
	nodes := []*enginetest.Engine{open(t, s, processing), open(t, s, processing)}
	chat, ana := start(t, nodes[0], "greet", "")
	do(t, nodes[0], chat, contact.Connect{Participant: ana})
	do(t, nodes[1], chat, say(ana, "hello")) // so that it knows the chat as it is now
	do(t, nodes[0], chat, contact.SetProcessor{Processor: &flow.Processor{Function: "f", Deliver: true}})
	const each = 20
	var wg sync.WaitGroup
	for n, node := range nodes {
		wg.Go(func() {
			for i := range each {
				if !retry(t, node, chat, say(ana, fmt.Sprintf("%d/%d", n, i))) {
					return
				}
			}
		})
	}
	wg.Wait()
	time.Sleep(time.Minute) // of the bubble's clock: the limit of what the two kept each other from taking
	synctest.Wait()
	head, err := s.Chat(t.Context(), chat) // an engine may not know yet of what the other did
	if err != nil {
		t.Fatal(err)
	}
	state, err := contact.DecodeChat(head.State)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Pending) > 0 {
		t.Errorf("%d messages are still in the line", len(state.Pending))
	}
	next := [2]int{}
	processed := 0
	for _, text := range texts(nodes[0].Items(chat)) {
		for n := range next {
			if rest, ok := strings.CutPrefix(text, fmt.Sprintf("%d/", n)); ok {
				if strings.HasSuffix(rest, "!") {
					processed++
				}
				if want := fmt.Sprint(next[n]); strings.TrimSuffix(rest, "!") != want {
					t.Fatalf("node %d's message %s stands where %s should in %q", n, rest, want, texts(nodes[0].Items(chat)))
				}
				next[n]++
			}
		}
	}
	if next != [2]int{each, each} || processed != 2*each {
		t.Errorf("%v messages arrived, %d of them processed; want %d each, all processed", next, processed, each)
	}
	for _, node := range nodes {
		node.Close()
	}
}
