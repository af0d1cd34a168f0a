package connectapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

func (c *centre) users(filters *connect.UserDataFilters, change ...func(*connect.GetCurrentUserDataRequest)) (*connect.GetCurrentUserDataResponse, error) {
	in := &connect.GetCurrentUserDataRequest{InstanceId: c.instance, Filters: filters}
	for _, f := range change {
		f(in)
	}
	return c.GetCurrentUserData(c.Context(), in)
}

func TestCurrentUserData(t *testing.T) {
	inCentre(t, func(c *centre) {
		site, team := c.groups()
		in := func(group string) func(*connect.CreateUserRequest) {
			return func(in *connect.CreateUserRequest) { in.HierarchyGroupId = &group }
		}
		bo, cy, di, ed := c.hire("bo", c.one, in(team)), c.hire("cy", c.both, in(site)), c.hire("di", c.both), c.hire("ed", c.one)
		names := map[string]string{bo: "bo", cy: "cy", di: "di", ed: "ed"}
		c.arrive(bo, "Available")
		c.arrive(cy, "Lunch")
		began := time.Now()
		sees := func(what, want string, f *connect.UserDataFilters) {
			c.Helper()
			out, err := c.users(f)
			if err != nil {
				c.Errorf("%s: %v", what, err)
				return
			}
			var got []string
			for _, u := range out.UserDataList {
				got = append(got, names[*u.User.Id])
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want || *out.ApproximateTotalCount != int64(len(got)) {
				c.Errorf("%s: %v; want %s", what, got, want)
			}
		}
		sees("of a queue", "bo cy", &connect.UserDataFilters{Queues: []string{c.basic}})
		sees("of another queue", "cy", &connect.UserDataFilters{Queues: []string{c.sales}})
		sees("of a profile", "bo", &connect.UserDataFilters{RoutingProfiles: []string{c.one}})
		sees("of a group and those below", "bo cy", &connect.UserDataFilters{UserHierarchyGroups: []string{site}})
		sees("of a group", "bo", &connect.UserDataFilters{UserHierarchyGroups: []string{team}})
		sees("by id, who is not there", "bo di", &connect.UserDataFilters{Agents: []string{di, bo}})

		first := c.customer(c.basic)
		enginetest.Pass(time.Second)
		c.does(first, contact.Accept{User: center.UserID(bo)})
		enginetest.Pass(time.Second)
		second := c.customer(c.basic)
		enginetest.Pass(0)
		c.status(bo, "Lunch")
		filter := &connect.UserDataFilters{Agents: []string{bo}}
		u := must[*connect.GetCurrentUserDataResponse](c.T)(c.users(filter)).UserDataList[0]
		arn := func(kind center.Kind, id string) *string {
			return new(enginetest.Partition.ARN(center.InstanceID(c.instance), kind, id))
		}
		available := *u.Status.StatusArn
		same(c.T, "an agent", u, connect.UserData{
			User:           &connect.UserReference{Id: &bo, Arn: arn(center.KindUser, bo)},
			RoutingProfile: &connect.RoutingProfileReference{Id: &c.one, Arn: arn(center.KindRoutingProfile, c.one)},
			HierarchyPath: &connect.HierarchyPathReference{
				LevelOne: &connect.HierarchyGroupSummaryReference{Id: &site, Arn: arn(center.KindHierarchyGroup, site)},
				LevelTwo: &connect.HierarchyGroupSummaryReference{Id: &team, Arn: arn(center.KindHierarchyGroup, team)},
			},
			Status:                  &connect.AgentStatusReference{StatusArn: &available, StatusName: new("Available"), StatusStartTimestamp: &began},
			NextStatus:              new("Lunch"),
			MaxSlotsByChannel:       map[connect.Channel]int32{"CHAT": 2, "TASK": 1, "VOICE": 1},
			ActiveSlotsByChannel:    map[connect.Channel]int32{"CHAT": 1, "TASK": 0, "VOICE": 0},
			AvailableSlotsByChannel: map[connect.Channel]int32{"CHAT": 0, "TASK": 0, "VOICE": 0},
			Contacts: []connect.AgentContactReference{
				{ContactId: &first, Channel: connect.ChannelCHAT, InitiationMethod: connect.ContactInitiationMethodAPI, AgentContactState: connect.ContactStateCONNECTED,
					StateStartTimestamp: new(began.Add(time.Second)), ConnectedToAgentTimestamp: new(began.Add(time.Second)), Queue: &connect.QueueReference{Id: &c.basic, Arn: arn(center.KindQueue, c.basic)}},
				{ContactId: &second, Channel: connect.ChannelCHAT, InitiationMethod: connect.ContactInitiationMethodAPI, AgentContactState: connect.ContactStateCONNECTING,
					StateStartTimestamp: new(began.Add(2 * time.Second)), Queue: &connect.QueueReference{Id: &c.basic, Arn: arn(center.KindQueue, c.basic)}},
			},
		})
		states := func(all ...connect.ContactState) *connect.UserDataFilters {
			return &connect.UserDataFilters{Queues: []string{c.basic}, ContactFilter: &connect.ContactFilter{ContactStates: all}}
		}
		sees("with a contact that rings", "bo", states(connect.ContactStateCONNECTING))
		sees("with one that was missed", "", states(connect.ContactStateMISSED))
		enginetest.Pass(21 * time.Second)
		sees("with one that was missed by now", "bo", states(connect.ContactStateMISSED, connect.ContactStateERROR))
		c.does(second, contact.Stop{})
		c.does(second, contact.Clear{User: center.UserID(bo)})
		c.status(bo, "Available")
		u = must[*connect.GetCurrentUserDataResponse](c.T)(c.users(filter)).UserDataList[0]
		// A chat in hand forbids contacts of other channels.
		same(c.T, "slots beside a chat", u.AvailableSlotsByChannel, map[connect.Channel]int32{"CHAT": 1, "TASK": 0, "VOICE": 0})
		u = must[*connect.GetCurrentUserDataResponse](c.T)(c.users(&connect.UserDataFilters{Agents: []string{ed}})).UserDataList[0]
		if *u.Status.StatusName != "Offline" || u.Status.StatusStartTimestamp != nil || u.HierarchyPath != nil || len(u.Contacts) != 0 || u.AvailableSlotsByChannel["CHAT"] != 0 || u.MaxSlotsByChannel["CHAT"] != 2 {
			c.Errorf("an agent who never came is %+v", u)
		}

		// Pages are by id, and see once who stays.
		var seen []string
		all := &connect.UserDataFilters{Agents: []string{di, cy, bo, ed}}
		var token *string
		for {
			out := must[*connect.GetCurrentUserDataResponse](c.T)(c.users(all, func(in *connect.GetCurrentUserDataRequest) { in.MaxResults, in.NextToken = new(int32(1)), token }))
			seen = append(seen, *out.UserDataList[0].User.Id)
			if token = out.NextToken; token == nil {
				break
			}
			c.status(cy, map[int]string{0: "Available", 1: "Lunch"}[len(seen)%2])
		}
		if want := slices.Sorted(slices.Values([]string{bo, cy, di, ed})); fmt.Sprint(seen) != fmt.Sprint(want) {
			c.Errorf("pages gave %v; want %v", seen, want)
		}

		for what, f := range map[string]*connect.UserDataFilters{
			"no filter": {}, "two filters": {Queues: []string{c.basic}, Agents: []string{bo}}, "contact states alone": {ContactFilter: &connect.ContactFilter{}},
		} {
			_, err := c.users(f)
			c.invalidParameter(what, err)
		}
		const nobody = "99999999-9999-4999-8999-999999999999"
		for what, f := range map[string]*connect.UserDataFilters{
			"no queue": {Queues: []string{nobody}}, "no profile": {RoutingProfiles: []string{nobody}}, "no user": {Agents: []string{nobody}}, "no group": {UserHierarchyGroups: []string{nobody}},
		} {
			_, err := c.users(f)
			c.notFound(what, err)
		}
		_, err := c.users(all, func(in *connect.GetCurrentUserDataRequest) { in.NextToken = new("!") })
		c.invalidParameter("a token of nobody's", err)
	})
}

// What a flow is told of agents, and of waits, is what the metrics say.
func TestMetricsInFlows(t *testing.T) {
	inCentre(t, func(c *centre) {
		tell := c.flow("tell", connect.ContactFlowTypeCONTACT_FLOW, strings.ReplaceAll(`{"Version":"2019-10-30","StartAction":"t","Actions":[
 {"Identifier":"t","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"m","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"m","Type":"GetMetricData","Parameters":{},"Transitions":{"NextAction":"s","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"s","Type":"MessageParticipant","Parameters":{"Text":"$.Metrics.Agents.Online.Count $.Metrics.Agents.Staffed.Count $.Metrics.Agents.Available.Count $.Metrics.Agents.Busy.Count $.Metrics.Agents.AfterContactWork.Count $.Metrics.Agents.Missed.Count $.Metrics.Agents.NonProductive.Count, $.Metrics.Queue.Size wait $.Metrics.Queue.EstimatedWaitTime"},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, "QUEUE", c.basic))
		told := func(want string) {
			c.Helper()
			id, _ := c.join(func(in *connect.StartChatContactRequest) { in.ContactFlowId = tell })
			for _, item := range c.engine.Items(center.ContactID(id)) {
				if item.Type == center.TypeMessage {
					if item.Content != want {
						c.Errorf("the flow says %q; want %q", item.Content, want)
					}
					return
				}
			}
			c.Errorf("the flow says nothing; want %q", want)
		}
		bo, cy := center.UserID(c.hire("bo", c.one)), c.hire("cy", c.both)
		c.arrive(cy, "Lunch")
		told("1 0 0 0 0 0 1, 0 wait ")
		c.arrive(string(bo), "Available")
		told("2 1 1 0 0 0 1, 0 wait 0")
		first := c.customer(c.basic)
		enginetest.Pass(time.Second)
		second := c.customer(c.basic)
		enginetest.Pass(time.Second)
		waits := c.customer(c.basic)
		enginetest.Pass(0)
		c.does(first, contact.Accept{User: bo})
		told("2 1 0 1 0 0 1, 2 wait ")
		enginetest.Pass(10 * time.Second)
		c.does(first, contact.Stop{})
		told("2 1 0 1 1 0 1, 2 wait ")
		c.does(first, contact.Clear{User: bo})
		c.does(second, contact.Reject{User: bo})
		told("2 1 0 0 0 1 1, 2 wait ") // bo takes nothing until he has cleared it
		c.does(second, contact.Clear{User: bo})
		enginetest.Pass(0)
		told("2 1 0 0 0 0 1, 2 wait 6") // two are ahead in two slots, each of which becomes free once in twelve seconds
		out := must[*connect.GetContactMetricsResponse](c.T)(c.GetContactMetrics(c.Context(), &connect.GetContactMetricsRequest{InstanceId: c.instance, ContactId: waits,
			Metrics: []connect.ContactMetricInfo{{Name: connect.ContactMetricNamePOSITION_IN_QUEUE}, {Name: connect.ContactMetricNameESTIMATED_WAIT_TIME}}}))
		if len(out.MetricResults) != 2 || *out.MetricResults[0].Value.Number != 2 || *out.MetricResults[1].Value.Number != 0 {
			c.Errorf("GetContactMetrics = %g, %g; want position 2 and no wait", *out.MetricResults[0].Value.Number, *out.MetricResults[1].Value.Number)
		}
	})
}
