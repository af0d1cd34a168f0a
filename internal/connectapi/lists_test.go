package connectapi_test

import (
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

func TestWhatANewInstanceComesWith(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()

	h := must[*connect.ListHoursOfOperationsResponse](t)(o.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: o.arn})).HoursOfOperationSummaryList
	if len(h) != 1 || *h[0].Name != "Basic Hours" || *h[0].Arn != o.arn+"/operating-hours/"+*h[0].Id {
		t.Fatalf("hours %+v", h)
	}
	hours := must[*connect.DescribeHoursOfOperationResponse](t)(o.DescribeHoursOfOperation(ctx, &connect.DescribeHoursOfOperationRequest{InstanceId: o.id, HoursOfOperationId: *h[0].Arn})).HoursOfOperation
	if *hours.TimeZone != "US/Eastern" || len(hours.Config) != 5 || hours.Config[0].Day != connect.HoursOfOperationDaysMONDAY ||
		hours.Config[4].StartTime.Hours != 9 || hours.Config[4].EndTime.Hours != 17 {
		t.Errorf("Basic Hours are %+v", hours)
	}

	q := must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id, QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}})).QueueSummaryList
	if len(q) != 1 || *q[0].Name != "BasicQueue" || q[0].QueueType != connect.QueueTypeSTANDARD {
		t.Fatalf("queues %+v", q)
	}
	if agents := must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id, QueueTypes: []connect.QueueType{connect.QueueTypeAGENT}})).QueueSummaryList; len(agents) != 0 {
		t.Errorf("agents' queues %+v", agents)
	}
	queue := must[*connect.DescribeQueueResponse](t)(o.DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: o.id, QueueId: *q[0].Id})).Queue
	if *queue.HoursOfOperationId != *hours.HoursOfOperationId || queue.Status != connect.QueueStatusENABLED || queue.MaxContacts != nil {
		t.Errorf("BasicQueue is %+v", queue)
	}

	p := must[*connect.ListRoutingProfilesResponse](t)(o.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: o.id})).RoutingProfileSummaryList
	if len(p) != 1 || *p[0].Name != "Basic Routing Profile" {
		t.Fatalf("routing profiles %+v", p)
	}
	profile := must[*connect.DescribeRoutingProfileResponse](t)(o.DescribeRoutingProfile(ctx, &connect.DescribeRoutingProfileRequest{InstanceId: o.id, RoutingProfileId: *p[0].Id})).RoutingProfile
	if !*profile.IsDefault || *profile.DefaultOutboundQueueId != *queue.QueueId || *profile.NumberOfAssociatedQueues != 3 || !slices.Equal(profile.AssociatedQueueIds, []string{*queue.QueueId}) {
		t.Errorf("Basic Routing Profile is %+v", profile)
	}
	var channels []connect.Channel
	for token := (*string)(nil); ; {
		page := must[*connect.ListRoutingProfileQueuesResponse](t)(o.ListRoutingProfileQueues(ctx, &connect.ListRoutingProfileQueuesRequest{InstanceId: o.id, RoutingProfileId: *p[0].Id, MaxResults: new(int32(1)), NextToken: token}))
		for _, c := range page.RoutingProfileQueueConfigSummaryList {
			if c.QueueArn != *queue.QueueArn || c.QueueName != "BasicQueue" || c.Priority != 1 {
				t.Errorf("a queue of the profile is %+v", c)
			}
			channels = append(channels, c.Channel)
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if fmt.Sprint(channels) != "[VOICE CHAT TASK]" {
		t.Errorf("the channels of the profile are %v", channels)
	}

	var names []string
	for _, s := range must[*connect.ListSecurityProfilesResponse](t)(o.ListSecurityProfiles(ctx, &connect.ListSecurityProfilesRequest{InstanceId: o.id})).SecurityProfileSummaryList {
		names = append(names, *s.Name)
		one := must[*connect.DescribeSecurityProfileResponse](t)(o.DescribeSecurityProfile(ctx, &connect.DescribeSecurityProfileRequest{InstanceId: o.id, SecurityProfileId: *s.Id})).SecurityProfile
		if *one.SecurityProfileName != *s.Name || *one.OrganizationResourceId != o.id || *one.Arn != *s.Arn ||
			one.Type != connect.SecurityProfileTypeAWS_MANAGED || s.Type != connect.SecurityProfileTypeAWS_MANAGED { // it came with the instance
			t.Errorf("security profile %s is %+v", *s.Name, one)
		}
		may := must[*connect.ListSecurityProfilePermissionsResponse](t)(o.ListSecurityProfilePermissions(ctx, &connect.ListSecurityProfilePermissionsRequest{InstanceId: o.id, SecurityProfileId: *s.Arn})).Permissions
		if *s.Name == "Agent" && !slices.Equal(may, []string{"BasicAgentAccess", "OutboundCallAccess"}) {
			t.Errorf("an Agent may %q", may)
		}
		if len(may) == 0 || !slices.IsSorted(may) {
			t.Errorf("%s may %q", *s.Name, may)
		}
	}
	if !slices.Equal(names, []string{"Admin", "Agent", "CallCenterManager", "QualityAnalyst"}) {
		t.Errorf("security profiles %q", names)
	}

	statuses := must[*connect.ListAgentStatusResponse](t)(o.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: o.id})).AgentStatusSummaryList
	if len(statuses) != 2 || *statuses[0].Name != "Available" || statuses[0].Type != connect.AgentStatusTypeROUTABLE || *statuses[1].Name != "Offline" || statuses[1].Type != connect.AgentStatusTypeOFFLINE {
		t.Fatalf("agent statuses %+v", statuses)
	}
	offline := must[*connect.ListAgentStatusResponse](t)(o.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: o.id, AgentStatusTypes: []connect.AgentStatusType{connect.AgentStatusTypeOFFLINE}})).AgentStatusSummaryList
	if len(offline) != 1 || *offline[0].Id != *statuses[1].Id {
		t.Errorf("offline statuses %+v", offline)
	}
	status := must[*connect.DescribeAgentStatusResponse](t)(o.DescribeAgentStatus(ctx, &connect.DescribeAgentStatusRequest{InstanceId: o.id, AgentStatusId: *statuses[0].Arn})).AgentStatus
	if *status.DisplayOrder != 1 || status.State != connect.AgentStatusStateENABLED || *status.AgentStatusARN != o.arn+"/agent-state/"+*statuses[0].Id {
		t.Errorf("Available is %+v", status)
	}
}

