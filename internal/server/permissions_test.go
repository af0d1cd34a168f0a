package server_test

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/catalog/permission"
	"parley.example/parley/internal/server/servertest"
)

// scene is a server whose agents pick their chats, with what may be asked of it.
type scene struct {
	*servertest.Server
	t        testing.TB
	instance string
	pickers  string // routing profile
}

func newScene(t testing.TB) *scene {
	s := &scene{Server: servertest.Start(t), t: t}
	s.instance = s.Instance(t)
	routing, err := s.Connect.CreateRoutingProfile(t.Context(), &connect.CreateRoutingProfileRequest{
		InstanceId: s.instance, Name: "Pickers", Description: "Pick", DefaultOutboundQueueId: catalog.DemoQueue,
		ManualAssignmentQueueConfigs: []connect.RoutingProfileManualAssignmentQueueConfig{{QueueReference: &connect.RoutingProfileQueueReference{QueueId: catalog.DemoQueue, Channel: connect.ChannelCHAT}}},
		MediaConcurrencies:           []connect.MediaConcurrency{{Channel: connect.ChannelCHAT, Concurrency: new(int32(2))}}})
	if err != nil {
		t.Fatalf("CreateRoutingProfile: %v", err)
	}
	s.pickers = *routing.RoutingProfileId
	s.attribute(connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING)
	return s
}

func (s *scene) attribute(name connect.InstanceAttributeType) {
	s.t.Helper()
	if _, err := s.Connect.UpdateInstanceAttribute(s.t.Context(), &connect.UpdateInstanceAttributeRequest{InstanceId: s.instance, AttributeType: name, Value: "true"}); err != nil {
		s.t.Fatal(err)
	}
}

// player is a user in a scene.
type player struct {
	s        *scene
	id, name string
}

// hire creates a user with one security profile, made as it is described.
func (s *scene) hire(name string, profile connect.CreateSecurityProfileRequest) *player {
	s.t.Helper()
	profile.InstanceId, profile.SecurityProfileName = s.instance, "Of "+name
	made, err := s.Connect.CreateSecurityProfile(s.t.Context(), &profile)
	if err != nil {
		s.t.Fatalf("CreateSecurityProfile: %v", err)
	}
	u, err := s.Connect.CreateUser(s.t.Context(), &connect.CreateUserRequest{
		InstanceId: s.instance, Username: name, Password: new(password), RoutingProfileId: s.pickers, SecurityProfileIds: []string{*made.SecurityProfileId},
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}, IdentityInfo: &connect.UserIdentityInfo{FirstName: &name}})
	if err != nil {
		s.t.Fatalf("CreateUser: %v", err)
	}
	return &player{s, *u.UserId, name}
}

// desk signs the user in, and opens a stream.
func (p *player) desk() (*servertest.Desk, *servertest.Stream) {
	d := p.s.SignIn(p.s.t, p.name, password)
	stream := d.Stream()
	stream.Snapshot(func(*agent.AgentSnapshot) bool { return true })
	return d, stream
}

func (p *player) pick(d *servertest.Desk, contact string) error {
	_, err := p.s.Agent.PickContact(p.s.t.Context(), &agent.PickContactRequest{SessionToken: d.Token, ContactId: contact})
	return err
}

// list returns the contacts that the user is shown as waiting.
func (p *player) list(d *servertest.Desk) (waiting []agent.WaitingContact, err error) {
	out, err := p.s.Agent.ListWaitingContacts(p.s.t.Context(), &agent.ListWaitingContactsRequest{SessionToken: d.Token})
	if err != nil {
		return nil, err
	}
	return out.WaitingContacts, nil
}

func (p *player) explain(d *servertest.Desk, contact string) (*agent.ExplainContactResponse, error) {
	return p.s.Agent.ExplainContact(p.s.t.Context(), &agent.ExplainContactRequest{SessionToken: d.Token, ContactId: contact})
}

