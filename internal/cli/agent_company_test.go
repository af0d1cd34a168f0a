package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server/servertest"
)

// colleague hires an agent with permissions, to whom a quick connect of the demo queue leads.
func colleague(t *testing.T, s *servertest.Server, name string, permissions ...string) {
	t.Helper()
	ctx, demo := t.Context(), catalog.DemoInstance
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	dana, err := s.Connect.DescribeUser(ctx, &connect.DescribeUserRequest{InstanceId: demo, UserId: catalog.DemoAgent})
	check(err)
	p, err := s.Connect.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: demo, SecurityProfileName: "Of " + name, Permissions: append(permissions, "BasicAgentAccess")})
	check(err)
	u, err := s.Connect.CreateUser(ctx, &connect.CreateUserRequest{InstanceId: demo, Username: name, Password: new(catalog.DemoPassword), RoutingProfileId: *dana.User.RoutingProfileId,
		SecurityProfileIds: []string{*p.SecurityProfileId}, PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}})
	check(err)
	flows, err := s.Connect.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: demo, ContactFlowTypes: []connect.ContactFlowType{connect.ContactFlowTypeAGENT_TRANSFER}})
	check(err)
	q, err := s.Connect.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: demo, Name: "Desk of " + name, QuickConnectConfig: &connect.QuickConnectConfig{
		QuickConnectType: connect.QuickConnectTypeUSER, UserConfig: &connect.UserQuickConnectConfig{UserId: *u.UserId, ContactFlowId: *flows.ContactFlowSummaryList[0].Id}}})
	check(err)
	_, err = s.Connect.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: demo, QueueId: catalog.DemoQueue, QuickConnectIds: []string{*q.QuickConnectId}})
	check(err)
}

// TestAgentCompany: agents in terminals invite each other, hand chats over, say what is often said, and are monitored.
func TestAgentCompany(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	for _, on := range []connect.InstanceAttributeType{"MULTI_PARTY_CHAT_CONFERENCE", connect.InstanceAttributeTypeENHANCED_CHAT_MONITORING} {
		if _, err := s.Connect.UpdateInstanceAttribute(t.Context(), &connect.UpdateInstanceAttributeRequest{InstanceId: catalog.DemoInstance, AttributeType: on, Value: "true"}); err != nil {
			t.Fatal(err)
		}
	}
	colleague(t, s, "cy")
	colleague(t, s, "sue", "ManagerListenIn", "ManagerBargeIn", "ContentManagement.Create")
	boss := s.SignIn(t, "sue", catalog.DemoPassword)
	for name, content := range map[string]string{"Greeting": "Hello {{Customer.DisplayName}}, I am {{Agent.DisplayName}}", "Discount": "With {{Attributes.code}} it costs less"} {
		if _, err := s.Agent.CreateQuickResponse(t.Context(), &agent.CreateQuickResponseRequest{SessionToken: boss.Token, Name: name, Content: content, ShortcutKey: new(strings.ToLower(name[:2]))}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(catalog.DemoPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	sit := func(name string) *talker {
		k := speak(t, "agent", "--endpoint", s.URL, "--name", name, "--password-file", file, "--status", "Offline")
		k.out.wait(t, "-- you are Offline")
		return k
	}
	dana := speak(t, "agent", "--endpoint", s.URL)
	dana.out.wait(t, "-- you are Available")
	cy, sue := sit("cy"), sit("sue")
	ana := talk(t, "--endpoint", s.URL, "--agent")
	dana.say("/accept")
	dana.out.wait(t, "-- accepted: Ana")

	dana.say("/quick")
	dana.out.wait(t, "-- 2: Greeting (gr): Hello Ana, I am Dana")
	dana.say("/quick 1")
	dana.out.wait(t, "-- not sent: {{Attributes.code}} has no value in this chat")
	dana.say("/quick hello")
	dana.out.wait(t, "-- 1: Greeting")
	dana.say("/quick 1")
	ana.out.wait(t, "Dana: Hello Ana, I am Dana")

	sue.say("/barge")
	sue.out.wait(t, "-- you monitor no chat; /monitor lists those there are")
	sue.say("/monitor")
	sue.out.wait(t, "-- 1: Ana with Dana, for ")
	sue.say("/monitor 1")
	sue.out.wait(t, "[1] -- you monitor Ana with Dana: nobody sees you before you /barge in; /end leaves")
	sue.out.wait(t, "Dana: Hello Ana, I am Dana")
	sue.say("psst")
	sue.out.wait(t, "-- not sent: you monitor chat 1 in silence; /barge first")
	sue.say("/chats")
	sue.out.wait(t, "[1] -- Ana with Dana is monitored, in view")
	sue.say("/info")
	sue.out.wait(t, "supervisor sue (you), silent monitor of Dana")
	sue.say("/barge")
	sue.say("good day to you both")
	ana.out.wait(t, "sue: good day to you both")
	sue.say("/silent")
	sue.say("/silent") // which changes nothing
	sue.say("/end")
	sue.out.wait(t, "-- you do not monitor Ana with Dana any more")
	sue.say("/quit")

	dana.say("/invite")
	dana.out.wait(t, "Desk of cy, the agent cy, Offline")
	dana.say("/invite desk of cy")
	dana.out.wait(t, "-- InvalidStateException: ") // cy is not there
	cy.say("/status Available")
	cy.out.wait(t, "-- you are Available")
	dana.say("/cancel")
	dana.out.wait(t, "-- nobody is invited, and nothing is being transferred")
	dana.say("/invite desk of cy")
	cy.out.wait(t, "-- rings: Ana")
	dana.say("/end")
	dana.out.wait(t, "nobody else is there")
	dana.say("/cancel")
	cy.out.wait(t, "-- cleared: Ana")
	dana.say("/transfer desk")
	dana.out.wait(t, "-- 2: Desk of sue")
	dana.say("/transfer nowhere")
	dana.out.wait(t, `-- there is no quick connect "nowhere"; /transfer lists them`)
	dana.say("/transfer 1")
	dana.out.wait(t, "-- transferring: Desk of cy; until that is reached you go on, and may /cancel")
	dana.out.wait(t, "-- handed over")
	dana.out.wait(t, "-- over for you")
	dana.say("/quit")
	cy.say("/accept")
	cy.say("I am Cy")
	ana.out.wait(t, "cy: I am Cy")
	cy.say("/end")
	cy.say("/clear")
	cy.say("/quit")
	for name, k := range map[string]*talker{"dana": dana, "cy": cy, "sue": sue, "ana": ana} {
		if k.status(); k.errs.String() != "" {
			t.Errorf("%s: %s", name, k.errs)
		}
	}
	once(t, cy.out.String(), "Dana: Hello Ana, I am Dana", "sue: good day to you both", "cy: I am Cy")
}
