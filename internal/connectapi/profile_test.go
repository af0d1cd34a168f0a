package connectapi_test

import (
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

const (
	voice = connect.ChannelVOICE
	chat  = connect.ChannelCHAT
	task  = connect.ChannelTASK
)

// queue adds a queue with some quick connects.
func (o *office) queue(name string, quick ...string) string {
	o.t.Helper()
	hours := must[*connect.ListHoursOfOperationsResponse](o.t)(o.ListHoursOfOperations(o.t.Context(), &connect.ListHoursOfOperationsRequest{InstanceId: o.id})).HoursOfOperationSummaryList[0]
	return *must[*connect.CreateQueueResponse](o.t)(o.CreateQueue(o.t.Context(), &connect.CreateQueueRequest{InstanceId: o.id, Name: name, HoursOfOperationId: *hours.Id, QuickConnectIds: quick})).QueueId
}

func from(queue string, channel connect.Channel, priority, delay int32) connect.RoutingProfileQueueConfig {
	return connect.RoutingProfileQueueConfig{QueueReference: &connect.RoutingProfileQueueReference{QueueId: queue, Channel: channel}, Priority: priority, Delay: delay}
}

func byHand(queue string, channel connect.Channel) connect.RoutingProfileManualAssignmentQueueConfig {
	return connect.RoutingProfileManualAssignmentQueueConfig{QueueReference: &connect.RoutingProfileQueueReference{QueueId: queue, Channel: channel}}
}

func holds(channel connect.Channel, most int32, behavior connect.BehaviorType) connect.MediaConcurrency {
	m := connect.MediaConcurrency{Channel: channel, Concurrency: &most}
	if behavior != "" {
		m.CrossChannelBehavior = &connect.CrossChannelBehavior{BehaviorType: behavior}
	}
	return m
}

// profileQueues walks over the two lists of a routing profile, one to a page.
func (o *office) profileQueues(id string) (offered, manual []string) {
	o.t.Helper()
	ctx, one := o.t.Context(), new(int32(1))
	for token := (*string)(nil); ; {
		page := must[*connect.ListRoutingProfileQueuesResponse](o.t)(o.ListRoutingProfileQueues(ctx, &connect.ListRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, MaxResults: one, NextToken: token}))
		for _, q := range page.RoutingProfileQueueConfigSummaryList {
			if q.QueueArn != o.arn+"/queue/"+q.QueueId {
				o.t.Errorf("the ARN of queue %s is %s", q.QueueId, q.QueueArn)
			}
			offered = append(offered, fmt.Sprint(q.QueueName, " ", q.Channel, " ", q.Priority, " ", q.Delay))
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	for token := (*string)(nil); ; {
		page := must[*connect.ListRoutingProfileManualAssignmentQueuesResponse](o.t)(o.ListRoutingProfileManualAssignmentQueues(ctx, &connect.ListRoutingProfileManualAssignmentQueuesRequest{InstanceId: o.id, RoutingProfileId: id, MaxResults: one, NextToken: token}))
		for _, q := range page.RoutingProfileManualAssignmentQueueConfigSummaryList {
			manual = append(manual, fmt.Sprint(q.QueueName, " ", q.Channel))
		}
		if token = page.NextToken; token == nil {
			return offered, manual
		}
	}
}

// TestRoutingProfileFromCreatedToDeleted makes the calls of a tool that keeps a routing
// profile as a file says, one for each kind of change.
func TestRoutingProfileFromCreatedToDeleted(t *testing.T) {
	o := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	sales, support, other := o.queue("Sales"), o.queue("Support"), o.queue("Other")
	made := must[*connect.CreateRoutingProfileResponse](t)(o.CreateRoutingProfile(ctx, &connect.CreateRoutingProfileRequest{
		InstanceId: o.arn, Name: "Chats", Description: "chats first", DefaultOutboundQueueId: o.arn + "/queue/" + sales, Tags: map[string]string{"team": "a"},
		AgentAvailabilityTimer: connect.AgentAvailabilityTimerTIME_SINCE_LAST_INBOUND,
		MediaConcurrencies: []connect.MediaConcurrency{
			holds(chat, 10, connect.BehaviorTypeROUTE_ANY_CHANNEL), holds(voice, 1, ""),
			{Channel: task, WorkloadTypeConcurrencies: []connect.WorkloadTypeConcurrency{
				{WorkloadType: "email", Concurrency: 2, CrossChannelWorkloadBehavior: &connect.CrossChannelWorkloadBehavior{ChannelWorkloadBehaviorType: connect.ChannelWorkloadBehaviorTypeROUTE_ANY_CHANNEL_ANY_WORKLOAD_TYPE}},
				{WorkloadType: "claims", Concurrency: 3},
			}},
		},
		QueueConfigs:                 []connect.RoutingProfileQueueConfig{from(support, chat, 2, 30), from(sales, chat, 1, 0), from(sales, voice, 99, 9999)},
		ManualAssignmentQueueConfigs: []connect.RoutingProfileManualAssignmentQueueConfig{byHand(sales, chat), byHand(other, task)},
	}))
	id := *made.RoutingProfileId
	describe := func() *connect.RoutingProfile {
		t.Helper()
		return must[*connect.DescribeRoutingProfileResponse](t)(o.DescribeRoutingProfile(ctx, &connect.DescribeRoutingProfileRequest{InstanceId: o.id, RoutingProfileId: *made.RoutingProfileArn})).RoutingProfile
	}
	p := describe()
	if *p.RoutingProfileArn != o.arn+"/routing-profile/"+id || *p.Name != "Chats" || *p.Description != "chats first" || *p.DefaultOutboundQueueId != sales || p.Tags["team"] != "a" ||
		p.AgentAvailabilityTimer != connect.AgentAvailabilityTimerTIME_SINCE_LAST_INBOUND || *p.IsDefault || *p.NumberOfAssociatedUsers != 0 ||
		*p.NumberOfAssociatedQueues != 3 || !slices.Equal(p.AssociatedQueueIds, []string{support, sales}) ||
		*p.NumberOfAssociatedManualAssignmentQueues != 2 || !slices.Equal(p.AssociatedManualAssignmentQueueIds, []string{sales, other}) {
		t.Errorf("the profile is %+v", p)
	}
	channels := func(p *connect.RoutingProfile) (list []string) {
		for _, m := range p.MediaConcurrencies {
			list = append(list, fmt.Sprint(m.Channel, " ", *m.Concurrency, " ", m.CrossChannelBehavior.BehaviorType))
			for _, w := range m.WorkloadTypeConcurrencies {
				line := fmt.Sprint(w.WorkloadType, " ", w.Concurrency)
				if w.CrossChannelWorkloadBehavior != nil {
					line += " " + string(w.CrossChannelWorkloadBehavior.ChannelWorkloadBehaviorType)
				}
				list = append(list, line)
			}
		}
		return list
	}
	if got, want := channels(p), []string{"CHAT 10 ROUTE_ANY_CHANNEL", "VOICE 1 ROUTE_CURRENT_CHANNEL_ONLY", "TASK 5 ROUTE_CURRENT_CHANNEL_ONLY", "email 2 ROUTE_ANY_CHANNEL_ANY_WORKLOAD_TYPE", "claims 3"}; !slices.Equal(got, want) {
		t.Errorf("the channels are %q; want %q", got, want)
	}
	queues := func(what string, offered, manual []string) {
		t.Helper()
		gotOffered, gotManual := o.profileQueues(id)
		if !slices.Equal(gotOffered, offered) || !slices.Equal(gotManual, manual) {
			t.Errorf("%s, the queues are %q, by hand %q; want %q and %q", what, gotOffered, gotManual, offered, manual)
		}
	}
	queues("to begin with", []string{"Sales VOICE 99 9999", "Sales CHAT 1 0", "Support CHAT 2 30"}, []string{"Other TASK", "Sales CHAT"})

	must[*connect.UpdateRoutingProfileNameResponse](t)(o.UpdateRoutingProfileName(ctx, &connect.UpdateRoutingProfileNameRequest{InstanceId: o.id, RoutingProfileId: id, Name: new("Calls"), Description: new("calls first")}))
	must[*connect.UpdateRoutingProfileConcurrencyResponse](t)(o.UpdateRoutingProfileConcurrency(ctx, &connect.UpdateRoutingProfileConcurrencyRequest{InstanceId: o.id, RoutingProfileId: id,
		MediaConcurrencies: []connect.MediaConcurrency{holds(chat, 0, ""), holds(task, 1, "")}}))
	must[*connect.UpdateRoutingProfileDefaultOutboundQueueResponse](t)(o.UpdateRoutingProfileDefaultOutboundQueue(ctx, &connect.UpdateRoutingProfileDefaultOutboundQueueRequest{InstanceId: o.id, RoutingProfileId: id, DefaultOutboundQueueId: other}))
	must[*connect.UpdateRoutingProfileAgentAvailabilityTimerResponse](t)(o.UpdateRoutingProfileAgentAvailabilityTimer(ctx, &connect.UpdateRoutingProfileAgentAvailabilityTimerRequest{
		InstanceId: o.id, RoutingProfileId: id, AgentAvailabilityTimer: connect.AgentAvailabilityTimerTIME_SINCE_LAST_ACTIVITY}))
	if p = describe(); *p.Name != "Calls" || *p.Description != "calls first" || *p.DefaultOutboundQueueId != other || p.AgentAvailabilityTimer != connect.AgentAvailabilityTimerTIME_SINCE_LAST_ACTIVITY ||
		!slices.Equal(channels(p), []string{"CHAT 0 ROUTE_CURRENT_CHANNEL_ONLY", "TASK 1 ROUTE_CURRENT_CHANNEL_ONLY"}) {
		t.Errorf("updated, the profile is %+v", p)
	}
	queues("without the channel of one", []string{"Sales VOICE 99 9999", "Sales CHAT 1 0", "Support CHAT 2 30"}, []string{"Other TASK", "Sales CHAT"})

	remove := &connect.DisassociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id,
		QueueReferences:                 []connect.RoutingProfileQueueReference{{QueueId: sales, Channel: voice}, {QueueId: o.arn + "/queue/" + support, Channel: chat}},
		ManualAssignmentQueueReferences: []connect.RoutingProfileQueueReference{{QueueId: sales, Channel: chat}}}
	add := &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id,
		QueueConfigs: []connect.RoutingProfileQueueConfig{from(other, task, 5, 6)}, ManualAssignmentQueueConfigs: []connect.RoutingProfileManualAssignmentQueueConfig{byHand(support, chat)}}
	for range 2 { // what is repeated because an answer was lost does no harm
		must[*connect.DisassociateRoutingProfileQueuesResponse](t)(o.DisassociateRoutingProfileQueues(ctx, remove))
		must[*connect.AssociateRoutingProfileQueuesResponse](t)(o.AssociateRoutingProfileQueues(ctx, add))
		queues("changed", []string{"Other TASK 5 6", "Sales CHAT 1 0"}, []string{"Other TASK", "Support CHAT"})
	}
	must[*connect.UpdateRoutingProfileQueuesResponse](t)(o.UpdateRoutingProfileQueues(ctx, &connect.UpdateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 7, 8)}}))
	queues("updated", []string{"Other TASK 5 6", "Sales CHAT 7 8"}, []string{"Other TASK", "Support CHAT"})

	_, err := o.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: o.id, QueueId: support})
	refused(t, "a queue that agents pick from by hand", err, "ResourceInUseException", 409)
	_, err = o.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: o.id, QueueId: sales})
	refused(t, "a queue that contacts are offered from", err, "ResourceInUseException", 409)

	o.user("ana", func(in *connect.CreateUserRequest) { in.RoutingProfileId = id })
	if n := *describe().NumberOfAssociatedUsers; n != 1 {
		t.Errorf("the profile has %d users; want 1", n)
	}
	drop := func(id string) error {
		_, err := o.DeleteRoutingProfile(ctx, &connect.DeleteRoutingProfileRequest{InstanceId: o.id, RoutingProfileId: id})
		return err
	}
	refused(t, "deleting the profile of a user", drop(id), "ResourceInUseException", 409)
	if err := drop(o.routing); err != nil {
		t.Errorf("deleting a profile that nobody has: %v", err)
	}
	refused(t, "deleting it twice", drop(o.routing), "ResourceNotFoundException", 404)
}

