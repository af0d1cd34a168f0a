package connectapi_test

import (
	"fmt"
	"slices"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

// status describes an agent status in a line.
func (o *office) status(id string) string {
	o.t.Helper()
	s := must[*connect.DescribeAgentStatusResponse](o.t)(o.DescribeAgentStatus(o.t.Context(), &connect.DescribeAgentStatusRequest{InstanceId: o.id, AgentStatusId: id})).AgentStatus
	order := "-"
	if s.DisplayOrder != nil {
		order = fmt.Sprint(*s.DisplayOrder)
	}
	description := "-"
	if s.Description != nil {
		description = *s.Description
	}
	return fmt.Sprint(*s.Name, ", ", description, ", ", s.Type, " ", s.State, " ", order, " ", len(s.Tags))
}

func TestAgentStatuses(t *testing.T) {
	o := newOffice(t, catalog.Limits{AgentStatuses: 4})
	ctx := t.Context()
	made := must[*connect.CreateAgentStatusResponse](t)(o.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{
		InstanceId: o.arn, Name: "Lunch", Description: new("at noon"), State: connect.AgentStatusStateENABLED, DisplayOrder: new(int32(50)), Tags: map[string]string{"team": "a"},
	}))
	id := *made.AgentStatusId
	if *made.AgentStatusARN != o.arn+"/agent-state/"+id {
		t.Errorf("the ARN of status %s is %s", id, *made.AgentStatusARN)
	}
	all := must[*connect.ListAgentStatusResponse](t)(o.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: o.id})).AgentStatusSummaryList
	available := *all[0].Id
	for _, c := range []struct {
		in   connect.UpdateAgentStatusRequest
		want string
	}{
		{connect.UpdateAgentStatusRequest{}, "Lunch, at noon, CUSTOM ENABLED 50 1"},
		{connect.UpdateAgentStatusRequest{Name: new("Break"), Description: new("a short one")}, "Break, a short one, CUSTOM ENABLED 50 1"},
		{connect.UpdateAgentStatusRequest{State: connect.AgentStatusStateDISABLED}, "Break, a short one, CUSTOM DISABLED 50 1"},
		{connect.UpdateAgentStatusRequest{DisplayOrder: new(int32(1)), ResetOrderNumber: new(false)}, "Break, a short one, CUSTOM DISABLED 1 1"},
		{connect.UpdateAgentStatusRequest{ResetOrderNumber: new(true), Description: new("")}, "Break, -, CUSTOM DISABLED - 1"},
		{connect.UpdateAgentStatusRequest{State: connect.AgentStatusStateENABLED}, "Break, -, CUSTOM ENABLED - 1"},
		{connect.UpdateAgentStatusRequest{AgentStatusId: available, Name: new("Available"), State: connect.AgentStatusStateENABLED, DisplayOrder: new(int32(9)), Description: new("ready")}, "Available, ready, ROUTABLE ENABLED 9 0"},
	} {
		c.in.InstanceId = o.id
		if c.in.AgentStatusId == "" {
			c.in.AgentStatusId = *made.AgentStatusARN
		}
		must[*connect.UpdateAgentStatusResponse](t)(o.UpdateAgentStatus(ctx, &c.in))
		if got := o.status(c.in.AgentStatusId); got != c.want {
			t.Errorf("after %+v the status is %q; want %q", c.in, got, c.want)
		}
	}

	create := func(in connect.CreateAgentStatusRequest) error {
		if in.InstanceId == "" {
			in.InstanceId = o.id
		}
		_, err := o.CreateAgentStatus(ctx, &in)
		return err
	}
	update := func(in connect.UpdateAgentStatusRequest) error {
		in.InstanceId = o.id
		if in.AgentStatusId == "" {
			in.AgentStatusId = id
		}
		_, err := o.UpdateAgentStatus(ctx, &in)
		return err
	}
	const on, off = connect.AgentStatusStateENABLED, connect.AgentStatusStateDISABLED
	for what, c := range map[string]struct {
		err    error
		code   string
		status int
	}{
		"a taken name":                   {create(connect.CreateAgentStatusRequest{Name: "Offline", State: on}), "DuplicateResourceException", 409},
		"an unknown instance":            {create(connect.CreateAgentStatusRequest{InstanceId: unknownID, Name: "x", State: on}), notFoundE, 404},
		"an unknown state":               {create(connect.CreateAgentStatusRequest{Name: "x", State: "BUSY"}), parameter, 400},
		"no state":                       {create(connect.CreateAgentStatusRequest{Name: "x"}), parameter, 400},
		"order 0":                        {create(connect.CreateAgentStatusRequest{Name: "x", State: on, DisplayOrder: new(int32(0))}), parameter, 400},
		"order 51":                       {create(connect.CreateAgentStatusRequest{Name: "x", State: on, DisplayOrder: new(int32(51))}), parameter, 400},
		"a name of 128":                  {create(connect.CreateAgentStatusRequest{Name: fmt.Sprintf("%0128d", 1), State: on}), parameter, 400},
		"renaming to a taken name":       {update(connect.UpdateAgentStatusRequest{Name: new("Offline")}), "DuplicateResourceException", 409},
		"an order and none":              {update(connect.UpdateAgentStatusRequest{DisplayOrder: new(int32(1)), ResetOrderNumber: new(true)}), requestE, 400},
		"an unknown status":              {update(connect.UpdateAgentStatusRequest{AgentStatusId: unknownID, State: off}), notFoundE, 404},
		"renaming Available":             {update(connect.UpdateAgentStatusRequest{AgentStatusId: available, Name: new("Ready")}), requestE, 400},
		"disabling Available":            {update(connect.UpdateAgentStatusRequest{AgentStatusId: available, State: off}), requestE, 400},
		"a fourth status, which is good": {create(connect.CreateAgentStatusRequest{Name: "Training", State: off}), "", 0},
	} {
		if c.code == "" && c.err == nil {
			continue
		}
		refused(t, what, c.err, c.code, c.status)
	}
	refused(t, "a fifth status of four", create(connect.CreateAgentStatusRequest{Name: "fifth", State: on}), "LimitExceededException", 429)

	for field, c := range map[string]struct {
		value string
		want  []string
	}{
		"name":         {"break", []string{"Break"}},
		"description":  {"ready", []string{"Available"}},
		"type":         {"CUSTOM", []string{"Break", "Training"}},
		"state":        {"DISABLED", []string{"Training"}},
		"displayOrder": {"9", []string{"Available"}},
		"resourceID":   {id, []string{"Break"}},
	} {
		found := must[*connect.SearchAgentStatusesResponse](t)(o.SearchAgentStatuses(ctx, &connect.SearchAgentStatusesRequest{InstanceId: o.id,
			SearchCriteria: &connect.AgentStatusSearchCriteria{StringCondition: &connect.StringCondition{FieldName: &field, Value: &c.value, ComparisonType: connect.StringComparisonTypeEXACT}}}))
		var got []string
		for _, s := range found.AgentStatuses {
			got = append(got, *s.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("by %s: %q; want %q", field, got, c.want)
		}
	}
	custom := must[*connect.ListAgentStatusResponse](t)(o.ListAgentStatuses(ctx, &connect.ListAgentStatusRequest{InstanceId: o.id, AgentStatusTypes: []connect.AgentStatusType{connect.AgentStatusTypeCUSTOM}})).AgentStatusSummaryList
	if len(custom) != 2 || *custom[0].Id != id {
		t.Errorf("the statuses of the type CUSTOM are %+v", custom)
	}
}