func TestEmptyListsAreOfInstancesThatExist(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	queue := *must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id})).QueueSummaryList[0].Id
	hours := *must[*connect.ListHoursOfOperationsResponse](t)(o.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: o.id})).HoursOfOperationSummaryList[0].Id
	profile := *must[*connect.ListRoutingProfilesResponse](t)(o.ListRoutingProfiles(ctx, &connect.ListRoutingProfilesRequest{InstanceId: o.id})).RoutingProfileSummaryList[0].Id
	for name, list := range map[string]func(instance string, token *string) (int, bool, error){
		"ListUsers": func(i string, n *string) (int, bool, error) {
			out, err := o.ListUsers(ctx, &connect.ListUsersRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.UserSummaryList), out.UserSummaryList != nil, nil
		},
		"ListPrompts": func(i string, n *string) (int, bool, error) {
			out, err := o.ListPrompts(ctx, &connect.ListPromptsRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.PromptSummaryList), out.PromptSummaryList != nil, nil
		},
		"ListPhoneNumbers": func(i string, n *string) (int, bool, error) {
			out, err := o.ListPhoneNumbers(ctx, &connect.ListPhoneNumbersRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.PhoneNumberSummaryList), out.PhoneNumberSummaryList != nil, nil
		},
		"ListFlowAssociations": func(i string, n *string) (int, bool, error) {
			out, err := o.ListFlowAssociations(ctx, &connect.ListFlowAssociationsRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.FlowAssociationSummaryList), out.FlowAssociationSummaryList != nil, nil
		},
		"ListQuickConnects": func(i string, n *string) (int, bool, error) {
			out, err := o.ListQuickConnects(ctx, &connect.ListQuickConnectsRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.QuickConnectSummaryList), out.QuickConnectSummaryList != nil, nil
		},
		"ListContactFlowModules": func(i string, n *string) (int, bool, error) {
			out, err := o.ListContactFlowModules(ctx, &connect.ListContactFlowModulesRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.ContactFlowModulesSummaryList), out.ContactFlowModulesSummaryList != nil, nil
		},
		"ListUserHierarchyGroups": func(i string, n *string) (int, bool, error) {
			out, err := o.ListUserHierarchyGroups(ctx, &connect.ListUserHierarchyGroupsRequest{InstanceId: i, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.UserHierarchyGroupSummaryList), out.UserHierarchyGroupSummaryList != nil, nil
		},
		"ListQueueQuickConnects": func(i string, n *string) (int, bool, error) {
			out, err := o.ListQueueQuickConnects(ctx, &connect.ListQueueQuickConnectsRequest{InstanceId: i, QueueId: queue, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.QuickConnectSummaryList), out.QuickConnectSummaryList != nil, nil
		},
		"ListHoursOfOperationOverrides": func(i string, n *string) (int, bool, error) {
			out, err := o.ListHoursOfOperationOverrides(ctx, &connect.ListHoursOfOperationOverridesRequest{InstanceId: i, HoursOfOperationId: hours, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.HoursOfOperationOverrideList), out.HoursOfOperationOverrideList != nil, nil
		},
		"ListRoutingProfileManualAssignmentQueues": func(i string, n *string) (int, bool, error) {
			out, err := o.ListRoutingProfileManualAssignmentQueues(ctx, &connect.ListRoutingProfileManualAssignmentQueuesRequest{InstanceId: i, RoutingProfileId: profile, NextToken: n})
			if err != nil {
				return 0, false, err
			}
			return len(out.RoutingProfileManualAssignmentQueueConfigSummaryList), out.RoutingProfileManualAssignmentQueueConfigSummaryList != nil, nil
		},
	} {
		if n, there, err := list(o.arn, nil); n != 0 || !there || err != nil {
			t.Errorf("%s = %d items, list present: %v, %v; want an empty list", name, n, there, err)
		}
		_, _, err := list(unknownID, nil)
		refused(t, name+" of an unknown instance", err, "ResourceNotFoundException", 404)
		_, _, err = list(o.id, new("token"))
		refused(t, name+" with a token", err, "InvalidParameterException", 400)
	}
}

func TestNoFlowAssociationsAreFound(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	number := []string{"arn:aws:connect:eu-central-1:210987654321:phone-number/" + unknownID}
	found := must[*connect.BatchGetFlowAssociationResponse](t)(o.BatchGetFlowAssociation(t.Context(), &connect.BatchGetFlowAssociationRequest{InstanceId: o.id, ResourceIds: number}))
	if found.FlowAssociationSummaryList == nil || len(found.FlowAssociationSummaryList) != 0 {
		t.Errorf("BatchGetFlowAssociation finds %v; want an empty list", found.FlowAssociationSummaryList)
	}
	_, err := o.BatchGetFlowAssociation(t.Context(), &connect.BatchGetFlowAssociationRequest{InstanceId: unknownID, ResourceIds: number})
	refused(t, "an unknown instance", err, notFoundE, 404)
}

func TestUnknownResourcesAndInstances(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	for _, instance := range []string{o.id, unknownID} {
		for name, call := range map[string]func() error{
			"DescribeQueue": func() error {
				_, err := o.DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: instance, QueueId: unknownID})
				return err
			},
			"DescribeHoursOfOperation": func() error {
				_, err := o.DescribeHoursOfOperation(ctx, &connect.DescribeHoursOfOperationRequest{InstanceId: instance, HoursOfOperationId: unknownID})
				return err
			},
			"DescribeRoutingProfile": func() error {
				_, err := o.DescribeRoutingProfile(ctx, &connect.DescribeRoutingProfileRequest{InstanceId: instance, RoutingProfileId: unknownID})
				return err
			},
			"ListRoutingProfileQueues": func() error {
				_, err := o.ListRoutingProfileQueues(ctx, &connect.ListRoutingProfileQueuesRequest{InstanceId: instance, RoutingProfileId: unknownID})
				return err
			},
			"DescribeSecurityProfile": func() error {
				_, err := o.DescribeSecurityProfile(ctx, &connect.DescribeSecurityProfileRequest{InstanceId: instance, SecurityProfileId: unknownID})
				return err
			},
			"ListSecurityProfilePermissions": func() error {
				_, err := o.ListSecurityProfilePermissions(ctx, &connect.ListSecurityProfilePermissionsRequest{InstanceId: instance, SecurityProfileId: unknownID})
				return err
			},
			"DescribeAgentStatus": func() error {
				_, err := o.DescribeAgentStatus(ctx, &connect.DescribeAgentStatusRequest{InstanceId: instance, AgentStatusId: unknownID})
				return err
			},
			"ListContactFlowVersions": func() error {
				_, err := o.ListContactFlowVersions(ctx, &connect.ListContactFlowVersionsRequest{InstanceId: instance, ContactFlowId: unknownID})
				return err
			},
		} {
			refused(t, name, call(), "ResourceNotFoundException", 404)
		}
	}
}

