package durable

import (
	"fmt"
	"slices"
)

// Hold is one time that an agent had a chat in hand, from its ring on.
type Hold struct {
	Agent       string
	Chat        string // its first contact
	Participant string // the agent's in the chat

	// States are those in which snapshots had it, one after another; gone once it was not there any more.
	States []string

	Answered bool // its acceptance was tried
	Accepted bool // and acknowledged
	Rejected bool // its rejection was acknowledged

	Deeds  []Deed            // of the agent in it
	Set    map[string]string // attributes that were acknowledged
	Unsure map[string]string // attributes whose answer was lost
	Heard  []Item            // what the agent's streams have delivered
}

// gone is the state of what is not in hand any more.
const gone = "gone"

// States of a hold, by what may follow; a snapshot may have been missed.
var follows = map[string][]string{
	"":           {"CONNECTING", "CONNECTED", "ENDED", "MISSED", "REJECTED", "ERROR"},
	"CONNECTING": {"CONNECTED", "ENDED", "MISSED", "REJECTED", "ERROR", gone},
	"CONNECTED":  {"ENDED", gone},
	"ENDED":      {gone},
	"MISSED":     {gone},
	"REJECTED":   {gone},
	"ERROR":      {gone},
}

// was reports whether a snapshot had it in one of these states.
func (h *Hold) was(states ...string) bool {
	return slices.ContainsFunc(h.States, func(s string) bool { return slices.Contains(states, s) })
}

// see notes a state, unless it is the last one.
func (h *Hold) see(state string) {
	if n := len(h.States); n == 0 || h.States[n-1] != state {
		h.States = append(h.States, state)
	}
}

// Check returns a line for each fault in what the agent was told: a ring has ended once, as it was answered, and what has
// left the agent's hands does not come back.
func (h *Hold) Check() (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("agent %s, chat %s: ", h.Agent, h.Chat)+fmt.Sprintf(format, args...))
	}
	last := ""
	for _, s := range h.States {
		if !slices.Contains(follows[last], s) {
			fault("%q came after %q", s, last)
		}
		last = s
	}
	switch {
	case last != gone:
		fault("it is %s in the end; nothing should be in hand", last)
	case h.Accepted && h.was("MISSED", "REJECTED", "ERROR"):
		fault("it was accepted, and was %q", h.States)
	case h.Rejected && h.was("CONNECTED", "ENDED", "MISSED", "ERROR"):
		fault("it was rejected, and was %q", h.States)
	case !h.Answered && h.was("CONNECTED"):
		fault("nobody has accepted it, and it was %q", h.States)
	}
	return faults
}

// agents: those who have accepted are in the chat, one at a time, and no others; what streams have delivered is a
// part of the transcript without gaps, from the agent's coming on.
func (k *checking) agents() {
	joined, within := map[string]int{}, ""
	for i, it := range k.Transcript {
		switch {
		case it.Role != "AGENT" || !it.Event:
		case it.Text == "joined":
			if within != "" {
				k.fault("agent %s has joined while %s was there", it.Participant, within)
			}
			joined[it.Participant], within = i, it.Participant
		case it.Text == "left":
			if within != it.Participant {
				k.fault("agent %s has left; %q was there", it.Participant, within)
			}
			within = ""
		}
	}
	known := map[string]bool{}
	for _, h := range k.Holds {
		known[h.Participant] = true
		at, came := joined[h.Participant]
		switch {
		case h.Accepted && !came:
			k.fault("agent %s has accepted it, and has not joined", h.Agent)
		case came && !h.Answered:
			k.fault("agent %s has joined, and has not accepted it", h.Agent)
		case came && h.was("MISSED", "REJECTED", "ERROR"):
			k.fault("agent %s has joined, and it was %q", h.Agent, h.States)
		}
		if len(h.Heard) == 0 {
			continue
		}
		from := slices.IndexFunc(k.Transcript, func(it Item) bool { return it.ID == h.Heard[0].ID })
		if !came || from < 0 || from > at+1 {
			k.fault("agent %s has received %q first; he came with item %d of %d", h.Agent, h.Heard[0].Text, at+1, len(k.Transcript))
			continue
		}
		k.same("the stream of agent "+h.Agent, h.Heard, k.Transcript[from:min(len(k.Transcript), from+len(h.Heard))])
	}
	for p := range joined {
		if !known[p] {
			k.fault("an agent has joined as %s, with whom it has not rung", p)
		}
	}
}
