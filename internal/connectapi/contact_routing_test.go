package connectapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
)

// toQueue sends the customer to a queue at once.
const toQueue = `{"Version":"2019-10-30","StartAction":"t","Actions":[
 {"Identifier":"t","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"q","Errors":[{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"q","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"e","Errors":[{"NextAction":"e","ErrorType":"QueueAtCapacity"},{"NextAction":"e","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"e","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`

func TestRoutingData(t *testing.T) {
	inHall(t, func(h *hall) {
		queues, err := h.ListQueues(h.Context(), &connect.ListQueuesRequest{InstanceId: h.instance, QueueTypes: []connect.QueueType{connect.QueueTypeSTANDARD}})
		if err != nil || len(queues.QueueSummaryList) == 0 {
			t.Fatalf("ListQueues = %+v, %v", queues, err)
		}
		queue := *queues.QueueSummaryList[0].Id
		f := h.flow("to queue", connect.ContactFlowTypeCONTACT_FLOW, strings.ReplaceAll(toQueue, "QUEUE", queue))
		var chats []string
		for range 3 {
			id, _ := h.join(func(in *connect.StartChatContactRequest) { in.ContactFlowId = f })
			chats = append(chats, id)
			enginetest.Pass(time.Second)
		}
		update := func(id string, change func(in *connect.UpdateContactRoutingDataRequest)) error {
			in := &connect.UpdateContactRoutingDataRequest{InstanceId: h.instance, ContactId: id}
			change(in)
			_, err := h.UpdateContactRoutingData(h.Context(), in)
			return err
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		metrics := func(id string) (*connect.GetContactMetricsResponse, error) {
			return h.GetContactMetrics(h.Context(), &connect.GetContactMetricsRequest{InstanceId: h.instance, ContactId: id, Metrics: []connect.ContactMetricInfo{
				{Name: connect.ContactMetricNameESTIMATED_WAIT_TIME}, {Name: connect.ContactMetricNamePOSITION_IN_QUEUE}}})
		}
		wantPositions := func(want ...float64) {
			t.Helper()
			for i, id := range chats {
				out, err := metrics(id)
				if err != nil || len(out.MetricResults) != 1 || *out.MetricResults[0].Value.Number != want[i] || *out.Id != id {
					t.Fatalf("chat %d: %+v, %v; want position %g and nothing else", i, out, err, want[i])
				}
			}
		}
		wantPositions(1, 2, 3)
		must(update(chats[2], func(in *connect.UpdateContactRoutingDataRequest) { in.QueuePriority = new(int64(1)) }))
		wantPositions(2, 3, 1)
		must(update(chats[1], func(in *connect.UpdateContactRoutingDataRequest) { in.QueueTimeAdjustmentSeconds = new(int32(60)) }))
		wantPositions(3, 2, 1)
		must(update(chats[1], func(in *connect.UpdateContactRoutingDataRequest) { in.QueueTimeAdjustmentSeconds = new(int32(-60)) }))
		wantPositions(2, 3, 1)

		enginetest.Pass(10 * time.Second)
		must(update(chats[0], func(in *connect.UpdateContactRoutingDataRequest) {
			in.RoutingCriteria = &connect.RoutingCriteriaInput{Steps: []connect.RoutingCriteriaInputStep{
				{Expression: &connect.Expression{AttributeCondition: &connect.AttributeCondition{Name: new("language"), Value: new("fr"),
					ProficiencyLevel: new(float32(3)), ComparisonOperator: new("NumberGreaterOrEqualTo")}},
					Expiry: &connect.RoutingCriteriaInputStepExpiry{DurationInSeconds: new(int32(30))}},
				{Expression: &connect.Expression{AttributeCondition: &connect.AttributeCondition{Name: new("language"), Value: new("en"),
					ProficiencyLevel: new(float32(1)), ComparisonOperator: new("NumberGreaterOrEqualTo")}}},
			}}
		}))
		set := time.Now()
		c := h.describe(chats[0]).RoutingCriteria
		if c == nil || len(c.Steps) != 2 || *c.Index != 0 || c.Steps[0].Status != connect.RoutingCriteriaStepStatusACTIVE ||
			!c.ActivationTimestamp.Equal(set.Truncate(time.Millisecond)) || !c.Steps[0].Expiry.ExpiryTimestamp.Equal(set.Add(30*time.Second).Truncate(time.Millisecond)) ||
			*c.Steps[0].Expression.AttributeCondition.Value != "fr" || c.Steps[1].Expiry != nil {
			t.Fatalf("DescribeContact shows the criteria %+v", c)
		}
		enginetest.Pass(31 * time.Second)
		if c := h.describe(chats[0]).RoutingCriteria; *c.Index != 1 || c.Steps[0].Status != connect.RoutingCriteriaStepStatusEXPIRED {
			t.Errorf("after 31 s DescribeContact shows the criteria %+v", c)
		}
		if c := h.describe(chats[1]); c.RoutingCriteria != nil || *c.QueueTimeAdjustmentSeconds != -60 {
			t.Errorf("DescribeContact shows %+v; want an adjustment and no criteria", c)
		}

		h.refused("both", update(chats[0], func(in *connect.UpdateContactRoutingDataRequest) {
			in.QueuePriority, in.QueueTimeAdjustmentSeconds = new(int64(1)), new(int32(1))
		}), "InvalidParameterException", 400)
		h.refused("neither", update(chats[0], func(*connect.UpdateContactRoutingDataRequest) {}), "InvalidParameterException", 400)
		h.refused("no steps", update(chats[0], func(in *connect.UpdateContactRoutingDataRequest) {
			in.RoutingCriteria = &connect.RoutingCriteriaInput{}
		}), "InvalidParameterException", 400)
		h.refused("criteria that weigh too much", update(chats[0], func(in *connect.UpdateContactRoutingDataRequest) {
			ids := slices.Repeat([]string{strings.Repeat("a", 256)}, 200)
			in.RoutingCriteria = &connect.RoutingCriteriaInput{Steps: []connect.RoutingCriteriaInputStep{{Expression: &connect.Expression{
				AttributeCondition: &connect.AttributeCondition{ComparisonOperator: new("Match"), MatchCriteria: &connect.MatchCriteria{AgentsCriteria: &connect.AgentsCriteria{AgentIds: ids}}}}}}}
		}), "InvalidParameterException", 400)
		higher := func(in *connect.UpdateContactRoutingDataRequest) { in.QueuePriority = new(int64(1)) }
		do := func(cmd contact.Command) {
			t.Helper()
			if _, err := h.engine.Do(h.Context(), center.ContactID(chats[0]), cmd); err != nil {
				t.Fatal(err)
			}
		}
		do(contact.Join{User: "u", DisplayName: "Bo"})
		h.refused("with an agent", update(chats[0], higher), "ResourceConflictException", 409)
		_, err = metrics(chats[0])
		h.refused("metrics with an agent", err, "InvalidRequestException", 400)
		do(contact.Stop{})
		h.refused("after the end", update(chats[0], higher), "ResourceConflictException", 409)
		wait, _ := h.join()
		must(update(wait, higher)) // before any queue it counts later
		_, err = metrics(wait)
		h.refused("metrics outside a queue", err, "InvalidRequestException", 400)
	})
}
