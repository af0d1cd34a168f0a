package contact

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parley.example/parley/internal/center"
)

// Watch is a supervisor's part in a contact (MonitorContact). It is silent at first: the
// supervisor reads along, and nobody sees him; he takes part once he has barged in.
type Watch struct {
	Contact  center.ContactID `json:"watched"`
	User     center.UserID    `json:"user"` // the agent whom the supervisor watches
	MayBarge bool             `json:"mayBarge,omitempty"`
	Barged   time.Time        `json:"barged,omitzero"` // since when the supervisor takes part; zero while silent
	Record   center.Contact   `json:"record"`          // of the supervisor's contact

	Whispered bool `json:"whispered,omitempty"` // agents know of him
}

// maxWatch is how many supervisors may watch a contact at once (MonitorContact: five silent monitors).
const maxWatch = 5

// Monitor has a supervisor watch the current contact, to which an agent is connected (MonitorContact). That is a contact of its
// own, initiated by MONITOR, which the reply names: it is connected at once, takes no slot, and vanishes when
// the supervisor leaves or the watched contact ends. Who watches already gets the same answer.
//
// Errors: BadRequest for a contact that has ended or has no agent, and for a user who has the contact in hand
// himself; QuotaExceeded for a sixth supervisor; Conflict for a ClientToken that was used for another request.
type Monitor struct {
	User center.UserID
	Identity
	Contact center.ContactID // the contact to watch, when it is current; "" for whichever is
	Barge   bool             // he may barge in (AllowedMonitorCapabilities has BARGE)
	Token   string           // ClientToken
}

func (m Monitor) decide(d *decision) error {
	c := d.chat
	key, request := "MonitorContact/"+m.Token, fmt.Sprint(m.User, "/", m.Barge)
	if m.Token != "" {
		if r, ok := d.kept(key); ok && r.ID != request {
			return center.Errorf(center.Conflict, "ClientToken %s was used for another user or other capabilities", m.Token)
		} else if ok {
			d.change.Reply = r
			return nil
		}
	}
	w := c.WorkOf(m.User)
	if w != nil && w.Watch != nil {
		d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant}
		return nil
	}
	agent := d.latestAgent()
	switch {
	case c.Ended || m.Contact != "" && m.Contact != c.Latest.ID:
		return center.Errorf(center.BadRequest, "contact %s has ended", cmp.Or(m.Contact, c.Latest.ID))
	case w != nil:
		return center.Errorf(center.BadRequest, "user %s has contact %s in hand himself: it is %s", m.User, w.Contact, w.State)
	case agent == nil:
		return center.Errorf(center.BadRequest, "contact %s is not connected to an agent", c.Latest.ID)
	case len(watches(c)) >= maxWatch:
		return center.Errorf(center.QuotaExceeded, "%d supervisors watch contact %s, and no more may", maxWatch, c.Latest.ID)
	case len(c.Aside) >= maxAside:
		return center.Errorf(center.QuotaExceeded, "contact %s has been watched too often", c.Latest.ID)
	}
	w, err := d.take(m.User, m.Identity)
	if err != nil {
		return err
	}
	c = d.edit()
	now := d.env.Now
	w.Watch = &Watch{Contact: c.Latest.ID, User: agent.User, MayBarge: m.Barge, Record: center.Contact{
		ID: center.ContactID(d.newID()), Chat: c.ID, Instance: c.Instance, InitiationMethod: center.MethodMonitor,
		Initiated: now.Truncate(time.Millisecond), ConnectedSystem: now, Agent: m.User, AgentConnected: now,
		SegmentAttrs: c.Latest.SegmentAttrs, Tags: map[string]string{"aws:connect:instanceId": string(c.Instance)},
	}}
	w.Contact, w.State, w.Accepted = w.Watch.Record.ID, WorkConnected, now
	c.Participants = append(c.Participants, Participant{ID: w.Participant, Role: center.RoleSupervisor, DisplayName: m.DisplayName, User: m.User})
	c.Aside = append(c.Aside, segmentOf(&w.Watch.Record))
	d.touch(w.Contact)
	d.change.Reply = Reply{Contact: w.Contact, Participant: w.Participant, ID: request}
	if m.Token != "" {
		d.keep(key, d.change.Reply)
	}
	return nil
}

