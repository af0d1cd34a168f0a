package connectapi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/store"
)

// find searches the contacts of the last hour.
func (c *centre) find(change ...func(*connect.SearchContactsRequest)) (*connect.SearchContactsResponse, error) {
	in := &connect.SearchContactsRequest{
		InstanceId: c.instance, SearchCriteria: &connect.SearchCriteria{},
		TimeRange: &connect.SearchContactsTimeRange{Type: connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, StartTime: time.Now().Add(-time.Hour), EndTime: time.Now()},
	}
	for _, f := range change {
		f(in)
	}
	return c.SearchContacts(c.Context(), in)
}

// searches counts searches of a store.
type searches struct {
	store.Store
	n int
}

func (s *searches) SearchContacts(ctx context.Context, q store.ContactSearch) ([]store.FoundContact, error) {
	s.n++
	return s.Store.SearchContacts(ctx, q)
}

// Where nothing is counted, nothing is looked for.
func TestSearchForNothingCountsAlone(t *testing.T) {
	inCentre(t, func(c *centre) {
		s := &searches{Store: c.engine.Store}
		c.service.Contacts.Store = s
		for i, method := range []connect.ContactInitiationMethod{connect.ContactInitiationMethodMONITOR, connect.ContactInitiationMethodAPI} {
			if i == 1 {
				c.customer(c.basic)
			}
			out, err := c.find(func(in *connect.SearchContactsRequest) {
				in.SearchCriteria.InitiationMethods = []connect.ContactInitiationMethod{method}
			})
			if err != nil || len(out.Contacts) != i || *out.TotalCount != int64(i) || s.n != i {
				t.Errorf("by %s: %+v, %v, after %d searches; want %d contacts", method, out, err, s.n, i)
			}
		}
	})
}

