package amazon_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/agent"
	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/move/amazon"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// must returns what a call returned without an error.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		return v
	}
}

// office is an instance of a server.
type office struct {
	*servertest.Server
	api connect.Service
	id  string
	arn string
}

func newOffice(t *testing.T, alias string) *office {
	t.Helper()
	s := servertest.Start(t, servertest.Quietly(t), func(c *server.Config) {
		if alias == "from" {
			c.Region, c.Account = "eu-west-2", "999988887777"
		}
	})
	o := must[*connect.CreateInstanceResponse](t)(s.Connect.CreateInstance(t.Context(), &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED,
		InstanceAlias: &alias, InboundCallsEnabled: true, OutboundCallsEnabled: true}))
	return &office{s, s.Connect, *o.Id, *o.Arn}
}

// fill sets up something of everything.
func (o *office) fill(t *testing.T) {
	ctx, api := t.Context(), o.Connect
	hours := must[*connect.CreateHoursOfOperationResponse](t)(api.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{InstanceId: o.id, Name: "Shop", Description: new("open"), TimeZone: "Europe/Berlin",
		Config: []connect.HoursOfOperationConfig{{Day: connect.HoursOfOperationDaysTUESDAY, StartTime: slice(9), EndTime: slice(17)}, {Day: connect.HoursOfOperationDaysMONDAY, StartTime: slice(9), EndTime: slice(17)}}}))
	must[*connect.CreateHoursOfOperationOverrideResponse](t)(api.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{InstanceId: o.id, HoursOfOperationId: *hours.HoursOfOperationId, Name: "Christmas",
		EffectiveFrom: "2026-12-24", EffectiveTill: "2026-12-26", Config: []connect.HoursOfOperationOverrideConfig{{Day: connect.OverrideDaysTHURSDAY, StartTime: &connect.OverrideTimeSlice{Hours: 9}, EndTime: &connect.OverrideTimeSlice{Hours: 12}}}}))
	must[*connect.CreateAgentStatusResponse](t)(api.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{InstanceId: o.id, Name: "Lunch", State: connect.AgentStatusStateENABLED}))
	must[*connect.UpdateUserHierarchyStructureResponse](t)(api.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: o.id,
		HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "Site"}, LevelTwo: &connect.HierarchyLevelUpdate{Name: "Team"}}}))
	site := must[*connect.CreateUserHierarchyGroupResponse](t)(api.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: o.id, Name: "Zurich"}))
	team := must[*connect.CreateUserHierarchyGroupResponse](t)(api.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: o.id, Name: "A team", ParentGroupId: site.HierarchyGroupId}))
	security := must[*connect.CreateSecurityProfileResponse](t)(api.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{InstanceId: o.id, SecurityProfileName: "Desk", Permissions: []string{"Users.View", "BasicAgentAccess"}}))
	must[*connect.CreatePredefinedAttributeResponse](t)(api.CreatePredefinedAttribute(ctx, &connect.CreatePredefinedAttributeRequest{InstanceId: o.id, Name: "Language", Values: &connect.PredefinedAttributeValues{StringList: []string{"de", "rm"}}}))
	queue := must[*connect.CreateQueueResponse](t)(api.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: o.id, Name: "Sales", HoursOfOperationId: *hours.HoursOfOperationId, MaxContacts: new(int32(7))}))
	second := must[*connect.CreateQueueResponse](t)(api.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: o.id, Name: "Closed", HoursOfOperationId: *hours.HoursOfOperationId}))
	must[*connect.UpdateQueueStatusResponse](t)(api.UpdateQueueStatus(ctx, &connect.UpdateQueueStatusRequest{InstanceId: o.id, QueueId: *second.QueueId, Status: connect.QueueStatusDISABLED}))
	routing := must[*connect.CreateRoutingProfileResponse](t)(api.CreateRoutingProfile(ctx, &connect.CreateRoutingProfileRequest{InstanceId: o.id, Name: "Chatters", Description: "who chat", DefaultOutboundQueueId: *queue.QueueId,
		MediaConcurrencies: []connect.MediaConcurrency{{Channel: connect.ChannelCHAT, Concurrency: new(int32(3))}}, QueueConfigs: []connect.RoutingProfileQueueConfig{
			{QueueReference: &connect.RoutingProfileQueueReference{QueueId: *queue.QueueId, Channel: connect.ChannelCHAT}, Priority: 2, Delay: 5}, {QueueReference: &connect.RoutingProfileQueueReference{QueueId: *second.QueueId, Channel: connect.ChannelCHAT}, Priority: 1}}}))
	user := must[*connect.CreateUserResponse](t)(api.CreateUser(ctx, &connect.CreateUserRequest{InstanceId: o.id, Username: "jo", Password: new("Correct-horse-1"), IdentityInfo: &connect.UserIdentityInfo{FirstName: new("Jo"), LastName: new("Doe")},
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE, AfterContactWorkTimeLimit: new(int32(30))}, RoutingProfileId: *routing.RoutingProfileId, SecurityProfileIds: []string{*security.SecurityProfileId}, HierarchyGroupId: team.HierarchyGroupId}))
	must[*connect.AssociateUserProficienciesResponse](t)(api.AssociateUserProficiencies(ctx, &connect.AssociateUserProficienciesRequest{InstanceId: o.id, UserId: *user.UserId, UserProficiencies: []connect.UserProficiency{{AttributeName: "Language", AttributeValue: "rm", Level: 4}}}))
	must[*connect.CreateViewResponse](t)(api.CreateView(ctx, &connect.CreateViewRequest{InstanceId: o.id, Name: "Form", Status: connect.ViewStatusPUBLISHED, Content: &connect.ViewInputContent{Template: new(template), Actions: []string{"Next"}}}))
	content := strings.ReplaceAll(queueFlow, "QUEUE", *queue.QueueArn)
	flow := must[*connect.CreateContactFlowResponse](t)(api.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: o.id, Name: "Inbound", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: content, Description: new("<first> & last")}))
	must[*connect.UpdateContactFlowContentResponse](t)(api.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: o.id, ContactFlowId: *flow.ContactFlowId + ":$SAVED", Content: `{"draft":"` + *queue.QueueArn + `"}`}))
	must[*connect.CreateContactFlowResponse](t)(api.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: o.id, Name: "Draft", Type: connect.ContactFlowTypeCONTACT_FLOW, Status: connect.ContactFlowStatusSAVED,
		Content: `{"to":"` + *flow.ContactFlowArn + `","prompt":"` + o.arn + `/prompt/0b1f2c3d-1111-4222-8333-444455556666"}`}))
	module := must[*connect.CreateContactFlowModuleResponse](t)(api.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{InstanceId: o.id, Name: "Greeting", Content: greeting}))
	must[*connect.UpdateContactFlowModuleContentResponse](t)(api.UpdateContactFlowModuleContent(ctx, &connect.UpdateContactFlowModuleContentRequest{InstanceId: o.id, ContactFlowModuleId: *module.Id, Content: new(greeting)}))
	for name, config := range map[string]*connect.QuickConnectConfig{
		"Sales": {QuickConnectType: connect.QuickConnectTypeQUEUE, QueueConfig: &connect.QueueQuickConnectConfig{QueueId: *queue.QueueId, ContactFlowId: *transfer(t, o, "Transfer to queue", connect.ContactFlowTypeQUEUE_TRANSFER)}},
		"Jo":    {QuickConnectType: connect.QuickConnectTypeUSER, UserConfig: &connect.UserQuickConnectConfig{UserId: *user.UserId, ContactFlowId: *transfer(t, o, "Transfer to agent", connect.ContactFlowTypeAGENT_TRANSFER)}},
	} {
		q := must[*connect.CreateQuickConnectResponse](t)(api.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: name, QuickConnectConfig: config}))
		must[*connect.AssociateQueueQuickConnectsResponse](t)(api.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: *queue.QueueId, QuickConnectIds: []string{*q.QuickConnectId}}))
	}
}

