package server_test

import (
	"maps"

	"parley.example/parley/api/connect"
	"parley.example/parley/internal/server/servertest"
)

// aiAgent has security profiles, or none.
const aiAgent = "arn:aws:wisdom:us-east-1:123456789012:ai-agent/66666666-2222-4333-8444-555555555555/11111111-2222-4333-8444-5555555555aa"

// quickConnect makes a quick connect and looks at it.
func (r *replies) quickConnect(s *servertest.Server, in connect.CreateQuickConnectRequest) string {
	id := *told[connect.CreateQuickConnectResponse](r)(s.Connect.CreateQuickConnect(r.t.Context(), &in)).QuickConnectId
	told[connect.DescribeQuickConnectResponse](r)(s.Connect.DescribeQuickConnect(r.t.Context(), &connect.DescribeQuickConnectRequest{InstanceId: in.InstanceId, QuickConnectId: id}))
	return id
}

func phone() *connect.QuickConnectConfig {
	return &connect.QuickConnectConfig{QuickConnectType: connect.QuickConnectTypePHONE_NUMBER, PhoneConfig: &connect.PhoneNumberQuickConnectConfig{PhoneNumber: "+14155550101"}}
}

// bareProfiles makes a quick connect of which nothing is said that can be left out, and says whose security
// profiles are asked for.
func (r *replies) bareProfiles(s *servertest.Server, known map[string]any) {
	instance := known["InstanceId"].(string)
	maps.Copy(known, map[string]any{
		"QuickConnectId": r.quickConnect(s, connect.CreateQuickConnectRequest{InstanceId: instance, Name: "k", QuickConnectConfig: phone()}),
		"EntityType":     connect.EntityTypeAI_AGENT, "EntityArn": aiAgent,
		"ListFlowAssociations.ResourceType": connect.ListFlowAssociationResourceTypeWHATSAPP_MESSAGING_PHONE_NUMBER,
	})
}

