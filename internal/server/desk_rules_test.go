package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/internal/auth"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

const password = "Correct-Horse-1"

// hire creates a user of a routing profile with permissions, and returns his id.
func hire(t testing.TB, s *servertest.Server, name, routing string, permissions ...string) string {
	t.Helper()
	instance := s.Instance(t)
	profile, err := s.Connect.CreateSecurityProfile(t.Context(), &connect.CreateSecurityProfileRequest{
		InstanceId: instance, SecurityProfileName: "Of " + name, Permissions: append([]string{"BasicAgentAccess"}, permissions...)})
	if err != nil {
		t.Fatalf("CreateSecurityProfile: %v", err)
	}
	if routing == "" {
		all, err := s.Connect.ListRoutingProfiles(t.Context(), &connect.ListRoutingProfilesRequest{InstanceId: instance})
		if err != nil {
			t.Fatalf("ListRoutingProfiles: %v", err)
		}
		routing = *all.RoutingProfileSummaryList[0].Id
	}
	u, err := s.Connect.CreateUser(t.Context(), &connect.CreateUserRequest{
		InstanceId: instance, Username: name, Password: new(password), RoutingProfileId: routing, SecurityProfileIds: []string{*profile.SecurityProfileId},
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE}, IdentityInfo: &connect.UserIdentityInfo{FirstName: new(strings.ToUpper(name))}})
	if err != nil {
		t.Fatalf("CreateUser: %v", err)
	}
	return *u.UserId
}

// TestSignIn signs in by id, ARN and alias of the instance, and is refused in the same words whatever is wrong. Guesses
// are bounded, for one user and not for others.
func TestSignIn(t *testing.T) {
	s := servertest.Start(t)
	s.Clock().Freeze(true)
	hire(t, s, "bo", "")
	arn := s.Desk(t).User.InstanceArn
	try := func(instance, name, pass string) (*agent.SignInResponse, error) {
		return s.Agent.SignIn(t.Context(), &agent.SignInRequest{InstanceId: instance, UserName: name, Password: pass})
	}
	for _, ref := range []string{catalog.DemoInstance, arn, catalog.DemoAlias} {
		out, err := try(ref, "bo", password)
		if err != nil || out.User.UserName != "bo" || out.User.DisplayName != "BO" || !out.Expiry.Equal(s.Clock().Now().Add(auth.SessionLife).Truncate(time.Millisecond)) {
			t.Errorf("signed in at %s: %+v, %v", ref, out, err)
		}
	}
	said := map[string]bool{}
	for _, c := range [][3]string{
		{catalog.DemoInstance, "bo", "wrong"}, {catalog.DemoInstance, "nobody", password}, {catalog.DemoInstance, "Bo", password},
		{"77777777-7777-4777-8777-777777777777", "bo", password}, {"no-such-alias", "bo", password},
	} {
		_, err := try(c[0], c[1], c[2])
		servertest.Refused(t, fmt.Sprint(c), err, "UnauthorizedException", 401)
		said[err.Error()] = true
	}
	if len(said) != 1 {
		t.Errorf("refusals differ: %v", said)
	}
	var err error
	for range 20 {
		if _, err = try(catalog.DemoInstance, "bo", "guess"); err == nil {
			t.Fatal("a guess was right")
		}
	}
	servertest.Refused(t, "the twentieth guess", err, "ThrottlingException", 429)
	_, err = try(catalog.DemoInstance, "bo", password)
	servertest.Refused(t, "the password, after many guesses", err, "ThrottlingException", 429)
	s.Desk(t) // others are not concerned
	advance(t, s, "2m")
	if _, err := try(catalog.DemoInstance, "bo", password); err != nil {
		t.Errorf("two minutes later: %v", err)
	}
}

