// Package agent holds the rules of one agent: whether he is there, his status, and the
// status that he is to have next. Which contacts he has in hand is with their chats
// (package contact): here they are a number.
//
// It is pure. [Decide] takes an agent, a command and the time, and returns what to
// commit. What an agent may be offered follows from [Agent.Barred], of which the store keeps
// count beside the contacts that bar him: an offer and a change of status that do not go together
// meet there, and one of them is refused.
//
// Start reading at [Decide].
package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Agent is the state of an agent. It is immutable once [Decide] has returned it.
type Agent struct {
	User     center.UserID     `json:"user"`
	Instance center.InstanceID `json:"instance"`
	Status   Status            `json:"status"`
	Since    time.Time         `json:"since"`           // of Status
	SetBy    Setter            `json:"setBy,omitempty"` // who chose Status; "" for the one that he has had from the first
	Next     *Status           `json:"next,omitempty"`  // to follow when nothing is in hand any more
	Chosen   time.Time         `json:"chosen,omitzero"` // when Next was
	ChosenBy Setter            `json:"chosenBy,omitempty"`
	Clients  []Client          `json:"clients,omitempty"`
	Absent   time.Time         `json:"absent,omitzero"` // since when there is no client
	By       time.Time         `json:"by,omitzero"`     // when it is decided what becomes of an agent who is absent
	Epoch    int64             `json:"epoch,omitempty"` // how often he has signed out of all his sessions
	Ended    []Session         `json:"ended,omitempty"` // sessions that are over before their time, and would not be yet
	Used     []Code            `json:"used,omitempty"`  // codes for sessions, as long as they would be good
}

// Status is an agent status.
type Status struct {
	ID   center.AgentStatusID `json:"id"`
	Name string               `json:"name"`
	Type string               `json:"type"` // AgentStatusType
}

// The types of agent statuses (AgentStatusType).
const (
	Routable = "ROUTABLE"
	Custom   = "CUSTOM"
	Offline  = "OFFLINE"
)

// Setter is who has chosen a status.
type Setter string

// Those who choose statuses.
const (
	ByAgent      Setter = "AGENT"
	BySupervisor Setter = "SUPERVISOR" // PutUserStatus
	BySystem     Setter = "SYSTEM"     // the agent has not come back
)

// Client is a stream of the agent that is open.
type Client struct {
	ID      string `json:"id"`
	Node    string `json:"node"`              // which it is open at
	Session string `json:"session,omitempty"` // which it belongs to
}

func (c Client) same(k Client) bool { return c.ID == k.ID && c.Node == k.Node }

// MaxClients is how many streams an agent may have open; one more takes the place of the oldest.
const MaxClients = 20

// Present reports whether the agent has a client.
func (a *Agent) Present() bool { return len(a.Clients) > 0 }

// Online reports whether the agent's status is another than Offline.
func (a *Agent) Online() bool { return a.Status.Type != Offline }

// Barred reports whether the agent is to be offered nothing, whatever he has in hand:
// his status is not routable, another is to follow, or there is nobody.
func (a *Agent) Barred() bool {
	return a.Status.Type != Routable || a.Next != nil || !a.Present()
}

// How long an agent without a client is waited for.
const (
	// Grace is for one with nothing in hand: then he is Offline.
	Grace = time.Minute
	// LongGrace is for one with contacts: then they are taken from him (AGENT_NETWORK_DISCONNECT).
	LongGrace = 3 * time.Minute
	// takeAgain is when that is done again, should it have failed.
	takeAgain = 10 * time.Second
)

// Encode returns the form in which the store keeps an agent.
func (a *Agent) Encode() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("agent: an agent does not encode: %v", err)) // only strings and times
	}
	return b
}

// Decode is the reverse of [Agent.Encode].
func Decode(b []byte) (*Agent, error) {
	a := &Agent{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("decode agent: %w", err)
	}
	if a.User == "" || a.Instance == "" {
		return nil, fmt.Errorf("decode agent: no user or no instance")
	}
	return a, nil
}

func (a *Agent) clone() *Agent {
	n := *a
	n.Clients, n.Ended, n.Used = slices.Clone(a.Clients), slices.Clone(a.Ended), slices.Clone(a.Used)
	return &n
}
