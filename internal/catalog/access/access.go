// Package access has what users may do and see by their security profiles, and the changes of the profiles.
//
// [Of] gives the rights of a user; whoever lets somebody do something that needs a permission asks for it there, naming a
// constant of package permission, and a test holds all that is asked for against the table of what is enforced. What is set up by
// Amazon's API is not asked of anybody's profile: there the policies of access keys decide (package auth).
//
// A profile may restrict what its permissions are for: see [Scope]. [CreateProfile] and its like each make one change of the
// catalog: they block until it is durable, make it whole or not at all, and return a *center.Error unless the store fails.
package access

import (
	"fmt"
	"slices"
	"strings"

	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/flow/machine"
)

// Rights are what a user may do and see, as things were set up at one moment. It is immutable.
type Rights struct {
	snap     *catalog.Snapshot
	user     *catalog.User
	profiles []*catalog.SecurityProfile
}

// Of returns the rights of a user of a snapshot. A security profile that is being deleted grants nothing.
func Of(snap *catalog.Snapshot, user *catalog.User) Rights {
	r := Rights{snap: snap, user: user}
	for _, id := range user.SecurityProfiles {
		if p, err := catalog.Get[*catalog.SecurityProfile](snap, id); err == nil {
			r.profiles = append(r.profiles, p)
		}
	}
	return r
}

// Denial is the error of a user who may not do something by his security profiles. Its reason is Denied.
type Denial struct {
	// Permission is the one that is missing, the first of several that would do, or that is not granted for this; "" where a restriction
	// alone is in the way.
	Permission permission.Name
	message    string
}

func (d *Denial) Error() string { return d.message }

// Unwrap makes it a refusal for those who ask why.
func (d *Denial) Unwrap() error { return &center.Error{Reason: center.Denied, Message: d.message} }

// Denied returns the error of a user whose profiles do not let him see something.
func Denied(format string, args ...any) error {
	return &Denial{message: fmt.Sprintf(format, args...)}
}

// Require refuses a user who has none of some permissions with a [Denial]. Its sentence names them all.
func (r Rights) Require(any ...permission.Name) error {
	_, err := r.Within(any...)
	return err
}

// Within is Require for what the restrictions of profiles are about: it returns what may be seen by the permissions.
func (r Rights) Within(any ...permission.Name) (Scope, error) {
	s := Scope{snap: r.snap, user: r.user}
	for _, p := range r.profiles {
		if slices.ContainsFunc(any, func(n permission.Name) bool { return grants(p, n) }) {
			s.by = append(s.by, p)
		}
	}
	if len(s.by) == 0 {
		names := make([]string, len(any))
		for i, n := range any {
			names[i] = string(n)
		}
		return s, &Denial{any[0], "none of the security profiles of user " + r.user.Name + " has the permission " + strings.Join(names, " or ")}
	}
	return s, nil
}

// Restricted reports whether a profile of the user has a permission that restricts.
func (r Rights) Restricted(by permission.Name) bool {
	return slices.ContainsFunc(r.profiles, func(p *catalog.SecurityProfile) bool { return grants(p, by) })
}

// grants reports whether a profile has a permission.
func grants(p *catalog.SecurityProfile, n permission.Name) bool {
	return slices.Contains(p.Permissions, string(n))
}

