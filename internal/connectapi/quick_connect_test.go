package connectapi_test

import (
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// transfer adds a published flow of a type, for contacts that are transferred.
func (o *office) transfer(name string, typ connect.ContactFlowType) string {
	o.t.Helper()
	return *must[*connect.CreateContactFlowResponse](o.t)(o.CreateContactFlow(o.t.Context(), &connect.CreateContactFlowRequest{InstanceId: o.id, Name: name, Type: typ, Content: good(name)})).ContactFlowId
}

func phoneConfig(number string) *connect.QuickConnectConfig {
	return &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypePHONE_NUMBER, PhoneConfig: &connect.PhoneNumberQuickConnectConfig{PhoneNumber: number}}
}

func queueConfig(queue, flow string) *connect.QuickConnectConfig {
	return &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeQUEUE, QueueConfig: &connect.QueueQuickConnectConfig{QueueId: queue, ContactFlowId: flow}}
}

func userConfig(user, flow string) *connect.QuickConnectConfig {
	return &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeUSER, UserConfig: &connect.UserQuickConnectConfig{UserId: user, ContactFlowId: flow}}
}

func flowConfig(flow string) *connect.QuickConnectConfig {
	return &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeFLOW, FlowConfig: &connect.FlowQuickConnectConfig{ContactFlowId: flow}}
}

// quickConnect adds a quick connect.
func (o *office) quickConnect(name string, to *connect.QuickConnectConfig) string {
	o.t.Helper()
	return *must[*connect.CreateQuickConnectResponse](o.t)(o.CreateQuickConnect(o.t.Context(), &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: name, QuickConnectConfig: to})).QuickConnectId
}

// leads says where a quick connect leads.
func leads(to *connect.QuickConnectConfig) string {
	switch {
	case to.UserConfig != nil:
		return fmt.Sprint(to.QuickConnectType, " ", *to.UserConfig)
	case to.QueueConfig != nil:
		return fmt.Sprint(to.QuickConnectType, " ", *to.QueueConfig)
	case to.FlowConfig != nil:
		return fmt.Sprint(to.QuickConnectType, " ", *to.FlowConfig)
	}
	return fmt.Sprint(to.QuickConnectType, " ", *to.PhoneConfig)
}

// TestQuickConnectFromCreatedToDeleted makes the calls of a tool that keeps a quick connect
// as a file says, with one of each type.
func TestQuickConnectFromCreatedToDeleted(t *testing.T) {
	o := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	user, sales := o.user("ana"), o.queue("Sales")
	toAgents, toQueues := o.transfer("to agents", connect.ContactFlowTypeAGENT_TRANSFER), o.transfer("to queues", connect.ContactFlowTypeQUEUE_TRANSFER)
	made := must[*connect.CreateQuickConnectResponse](t)(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{
		InstanceId: o.arn, Name: "Pager", Description: new("who is on call"), QuickConnectConfig: phoneConfig("+14155550123"), Tags: map[string]string{"team": "a"},
	}))
	id := *made.QuickConnectId
	describe := func() *connect.QuickConnect {
		t.Helper()
		return must[*connect.DescribeQuickConnectResponse](t)(o.DescribeQuickConnect(ctx, &connect.DescribeQuickConnectRequest{InstanceId: o.id, QuickConnectId: *made.QuickConnectARN})).QuickConnect
	}
	k := describe()
	if *k.QuickConnectARN != o.arn+"/transfer-destination/"+id || *k.QuickConnectId != id || *k.Name != "Pager" || *k.Description != "who is on call" || k.Tags["team"] != "a" || leads(k.QuickConnectConfig) != "PHONE_NUMBER {+14155550123}" {
		t.Errorf("the quick connect is %+v", k)
	}
	must[*connect.UpdateQuickConnectNameResponse](t)(o.UpdateQuickConnectName(ctx, &connect.UpdateQuickConnectNameRequest{InstanceId: o.id, QuickConnectId: id, Name: new("Second line"), Description: new("")}))
	if k = describe(); *k.Name != "Second line" || k.Description != nil {
		t.Errorf("renamed, the quick connect is %+v", k)
	}
	for _, c := range []struct {
		to   *connect.QuickConnectConfig
		want string
	}{
		{userConfig(o.arn+"/agent/"+user, o.arn+"/contact-flow/"+toAgents), "USER {" + user + " " + toAgents + "}"},
		{queueConfig(o.arn+"/queue/"+sales, toQueues), "QUEUE {" + sales + " " + toQueues + "}"},
		{flowConfig(toQueues + ":$LATEST"), "FLOW {" + toQueues + ":$LATEST}"},
		{phoneConfig("+493012345"), "PHONE_NUMBER {+493012345}"},
		{queueConfig(sales, toQueues), "QUEUE {" + sales + " " + toQueues + "}"},
	} {
		must[*connect.UpdateQuickConnectConfigResponse](t)(o.UpdateQuickConnectConfig(ctx, &connect.UpdateQuickConnectConfigRequest{InstanceId: o.id, QuickConnectId: id, QuickConnectConfig: c.to}))
		if got := leads(describe().QuickConnectConfig); got != c.want {
			t.Errorf("the quick connect leads to %s; want %s", got, c.want)
		}
	}

	_, err := o.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: o.id, QueueId: sales})
	refused(t, "deleting the queue that it leads to", err, "ResourceInUseException", 409)
	_, err = o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: toQueues})
	refused(t, "deleting the flow that it leads through", err, requestE, 400)
	must[*connect.DeleteContactFlowResponse](t)(o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: toAgents}))

	drop := func() error {
		_, err := o.DeleteQuickConnect(ctx, &connect.DeleteQuickConnectRequest{InstanceId: o.id, QuickConnectId: id})
		return err
	}
	if err := drop(); err != nil {
		t.Fatal(err)
	}
	refused(t, "deleting it twice", drop(), notFoundE, 404)
	must[*connect.DeleteQueueResponse](t)(o.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: o.id, QueueId: sales}))
	must[*connect.DeleteContactFlowResponse](t)(o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: toQueues}))
}

