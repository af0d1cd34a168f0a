package auth

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/center"
)

var update = flag.Bool("update", false, "write the table of resources anew")

var here = center.Partition{Region: "us-east-1", Account: "123456789012"}

const instanceI = "arn:aws:connect:us-east-1:123456789012:instance/I"

// aView stands for the id of a view of an instance: those are UUIDs, and others come with the service.
const aView = "44444444-4444-4444-8444-444444444444"

// fill gives every text of a request its member's name, so that ARNs say where they come from.
func fill(v reflect.Value, name string, open []reflect.Type) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, open)
	case reflect.String:
		v.SetString("{" + name + "}")
		if name == "ViewId" {
			v.SetString(aView)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), name, open)
		}
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, name, open)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), e)
	case reflect.Struct:
		if slices.Contains(open, v.Type()) {
			return // a type that holds itself
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(v.Field(i), f.Name, append(slices.Clone(open), v.Type()))
			}
		}
	}
}

// TestResourcesOfOperations shows for every operation of the model what it is
// authorised against, when all of its members are given. "in" is what may not be denied.
func TestResourcesOfOperations(t *testing.T) {
	const service = "arn:aws:connect:us-east-1:123456789012:" // what all ARNs begin with is left out
	var table strings.Builder
	operations := reflect.TypeFor[connect.Service]()
	for m := range operations.Methods() {
		request := reflect.New(m.Type.In(1).Elem())
		fill(request.Elem(), "", nil)
		r := ResourcesOf(here, m.Name, request.Interface())
		if len(r.Named) == 0 || r.More {
			t.Errorf("%s is authorised against %+v", m.Name, r)
		}
		fmt.Fprintf(&table, "%s\n", m.Name)
		for _, arn := range r.Named {
			fmt.Fprintf(&table, "\t%s\n", strings.TrimPrefix(strings.ReplaceAll(arn, aView, "{ViewId}"), service))
		}
		for _, arn := range r.Touched {
			fmt.Fprintf(&table, "\tin %s\n", strings.TrimPrefix(arn, service))
		}
	}
	for member, what := range named {
		if !strings.Contains(table.String(), "{"+cmp.Or(what.in, member)+"}") {
			t.Errorf("no operation has a member %s", member)
		}
	}
	const file = "testdata/resources.txt"
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if table.String() != string(want) {
		t.Errorf("%s is not what operations are authorised against; look at it with: go test ./internal/auth -run %s -update", file, t.Name())
	}
}

// TestMembersThatNameResources finds members that look like names of resources, at any depth of
// any request, and are not in the table: a model that is renewed may bring new ones.
func TestMembersThatNameResources(t *testing.T) {
	// Not resources of this service, or without an ARN of their own, or what searches compare with. A MetricId is mostly the
	// name of one that every instance has, an Arn the text of a reference or that of an application.
	others := strings.Fields(`AWSIdentityArn AiAgentId AliasArn AliasId Arn AssociationId AttributeIds DefaultOptionRefId DefaultOptionRefIds EntityId FieldId
		L1Ids L2Ids L3Ids L4Ids L5Ids OptionRefId OptionRefIds OutboundRequestId ProfileId RefId TemplateId WidgetId BrowserId CampaignId ConnectUserArn CustomerId DataSetId DataSetIds
		DestinationId DirectoryId DirectoryUserId FirehoseArn FunctionArn HoursOfOperationOverrideId Id InstanceId IntegrationArn KeyId
		KnowledgeBaseId MessageTemplateId MetricId PinpointAppArn PredefinedNotificationId ProcessorArn RecordIds RegistrationId ResourceId ResourceIds SessionId SourceId
		SourcePhoneNumberArn StreamArn StreamingEndpointArn StreamingId TargetAccountId TestCaseExecutionId ValueArn`)
	unused := map[string]bool{}
	for _, name := range others {
		unused[name] = true
	}
	operations := 0
	service := reflect.TypeFor[connect.Service]()
	for m := range service.Methods() {
		operations++
		for name := range memberNames(m.Type.In(1).Elem()) {
			delete(unused, name)
			if _, ok := named[name]; !ok && looksLikeResource(name) && !slices.Contains(others, name) {
				t.Errorf("%s has %s: does it name a resource? Then it belongs into the table", m.Name, name)
			}
		}
	}
	if operations != len(connect.Operations) {
		t.Errorf("looked at %d operations of %d", operations, len(connect.Operations))
	}
	for name := range unused {
		t.Errorf("no operation has a member %s", name)
	}
}

func looksLikeResource(member string) bool {
	for _, end := range []string{"Id", "Ids", "Arn", "Arns", "ID", "ARN"} {
		if strings.HasSuffix(member, end) {
			return true
		}
	}
	return false
}

