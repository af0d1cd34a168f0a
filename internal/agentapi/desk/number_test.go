package desk

import (
	"context"
	"testing"
	"time"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/catalogtest"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/engine"
)

// TestNumbers has time pass between the moment of a view and its sending: the snapshot is numbered by the former, so that what
// GetAgent has seen in between is not taken for older.
func TestNumbers(t *testing.T) {
	f := catalogtest.New(t, catalog.Limits{})
	id := f.NewInstance(t, "numbers")
	clock := &engine.Clock{}
	clock.Freeze(true)
	h := New(Config{Catalog: f.Catalog, Clock: clock, Tag: func(context.Context, center.InstanceID, center.UserID) (string, error) {
		clock.Advance(time.Minute) // the catalog is slow to be read
		return "tag", nil
	}})
	d := &desk{user: "bo", instance: id, agent: &agent.Agent{User: "bo", Instance: id}, held: map[center.ContactID]*held{}}
	first := d.view(h.Clock.Now())
	if err := h.sendView(d, first); err != nil || d.number != first.At.UnixMicro() {
		t.Errorf("the snapshot of %v has number %d, %v; want that of the view", first.At, d.number, err)
	}
	if asked := (View{At: first.At.Add(time.Second)}); asked.Number() <= d.number {
		t.Errorf("what was seen later has number %d, what was sent later %d", asked.Number(), d.number)
	}
	again := d.view(h.Clock.Now())
	again.At = first.At // of the same moment
	if err := h.sendView(d, again); err != nil || d.number != first.At.UnixMicro()+1 {
		t.Errorf("the next snapshot has number %d, %v; want one more than the last", d.number, err)
	}
}
