package server_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/server/servertest"
)

// officeOf returns a client of what people may call of Amazon's API, by a session.
func officeOf(s *servertest.Server, d *servertest.Desk) *connect.Client {
	return connect.NewClient(restjson.ClientConfig{Endpoint: s.URL + "/agent/connect", HTTPClient: s.HTTP, Sign: func(r *http.Request, _ []byte) error {
		r.Header.Set("X-Amz-Bearer", d.Token)
		return nil
	}})
}

// office signs the user in, for what people may call of Amazon's API.
func (p *player) office() *connect.Client {
	return officeOf(p.s.Server, p.s.SignIn(p.s.t, p.name, password))
}

// lately finds contacts that began within the hour.
func (s *scene) lately(change ...func(*connect.SearchCriteria)) *connect.SearchContactsRequest {
	now := s.Clock().Now()
	in := &connect.SearchContactsRequest{InstanceId: s.instance, SearchCriteria: &connect.SearchCriteria{}, TimeRange: &connect.SearchContactsTimeRange{
		Type: connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, StartTime: now.Add(-time.Hour), EndTime: now.Add(time.Hour)}}
	for _, c := range change {
		c(in.SearchCriteria)
	}
	return in
}

// history asks for a metric of the demo queue, or what the filters say.
func (s *scene) history(groupings []string, filters ...connect.FilterV2) *connect.GetMetricDataV2Request {
	now := s.Clock().Now()
	if len(filters) == 0 {
		filters = []connect.FilterV2{{FilterKey: new("QUEUE"), FilterValues: []string{catalog.DemoQueue}}}
	}
	return &connect.GetMetricDataV2Request{ResourceArn: s.instance, StartTime: now.Add(-time.Hour), EndTime: now, Filters: filters, Groupings: groupings, Metrics: []connect.MetricV2{{Name: new("CONTACTS_CREATED")}}}
}

// numbers asks for how many agents are online.
func (s *scene) numbers(groupings []connect.Grouping, queues ...string) *connect.GetCurrentMetricDataRequest {
	return &connect.GetCurrentMetricDataRequest{InstanceId: s.instance, Filters: &connect.Filters{Queues: queues}, Groupings: groupings,
		CurrentMetrics: []connect.CurrentMetric{{Name: connect.CurrentMetricNameAGENTS_ONLINE}}}
}

// found are the ids of contacts.
func found(out *connect.SearchContactsResponse) (ids []string) {
	for _, c := range out.Contacts {
		ids = append(ids, *c.Id)
	}
	return ids
}

