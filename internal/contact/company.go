package contact

import (
	"slices"

	"parley.example/parley/internal/center"
)

// maxCompany is how many may take part in a chat at once, those at whom it rings included.
const maxCompany = 6

// Invite has the current contact ring at another agent, who then takes part beside the one
// who invites him. It is for instances with MULTI_PARTY_CHAT_CONFERENCE. If the other misses or rejects it, or it is taken
// back by [Withdraw] or [Remove], the contact is as it was. No flow runs. The reply is that of an [Offer], whose Assigned and Place are not looked at.
//
// Errors: NotFound for an agent without the contact, Gone after the end, Conflict for one who is not connected,
// during a transfer, while another invitation rings, and when the other cannot be offered it;
// QuotaExceeded when six take part.
type Invite struct {
	By    center.UserID // an agent who takes part
	Quick string        // the name of the quick connect that leads to the other
	Offer Offer
}

func (i Invite) decide(d *decision) error {
	by, err := d.connected(i.By)
	c := d.chat
	switch {
	case err != nil:
		return err
	case by.Watch != nil:
		return center.Errorf(center.Conflict, "a supervisor cannot invite others to contact %s; its agent can", c.Latest.ID)
	case c.WorkOf(i.Offer.User) != nil:
		return d.offered(i.Offer.User)
	case c.Transfer != nil:
		return center.Errorf(center.Conflict, "contact %s is being transferred to %s", c.Latest.ID, c.Transfer.To.Name)
	case c.Ringing() != nil:
		return center.Errorf(center.Conflict, "contact %s rings at another agent", c.Latest.ID)
	case d.full():
		return center.Errorf(center.QuotaExceeded, "%d take part in contact %s, and no more may", maxCompany, c.Latest.ID)
	}
	w, err := d.take(i.Offer.User, i.Offer.Identity)
	if err != nil {
		return err
	}
	w.Invited, w.Quick = true, i.Quick
	d.add(d.event(center.EventInvited, Participant{ID: w.Participant, Role: center.RoleAgent, DisplayName: w.Who.DisplayName}))
	o := i.Offer
	o.Assigned = false
	return d.ring(w, &o)
}

// connected returns the work of an agent, or a supervisor who has barged in, who takes part in the chat.
func (d *decision) connected(user center.UserID) (*Work, error) {
	c := d.chat
	w := c.WorkOf(user)
	switch {
	case c.Ended:
		return nil, center.Errorf(center.Gone, "contact %s has ended", c.Latest.ID)
	case w == nil:
		return nil, notInHand(c, user)
	case w.State != WorkConnected:
		return nil, center.Errorf(center.Conflict, "contact %s is %s: agent %s does not take part in it", w.Contact, w.State, user)
	}
	if p := c.Participant(w.Participant); !p.Present() {
		return nil, center.Errorf(center.Conflict, "%s does not take part in contact %s yet", user, w.Contact)
	}
	return w, nil
}

// Leave is the leaving of an agent or a supervisor. The last who goes leaves the customer to the disconnect
// flow. Repeated it changes nothing, nor does it during a transfer by the agent or after it: desks
// leave what they have transferred. What still rings is a Conflict, and so is leaving the customer with an invitation
// that rings.
type Leave struct{ User center.UserID }

func (l Leave) decide(d *decision) error {
	w := d.chat.WorkOf(l.User)
	switch {
	case w == nil:
		return nil
	case w.State == WorkConnecting:
		return center.Errorf(center.Conflict, "contact %s still rings; accept or reject it", w.Contact)
	case w.State != WorkConnected:
		return nil
	case d.chat.Ringing() != nil && !d.accompanied(w.Participant):
		return center.Errorf(center.Conflict, "contact %s rings at %s, and nobody else is there: wait for the answer, or take the invitation back first", w.Contact, d.chat.Ringing().Who.DisplayName)
	}
	return d.depart(*d.chat.Participant(w.Participant))
}

// agentLeft is what follows when an agent or a supervisor has left. A supervisor who has barged in may
// go on alone with the customer.
func (d *decision) agentLeft(reason string) error {
	d.stopIdle()
	if d.accompanied("") {
		return nil
	}
	var last Participant // agent to leave
	for _, p := range d.chat.Participants {
		if p.Role == center.RoleAgent && !p.Joined.IsZero() && !p.Left.Before(last.Left) {
			last = p
		}
	}
	if last.Removed != "" {
		reason = last.Removed // by the supervisor, who leaves now
	}
	return d.customerRemains(reason)
}

// accompanied reports whether an agent takes part, or a supervisor, other than one.
func (d *decision) accompanied(but center.ParticipantID) bool {
	return slices.ContainsFunc(d.chat.Participants, func(p Participant) bool {
		return p.Present() && p.ID != but && (p.Role == center.RoleAgent || p.Role == center.RoleSupervisor)
	})
}

// latestAgent returns the agent who joined last of those who take part, nil when none does.
func (d *decision) latestAgent() (last *Participant) {
	for i := range d.chat.Participants {
		if p := &d.chat.Participants[i]; p.Role == center.RoleAgent && p.Present() && (last == nil || p.Joined.After(last.Joined)) {
			last = p
		}
	}
	return last
}

// Remove is the removal of somebody by an agent, or by a supervisor who has barged in. An
// agent's part ends as if he had left; the customer's leaving ends the chat; an invitation that rings is
// withdrawn; the contact that a transfer leads to stands for the transfer, which is cancelled. Who has left
// already is removed already. Whether one may remove others is for the caller to say.
//
// Errors: NotFound for who was never there and for an agent without the contact, Gone after the end, Conflict for
// one who is not connected, for a supervisor, and for the customer and others during a transfer.
type Remove struct {
	By          center.UserID
	Participant center.ParticipantID
}

func (r Remove) decide(d *decision) error {
	by, err := d.connected(r.By)
	if err != nil {
		return err
	}
	c := d.chat
	if t := c.Transfer; t != nil && r.Participant == center.ParticipantID(t.Contact.ID) {
		d.transferFailed(center.ReasonAgent)
		return nil
	}
	p := c.Participant(r.Participant)
	i := slices.IndexFunc(c.Work, func(w Work) bool { return w.Participant == r.Participant })
	switch {
	case p == nil && i < 0:
		return center.Errorf(center.NotFound, "participant %s does not exist in contact %s", r.Participant, c.Latest.ID)
	case p == nil && c.Work[i].State == WorkConnecting:
		d.drop(c.Work[i].User)
		return nil
	case p == nil: // it rings no more
		return nil
	case !p.Left.IsZero():
		return nil
	case p.ID == by.Participant:
		return d.depart(*p)
	case c.Transfer != nil:
		return center.Errorf(center.Conflict, "contact %s is being transferred to %s; nobody can be removed until that has succeeded or failed", c.Latest.ID, c.Transfer.To.Name)
	case p.Role == center.RoleSupervisor:
		return center.Errorf(center.Conflict, "a supervisor leaves by himself")
	}
	reason := center.ReasonThirdParty
	if by.Watch != nil {
		reason = center.ReasonBarged
	}
	d.edit().Participant(p.ID).Removed = reason
	d.leave(p.ID)
	if p.Role == center.RoleCustomer {
		return d.end(center.ReasonAgent)
	}
	return d.agentLeft(reason)
}
