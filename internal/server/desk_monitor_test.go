package server_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// TestMonitor has a supervisor read along, unseen by everybody, barge in, be silent again and leave.
func TestMonitor(t *testing.T) {
	o := openCentre(t)
	bo, sue := o.agent("bo").available(), o.agent("sue", "ManagerListenIn", "ManagerBargeIn")
	l := o.call()
	me := o.takes(bo, l)
	l.untouched(t, bo.stream, me, "before")
	list := func() []agent.ActiveContact {
		t.Helper()
		out, err := o.Agent.ListActiveContacts(t.Context(), &agent.ListActiveContactsRequest{SessionToken: sue.Token})
		if err != nil {
			t.Fatalf("ListActiveContacts: %v", err)
		}
		return out.ActiveContacts
	}
	active := list()
	if len(active) != 1 || active[0].ContactId != l.Contact || active[0].Monitored || len(active[0].Agents) != 1 || active[0].Agents[0].UserName != "bo" ||
		active[0].CustomerName == nil || *active[0].CustomerName != "Ana" || active[0].Queue == nil {
		t.Fatalf("the contacts to monitor are %+v; want that of bo", active)
	}
	m := sue.Monitor(l.Contact)
	if m.ContactId == l.Contact || !slices.Equal(m.MonitorCapabilities, []agent.MonitorCapability{"SILENT_MONITOR", "BARGE"}) {
		t.Errorf("the supervisor monitors %+v; want a contact of his own, in which he may barge in", m)
	}
	if again := sue.Monitor(l.Contact); again.ContactId != m.ContactId || again.ParticipantId != m.ParticipantId {
		t.Errorf("monitored again it is %+v; want %+v", again, m)
	}
	watched := sue.stream.Contact(agent.AgentContactStateCONNECTED)
	if watched.ContactId != m.ContactId || watched.InitialContactId != l.Contact || watched.InitiationMethod != "MONITOR" || watched.Queue != nil || watched.ParticipantId != m.ParticipantId {
		t.Errorf("the supervisor has %+v; want the contact %s, by MONITOR", watched, m.ContactId)
	}
	if own := watched.Connections[0]; seen(&watched) != "monitoring silent_monitor SUE, inbound connected Ana, outbound connected BO" ||
		own.Monitoring == nil || own.Monitoring.MonitorMode != "SILENT_MONITOR" || *own.Monitoring.AgentName != "BO" || len(own.Monitoring.MonitorCapabilities) != 2 {
		t.Errorf("the supervisor sees %s, and himself as %+v", seen(&watched), own.Monitoring)
	}
	if active = list(); len(active) != 1 || !active[0].Monitored {
		t.Errorf("the contacts to monitor are %+v; want that of bo, monitored", active)
	}
	mine := sue.Chat(m.ContactId)
	l.Send("can you see me?")
	sue.stream.Hear("can you see me?")
	bo.stream.Hear("can you see me?")
	_, err := mine.TrySend(t.Context(), "psst")
	servertest.Refused(t, "what a silent supervisor says", err, "AccessDeniedException", 403)
	_, err = o.Agent.InviteParticipant(t.Context(), &agent.InviteParticipantRequest{SessionToken: sue.Token, ContactId: m.ContactId, QuickConnectId: bo.quick})
	servertest.Refused(t, "an invitation by a supervisor", err, "InvalidStateException", 409)
	_, err = o.Agent.RemoveParticipant(t.Context(), &agent.RemoveParticipantRequest{SessionToken: sue.Token, ContactId: m.ContactId, ParticipantId: me.Participant})
	servertest.Refused(t, "a removal by a silent supervisor", err, "InvalidStateException", 409)
	if got := bo.Agent().Snapshot; seen(&got.Contacts[0]) != "agent connected BO, inbound connected Ana" {
		t.Errorf("of a silent supervisor the agent sees %s", seen(&got.Contacts[0]))
	}
	if got := events(bo.stream.Items); strings.Join(got, " ") != "participant.joined" {
		t.Errorf("the agent was told %v; want nothing of the supervisor", got)
	}

	sue.Mode(m.ContactId, agent.MonitorCapabilityBARGE)
	sue.Mode(m.ContactId, agent.MonitorCapabilityBARGE)
	hears(bo.stream, eventJoined)
	sue.sees("monitoring barge SUE, inbound connected Ana, outbound connected BO")
	if got := bo.Agent().Snapshot; seen(&got.Contacts[0]) != "agent connected BO, inbound connected Ana, monitoring barge SUE" {
		t.Errorf("with a supervisor who has barged in the agent sees %s", seen(&got.Contacts[0]))
	}
	l.untouched(t, sue.stream, mine, "barged")
	bo.stream.Hear("barged!")
	sue.Mode(m.ContactId, agent.MonitorCapabilitySILENT_MONITOR)
	hears(bo.stream, eventLeft)
	_, err = mine.TrySend(t.Context(), "psst")
	servertest.Refused(t, "what a supervisor says who is silent again", err, "AccessDeniedException", 403)

	sue.Mode(m.ContactId, agent.MonitorCapabilityBARGE)
	hears(bo.stream, eventJoined)
	sue.Remove(m.ContactId, me.Participant)
	bo.stream.Contact(agent.AgentContactStateENDED)
	l.untouched(t, sue.stream, mine, "alone")
	_, err = o.Agent.UpdateMonitorParticipantState(t.Context(), &agent.UpdateMonitorParticipantStateRequest{SessionToken: sue.Token, ContactId: m.ContactId, TargetMonitorMode: "SILENT_MONITOR"})
	servertest.Refused(t, "being silent with nobody there", err, "InvalidStateException", 409)
	sue.Leave(m.ContactId)
	sue.stream.Snapshot(empty)
	sue.Leave(m.ContactId)
	l.until(eventEnded)
	if got, want := strings.Join(l.events(), " "), "participant.joined participant.joined participant.joined participant.left participant.joined participant.left participant.left participant.left chat.ended"; got != want {
		t.Errorf("the customer was told %s; want %s", got, want)
	}
}