// TestEndForEverybody has agents set attributes of contacts, and end chats: those that they have in hand.
func TestEndForEverybody(t *testing.T) {
	s := servertest.Start(t)
	s.Restrict(t)
	d, stream := atWork(t, s)
	customer := waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	d.Accept(customer.Contact)
	ctx := t.Context()
	hire(t, s, "boss", "", "StopContact.Enabled", "ContactAttributes.View", "AccessMetrics")
	boss := s.SignIn(t, "boss", password)
	_, err := s.Agent.EndContact(ctx, &agent.EndContactRequest{SessionToken: boss.Token, ContactId: customer.Contact})
	servertest.Refused(t, "ending somebody else's contact", err, "ResourceNotFoundException", 404)

	d.Choose("Offline")
	other := boss.Stream()
	other.Snapshot(empty)
	boss.Choose("Available")
	second := waiting(t, s)
	other.Contact(agent.AgentContactStateCONNECTING)
	boss.Accept(second.Contact)
	if _, err := s.Agent.UpdateContactAttributes(ctx, &agent.UpdateContactAttributesRequest{SessionToken: boss.Token, ContactId: second.Contact, Attributes: map[string]string{"vip": "yes"}}); err != nil {
		t.Errorf("UpdateContactAttributes: %v", err)
	}
	other.Snapshot(func(a *agent.AgentSnapshot) bool {
		return len(a.Contacts) == 1 && a.Contacts[0].Attributes["vip"] == "yes"
	})
	_, err = s.Agent.UpdateContactAttributes(ctx, &agent.UpdateContactAttributesRequest{SessionToken: boss.Token, ContactId: second.Contact, Attributes: map[string]string{"not a key": "b"}})
	servertest.Refused(t, "an attribute that cannot be", err, "ValidationException", 400)
	for range 2 {
		if _, err := s.Agent.EndContact(ctx, &agent.EndContactRequest{SessionToken: boss.Token, ContactId: second.Contact}); err != nil {
			t.Errorf("EndContact: %v", err)
		}
	}
	if c := other.Contact(agent.AgentContactStateENDED); !c.ChatEnded {
		t.Errorf("the chat that was ended is %+v", c)
	}
}

