package connectapi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/agent"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/router"
)

// centre is a hall with agents at work: two queues, of which one profile has the first, with two
// chats at a time, and another both, with three.
type centre struct {
	*hall
	basic, sales string // queues
	one, both    string // routing profiles
	lunch        string // an agent status
	flows        map[string]string
}

func inCentre(t *testing.T, test func(c *centre), change ...func(*enginetest.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Config{Log: enginetest.NoLog})
		h := openHall(t, append([]func(*enginetest.Options){func(o *enginetest.Options) {
			o.Observers, o.Agents, o.Changed, o.Staffing = []engine.Observer{r}, []engine.AgentObserver{r}, r.SetUp, r.Staffing
		}}, change...)...)
		r.Store, r.Catalog, r.Clock = h.engine.Store, h.engine.Catalog, h.engine.Clock
		h.service.Router = r
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			r.Run(ctx, h.engine.Engine)
			close(done)
		}()
		t.Cleanup(func() {
			cancel()
			<-done
		})
		c := &centre{hall: h, flows: map[string]string{}}
		c.furnish()
		test(c)
	})
}

func (c *centre) furnish() {
	c.Helper()
	ctx := c.Context()
	hours := must[*connect.ListHoursOfOperationsResponse](c.T)(c.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: c.instance}))
	queues := must[*connect.ListQueuesResponse](c.T)(c.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: c.instance, QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}}))
	c.basic = *queues.QueueSummaryList[0].Id
	c.sales = *must[*connect.CreateQueueResponse](c.T)(c.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: c.instance, Name: "Sales", HoursOfOperationId: *hours.HoursOfOperationSummaryList[0].Id})).QueueId
	profiles := must[*connect.ListRoutingProfilesResponse](c.T)(c.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: c.instance}))
	c.one = *profiles.RoutingProfileSummaryList[0].Id
	config := func(queue string) connect.RoutingProfileQueueConfig {
		return connect.RoutingProfileQueueConfig{Priority: 1, Delay: 0, QueueReference: &connect.RoutingProfileQueueReference{QueueId: queue, Channel: connect.ChannelCHAT}}
	}
	c.both = *must[*connect.CreateRoutingProfileResponse](c.T)(c.CreateRoutingProfile(ctx, &connect.CreateRoutingProfileRequest{
		InstanceId: c.instance, Name: "Both", Description: "both queues", DefaultOutboundQueueId: c.basic,
		QueueConfigs:       []connect.RoutingProfileQueueConfig{config(c.basic), config(c.sales)},
		MediaConcurrencies: []connect.MediaConcurrency{{Channel: connect.ChannelCHAT, Concurrency: new(int32(3))}, {Channel: connect.ChannelTASK, Concurrency: new(int32(4))}},
	})).RoutingProfileId
	c.lunch = *must[*connect.CreateAgentStatusResponse](c.T)(c.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{InstanceId: c.instance, Name: "Lunch", State: connect.AgentStatusStateENABLED})).AgentStatusId
	for _, queue := range []string{c.basic, c.sales} {
		c.flows[queue] = c.flow("to "+queue, connect.ContactFlowTypeCONTACT_FLOW, strings.ReplaceAll(toQueue, "QUEUE", queue))
	}
}

// hire makes a user with a routing profile.
func (c *centre) hire(name, profile string, change ...func(*connect.CreateUserRequest)) string {
	c.Helper()
	security := must[*connect.ListSecurityProfilesResponse](c.T)(c.ListSecurityProfiles(c.Context(), &connect.ListSecurityProfilesRequest{InstanceId: c.instance}))
	in := &connect.CreateUserRequest{
		InstanceId: c.instance, Username: name, Password: new("Secret-word-1"), RoutingProfileId: profile,
		SecurityProfileIds: []string{*security.SecurityProfileSummaryList[0].Id}, IdentityInfo: &connect.UserIdentityInfo{FirstName: new(name), LastName: new("Agent")},
		PhoneConfig: &connect.UserPhoneConfig{PhoneType: connect.PhoneTypeSOFT_PHONE},
	}
	for _, f := range change {
		f(in)
	}
	return *must[*connect.CreateUserResponse](c.T)(c.CreateUser(c.Context(), in)).UserId
}

