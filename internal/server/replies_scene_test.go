package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"parley.example/parley/api/connect"
	"parley.example/parley/api/participant"
	"parley.example/parley/internal/center"
	"parley.example/parley/internal/contact"
	"parley.example/parley/internal/engine/enginetest"
	"parley.example/parley/internal/server"
	"parley.example/parley/internal/server/servertest"
)

// scene makes the calls of TestWhatRepliesSay.
func (r *replies) scene() {
	r.t.Helper()
	release := make(chan struct{})
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/processor" {
			<-release
			if event, err := io.ReadAll(q.Body); err == nil && strings.Contains(string(event), "unkind") {
				w.Write([]byte(`{"status":"REJECTED"}`))
				return
			}
			w.Write([]byte(`{"status":"PROCESSED","result":{"processedChatContent":{"content":"HI","contentType":"text/plain"}}}`))
		}
	}))
	defer function.Close()
	s := servertest.Start(r.t, servertest.Quietly(r.t), func(c *server.Config) {
		c.Lambda, c.Streams, c.StreamSecret = map[string]string{"*": function.URL + "/processor"}, map[string]string{"*": function.URL}, "a secret of many letters"
		c.Bots = map[string]string{"*": function.URL}
	})
	r.bare(s)
	r.full(s, func() { close(release) })
}

// questions are members of requests that do not name what was made.
var questions = map[string]any{
	"AttributeType": connect.InstanceAttributeTypeINBOUND_CALLS, "ResourceType": connect.InstanceStorageResourceTypeCHAT_TRANSCRIPTS, "LexVersion": connect.LexVersionV2,
	"FromDate": "2026-11-01", "ToDate": "2026-12-31", "ReferenceTypes": []connect.ReferenceType{"URL", "NUMBER", "STRING", "DATE", "EMAIL"},
	"Metrics":        []connect.ContactMetricInfo{{Name: connect.ContactMetricNamePOSITION_IN_QUEUE}},
	"TimeRange":      connect.SearchContactsTimeRange{Type: connect.SearchContactsTimeRangeTypeINITIATION_TIMESTAMP, StartTime: time.Unix(0, 0), EndTime: time.Unix(1<<32, 0)},
	"CurrentMetrics": []connect.CurrentMetric{{Name: connect.CurrentMetricNameCONTACTS_IN_QUEUE}}, "GetCurrentMetricData.Filters": connect.Filters{},
	"GetMetricDataV2.Metrics": []connect.MetricV2{
		{Name: new("CONTACTS_CREATED"), MetricFilters: []connect.MetricFilterV2{{MetricFilterKey: new("INITIATION_METHOD"), MetricFilterValues: []string{"API"}, Negate: new(false)}}},
		{Name: new("SERVICE_LEVEL"), Threshold: []connect.ThresholdV2{{Comparison: new("LTE"), ThresholdValue: new(60.0)}}}},
	"GetMetricDataV2.Groupings": []string{"QUEUE"},
	"HistoricalMetrics":         []connect.HistoricalMetric{{Name: connect.HistoricalMetricNameSERVICE_LEVEL, Threshold: &connect.Threshold{Comparison: connect.ComparisonLT, ThresholdValue: new(60.0)}}},
	"GetMetricData.Groupings":   []connect.Grouping{connect.GroupingQUEUE, connect.GroupingCHANNEL},
}

