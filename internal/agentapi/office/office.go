// Package office lets people call operations of Amazon's API by their sessions: what the pages of a console show, and what supervisors
// do there. They are below /agent/connect, with the paths, shapes and errors that they have for those who sign requests with an
// access key, and are answered by the same service, in the same process.
//
// # Who may
//
// [operations] is the whole of it: an operation that is not there is refused, whatever somebody's profiles say. The permissions are those
// that Amazon's administrator guide (list of security profile permissions, 2026-11) gives for the page of its console that shows the same:
//
//   - AccessMetrics.RealTimeMetrics.Access, or AccessMetrics for all metrics, for GetCurrentMetricData and GetCurrentUserData;
//     AccessMetrics.HistoricalMetrics.Access, or AccessMetrics, for GetMetricDataV2.
//   - ContactSearch.View for SearchContacts and DescribeContact. MyContacts.View is enough for the contacts of which the user is the agent.
//   - ContactAttributes.View for GetContactAttributes, of a contact that the user may describe.
//   - Queues.View, RoutingPolicies.View, Users.View and AgentStates.View for the lists.
//   - AgentStates.Edit for PutUserStatus. The guide names no permission of its own for giving an agent another status; a permission to look would
//     be too little for it.
//
// The instance is that of the session. What a request names and the user's profiles do not let him see is refused, by name; of what it does
// not name, what he does not see is left out of the answer: a page may have fewer rows than were asked for, or none, and there is another
// one as long as there is a NextToken. Counts of all that there is are absent then. Numbers of queues count all agents, seen or not.
//
// Start reading at [Service].
package office

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/agentapi"
	"parley.example/parley/internal/catalog/access"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/edge"
)

// Path is below what the operations are.
const Path = "/agent/connect"

// Service answers for people what Connect answers. Both members are needed.
type Service struct {
	connect.Unimplemented

	Console agentapi.Console
	Connect connect.Service
}

var _ connect.Service = (*Service)(nil)

// rule says who may call an operation, and how a request names its instance. What else a request touches is said by the operation's method.
type rule struct {
	may      func(access.Rights) (access.Scope, error)
	instance func(in any) string
}

// operations are all that people may call.
var operations = map[string]rule{
	"GetCurrentMetricData": {realTime, func(in any) string { return in.(*connect.GetCurrentMetricDataRequest).InstanceId }},
	"GetCurrentUserData":   {realTime, func(in any) string { return in.(*connect.GetCurrentUserDataRequest).InstanceId }},
	"GetMetricDataV2": {func(r access.Rights) (access.Scope, error) {
		return r.Within(permission.HistoricalMetrics, permission.AccessMetrics)
	}, func(in any) string { return in.(*connect.GetMetricDataV2Request).ResourceArn }},
	"SearchContacts":  {contacts, func(in any) string { return in.(*connect.SearchContactsRequest).InstanceId }},
	"DescribeContact": {contacts, func(in any) string { return in.(*connect.DescribeContactRequest).InstanceId }},
	"GetContactAttributes": {func(r access.Rights) (access.Scope, error) {
		if err := r.Require(permission.ContactAttributesView); err != nil {
			return access.Scope{}, err
		}
		return contacts(r)
	}, func(in any) string { return in.(*connect.GetContactAttributesRequest).InstanceId }},
	"ListAgentStatuses": {func(r access.Rights) (access.Scope, error) { return r.Within(permission.AgentStatesView) },
		func(in any) string { return in.(*connect.ListAgentStatusRequest).InstanceId }},
	"ListQueues": {func(r access.Rights) (access.Scope, error) { return r.Within(permission.QueuesView) },
		func(in any) string { return in.(*connect.ListQueuesRequest).InstanceId }},
	"ListRoutingProfiles": {func(r access.Rights) (access.Scope, error) { return r.Within(permission.RoutingPoliciesView) },
		func(in any) string { return in.(*connect.ListRoutingProfilesRequest).InstanceId }},
	"ListUsers": {func(r access.Rights) (access.Scope, error) { return r.Within(permission.UsersView) },
		func(in any) string { return in.(*connect.ListUsersRequest).InstanceId }},
	"PutUserStatus": {func(r access.Rights) (access.Scope, error) { return r.Within(permission.AgentStatesEdit) },
		func(in any) string { return in.(*connect.PutUserStatusRequest).InstanceId }},
}

func realTime(r access.Rights) (access.Scope, error) {
	return r.Within(permission.RealTimeMetrics, permission.AccessMetrics)
}

// contacts is who may look at contacts: at any, or at those that were his.
func contacts(r access.Rights) (access.Scope, error) {
	return r.Within(permission.ContactSearchView, permission.MyContactsView)
}

// Before opens the session of a request, and refuses what people may not call.
func (s *Service) Before(op *restjson.Operation, r *http.Request) (edge.Caller, error) {
	by, err := s.Console.Before(op, r)
	if err != nil {
		return by, err
	}
	if _, ok := operations[op.Name]; !ok {
		return by, access.Denied("%s is not for the session of a user: it takes a request that is signed with an access key", op.Name)
	}
	return by, nil
}

// MapError is the table of errors: that of Amazon's API, but for what the security profiles of a user do not allow, which is
// AccessDeniedException with the member Permission, as in the rest of the agent's API.
func MapError(amazon func(*restjson.Operation, error) error) func(*restjson.Operation, error) error {
	return func(op *restjson.Operation, err error) error {
		if _, ok := errors.AsType[*access.Denial](err); ok {
			return agentapi.MapError(op, err)
		}
		return amazon(op, err)
	}
}

// asker is a user who may make a request.
type asker struct {
	agentapi.Person
	scope access.Scope
}

// admit returns who makes a request, if he may make it.
func (s *Service) admit(ctx context.Context, name string, in any) (a asker, err error) {
	if a.Person, err = s.Console.Person(ctx); err != nil {
		return a, err
	}
	of := operations[name]
	if a.scope, err = of.may(a.Rights); err != nil {
		return a, err
	}
	if ref := of.instance(in); !strings.EqualFold(center.IDOf(ref), string(a.Snap.ID())) {
		return a, access.Denied("the session is of the instance %s, and %s is another one", a.Snap.ID(), ref)
	}
	return a, nil
}

// queue refuses a queue that a request names, by id or ARN, and the user may not see. Whether it exists is for the operation to say.
func (a *asker) queue(ref string) error {
	if id := center.QueueID(center.IDOf(ref)); a.scope.Narrow(center.KindQueue) && !a.scope.SeesQueue(id) {
		return access.Denied("your security profiles do not let you see the queue %s", ref)
	}
	return nil
}

// agent refuses a user whom a request names, as queue does.
func (a *asker) agent(ref string) error {
	if id := center.UserID(center.IDOf(ref)); a.scope.Narrow(center.KindUser) && !a.scope.SeesUser(id) {
		return access.Denied("your security profiles do not let you see the user %s", ref)
	}
	return nil
}

// all refuses the first of several that is refused.
func all(refs []string, one func(string) error) error {
	for _, ref := range refs {
		if err := one(ref); err != nil {
			return err
		}
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
