package connectapi_test

import (
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
)

func TestMonitorContact(t *testing.T) {
	inHall(t, func(h *hall) {
		t := h.T
		ctx := t.Context()
		snap, err := h.engine.Catalog.Snapshot(ctx, h.instance)
		if err != nil {
			t.Fatal(err)
		}
		profile := func(name string, permissions ...string) string {
			return *must[*connect.CreateSecurityProfileResponse](t)(h.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{
				InstanceId: h.instance, SecurityProfileName: name, Permissions: permissions})).SecurityProfileId
		}
		user := func(name string, profiles ...string) string {
			return *must[*connect.CreateUserResponse](t)(h.CreateUser(ctx, &connect.CreateUserRequest{
				InstanceId: h.instance, Username: name, Password: new("Passw0rd1"), IdentityInfo: &connect.UserIdentityInfo{FirstName: new(name), LastName: new("S")},
				PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}, RoutingProfileId: string(catalog.All[*catalog.RoutingProfile](snap)[0].ID), SecurityProfileIds: profiles,
			})).UserId
		}
		listens, barges := profile("listens", "ManagerListenIn"), profile("barges", "ManagerListenIn", "ManagerBargeIn")
		sue, tom, ann := user("sue", barges), user("tom", listens), user("ann", profile("agents", "BasicAgentAccess"))
		queue := string(catalog.All[*catalog.Queue](snap)[0].ID)
		f := h.flow("to queue", connect.ContactFlowTypeCONTACT_FLOW, strings.ReplaceAll(toQueue, "QUEUE", queue))
		id, _ := h.join(func(r *connect.StartChatContactRequest) { r.ContactFlowId = f })
		monitor := func(user string, change ...func(*connect.MonitorContactRequest)) (*connect.MonitorContactResponse, error) {
			in := &connect.MonitorContactRequest{InstanceId: h.instance, ContactId: id, UserId: user, ClientToken: new("for " + user),
				AllowedMonitorCapabilities: []connect.MonitorCapability{connect.MonitorCapabilitySILENT_MONITOR, connect.MonitorCapabilityBARGE}}
			for _, c := range change {
				c(in)
			}
			return h.MonitorContact(ctx, in)
		}
		silently := func(in *connect.MonitorContactRequest) { in.AllowedMonitorCapabilities = nil }
		do := func(cmd contact.Command) {
			t.Helper()
			if _, err := h.engine.Do(ctx, center.ContactID(id), cmd); err != nil {
				t.Fatalf("%T: %v", cmd, err)
			}
		}
		_, err = monitor(sue)
		h.invalidRequest("an instance without ENHANCED_CHAT_MONITORING", err)
		if _, err := h.UpdateInstanceAttribute(ctx, &connect.UpdateInstanceAttributeRequest{
			InstanceId: h.instance, AttributeType: connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING, Value: "true"}); err != nil {
			t.Fatal(err)
		}
		_, err = monitor(sue)
		h.invalidRequest("a contact without an agent", err)
		do(contact.Join{User: center.UserID(ann), DisplayName: "Ann"})
		_, err = monitor(tom)
		h.refused("BARGE without the permission", err, "AccessDeniedException", 403)
		_, err = monitor(ann, silently)
		h.refused("without any permission", err, "AccessDeniedException", 403)
		_, err = monitor("nobody")
		h.refused("nobody", err, "ResourceNotFoundException", 404)
		_, err = monitor(sue, func(in *connect.MonitorContactRequest) { in.ContactId = "none" })
		h.refused("no contact", err, "ResourceNotFoundException", 404)

		made := must[*connect.MonitorContactResponse](t)(monitor(sue))
		if again := must[*connect.MonitorContactResponse](t)(monitor(sue)); *again.ContactId != *made.ContactId || !strings.HasSuffix(*made.ContactArn, "/contact/"+*made.ContactId) {
			t.Errorf("asked again: %s; want %s, of %s", *again.ContactId, *made.ContactId, *made.ContactArn)
		}
		_, err = monitor(sue, silently)
		h.refused("the ClientToken of another request", err, "IdempotencyException", 409)
		must[*connect.MonitorContactResponse](t)(monitor(tom, silently))
		c := h.describe(*made.ContactId)
		if c.InitiationMethod != connect.ContactInitiationMethodMONITOR || *c.InitialContactId != id || *c.AgentInfo.Id != sue || len(c.AgentInfo.StateTransitions) != 2 || c.AgentInfo.StateTransitions[1].StateEndTimestamp != nil {
			t.Errorf("the supervisor's contact is %+v, %+v", c, c.AgentInfo)
		}
		do(contact.Leave{User: center.UserID(sue)})
		if c := h.describe(*made.ContactId); len(c.AgentInfo.StateTransitions) != 3 || c.DisconnectTimestamp == nil {
			t.Errorf("after the supervisor has left the contact is %+v, %+v", c, c.AgentInfo)
		}
		time.Sleep(agent.Grace + time.Second)
		if state, err := h.engine.State(ctx, center.ContactID(id)); err != nil || len(state.Work) != 1 {
			t.Errorf("agents have %+v in hand, %v; want one, since the other supervisor has not come to his desk for a minute", state.Work, err)
		}
		do(contact.Stop{})
		_, err = monitor(sue, func(in *connect.MonitorContactRequest) { in.ClientToken = new("later") })
		h.invalidRequest("a contact that has ended", err)
	})
}