// groups makes two hierarchy groups, a site and a team of it.
func (c *centre) groups() (site, team string) {
	c.Helper()
	ctx := c.Context()
	must[*connect.UpdateUserHierarchyStructureResponse](c.T)(c.UpdateUserHierarchyStructure(ctx, &connect.UpdateUserHierarchyStructureRequest{InstanceId: c.instance,
		HierarchyStructure: &connect.HierarchyStructureUpdate{LevelOne: &connect.HierarchyLevelUpdate{Name: "Site"}, LevelTwo: &connect.HierarchyLevelUpdate{Name: "Team"}}}))
	site = *must[*connect.CreateUserHierarchyGroupResponse](c.T)(c.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: c.instance, Name: "Bern"})).HierarchyGroupId
	team = *must[*connect.CreateUserHierarchyGroupResponse](c.T)(c.CreateUserHierarchyGroup(ctx, &connect.CreateUserHierarchyGroupRequest{InstanceId: c.instance, Name: "Chat", ParentGroupId: &site})).HierarchyGroupId
	return site, team
}

// status gives an agent a status by name.
func (c *centre) status(user, name string) {
	c.Helper()
	all := must[*connect.ListAgentStatusResponse](c.T)(c.ListAgentStatuses(c.Context(), &connect.ListAgentStatusRequest{InstanceId: c.instance}))
	i := slices.IndexFunc(all.AgentStatusSummaryList, func(s connect.AgentStatusSummary) bool { return *s.Name == name })
	must[*connect.PutUserStatusResponse](c.T)(c.PutUserStatus(c.Context(), &connect.PutUserStatusRequest{InstanceId: c.instance, UserId: user, AgentStatusId: *all.AgentStatusSummaryList[i].Id}))
}

// arrive has an agent sign in and take a status.
func (c *centre) arrive(user, status string) {
	c.Helper()
	must[*agent.Agent](c.T)(c.engine.Agents.Do(c.Context(), center.InstanceID(c.instance), center.UserID(user), agent.Arrive{Client: agent.Client{ID: "tab", Node: c.engine.Node}}))
	c.status(user, status)
}

// customer starts a chat that waits in a queue.
func (c *centre) customer(queue string, change ...func(*connect.StartChatContactRequest)) string {
	c.Helper()
	id, _ := c.join(append(change, func(in *connect.StartChatContactRequest) { in.ContactFlowId = c.flows[queue] })...)
	return id
}

func (c *centre) does(chat string, cmd contact.Command) {
	c.Helper()
	if _, err := c.engine.Do(c.Context(), center.ContactID(chat), cmd); err != nil {
		c.Fatalf("%T: %v", cmd, err)
	}
}

// ask asks for all metrics.
func (c *centre) ask(change ...func(*connect.GetCurrentMetricDataRequest)) (*connect.GetCurrentMetricDataResponse, error) {
	in := &connect.GetCurrentMetricDataRequest{InstanceId: c.instance, Filters: &connect.Filters{}}
	for _, name := range connect.CurrentMetricName("").Values() {
		in.CurrentMetrics = append(in.CurrentMetrics, connect.CurrentMetric{Name: name})
	}
	for _, f := range change {
		f(in)
	}
	return c.GetCurrentMetricData(c.Context(), in)
}

