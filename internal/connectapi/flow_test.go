package connectapi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/catalog"
)

func TestFlowFromDraftToDeleted(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	made := must[*connect.CreateContactFlowResponse](t)(o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: o.arn, Name: "Support", Type: connect.ContactFlowTypeCONTACT_FLOW, Description: new("helps"),
		Content: `{"not":"ready"}`, Status: connect.ContactFlowStatusSAVED, Tags: map[string]string{"team": "a"},
	}))
	id, arn := *made.ContactFlowId, *made.ContactFlowArn
	if len(*made.FlowContentSha256) != 64 || arn != o.arn+"/contact-flow/"+id {
		t.Errorf("CreateContactFlow = %s, %s", *made.FlowContentSha256, arn)
	}
	describe := func(ref string) (*connect.ContactFlow, error) {
		out, err := o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: ref})
		if err != nil {
			return nil, err
		}
		return out.ContactFlow, nil
	}
	check := func(ref, content string, status connect.ContactFlowStatus) {
		t.Helper()
		f := must[*connect.ContactFlow](t)(describe(ref))
		if *f.Content != content || f.Status != status || *f.Name != "Support" || *f.Id != id || f.State != connect.ContactFlowStateACTIVE {
			t.Errorf("DescribeContactFlow(%s) has status %s and content %q; want %s %q", ref, f.Status, *f.Content, status, content)
		}
	}
	_, err := describe(id)
	refused(t, "a flow that was never published", err, "ContactFlowNotPublishedException", 404)
	_, err = o.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: o.id, ContactFlowId: id, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
	refused(t, "starting it", err, "ResourceNotFoundException", 404)
	check(arn+":$SAVED", `{"not":"ready"}`, connect.ContactFlowStatusSAVED)

	update := func(ref, content string) error {
		_, err := o.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: o.id, ContactFlowId: ref, Content: content})
		return err
	}
	refused(t, "publishing it as it is", update(id, `{"not":"ready"}`), "InvalidContactFlowException", 400)
	for _, step := range []struct{ ref, content string }{{arn, good("one")}, {id + ":$SAVED", good("two")}} {
		if err := update(step.ref, step.content); err != nil {
			t.Fatal(err)
		}
	}
	check(id, good("one"), connect.ContactFlowStatusPUBLISHED)
	check(id+":$LATEST", good("one"), connect.ContactFlowStatusPUBLISHED)
	check(id+":$SAVED", good("two"), connect.ContactFlowStatusSAVED)
	must[*connect.StartChatContactResponse](t)(o.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: o.id, ContactFlowId: arn, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}))

	must[*connect.UpdateContactFlowMetadataResponse](t)(o.UpdateContactFlowMetadata(ctx, &connect.UpdateContactFlowMetadataRequest{
		InstanceId: o.id, ContactFlowId: id, ContactFlowState: connect.ContactFlowStateARCHIVED, Description: new("helped"),
	}))
	must[*connect.UpdateContactFlowNameResponse](t)(o.UpdateContactFlowName(ctx, &connect.UpdateContactFlowNameRequest{InstanceId: o.id, ContactFlowId: id, Name: new("Old support")}))
	f := must[*connect.ContactFlow](t)(describe(id))
	if *f.Name != "Old support" || *f.Description != "helped" || f.State != connect.ContactFlowStateARCHIVED || f.Tags["team"] != "a" || *f.LastModifiedRegion != officePartition.Region {
		t.Errorf("after the updates the flow is %+v", f)
	}
	must[*connect.DeleteContactFlowResponse](t)(o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: id}))
	_, err = describe(id + ":$SAVED")
	refused(t, "a deleted flow", err, "ResourceNotFoundException", 404)
	refused(t, "updating it", update(id, good("x")), "ResourceNotFoundException", 404)
}