// TestSessionsEnd ends sessions in every way there is: calls are refused, and streams close.
func TestSessionsEnd(t *testing.T) {
	s := servertest.Start(t)
	id := hire(t, s, "bo", "")
	ctx := t.Context()
	over := func(what string, d *servertest.Desk, stream *servertest.Stream, code string, status int) {
		t.Helper()
		_, err := s.Agent.GetAgent(ctx, &agent.GetAgentRequest{SessionToken: d.Token})
		servertest.Refused(t, what, err, code, status)
		if closed := stream.Closed(); closed != 4401 {
			t.Errorf("%s: the stream was closed with %d; want 4401", what, closed)
		}
	}
	signIn := func() (*servertest.Desk, *servertest.Stream) {
		d := s.SignIn(t, "bo", password)
		stream := d.Stream()
		stream.Snapshot(empty)
		return d, stream
	}
	one, first := signIn()
	two, second := signIn()
	for range 2 {
		if _, err := s.Agent.SignOut(ctx, &agent.SignOutRequest{SessionToken: one.Token}); err != nil {
			t.Fatalf("SignOut: %v", err)
		}
	}
	over("signed out", one, first, "UnauthorizedException", 401)
	two.Agent()
	two.Choose("Available")
	three, third := signIn()
	if _, err := s.Agent.SignOut(ctx, &agent.SignOutRequest{SessionToken: two.Token, Everywhere: new(true)}); err != nil {
		t.Fatalf("SignOut everywhere: %v", err)
	}
	over("signed out everywhere", two, second, "UnauthorizedException", 401)
	over("signed out everywhere else", three, third, "UnauthorizedException", 401)
	four, fourth := signIn()
	if now := four.Agent().Snapshot.Status; now.Name != "Offline" {
		t.Errorf("who signed out and in again is %s; want Offline", now.Name)
	}
	url, err := s.Agent.CreateStream(ctx, &agent.CreateStreamRequest{SessionToken: four.Token})
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := s.Connect.SearchSecurityProfiles(ctx, &connect.SearchSecurityProfilesRequest{InstanceId: s.Instance(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles.SecurityProfiles {
		if *p.SecurityProfileName == "Of bo" {
			if _, err := s.Connect.UpdateSecurityProfile(ctx, &connect.UpdateSecurityProfileRequest{InstanceId: s.Instance(t), SecurityProfileId: *p.Id, Permissions: []string{"AccessMetrics"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	over("without BasicAgentAccess", four, fourth, "AccessDeniedException", 403)
	_, err = s.Agent.SignIn(ctx, &agent.SignInRequest{InstanceId: s.Instance(t), UserName: "bo", Password: password})
	servertest.Refused(t, "signing in without BasicAgentAccess", err, "AccessDeniedException", 403)
	if r := call(t, s, "GET", url.Url[strings.Index(url.Url, "/agent/"):], "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="); r.status != 403 {
		t.Errorf("the stream of a user without the permission is answered %d %s; want 403", r.status, r.body)
	}
	demo, fifth := atWork(t, s)
	if _, err := s.Connect.DeleteUser(ctx, &connect.DeleteUserRequest{InstanceId: s.Instance(t), UserId: id}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Agent.GetAgent(ctx, &agent.GetAgentRequest{SessionToken: four.Token})
	servertest.Refused(t, "a user who was deleted", err, "UnauthorizedException", 401)
	if _, err := s.Connect.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: s.Instance(t)}); err != nil {
		t.Fatal(err)
	}
	over("in an instance that was deleted", demo, fifth, "UnauthorizedException", 401)
	for _, token := range []string{"", "nonsense", strings.Repeat("x", 2000)} {
		if r := call(t, s, "GET", "/agent", "", "X-Amz-Bearer", token); r.status != 401 || r.code(t) != "UnauthorizedException" {
			t.Errorf("the session %.20q is answered %d %s; want 401", token, r.status, r.body)
		}
	}
	if r := call(t, s, "GET", "/agent/nothing", "", "X-Amz-Bearer", demo.Token); r.status != 404 {
		t.Errorf("an operation that there is not is answered %d %s; want 404", r.status, r.body)
	}
}

// TestStreamsAreBounded opens too many streams, floods one, and says nonsense on another.
func TestStreamsAreBounded(t *testing.T) {
	s := servertest.Start(t)
	s.Clock().Freeze(true)
	d, oldest := atWork(t, s)
	all := []*servertest.Stream{}
	for range 20 {
		stream := d.Stream()
		stream.Snapshot(empty)
		all = append(all, stream)
	}
	if code := oldest.Closed(); code != 4429 {
		t.Errorf("the oldest of 21 streams was closed with %d; want 4429", code)
	}
	for range 1000 {
		if err := all[0].Try(`{"Type":"HEARTBEAT"}`); err != nil {
			break
		}
	}
	if code := all[0].Closed(); code != 1008 {
		t.Errorf("a flood was closed with %d; want 1008", code)
	}
	for text, want := range map[string]uint16{"nonsense": 1007, "[]": 1007, strings.Repeat(" ", 20<<10): 1009} {
		stream := d.Stream()
		stream.Snapshot(empty)
		_ = stream.Try(text)
		if code := stream.Closed(); code != want {
			t.Errorf("%.10q was closed with %d; want %d", text, code, want)
		}
	}
	if !has("Available", "")(d.Agent().Snapshot) {
		t.Errorf("the agent is %+v; want Available", d.Agent().Snapshot)
	}
	var err error
	for range 21 {
		if _, err = s.Agent.Broadcast(t.Context(), &agent.BroadcastRequest{SessionToken: d.Token, Content: "x"}); err != nil {
			break
		}
	}
	servertest.Refused(t, "more than twenty broadcasts at once", err, "ThrottlingException", 429)
	_, err = s.Agent.Broadcast(t.Context(), &agent.BroadcastRequest{SessionToken: d.Token, Content: strings.Repeat("ä", 4000)})
	servertest.Refused(t, "a broadcast of 8,000 bytes", err, "ValidationException", 400)
}

// TestPickAndExplain lists what waits for an agent to pick it, says why nobody has got it, and picks it.
func TestPickAndExplain(t *testing.T) {
	s := servertest.Start(t)
	instance := s.Instance(t)
	manual := []connect.RoutingProfileManualAssignmentQueueConfig{{QueueReference: &connect.RoutingProfileQueueReference{QueueId: catalog.DemoQueue, Channel: connect.ChannelCHAT}}}
	routing, err := s.Connect.CreateRoutingProfile(t.Context(), &connect.CreateRoutingProfileRequest{
		InstanceId: instance, Name: "Pickers", Description: "Pick", DefaultOutboundQueueId: catalog.DemoQueue, ManualAssignmentQueueConfigs: manual,
		MediaConcurrencies: []connect.MediaConcurrency{{Channel: connect.ChannelCHAT, Concurrency: new(int32(2))}}})
	if err != nil {
		t.Fatalf("CreateRoutingProfile: %v", err)
	}
	hire(t, s, "bo", *routing.RoutingProfileId, "ManualAssignAnyContact.Enable", "AccessMetrics.AgentActivityAudit.Access")
	var chats []*servertest.Chat
	s.Clock().Freeze(true)
	for range 3 {
		chats = append(chats, waiting(t, s))
		advance(t, s, "1s")
	}
	s.Clock().Freeze(false)
	d := s.SignIn(t, "bo", password)
	list := func(after *string) *agent.ListWaitingContactsResponse {
		out, err := s.Agent.ListWaitingContacts(t.Context(), &agent.ListWaitingContactsRequest{SessionToken: d.Token, MaxResults: new(int32(2)), NextToken: after, QueueId: new(catalog.DemoQueue)})
		if err != nil {
			t.Fatalf("ListWaitingContacts: %v", err)
		}
		return out
	}
	page := list(nil)
	rest := list(page.NextToken)
	found := append(page.WaitingContacts, rest.WaitingContacts...)
	if len(page.WaitingContacts) != 2 || len(found) != 3 || rest.NextToken != nil {
		t.Fatalf("waiting are %+v, then %+v; want two, then one", page, rest)
	}
	for i, c := range chats {
		if found[i].ContactId != c.Contact || *found[i].Queue.Name != "BasicQueue" || found[i].CustomerName == nil || *found[i].CustomerName != "Ana" {
			t.Errorf("waiting is %+v; want contact %s of Ana in BasicQueue", found[i], c.Contact)
		}
	}
	if held := d.Agent().Configuration.RoutingProfile.Queues; len(held) != 1 || !held[0].Manual || held[0].Offered {
		t.Errorf("the queues of the profile are %+v; want one to pick from", held)
	}
	_, err = s.Agent.PickContact(t.Context(), &agent.PickContactRequest{SessionToken: d.Token, ContactId: chats[1].Contact})
	servertest.Refused(t, "picking without a stream", err, "InvalidStateException", 409)
	why, err := s.Agent.ExplainContact(t.Context(), &agent.ExplainContactRequest{SessionToken: d.Token, ContactId: chats[1].Contact})
	if err != nil || len(why.Reasons) == 0 {
		t.Fatalf("ExplainContact: %+v, %v", why, err)
	}
	if r := why.Reasons[0]; r.Text == "" || strings.Contains(r.Text, catalog.DemoAgent) || r.Cause == "" {
		t.Errorf("the reason is %+v; want a sentence without ids", r)
	}
	stream := d.Stream()
	stream.Snapshot(empty)
	if _, err := s.Agent.PickContact(t.Context(), &agent.PickContactRequest{SessionToken: d.Token, ContactId: chats[1].Contact}); err != nil {
		t.Fatalf("PickContact: %v", err)
	}
	if c := stream.Contact(agent.AgentContactStateCONNECTING); c.ContactId != chats[1].Contact {
		t.Errorf("what rings is %s; want %s", c.ContactId, chats[1].Contact)
	}
	why, err = s.Agent.ExplainContact(t.Context(), &agent.ExplainContactRequest{SessionToken: d.Token, ContactId: chats[1].Contact})
	if err != nil || why.Reasons[0].Cause != agent.WaitingCauseRINGS || why.Reasons[0].Text != "it rings with agent bo" {
		t.Errorf("ExplainContact of what rings: %+v, %v", why, err)
	}
	d.Accept(chats[1].Contact)
	_, err = s.Agent.PickContact(t.Context(), &agent.PickContactRequest{SessionToken: d.Token, ContactId: s.Chat(t).Contact})
	servertest.Refused(t, "picking what does not wait", err, "InvalidStateException", 409)
	if _, err := s.Connect.CreateQueue(t.Context(), &connect.CreateQueueRequest{InstanceId: instance, Name: "Other", HoursOfOperationId: hoursOf(t, s)}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Agent.ListWaitingContacts(t.Context(), &agent.ListWaitingContactsRequest{SessionToken: d.Token, NextToken: new("nonsense")})
	servertest.Refused(t, "a page that was not given out", err, "ValidationException", 400)
}

// TestConfigurationChanges renames what an agent sees: the snapshot has the new name, or says that GetAgent has something new.
func TestConfigurationChanges(t *testing.T) {
	s := servertest.Start(t)
	d, stream := atWork(t, s)
	waiting(t, s)
	stream.Contact(agent.AgentContactStateCONNECTING)
	tag := d.Agent().Snapshot.ConfigurationTag
	if _, err := s.Connect.UpdateQueueName(t.Context(), &connect.UpdateQueueNameRequest{InstanceId: s.Instance(t), QueueId: catalog.DemoQueue, Name: new("Sales")}); err != nil {
		t.Fatal(err)
	}
	now := stream.Snapshot(func(a *agent.AgentSnapshot) bool { return len(a.Contacts) == 1 && *a.Contacts[0].Queue.Name == "Sales" })
	if got := d.Agent(); now.ConfigurationTag == tag || now.ConfigurationTag != got.Snapshot.ConfigurationTag || *got.Configuration.RoutingProfile.Queues[0].Queue.Name != "Sales" {
		t.Errorf("the configuration is %+v with the tag %s; want another than %s, and that of the stream, %s", got.Configuration.RoutingProfile, got.Snapshot.ConfigurationTag, tag, now.ConfigurationTag)
	}
	if _, err := s.Connect.CreateAgentStatus(t.Context(), &connect.CreateAgentStatusRequest{InstanceId: s.Instance(t), Name: "Lunch", State: connect.AgentStatusStateENABLED}); err != nil {
		t.Fatal(err)
	}
	stream.Snapshot(func(a *agent.AgentSnapshot) bool { return a.ConfigurationTag != now.ConfigurationTag })
	d.Choose("Lunch")
	stream.Snapshot(has("Available", "Lunch"))
}

// hoursOf returns the id of hours of operation of the instance.
func hoursOf(t testing.TB, s *servertest.Server) string {
	t.Helper()
	all, err := s.Connect.ListHoursOfOperations(t.Context(), &connect.ListHoursOfOperationsRequest{InstanceId: s.Instance(t)})
	if err != nil {
		t.Fatal(err)
	}
	return *all.HoursOfOperationSummaryList[0].Id
}

// TestRatesAtTheDesk holds agents to the rates of participants.
func TestRatesAtTheDesk(t *testing.T) {
	s := servertest.Start(t, func(c *server.Config) { c.Rates = map[string]string{"participant": "0.01:5"} })
	d := s.Desk(t)
	var err error
	for range 6 {
		_, err = s.Agent.GetAgent(t.Context(), &agent.GetAgentRequest{SessionToken: d.Token})
	}
	servertest.Refused(t, "six calls of five", err, "ThrottlingException", 429)
}