func TestSearches(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	id, _ := o.flow("Billing questions")
	_, arn := o.flow("Sales questions")
	o.flow("Goodbye")
	must[*connect.TagResourceResponse](t)(o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"team": "sales"}}))
	must[*connect.UpdateContactFlowMetadataResponse](t)(o.UpdateContactFlowMetadata(ctx, &connect.UpdateContactFlowMetadataRequest{InstanceId: o.id, ContactFlowId: id, ContactFlowState: connect.ContactFlowStateARCHIVED}))

	named := func(value string, how connect.StringComparisonType) connect.ContactFlowSearchCriteria {
		return connect.ContactFlowSearchCriteria{StringCondition: &connect.StringCondition{FieldName: new("name"), Value: &value, ComparisonType: how}}
	}
	questions := named("QUESTIONS", connect.StringComparisonTypeCONTAINS)
	sales := &connect.TagCondition{TagKey: new("team"), TagValue: new("sales")}
	inbound := &connect.ContactFlowTypeCondition{ContactFlowType: connect.ContactFlowTypeCONTACT_FLOW}
	for name, c := range map[string]struct {
		criteria *connect.ContactFlowSearchCriteria
		filter   *connect.ContactFlowSearchFilter
		want     []string
	}{
		"contains":    {&questions, nil, []string{"Billing questions", "Sales questions"}},
		"starts with": {new(named("sales", connect.StringComparisonTypeSTARTS_WITH)), nil, []string{"Sales questions"}},
		"exact":       {new(named("goodbye", "")), nil, []string{"Goodbye"}},
		"or": {&connect.ContactFlowSearchCriteria{OrConditions: []connect.ContactFlowSearchCriteria{
			named("goodbye", connect.StringComparisonTypeEXACT), named("sales", connect.StringComparisonTypeSTARTS_WITH)}}, nil, []string{"Goodbye", "Sales questions"}},
		"and": {&connect.ContactFlowSearchCriteria{AndConditions: []connect.ContactFlowSearchCriteria{
			questions, {StateCondition: connect.ContactFlowStateACTIVE}}}, nil, []string{"Sales questions"}},
		"archived":  {&connect.ContactFlowSearchCriteria{StateCondition: connect.ContactFlowStateARCHIVED}, nil, []string{"Billing questions"}},
		"saved":     {&connect.ContactFlowSearchCriteria{StatusCondition: connect.ContactFlowStatusSAVED}, nil, nil},
		"type":      {&connect.ContactFlowSearchCriteria{TypeCondition: connect.ContactFlowTypeAGENT_HOLD}, nil, []string{"Default agent hold"}},
		"tag":       {nil, &connect.ContactFlowSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: sales}}, []string{"Sales questions"}},
		"tag key":   {nil, &connect.ContactFlowSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{AndConditions: []connect.TagCondition{{TagKey: new("team")}}}}, []string{"Sales questions"}},
		"one of":    {nil, &connect.ContactFlowSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{OrConditions: [][]connect.TagCondition{{{TagKey: new("none")}}, {*sales}}}}, []string{"Sales questions"}},
		"tag, type": {nil, &connect.ContactFlowSearchFilter{FlowAttributeFilter: &connect.ContactFlowAttributeFilter{AndCondition: &connect.ContactFlowAttributeAndCondition{TagConditions: []connect.TagCondition{*sales}, ContactFlowTypeCondition: inbound}}}, []string{"Sales questions"}},
		"type of":   {&questions, &connect.ContactFlowSearchFilter{FlowAttributeFilter: &connect.ContactFlowAttributeFilter{OrConditions: []connect.ContactFlowAttributeAndCondition{{ContactFlowTypeCondition: inbound}}}}, []string{"Billing questions", "Sales questions"}},
		"both":      {&questions, &connect.ContactFlowSearchFilter{TagFilter: &connect.ControlPlaneTagFilter{TagCondition: &connect.TagCondition{TagKey: new("team"), TagValue: new("none")}}}, nil},
	} {
		var got []string
		for token := (*string)(nil); ; {
			out := must[*connect.SearchContactFlowsResponse](t)(o.SearchContactFlows(ctx, &connect.SearchContactFlowsRequest{
				InstanceId: o.id, SearchCriteria: c.criteria, SearchFilter: c.filter, MaxResults: new(int32(1)), NextToken: token,
			}))
			for _, f := range out.ContactFlows {
				got = append(got, *f.Name)
			}
			if *out.ApproximateTotalCount != int64(len(c.want)) {
				t.Errorf("%s: ApproximateTotalCount is %d; want %d", name, *out.ApproximateTotalCount, len(c.want))
			}
			if token = out.NextToken; token == nil {
				break
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s finds %q; want %q", name, got, c.want)
		}
	}
	_, err := o.SearchContactFlows(ctx, &connect.SearchContactFlowsRequest{InstanceId: o.id, SearchCriteria: &connect.ContactFlowSearchCriteria{StringCondition: &connect.StringCondition{FieldName: new("colour")}}})
	refused(t, "an unknown field", err, "InvalidParameterException", 400)

	name := &connect.StringCondition{FieldName: new("name"), Value: new("a"), ComparisonType: connect.StringComparisonTypeCONTAINS}
	queues := must[*connect.SearchQueuesResponse](t)(o.SearchQueues(ctx, &connect.SearchQueuesRequest{InstanceId: o.id, SearchCriteria: &connect.QueueSearchCriteria{StringCondition: name}}))
	hours := must[*connect.SearchHoursOfOperationsResponse](t)(o.SearchHoursOfOperations(ctx, &connect.SearchHoursOfOperationsRequest{InstanceId: o.id, SearchCriteria: &connect.HoursOfOperationSearchCriteria{StringCondition: name}}))
	profiles := must[*connect.SearchRoutingProfilesResponse](t)(o.SearchRoutingProfiles(ctx, &connect.SearchRoutingProfilesRequest{InstanceId: o.id, SearchCriteria: &connect.RoutingProfileSearchCriteria{StringCondition: name}}))
	security := must[*connect.SearchSecurityProfilesResponse](t)(o.SearchSecurityProfiles(ctx, &connect.SearchSecurityProfilesRequest{InstanceId: o.id, SearchCriteria: &connect.SecurityProfileSearchCriteria{StringCondition: name}}))
	statuses := must[*connect.SearchAgentStatusesResponse](t)(o.SearchAgentStatuses(ctx, &connect.SearchAgentStatusesRequest{InstanceId: o.id, SearchCriteria: &connect.AgentStatusSearchCriteria{StringCondition: name},
		SearchFilter: &connect.AgentStatusSearchFilter{AttributeFilter: &connect.ControlPlaneAttributeFilter{TagCondition: sales}}}))
	if p := security.SecurityProfiles[0]; p.Type != connect.SecurityProfileTypeAWS_MANAGED {
		t.Errorf("%s is found as %q", *p.SecurityProfileName, p.Type)
	}
	if got := fmt.Sprint(len(queues.Queues), len(hours.HoursOfOperations), len(profiles.RoutingProfiles), len(security.SecurityProfiles), len(statuses.AgentStatuses)); got != "1 1 1 4 0" {
		t.Errorf("the other searches find %s", got)
	}
}
