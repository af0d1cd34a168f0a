package measure

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// Agent is what is known of an agent, and until when his time has been counted. Moves are applied to
// him in the order of their commits.
type Agent struct {
	User   center.UserID             `json:"u"`
	Since  int64                     `json:"t"`           // until then it is counted; in milliseconds since 1970
	Status string                    `json:"s,omitempty"` // the type of his status; "" for not known
	Hands  map[center.ContactID]Hand `json:"h,omitempty"`
}

// Ring is the fact of a contact having been offered to an agent. One that was accepted at once rang for no time.
type Ring struct {
	User    center.UserID           `json:"u"`
	Contact center.ContactID        `json:"c"`
	Queue   center.QueueID          `json:"q,omitempty"`
	Method  string                  `json:"m"`
	From    int64                   `json:"f"` // in milliseconds since 1970
	To      int64                   `json:"t"`
	Outcome contact.WorkState       `json:"o,omitempty"` // what became of it; "" for an offer that was withdrawn
	Profile center.RoutingProfileID `json:"p,omitempty"`
	Groups  string                  `json:"h,omitempty"` // see [Dims]
}

// Span is the fact of an agent's time in which nothing changed. It lies within a quarter of an hour.
type Span struct {
	User    center.UserID            `json:"u"`
	From    int64                    `json:"f"` // in milliseconds since 1970
	To      int64                    `json:"t"`
	Status  string                   `json:"s"`
	Active  int64                    `json:"a,omitempty"` // contacts that were connected or in after-contact work
	Failed  bool                     `json:"e,omitempty"` // there was one that he had missed or rejected
	Queues  map[center.QueueID]int64 `json:"q,omitempty"` // Active, by queue
	Profile center.RoutingProfileID  `json:"p,omitempty"`
	Groups  string                   `json:"h,omitempty"` // see [Dims]
}

// Apply applies a move, and returns the facts that it makes: the time until then, and a ring that ends with it. A move from before what has
// been counted counts from there.
func (a *Agent) Apply(m *Move, of Setting) []Fact {
	at := m.At
	if a.Since == 0 {
		a.Since = at
	}
	at = max(at, a.Since)
	facts := a.Advance(at, of)
	switch {
	case m.Gone:
		a.Status, a.Hands = agent.Offline, nil
	case m.Contact != "":
		facts = append(facts, a.move(m, at, of)...)
	default:
		a.Status = m.Status
	}
	return facts
}

// move applies what has become of a contact in the agent's hands.
func (a *Agent) move(m *Move, at int64, of Setting) (facts []Fact) {
	was, had := a.Hands[m.Contact]
	rang := had && was.State == contact.WorkConnecting
	if m.Is == nil {
		if rang {
			facts = append(facts, a.ring(m.Contact, &was, at, "", of))
		}
		delete(a.Hands, m.Contact)
		return facts
	}
	is := *m.Is
	is.Since = at
	switch {
	case rang && is.State == contact.WorkConnecting:
		is.Since = was.Since
	case rang:
		facts = append(facts, a.ring(m.Contact, &was, at, is.State, of))
	case !had && is.State == contact.WorkConnected && is.Method != center.MethodMonitor:
		facts = append(facts, a.ring(m.Contact, &is, at, is.State, of))
	}
	if a.Hands == nil {
		a.Hands = map[center.ContactID]Hand{}
	}
	a.Hands[m.Contact] = is
	return facts
}

func (a *Agent) ring(id center.ContactID, h *Hand, to int64, outcome contact.WorkState, of Setting) Fact {
	return Fact{Ring: &Ring{
		User: a.User, Contact: id, Queue: h.Queue, Method: h.Method, From: h.Since, To: to, Outcome: outcome, Profile: of.Profile, Groups: of.groups(),
	}}
}

// Advance counts the agent's time until then, in milliseconds since 1970, and returns it.
func (a *Agent) Advance(to int64, of Setting) (facts []Fact) {
	s := Span{User: a.User, Status: a.Status, Profile: of.Profile, Groups: of.groups()}
	for _, h := range a.Hands {
		switch {
		case h.State.Bars():
			s.Failed = true
		case h.Method != center.MethodMonitor && (h.State == contact.WorkConnected || h.State == contact.WorkEnded):
			s.Active++
			if h.Queue != "" {
				if s.Queues == nil {
					s.Queues = map[center.QueueID]int64{}
				}
				s.Queues[h.Queue]++
			}
		}
	}
	counts := s.online() || s.Active > 0
	for from := a.Since; counts && from < to; from = s.To {
		s.From, s.To = from, min(to, (from/Quarter+1)*Quarter)
		facts = append(facts, Fact{Span: new(s)})
	}
	a.Since = max(a.Since, to)
	return facts
}

// Idle reports whether nothing is to be counted of the agent until he is heard of again.
func (a *Agent) Idle() bool {
	return len(a.Hands) == 0 && (a.Status == "" || a.Status == agent.Offline)
}

// Encode returns the form in which an agent is stored.
func (a *Agent) Encode() []byte { return encode("agent", a) }

// DecodeAgent is the reverse of [Agent.Encode].
func DecodeAgent(b []byte) (*Agent, error) {
	a := &Agent{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("decode an agent's time: %w", err)
	}
	return a, nil
}

// addTo adds a ring that began between two times, in milliseconds.
func (r *Ring) addTo(cells Cells, from, to int64) {
	if r.From < from || r.From >= to || r.Outcome == "" {
		return
	}
	s := &cells.at(Dims{Queue: r.Queue, Profile: r.Profile, Agent: r.User, Groups: r.Groups, Method: r.Method}).Sums
	s[Rings]++
	switch r.Outcome {
	case contact.WorkConnected, contact.WorkEnded:
		s[Accepted]++
	default:
		s[NonResponses]++
	}
	if r.Outcome != contact.WorkRejected {
		s[Connectings]++
		s[Connecting] += max(0, r.To-r.From)
	}
}

// online reports whether the status is another than Offline.
func (s *Span) online() bool { return s.Status != "" && s.Status != agent.Offline }

// addTo adds the part of the agent's time that is between two times, in milliseconds.
func (s *Span) addTo(cells Cells, from, to int64) {
	took := min(s.To, to) - max(s.From, from)
	if took <= 0 {
		return
	}
	d := Dims{Profile: s.Profile, Agent: s.User, Groups: s.Groups}
	sums := &cells.at(d).Sums
	if s.online() {
		sums[Online] += took
		if s.Failed {
			sums[Failed] += took
		}
	}
	switch {
	case s.Status == agent.Custom:
		sums[NonProductive] += took
	case s.Status != agent.Routable:
	case s.Active > 0:
		sums[OnContact] += took
	default:
		sums[Idle] += took
	}
	if s.Active > 0 {
		sums[Busy] += took
		sums[Handling] += took * s.Active
	}
	for _, queue := range slices.Sorted(maps.Keys(s.Queues)) {
		d.Queue = queue
		in := &cells.at(d).Sums
		in[BusyInQueue] += took
		in[HandlingInQueue] += took * s.Queues[queue]
	}
}

// id distinguishes a ring from all others.
func (r *Ring) id() string {
	return string(r.Contact) + "/" + string(r.User) + "/" + strconv.FormatInt(r.From, 36)
}

// id distinguishes a span from all others.
func (s *Span) id() string { return string(s.User) + "/" + strconv.FormatInt(s.From, 36) }
