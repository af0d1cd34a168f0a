package auth

import "parley.example/parley/internal/center"

// required has the operations that Amazon's service authorisation reference for
// Connect wants other permissions for than for each resource that a request names.
// What is in neither this table nor [named] is what a request names, and its
// instance when it names nothing else.
var required = map[string]requirement{
	// What is created has no id yet: the permission is for all of its kind.
	"CreateAgentStatus":        {every: center.KindAgentStatus},
	"CreateContactFlow":        {every: center.KindFlow},
	"CreateContactFlowModule":  {every: center.KindFlowModule},
	"CreateHoursOfOperation":   {every: center.KindHours},
	"CreatePrompt":             {every: kindPrompt},
	"CreateQueue":              {every: center.KindQueue, spared: []center.Kind{kindEmailAddress}},
	"CreateQuickConnect":       {every: center.KindQuickConnect},
	"CreateRoutingProfile":     {every: center.KindRoutingProfile},
	"CreateSecurityProfile":    {every: center.KindSecurityProfile},
	"CreateUser":               {every: center.KindUser},
	"CreateUserHierarchyGroup": {every: center.KindHierarchyGroup},
	"CreateView":               {every: center.KindView},

	// So it is for some of the lists; others ask for the instance.
	"ListAgentStatuses": {every: center.KindAgentStatus},
	"ListContactFlows":  {every: center.KindFlow},
	"ListPhoneNumbers":  {every: kindPhoneNumber},
	"ListQueues":        {every: center.KindQueue},
	"ListQuickConnects": {every: center.KindQuickConnect},

	"CreateHoursOfOperationOverride":     {instance: true},
	"CreateParticipant":                  {instance: true},
	"CreatePersistentContactAssociation": {instance: true},
	"DeleteHoursOfOperationOverride":     {instance: true},
	"DescribeHoursOfOperationOverride":   {instance: true},
	"GetContactMetrics":                  {instance: true},
	"GetEffectiveHoursOfOperations":      {instance: true},
	"ListHoursOfOperationOverrides":      {instance: true},
	"SearchHoursOfOperationOverrides":    {instance: true, every: center.KindHours},
	"StartContactMediaProcessing":        {instance: true},
	"StartContactStreaming":              {instance: true, spared: []center.Kind{kindContact}},
	"StopContactMediaProcessing":         {instance: true},
	"StopContactStreaming":               {instance: true, spared: []center.Kind{kindContact}},
	"UpdateHoursOfOperationOverride":     {instance: true},
	"UpdateParticipantRoleConfig":        {instance: true},

	"SearchContacts":           {instance: true, spared: []center.Kind{center.KindQueue, center.KindUser}},
	"UpdateContact":            {spared: []center.Kind{center.KindUser}},
	"UpdateContactRoutingData": {spared: []center.Kind{center.KindUser}},
}

// requirement is what an operation needs permissions for, besides what its request names.
type requirement struct {
	every    center.Kind   // all of a kind in the instance, as KIND/*
	instance bool          // the instance, besides what is in it
	spared   []center.Kind // kinds that a request names without needing a permission for them
}