func slice(hour int32) *connect.HoursOfOperationTimeSlice {
	return &connect.HoursOfOperationTimeSlice{Hours: hour, Minutes: 30}
}

func transfer(t *testing.T, o *office, name string, typ connect.ContactFlowType) *string {
	t.Helper()
	return must[*connect.CreateContactFlowResponse](t)(o.Connect.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{InstanceId: o.id, Name: name, Type: typ, Content: ends})).ContactFlowId
}

const (
	template  = `{"Head":{"Title":"T","Configuration":{}},"Body":[]}`
	ends      = `{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	queueFlow = `{"Version":"2019-10-30","StartAction":"set","Actions":[
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"QueueAtCapacity"},{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	greeting = `{"Version":"2019-10-30","StartAction":"end","Metadata":{},"Actions":[{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}],"Settings":{"InputParameters":[],"OutputParameters":[],"Transitions":[]}}`
)

// copied copies, without waiting.
func copied(t *testing.T, from, to *office, change ...func(*amazon.Options)) *amazon.Report {
	t.Helper()
	o := amazon.Options{From: from.api, To: to.api, Source: from.arn, Instance: to.id, Password: "First-password-1",
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	r, err := amazon.Copy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Failed {
		t.Errorf("failed: %+v", l)
	}
	return r
}

// TestCopy copies from one server to another: nothing differs afterwards, and what refers to something refers to what is there.
func TestCopy(t *testing.T) {
	from, to := newOffice(t, "from"), newOffice(t, "to")
	from.fill(t)
	first := copied(t, from, to)
	for _, kind := range first.Kinds {
		if n := first.Counts[kind]; n.Created+n.Updated == 0 {
			t.Errorf("of the kind %s nothing was made: %+v", kind, n)
		}
	}
	again := copied(t, from, to)
	for _, kind := range again.Kinds {
		if n := again.Counts[kind]; n.Created+n.Updated > 0 {
			t.Errorf("a second copy finds of the kind %s something to do: %+v", kind, n)
		}
	}
	if !slices.ContainsFunc(first.Lacking, func(l amazon.Line) bool {
		return l.Kind == "flow" && l.Name == "Draft" && strings.Contains(l.Why, "prompt/0b1f2c3d-1111-4222-8333-444455556666, which is not there")
	}) {
		t.Errorf("nothing is said of a prompt that a flow plays: %+v", first.Lacking)
	}

	ctx := t.Context()
	queues := must[*connect.ListQueuesResponse](t)(to.Connect.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: to.id, QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}}))
	at := slices.IndexFunc(queues.QueueSummaryList, func(q connect.QueueSummary) bool { return *q.Name == "Sales" })
	flows := must[*connect.ListContactFlowsResponse](t)(to.Connect.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: to.id, MaxResults: new(int32(1000))}))
	for _, f := range flows.ContactFlowSummaryList {
		o := must[*connect.DescribeContactFlowResponse](t)(to.Connect.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: to.id, ContactFlowId: *f.Id + ":$SAVED"}))
		if strings.Contains(*o.ContactFlow.Content, from.id) || strings.Contains(*o.ContactFlow.Content, "999988887777") {
			t.Errorf("flow %s refers to the source: %s", *f.Name, *o.ContactFlow.Content)
		}
		if *f.Name != "Inbound" {
			continue
		}
		o = must[*connect.DescribeContactFlowResponse](t)(to.Connect.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: to.id, ContactFlowId: *f.Id}))
		if !strings.Contains(*o.ContactFlow.Content, `"QueueId":"`+*queues.QueueSummaryList[at].Arn+`"`) || o.ContactFlow.Status != connect.ContactFlowStatusPUBLISHED || *o.ContactFlow.Description != "<first> & last" {
			t.Errorf("the flow is %+v", o.ContactFlow)
		}
	}
	if err := signIn(t, to, "jo", "First-password-1"); err != nil {
		t.Errorf("the user cannot sign in with the first password: %v", err)
	}

	// What changes in the source is changed.
	id := queues.QueueSummaryList[at].Id
	must[*connect.UpdateQueueMaxContactsResponse](t)(to.Connect.UpdateQueueMaxContacts(ctx, &connect.UpdateQueueMaxContactsRequest{InstanceId: to.id, QueueId: *id, MaxContacts: new(int32(9))}))
	third := copied(t, from, to)
	if n := third.Counts["queue"]; n.Updated != 1 || n.Created != 0 {
		t.Errorf("of queues, of which one differs, came %+v", n)
	}
	if q := must[*connect.DescribeQueueResponse](t)(to.Connect.DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: to.id, QueueId: *id})).Queue; *q.MaxContacts != 7 {
		t.Errorf("the queue takes %d contacts", *q.MaxContacts)
	}
}

