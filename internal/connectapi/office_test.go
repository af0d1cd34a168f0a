package connectapi_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/restjson"
	"parley.example/parley/internal/catalog"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/connectapi"
	"parley.example/parley/internal/engine/enginetest"
)

// office is an administrator's view of a server without a network: the
// generated client in front of the generated handler, the service behind it,
// the real catalog, engine and store.
type office struct {
	*connect.Client
	t       *testing.T
	service *connectapi.Service
	id      string // an instance
	arn     string
}

var officePartition = center.Partition{Region: "eu-central-1", Account: "210987654321"}

func newOffice(t *testing.T, limits catalog.Limits) *office {
	t.Helper()
	o := &office{t: t}
	o.service, o.Client = serve(enginetest.Start(t, enginetest.Options{Partition: officePartition, Limits: limits}))
	made, err := o.CreateInstance(t.Context(), &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("office"), InboundCallsEnabled: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.id, o.arn = *made.Id, *made.Arn
	return o
}

// good is a flow that says a text and ends.
func good(text string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"say","Actions":[
		{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text)
}

// flow adds a published inbound flow.
func (o *office) flow(name string) (id, arn string) {
	o.t.Helper()
	made, err := o.CreateContactFlow(o.t.Context(), &connect.CreateContactFlowRequest{
		InstanceId: o.id, Name: name, Type: connect.ContactFlowTypeCONTACT_FLOW, Content: good(name),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return *made.ContactFlowId, *made.ContactFlowArn
}

// must gives the answer of a call that has to succeed.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused checks the exception and status of a call that has to fail.
func refused(t *testing.T, what string, err error, code string, status int) {
	t.Helper()
	e, ok := errors.AsType[restjson.Coded](err)
	if !ok || e.ErrorCode() != code || e.HTTPStatus() != status {
		t.Errorf("%s = %v; want %s %d", what, err, code, status)
		return
	}
	if e.ErrorMessage() == "" {
		t.Errorf("%s: %s without a message", what, code)
	}
}

const unknownID = "99999999-9999-4999-8999-999999999999"

func TestInstances(t *testing.T) {
	o := newOffice(t, catalog.Limits{Instances: 4})
	ctx := t.Context()
	for _, ref := range []string{o.id, o.arn} {
		got := must[*connect.DescribeInstanceResponse](t)(o.DescribeInstance(ctx, &connect.DescribeInstanceRequest{InstanceId: ref})).Instance
		if *got.Arn != o.arn || *got.InstanceAlias != "office" || got.InstanceStatus != connect.InstanceStatusACTIVE ||
			!*got.InboundCallsEnabled || *got.OutboundCallsEnabled || time.Since(*got.CreatedTime) > time.Hour {
			t.Errorf("DescribeInstance(%s) = %+v", ref, got)
		}
	}
	create := func(alias, token string) (*connect.CreateInstanceResponse, error) {
		return o.CreateInstance(ctx, &connect.CreateInstanceRequest{
			IdentityManagementType: connect.DirectoryTypeSAML, InstanceAlias: &alias, ClientToken: &token, Tags: map[string]string{"team": alias},
		})
	}
	a := must[*connect.CreateInstanceResponse](t)(create("a", "token-a"))
	if again := must[*connect.CreateInstanceResponse](t)(create("a", "token-a")); *again.Id != *a.Id {
		t.Errorf("the same ClientToken made instance %s; want %s", *again.Id, *a.Id)
	}
	_, err := create("OFFICE", "token-b")
	refused(t, "a taken alias", err, "InvalidRequestException", 400)
	_, err = o.CreateInstance(ctx, &connect.CreateInstanceRequest{IdentityManagementType: connect.DirectoryTypeSAML})
	refused(t, "no alias", err, "InvalidRequestException", 400)
	must[*connect.CreateInstanceResponse](t)(create("b", "token-b"))
	must[*connect.CreateInstanceResponse](t)(create("c", "token-c"))
	_, err = create("d", "token-d")
	refused(t, "over the quota", err, "ServiceQuotaExceededException", 402)

	var aliases []string
	for token := (*string)(nil); ; {
		page := must[*connect.ListInstancesResponse](t)(o.ListInstances(ctx, &connect.ListInstancesRequest{NextToken: token, MaxResults: new(int32(3))}))
		for _, i := range page.InstanceSummaryList {
			aliases = append(aliases, *i.InstanceAlias)
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if got := fmt.Sprint(aliases); got != "[a b c office]" {
		t.Errorf("ListInstances walks over %s", got)
	}
	_, err = o.ListInstances(ctx, &connect.ListInstancesRequest{NextToken: new("nonsense")})
	refused(t, "a broken token", err, "InvalidRequestException", 400)

	must[*connect.DeleteInstanceResponse](t)(o.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: *a.Arn}))
	_, err = o.DescribeInstance(ctx, &connect.DescribeInstanceRequest{InstanceId: *a.Id})
	refused(t, "a deleted instance", err, "ResourceNotFoundException", 404)
	_, err = o.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: *a.Id})
	refused(t, "deleting it again", err, "ResourceNotFoundException", 404)
}

func TestInstanceWithChatsIsNotDeleted(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	id, _ := o.flow("hello")
	chat := must[*connect.StartChatContactResponse](t)(o.StartChatContact(ctx, &connect.StartChatContactRequest{
		InstanceId: o.id, ContactFlowId: id, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"},
	}))
	_, err := o.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: o.id})
	refused(t, "an instance with a chat", err, "InvalidRequestException", 400)
	must[*connect.StopContactResponse](t)(o.StopContact(ctx, &connect.StopContactRequest{InstanceId: o.id, ContactId: *chat.ContactId}))
	must[*connect.DeleteInstanceResponse](t)(o.DeleteInstance(ctx, &connect.DeleteInstanceRequest{InstanceId: o.id}))
}

