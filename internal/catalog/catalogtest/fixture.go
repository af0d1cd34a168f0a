// Package catalogtest is for tests of what lies above the catalog's core: a
// catalog over a store in memory with a clock that only the test moves, and
// small flows to fill it with. Its functions fail the test when something that
// they need does not work. Start reading at [Fixture].
package catalogtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/publishing"
	"parley.example/parley/internal/catalog/setup"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/flow"
	"parley.example/parley/internal/flow/machine"
	"parley.example/parley/internal/store"
	"parley.example/parley/internal/store/sqlite"
)

// Partition is where the instances of a fixture live.
var Partition = center.Partition{Region: "us-east-1", Account: "123456789012"}

// Fixture is a catalog over a store in memory, with a clock that stands still.
type Fixture struct {
	*catalog.Catalog
	Store store.Store
	Clock time.Time // may be moved
}

// New returns a fixture whose store is closed when the test ends.
func New(t testing.TB, limits catalog.Limits) *Fixture {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &Fixture{Store: s, Clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.Catalog = f.Again(limits)
	return f
}

// Again returns another catalog over the same store, as after a restart.
func (f *Fixture) Again(limits catalog.Limits, change ...func(*catalog.Config)) *catalog.Catalog {
	cfg := catalog.Config{Store: f.Store, Partition: Partition, Now: func() time.Time { return f.Clock }, Limits: limits}
	for _, c := range change {
		c(&cfg)
	}
	return catalog.New(cfg)
}

// NewInstance makes an instance.
func (f *Fixture) NewInstance(t testing.TB, alias string) center.InstanceID {
	t.Helper()
	i, err := setup.CreateInstance(t.Context(), f.Catalog, setup.NewInstance{Alias: alias, Identity: "CONNECT_MANAGED"})
	if err != nil {
		t.Fatal(err)
	}
	return i.ID
}

// Says is a flow that says a text and ends.
func Says(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text)
}

// NewFlow publishes a flow of the type CONTACT_FLOW.
func (f *Fixture) NewFlow(t *testing.T, id center.InstanceID, name, content string) *catalog.Flow {
	t.Helper()
	made, err := publishing.CreateFlow(t.Context(), f.Catalog, id, publishing.NewFlow{Name: name, Type: catalog.TypeInbound, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// WantReason reports an error that does not have a reason.
func WantReason(t *testing.T, what string, err error, want center.Reason) {
	t.Helper()
	if err == nil || center.ReasonOf(err) != want {
		t.Errorf("%s = %v; want %v", what, err, want)
	}
}

// Race runs n calls at once and counts those that succeed.
func Race(n int, call func(i int) error) int {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = call(i) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	return won
}

// Count counts the rows of a kind in the store.
func (f *Fixture) Count(t *testing.T, instance center.InstanceID, kind center.Kind) int {
	t.Helper()
	n := 0
	for r, err := range f.Store.Resources(t.Context(), instance, kind) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Instance == instance {
			n++
		}
	}
	return n
}

// Returns is a module that says a text and returns.
func Returns(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],"Settings":{}}`, text)
}

// NewModule publishes a flow module.
func (f *Fixture) NewModule(t *testing.T, id center.InstanceID, name, content string) *catalog.Module {
	t.Helper()
	m, err := publishing.CreateModule(t.Context(), f.Catalog, id, publishing.NewModule{Name: name, Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Comes returns what a chat runs that comes to a flow, or with module to a
// module, and reads it first where that is needed, as the engine does.
func Comes(t *testing.T, c *catalog.Catalog, id center.InstanceID, ref string, module bool) (*flow.Flow, center.FlowID, error) {
	t.Helper()
	find := c.Chats().Published
	if module {
		find = c.Chats().Module
	}
	f, flowID, err := find(id, ref)
	if need, ok := errors.AsType[*contact.Need](err); ok {
		if err := c.Chats().Prepare(t.Context(), id, &machine.Run{Flow: need.Content.Flow, Hash: need.Content.Hash}); err != nil {
			t.Fatal(err)
		}
		return find(id, ref)
	}
	return f, flowID, err
}

// Must gives the value of a call that cannot fail.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