func TestSearchContacts(t *testing.T) {
	inCentre(t, func(c *centre) {
		ctx := c.Context()
		site, team := c.groups()
		bo, cy := c.hire("bo", c.one, func(in *connect.CreateUserRequest) { in.HierarchyGroupId = &team }), c.hire("cy", c.both)
		c.arrive(bo, "Available")
		began := time.Now()
		first := c.customer(c.basic, func(in *connect.StartChatContactRequest) { in.Attributes = map[string]string{"tier": "gold"} })
		enginetest.Pass(time.Second)
		c.does(first, contact.Accept{User: center.UserID(bo)})
		enginetest.Pass(time.Second)
		second := c.customer(c.sales, func(in *connect.StartChatContactRequest) {
			in.SegmentAttributes = map[string]connect.SegmentAttributeValue{"connect:Subtype": {ValueString: new("connect:Guide")}}
		})
		enginetest.Pass(time.Second)
		third, _ := c.join()
		enginetest.Pass(time.Second)
		c.does(first, contact.Stop{})
		must[*connect.UpdateContactResponse](c.T)(c.UpdateContact(ctx, &connect.UpdateContactRequest{InstanceId: c.instance, ContactId: second, Name: new("Lost parcel")}))
		must[*connect.UpdateContactAttributesResponse](c.T)(c.UpdateContactAttributes(ctx, &connect.UpdateContactAttributesRequest{InstanceId: c.instance, InitialContactId: second, Attributes: map[string]string{"tier": "silver"}}))
		must[*connect.TagContactResponse](c.T)(c.TagContact(ctx, &connect.TagContactRequest{InstanceId: c.instance, ContactId: third, Tags: map[string]string{"site": "x"}}))
		names := map[string]string{first: "first", second: "second", third: "third"}
		finds := func(what, want string, change func(in *connect.SearchContactsRequest)) {
			c.Helper()
			out, err := c.find(change)
			if err != nil {
				c.Errorf("%s: %v", what, err)
				return
			}
			got := []string{}
			for _, s := range out.Contacts {
				got = append(got, names[*s.Id])
			}
			if fmt.Sprint(got) != want || *out.TotalCount != int64(len(got)) {
				c.Errorf("%s: %v of %d; want %s", what, got, *out.TotalCount, want)
			}
		}
		within := func(of connect.SearchContactsTimeRangeType, from, to time.Duration) func(in *connect.SearchContactsRequest) {
			return func(in *connect.SearchContactsRequest) {
				in.TimeRange = &connect.SearchContactsTimeRange{Type: of, StartTime: began.Add(from), EndTime: began.Add(to)}
			}
		}
		of := func(change func(s *connect.SearchCriteria)) func(in *connect.SearchContactsRequest) {
			return func(in *connect.SearchContactsRequest) { change(in.SearchCriteria) }
		}
		attributes := func(m connect.SearchContactsMatchType, values ...string) func(in *connect.SearchContactsRequest) {
			return of(func(s *connect.SearchCriteria) {
				s.SearchableContactAttributes = &connect.SearchableContactAttributes{MatchType: m, Criteria: []connect.SearchableContactAttributesCriteria{{Key: "tier", Values: values}}}
			})
		}
		finds("all, newest first", "[third second first]", func(*connect.SearchContactsRequest) {})
		finds("none asked for", "[third second first]", func(in *connect.SearchContactsRequest) { in.SearchCriteria = nil })
		finds("initiated", "[second first]", within(connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, 0, 2*time.Second))
		finds("enqueued", "[second]", within(connect.SearchContactsTimeRangeTypeENQUEUE_TIMESTAMP, time.Second, time.Hour))
		finds("connected", "[first]", within(connect.SearchContactsTimeRangeTypeCONNECTED_TO_AGENT_TIMESTAMP, 0, time.Hour))
		finds("ended", "[first]", within(connect.SearchContactsTimeRangeTypeDISCONNECT_TIMESTAMP, 0, time.Hour))
		finds("scheduled", "[]", within(connect.SearchContactsTimeRangeTypeSCHEDULED_TIMESTAMP, 0, time.Hour))
		finds("of an agent", "[first]", of(func(s *connect.SearchCriteria) { s.AgentIds = []string{bo, cy} }))
		finds("of another", "[]", of(func(s *connect.SearchCriteria) { s.AgentIds = []string{cy} }))
		finds("of a site", "[first]", of(func(s *connect.SearchCriteria) {
			s.AgentHierarchyGroups = &connect.AgentHierarchyGroups{L1Ids: []string{site}}
		}))
		finds("of a team, and another agent", "[]", of(func(s *connect.SearchCriteria) {
			s.AgentHierarchyGroups, s.AgentIds = &connect.AgentHierarchyGroups{L2Ids: []string{team}}, []string{cy}
		}))
		finds("of a queue", "[second]", of(func(s *connect.SearchCriteria) { s.QueueIds = []string{c.sales} }))
		finds("calls", "[]", of(func(s *connect.SearchCriteria) { s.Channels = []connect.Channel{connect.ChannelVOICE} }))
		finds("of another region", "[]", of(func(s *connect.SearchCriteria) { s.ActiveRegions = []string{"eu-west-2"} }))
		finds("chats", "[third second first]", of(func(s *connect.SearchCriteria) {
			s.Channels, s.ActiveRegions = []connect.Channel{connect.ChannelVOICE, connect.ChannelCHAT}, []string{"us-east-1"}
		}))
		finds("transferred", "[]", of(func(s *connect.SearchCriteria) {
			s.InitiationMethods = []connect.ContactInitiationMethod{connect.ContactInitiationMethodTRANSFER}
		}))
		finds("by name", "[second]", of(func(s *connect.SearchCriteria) {
			s.Name = &connect.NameCriteria{SearchText: []string{"PARCEL", "lost"}, MatchType: connect.SearchContactsMatchTypeMATCH_ALL}
		}))
		must[*connect.UpdateContactRoutingDataResponse](c.T)(c.UpdateContactRoutingData(ctx, &connect.UpdateContactRoutingDataRequest{InstanceId: c.instance, ContactId: second,
			RoutingCriteria: &connect.RoutingCriteriaInput{Steps: []connect.RoutingCriteriaInputStep{{Expression: &connect.Expression{AttributeCondition: &connect.AttributeCondition{
				ComparisonOperator: new("Match"), MatchCriteria: &connect.MatchCriteria{AgentsCriteria: &connect.AgentsCriteria{AgentIds: []string{cy}}}}}}}}}))
		for want, agents := range map[string][]string{"[second]": {cy}, "[]": {cy, bo}} {
			finds("by whom routing criteria name", want, of(func(s *connect.SearchCriteria) {
				s.RoutingCriteria = &connect.SearchableRoutingCriteria{Steps: []connect.SearchableRoutingCriteriaStep{{AgentCriteria: &connect.SearchableAgentCriteriaStep{AgentIds: agents}}}}
			}))
		}
		finds("gold", "[first]", attributes("", "Gold"))
		finds("gold or silver", "[second first]", attributes(connect.SearchContactsMatchTypeMATCH_ANY, "gold", "silver"))
		finds("neither", "[third]", attributes(connect.SearchContactsMatchTypeMATCH_NONE, "gold", "silver"))
		finds("guides", "[second]", of(func(s *connect.SearchCriteria) {
			s.SearchableSegmentAttributes = &connect.SearchableSegmentAttributes{Criteria: []connect.SearchableSegmentAttributesCriteria{{Key: "connect:Subtype", Values: []string{"connect:Guide"}}}}
		}))
		finds("tagged", "[third]", of(func(s *connect.SearchCriteria) {
			s.ContactTags = &connect.ControlPlaneTagFilter{OrConditions: [][]connect.TagCondition{{{TagKey: new("site")}, {TagKey: new("site"), TagValue: new("x")}}}}
		}))
		finds("that go on", "[third second]", of(func(s *connect.SearchCriteria) {
			s.AdditionalTimeRange = &connect.SearchContactsAdditionalTimeRange{MatchType: connect.SearchContactsMatchTypeMATCH_ALL, Criteria: []connect.SearchContactsAdditionalTimeRangeCriteria{
				{TimestampCondition: &connect.SearchContactsTimestampCondition{Type: connect.SearchContactsTimeRangeTypeDISCONNECT_TIMESTAMP, ConditionType: connect.SearchContactsTimeRangeConditionTypeNOT_EXISTS}}}}
		}))
		finds("those that ended last", "[second third first]", func(in *connect.SearchContactsRequest) {
			in.Sort = &connect.Sort{FieldName: connect.SortableFieldNameDISCONNECT_TIMESTAMP, Order: connect.SortOrderASCENDING}
		})

		out := must[*connect.SearchContactsResponse](c.T)(c.find(of(func(s *connect.SearchCriteria) { s.AgentIds = []string{bo} })))
		same(c.T, "a contact", out.Contacts[0], connect.ContactSearchSummary{
			Arn: new(enginetest.Partition.ContactARN(center.InstanceID(c.instance), center.ContactID(first))), Id: &first, InitiationMethod: connect.ContactInitiationMethodAPI, Channel: connect.ChannelCHAT,
			QueueInfo: &connect.ContactSearchSummaryQueueInfo{Id: &c.basic, EnqueueTimestamp: &began}, AgentInfo: &connect.ContactSearchSummaryAgentInfo{Id: &bo, ConnectedToAgentTimestamp: new(began.Add(time.Second))},
			InitiationTimestamp: &began, DisconnectTimestamp: new(began.Add(4 * time.Second)), SegmentAttributes: out.Contacts[0].SegmentAttributes, Tags: map[string]string{"aws:connect:instanceId": c.instance},
		})
		if *out.Contacts[0].SegmentAttributes["connect:Subtype"].ValueString != "connect:Chat" {
			c.Errorf("the segment attributes are %+v", out.Contacts[0].SegmentAttributes)
		}

		// A walk sees once what was there, whatever begins meanwhile.
		var seen []string
		var token *string
		one := func(in *connect.SearchContactsRequest) {
			within(connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, 0, time.Hour)(in)
			in.MaxResults, in.NextToken = new(int32(1)), token
		}
		for len(seen) < 9 {
			out := must[*connect.SearchContactsResponse](c.T)(c.find(one))
			seen = append(seen, names[*out.Contacts[0].Id])
			if *out.TotalCount != 3 {
				c.Errorf("TotalCount is %d", *out.TotalCount)
			}
			enginetest.Pass(time.Second)
			c.join()
			if token = out.NextToken; token == nil {
				break
			}
			_, err := c.find(func(in *connect.SearchContactsRequest) { in.NextToken = token })
			c.invalidParameter("the token of another request", err)
		}
		if !slices.Equal(seen, []string{"third", "second", "first"}) {
			c.Errorf("a walk saw %v", seen)
		}

		for what, change := range map[string]func(in *connect.SearchContactsRequest){
			"a range that ends before it begins": within(connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, time.Hour, 0),
			"a token of nobody's":                func(in *connect.SearchContactsRequest) { in.NextToken = new("!") },
			"too many words": of(func(s *connect.SearchCriteria) {
				s.ContactAnalysis = &connect.ContactAnalysis{Transcript: &connect.Transcript{Criteria: []connect.TranscriptCriteria{{
					ParticipantRole: connect.ParticipantRoleCUSTOMER, MatchType: connect.SearchContactsMatchTypeMATCH_ANY, SearchText: slices.Repeat([]string{strings.Repeat("a ", 64)}, 16)}}}}
			}),
			"too many steps": of(func(s *connect.SearchCriteria) {
				s.RoutingCriteria = &connect.SearchableRoutingCriteria{Steps: make([]connect.SearchableRoutingCriteriaStep, 21)}
			}),
			"AI agents": of(func(s *connect.SearchCriteria) { s.AiAgents = &connect.AiAgentsCriteria{} }),
			"a group of another level": of(func(s *connect.SearchCriteria) {
				s.AgentHierarchyGroups = &connect.AgentHierarchyGroups{L1Ids: []string{team}}
			}),
			"neither a range nor a condition": of(func(s *connect.SearchCriteria) {
				s.AdditionalTimeRange = &connect.SearchContactsAdditionalTimeRange{MatchType: connect.SearchContactsMatchTypeMATCH_ALL, Criteria: []connect.SearchContactsAdditionalTimeRangeCriteria{{}}}
			}),
		} {
			_, err := c.find(change)
			c.invalidParameter(what, err)
		}
		const nobody = "99999999-9999-4999-8999-999999999999"
		_, err := c.find(of(func(s *connect.SearchCriteria) {
			s.AgentHierarchyGroups = &connect.AgentHierarchyGroups{L1Ids: []string{nobody}}
		}))
		c.notFound("no group", err)
		_, err = c.find(func(in *connect.SearchContactsRequest) { in.InstanceId = nobody })
		c.notFound("no instance", err)
	})
}