// Supervise has a supervisor who watches barge in, or be silent again (the states BARGE and
// SILENT_MONITOR of a monitor's participant). Repeated it changes nothing.
//
// Errors: NotFound for who does not watch; Conflict for one who may not barge in, while another supervisor
// has barged in, and when without the supervisor fewer than two would be there; QuotaExceeded when six take part.
type Supervise struct {
	User  center.UserID
	Barge bool
}

func (s Supervise) decide(d *decision) error {
	c := d.chat
	w := c.WorkOf(s.User)
	switch {
	case w == nil || w.Watch == nil:
		return center.Errorf(center.NotFound, "user %s does not supervise contact %s", s.User, c.Latest.ID)
	case s.Barge == !w.Watch.Barged.IsZero():
		return nil
	case !s.Barge && d.present() <= 2:
		return center.Errorf(center.Conflict, "without the supervisor fewer than two would take part in contact %s; leave it instead", c.Latest.ID)
	case s.Barge && !w.Watch.MayBarge:
		return center.Errorf(center.Conflict, "user %s may watch contact %s, and not barge in: AllowedMonitorCapabilities had no BARGE", s.User, w.Watch.Contact)
	case s.Barge && slices.ContainsFunc(watches(c), func(w *Work) bool { return !w.Watch.Barged.IsZero() }):
		return center.Errorf(center.Conflict, "another supervisor has barged in on contact %s", w.Watch.Contact)
	case s.Barge && d.full():
		return center.Errorf(center.QuotaExceeded, "%d take part in contact %s, and no more may", maxCompany, c.Latest.ID)
	}
	c = d.edit()
	w, p := c.WorkOf(s.User), c.Participant(w.Participant)
	w.Watch, w.Since = new(*w.Watch), d.env.Now
	if s.Barge {
		w.Watch.Barged, p.Joined = d.env.Now, d.env.Now
		d.add(d.event(center.EventJoined, *p))
		return nil
	}
	w.Watch.Barged, p.Joined = time.Time{}, time.Time{}
	d.add(d.event(center.EventLeft, *p))
	return nil
}

// full reports whether no more may take part.
func (d *decision) full() bool {
	n := d.present()
	if d.chat.Ringing() != nil {
		n++
	}
	return n >= maxCompany
}

// watches returns the work of supervisors.
func watches(c *Chat) (all []*Work) {
	for i := range c.Work {
		if c.Work[i].Watch != nil {
			all = append(all, &c.Work[i])
		}
	}
	return all
}

// silent is the refusal of what a supervisor who has not barged in says, nil for anybody else.
func silent(p *Participant) error {
	if p.Role == center.RoleSupervisor && !p.Present() {
		return center.Errorf(center.Denied, "the supervisor %s has not barged in", p.User)
	}
	return nil
}

// stopWatch ends the part of a supervisor who has left: nothing of it stays in his hands.
func (d *decision) stopWatch(id center.ParticipantID) {
	for _, w := range watches(d.edit()) {
		if w.Participant != id {
			continue
		}
		record := d.touch(w.Contact)
		record.Disconnected, record.DisconnectReason = d.env.Now, center.ReasonAgent
		d.record()
		d.change.Pushes = append(d.change.Pushes, center.Push{Chat: d.chat.ID, Gone: id})
		d.drop(w.User)
		return
	}
}

// stopWatching has all supervisors leave, because the contact ends that they watch.
func (d *decision) stopWatching() {
	for len(watches(d.chat)) > 0 {
		d.leave(watches(d.chat)[0].Participant)
	}
}