// memberNames returns the names of all members of a type, at any depth.
func memberNames(t reflect.Type) map[string]bool {
	names, seen := map[string]bool{}, map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			for f := range t.Fields() {
				if f.IsExported() {
					names[f.Name] = true
					visit(f.Type)
				}
			}
		}
	}
	visit(t)
	return names
}

// TestSpellings finds one resource behind the ways to name it.
func TestSpellings(t *testing.T) {
	const contact = "0198c0de-aaaa-7bbb-8ccc-0123456789ab"
	flow, queue := instanceI+"/contact-flow/F", instanceI+"/queue/Q"
	for name, c := range map[string]struct {
		request any
		want    Resources
	}{
		"an id":            {&connect.DescribeQueueRequest{InstanceId: "I", QueueId: "Q"}, Resources{Named: []string{queue}, Touched: []string{instanceI}}},
		"ARNs":             {&connect.DescribeQueueRequest{InstanceId: instanceI, QueueId: queue}, Resources{Named: []string{queue}, Touched: []string{instanceI}}},
		"another instance": {&connect.DescribeQueueRequest{InstanceId: "I", QueueId: strings.Replace(queue, "/I/", "/J/", 1)}, Resources{Named: []string{queue}, Touched: []string{instanceI}}},
		"a saved flow":     {&connect.DescribeContactFlowRequest{InstanceId: "I", ContactFlowId: "F:$SAVED"}, Resources{Named: []string{flow}, Touched: []string{instanceI}}},
		"a flow's version": {&connect.DescribeContactFlowRequest{InstanceId: "I", ContactFlowId: flow + ":3"}, Resources{Named: []string{flow}, Touched: []string{instanceI}}},
		"a flow's alias":   {&connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: flow + ":prod"}, Resources{Named: []string{flow}, Touched: []string{instanceI}}},
		"a contact": {&connect.StopContactRequest{InstanceId: "I", ContactId: "arn:x/" + strings.ToUpper(contact)},
			Resources{Named: []string{instanceI + "/contact/" + contact}, Touched: []string{instanceI}}},
		"nested": {&connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: "F", PersistentChat: &connect.PersistentChat{SourceContactId: new("C")}},
			Resources{Named: []string{flow, instanceI + "/contact/C"}, Touched: []string{instanceI}}},
		"a list": {&connect.GetMetricDataRequest{InstanceId: "I", Filters: &connect.Filters{Queues: []string{"Q", queue, "R"}}},
			Resources{Named: []string{queue, instanceI + "/queue/R"}, Touched: []string{instanceI}}},
		"the view of the service": {&connect.DescribeViewRequest{InstanceId: "I", ViewId: "arn:aws:connect:us-east-1:aws:view/form:1"},
			Resources{Named: []string{"arn:aws:connect:us-east-1:aws:view/form"}, Touched: []string{instanceI}}},
		"an instance":               {&connect.DescribeInstanceRequest{InstanceId: "I"}, Resources{Named: []string{instanceI}}},
		"an ARN alone":              {&connect.TagResourceRequest{ResourceArn: queue}, Resources{Named: []string{queue}, Touched: []string{instanceI}}},
		"an ARN spelt otherwise":    {&connect.TagResourceRequest{ResourceArn: strings.Replace(queue, "arn:aws:", "arn:odd:", 1) + ":1"}, Resources{Named: []string{queue}, Touched: []string{instanceI}}},
		"the ARN of an instance":    {&connect.TagResourceRequest{ResourceArn: instanceI}, Resources{Named: []string{instanceI}}},
		"no ARN":                    {&connect.TagResourceRequest{ResourceArn: "x"}, Resources{Named: []string{"x"}}},
		"a phone number":            {&connect.DescribePhoneNumberRequest{PhoneNumberId: "P"}, Resources{Named: []string{"arn:aws:connect:us-east-1:123456789012:phone-number/P"}}},
		"a phone number's ARN":      {&connect.DescribePhoneNumberRequest{PhoneNumberId: "arn:aws:connect:us-east-1:123456789012:phone-number/P"}, Resources{Named: []string{"arn:aws:connect:us-east-1:123456789012:phone-number/P"}}},
		"nothing":                   {&connect.ListInstancesRequest{}, Resources{Named: []string{"*"}}},
		"an instance that is empty": {&connect.DescribeInstanceRequest{}, Resources{Named: []string{"*"}}},
	} {
		operation := strings.TrimSuffix(reflect.TypeOf(c.request).Elem().Name(), "Request")
		if got := ResourcesOf(here, operation, c.request); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v; want %+v", name, got, c.want)
		}
	}
}