func TestRoutingProfilesThatAreRefused(t *testing.T) {
	o := newOffice(t, catalog.Limits{RoutingProfiles: 2})
	ctx := t.Context()
	sales := o.queue("Sales")
	create := func(change func(in *connect.CreateRoutingProfileRequest)) error {
		in := &connect.CreateRoutingProfileRequest{InstanceId: o.id, Name: "new", Description: "d", DefaultOutboundQueueId: sales, MediaConcurrencies: []connect.MediaConcurrency{holds(chat, 2, "")}}
		change(in)
		_, err := o.CreateRoutingProfile(ctx, in)
		return err
	}
	type request = connect.CreateRoutingProfileRequest
	for what, c := range map[string]struct {
		change func(in *request)
		code   string
		status int
	}{
		"an unknown instance":       {func(in *request) { in.InstanceId = unknownID }, notFoundE, 404},
		"an unknown outbound queue": {func(in *request) { in.DefaultOutboundQueueId = unknownID }, notFoundE, 404},
		"an unknown queue":          {func(in *request) { in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(unknownID, chat, 1, 0)} }, notFoundE, 404},
		"an unknown queue by hand": {func(in *request) {
			in.ManualAssignmentQueueConfigs = []connect.RoutingProfileManualAssignmentQueueConfig{byHand(unknownID, chat)}
		}, notFoundE, 404},
		"a name that is taken": {func(in *request) { in.Name = "Basic Routing Profile" }, "DuplicateResourceException", 409},
		"no channel":           {func(in *request) { in.MediaConcurrencies = []connect.MediaConcurrency{} }, requestE, 400},
		"a channel twice": {func(in *request) {
			in.MediaConcurrencies = []connect.MediaConcurrency{holds(chat, 2, ""), holds(chat, 1, "")}
		}, requestE, 400},
		"a channel without a number":  {func(in *request) { in.MediaConcurrencies = []connect.MediaConcurrency{{Channel: chat}} }, requestE, 400},
		"eleven chats":                {func(in *request) { in.MediaConcurrencies = []connect.MediaConcurrency{holds(chat, 11, "")} }, parameter, 400},
		"an unknown channel":          {func(in *request) { in.MediaConcurrencies = []connect.MediaConcurrency{holds("FAX", 1, "")} }, parameter, 400},
		"an unknown behaviour":        {func(in *request) { in.MediaConcurrencies = []connect.MediaConcurrency{holds(chat, 1, "ANY")} }, parameter, 400},
		"an unknown timer":            {func(in *request) { in.AgentAvailabilityTimer = "NEVER" }, parameter, 400},
		"a queue of no channel of it": {func(in *request) { in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(sales, voice, 1, 0)} }, requestE, 400},
		"a queue by hand of no channel of it": {func(in *request) {
			in.ManualAssignmentQueueConfigs = []connect.RoutingProfileManualAssignmentQueueConfig{byHand(sales, voice)}
		}, requestE, 400},
		"a queue twice": {func(in *request) {
			in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(sales, chat, 1, 0), from(sales, chat, 1, 0)}
		}, requestE, 400},
		"a queue by hand twice": {func(in *request) {
			in.ManualAssignmentQueueConfigs = []connect.RoutingProfileManualAssignmentQueueConfig{byHand(sales, chat), byHand(sales, chat)}
		}, requestE, 400},
		"no priority":      {func(in *request) { in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(sales, chat, 0, 0)} }, parameter, 400},
		"priority 100":     {func(in *request) { in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(sales, chat, 100, 0)} }, parameter, 400},
		"too long a delay": {func(in *request) { in.QueueConfigs = []connect.RoutingProfileQueueConfig{from(sales, chat, 1, 10000)} }, parameter, 400},
		"eleven queues": {func(in *request) {
			in.QueueConfigs = slices.Repeat([]connect.RoutingProfileQueueConfig{from(sales, chat, 1, 0)}, 11)
		}, parameter, 400},
		"workloads of chats": {func(in *request) {
			in.MediaConcurrencies = []connect.MediaConcurrency{{Channel: chat, WorkloadTypeConcurrencies: []connect.WorkloadTypeConcurrency{{WorkloadType: "a", Concurrency: 1}}}}
		}, requestE, 400},
		"a workload twice": {func(in *request) {
			in.MediaConcurrencies = []connect.MediaConcurrency{{Channel: task, WorkloadTypeConcurrencies: []connect.WorkloadTypeConcurrency{{WorkloadType: "a", Concurrency: 1}, {WorkloadType: "a", Concurrency: 2}}}}
		}, requestE, 400},
		"workloads of eleven": {func(in *request) {
			in.MediaConcurrencies = []connect.MediaConcurrency{{Channel: task, WorkloadTypeConcurrencies: []connect.WorkloadTypeConcurrency{{WorkloadType: "a", Concurrency: 10}, {WorkloadType: "b", Concurrency: 1}}}}
		}, requestE, 400},
		"a reserved tag": {func(in *request) { in.Tags = map[string]string{"aws:x": "y"} }, parameter, 400},
	} {
		refused(t, what, create(c.change), c.code, c.status)
	}
	if err := create(func(*request) {}); err != nil {
		t.Fatal(err)
	}
	refused(t, "a third profile of two", create(func(in *request) { in.Name = "third" }), "LimitExceededException", 429)

	all := must[*connect.ListRoutingProfilesResponse](t)(o.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: o.id})).RoutingProfileSummaryList
	id := *all[1].Id
	in := connect.RoutingProfileQueueReference{QueueId: sales, Channel: chat}
	must[*connect.AssociateRoutingProfileQueuesResponse](t)(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 1, 0)}}))
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"adding a queue with another priority": {second(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 2, 0)}})), requestE, 400},
		"adding none":                          {second(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id})), requestE, 400},
		"adding an unknown one":                {second(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(unknownID, chat, 2, 0)}})), notFoundE, 404},
		"adding to no profile":                 {second(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: unknownID, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 2, 0)}})), notFoundE, 404},
		"updating one that it has not":         {second(o.UpdateRoutingProfileQueues(ctx, &connect.UpdateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 3, 3), from(sales, task, 2, 0)}})), notFoundE, 404},
		"updating one twice":                   {second(o.UpdateRoutingProfileQueues(ctx, &connect.UpdateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 2, 0), from(sales, chat, 3, 0)}})), requestE, 400},
		"updating an unknown one":              {second(o.UpdateRoutingProfileQueues(ctx, &connect.UpdateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(unknownID, chat, 2, 0)}})), notFoundE, 404},
		"updating those of no profile":         {second(o.UpdateRoutingProfileQueues(ctx, &connect.UpdateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: unknownID, QueueConfigs: []connect.RoutingProfileQueueConfig{from(sales, chat, 2, 0)}})), notFoundE, 404},
		"a channel without a number":           {second(o.UpdateRoutingProfileConcurrency(ctx, &connect.UpdateRoutingProfileConcurrencyRequest{InstanceId: o.id, RoutingProfileId: id, MediaConcurrencies: []connect.MediaConcurrency{{Channel: chat}}})), requestE, 400},
		"channels of no profile":               {second(o.UpdateRoutingProfileConcurrency(ctx, &connect.UpdateRoutingProfileConcurrencyRequest{InstanceId: o.id, RoutingProfileId: unknownID, MediaConcurrencies: []connect.MediaConcurrency{holds(chat, 1, "")}})), notFoundE, 404},
		"removing none":                        {second(o.DisassociateRoutingProfileQueues(ctx, &connect.DisassociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id})), requestE, 400},
		"removing an unknown one":              {second(o.DisassociateRoutingProfileQueues(ctx, &connect.DisassociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueReferences: []connect.RoutingProfileQueueReference{{QueueId: unknownID, Channel: chat}}})), notFoundE, 404},
		"removing from no profile":             {second(o.DisassociateRoutingProfileQueues(ctx, &connect.DisassociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: unknownID, QueueReferences: []connect.RoutingProfileQueueReference{in}})), notFoundE, 404},
		"renaming to a taken name":             {second(o.UpdateRoutingProfileName(ctx, &connect.UpdateRoutingProfileNameRequest{InstanceId: o.id, RoutingProfileId: id, Name: new("Basic Routing Profile")})), "DuplicateResourceException", 409},
		"renaming without a name":              {second(o.UpdateRoutingProfileName(ctx, &connect.UpdateRoutingProfileNameRequest{InstanceId: o.id, RoutingProfileId: id})), requestE, 400},
		"renaming no profile":                  {second(o.UpdateRoutingProfileName(ctx, &connect.UpdateRoutingProfileNameRequest{InstanceId: o.id, RoutingProfileId: unknownID, Name: new("x")})), notFoundE, 404},
		"no channel":                           {second(o.UpdateRoutingProfileConcurrency(ctx, &connect.UpdateRoutingProfileConcurrencyRequest{InstanceId: o.id, RoutingProfileId: id, MediaConcurrencies: []connect.MediaConcurrency{}})), requestE, 400},
		"calling out by an unknown queue":      {second(o.UpdateRoutingProfileDefaultOutboundQueue(ctx, &connect.UpdateRoutingProfileDefaultOutboundQueueRequest{InstanceId: o.id, RoutingProfileId: id, DefaultOutboundQueueId: unknownID})), notFoundE, 404},
		"an unknown timer":                     {second(o.UpdateRoutingProfileAgentAvailabilityTimer(ctx, &connect.UpdateRoutingProfileAgentAvailabilityTimerRequest{InstanceId: o.id, RoutingProfileId: id, AgentAvailabilityTimer: "NEVER"})), parameter, 400},
	} {
		refused(t, what, c.err, c.code, c.status)
	}
	if offered, _ := o.profileQueues(id); !slices.Equal(offered, []string{"Sales CHAT 1 0"}) {
		t.Errorf("after what was refused the queues are %q", offered)
	}
	for i := range 50 { // the 51st is one too many
		_, err := o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: id, QueueConfigs: []connect.RoutingProfileQueueConfig{from(o.queue(fmt.Sprint("queue ", i)), chat, 1, 0)}})
		if i < 49 && err != nil {
			t.Fatal(err)
		} else if i == 49 {
			refused(t, "a 51st queue", err, requestE, 400)
		}
	}
}

