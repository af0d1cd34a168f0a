package router

import (
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

// TargetOf is where a quick connect leads, for [contact.Transfer]. A chat cannot be transferred to a phone
// number: BadRequest; an agent who has been deleted is NotFound. snap has users.
func TargetOf(snap *catalog.Snapshot, q *catalog.QuickConnect) (contact.Target, error) {
	to := contact.Target{Name: q.Name, Queue: q.Queue, User: q.User, Flow: q.Flow}
	switch q.Type {
	case catalog.ToPhone:
		return to, center.Errorf(center.BadRequest, "quick connect %s leads to a phone number; a chat can be transferred to a queue, an agent or a flow", q.Name)
	case catalog.ToUser:
		u, err := catalog.Get[*catalog.User](snap, q.User)
		if err != nil {
			return to, err
		}
		who := IdentityOf(u)
		to.Agent = &who
	}
	return to, nil
}

// monitoring is the instance attribute without which chats cannot be monitored.
const monitoring = "ENHANCED_CHAT_MONITORING"

// Monitor is the supervision of a chat by a user, who may barge in or not. An instance without ENHANCED_CHAT_MONITORING is BadRequest.
func Monitor(snap *catalog.Snapshot, u *catalog.User, barge bool) (contact.Monitor, error) {
	if on, _ := snap.Instance.Attribute(monitoring); on != "true" {
		return contact.Monitor{}, center.Errorf(center.BadRequest, "chats of this instance cannot be monitored; its attribute %s is off", monitoring)
	}
	return contact.Monitor{User: u.ID, Identity: IdentityOf(u), Barge: barge}, nil
}

// multiParty is the instance attribute without which agents cannot invite others.
const multiParty = "MULTI_PARTY_CHAT_CONFERENCE"

// MultiParty reports whether several agents may take part in a chat of an instance.
func MultiParty(snap *catalog.Snapshot) bool {
	on, _ := snap.Instance.Attribute(multiParty)
	return on == "true"
}

// Invite is an agent's invitation of another one to a chat, by a quick connect of the type USER: it rings as other
// chats do, and is refused to an agent who is not available. A quick connect of another type and an
// instance without MULTI_PARTY_CHAT_CONFERENCE are BadRequest, oneself is Invalid, an agent who has been deleted NotFound. snap has users.
func (r *Router) Invite(snap *catalog.Snapshot, by center.UserID, q *catalog.QuickConnect) (contact.Invite, error) {
	if !MultiParty(snap) {
		return contact.Invite{}, center.Errorf(center.BadRequest, "several agents cannot take part in a chat of this instance; its attribute %s is off", multiParty)
	}
	if q.Type != catalog.ToUser {
		return contact.Invite{}, center.Errorf(center.BadRequest, "quick connect %s does not lead to an agent, and only agents can be invited", q.Name)
	}
	if q.User == by {
		return contact.Invite{}, center.Errorf(center.Invalid, "an agent cannot invite himself")
	}
	u, err := catalog.Get[*catalog.User](snap, q.User)
	if err != nil {
		return contact.Invite{}, err
	}
	o := OfferTo(u, r.Ring)
	o.Slots = slotsOf(snap, u)
	return contact.Invite{By: by, Quick: q.Name, Offer: o}, nil
}

// AgentsOf returns the users who take part in a chat as agents, but for one who has been deleted: his part is about to end.
func AgentsOf(snap *catalog.Snapshot, chat *contact.Chat) (all []*catalog.User) {
	for _, p := range chat.Participants {
		if p.Role != center.RoleAgent || !p.Present() {
			continue
		}
		if u, err := catalog.Get[*catalog.User](snap, p.User); err == nil {
			all = append(all, u)
		}
	}
	return all
}