// TestMonitorEnds has the watched contact end: it vanishes from the supervisor's hands, without after-contact work.
func TestMonitorEnds(t *testing.T) {
	o := openCentre(t)
	bo, sue := o.agent("bo").available(), o.agent("sue", "ManagerListenIn")
	l := o.call()
	o.takes(bo, l)
	m := sue.Monitor(l.Contact)
	sue.stream.Contact(agent.AgentContactStateCONNECTED)
	_, err := o.Agent.ClearContact(t.Context(), &agent.ClearContactRequest{SessionToken: sue.Token, ContactId: m.ContactId})
	servertest.Refused(t, "clearing what is watched", err, "InvalidStateException", 409)
	bo.Leave(l.Contact)
	sue.stream.Snapshot(empty)
	sue.Leave(m.ContactId)
	_, err = o.Agent.MonitorContact(t.Context(), &agent.MonitorContactRequest{SessionToken: sue.Token, ContactId: l.Contact})
	servertest.Refused(t, "monitoring what has ended", err, "InvalidStateException", 409)
}

// TestWhoMayMonitor asks for the permissions, the hierarchy and the instance's attribute.
func TestWhoMayMonitor(t *testing.T) {
	o := openCentre(t)
	ctx, instance := t.Context(), o.Instance(t)
	if _, err := o.Connect.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: instance, HierarchyStructure: &connect.HierarchyStructureUpdate{
		LevelOne: &connect.HierarchyLevelUpdate{Name: "Site"}, LevelTwo: &connect.HierarchyLevelUpdate{Name: "Team"}}}); err != nil {
		t.Fatal(err)
	}
	group := func(name string, parent *string) *string {
		out, err := o.Connect.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: instance, Name: name, ParentGroupId: parent})
		if err != nil {
			t.Fatal(err)
		}
		return out.HierarchyGroupId
	}
	north := group("North", nil)
	sales, south := group("Sales", north), group("South", nil)
	place := func(w *worker, at *string) *worker {
		if _, err := o.Connect.UpdateUserHierarchy(ctx, &connect.UpdateUserHierarchyRequest{InstanceId: instance, UserId: w.id, HierarchyGroupId: at}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	limited := func(name string, at *string, to *string) *worker {
		w := place(o.agent(name), at)
		p, err := o.Connect.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: instance, SecurityProfileName: "Limits of " + name,
			Permissions: []string{"BasicAgentAccess", "ManagerListenIn", "ManagerBargeIn"}, HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: to})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Connect.UpdateUserSecurityProfiles(ctx, &connect.UpdateUserSecurityProfilesRequest{InstanceId: instance, UserId: w.id, SecurityProfileIds: []string{*p.SecurityProfileId}}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	bo := place(o.agent("bo"), sales).available()
	l := o.call()
	o.takes(bo, l)
	for _, c := range []struct {
		w    *worker
		what string
		mode []agent.MonitorCapability
		want string // the permission that is missing, "" for who may
	}{
		{o.agent("nina"), "without the permission", nil, "ManagerListenIn"},
		{o.agent("lia", "ManagerListenIn"), "who wants to barge in", []agent.MonitorCapability{"BARGE"}, "ManagerBargeIn"},
		{place(o.agent("sid", "ManagerListenIn", "RestrictContactAccessByHierarchy.View"), south), "of another part of the hierarchy", nil, "ManagerListenIn"},
		{place(o.agent("pat", "ManagerListenIn", "RestrictContactAccessByHierarchy.View"), nil), "of no part of the hierarchy", nil, "ManagerListenIn"},
		{limited("kim", north, south), "for another group", nil, "ManagerListenIn"},
		{limited("lou", south, nil), "whose group is another", nil, "ManagerListenIn"},
		{limited("max", south, north), "for the site of the agent", nil, ""},
		{limited("ned", sales, nil), "of the group of the agent", []agent.MonitorCapability{"BARGE"}, ""},
		{place(o.agent("ola", "ManagerListenIn", "RestrictContactAccessByHierarchy.View"), north), "above the agent", []agent.MonitorCapability{"SILENT_MONITOR"}, ""},
	} {
		_, err := o.Agent.MonitorContact(ctx, &agent.MonitorContactRequest{SessionToken: c.w.Token, ContactId: l.Contact, AllowedMonitorCapabilities: c.mode})
		out, listed := o.Agent.ListActiveContacts(ctx, &agent.ListActiveContactsRequest{SessionToken: c.w.Token})
		if c.want == "" {
			if err != nil || listed != nil || len(out.ActiveContacts) != 1 {
				t.Errorf("a supervisor %s: %v; he is listed %+v, %v", c.what, err, out, listed)
			}
			continue
		}
		servertest.Refused(t, "a supervisor "+c.what, err, "AccessDeniedException", 403)
		if e, ok := errors.AsType[*agent.AccessDeniedException](err); !ok || e.Permission == nil || *e.Permission != c.want {
			t.Errorf("a supervisor %s is refused with %v; want the permission %s", c.what, err, c.want)
		}
		if listed == nil && c.want == "ManagerListenIn" && len(out.ActiveContacts) != 0 {
			t.Errorf("a supervisor %s is listed %+v", c.what, out.ActiveContacts)
		}
	}
	_, err := o.Agent.UpdateMonitorParticipantState(ctx, &agent.UpdateMonitorParticipantStateRequest{SessionToken: bo.Token, ContactId: l.Contact, TargetMonitorMode: "BARGE"})
	servertest.Refused(t, "barging in by the agent", err, "InvalidStateException", 409)
	tom := o.agent("tom", "ManagerListenIn", "ManagerBargeIn")
	silent, err := o.Agent.MonitorContact(ctx, &agent.MonitorContactRequest{SessionToken: tom.Token, ContactId: l.Contact, AllowedMonitorCapabilities: []agent.MonitorCapability{"SILENT_MONITOR"}})
	if err != nil || len(silent.MonitorCapabilities) != 1 {
		t.Fatalf("who asks to be silent alone: %+v, %v", silent, err)
	}
	_, err = o.Agent.UpdateMonitorParticipantState(ctx, &agent.UpdateMonitorParticipantStateRequest{SessionToken: tom.Token, ContactId: silent.ContactId, TargetMonitorMode: "BARGE"})
	servertest.Refused(t, "barging in by one who was to be silent", err, "InvalidStateException", 409)
	o.attribute(connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING, "false")
	_, err = o.Agent.MonitorContact(ctx, &agent.MonitorContactRequest{SessionToken: o.agent("zoe", "ManagerListenIn").Token, ContactId: l.Contact})
	servertest.Refused(t, "monitoring where it is off", err, "InvalidStateException", 409)
}

// TestActiveContactsInPages reads the contacts to monitor page by page, those that have been connected longest first.
func TestActiveContactsInPages(t *testing.T) {
	o := openCentre(t)
	bo, sue := o.agent("bo").available(), o.agent("sue", "ManagerListenIn")
	var want []string
	for range 2 {
		l := o.call()
		o.takes(bo, l)
		want = append(want, l.Contact)
	}
	var got []string
	var token *string
	for pages := 1; ; pages++ {
		out, err := o.Agent.ListActiveContacts(t.Context(), &agent.ListActiveContactsRequest{SessionToken: sue.Token, MaxResults: new(int32(1)), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range out.ActiveContacts {
			got = append(got, c.ContactId)
		}
		if token = out.NextToken; token == nil {
			if pages != 2 {
				t.Errorf("there are %d pages; want two", pages)
			}
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the contacts to monitor are %v; want %v", got, want)
	}
}

// TestListQuickConnects lists those of the profile, of queues and of a contact, with who is there.
func TestListQuickConnects(t *testing.T) {
	o := openCentre(t)
	second, _ := o.queue("Second")
	bo, cy := o.agent("bo").available(), o.agent("cy")
	o.quick("phone", connect.QuickConnectTypePHONE_NUMBER, "+4930901820")
	o.quick("elsewhere", connect.QuickConnectTypeQUEUE, second)
	o.quick("home", connect.QuickConnectTypeQUEUE, catalog.DemoQueue)
	o.apart(cy.id)
	l := o.call()
	o.takes(bo, l)
	list := func(change ...func(*agent.ListQuickConnectsRequest)) (names []string, all []agent.QuickConnectSummary) {
		t.Helper()
		in := &agent.ListQuickConnectsRequest{SessionToken: bo.Token}
		for _, f := range change {
			f(in)
		}
		for {
			out, err := o.Agent.ListQuickConnects(t.Context(), in)
			if err != nil {
				t.Fatalf("ListQuickConnects: %v", err)
			}
			all = append(all, out.QuickConnects...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		for _, k := range all {
			names = append(names, k.Name)
		}
		return names, all
	}
	want := []string{"elsewhere", "home", "to cy"}
	arn := bo.Agent().Configuration.RoutingProfile.Queues[0].Queue.Arn
	for what, change := range map[string]func(*agent.ListQuickConnectsRequest){
		"of the profile": func(*agent.ListQuickConnectsRequest) {},
		"in pages":       func(in *agent.ListQuickConnectsRequest) { in.MaxResults = new(int32(1)) },
		"of the contact": func(in *agent.ListQuickConnectsRequest) { in.ContactId = &l.Contact },
		"of some queues": func(in *agent.ListQuickConnectsRequest) { in.QueueIds = []string{second, catalog.DemoQueue} },
		"of all by ARN": func(in *agent.ListQuickConnectsRequest) {
			in.QueueIds = []string{arn, bo.Agent().Configuration.AgentQueue.Arn}
		},
		"of all by an id": func(in *agent.ListQuickConnectsRequest) { in.QueueIds = []string{catalog.DemoQueue} },
	} {
		if got, _ := list(change); !slices.Equal(got, want) {
			t.Errorf("the quick connects %s are %v; want %v", what, got, want)
		}
	}
	if got, _ := list(func(in *agent.ListQuickConnectsRequest) { in.QueueIds = []string{second} }); len(got) != 0 {
		t.Errorf("the quick connects of a queue that is not of the profile are %v", got)
	}
	cyIs := func() agent.AgentPresence {
		_, all := list()
		return *all[2].Agent
	}
	if is := cyIs(); is.StatusName != "Offline" || is.Available {
		t.Errorf("who is not there is %+v", is)
	}
	cy.available()
	if is := cyIs(); is.StatusName != "Available" || is.StatusType != agent.AgentStatusTypeROUTABLE || !is.Available {
		t.Errorf("who is there is %+v", is)
	}
	_, all := list()
	if load := all[1].Load; all[1].Queue == nil || all[1].Queue.Id != catalog.DemoQueue || load == nil || load.Staffed != 2 || load.Available < 2 || load.Waiting != 0 {
		t.Errorf("the quick connect to a queue is %+v, with %+v", all[1], load)
	}
	if to := all[2]; to.UserId == nil || *to.UserId != cy.id || to.DisplayName == nil || *to.DisplayName != "CY" || !strings.HasSuffix(to.Arn, "/transfer-destination/"+to.Id) {
		t.Errorf("the quick connect to an agent is %+v", fmt.Sprintf("%+v", to))
	}
	_, err := o.Agent.ListQuickConnects(t.Context(), &agent.ListQuickConnectsRequest{SessionToken: bo.Token, ContactId: &l.Contact, QueueIds: []string{second}})
	servertest.Refused(t, "a contact and queues", err, "ValidationException", 400)
	_, err = o.Agent.ListQuickConnects(t.Context(), &agent.ListQuickConnectsRequest{SessionToken: cy.Token, ContactId: &l.Contact})
	servertest.Refused(t, "another's contact", err, "ResourceNotFoundException", 404)
}