// TestListsOfRoutingProfilesGoOnAfterInserts: what is there all the time is listed
// once, whatever is added and removed between the pages.
func TestListsOfRoutingProfilesGoOnAfterInserts(t *testing.T) {
	o := newStaff(t, catalog.Limits{})
	ctx := t.Context()
	b, d := o.queue("b"), o.queue("d")
	add := func(queue string) {
		must[*connect.AssociateRoutingProfileQueuesResponse](t)(o.AssociateRoutingProfileQueues(ctx, &connect.AssociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: o.routing, QueueConfigs: []connect.RoutingProfileQueueConfig{from(queue, chat, 1, 0)}}))
	}
	add(d)
	add(b)
	var got []string
	for token := (*string)(nil); ; {
		page := must[*connect.ListRoutingProfileQueuesResponse](t)(o.ListRoutingProfileQueues(ctx, &connect.ListRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: o.routing, MaxResults: new(int32(1)), NextToken: token}))
		for _, q := range page.RoutingProfileQueueConfigSummaryList {
			got = append(got, fmt.Sprint(q.QueueName, " ", q.Channel))
			switch q.QueueName {
			case "b":
				add(o.queue("a"))
				add(o.queue("c"))
				must[*connect.DisassociateRoutingProfileQueuesResponse](t)(o.DisassociateRoutingProfileQueues(ctx, &connect.DisassociateRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: o.routing, QueueReferences: []connect.RoutingProfileQueueReference{{QueueId: b, Channel: chat}}}))
			}
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if want := []string{"BasicQueue VOICE", "BasicQueue CHAT", "BasicQueue TASK", "b CHAT", "c CHAT", "d CHAT"}; !slices.Equal(got, want) {
		t.Errorf("the walk goes over %q; want %q", got, want)
	}
	page := must[*connect.ListRoutingProfileQueuesResponse](t)(o.ListRoutingProfileQueues(ctx, &connect.ListRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: o.routing, MaxResults: new(int32(1))}))
	_, err := o.ListRoutingProfileManualAssignmentQueues(ctx, &connect.ListRoutingProfileManualAssignmentQueuesRequest{InstanceId: o.id, RoutingProfileId: o.routing, NextToken: page.NextToken})
	refused(t, "a token of another list", err, parameter, 400)
}

