package server_test

import (
	"encoding/json"
	"slices"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// TestRecordsOfSupervisors: what a supervisor does to an agent's status by PutUserStatus is told in the agent events as what the
// agent does himself: each change of what the agent is, or will be, once, and who has set it.
func TestRecordsOfSupervisors(t *testing.T) {
	e := newEar(t, well)
	s := servertest.Start(t, func(c *server.Config) {
		c.Records, c.StreamSecret = map[string]string{"agent-events": e.URL}, scanSecret
	})
	all, err := s.Connect.ListAgentStatuses(t.Context(), &connect.ListAgentStatusRequest{InstanceId: s.Instance(t)})
	if err != nil {
		t.Fatal(err)
	}
	d := s.Desk(t)
	stream := d.Stream()
	supervisor := func(name, status, next string) {
		t.Helper()
		i := slices.IndexFunc(all.AgentStatusSummaryList, func(s connect.AgentStatusSummary) bool { return *s.Name == name })
		if _, err := s.Connect.PutUserStatus(t.Context(), &connect.PutUserStatusRequest{
			InstanceId: s.Instance(t), UserId: catalog.DemoAgent, AgentStatusId: *all.AgentStatusSummaryList[i].Id,
		}); err != nil {
			t.Fatal(err)
		}
		stream.Snapshot(has(status, next))
	}
	supervisor("Available", "Available", "")
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	supervisor("Offline", "Available", "Offline")
	supervisor("Available", "Available", "") // nothing is to follow any more
	supervisor("Offline", "Available", "Offline")
	d.Leave(customer.Contact)
	d.Clear(customer.Contact)
	stream.Snapshot(has("Offline", ""))
	d.Choose("Available")
	const available, next = "STATE_CHANGE Available by SUPERVISOR", ", next Offline by SUPERVISOR"
	want := []string{
		"LOGIN Offline", available, available + " 1", available + " 1", available + " 1" + next, available + " 1", available + " 1" + next,
		available + " 1" + next, available + next, "STATE_CHANGE Offline by SUPERVISOR", "STATE_CHANGE Available by AGENT",
	}
	var got []string
	for len(got) == 0 || got[len(got)-1] != want[len(want)-1] {
		var n heard
		select {
		case n = <-e.notes:
		case <-t.Context().Done():
			t.Fatalf("nothing more is told behind %q", got)
		}
		var v struct {
			EventType            string
			CurrentAgentSnapshot struct {
				AgentStatus     chosen
				NextAgentStatus *chosen
				Contacts        []any
			}
		}
		if err := json.Unmarshal([]byte(n.body), &v); err != nil {
			t.Fatalf("%s: %v", n.body, err)
		}
		now := v.CurrentAgentSnapshot
		text := v.EventType + " " + now.AgentStatus.String()
		if len(now.Contacts) > 0 {
			text += " 1"
		}
		if now.NextAgentStatus != nil {
			text += ", next " + now.NextAgentStatus.String()
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("told is\n%q; want\n%q", got, want)
	}
}

// chosen is a status of an agent event.
type chosen struct{ Name, SetBy string }

func (c chosen) String() string {
	if c.SetBy == "" {
		return c.Name
	}
	return c.Name + " by " + c.SetBy
}