func TestInstanceAttributes(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	have := map[connect.InstanceAttributeType]string{}
	pages := 0
	for token := (*string)(nil); ; {
		page := must[*connect.ListInstanceAttributesResponse](t)(o.ListInstanceAttributes(ctx, &connect.ListInstanceAttributesRequest{InstanceId: o.id, NextToken: token}))
		pages++
		for _, a := range page.Attributes {
			have[a.AttributeType] = *a.Value
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if want := len(connect.InstanceAttributeType("").Values()); len(have) != want || pages != (want+6)/7 {
		t.Errorf("%d attributes on %d pages; want all %d, 7 to a page", len(have), pages, want)
	}
	if have[connect.InstanceAttributeTypeINBOUND_CALLS] != "true" || have[connect.InstanceAttributeTypeOUTBOUND_CALLS] != "false" {
		t.Errorf("the attributes of the calls are %v", have)
	}
	update := func(instance string, a connect.InstanceAttributeType, value string) error {
		_, err := o.UpdateInstanceAttribute(ctx, &connect.UpdateInstanceAttributeRequest{InstanceId: instance, AttributeType: a, Value: value})
		return err
	}
	if err := update(o.arn, connect.InstanceAttributeTypeOUTBOUND_CALLS, "true"); err != nil {
		t.Fatal(err)
	}
	got := must[*connect.DescribeInstanceAttributeResponse](t)(o.DescribeInstanceAttribute(ctx, &connect.DescribeInstanceAttributeRequest{InstanceId: o.id, AttributeType: connect.InstanceAttributeTypeOUTBOUND_CALLS}))
	if *got.Attribute.Value != "true" {
		t.Errorf("the attribute is %s after an update", *got.Attribute.Value)
	}
	if i := must[*connect.DescribeInstanceResponse](t)(o.DescribeInstance(ctx, &connect.DescribeInstanceRequest{InstanceId: o.id})); !*i.Instance.OutboundCallsEnabled {
		t.Error("OutboundCallsEnabled does not follow its attribute")
	}
	refused(t, "a value", update(o.id, connect.InstanceAttributeTypeCONTACT_LENS, "maybe"), "InvalidParameterException", 400)
	refused(t, "an attribute", update(o.id, "COFFEE", "true"), "InvalidParameterException", 400)
	refused(t, "an instance", update(unknownID, connect.InstanceAttributeTypeCONTACT_LENS, "true"), "ResourceNotFoundException", 404)
}

// TestInstanceAttributesBeyondTheModel sets attributes that the service takes although
// its model does not name them, as public CDK and CloudFormation code does.
func TestInstanceAttributesBeyondTheModel(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	for _, c := range []struct {
		name   string // AttributeType
		source string
		taken  bool
	}{
		{"AUTO_MUTE_AGENT_ON_HOLD", "the model of 2026-10-21", true},
		{"AUTOMATED_INTERACTION_LOG", "custom resources of CDK projects, 2026-11", true},
		{"ENABLE_BOT_ANALYTICS_AND_TRANSCRIPTS", "custom resources of CDK projects, 2026-11", true},
		{"BOT_MANAGEMENT", "custom resources of CDK projects, AWS CLI scripts, 2026-11", true},
		{"MAX_PACKAGE", "an answer of ListInstanceAttributes, 2026-11", true},
		{"FORECASTING_PLANNING_SCHEDULING", "tools that list attributes, 2026-11", true},
		{"BOT_ANALYTICS", "nowhere", false},
		{"bot_management", "nowhere in lower case", false},
	} {
		typ := connect.InstanceAttributeType(c.name)
		describe := func() (*connect.DescribeInstanceAttributeResponse, error) {
			return o.DescribeInstanceAttribute(ctx, &connect.DescribeInstanceAttributeRequest{InstanceId: o.id, AttributeType: typ})
		}
		_, err := o.UpdateInstanceAttribute(ctx, &connect.UpdateInstanceAttributeRequest{InstanceId: o.id, AttributeType: typ, Value: "true"})
		if !c.taken {
			refused(t, "setting "+c.name, err, "InvalidParameterException", 400)
			_, err = describe()
			refused(t, "describing "+c.name, err, "InvalidParameterException", 400)
			continue
		}
		if err != nil {
			t.Errorf("%s (%s) cannot be set: %v", c.name, c.source, err)
			continue
		}
		if got := must[*connect.DescribeInstanceAttributeResponse](t)(describe()).Attribute; got.AttributeType != typ || *got.Value != "true" {
			t.Errorf("%s is described as %s %s", c.name, got.AttributeType, *got.Value)
		}
	}
}

func TestStorageConfigs(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	const transcripts = connect.InstanceStorageResourceTypeCHAT_TRANSCRIPTS
	s3 := func(bucket string) *connect.InstanceStorageConfig {
		return &connect.InstanceStorageConfig{StorageType: connect.StorageTypeS3, S3Config: &connect.S3Config{
			BucketName: bucket, BucketPrefix: "chats", EncryptionConfig: &connect.EncryptionConfig{EncryptionType: connect.EncryptionTypeKMS, KeyId: "key"},
		}}
	}
	associate := func(typ connect.InstanceStorageResourceType, c *connect.InstanceStorageConfig, token string) (*connect.AssociateInstanceStorageConfigResponse, error) {
		return o.AssociateInstanceStorageConfig(ctx, &connect.AssociateInstanceStorageConfigRequest{InstanceId: o.id, ResourceType: typ, StorageConfig: c, ClientToken: &token})
	}
	first := must[*connect.AssociateInstanceStorageConfigResponse](t)(associate(transcripts, s3("one"), "t1"))
	again := must[*connect.AssociateInstanceStorageConfigResponse](t)(associate(transcripts, s3("one"), "t1"))
	if *again.AssociationId != *first.AssociationId {
		t.Error("the same ClientToken made another association")
	}
	_, err := associate(transcripts, s3("two"), "t2")
	refused(t, "a second storage", err, "ResourceConflictException", 409)
	_, err = associate(connect.InstanceStorageResourceTypeAGENT_EVENTS, s3("one"), "t3")
	refused(t, "a storage type that is not allowed", err, "InvalidParameterException", 400)
	_, err = associate(connect.InstanceStorageResourceTypeATTACHMENTS, &connect.InstanceStorageConfig{StorageType: connect.StorageTypeS3}, "t4")
	refused(t, "a storage without config", err, "InvalidRequestException", 400)
	must[*connect.AssociateInstanceStorageConfigResponse](t)(associate(connect.InstanceStorageResourceTypeAGENT_EVENTS,
		&connect.InstanceStorageConfig{StorageType: connect.StorageTypeKINESIS_STREAM, KinesisStreamConfig: &connect.KinesisStreamConfig{StreamArn: "arn:stream"}}, "t5"))

	must[*connect.UpdateInstanceStorageConfigResponse](t)(o.UpdateInstanceStorageConfig(ctx, &connect.UpdateInstanceStorageConfigRequest{
		InstanceId: o.id, AssociationId: *first.AssociationId, ResourceType: transcripts, StorageConfig: s3("two"),
	}))
	got := must[*connect.DescribeInstanceStorageConfigResponse](t)(o.DescribeInstanceStorageConfig(ctx, &connect.DescribeInstanceStorageConfigRequest{
		InstanceId: o.id, AssociationId: *first.AssociationId, ResourceType: transcripts,
	})).StorageConfig
	if got.S3Config == nil || got.S3Config.BucketName != "two" || got.S3Config.EncryptionConfig.KeyId != "key" || *got.AssociationId != *first.AssociationId {
		t.Errorf("the storage is %+v after an update", got.S3Config)
	}
	list := func() []connect.InstanceStorageConfig {
		return must[*connect.ListInstanceStorageConfigsResponse](t)(o.ListInstanceStorageConfigs(ctx, &connect.ListInstanceStorageConfigsRequest{InstanceId: o.id, ResourceType: transcripts})).StorageConfigs
	}
	if n := len(list()); n != 1 {
		t.Errorf("%d storages of transcripts; want 1", n)
	}
	_, err = o.DescribeInstanceStorageConfig(ctx, &connect.DescribeInstanceStorageConfigRequest{
		InstanceId: o.id, AssociationId: *first.AssociationId, ResourceType: connect.InstanceStorageResourceTypeATTACHMENTS,
	})
	refused(t, "a storage of another type of data", err, "ResourceNotFoundException", 404)
	remove := func() error {
		_, err := o.DisassociateInstanceStorageConfig(ctx, &connect.DisassociateInstanceStorageConfigRequest{InstanceId: o.id, AssociationId: *first.AssociationId, ResourceType: transcripts})
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if n := len(list()); n != 0 {
		t.Errorf("%d storages after the only one was removed", n)
	}
	refused(t, "removing it again", remove(), "ResourceNotFoundException", 404)
	_, err = o.UpdateInstanceStorageConfig(ctx, &connect.UpdateInstanceStorageConfigRequest{InstanceId: o.id, AssociationId: *first.AssociationId, ResourceType: transcripts, StorageConfig: s3("x")})
	refused(t, "updating it", err, "ResourceNotFoundException", 404)
}

func TestTags(t *testing.T) {
	o := newOffice(t, catalog.Limits{})
	ctx := t.Context()
	id, arn := o.flow("one")
	tags := func(arn string) map[string]string {
		return must[*connect.ListTagsForResourceResponse](t)(o.ListTagsForResource(ctx, &connect.ListTagsForResourceRequest{ResourceArn: arn})).Tags
	}
	queue := *must[*connect.ListQueuesResponse](t)(o.ListQueues(ctx, &connect.ListQueuesRequest{InstanceId: o.id})).QueueSummaryList[0].Arn
	for _, arn := range []string{arn, queue, o.arn} {
		if n := len(tags(arn)); n != 0 {
			t.Errorf("%d tags on %s to begin with", n, arn)
		}
		for _, add := range []map[string]string{{"team": "a", "x y/z": ""}, {"team": "b"}} {
			must[*connect.TagResourceResponse](t)(o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: arn, Tags: add}))
		}
		must[*connect.UntagResourceResponse](t)(o.UntagResource(ctx, &connect.UntagResourceRequest{ResourceArn: arn, TagKeys: []string{"x y/z", "none"}}))
		if got := tags(arn); len(got) != 1 || got["team"] != "b" {
			t.Errorf("tags of %s are %v", arn, got)
		}
	}
	got := must[*connect.DescribeContactFlowResponse](t)(o.DescribeContactFlow(ctx, &connect.DescribeContactFlowRequest{InstanceId: o.id, ContactFlowId: id}))
	if got.ContactFlow.Tags["team"] != "b" {
		t.Errorf("the flow describes its tags as %v", got.ContactFlow.Tags)
	}
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint(i)] = ""
	}
	_, err := o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: arn, Tags: many})
	refused(t, "51 tags", err, "InvalidRequestException", 400)
	_, err = o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"aws:x": "y"}})
	refused(t, "a reserved key", err, "InvalidParameterException", 400)
	for ref, want := range map[string]struct {
		code   string
		status int
	}{
		id:                                     {"InvalidParameterException", 400},
		"arn:aws:sns:eu:1:topic":               {"InvalidParameterException", 400},
		o.arn + "/contact/" + unknownID:        {"InvalidParameterException", 400},
		o.arn + "/queue/" + unknownID:          {"ResourceNotFoundException", 404},
		queue + ":1":                           {"ResourceNotFoundException", 404}, // only contents have versions
		officePartition.InstanceARN(unknownID): {"ResourceNotFoundException", 404},
		center.Partition{Region: "a", Account: "b"}.InstanceARN(unknownID): {"ResourceNotFoundException", 404},
		officePartition.ARN(unknownID, center.KindFlow, id):                {"ResourceNotFoundException", 404},
	} {
		_, err := o.ListTagsForResource(ctx, &connect.ListTagsForResourceRequest{ResourceArn: ref})
		refused(t, "tags of "+ref, err, want.code, want.status)
		_, err = o.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: ref, Tags: map[string]string{"a": "b"}})
		refused(t, "tagging "+ref, err, want.code, want.status)
	}
}