// short are the names of metrics in tests.
var short = map[connect.CurrentMetricName]string{
	connect.CurrentMetricNameAGENTS_ONLINE: "online", connect.CurrentMetricNameAGENTS_STAFFED: "staffed", connect.CurrentMetricNameAGENTS_NON_PRODUCTIVE: "away",
	connect.CurrentMetricNameAGENTS_AVAILABLE: "available", connect.CurrentMetricNameAGENTS_ON_CONTACT: "busy", connect.CurrentMetricNameAGENTS_ON_CALL: "call",
	connect.CurrentMetricNameAGENTS_AFTER_CONTACT_WORK: "after", connect.CurrentMetricNameAGENTS_ERROR: "error",
	connect.CurrentMetricNameSLOTS_ACTIVE: "active", connect.CurrentMetricNameSLOTS_AVAILABLE: "free", connect.CurrentMetricNameCONTACTS_IN_QUEUE: "queued",
	connect.CurrentMetricNameCONTACTS_SCHEDULED: "scheduled", connect.CurrentMetricNameOLDEST_CONTACT_AGE: "oldest", connect.CurrentMetricNameESTIMATED_WAIT_TIME: "wait",
}

// words are the rows of an answer: what is not zero of each, and what is not known.
func (c *centre) words(out *connect.GetCurrentMetricDataResponse) (rows []string) {
	names := map[string]string{c.basic: "basic", c.sales: "sales", c.one: "one", c.both: "both", c.lunch: "lunch"}
	for _, r := range out.MetricResults {
		var words []string
		if d := r.Dimensions; d != nil {
			add := func(id *string) {
				if id != nil {
					name := names[*id]
					if name == "" {
						name = "available" // the one status that is not made by the test
					}
					words = append(words, name)
				}
			}
			if d.Queue != nil {
				add(d.Queue.Id)
			}
			if d.RoutingProfile != nil {
				add(d.RoutingProfile.Id)
			}
			if d.AgentStatus != nil {
				add(d.AgentStatus.Id)
			}
			if d.Channel != "" {
				words = append(words, string(d.Channel))
			}
			if d.RoutingStepExpression != nil {
				words = append(words, *d.RoutingStepExpression)
			}
			if d.Subtype != nil {
				words = append(words, *d.Subtype)
			}
			words = append(words, "|")
		}
		for _, m := range r.Collections {
			switch {
			case m.Value == nil:
				words = append(words, short[m.Metric.Name]+" ?")
			case *m.Value != 0:
				words = append(words, fmt.Sprintf("%s %g", short[m.Metric.Name], *m.Value))
			}
		}
		rows = append(rows, strings.Join(words, " "))
	}
	return rows
}

// shows compares the rows of an answer, in any order.
func (c *centre) shows(what string, want []string, change ...func(*connect.GetCurrentMetricDataRequest)) {
	c.Helper()
	synctest.Wait()
	out, err := c.ask(change...)
	if err != nil {
		c.Errorf("%s: %v", what, err)
		return
	}
	if got := slices.Sorted(slices.Values(c.words(out))); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		c.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !out.DataSnapshotTime.Equal(time.Now().Truncate(time.Millisecond)) || int(*out.ApproximateTotalCount) != len(want) {
		c.Errorf("%s: of %s, %d in all", what, out.DataSnapshotTime, *out.ApproximateTotalCount)
	}
}

func by(groupings ...connect.Grouping) func(*connect.GetCurrentMetricDataRequest) {
	return func(in *connect.GetCurrentMetricDataRequest) { in.Groupings = groupings }
}

func queues(ids ...string) func(*connect.GetCurrentMetricDataRequest) {
	return func(in *connect.GetCurrentMetricDataRequest) { in.Filters.Queues = ids }
}

func profiles(ids ...string) func(*connect.GetCurrentMetricDataRequest) {
	return func(in *connect.GetCurrentMetricDataRequest) { in.Filters.RoutingProfiles = ids }
}

func channels(all ...connect.Channel) func(*connect.GetCurrentMetricDataRequest) {
	return func(in *connect.GetCurrentMetricDataRequest) { in.Filters.Channels = all }
}

func only(names ...connect.CurrentMetricName) func(*connect.GetCurrentMetricDataRequest) {
	return func(in *connect.GetCurrentMetricDataRequest) {
		in.CurrentMetrics = nil
		for _, name := range names {
			in.CurrentMetrics = append(in.CurrentMetrics, connect.CurrentMetric{Name: name})
		}
	}
}
