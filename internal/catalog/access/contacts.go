package access

import (
	"slices"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
)

// Narrow reports whether there may be something of a kind that is not seen: a queue, or a user.
func (s Scope) Narrow(kind center.Kind) bool {
	name := restrictable[kind]
	return !slices.ContainsFunc(s.by, func(p *catalog.SecurityProfile) bool {
		return (len(p.AccessTags) == 0 || !slices.Contains(p.ByTag, name)) && !slices.Contains(p.ByHierarchy, name)
	})
}

// SeesContact reports whether the user may look at a contact, live or ended, of an agent, which came from a queue; either may be "". By
// MyContacts.View that is so of his own, by ContactSearch.View of those whose agent and queue he sees, as far as his profiles restrict
// them: who sees some agents alone does not see contacts without any. With RestrictContactAccessByHierarchy.View the agent has to be in the user's
// hierarchy group, or below it.
func (r Rights) SeesContact(agent center.UserID, queue center.QueueID) bool {
	scope, err := r.Within(permission.ContactSearchView)
	switch {
	case err != nil:
		return agent == r.user.ID && r.Require(permission.MyContactsView) == nil
	case agent == r.user.ID:
		return true
	}
	return r.sees(scope, agent, queue)
}

// sees reports whether a contact of somebody else is within a scope.
func (r Rights) sees(scope Scope, agent center.UserID, queue center.QueueID) bool {
	if r.Restricted(permission.RestrictContactAccess) {
		u, err := catalog.Get[*catalog.User](r.snap, agent)
		if err != nil || !below(r.snap, u, r.user.Group) {
			return false
		}
	}
	return (!scope.Narrow(center.KindUser) || scope.SeesUser(agent)) && (!scope.Narrow(center.KindQueue) || scope.SeesQueue(queue))
}

// NarrowContacts reports whether there may be contacts that the user may not look at.
func (r Rights) NarrowContacts() bool {
	scope, err := r.Within(permission.ContactSearchView)
	return err != nil || r.Restricted(permission.RestrictContactAccess) || scope.Narrow(center.KindUser) || scope.Narrow(center.KindQueue)
}

// ReadTranscript refuses, with a [Denial], a user who may not read what was said in a contact of an agent, which came from a queue, as a
// supervisor may: for want of the permission, or because he does not see one of them, as in [Rights.SeesContact].
func (r Rights) ReadTranscript(agent center.UserID, queue center.QueueID) error {
	scope, err := r.Within(permission.UnredactedTranscripts)
	if err != nil || agent == r.user.ID || r.sees(scope, agent, queue) {
		return err
	}
	return &Denial{permission.UnredactedTranscripts, "the security profiles by which user " + r.user.Name + " has " + string(permission.UnredactedTranscripts) + " do not let him see the agent of this contact, or its queue"}
}
