package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
)

// shelf is a catalog whose flow "greet:1" has to be read before it runs.
type shelf struct {
	enginetest.Flows
	err error // of reading; nil when the content is there

	mu   sync.Mutex // guards read
	read int
}

func (s *shelf) Published(instance center.InstanceID, ref string) (*flow.Flow, center.FlowID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _, versioned := strings.Cut(ref, ":")
	f, flowID, err := s.Flows.Published(instance, id)
	if versioned && (s.read == 0 || s.err != nil) {
		return nil, flowID, &contact.Need{Content: contact.ContentKey{Flow: flowID, Hash: f.Hash}}
	}
	return f, flowID, err
}

func (s *shelf) Prepare(_ context.Context, _ center.InstanceID, runs ...*machine.Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range runs {
		if run != nil && run.Flow == "greet" && run.Wait.Action == "" { // one that has not begun
			s.read++
			return s.err
		}
	}
	return nil
}

// A content that a decision comes to and that is not in memory is read, once, and
// the command decided again. When it is gone, or no flow, that is the problem of the flow
// that leads to it; when the store fails, the command fails and may be repeated.
func TestContentIsReadForACommand(t *testing.T) {
	for what, test := range map[string]struct {
		err   error
		fails center.Reason // of connecting; 0 when it succeeds
		want  []string
	}{
		"there":         {nil, 0, []string{"joined CUSTOMER", "Hello"}},
		"gone":          {center.Errorf(center.NotFound, "it is gone"), 0, []string{"joined CUSTOMER", "left CUSTOMER", "ended "}},
		"not a flow":    {center.Errorf(center.InvalidFlow, "it is no flow"), 0, []string{"joined CUSTOMER", "left CUSTOMER", "ended "}},
		"not to be had": {center.Errorf(center.Unavailable, "the store does not answer"), center.Unavailable, nil},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &shelf{Flows: flows(t), err: test.err}
				w := open(t, enginetest.Memory(t), func(o *enginetest.Options) { o.Catalog = c })
				chat, ana := start(t, w, "greet:1", "")
				_, err := w.Do(t.Context(), chat, contact.Connect{Participant: ana})
				if (err != nil) != (test.fails != 0) || err != nil && center.ReasonOf(err) != test.fails {
					t.Fatalf("connecting = %v", err)
				}
				if test.fails != 0 {
					c.err = nil
					do(t, w, chat, contact.Connect{Participant: ana})
					w.WantScript(chat, "joined CUSTOMER", "Hello")
					return
				}
				w.WantScript(chat, test.want...)
				if c.read != 1 {
					t.Errorf("the content was read %d times", c.read)
				}
			})
		})
	}
}
