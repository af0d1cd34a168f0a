package lifecycle

import (
	"context"
	"errors"
	"testing"
)

// TestBackground stops work that ends by itself, and work that has to be cut short. What would begin later does not.
func TestBackground(t *testing.T) {
	var b Background
	done := false
	b.Go(func() { done = true })
	if err := b.Stop(t.Context(), func() {}); err != nil || !done {
		t.Errorf("stopped with %v, done: %v; want the work to be done", err, done)
	}
	b.Go(func() { t.Error("work begins after the stop") })
	var stuck Background
	ctx, cancel := context.WithCancel(t.Context())
	ended := false
	stuck.Go(func() {
		<-ctx.Done()
		ended = true
	})
	short, end := context.WithCancel(t.Context())
	end()
	if err := stuck.Stop(short, cancel); !errors.Is(err, context.Canceled) || !ended {
		t.Errorf("cut short with %v, ended: %v; want the work to have ended", err, ended)
	}
	if err := stuck.Stop(t.Context(), cancel); err != nil {
		t.Errorf("stopped again: %v", err)
	}
}