func TestQuickConnectsThatAreRefused(t *testing.T) {
	o := newStaff(t, catalog.Limits{QuickConnects: 2})
	ctx := t.Context()
	user, sales := o.user("ana"), o.queue("Sales")
	toAgents, toQueues := o.transfer("to agents", connect.ContactFlowTypeAGENT_TRANSFER), o.transfer("to queues", connect.ContactFlowTypeQUEUE_TRANSFER)
	inbound, _ := o.flow("inbound")
	taken, id := o.quickConnect("taken", phoneConfig("+15550100")), o.quickConnect("mine", flowConfig(toQueues))
	two := phoneConfig("+15550100")
	two.FlowConfig = &connect.FlowQuickConnectConfig{ContactFlowId: toQueues}
	for what, c := range map[string]struct {
		to     *connect.QuickConnectConfig
		code   string
		status int
	}{
		"an unknown user":                     {userConfig(unknownID, toAgents), notFoundE, 404},
		"an unknown queue":                    {queueConfig(unknownID, toQueues), notFoundE, 404},
		"an unknown flow":                     {flowConfig(unknownID), notFoundE, 404},
		"an unknown flow to a user":           {userConfig(user, unknownID), notFoundE, 404},
		"a user through a flow to queues":     {userConfig(user, toQueues), requestE, 400},
		"a queue through a flow to agents":    {queueConfig(sales, toAgents), requestE, 400},
		"a flow for agents":                   {flowConfig(toAgents), requestE, 400},
		"an inbound flow":                     {flowConfig(inbound), requestE, 400},
		"the draft of a flow":                 {flowConfig(toQueues + ":$SAVED"), requestE, 400},
		"a queue that is the ARN of a flow":   {queueConfig(o.arn+"/contact-flow/"+toQueues, toQueues), notFoundE, 404},
		"a number that is none":               {phoneConfig("911"), parameter, 400},
		"a number with something in front":    {phoneConfig("tel:+15550100"), parameter, 400},
		"a number of sixteen digits":          {phoneConfig("+1234567890123456"), parameter, 400},
		"a type that is none":                 {&connect.QuickConnectConfig{QuickConnectType: "EMAIL"}, parameter, 400},
		"USER without UserConfig":             {&connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeUSER}, requestE, 400},
		"QUEUE without QueueConfig":           {&connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeQUEUE}, requestE, 400},
		"FLOW without FlowConfig":             {&connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypeFLOW}, requestE, 400},
		"PHONE_NUMBER without PhoneConfig":    {&connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypePHONE_NUMBER}, requestE, 400},
		"PHONE_NUMBER with FlowConfig, too":   {two, requestE, 400},
		"nothing of what a quick connect has": {nil, parameter, 400},
	} {
		_, err := o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: "new", QuickConnectConfig: c.to})
		refused(t, "creating one to "+what, err, c.code, c.status)
		_, err = o.UpdateQuickConnectConfig(ctx, &connect.UpdateQuickConnectConfigRequest{InstanceId: o.id, QuickConnectId: id, QuickConnectConfig: c.to})
		refused(t, "changing one to "+what, err, c.code, c.status)
	}
	if got := leads(must[*connect.DescribeQuickConnectResponse](t)(o.DescribeQuickConnect(ctx, &connect.DescribeQuickConnectRequest{InstanceId: o.id, QuickConnectId: id})).QuickConnect.QuickConnectConfig); got != "FLOW {"+toQueues+"}" {
		t.Errorf("after what was refused it leads to %s", got)
	}
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"one over the quota":       {second(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: "third", QuickConnectConfig: phoneConfig("+15550100")})), "LimitExceededException", 429},
		"a taken name":             {second(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: "taken", QuickConnectConfig: phoneConfig("+15550100")})), "DuplicateResourceException", 409},
		"an unknown instance":      {second(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: unknownID, Name: "x", QuickConnectConfig: phoneConfig("+15550100")})), notFoundE, 404},
		"renaming to a taken name": {second(o.UpdateQuickConnectName(ctx, &connect.UpdateQuickConnectNameRequest{InstanceId: o.id, QuickConnectId: id, Name: new("taken")})), requestE, 400},
		"renaming without a name":  {second(o.UpdateQuickConnectName(ctx, &connect.UpdateQuickConnectNameRequest{InstanceId: o.id, QuickConnectId: id})), requestE, 400},
		"renaming an unknown one":  {second(o.UpdateQuickConnectName(ctx, &connect.UpdateQuickConnectNameRequest{InstanceId: o.id, QuickConnectId: unknownID, Name: new("x")})), notFoundE, 404},
		"changing an unknown one":  {second(o.UpdateQuickConnectConfig(ctx, &connect.UpdateQuickConnectConfigRequest{InstanceId: o.id, QuickConnectId: unknownID, QuickConnectConfig: phoneConfig("+15550100")})), notFoundE, 404},
		"describing an unknown":    {second(o.DescribeQuickConnect(ctx, &connect.DescribeQuickConnectRequest{InstanceId: o.id, QuickConnectId: unknownID})), notFoundE, 404},
		"a queue with an unknown":  {second(o.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: sales, QuickConnectIds: []string{taken, unknownID}})), notFoundE, 404},
		"a queue without any":      {second(o.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: sales, QuickConnectIds: []string{}})), parameter, 400},
		"an unknown queue":         {second(o.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: unknownID, QuickConnectIds: []string{taken}})), notFoundE, 404},
		"taking off an unknown":    {second(o.DisassociateQueueQuickConnects(ctx, &connect.DisassociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: sales, QuickConnectIds: []string{unknownID}})), notFoundE, 404},
		"51 at once":               {second(o.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: sales, QuickConnectIds: slices.Repeat([]string{taken}, 51)})), parameter, 400},
		"listing an unknown queue": {second(o.ListQueueQuickConnects(ctx, &connect.ListQueueQuickConnectsRequest{InstanceId: o.id, QueueId: unknownID})), notFoundE, 404},
	} {
		refused(t, what, c.err, c.code, c.status)
	}
	if got := o.offered(sales); len(got) != 0 {
		t.Errorf("after what was refused the queue has %q", got)
	}
}