// bare looks at an instance as it is made, then at things of which nothing is said that can be left out.
func (r *replies) bare(s *servertest.Server) {
	ctx := r.t.Context()
	made := told[connect.CreateInstanceResponse](r)(s.Connect.CreateInstance(ctx, &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("bare")}))
	instance := *made.Id
	known := map[string]any{"InstanceId": instance, "ResourceArn": *made.Arn}
	maps.Copy(known, questions)
	r.readAll(s, known, func(operation string, err error) {
		if strings.HasPrefix(operation, "Search") {
			r.t.Errorf("%s of a new instance: %v", operation, err)
		}
	})

	flow := *told[connect.CreateContactFlowResponse](r)(s.Connect.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: instance, Name: "f", Type: connect.ContactFlowTypeCONTACT_FLOW, Content: enginetest.Greet})).ContactFlowId
	module := *told[connect.CreateContactFlowModuleResponse](r)(s.Connect.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{
		InstanceId: instance, Name: "m", Content: fmt.Sprintf(greetings, 1)})).Id
	view := *told[connect.CreateViewResponse](r)(s.Connect.CreateView(ctx, &connect.CreateViewRequest{
		InstanceId: instance, Name: "v", Status: connect.ViewStatusSAVED, Content: &connect.ViewInputContent{Template: new(`{"Head":{"Configuration":{}},"Body":[]}`), Actions: []string{}}})).View.Id
	hours := *told[connect.CreateHoursOfOperationResponse](r)(s.Connect.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{
		InstanceId: instance, Name: "h", TimeZone: "UTC", Config: []connect.HoursOfOperationConfig{}})).HoursOfOperationId
	override := *told[connect.CreateHoursOfOperationOverrideResponse](r)(s.Connect.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{
		InstanceId: instance, HoursOfOperationId: hours, Name: "o", EffectiveFrom: "2026-11-05", EffectiveTill: "2026-11-06", Config: []connect.HoursOfOperationOverrideConfig{}})).HoursOfOperationOverrideId
	queue := *told[connect.CreateQueueResponse](r)(s.Connect.CreateQueue(ctx, &connect.CreateQueueRequest{InstanceId: instance, Name: "q", HoursOfOperationId: hours})).QueueId
	storage := *told[connect.AssociateInstanceStorageConfigResponse](r)(s.Connect.AssociateInstanceStorageConfig(ctx, &connect.AssociateInstanceStorageConfigRequest{
		InstanceId: instance, ResourceType: connect.InstanceStorageResourceTypeCHAT_TRANSCRIPTS,
		StorageConfig: &connect.InstanceStorageConfig{StorageType: connect.StorageTypeS3, S3Config: &connect.S3Config{BucketName: "b", BucketPrefix: "p"}}})).AssociationId
	chat := told[connect.StartChatContactResponse](r)(s.Connect.StartChatContact(ctx, &connect.StartChatContactRequest{
		InstanceId: instance, ContactFlowId: flow, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"}}))
	maps.Copy(known, map[string]any{
		"ContactFlowId": flow, "ContactFlowModuleId": module, "ViewId": view, "DescribeView.ViewId": view + ":$SAVED", "HoursOfOperationId": hours,
		"HoursOfOperationOverrideId": override, "QueueId": queue, "AssociationId": storage, "ContactId": *chat.ContactId, "InitialContactId": *chat.ContactId,
	})
	r.knownLists(s, known)
	r.barePeople(s, known)
	r.bareProfiles(s, known)
	r.readAll(s, known, func(operation string, err error) {
		if !strings.HasSuffix(operation, "Alias") && operation != "GetContactMetrics" { // there is no alias, and nobody waits
			r.t.Errorf("%s: %v", operation, err)
		}
	})

	connection := told[participant.CreateParticipantConnectionResponse](r)(s.Participant.CreateParticipantConnection(ctx, &participant.CreateParticipantConnectionRequest{
		ParticipantToken: *chat.ParticipantToken, Type: []participant.ConnectionType{participant.ConnectionTypeCONNECTION_CREDENTIALS}}))
	told[participant.GetTranscriptResponse](r)(s.Participant.GetTranscript(ctx, &participant.GetTranscriptRequest{ConnectionToken: *connection.ConnectionCredentials.ConnectionToken}))
}

// knownLists adds what every instance comes with.
func (r *replies) knownLists(s *servertest.Server, known map[string]any) {
	instance := known["InstanceId"].(string)
	known["RoutingProfileId"] = *told[connect.ListRoutingProfilesResponse](r)(s.Connect.ListRoutingProfiles(r.t.Context(), &connect.ListRoutingProfilesRequest{InstanceId: instance})).RoutingProfileSummaryList[0].Id
	known["GetCurrentUserData.Filters"] = connect.UserDataFilters{RoutingProfiles: []string{known["RoutingProfileId"].(string)}}
	known["GetMetricDataV2.Filters"] = []connect.FilterV2{{FilterKey: new("ROUTING_PROFILE"), FilterValues: []string{known["RoutingProfileId"].(string)}}}
	known["GetMetricDataV2.ResourceArn"] = instance
	known["GetMetricDataV2.StartTime"], known["GetMetricDataV2.EndTime"] = s.Clock().Now().Add(-time.Hour), s.Clock().Now().Add(10*time.Second)
	known["GetMetricData.Filters"] = connect.Filters{RoutingProfiles: []string{known["RoutingProfileId"].(string)}}
	known["GetMetricData.StartTime"] = s.Clock().Now().Truncate(5 * time.Minute).Add(-time.Hour)
	known["GetMetricData.EndTime"] = s.Clock().Now().Truncate(5 * time.Minute)
	known["SecurityProfileId"] = *told[connect.ListSecurityProfilesResponse](r)(s.Connect.ListSecurityProfiles(r.t.Context(), &connect.ListSecurityProfilesRequest{InstanceId: instance})).SecurityProfileSummaryList[0].Id
	known["AgentStatusId"] = *told[connect.ListAgentStatusResponse](r)(s.Connect.ListAgentStatuses(r.t.Context(), &connect.ListAgentStatusRequest{InstanceId: instance})).AgentStatusSummaryList[0].Id
}

// full looks at things of which everything is said that can be.
func (r *replies) full(s *servertest.Server, release func()) {
	ctx, tags, text := r.t.Context(), map[string]string{"team": "a"}, new("what it is for")
	made := told[connect.CreateInstanceResponse](r)(s.Connect.CreateInstance(ctx, &connect.CreateInstanceRequest{
		IdentityManagementType: connect.DirectoryTypeCONNECT_MANAGED, InstanceAlias: new("full"), InboundCallsEnabled: true, Tags: tags}))
	instance := *made.Id
	known := map[string]any{"InstanceId": instance}
	maps.Copy(known, questions)
	r.fullFlows(s, known, tags, text)
	r.fullQueues(s, known, tags, text)
	r.fullInstance(s, known)
	r.knownLists(s, known)
	r.fullPeople(s, known, tags)
	r.fullProfiles(s, known, tags, text)
	for _, kind := range []string{"RoutingProfileId/routing-profile/", "SecurityProfileId/security-profile/", "AgentStatusId/agent-state/"} {
		name, path, _ := strings.Cut(kind, "/")
		known["ResourceArn"] = *made.Arn + "/" + path + known[name].(string)
		told[connect.TagResourceResponse](r)(s.Connect.TagResource(ctx, &connect.TagResourceRequest{ResourceArn: known["ResourceArn"].(string), Tags: tags}))
	}
	o := office{r, s, instance}
	first := o.chat(known)
	o.others(release)
	must := func(operation string, err error) { r.t.Errorf("%s: %v", operation, err) }
	r.readAll(s, known, must)
	maps.Copy(known, map[string]any{
		"DescribeContactFlow.ContactFlowId": known["ContactFlowId"].(string) + ":$SAVED", "DescribeContactFlowModule.ContactFlowModuleId": known["ContactFlowModuleId"].(string) + ":1",
		"DescribeView.ViewId": known["ViewId"].(string) + ":1", "HoursOfOperationId": known["children"], "ContactId": first, "LexVersion": connect.LexVersionV1,
		"HoursOfOperationOverrideId": known["override of children"], "MaxResults": 1, "UserId": known["by channel"], "ResourceType": connect.InstanceStorageResourceTypeAGENT_EVENTS, "AssociationId": known["stream"],
	})
	r.readAll(s, known, must)
}

func (r *replies) fullFlows(s *servertest.Server, known map[string]any, tags map[string]string, text *string) {
	ctx, instance := r.t.Context(), known["InstanceId"].(string)
	flow := *told[connect.CreateContactFlowResponse](r)(s.Connect.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: instance, Name: "f", Type: connect.ContactFlowTypeCAMPAIGN, Content: pause, Description: text, Tags: tags})).ContactFlowId
	for range 2 {
		told[connect.CreateContactFlowVersionResponse](r)(s.Connect.CreateContactFlowVersion(ctx, &connect.CreateContactFlowVersionRequest{InstanceId: instance, ContactFlowId: flow, Description: text}))
	}
	flowAlias := *told[connect.CreateContactFlowAliasResponse](r)(s.Connect.CreateContactFlowAlias(ctx, &connect.CreateContactFlowAliasRequest{
		InstanceId: instance, ContactFlowId: flow, ContactFlowVersion: 1, AliasName: "live", Description: text})).Id
	module := *told[connect.CreateContactFlowModuleResponse](r)(s.Connect.CreateContactFlowModule(ctx, &connect.CreateContactFlowModuleRequest{
		InstanceId: instance, Name: "m", Content: fmt.Sprintf(greetings, 1), Description: text, Tags: tags, Settings: new("{}"),
		ExternalInvocationConfiguration: &connect.ExternalInvocationConfiguration{Enabled: new(true)}})).Id
	told[connect.CreateContactFlowModuleVersionResponse](r)(s.Connect.CreateContactFlowModuleVersion(ctx, &connect.CreateContactFlowModuleVersionRequest{InstanceId: instance, ContactFlowModuleId: module, Description: text}))
	alias := *told[connect.CreateContactFlowModuleAliasResponse](r)(s.Connect.CreateContactFlowModuleAlias(ctx, &connect.CreateContactFlowModuleAliasRequest{
		InstanceId: instance, ContactFlowModuleId: module, ContactFlowModuleVersion: 1, AliasName: "live", Description: text})).Id
	view := *told[connect.CreateViewResponse](r)(s.Connect.CreateView(ctx, &connect.CreateViewRequest{
		InstanceId: instance, Name: "v", Status: connect.ViewStatusPUBLISHED, Description: text, Tags: tags,
		Content: &connect.ViewInputContent{Template: new(`{"Head":{"Title":"T","Configuration":{}},"Body":[]}`), Actions: []string{"Next"}}})).View.Id
	for range 2 {
		told[connect.UpdateViewContentResponse](r)(s.Connect.UpdateViewContent(ctx, &connect.UpdateViewContentRequest{
			InstanceId: instance, ViewId: view, Status: connect.ViewStatusPUBLISHED,
			Content: &connect.ViewInputContent{Template: new(`{"Head":{"Title":"` + center.NewUUID() + `","Configuration":{}},"Body":[]}`), Actions: []string{"Next"}}}))
		told[connect.CreateViewVersionResponse](r)(s.Connect.CreateViewVersion(ctx, &connect.CreateViewVersionRequest{InstanceId: instance, ViewId: view, VersionDescription: text}))
	}
	maps.Copy(known, map[string]any{
		"ContactFlowId": flow, "DescribeContactFlow.ContactFlowId": flow + ":1", "DescribeContactFlowAlias.AliasId": flowAlias,
		"ContactFlowModuleId": module, "DescribeContactFlowModuleAlias.AliasId": alias, "ViewId": view})
}