// officeEffects are what the permissions are for that only the pages of a console ask for. The contact is one that an agent has in hand.
func officeEffects(s *scene, ann *player, talk string) map[permission.Name]effect {
	basic := []string{"BasicAgentAccess"}
	ctx := s.t.Context()
	return map[permission.Name]effect{
		permission.RealTimeMetrics: {basic, func(p *player) error {
			c := p.office()
			if _, err := c.GetCurrentMetricData(ctx, s.numbers(nil, catalog.DemoQueue)); err != nil {
				return err
			}
			out, err := c.GetCurrentUserData(ctx, &connect.GetCurrentUserDataRequest{InstanceId: s.instance, Filters: &connect.UserDataFilters{Agents: []string{ann.id}}})
			if err == nil && (len(out.UserDataList) != 1 || *out.ApproximateTotalCount != 1) {
				s.t.Errorf("GetCurrentUserData: %+v; want ann", out)
			}
			return err
		}},
		permission.HistoricalMetrics: {basic, func(p *player) error {
			_, err := p.office().GetMetricDataV2(ctx, s.history(nil))
			return err
		}},
		permission.ContactSearchView: {basic, func(p *player) error {
			c := p.office()
			out, err := c.SearchContacts(ctx, s.lately())
			if err != nil {
				return err
			}
			if !slices.Contains(found(out), talk) || *out.TotalCount < 1 {
				s.t.Errorf("SearchContacts: %q, %v in all; want %s among them", found(out), *out.TotalCount, talk)
			}
			_, err = c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: talk})
			return err
		}},
		permission.MyContactsView: {[]string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}, func(p *player) error {
			_, mine := p.take()
			c := p.office()
			out, err := c.SearchContacts(ctx, s.lately())
			if err != nil {
				return err
			}
			if ids := found(out); !slices.Equal(ids, []string{mine}) {
				s.t.Errorf("of my contacts there are %q; want %s", ids, mine)
			}
			_, err = c.SearchContacts(ctx, s.lately(func(c *connect.SearchCriteria) { c.AgentIds = []string{ann.id} }))
			servertest.Refused(s.t, "the contacts of somebody else", err, "AccessDeniedException", 403)
			for _, err := range []error{
				second(c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: talk})),
				second(c.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: s.instance, InitialContactId: talk})),
			} {
				servertest.Refused(s.t, "a contact of somebody else", err, "AccessDeniedException", 403)
			}
			_, err = c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: mine})
			return err
		}},
		permission.UnredactedTranscripts: {basic, func(p *player) error {
			d, _ := p.desk()
			out, err := s.Agent.GetContactTranscript(ctx, &agent.GetContactTranscriptRequest{SessionToken: d.Token, ContactId: talk})
			if err == nil && (len(out.Transcript) == 0 || out.InitialContactId != talk) {
				s.t.Errorf("GetContactTranscript: %+v; want what was said", out)
			}
			return err
		}},
		permission.AgentStatesView: {basic, func(p *player) error {
			return second(p.office().ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: s.instance}))
		}},
		permission.AgentStatesEdit: {basic, func(p *player) error {
			all, err := s.Connect.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: s.instance})
			if err != nil {
				return err
			}
			offline := all.AgentStatusSummaryList[slices.IndexFunc(all.AgentStatusSummaryList, func(a connect.AgentStatusSummary) bool { return a.Type == connect.AgentStatusTypeOFFLINE })]
			return second(p.office().PutUserStatus(ctx, &connect.PutUserStatusRequest{InstanceId: s.instance, UserId: p.id, AgentStatusId: *offline.Id}))
		}},
		permission.QueuesView: {basic, func(p *player) error {
			return second(p.office().ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: s.instance}))
		}},
		permission.RoutingPoliciesView: {basic, func(p *player) error {
			return second(p.office().ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: s.instance}))
		}},
		permission.UsersView: {basic, func(p *player) error {
			return second(p.office().ListUsers(ctx, &connect.ListUsersRequest{InstanceId: s.instance}))
		}},
	}
}

// second is the error of an answer.
func second[T any](_ T, err error) error { return err }