// offered walks over the quick connects of a queue, one to a page.
func (o *office) offered(queue string) (names []string) {
	o.t.Helper()
	for token := (*string)(nil); ; {
		page := must[*connect.ListQueueQuickConnectsResponse](o.t)(o.ListQueueQuickConnects(o.t.Context(), &connect.ListQueueQuickConnectsRequest{InstanceId: o.id, QueueId: queue, MaxResults: new(int32(1)), NextToken: token}))
		for _, k := range page.QuickConnectSummaryList {
			names = append(names, *k.Name)
		}
		if token = page.NextToken; token == nil {
			return names
		}
	}
}

func TestQuickConnectsOfQueues(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	a, b, c := o.quickConnect("a", phoneConfig("+15550100")), o.quickConnect("b", phoneConfig("+15550101")), o.quickConnect("c", phoneConfig("+15550102"))
	sales, support := o.queue("Sales", b, a), o.queue("Support")
	want := func(what string, ofSales, ofSupport []string) {
		t.Helper()
		if got, got2 := o.offered(sales), o.offered(support); !slices.Equal(got, ofSales) || !slices.Equal(got2, ofSupport) {
			t.Errorf("%s: the queues have %q and %q; want %q and %q", what, got, got2, ofSales, ofSupport)
		}
	}
	want("created with two", []string{"a", "b"}, nil)
	for range 2 { // what is repeated does no harm
		must[*connect.AssociateQueueQuickConnectsResponse](t)(o.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: support, QuickConnectIds: []string{o.arn + "/transfer-destination/" + c, a}}))
		must[*connect.DisassociateQueueQuickConnectsResponse](t)(o.DisassociateQueueQuickConnects(ctx, &connect.DisassociateQueueQuickConnectsRequest{InstanceId: o.id, QueueId: sales, QuickConnectIds: []string{b}}))
		want("changed", []string{"a"}, []string{"a", "c"})
	}
	must[*connect.DeleteQuickConnectResponse](t)(o.DeleteQuickConnect(ctx, &connect.DeleteQuickConnectRequest{InstanceId: o.id, QuickConnectId: a}))
	want("without a", nil, []string{"c"})
	_, err := o.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: o.id, Name: "x", HoursOfOperationId: o.hours("x"), QuickConnectIds: []string{a}})
	refused(t, "a queue with what is gone", err, notFoundE, 404)
}