// Permissions returns those of all profiles of the user, in alphabetical order.
func (r Rights) Permissions() []string {
	all := []string{}
	for _, p := range r.profiles {
		all = append(all, p.Permissions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Watch refuses, with a [Denial], a user who may not watch a chat of agents: for want of the permission, or because he may
// not see one of them.
func (r Rights) Watch(agents ...*catalog.User) error {
	scope, err := r.Within(permission.ManagerListenIn)
	return r.supervise(permission.ManagerListenIn, scope, err, agents)
}

// Barge refuses, as Watch does, a user who may not join a chat of agents that he watches.
func (r Rights) Barge(agents ...*catalog.User) error {
	scope, err := r.Within(permission.ManagerBargeIn)
	return r.supervise(permission.ManagerBargeIn, scope, err, agents)
}

func (r Rights) supervise(by permission.Name, scope Scope, err error, agents []*catalog.User) error {
	if err != nil {
		return err
	}
	restricted := r.Restricted(permission.RestrictContactAccess)
	for _, agent := range agents {
		if restricted && !below(r.snap, agent, r.user.Group) {
			return &Denial{by, fmt.Sprintf("user %s has %s for agents in his own hierarchy group alone, and below it, and %s is not there: a security profile has the permission %s",
				r.user.Name, by, agent.Name, permission.RestrictContactAccess)}
		}
		if !scope.Sees(agent) {
			return &Denial{by, fmt.Sprintf("the security profiles by which user %s has %s do not let him see the agent %s", r.user.Name, by, agent.Name)}
		}
	}
	return nil
}

// below reports whether a user is in a group, or in one below it. Nobody is below none.
func below(snap *catalog.Snapshot, u *catalog.User, group center.HierarchyGroupID) bool {
	own, err := catalog.Get[*catalog.Group](snap, u.Group)
	return err == nil && slices.ContainsFunc(catalog.Path(snap, own), func(g *catalog.Group) bool { return g != nil && g.ID == group })
}

// Scope is what a user may see by some permissions: what one of the profiles that grant one of them lets him see. A profile without
// restrictions lets him see everything. Of the kinds in its TagRestrictedResources a profile shows what has all of its
// AllowedAccessControlTags, and with User in its HierarchyRestrictedResources those in the AllowedAccessControlHierarchyGroupId, or the user's own
// group when there is none, and below it: in no group is nobody. With both, users need both. A user always sees himself. The service's
// documentation has it so but for two profiles of one user, of which it says that the access becomes wider, and not whether a profile
// counts that does not grant the permission: here it does not, so that what a supervisor may watch is not widened by his profile as an agent.
type Scope struct {
	snap *catalog.Snapshot
	user *catalog.User
	by   []*catalog.SecurityProfile
}

// Sees reports whether something may be seen: a queue, or a user.
func (s Scope) Sees(r catalog.Resource) bool {
	return slices.ContainsFunc(s.by, func(p *catalog.SecurityProfile) bool { return s.shows(p, r) })
}

// shows reports whether a profile lets something be seen.
func (s Scope) shows(p *catalog.SecurityProfile, r catalog.Resource) bool {
	name := restrictable[r.Kind()]
	if slices.Contains(p.ByTag, name) {
		tags := r.About().Tags
		for k, v := range p.AccessTags {
			if has, ok := tags[k]; !ok || has != v {
				return s.himself(r)
			}
		}
	}
	u, ok := r.(*catalog.User)
	if !ok || !slices.Contains(p.ByHierarchy, name) {
		return true
	}
	group := p.Group
	if group == "" {
		group = s.user.Group
	}
	return s.himself(r) || below(s.snap, u, group)
}

func (s Scope) himself(r catalog.Resource) bool {
	return r.Kind() == center.KindUser && r.About().ID == string(s.user.ID)
}

// SeesUser is Sees of a user by his id; of one who has been deleted there is nothing to see.
func (s Scope) SeesUser(id center.UserID) bool {
	u, err := catalog.Get[*catalog.User](s.snap, id)
	return err == nil && s.Sees(u)
}

// SeesQueue is Sees of a queue by its id. The queue of an agent (agent/USER) is seen with the agent.
func (s Scope) SeesQueue(id center.QueueID) bool {
	if owner, own := strings.CutPrefix(string(id), machine.AgentQueue); own {
		return s.SeesUser(center.UserID(owner))
	}
	q, err := catalog.Get[*catalog.Queue](s.snap, id)
	return err == nil && s.Sees(q)
}