// TestOffice: people call what is on the list, of their own instance, and nothing else.
func TestOffice(t *testing.T) {
	s := newScene(t)
	ctx := t.Context()
	ann := s.hire("ann", connect.CreateSecurityProfileRequest{Permissions: []string{"BasicAgentAccess", "ManualAssignAnyContact.Enable", "ContactAttributes.View", "MyContacts.View"}})
	_, talk := ann.take()
	boss := s.hire("boss", connect.CreateSecurityProfileRequest{Permissions: []string{"BasicAgentAccess", "AccessMetrics", "Users.View", "Queues.View", "ContactAttributes.View", "ContactSearch.View"}})
	c := boss.office()
	for what, err := range map[string]error{
		"numbers":          second(c.GetCurrentMetricData(ctx, s.numbers(nil))),
		"history":          second(c.GetMetricDataV2(ctx, s.history(nil))),
		"attributes":       second(c.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: s.instance, InitialContactId: talk})),
		"own attributes":   second(ann.office().GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: s.instance, InitialContactId: talk})),
		"the ARN will do":  second(c.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: s.Desk(t).User.InstanceArn})),
		"the last of them": second(c.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: s.instance})),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	err := second(c.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: s.instance, InitialContactId: "00000000-0000-4000-8000-000000000000"}))
	servertest.Refused(t, "a contact that does not exist", err, "ResourceNotFoundException", 404)
	servertest.Refused(t, "a request that is not so", second(c.GetMetricDataV2(ctx, s.history([]string{"NOTHING"}))), "InvalidParameterException", 400)

	err = second(c.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: "00000000-0000-4000-8000-000000000000"}))
	servertest.Refused(t, "another instance", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "another one") {
		t.Errorf("another instance: %v", err)
	}
	err = second(c.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.instance, UserId: ann.id}))
	servertest.Refused(t, "what is not on the list", err, "AccessDeniedException", 403)
	if !strings.Contains(err.Error(), "signed with an access key") {
		t.Errorf("what is not on the list: %v", err)
	}
	if r := call(t, s.Server, "GET", "/agent/connect/nothing", "", "X-Amz-Bearer", s.Desk(t).Token); r.status != 404 || r.code(t) != "UnknownOperationException" {
		t.Errorf("what does not exist: %d %s", r.status, r.body)
	}
	users := "/agent/connect/users-summary/" + s.instance
	if r := call(t, s.Server, "GET", users, ""); r.status != 401 || r.code(t) != "UnauthorizedException" {
		t.Errorf("nobody: %d %s", r.status, r.body)
	}
	d, _ := ann.desk()
	if r := call(t, s.Server, "GET", users, "", "X-Amz-Bearer", d.Token); r.status != 403 || !strings.Contains(r.body, `"Permission":"Users.View"`) {
		t.Errorf("the member Permission: %d %s", r.status, r.body)
	}
	if _, err := s.Agent.SignOut(ctx, &agent.SignOutRequest{SessionToken: d.Token}); err != nil {
		t.Fatal(err)
	}
	if r := call(t, s.Server, "GET", users, "", "X-Amz-Bearer", d.Token); r.status != 401 {
		t.Errorf("signed out: %d %s", r.status, r.body)
	}
	pair, _ := cookie(t, call(t, s.Server, "POST", "/agent/session", `{"InstanceId":"`+s.instance+`","UserName":"boss","Password":"`+password+`"}`, here()...))
	if r := call(t, s.Server, "GET", users, "", here("Cookie", pair)...); r.status != 200 || !strings.Contains(r.body, ann.id) || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("by the cookie: %d %s", r.status, r.body)
	}
	for name, values := range call(t, s.Server, "GET", users, "", here("Cookie", pair, "Origin", s.URL)...).header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("by the cookie: %s: %q", name, values)
		}
	}
	if r := call(t, s.Server, "GET", users, "", here("Cookie", pair, "Sec-Fetch-Site", "cross-site", "Origin", crm)...); r.status != 403 {
		t.Errorf("by the cookie, from elsewhere: %d %s", r.status, r.body)
	}
}