func TestQuickConnectsAreListedAndFound(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	toQueues := o.transfer("to queues", connect.ContactFlowTypeQUEUE_TRANSFER)
	o.quickConnect("Second line", flowConfig(toQueues))
	tagged := *must[*connect.CreateQuickConnectResponse](t)(o.CreateQuickConnect(ctx, &connect.CreateQuickConnectRequest{InstanceId: o.id, Name: "Pager", Description: new("at night"), QuickConnectConfig: phoneConfig("+15550100")})).QuickConnectARN
	must[*connect.TagResourceResponse](t)(o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: tagged, Tags: map[string]string{"team": "night"}}))
	list := func(types ...connect.QuickConnectType) (names []string) {
		for token := (*string)(nil); ; {
			page := must[*connect.ListQuickConnectsResponse](t)(o.ListQuickConnects(ctx, &connect.ListQuickConnectsRequest{InstanceId: o.id, QuickConnectTypes: types, MaxResults: new(int32(1)), NextToken: token}))
			for _, k := range page.QuickConnectSummaryList {
				names = append(names, fmt.Sprint(*k.Name, " ", k.QuickConnectType))
				if len(names) == 1 && len(types) == 0 {
					o.quickConnect("Night "+*k.Id, phoneConfig("+15550101")) // before what has been seen
				}
			}
			if token = page.NextToken; token == nil {
				return names
			}
		}
	}
	if got := list(connect.QuickConnectTypeFLOW, connect.QuickConnectTypeUSER); !slices.Equal(got, []string{"Second line FLOW"}) {
		t.Errorf("flows and users: %q", got)
	}
	if got := list(); !slices.Equal(got, []string{"Pager PHONE_NUMBER", "Second line FLOW"}) {
		t.Errorf("all: %q", got)
	}
	find := func(in connect.SearchQuickConnectsRequest) (names []string) {
		in.InstanceId = o.id
		found := must[*connect.SearchQuickConnectsResponse](t)(o.SearchQuickConnects(ctx, &in))
		for _, k := range found.QuickConnects {
			names = append(names, *k.Name)
		}
		if *found.ApproximateTotalCount != int64(len(names)) {
			t.Errorf("%d in all of %q", *found.ApproximateTotalCount, names)
		}
		return names
	}
	night := &connect.QuickConnectSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: &connect.TagCondition{TagKey: new("team"), TagValue: new("night")}}}
	is := func(field, value string) *connect.QuickConnectSearchCriteria {
		return &connect.QuickConnectSearchCriteria{StringCondition: &connect.StringCondition{FieldName: &field, Value: &value, ComparisonType: connect.StringComparisonTypeCONTAINS}}
	}
	for what, c := range map[string]struct {
		in   connect.SearchQuickConnectsRequest
		want []string
	}{
		"tag":         {connect.SearchQuickConnectsRequest{SearchFilter: night}, []string{"Pager"}},
		"name":        {connect.SearchQuickConnectsRequest{SearchCriteria: is("name", "LINE")}, []string{"Second line"}},
		"description": {connect.SearchQuickConnectsRequest{SearchCriteria: is("description", "night")}, []string{"Pager"}},
		"both":        {connect.SearchQuickConnectsRequest{SearchCriteria: is("name", "line"), SearchFilter: night}, nil},
	} {
		if got := find(c.in); !slices.Equal(got, c.want) {
			t.Errorf("by %s: %q; want %q", what, got, c.want)
		}
	}
	_, err := o.SearchQuickConnects(ctx, &connect.SearchQuickConnectsRequest{InstanceId: o.id, SearchCriteria: is("type", "FLOW")})
	refused(t, "an unknown field", err, parameter, 400)
}
