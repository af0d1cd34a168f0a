package connectapi_test

import (
	"fmt"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// A small centre is acted out, and every metric compared with what is counted by hand.
func TestCurrentMetricsOfADay(t *testing.T) {
	inCentre(t, func(c *centre) {
		bo, cy, di := center.UserID(c.hire("bo", c.one)), center.UserID(c.hire("cy", c.both)), center.UserID(c.hire("di", c.both))
		queue, profile, status, chat := connect.GroupingQUEUE, connect.GroupingROUTING_PROFILE, connect.GroupingAGENT_STATUS, connect.GroupingCHANNEL
		both := queues(c.basic, c.sales)
		c.shows("nobody is there", nil)
		c.shows("nor in any queue", nil, by(queue), both)

		c.arrive(string(bo), "Available")
		c.arrive(string(cy), "Lunch")
		c.shows("one is available, one away", []string{"online 2 available 1 away 1 staffed 1 free 2 wait ?"})
		c.shows("by queue", []string{"basic | online 2 available 1 away 1 staffed 1 free 2", "sales | online 1 away 1 wait ?"}, by(queue), both)
		c.shows("by status", []string{"basic available | online 1", "basic lunch | online 1", "sales lunch | online 1"}[:0],
			by(queue, status), only(connect.CurrentMetricNameAGENTS_ONLINE), both, func(in *connect.GetCurrentMetricDataRequest) {
				in.Filters.AgentStatuses = nil
				in.Filters.Channels = []connect.Channel{connect.ChannelEMAIL}
			})
		c.shows("of one status", []string{"basic lunch | online 1", "sales lunch | online 1"},
			by(queue, status), only(connect.CurrentMetricNameAGENTS_ONLINE), both, func(in *connect.GetCurrentMetricDataRequest) { in.Filters.AgentStatuses = []string{c.lunch} })

		// Two ring at bo; one more waits.
		first := c.customer(c.basic)
		enginetest.Pass(time.Second)
		second := c.customer(c.basic)
		enginetest.Pass(time.Second)
		third := c.customer(c.basic)
		enginetest.Pass(3500 * time.Millisecond)
		c.shows("two ring", []string{"online 2 away 1 staffed 1 queued 3 oldest 5500 wait ?"})
		c.shows("in one queue", []string{"online 2 away 1 staffed 1 queued 3 oldest 5500 wait ?"}, queues(c.basic))
		c.shows("by profile", []string{
			"one | online 1 staffed 1 queued 3 oldest 5 wait ?", "both | online 1 away 1 queued 3 oldest 5 wait ?"}, by(profile), profiles(c.one, c.both))
		c.shows("by channel", []string{"CHAT | online 2 away 1 staffed 1 queued 3 oldest 5 wait ?", "VOICE | online 1 staffed 1 wait ?"},
			by(chat), channels(connect.ChannelCHAT, connect.ChannelVOICE), profiles(c.one, c.both))
		c.shows("calls", []string{"online 1 staffed 1 wait ?"}, channels(connect.ChannelVOICE))

		c.does(first, contact.Accept{User: bo})
		c.shows("one is connected", []string{"online 2 call 1 away 1 staffed 1 queued 2 oldest 4500 busy 1 active 1 wait ?"})
		c.status(string(bo), "Lunch") // is to follow
		c.shows("a status is to follow", []string{"online 2 call 1 away 1 staffed 1 queued 2 oldest 4500 busy 1 active 1 wait ?"})
		c.status(string(bo), "Available")

		enginetest.Pass(16 * time.Second) // the second is missed
		c.shows("one is missed", []string{"online 2 call 1 away 1 error 1 staffed 1 queued 2 oldest 20500 busy 1 active 1 wait ?"})
		c.shows("by queue", []string{
			"basic | online 2 call 1 away 1 error 1 staffed 1 queued 2 oldest 20 busy 1 active 1 wait ?", "sales | online 1 away 1 wait ?"}, by(queue), both)
		must[*connect.DismissUserContactResponse](c.T)(c.DismissUserContact(c.Context(), &connect.DismissUserContactRequest{InstanceId: c.instance, UserId: string(bo), ContactId: second}))
		c.shows("it rings again", []string{"online 2 call 1 away 1 staffed 1 queued 2 oldest 20500 busy 1 active 1 wait ?"})

		c.does(second, contact.Accept{User: bo})
		c.does(first, contact.Stop{})
		c.shows("after-contact work", []string{"online 2 call 1 away 1 after 1 staffed 1 queued 1 oldest 19500 busy 1 active 2 wait ?"})
		enginetest.Pass(1500 * time.Millisecond) // 23 s after the first came
		c.does(first, contact.Clear{User: bo})
		c.shows("it is cleared, and the third rings", []string{"online 2 call 1 away 1 staffed 1 queued 1 oldest 21000 busy 1 active 1 wait ?"})
		// The first took a slot for 23 seconds. There are two; in one somebody talks, in the other the contact that is ahead rings.
		c.shows("a wait can be estimated", []string{"online 2 call 1 away 1 staffed 1 queued 1 oldest 21000 busy 1 active 1 wait 12"}, queues(c.basic))

		c.arrive(string(di), "Available")
		c.shows("somebody is free", []string{"basic | online 3 available 1 call 1 away 1 staffed 2 queued 1 oldest 21 busy 1 active 1 free 3",
			"sales | online 2 available 1 away 1 staffed 1 free 3"}, by(queue), both)
		c.does(third, contact.Reject{User: bo})
		enginetest.Pass(0)
		c.does(third, contact.Accept{User: di})
		c.shows("both talk", []string{"online 3 call 2 away 1 error 1 staffed 2 busy 2 active 2 free 2 wait ?"})
		c.shows("each queue counts all", []string{
			"basic | online 3 call 2 away 1 error 1 staffed 2 busy 2 active 2 free 2", "sales | online 2 call 1 away 1 staffed 1 busy 1 active 1 free 2"}, by(queue), both)
		for order, want := range map[connect.SortOrder]string{"": "[basic | online 3 sales | online 2]", connect.SortOrderASCENDING: "[sales | online 2 basic | online 3]"} {
			out := must[*connect.GetCurrentMetricDataResponse](c.T)(c.ask(by(queue), both, only(connect.CurrentMetricNameAGENTS_ONLINE), func(in *connect.GetCurrentMetricDataRequest) {
				in.SortCriteria = []connect.CurrentMetricSortCriteria{{SortByMetric: connect.CurrentMetricNameAGENTS_ON_CALL, SortOrder: order}}
			}))
			if got := fmt.Sprint(c.words(out)); got != want {
				c.Errorf("sorted by contacts, %s: %s; want %s", order, got, want)
			}
		}
		c.status(string(di), "Lunch")
		c.does(third, contact.Stop{})
		c.does(third, contact.Clear{User: di})
		c.does(third, contact.Clear{User: bo})
		enginetest.Pass(0)
		c.shows("the next status has followed", []string{"online 3 call 1 away 2 staffed 1 busy 1 active 1 free 1 wait ?"})
		must[*connect.UpdateUserRoutingProfileResponse](c.T)(c.UpdateUserRoutingProfile(c.Context(), &connect.UpdateUserRoutingProfileRequest{InstanceId: c.instance, UserId: string(bo), RoutingProfileId: c.both}))
		c.shows("in another profile", []string{"sales | online 3 call 1 away 2 staffed 1 busy 1 active 1 free 2"}, by(queue), queues(c.sales))
	})
}

// Contacts are told apart by the step of their routing criteria, and by their subtype.
func TestCurrentMetricsByStepAndSubtype(t *testing.T) {
	inCentre(t, func(c *centre) {
		step, subtype := connect.GroupingROUTING_STEP_EXPRESSION, connect.GroupingSUBTYPE
		chats := []string{c.customer(c.basic), c.customer(c.basic, func(in *connect.StartChatContactRequest) {
			in.SegmentAttributes = map[string]connect.SegmentAttributeValue{"connect:Subtype": {ValueString: new("connect:Guide")}}
		}), c.customer(c.basic), c.customer(c.sales)}
		for i, language := range []string{"fr", "fr"} {
			must[*connect.UpdateContactRoutingDataResponse](c.T)(c.UpdateContactRoutingData(c.Context(), &connect.UpdateContactRoutingDataRequest{
				InstanceId: c.instance, ContactId: chats[i], RoutingCriteria: &connect.RoutingCriteriaInput{Steps: []connect.RoutingCriteriaInputStep{{
					Expression: &connect.Expression{AttributeCondition: &connect.AttributeCondition{Name: new("language"), Value: &language,
						ProficiencyLevel: new(float32(3)), ComparisonOperator: new("NumberGreaterOrEqualTo")}}, Expiry: &connect.RoutingCriteriaInputStepExpiry{DurationInSeconds: new(int32(30))}}}}}))
		}
		enginetest.Pass(2 * time.Second)
		some := only(connect.CurrentMetricNameAGENTS_ONLINE, connect.CurrentMetricNameCONTACTS_IN_QUEUE, connect.CurrentMetricNameOLDEST_CONTACT_AGE, connect.CurrentMetricNameESTIMATED_WAIT_TIME)
		const fr = "language fr of at least 3"
		c.shows("by step", []string{fr + " | online ? queued 2 oldest 2 wait ?"}, by(step), queues(c.basic), some)
		c.shows("one step", []string{fr + " | online ? queued 2 oldest 2 wait ?"}, by(step), queues(c.basic), some, func(in *connect.GetCurrentMetricDataRequest) {
			in.Filters.RoutingStepExpressions = []string{fr}
		})
		c.shows("another step", nil, by(step), queues(c.basic), some, func(in *connect.GetCurrentMetricDataRequest) {
			in.Filters.RoutingStepExpressions = []string{"language en of at least 3"}
		})
		c.shows("by subtype", []string{"connect:Chat | online ? queued 3 oldest 2 wait ?", "connect:Guide | online ? queued 1 oldest 2 wait ?"}, by(subtype), some)
		c.shows("guides", []string{"online ? queued 1 oldest 2000 wait ?"}, some, func(in *connect.GetCurrentMetricDataRequest) { in.Filters.Subtypes = []string{"connect:Guide"} })
		c.shows("by step and subtype", []string{fr + " connect:Chat | online ? queued 1 oldest 2 wait ?", fr + " connect:Guide | online ? queued 1 oldest 2 wait ?"}, by(step, subtype), queues(c.basic), some)
		enginetest.Pass(30 * time.Second)
		c.shows("the step has expired", nil, by(step), queues(c.basic), some)
	})
}

// Pages are of one moment, for five minutes.
func TestCurrentMetricsInPages(t *testing.T) {
	inCentre(t, func(c *centre) {
		bo := c.hire("bo", c.both)
		c.arrive(bo, "Available")
		two := func(in *connect.GetCurrentMetricDataRequest) {
			in.MaxResults, in.Groupings = new(int32(1)), []connect.Grouping{connect.GroupingQUEUE}
		}
		online := only(connect.CurrentMetricNameAGENTS_ONLINE)
		first := must[*connect.GetCurrentMetricDataResponse](c.T)(c.ask(two, online))
		next := func(in *connect.GetCurrentMetricDataRequest) { in.NextToken = first.NextToken }
		c.status(bo, "Lunch")
		enginetest.Pass(time.Minute)
		second := must[*connect.GetCurrentMetricDataResponse](c.T)(c.ask(two, online, next))
		if len(first.MetricResults) != 1 || len(second.MetricResults) != 1 || second.NextToken != nil || !second.DataSnapshotTime.Equal(*first.DataSnapshotTime) || *second.ApproximateTotalCount != 2 ||
			*first.MetricResults[0].Dimensions.Queue.Id == *second.MetricResults[0].Dimensions.Queue.Id {
			c.Errorf("the pages are %+v and %+v", first, second)
		}
		_, err := c.ask(online, next)
		c.invalidParameter("the token of another request", err)
		_, err = c.ask(two, online, func(in *connect.GetCurrentMetricDataRequest) { in.NextToken = new("x.1") })
		c.invalidParameter("a token of nobody's", err)
		enginetest.Pass(4*time.Minute + time.Second)
		_, err = c.ask(two, online, next)
		c.invalidParameter("a token that has expired", err)
	})
}

func TestCurrentMetricsThatAreRefused(t *testing.T) {
	inCentre(t, func(c *centre) {
		queue, profile, status, step := connect.GroupingQUEUE, connect.GroupingROUTING_PROFILE, connect.GroupingAGENT_STATUS, connect.GroupingROUTING_STEP_EXPRESSION
		type change = func(*connect.GetCurrentMetricDataRequest)
		metric := func(m connect.CurrentMetric) change {
			return func(in *connect.GetCurrentMetricDataRequest) { in.CurrentMetrics = []connect.CurrentMetric{m} }
		}
		sorted := func(by connect.CurrentMetricName) change {
			return func(in *connect.GetCurrentMetricDataRequest) {
				in.SortCriteria = []connect.CurrentMetricSortCriteria{{SortByMetric: by}}
			}
		}
		online := only(connect.CurrentMetricNameAGENTS_ONLINE)
		for what, changes := range map[string][]change{
			"queues and profiles":             {queues(c.basic), profiles(c.one)},
			"no metrics":                      {only()},
			"an unknown metric":               {metric(connect.CurrentMetric{Name: "MOOD"})},
			"a metric of one's own":           {metric(connect.CurrentMetric{MetricId: new("11111111-1111-4111-8111-111111111111")})},
			"an unknown metric by ARN":        {metric(connect.CurrentMetric{MetricId: new("arn:aws:connect:us-east-1:aws:metric/MOOD")})},
			"a metric without a name":         {metric(connect.CurrentMetric{})},
			"another unit":                    {metric(connect.CurrentMetric{Name: connect.CurrentMetricNameAGENTS_ONLINE, Unit: connect.UnitSECONDS})},
			"one grouping twice":              {by(queue, queue)},
			"channels without the filter":     {by(connect.GroupingCHANNEL)},
			"profiles without a filter":       {by(profile)},
			"status alone":                    {by(status), online},
			"status first":                    {by(status, queue), online},
			"status of another metric":        {by(queue, status)},
			"statuses without the grouping":   {online, func(in *connect.GetCurrentMetricDataRequest) { in.Filters.AgentStatuses = []string{c.lunch} }},
			"steps without the grouping":      {queues(c.basic), func(in *connect.GetCurrentMetricDataRequest) { in.Filters.RoutingStepExpressions = []string{"x"} }},
			"steps of two queues":             {by(step), queues(c.basic, c.sales)},
			"validation tests":                {by(connect.GroupingVALIDATION_TEST_TYPE)},
			"sorted by free slots":            {sorted(connect.CurrentMetricNameSLOTS_AVAILABLE)},
			"sorted by slots that are active": {sorted(connect.CurrentMetricNameSLOTS_ACTIVE)},
		} {
			_, err := c.ask(changes...)
			c.invalidParameter(what, err)
		}
		const nobody = "99999999-9999-4999-8999-999999999999"
		for what, change := range map[string]change{
			"no queue":    queues(nobody),
			"no profile":  profiles(nobody),
			"no status":   func(in *connect.GetCurrentMetricDataRequest) { in.Filters.AgentStatuses = []string{nobody} },
			"no instance": func(in *connect.GetCurrentMetricDataRequest) { in.InstanceId = nobody },
		} {
			_, err := c.ask(change)
			c.notFound(what, err)
		}
		out := must[*connect.GetCurrentMetricDataResponse](c.T)(c.ask(metric(connect.CurrentMetric{MetricId: new("arn:aws:connect:us-east-1:aws:metric/AGENTS_ONLINE")})))
		if len(out.MetricResults) != 0 {
			c.Errorf("nobody is there: %+v", out.MetricResults)
		}
	})
}