// fullProfiles makes a routing profile, a quick connect of each type, a security profile and an agent status, of
// which everything is set.
func (r *replies) fullProfiles(s *servertest.Server, known map[string]any, tags map[string]string, text *string) {
	ctx, instance, queue := r.t.Context(), known["InstanceId"].(string), known["QueueId"].(string)
	r.bareProfiles(s, known)
	transfer := func(name string, typ connect.ContactFlowType) string {
		return *told[connect.CreateContactFlowResponse](r)(s.Connect.CreateContactFlow(ctx, &connect.CreateContactFlowRequest{
			InstanceId: instance, Name: name, Type: typ, Content: pause, Status: connect.ContactFlowStatusSAVED})).ContactFlowId
	}
	toAgents, toQueues := transfer("to agents", connect.ContactFlowTypeAGENT_TRANSFER), transfer("to queues", connect.ContactFlowTypeQUEUE_TRANSFER)
	for name, to := range map[string]*connect.QuickConnectConfig{
		"user":  {QuickConnectType: connect.QuickConnectTypeUSER, UserConfig: &connect.UserQuickConnectConfig{UserId: known["UserId"].(string), ContactFlowId: toAgents}},
		"queue": {QuickConnectType: connect.QuickConnectTypeQUEUE, QueueConfig: &connect.QueueQuickConnectConfig{QueueId: queue, ContactFlowId: toQueues}},
		"flow":  {QuickConnectType: connect.QuickConnectTypeFLOW, FlowConfig: &connect.FlowQuickConnectConfig{ContactFlowId: toQueues}},
		"phone": phone(),
	} {
		known["QuickConnectId"] = r.quickConnect(s, connect.CreateQuickConnectRequest{InstanceId: instance, Name: name, Description: text, QuickConnectConfig: to, Tags: tags})
	}
	told[connect.AssociateQueueQuickConnectsResponse](r)(s.Connect.AssociateQueueQuickConnects(ctx, &connect.AssociateQueueQuickConnectsRequest{
		InstanceId: instance, QueueId: queue, QuickConnectIds: []string{known["QuickConnectId"].(string)}}))

	from := &connect.RoutingProfileQueueReference{QueueId: queue, Channel: connect.ChannelTASK}
	known["RoutingProfileId"] = *told[connect.CreateRoutingProfileResponse](r)(s.Connect.CreateRoutingProfile(ctx, &connect.CreateRoutingProfileRequest{
		InstanceId: instance, Name: "p", Description: *text, DefaultOutboundQueueId: queue, Tags: tags, AgentAvailabilityTimer: connect.AgentAvailabilityTimerTIME_SINCE_LAST_INBOUND,
		MediaConcurrencies: []connect.MediaConcurrency{{Channel: connect.ChannelTASK, WorkloadTypeConcurrencies: []connect.WorkloadTypeConcurrency{{WorkloadType: "claims", Concurrency: 2,
			CrossChannelWorkloadBehavior: &connect.CrossChannelWorkloadBehavior{ChannelWorkloadBehaviorType: connect.ChannelWorkloadBehaviorTypeROUTE_ANY_CHANNEL_ANY_WORKLOAD_TYPE}}}}},
		QueueConfigs:                 []connect.RoutingProfileQueueConfig{{QueueReference: from, Priority: 1}},
		ManualAssignmentQueueConfigs: []connect.RoutingProfileManualAssignmentQueueConfig{{QueueReference: from}}})).RoutingProfileId

	module := known["ContactFlowModuleId"].(string)
	security := *told[connect.CreateSecurityProfileResponse](r)(s.Connect.CreateSecurityProfile(ctx, &connect.CreateSecurityProfileRequest{
		InstanceId: instance, SecurityProfileName: "s", Description: text, Permissions: []string{"BasicAgentAccess"}, Tags: tags,
		AllowedAccessControlTags: tags, TagRestrictedResources: []string{"User"}, HierarchyRestrictedResources: []string{"User"}, AllowedAccessControlHierarchyGroupId: new(known["HierarchyGroupId"].(string)),
		Applications:       []connect.Application{{Namespace: new("crm"), ApplicationPermissions: []string{"ACCESS"}, Type: connect.ApplicationTypeTHIRD_PARTY_APPLICATION}},
		AllowedFlowModules: []connect.FlowModule{{Type: connect.FlowModuleTypeMCP, FlowModuleId: &module}},
		AllowedAIAgents:    []connect.AIAgent{{Arn: new(aiAgent), Type: connect.AIAgentType("").Values()[0]}},
		GranularAccessControlConfiguration: &connect.GranularAccessControlConfiguration{DataTableAccessControlConfiguration: &connect.DataTableAccessControlConfiguration{
			PrimaryAttributeAccessControlConfiguration: &connect.PrimaryAttributeAccessControlConfigurationItem{PrimaryAttributeValues: []connect.PrimaryAttributeValue{
				{AccessType: connect.AccessTypeALLOW, AttributeName: new("region"), Values: []string{"north"}}}}}}})).SecurityProfileId
	told[connect.AssociateSecurityProfilesResponse](r)(s.Connect.AssociateSecurityProfiles(ctx, &connect.AssociateSecurityProfilesRequest{
		InstanceId: instance, EntityType: connect.EntityTypeAI_AGENT, EntityArn: aiAgent, SecurityProfiles: []connect.SecurityProfileItem{{Id: &security}}}))
	known["SecurityProfileId"] = security
	known["AgentStatusId"] = *told[connect.CreateAgentStatusResponse](r)(s.Connect.CreateAgentStatus(ctx, &connect.CreateAgentStatusRequest{
		InstanceId: instance, Name: "Lunch", Description: text, State: connect.AgentStatusStateENABLED, DisplayOrder: new(int32(3)), Tags: tags})).AgentStatusId
}
