package connectapi_test

import (
	"context"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/store"
)

// waiting is a store in which one contact waits in a queue.
type waiting struct {
	store.Store
	counter store.Counter
}

func (w waiting) Count(ctx context.Context, counter store.Counter) (int64, error) {
	if counter == w.counter {
		return 1, nil
	}
	return w.Store.Count(ctx, counter)
}

func TestQueueFromCreatedToDeleted(t *testing.T) {
	o := newOffice(t, catalog.Limits{Queues: 3})
	ctx := t.Context()
	hours := o.hours("Shop")
	outbound := *must[*connect.ListContactFlowsResponse](t)(o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, ContactFlowTypes: []connect.ContactFlowType{connect.ContactFlowTypeOUTBOUND_WHISPER}})).ContactFlowSummaryList[0].Id
	made := must[*connect.CreateQueueResponse](t)(o.CreateQueue(ctx, &connect.CreateQueueRequest{
		InstanceId: o.arn, Name: "Sales", Description: new("sells"), HoursOfOperationId: o.arn + "/operating-hours/" + hours, MaxContacts: new(int32(3)),
		OutboundCallerConfig: &connect.OutboundCallerConfig{OutboundCallerIdName: new("Shop"), OutboundFlowId: &outbound}, Tags: map[string]string{"team": "a"},
	}))
	id := *made.QueueId
	describe := func() *connect.Queue {
		return must[*connect.DescribeQueueResponse](t)(o.DescribeQueue(ctx, &connect.DescribeQueueRequest{InstanceId: o.id, QueueId: *made.QueueArn})).Queue
	}
	q := describe()
	if *q.QueueArn != o.arn+"/queue/"+id || *q.Name != "Sales" || *q.Description != "sells" || *q.HoursOfOperationId != hours || *q.MaxContacts != 3 || q.Status != connect.QueueStatusENABLED ||
		*q.OutboundCallerConfig.OutboundCallerIdName != "Shop" || *q.OutboundCallerConfig.OutboundFlowId != outbound || q.Tags["team"] != "a" {
		t.Errorf("the queue is %+v", q)
	}
	basic := *must[*connect.ListHoursOfOperationsResponse](t)(o.ListHoursOfOperations(ctx, &connect.ListHoursOfOperationsRequest{InstanceId: o.id})).HoursOfOperationSummaryList[0].Id
	must[*connect.UpdateQueueNameResponse](t)(o.UpdateQueueName(ctx, &connect.UpdateQueueNameRequest{InstanceId: o.id, QueueId: id, Name: new("Shop"), Description: new("serves")}))
	must[*connect.UpdateQueueStatusResponse](t)(o.UpdateQueueStatus(ctx, &connect.UpdateQueueStatusRequest{InstanceId: o.id, QueueId: id, Status: connect.QueueStatusDISABLED}))
	must[*connect.UpdateQueueMaxContactsResponse](t)(o.UpdateQueueMaxContacts(ctx, &connect.UpdateQueueMaxContactsRequest{InstanceId: o.id, QueueId: id}))
	must[*connect.UpdateQueueHoursOfOperationResponse](t)(o.UpdateQueueHoursOfOperation(ctx, &connect.UpdateQueueHoursOfOperationRequest{InstanceId: o.id, QueueId: id, HoursOfOperationId: basic}))
	must[*connect.UpdateQueueOutboundCallerConfigResponse](t)(o.UpdateQueueOutboundCallerConfig(ctx, &connect.UpdateQueueOutboundCallerConfigRequest{InstanceId: o.id, QueueId: id, OutboundCallerConfig: &connect.OutboundCallerConfig{}}))
	if q = describe(); *q.Name != "Shop" || *q.Description != "serves" || q.Status != connect.QueueStatusDISABLED || q.MaxContacts != nil || *q.HoursOfOperationId != basic || q.OutboundCallerConfig != nil {
		t.Errorf("updated, the queue is %+v", q)
	}
	must[*connect.UpdateQueueStatusResponse](t)(o.UpdateQueueStatus(ctx, &connect.UpdateQueueStatusRequest{InstanceId: o.id, QueueId: id, Status: connect.QueueStatusENABLED}))
	must[*connect.UpdateQueueMaxContactsResponse](t)(o.UpdateQueueMaxContacts(ctx, &connect.UpdateQueueMaxContactsRequest{InstanceId: o.id, QueueId: id, MaxContacts: new(int32(0))}))
	if q = describe(); q.Status != connect.QueueStatusENABLED || *q.MaxContacts != 0 {
		t.Errorf("updated again, the queue is %+v", q)
	}

	create := func(change func(in *connect.CreateQueueRequest)) error {
		in := &connect.CreateQueueRequest{InstanceId: o.id, Name: "new", HoursOfOperationId: hours}
		change(in)
		_, err := o.CreateQueue(ctx, in)
		return err
	}
	refused(t, "a taken name", create(func(in *connect.CreateQueueRequest) { in.Name = "Shop" }), "DuplicateResourceException", 409)
	refused(t, "unknown hours", create(func(in *connect.CreateQueueRequest) { in.HoursOfOperationId = unknownID }), "ResourceNotFoundException", 404)
	refused(t, "an unknown flow", create(func(in *connect.CreateQueueRequest) {
		in.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundFlowId: new(unknownID)}
	}), "ResourceNotFoundException", 404)
	inbound, _ := o.flow("inbound")
	refused(t, "a flow of another type", create(func(in *connect.CreateQueueRequest) {
		in.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundFlowId: &inbound}
	}), "InvalidRequestException", 400)
	refused(t, "a phone number", create(func(in *connect.CreateQueueRequest) {
		in.OutboundCallerConfig = &connect.OutboundCallerConfig{OutboundCallerIdNumberId: new(unknownID)}
	}), "ResourceNotFoundException", 404)
	refused(t, "a quick connect", create(func(in *connect.CreateQueueRequest) { in.QuickConnectIds = []string{unknownID} }), "ResourceNotFoundException", 404)
	refused(t, "e-mail", create(func(in *connect.CreateQueueRequest) {
		in.OutboundEmailConfig = &connect.OutboundEmailConfig{OutboundEmailAddressId: new("x")}
	}), "ResourceNotFoundException", 404)
	if err := create(func(*connect.CreateQueueRequest) {}); err != nil {
		t.Fatal(err)
	}
	refused(t, "over the quota", create(func(in *connect.CreateQueueRequest) { in.Name = "fourth" }), "LimitExceededException", 429)
	_, err := o.UpdateQueueName(ctx, &connect.UpdateQueueNameRequest{InstanceId: o.id, QueueId: id, Name: new("new")})
	refused(t, "renaming to a taken name", err, "DuplicateResourceException", 409)
	_, err = o.UpdateQueueName(ctx, &connect.UpdateQueueNameRequest{InstanceId: o.id, QueueId: id})
	refused(t, "changing nothing", err, "InvalidRequestException", 400)
	_, err = o.UpdateQueueHoursOfOperation(ctx, &connect.UpdateQueueHoursOfOperationRequest{InstanceId: o.id, QueueId: id, HoursOfOperationId: unknownID})
	refused(t, "unknown hours", err, "ResourceNotFoundException", 404)
	_, err = o.UpdateQueueStatus(ctx, &connect.UpdateQueueStatusRequest{InstanceId: o.id, QueueId: unknownID, Status: connect.QueueStatusENABLED})
	refused(t, "an unknown queue", err, "ResourceNotFoundException", 404)

	remove := func(id string) error {
		_, err := o.DeleteQueue(ctx, &connect.DeleteQueueRequest{InstanceId: o.id, QueueId: id})
		return err
	}
	for _, q := range must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id})).QueueSummaryList {
		if *q.Name == "BasicQueue" {
			refused(t, "the queue of a routing profile", remove(*q.Id), "ResourceInUseException", 409)
		}
	}
	real := o.service.Queues.Store
	o.service.Queues.Store = waiting{real, store.QueuedChats(center.InstanceID(o.id), center.QueueID(id))}
	refused(t, "a queue with a contact", remove(id), "ResourceInUseException", 409)
	o.service.Queues.Store = real
	if err := remove(id); err != nil {
		t.Fatal(err)
	}
	refused(t, "deleting it twice", remove(id), "ResourceNotFoundException", 404)
}
