package kit

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// MustAgent submits a change of an agent that has to succeed.
func (s *Env) MustAgent(t *testing.T, c *store.AgentChange) {
	t.Helper()
	if err := s.ApplyAgent(c); err != nil {
		t.Fatalf("a change of an agent that should succeed was refused: %v", err)
	}
}

// RefusedAgent submits a change of an agent that has to be refused with an error.
func (s *Env) RefusedAgent(t *testing.T, c *store.AgentChange, want error) {
	t.Helper()
	if err := s.ApplyAgent(c); !errors.Is(err, want) {
		t.Fatalf("done(%v); want %v", err, want)
	}
}

// ApplyAgent submits a change of an agent and waits for what became of it.
func (s *Env) ApplyAgent(c *store.AgentChange) error {
	done := make(chan error, 1)
	s.SubmitAgent(c, func(err error) { done <- err })
	return <-done
}

// WantAgents fails unless an instance has these agents.
func (s *Env) WantAgents(t *testing.T, i center.InstanceID, online bool, want ...center.UserID) {
	t.Helper()
	var got []center.UserID
	for a, err := range s.Agents(t.Context(), i, online) {
		if err != nil {
			t.Fatalf("Agents: %v", err)
		}
		if h, err := s.Agent(t.Context(), a.User); err != nil || !reflect.DeepEqual(h, a.AgentHead) {
			t.Errorf("agent %s is listed as %+v; it is %+v, %v", a.User, a.AgentHead, h, err)
		}
		got = append(got, a.User)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Agents(%s, %v) gives %d: %v; want %d: %v", i, online, len(got), got, len(want), want)
	}
}

// WantNoAgent fails unless there is no such agent.
func (s *Env) WantNoAgent(t *testing.T, user center.UserID) {
	t.Helper()
	_, err := s.Agent(t.Context(), user)
	WantReason(t, err, center.NotFound)
}

// AgentChange replaces the state of an agent that is at a version, 0 for a new one.
func AgentChange(user center.UserID, version int64, state string) *store.AgentChange {
	return &store.AgentChange{User: user, Version: version, State: &store.AgentHead{Instance: Instance, State: []byte(state), Online: true}}
}

// NewUser returns ids that sort in the order they were made.
func NewUser() center.UserID { return center.UserID(NewID()) }
