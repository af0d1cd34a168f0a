package agent

import (
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Session is what the agent begins when he signs in. Who has its token may act for him until it ends.
type Session struct {
	ID    string    `json:"id"`
	Epoch int64     `json:"epoch,omitempty"` // [Agent.Epoch] when it began
	Until time.Time `json:"until"`           // when it ends by itself
}

// maxEnded bounds the sessions that are remembered for having ended before their time. With one more all end.
const maxEnded = 64

// SignedOut reports whether a session has been ended before its time. a may be nil.
func (a *Agent) SignedOut(s Session) bool {
	return a != nil && (s.Epoch < a.Epoch || slices.ContainsFunc(a.Ended, func(e Session) bool { return e.ID == s.ID }))
}

// SignOut ends a session of the agent's, or with an empty ID all that have begun, and takes their clients away. Without
// any other client he is Offline, at once or when nothing is in hand any more, and supervises nobody. Repeated it changes nothing.
type SignOut struct {
	Session Session
	Offline Status
}

func (s SignOut) decide(d *decision) error {
	if s.Session.ID != "" && d.agent.SignedOut(s.Session) {
		return nil
	}
	was := d.agent.Present() || d.agent.Online()
	a := d.edit()
	a.Ended = slices.DeleteFunc(a.Ended, func(e Session) bool { return !e.Until.After(d.env.Now) })
	if s.Session.ID == "" || len(a.Ended) >= maxEnded {
		a.Epoch++
		a.Ended, a.Clients = nil, nil
	} else {
		a.Ended = append(a.Ended, s.Session)
		a.Clients = slices.DeleteFunc(a.Clients, func(k Client) bool { return k.Session == s.Session.ID })
	}
	if a.Present() {
		return nil
	}
	d.change.Unwatch = true
	if err := (SetStatus{Status: s.Offline}).decide(d); err != nil {
		return err
	}
	if was {
		d.change.Events = append(d.change.Events, Logout)
	}
	return nil
}

// Code is what hands a session of the agent's to another document of his browser.
type Code struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"` // how long it is good
}

// maxUsed bounds the codes that are remembered for having been used. An agent is given fewer while one is good.
const maxUsed = 128

// TakeUp uses a code. Each can be used once: the second time is a Conflict, on whichever node, and after a restart too.
type TakeUp struct{ Code }

func (t TakeUp) decide(d *decision) error {
	if slices.ContainsFunc(d.agent.Used, func(c Code) bool { return c.ID == t.ID }) {
		return center.Errorf(center.Conflict, "the code has been used")
	}
	a := d.edit()
	a.Used = slices.DeleteFunc(a.Used, func(c Code) bool { return !c.Until.After(d.env.Now) })
	if len(a.Used) >= maxUsed {
		return center.Errorf(center.Throttled, "%d codes have just been used", len(a.Used))
	}
	a.Used = append(a.Used, t.Code)
	return nil
}