// take has the user pick a new chat, and accept it.
func (p *player) take() (*servertest.Desk, string) {
	d, stream := p.desk()
	chat := waiting(p.s.t, p.s.Server)
	if err := p.pick(d, chat.Contact); err != nil {
		p.s.t.Fatalf("PickContact by %s: %v", p.name, err)
	}
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(chat.Contact)
	return d, chat.Contact
}

func (p *player) monitor(contact string, capabilities ...connect.MonitorCapability) error {
	_, err := p.s.Connect.MonitorContact(p.s.t.Context(), &connect.MonitorContactRequest{InstanceId: p.s.instance, ContactId: contact, UserId: p.id, AllowedMonitorCapabilities: capabilities})
	return err
}

// prefer has a waiting contact prefer the user.
func (p *player) prefer(contact string) {
	p.s.t.Helper()
	steps := []connect.RoutingCriteriaInputStep{{Expression: &connect.Expression{AttributeCondition: &connect.AttributeCondition{
		MatchCriteria: &connect.MatchCriteria{AgentsCriteria: &connect.AgentsCriteria{AgentIds: []string{p.id}}}, ComparisonOperator: new("Match")}}}}
	if _, err := p.s.Connect.UpdateContactRoutingData(p.s.t.Context(), &connect.UpdateContactRoutingDataRequest{InstanceId: p.s.instance, ContactId: contact, RoutingCriteria: &connect.RoutingCriteriaInput{Steps: steps}}); err != nil {
		p.s.t.Fatalf("UpdateContactRoutingData: %v", err)
	}
}

// effect is what a permission is for.
type effect struct {
	besides []string // what else is needed
	do      func(p *player) error
}