func (r *replies) fullQueues(s *servertest.Server, known map[string]any, tags map[string]string, text *string) {
	ctx, instance := r.t.Context(), known["InstanceId"].(string)
	week := []connect.HoursOfOperationConfig{{Day: connect.HoursOfOperationDaysMONDAY, StartTime: &connect.HoursOfOperationTimeSlice{Hours: 9}, EndTime: &connect.HoursOfOperationTimeSlice{Hours: 17}}}
	hours := func(name string, parents ...connect.ParentHoursOfOperationConfig) string {
		id := *told[connect.CreateHoursOfOperationResponse](r)(s.Connect.CreateHoursOfOperation(ctx, &connect.CreateHoursOfOperationRequest{
			InstanceId: instance, Name: name, TimeZone: "UTC", Config: week, Description: text, Tags: tags, ParentHoursOfOperationConfigs: parents})).HoursOfOperationId
		return id
	}
	override := func(hours string) string {
		return *told[connect.CreateHoursOfOperationOverrideResponse](r)(s.Connect.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{
			InstanceId: instance, HoursOfOperationId: hours, Name: "o", Description: text, EffectiveFrom: "2026-11-01", EffectiveTill: "2026-12-31", OverrideType: connect.OverrideTypeOPEN,
			Config:           []connect.HoursOfOperationOverrideConfig{{Day: connect.OverrideDaysMONDAY, StartTime: &connect.OverrideTimeSlice{Hours: 1}, EndTime: &connect.OverrideTimeSlice{Hours: 2}}},
			RecurrenceConfig: &connect.RecurrenceConfig{RecurrencePattern: &connect.RecurrencePattern{Frequency: connect.RecurrenceFrequencyMONTHLY, Interval: 1, ByWeekdayOccurrence: []int32{1}}}})).HoursOfOperationOverrideId
	}
	parent := hours("parents")
	known["HoursOfOperationId"], known["HoursOfOperationOverrideId"] = parent, override(parent)
	child := hours("children", connect.ParentHoursOfOperationConfig{HoursOfOperationId: &parent})
	known["children"], known["override of children"] = child, *told[connect.CreateHoursOfOperationOverrideResponse](r)(s.Connect.CreateHoursOfOperationOverride(ctx, &connect.CreateHoursOfOperationOverrideRequest{
		InstanceId: instance, HoursOfOperationId: child, Name: "yearly", EffectiveFrom: "2026-11-01", EffectiveTill: "2029-12-31", OverrideType: connect.OverrideTypeCLOSED, Config: []connect.HoursOfOperationOverrideConfig{},
		RecurrenceConfig: &connect.RecurrenceConfig{RecurrencePattern: &connect.RecurrencePattern{Frequency: connect.RecurrenceFrequencyYEARLY, Interval: 1, ByMonth: []int32{12}, ByMonthDay: []int32{25}}}})).HoursOfOperationOverrideId
	whisper := *told[connect.CreateContactFlowResponse](r)(s.Connect.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
		InstanceId: instance, Name: "outbound", Type: connect.ContactFlowTypeOUTBOUND_WHISPER, Content: pause, Status: connect.ContactFlowStatusSAVED})).ContactFlowId
	known["QueueId"] = *told[connect.CreateQueueResponse](r)(s.Connect.CreateQueue(ctx, &connect.CreateQueueRequest{
		InstanceId: instance, Name: "q", HoursOfOperationId: parent, Description: text, Tags: tags, MaxContacts: new(int32(9)),
		OutboundCallerConfig: &connect.OutboundCallerConfig{OutboundCallerIdName: new("Shop"), OutboundFlowId: &whisper}})).QueueId
}