// TestAuthorizeResources asks policies about what requests touch.
func TestAuthorizeResources(t *testing.T) {
	describe := &connect.DescribeQueueRequest{InstanceId: "I", QueueId: "Q"}
	other := &connect.DescribeQueueRequest{InstanceId: "J", QueueId: "Q"}
	two := &connect.AssociateRoutingProfileQueuesRequest{InstanceId: "I", RoutingProfileId: "P",
		QueueConfigs: []connect.RoutingProfileQueueConfig{{QueueReference: &connect.RoutingProfileQueueReference{QueueId: "Q"}}}}
	many := &connect.CreateQueueRequest{InstanceId: "I", HoursOfOperationId: "H"}
	for i := range maxNamed + 1 {
		many.QuickConnectIds = append(many.QuickConnectIds, fmt.Sprint(i))
	}
	statement := func(effect string, resources ...string) string {
		return `{"Effect":"` + effect + `","Action":"connect:*","Resource":["` + strings.Join(resources, `","`) + `"]}`
	}
	const all = `{"Effect":"Allow","Action":"connect:*","Resource":"*"}`
	for name, c := range map[string]struct {
		policy  string
		request any
		refused string // the resource; "" when it is allowed
	}{
		"everything":                   {all, describe, ""},
		"the queue":                    {statement("Allow", instanceI+"/queue/Q"), describe, ""},
		"another queue":                {statement("Allow", instanceI+"/queue/R"), describe, instanceI + "/queue/Q"},
		"all of the instance":          {statement("Allow", instanceI+"/*"), describe, ""},
		"all of another instance":      {statement("Allow", instanceI+"/*"), other, strings.Replace(instanceI, "/I", "/J", 1) + "/queue/Q"},
		"the instance alone":           {statement("Allow", instanceI), describe, instanceI + "/queue/Q"},
		"the instance, for itself":     {statement("Allow", instanceI), &connect.DescribeInstanceRequest{InstanceId: "I"}, ""},
		"an instance, for all":         {statement("Allow", instanceI+"*"), &connect.ListInstancesRequest{}, "*"},
		"not the queue":                {all + "," + statement("Deny", instanceI+"/queue/Q"), describe, instanceI + "/queue/Q"},
		"not another queue":            {all + "," + statement("Deny", instanceI+"/queue/R"), describe, ""},
		"not the instance":             {all + "," + statement("Deny", instanceI), describe, instanceI + "/queue/Q"},
		"not the instance, for itself": {all + "," + statement("Deny", instanceI), &connect.DescribeInstanceRequest{InstanceId: instanceI}, instanceI},
		"not another instance":         {all + "," + statement("Deny", instanceI), other, ""},
		"not the instance of an ARN":   {all + "," + statement("Deny", instanceI), &connect.TagResourceRequest{ResourceArn: instanceI + "/queue/Q"}, instanceI + "/queue/Q"},
		"one of two":                   {statement("Allow", instanceI+"/routing-profile/P"), two, instanceI + "/queue/Q"},
		"both of two":                  {statement("Allow", instanceI+"/routing-profile/P", instanceI+"/queue/*"), two, ""},
		"all but the queue":            {all + `,{"Effect":"Deny","Action":"*","NotResource":"` + instanceI + `/queue/Q"}`, describe, ""},
		"all but another queue":        {all + `,{"Effect":"Deny","Action":"*","NotResource":"` + instanceI + `/queue/R"}`, describe, instanceI + "/queue/Q"},
		"too many":                     {all, many, "*"},
	} {
		id := Identity{ARN: "arn:aws:iam::123456789012:user/ann", Policy: policy(c.policy)}
		err := id.Authorize(Call{Operation: "Operation", Input: c.request, Partition: here})
		if c.refused == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := refusal(t, err, AccessDenied); !strings.Contains(e.Message, " on resource: "+c.refused+" ") {
			t.Errorf("%s: %s; want it to name %s", name, e.Message, c.refused)
		}
	}
}

func BenchmarkResourcesOf(b *testing.B) {
	request := &connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: "F", Attributes: map[string]string{"a": "b"},
		ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}
	b.ReportAllocs()
	for b.Loop() {
		if r := ResourcesOf(here, "StartChatContact", request); len(r.Named) != 1 {
			b.Fatal(r)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	call := Call{Operation: "StartChatContact", Partition: here, Now: noon, Input: &connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: "F",
		Attributes: map[string]string{"a": "b"}, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}}
	for name, p := range map[string]Policy{
		"full": FullAccess(),
		"flow": policy(`{"Effect":"Allow","Action":"connect:StartChatContact","Resource":"` + instanceI + `/contact-flow/F"}`),
		"office": policy(`{"Effect":"Allow","Action":"connect:*","Resource":"*"},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`),
	} {
		b.Run(name, func(b *testing.B) {
			id := Identity{ARN: "arn:aws:iam::123456789012:user/ann", Policy: p, Origin: Origin{Address: "203.0.113.7:1234"}}
			b.ReportAllocs()
			for b.Loop() {
				if err := id.Authorize(call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