// TestEveryEffect has somebody do what each permission with an effect is for, with and without it: whoever lacks it is denied, in a
// sentence that names it.
func TestEveryEffect(t *testing.T) {
	s := newScene(t)
	ann := s.hire("ann", connect.CreateSecurityProfileRequest{Permissions: []string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}})
	_, talk := ann.take()
	writer, _ := s.hire("writer", connect.CreateSecurityProfileRequest{Permissions: []string{"BasicAgentAccess", "ContentManagement.Create"}}).desk()
	made, err := s.Agent.CreateQuickResponse(t.Context(), &agent.CreateQuickResponseRequest{SessionToken: writer.Token, Name: "Of the writer", Content: "Hello"})
	if err != nil {
		t.Fatalf("CreateQuickResponse: %v", err)
	}
	greeting := made.QuickResponseId
	explain := func(p *player) error {
		d, _ := p.desk()
		_, err := p.explain(d, waiting(t, s.Server).Contact)
		return err
	}
	cases := map[permission.Name]effect{
		permission.BasicAgentAccess: {nil, func(p *player) error {
			_, err := s.Agent.SignIn(t.Context(), &agent.SignInRequest{InstanceId: s.instance, UserName: p.name, Password: password})
			return err
		}},
		permission.StopContactEnabled: {[]string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}, func(p *player) error {
			d, contact := p.take()
			_, err := s.Agent.EndContact(t.Context(), &agent.EndContactRequest{SessionToken: d.Token, ContactId: contact})
			return err
		}},
		permission.ContactAttributesView: {[]string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}, func(p *player) error {
			d, contact := p.take()
			_, err := s.Agent.UpdateContactAttributes(t.Context(), &agent.UpdateContactAttributesRequest{SessionToken: d.Token, ContactId: contact, Attributes: map[string]string{"vip": "yes"}})
			return err
		}},
		permission.ManualAssignAnyContact: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, _ := p.desk()
			chat := waiting(t, s.Server)
			found, err := p.list(d)
			if err == nil && !slices.ContainsFunc(found, func(w agent.WaitingContact) bool { return w.ContactId == chat.Contact }) {
				t.Errorf("waiting are %+v; want %s among them", found, chat.Contact)
			}
			return cmp.Or(p.pick(d, chat.Contact), err)
		}},
		permission.ManualAssignMyContacts: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, stream := p.desk()
			mine, other := waiting(t, s.Server), waiting(t, s.Server)
			p.prefer(mine.Contact)
			found, err := p.list(d)
			if err != nil {
				return err
			}
			if len(found) != 1 || found[0].ContactId != mine.Contact {
				t.Errorf("waiting for %s are %+v; want %s alone", p.name, found, mine.Contact)
			}
			err = p.pick(d, other.Contact)
			servertest.Refused(t, "picking what is meant for anybody", err, "AccessDeniedException", 403)
			if e, ok := errors.AsType[*agent.AccessDeniedException](err); !ok || e.Permission == nil || *e.Permission != "ManualAssignAnyContact.Enable" {
				t.Errorf("picking what is meant for anybody: %+v; want the permission ManualAssignAnyContact.Enable", err)
			}
			if err := p.pick(d, mine.Contact); err != nil {
				return err
			}
			if c := stream.Contact(agent.AgentContactStateCONNECTING); c.ContactId != mine.Contact {
				t.Errorf("what rings is %s; want %s", c.ContactId, mine.Contact)
			}
			return nil
		}},
		permission.AgentActivityAudit: {[]string{"BasicAgentAccess"}, explain},
		permission.AccessMetrics:      {[]string{"BasicAgentAccess"}, explain},
		permission.ContentView: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, _ := p.desk()
			_, err := s.Agent.ListQuickResponses(t.Context(), &agent.ListQuickResponsesRequest{SessionToken: d.Token})
			return err
		}},
		permission.ContentCreate: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, _ := p.desk()
			_, err := s.Agent.CreateQuickResponse(t.Context(), &agent.CreateQuickResponseRequest{SessionToken: d.Token, Name: "Of " + p.name, Content: "Hello"})
			return err
		}},
		permission.ContentEdit: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, _ := p.desk()
			_, err := s.Agent.UpdateQuickResponse(t.Context(), &agent.UpdateQuickResponseRequest{SessionToken: d.Token, QuickResponseId: greeting, Content: new("Hello again")})
			return err
		}},
		permission.ContentDelete: {[]string{"BasicAgentAccess"}, func(p *player) error {
			d, _ := p.desk()
			_, err := s.Agent.DeleteQuickResponse(t.Context(), &agent.DeleteQuickResponseRequest{SessionToken: d.Token, QuickResponseId: greeting})
			return err
		}},
		permission.ManagerListenIn: {nil, func(p *player) error { return p.monitor(talk, connect.MonitorCapabilitySILENT_MONITOR) }},
		permission.ManagerBargeIn: {[]string{"ManagerListenIn"}, func(p *player) error {
			if err := p.monitor(talk, connect.MonitorCapabilityBARGE); err != nil {
				return err
			}
			return nil
		}},
		permission.RestrictContactAccess: {[]string{"ManagerListenIn"}, func(p *player) error { return p.monitor(talk) }},
	}
	maps.Copy(cases, officeEffects(s, ann, talk))
	for i, e := range permission.Effects {
		c, ok := cases[e.Name]
		if !ok {
			t.Errorf("nobody tries what %s is for: %s", e.Name, e.What)
			continue
		}
		filler := "Prompts.View" // a profile has something
		without := s.hire("without"+string(rune('a'+i)), connect.CreateSecurityProfileRequest{Permissions: append([]string{filler}, c.besides...)})
		with := s.hire("with"+string(rune('a'+i)), connect.CreateSecurityProfileRequest{Permissions: append([]string{string(e.Name)}, c.besides...)})
		denied, allowed := without, with
		if e.Name.Restricts() {
			denied, allowed = with, without
		}
		err := c.do(denied)
		servertest.Refused(t, string(e.Name), err, "AccessDeniedException", 403)
		if err == nil || !strings.Contains(err.Error(), string(e.Name)) {
			t.Errorf("%s: %v; want it named", e.Name, err)
		}
		if d, ok := errors.AsType[*agent.AccessDeniedException](err); ok && (d.Permission == nil || !strings.Contains(d.Message, *d.Permission)) {
			t.Errorf("%s: the member Permission is %v", e.Name, d.Permission)
		}
		if err := c.do(allowed); err != nil {
			t.Errorf("with what %s needs: %v", e.Name, err)
		}
	}
}