func (r *replies) fullInstance(s *servertest.Server, known map[string]any) {
	ctx, instance := r.t.Context(), known["InstanceId"].(string)
	storage := func(typ connect.InstanceStorageResourceType, c *connect.InstanceStorageConfig) string {
		return *told[connect.AssociateInstanceStorageConfigResponse](r)(s.Connect.AssociateInstanceStorageConfig(ctx, &connect.AssociateInstanceStorageConfigRequest{InstanceId: instance, ResourceType: typ, StorageConfig: c})).AssociationId
	}
	key := &connect.EncryptionConfig{EncryptionType: connect.EncryptionTypeKMS, KeyId: "arn:aws:kms:us-east-1:123456789012:key/1"}
	known["AssociationId"] = storage(connect.InstanceStorageResourceTypeCHAT_TRANSCRIPTS, &connect.InstanceStorageConfig{
		StorageType: connect.StorageTypeS3, S3Config: &connect.S3Config{BucketName: "b", BucketPrefix: "p", EncryptionConfig: key}})
	known["stream"] = storage(connect.InstanceStorageResourceTypeAGENT_EVENTS, &connect.InstanceStorageConfig{
		StorageType: connect.StorageTypeKINESIS_STREAM, KinesisStreamConfig: &connect.KinesisStreamConfig{StreamArn: "arn:aws:kinesis:us-east-1:123456789012:stream/s"}})
	for typ, c := range map[connect.InstanceStorageResourceType]*connect.InstanceStorageConfig{
		connect.InstanceStorageResourceTypeMEDIA_STREAMS: {StorageType: connect.StorageTypeKINESIS_VIDEO_STREAM,
			KinesisVideoStreamConfig: &connect.KinesisVideoStreamConfig{Prefix: "p", RetentionPeriodHours: 1, EncryptionConfig: key}},
		connect.InstanceStorageResourceTypeCONTACT_TRACE_RECORDS: {StorageType: connect.StorageTypeKINESIS_FIREHOSE,
			KinesisFirehoseConfig: &connect.KinesisFirehoseConfig{FirehoseArn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"}},
	} {
		id := storage(typ, c)
		told[connect.DescribeInstanceStorageConfigResponse](r)(s.Connect.DescribeInstanceStorageConfig(ctx, &connect.DescribeInstanceStorageConfigRequest{InstanceId: instance, ResourceType: typ, AssociationId: id}))
	}
	told[connect.AssociateLambdaFunctionResponse](r)(s.Connect.AssociateLambdaFunction(ctx, &connect.AssociateLambdaFunctionRequest{InstanceId: instance, FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:shout"}))
	told[connect.AssociateApprovedOriginResponse](r)(s.Connect.AssociateApprovedOrigin(ctx, &connect.AssociateApprovedOriginRequest{InstanceId: instance, Origin: "https://desk.example"}))
	told[connect.AssociateBotResponse](r)(s.Connect.AssociateBot(ctx, &connect.AssociateBotRequest{InstanceId: instance, LexV2Bot: &connect.LexV2Bot{AliasArn: new("arn:aws:lex:us-east-1:123456789012:bot-alias/BOT/ALIAS")}}))
	told[connect.AssociateLexBotResponse](r)(s.Connect.AssociateLexBot(ctx, &connect.AssociateLexBotRequest{InstanceId: instance, LexBot: &connect.LexBot{Name: "Bot", LexRegion: "us-east-1"}}))
}

// office is an instance in which chats are held.
type office struct {
	*replies
	s        *servertest.Server
	instance string
}

func (o office) publish(name, content string) string {
	return *told[connect.CreateContactFlowResponse](o.replies)(o.s.Connect.CreateContactFlow(o.t.Context(), &connect.CreateContactFlowRequest{
		InstanceId: o.instance, Name: name, Type: connect.ContactFlowTypeCONTACT_FLOW, Content: content})).ContactFlowId
}

func (o office) start(flow string, change func(in *connect.StartChatContactRequest)) *connect.StartChatContactResponse {
	const interactive = "application/vnd.amazonaws.connect.message.interactive"
	in := &connect.StartChatContactRequest{InstanceId: o.instance, ContactFlowId: flow, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"},
		SupportedMessagingContentTypes: []string{"text/plain", interactive, interactive + ".response"}}
	if change != nil {
		change(in)
	}
	return told[connect.StartChatContactResponse](o.replies)(o.s.Connect.StartChatContact(o.t.Context(), in))
}

// bearer connects a participant and returns its connection token.
func (o office) bearer(token string) string {
	return *told[participant.CreateParticipantConnectionResponse](o.replies)(o.s.Participant.CreateParticipantConnection(o.t.Context(), &participant.CreateParticipantConnectionRequest{
		ParticipantToken: token, ConnectParticipant: new(true), Type: []participant.ConnectionType{participant.ConnectionTypeWEBSOCKET, participant.ConnectionTypeCONNECTION_CREDENTIALS}})).ConnectionCredentials.ConnectionToken
}

func (o office) send(bearer, text string) string {
	return *told[participant.SendMessageResponse](o.replies)(o.s.Participant.SendMessage(o.t.Context(), &participant.SendMessageRequest{ConnectionToken: bearer, ContentType: "text/plain", Content: text})).Id
}

// transcript reads pages of a transcript, its end first, and returns the last page that has items.
func (o office) transcript(bearer string, most int32) (last []participant.Item) {
	in := &participant.GetTranscriptRequest{ConnectionToken: bearer, MaxResults: &most, ScanDirection: participant.ScanDirectionBACKWARD}
	for range 5 {
		page := told[participant.GetTranscriptResponse](o.replies)(o.s.Participant.GetTranscript(o.t.Context(), in))
		if len(page.Transcript) > 0 {
			last = page.Transcript
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	return last
}

// chat has a chat go through a queue and an agent to the flow for a customer who remains, and returns its
// first contact.
func (o office) chat(known map[string]any) string {
	greet := o.publish("greet", enginetest.Greet)
	before := o.start(greet, nil)
	o.bearer(*before.ParticipantToken)
	told[connect.StopContactResponse](o.replies)(o.s.Connect.StopContact(o.t.Context(), &connect.StopContactRequest{InstanceId: o.instance, ContactId: *before.ContactId}))

	waits := strings.NewReplacer(`{"Identifier":"set"`, `{"Identifier":"hook","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerRemaining":"`+greet+`"}},"Transitions":{"NextAction":"set","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"set"`, `"StartAction":"set"`, `"StartAction":"hook"`, "33333333-3333-4333-8333-333333333333", known["QueueId"].(string)).Replace(queue)
	chat := o.start(o.publish("queue", waits), func(in *connect.StartChatContactRequest) {
		in.Attributes, in.CustomerId, in.RelatedContactId = map[string]string{"tier": "gold"}, new("customer-1"), before.ContactId
		in.SegmentAttributes = map[string]connect.SegmentAttributeValue{"connect:Subtype": {ValueString: new("connect:Guide")}}
	})
	first := *chat.ContactId
	ana := o.bearer(*chat.ParticipantToken)
	told[connect.UpdateContactResponse](o.replies)(o.s.Connect.UpdateContact(o.t.Context(), &connect.UpdateContactRequest{InstanceId: o.instance, ContactId: first, Name: new("Order 7"), Description: new("where it is"),
		References: map[string]connect.Reference{
			"url": {Type: connect.ReferenceTypeURL, Value: new("https://shop.example")}, "number": {Type: connect.ReferenceTypeNUMBER, Value: new("7")}, "text": {Type: connect.ReferenceTypeSTRING, Value: new("x")},
			"day": {Type: connect.ReferenceTypeDATE, Value: new("1767225600")}, "mail": {Type: connect.ReferenceTypeEMAIL, Value: new("ana@shop.example")}}}))
	told[connect.TagContactResponse](o.replies)(o.s.Connect.TagContact(o.t.Context(), &connect.TagContactRequest{InstanceId: o.instance, ContactId: first, Tags: map[string]string{"team": "a"}}))
	told[connect.UpdateContactRoutingDataResponse](o.replies)(o.s.Connect.UpdateContactRoutingData(o.t.Context(), &connect.UpdateContactRoutingDataRequest{InstanceId: o.instance, ContactId: first, QueuePriority: new(int64(2)),
		RoutingCriteria: &connect.RoutingCriteriaInput{Steps: []connect.RoutingCriteriaInputStep{{Expiry: &connect.RoutingCriteriaInputStepExpiry{DurationInSeconds: new(int32(60))},
			Expression: &connect.Expression{OrExpression: []connect.Expression{{AndExpression: []connect.Expression{
				{AttributeCondition: &connect.AttributeCondition{Name: new("language"), Value: new("en"), ProficiencyLevel: new(float32(3)), ComparisonOperator: new("NumberGreaterOrEqualTo")}},
				{NotAttributeCondition: &connect.AttributeCondition{Name: new("language"), Value: new("fr"), Range: &connect.Range{MinProficiencyLevel: new(float32(1)), MaxProficiencyLevel: new(float32(2))}, ComparisonOperator: new("Range")}},
			}}, {AttributeCondition: &connect.AttributeCondition{ComparisonOperator: new("Match"), MatchCriteria: &connect.MatchCriteria{AgentsCriteria: &connect.AgentsCriteria{AgentIds: []string{"user-1"}}}}}}}}}}}))
	waiting := o.start(o.publish("another queue", waits), func(in *connect.StartChatContactRequest) {
		in.SegmentAttributes = map[string]connect.SegmentAttributeValue{"order": {ValueMap: map[string]connect.SegmentAttributeValue{"number": {ValueInteger: new(int32(7))}}}}
	})
	o.bearer(*waiting.ParticipantToken)
	told[connect.UpdateContactRoutingDataResponse](o.replies)(o.s.Connect.UpdateContactRoutingData(o.t.Context(), &connect.UpdateContactRoutingDataRequest{
		InstanceId: o.instance, ContactId: *waiting.ContactId, QueueTimeAdjustmentSeconds: new(int32(30))}))
	told[connect.DescribeContactResponse](o.replies)(o.s.Connect.DescribeContact(o.t.Context(), &connect.DescribeContactRequest{InstanceId: o.instance, ContactId: *waiting.ContactId}))
	known["GetContactMetrics.ContactId"] = *waiting.ContactId
	told[connect.GetContactMetricsResponse](o.replies)(o.s.Connect.GetContactMetrics(o.t.Context(), &connect.GetContactMetricsRequest{InstanceId: o.instance, ContactId: first, Metrics: questions["Metrics"].([]connect.ContactMetricInfo)}))
	told[connect.DescribeContactResponse](o.replies)(o.s.Connect.DescribeContact(o.t.Context(), &connect.DescribeContactRequest{InstanceId: o.instance, ContactId: first}))
	o.send(ana, "Hello?")
	told[connect.StartContactStreamingResponse](o.replies)(o.s.Connect.StartContactStreaming(o.t.Context(), &connect.StartContactStreamingRequest{InstanceId: o.instance, ContactId: first,
		ChatStreamingConfiguration: &connect.ChatStreamingConfiguration{StreamingEndpointArn: "arn:aws:sns:us-east-1:123456789012:topic"}}))

	token, err := o.s.Agents().Join(o.t.Context(), center.ContactID(first), contact.Join{User: "user-1", DisplayName: "Bo", UserName: "bo"})
	if err != nil {
		o.t.Fatal(err)
	}
	bo := o.bearer(token)
	said := o.send(bo, "Good morning")
	for _, event := range []string{"delivered", "read"} {
		told[participant.SendEventResponse](o.replies)(o.s.Participant.SendEvent(o.t.Context(), &participant.SendEventRequest{
			ConnectionToken: ana, ContentType: "application/vnd.amazonaws.connect.event.message." + event, Content: new(`{"messageId":"` + said + `"}`)}))
	}
	o.send(ana, "Thank you")
	file := told[participant.StartAttachmentUploadResponse](o.replies)(o.s.Participant.StartAttachmentUpload(o.t.Context(), &participant.StartAttachmentUploadRequest{
		ConnectionToken: ana, AttachmentName: "a.txt", ContentType: "text/plain", AttachmentSizeInBytes: 3, ClientToken: "file"}))
	if put := do(o.t, o.s, servertest.Put(o.t, file, []byte("abc"))); put.status != http.StatusOK {
		o.t.Fatalf("PUT: %d %s", put.status, put.body)
	}
	told[participant.CompleteAttachmentUploadResponse](o.replies)(o.s.Participant.CompleteAttachmentUpload(o.t.Context(), &participant.CompleteAttachmentUploadRequest{ConnectionToken: ana, AttachmentIds: []string{*file.AttachmentId}, ClientToken: "done"}))
	told[participant.GetAttachmentResponse](o.replies)(o.s.Participant.GetAttachment(o.t.Context(), &participant.GetAttachmentRequest{ConnectionToken: ana, AttachmentId: *file.AttachmentId}))
	o.transcript(ana, 1)
	o.transcript(ana, 100)
	told[connect.DescribeContactResponse](o.replies)(o.s.Connect.DescribeContact(o.t.Context(), &connect.DescribeContactRequest{InstanceId: o.instance, ContactId: first}))
	told[participant.DisconnectParticipantResponse](o.replies)(o.s.Participant.DisconnectParticipant(o.t.Context(), &participant.DisconnectParticipantRequest{ConnectionToken: bo}))

	told[connect.CreateParticipantResponse](o.replies)(o.s.Connect.CreateParticipant(o.t.Context(), &connect.CreateParticipantRequest{InstanceId: o.instance, ContactId: first,
		ParticipantDetails: &connect.ParticipantDetailsToAdd{ParticipantRole: connect.ParticipantRoleCUSTOM_BOT, DisplayName: new("Robo")}}))
	chain := told[connect.ListAssociatedContactsResponse](o.replies)(o.s.Connect.ListAssociatedContacts(o.t.Context(), &connect.ListAssociatedContactsRequest{InstanceId: o.instance, ContactId: first})).ContactSummaryList
	known["ContactId"], known["InitialContactId"] = *chain[len(chain)-1].ContactId, first
	return first
}

// others show a view, have a function process a message, which it does once it is released, and go on with a
// chat of the past.
func (o office) others(release func()) {
	views := o.publish("view", strings.NewReplacer("VIEW", "form", `"Go on"`, `"Next"`).Replace(`{"Version":"2019-10-30","StartAction":"view","Actions":[
 {"Identifier":"view","Type":"ShowView","Parameters":{"ViewResource":{"Id":"VIEW","Version":"Latest"},"InvocationTimeLimitSeconds":"600","ViewData":{"Question":"Whom do you want to speak to?"}},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["Go on"]}}],"Errors":[{"NextAction":"end","ErrorType":"NoMatchingCondition"},{"NextAction":"end","ErrorType":"NoMatchingError"},{"NextAction":"end","ErrorType":"TimeLimitExceeded"}]}},
 {"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`))
	chat := o.start(views, nil)
	ana := o.bearer(*chat.ParticipantToken)
	var token string
	eventually(o.t, "a view", func() bool {
		for _, it := range o.transcript(ana, 100) {
			if it.Content != nil {
				_, rest, _ := strings.Cut(*it.Content, `"viewToken":"`)
				token, _, _ = strings.Cut(rest, `"`)
			}
		}
		return token != ""
	})
	told[participant.DescribeViewResponse](o.replies)(o.s.Participant.DescribeView(o.t.Context(), &participant.DescribeViewRequest{ConnectionToken: ana, ViewToken: token}))

	processed := o.bearer(*o.start(o.publish("processing", processing), nil).ParticipantToken)
	o.send(processed, "unkind")
	o.send(processed, "hi")
	release()
	eventually(o.t, "a processed message", func() bool {
		return slices.ContainsFunc(o.transcript(processed, 100), func(it participant.Item) bool { return it.Content != nil && *it.Content == "HI" })
	})
	told[connect.StopContactResponse](o.replies)(o.s.Connect.StopContact(o.t.Context(), &connect.StopContactRequest{InstanceId: o.instance, ContactId: *chat.ContactId}))
	again := o.start(views, func(in *connect.StartChatContactRequest) {
		in.PersistentChat = &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: chat.ContactId}
	})
	o.transcript(o.bearer(*again.ParticipantToken), 100)

	o.start(views, func(in *connect.StartChatContactRequest) {
		in.ConnectionTypes = []connect.ConnectionType{connect.ConnectionTypeWEBSOCKET, connect.ConnectionTypeCONNECTION_CREDENTIALS}
		in.ChatStreamingConfiguration = &connect.ChatStreamingConfiguration{StreamingEndpointArn: "arn:aws:sns:us-east-1:123456789012:topic"}
	})
	helped := told[connect.StartAssistantContactResponse](o.replies)(o.s.Connect.StartAssistantContact(o.t.Context(), &connect.StartAssistantContactRequest{InstanceId: o.instance,
		AiAgent: &connect.AiAgentInput{AiAgentId: "11111111-2222-4333-8444-555555555555"}, ParticipantDetails: &connect.ParticipantDetails{DisplayName: "Ana"},
		PersistentChat: &connect.PersistentChat{RehydrationType: connect.RehydrationTypeENTIRE_PAST_SESSION, SourceContactId: chat.ContactId}}))
	told[connect.DescribeContactResponse](o.replies)(o.s.Connect.DescribeContact(o.t.Context(), &connect.DescribeContactRequest{InstanceId: o.instance, ContactId: *helped.ContactId}))
}
