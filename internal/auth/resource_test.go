package auth

import (
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

// fill gives every text of a request its member's name, so that ARNs say where they come from.
func fill(v reflect.Value, name string, open []reflect.Type) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, open)
	case reflect.String:
		v.SetString("{" + name + "}")
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
		r := ResourcesOf(here, request.Interface())
		if len(r.Named) == 0 || r.More {
			t.Errorf("%s is authorised against %+v", m.Name, r)
		}
		fmt.Fprintf(&table, "%s\n", m.Name)
		for _, arn := range r.Named {
			fmt.Fprintf(&table, "\t%s\n", strings.TrimPrefix(arn, service))
		}
		for _, arn := range r.Within {
			fmt.Fprintf(&table, "\tin %s\n", strings.TrimPrefix(arn, service))
		}
	}
	for member := range named {
		if !strings.Contains(table.String(), "{"+member+"}") {
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

// TestMembersThatNameResources finds members that look like names of resources and are
// not in the table: a model that is renewed may bring new ones.
func TestMembersThatNameResources(t *testing.T) {
	// Not resources of this service, or without an ARN of their own. A MetricId is mostly the name of one that every instance has.
	others := strings.Fields(`AWSIdentityArn AliasArn AliasId AssociationId AttributeIds BrowserId CampaignId ConnectUserArn CustomerId DataSetId DataSetIds
		DestinationId DirectoryId DirectoryUserId FirehoseArn FunctionArn HoursOfOperationOverrideId Id InstanceId IntegrationArn KeyId
		KnowledgeBaseId MessageTemplateId MetricId PinpointAppArn PredefinedNotificationId ProcessorArn RecordIds RegistrationId ResourceId ResourceIds SessionId SourceId
		SourcePhoneNumberArn StreamArn StreamingEndpointArn StreamingId TargetAccountId TestCaseExecutionId ValueArn`)
	service := reflect.TypeFor[connect.Service]()
	for m := range service.Methods() {
		for f := range m.Type.In(1).Elem().Fields() {
			name := f.Name
			if !strings.HasSuffix(name, "Id") && !strings.HasSuffix(name, "Ids") && !strings.HasSuffix(name, "Arn") && !strings.HasSuffix(name, "Arns") {
				continue
			}
			if _, ok := named[name]; !ok && !slices.Contains(others, name) {
				t.Errorf("%s.%s: does it name a resource? Then it belongs into the table", m.Name, name)
			}
		}
	}
}

// TestSpellings finds one resource behind the ways to name it.
func TestSpellings(t *testing.T) {
	const contact = "0198c0de-aaaa-7bbb-8ccc-0123456789ab"
	flow, queue := instanceI+"/contact-flow/F", instanceI+"/queue/Q"
	for name, c := range map[string]struct {
		request any
		want    Resources
	}{
		"an id":            {&connect.DescribeQueueRequest{InstanceId: "I", QueueId: "Q"}, Resources{Named: []string{queue}, Within: []string{instanceI}}},
		"ARNs":             {&connect.DescribeQueueRequest{InstanceId: instanceI, QueueId: queue}, Resources{Named: []string{queue}, Within: []string{instanceI}}},
		"another instance": {&connect.DescribeQueueRequest{InstanceId: "I", QueueId: strings.Replace(queue, "/I/", "/J/", 1)}, Resources{Named: []string{queue}, Within: []string{instanceI}}},
		"a saved flow":     {&connect.DescribeContactFlowRequest{InstanceId: "I", ContactFlowId: "F:$SAVED"}, Resources{Named: []string{flow}, Within: []string{instanceI}}},
		"a flow's version": {&connect.DescribeContactFlowRequest{InstanceId: "I", ContactFlowId: flow + ":3"}, Resources{Named: []string{flow}, Within: []string{instanceI}}},
		"a flow's alias":   {&connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: flow + ":prod"}, Resources{Named: []string{flow}, Within: []string{instanceI}}},
		"a contact": {&connect.StopContactRequest{InstanceId: "I", ContactId: "arn:x/" + strings.ToUpper(contact)},
			Resources{Named: []string{instanceI + "/contact/" + contact}, Within: []string{instanceI}}},
		"nested": {&connect.StartChatContactRequest{InstanceId: "I", ContactFlowId: "F", PersistentChat: &connect.PersistentChat{SourceContactId: new("C")}},
			Resources{Named: []string{flow, instanceI + "/contact/C"}, Within: []string{instanceI}}},
		"a list": {&connect.GetMetricDataRequest{InstanceId: "I", Filters: &connect.Filters{Queues: []string{"Q", queue, "R"}}},
			Resources{Named: []string{queue, instanceI + "/queue/R"}, Within: []string{instanceI}}},
		"the view of the service": {&connect.DescribeViewRequest{InstanceId: "I", ViewId: "arn:aws:connect:us-east-1:aws:view/form:1"},
			Resources{Named: []string{instanceI + "/view/form"}, Within: []string{instanceI}}},
		"an instance":               {&connect.DescribeInstanceRequest{InstanceId: "I"}, Resources{Named: []string{instanceI}}},
		"an ARN alone":              {&connect.TagResourceRequest{ResourceArn: queue}, Resources{Named: []string{queue}, Within: []string{instanceI}}},
		"an ARN spelt otherwise":    {&connect.TagResourceRequest{ResourceArn: strings.Replace(queue, "arn:aws:", "arn:odd:", 1) + ":1"}, Resources{Named: []string{queue}, Within: []string{instanceI}}},
		"the ARN of an instance":    {&connect.TagResourceRequest{ResourceArn: instanceI}, Resources{Named: []string{instanceI}}},
		"no ARN":                    {&connect.TagResourceRequest{ResourceArn: "x"}, Resources{Named: []string{"x"}}},
		"a phone number":            {&connect.DescribePhoneNumberRequest{PhoneNumberId: "P"}, Resources{Named: []string{"arn:aws:connect:us-east-1:123456789012:phone-number/P"}}},
		"a phone number's ARN":      {&connect.DescribePhoneNumberRequest{PhoneNumberId: "arn:aws:connect:us-east-1:123456789012:phone-number/P"}, Resources{Named: []string{"arn:aws:connect:us-east-1:123456789012:phone-number/P"}}},
		"nothing":                   {&connect.ListInstancesRequest{}, Resources{Named: []string{"*"}}},
		"an instance that is empty": {&connect.DescribeInstanceRequest{}, Resources{Named: []string{"*"}}},
	} {
		if got := ResourcesOf(here, c.request); !reflect.DeepEqual(got, c.want) {
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
	statement := func(effect Effect, resources ...string) Statement {
		return Statement{Effect: effect, Action: Patterns{"connect:*"}, Resource: resources}
	}
	all := statement(Allow, "*")
	for name, c := range map[string]struct {
		policy  []Statement
		request any
		refused string // the resource; "" when it is allowed
	}{
		"everything":                   {[]Statement{all}, describe, ""},
		"the queue":                    {[]Statement{statement(Allow, instanceI+"/queue/Q")}, describe, ""},
		"another queue":                {[]Statement{statement(Allow, instanceI+"/queue/R")}, describe, instanceI + "/queue/Q"},
		"all of the instance":          {[]Statement{statement(Allow, instanceI+"/*")}, describe, ""},
		"all of another instance":      {[]Statement{statement(Allow, instanceI+"/*")}, other, strings.Replace(instanceI, "/I", "/J", 1) + "/queue/Q"},
		"the instance alone":           {[]Statement{statement(Allow, instanceI)}, describe, instanceI + "/queue/Q"},
		"the instance, for itself":     {[]Statement{statement(Allow, instanceI)}, &connect.DescribeInstanceRequest{InstanceId: "I"}, ""},
		"an instance, for all":         {[]Statement{statement(Allow, instanceI+"*")}, &connect.ListInstancesRequest{}, "*"},
		"not the queue":                {[]Statement{all, statement(Deny, instanceI+"/queue/Q")}, describe, instanceI + "/queue/Q"},
		"not another queue":            {[]Statement{all, statement(Deny, instanceI+"/queue/R")}, describe, ""},
		"not the instance":             {[]Statement{all, statement(Deny, instanceI)}, describe, instanceI},
		"not the instance, for itself": {[]Statement{all, statement(Deny, instanceI)}, &connect.DescribeInstanceRequest{InstanceId: instanceI}, instanceI},
		"not another instance":         {[]Statement{all, statement(Deny, instanceI)}, other, ""},
		"not the instance of an ARN":   {[]Statement{all, statement(Deny, instanceI)}, &connect.TagResourceRequest{ResourceArn: instanceI + "/queue/Q"}, instanceI},
		"one of two":                   {[]Statement{statement(Allow, instanceI+"/routing-profile/P")}, two, instanceI + "/queue/Q"},
		"both of two":                  {[]Statement{statement(Allow, instanceI+"/routing-profile/P", instanceI+"/queue/*")}, two, ""},
		"too many":                     {[]Statement{all}, many, "*"},
	} {
		id := Identity{ARN: "arn:aws:iam::123456789012:user/ann", Policy: Policy{Statement: c.policy}}
		err := id.Authorize("connect:Operation", ResourcesOf(here, c.request))
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
		if r := ResourcesOf(here, request); len(r.Named) != 1 {
			b.Fatal(r)
		}
	}
}