// hasty is the API of a service that lets only every third call pass, and has what Parley lacks.
type hasty struct {
	connect.Service
}

func (hasty) ListPrompts(context.Context, *connect.ListPromptsRequest) (*connect.ListPromptsResponse, error) {
	return &connect.ListPromptsResponse{PromptSummaryList: []connect.PromptSummary{{Name: new("Beep.wav")}}}, nil
}

func (hasty) ListRules(_ context.Context, in *connect.ListRulesRequest) (*connect.ListRulesResponse, error) {
	if in.NextToken == nil {
		return &connect.ListRulesResponse{RuleSummaryList: []connect.RuleSummary{{Name: "First"}}, NextToken: new("more")}, nil
	}
	return &connect.ListRulesResponse{RuleSummaryList: []connect.RuleSummary{{Name: "Second"}}}, nil
}

func (hasty) ListTaskTemplates(context.Context, *connect.ListTaskTemplatesRequest) (*connect.ListTaskTemplatesResponse, error) {
	return nil, denied
}

var denied = &restjson.APIError{Code: "AccessDeniedException", Status: 403}

// tooMany answers two of three requests with 429.
type tooMany struct {
	http.RoundTripper
	n int
}

func (m *tooMany) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.n++; m.n%3 != 0 {
		return &http.Response{StatusCode: 429, Header: http.Header{"X-Amzn-Errortype": {"TooManyRequestsException"}, "Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"Message":"Too Many Requests"}`)), Request: r}, nil
	}
	return m.RoundTripper.RoundTrip(r)
}

// TestCopyIsPatient: calls that are too many are made again, calls of the source are paced, and what Parley lacks is named. Nothing fails for it.
func TestCopyIsPatient(t *testing.T) {
	from, to := newOffice(t, "from"), newOffice(t, "to")
	transport := &tooMany{RoundTripper: from.HTTP.Transport}
	from.api = hasty{connect.NewClient(restjson.ClientConfig{Endpoint: from.URL, HTTPClient: &http.Client{Transport: transport}})}
	paced, waited := 0, 0
	r := copied(t, from, to, func(o *amazon.Options) {
		o.Pace, o.Password = 500*time.Millisecond, ""
		o.Sleep = func(_ context.Context, d time.Duration) error {
			if d == o.Pace {
				paced++
			} else {
				waited++
			}
			return nil
		}
	})
	if transport.n < 50 || paced < transport.n-1 || waited < transport.n/2 {
		t.Errorf("of %d calls %d were paced and %d waited for", transport.n, paced, waited)
	}
	var lacking []string
	for _, l := range r.Lacking {
		lacking = append(lacking, l.Kind+" "+l.Name)
	}
	for _, want := range []string{"prompt Beep.wav", "rule First", "rule Second", "task template ", "quick response "} {
		if !slices.Contains(lacking, want) {
			t.Errorf("%q is not named among %q", want, lacking)
		}
	}
}

// voiced is the API of a service whose flows do what Parley does not.
type voiced struct{ connect.Service }

const beeps = `{"Version":"2019-10-30","StartAction":"beep","Actions":[{"Identifier":"beep","Type":"BeepAtCaller","Parameters":{},"Transitions":{}}]}`

func (v voiced) DescribeContactFlow(ctx context.Context, in *connect.DescribeContactFlowRequest) (*connect.DescribeContactFlowResponse, error) {
	out, err := v.Service.DescribeContactFlow(ctx, in)
	if err == nil && *out.ContactFlow.Name == "Inbound" {
		out.ContactFlow.Content, out.ContactFlow.Status = new(beeps), connect.ContactFlowStatusPUBLISHED
	}
	return out, err
}

func (v voiced) DescribeQueue(ctx context.Context, in *connect.DescribeQueueRequest) (*connect.DescribeQueueResponse, error) {
	out, err := v.Service.DescribeQueue(ctx, in)
	if err == nil && *out.Queue.Name == "Closed" {
		out.Queue.MaxContacts = new(int32(-1))
	}
	return out, err
}

// TestFlowsThatParleyRefuses are there as drafts, for somebody to mend, and named with what is wrong.
func TestFlowsThatParleyRefuses(t *testing.T) {
	from, to := newOffice(t, "from"), newOffice(t, "to")
	from.fill(t)
	from.api = voiced{from.Connect}
	for range 2 { // a second time nothing else comes of it
		r := copied(t, from, to)
		if !slices.ContainsFunc(r.Lacking, func(l amazon.Line) bool {
			return l.Name == "Inbound" && strings.Contains(l.Why, "kept as a draft") && strings.Contains(l.Why, "BeepAtCaller")
		}) {
			t.Errorf("nothing is said of the flow: %+v", r.Lacking)
		}
		if !slices.ContainsFunc(r.Lacking, func(l amazon.Line) bool {
			return l.Kind == "queue" && l.Name == "Closed" && strings.HasPrefix(l.Why, "InvalidParameterException: ") && strings.Contains(l.Why, "MaxContacts")
		}) {
			t.Errorf("nothing is said of a queue that is refused: %+v", r.Lacking)
		}
	}
	flows := must[*connect.ListContactFlowsResponse](t)(to.Connect.ListContactFlows(t.Context(), &connect.ListContactFlowsRequest{InstanceId: to.id, MaxResults: new(int32(1000))})).ContactFlowSummaryList
	at := slices.IndexFunc(flows, func(f connect.ContactFlowSummary) bool { return *f.Name == "Inbound" })
	o := must[*connect.DescribeContactFlowResponse](t)(to.Connect.DescribeContactFlow(t.Context(), &connect.DescribeContactFlowRequest{InstanceId: to.id, ContactFlowId: *flows[at].Id + ":$SAVED"}))
	if *o.ContactFlow.Content != beeps || o.ContactFlow.Status != connect.ContactFlowStatusSAVED {
		t.Errorf("the flow is %s", *o.ContactFlow.Content)
	}
}

// TestUsersNeedAPassword: without a first one they are not made, and that is said.
func TestUsersNeedAPassword(t *testing.T) {
	from, to := newOffice(t, "from"), newOffice(t, "to")
	from.fill(t)
	r := copied(t, from, to, func(o *amazon.Options) { o.Password = "" })
	if !slices.ContainsFunc(r.Lacking, func(l amazon.Line) bool {
		return l.Kind == "user" && l.Name == "jo" && strings.Contains(l.Why, "--password-file")
	}) {
		t.Errorf("nothing is said of the user: %+v", r.Lacking)
	}
	if n := r.Counts["quick connects of a queue"]; n.Updated != 1 {
		t.Errorf("the queue does not have the other quick connect: %+v", n)
	}
	if !slices.Contains(r.Lacking, amazon.Line{Kind: "quick connect", Name: "Jo", Why: "it refers to user jo, which is not there"}) {
		t.Errorf("nothing is said of the quick connect to the user: %+v", r.Lacking)
	}
}

func signIn(t *testing.T, o *office, name, password string) error {
	_, err := o.Agent.SignIn(t.Context(), &agent.SignInRequest{InstanceId: o.id, UserName: name, Password: password})
	return err
}