// TestOfficeOfRestrictedUsers: who does not see everybody, or every queue, is refused what names the others, and does not find them.
func TestOfficeOfRestrictedUsers(t *testing.T) {
	s := newScene(t)
	ctx := t.Context()
	tag := func(kind, id string) {
		t.Helper()
		if _, err := s.Connect.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: s.Desk(t).User.InstanceArn + "/" + kind + "/" + id, Tags: map[string]string{"line": "sales"}}); err != nil {
			t.Fatal(err)
		}
	}
	hours, err := s.Connect.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: s.instance})
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Connect.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: s.instance, Name: "Other", HoursOfOperationId: *hours.HoursOfOperationSummaryList[0].Id})
	if err != nil {
		t.Fatal(err)
	}
	picks := []string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}
	ann, bo := s.hire("ann", connect.CreateSecurityProfileRequest{Permissions: picks}), s.hire("bo", connect.CreateSecurityProfileRequest{Permissions: picks})
	_, annTalks := ann.take()
	_, boTalks := bo.take()
	alone := s.Chat(t).Contact // with a flow, and without a queue or an agent
	tag("agent", ann.id)
	tag("queue", catalog.DemoQueue)
	looks := []string{"BasicAgentAccess", "AccessMetrics", "ContactSearch.View", "ContactAttributes.View", "Users.View", "Queues.View", "AgentStates.Edit"}
	c := s.hire("sales", connect.CreateSecurityProfileRequest{Permissions: looks, TagRestrictedResources: []string{"User", "Queue"}, AllowedAccessControlTags: map[string]string{"line": "sales"}}).office()

	users, err := c.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: s.instance})
	if err != nil || len(users.UserSummaryList) != 2 { // ann and himself
		t.Errorf("users are %+v, %v; want ann and sales", users, err)
	}
	queues, err := c.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: s.instance})
	if err != nil || len(queues.QueueSummaryList) != 1 || *queues.QueueSummaryList[0].Id != catalog.DemoQueue {
		t.Errorf("queues are %+v, %v; want one", queues, err)
	}
	contacts, err := c.SearchContacts(ctx, s.lately())
	if err != nil || !slices.Equal(found(contacts), []string{annTalks}) || contacts.TotalCount != nil {
		t.Errorf("contacts are %q, %v; want %s, and not how many there are", found(contacts), err, annTalks)
	}
	by := func(queues, agents, profiles []string) *connect.GetCurrentUserDataRequest {
		return &connect.GetCurrentUserDataRequest{InstanceId: s.instance, Filters: &connect.UserDataFilters{Queues: queues, Agents: agents, RoutingProfiles: profiles}}
	}
	data, err := c.GetCurrentUserData(ctx, by(nil, nil, []string{s.pickers}))
	if err != nil || len(data.UserDataList) != 1 || *data.UserDataList[0].User.Id != ann.id || data.ApproximateTotalCount != nil || data.UserDataList[0].Contacts[0].Queue == nil {
		t.Errorf("agents are %+v, %v; want ann, in a queue that is seen", data, err)
	}
	rows, err := c.GetCurrentMetricData(ctx, s.numbers([]connect.Grouping{connect.GroupingQUEUE}))
	if err != nil || slices.ContainsFunc(rows.MetricResults, func(r connect.CurrentMetricResult) bool { return *r.Dimensions.Queue.Id != catalog.DemoQueue }) || rows.ApproximateTotalCount != nil {
		t.Errorf("queues in real time are %+v, %v; want those that are seen", rows, err)
	}
	agents := connect.FilterV2{FilterKey: new("ROUTING_PROFILE"), FilterValues: []string{s.pickers}}
	past, err := c.GetMetricDataV2(ctx, s.history([]string{"QUEUE", "AGENT"}, agents))
	if err == nil {
		t.Errorf("CONTACTS_CREATED by agents: %+v; want the service's refusal", past)
	}
	for what, err := range map[string]error{
		bo.id:                          second(c.PutUserStatus(ctx, &connect.PutUserStatusRequest{InstanceId: s.instance, UserId: bo.id, AgentStatusId: "x"})),
		"the user " + bo.id:            second(c.GetCurrentUserData(ctx, by(nil, []string{bo.id}, nil))),
		"user " + bo.id:                second(c.SearchContacts(ctx, s.lately(func(c *connect.SearchCriteria) { c.AgentIds = []string{bo.id} }))),
		*other.QueueId:                 second(c.SearchContacts(ctx, s.lately(func(c *connect.SearchCriteria) { c.QueueIds = []string{*other.QueueArn} }))),
		"queue " + *other.QueueId:      second(c.GetCurrentUserData(ctx, by([]string{*other.QueueId}, nil, nil))),
		"the queue " + *other.QueueId:  second(c.GetCurrentMetricData(ctx, s.numbers(nil, *other.QueueId))),
		"see the queue ":               second(c.GetMetricDataV2(ctx, s.history(nil, connect.FilterV2{FilterKey: new("QUEUE"), FilterValues: []string{*other.QueueId}}))),
		"group by QUEUE":               second(c.GetCurrentMetricData(ctx, s.numbers(nil))),
		"or group by QUEUE":            second(c.GetMetricDataV2(ctx, s.history(nil, agents))),
		"contact " + boTalks:           second(c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: boTalks})),
		"see contact " + boTalks:       second(c.GetContactAttributes(ctx, &connect.GetContactAttributesRequest{InstanceId: s.instance, InitialContactId: boTalks})),
		"let you see contact " + alone: second(c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: alone})),
	} {
		servertest.Refused(t, what, err, "AccessDeniedException", 403)
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(what, "user ")) {
			t.Errorf("the refusal is %v; want %q in it", err, what)
		}
	}
	if _, err := c.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: annTalks}); err != nil {
		t.Errorf("ann's contact: %v", err)
	}

	// Who may look at contacts of his own group alone, by the permission that says so.
	below := s.hire("below", connect.CreateSecurityProfileRequest{Permissions: append([]string{"RestrictContactAccessByHierarchy.View"}, looks...)}).office()
	contacts, err = below.SearchContacts(ctx, s.lately())
	if err != nil || len(contacts.Contacts) != 0 {
		t.Errorf("without a group there are %q, %v", found(contacts), err)
	}
	err = second(below.DescribeContact(ctx, &connect.DescribeContactRequest{InstanceId: s.instance, ContactId: annTalks}))
	if e, ok := errors.AsType[restjson.Coded](err); !ok || e.HTTPStatus() != 403 {
		t.Errorf("without a group a contact is described: %v", err)
	}
}