func TestRoutingProfilesAreFoundByTheirQueues(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	sales, support := o.queue("Sales"), o.queue("Support")
	for name, queues := range map[string][]string{"both": {sales, support}, "one": {sales}, "none": nil} {
		in := &connect.CreateRoutingProfileRequest{InstanceId: o.id, Name: name, Description: "profile of " + name, DefaultOutboundQueueId: sales,
			MediaConcurrencies: []connect.MediaConcurrency{holds(chat, 2, "")}, Tags: map[string]string{"of": name}}
		for _, q := range queues {
			in.QueueConfigs = append(in.QueueConfigs, from(q, chat, 1, 0))
		}
		must[*connect.CreateRoutingProfileResponse](t)(o.CreateRoutingProfile(ctx, in))
	}
	is := func(field, value string, how connect.StringComparisonType) connect.RoutingProfileSearchCriteria {
		return connect.RoutingProfileSearchCriteria{StringCondition: &connect.StringCondition{FieldName: &field, Value: &value, ComparisonType: how}}
	}
	for what, c := range map[string]struct {
		criteria connect.RoutingProfileSearchCriteria
		tag      string
		want     []string
	}{
		"a queue":          {is("associatedQueueIds", sales, connect.StringComparisonTypeEXACT), "", []string{"both", "one"}},
		"another queue":    {is("associatedQueueIds", support, connect.StringComparisonTypeEXACT), "", []string{"both"}},
		"a queue and name": {connect.RoutingProfileSearchCriteria{AndConditions: []connect.RoutingProfileSearchCriteria{is("associatedQueueIds", sales, ""), is("name", "on", connect.StringComparisonTypeSTARTS_WITH)}}, "", []string{"one"}},
		"a description":    {is("description", "of NONE", connect.StringComparisonTypeCONTAINS), "", []string{"none"}},
		"a tag":            {is("description", "profile", connect.StringComparisonTypeSTARTS_WITH), "one", []string{"one"}},
	} {
		in := &connect.SearchRoutingProfilesRequest{InstanceId: o.id, SearchCriteria: &c.criteria}
		if c.tag != "" {
			in.SearchFilter = &connect.RoutingProfileSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: &connect.TagCondition{TagKey: new("of"), TagValue: &c.tag}}}
		}
		found := must[*connect.SearchRoutingProfilesResponse](t)(o.SearchRoutingProfiles(ctx, in))
		var got []string
		for _, p := range found.RoutingProfiles {
			got = append(got, *p.Name)
		}
		if !slices.Equal(got, c.want) || *found.ApproximateTotalCount != int64(len(c.want)) {
			t.Errorf("by %s: %q, %d in all; want %q", what, got, *found.ApproximateTotalCount, c.want)
		}
	}
	_, err := o.SearchRoutingProfiles(ctx, &connect.SearchRoutingProfilesRequest{InstanceId: o.id, SearchCriteria: new(is("colour", "x", ""))})
	refused(t, "an unknown field", err, parameter, 400)
	_, err = o.SearchRoutingProfiles(ctx, &connect.SearchRoutingProfilesRequest{InstanceId: unknownID})
	refused(t, "an unknown instance", err, notFoundE, 404)
}