func TestFlowRefusals(t *testing.T) {
	o := newOffice(t, catalog.Limits{Flows: 4})
	ctx := t.Context()
	create := func(instance, name, content string) error {
		_, err := o.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{InstanceId: instance, Name: name, Type: connect.ContactFlowTypeCONTACT_FLOW, Content: content})
		return err
	}
	id, _ := o.flow("one")
	refused(t, "a taken name", create(o.id, "one", good("x")), "DuplicateResourceException", 409)
	refused(t, "an instance", create(unknownID, "two", good("x")), "ResourceNotFoundException", 404)
	refused(t, "a long name", create(o.id, strings.Repeat("n", 128), good("x")), "InvalidParameterException", 400)
	refused(t, "an empty name", create(o.id, "", good("x")), "InvalidParameterException", 400)
	refused(t, "no JSON", create(o.id, "two", "hello"), "InvalidContactFlowException", 400)

	err := create(o.id, "two", `{"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"Nonsense","Parameters":{},"Transitions":{"NextAction":"b"}}]}`)
	refused(t, "an invalid flow", err, "InvalidContactFlowException", 400)
	invalid, ok := errors.AsType[*connect.InvalidContactFlowException](err)
	if !ok || len(invalid.Problems) < 3 {
		t.Fatalf("problems %+v; want the start, the type and the target", invalid)
	}
	for _, p := range invalid.Problems {
		if p.Message == nil || *p.Message == "" || len(*p.Message) > 256 {
			t.Errorf("a problem says %v", p.Message)
		}
	}

	big := fmt.Sprintf(`{"Version":"2019-10-30","Metadata":{"note":%q},"StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, strings.Repeat("é", 256000))
	refused(t, "a flow of more than 256,000 characters", create(o.id, "two", big), "InvalidContactFlowException", 400)
	if _, err := o.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: o.id, ContactFlowId: id + ":$SAVED", Content: big}); err != nil {
		t.Errorf("saving it as a draft: %v", err)
	}
	_, err = o.UpdateContactFlowContent(ctx, &connect.UpdateContactFlowContentRequest{InstanceId: o.id, ContactFlowId: id, Content: big})
	refused(t, "publishing it", err, "InvalidContactFlowException", 400)

	two, _ := o.flow("two")
	refused(t, "over the quota", create(o.id, "three", good("x")), "LimitExceededException", 429)
	rename := func(name string) error {
		_, err := o.UpdateContactFlowName(ctx, &connect.UpdateContactFlowNameRequest{InstanceId: o.id, ContactFlowId: two, Name: &name})
		return err
	}
	refused(t, "renaming to a taken name", rename("one"), "DuplicateResourceException", 409)
	if err := rename("two"); err != nil {
		t.Errorf("renaming to its own name: %v", err)
	}
	_, err = o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id + ":$DRAFT"})
	refused(t, "an unknown qualifier", err, "InvalidParameterException", 400)
	_, err = o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id + ":1"})
	refused(t, "a version that is not there", err, "ResourceNotFoundException", 404)

	byDefault := must[*connect.ListContactFlowsResponse](t)(o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, ContactFlowTypes: []connect.ContactFlowType{connect.ContactFlowTypeCUSTOMER_QUEUE}}))
	queueFlow := *byDefault.ContactFlowSummaryList[0].Id
	_, err = o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: queueFlow})
	refused(t, "deleting a default flow", err, "InvalidRequestException", 400)
	_, err = o.UpdateContactFlowMetadata(ctx, &connect.UpdateContactFlowMetadataRequest{InstanceId: o.id, ContactFlowId: queueFlow, ContactFlowState: connect.ContactFlowStateARCHIVED})
	refused(t, "archiving it", err, "InvalidRequestException", 400)
	_, err = o.StartChatContact(ctx, &connect.StartChatContactRequest{InstanceId: o.id, ContactFlowId: queueFlow, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}})
	refused(t, "starting it", err, "ResourceNotFoundException", 404)
}

func TestOneOfManyCreatesWins(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = o.CreateContactFlow(t.Context(), &connect.CreateContactFlowRequest{InstanceId: o.id, Name: "one", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: good(fmt.Sprint(i))})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, "the name", err, "DuplicateResourceException", 409)
	}
	if won != 1 {
		t.Errorf("%d of %d got the name", won, len(errs))
	}
}

func TestListContactFlowsWalks(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	for i := range 7 {
		o.flow(fmt.Sprintf("flow %d", i))
	}
	walk := func(in connect.ListContactFlowsRequest, between func()) (names []string) {
		t.Helper()
		in.InstanceId = o.id
		for range 100 {
			page := must[*connect.ListContactFlowsResponse](t)(o.ListContactFlows(ctx, &in))
			if in.MaxResults != nil && len(page.ContactFlowSummaryList) > int(*in.MaxResults) {
				t.Fatalf("%d flows on a page of %d", len(page.ContactFlowSummaryList), *in.MaxResults)
			}
			for _, f := range page.ContactFlowSummaryList {
				names = append(names, *f.Name)
			}
			if page.NextToken == nil {
				return names
			}
			in.NextToken = page.NextToken
			if between != nil {
				between()
			}
		}
		t.Fatal("the walk does not end")
		return nil
	}
	all := walk(connect.ListContactFlowsRequest{}, nil)
	if len(all) < 16 || !slices.IsSorted(all) {
		t.Errorf("%d flows, in order: %v", len(all), slices.IsSorted(all))
	}
	for _, size := range []int32{1, 3, int32(len(all) - 1), int32(len(all)), 1000} {
		if got := walk(connect.ListContactFlowsRequest{MaxResults: &size}, nil); !slices.Equal(got, all) {
			t.Errorf("pages of %d give %q; want %q", size, got, all)
		}
	}
	// Flows that come and go while someone walks are no harm to the others.
	n := 0
	moved := walk(connect.ListContactFlowsRequest{MaxResults: new(int32(2))}, func() {
		n++
		id, _ := o.flow(fmt.Sprintf("A guest %d", n)) // in front of where the walk is
		if n > 1 {
			must[*connect.DeleteContactFlowResponse](t)(o.DeleteContactFlow(ctx, &connect.DeleteContactFlowRequest{InstanceId: o.id, ContactFlowId: id}))
		}
	})
	if !slices.Equal(moved, all) {
		t.Errorf("a walk beside changes gives %q; want %q", moved, all)
	}
	inbound := walk(connect.ListContactFlowsRequest{ContactFlowTypes: []connect.ContactFlowType{connect.ContactFlowTypeCONTACT_FLOW}, MaxResults: new(int32(2))}, nil)
	if len(inbound) != 10 { // seven, the guest, two samples
		t.Errorf("inbound flows %q", inbound)
	}

	page := must[*connect.ListContactFlowsResponse](t)(o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, MaxResults: new(int32(1))}))
	_, err := o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, NextToken: page.NextToken, ContactFlowTypes: []connect.ContactFlowType{connect.ContactFlowTypeCONTACT_FLOW}})
	refused(t, "a token of another filter", err, "InvalidParameterException", 400)
	_, err = o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id, NextToken: page.NextToken})
	refused(t, "a token of another operation", err, "InvalidParameterException", 400)
	_, err = o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, NextToken: new(strings.Repeat("A", 5000))})
	refused(t, "a long token", err, "InvalidParameterException", 400)
	_, err = o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: o.id, MaxResults: new(int32(1001))})
	refused(t, "too many results", err, "InvalidParameterException", 400)
	_, err = o.ListContactFlows(ctx, &connect.ListContactFlowsRequest{InstanceId: unknownID})
	refused(t, "an instance", err, "ResourceNotFoundException", 404)
}