// TestRestrictedProfiles has supervisors whose profiles restrict what their permissions are for look at what goes on.
func TestRestrictedProfiles(t *testing.T) {
	s := newScene(t)
	ctx := t.Context()
	group := func(name string, parent *string) string {
		t.Helper()
		g, err := s.Connect.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: s.instance, Name: name, ParentGroupId: parent})
		if err != nil {
			t.Fatal(err)
		}
		return *g.HierarchyGroupId
	}
	if _, err := s.Connect.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: s.instance, HierarchyStructure: &connect.HierarchyStructureUpdate{
		LevelOne: &connect.HierarchyLevelUpdate{Name: "Site"}, LevelTwo: &connect.HierarchyLevelUpdate{Name: "Team"}}}); err != nil {
		t.Fatal(err)
	}
	site := group("Lisbon", nil)
	team, elsewhere := group("Blue", &site), group("Oslo", nil)
	belongs := func(p *player, to string) {
		t.Helper()
		if _, err := s.Connect.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: s.instance, UserId: p.id, HierarchyGroupId: &to}); err != nil {
			t.Fatal(err)
		}
	}
	tag := func(kind, id string, tags map[string]string) {
		t.Helper()
		if _, err := s.Connect.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: s.Desk(t).User.InstanceArn + "/" + kind + "/" + id, Tags: tags}); err != nil {
			t.Fatal(err)
		}
	}
	picks := []string{"BasicAgentAccess", "ManualAssignAnyContact.Enable"}
	ann, bo := s.hire("ann", connect.CreateSecurityProfileRequest{Permissions: picks}), s.hire("bo", connect.CreateSecurityProfileRequest{Permissions: picks})
	belongs(ann, team)
	belongs(bo, elsewhere)
	tag("agent", ann.id, map[string]string{"country": "PT", "line": "sales"})
	_, annTalks := ann.take()
	_, boTalks := bo.take()
	watches := []string{"BasicAgentAccess", "ManagerListenIn", "AccessMetrics", "ManualAssignAnyContact.Enable"}
	in := func(group string) *string { return &group }
	for _, c := range []struct {
		name       string
		own        string // hierarchy group of the supervisor
		restricted connect.CreateSecurityProfileRequest
		sees       bool // ann
	}{
		{"site", "", connect.CreateSecurityProfileRequest{HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: in(site)}, true},
		{"own", site, connect.CreateSecurityProfileRequest{HierarchyRestrictedResources: []string{"User"}}, true},
		{"groupless", "", connect.CreateSecurityProfileRequest{HierarchyRestrictedResources: []string{"User"}}, false},
		{"tagged", "", connect.CreateSecurityProfileRequest{TagRestrictedResources: []string{"User"}, AllowedAccessControlTags: map[string]string{"country": "PT"}}, true},
		{"twice", "", connect.CreateSecurityProfileRequest{TagRestrictedResources: []string{"User"}, AllowedAccessControlTags: map[string]string{"country": "PT", "line": "help"}}, false},
		{"both", "", connect.CreateSecurityProfileRequest{TagRestrictedResources: []string{"User"}, AllowedAccessControlTags: map[string]string{"country": "PT"},
			HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: in(elsewhere)}, false},
	} {
		c.restricted.Permissions = watches
		p := s.hire(c.name, c.restricted)
		if c.own != "" {
			belongs(p, c.own)
		}
		err := p.monitor(annTalks)
		if c.sees && err != nil {
			t.Errorf("%s watches ann: %v", c.name, err)
		} else if !c.sees {
			servertest.Refused(t, c.name+" watches ann", err, "AccessDeniedException", 403)
		}
		d, _ := p.desk()
		active, problem := s.Agent.ListActiveContacts(ctx, &agent.ListActiveContactsRequest{SessionToken: d.Token})
		if problem != nil || (len(active.ActiveContacts) == 1) != c.sees || c.sees && active.ActiveContacts[0].ContactId != annTalks {
			t.Errorf("%s may watch %+v, %v; sees ann: %v", c.name, active, problem, c.sees)
		}
		for talk, of := range map[string]bool{annTalks: c.sees, boTalks: false} {
			_, problem := s.Agent.MonitorContact(ctx, &agent.MonitorContactRequest{SessionToken: d.Token, ContactId: talk})
			if of && problem != nil {
				t.Errorf("%s watches at the desk: %v", c.name, problem)
			} else if !of {
				servertest.Refused(t, c.name+" watches at the desk", problem, "AccessDeniedException", 403)
			}
		}
		err = p.monitor(boTalks)
		servertest.Refused(t, c.name+" watches bo", err, "AccessDeniedException", 403)
		if !strings.Contains(err.Error(), "bo") {
			t.Errorf("%s watches bo: %v; want him named", c.name, err)
		}
	}

	// The hierarchy permission looks at the supervisor's own group.
	lead := s.hire("lead", connect.CreateSecurityProfileRequest{Permissions: []string{"ManagerListenIn", "RestrictContactAccessByHierarchy.View"}})
	servertest.Refused(t, "without a group", lead.monitor(annTalks), "AccessDeniedException", 403)
	belongs(lead, site)
	if err := lead.monitor(annTalks); err != nil {
		t.Errorf("the lead of the site watches ann: %v", err)
	}
	servertest.Refused(t, "another site", lead.monitor(boTalks), "AccessDeniedException", 403)

	// What waits is explained without the agents who are not seen.
	wait := waiting(t, s.Server)
	look := func(p *player, d *servertest.Desk) (named []string, out *agent.ExplainContactResponse) {
		t.Helper()
		out, err := p.explain(d, wait.Contact)
		if err != nil {
			t.Fatalf("%s: ExplainContact: %v", p.name, err)
		}
		for _, r := range out.Reasons {
			if r.UserName != nil {
				named = append(named, *r.UserName)
			}
		}
		return named, out
	}
	basic, err := s.Connect.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: s.instance})
	if err != nil {
		t.Fatal(err)
	}
	offered := *basic.RoutingProfileSummaryList[slices.IndexFunc(basic.RoutingProfileSummaryList, func(p connect.RoutingProfileSummary) bool { return *p.Id != s.pickers })].Id
	for _, name := range []string{"cy", "di"} {
		p := s.hire(name, connect.CreateSecurityProfileRequest{Permissions: picks})
		if _, err := s.Connect.UpdateUserRoutingProfile(ctx, &connect.UpdateUserRoutingProfileRequest{InstanceId: s.instance, UserId: p.id, RoutingProfileId: offered}); err != nil {
			t.Fatal(err)
		}
		if name == "cy" {
			belongs(p, team)
		}
		p.desk()
	}
	boss := s.hire("boss", connect.CreateSecurityProfileRequest{Permissions: watches})
	desk, _ := boss.desk()
	if named, out := look(boss, desk); !slices.Contains(named, "cy") || !slices.Contains(named, "di") || out.More != 0 {
		t.Errorf("without restrictions the reasons name %q, of %+v; want cy and di", named, out)
	}
	local := s.hire("local", connect.CreateSecurityProfileRequest{Permissions: watches, HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: &site})
	localDesk, _ := local.desk()
	if named, out := look(local, localDesk); !slices.Contains(named, "cy") || slices.Contains(named, "di") || out.More != 1 {
		t.Errorf("restricted to a site the reasons name %q, %d more; want cy, and one more", named, out.More)
	}
	annDesk, annStream := ann.desk()
	if err := ann.pick(annDesk, wait.Contact); err != nil {
		t.Fatalf("PickContact: %v", err)
	}
	annStream.Contact(agent.AgentContactStateCONNECTING)
	away := s.hire("away", connect.CreateSecurityProfileRequest{Permissions: watches, HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: &elsewhere})
	awayDesk, _ := away.desk()
	if _, out := look(away, awayDesk); len(out.Reasons) != 1 || out.Reasons[0].Cause != agent.WaitingCauseRINGS || out.Reasons[0].UserId != nil || out.Reasons[0].Text != "it rings with agent whom you may not see" {
		t.Errorf("it rings with somebody who is not seen: %+v", out)
	}
	if list, err := away.list(awayDesk); err != nil || len(list) != 1 || list[0].RingsAt != nil {
		t.Errorf("it waits, and rings with somebody who is not seen: %+v, %v", list, err)
	}
	if list, err := boss.list(desk); err != nil || len(list) != 1 || list[0].RingsAt == nil || *list[0].RingsAt != ann.id {
		t.Errorf("it waits, and rings with ann: %+v, %v", list, err)
	}

	// Queues that are not seen can neither be listed, nor picked from or asked about.
	blind := s.hire("blind", connect.CreateSecurityProfileRequest{Permissions: watches, TagRestrictedResources: []string{"Queue"}, AllowedAccessControlTags: map[string]string{"line": "sales"}})
	blindDesk, _ := blind.desk()
	if list, err := blind.list(blindDesk); err != nil || len(list) != 0 {
		t.Errorf("of queues that are not seen there wait %+v, %v", list, err)
	}
	servertest.Refused(t, "picking from a queue that is not seen", blind.pick(blindDesk, wait.Contact), "ResourceNotFoundException", 404)
	_, err = blind.explain(blindDesk, wait.Contact)
	servertest.Refused(t, "asking about a queue that is not seen", err, "AccessDeniedException", 403)
	if e, ok := errors.AsType[*agent.AccessDeniedException](err); !ok || e.Permission != nil || !strings.Contains(e.Message, "queue") {
		t.Errorf("asking about a queue that is not seen: %+v; want no permission, and the queue in the sentence", err)
	}
	tag("queue", catalog.DemoQueue, map[string]string{"line": "sales"})
	if list, err := blind.list(blindDesk); err != nil || len(list) != 1 {
		t.Errorf("of a queue that is tagged there wait %+v, %v; want one", list, err)
	}
	look(blind, blindDesk)

	// Of two profiles each counts for what it grants.
	two, err := s.Connect.DescribeUser(ctx, &connect.DescribeUserRequest{InstanceId: s.instance, UserId: away.id})
	if err != nil {
		t.Fatal(err)
	}
	free, err := s.Connect.DescribeUser(ctx, &connect.DescribeUserRequest{InstanceId: s.instance, UserId: ann.id})
	if err != nil {
		t.Fatal(err)
	}
	with := func(other string) error {
		_, err := s.Connect.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: s.instance, UserId: away.id, SecurityProfileIds: []string{two.User.SecurityProfileIds[0], other}})
		return cmp.Or(err, away.monitor(annTalks))
	}
	servertest.Refused(t, "with a free profile that does not let watch", with(free.User.SecurityProfileIds[0]), "AccessDeniedException", 403)
	wide, err := s.Connect.DescribeUser(ctx, &connect.DescribeUserRequest{InstanceId: s.instance, UserId: boss.id})
	if err != nil {
		t.Fatal(err)
	}
	if err := with(wide.User.SecurityProfileIds[0]); err != nil {
		t.Errorf("with a free profile that lets watch: %v", err)
	}

	for member, in := range map[string]connect.CreateSecurityProfileRequest{
		"TagRestrictedResources": {TagRestrictedResources: []string{"Queues"}}, "HierarchyRestrictedResources": {HierarchyRestrictedResources: []string{"Queue"}},
	} {
		in.InstanceId, in.SecurityProfileName = s.instance, "Misspelt"
		_, err := s.Connect.CreateSecurityProfile(ctx, &in)
		servertest.Refused(t, member, err, "InvalidRequestException", 400)
		if !strings.Contains(err.Error(), member) {
			t.Errorf("%s: %v; want it named", member, err)
		}
	}
}
